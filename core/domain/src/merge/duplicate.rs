//! Two records of one person: linking, what arrives late for the linked one, and unlinking.

use super::{
    Judge, Merged,
    write::{Write, body_candidate, close_if_settled, has_seen},
};
use crate::{
    field::Class,
    id::Base,
    op::{Candidate, FieldOutcome, Op},
    planted::{Planted, planted},
    record::{Alias, Record, Stamped},
};
use std::collections::{BTreeMap, BTreeSet};

/// Why two records can't be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The same record twice.
    #[error("a record can't be its own duplicate")]
    Same,
    /// One of the two is linked already: link its survivor instead, so that there are no chains.
    #[error("one of the two is linked already")]
    Chain,
    /// They are not of one kind.
    #[error("records of different kinds")]
    Kind,
}

/// Links `loser` to `survivor`: empty fields of the survivor are filled, differences in class B become candidates,
/// in class C the survivor stays. The loser's own body and stamps are left as they are, for unlinking.
pub fn link(loser: &mut Record, survivor: &mut Record, judge: &Judge) -> Result<(), LinkError> {
    if loser.id == survivor.id {
        return Err(LinkError::Same);
    }
    if loser.alias.is_some() || survivor.alias.is_some() {
        return Err(LinkError::Chain);
    }
    if loser.kind != survivor.kind {
        return Err(LinkError::Kind);
    }
    let mut alias = Alias {
        survivor: survivor.id,
        loser_version: loser.version,
        survivor_version: survivor.version,
        equal: BTreeSet::new(),
        before: BTreeMap::new(),
    };
    survivor.version += 1;
    let fields: BTreeSet<String> = loser.body.keys().chain(survivor.body.keys()).cloned().collect();
    for field in &fields {
        let class = survivor.kind.class(field);
        if matches!(class, Class::A | Class::Fixed) {
            continue;
        }
        let theirs = loser.value(field);
        let same = survivor.kind.same(field, theirs, survivor.value(field));
        if same {
            alias.equal.insert(field.clone());
        } else if !theirs.is_null() && survivor.value(field).is_null() {
            alias.equal.insert(field.clone());
            alias.before.insert(field.clone(), stamped(survivor, field));
            survivor.body.insert(field.clone(), theirs.clone());
            if let Some(stamp) = loser.stamps.get(field) {
                let mut stamp = stamp.clone();
                stamp.version = survivor.version;
                stamp.epoch = judge.epoch;
                stamp.source = Some(loser.id);
                survivor.stamps.insert(field.clone(), stamp);
            }
        }
        let differs = class == Class::B && !same && !theirs.is_null();
        let open = loser.conflicts.get(field);
        if differs || open.is_some() {
            let mut theirs: Vec<Candidate> = open.map_or_else(Vec::new, |conflict| conflict.candidates.clone());
            theirs.extend(body_candidate(loser, field).filter(|body| theirs.iter().all(|known| known.op != body.op)));
            bring(survivor, field, theirs, loser.id);
        }
    }
    loser.version += 1;
    loser.alias = Some(alias);
    Ok(())
}

/// Adds the loser's candidates to the survivor's conflict, the survivor's own value among them.
fn bring(survivor: &mut Record, field: &str, theirs: Vec<Candidate>, loser: crate::id::RecordId) {
    let own = body_candidate(survivor, field).filter(|body| body.source.is_none());
    let conflict = survivor.conflicts.entry(field.to_owned()).or_default();
    let own = own.filter(|body| conflict.candidates.iter().all(|known| known.op != body.op));
    conflict.candidates.extend(own);
    conflict.candidates.extend(theirs.into_iter().map(|mut candidate| {
        candidate.source = Some(loser);
        candidate
    }));
    close_if_settled(survivor, field);
}

fn stamped(record: &Record, field: &str) -> Stamped {
    Stamped { value: record.value(field).clone(), stamp: record.stamps.get(field).cloned() }
}

