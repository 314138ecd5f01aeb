//! What an official looks up, cold: one look-up a process, from opening the file to the rows.

use super::{measured, open, query};
use crate::{BenchError, answer::Answer, dossier};
use payung_store::WorkerQuery;
use std::{path::Path, time::Instant};

const PAGE: usize = 20;

/// Finds the `i`th person by the 16 digits of the NIK.
pub(crate) fn nik(folder: &Path, i: u64) -> Result<Answer, BenchError> {
    let nik = dossier::someone(i)?.0.nik;
    look(folder, &WorkerQuery { nik: Some(nik), ..query(PAGE) }, 1)
}

/// The first page of everybody's area.
pub(crate) fn list(folder: &Path) -> Result<Answer, BenchError> {
    look(folder, &WorkerQuery { area: Some(dossier::area()?), ..query(PAGE) }, PAGE)
}

/// The first page of who is called so.
pub(crate) fn search(folder: &Path) -> Result<Answer, BenchError> {
    look(folder, &WorkerQuery { name: Some(dossier::WORD.to_lowercase()), ..query(PAGE) }, 1)
}

fn look(folder: &Path, query: &WorkerQuery, least: usize) -> Result<Answer, BenchError> {
    let (_, today) = dossier::someone(0)?;
    let begun = Instant::now();
    let store = open(folder)?;
    let page = store.workers(query, today)?;
    let seconds = begun.elapsed().as_secs_f64();
    if page.rows.len() < least {
        return Err(BenchError::Setup(format!("{} rows were found", page.rows.len())));
    }
    Ok(measured(Answer { seconds, each_ms: vec![seconds * 1000.0], count: page.rows.len(), ..Answer::default() }))
}
