//! The rows that lists and searching need, kept equal to what is shown.

use crate::{
    error::Result,
    op,
    shown::{self, ShownRecord},
    sql,
};
use payung_domain::{
    enrollment::{EnrollmentState, EnrollmentStatus, counting},
    field::Kind,
    id::RecordId,
    nik::Nik,
    op::{Body, Put},
    text,
};
use rusqlite::{OptionalExtension, Transaction};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;

/// What a reply has put, by record.
pub(crate) type Puts<'p> = HashMap<RecordId, &'p Put>;

/// What of a worker's fields is searched.
struct WorkerRow<'b> {
    sort: String,
    name: &'b str,
    nik_head: Option<String>,
    nik_end: Option<String>,
    tag: Option<i64>,
    phone: Option<&'b str>,
    occupation: Option<&'b str>,
    occupation_second: Option<&'b str>,
    official: Option<&'b str>,
    ecosystem: Option<&'b str>,
    attendance: Option<&'b str>,
}

/// The tag of {masked, tag} as the number of its 16 hex digits.
pub(crate) fn tag_number(tag: &str) -> Option<i64> {
    u64::from_str_radix(tag, 16).ok().map(sql::bits)
}

fn worker_row<'b>(value: &impl Fn(&str) -> Option<&'b Value>) -> WorkerRow<'b> {
    let name = value("name").and_then(Value::as_str).unwrap_or_default();
    let (mut head, mut end, mut tag) = (None, None, None);
    match value("nik") {
        Some(Value::String(digits)) => {
            if let Ok(nik) = Nik::parse(digits) {
                head = nik.masked().get(..4).map(str::to_owned);
                end = Some(nik.last4().to_owned());
            }
        }
        Some(Value::Object(masked)) => {
            let text = masked.get("masked").and_then(Value::as_str).filter(|text| text.len() == 16);
            head = text.and_then(|text| text.get(..4)).map(str::to_owned);
            end = text.and_then(|text| text.get(12..)).map(str::to_owned);
            tag = masked.get("tag").and_then(Value::as_str).and_then(tag_number);
        }
        _ => {}
    }
    let occupation = |which: &str| value("occupations").and_then(|both| both.get(which)).and_then(Value::as_str);
    WorkerRow {
        sort: text::fold(name),
        name,
        nik_head: head,
        nik_end: end,
        tag,
        phone: value("phone").and_then(Value::as_str),
        occupation: occupation("first"),
        occupation_second: occupation("second"),
        official: value("official").and_then(Value::as_str),
        ecosystem: value("ecosystem").and_then(Value::as_str).filter(|code| !code.trim().is_empty()),
        attendance: value("attendance").and_then(Value::as_str),
    }
}

fn write_worker<'b>(tx: &Transaction, rid: i64, aid: i64, value: &impl Fn(&str) -> Option<&'b Value>) -> Result<bool> {
    let row = worker_row(value);
    let old: Option<String> =
        tx.prepare_cached("SELECT sort FROM worker WHERE rid = ?1")?.query_row([rid], |row| row.get(0)).optional()?;
    let fresh = old.is_none();
    // an upsert would keep a journal of its own for each row
    let write = if fresh {
        "INSERT INTO worker (rid, aid, sort, name, nik_head, nik_end, tag, phone, occupation, occupation_second, official,
         ecosystem, attendance) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    } else {
        "UPDATE worker SET aid = ?2, sort = ?3, name = ?4, nik_head = ?5, nik_end = ?6, tag = ?7, phone = ?8,
         occupation = ?9, occupation_second = ?10, official = ?11, ecosystem = ?12, attendance = ?13 WHERE rid = ?1"
    };
    tx.prepare_cached(write)?.execute((
        rid,
        aid,
        &row.sort,
        row.name,
        row.nik_head,
        row.nik_end,
        row.tag,
        row.phone,
        row.occupation,
        row.occupation_second,
        row.official,
        row.ecosystem,
        row.attendance,
    ))?;
    if old.as_deref() != Some(row.sort.as_str()) {
        if let Some(old) = old {
            remove_words(tx, rid, &old)?;
        }
        let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO name_word (word, rid) VALUES (?1, ?2)")?;
        for word in row.sort.split(' ').filter(|word| !word.is_empty()) {
            insert.execute((word, rid))?;
        }
    }
    Ok(fresh)
}

