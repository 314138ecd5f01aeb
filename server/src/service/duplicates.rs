//! One person on two phones: claims on NIKs, automatic links inside one village, reviews for the rest, and the way back.

use super::{
    ServiceError,
    enrollment::is_open,
    take::Writer,
    work::{NikWrite, Pen, Work},
};
use crate::storage::{Duplicate, DuplicateState, NikHash, OpStatus, StoredOp};
use payung_domain::{
    enrollment::{Actor, EnrollmentEvent, EnrollmentFlag, EnrollmentStatus, Evidence, Proof, Reason},
    id::{OpId, RecordId},
    merge::{self, Authority, Judge},
    op::{Body, Op},
    planted::{Planted, planted},
    record::Record,
    text,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

impl Work<'_> {
    /// Checks every NIK written in this unit: the first to claim it stands, a second is linked or reviewed.
    pub(super) fn settle_niks(&mut self) -> Result<(), ServiceError> {
        let writes = self.take_nik_writes();
        if writes.is_empty() || planted(Planted::SecondNikUnseen) {
            return Ok(());
        }
        let hash = |nik: &Option<String>| nik.as_deref().map(|nik| self.sealer.nik_hash(nik));
        let released: Vec<(NikHash, RecordId)> =
            writes.iter().filter_map(|write| Some((hash(&write.before)?, write.record))).collect();
        let claims: Vec<(NikHash, RecordId)> =
            writes.iter().filter_map(|write| Some((hash(&write.after)?, write.record))).collect();
        self.unit.release_niks(&released)?;
        let holders = self.unit.claim_niks(&claims)?;
        let doubles: Vec<(RecordId, RecordId, NikHash)> = claims
            .iter()
            .zip(holders)
            .filter(|((_, record), holder)| record != holder)
            .map(|((hash, record), holder)| (*record, holder, *hash))
            .collect();
        for NikWrite { record, .. } in &writes {
            self.close_settled_reviews(*record)?;
        }
        for (record, holder, hash) in doubles {
            self.found_double(record, holder, hash)?;
        }
        Ok(())
    }

    fn found_double(&mut self, later: RecordId, holder: RecordId, hash: NikHash) -> Result<(), ServiceError> {
        let survivor = |record: &Record| record.alias.as_ref().map(|alias| alias.survivor);
        let Some(holding) = self.get(holder)? else {
            // the claim of a record that is no more
            return Ok(self.unit.hand_claim(hash, later)?);
        };
        let earlier = survivor(holding).unwrap_or(holder);
        let linked = self.need(later)?.alias.is_some();
        if later == earlier || linked {
            return Ok(());
        }
        let token = token(later, earlier);
        let known = self.unit.duplicate(&token)?;
        if known.as_ref().is_some_and(|pair| pair.state != DuplicateState::Review) {
            return Ok(());
        }
        let mut pair = known.unwrap_or(Duplicate {
            token,
            later,
            earlier,
            state: DuplicateState::Review,
            opened_at: self.now,
            decided_at: None,
            closed: Vec::new(),
        });
        self.load([later, earlier])?;
        let (one, other) = (self.need(later)?.clone(), self.need(earlier)?);
        let name = |record: &Record| record.text("name").map(str::to_owned).unwrap_or_default();
        let same = one.area.village() == other.area.village() && text::same_name(&name(&one), &name(other));
        let has_others = !self.unit.linked_to(&[later])?.is_empty();
        self.tell_writer(later, &token);
        if same && !has_others {
            self.link(&mut pair, Pen::SERVER, Actor::Server)?;
            return self.audit("server", "duplicate_linked", &json!({ "later": later, "earlier": earlier }));
        }
        self.unit.save_duplicate(&pair)?;
        self.flag_review(&pair, true)?;
        self.audit("server", "duplicate_review", &json!({ "later": later, "earlier": earlier }))
    }

    /// The outcome of the op that wrote the NIK carries the opaque token.
    fn tell_writer(&mut self, record: RecordId, token: &[u8; 16]) {
        let wrote = |op: &&StoredOp| op.op.record == record && op.op.values().any(|(field, _)| field == "nik");
        let names: Vec<OpId> = self.ops().iter().filter(wrote).map(StoredOp::id).collect();
        for name in names {
            if let Some(outcome) = self.edit_op(name).and_then(|op| op.outcome.as_mut()) {
                outcome.duplicate_of = Some(hex::encode(token));
            }
        }
    }

    /// A review whose two NIKs differ by now has nothing left to decide.
    fn close_settled_reviews(&mut self, record: RecordId) -> Result<(), ServiceError> {
        if !self.is_stored(record) {
            return Ok(());
        }
        for mut pair in self.unit.duplicates(Some(record), Some(DuplicateState::Review))? {
            let later = self.need(pair.later)?.value("nik").clone();
            if later != *self.need(pair.earlier)?.value("nik") {
                pair.state = DuplicateState::Apart;
                pair.decided_at = Some(self.now);
                self.unit.save_duplicate(&pair)?;
                self.flag_review(&pair, false)?;
            }
        }
        Ok(())
    }

    /// Sets or clears `duplicate_review` on the open enrolments of both.
    pub(super) fn flag_review(&mut self, pair: &Duplicate, on: bool) -> Result<(), ServiceError> {
        for worker in [pair.later, pair.earlier] {
            // another review of the same person keeps the flag up
            let others = self.unit.duplicates(Some(worker), Some(DuplicateState::Review))?;
            if !on && others.iter().any(|other| other.token != pair.token) {
                continue;
            }
            for id in self.enrollments(worker)? {
                if is_open(self.need(id)?.text("status")) {
                    self.set_flag(id, &EnrollmentFlag::DuplicateReview, on)?;
                }
            }
        }
        Ok(())
    }

    /// Links a pair: `later` becomes an alias of `earlier`; of two open enrolments the later is closed.
    pub(super) fn link(&mut self, pair: &mut Duplicate, pen: Pen, actor: Actor) -> Result<(), ServiceError> {
        let judge = Judge {
            epoch: self.epoch,
            device: pen.device,
            who: pen.who,
            authority: Authority::Server,
            received: self.now,
            submitted: false,
        };
        if !self.unit.linked_to(&[pair.later])?.is_empty() {
            return Err(ServiceError::Refused("link_chain".to_owned()));
        }
        let linked = self.edit_both(pair.later, pair.earlier, |later, earlier| merge::link(later, earlier, &judge))?;
        linked.map_err(|_| ServiceError::Refused("link_chain".to_owned()))?;
        pair.state = DuplicateState::Linked;
        pair.decided_at = Some(self.now);
        self.flag_review(pair, false)?;
        pair.closed = self.close_double(pair.later, pair.earlier, pen, actor)?;
        self.unit.save_duplicate(pair)?;
        Ok(())
    }

    /// A linked person's enrolment that arrives after the link.
    pub(super) fn supersede_later(&mut self, later: RecordId, earlier: RecordId) -> Result<(), ServiceError> {
        let closed = self.close_double(later, earlier, Pen::SERVER, Actor::Server)?;
        if closed.is_empty() {
            return Ok(());
        }
        if let Some(mut pair) = self.unit.duplicate(&token(later, earlier))? {
            pair.closed.extend(closed);
            self.unit.save_duplicate(&pair)?;
        }
        Ok(())
    }

    /// Of two open enrolments the later is closed as superseded; the one that is further with the branch stays.
    fn close_double(
        &mut self,
        later: RecordId,
        earlier: RecordId,
        pen: Pen,
        actor: Actor,
    ) -> Result<Vec<(RecordId, String)>, ServiceError> {
        let open = |work: &mut Self, worker| -> Result<Vec<(RecordId, String)>, ServiceError> {
            let mut found = Vec::new();
            for id in work.enrollments(worker)? {
                if let Some(status) = work.need(id)?.text("status").filter(|status| is_open(Some(status))) {
                    found.push((id, status.to_owned()));
                }
            }
            Ok(found)
        };
        let (theirs, ours) = (open(self, later)?, open(self, earlier)?);
        if theirs.is_empty() || ours.is_empty() {
            return Ok(Vec::new());
        }
        let with_branch = |all: &[(RecordId, String)]| {
            use EnrollmentStatus as S;
            all.iter().any(|(_, status)| matches!(S::from(status.as_str()), S::Submitted | S::Numbered | S::Active))
        };
        let closing = if with_branch(&theirs) && !with_branch(&ours) { ours } else { theirs };
        for (id, _) in &closing {
            let area = self.need(*id)?.area.clone();
            let on = self.today(&area);
            let reason = Reason { code: "superseded".to_owned(), text: String::new() };
            let proof = Proof { on, evidence: Evidence::Reason(reason) };
            self.transition(pen, *id, &EnrollmentEvent::Superseded, actor, &proof)?;
        }
        Ok(closing)
    }

    /// Takes a link back: both persons are as they would be alone.
    pub(super) fn unlink(&mut self, pair: &mut Duplicate) -> Result<(), ServiceError> {
        self.load([pair.later, pair.earlier])?;
        if self.need(pair.later)?.alias.as_ref().map(|alias| alias.survivor) != Some(pair.earlier) {
            return Err(ServiceError::Refused("not_linked".to_owned()));
        }
        let mut late: Vec<(Op, Judge)> = Vec::new();
        for stored in self.unit.history(pair.later)?.into_iter().filter(|op| op.status == OpStatus::Linked) {
            let judge = match self.unit.device(stored.device)? {
                Some(device) => {
                    let writer = Writer::of(&device, self.now);
                    Judge { submitted: false, ..self.judge(&writer, &stored.op, stored.received_at)? }
                }
                None => Judge {
                    epoch: self.epoch,
                    device: stored.device,
                    who: payung_domain::id::OfficialId(stored.device.0),
                    authority: Authority::Operator,
                    received: stored.received_at,
                    submitted: false,
                },
            };
            late.push((stored.op.clone(), judge));
            self.keep_op(StoredOp { status: OpStatus::Applied, ..stored });
        }
        self.edit_both(pair.later, pair.earlier, |later, earlier| merge::unlink(later, earlier, &late))?;
        for (id, status) in std::mem::take(&mut pair.closed) {
            if self.need(id)?.text("status") == Some(EnrollmentStatus::Closed.as_str()) {
                let set = [("status".to_owned(), Value::from(status)), ("returned".to_owned(), Value::Null)];
                self.write(Pen::SERVER, id, Body::from(set))?;
            }
        }
        pair.state = DuplicateState::Apart;
        pair.decided_at = Some(self.now);
        self.unit.save_duplicate(pair)?;
        Ok(())
    }
}

/// The token of a pair: opaque, and the same whenever the pair is found again, in whatever order (after a restore the
/// one that came second may come first).
pub(super) fn token(one: RecordId, other: RecordId) -> [u8; 16] {
    let (one, other) = (one.min(other), one.max(other));
    let digest =
        Sha256::new().chain_update(b"payung/duplicate/1").chain_update(one.bytes()).chain_update(other.bytes());
    let mut token = [0; 16];
    token.copy_from_slice(&digest.finalize()[..16]);
    token
}
