//! Doing one act inside a unit of work.

use super::{Act, Closing, Entry};
use crate::{
    service::{
        ServiceError,
        take::{Writer, is_operator},
        work::{Pen, Work},
    },
    storage::{Device, DeviceState, Duplicate, DuplicateState, NikHash, Official, OpStatus, StoredOp},
};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    enrollment::{Actor, EnrollmentEvent, Evidence, Proof},
    field::Kind,
    id::{DeviceId, OfficialId, OpId, RecordId},
    merge::Authority,
    only::Only,
    op::{Body, FieldOutcome, Outcome, OutcomeStatus, Resolution},
};
use payung_protocol::{ProblemCode, Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The counter that says a file was imported.
pub(crate) fn import_counter(sha256: &str) -> String {
    format!("import:{sha256}")
}

fn refused(code: &str) -> ServiceError {
    ServiceError::Refused(code.to_owned())
}

/// Hashes of NIKs as an act has them.
fn nik_hashes(texts: &[String]) -> Result<Vec<NikHash>, ServiceError> {
    let read = |text: &String| {
        let mut hash = [0; 16];
        hex::decode_to_slice(text, &mut hash).map_err(|_| refused("hash_invalid"))?;
        Ok(NikHash(hash))
    };
    texts.iter().map(read).collect()
}

impl Work<'_> {
    /// Does the act and writes it to the audit. On an error what was done of it must not be saved.
    pub(in crate::service) fn perform(&mut self, entry: &Entry) -> Result<(), ServiceError> {
        let who = entry.who;
        // a replayed act happened when it happened
        let now = std::mem::replace(&mut self.now, entry.at);
        let done = self.within_office(who, &entry.act).and_then(|()| self.do_act(who, &entry.act));
        self.now = now;
        let detail = done?;
        self.audit(&who.to_string(), entry.act.name(), &detail)
    }

    /// An operator whose office has areas acts in them only.
    fn within_office(&mut self, who: OfficialId, act: &Act) -> Result<(), ServiceError> {
        let Some(operator) = self.official(who)?.filter(|official| !official.areas.is_empty()) else {
            return Ok(());
        };
        let (scope, mut areas) = (operator.scope(), Vec::new());
        for record in act.records() {
            areas.extend(self.get(record)?.map(|record| record.area.clone()));
        }
        match act {
            Act::Move { to, .. } => areas.push(to.clone()),
            Act::Accept { offer } | Act::DropOffer { offer } => areas.push(offer.area.clone()),
            Act::TakeAside { op, .. } => areas.push(op.area.clone()),
            Act::Erase { erased, .. } => areas.extend(erased.iter().map(|one| one.area.clone())),
            Act::Publish { records } => areas.extend(records.iter().map(|one| one.area.clone())),
            Act::Invite { invite } => {
                areas.extend(invite.areas.iter().chain(invite.only.as_ref().map(Only::area)).cloned());
            }
            Act::SetDevice { device, .. } | Act::Wipe { device } | Act::Recover { device, .. } => {
                let device = self.unit.device(*device)?;
                areas.extend(device.iter().flat_map(Device::places).cloned());
            }
            Act::Assign { device } => areas.extend(device.areas.iter().cloned()),
            _ => {}
        }
        if areas.iter().all(|area| scope.contains(area)) { Ok(()) } else { Err(refused("area_foreign")) }
    }

    fn do_act(&mut self, who: OfficialId, act: &Act) -> Result<Value, ServiceError> {
        match act {
            Act::SaveOfficial { official } => {
                self.save_official(official)?;
                Ok(json!({ "official": official.id }))
            }
            Act::Invite { invite } => {
                self.operator(who)?;
                for area in &invite.areas {
                    self.ensure_village(area)?;
                }
                self.unit.save_invite(invite)?;
                Ok(json!({ "official": invite.official, "areas": invite.areas, "only": invite.only }))
            }
            Act::Join { device } => self.join(device),
            Act::Renew { device, certificate, areas } => {
                let mut row = self.unit.device(*device)?.ok_or(ServiceError::NotFound("device"))?;
                if row.state != DeviceState::Active {
                    return Err(refused(ProblemCode::DeviceRevoked.as_str()));
                }
                if row.areas != *areas {
                    return Err(refused("areas_changed"));
                }
                row.certificate.clone_from(certificate);
                self.unit.save_device(&row)?;
                self.unit.set_counter("certificate", self.unit.counter("certificate")? + 1)?;
                Ok(json!({ "device": device }))
            }
            Act::SetDevice { device, state } => {
                self.operator(who)?;
                let mut row = self.unit.device(*device)?.ok_or(ServiceError::NotFound("device"))?;
                row.state = *state;
                // a phone that turned up again: what it still sends is taken, so there is nothing to destroy
                row.wipe &= *state == DeviceState::Revoked;
                self.unit.save_device(&row)?;
                Ok(json!({ "device": device, "state": state }))
            }
            Act::Wipe { device } => {
                self.operator(who)?;
                let mut row = self.unit.device(*device)?.ok_or(ServiceError::NotFound("device"))?;
                (row.state, row.wipe) = (DeviceState::Revoked, true);
                self.unit.save_device(&row)?;
                Ok(json!({ "device": device }))
            }
            Act::Recover { device, request } => {
                self.operator(who)?;
                let row = self.unit.device(*device)?.ok_or(ServiceError::NotFound("device"))?;
                if row.state == DeviceState::Revoked {
                    return Err(refused(ProblemCode::DeviceRevoked.as_str()));
                }
                Ok(json!({ "device": device, "official": row.official, "request": request }))
            }
            Act::Assign { device } => {
                self.operator(who)?;
                let before = self.unit.device(device.id)?.ok_or(ServiceError::NotFound("device"))?;
                if before.only.is_some() {
                    return Err(refused("not_by_area"));
                }
                let mut row = Device { seen_through: before.seen_through, unfetched: true, ..device.clone() };
                let lost = before.areas.iter().filter(|area| !row.areas.iter().any(|now| area.is_within(now)));
                row.left = before.left.iter().cloned().chain(lost.map(|area| (area.clone(), self.now))).collect();
                for area in row.areas.clone() {
                    self.ensure_village(&area)?;
                }
                self.unit.save_device(&row)?;
                self.unit.set_counter("certificate", self.unit.counter("certificate")? + 1)?;
                Ok(json!({ "device": row.id, "areas": row.areas }))
            }
            Act::Resolve { record, field, value, seen, document } => {
                let pen = self.pen(who)?;
                let decision = Resolution { value: value.clone(), seen: seen.clone(), document: document.clone() };
                self.resolve(pen, *record, field, decision)?;
                Ok(json!({ "record": record, "field": field }))
            }
            Act::Link { later, earlier } => {
                let (pen, actor) = (self.pen(who)?, self.actor(who)?);
                let mut pair = self.pair(*later, *earlier)?;
                self.link(&mut pair, pen, actor)?;
                Ok(json!({ "later": later, "earlier": earlier }))
            }
            Act::Unlink { later, earlier } => {
                self.operator(who)?;
                let mut pair = self.pair(*later, *earlier)?;
                self.unlink(&mut pair)?;
                Ok(json!({ "later": later, "earlier": earlier }))
            }
            Act::KeepApart { later, earlier } => {
                self.operator(who)?;
                let mut pair = self.pair(*later, *earlier)?;
                if pair.state == DuplicateState::Linked {
                    return Err(refused("linked"));
                }
                pair.state = DuplicateState::Apart;
                pair.decided_at = Some(self.now);
                self.unit.save_duplicate(&pair)?;
                self.flag_review(&pair, false)?;
                Ok(json!({ "later": later, "earlier": earlier }))
            }
            Act::Accept { offer } => {
                let pen = self.pen(who)?;
                self.accept(pen, offer)
            }
            Act::DropOffer { offer } => {
                self.operator(who)?;
                self.drop_offer(offer)
            }
            Act::Erase { worker, reason, erased } => {
                self.operator(who)?;
                let mut detail = self.erase_person(*worker, erased)?;
                detail["reason"] = json!(reason);
                Ok(detail)
            }
            Act::Emptied => Ok(json!({})),
            Act::Release { op, .. } => {
                self.operator(who)?;
                self.release_op(*op)?;
                Ok(json!({ "op": op }))
            }
            Act::RefuseHeld { op, code, .. } => {
                self.operator(who)?;
                self.refuse_op(*op, code)?;
                Ok(json!({ "op": op, "code": code }))
            }
            Act::TakeAside { device, op } => {
                let pen = self.pen(who)?;
                self.take_aside(pen, *device, op)
            }
            Act::DropAside { old, code, .. } => {
                self.operator(who)?;
                self.drop_aside(old, code)
            }
            Act::Verify { enrollment } => self.step(who, *enrollment, &EnrollmentEvent::Verify, None, Evidence::None),
            Act::Return { enrollment, reason, by_branch_file } => {
                let actor = by_branch_file.then_some(Actor::BranchFile);
                self.step(who, *enrollment, &EnrollmentEvent::Return, actor, Evidence::Reason(reason.clone()))
            }
            Act::Close { enrollment, how, reason } => {
                let event = match how {
                    Closing::Leave => EnrollmentEvent::Leave,
                    Closing::Refuse => EnrollmentEvent::Refuse,
                    Closing::Superseded => EnrollmentEvent::Superseded,
                    Closing::Died => EnrollmentEvent::Died,
                };
                self.step(who, *enrollment, &event, None, Evidence::Reason(reason.clone()))
            }
            Act::Move { record, to } => {
                self.operator(who)?;
                let moved = self.move_record(*record, to)?;
                Ok(json!({ "record": record, "to": to, "records": moved }))
            }
            Act::Export { enrollment, export_id } => {
                let evidence = Evidence::Export { export_id: export_id.clone() };
                self.step(who, *enrollment, &EnrollmentEvent::Export, None, evidence)
            }
            Act::Number { enrollment, kpj, payment_code } => {
                let evidence = Evidence::Number { kpj: kpj.clone(), payment_code: payment_code.clone() };
                self.step(who, *enrollment, &EnrollmentEvent::Number, Some(Actor::BranchFile), evidence)
            }
            Act::Pay { enrollment, from, until, on } => {
                let evidence = Evidence::Payment { from: *from, until: *until };
                self.step_on(who, *enrollment, &EnrollmentEvent::Pay, Some(Actor::BranchFile), evidence, *on)
            }
            Act::Import { sha256, template, rows } => {
                self.operator(who)?;
                self.unit.set_counter(&import_counter(sha256), self.unit.counter("journal")? + 1)?;
                Ok(json!({ "sha256": sha256, "template": template, "rows": rows }))
            }
            Act::Answer { report, answer } => {
                let pen = self.pen(who)?;
                self.answer_report(pen, *report, answer)?;
                Ok(json!({ "report": report, "state": answer.state }))
            }
            Act::Publish { records } => {
                let pen = self.pen(who)?;
                let changed = self.publish(pen, records)?;
                Ok(json!({ "records": records.len(), "changed": changed }))
            }
            Act::Swap { out, into } => {
                self.operator(who)?;
                let agreement = self.swap(*out, *into)?;
                Ok(json!({ "out": out, "into": into, "agreement": agreement }))
            }
            Act::ReplaceCard { worker, reason } => {
                self.operator(who)?;
                let card = self.replace_card(*worker)?;
                Ok(json!({ "record": worker, "card": card, "reason": reason }))
            }
            Act::Members { ecosystem, hashes } => {
                self.operator(who)?;
                if self.need(*ecosystem)?.kind != Kind::Ecosystem {
                    return Err(refused("not_an_ecosystem"));
                }
                let known = nik_hashes(hashes)?;
                self.unit.set_ecosystem_members(*ecosystem, &known)?;
                let set = Body::from([("members".to_owned(), json!(known.len()))]);
                self.write(Pen::SERVER, *ecosystem, set)?;
                Ok(json!({ "ecosystem": ecosystem, "hashes": known.len() }))
            }
            Act::KnownMembers { hashes } => {
                self.operator(who)?;
                self.unit.add_known_members(&nik_hashes(hashes)?)?;
                Ok(json!({ "hashes": hashes.len() }))
            }
        }
    }

    /// The operator who acts. Someone else may not.
    fn operator(&mut self, who: OfficialId) -> Result<Official, ServiceError> {
        self.official(who)?.filter(|official| is_operator(&official.roles)).ok_or(refused("not_an_operator"))
    }

    /// An operator at the office writes as a device of their own.
    fn pen(&mut self, who: OfficialId) -> Result<Pen, ServiceError> {
        self.operator(who)?;
        Ok(Pen { device: DeviceId(who.0), who, authority: Authority::Operator })
    }

    fn actor(&mut self, who: OfficialId) -> Result<Actor, ServiceError> {
        let operator = self.operator(who)?;
        let branch = operator.roles.contains(&Role::BranchOperator);
        Ok(if branch { Actor::BranchOperator } else { Actor::KelurahanOperator })
    }

    fn step(
        &mut self,
        who: OfficialId,
        enrollment: RecordId,
        event: &EnrollmentEvent,
        actor: Option<Actor>,
        evidence: Evidence,
    ) -> Result<Value, ServiceError> {
        self.step_on(who, enrollment, event, actor, evidence, None)
    }

    /// A step that happened on a day, which is never after today.
    fn step_on(
        &mut self,
        who: OfficialId,
        enrollment: RecordId,
        event: &EnrollmentEvent,
        actor: Option<Actor>,
        evidence: Evidence,
        on: Option<NaiveDate>,
    ) -> Result<Value, ServiceError> {
        let pen = self.pen(who)?;
        let own = self.actor(who)?;
        // only the branch's own operators bring its files
        if actor == Some(Actor::BranchFile) && own != Actor::BranchOperator {
            return Err(refused("not_a_branch_operator"));
        }
        let worker = self.worker_of(enrollment)?;
        let area: Area = self.need(enrollment)?.area.clone();
        self.load([worker])?;
        let today = self.today(&area);
        let proof = Proof { on: on.map_or(today, |on| on.min(today)), evidence };
        self.transition(pen, enrollment, event, actor.unwrap_or(own), &proof)?;
        Ok(json!({ "enrollment": enrollment }))
    }

    fn join(&mut self, device: &Device) -> Result<Value, ServiceError> {
        let mut invite = self.unit.invite(&device.invite)?.ok_or(ServiceError::NotFound("invite"))?;
        if invite.used.is_some_and(|(used_by, _)| used_by != device.id) {
            return Err(refused("invite_used"));
        }
        if let Some(replaced) = invite.replaces
            && let Some(mut old) = self.unit.device(replaced)?
            && old.state == DeviceState::Active
        {
            old.state = DeviceState::Retired;
            self.unit.save_device(&old)?;
        }
        if let Some(Only::Worker { .. }) = &device.only {
            // a person has one phone: the one their last code brought in
            for mut old in self.unit.devices()? {
                if old.official == device.official && old.id != device.id && old.state == DeviceState::Active {
                    old.state = DeviceState::Retired;
                    self.unit.save_device(&old)?;
                }
            }
        }
        invite.used = Some((device.id, self.now));
        self.unit.save_invite(&invite)?;
        self.unit.save_device(device)?;
        self.unit.set_counter("certificate", self.unit.counter("certificate")? + 1)?;
        for area in &device.areas {
            self.ensure_village(area)?;
        }
        Ok(json!({
            "device": device.id, "official": device.official, "areas": device.areas, "only": device.only,
        }))
    }

    fn resolve(&mut self, pen: Pen, record: RecordId, field: &str, decision: Resolution) -> Result<(), ServiceError> {
        let record_now = self.need(record)?;
        if !record_now.conflicts.contains_key(field) {
            return Err(ServiceError::NotFound("open conflict"));
        }
        if let Err(error) = record_now.kind.validate(field, &decision.value) {
            return Err(ServiceError::Refused(error.code));
        }
        let merged = self.write_op(pen, record, |op| {
            op.resolve.insert(field.to_owned(), decision);
        })?;
        if let Some(FieldOutcome::Refused(code)) = merged.fields.get(field) {
            return Err(refused(code));
        }
        self.settle_niks()
    }

    /// A pair by its records, in the order asked; a new one where nobody found it before.
    fn pair(&mut self, later: RecordId, earlier: RecordId) -> Result<Duplicate, ServiceError> {
        self.load([later, earlier])?;
        self.need(later)?;
        self.need(earlier)?;
        let token = super::super::duplicates::token(later, earlier);
        let new = Duplicate {
            token,
            later,
            earlier,
            state: DuplicateState::Review,
            opened_at: self.now,
            decided_at: None,
            closed: Vec::new(),
        };
        Ok(self.unit.duplicate(&token)?.map_or(new, |found| Duplicate { later, earlier, ..found }))
    }

    fn held_op(&mut self, name: OpId) -> Result<StoredOp, ServiceError> {
        // it may have been issued anew under another name in this very unit
        let stored = self.op_now(name)?.filter(|stored| stored.status == OpStatus::Held);
        stored.ok_or(ServiceError::NotFound("held op"))
    }

    fn release_op(&mut self, name: OpId) -> Result<(), ServiceError> {
        let stored = self.held_op(name)?;
        let device = self.unit.device(name.device)?.ok_or(ServiceError::NotFound("device"))?;
        let writer = Writer::of(&device, self.now).released();
        if self.apply_held(&writer, stored)? == OpStatus::Held {
            // its record or parent is still missing, or its kind unknown: no person can help that
            return Err(refused("still_held"));
        }
        self.release()?;
        self.settle_niks()
    }

    fn refuse_op(&mut self, name: OpId, code: &str) -> Result<(), ServiceError> {
        let stored = self.held_op(name)?;
        let outcome = Outcome {
            n: stored.op.n,
            status: OutcomeStatus::Refused,
            record: stored.op.record,
            version: 0,
            duplicate_of: None,
            fields: BTreeMap::new(),
            code: Some(code.to_owned()),
        };
        self.keep_op(StoredOp { status: OpStatus::Refused, waits_for: None, outcome: Some(outcome), ..stored });
        Ok(())
    }
}
