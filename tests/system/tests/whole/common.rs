//! What several whole-system tests need.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use chrono::{DateTime, NaiveDate};
use payung_domain::calendar::{Zone, local_date};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// Today in western Indonesia: the real programs run on the real clock, so the tests beside them must, too.
#[allow(clippy::disallowed_methods, reason = "this is the tests' clock")]
pub(crate) fn today() -> NaiveDate {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = DateTime::from_timestamp(i64::try_from(since.as_secs()).unwrap(), 0).unwrap();
    local_date(now, Zone::Wib)
}

/// Whether `held` has everything that `said` says: of an object its parts, else all of it.
pub(crate) fn contains(held: &Value, said: &Value) -> bool {
    match (held, said) {
        (Value::Object(held), Value::Object(said)) => {
            said.iter().all(|(name, value)| held.get(name).is_some_and(|held| contains(held, value)))
        }
        _ => held == said,
    }
}

/// A database key.
pub(crate) fn key(rng: &mut fastrand::Rng) -> [u8; 32] {
    let mut key = [0; 32];
    rng.fill(&mut key);
    key
}
