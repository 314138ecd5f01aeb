//! `./dev bench`: the figures an issue names, measured on the real phone core and the real server, each in a process
//! of its own, over HTTP on this machine, beside what a team would otherwise use. Prints tables, writes JSON and
//! docs/BENCHMARKS.md. Nothing is asserted.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]
#![allow(clippy::cast_precision_loss, reason = "figures: counts far below 2^52, read by people")]

mod answer;
mod clock;
mod dossier;
mod figures;
mod peer;
mod phone;
mod process;
mod proxy;
mod report;
mod rows;
mod scene;
mod server;

use clap::{Parser, Subcommand};
use dossier::Touched;
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
    /// People registered, pushed and pulled in one run.
    #[arg(long, default_value_t = 10_000)]
    people: u64,
    /// People edited in two places at once; 100 more for the NIK.
    #[arg(long, default_value_t = 508)]
    edited: u64,
    /// People on the phones of the growth rows, from few to many.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    growth: Vec<u64>,
    /// Runs of each row; growth is measured once.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// One run with 1,000 people: tries the bench itself, and its figures say little.
    #[arg(long)]
    quick: bool,
    /// Where the peer is installed; without it, ours is measured alone.
    #[arg(long, value_name = "DIR")]
    peer: Option<PathBuf>,
    /// Writes every figure here, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the document here.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(subcommand)]
    row: Option<Row>,
}

/// Our phone's side of one row, run by this program itself in a process of its own.
#[derive(Subcommand)]
enum Row {
    #[command(hide = true)]
    Join { folder: PathBuf, link: String },
    #[command(hide = true)]
    Register { folder: PathBuf, people: u64 },
    #[command(hide = true)]
    Exchange {
        folder: PathBuf,
        #[arg(long)]
        most: Option<usize>,
        #[arg(long)]
        cut: bool,
    },
    #[command(hide = true)]
    PairBytes { folder: PathBuf },
    #[command(hide = true)]
    Edit { folder: PathBuf, touched: Touched, from: u64, to: u64 },
    #[command(hide = true)]
    Judge { folder: PathBuf, from: u64, to: u64, touched: Vec<Touched> },
    #[command(hide = true)]
    Nik { folder: PathBuf, person: u64 },
    #[command(hide = true)]
    List { folder: PathBuf },
    #[command(hide = true)]
    Search { folder: PathBuf },
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.quick {
        (arguments.people, arguments.growth, arguments.runs) = (1_000, vec![1_000], 1);
    }
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
        Row::Join { folder, link } => phone::exchange::join_by(folder, link),
        Row::Register { folder, people } => phone::register::register(folder, *people),
        Row::Exchange { folder, most, cut } => phone::exchange::exchange(folder, *most, *cut),
        Row::PairBytes { folder } => phone::exchange::pair_bytes(folder),
        Row::Edit { folder, touched, from, to } => phone::edits::edit(folder, *touched, *from..*to),
        Row::Judge { folder, touched, from, to } => phone::edits::judge(folder, touched, *from..*to),
        Row::Nik { folder, person } => phone::look::nik(folder, *person),
        Row::List { folder } => phone::look::list(folder),
        Row::Search { folder } => phone::look::search(folder),
    }?;
    println!("{}", serde_json::to_string(&answer).map_err(|error| BenchError::Setup(error.to_string()))?);
    Ok(())
}
