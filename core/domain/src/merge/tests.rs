//! The rules by name: first the traces that broke earlier drafts of the design, then properties over random histories.

mod edges;
mod histories;
mod links;
mod traces;

use super::{Authority, Judge, Merged, apply};
use crate::{
    area::Area,
    field::Kind,
    id::{Base, DeviceId, Epoch, Hlc, OfficialId, OpId, RecordId},
    op::{FieldOutcome, Op, Resolution},
    record::Record,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

const A: u128 = 0xA;
const B: u128 = 0xB;
const C: u128 = 0xC;
const OLD: Epoch = Epoch(1 << 32);
const NEW: Epoch = Epoch(2 << 32);

fn device(name: u128) -> DeviceId {
    DeviceId(Uuid::from_u128(name))
}

/// A server of one record without a network: ops are handed in, in whatever order the test says.
#[derive(Clone)]
struct Desk {
    record: Record,
    epoch: Epoch,
    received: i64,
    submitted: bool,
    n: BTreeMap<u128, u64>,
}

impl Desk {
    /// A worker that `init` created: name, heirs, notes, phone.
    fn new() -> Self {
        let mut desk = Self::empty(1);
        let init = desk.op(0x1, None, &[("name", "Init"), ("notes", "init"), ("phone", "+6281200000000")]);
        desk.take(0x1, &init);
        desk
    }

    fn empty(id: u128) -> Self {
        let area = Area::parse("33.02.24.1001.003.005").expect("an area");
        Self {
            record: Record::new(RecordId(Uuid::from_u128(id)), Kind::Worker, area),
            epoch: OLD,
            received: 1_000_000,
            submitted: false,
            n: BTreeMap::new(),
        }
    }

    fn judge(&self, who: u128) -> Judge {
        Judge {
            epoch: self.epoch,
            device: device(who),
            who: OfficialId(Uuid::from_u128(who)),
            authority: Authority::Official,
            received: self.received,
            submitted: self.submitted,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a form's base, as an op has it")]
    fn now(&self) -> Option<Base> {
        Some(Base { epoch: self.epoch, version: self.record.version })
    }

    /// An op of `who`'s form opened with `base`, numbered but not yet sent.
    fn op(&mut self, who: u128, base: Option<Base>, set: &[(&str, &str)]) -> Op {
        let n = self.n.entry(who).or_default();
        *n += 1;
        Op {
            n: *n,
            record: self.record.id,
            kind: Kind::Worker,
            area: self.record.area.clone(),
            base,
            set: set.iter().map(|(field, value)| ((*field).to_owned(), json!(value))).collect(),
            resolve: BTreeMap::new(),
            hlc: Hlc::at_millis(self.received),
            reissue: None,
            stale: Vec::new(),
            receipt: None,
        }
    }

    /// A decision of `who`, who saw the conflict as it stands.
    fn decision(&mut self, who: u128, field: &str, value: &str) -> Op {
        let seen = self
            .record
            .conflicts
            .get(field)
            .map_or_else(Vec::new, |conflict| conflict.candidates.iter().map(|candidate| candidate.op).collect());
        self.decision_seen(who, field, value, seen)
    }

    fn decision_seen(&mut self, who: u128, field: &str, value: &str, seen: Vec<OpId>) -> Op {
        let base = self.now();
        let mut op = self.op(who, base, &[]);
        let decision = Resolution { value: json!(value), seen, document: Some("ktp".to_owned()) };
        op.resolve.insert(field.to_owned(), decision);
        op
    }

    fn take(&mut self, who: u128, op: &Op) -> Merged {
        let judge = self.judge(who);
        apply(&mut self.record, op, &judge)
    }

    /// Writes and sends at once.
    fn write(&mut self, who: u128, base: Option<Base>, field: &str, value: &str) -> FieldOutcome {
        let op = self.op(who, base, &[(field, value)]);
        self.take(who, &op).fields[field].clone()
    }

    fn value(&self, field: &str) -> &Value {
        self.record.value(field)
    }

    /// The values a person would see side by side.
    fn candidates(&self, field: &str) -> Vec<String> {
        let mut values: Vec<String> = self.record.conflicts.get(field).map_or_else(Vec::new, |conflict| {
            conflict.candidates.iter().map(|candidate| candidate.value.as_str().unwrap_or("-").to_owned()).collect()
        });
        values.sort();
        values
    }

    fn restore(&self, snapshot: &Self) -> Self {
        Self { epoch: NEW, n: self.n.clone(), ..snapshot.clone() }
    }
}
