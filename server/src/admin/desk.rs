//! What a person must decide: conflicts, duplicates, held ops.

use super::{
    AdminError, Desk,
    show::{Answer, instant, value},
};
use crate::{
    service::operator::{Act, ConflictItem, HeldItem},
    storage::{Duplicate, DuplicateState, Scope},
};
use payung_domain::{
    id::{DeviceId, OfficialId, OpId, RecordId},
    nik::Nik,
    op::{Candidate, OpHash},
    record::Record,
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// How many are loaded at a time.
pub(super) const PAGE: usize = 1000;

/// Conflicts.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ConflictCommand {
    /// Every open conflict with its candidates (the default)
    List,
    /// Decide one
    Resolve {
        /// The record
        record: RecordId,
        /// The field
        field: String,
        /// Take the candidate of this number in the list
        #[arg(long, value_name = "N", required_unless_present = "value", conflicts_with = "value")]
        take: Option<usize>,
        /// Take this value instead: text, or JSON for a field of several parts
        #[arg(long)]
        value: Option<String>,
        /// The document seen: ktp, kk, akta
        #[arg(long)]
        document: Option<String>,
    },
}

/// Duplicates.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum DuplicateCommand {
    /// Pairs under review (the default)
    List {
        /// Linked pairs and those kept apart as well
        #[arg(long)]
        all: bool,
    },
    /// They are one person: A becomes an alias of B
    Link {
        /// The record that goes
        a: RecordId,
        /// The record that stays
        b: RecordId,
    },
    /// They were two persons after all
    Unlink {
        /// The alias
        a: RecordId,
    },
    /// They are two persons
    Keep {
        /// One
        a: RecordId,
        /// The other
        b: RecordId,
    },
}

/// Held ops.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum HeldCommand {
    /// Every held op, oldest first (the default)
    List,
    /// Let one through
    Release {
        /// The phone that sent it
        device: DeviceId,
        /// Its number there
        n: u64,
        /// Its hash, where copies of the phone used the number for several
        #[arg(long, value_parser = hash)]
        hash: Option<OpHash>,
    },
    /// Turn one down; the official is told why
    Refuse {
        /// The phone that sent it
        device: DeviceId,
        /// Its number there
        n: u64,
        /// Why: a short code, e.g. not_yours
        #[arg(long)]
        code: String,
        /// Its hash, where copies of the phone used the number for several
        #[arg(long, value_parser = hash)]
        hash: Option<OpHash>,
    },
}

fn hash(text: &str) -> Result<OpHash, String> {
    let mut hash = [0; 8];
    hex::decode_to_slice(text, &mut hash).map_err(|_| "16 hex digits, as `payung admin held` shows them".to_owned())?;
    Ok(OpHash(hash))
}

/// The names of officials, for showing who wrote what.
pub(super) fn names(desk: &Desk) -> Result<HashMap<OfficialId, String>, AdminError> {
    Ok(desk.service.officials()?.into_iter().map(|official| (official.id, official.name)).collect())
}

fn all_conflicts(desk: &Desk, who: OfficialId, scope: &Scope) -> Result<Vec<ConflictItem>, AdminError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = desk.service.open_conflicts(who, scope, after, PAGE, desk.now)?;
        let Some(last) = page.last().map(|item| item.record.id) else { return Ok(all) };
        after = Some(last);
        all.extend(page);
    }
}

