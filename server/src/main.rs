//! `payung`: the server and its tools.
#![allow(clippy::print_stdout, clippy::print_stderr)] // this is the command line

use clap::{Parser, Subcommand};
use payung_server::serve::{ServeArgs, Welcome, serve};
use std::process::ExitCode;
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
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("PAYUNG_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match cli.command {
        Command::Serve(args) => serve(&args, welcome).map_err(|error| error.to_string()),
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
