//! The areas of which the phone holds records, and the checksum of each.

use crate::{error::Result, sql};
use payung_domain::{area::Area, id::RecordId};
use payung_protocol::{Checksum, record_check};
use rusqlite::{OptionalExtension, Transaction};
use std::collections::HashMap;

/// The number of an area, made if there is none.
pub(crate) fn number(tx: &Transaction, area: &Area) -> Result<i64> {
    let found = tx.prepare_cached("SELECT aid FROM area WHERE path = ?1")?.query_row([area.as_str()], |row| row.get(0));
    if let Some(aid) = found.optional()? {
        return Ok(aid);
    }
    tx.prepare_cached("INSERT INTO area (path) VALUES (?1)")?.execute([area.as_str()])?;
    Ok(tx.last_insert_rowid())
}

pub(crate) fn path(tx: &Transaction, aid: i64) -> Result<Area> {
    let path: String = tx.prepare_cached("SELECT path FROM area WHERE aid = ?1")?.query_row([aid], |row| row.get(0))?;
    sql::area(&path)
}

/// The sum of everything pulled.
pub(crate) fn total(tx: &Transaction) -> Result<Checksum> {
    let mut statement = tx.prepare_cached("SELECT checksum FROM area")?;
    let sums = statement.query_map([], |row| Ok(Checksum(sql::unbits(row.get(0)?))))?;
    Ok(sums.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().sum())
}

/// Numbers and sums of areas while many records come and go; written once at the end.
#[derive(Default)]
pub(crate) struct AreaSums {
    numbers: HashMap<Area, i64>,
    sums: HashMap<i64, Checksum>,
}

impl AreaSums {
    pub(crate) fn number(&mut self, tx: &Transaction, area: &Area) -> Result<i64> {
        if let Some(aid) = self.numbers.get(area) {
            return Ok(*aid);
        }
        let aid = number(tx, area)?;
        self.numbers.insert(area.clone(), aid);
        Ok(aid)
    }

    fn sum(&mut self, tx: &Transaction, aid: i64) -> Result<&mut Checksum> {
        if let std::collections::hash_map::Entry::Vacant(entry) = self.sums.entry(aid) {
            let stored: i64 =
                tx.prepare_cached("SELECT checksum FROM area WHERE aid = ?1")?.query_row([aid], |row| row.get(0))?;
            entry.insert(Checksum(sql::unbits(stored)));
        }
        Ok(self.sums.entry(aid).or_default())
    }

    pub(crate) fn add(&mut self, tx: &Transaction, aid: i64, record: RecordId, version: u64) -> Result<()> {
        let sum = self.sum(tx, aid)?;
        *sum = sum.plus(record_check(record, version));
        Ok(())
    }

    pub(crate) fn take(&mut self, tx: &Transaction, aid: i64, record: RecordId, version: u64) -> Result<()> {
        let sum = self.sum(tx, aid)?;
        *sum = sum.minus(record_check(record, version));
        Ok(())
    }

    pub(crate) fn store(&self, tx: &Transaction) -> Result<()> {
        let mut statement = tx.prepare_cached("UPDATE area SET checksum = ?2 WHERE aid = ?1 AND checksum <> ?2")?;
        for (aid, sum) in &self.sums {
            statement.execute((aid, sql::bits(sum.0)))?;
        }
        Ok(())
    }
}

/// Areas whose sum differs from the server's: those it named, and those of ours it did not.
pub(crate) fn differing(tx: &Transaction, server: &std::collections::BTreeMap<Area, Checksum>) -> Result<Vec<Area>> {
    let mut statement = tx.prepare_cached("SELECT path, checksum FROM area")?;
    let mut rows = statement.query([])?;
    let mut ours = HashMap::new();
    while let Some(row) = rows.next()? {
        let path: String = row.get(0)?;
        ours.insert(sql::area(&path)?, Checksum(sql::unbits(row.get(1)?)));
    }
    let mut differing: Vec<Area> = server
        .iter()
        .filter(|(area, sum)| ours.get(area).copied().unwrap_or_default() != **sum)
        .map(|(area, _)| area.clone())
        .collect();
    differing.extend(
        ours.into_iter()
            .filter(|(area, sum)| *sum != Checksum::default() && !server.contains_key(area))
            .map(|(area, _)| area),
    );
    Ok(differing)
}
