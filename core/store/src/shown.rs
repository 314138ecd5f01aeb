//! What a record looks like on this phone: the base, then acked and patch together in the order of saving.

use crate::{
    area,
    error::{Result, StoreError},
    op::{self, OpState, SavedOp},
    sql,
    store::Store,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{Base, RecordId},
    nik::Nik,
    op::{Body, Conflict, Outcome},
    planted::{Planted, planted},
};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// How far the shown value of a field has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As last pulled.
    Pulled,
    /// Saved on this phone; no outcome yet.
    Waiting,
    /// The office looks at it.
    Held,
    /// The office has it.
    Received,
    /// Not taken, with a stable code.
    Refused(String),
}

/// A field as shown.
#[derive(Clone, PartialEq)]
pub struct ShownField {
    /// The value.
    pub value: Value,
    /// How far it has come.
    pub mark: Mark,
}

impl std::fmt::Debug for ShownField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the value is a person's
        f.debug_struct("ShownField").field("mark", &self.mark).finish_non_exhaustive()
    }
}

/// A record as shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownRecord {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Who looks after it.
    pub area: Area,
    /// The version last pulled: what a form opened now is based on. None while only this phone has it.
    pub base: Option<Base>,
    /// The surviving record, when this one was linked to it as a duplicate.
    pub alias_of: Option<RecordId>,
    /// It leaves the phone once nothing of ours waits for it.
    pub leaving: bool,
    /// Its fields.
    pub fields: BTreeMap<String, ShownField>,
    /// Open conflicts, by field.
    pub conflicts: BTreeMap<String, Conflict>,
}

impl ShownRecord {
    /// The values alone, as a form is opened with.
    pub fn body(&self) -> Body {
        self.fields.iter().map(|(name, field)| (name.clone(), field.value.clone())).collect()
    }

    /// A field's value.
    pub fn value(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).map(|field| &field.value)
    }

    /// A field's text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value(field)?.as_str()
    }

    /// Whether anything of it waits for an outcome.
    pub fn waits(&self) -> bool {
        self.fields.values().any(|field| field.mark == Mark::Waiting)
    }
}

pub(crate) fn mark(op: &SavedOp) -> Mark {
    match op.state {
        OpState::New | OpState::Sent => Mark::Waiting,
        OpState::Held => Mark::Held,
        OpState::Acked => Mark::Received,
        OpState::Refused => Mark::Refused(refusal(op.outcome.as_deref())),
        OpState::Done | OpState::Discarded => Mark::Pulled,
    }
}

/// The code of a refused op's outcome.
pub(crate) fn refusal(outcome: Option<&str>) -> String {
    outcome
        .and_then(|outcome| serde_json::from_str::<Outcome>(outcome).ok())
        .and_then(|outcome| outcome.code)
        .unwrap_or_else(|| "refused".to_owned())
}

/// The linked duplicates of a record.
pub(crate) fn aliases(tx: &Transaction, record: RecordId) -> Result<Vec<RecordId>> {
    let mut statement = tx.prepare_cached("SELECT id FROM record WHERE alias_of = ?1")?;
    let mut rows = statement.query([record.bytes()])?;
    let mut aliases = Vec::new();
    while let Some(row) = rows.next()? {
        aliases.push(sql::record(row, 0)?);
    }
    Ok(aliases)
}

/// Lays our ops, those of linked duplicates too, over the base.
fn overlay(fields: &mut BTreeMap<String, ShownField>, mut ops: Vec<SavedOp>) {
    ops.sort_by_key(|op| op.k);
    let mut last_taken: HashMap<(RecordId, &str), i64> = HashMap::new();
    for op in &ops {
        for (field, _) in op.values().filter(|(field, _)| op.took(field)) {
            last_taken.insert((op.record, field), op.k);
        }
    }
    for op in ops.iter().filter(|op| !matches!(op.state, OpState::Done | OpState::Discarded)) {
        for (field, value) in op.values() {
            let outdated = last_taken.get(&(op.record, field.as_str())).is_some_and(|k| *k > op.k);
            if !outdated && !op.refused_fields.contains(field) {
                fields.insert(field.clone(), ShownField { value: value.clone(), mark: mark(op) });
            }
        }
    }
}

/// What the table `record` says of one record.
pub(crate) struct BaseRow {
    pub(crate) rid: i64,
    pub(crate) kind: Kind,
    pub(crate) aid: i64,
    pub(crate) base: Option<Base>,
    pub(crate) leaving: bool,
    pub(crate) alias_of: Option<RecordId>,
    pub(crate) conflicts: Option<String>,
    pub(crate) body: Option<String>,
}

pub(crate) fn base_row(tx: &Transaction, id: RecordId) -> Result<Option<BaseRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT rid, kind, aid, epoch, version, leaving, alias_of, conflicts, body FROM record WHERE id = ?1",
    )?;
    let mut rows = statement.query([id.bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(BaseRow {
        rid: row.get(0)?,
        kind: Kind::from_name(&row.get::<_, String>(1)?),
        aid: row.get(2)?,
        base: sql::base(row, 3)?,
        leaving: row.get::<_, i64>(5)? != 0,
        alias_of: sql::record_or_none(row, 6)?,
        conflicts: row.get(7)?,
        body: row.get(8)?,
    }))
}

