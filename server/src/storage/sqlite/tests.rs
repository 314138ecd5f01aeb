//! SQLite by the suite of every engine, and what is its own: the file.

use super::{Sqlite, migrate};
use crate::storage::{Kept, Scope, Storage, StorageError, conformance, seal::Unopened};
use payung_domain::{area::Area, field::Kind, id::RecordId, record::Record};
use rusqlite::Connection;
use std::{fs, ops::Deref};
use tempfile::TempDir;

struct Fresh {
    storage: Sqlite,
    _dir: TempDir,
}

impl Storage for Fresh {
    fn read(&self) -> crate::storage::Result<Box<dyn crate::storage::Reading + '_>> {
        self.storage.read()
    }
    fn write(&self) -> crate::storage::Result<Box<dyn crate::storage::Writing + '_>> {
        self.storage.write()
    }
    fn sealer(&self) -> &crate::storage::Sealer {
        self.storage.sealer()
    }
    fn shred(&self) -> crate::storage::Result<()> {
        self.storage.shred()
    }
}

impl Deref for Fresh {
    type Target = Sqlite;
    fn deref(&self) -> &Sqlite {
        &self.storage
    }
}

fn fresh() -> Fresh {
    let dir = tempfile::tempdir().expect("a folder");
    Fresh { storage: Sqlite::open(&dir.path().join("payung.db"), &[7; 32]).expect("opened"), _dir: dir }
}

fn a_record() -> Kept {
    let area = Area::parse("33.02.24.1001.005.003").expect("an area");
    let mut record = Record::new(RecordId(uuid::Uuid::from_u128(1)), Kind::Worker, area);
    record.version = 1;
    record.body.insert("name".to_owned(), "Suparno".into());
    Kept::new(record)
}

#[test]
fn conforms() {
    conformance::suite(fresh);
}

#[test]
fn newer_schema_is_refused_and_left_alone() {
    let storage = fresh();
    let path = storage.path().to_owned();
    let connection = Connection::open(&path).expect("opened");
    connection.pragma_update(None, "user_version", migrate::newest() + 1).expect("set");
    drop(connection);
    let before = fs::read(&path).expect("read");
    match Sqlite::open(&path, &[7; 32]) {
        Err(StorageError::NewerSchema { found, known }) => assert_eq!(found, known + 1),
        other => panic!("{:?}", other.err()),
    }
    assert_eq!(fs::read(&path).expect("read"), before);
}

#[test]
fn another_master_key_opens_no_record() {
    let storage = fresh();
    let unit = storage.write().expect("a unit");
    unit.save(&mut [a_record()]).expect("saved");
    unit.commit().expect("durable");
    let other = Sqlite::open(storage.path(), &[8; 32]).expect("the file itself opens");
    let read = other.read().expect("a unit").records(&[RecordId(uuid::Uuid::from_u128(1))], &Scope::Office);
    assert!(matches!(read, Err(StorageError::Unopened(Unopened))));
}

#[test]
fn file_is_in_wal_and_every_commit_is_synced() {
    let storage = fresh();
    for connection in [&*storage.writer.lock().expect("the writer"), &storage.reader().expect("a reader")] {
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("told");
        let sync: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).expect("told");
        assert_eq!((mode.as_str(), sync), ("wal", 2));
    }
}

#[test]
fn reader_sees_one_state_while_another_writes() {
    let storage = fresh();
    let reading = storage.read().expect("a unit");
    assert_eq!(reading.counter("x").expect("read"), 0);
    let unit = storage.write().expect("a unit");
    unit.set_counter("x", 5).expect("set");
    unit.commit().expect("durable");
    assert_eq!(reading.counter("x").expect("read"), 0);
    drop(reading);
    assert_eq!(storage.read().expect("a unit").counter("x").expect("read"), 5);
}

#[test]
fn full_disk_saves_nothing_and_says_so() {
    let storage = fresh();
    {
        let writer = storage.writer.lock().expect("the writer");
        let pages: i64 = writer.pragma_query_value(None, "page_count", |row| row.get(0)).expect("told");
        writer.pragma_update(None, "max_page_count", pages).expect("set");
    }
    let unit = storage.write().expect("a unit");
    let full = (0..10_000).find_map(|n| unit.append_audit(n, "someone", "something", &"x".repeat(500)).err());
    assert!(matches!(full, Some(StorageError::Full)));
    drop(unit);
    assert!(storage.read().expect("a unit").audit(0, 9).expect("read").is_empty());
    // and it goes on once there is room
    storage.writer.lock().expect("the writer").pragma_update(None, "max_page_count", 100_000).expect("set");
    let unit = storage.write().expect("a unit");
    unit.append_audit(1, "someone", "something", "{}").expect("appended");
    unit.commit().expect("durable");
}

#[test]
fn panic_in_a_unit_leaves_the_next_one_working() {
    let storage = std::sync::Arc::new(fresh());
    let broken = storage.clone();
    let ended = std::thread::spawn(move || {
        let unit = broken.write().expect("a unit");
        unit.set_counter("x", 1).expect("set");
        panic!("as a defect would");
    })
    .join();
    assert!(ended.is_err());
    let unit = storage.write().expect("a unit");
    assert_eq!(unit.counter("x").expect("read"), 0);
    unit.set_counter("x", 2).expect("set");
    unit.commit().expect("durable");
}
