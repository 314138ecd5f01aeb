//! `./dev crash`: kills the real phone and the real server under load, then sends an evening's work over bad roads.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use payung_crash::{CrashError, Kills, Rig, phone, roads, server};
use payung_system_tests::Binaries;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// Kills and bad roads.
#[derive(Parser)]
#[command(name = "payung-crash")]
struct Arguments {
    /// Kills in all: three of four are the phone's.
    #[arg(long, value_name = "N", default_value_t = 200)]
    kills: usize,
    /// When each comes follows from it, as far as the machine's own haste allows.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Holds the programs; else they are looked for beside this one.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(lost) => {
            eprintln!("{lost} values that were shown as saved are lost");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("payung-crash: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<usize, CrashError> {
    let beside = std::env::current_exe()?;
    let folder = arguments.binaries.as_deref().or(beside.parent()).unwrap_or(Path::new("."));
    let binaries = Binaries::of(folder);
    let place = tempfile::tempdir()?;
    let servers = arguments.kills / 4;
    let mut lost = 0;

    let mut rig = Rig::open(&binaries, &place.path().join("phones"), arguments.seed)?;
    lost += counted("the phone", arguments.kills - servers, |progress| {
        phone::kill(&mut rig, arguments.kills - servers, progress)
    })?;
    drop(rig);
    let mut rig = Rig::open(&binaries, &place.path().join("servers"), arguments.seed)?;
    lost += counted("the server", servers, |progress| server::kill(&mut rig, servers, progress))?;
    drop(rig);

    let mut rig = Rig::open(&binaries, &place.path().join("roads"), arguments.seed)?;
    println!("{} registrations, sent over    runs   seconds  bytes up  bytes down", roads::EVENING);
    for (number, kind) in (0..).zip(roads::KINDS) {
        let sent = roads::send(&mut rig, kind, number)?;
        println!(
            "  {:<34}{:>3}{:>10.2}{:>10}{:>12}",
            kind.name,
            sent.runs,
            sent.took.as_secs_f64(),
            sent.up,
            sent.down
        );
    }
    println!("lost: {lost}");
    Ok(lost)
}

/// Runs with a bar, and tells what came of it.
fn counted(
    whom: &str,
    kills: usize,
    run: impl FnOnce(&mut dyn FnMut(&Kills)) -> Result<Kills, CrashError>,
) -> Result<usize, CrashError> {
    let bar = ProgressBar::new(kills as u64).with_prefix(whom.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} kills, {per_sec}, {eta} left {msg}")
    {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let done = run(&mut |kills| {
        bar.set_position(kills.kills as u64);
        bar.set_message(format!("lost {}", kills.lost));
    })?;
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    let at: Vec<String> = done.at.iter().map(|(what, count)| format!("{what} {count}")).collect();
    println!(
        "{whom}: {} kills in {:.1} s ({:.1}/s), {} registered, {} values printed as saved, {} lost; at: {}",
        done.kills,
        seconds,
        f64::from(u32::try_from(done.kills).unwrap_or(u32::MAX)) / seconds,
        done.registered,
        done.printed,
        done.lost,
        at.join(", ")
    );
    Ok(done.lost)
}
