//! The exchange: ops in, outcomes and changes out. One write transaction when there is anything to write, none when
//! there is nothing.

use super::{Service, ServiceError, changes, changes::PageLimits, cursor, take::Writer, work::Work};
use crate::storage::{Device, DeviceState, HeldFilter, Scope};
use payung_domain::{
    id::{DeviceId, RecordId},
    op::{Change, GoneReason, Op, Outcome, OutcomeStatus},
    planted::{Planted, planted},
};
use payung_protocol::{BadOp, Reply, Request};
use serde_json::json;
use std::collections::BTreeMap;

impl Service {
    /// Answers a request whose signature is good. `bad` are ops that could not be read; each is refused by number.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] where the device is unknown; storage errors, after which nothing of it stands and
    /// the same request may be sent again.
    pub fn exchange(
        &self,
        device: DeviceId,
        request: &Request,
        bad: &[BadOp],
        now: i64,
    ) -> Result<Reply, ServiceError> {
        let unit = self.storage.read()?;
        let known = unit.device(device)?.ok_or(ServiceError::NotFound("device"))?;
        let epoch = unit.epoch()?;
        let cursor = request.cursor.clone();
        let current = cursor.as_ref().and_then(cursor::epoch_of) == Some(epoch);
        let advances = current && request.seen_through > known.seen_through;
        let mut reply = Reply::new(epoch, cursor.clone(), now);
        reply.renew = known.unfetched && known.state == DeviceState::Active;
        reply.wipe = known.wipe;
        let limits = self.limits.beside(request.ops.len());
        let ops = request.ops.len();
        if request.ops.is_empty() && request.offered.is_empty() && !advances {
            let page =
                changes::page(&*unit, self.storage.sealer(), &known, cursor.as_ref(), request.checksum, limits, now)?;
            drop(unit);
            if !page.changes.is_empty() {
                let mut work = Work::begin(self, now)?;
                work.audit_exchange(&known, request, 0, &page)?;
                work.save()?;
                work.unit.commit()?;
            }
            fill(&mut reply, page);
        } else {
            drop(unit);
            self.write_exchange(&known, request, advances, limits, &mut reply, now)?;
        }
        reply.outcomes.extend(bad.iter().map(malformed));
        tracing::debug!(%device, ops, changes = reply.changes.len(), more = reply.more, "exchange");
        Ok(reply)
    }

    fn write_exchange(
        &self,
        device: &Device,
        request: &Request,
        advances: bool,
        limits: PageLimits,
        reply: &mut Reply,
        now: i64,
    ) -> Result<(), ServiceError> {
        let mut work = Work::begin(self, now)?;
        // revoked or moved since it was read: what stands now counts
        let device = &work.unit.device(device.id)?.ok_or(ServiceError::NotFound("device"))?;
        reply.epoch = work.epoch;
        reply.wipe = device.wipe;
        let count = request.ops.len();
        let writer = Writer::of(device, now);
        reply.outcomes = work.take_ops(&writer, &request.ops)?;
        reply.kept = work.take_offers(&writer, &request.offered)?;
        work.replay_pending()?;
        work.save()?;
        let outside = work.taken_outside(device, &request.ops, &reply.outcomes)?;
        if advances && reply.epoch == work.epoch {
            // never past an op that still waits, whatever the phone says
            let held = work.unit.held(&HeldFilter::Device(device.id))?;
            let lowest = held.iter().map(|op| op.op.n).min().filter(|_| !planted(Planted::SeenThroughPassesHeld));
            let through = lowest.map_or(request.seen_through, |n| request.seen_through.min(n - 1));
            if through > device.seen_through {
                work.unit.drop_outcomes(device.id, through)?;
            }
        }
        let page =
            changes::page(&*work.unit, work.sealer, device, request.cursor.as_ref(), request.checksum, limits, now)?;
        if count > 0 || !page.changes.is_empty() {
            work.audit_exchange(device, request, count, &page)?;
        }
        fill(reply, page);
        reply.changes.extend(outside);
        work.unit.commit()?;
        Ok(())
    }
}

impl Work<'_> {
    /// What was taken of a device that does not look after it any more: it is told nothing of these records, so that
    /// it must be told that it is not to keep them.
    fn taken_outside(
        &mut self,
        device: &Device,
        ops: &[Op],
        outcomes: &[Outcome],
    ) -> Result<Vec<Change>, ServiceError> {
        if device.state != DeviceState::Active {
            return Ok(Vec::new());
        }
        let scope = Scope::Areas(device.areas.clone());
        let taken = |op: &&Op| {
            let is_taken = |status: &OutcomeStatus| matches!(status, OutcomeStatus::Applied | OutcomeStatus::Replayed);
            outcomes.iter().any(|outcome| outcome.n == op.n && is_taken(&outcome.status))
        };
        let mut outside = BTreeMap::new();
        for op in ops {
            let Some(record) = self.get(op.record)? else { continue };
            let (version, within) = (record.version, scope.contains(&record.area));
            let within = match &device.only {
                Some(only) => self.is_about(only, op.record)? == Some(true),
                None => within,
            };
            if within {
                continue;
            }
            if taken(&op) {
                let gone = Change::Gone { record: op.record, why: GoneReason::Moved, version, to: None };
                outside.insert(op.record, gone);
            }
        }
        Ok(outside.into_values().collect())
    }

    /// Who sent how much and read what: the cursor ranges answer "what did this device hold".
    fn audit_exchange(
        &self,
        device: &Device,
        request: &Request,
        ops: usize,
        page: &changes::Page,
    ) -> Result<(), ServiceError> {
        let detail = json!({
            "ops": ops,
            "changes": page.changes.len(),
            "from": request.cursor,
            "to": page.cursor,
        });
        self.audit(&device.id.to_string(), "exchange", &detail)
    }
}

fn fill(reply: &mut Reply, page: changes::Page) {
    reply.changes = page.changes;
    reply.cursor = page.cursor;
    reply.more = page.more;
    reply.checksums = page.checksums;
}

fn malformed(bad: &BadOp) -> Outcome {
    Outcome {
        n: bad.n,
        status: OutcomeStatus::Refused,
        record: bad.record.unwrap_or(RecordId(uuid::Uuid::nil())),
        version: 0,
        duplicate_of: None,
        fields: BTreeMap::new(),
        code: Some("op_malformed".to_owned()),
    }
}
