//! A watched folder, as a test holds it.

use crate::{
    entries::Entries,
    fault::{Armed, Call, Fault, Fired},
    file::Loss,
    shim,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// Why a disk did not do it.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The folder cannot be used.
    #[error("the watched folder cannot be used: {0}")]
    Folder(#[from] io::Error),
    /// SQLite did not take the shim.
    #[error("SQLite did not take the shim ({0})")]
    Shim(i32),
    /// Connections are still open; whoever held them must be dropped first, as the process would have ended.
    #[error("{0} files are still open")]
    Open(usize),
}

/// The disk under the databases of one folder. Databases opened while it lives go through it, whoever opens them;
/// those in other folders don't. Drop their connections before it.
#[derive(Debug)]
pub struct Disk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) entries: Entries,
    pub(crate) rng: fastrand::Rng,
    armed: Option<Armed>,
    off: bool,
    pub(crate) weak: bool,
    pub(crate) weakened: u64,
}

/// What a call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meets {
    Nothing,
    Fault(Fault),
    /// The power has gone before.
    NoPower,
}

static WATCHED: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

fn watched() -> MutexGuard<'static, Vec<Weak<Inner>>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk of a file, and the file's name on it.
pub(crate) fn disk_of(path: &Path) -> Option<(Arc<Inner>, &str)> {
    let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
    let inner = watched().iter().filter_map(Weak::upgrade).find(|inner| inner.folder == folder)?;
    Some((inner, name))
}

impl Inner {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a call; what it meets.
    pub(crate) fn meets(&mut self, call: Call) -> Meets {
        if self.off {
            return Meets::NoPower;
        }
        let Some(armed) = &mut self.armed else { return Meets::Nothing };
        if !armed.strikes(call) {
            return Meets::Nothing;
        }
        let fault = armed.fault;
        self.off |= fault == Fault::Power;
        Meets::Fault(fault)
    }
}

impl Disk {
    /// Watches the files directly in `folder`; what lies there now is durable. All that is left to chance follows from
    /// `seed`.
    ///
    /// # Errors
    /// [`DiskError::Folder`], [`DiskError::Shim`].
    pub fn watch(folder: &Path, seed: u64) -> Result<Self, DiskError> {
        shim::register().map_err(DiskError::Shim)?;
        let folder = folder.canonicalize()?;
        let state = State {
            entries: Entries::of(&folder)?,
            rng: fastrand::Rng::with_seed(seed),
            armed: None,
            off: false,
            weak: false,
            weakened: 0,
        };
        let inner = Arc::new(Inner { folder, state: Mutex::new(state) });
        let mut watched = watched();
        watched.retain(|other| other.strong_count() > 0);
        watched.push(Arc::downgrade(&inner));
        Ok(Self { inner })
    }

    /// The n-th call from now on that can meet `fault` meets it: that one only, or (`lasting`) all from there on. Calls
    /// are counted from 1.
    pub fn arm(&self, fault: Fault, n: u64, lasting: bool) {
        self.set(Armed { fault, only: None, at: n, lasting, fired: Fired::default() });
    }

    /// The same, counting calls of one kind only.
    pub fn arm_at(&self, call: Call, fault: Fault, n: u64, lasting: bool) {
        self.set(Armed { fault, only: Some(call), at: n, lasting, fired: Fired::default() });
    }

    fn set(&self, armed: Armed) {
        self.inner.state().armed = Some(armed);
    }

    /// Takes the fault away; what became of it.
    pub fn disarm(&self) -> Fired {
        self.inner.state().armed.take().map(|armed| armed.fired).unwrap_or_default()
    }

    /// The power goes now: nothing reaches the disk any more, and every call fails.
    pub fn cut_power(&self) {
        self.inner.state().off = true;
    }

    /// Whether the power is gone.
    pub fn is_off(&self) -> bool {
        self.inner.state().off
    }

    /// The power goes, if it has not yet, and comes again: the files become what a disk might hold. Faults that were set
    /// are gone.
    ///
    /// # Errors
    /// [`DiskError::Open`] while a connection is open; then the power is gone, and this is to be called again.
    pub fn power_loss(&self) -> Result<Loss, DiskError> {
        let mut state = self.inner.state();
        state.off = true;
        let open = state.entries.open_handles();
        if open > 0 {
            return Err(DiskError::Open(open));
        }
        let State { entries, rng, .. } = &mut *state;
        let loss = entries.lose(&self.inner.folder, rng)?;
        state.armed = None;
        state.off = false;
        Ok(loss)
    }

    /// From now on `PRAGMA synchronous = FULL` is understood as NORMAL on this disk, for connections opened after it.
    /// For the control of a test of durability: the code under test stays as it ships.
    pub fn weaken(&self) {
        self.inner.state().weak = true;
    }

    /// How many times a connection was weakened.
    pub fn weakened(&self) -> u64 {
        self.inner.state().weakened
    }
}
