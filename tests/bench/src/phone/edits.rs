//! Edits, and what became of those made in two places.

use super::{measured, open, query};
use crate::{
    BenchError,
    answer::Answer,
    clock,
    dossier::{Touched, someone},
};
use payung_domain::{id::RecordId, nik::Nik, op::Body};
use payung_store::{Edit, ShownRecord, Store};
use serde_json::Value;
use std::{ops::Range, path::Path};

/// The workers at these places in the order of their ids: the same on every phone.
fn at(store: &Store, places: &Range<u64>) -> Result<Vec<(u64, RecordId)>, BenchError> {
    let (_, today) = someone(0)?;
    let mut query = query(500);
    let mut ids = Vec::new();
    loop {
        let page = store.workers(&query, today)?;
        ids.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    ids.sort_unstable();
    Ok((0..).zip(ids).filter(|(place, _)| places.contains(place)).collect())
}

/// Changes one field of the workers at these places, one op each.
pub(crate) fn edit(folder: &Path, touched: Touched, places: Range<u64>) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let mut answer = Answer::default();
    for (place, record) in at(&store, &places)? {
        let shown = store.shown(record)?;
        let fields = Body::from([(touched.field().to_owned(), touched.value(place)?)]);
        store.save_edit(&Edit { record, base: shown.base, shown: shown.body(), fields }, clock::now_ms())?;
        answer.count += 1;
    }
    Ok(measured(answer))
}

/// What this phone shows of edits that were made here and elsewhere.
pub(crate) fn judge(folder: &Path, touched: &[Touched], places: Range<u64>) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let mut answer = Answer::default();
    for (place, record) in at(&store, &places)? {
        let shown = store.shown(record)?;
        let mut kept = true;
        for field in touched {
            kept &= shows(&shown, *field, &field.value(place)?);
        }
        let open = |field: &Touched| shown.conflicts.get(field.field()).is_some_and(|open| open.candidates.len() > 1);
        if touched.iter().any(open) {
            answer.conflicts += 1;
        } else if kept {
            answer.merged += 1;
        } else {
            answer.lost += 1;
        }
        answer.count += 1;
    }
    Ok(measured(answer))
}

/// Whether the field has the value; a NIK comes back masked.
fn shows(shown: &ShownRecord, touched: Touched, value: &Value) -> bool {
    let Some(found) = shown.value(touched.field()) else { return false };
    let masked = value.as_str().and_then(|typed| Nik::parse(typed).ok()).map(|nik| nik.masked());
    found == value || masked.is_some_and(|masked| found["masked"].as_str() == Some(masked.as_str()))
}
