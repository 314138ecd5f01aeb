//! The floor: the same JSON into one table of plain SQLite, WAL and FULL, in transactions of 200. What no server with
//! rules, history and sealing can be faster than.

use crate::BenchError;
use rusqlite::Connection;
use std::{path::Path, time::Instant};

/// Rows a second for so many rows of so many bytes.
pub(crate) fn rows_per_second(folder: &Path, rows: usize, bytes: usize) -> Result<f64, BenchError> {
    let mut database = Connection::open(folder.join("floor.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.execute_batch("CREATE TABLE record (id BLOB PRIMARY KEY, body TEXT NOT NULL) STRICT")?;
    let body = "x".repeat(bytes);
    let begun = Instant::now();
    for first in (0..rows).step_by(200) {
        let transaction = database.transaction()?;
        for row in first..(first + 200).min(rows) {
            // ids in the order of making, like UUIDv7
            let id = (row as u128).to_be_bytes();
            transaction.prepare_cached("INSERT INTO record (id, body) VALUES (?1, ?2)")?.execute((&id[..], &body))?;
        }
        transaction.commit()?;
    }
    Ok(rows as f64 / begun.elapsed().as_secs_f64())
}
