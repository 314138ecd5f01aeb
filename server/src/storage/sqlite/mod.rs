//! SQLite behind the storage trait: one writer with BEGIN IMMEDIATE, a pool of readers, WAL, `synchronous=FULL`.

mod codec;
mod migrate;
mod read;
mod upkeep;
mod write;

#[cfg(test)]
pub(crate) use write::audit_hash;

pub use upkeep::{Finding, Glance, copy, fold, glance};

use super::{Reading, Result, Sealer, Storage, StorageError, Writing};
use payung_domain::planted::{Planted, planted};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Each of the statements the server knows stays prepared on its connection.
const STATEMENTS: usize = 128;
/// `payung admin` writes beside a serve: each waits for the other's unit.
const BUSY: Duration = Duration::from_secs(20);
/// Idle readers kept open; more are opened under load and closed after.
const READERS: usize = 8;

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            // rusqlite's texts name statements and columns, never bound values
            _ => Self::Engine(error.to_string()),
        }
    }
}

/// The engine on one database file.
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    sealer: Sealer,
}

impl Sqlite {
    /// Opens the database file, making or upgrading it.
    pub fn open(path: &Path, master: &[u8; 32]) -> Result<Self> {
        let mut writer = Connection::open(path)?;
        prepare(&writer)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // 16 MiB of log: a unit of a thousand ops fills SQLite's usual 4, and each would copy the same index pages back
        writer.pragma_update(None, "wal_autocheckpoint", 4096)?;
        migrate::migrate(&mut writer)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            sealer: Sealer::new(master),
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn reader(&self) -> Result<Connection> {
        if let Some(connection) = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        prepare(&connection)?;
        Ok(connection)
    }
}

fn prepare(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", if planted(Planted::SkipFsyncServer) { "OFF" } else { "FULL" })?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // 16 MiB a connection: the hot ends of the indexes of a branch
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(())
}

impl Storage for Sqlite {
    fn read(&self) -> Result<Box<dyn Reading + '_>> {
        let connection = self.reader()?;
        connection.execute_batch("BEGIN")?;
        Ok(Box::new(Unit { lease: Lease::Reader(Some(connection), &self.readers), sealer: &self.sealer }))
    }

    fn write(&self) -> Result<Box<dyn Writing + '_>> {
        // a unit that panicked has rolled back, so the connection is as good as before
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if planted(Planted::AckBeforeCommit) && !connection.is_autocommit() {
            connection.execute_batch("COMMIT")?;
        }
        connection.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Box::new(Unit { lease: Lease::Writer(connection), sealer: &self.sealer }))
    }

    fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    fn shred(&self) -> Result<()> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // a page keeps what was deleted, and older versions of what was changed, until it is written anew
        connection.execute_batch("VACUUM")?;
        let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy { Err(StorageError::Busy) } else { Ok(()) }
    }
}

enum Lease<'s> {
    Writer(MutexGuard<'s, Connection>),
    Reader(Option<Connection>, &'s Mutex<Vec<Connection>>),
}

/// A unit of work: a transaction on a connection of its own.
struct Unit<'s> {
    lease: Lease<'s>,
    sealer: &'s Sealer,
}

impl Deref for Unit<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        match &self.lease {
            Lease::Writer(connection) => connection,
            Lease::Reader(connection, _) => connection.as_ref().expect("a reader is given back at drop only"),
        }
    }
}

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        // after a commit there is nothing to roll back; a failed ROLLBACK means SQLite has done it already
        let left_open = planted(Planted::AckBeforeCommit) && matches!(self.lease, Lease::Writer(_));
        if !self.is_autocommit() && !left_open {
            let _ = self.execute_batch("ROLLBACK");
        }
        if let Lease::Reader(connection, pool) = &mut self.lease {
            let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(connection) = connection.take().filter(|_| pool.len() < READERS) {
                pool.push(connection);
            }
        }
    }
}

#[cfg(test)]
mod tests;
