//! Trying again under a new number: after a refusal, after joining again, and for another device's ops after a restore.

use crate::{
    error::{Result, StoreError},
    index,
    meta::{self, Identity},
    op::{self, OpState, SavedOp},
    sql,
    store::Store,
};
use payung_domain::{
    id::{DeviceId, RecordId},
    op::Reissue,
    planted::{Planted, planted},
};
use rusqlite::Transaction;
use std::collections::HashSet;

/// Why an op gets a new number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The official tries it again.
    Refused,
    /// The phone joined again: everything without an outcome goes again, in order.
    Rejoined,
    /// A restored server is offered what a device this phone was before had written.
    Restored,
}

/// The op's fields that count as history only: saved anew since, by an op whose number is or may be lower than the
/// new one. After joining again the later ones get higher numbers, so there only what was taken counts.
fn stale(tx: &Transaction, op: &SavedOp, why: Why) -> Result<Vec<String>> {
    let later: Vec<SavedOp> = op::of_record(tx, op.record)?.into_iter().filter(|other| other.k > op.k).collect();
    let is_stale = |field: &str| {
        later.iter().any(|other| {
            let stands = !matches!(other.state, OpState::Refused | OpState::Discarded);
            other.took(field)
                || (why != Why::Rejoined && stands && other.carries(field) && !other.refused_fields.contains(field))
        })
    };
    Ok(op.values().map(|(field, _)| field).filter(|field| is_stale(field)).cloned().collect())
}

/// Gives the op a new number of `device`. It names the op it stands for: the refused one, which the server knows, else
/// the first it stood for, which may be the one the server took.
pub(crate) fn reissue(tx: &Transaction, mut saved: SavedOp, device: DeviceId, why: Why) -> Result<()> {
    let (Some(old_device), Some(old_n), Some(hash)) = (saved.device, saved.n, saved.hash) else { return Ok(()) };
    let present = Reissue { device: old_device, n: old_n, hash };
    saved.reissue = match (why, saved.reissue) {
        (Why::Rejoined | Why::Restored, Some(first)) => Some(first),
        _ => Some(present),
    };
    if planted(Planted::ReissueUnnamed) {
        saved.reissue = None;
    }
    if !planted(Planted::StaleNotTold) {
        saved.stale = stale(tx, &saved, why)?;
    }
    let n = meta::next_n(tx)?;
    let (k, reissue) = (saved.k, saved.reissue);
    let stale = if saved.stale.is_empty() { None } else { Some(sql::to_json(&saved.stale)?) };
    let hash = saved.into_op(n)?.hash();
    tx.prepare_cached(
        "UPDATE op SET state = 'sent', device = ?2, n = ?3, hash = ?4, stale = ?5, reissue_device = ?6,
         reissue_n = ?7, reissue_hash = ?8, outcome = NULL, refused_fields = NULL, noted = 0, final_at = NULL WHERE k = ?1",
    )?
    .execute((
        k,
        device.bytes(),
        sql::bits(n),
        hash.0,
        stale,
        reissue.map(|reissue| reissue.device.bytes()),
        reissue.map(|reissue| sql::bits(reissue.n)),
        reissue.map(|reissue| reissue.hash.0),
    ))?;
    Ok(())
}

fn by_k(tx: &Transaction, k: i64) -> Result<SavedOp> {
    op::find(tx, "WHERE op.k = ?1", [k])?.ok_or(StoreError::NotFound)
}

impl Store {
    /// Tries a refused op again, by its place in the order of saving ([`crate::NeedsFixing::k`]).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not a refused op.
    pub fn retry(&self, k: i64) -> Result<()> {
        self.write("reissue", |tx, changed| {
            let device = meta::device(tx)?.ok_or(StoreError::NotJoined)?;
            let op = by_k(tx, k)?;
            if op.state != OpState::Refused {
                return Err(StoreError::NotFound);
            }
            let (record, kind, area) = (op.record, op.kind.clone(), sql::area(&op.area)?);
            if crate::shown::base_row(tx, record)?.is_none() {
                // it left the phone after the refusal
                let parent = kind.parent(&op.set);
                crate::save::insert_record(tx, record, &kind, &area, parent)?;
            }
            reissue(tx, op, device, Why::Refused)?;
            (changed.records, changed.outbox) = (true, true);
            index::refresh(tx, record)
        })
    }

