//! The acts: registering, editing, adding a fact, deciding a conflict. One transaction each.

use crate::{
    area,
    draft::{self, Draft, DraftId},
    error::{Result, StoreError},
    index, list, meta,
    op::{self, NewOp, OpState},
    shown, sql,
    store::Store,
};
use chrono::SecondsFormat;
use payung_domain::{
    area::Area,
    contribution::Quote,
    field::{Class, FieldError, FieldType, Kind},
    id::{Base, OpId, RecordId},
    nik::Nik,
    only,
    op::{Body, Resolution},
    planted::{Planted, planted},
    tag::nik_tag,
    text,
    worker::{CaptureContext, WorkerDraft},
};
use rusqlite::Transaction;
use serde_json::Value;
use std::collections::BTreeMap;

/// The ids of what a registration makes, fresh UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewIds {
    /// The worker.
    pub worker: RecordId,
    /// The enrolment.
    pub enrollment: RecordId,
    /// The event that submits it.
    pub event: RecordId,
}

/// What a registration saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The records made.
    pub ids: NewIds,
    /// The sum to be paid.
    pub quote: Quote,
    /// Codes of what the official should look at.
    pub warnings: Vec<String>,
}

/// An edit as its form saw it.
#[derive(Clone, PartialEq)]
pub struct Edit {
    /// The record.
    pub record: RecordId,
    /// The version the form was opened with.
    pub base: Option<Base>,
    /// What it showed then.
    pub shown: Body,
    /// What it holds now; fields not named are as they were.
    pub fields: Body,
}

/// A decision on an open conflict.
#[derive(Clone, PartialEq)]
pub struct Decision {
    /// The record.
    pub record: RecordId,
    /// The field in conflict.
    pub field: String,
    /// The value decided on.
    pub value: Value,
    /// The candidates that were before the person.
    pub seen: Vec<OpId>,
    /// The version of the record they were shown with.
    pub base: Option<Base>,
    /// The document looked at: `ktp`, `kk`, `akta`.
    pub document: Option<String>,
}

macro_rules! no_values_in_debug {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("record", &self.record).finish_non_exhaustive()
            }
        }
    };
}
no_values_in_debug!(Edit);
no_values_in_debug!(Decision);

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Nothing differed from what the form had shown.
    Unchanged,
    /// A new op.
    Op,
    /// It went into an op of the same base that was not numbered yet.
    Absorbed,
}

/// A value as it is kept: names in capitals, phones as +62…, a NIK as its digits.
fn as_written(kind: &Kind, field: &str, value: &Value) -> Value {
    match (kind.field(field).map(|spec| spec.ty), value) {
        (Some(FieldType::Name), Value::String(typed)) => text::normalise_name(typed).into(),
        (Some(FieldType::Phone), Value::String(typed)) => {
            text::normalise_phone(typed).map_or_else(|_| value.clone(), Value::from)
        }
        (Some(FieldType::Nik), Value::String(typed)) => {
            Nik::parse(typed).map_or_else(|_| value.clone(), |nik| nik.expose().into())
        }
        _ => value.clone(),
    }
}

/// Whether a form's value is what it had shown. Typing the 16 digits that a {masked, tag} stands for changes nothing.
fn unchanged(tx: &Transaction, shown: Option<&Value>, value: &Value) -> Result<bool> {
    let shown = shown.unwrap_or(&Value::Null);
    if shown == value {
        return Ok(true);
    }
    let (Some(tag), Some(nik)) = (shown.get("tag").and_then(Value::as_str), value.as_str()) else { return Ok(false) };
    let Ok(nik) = Nik::parse(nik) else { return Ok(false) };
    Ok(list::tag_keys(tx)?.iter().any(|key| nik_tag(key, &nik) == tag))
}

fn check(kind: &Kind, field: &str, value: &Value) -> Result<(), FieldError> {
    match kind.class(field) {
        Class::A => Err(FieldError::new(field, "field_owner")),
        Class::Fixed => Err(FieldError::new(field, "field_fixed")),
        Class::B | Class::C => kind.validate(field, value),
    }
}

