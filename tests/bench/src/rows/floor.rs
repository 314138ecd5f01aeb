//! The floor: the same JSON into one table of plain SQLite, WAL and FULL, in transactions of 200. What no server with
//! rules, history and sealing can be faster than.

use super::{Bench, values::Values};
use crate::{BenchError, figures::Section, scene::Side};
use rusqlite::Connection;
use std::{fs, path::Path, time::Instant};

const FLOOR: &str = "plain SQLite FULL, the same documents by 200";

pub(super) fn rows(bench: &Bench) -> Result<Section, BenchError> {
    let documents = fs::read_to_string(bench.folder.join("documents"))?;
    let mut values = Values::default();
    for run in 0..bench.runs {
        bench.step("floor", &Side::Ours);
        let folder = bench.folder.join(format!("floor-{run}"));
        fs::create_dir_all(&folder)?;
        values.note(FLOOR, &Side::Ours, rows_per_second(&folder, &documents)?);
    }
    Ok(Section { title: "The floor".to_owned(), figures: vec![values.plain(FLOOR, "documents/s")] })
}

fn rows_per_second(folder: &Path, documents: &str) -> Result<f64, BenchError> {
    let mut database = Connection::open(folder.join("floor.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.execute_batch("CREATE TABLE record (id BLOB PRIMARY KEY, body TEXT NOT NULL) STRICT")?;
    let lines: Vec<&str> = documents.lines().collect();
    let begun = Instant::now();
    // ids in the order of making, like UUIDv7
    let mut id = 0u128;
    for batch in lines.chunks(200) {
        let transaction = database.transaction()?;
        for body in batch {
            id += 1;
            let mut insert = transaction.prepare_cached("INSERT INTO record (id, body) VALUES (?1, ?2)")?;
            insert.execute((&id.to_be_bytes()[..], body))?;
        }
        transaction.commit()?;
    }
    Ok(lines.len() as f64 / begun.elapsed().as_secs_f64())
}
