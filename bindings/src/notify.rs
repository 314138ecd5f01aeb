//! Telling a shell what changed: from one thread of the client, after the commit, under no lock of the core. What
//! comes faster than a shell takes it is told once.

use payung_store::Changed;
use payung_sync::SyncState;
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
};

/// What an observer may answer: anything else it throws is noted and contained.
#[derive(Clone, Debug, thiserror::Error, uniffi::Error)]
pub enum ObserverError {
    /// The observer could not take it. Noted; it is told the next time all the same.
    #[error("the observer failed: {reason}")]
    Failed {
        /// For the log.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ObserverError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

/// Told what changed on this phone: read again what the screen shows.
#[uniffi::export(with_foreign)]
pub trait StoreObserver: Send + Sync {
    /// Something was saved, or came with an exchange.
    fn changed(&self, what: Changed) -> Result<(), ObserverError>;
}

/// Told what the exchange is doing.
#[uniffi::export(with_foreign)]
pub trait SyncObserver: Send + Sync {
    /// It is doing something else than before.
    fn state(&self, state: SyncState) -> Result<(), ObserverError>;
}

/// Observing; ends when it is dropped, closed or told to.
#[derive(Debug, uniffi::Object)]
pub struct Subscription {
    id: u64,
    board: Weak<Board>,
}

#[uniffi::export]
impl Subscription {
    /// Ends the observing: no call begins after this one returned, but one may be under way.
    pub fn end(&self) {
        if let Some(board) = self.board.upgrade() {
            board.lock().observers.remove(&self.id);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.end();
    }
}

#[derive(Clone)]
enum Observer {
    Store(Arc<dyn StoreObserver>),
    Sync(Arc<dyn SyncObserver>),
}

/// What one observer has not been told yet.
struct Pending {
    observer: Observer,
    changed: Option<Changed>,
    state: Option<SyncState>,
}

#[derive(Default)]
struct Posted {
    next: u64,
    observers: BTreeMap<u64, Pending>,
    /// Calls that failed, since the client was made.
    failed: u64,
    over: bool,
}

/// What is to be told, and to whom.
#[derive(Default)]
pub(crate) struct Board {
    posted: Mutex<Posted>,
    news: Condvar,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Board")
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Posted> {
        // no observer is called under it
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(self: &Arc<Self>, pending: Pending) -> Arc<Subscription> {
        let mut posted = self.lock();
        posted.next += 1;
        let id = posted.next;
        posted.observers.insert(id, pending);
        drop(posted);
        self.news.notify_one();
        Arc::new(Subscription { id, board: Arc::downgrade(self) })
    }

    /// Everything counts as changed for one who begins to look.
    pub(crate) fn observe_store(self: &Arc<Self>, observer: Arc<dyn StoreObserver>) -> Arc<Subscription> {
        let changed = Some(Changed { records: true, outbox: true, drafts: true });
        self.add(Pending { observer: Observer::Store(observer), changed, state: None })
    }

    pub(crate) fn observe_sync(
        self: &Arc<Self>,
        observer: Arc<dyn SyncObserver>,
        state: SyncState,
    ) -> Arc<Subscription> {
        self.add(Pending { observer: Observer::Sync(observer), changed: None, state: Some(state) })
    }

    pub(crate) fn changed(&self, now: Changed) {
        for pending in self.lock().observers.values_mut() {
            if matches!(pending.observer, Observer::Store(_)) {
                let before = pending.changed.unwrap_or_default();
                pending.changed = Some(Changed {
                    records: before.records || now.records,
                    outbox: before.outbox || now.outbox,
                    drafts: before.drafts || now.drafts,
                });
            }
        }
        self.news.notify_one();
    }

    pub(crate) fn state(&self, state: SyncState) {
        for pending in self.lock().observers.values_mut() {
            if matches!(pending.observer, Observer::Sync(_)) {
                pending.state = Some(state);
            }
        }
        self.news.notify_one();
    }

    pub(crate) fn failed(&self) -> u64 {
        self.lock().failed
    }

    fn tell(&self) {
        loop {
            let Some(due) = self.next_due() else { return };
            let told = match due {
                Due::Changed(observer, changed) => observer.changed(changed),
                Due::State(observer, state) => observer.state(state),
            };
            if let Err(error) = told {
                self.lock().failed += 1;
                tracing::warn!(%error, "an observer failed");
            }
        }
    }

    /// Waits for something to tell; none at the end.
    fn next_due(&self) -> Option<Due> {
        let mut posted = self.lock();
        loop {
            if posted.over {
                return None;
            }
            for pending in posted.observers.values_mut() {
                match &pending.observer {
                    Observer::Store(observer) => {
                        if let Some(changed) = pending.changed.take() {
                            return Some(Due::Changed(Arc::clone(observer), changed));
                        }
                    }
                    Observer::Sync(observer) => {
                        if let Some(state) = pending.state.take() {
                            return Some(Due::State(Arc::clone(observer), state));
                        }
                    }
                }
            }
            posted = self.news.wait(posted).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

enum Due {
    Changed(Arc<dyn StoreObserver>, Changed),
    State(Arc<dyn SyncObserver>, SyncState),
}

/// The thread that calls observers. Ends when this is dropped; a call under way is not waited for, since it may be
/// the one that drops it.
#[derive(Debug)]
pub(crate) struct Notifier {
    pub(crate) board: Arc<Board>,
}

impl Notifier {
    pub(crate) fn start() -> std::io::Result<Self> {
        let board = Arc::new(Board::default());
        let told = Arc::clone(&board);
        thread::Builder::new().name("payung-notifier".to_owned()).spawn(move || told.tell())?;
        Ok(Self { board })
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        let mut posted = self.board.lock();
        posted.over = true;
        // an observer may hold the shell's screen; it is let go here, not when the thread is
        let observers = std::mem::take(&mut posted.observers);
        drop(posted);
        self.board.news.notify_one();
        drop(observers);
    }
}
