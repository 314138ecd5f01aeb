//! The work behind `./dev`: playing the main job, testing, measuring.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line's output is its purpose")]

mod app;
mod bench;
mod bindings;
mod crash;
mod floor;
mod fuzz;
mod npm;
mod page;
mod play;
mod sim;
mod suite;
mod tally;
mod words;
mod workspace;

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Payung's door; see `./dev help`.
#[derive(Parser)]
#[command(name = "dev")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Play the main job on this machine, then leave the server up.
    Run(RunArgs),
    /// Check everything, or the named parts.
    Test {
        /// The parts; all when none is named.
        parts: Vec<suite::Part>,
    },
    /// Play random histories in the simulator, in a release build.
    Sim {
        /// Handed to the simulator as they are; `--help` names them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Try the parsers of outside bytes under libFuzzer.
    Fuzz(fuzz::FuzzArgs),
    /// Open the app's screens in a window.
    App(app::AppArgs),
    /// Make Kotlin, Swift and Python of the facade.
    Bindings,
    /// Make the page that verifies membership cards.
    Page(page::PageArgs),
    /// Kill the real phone and the real server under load, then send over bad roads.
    Crash {
        /// Handed on as they are; `--help` names them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure in a release build, beside the peer, and write docs/BENCHMARKS.md.
    Bench {
        /// Handed to the bench as they are.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// How the main job is played.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Stop everything at the end and print one JSON object last.
    #[arg(long)]
    pub(crate) json: bool,
    /// Put the server's and the phones' files there, and keep them.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Play another neighbourhood: the people, the cut and the lost answer follow from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What stops a task; a failed check is no error but counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XtaskError {
    /// A program could not be started.
    #[error("cannot run {program}: {reason}")]
    Start {
        /// The program's name.
        program: String,
        /// The system's word.
        reason: std::io::Error,
    },
    /// A file could not be read or written.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word.
        reason: std::io::Error,
    },
    /// The words of the shells do not fit each other.
    #[error("{0}")]
    Words(String),
    /// The binaries did not build; the compiler has said why.
    #[error("the build failed")]
    Build,
    /// What was to be measured did not do its work; its own words are above.
    #[error("{0} failed, so that nothing was measured")]
    Measure(&'static str),
    /// The played scenario stopped.
    #[error(transparent)]
    Play(#[from] play::PlayError),
}

fn main() -> ExitCode {
    let workspace = workspace::Workspace::find();
    let done = match Cli::parse().task {
        Task::Run(args) => play::run(&workspace, &args),
        Task::Test { parts } => suite::run(&workspace, &parts),
        Task::Sim { args } => sim::run(&workspace, &args),
        Task::Fuzz(args) => fuzz::run(&workspace, &args),
        Task::App(args) => app::run(&workspace, &args),
        Task::Bindings => bindings::run(&workspace),
        Task::Page(args) => page::run(&workspace, &args),
        Task::Crash { args } => crash::run(&workspace, &args),
        Task::Bench { args } => bench::run(&workspace, &args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("dev: {error}");
        ExitCode::FAILURE
    })
}
