//! Taking ops: exactly once, in scope, valid, with what they name; else held or refused. Then the merge.

use super::{
    ServiceError,
    work::{Pen, Work},
};
use crate::storage::{Device, DeviceState, HeldFilter, KnownOp, OpStatus, Scope, StoredOp};
use payung_domain::{
    area::Area,
    enrollment::EnrollmentStatus,
    field::Kind,
    id::{DeviceId, OfficialId, OpId, RecordId},
    merge::{self, Authority, Judge, Merged},
    only::{self, Only},
    op::{FieldOutcome, Op, OpHash, Outcome, OutcomeStatus, Reissue},
    planted::{Planted, planted},
    record::Record,
};
use payung_protocol::Role;
use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};

/// How long an area that a device lost still counts for what was written while it had it.
pub(super) const GRACE: i64 = 60 * 24 * 3600 * 1000;

/// Refused, and nothing of it is kept: what it is about was erased by law.
pub(super) const ERASED: &str = "erased";

/// Refused: a device that looks after no area is about other records.
pub(super) const RECORD_FOREIGN: &str = "record_foreign";

/// Who wrote an op, and where they may.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) device: DeviceId,
    pub(super) who: OfficialId,
    pub(super) authority: Authority,
    revoked: bool,
    /// A person looked at it: neither revocation nor area stands in the way.
    released: bool,
    /// It brings a record back that had a version before.
    restores: bool,
    /// The areas of the device now and within the last 60 days.
    areas: Scope,
    /// Every area it ever had.
    ever: Scope,
    /// What it is about, where it looks after no area.
    only: Option<Only>,
}

impl Writer {
    pub(super) fn of(device: &Device, now: i64) -> Self {
        let ever = device.areas.iter().chain(device.left.iter().map(|(area, _)| area)).cloned().collect();
        let lately = device.left.iter().filter(|(_, lost)| *lost >= now - GRACE).map(|(area, _)| area);
        Self {
            device: device.id,
            who: device.official,
            authority: match &device.only {
                Some(Only::Worker { .. }) => Authority::Worker,
                _ if is_operator(&device.roles) => Authority::Operator,
                _ => Authority::Official,
            },
            revoked: device.state == DeviceState::Revoked,
            released: false,
            restores: false,
            areas: Scope::Areas(device.areas.iter().chain(lately).cloned().collect()),
            ever: Scope::Areas(ever),
            only: device.only.clone(),
        }
    }

    /// An operator who vouches for what a phone offered back.
    pub(super) fn vouching(pen: Pen) -> Self {
        Self {
            device: pen.device,
            who: pen.who,
            authority: pen.authority,
            revoked: false,
            released: true,
            restores: true,
            areas: Scope::Office,
            ever: Scope::Office,
            only: None,
        }
    }

    /// An operator who lets an op through under their own name.
    pub(super) fn under(pen: Pen) -> Self {
        Self { restores: false, ..Self::vouching(pen) }
    }

    /// Whether its offers count.
    pub(super) fn may_offer(&self) -> bool {
        !self.revoked
    }

    /// Whether it looked after an area once.
    pub(super) fn had(&self, area: &Area) -> bool {
        self.ever.contains(area)
    }

    pub(super) fn released(mut self) -> Self {
        self.released = true;
        self
    }
}

/// Whether the roles are those of an operator.
pub(super) fn is_operator(roles: &[Role]) -> bool {
    roles.iter().any(|role| matches!(role, Role::KelurahanOperator | Role::BranchOperator))
}

/// What became of an op, before it is written down.
pub(super) struct Taken {
    pub(super) status: OpStatus,
    pub(super) waits_for: Option<RecordId>,
    pub(super) outcome: Outcome,
}

impl Taken {
    fn plain(op: &Op, status: OpStatus, outcome: OutcomeStatus, code: Option<&str>) -> Self {
        let outcome = Outcome {
            n: op.n,
            status: outcome,
            record: op.record,
            version: 0,
            duplicate_of: None,
            fields: BTreeMap::new(),
            code: code.map(str::to_owned),
        };
        Self { status, waits_for: None, outcome }
    }

    pub(super) fn refused(op: &Op, code: &str) -> Self {
        Self::plain(op, OpStatus::Refused, OutcomeStatus::Refused, Some(code))
    }

    fn held(op: &Op, code: &str, waits_for: Option<RecordId>) -> Self {
        Self { waits_for, ..Self::plain(op, OpStatus::Held, OutcomeStatus::Held, Some(code)) }
    }
}

