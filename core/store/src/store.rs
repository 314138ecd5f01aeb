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
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

/// A connection, and whether the disk failed under it. SQLCipher takes a page that could not be read for a forged one
/// and refuses everything from then on, so that such a connection is made anew before it is used again: a disk that
/// fails for a moment must not look like a damaged file.
struct Slot {
    connection: Connection,
    suspect: bool,
}

type Connect = fn(&Files, &DatabaseKey, &Options) -> Result<Connection>;

/// The phone's database. Every act is one transaction, durable when it returns.
pub struct Store {
    writer: Mutex<Slot>,
    reader: Mutex<Slot>,
    observers: Observers,
    files: Files,
    key: DatabaseKey,
    options: Options,
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
        let slot = |connection| Mutex::new(Slot { connection, suspect: false });
        let store = Self {
            writer: slot(opened.writer),
            reader: slot(opened.reader),
            observers: Observers::default(),
            files,
            key: key.clone(),
            options: options.clone(),
            held_asked: AtomicU64::new(0),
            _lock: opened.lock,
        };
        // what cannot be removed now takes room and nothing else
        let _ = store.sweep_media();
        Ok(store)
    }

    /// The database file.
    pub(crate) fn path(&self) -> &Path {
        &self.files.database
    }

    /// Calls `observer` after each commit that changed something, on the committing thread and under no lock, until
    /// the subscription is dropped. It is called once right away, with everything set.
    pub fn observe(&self, observer: impl Fn(Changed) + Send + Sync + 'static) -> Subscription {
        let observer = Arc::new(observer);
        let subscription = self.observers.add(observer.clone());
        observer(Changed { records: true, outbox: true, drafts: true });
        subscription
    }

    /// Reads every page and every index, once the log is folded in. Takes long on a large database, and nothing else
    /// happens meanwhile: for a background job.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]; the next opening sets the file aside. [`StoreError::NotSaved`] when the disk failed or
    /// is full: then nothing is known.
    pub fn check(&self) -> Result<()> {
        let mut writer = lock(&self.writer);
        // nobody reads an older state, so that the whole log can be folded in
        let _reader = lock(&self.reader);
        let checked = self.with(&mut writer, open::writer, |connection| {
            // SQLCipher's check looks at the file alone, where a page may be half folded in from the log
            connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))?;
            let mut pages = connection.prepare("PRAGMA cipher_integrity_check")?;
            let mut found = pages.query([])?;
            if let Some(row) = found.next()? {
                let unread = row.get::<_, String>(0)?.starts_with("error reading");
                return Err(if unread { StoreError::NotSaved } else { StoreError::Corrupt });
            }
            let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt) }
        });
        self.remember_damage(checked)
    }

    /// One act: all of it is saved or nothing. `act` names its fail points.
    pub(crate) fn write<T>(&self, act: &str, body: impl FnOnce(&Transaction, &mut Changed) -> Result<T>) -> Result<T> {
        let done = self.with(&mut lock(&self.writer), open::writer, |connection| {
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
        });
        let (value, changed) = self.remember_damage(done)?;
        self.observers.tell(changed);
        Ok(value)
    }

    /// One consistent view.
    pub(crate) fn read<T>(&self, body: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
        let read = self.with(&mut lock(&self.reader), open::reader, |connection| body(&connection.transaction()?));
        self.remember_damage(read)
    }

    /// Uses a connection, made anew if the disk failed under it.
    fn with<T>(
        &self,
        slot: &mut Slot,
        connect: Connect,
        use_it: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        if slot.suspect {
            let anew = || connect(&self.files, &self.key, &self.options);
            // as at opening: a page that could not be read looks like a forged one, and is asked for again
            slot.connection = match anew() {
                Err(StoreError::Corrupt) => anew()?,
                made => made?,
            };
        }
        let used = use_it(&mut slot.connection);
        slot.suspect = matches!(used, Err(StoreError::NotSaved | StoreError::Corrupt));
        used
    }

    fn remember_damage<T>(&self, result: Result<T>) -> Result<T> {
        if matches!(result, Err(StoreError::Corrupt)) {
            // if even this fails, the damage is met again
            drop(File::create(self.files.marker()));
        }
        result
    }
}

/// A panic in an act left its transaction rolled back: the connection is as good as before.
fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
