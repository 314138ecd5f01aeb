//! Who is told what changed: after the commit, on the thread that committed, never under a lock.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What an act changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// What lists and details show.
    pub records: bool,
    /// What waits to be sent, or what became of it.
    pub outbox: bool,
    /// Forms on their way.
    pub drafts: bool,
}

impl Changed {
    pub(crate) fn anything(self) -> bool {
        self.records || self.outbox || self.drafts
    }
}

type Observer = dyn Fn(Changed) + Send + Sync;
type Listed = Vec<(u64, Arc<Observer>)>;

#[derive(Default)]
pub(crate) struct Observers {
    list: Arc<Mutex<(u64, Listed)>>,
}

impl Observers {
    pub(crate) fn add(&self, observer: Arc<Observer>) -> Subscription {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.0 += 1;
        let id = list.0;
        list.1.push((id, observer));
        Subscription { id, list: Arc::downgrade(&self.list) }
    }

    pub(crate) fn tell(&self, changed: Changed) {
        if !changed.anything() {
            return;
        }
        // copied, so that an observer may read the store, observe more, or end its own subscription
        let observers: Vec<Arc<Observer>> = {
            let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
            list.1.iter().map(|(_, observer)| Arc::clone(observer)).collect()
        };
        for observer in observers {
            observer(changed);
        }
    }
}

/// Ends the observing when dropped.
#[must_use = "dropping it ends the observing"]
pub struct Subscription {
    id: u64,
    list: Weak<Mutex<(u64, Listed)>>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(list) = self.list.upgrade() {
            list.lock().unwrap_or_else(PoisonError::into_inner).1.retain(|(id, _)| *id != self.id);
        }
    }
}
