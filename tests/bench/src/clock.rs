//! The one place of the benchmark that reads the clock and the system's randomness.

use chrono::{DateTime, Utc};
use payung_domain::id::RecordId;
use rand_core::UnwrapErr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
#[allow(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Now.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now_ms()).unwrap_or_default()
}

/// The system's random source.
pub(crate) fn random() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}

/// A fresh id for a record.
#[allow(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn new_id() -> RecordId {
    RecordId(uuid::Uuid::now_v7())
}
