//! Running other programs in sight: a spinner for a person, every line for a log.

use crate::{XtaskError, tally::Tally};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{BufRead, BufReader, IsTerminal, Read},
    process::{Command, Stdio},
    sync::mpsc::{Sender, channel},
    thread,
    time::{Duration, Instant},
};

/// Where progress is shown: standard error, so that standard output holds results only.
pub(crate) struct Floor {
    terminal: bool,
}

/// How a program ended.
pub(crate) struct Ended {
    /// Whether it exited with 0.
    pub(crate) success: bool,
    /// All it wrote, both streams in order of arrival.
    pub(crate) lines: Vec<String>,
}

impl Floor {
    /// For the terminal or log this program writes to.
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }

    /// Runs a program to its end. A person sees its last line, and all lines if it fails; a log gets every line.
    pub(crate) fn step(&self, name: &str, command: &mut Command) -> Result<Ended, XtaskError> {
        let begun = Instant::now();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|reason| {
                XtaskError::Start { program: command.get_program().to_string_lossy().into_owned(), reason }
            })?;
        let bar = self.bar(name);
        let (sender, receiver) = channel();
        let streams = (child.stdout.take(), child.stderr.take());
        let readers = [
            streams.0.map(|stream| spawn_reader(stream, sender.clone())),
            streams.1.map(|stream| spawn_reader(stream, sender)),
        ];
        let mut lines = Vec::new();
        for line in receiver {
            if self.terminal {
                bar.set_message(line.trim().to_owned());
            } else {
                eprintln!("{line}");
            }
            lines.push(line);
        }
        for reader in readers.into_iter().flatten() {
            drop(reader.join());
        }
        let success = child
            .wait()
            .map_err(|reason| XtaskError::Start {
                program: command.get_program().to_string_lossy().into_owned(),
                reason,
            })?
            .success();
        bar.finish_and_clear();
        if self.terminal && !success {
            for line in &lines {
                eprintln!("{line}");
            }
        }
        let word = if success { "ok" } else { "FAILED" };
        eprintln!("{word:<7} {name} ({:.1} s)", begun.elapsed().as_secs_f64());
        Ok(Ended { success, lines })
    }

    /// Says in one line what did not run and why.
    pub(crate) fn skip(what: &str) -> Tally {
        eprintln!("skipped: {what}");
        Tally { skipped: 1, ..Tally::default() }
    }

    fn bar(&self, name: &str) -> ProgressBar {
        let target = if self.terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_prefix(name.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}") {
            bar.set_style(style);
        }
        if self.terminal {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar
    }
}

fn spawn_reader(stream: impl Read + Send + 'static, sender: Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    })
}