fn remove_words(tx: &Transaction, rid: i64, sort: &str) -> Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM name_word WHERE word = ?1 AND rid = ?2")?;
    for word in sort.split(' ').filter(|word| !word.is_empty()) {
        delete.execute((word, rid))?;
    }
    Ok(())
}

/// Takes a worker out of the lists.
pub(crate) fn remove_worker(tx: &Transaction, rid: i64) -> Result<()> {
    let sort: Option<String> = tx
        .prepare_cached("DELETE FROM worker WHERE rid = ?1 RETURNING sort")?
        .query_row([rid], |row| row.get(0))
        .optional()?;
    sort.map_or(Ok(()), |sort| remove_words(tx, rid, &sort))
}

/// A worker as pulled, over whom nothing of ours lies: its row comes straight from the body. True when it had none.
pub(crate) fn worker_as_pulled(tx: &Transaction, rid: i64, aid: i64, body: &Body) -> Result<bool> {
    write_worker(tx, rid, aid, &|field| body.get(field))
}

/// A record that looks different now.
pub(crate) fn refresh(tx: &Transaction, id: RecordId) -> Result<()> {
    let Some(record) = shown::shown(tx, id)? else { return Ok(()) };
    match record.kind {
        Kind::Worker => refresh_worker(tx, &record),
        Kind::Enrollment => match record.text("worker").and_then(|worker| worker.parse().ok()) {
            Some(worker) => refresh_standing(tx, worker, &Puts::new()),
            None => Ok(()),
        },
        Kind::Village => refresh_village(tx, &record),
        _ => Ok(()),
    }
}

fn refresh_worker(tx: &Transaction, record: &ShownRecord) -> Result<()> {
    let Some(row) = shown::base_row(tx, record.id)? else { return Ok(()) };
    if let Some(survivor) = record.alias_of {
        remove_worker(tx, row.rid)?;
        // there are no chains; one made by mistake is not followed
        let survivor = shown::shown(tx, survivor)?.filter(|survivor| survivor.alias_of.is_none());
        return survivor.map_or(Ok(()), |survivor| refresh_worker(tx, &survivor));
    }
    if write_worker(tx, row.rid, row.aid, &|field| record.value(field))? {
        refresh_standing(tx, record.id, &Puts::new())?;
    }
    Ok(())
}

/// The key with which the village's NIK tags are made, as 64 hex digits.
pub(crate) fn refresh_village(tx: &Transaction, record: &ShownRecord) -> Result<()> {
    let mut key = [0_u8; 32];
    let told = record.text("tag_key").is_some_and(|text| hex::decode_to_slice(text, &mut key).is_ok());
    if let Some(row) = shown::base_row(tx, record.id)?.filter(|_| told) {
        tx.prepare_cached("INSERT OR REPLACE INTO village (rid, tag_key) VALUES (?1, ?2)")?.execute((row.rid, key))?;
    }
    Ok(())
}

/// The server-owned fields of an enrolment. Unreadable ones (of a newer server) count as absent.
pub(crate) fn enrollment_state(enrollment: &ShownRecord) -> EnrollmentState {
    let mut state = state_of(&|field| enrollment.value(field));
    // taken, but not pulled yet: the office has it
    if state.status.is_none() && is_received(enrollment) {
        state.status = Some(EnrollmentStatus::Received);
    }
    state
}

/// The server-owned fields of an enrolment whose fields are these.
pub(crate) fn state_of_body(body: &Body) -> EnrollmentState {
    state_of(&|field| body.get(field))
}

