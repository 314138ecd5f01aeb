//! The phone's rules written out once more over plain vectors, and random histories that both must agree on.
//!
//! The server here is adversarial rather than right: outcomes, versions, epochs, moves and lateness are drawn at
//! random, as long as a server could say them. What must hold is that the file shows what the rules say.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_domain::{
    id::{Base, DeviceId, Epoch, RecordId},
    op::{Change, FieldOutcome, Outcome, OutcomeStatus},
};
use payung_protocol::Reply;
use payung_store::{Asked, Saved};
use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const FIELDS: [&str; 2] = ["notes", "name"];
const RECORDS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Sent,
    Held,
    Refused,
    Acked,
    Done,
}

#[derive(Clone, Debug)]
struct ModelOp {
    record: usize,
    base: Option<(Epoch, u64)>,
    set: BTreeMap<&'static str, String>,
    state: State,
    name: Option<(DeviceId, u64)>,
    receipt: Option<(Epoch, u64)>,
    was: Option<(Epoch, u64)>,
    refused: BTreeSet<&'static str>,
    reissues: Option<(DeviceId, u64)>,
    stale: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Pulled {
    epoch: Epoch,
    version: u64,
    body: BTreeMap<&'static str, String>,
    leaving: bool,
    pull: u64,
}

/// The phone as the rules say it: ops in the order of saving.
#[derive(Default)]
struct Model {
    device: u128,
    last_n: u64,
    ops: Vec<ModelOp>,
    base: BTreeMap<usize, Pulled>,
    epoch: Option<Epoch>,
    pull: u64,
    full: bool,
}

impl Model {
    fn live(op: &ModelOp) -> bool {
        matches!(op.state, State::New | State::Sent | State::Held)
    }

    fn took(op: &ModelOp, field: &str) -> bool {
        matches!(op.state, State::Acked | State::Done) && op.set.contains_key(field) && !op.refused.contains(field)
    }

    fn keeps(&self, record: usize) -> bool {
        self.ops.iter().any(|op| op.record == record && Self::live(op))
    }

    fn shown(&self, record: usize, field: &str) -> Option<String> {
        let last_taken = self.ops.iter().rposition(|op| op.record == record && Self::took(op, field));
        let mine = self.ops.iter().enumerate().rev().find(|(k, op)| {
            op.record == record
                && op.state != State::Done
                && op.set.contains_key(field)
                && !op.refused.contains(field)
                && last_taken.is_none_or(|last| last <= *k)
        });
        match mine {
            Some((_, op)) => op.set.get(field).cloned(),
            None => self.base.get(&record).and_then(|base| base.body.get(field).cloned()),
        }
    }

    fn save(&mut self, record: usize, field: &'static str, value: String, base: Option<(Epoch, u64)>) {
        let last = self.ops.iter_mut().rfind(|op| op.record == record);
        if let Some(last) = last.filter(|last| last.state == State::New && last.base == base) {
            last.set.insert(field, value);
            return;
        }
        self.ops.push(ModelOp {
            record,
            base,
            set: [(field, value)].into(),
            state: State::New,
            name: None,
            receipt: None,
            was: None,
            refused: BTreeSet::new(),
            reissues: None,
            stale: vec![],
        });
    }

    fn seal(&mut self) {
        for op in self.ops.iter_mut().filter(|op| op.state == State::New) {
            self.last_n += 1;
            op.name = Some((device_id(self.device), self.last_n));
            op.state = State::Sent;
        }
    }

    fn seen_through(&self) -> u64 {
        let open = self.ops.iter().filter(|op| matches!(op.state, State::Sent | State::Held));
        open.filter_map(|op| op.name).map(|(_, n)| n - 1).min().unwrap_or(self.last_n)
    }

    fn reissue(&mut self, k: usize, first: bool, any_later: bool) {
        let op = &self.ops[k];
        let later = |field: &str| {
            self.ops[k + 1..].iter().any(|other| {
                other.record == op.record
                    && (Self::took(other, field)
                        || any_later
                            && other.state != State::Refused
                            && other.set.contains_key(field)
                            && !other.refused.contains(field))
            })
        };
        let stale: Vec<&'static str> = op.set.keys().copied().filter(|field| later(field)).collect();
        self.last_n += 1;
        let name = (device_id(self.device), self.last_n);
        let op = &mut self.ops[k];
        op.reissues = if first && op.reissues.is_some() { op.reissues } else { op.name };
        op.stale = stale;
        op.name = Some(name);
        op.state = State::Sent;
        op.refused.clear();
    }

