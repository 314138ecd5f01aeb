//! The one place of the server that reads the clock and the system's randomness; everything else takes them as arguments.

use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Milliseconds since 1970 by the system clock.
#[allow(clippy::disallowed_methods)] // this is the clock module
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Bytes of the system's random source.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random source");
    bytes
}

/// A new id in the order of time (UUIDv7, RFC 9562), for what the office makes.
pub fn new_id() -> Uuid {
    let millis = u64::try_from(now()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
}
