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
}

impl Pace {
    /// What does not read back begins anew: nothing hangs on it but speed.
    pub(crate) fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(store.value(PACE)?.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default())
    }

    pub(crate) fn save(&self, store: &Store) -> Result<(), StoreError> {
        store.set_value(PACE, Some(&serde_json::to_vec(self)?))
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