pub(crate) fn own_nik(tx: &Transaction, record: RecordId) -> Result<Option<Nik>> {
    let digits: Option<String> = tx
        .prepare_cached("SELECT nik FROM own_nik WHERE record = ?1")?
        .query_row([record.bytes()], |row| row.get(0))
        .optional()?;
    Ok(digits.and_then(|digits| Nik::parse(&digits).ok()))
}

/// The record as shown; none when the phone does not hold it.
pub(crate) fn shown(tx: &Transaction, id: RecordId) -> Result<Option<ShownRecord>> {
    let Some(row) = base_row(tx, id)? else { return Ok(None) };
    let mut fields: BTreeMap<String, ShownField> = BTreeMap::new();
    if let Some(body) = &row.body {
        let body: Body = sql::json(body)?;
        fields.extend(body.into_iter().map(|(name, value)| (name, ShownField { value, mark: Mark::Pulled })));
    }
    // typed here, so shown in full, as long as it is the one that stands
    if let Some(field) = fields.get_mut("nik") {
        let masked = field.value.get("masked").and_then(Value::as_str);
        let own = own_nik(tx, id)?.filter(|nik| Some(nik.masked().as_str()) == masked);
        if let Some(nik) = own {
            field.value = nik.expose().into();
        }
    }
    let mut ops = op::of_record(tx, id)?;
    for alias in aliases(tx, id)? {
        ops.extend(op::of_record(tx, alias)?);
    }
    overlay(&mut fields, ops);
    let mut base = row.base;
    if let Some(base) = base.as_mut().filter(|_| planted(Planted::BaseFromReceipt)) {
        let receipt =
            "SELECT coalesce(max(receipt_version), 0) FROM op WHERE receipt_record = ?1 AND receipt_epoch = ?2";
        let receipt: i64 = tx.query_row(receipt, (id.bytes(), sql::bits(base.epoch.0)), |row| row.get(0))?;
        base.version = base.version.max(sql::unbits(receipt));
    }
    Ok(Some(ShownRecord {
        id,
        kind: row.kind,
        area: area::path(tx, row.aid)?,
        base,
        alias_of: row.alias_of,
        leaving: row.leaving,
        fields,
        conflicts: row.conflicts.as_deref().map_or_else(|| Ok(BTreeMap::new()), sql::json)?,
    }))
}

impl Store {
    /// The record as this phone shows it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold it.
    pub fn shown(&self, record: RecordId) -> Result<ShownRecord> {
        self.read(|tx| shown(tx, record)?.ok_or(StoreError::NotFound))
    }

    /// The records of a kind that belong to another, as shown, oldest first.
    pub fn children(&self, parent: RecordId, kind: &Kind) -> Result<Vec<ShownRecord>> {
        self.read(|tx| children(tx, parent, kind))
    }
}

/// The fields of a record as shown; read from its base where nothing of ours can lie over it.
pub(crate) fn fields(tx: &Transaction, id: RecordId) -> Result<Option<Body>> {
    if !op::overlays(tx, id)?
        && aliases(tx, id)?.is_empty()
        && let Some(body) = base_row(tx, id)?.and_then(|row| row.body)
    {
        return sql::json(&body).map(Some);
    }
    Ok(shown(tx, id)?.map(|record| record.body()))
}

/// The records of a kind that the office shares with this phone, oldest first.
pub(crate) fn shared(tx: &Transaction, kind: &Kind) -> Result<Vec<ShownRecord>> {
    // the words of the index, so that it is used
    let mut statement = tx.prepare_cached(
        "SELECT id FROM record WHERE kind = ?1 AND kind NOT IN
         ('worker', 'enrollment', 'enrollment_event', 'visit', 'attachment', 'feedback', 'accident_report', 'death_report')
         ORDER BY id",
    )?;
    let mut rows = statement.query([kind.name()])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(sql::record(row, 0)?);
    }
    drop(rows);
    ids.into_iter().filter_map(|id| shown(tx, id).transpose()).collect()
}

pub(crate) fn children(tx: &Transaction, parent: RecordId, kind: &Kind) -> Result<Vec<ShownRecord>> {
    child_ids(tx, parent, kind)?.into_iter().filter_map(|id| shown(tx, id).transpose()).collect()
}

/// The records of a kind that belong to another or to a duplicate linked to it, oldest first.
pub(crate) fn child_ids(tx: &Transaction, parent: RecordId, kind: &Kind) -> Result<Vec<RecordId>> {
    let mut statement = tx.prepare_cached(
        "SELECT id FROM record WHERE parent = ?1 AND kind = ?2 UNION ALL
         SELECT c.id FROM record p JOIN record c ON c.parent = p.id WHERE p.alias_of = ?1 AND c.kind = ?2",
    )?;
    let mut rows = statement.query((parent.bytes(), kind.name()))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(sql::record(row, 0)?);
    }
    // ids are UUIDv7: their order is that of making
    ids.sort();
    Ok(ids)
}
