//! What a reply says of the ops it answers, against what the server then has.

use crate::{
    violation::{Played, broken},
    world::World,
};
use payung_domain::{
    field::Class,
    id::{DeviceId, OpId, RecordId},
    op::{Op, Outcome, OutcomeStatus, Reissue},
    record::Record,
};
use payung_protocol::{Reply, Request};
use payung_server::storage::{DeviceState, OpStatus, Scope, StoredOp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A request as it reached the server.
pub(crate) struct Asking {
    pub(crate) device: DeviceId,
    pub(crate) request: Request,
    /// Of the records it writes to, those that were linked to another then.
    pub(crate) linked: BTreeSet<RecordId>,
    /// Of its ops, those that were judged before, in the same moment perhaps.
    pub(crate) decided: BTreeSet<u64>,
}

/// An op of a request with its answer, and how the server keeps it.
struct Receipt<'r> {
    op: &'r Op,
    outcome: &'r Outcome,
    stored: Option<StoredOp>,
}

impl Receipt<'_> {
    /// Taken, by what the phone is told.
    fn is_taken(&self) -> bool {
        matches!(self.outcome.status, OutcomeStatus::Applied | OutcomeStatus::Replayed)
    }

    /// Judged and applied in this very exchange.
    fn is_applied_now(&self, now: i64) -> bool {
        let applied = |stored: &&StoredOp| matches!(stored.status, OpStatus::Applied | OpStatus::Linked);
        self.op.reissue.is_none()
            && self.outcome.status == OutcomeStatus::Applied
            && self.stored.as_ref().filter(applied).is_some_and(|stored| stored.received_at == now)
    }
}

impl World {
    /// What was written to a duplicate while it was linked is judged on it once it stands alone again: of class C, the
    /// later of two values that did not know each other stands.
    pub(crate) fn check_unlinked(&self, record: RecordId, late: &[StoredOp]) -> Played {
        let found = self.server.look(|service| service.storage().read()?.records(&[record], &Scope::Office))??;
        let Some(Record { kind, body, stamps, .. }) = found.first().map(|kept| &kept.record) else { return Ok(()) };
        for late in late {
            let unjudged = |(field, value): &(&String, &Value)| {
                let written = late.op.hlc.clamped(late.received_at);
                kind.class(field) == Class::C
                    && !late.op.stale.contains(field)
                    && found[0].record.highest(field, late.device) <= late.op.n
                    && stamps.get(*field).is_none_or(|stamp| stamp.hlc < written)
                    && !kind.same(field, value, body.get(*field).unwrap_or(&Value::Null))
            };
            if let Some((field, _)) = late.op.set.iter().find(unjudged) {
                let detail = format!("{record}.{field}, op {} of {}", late.op.n, late.device);
                return broken("what came while linked is judged once unlinked", detail);
            }
        }
        Ok(())
    }

    /// Looks at each answer of a reply as it leaves the server.
    pub(crate) fn check_receipts(&self, device: DeviceId, asking: &Asking, reply: &Reply) -> Played {
        let now = self.now;
        self.server.look(|service| -> Played {
            let unit = service.storage().read()?;
            let mut receipts = Vec::new();
            for op in &asking.request.ops {
                let name = OpId { device, n: op.n };
                let Some(outcome) = reply.outcomes.iter().find(|outcome| outcome.n == op.n) else {
                    return broken("every op of a request gets its outcome", format!("op {} of {device}", op.n));
                };
                receipts.push(Receipt { op, outcome, stored: unit.stored_op(name)? });
            }
            for receipt in receipts.iter().filter(|receipt| receipt.is_taken()) {
                let (n, hash) = (receipt.op.n, receipt.op.hash());
                let kept = receipt.stored.as_ref().is_some_and(|stored| stored.hash == hash);
                if !kept && unit.taken(&[Reissue { device, n, hash }])?.is_empty() {
                    return broken("an op that is answered as taken is in the history", format!("op {n} of {device}"));
                }
            }
            receipts.retain(|receipt| receipt.is_applied_now(now) && !asking.decided.contains(&receipt.op.n));
            if receipts.is_empty() {
                return Ok(());
            }
            if unit.device(device)?.is_some_and(|row| row.state == DeviceState::Revoked) {
                return broken("a revoked phone's ops wait for a person", format!("{device}"));
            }
            let ids =
                receipts.iter().flat_map(|receipt| [receipt.op.record, receipt.outcome.record]).collect::<Vec<_>>();
            let records = unit.records(&ids, &Scope::Office)?;
            let records = records.into_iter().map(|kept| (kept.record.id, kept.record)).collect();
            check_survivor(&receipts, &asking.linked)?;
            check_kept(device, &receipts, &records)
        })?
    }
}

/// What is written to someone known as a duplicate reaches the person they are.
fn check_survivor(receipts: &[Receipt<'_>], linked: &BTreeSet<RecordId>) -> Played {
    let left =
        |receipt: &&Receipt<'_>| linked.contains(&receipt.op.record) && receipt.outcome.record == receipt.op.record;
    match receipts.iter().find(left) {
        Some(left) => {
            broken("a late edit of a duplicate reaches the record that stands", format!("{}", left.op.record))
        }
        None => Ok(()),
    }
}

/// What is told as kept stands in the body, or the same does, or a later write of this bundle.
fn check_kept(device: DeviceId, receipts: &[Receipt<'_>], records: &BTreeMap<RecordId, Record>) -> Played {
    let mut last: BTreeMap<(RecordId, &str), (&Receipt<'_>, &Value)> = BTreeMap::new();
    for receipt in receipts {
        for (field, value) in receipt.op.values().filter(|(field, _)| !receipt.op.stale.contains(field)) {
            last.insert((receipt.outcome.record, field), (receipt, value));
        }
    }
    for ((id, field), (receipt, value)) in last {
        let Some(record) = records.get(&id).filter(|_| !receipt.outcome.fields.contains_key(field)) else { continue };
        let name = OpId { device, n: receipt.op.n };
        let ours = record.stamps.get(field).is_none_or(|stamp| stamp.author == name);
        if matches!(record.kind.class(field), Class::B | Class::C)
            && ours
            && !record.kind.same(field, value, record.value(field))
        {
            return broken("a field that is told as kept stands in the body", format!("{id}.{field}"));
        }
    }
    Ok(())
}
