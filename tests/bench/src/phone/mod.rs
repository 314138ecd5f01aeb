//! Our phone's side of a row. Each runs in a process of its own, so that its peak memory is its own.

pub(crate) mod edits;
pub(crate) mod exchange;
pub(crate) mod look;
pub(crate) mod register;

use crate::{BenchError, answer::Answer, process};
use payung_store::{DatabaseKey, Options, Store, WorkerQuery};
use std::path::Path;

/// Of the benchmark's phones: they hold invented people only.
const KEY: [u8; 32] = [7; 32];

fn open(folder: &Path) -> Result<Store, BenchError> {
    Ok(Store::open(&folder.join("payung.db"), &DatabaseKey::new(KEY), &Options::default())?)
}

fn query(limit: usize) -> WorkerQuery {
    WorkerQuery { limit, ..WorkerQuery::default() }
}

fn measured(answer: Answer) -> Answer {
    Answer { peak_rss_kib: process::peak_rss_kib(process::own()), finished: true, ..answer }
}