pub(super) fn conflicts(desk: &Desk, command: Option<&ConflictCommand>) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let Some(ConflictCommand::Resolve { record, field, take, value, document }) = command else {
        let names = names(desk)?;
        let name =
            |candidate: &Candidate| names.get(&candidate.who).cloned().unwrap_or_else(|| candidate.who.to_string());
        let items = all_conflicts(desk, who, &scope)?;
        let json: Vec<Value> = items.iter().map(|item| conflict_json(item, name)).collect();
        let mut rows = Vec::new();
        for item in &items {
            for (at, candidate) in (1..).zip(&item.conflict.candidates) {
                let stands = if candidate.value == item.value { "stands" } else { "" };
                let first = |text: String| if at == 1 { text } else { String::new() };
                rows.push(vec![
                    first(item.record.id.to_string()),
                    first(item.field.clone()),
                    at.to_string(),
                    name(candidate),
                    instant(candidate.when.millis()),
                    stands.to_owned(),
                    super::show::value(&candidate.value),
                ]);
            }
        }
        let headers = ["Record", "Field", "No", "Who", "When", "", "Value"];
        return Ok(Answer::table(json.into(), &headers, &rows, "No open conflicts."));
    };
    let open = desk.service.record(who, *record, &scope, desk.now)?;
    let Some(conflict) = open.conflicts.get(field) else {
        return Err(AdminError::Usage(format!(
            "{record} has no open conflict on `{field}`: see `payung admin conflicts`"
        )));
    };
    let decided = match (take, value) {
        (Some(number), _) => {
            let candidate = number.checked_sub(1).and_then(|at| conflict.candidates.get(at));
            candidate.map(|candidate| candidate.value.clone()).ok_or_else(|| {
                AdminError::Usage(format!(
                    "`{field}` has candidates 1 to {}: see `payung admin conflicts`",
                    conflict.candidates.len()
                ))
            })?
        }
        // a NIK is text although it looks like a number
        (None, Some(text)) => match serde_json::from_str(text) {
            Ok(json @ (Value::Object(_) | Value::Array(_))) => json,
            _ => Value::from(text.as_str()),
        },
        (None, None) => return Err(AdminError::Usage("name a candidate (--take N) or a value (--value V)".to_owned())),
    };
    let seen: Vec<OpId> = conflict.candidates.iter().map(|candidate| candidate.op).collect();
    let act = Act::Resolve { record: *record, field: field.clone(), value: decided, seen, document: document.clone() };
    desk.service.act(who, act, desk.now)?;
    let json = json!({ "record": record, "field": field, "resolved": true });
    Ok(Answer::says(json, format!("`{field}` of {record} is settled.")))
}

fn conflict_json(item: &ConflictItem, name: impl Fn(&Candidate) -> String) -> Value {
    let candidate = |candidate: &Candidate| {
        json!({
            "device": candidate.op.device, "n": candidate.op.n, "who": candidate.who, "name": name(candidate),
            "when": instant(candidate.when.millis()), "value": candidate.value, "stands": candidate.value == item.value,
        })
    };
    json!({
        "record": item.record.id, "kind": item.record.kind, "area": item.record.area, "field": item.field,
        "value": item.value, "correction": item.conflict.correction,
        "candidates": item.conflict.candidates.iter().map(candidate).collect::<Vec<_>>(),
    })
}

/// `3302********9001`
pub(super) fn masked(worker: &Record) -> String {
    worker.text("nik").and_then(|nik| Nik::parse(nik).ok()).map_or_else(String::new, |nik| nik.masked())
}

pub(super) fn duplicates(desk: &Desk, command: Option<&DuplicateCommand>) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let done = |pair: [RecordId; 2], state: &str, text: String| {
        Ok(Answer::says(json!({ "later": pair[0], "earlier": pair[1], "state": state }), text))
    };
    match command {
        Some(DuplicateCommand::Link { a, b }) => {
            desk.service.act(who, Act::Link { later: *a, earlier: *b }, desk.now)?;
            done([*a, *b], "linked", format!("{a} is {b} from now on. Back again: payung admin duplicates unlink {a}"))
        }
        Some(DuplicateCommand::Unlink { a }) => {
            let record = desk.service.record(who, *a, &desk.scope(who)?, desk.now)?;
            let Some(alias) = record.alias else {
                return Err(AdminError::Refused { what: a.to_string(), code: "not_linked".to_owned() });
            };
            desk.service.act(who, Act::Unlink { later: *a, earlier: alias.survivor }, desk.now)?;
            done([*a, alias.survivor], "apart", format!("{a} and {} are two persons again.", alias.survivor))
        }
        Some(DuplicateCommand::Keep { a, b }) => {
            desk.service.act(who, Act::KeepApart { later: *a, earlier: *b }, desk.now)?;
            done([*a, *b], "apart", format!("{a} and {b} stay two persons."))
        }
        list => list_duplicates(desk, who, matches!(list, Some(DuplicateCommand::List { all: true }))),
    }
}