pub(crate) fn insert_record(
    tx: &Transaction,
    id: RecordId,
    kind: &Kind,
    area: &Area,
    parent: Option<RecordId>,
) -> Result<()> {
    let aid = area::number(tx, area)?;
    tx.prepare_cached("INSERT INTO record (id, kind, aid, parent) VALUES (?1, ?2, ?3, ?4)")?.execute((
        id.bytes(),
        kind.name(),
        aid,
        parent.map(|parent| parent.bytes()),
    ))?;
    Ok(())
}

fn keep_nik(tx: &Transaction, record: RecordId, value: Option<&Value>) -> Result<()> {
    let Some(nik) = value.and_then(Value::as_str).and_then(|digits| Nik::parse(digits).ok()) else { return Ok(()) };
    tx.prepare_cached("INSERT OR REPLACE INTO own_nik (record, nik) VALUES (?1, ?2)")?
        .execute((record.bytes(), nik.expose()))?;
    Ok(())
}

fn create(tx: &Transaction, id: RecordId, kind: &Kind, area: &Area, body: &Body, now_ms: i64) -> Result<()> {
    if meta::device(tx)?.is_none() {
        return Err(StoreError::NotJoined);
    }
    only::may_make(meta::only(tx)?.as_ref(), kind, body).map_err(StoreError::NotAllowed)?;
    insert_record(tx, id, kind, area, kind.parent(body))?;
    if *kind == Kind::Worker {
        keep_nik(tx, id, body.get("nik"))?;
    }
    let op = NewOp { record: id, kind, creates: true, area, base: None, set: body, resolve: &BTreeMap::new() };
    op::insert(tx, &op, now_ms)?;
    index::refresh(tx, id)
}

/// Whether a fact has all its fields, and they are right.
pub(crate) fn check_fact(kind: &Kind, body: &Body) -> Result<()> {
    let wrong = body.iter().filter_map(|(field, value)| kind.validate(field, value).err());
    let missing = kind.missing(body).into_iter().map(|field| FieldError::new(field, "required"));
    let errors: Vec<FieldError> = wrong.chain(missing).collect();
    if errors.is_empty() { Ok(()) } else { Err(StoreError::InvalidDraft(errors)) }
}

/// Makes a fact in its parent's area, else in `area`.
pub(crate) fn create_fact(
    tx: &Transaction,
    id: RecordId,
    kind: &Kind,
    body: &Body,
    area: &Area,
    now_ms: i64,
) -> Result<()> {
    let parent = kind.parent(body).map(|parent| shown::base_row(tx, parent)).transpose()?.flatten();
    if parent.as_ref().is_some_and(|parent| !kind.may_belong_to(&parent.kind)) {
        let field = kind.table().and_then(|table| table.parent).unwrap_or_default();
        return Err(StoreError::InvalidDraft(vec![FieldError::new(field, "parent_invalid")]));
    }
    let area = parent.map_or_else(|| Ok(area.clone()), |parent| area::path(tx, parent.aid))?;
    create(tx, id, kind, &area, body, now_ms)
}