impl Work<'_> {
    /// Takes the ops of one request. One outcome for each, in their order.
    pub(super) fn take_ops(&mut self, writer: &Writer, ops: &[Op]) -> Result<Vec<Outcome>, ServiceError> {
        let numbers: Vec<u64> = ops.iter().map(|op| op.n).collect();
        let known = self.unit.known_ops(writer.device, &numbers)?;
        let known: HashMap<u64, KnownOp> = known.into_iter().map(|known| (known.n, known)).collect();
        let named: Vec<Reissue> = ops.iter().filter_map(|op| op.reissue).collect();
        let hashes: Vec<OpHash> = ops.iter().map(Op::hash).collect();
        let as_named =
            ops.iter().zip(&hashes).map(|(op, hash)| Reissue { device: writer.device, n: op.n, hash: *hash });
        let known_only = |name: &Reissue| !known.contains_key(&name.n);
        let fresh: Vec<Reissue> = as_named.filter(known_only).collect();
        let mut taken: HashMap<(DeviceId, u64, [u8; 8]), OpId> = HashMap::new();
        if self.unit.counter("reissued")? > 0 {
            let all: Vec<Reissue> = named.iter().chain(&fresh).copied().collect();
            taken.extend(self.unit.taken(&all)?.into_iter().map(|(old, new)| ((old.device, old.n, old.hash.0), new)));
        }
        let parents = ops.iter().filter_map(|op| op.kind.parent(&op.set));
        let wanted: Vec<RecordId> = ops.iter().map(|op| op.record).chain(parents).collect();
        self.load(wanted)?;

        let is_other = |known: &KnownOp, hash: OpHash| known.hash != hash && !planted(Planted::HashUnchecked);
        let differs = |n: u64, hash: OpHash| known.get(&n).is_some_and(|known| is_other(known, hash));
        let mut first: HashMap<u64, OpHash> = HashMap::new();
        let reused = ops
            .iter()
            .zip(&hashes)
            .any(|(op, hash)| differs(op.n, *hash) || *first.entry(op.n).or_insert(*hash) != *hash);
        let mut answers: Vec<(u64, Option<Outcome>)> = Vec::with_capacity(ops.len());
        let mut here: HashSet<u64> = HashSet::new();
        for (op, hash) in ops.iter().zip(hashes) {
            let n = op.n;
            if n == 0 {
                answers.push((n, Some(Taken::refused(op, "op_malformed").outcome)));
                continue;
            }
            if !here.insert(n) {
                // the same op twice in one bundle: answered once more at the end, unless its number was used twice
                let same = self.kept_op(OpId { device: writer.device, n }).is_some_and(|kept| kept.hash == hash);
                let again = (reused && !same).then(|| Taken::refused(op, "op_reused").outcome);
                answers.push((n, again));
                continue;
            }
            let again = known.get(&n).filter(|known| !is_other(known, hash));
            if let Some(known) = again.filter(|_| !planted(Planted::NoDedupe)) {
                let outcome = match &known.outcome {
                    Some(held) if known.status == OpStatus::Superseded && held.status == OutcomeStatus::Held => {
                        self.told_of_successor(OpId { device: writer.device, n }, op, hash)?.unwrap_or(held.clone())
                    }
                    Some(outcome) if !planted(Planted::ReplayWithoutOutcome) => outcome.clone(),
                    _ => self.replayed(op)?,
                };
                answers.push((n, Some(outcome)));
                continue;
            }
            if reused {
                self.unit.quarantine(&StoredOp {
                    device: writer.device,
                    hash,
                    received_at: self.now,
                    status: OpStatus::Refused,
                    waits_for: None,
                    outcome: None,
                    op: op.clone(),
                })?;
                answers.push((n, Some(Taken::refused(op, "op_reused").outcome)));
                continue;
            }
            if taken.contains_key(&(writer.device, n, hash.0)) {
                answers.push((n, Some(self.replayed(op)?)));
                continue;
            }
            if planted(Planted::DedupeByContent)
                && self
                    .unit
                    .history(op.record)?
                    .iter()
                    .any(|old| (&old.op.set, &old.op.resolve) == (&op.set, &op.resolve))
            {
                answers.push((n, Some(self.replayed(op)?)));
                continue;
            }
            let result = self.take_new(writer, op, &taken)?;
            if result.outcome.code.as_deref() == Some(ERASED) {
                answers.push((n, Some(result.outcome)));
                continue;
            }
            if planted(Planted::BadOpStopsBatch) && result.status == OpStatus::Refused {
                return Err(ServiceError::Refused(result.outcome.code.unwrap_or_default()));
            }
            self.keep_op(StoredOp {
                device: writer.device,
                hash,
                received_at: self.now,
                status: result.status,
                waits_for: result.waits_for,
                outcome: Some(result.outcome),
                op: op.clone(),
            });
            // what became of it may still change in this unit: asked again at the end
            answers.push((n, None));
        }
        if reused {
            self.audit(&writer.device.to_string(), "op_reused", &serde_json::json!({ "ops": answers.len() }))?;
        }
        self.release()?;
        self.settle_niks()?;
        self.release()?;
        Ok(answers
            .into_iter()
            .filter_map(|(n, answer)| {
                answer.or_else(|| self.kept_op(OpId { device: writer.device, n })?.outcome.clone())
            })
            .collect())
    }

    fn replayed(&mut self, op: &Op) -> Result<Outcome, ServiceError> {
        let version = self.get(op.record)?.map_or(0, |record| record.version);
        let mut outcome = Taken::plain(op, OpStatus::Applied, OutcomeStatus::Replayed, None).outcome;
        outcome.version = version;
        Ok(outcome)
    }

    /// An op under a number not known yet.
    fn take_new(
        &mut self,
        writer: &Writer,
        op: &Op,
        taken: &HashMap<(DeviceId, u64, [u8; 8]), OpId>,
    ) -> Result<Taken, ServiceError> {
        if let Some(old) = op.reissue {
            let new = OpId { device: writer.device, n: op.n };
            if let Some(result) = self.reissued(writer, op, &old, taken, new)? {
                return Ok(result);
            }
        }
        self.apply_op(writer, op, self.now)
    }

    /// An op tried again under a new number: if the old one was taken, authorship moves and its outcome is answered;
    /// if not, the old name is marked taken and the op is judged as new (none).
    fn reissued(
        &mut self,
        writer: &Writer,
        op: &Op,
        old: &Reissue,
        taken: &HashMap<(DeviceId, u64, [u8; 8]), OpId>,
        new: OpId,
    ) -> Result<Option<Taken>, ServiceError> {
        let owner = if old.device == writer.device {
            Some(writer.who)
        } else {
            self.unit.device(old.device)?.map(|d| d.official)
        };
        if owner != Some(writer.who) {
            return Ok(Some(Taken::refused(op, "reissue_foreign")));
        }
        let stands = taken.get(&(old.device, old.n, old.hash.0)).copied();
        let name = stands.unwrap_or(OpId { device: old.device, n: old.n });
        let stored = match self.kept_op(name) {
            Some(kept) => {
                Some(KnownOp { n: name.n, hash: kept.hash, status: kept.status, outcome: kept.outcome.clone() })
            }
            None => self.unit.known_ops(name.device, &[name.n])?.pop(),
        };
        let stored = stored.filter(|known| stands.is_some() || known.hash == old.hash);
        self.unit.take(old, new)?;
        self.unit.set_counter("reissued", 1)?;
        let Some(stored) = stored else { return Ok(None) };
        match stored.status {
            OpStatus::Refused => Ok(None),
            OpStatus::Held => {
                self.supersede(name)?;
                Ok(None)
            }
            OpStatus::Applied | OpStatus::Linked | OpStatus::Superseded => {
                self.adopt(op, name, new)?;
                let mut result = Taken {
                    status: stored.status,
                    waits_for: None,
                    outcome: match stored.outcome {
                        Some(outcome) => Outcome { n: op.n, ..outcome },
                        None => self.replayed(op)?,
                    },
                };
                if result.status == OpStatus::Linked {
                    // unlinking must replay the op once, under its present name
                    self.supersede(name)?;
                } else {
                    result.status = OpStatus::Superseded;
                }
                Ok(Some(result))
            }
        }
    }

    /// Another copy of its phone issued the op anew while it was held: what became of that one became of this one.
    fn told_of_successor(&mut self, own: OpId, op: &Op, hash: OpHash) -> Result<Option<Outcome>, ServiceError> {
        let mut names = vec![Reissue { device: own.device, n: own.n, hash }];
        names.extend(op.reissue);
        let successor = self.unit.taken(&names)?.into_iter().map(|(_, new)| new).find(|new| *new != own);
        let Some(successor) = successor else { return Ok(None) };
        let Some(StoredOp { status, outcome, .. }) = self.op_now(successor)? else { return Ok(None) };
        let outcome = match outcome {
            Some(outcome) => Outcome { n: op.n, ..outcome },
            // that copy has seen it
            None if status == OpStatus::Refused => Taken::refused(op, "reissue_refused").outcome,
            None => self.replayed(op)?,
        };
        if let Some(stored) = self.unit.stored_op(own)?.filter(|_| outcome.status != OutcomeStatus::Held) {
            self.keep_op(StoredOp { outcome: Some(outcome.clone()), ..stored });
        }
        Ok(Some(outcome))
    }

    fn supersede(&mut self, name: OpId) -> Result<(), ServiceError> {
        if let Some(stored) = self.op_now(name)? {
            self.keep_op(StoredOp { status: OpStatus::Superseded, waits_for: None, ..stored });
        }
        Ok(())
    }

    fn adopt(&mut self, op: &Op, old: OpId, new: OpId) -> Result<(), ServiceError> {
        let survivor = self.get(op.record)?.and_then(|record| record.alias.as_ref().map(|alias| alias.survivor));
        for id in [Some(op.record), survivor].into_iter().flatten() {
            if let Some(record) = self.edit(id)? {
                merge::adopt(record, old, new, &op.stale);
            }
        }
        Ok(())
    }

    /// Judges one op: scope, what it names, its values, then the merge.
    pub(super) fn apply_op(&mut self, writer: &Writer, op: &Op, received: i64) -> Result<Taken, ServiceError> {
        if self.is_erased(op.record)? {
            return Ok(Taken::refused(op, ERASED));
        }
        if writer.revoked && !writer.released && !planted(Planted::RevokedStillWrites) {
            return Ok(Taken::held(op, "device_revoked", None));
        }
        let Some(table) = op.kind.table() else {
            return Ok(Taken::held(op, "kind_unknown", None));
        };
        if op.kind.is_server_owned() {
            return Ok(Taken::refused(op, "kind_server_owned"));
        }
        let there = self.get(op.record)?.map(|record| (record.kind.clone(), record.area.clone()));
        let headless = there.is_none() && !writer.restores && self.is_behind_its_creation(writer, op)?;
        let area = match &there {
            Some((kind, _)) if *kind != op.kind => return Ok(Taken::refused(op, "kind_differs")),
            Some((_, area)) => area.clone(),
            None if headless || op.base.is_some() && !writer.restores || op.set.is_empty() => {
                return Ok(Taken::held(op, "record_unknown", Some(op.record)));
            }
            None if !op.area.is_village_or_below() => return Ok(Taken::refused(op, "area_invalid")),
            None => op.area.clone(),
        };
        if let Some(stop) = self.judge_role(writer, op, there.is_some())? {
            return Ok(stop);
        }
        if writer.only.is_none()
            && let Some(stop) = self.judge_area(writer, op, &area)?
        {
            return Ok(stop);
        }
        let mut home = area;
        if there.is_none() {
            match self.judge_parent(writer, op, table.parent)? {
                Ok(Some(parent)) => home = parent,
                Ok(None) => {}
                Err(stop) => return Ok(stop),
            }
        }
        let fields = invalid_fields(op);
        if !fields.is_empty() {
            let mut refused = Taken::refused(op, "field_invalid");
            refused.outcome.fields = fields;
            return Ok(refused);
        }
        if !self.has_room(op)? {
            return Ok(Taken::refused(op, "record_too_large"));
        }
        if op.kind == Kind::EnrollmentEvent && there.is_none() {
            // the fact stands only if the step it asks for is possible
            if let Err(code) = self.enrollment_event(op, received)? {
                return Ok(Taken::refused(op, &code));
            }
        }
        if op.kind == Kind::DeathReport
            && there.is_none()
            && let Err(code) = self.death_reported(op, received)?
        {
            return Ok(Taken::refused(op, &code));
        }
        if op.kind == Kind::FollowUp && there.is_none() {
            self.clinic_received(op, received)?;
        }
        let judge = self.judge(writer, op, received)?;
        self.merge_op(op, &judge, there.is_none().then_some(home))
    }

    /// Whether an op that is no whole record comes while the one that makes its record is held: made before the phone
    /// was told of the record, it names no base.
    fn is_behind_its_creation(&self, writer: &Writer, op: &Op) -> Result<bool, ServiceError> {
        let whole = |op: &Op| op.kind.missing(&op.set).is_empty();
        if op.base.is_some() || whole(op) {
            return Ok(false);
        }
        let own = OpId { device: writer.device, n: op.n };
        let creates = |kept: &StoredOp| {
            kept.id() != own && kept.op.record == op.record && kept.op.base.is_none() && whole(&kept.op)
        };
        let held = |kept: &StoredOp| kept.status == OpStatus::Held && creates(kept);
        // what this unit has decided of an op takes the place of what is stored
        let stored = self.unit.history(op.record)?;
        let mut stored = stored.iter().filter(|kept| self.kept_op(kept.id()).is_none());
        Ok(self.ops().iter().any(held) || stored.any(held))
    }

    /// Whether what the op writes to stays small enough to be told in a reply.
    fn has_room(&mut self, op: &Op) -> Result<bool, ServiceError> {
        let Some(record) = self.get(op.record)? else {
            return Ok(Record::new(op.record, op.kind.clone(), op.area.clone()).has_room_for(op));
        };
        if !record.has_room_for(op) {
            return Ok(false);
        }
        let survivor = record.alias.as_ref().map(|alias| alias.survivor);
        Ok(match survivor {
            Some(survivor) => self.get(survivor)?.is_none_or(|survivor| survivor.has_room_for(op)),
            None => true,
        })
    }

    /// Whether the writer's role has a part in it, and for a device without areas, whether it is about that record. `there`:
    /// the record exists.
    fn judge_role(&mut self, writer: &Writer, op: &Op, there: bool) -> Result<Option<Taken>, ServiceError> {
        let only = writer.only.as_ref();
        // who vouches for a record that was lost brings back what any role had made of it
        let may = if writer.restores {
            Ok(())
        } else if only.is_some() && !op.resolve.is_empty() {
            Err(only::ROLE_FOREIGN)
        } else if there && !only::is_made_by(op) {
            only::may_change(only, &op.kind, !op.resolve.is_empty())
        } else {
            only::may_make(only, &op.kind, &op.set)
        };
        if let Err(code) = may {
            return Ok(Some(Taken::refused(op, code)));
        }
        let Some(only) = only else { return Ok(None) };
        // a new record is judged by what it belongs to
        let about = self.is_about(only, op.record)?;
        Ok((about == Some(false)).then(|| Taken::refused(op, RECORD_FOREIGN)))
    }

    fn judge_area(&mut self, writer: &Writer, op: &Op, area: &Area) -> Result<Option<Taken>, ServiceError> {
        if writer.released || writer.areas.contains(area) {
            return Ok(None);
        }
        // it was theirs to look after once: a person decides, nothing is dropped
        let once = writer.ever.contains(area) || self.unit.was_within(op.record, &writer.ever)?;
        Ok(Some(if once { Taken::held(op, "area_foreign", None) } else { Taken::refused(op, "area_foreign") }))
    }

    /// What a new record belongs to must be here. Answers the parent's area, which the child follows.
    fn judge_parent(
        &mut self,
        writer: &Writer,
        op: &Op,
        field: Option<&'static str>,
    ) -> Result<Result<Option<Area>, Taken>, ServiceError> {
        let Some(field) = field else { return Ok(Ok(None)) };
        let Some(parent) = op.kind.parent(&op.set) else {
            let required = op.kind.field(field).is_some_and(|spec| spec.required);
            let refused = Taken::refused(op, "parent_missing");
            return Ok(if required { Err(refused) } else { Ok(None) });
        };
        if self.is_erased(parent)? {
            return Ok(Err(Taken::refused(op, ERASED)));
        }
        let Some(parent) = self.get(parent)? else {
            return Ok(Err(Taken::held(op, "parent_unknown", Some(parent))));
        };
        if !op.kind.may_belong_to(&parent.kind) {
            return Ok(Err(Taken::refused(op, "parent_invalid")));
        }
        let (id, area) = (parent.id, parent.area.clone());
        if let Some(only) = &writer.only {
            let about = self.is_about(only, id)? == Some(true);
            return Ok(if about { Ok(Some(area)) } else { Err(Taken::refused(op, RECORD_FOREIGN)) });
        }
        Ok(match self.judge_area(writer, op, &area)? {
            Some(stop) => Err(stop),
            None => Ok(Some(area)),
        })
    }

    /// What the merge must know beside the op.
    pub(super) fn judge(&mut self, writer: &Writer, op: &Op, received: i64) -> Result<Judge, ServiceError> {
        Ok(Judge {
            epoch: self.epoch,
            device: writer.device,
            who: writer.who,
            authority: writer.authority,
            received,
            submitted: self.is_submitted(op.record)?,
        })
    }

    /// Whether the record has gone to the branch and has not come back.
    fn is_submitted(&mut self, id: RecordId) -> Result<bool, ServiceError> {
        if self.get(id)?.is_none() {
            return Ok(false);
        }
        let stored = self.is_stored(id);
        let record = self.need(id)?;
        let gone = |status: &str| {
            use EnrollmentStatus as S;
            matches!(S::from(status), S::Submitted | S::Numbered | S::Active)
        };
        match record.kind {
            Kind::Enrollment => Ok(record.text("status").is_some_and(gone)),
            Kind::Worker if stored => {
                // enrolments in hand may be newer than the stored ones, never older in this respect
                let stored = self.unit.child_states(&[id])?;
                Ok(stored.iter().any(|(_, status)| gone(status)))
            }
            _ => Ok(false),
        }
    }

    fn merge_op(&mut self, op: &Op, judge: &Judge, new_in: Option<Area>) -> Result<Taken, ServiceError> {
        if let Some(area) = new_in {
            self.ensure_village(&area)?;
            let mut record = Record::new(op.record, op.kind.clone(), area);
            let merged = merge::apply(&mut record, op, judge);
            let version = record.version;
            self.create(record);
            return Ok(applied(op, OpStatus::Applied, op.record, version, merged));
        }
        let survivor = self.get(op.record)?.and_then(|record| record.alias.as_ref().map(|alias| alias.survivor));
        if let Some(survivor) = survivor.filter(|_| !planted(Planted::AliasIgnored)) {
            let (merged, version) = self.edit_both(op.record, survivor, |loser, survivor| {
                let merged = merge::apply_linked(loser, survivor, op, judge);
                (merged, survivor.version)
            })?;
            return Ok(applied(op, OpStatus::Linked, survivor, version, merged));
        }
        let record = self.edit(op.record)?.ok_or(ServiceError::NotFound("record"))?;
        let merged = merge::apply(record, op, judge);
        let version = record.version;
        Ok(applied(op, OpStatus::Applied, op.record, version, merged))
    }

    /// Applies what was held for records that have come since.
    pub(super) fn release(&mut self) -> Result<(), ServiceError> {
        loop {
            let created = self.take_created();
            self.drop_offers_of(&created)?;
            if created.is_empty() || planted(Planted::HeldNotReleased) {
                return Ok(());
            }
            let mut waiting = self.unit.held(&HeldFilter::WaitingFor(created.clone()))?;
            waiting.retain(|op| self.kept_op(op.id()).is_none());
            let here = self
                .ops()
                .iter()
                .filter(|op| op.status == OpStatus::Held && op.waits_for.is_some_and(|id| created.contains(&id)));
            waiting.extend(here.cloned().collect::<Vec<_>>());
            let mut writers: HashMap<DeviceId, Option<Writer>> = HashMap::new();
            for op in waiting {
                if let Entry::Vacant(unknown) = writers.entry(op.device) {
                    unknown.insert(self.unit.device(op.device)?.map(|device| Writer::of(&device, self.now)));
                }
                if let Some(Some(writer)) = writers.get(&op.device) {
                    self.apply_held(writer, op)?;
                }
            }
        }
    }

    /// Judges a held op again; its stored outcome follows.
    pub(super) fn apply_held(&mut self, writer: &Writer, op: StoredOp) -> Result<OpStatus, ServiceError> {
        let taken = self.apply_op(writer, &op.op, op.received_at)?;
        let status = taken.status;
        self.keep_op(StoredOp { status, waits_for: taken.waits_for, outcome: Some(taken.outcome), ..op });
        Ok(status)
    }
}

fn applied(op: &Op, status: OpStatus, record: RecordId, version: u64, merged: Merged) -> Taken {
    let mut taken = Taken::plain(op, status, OutcomeStatus::Applied, None);
    taken.outcome.record = record;
    taken.outcome.version = version;
    taken.outcome.fields = merged.fields.into_iter().filter(|(_, outcome)| *outcome != FieldOutcome::Kept).collect();
    taken
}

/// The fields whose value can't be taken, with the reason. Class A is the merge's to refuse, field by field.
fn invalid_fields(op: &Op) -> BTreeMap<String, FieldOutcome> {
    use payung_domain::field::Class;
    op.values()
        .filter(|(field, _)| op.kind.class(field) != Class::A)
        .filter_map(|(field, value)| {
            let error = op.kind.validate(field, value).err()?;
            let code = if error.field == *field { error.code } else { format!("{}:{}", error.field, error.code) };
            Some((field.clone(), FieldOutcome::Refused(code)))
        })
        .collect()
}
