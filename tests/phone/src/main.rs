//! A phone without a screen: the real core in a process of its own, with its encrypted file, told what to do in lines
//! of JSON. One command a line on standard input, one answer a line on standard output: `{"ok": …}` or
//! `{"error": {"code": …, "fields": […]}}`. The first answer says how the store opened.
//!
//! The database key is 32 bytes as hex in `PAYUNG_PHONE_KEY`, or in a file.

mod clock;
mod command;
mod error;
mod phone;
mod photo;
mod road;
mod saved;
mod view;

use clap::Parser;
use error::PhoneError;
use phone::Phone;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// A phone without a screen, for the tests and the played scenario.
#[derive(Parser)]
#[command(name = "payung-phone")]
struct Arguments {
    /// Holds the phone's encrypted files.
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Appended to: what was printed as saved. Outside the folder.
    #[arg(long, value_name = "FILE")]
    saved: PathBuf,
    /// Holds the database key as hex; else the environment does, in `PAYUNG_PHONE_KEY`.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The most pages of 4 KiB the database may grow to: a full disk.
    #[arg(long, value_name = "N")]
    max_pages: Option<u32>,
    /// How long an answer may take: on this machine a server that takes longer is stuck.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(tracing::Level::TRACE).with_ansi(false).init();
    let arguments = Arguments::parse();
    let patience = Duration::from_secs(arguments.patience);
    let opened = Phone::open(&arguments.folder, &arguments.saved, key(&arguments), arguments.max_pages, patience);
    let mut phone = match opened {
        Ok(phone) => phone,
        Err(error) => {
            say(&answer(Err(error)));
            return ExitCode::FAILURE;
        }
    };
    if !say(&answer(Ok(json!({"folder": arguments.folder})))) {
        return ExitCode::FAILURE;
    }
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return ExitCode::FAILURE };
        let done = match serde_json::from_str(&line) {
            Ok(command::Command::Close) => {
                say(&answer(Ok(Value::Null)));
                return ExitCode::SUCCESS;
            }
            Ok(command) => phone.act(command),
            // the line may hold a person's data: only where it is wrong is told
            Err(error) => Err(PhoneError::Command { column: error.column() }),
        };
        if !say(&answer(done)) {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn key(arguments: &Arguments) -> Option<[u8; 32]> {
    let text = match &arguments.key_file {
        Some(path) => std::fs::read_to_string(path).ok()?,
        None => std::env::var("PAYUNG_PHONE_KEY").ok()?,
    };
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).ok()?;
    Some(key)
}

fn answer(done: Result<Value, PhoneError>) -> Value {
    match done {
        Ok(value) => json!({"ok": value}),
        Err(error) => json!({"error": error.told()}),
    }
}

/// Prints one answer; false when nobody listens any more.
fn say(answer: &Value) -> bool {
    let mut out = io::stdout().lock();
    // one write, so that a kill cuts no answer in two but at the pipe's own edge
    out.write_all(format!("{answer}\n").as_bytes()).and_then(|()| out.flush()).is_ok()
}
