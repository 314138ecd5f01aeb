//! 200 fixed seeds, in every `./dev test`: 20 of the measured size, the others smaller.

use payung_simulator::{Failure, Setting, Tally, Template, play};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

fn setting(seed: u64) -> Setting {
    match seed % 10 {
        0 => Setting::BIG,
        1..=3 => Setting::sized(4, 100),
        _ => Setting::SMALL,
    }
}

/// Plays the seeds on every core.
fn played(seeds: std::ops::RangeInclusive<u64>) -> (Tally, Vec<Failure>) {
    let template = Template::make().expect("a template");
    let next = AtomicU64::new(*seeds.start());
    let sum: Mutex<(Tally, Vec<Failure>)> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > *seeds.end() {
                        return;
                    }
                    let (tally, held) = play(seed, setting(seed), &template);
                    let mut sum = sum.lock().expect("no thread panics");
                    sum.0.add(&tally);
                    sum.1.extend(held.err().map(|failure| *failure));
                }
            });
        }
    });
    sum.into_inner().expect("no thread panics")
}

#[test]
fn fixed_seeds_hold_and_meet_every_fault() {
    let (tally, failures) = played(1..=200);
    let told: Vec<String> = failures
        .iter()
        .map(|failure| format!("seed {} at step {}: {}: {}", failure.seed, failure.step, failure.rule, failure.detail))
        .collect();
    assert!(told.is_empty(), "{} of 200 failed:\n{}", told.len(), told.join("\n"));
    // a history in which nothing goes wrong would hold, too
    for class in [
        "another answer",
        "answer cut",
        "answer damaged",
        "answer doubled",
        "answer late",
        "answer lost",
        "busy",
        "clock jump",
        "late reply taken",
        "outage",
        "phone cloned",
        "phone killed",
        "portal",
        "request cut",
        "request doubled",
        "request late",
        "request lost",
        "server killed",
        "server restored",
        "unreachable",
    ] {
        assert!(tally.faults.get(class).is_some_and(|count| *count > 0), "no fault of class {class}");
    }
    for act in [
        "accident",
        "answer",
        "draft",
        "edit",
        "export",
        "feedback",
        "give up",
        "hand over",
        "join again",
        "link",
        "number",
        "number ahead",
        "other areas",
        "pay",
        "photo",
        "register",
        "release",
        "report_death",
        "resolve",
        "resubmit",
        "return",
        "revoke",
        "settle",
        "try again",
        "unlink",
        "upgrade",
        "verify",
        "visit",
        "visit taken back",
        "withdraw",
    ] {
        assert!(tally.acts.get(act).is_some_and(|count| *count > 0), "nobody did: {act}");
    }
    assert_eq!(tally.seeds, 200);
}

#[test]
fn same_seed_gives_the_same_trace_and_another_seed_another() {
    let template = Template::make().expect("a template");
    let trace = |seed| play(seed, Setting::SMALL, &template).1.expect("it holds").hash;
    for seed in 1..=6 {
        assert_eq!(trace(seed), trace(seed), "seed {seed}");
    }
    assert_ne!(trace(1), trace(2));
}

#[test]
fn trace_does_not_depend_on_where_and_when_the_template_was_made() {
    let trace = || {
        let template = Template::make().expect("a template");
        play(3, Setting::SMALL, &template).1.expect("it holds").hash
    };
    assert_eq!(trace(), trace());
}
