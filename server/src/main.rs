//! `payung`: the server and its tools.
#![allow(clippy::print_stdout, clippy::print_stderr)] // this is the command line

use clap::{Parser, Subcommand};
use payung_server::{
    admin,
    backup::cli::{BackupArgs, DoctorArgs, RestoreArgs, run_backup, run_doctor, run_restore},
    card::{self, CardCommand, run_card},
    clock,
    serve::{ServeArgs, Welcome, serve},
};
use std::{io, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Payung: cover for informal workers, registered offline
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve phones
    Serve(ServeArgs),
    /// What operators do, beside a running server
    Admin(Box<admin::Args>),
    /// Write an encrypted, checked copy of the database
    Backup(BackupArgs),
    /// Bring a backup back in a new directory
    Restore(RestoreArgs),
    /// Look whether everything is in order
    Doctor(DoctorArgs),
    /// Membership cards, without a server and its directory
    #[command(subcommand)]
    Card(CardCommand),
}

/// A bundle is some ten thousand small strings and maps, made and dropped on one thread and the next: a tenth of the
/// server's work with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("PAYUNG_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let out = &mut io::stdout();
    let done = match cli.command {
        Command::Serve(args) => serve(&args, welcome).map_err(|error| error.to_string()),
        Command::Admin(args) => admin::run(&args, clock::now(), out).map_err(|error| error.to_string()),
        Command::Backup(args) => run_backup(&args, clock::now(), out).map_err(|error| error.to_string()),
        Command::Restore(args) => run_restore(&args, out).map_err(|error| error.to_string()),
        Command::Doctor(args) => run_doctor(&args, out).map_err(|error| error.to_string()),
        Command::Card(command) => match run_card(&command, clock::now(), out) {
            Ok(light) => return ExitCode::from(card::exit_code(light)),
            Err(error) => Err(error.to_string()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("payung: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn welcome(welcome: &Welcome) {
    println!("Payung listens on http://{}", welcome.address);
    if let Some(code) = &welcome.setup_code {
        println!("Set-up code for the first operator, good for 24 hours: {code}");
    }
    if let Some(path) = &welcome.root_beside {
        println!("Warning: the root key lies beside the server's other keys. Move {} to a safe place.", path.display());
    }
}
