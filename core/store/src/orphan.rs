//! Other people's records that a restored server lacks: kept apart, and offered back for a person at the office.

use crate::{
    area,
    error::{Result, StoreError},
    meta, sql,
    store::Store,
};
use payung_domain::{
    field::Kind,
    id::{Epoch, RecordId},
};
use payung_protocol::{MAX_OFFERS, Offer};
use rusqlite::{Row, Transaction};

const SELECT: &str = "SELECT id, kind, area, epoch, version, body FROM orphan";

fn read(row: &Row) -> Result<Offer> {
    Ok(Offer {
        record: sql::record(row, 0)?,
        kind: Kind::from_name(&row.get::<_, String>(1)?),
        area: sql::area(&row.get::<_, String>(2)?)?,
        base: sql::base(row, 3)?.ok_or(StoreError::Corrupt)?,
        body: sql::json(&row.get::<_, String>(5)?)?,
    })
}

/// Keeps what was pulled of a record apart.
pub(crate) fn keep(tx: &Transaction, rid: i64, aid: i64) -> Result<()> {
    let path = area::path(tx, aid)?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO orphan (id, kind, area, epoch, version, body)
         SELECT id, kind, ?2, epoch, version, body FROM record WHERE rid = ?1",
    )?
    .execute((rid, path.as_str()))?;
    Ok(())
}

/// The server has it, or nobody needs it.
pub(crate) fn forget(tx: &Transaction, record: RecordId) -> Result<()> {
    tx.prepare_cached("DELETE FROM orphan WHERE id = ?1")?.execute([record.bytes()])?;
    Ok(())
}

/// What the server of the present epoch has not been offered, up to a number of bytes, but one at least. Nothing before
/// that epoch is known.
pub(crate) fn to_offer(tx: &Transaction, max_bytes: usize) -> Result<Vec<Offer>> {
    let Some(epoch) = meta::epoch(tx)? else { return Ok(Vec::new()) };
    let mut statement = tx.prepare_cached(&format!("{SELECT} WHERE kept IS NULL OR kept <> ?1 ORDER BY id"))?;
    let mut rows = statement.query([sql::bits(epoch.0)])?;
    let (mut offers, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        bytes += row.get_ref(5)?.as_str().map_or(0, str::len);
        if offers.len() == MAX_OFFERS || (bytes > max_bytes && !offers.is_empty()) {
            break;
        }
        offers.push(read(row)?);
    }
    Ok(offers)
}

/// Notes what the server of an epoch has. Whether something is left to be offered to it.
pub(crate) fn kept(tx: &Transaction, records: &[RecordId], epoch: Epoch) -> Result<bool> {
    let mut note = tx.prepare_cached("UPDATE orphan SET kept = ?2 WHERE id = ?1")?;
    for record in records {
        note.execute((record.bytes(), sql::bits(epoch.0)))?;
    }
    let left = "SELECT 1 FROM orphan WHERE kept IS NULL OR kept <> ?1 LIMIT 1";
    Ok(tx.prepare_cached(left)?.exists([sql::bits(epoch.0)])?)
}

impl Store {
    /// Other people's records that a restored server lacks: offered back until the server tells of them again, or an
    /// operator has dropped them.
    pub fn orphans(&self) -> Result<Vec<Offer>> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(&format!("{SELECT} ORDER BY id"))?;
            let mut rows = statement.query([])?;
            let mut orphans = Vec::new();
            while let Some(row) = rows.next()? {
                orphans.push(read(row)?);
            }
            Ok(orphans)
        })
    }
}
