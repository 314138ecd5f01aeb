//! One op on one record: the rules for a field, in their order, and for a decision on a conflict.

use super::{Authority, Judge, Merged};
use crate::{
    field::Class,
    id::{Base, OpId, RecordId},
    op::{Candidate, Conflict, FieldOutcome, Op, Resolution},
    planted::{Planted, planted},
    record::{Record, Stamp},
};
use serde_json::Value;

/// Judges an op on its own record and applies what stands. Bumps the version once if anything changed.
pub fn apply(record: &mut Record, op: &Op, judge: &Judge) -> Merged {
    let mut merged = Merged::default();
    let version = record.version + 1;
    for (field, value) in &op.set {
        let write = Write { op, judge, version, source: None, base: op.base, touched: false };
        let (outcome, changed) = write.field(record, field, value);
        merged.fields.insert(field.clone(), outcome);
        merged.changed |= changed;
    }
    for (field, decision) in &op.resolve {
        let write = Write { op, judge, version, source: None, base: op.base, touched: false };
        let (outcome, changed) = write.resolve(record, field, decision);
        merged.fields.insert(field.clone(), outcome);
        merged.changed |= changed;
    }
    let told = !planted(Planted::ConflictNotTold) || !merged.fields.values().all(|it| *it == FieldOutcome::Conflict);
    if merged.changed && told || record.version == 0 {
        record.version = version;
        merged.changed = true;
    }
    merged
}

/// Moves the authorship of one op to the op that stands for it under a new number. Fields that the new op calls stale
/// were saved anew since, by an op whose number may be lower than the new one: they get the number 0, before everything
/// of that device, so that this op is not taken for an older one. Returns whether an open conflict names the op, so
/// that the record must be told anew (its version was bumped).
pub fn adopt(record: &mut Record, old: OpId, new: OpId, stale: &[String]) -> bool {
    let mut told = false;
    let author = |field: &String| OpId { n: if stale.contains(field) { 0 } else { new.n }, ..new };
    for (field, stamp) in record.stamps.iter_mut().filter(|(_, stamp)| stamp.author == old) {
        stamp.author = author(field);
    }
    for (field, conflict) in &mut record.conflicts {
        for candidate in conflict.candidates.iter_mut().filter(|candidate| candidate.op == old) {
            candidate.op = author(field);
            told = true;
        }
    }
    for (field, by_device) in record.received.iter_mut().filter(|(field, _)| !stale.contains(field)) {
        if by_device.get(&old.device) == Some(&old.n) {
            let highest = by_device.entry(new.device).or_default();
            *highest = author(field).n.max(*highest);
        }
    }
    for (field, stamped) in record.alias.iter_mut().flat_map(|alias| &mut alias.before) {
        if let Some(stamp) = stamped.stamp.as_mut().filter(|stamp| stamp.author == old) {
            stamp.author = author(field);
        }
    }
    if told {
        record.version += 1;
    }
    told
}

/// One write on its way to a field.
pub(super) struct Write<'w> {
    pub(super) op: &'w Op,
    pub(super) judge: &'w Judge,
    /// The version the record will have if anything changes.
    pub(super) version: u64,
    /// The linked record it was written to, when the field is the survivor's.
    pub(super) source: Option<RecordId>,
    /// What the writer had seen, in this record's versions.
    pub(super) base: Option<Base>,
    /// Judged as not seen whatever the base says (late ops on a linked record).
    pub(super) touched: bool,
}

type Judged = (FieldOutcome, bool);

