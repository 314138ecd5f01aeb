//! The store: two connections, one lock, and the two ways into a transaction.

use crate::{
    error::{Result, StoreError},
    fail,
    key::DatabaseKey,
    observe::{Changed, Observers, Subscription},
    open::{self, Files, Options},
};
use payung_domain::planted::{Planted, planted};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

/// The phone's database. Every act is one transaction, durable when it returns.
pub struct Store {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    observers: Observers,
    files: Files,
    /// Where the last batch stopped asking again for held ops (n).
    pub(crate) held_asked: AtomicU64,
    // released last
    _lock: File,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at `path`, or makes it.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] and [`StoreError::NewerSchema`] leave the file untouched;
    /// [`StoreError::Damaged`] has set it aside, and opening again makes a fresh one.
    pub fn open(path: &Path, key: &DatabaseKey, options: &Options) -> Result<Self> {
        let files = Files::new(path);
        let opened = open::open(&files, key, options)?;
        Ok(Self {
            writer: Mutex::new(opened.writer),
            reader: Mutex::new(opened.reader),
            observers: Observers::default(),
            files,
            held_asked: AtomicU64::new(0),
            _lock: opened.lock,
        })
    }

    /// Calls `observer` after each commit that changed something, on the committing thread and under no lock, until
    /// the subscription is dropped. It is called once right away, with everything set.
    pub fn observe(&self, observer: impl Fn(Changed) + Send + Sync + 'static) -> Subscription {
        let observer = Arc::new(observer);
        let subscription = self.observers.add(observer.clone());
        observer(Changed { records: true, outbox: true, drafts: true });
        subscription
    }

    /// Reads every page and every index. Takes long on a large database: for a background job.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]; the next opening sets the file aside.
    pub fn check(&self) -> Result<()> {
        self.read(|tx| {
            let mut pages = tx.prepare("PRAGMA cipher_integrity_check")?;
            if pages.exists([])? {
                return Err(StoreError::Corrupt);
            }
            let verdict: String = tx.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt) }
        })
    }

    /// One act: all of it is saved or nothing. `act` names its fail points.
    pub(crate) fn write<T>(&self, act: &str, body: impl FnOnce(&Transaction, &mut Changed) -> Result<T>) -> Result<T> {
        let done = {
            // a panic in an act left its transaction rolled back: the connection is as good as before
            let mut connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            (|| {
                let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let mut changed = Changed::default();
                let value = body(&tx, &mut changed)?;
                fail::point(act, "before_commit");
                let committed = tx.commit();
                if !planted(Planted::CommitUnchecked) {
                    committed?;
                }
                fail::point(act, "after_commit");
                Ok((value, changed))
            })()
        };
        let (value, changed) = self.remember_damage(done)?;
        self.observers.tell(changed);
        Ok(value)
    }

    /// One consistent view.
    pub(crate) fn read<T>(&self, body: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
        let read = {
            let mut connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            (|| body(&connection.transaction()?))()
        };
        self.remember_damage(read)
    }

    fn remember_damage<T>(&self, result: Result<T>) -> Result<T> {
        if matches!(result, Err(StoreError::Corrupt)) {
            // if even this fails, the damage is met again
            drop(File::create(self.files.marker()));
        }
        result
    }
}