fn edit(tx: &Transaction, edit: &Edit, now_ms: i64) -> Result<Saved> {
    let row = shown::base_row(tx, edit.record)?.ok_or(StoreError::NotFound)?;
    let mut set = Body::new();
    let mut errors = Vec::new();
    for (field, value) in &edit.fields {
        let value = as_written(&row.kind, field, value);
        if unchanged(tx, edit.shown.get(field), &value)? {
            continue;
        }
        match check(&row.kind, field, &value) {
            Ok(()) => drop(set.insert(field.clone(), value)),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(StoreError::InvalidDraft(errors));
    }
    if set.is_empty() {
        return Ok(Saved::Unchanged);
    }
    only::may_change(meta::only(tx)?.as_ref(), &row.kind, false).map_err(StoreError::NotAllowed)?;
    if row.kind == Kind::Worker {
        keep_nik(tx, edit.record, set.get("nik"))?;
    }
    let last = op::find(tx, "WHERE op.record = ?1 ORDER BY op.k DESC LIMIT 1", [edit.record.bytes()])?;
    let is_open = |state| state == OpState::New || planted(Planted::AbsorbedIntoSealed) && state == OpState::Sent;
    let saved = match last {
        Some(last) if is_open(last.state) && last.resolve.is_empty() && last.base == edit.base => {
            if planted(Planted::AbsorbedIntoSealed) {
                tx.execute("DROP TRIGGER IF EXISTS op_body_immutable", [])?;
            }
            let mut all = last.set;
            all.extend(set);
            let hlc = meta::next_hlc(tx, now_ms)?;
            tx.prepare_cached(r#"UPDATE op_body SET "set" = ?2, hlc = ?3 WHERE k = ?1"#)?.execute((
                last.k,
                sql::to_json(&all)?,
                sql::bits(hlc.0),
            ))?;
            Saved::Absorbed
        }
        _ => {
            let op = NewOp {
                record: edit.record,
                kind: &row.kind,
                creates: false,
                area: &area::path(tx, row.aid)?,
                base: edit.base,
                set: &set,
                resolve: &BTreeMap::new(),
            };
            op::insert(tx, &op, now_ms)?;
            Saved::Op
        }
    };
    index::refresh(tx, edit.record)?;
    Ok(saved)
}

/// The whole fields a form on an existing record holds: `home.line` is laid over the home it was opened with.
fn whole_fields(draft: &Draft) -> Body {
    let mut fields = Body::new();
    for (name, value) in &draft.fields {
        if draft.kind.field(name).is_some() {
            fields.insert(name.clone(), value.clone());
            continue;
        }
        let Some((field, part)) = name.split_once('.').filter(|(field, _)| draft.kind.field(field).is_some()) else {
            continue;
        };
        let opened = || draft.shown.get(field).filter(|value| value.is_object()).cloned();
        let whole = fields
            .entry(field.to_owned())
            .or_insert_with(|| opened().unwrap_or_else(|| Value::Object(serde_json::Map::new())));
        if let Some(whole) = whole.as_object_mut() {
            whole.insert(part.to_owned(), value.clone());
        }
    }
    fields
}

impl Store {
    /// Registers the person of a draft: worker, enrolment and its submission, the draft gone, all at once.
    ///
    /// # Errors
    /// [`StoreError::InvalidDraft`] names every wrong field; the draft stays. [`StoreError::NotJoined`] before joining.
    pub fn register_worker(&self, draft: DraftId, context: &CaptureContext, ids: NewIds) -> Result<Registered> {
        self.write("register", |tx, changed| {
            let form = WorkerDraft { fields: draft::load(tx, draft)?.fields };
            let typed = form.fields.get("nik").and_then(Value::as_str).and_then(|typed| Nik::parse(typed).ok());
            let known = typed.map(|nik| list::with_nik(tx, &nik)).transpose()?.is_some_and(|found| !found.is_empty());
            let context = CaptureContext { nik_on_this_phone: known || context.nik_on_this_phone, ..*context };
            let registration = form.validate(&context).map_err(StoreError::InvalidDraft)?;
            let now_ms = context.now.timestamp_millis();
            let mut enrollment = registration.enrollment;
            enrollment.insert("worker".to_owned(), ids.worker.to_string().into());
            let event = Body::from([
                ("enrollment".to_owned(), ids.enrollment.to_string().into()),
                ("event".to_owned(), "submit".into()),
                ("at".to_owned(), context.now.to_rfc3339_opts(SecondsFormat::Secs, true).into()),
            ]);
            create(tx, ids.worker, &Kind::Worker, context.area, &registration.worker, now_ms)?;
            create(tx, ids.enrollment, &Kind::Enrollment, context.area, &enrollment, now_ms)?;
            create(tx, ids.event, &Kind::EnrollmentEvent, context.area, &event, now_ms)?;
            draft::delete(tx, draft)?;
            (changed.records, changed.outbox, changed.drafts) = (true, true, true);
            let warnings = registration.warnings.into_iter().map(str::to_owned).collect();
            Ok(Registered { ids, quote: registration.quote, warnings })
        })
    }