fn list_duplicates(desk: &Desk, who: OfficialId, all: bool) -> Result<Answer, AdminError> {
    let state = (!all).then_some(DuplicateState::Review);
    let mut pairs = desk.service.duplicates(who, state, desk.now)?;
    let scope = desk.scope(who)?;
    let ids: Vec<RecordId> = pairs.iter().flat_map(|pair| [pair.later, pair.earlier]).collect();
    let records = desk.service.storage().read()?.records(&ids, &scope)?;
    let records: HashMap<RecordId, Record> = records.into_iter().map(|kept| (kept.record.id, kept.record)).collect();
    pairs.retain(|pair| records.contains_key(&pair.later) && records.contains_key(&pair.earlier));
    let person = |id: RecordId| {
        let record = records.get(&id);
        json!({
            "record": id, "name": record.and_then(|record| record.text("name")), "nik": record.map(masked),
            "area": record.map(|record| &record.area),
        })
    };
    let json = |pair: &Duplicate| {
        json!({
            "later": person(pair.later), "earlier": person(pair.earlier), "state": pair.state.as_str(),
            "opened_at": instant(pair.opened_at), "decided_at": pair.decided_at.map(instant),
        })
    };
    let mut rows = Vec::new();
    for pair in &pairs {
        for (id, first) in [(pair.later, true), (pair.earlier, false)] {
            let Some(record) = records.get(&id) else { continue };
            rows.push(vec![
                if first { pair.state.as_str().to_owned() } else { String::new() },
                id.to_string(),
                record.text("name").unwrap_or_default().to_owned(),
                masked(record),
                record.area.to_string(),
                value(record.value("birth")),
            ]);
        }
    }
    let json: Vec<Value> = pairs.iter().map(json).collect();
    let headers = ["State", "Record", "Name", "NIK", "Area", "Birth"];
    Ok(Answer::table(json.into(), &headers, &rows, "Nothing to decide."))
}

pub(super) fn held(desk: &Desk, command: Option<&HeldCommand>) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let mut items = desk.service.held_ops(who, desk.now)?;
    let scope = desk.scope(who)?;
    items.retain(|item| scope.contains(&item.op.op.area));
    let find = |device: DeviceId, n: u64, hash: Option<OpHash>| {
        let named = |item: &&HeldItem| item.op.device == device && item.op.op.n == n;
        let mut found = items.iter().filter(named).filter(|item| hash.is_none_or(|hash| item.op.hash == hash));
        let none = || AdminError::Usage(format!("op {n} of {device} is not held: see `payung admin held`"));
        let first = found.next().ok_or_else(none)?;
        if found.next().is_some() {
            let several = format!("several ops of {device} have the number {n}: name one by --hash");
            return Err(AdminError::Usage(several));
        }
        Ok(first)
    };
    match command {
        Some(HeldCommand::Release { device, n, hash }) => {
            let (item, op) = (find(*device, *n, *hash)?, OpId { device: *device, n: *n });
            let json = json!({ "device": device, "n": n, "released": true, "set_aside": item.aside });
            if item.aside {
                desk.service.release_aside(who, op, Some(item.op.hash), desk.now)?;
                return Ok(Answer::says(json, "Taken under your name."));
            }
            desk.service.act(who, Act::Release { op, record: item.op.op.record }, desk.now)?;
            Ok(Answer::says(json, "Let through: the phone is told at its next exchange."))
        }
        Some(HeldCommand::Refuse { device, n, code, hash }) => {
            let (item, op) = (find(*device, *n, *hash)?, OpId { device: *device, n: *n });
            let json = json!({ "device": device, "n": n, "released": false, "set_aside": item.aside, "code": code });
            if item.aside {
                desk.service.refuse_aside(who, op, Some(item.op.hash), code.clone(), desk.now)?;
                return Ok(Answer::says(json, "Dropped. Should the phone join again, it issues it anew."));
            }
            let act = Act::RefuseHeld { op, record: item.op.op.record, code: code.clone() };
            desk.service.act(who, act, desk.now)?;
            Ok(Answer::says(json, "Turned down: the phone is told at its next exchange."))
        }
        Some(HeldCommand::List) | None => {
            let json = |item: &HeldItem| {
                json!({
                    "device": item.op.device, "n": item.op.op.n, "record": item.op.op.record, "kind": item.op.op.kind,
                    "area": item.op.op.area, "code": item.code, "received_at": instant(item.op.received_at),
                    "waits_for": item.op.waits_for, "hash": item.op.hash, "set_aside": item.aside, "set": item.op.op.set,
                })
            };
            let row = |item: &HeldItem| {
                vec![
                    item.op.device.to_string(),
                    item.op.op.n.to_string(),
                    item.op.op.kind.to_string(),
                    item.op.op.record.to_string(),
                    instant(item.op.received_at),
                    item.code.clone(),
                ]
            };
            let rows: Vec<_> = items.iter().map(row).collect();
            let json: Vec<Value> = items.iter().map(json).collect();
            let headers = ["Device", "N", "Kind", "Record", "Received", "Why"];
            Ok(Answer::table(json.into(), &headers, &rows, "Nothing is held."))
        }
    }
}
