//! What happened, as one hash and, when asked for, as lines. The same seed must give the same hash.

use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt};

/// The trace of one run.
pub(crate) struct Trace {
    hash: Sha256,
    lines: Option<Vec<String>>,
    at: usize,
}

impl Trace {
    pub(crate) fn new(keep_lines: bool) -> Self {
        Self { hash: Sha256::new(), lines: keep_lines.then(Vec::new), at: 0 }
    }

    /// Lines from now on belong to this step.
    pub(crate) fn step(&mut self, at: usize) {
        self.at = at;
    }

    pub(crate) fn say(&mut self, line: fmt::Arguments<'_>) {
        let line = line.to_string();
        self.hash.update((line.len() as u64).to_be_bytes());
        self.hash.update(line.as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>4} {line}", self.at));
        }
    }

    /// Bytes that went over the road.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_be_bytes());
        self.hash.update(bytes);
    }

    /// The hash so far.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// How much of what was played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Seeds.
    pub seeds: u64,
    /// Steps.
    pub steps: u64,
    /// Virtual time, in milliseconds.
    pub simulated_ms: u64,
    /// What persons and the office did, by name, as far as it was possible at that moment.
    pub acts: BTreeMap<&'static str, u64>,
    /// Faults that came about, by class.
    pub faults: BTreeMap<&'static str, u64>,
    /// Requests that reached the server.
    pub requests: u64,
    /// Ops that were looked for at the end.
    pub saved: u64,
}

impl Tally {
    pub(crate) fn act(&mut self, name: &'static str) {
        *self.acts.entry(name).or_default() += 1;
    }

    pub(crate) fn fault(&mut self, class: &'static str) {
        *self.faults.entry(class).or_default() += 1;
    }

    /// Adds what another run came to.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.simulated_ms += other.simulated_ms;
        self.requests += other.requests;
        self.saved += other.saved;
        for (name, count) in &other.acts {
            *self.acts.entry(name).or_default() += count;
        }
        for (class, count) in &other.faults {
            *self.faults.entry(class).or_default() += count;
        }
    }
}
