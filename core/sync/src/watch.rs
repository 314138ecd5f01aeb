//! Who is told what the exchange is doing: on the thread of the run, never under a lock.

use crate::report::SyncState;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

type Watcher = Arc<dyn Fn(SyncState) + Send + Sync>;

#[derive(Default)]
struct Watched {
    state: SyncState,
    next: u64,
    watchers: Vec<(u64, Watcher)>,
}

#[derive(Default)]
pub(crate) struct Watch(Arc<Mutex<Watched>>);

fn locked(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    // a watcher is never called under the lock, so nothing half done is behind a poisoned one
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    pub(crate) fn state(&self) -> SyncState {
        locked(&self.0).state
    }

    /// Tells everyone, unless nothing changed.
    pub(crate) fn set(&self, state: SyncState) {
        let watchers: Vec<Watcher> = {
            let mut watched = locked(&self.0);
            if watched.state == state {
                return;
            }
            watched.state = state;
            watched.watchers.iter().map(|(_, watcher)| Arc::clone(watcher)).collect()
        };
        for watcher in watchers {
            watcher(state);
        }
    }

    /// The present state is told at once.
    pub(crate) fn add(&self, watcher: impl Fn(SyncState) + Send + Sync + 'static) -> Watching {
        let watcher: Watcher = Arc::new(watcher);
        let (id, state) = {
            let mut inner = locked(&self.0);
            inner.next += 1;
            let id = inner.next;
            inner.watchers.push((id, Arc::clone(&watcher)));
            (id, inner.state)
        };
        watcher(state);
        Watching { id, watched: Arc::downgrade(&self.0) }
    }
}

/// Ends the watching when dropped.
#[must_use = "dropping it ends the watching"]
pub struct Watching {
    id: u64,
    watched: Weak<Mutex<Watched>>,
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(watched) = self.watched.upgrade() {
            locked(&watched).watchers.retain(|(id, _)| *id != self.id);
        }
    }
}
