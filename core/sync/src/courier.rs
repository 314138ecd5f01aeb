//! Runs the exchange over a transport: one run at a time, which can be watched and interrupted. Blocks; the shell
//! chooses the thread.

use crate::{
    engine::{SyncEngine, Urgency},
    error::{SyncError, SyncFailure},
    report::{Pause, SyncReport, SyncState},
    transport::{Transport, TransportError},
    watch::{Watch, Watching},
};
use payung_protocol::AppFacts;
use payung_store::Store;
use rand_core::CryptoRng;
use std::{
    fmt,
    panic::resume_unwind,
    sync::{
        Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Carries bundles for one store. Shared by everything in the process that may want to sync it.
#[derive(Default)]
pub struct Courier {
    most: Option<usize>,
    running: Mutex<()>,
    interrupted: AtomicBool,
    watch: Watch,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Courier {
    /// One that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that puts no more than so many ops into a bundle, however well the road goes.
    #[must_use]
    pub fn limited(most: usize) -> Self {
        Self { most: Some(most), ..Self::default() }
    }

    /// Exchanges until all is quiet. `clock` gives milliseconds since 1970.
    ///
    /// # Errors
    /// [`SyncFailure`] with the reason, what was done before, and when to try again. Nothing unsent was lost.
    pub fn sync(
        &self,
        store: &Store,
        transport: &dyn Transport,
        facts: AppFacts,
        urgency: Urgency,
        clock: &dyn Fn() -> i64,
        rng: &mut impl CryptoRng,
    ) -> Result<SyncReport, SyncFailure> {
        let _running = match self.running.try_lock() {
            Ok(running) => running,
            // a run that panicked has left everything in the store
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => {
                return Err(SyncFailure {
                    error: SyncError::AlreadyRunning,
                    report: Box::default(),
                    retry_at_ms: None,
                });
            }
        };
        self.interrupted.store(false, Ordering::Relaxed);
        let outcome = self.run(store, transport, facts, urgency, clock, rng);
        self.watch.set(match &outcome {
            Ok(SyncReport { resume_at_ms: Some(until_ms), .. }) => SyncState::Waiting { until_ms: *until_ms },
            Ok(SyncReport { rejoin_needed: true, .. }) => SyncState::Paused { why: Pause::Join, until_ms: None },
            Ok(_) => SyncState::Idle,
            Err(failure) => paused(failure),
        });
        outcome
    }

    fn run(
        &self,
        store: &Store,
        transport: &dyn Transport,
        facts: AppFacts,
        urgency: Urgency,
        clock: &dyn Fn() -> i64,
        rng: &mut impl CryptoRng,
    ) -> Result<SyncReport, SyncFailure> {
        let mut engine = SyncEngine::begin(store, facts, urgency, clock()).map_err(|error| {
            let retry_at_ms = if let SyncError::Waiting { until_ms } = error { Some(until_ms) } else { None };
            SyncFailure { error, report: Box::default(), retry_at_ms }
        })?;
        if let Some(most) = self.most {
            engine.limit(most);
        }
        match self.exchange_all(&mut engine, store, transport, clock, rng) {
            Ok(()) => Ok(engine.report().clone()),
            Err(error) => {
                Err(SyncFailure { error, report: Box::new(engine.report().clone()), retry_at_ms: engine.retry_at_ms() })
            }
        }
    }

    fn exchange_all(
        &self,
        engine: &mut SyncEngine,
        store: &Store,
        transport: &dyn Transport,
        clock: &dyn Fn() -> i64,
        rng: &mut impl CryptoRng,
    ) -> Result<(), SyncError> {
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return engine.stop(store);
            }
            let Some(outgoing) = engine.next(store, clock(), rng)? else { return Ok(()) };
            self.watch.set(engine.state());
            let answer = thread::scope(|scope| {
                let under_way = scope.spawn(|| transport.exchange(&outgoing.server, outgoing.endpoint, &outgoing.body));
                engine.prepare(store);
                under_way.join().unwrap_or_else(|panic| resume_unwind(panic))
            });
            engine.take(answer, store, clock(), rng)?;
            self.watch.set(engine.state());
        }
    }

    /// Ends the run under way, if there is one, before its next exchange. What it has not done stays for the next.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// What the exchange is doing.
    pub fn state(&self) -> SyncState {
        self.watch.state()
    }

    /// Tells `watcher` the state, now and whenever it changes, until the handle is dropped. It is called on the
    /// thread of the run and should return at once.
    pub fn observe(&self, watcher: impl Fn(SyncState) + Send + Sync + 'static) -> Watching {
        self.watch.add(watcher)
    }
}

fn paused(failure: &SyncFailure) -> SyncState {
    let why = match &failure.error {
        SyncError::Waiting { until_ms } => return SyncState::Waiting { until_ms: *until_ms },
        SyncError::Transport(error) => match error {
            TransportError::Unreachable => Pause::Unreachable,
            TransportError::Timeout | TransportError::Cut => Pause::Slow,
            TransportError::Portal { .. } => Pause::Portal,
            TransportError::Refused { .. } => Pause::Refused,
            TransportError::TooLarge { .. } => Pause::Untrusted,
        },
        SyncError::Address(_) => Pause::Unreachable,
        SyncError::Reply(_) | SyncError::Keys(_) => Pause::Untrusted,
        SyncError::NotJoined => Pause::Join,
        SyncError::AlreadyRunning | SyncError::Seal(_) | SyncError::Store(_) => Pause::Store,
    };
    SyncState::Paused { why, until_ms: failure.retry_at_ms }
}