impl Write<'_> {
    /// The rules for an ordinary write, in the order of the design. Returns the outcome and whether anything changed.
    pub(super) fn field(&self, record: &mut Record, field: &str, value: &Value) -> Judged {
        let mut class = record.kind.class(field);
        if planted(Planted::ClassBTreatedAsC) && class == Class::B {
            class = Class::C;
        }
        if planted(Planted::UnknownFieldsDropped) && record.kind.field(field).is_none() {
            return (FieldOutcome::Kept, false);
        }
        let id = self.judge.op_id(self.op);
        if let Some(outcome) = self.owner(record, field, value, class) {
            return outcome;
        }
        // said by the writer, or a higher number of the same device was received: history only
        if self.op.stale.iter().any(|name| name == field) || record.highest(field, id.device) > id.n {
            return (FieldOutcome::Lost, false);
        }
        self.receive(record, field);
        if record.settled.get(field).is_some_and(|seen| seen.contains(&id)) {
            return (FieldOutcome::Lost, false);
        }
        if self.judge.authority == Authority::Worker {
            return self.correct(record, field, value);
        }
        if class == Class::B {
            if self.judge.submitted {
                return self.correct(record, field, value);
            }
            if record.conflicts.contains_key(field) {
                return self.join(record, field, value);
            }
        }
        let stands = record.stamps.get(field);
        if !self.touched && (self.is_author(stands) || self.has_seen(stands)) {
            self.put(record, field, value);
            return (FieldOutcome::Kept, true);
        }
        if record.kind.same(field, value, record.value(field)) {
            return (FieldOutcome::Kept, false);
        }
        if stands.is_some_and(|stamp| self.was_seen_by(stamp)) {
            return (FieldOutcome::Lost, false);
        }
        if class == Class::B {
            self.open(record, field, value, false);
            return (FieldOutcome::Conflict, true);
        }
        let later = stands.is_none_or(|stamp| {
            (self.judge.hlc(self.op), id.device, id.n) > (stamp.hlc, stamp.author.device, stamp.author.n)
        });
        if later {
            self.put(record, field, value);
            (FieldOutcome::Kept, true)
        } else {
            (FieldOutcome::Lost, false)
        }
    }

    /// A person's decision on the candidates they had before them.
    pub(super) fn resolve(&self, record: &mut Record, field: &str, decision: &Resolution) -> Judged {
        let id = self.judge.op_id(self.op);
        let value = &decision.value;
        if let Some(outcome) = self.owner(record, field, value, record.kind.class(field)) {
            return outcome;
        }
        if self.op.stale.iter().any(|name| name == field) || record.highest(field, id.device) > id.n {
            return (FieldOutcome::Lost, false);
        }
        if let Some(code) = self.may_not_resolve(record, field, decision) {
            return (FieldOutcome::Refused(code.to_owned()), false);
        }
        self.receive(record, field);
        let stands = record.stamps.get(field);
        let body_seen = stands.is_none_or(|stamp| decision.seen.contains(&stamp.author))
            || self.is_author(stands)
            || self.has_seen(stands);
        let was_settled = record.settled.get(field).is_some_and(|seen| seen.contains(&id));
        let news: Vec<OpId> =
            decision.seen.iter().copied().filter(|seen| record.highest(field, seen.device) < seen.n).collect();
        if !news.is_empty() {
            record.settled.entry(field.to_owned()).or_default().extend(news);
        }
        if was_settled {
            return (FieldOutcome::Lost, true);
        }
        let same = |record: &Record, other: &Value| record.kind.same(field, value, other);
        if let Some(conflict) = record.conflicts.get(field) {
            let stays = |candidate: &&Candidate| {
                let own = candidate.op.device == id.device && candidate.source == self.source;
                !decision.seen.contains(&candidate.op) && !own && !same(record, &candidate.value)
            };
            let mut unseen: Vec<Candidate> = conflict.candidates.iter().filter(stays).cloned().collect();
            let correction = conflict.correction;
            if !body_seen && !same(record, record.value(field)) {
                let body = body_candidate(record, field);
                unseen.extend(body.filter(|body| unseen.iter().all(|candidate| candidate.op != body.op)));
            }
            self.put(record, field, value);
            record.conflicts.remove(field);
            if unseen.is_empty() || planted(Planted::ResolutionClosesUnseen) {
                return (FieldOutcome::Kept, true);
            }
            unseen.push(self.candidate(value));
            record.conflicts.insert(field.to_owned(), Conflict { candidates: unseen, correction });
            return (FieldOutcome::Conflict, true);
        }
        if self.judge.waits() && matches!(self.judge.authority, Authority::Official | Authority::Worker) {
            return self.correct(record, field, value);
        }
        if body_seen || same(record, record.value(field)) {
            self.put(record, field, value);
            return (FieldOutcome::Kept, true);
        }
        self.open(record, field, value, false);
        (FieldOutcome::Conflict, true)
    }

    /// Class A and fields fixed at creation.
    fn owner(&self, record: &mut Record, field: &str, value: &Value, class: Class) -> Option<Judged> {
        let server = self.judge.authority == Authority::Server;
        match class {
            Class::A if server => {
                self.put(record, field, value);
                Some((FieldOutcome::Kept, true))
            }
            Class::A => Some((FieldOutcome::Refused("field_owner".to_owned()), false)),
            Class::Fixed if !record.stamps.contains_key(field) => {
                self.put(record, field, value);
                Some((FieldOutcome::Kept, true))
            }
            Class::Fixed if record.value(field) == value => Some((FieldOutcome::Kept, false)),
            Class::Fixed => Some((FieldOutcome::Refused("field_fixed".to_owned()), false)),
            Class::B | Class::C => None,
        }
    }

    /// Who may decide: an official with the document in hand for what the document shows; an operator for the rest,
    /// for corrections, and where all candidates are one person's own.
    fn may_not_resolve(&self, record: &Record, field: &str, decision: &Resolution) -> Option<&'static str> {
        let conflict = record.conflicts.get(field)?;
        match self.judge.authority {
            Authority::Worker => return Some("resolve_operator"),
            Authority::Operator | Authority::Server => return None,
            Authority::Official => {}
        }
        let documents: &[&str] = match field {
            "nik" | "name" | "birth" => &["ktp"],
            "mother_name" => &["kk", "akta"],
            _ => &[],
        };
        if documents.is_empty() || conflict.correction {
            return Some("resolve_operator");
        }
        if !decision.document.as_deref().is_some_and(|seen| documents.contains(&seen)) {
            return Some("document_required");
        }
        let all_own = conflict.candidates.iter().all(|candidate| candidate.who == self.judge.who);
        all_own.then_some("resolve_own")
    }

    /// A write to a field with an open conflict: replaces the device's own candidate, or joins.
    fn join(&self, record: &mut Record, field: &str, value: &Value) -> Judged {
        let replaces = self.is_author(record.stamps.get(field)) && !self.touched;
        if replaces {
            self.put(record, field, value);
        }
        let known = record.conflicts.get(field).is_some_and(|conflict| {
            let own = conflict.candidates.iter().any(|candidate| self.is_own(candidate));
            !own && record.kind.same(field, value, record.value(field))
        });
        if known && !replaces {
            // the body's value once more: nothing to choose that is not there yet
            return (FieldOutcome::Conflict, false);
        }
        self.offer(record, field, value);
        let open = close_if_settled(record, field);
        (if open { FieldOutcome::Conflict } else { FieldOutcome::Kept }, true)
    }

    /// After the record has gone to the branch: the value waits beside the body for an operator.
    fn correct(&self, record: &mut Record, field: &str, value: &Value) -> Judged {
        if !record.conflicts.contains_key(field) {
            if record.kind.same(field, value, record.value(field)) {
                return (FieldOutcome::Kept, false);
            }
            self.open(record, field, value, true);
            return (FieldOutcome::Correction, true);
        }
        self.offer(record, field, value);
        if close_if_settled(record, field) {
            if let Some(conflict) = record.conflicts.get_mut(field) {
                conflict.correction = true;
            }
            return (FieldOutcome::Correction, true);
        }
        (FieldOutcome::Kept, true)
    }

    fn open(&self, record: &mut Record, field: &str, value: &Value, correction: bool) {
        let mut candidates: Vec<Candidate> = body_candidate(record, field).into_iter().collect();
        // a correction by the body's own author leaves the body as it went to the branch, under its own name
        candidates.push(self.candidate(value));
        record.conflicts.insert(field.to_owned(), Conflict { candidates, correction });
    }

    /// Puts the value in the place of the device's own candidate, or beside the others.
    fn offer(&self, record: &mut Record, field: &str, value: &Value) {
        let stands = record.stamps.get(field).map(|stamp| stamp.author);
        let Some(conflict) = record.conflicts.get_mut(field) else { return };
        let keeps_body = |candidate: &Candidate| self.judge.waits() && Some(candidate.op) == stands;
        conflict.candidates.retain(|candidate| !self.is_own(candidate) || keeps_body(candidate));
        conflict.candidates.push(self.candidate(value));
    }

    fn is_own(&self, candidate: &Candidate) -> bool {
        candidate.op.device == self.judge.device && candidate.source == self.source
    }

    fn candidate(&self, value: &Value) -> Candidate {
        Candidate {
            op: self.judge.op_id(self.op),
            value: value.clone(),
            who: self.judge.who,
            when: self.judge.hlc(self.op),
            source: self.source,
        }
    }

    /// Writes the value to the body under this op's name.
    fn put(&self, record: &mut Record, field: &str, value: &Value) {
        let author = self.judge.op_id(self.op);
        self.keep_before(record, field, author);
        if value.is_null() {
            record.body.remove(field);
        } else {
            record.body.insert(field.to_owned(), value.clone());
        }
        let stamp = Stamp {
            author,
            who: self.judge.who,
            version: self.version,
            epoch: self.judge.epoch,
            hlc: self.judge.hlc(self.op),
            base: self.base,
            receipt: self.op.receipt,
            source: self.source,
        };
        record.stamps.insert(field.to_owned(), stamp);
        if self.source.is_none() {
            // the stamp says it from now on
            forget_received(record, field, author);
        }
    }

    /// The previous author's number outlives the stamp that told it.
    fn keep_before(&self, record: &mut Record, field: &str, author: OpId) {
        let Some(before) = record.stamps.get(field) else { return };
        if before.author.device != author.device || self.source.is_some() {
            let OpId { device, n } = before.author;
            let highest = record.received.entry(field.to_owned()).or_default().entry(device).or_default();
            *highest = n.max(*highest);
        }
    }

    fn receive(&self, record: &mut Record, field: &str) {
        let OpId { device, n } = self.judge.op_id(self.op);
        // most fields are written once: their stamp will say it, unless the value becomes a candidate
        let waits = self.judge.waits() || record.conflicts.contains_key(field);
        if waits || record.stamps.contains_key(field) {
            record.received.entry(field.to_owned()).or_default().insert(device, n);
        }
    }

    /// Whether the value that stands is this device's own, written to the same record.
    fn is_author(&self, stands: Option<&Stamp>) -> bool {
        !planted(Planted::ConflictWithOneself)
            && stands.is_some_and(|stamp| stamp.author.device == self.judge.device && stamp.author.n < self.op.n)
    }

    /// Whether the writer had seen the value that stands.
    fn has_seen(&self, stands: Option<&Stamp>) -> bool {
        stands.is_none_or(|stamp| has_seen(stamp, self.base, self.judge))
    }

    /// An op offered again after a restore, which the present author had already seen: history.
    fn was_seen_by(&self, stands: &Stamp) -> bool {
        let (Some(receipt), Some(base)) = (self.op.receipt, stands.base) else { return false };
        base.epoch == receipt.epoch && base.version >= receipt.version
    }
}

