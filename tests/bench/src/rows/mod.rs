//! The rows: what is set up, run and read for each.

mod cards;
mod edits;
mod exchange;
mod floor;
mod growth;
mod values;

use crate::{
    Arguments, BenchError, dossier, figures::tables, peer::Peer, process, proxy::Road, report::Report, scene::Side,
    server,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{fs, path::PathBuf};

/// What every row needs.
struct Bench {
    /// Ours, then the peer's where it is installed.
    sides: Vec<Side>,
    road: Road,
    folder: PathBuf,
    people: u64,
    edited: u64,
    growth: Vec<u64>,
    runs: usize,
    bar: ProgressBar,
}

impl Bench {
    /// Says what is done now.
    fn step(&self, what: &str, side: &Side) {
        self.bar.inc(1);
        let message = format!("{what}, {}", side.name());
        if self.bar.is_hidden() {
            // no terminal: a log, which shows where a long run is
            eprintln!("{:>6.1} s  {message}", self.bar.elapsed().as_secs_f64());
        }
        self.bar.set_message(message);
    }
}

/// Measures every row and writes what it found.
pub(crate) fn measure(arguments: &Arguments) -> Result<(), BenchError> {
    // on the disk that holds the build, not in memory
    let folder = tempfile::Builder::new().prefix("payung-bench").tempdir_in(server::payung()?.with_file_name(""))?;
    let peer = arguments.peer.clone().map(Peer::new);
    let mut report =
        Report::begin(arguments.people, arguments.growth.clone(), arguments.runs, peer.as_ref().map(Peer::versions));
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} step {pos}: {msg}") {
        bar.set_style(style);
    }
    let bench = Bench {
        sides: [Side::Ours].into_iter().chain(peer.map(Side::Peer)).collect(),
        road: Road::open()?,
        folder: folder.path().to_owned(),
        people: arguments.people,
        edited: arguments.edited,
        growth: arguments.growth.clone(),
        runs: arguments.runs.max(1),
        bar,
    };
    let documents = dossier::write_documents(&bench.folder.join("documents"), bench.people)?;
    report.document = (documents.bytes, documents.values);
    report.sections.extend(exchange::rows(&bench)?);
    report.sections.push(edits::rows(&bench)?);
    report.sections.extend(growth::rows(&bench)?);
    report.sections.push(cards::rows(&bench)?);
    report.sections.push(floor::rows(&bench)?);
    bench.bar.finish_and_clear();
    report.load[1] = process::load();
    println!("{}", tables(&report.sections));
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&report).map_err(|error| BenchError::Setup(error.to_string()))?;
        fs::write(path, json)?;
    }
    if let Some(path) = &arguments.markdown {
        report.write(path)?;
    }
    Ok(())
}