fn state_of<'b>(value: &impl Fn(&str) -> Option<&'b Value>) -> EnrollmentState {
    fn read<T: DeserializeOwned>(value: Option<&Value>) -> Option<T> {
        value.filter(|value| !value.is_null()).and_then(|value| T::deserialize(value).ok())
    }
    EnrollmentState {
        status: read(value("status")),
        returned: read(value("returned")),
        payment_code: read(value("payment_code")),
        covered: read(value("covered")),
        export_id: read(value("export_id")),
        kpj: None,
        flags: read(value("flags")).unwrap_or_default(),
    }
}

/// Whether the server has taken the op that made the record, and the record has not been pulled yet.
fn is_received(enrollment: &ShownRecord) -> bool {
    enrollment.base.is_none()
        && enrollment.fields.get("worker").is_some_and(|field| field.mark == shown::Mark::Received)
}

/// The enrolment that counts: the newest that is not closed, else the newest. What this reply has put and nothing of
/// ours lies over is read from `puts`.
fn standing(tx: &Transaction, worker: RecordId, puts: &Puts) -> Result<Option<(RecordId, EnrollmentState)>> {
    let mut states = Vec::new();
    for id in shown::child_ids(tx, worker, &Kind::Enrollment)? {
        let state = match puts.get(&id) {
            Some(put) if !op::overlays(tx, id)? => state_of_body(&put.body),
            _ => match shown::shown(tx, id)? {
                Some(enrollment) => enrollment_state(&enrollment),
                None => continue,
            },
        };
        states.push((id, state));
    }
    Ok(counting(states.iter().map(|(_, state)| state)).map(|at| states.swap_remove(at)))
}

/// The state of the enrolment that counts; none without one.
pub(crate) fn standing_state(tx: &Transaction, worker: RecordId) -> Result<Option<EnrollmentState>> {
    Ok(standing(tx, worker, &Puts::new())?.map(|(_, state)| state))
}

/// The state of the worker's enrolments, for filters.
pub(crate) fn refresh_standing(tx: &Transaction, worker: RecordId, puts: &Puts) -> Result<()> {
    let worker = survivor(tx, worker)?;
    let counts = standing(tx, worker, puts)?;
    let state = counts.as_ref().map(|(_, state)| state);
    let covered = state.and_then(|state| state.covered);
    tx.prepare_cached(
        "UPDATE worker SET enrollment = ?2, status = ?3, covered_from = ?4, covered_until = ?5
         WHERE rid = (SELECT rid FROM record WHERE id = ?1)",
    )?
    .execute((
        worker.bytes(),
        counts.as_ref().map(|(enrollment, _)| enrollment.bytes()),
        state.map(|state| state.status.as_ref().map_or("", |status| status.as_str())),
        covered.map(|covered| covered.from.to_string()),
        covered.map(|covered| covered.until.to_string()),
    ))?;
    Ok(())
}

/// The office has taken the op that made this enrolment, which was not pulled yet: its worker's row says so, as
/// [`refresh_standing`] would write it. False where the row has to be made by that: another enrolment counts, or the
/// worker is linked to another.
pub(crate) fn enrollment_received(tx: &Transaction, enrollment: RecordId) -> Result<bool> {
    let written = tx
        .prepare_cached(
            "UPDATE worker SET status = ?2 WHERE rid = (SELECT w.rid FROM record e JOIN record w ON w.id = e.parent
             WHERE e.id = ?1 AND e.epoch IS NULL) AND enrollment = ?1 AND status = ''",
        )?
        .execute((enrollment.bytes(), EnrollmentStatus::Received.as_str()))?;
    Ok(written == 1)
}

/// The record itself, or the one it is linked to.
pub(crate) fn survivor(tx: &Transaction, id: RecordId) -> Result<RecordId> {
    let mut statement = tx.prepare_cached("SELECT alias_of FROM record WHERE id = ?1")?;
    let mut rows = statement.query([id.bytes()])?;
    let alias_of = rows.next()?.map(|row| sql::record_or_none(row, 0)).transpose()?.flatten();
    Ok(alias_of.unwrap_or(id))
}
