//! A phone's folder, its clocks, and vaults that misbehave.
#![allow(dead_code, reason = "each test program uses a part")]

use getrandom::SysRng;
use payung_vault::{HardwareSignature, KeyVault, Lock, Moment, Pin, Purpose, RawKey, SoftwareVault, VaultError};
use rand_core::UnwrapErr;
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

pub(crate) const PIN: &str = "481516";
pub(crate) const WRONG: &str = "900213";
pub(crate) const MINUTE: u64 = 60_000;

pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

pub(crate) fn pin(digits: &str) -> Pin {
    Pin::parse(digits).expect("six digits")
}

/// Noon of a day, some minutes after the phone's seventh start.
pub(crate) const NOW: Moment = Moment { wall_ms: 1_790_000_000_000, boot: 7, monotonic_ms: 400_000 };

pub(crate) fn later(now: Moment, ms: u64) -> Moment {
    Moment { wall_ms: now.wall_ms.saturating_add_unsigned(ms), monotonic_ms: now.monotonic_ms + ms, ..now }
}

pub(crate) struct Phone {
    pub(crate) folder: TempDir,
    pub(crate) vault: Arc<Moody>,
}

impl Phone {
    /// With a PIN; the key as a plain copy.
    pub(crate) fn locked() -> (Self, [u8; 32]) {
        let phone = Self { folder: tempfile::tempdir().expect("a folder"), vault: Arc::new(Moody::new()) };
        let (_, key) = Lock::create(phone.path(), phone.vault.clone(), &pin(PIN), &mut rng()).expect("a lock");
        (phone, *key.expose())
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// As after a start of the app.
    pub(crate) fn lock(&self, now: Moment) -> Lock {
        Lock::open(self.path(), self.vault.clone(), now).expect("the lock")
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).expect("a file")
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).expect("written");
    }

    /// No way is left to write a file, neither anew nor in its place.
    pub(crate) fn block(&self, name: &str) {
        fs::create_dir(self.path().join(format!("{name}-new"))).expect("a folder in its place");
    }
}

pub(crate) fn copy_folder(from: &Path) -> TempDir {
    let to = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.path().is_file() {
            fs::copy(entry.path(), to.path().join(entry.file_name())).expect("copied");
        }
    }
    to
}

pub(crate) fn bytes_of(key: &RawKey) -> [u8; 32] {
    *key.expose()
}

type Watch = Box<dyn Fn() + Send>;

/// A software vault that can be told to fail.
pub(crate) struct Moody {
    inner: Mutex<SoftwareVault>,
    fault: Mutex<Option<(Purpose, VaultError)>>,
    panics: Mutex<bool>,
    watch: Mutex<Option<Watch>>,
}

impl Moody {
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::new(SoftwareVault::in_memory(&mut rng())),
            fault: Mutex::default(),
            panics: Mutex::default(),
            watch: Mutex::default(),
        }
    }

    /// Every call for the purpose fails so.
    pub(crate) fn fail(&self, fault: Option<(Purpose, VaultError)>) {
        *self.fault.lock().expect("free") = fault;
    }

    pub(crate) fn panic(&self, panics: bool) {
        *self.panics.lock().expect("free") = panics;
    }

    /// All its keys are new: what was wrapped before opens no more.
    pub(crate) fn reset(&self) {
        *self.inner.lock().expect("free") = SoftwareVault::in_memory(&mut rng());
    }

    /// Called before each call is done.
    pub(crate) fn watch(&self, watch: Option<Watch>) {
        *self.watch.lock().expect("free") = watch;
    }

    fn mood(&self, asked: Purpose) -> Result<(), VaultError> {
        if let Some(watch) = &*self.watch.lock().expect("free") {
            watch();
        }
        assert!(!*self.panics.lock().expect("free"), "a key store of a cheap phone");
        match *self.fault.lock().expect("free") {
            Some((purpose, error)) if purpose == asked => Err(error),
            _ => Ok(()),
        }
    }
}

impl KeyVault for Moody {
    fn wrap(&self, purpose: Purpose, plain: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.mood(purpose)?;
        self.inner.lock().expect("free").wrap(purpose, plain)
    }

    fn unwrap(&self, purpose: Purpose, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.mood(purpose)?;
        self.inner.lock().expect("free").unwrap(purpose, wrapped)
    }

    fn forget(&self, purpose: Purpose) -> Result<(), VaultError> {
        self.mood(purpose)?;
        self.inner.lock().expect("free").forget(purpose)
    }

    fn sign(&self, message: Vec<u8>) -> Result<Option<HardwareSignature>, VaultError> {
        self.inner.lock().expect("free").sign(message)
    }
}
