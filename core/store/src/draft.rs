//! Forms on their way: each field saved as it is left, and offered again after a kill with what it was opened with.

use crate::{
    error::{Result, StoreError},
    shown::{ShownRecord, shown},
    sql,
    store::Store,
};
use payung_domain::{
    field::Kind,
    id::{Base, RecordId},
    op::Body,
};
use rusqlite::{Row, Transaction};
use serde_json::Value;
use std::collections::BTreeMap;

/// A draft on this phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub i64);

/// A form on its way.
#[derive(Clone, PartialEq)]
pub struct Draft {
    /// Which one.
    pub id: DraftId,
    /// The record it edits; none for a new person.
    pub record: Option<RecordId>,
    /// Kind of the record it edits or will make.
    pub kind: Kind,
    /// The version the form was opened with, whatever has been pulled since.
    pub base: Option<Base>,
    /// What the form showed when it was opened.
    pub shown: Body,
    /// What was typed, by field (`birth.place`), wrong or not.
    pub fields: BTreeMap<String, Value>,
    /// When a field was last saved, milliseconds since 1970.
    pub touched_at: i64,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the values are a person's
        f.debug_struct("Draft").field("id", &self.id).field("fields", &self.fields.keys()).finish_non_exhaustive()
    }
}

const SELECT: &str = "SELECT id, record, kind, base_epoch, base_version, shown, touched_at FROM draft";

fn read(tx: &Transaction, row: &Row) -> Result<Draft> {
    let id: i64 = row.get(0)?;
    let mut fields = BTreeMap::new();
    let mut statement = tx.prepare_cached("SELECT name, value FROM draft_field WHERE draft = ?1")?;
    let mut rows = statement.query([id])?;
    while let Some(field) = rows.next()? {
        fields.insert(field.get(0)?, sql::json(&field.get::<_, String>(1)?)?);
    }
    Ok(Draft {
        id: DraftId(id),
        record: sql::record_or_none(row, 1)?,
        kind: Kind::from_name(&row.get::<_, String>(2)?),
        base: sql::base(row, 3)?,
        shown: sql::json(&row.get::<_, String>(5)?)?,
        fields,
        touched_at: row.get(6)?,
    })
}

pub(crate) fn select(tx: &Transaction, condition: &str, params: impl rusqlite::Params) -> Result<Vec<Draft>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} {condition}"))?;
    let mut rows = statement.query(params)?;
    let mut drafts = Vec::new();
    while let Some(row) = rows.next()? {
        drafts.push(read(tx, row)?);
    }
    Ok(drafts)
}

pub(crate) fn load(tx: &Transaction, id: DraftId) -> Result<Draft> {
    select(tx, "WHERE id = ?1", [id.0])?.pop().ok_or(StoreError::NotFound)
}

pub(crate) fn delete(tx: &Transaction, id: DraftId) -> Result<()> {
    let deleted = tx.prepare_cached("DELETE FROM draft WHERE id = ?1")?.execute([id.0])?;
    if deleted == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

impl Store {
    /// Opens a form: on a new person (`record` none), or on a record as it is shown now. A record has one draft: if
    /// there is one on its way, that one comes back with the base it was opened with. A linked duplicate's form is
    /// that of the surviving record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold the record.
    pub fn open_draft(&self, kind: &Kind, record: Option<RecordId>, now_ms: i64) -> Result<Draft> {
        self.write("draft", |tx, changed| {
            let mut opened = None;
            if let Some(id) = record {
                let mut seen = shown(tx, id)?.ok_or(StoreError::NotFound)?;
                if let Some(survivor) = seen.alias_of {
                    seen = shown(tx, survivor)?.ok_or(StoreError::NotFound)?;
                }
                if let Some(draft) = select(tx, "WHERE record = ?1", [seen.id.bytes()])?.pop() {
                    return Ok(draft);
                }
                opened = Some(seen);
            }
            changed.drafts = true;
            let base = opened.as_ref().and_then(|record| record.base);
            let body = opened.as_ref().map(ShownRecord::body).unwrap_or_default();
            tx.prepare_cached(
                "INSERT INTO draft (record, kind, base_epoch, base_version, shown, touched_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                opened.as_ref().map(|record| record.id.bytes()),
                opened.as_ref().map_or(kind, |record| &record.kind).name(),
                base.map(|base| sql::bits(base.epoch.0)),
                base.map(|base| sql::bits(base.version)),
                sql::to_json(&body)?,
                now_ms,
            ))?;
            load(tx, DraftId(tx.last_insert_rowid()))
        })
    }

    /// Saves one field of a form as typed; null takes it back.
    pub fn set_draft_field(&self, draft: DraftId, name: &str, value: &Value, now_ms: i64) -> Result<()> {
        self.set_draft_fields(draft, &[(name, value)], now_ms)
    }

    /// Saves several fields of a form at once: what a scan or the house before filled in.
    pub fn set_draft_fields(&self, draft: DraftId, fields: &[(&str, &Value)], now_ms: i64) -> Result<()> {
        self.write("draft", |tx, changed| {
            changed.drafts = true;
            let touched =
                tx.prepare_cached("UPDATE draft SET touched_at = ?2 WHERE id = ?1")?.execute((draft.0, now_ms))?;
            if touched == 0 {
                return Err(StoreError::NotFound);
            }
            for (name, value) in fields {
                if value.is_null() {
                    tx.prepare_cached("DELETE FROM draft_field WHERE draft = ?1 AND name = ?2")?
                        .execute((draft.0, name))?;
                } else {
                    tx.prepare_cached(
                        "INSERT INTO draft_field (draft, name, value) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET value = excluded.value",
                    )?
                    .execute((draft.0, name, sql::to_json(value)?))?;
                }
            }
            Ok(())
        })
    }

    /// The forms on their way, last touched first.
    pub fn drafts(&self) -> Result<Vec<Draft>> {
        self.read(|tx| select(tx, "ORDER BY touched_at DESC, id DESC", []))
    }

    /// One form.
    pub fn draft(&self, draft: DraftId) -> Result<Draft> {
        self.read(|tx| load(tx, draft))
    }

    /// Throws a form away.
    pub fn discard_draft(&self, draft: DraftId) -> Result<()> {
        self.write("draft", |tx, changed| {
            changed.drafts = true;
            delete(tx, draft)
        })
    }
}
