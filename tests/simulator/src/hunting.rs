//! `--planted`: every bug that can be planted, and whether it was caught.

use crate::Args;
use indicatif::ProgressBar;
use payung_domain::planted::Planted;
use payung_simulator::{
    Setting, Template,
    planted::{Control, Ending, Fate, Hunt},
};
use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Hunts all bugs, or those named; the last line is `caught/planted`.
pub(crate) fn run(args: &Args, setting: Setting, jobs: usize, template: &Template, bar: &ProgressBar) -> ExitCode {
    let named = |bug: &&Planted| args.bug.is_empty() || args.bug.contains(&format!("{bug:?}"));
    let bugs: Vec<Planted> = Planted::ALL.iter().filter(named).copied().collect();
    let plan = Hunt { from: args.from, seeds: args.seeds, budget: Duration::from_secs(args.hunt) };
    let control = Control::new(template, setting);
    bar.set_length(bugs.len() as u64);
    let (begun, next) = (Instant::now(), AtomicUsize::new(0));
    let fates: Mutex<Vec<Fate>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let fate = control.hunt(*bug, &plan);
                    bar.println(line(&fate));
                    bar.inc(1);
                    fates.lock().unwrap_or_else(PoisonError::into_inner).push(fate);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut fates = fates.into_inner().unwrap_or_else(PoisonError::into_inner);
    fates.sort_by_key(|fate| fate.bug);
    println!("| bug | what goes wrong | breaks | caught by | seed | seconds |\n|---|---|---|---|---|---|");
    for fate in &fates {
        println!("{}", line(fate));
    }
    let caught = fates.iter().filter(|fate| matches!(fate.ending, Ending::Caught(_))).count();
    let unsound = fates.iter().filter(|fate| matches!(fate.ending, Ending::Unsound(_))).count();
    println!("\n{:.0} s on {jobs} threads", begun.elapsed().as_secs_f64());
    if unsound > 0 {
        println!("{unsound} hunts ended at a seed that does not hold without a bug");
    }
    println!("caught/planted: {caught}/{}", fates.len());
    if caught == fates.len() && !fates.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A row of the table.
fn line(fate: &Fate) -> String {
    let (rule, seed) = match &fate.ending {
        Ending::AtLarge => (format!("**not caught** in {} runs", fate.runs), String::new()),
        Ending::Caught(found) | Ending::Unsound(found) => {
            let seed = found.driver.map_or_else(String::new, |driver| format!("{driver}, ")) + &found.seed.to_string();
            let without = matches!(fate.ending, Ending::Unsound(_));
            (format!("{}{}", found.rule, if without { " **(without the bug, too)**" } else { "" }), seed)
        }
    };
    format!(
        "| {:?} | {} | {} | {rule} | {seed} | {:.1} |",
        fate.bug,
        fate.bug.what(),
        fate.bug.rule(),
        fate.took.as_secs_f64()
    )
}
