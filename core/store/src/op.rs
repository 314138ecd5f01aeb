//! The rows of the two op tables.

use crate::{
    error::{Result, StoreError},
    meta, sql,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{Base, DeviceId, Hlc, RecordId},
    op::{Body, Op, OpHash, Reissue, Resolution},
};
use rusqlite::{Params, Row, Transaction};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where an op is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpState {
    /// Saved, not numbered: further edits of the same form's base go into it.
    New,
    /// Numbered; no outcome yet.
    Sent,
    /// Waits at the office for its parent or for a person. Not final.
    Held,
    /// Not taken; shown, marked, until tried again or discarded.
    Refused,
    /// Taken; what it changed has not been pulled yet.
    Acked,
    /// Taken and pulled; kept to be offered again should the server be restored.
    Done,
    /// Refused, and given up by the official.
    Discarded,
}

impl OpState {
    const ALL: [(Self, &str); 7] = [
        (Self::New, "new"),
        (Self::Sent, "sent"),
        (Self::Held, "held"),
        (Self::Refused, "refused"),
        (Self::Acked, "acked"),
        (Self::Done, "done"),
        (Self::Discarded, "discarded"),
    ];

    /// The word in SQL.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn from_name(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, word)| *word == name).map(|(state, _)| *state).ok_or(StoreError::Corrupt)
    }

    /// Without a final outcome: such an op keeps its record on the phone.
    pub fn is_live(self) -> bool {
        matches!(self, Self::New | Self::Sent | Self::Held)
    }

    /// Taken by the server.
    pub(crate) fn is_taken(self) -> bool {
        matches!(self, Self::Acked | Self::Done)
    }
}

/// One op as saved.
pub(crate) struct SavedOp {
    pub(crate) k: i64,
    pub(crate) record: RecordId,
    pub(crate) kind: Kind,
    pub(crate) state: OpState,
    pub(crate) device: Option<DeviceId>,
    pub(crate) n: Option<u64>,
    pub(crate) hash: Option<OpHash>,
    pub(crate) reissue: Option<Reissue>,
    pub(crate) stale: Vec<String>,
    /// Receipt of an earlier epoch.
    pub(crate) was: Option<Base>,
    pub(crate) refused_fields: BTreeSet<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) area: String,
    pub(crate) base: Option<Base>,
    pub(crate) hlc: Hlc,
    pub(crate) set: Body,
    pub(crate) resolve: BTreeMap<String, Resolution>,
    /// Length of what it carries as JSON.
    pub(crate) length: usize,
}

const SELECT: &str = r#"SELECT op.k, op.record, op.kind, op.state, op.device, op.n, op.hash, op.reissue_device,
    op.reissue_n, op.reissue_hash, op.stale, op.was_epoch, op.was_version, op.refused_fields, op.outcome,
    b.area, b.base_epoch, b.base_version, b.hlc, b."set", b.resolve FROM op JOIN op_body b USING (k) "#;

fn read(row: &Row) -> Result<SavedOp> {
    let reissue = match (sql::device_or_none(row, 7)?, row.get::<_, Option<i64>>(8)?, sql::hash_or_none(row, 9)?) {
        (Some(device), Some(n), Some(hash)) => Some(Reissue { device, n: sql::unbits(n), hash }),
        _ => None,
    };
    let list = |column: usize| -> Result<Option<&str>> {
        row.get_ref(column)?.as_str_or_null().map_err(|_| StoreError::Corrupt)
    };
    let (set, resolve) = (list(19)?.ok_or(StoreError::Corrupt)?, list(20)?);
    Ok(SavedOp {
        k: row.get(0)?,
        record: sql::record(row, 1)?,
        kind: Kind::from_name(list(2)?.unwrap_or_default()),
        state: OpState::from_name(list(3)?.unwrap_or_default())?,
        device: sql::device_or_none(row, 4)?,
        n: row.get::<_, Option<i64>>(5)?.map(sql::unbits),
        hash: sql::hash_or_none(row, 6)?,
        reissue,
        stale: list(10)?.map_or_else(|| Ok(Vec::new()), sql::json)?,
        was: sql::base(row, 11)?,
        refused_fields: list(13)?.map_or_else(|| Ok(BTreeSet::new()), sql::json)?,
        outcome: row.get(14)?,
        area: row.get(15)?,
        base: sql::base(row, 16)?,
        hlc: Hlc(sql::unbits(row.get(18)?)),
        length: set.len() + resolve.map_or(0, str::len),
        set: sql::json(set)?,
        resolve: resolve.map_or_else(|| Ok(BTreeMap::new()), sql::json)?,
    })
}

