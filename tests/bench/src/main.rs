//! `./dev bench`: the figures an issue names, measured on the real phone core and the real server, each in a process
//! of its own, over HTTP on this machine. Prints a table, writes JSON and docs/BENCHMARKS.md. Nothing is asserted.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]
#![allow(clippy::cast_precision_loss, reason = "figures: counts far below 2^52, read by people")]

mod clock;
mod figures;
mod floor;
mod phone;
mod process;
mod proxy;
mod rows;
mod server;

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Why a row could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The phone's store.
    #[error("the store: {0}")]
    Store(#[from] payung_store::StoreError),
    /// The phone has not joined.
    #[error("the phone has not joined")]
    NotJoined,
    /// The floor's database.
    #[error("plain SQLite: {0}")]
    Floor(#[from] rusqlite::Error),
    /// A file or process.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Something else that was needed.
    #[error("{0}")]
    Setup(String),
}

/// Measures Payung.
#[derive(Parser)]
#[command(name = "payung-bench")]
pub(crate) struct Arguments {
    /// Registrations pushed in one run.
    #[arg(long, default_value_t = 10_000)]
    pairs: u64,
    /// Workers on the large phone.
    #[arg(long, default_value_t = 100_000)]
    workers: u64,
    /// Runs of each row.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Writes every figure here, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the document here.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(subcommand)]
    row: Option<Row>,
}

/// The phone's side of one row, run by this program itself in a process of its own.
#[derive(Subcommand)]
enum Row {
    #[command(hide = true)]
    Join { folder: PathBuf, link: String },
    #[command(hide = true)]
    Register { folder: PathBuf, people: u64 },
    #[command(hide = true)]
    Push { folder: PathBuf },
    #[command(hide = true)]
    Edit { folder: PathBuf, workers: u64 },
    #[command(hide = true)]
    PairBytes { folder: PathBuf },
    #[command(hide = true)]
    Fill { folder: PathBuf, workers: u64 },
    #[command(hide = true)]
    LookUp { folder: PathBuf, workers: u64 },
    #[command(hide = true)]
    FirstList { folder: PathBuf },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.row {
        Some(row) => answer(row),
        None => rows::measure(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("payung-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(row: &Row) -> Result<(), BenchError> {
    let answer = match row {
        Row::Join { folder, link } => phone::join_by(folder, link),
        Row::Register { folder, people } => phone::register(folder, *people),
        Row::Push { folder } => phone::push(folder),
        Row::Edit { folder, workers } => phone::edit(folder, *workers),
        Row::PairBytes { folder } => phone::pair_bytes(folder),
        Row::Fill { folder, workers } => phone::fill(folder, *workers),
        Row::LookUp { folder, workers } => phone::look_up(folder, *workers),
        Row::FirstList { folder } => phone::first_list(folder),
    }?;
    println!("{}", serde_json::to_string(&answer).map_err(|error| BenchError::Setup(error.to_string()))?);
    Ok(())
}
