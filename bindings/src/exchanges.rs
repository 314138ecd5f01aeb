//! The last exchanges, for the line "terakhir terkirim" and for those who help. Counts and codes only.

use crate::error::CoreError;
use payung_store::Store;
use payung_sync::{SyncFailure, SyncReport};
use serde_json::{Value, json};

/// Where the store keeps them.
const KEPT: &str = "exchanges";
/// How many are kept.
const MOST: usize = 40;

/// Notes how a run ended. A log that is not kept is no reason to fail.
pub(crate) fn note(store: &Store, now_ms: i64, run: Result<&SyncReport, &SyncFailure>) {
    let (report, error) = match run {
        Ok(report) => (report, Value::Null),
        Err(failure) => (&*failure.report, failure.error.to_string().into()),
    };
    let entry = json!({
        "at": now_ms,
        "error": error,
        "requests": report.requests,
        "uploaded": report.uploaded,
        "held": report.held,
        "refused": report.refused,
        "conflicts": report.conflicts,
        "changes": report.changes,
        "bytes_up": report.bytes_up,
        "bytes_down": report.bytes_down,
        "new_epoch": report.new_epoch,
        "interrupted": report.interrupted,
    });
    let noted = log(store).and_then(|mut entries| {
        entries.push(entry);
        let from = entries.len().saturating_sub(MOST);
        let json = serde_json::to_vec(&entries[from..]).map_err(CoreError::defect)?;
        Ok(store.set_value(KEPT, Some(&json))?)
    });
    if let Err(error) = noted {
        tracing::warn!(%error, "an exchange was not noted");
    }
}

/// The last exchanges, oldest first.
pub(crate) fn log(store: &Store) -> Result<Vec<Value>, CoreError> {
    let Some(json) = store.value(KEPT)? else { return Ok(Vec::new()) };
    Ok(serde_json::from_slice(&json).unwrap_or_default())
}

/// When one last ended well, milliseconds since 1970.
pub(crate) fn last_success(store: &Store) -> Result<Option<i64>, CoreError> {
    let well = |entry: &&Value| entry["error"].is_null() && entry["interrupted"] == false;
    Ok(log(store)?.iter().rev().find(well).and_then(|entry| entry["at"].as_i64()))
}
