//! The one place of the facade that reads the clock and the system's randomness.

use chrono::{DateTime, Utc};
use payung_domain::id::RecordId;
use rand_core::UnwrapErr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, by the system clock.
#[allow(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn now() -> DateTime<Utc> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    now().timestamp_millis()
}

/// The system's random source. Without one nothing can be sealed, and the process ends.
pub(crate) fn random() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}

/// A fresh id for a record.
#[allow(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn new_id() -> RecordId {
    RecordId(uuid::Uuid::now_v7())
}
