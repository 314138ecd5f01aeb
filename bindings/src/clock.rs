//! The one place of the facade that reads the clock and the system's randomness.

use chrono::{DateTime, Utc};
use payung_domain::id::RecordId;
use payung_vault::Moment;
use rand_core::UnwrapErr;
use rustix::time::{ClockId, clock_gettime};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::{SystemTime, UNIX_EPOCH},
};

/// The clock that runs since the phone was started, sleep included.
#[cfg(any(target_os = "linux", target_os = "android"))]
const RUNNING: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const RUNNING: ClockId = ClockId::Monotonic;

/// Now by both clocks; `boot` tells one start of the phone from another.
pub(crate) fn moment(boot: &str) -> Moment {
    // a fixed function of the text: the same in every process
    let mut hasher = DefaultHasher::new();
    boot.hash(&mut hasher);
    Moment { wall_ms: now_ms(), boot: hasher.finish(), monotonic_ms: running_ms() }
}

/// Milliseconds since the phone was started.
pub(crate) fn running_ms() -> u64 {
    let running = clock_gettime(RUNNING);
    let seconds = u64::try_from(running.tv_sec).unwrap_or(0);
    let millis = u64::try_from(running.tv_nsec).unwrap_or(0) / 1_000_000;
    seconds * 1000 + millis
}

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
