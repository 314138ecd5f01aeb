//! How fast this phone goes: what one run learns of the road, kept for the next.

use crate::{backoff::Backoff, batch::BatchSize};
use payung_protocol::AppFacts;
use payung_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

const PACE: &str = "pace";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace {
    #[serde(default)]
    pub(crate) batch: BatchSize,
    #[serde(default)]
    pub(crate) backoff: Backoff,
    /// What the server was last told of this phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) told: Option<AppFacts>,
    /// When it last asked for a certificate because of the lease, milliseconds since 1970 by this phone's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) renewal_ms: Option<i64>,
}

impl Pace {
    /// What does not read back begins anew: nothing hangs on it but speed.
    pub(crate) fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(store.value(PACE)?.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default())
    }

    pub(crate) fn save(&self, store: &Store) -> Result<(), StoreError> {
        store.set_value(PACE, Some(&serde_json::to_vec(self)?))
    }

    /// Whether the lease may be a reason to ask: once a day, since this clock may be wrong.
    pub(crate) fn may_renew(&self, now_ms: i64) -> bool {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        self.renewal_ms.is_none_or(|last| !(0..DAY_MS).contains(&now_ms.saturating_sub(last)))
    }

    /// Whether these facts are news: another version, or the free space halved or doubled (it always changes a little).
    pub(crate) fn is_news(&self, facts: &AppFacts) -> bool {
        self.told.as_ref().is_none_or(|told| {
            told.app_version != facts.app_version
                || told.schema != facts.schema
                || facts.free_bytes / 2 > told.free_bytes
                || facts.free_bytes < told.free_bytes / 2
        })
    }
}