/// Judges an op that was written to a linked record: against the loser's own versions first, then on the survivor.
/// The caller keeps the op in the loser's history, from where [`unlink`] replays it.
pub fn apply_linked(loser: &mut Record, survivor: &mut Record, op: &Op, judge: &Judge) -> Merged {
    let mut merged = Merged::default();
    let version = survivor.version + 1;
    for (field, value) in &op.set {
        let (outcome, changed) = late_write(loser, survivor, op, judge, version, field, value);
        merged.fields.insert(field.clone(), outcome);
        merged.changed |= changed;
    }
    for (field, decision) in &op.resolve {
        // the candidates a person saw were the survivor's; their decision stays there
        let write = Write { op, judge, version, source: None, base: op.base, touched: false };
        let (outcome, changed) = write.resolve(survivor, field, decision);
        merged.fields.insert(field.clone(), outcome);
        merged.changed |= changed;
    }
    if merged.changed {
        survivor.version = version;
    }
    merged
}

fn late_write(
    loser: &mut Record,
    survivor: &mut Record,
    op: &Op,
    judge: &Judge,
    version: u64,
    field: &str,
    value: &serde_json::Value,
) -> (FieldOutcome, bool) {
    if matches!(survivor.kind.class(field), Class::A | Class::Fixed) {
        let write = Write { op, judge, version, source: None, base: op.base, touched: false };
        return write.field(survivor, field, value);
    }
    let id = judge.op_id(op);
    if loser.highest(field, id.device) > id.n {
        return (FieldOutcome::Lost, false);
    }
    loser.received.entry(field.to_owned()).or_default().insert(id.device, id.n);
    let Some(alias) = loser.alias.as_mut() else { return (FieldOutcome::Lost, false) };
    let seen_there =
        loser.stamps.get(field).is_none_or(|stamp| stamp.author.device == id.device || has_seen(stamp, op.base, judge));
    let stands = survivor.stamps.get(field);
    let own_later = stands.is_some_and(|stamp| stamp.author.device == id.device && stamp.author.n < id.n);
    // what was seen on the loser counts as seen on the survivor only where both said the same
    let touched = !own_later && !(seen_there && (alias.equal.contains(field) || stands.is_none()));
    let base = Some(Base { epoch: judge.epoch, version: alias.survivor_version + 1 });
    let before = stamped(survivor, field);
    let write = Write { op, judge, version, source: Some(loser.id), base, touched };
    let judged = write.field(survivor, field, value);
    let ours = |stamp: Option<&crate::record::Stamp>| stamp.is_some_and(|stamp| stamp.source == Some(loser.id));
    if ours(survivor.stamps.get(field)) && !ours(before.stamp.as_ref()) {
        alias.before.insert(field.to_owned(), before);
    }
    judged
}

/// Takes a link back: every field of the survivor that holds a value of the loser gets back what stood there, with
/// its author and version; candidates that came by the link are withdrawn; a conflict left with one value closes; a
/// resolution made while linked stays. Then `late`, the ops that arrived for the loser while it was linked, in the
/// order of arrival, are judged on the loser itself.
pub fn unlink(loser: &mut Record, survivor: &mut Record, late: &[(Op, Judge)]) {
    let Some(alias) = loser.alias.take() else { return };
    survivor.version += 1;
    loser.version += 1;
    for (field, before) in alias.before {
        if survivor.stamps.get(&field).is_none_or(|stamp| stamp.source != Some(loser.id)) {
            continue;
        }
        match before.stamp {
            Some(stamp) => survivor.stamps.insert(field.clone(), stamp),
            None => survivor.stamps.remove(&field),
        };
        if before.value.is_null() {
            survivor.body.remove(&field);
        } else {
            survivor.body.insert(field, before.value);
        }
    }
    let open: Vec<String> = survivor.conflicts.keys().cloned().collect();
    for field in open {
        if let Some(conflict) = survivor.conflicts.get_mut(&field) {
            conflict.candidates.retain(|candidate| candidate.source != Some(loser.id));
        }
        close_if_settled(survivor, &field);
    }
    let version = loser.version;
    for (op, judge) in late.iter().filter(|_| !planted(Planted::UnlinkLosesSource)) {
        for (field, value) in &op.set {
            let write = Write { op, judge, version, source: None, base: op.base, touched: false };
            write.field(loser, field, value);
        }
    }
}
