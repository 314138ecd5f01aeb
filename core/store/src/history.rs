//! What this phone did to a record, for the screen that shows it.

use crate::{
    error::Result,
    op,
    shown::{self, Mark},
    store::Store,
};
use payung_domain::{id::RecordId, op::Body};

/// One act of this phone on a record.
#[derive(Clone, PartialEq)]
pub struct HistoryEntry {
    /// Its place in the order of saving.
    pub k: i64,
    /// When it was saved, milliseconds since 1970 by this phone's clock.
    pub at_ms: i64,
    /// The fields it wrote, with their values.
    pub values: Body,
    /// Those of them that decided a conflict.
    pub decided: Vec<String>,
    /// How far it has come.
    pub mark: Mark,
}

impl std::fmt::Debug for HistoryEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the values are a person's
        f.debug_struct("HistoryEntry").field("k", &self.k).field("mark", &self.mark).finish_non_exhaustive()
    }
}

impl Store {
    /// What this phone did to a record and to duplicates linked to it, oldest first, as far back as it is kept.
    pub fn history(&self, record: RecordId) -> Result<Vec<HistoryEntry>> {
        self.read(|tx| {
            let mut ops = op::of_record(tx, record)?;
            for alias in shown::aliases(tx, record)? {
                ops.extend(op::of_record(tx, alias)?);
            }
            ops.sort_by_key(|op| op.k);
            Ok(ops
                .into_iter()
                .map(|op| HistoryEntry {
                    k: op.k,
                    at_ms: op.hlc.millis(),
                    values: op.values().map(|(field, value)| (field.clone(), value.clone())).collect(),
                    decided: op.resolve.keys().cloned().collect(),
                    mark: shown::mark(&op),
                })
                .collect())
        })
    }
}