/// Whether a form opened with `base` showed the value under `stamp`. Versions are compared inside one epoch; the
/// snapshot of a restore is a prefix of the epoch before, so fields not written since compare as usual.
pub(super) fn has_seen(stamp: &Stamp, base: Option<Base>, judge: &Judge) -> bool {
    let Some(base) = base else { return false };
    if base.epoch == judge.epoch || base.epoch == stamp.epoch {
        return stamp.version <= base.version;
    }
    match stamp.receipt {
        Some(receipt) if receipt.epoch == base.epoch => receipt.version <= base.version,
        _ => stamp.epoch < base.epoch,
    }
}

/// The value that stands, as its author's candidate.
pub(super) fn body_candidate(record: &Record, field: &str) -> Option<Candidate> {
    let stamp = record.stamps.get(field)?;
    Some(Candidate {
        op: stamp.author,
        value: record.value(field).clone(),
        who: stamp.who,
        when: stamp.hlc,
        source: stamp.source,
    })
}

/// Closes a conflict whose candidates, the body's value among them, are all the same. Returns whether it is open.
pub(super) fn close_if_settled(record: &mut Record, field: &str) -> bool {
    let Some(conflict) = record.conflicts.get(field) else { return false };
    let body = record.value(field);
    let open = conflict.candidates.iter().any(|candidate| !record.kind.same(field, &candidate.value, body));
    if !open {
        record.conflicts.remove(field);
    }
    open
}

fn forget_received(record: &mut Record, field: &str, author: OpId) {
    if let Some(by_device) = record.received.get_mut(field) {
        if by_device.get(&author.device).is_some_and(|n| *n <= author.n) {
            by_device.remove(&author.device);
        }
        if by_device.is_empty() {
            record.received.remove(field);
        }
    }
}
