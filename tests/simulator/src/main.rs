//! `payung-sim`: plays seeds on every core and tells what came of it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line's output is its purpose")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

#[cfg(feature = "planted")]
mod hunting;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use payung_simulator::{Failure, Setting, Tally, Template, play, shrunk};
use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Plays random histories of phones, roads and a server, and checks what must hold.
#[derive(Parser)]
#[command(name = "payung-sim")]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many at a time; as many as there are cores when not given.
    #[arg(long)]
    jobs: Option<usize>,
    /// Phones in each run, 1 to 8.
    #[arg(long, default_value_t = 5)]
    phones: usize,
    /// Steps in each run.
    #[arg(long, default_value_t = 200)]
    steps: usize,
    /// Goes on after a failure, and lists them all.
    #[arg(long)]
    keep_going: bool,
    /// Seconds spent on making a failing run shorter.
    #[arg(long, default_value_t = 60)]
    shrink: u64,
    /// Plays each seed twice: the traces must be the same.
    #[arg(long)]
    twice: bool,
    /// Plants each bug in the product in turn, and plays seeds until it is caught.
    #[cfg(feature = "planted")]
    #[arg(long)]
    planted: bool,
    /// Only this bug; may be given again.
    #[cfg(feature = "planted")]
    #[arg(long, value_name = "NAME", requires = "planted")]
    bug: Vec<String>,
    /// Seconds after which no further seed is begun for a bug.
    #[cfg(feature = "planted")]
    #[arg(long, value_name = "SECONDS", default_value_t = 300, requires = "planted")]
    hunt: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let template = match Template::make() {
        Ok(template) => template,
        Err(violation) => {
            eprintln!("payung-sim: {violation}");
            return ExitCode::FAILURE;
        }
    };
    let setting = Setting::sized(args.phones, args.steps);
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let bar = ProgressBar::new(args.seeds);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} seeds {elapsed} left {eta} {msg}") {
        bar.set_style(style);
    }
    #[cfg(feature = "planted")]
    if args.planted {
        return hunting::run(&args, setting, jobs, &template, &bar);
    }
    let (begun, next, stop) = (Instant::now(), AtomicU64::new(0), AtomicBool::new(false));
    let sum: Mutex<(Tally, Vec<Failure>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= args.seeds {
                        return;
                    }
                    let seed = args.from + at;
                    let (tally, mut held) = play(seed, setting, &template);
                    if let (true, Ok(first)) = (args.twice, &held) {
                        let (_, again) = play(seed, setting, &template);
                        if again.as_ref().ok() != Some(first) {
                            held = Err(Box::new(Failure {
                                seed,
                                step: 0,
                                rule: "the same seed gives the same trace".to_owned(),
                                detail: String::new(),
                                lines: Vec::new(),
                            }));
                        }
                    }
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.0.add(&tally);
                    if let Err(failure) = held {
                        bar.println(format!(
                            "seed {seed}, step {}: {}: {}",
                            failure.step, failure.rule, failure.detail
                        ));
                        sum.1.push(*failure);
                        stop.fetch_or(!args.keep_going, Ordering::Relaxed);
                    }
                    bar.inc(1);
                    let rate = sum.0.seeds as f64 / begun.elapsed().as_secs_f64();
                    bar.set_message(format!("{rate:.1}/s, {} failed", sum.1.len()));
                }
            });
        }
    });
    bar.finish_and_clear();
    let wall = begun.elapsed();
    let (tally, mut failures) = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    print_sum(&tally, wall, jobs);
    failures.sort_by_key(|failure| failure.seed);
    if let Some(first) = failures.first() {
        println!("\nmaking seed {} shorter …", first.seed);
        let short = shrunk(first.clone(), setting, &template, Duration::from_secs(args.shrink));
        for line in &short.lines {
            println!("{line}");
        }
        println!("seed {}: {}: {}", short.seed, short.rule, short.detail);
    }
    for failure in &failures {
        println!("FAILED  seed {} at step {}: {}: {}", failure.seed, failure.step, failure.rule, failure.detail);
    }
    println!("{} seeds, {} failed", tally.seeds, failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_sum(tally: &Tally, wall: Duration, jobs: usize) {
    let seconds = wall.as_secs_f64();
    println!(
        "{} seeds in {seconds:.1} s on {jobs} threads: {:.2} seeds/s, {:.2} a thread",
        tally.seeds,
        tally.seeds as f64 / seconds,
        tally.seeds as f64 / seconds / jobs as f64
    );
    println!(
        "{:.0} simulated hours, {} steps, {} requests, {} saved values looked for",
        tally.simulated_ms as f64 / 3_600_000.0,
        tally.steps,
        tally.requests,
        tally.saved
    );
    let list = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    println!("acts: {}", list(&tally.acts));
    println!("faults: {}", list(&tally.faults));
}