/// Gives each op that `condition` (what follows FROM) finds to `each`, until it answers false.
pub(crate) fn for_each(
    tx: &Transaction,
    condition: &str,
    params: impl Params,
    mut each: impl FnMut(SavedOp) -> Result<bool>,
) -> Result<()> {
    let mut statement = tx.prepare_cached(&format!("{SELECT}{condition}"))?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        if !each(read(row)?)? {
            break;
        }
    }
    Ok(())
}

pub(crate) fn find(tx: &Transaction, condition: &str, params: impl Params) -> Result<Option<SavedOp>> {
    let mut found = None;
    for_each(tx, condition, params, |op| {
        found = Some(op);
        Ok(false)
    })?;
    Ok(found)
}

/// Every op of a record, in the order of saving.
pub(crate) fn of_record(tx: &Transaction, record: RecordId) -> Result<Vec<SavedOp>> {
    let mut ops = Vec::new();
    for_each(tx, "WHERE op.record = ?1 ORDER BY op.k", [record.bytes()], |op| {
        ops.push(op);
        Ok(true)
    })?;
    Ok(ops)
}

impl SavedOp {
    /// Every value it carries, by field, decisions included.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.set.iter().chain(self.resolve.iter().map(|(field, decision)| (field, &decision.value)))
    }

    pub(crate) fn carries(&self, field: &str) -> bool {
        self.set.contains_key(field) || self.resolve.contains_key(field)
    }

    /// Carried and taken: a value saved earlier is not shown over it.
    pub(crate) fn took(&self, field: &str) -> bool {
        self.state.is_taken() && self.carries(field) && !self.refused_fields.contains(field)
    }

    /// As it goes over the wire under the number `n`.
    pub(crate) fn into_op(self, n: u64) -> Result<Op> {
        Ok(Op {
            n,
            record: self.record,
            kind: self.kind,
            area: sql::area(&self.area)?,
            base: self.base,
            set: self.set,
            resolve: self.resolve,
            hlc: self.hlc,
            reissue: self.reissue,
            stale: self.stale,
            receipt: self.was,
        })
    }
}

/// An op about to be saved.
pub(crate) struct NewOp<'o> {
    pub(crate) record: RecordId,
    pub(crate) kind: &'o Kind,
    pub(crate) creates: bool,
    pub(crate) area: &'o Area,
    pub(crate) base: Option<Base>,
    pub(crate) set: &'o Body,
    pub(crate) resolve: &'o BTreeMap<String, Resolution>,
}

/// Saves an op, not numbered yet, and gives its place in the order of saving.
pub(crate) fn insert(tx: &Transaction, op: &NewOp, now_ms: i64) -> Result<i64> {
    let hlc = meta::next_hlc(tx, now_ms)?;
    tx.prepare_cached("INSERT INTO op (record, kind, creates, state) VALUES (?1, ?2, ?3, 'new')")?.execute((
        op.record.bytes(),
        op.kind.name(),
        op.creates,
    ))?;
    let k = tx.last_insert_rowid();
    let resolve = if op.resolve.is_empty() { None } else { Some(sql::to_json(op.resolve)?) };
    tx.prepare_cached(
        r#"INSERT INTO op_body (k, area, base_epoch, base_version, hlc, "set", resolve)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#,
    )?
    .execute((
        k,
        op.area.as_str(),
        op.base.map(|base| sql::bits(base.epoch.0)),
        op.base.map(|base| sql::bits(base.version)),
        sql::bits(hlc.0),
        sql::to_json(op.set)?,
        resolve,
    ))?;
    Ok(k)
}

/// Whether anything of ours keeps the record on the phone: a draft, or an op without a final outcome.
pub(crate) fn keeps(tx: &Transaction, record: RecordId) -> Result<bool> {
    Ok(tx
        .prepare_cached(
            "SELECT 1 FROM op WHERE record = ?1 AND state IN ('new', 'sent', 'held')
             UNION ALL SELECT 1 FROM draft WHERE record = ?1 LIMIT 1",
        )?
        .exists([record.bytes()])?)
}

/// Whether the record has ops that can make it look different from its base.
pub(crate) fn overlays(tx: &Transaction, record: RecordId) -> Result<bool> {
    Ok(tx
        .prepare_cached("SELECT 1 FROM op WHERE record = ?1 AND state NOT IN ('done', 'discarded') LIMIT 1")?
        .exists([record.bytes()])?)
}