    fn drop(&mut self, record: usize) {
        if self.keeps(record) {
            if let Some(base) = self.base.get_mut(&record) {
                base.leaving = true;
            }
            return;
        }
        self.base.remove(&record);
        for op in self.ops.iter_mut().filter(|op| op.record == record && op.state == State::Acked) {
            op.state = State::Done;
        }
    }

    fn settle(&mut self) {
        for op in self.ops.iter_mut().filter(|op| op.state == State::Acked) {
            let base = self.base.get(&op.record);
            let reached =
                |base: &Pulled| op.receipt.is_some_and(|(epoch, at)| base.epoch == epoch && base.version >= at);
            if base.is_some_and(reached) {
                op.state = State::Done;
            }
        }
    }

    fn take(&mut self, reply: &Reply, asked: &Asked, answers: bool, records: &[RecordId]) {
        let which = |id: RecordId| records.iter().position(|known| *known == id).unwrap();
        let now = device_id(self.device);
        if answers {
            let new_epoch = self.epoch.is_some_and(|epoch| epoch != reply.epoch);
            if new_epoch {
                let taken = |op: &ModelOp| matches!(op.state, State::Acked | State::Done);
                let all: Vec<usize> = (0..self.ops.len()).filter(|k| taken(&self.ops[*k])).collect();
                let names: Vec<usize> = all.iter().copied().filter(|k| self.ops[*k].name.unwrap().0 != now).collect();
                for op in self.ops.iter_mut().filter(|op| op.receipt.is_some()) {
                    // what was refused of it nobody was told
                    op.was = op.receipt.take().filter(|_| op.refused.is_empty());
                }
                for k in names {
                    self.reissue(k, true, true);
                }
                for k in all {
                    let op = &mut self.ops[k];
                    op.state = State::Sent;
                    op.refused.clear();
                }
            }
            if asked.cursor.is_none() || new_epoch {
                self.pull += 1;
                self.full = true;
            }
            self.epoch = Some(reply.epoch);
            for change in &reply.changes {
                match change {
                    Change::Put(put) => {
                        let record = which(put.record);
                        let known =
                            self.base.get_mut(&record).filter(|b| b.epoch == reply.epoch && b.version >= put.version);
                        if let Some(known) = known {
                            known.pull = self.pull;
                            known.leaving &= known.version != put.version;
                            continue;
                        }
                        let text = |field: &&'static str| Some((*field, put.body.get(*field)?.as_str()?.to_owned()));
                        let body = FIELDS.iter().filter_map(text).collect();
                        let pulled =
                            Pulled { epoch: reply.epoch, version: put.version, body, leaving: false, pull: self.pull };
                        self.base.insert(record, pulled);
                    }
                    Change::Gone { record, version, .. } => {
                        let record = which(*record);
                        let newer =
                            self.base.get(&record).is_some_and(|b| b.epoch != reply.epoch || b.version < *version);
                        if newer {
                            self.drop(record);
                        }
                    }
                    Change::Evict { .. } => (0..RECORDS).for_each(|record| self.drop(record)),
                }
                self.settle();
            }
        }
        if self.epoch == Some(reply.epoch) {
            for outcome in &reply.outcomes {
                let name = Some((asked.device, outcome.n));
                let Some(op) = self.ops.iter_mut().find(|op| op.name == name && Self::live(op)) else { continue };
                match outcome.status {
                    OutcomeStatus::Held => op.state = State::Held,
                    OutcomeStatus::Refused => op.state = State::Refused,
                    OutcomeStatus::Applied | OutcomeStatus::Replayed => {
                        op.state = State::Acked;
                        op.receipt = Some((reply.epoch, outcome.version));
                        let refused =
                            |field: &&'static str| matches!(outcome.fields.get(*field), Some(FieldOutcome::Refused(_)));
                        op.refused = FIELDS.iter().copied().filter(refused).collect();
                    }
                }
            }
            self.settle();
        }
        if answers && !reply.more {
            if self.full {
                let absent = |record: &usize| self.base.get(record).is_some_and(|b| b.pull != self.pull && !b.leaving);
                let absent: Vec<usize> = (0..RECORDS).filter(absent).collect();
                for record in absent {
                    self.drop(record);
                }
                self.full = false;
            }
            let leaving: Vec<usize> = self.base.iter().filter(|(_, b)| b.leaving).map(|(record, _)| *record).collect();
            for record in leaving {
                self.drop(record);
            }
            for op in self.ops.iter_mut().filter(|op| op.state == State::Acked) {
                if !self.base.contains_key(&op.record) {
                    op.state = State::Done;
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Open(usize),
    Save(usize, usize, u8, bool),
    Seal,
    /// Which of the open requests is answered, how, and what comes with it.
    Answer {
        which: usize,
        keep: bool,
        changes: Vec<(usize, u8)>,
        outcomes: Vec<u8>,
        more: bool,
    },
    Restore,
    Rejoin,
    Retry(usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let answer = (
        any::<usize>(),
        any::<bool>(),
        prop::collection::vec((0..RECORDS, any::<u8>()), 0..4),
        prop::collection::vec(any::<u8>(), 6),
        prop::bool::weighted(0.2),
    );
    prop_oneof![
        2 => (0..RECORDS).prop_map(Step::Open),
        6 => (0..RECORDS, 0..FIELDS.len(), any::<u8>(), any::<bool>()).prop_map(|(r, f, v, d)| Step::Save(r, f, v, d)),
        5 => Just(Step::Seal),
        8 => answer.prop_map(|(which, keep, changes, outcomes, more)| Step::Answer { which, keep, changes, outcomes, more }),
        1 => Just(Step::Restore),
        1 => Just(Step::Rejoin),
        1 => any::<usize>().prop_map(Step::Retry),
        1 => Just(Step::Reopen),
    ]
}

type OpenRequest = (Asked, Vec<(u64, RecordId)>, Epoch);

struct World {
    phone: Phone,
    model: Model,
    records: Vec<RecordId>,
    /// Per record, the version the server is at.
    versions: [u64; RECORDS],
    /// Forms opened: base and shown then.
    forms: BTreeMap<usize, (Option<Base>, payung_domain::op::Body)>,
    /// Requests not answered yet, with the names of their ops and the server's epoch when it took them.
    open: Vec<OpenRequest>,
    epochs: u64,
}

impl World {
    fn new() -> Self {
        let mut phone = phone();
        let records: Vec<RecordId> = (0..RECORDS).map(|_| record_id()).collect();
        let mut model = Model { device: 1, ..Model::default() };
        let asked = Asked { device: phone.device(), cursor: None, sent_at: NOW };
        let changes = records.iter().map(|id| put(*id, 1, &[("notes", "N0".into()), ("name", "A0".into())])).collect();
        let reply = Reply { changes, ..phone.reply(&asked) };
        phone.take(&reply, &asked);
        model.take(&reply, &asked, true, &records);
        Self { phone, model, records, versions: [1; RECORDS], forms: BTreeMap::new(), open: vec![], epochs: 1 }
    }

    fn outcome(&mut self, n: u64, record: RecordId, draw: u8) -> Outcome {
        let which = self.records.iter().position(|id| *id == record).unwrap();
        match draw % 8 {
            0 => held(n, record),
            1 => refused(n, record, "bad"),
            2 => with_field(applied(n, record, self.versions[which]), "notes", FieldOutcome::Refused("x".into())),
            3 => Outcome { status: OutcomeStatus::Replayed, ..applied(n, record, self.versions[which]) },
            _ => {
                self.versions[which] += 1;
                applied(n, record, self.versions[which])
            }
        }
    }

    fn change(&mut self, record: usize, draw: u8) -> Change {
        let id = self.records[record];
        let body = [("notes", Value::from(format!("N{draw}"))), ("name", Value::from(format!("A{draw}")))];
        match draw % 8 {
            0 => {
                self.versions[record] += 1;
                moved(id, self.versions[record], None)
            }
            1 => Change::Evict { prefix: rt(), keep: vec![] },
            2 => put(id, self.versions[record], &body),
            _ => {
                self.versions[record] += u64::from(draw % 2);
                put(id, self.versions[record], &body)
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Open(record) => {
                if let Ok(shown) = self.phone.shown(self.records[*record]) {
                    self.forms.insert(*record, (shown.base, shown.body()));
                }
            }
            Step::Save(record, field, value, from_form) => {
                let Ok(shown) = self.phone.shown(self.records[*record]) else { return };
                let (base, opened) =
                    self.forms.remove(record).filter(|_| *from_form).unwrap_or((shown.base, shown.body()));
                let (field, value) = (FIELDS[*field], format!("V{}", value % 16));
                let saved = self.phone.save(self.records[*record], base, &opened, field, &value);
                let changes = opened.get(field) != Some(&json!(value));
                assert_eq!(saved != Saved::Unchanged, changes);
                if changes {
                    self.model.save(*record, field, value, base.map(|base| (base.epoch, base.version)));
                }
            }
            Step::Seal => {
                let batch = self.phone.batch();
                self.model.seal();
                assert_eq!(batch.seen_through, self.model.seen_through());
                let ops = batch.ops.iter().map(|op| (op.n, op.record)).collect();
                self.compare_ops(&batch);
                self.open.push((batch.asked, ops, self.phone.epoch));
            }
            Step::Answer { which, keep, changes, outcomes, more } => {
                if self.open.is_empty() {
                    return;
                }
                let at = which % self.open.len();
                let (asked, ops, epoch) = self.open[at].clone();
                if !keep {
                    self.open.remove(at);
                }
                let now_epoch = std::mem::replace(&mut self.phone.epoch, epoch);
                let outcomes = ops
                    .iter()
                    .zip(outcomes.iter().cycle())
                    .map(|((n, id), draw)| self.outcome(*n, *id, *draw))
                    .collect();
                let changes = changes.iter().map(|(record, draw)| self.change(*record, *draw)).collect();
                let reply = Reply { outcomes, changes, more: *more, ..self.phone.reply(&asked) };
                self.phone.epoch = now_epoch;
                let answers = asked.device == self.phone.device() && asked.cursor == self.phone.cursor().unwrap().1;
                let report = self.phone.take(&reply, &asked);
                assert_eq!(report.answered, answers);
                self.model.take(&reply, &asked, answers, &self.records);
            }
            Step::Restore => {
                self.epochs += 1;
                self.phone.epoch = Epoch(self.epochs);
                self.versions = [1; RECORDS];
            }
            Step::Rejoin => {
                self.model.device += 1;
                self.model.last_n = 0;
                self.phone.rejoin(&identity(self.model.device)).unwrap();
                let open = |op: &ModelOp| matches!(op.state, State::Sent | State::Held | State::Acked);
                let open: Vec<usize> = (0..self.model.ops.len()).filter(|k| open(&self.model.ops[*k])).collect();
                for k in open {
                    self.model.reissue(k, true, false);
                }
            }
            Step::Retry(which) => {
                let refused = self.phone.needs_fixing().unwrap();
                let refused: Vec<_> = refused.iter().filter(|fix| fix.code.is_some()).collect();
                let known = |op: &ModelOp| op.state == State::Refused;
                let model: Vec<usize> = (0..self.model.ops.len()).filter(|k| known(&self.model.ops[*k])).collect();
                assert_eq!(refused.len(), model.len());
                if model.is_empty() {
                    return;
                }
                let at = which % model.len();
                // what left the phone comes back with it, without a base: not in this model
                if self.model.base.contains_key(&self.model.ops[model[at]].record) {
                    self.phone.retry(refused[at].k).unwrap();
                    self.model.reissue(model[at], false, true);
                }
            }
            Step::Reopen => {}
        }
    }

    fn compare_ops(&self, batch: &payung_store::Batch) {
        let open = |op: &&ModelOp| matches!(op.state, State::Sent | State::Held);
        let mut model: Vec<&ModelOp> = self.model.ops.iter().filter(open).collect();
        model.sort_by_key(|op| (op.state == State::Held, op.name.unwrap().1));
        assert_eq!(batch.ops.len(), model.len());
        for (op, model) in batch.ops.iter().zip(model) {
            let wanted: BTreeMap<&str, Value> = model.set.iter().map(|(field, value)| (*field, json!(value))).collect();
            let sent: BTreeMap<&str, Value> =
                op.set.iter().map(|(field, value)| (field.as_str(), value.clone())).collect();
            let pair = |base: Base| (base.epoch, base.version);
            assert_eq!((op.n, sent), (model.name.unwrap().1, wanted));
            assert_eq!((op.base.map(pair), op.receipt.map(pair)), (model.base, model.was));
            assert_eq!(op.reissue.map(|named| (named.device, named.n)), model.reissues);
            let mut stale = op.stale.clone();
            stale.sort();
            assert_eq!(stale, model.stale);
        }
    }

    fn compare(&self) {
        for (number, id) in self.records.iter().enumerate() {
            let shown = self.phone.shown(*id).ok();
            assert_eq!(shown.is_some(), self.model.base.contains_key(&number), "record {number}");
            let Some(shown) = shown else { continue };
            for field in FIELDS {
                assert_eq!(shown.text(field).map(str::to_owned), self.model.shown(number, field), "{number}.{field}");
            }
            // and the list says what is shown
            let row = self.phone.worker(*id).summary;
            assert_eq!(Some(row.name), self.model.shown(number, "name"));
        }
        // the sums are those of what was pulled and is not leaving
        let held = self.model.base.iter().filter(|(_, base)| !base.leaving);
        let sum: payung_protocol::Checksum =
            held.map(|(number, base)| payung_protocol::record_check(self.records[*number], base.version)).sum();
        assert_eq!(self.phone.checksum().unwrap(), sum);
    }
}

proptest! {
    #![proptest_config(Config { cases: 80, max_shrink_iters: 2000, ..Config::default() })]

    #[test]
    fn file_shows_what_the_rules_say_after_every_step(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            if let Step::Reopen = step {
                let World { phone, .. } = world;
                world.phone = phone.reopen();
            }
            world.step(step);
            world.compare();
        }
    }
}