    /// Gives a refused op up: it is not shown any more. For an op of which only fields were refused, the official has
    /// seen it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing of it was refused.
    pub fn discard(&self, k: i64, now_ms: i64) -> Result<()> {
        self.write("reissue", |tx, changed| {
            let op = by_k(tx, k)?;
            (changed.records, changed.outbox) = (true, true);
            if op.state != OpState::Refused {
                if op.refused_fields.is_empty() {
                    return Err(StoreError::NotFound);
                }
                tx.execute("UPDATE op SET noted = 1 WHERE k = ?1", [k])?;
                return Ok(());
            }
            tx.execute("UPDATE op SET state = 'discarded', final_at = ?2 WHERE k = ?1", (k, now_ms))?;
            crate::change::forget_if_empty(tx, op.record)?;
            index::refresh(tx, op.record)
        })
    }

    /// Goes on as another device, after joining again: everything without a final outcome is issued anew, in the order
    /// of saving, each op naming the one it stands for. So is what was taken and not pulled yet: its authorship must
    /// move, or the next edit, which has no version to show that it has seen it, would be a conflict with oneself.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the device is the present one.
    pub fn rejoin(&self, identity: &Identity) -> Result<()> {
        self.write("reissue", |tx, changed| {
            if meta::device(tx)? == Some(identity.device) {
                return Err(StoreError::NotFound);
            }
            changed.outbox = true;
            meta::write_identity(tx, identity)?;
            meta::put(tx, "last_n", 0)?;
            meta::put(tx, "rejoin_needed", 0)?;
            for k in places(tx, "SELECT k FROM op WHERE state IN ('sent', 'held', 'acked') ORDER BY k")? {
                let op = by_k(tx, k)?;
                if planted(Planted::RejoinForgetsHeld) && op.state == OpState::Held {
                    continue;
                }
                reissue(tx, op, identity.device, Why::Rejoined)?;
            }
            Ok(())
        })
    }
}

/// Places in the order of saving: 8 bytes each, however many ops there are.
pub(crate) fn places(tx: &Transaction, query: &str) -> Result<Vec<i64>> {
    let mut statement = tx.prepare_cached(query)?;
    let places = statement.query_map([], |row| row.get(0))?;
    Ok(places.collect::<rusqlite::Result<_>>()?)
}

/// A server of another epoch does not know what its predecessor took: everything taken is offered again, with its
/// receipt. Gives the records that may look different now: what was pulled no longer covers these ops.
pub(crate) fn offer_again(tx: &Transaction, device: DeviceId) -> Result<HashSet<RecordId>> {
    let mut records = HashSet::new();
    if planted(Planted::DoneNotOfferedAgain) {
        tx.execute("UPDATE op SET state = 'discarded' WHERE state = 'done'", [])?;
    }
    {
        let mut statement = tx.prepare_cached("SELECT DISTINCT record FROM op WHERE state IN ('acked', 'done')")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            records.insert(sql::record(row, 0)?);
        }
    }
    // what was refused of an op was in no version that anybody was told: its receipt says nothing
    tx.execute(
        "UPDATE op SET was_epoch = iif(refused_fields IS NULL, receipt_epoch, NULL),
         was_version = iif(refused_fields IS NULL, receipt_version, NULL), receipt_epoch = NULL,
         receipt_version = NULL, receipt_record = NULL WHERE receipt_epoch IS NOT NULL",
        [],
    )?;
    let others = "SELECT k FROM op WHERE state IN ('acked', 'done') AND device <> x'DEVICE' ORDER BY k";
    let others = places(tx, &others.replace("DEVICE", &hex::encode(device.bytes())))?;
    for k in &others {
        reissue(tx, by_k(tx, *k)?, device, Why::Restored)?;
    }
    tx.execute(
        "UPDATE op SET state = 'sent', outcome = NULL, refused_fields = NULL, final_at = NULL
         WHERE state IN ('acked', 'done')",
        [],
    )?;
    Ok(records)
}