    /// Saves an edit: the fields that differ from what the form had shown, on the base it was opened with.
    ///
    /// # Errors
    /// [`StoreError::InvalidDraft`] for wrong values and fields an official may not write.
    pub fn save_edit(&self, opened: &Edit, now_ms: i64) -> Result<Saved> {
        self.write("edit", |tx, changed| {
            let saved = edit(tx, opened, now_ms)?;
            changed.records = saved != Saved::Unchanged;
            changed.outbox = changed.records;
            Ok(saved)
        })
    }

    /// Saves the draft of an existing record like [`Store::save_edit`]; the draft is gone with it.
    pub fn save_draft(&self, draft: DraftId, now_ms: i64) -> Result<Saved> {
        self.write("edit", |tx, changed| {
            let form = draft::load(tx, draft)?;
            let record = form.record.ok_or(StoreError::NotFound)?;
            let fields = whole_fields(&form);
            let saved = edit(tx, &Edit { record, base: form.base, shown: form.shown, fields }, now_ms)?;
            draft::delete(tx, draft)?;
            (changed.records, changed.outbox, changed.drafts) = (true, true, true);
            Ok(saved)
        })
    }

    /// Adds a fact: a visit, or an event of an enrolment. It belongs to its parent's area, else to `area`.
    ///
    /// # Errors
    /// [`StoreError::InvalidDraft`] when a field is wrong or missing; [`StoreError::NotFound`] when `kind` is no fact.
    pub fn add_fact(&self, kind: &Kind, id: RecordId, body: &Body, area: &Area, now_ms: i64) -> Result<()> {
        if !kind.is_fact() {
            return Err(StoreError::NotFound);
        }
        check_fact(kind, body)?;
        self.write("fact", |tx, changed| {
            (changed.records, changed.outbox) = (true, true);
            create_fact(tx, id, kind, body, area, now_ms)
        })
    }

    /// Saves a decision on a conflict. Own ops on the field that have a number count as seen.
    ///
    /// # Errors
    /// [`StoreError::InvalidDraft`] when the value is wrong; a masked NIK is.
    pub fn resolve(&self, decision: &Decision, now_ms: i64) -> Result<()> {
        self.write("resolve", |tx, changed| {
            if meta::device(tx)?.is_none() {
                return Err(StoreError::NotJoined);
            }
            let row = shown::base_row(tx, decision.record)?.ok_or(StoreError::NotFound)?;
            only::may_change(meta::only(tx)?.as_ref(), &row.kind, true).map_err(StoreError::NotAllowed)?;
            let value = as_written(&row.kind, &decision.field, &decision.value);
            check(&row.kind, &decision.field, &value).map_err(|error| StoreError::InvalidDraft(vec![error]))?;
            let mut seen = decision.seen.clone();
            for own in op::of_record(tx, decision.record)? {
                if let (Some(device), Some(n), true) = (own.device, own.n, own.carries(&decision.field)) {
                    seen.push(OpId { device, n });
                }
            }
            seen.sort();
            seen.dedup();
            if row.kind == Kind::Worker && decision.field == "nik" {
                keep_nik(tx, decision.record, Some(&value))?;
            }
            let resolution = Resolution { value, seen, document: decision.document.clone() };
            let op = NewOp {
                record: decision.record,
                kind: &row.kind,
                creates: false,
                area: &area::path(tx, row.aid)?,
                base: decision.base,
                set: &Body::new(),
                resolve: &BTreeMap::from([(decision.field.clone(), resolution)]),
            };
            op::insert(tx, &op, now_ms)?;
            (changed.records, changed.outbox) = (true, true);
            index::refresh(tx, decision.record)
        })
    }
}
