//! Where an enrolment stands: read from its record, moved by [`enrollment::next`] only, written back as class A.

use super::{
    ServiceError,
    work::{Pen, Work, lookup_nik},
};
use crate::storage::DuplicateState;
use chrono::{DateTime, NaiveDate};
use payung_domain::{
    calendar::local_date,
    contribution::Payer,
    enrollment::{
        self, Actor, EnrollmentEvent, EnrollmentFlag, EnrollmentState, EnrollmentStatus, Evidence, Kpj, Proof, Reason,
    },
    field::Kind,
    id::RecordId,
    op::{Body, Op},
    record::Record,
};
use serde_json::{Map, Value};

/// Class A fields of an enrolment that make up its state; the member number is the worker's.
const STATE: [&str; 6] = ["status", "returned", "payment_code", "covered", "export_id", "flags"];
/// Flags that tell what is open now; computed when they matter, never stored.
const LIVE: [EnrollmentFlag; 4] = [
    EnrollmentFlag::ConflictOpen,
    EnrollmentFlag::CorrectionOpen,
    EnrollmentFlag::Incomplete,
    EnrollmentFlag::CodeExpired,
];
/// The worker's NIK is in the list of known members; an operator looks before verifying.
pub(crate) const ALREADY_MEMBER: &str = "already_member";

/// The state as the record has it. A part of a newer schema that cannot be read counts as absent.
pub(crate) fn state_of(enrollment: &Record, worker: Option<&Record>) -> EnrollmentState {
    let mut parts = Map::new();
    for name in STATE {
        if let Some(value) = enrollment.body.get(name) {
            parts.insert(name.to_owned(), value.clone());
        }
    }
    let mut state: EnrollmentState = serde_json::from_value(Value::Object(parts)).unwrap_or_else(|_| EnrollmentState {
        status: enrollment.text("status").map(EnrollmentStatus::from),
        ..EnrollmentState::default()
    });
    state.kpj = worker.and_then(|worker| worker.text("kpj")).and_then(|kpj| Kpj::parse(kpj).ok());
    for flag in &LIVE {
        state.flags.remove(flag);
    }
    let open = |correction: bool| {
        [Some(enrollment), worker]
            .into_iter()
            .flatten()
            .any(|record| record.conflicts.values().any(|conflict| conflict.correction == correction))
    };
    if open(false) {
        state.flags.insert(EnrollmentFlag::ConflictOpen);
    }
    if open(true) {
        state.flags.insert(EnrollmentFlag::CorrectionOpen);
    }
    let lacks = |record: &Record| !record.kind.missing(&record.body).is_empty();
    if lacks(enrollment) || worker.is_some_and(lacks) {
        state.flags.insert(EnrollmentFlag::Incomplete);
    }
    state
}

/// The class A fields in which two states differ, as they are written to the record.
fn written(before: &EnrollmentState, after: &EnrollmentState) -> Result<Body, ServiceError> {
    let fields = |state: &EnrollmentState| {
        let mut state = state.clone();
        state.flags.retain(|flag| !LIVE.contains(flag));
        match serde_json::to_value(&state) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Err(ServiceError::Refused("state_unwritable".to_owned())),
        }
    };
    let (before, after) = (fields(before)?, fields(after)?);
    let mut set = Body::new();
    for name in STATE {
        let value = after.get(name).unwrap_or(&Value::Null);
        if value != before.get(name).unwrap_or(&Value::Null) {
            set.insert(name.to_owned(), value.clone());
        }
    }
    Ok(set)
}

/// Whether a stored status means that the enrolment is not over.
pub(super) fn is_open(status: Option<&str>) -> bool {
    status.is_some_and(|status| EnrollmentStatus::from(status) != EnrollmentStatus::Closed)
}

impl Work<'_> {
    /// The worker of an enrolment.
    pub(super) fn worker_of(&mut self, enrollment: RecordId) -> Result<RecordId, ServiceError> {
        let record = self.need(enrollment)?;
        if record.kind != Kind::Enrollment {
            return Err(ServiceError::NotFound("enrollment"));
        }
        record.kind.parent(&record.body).ok_or(ServiceError::NotFound("worker"))
    }

    /// Where the enrolment stands now.
    pub(super) fn enrollment_state(&mut self, id: RecordId) -> Result<EnrollmentState, ServiceError> {
        let worker = self.worker_of(id)?;
        self.load([id, worker])?;
        // a linked worker's facts are the survivor's
        let worker =
            self.get(worker)?.map_or(worker, |record| record.alias.as_ref().map_or(worker, |alias| alias.survivor));
        self.load([worker])?;
        let enrollment = self.in_hand(id).ok_or(ServiceError::NotFound("enrollment"))?;
        Ok(state_of(enrollment, self.in_hand(worker)))
    }

    /// Moves an enrolment by the table of states and writes what changed. A new member number goes to the worker.
    pub(super) fn transition(
        &mut self,
        pen: Pen,
        id: RecordId,
        event: &EnrollmentEvent,
        actor: Actor,
        proof: &Proof,
    ) -> Result<EnrollmentState, ServiceError> {
        let before = self.enrollment_state(id)?;
        let after = enrollment::next(&before, event, actor, proof)
            .map_err(|error| ServiceError::Refused(error.code().to_owned()))?;
        let set = written(&before, &after)?;
        let by_server = Pen { authority: payung_domain::merge::Authority::Server, ..pen };
        if !set.is_empty() {
            self.write(by_server, id, set)?;
        }
        if after.kpj != before.kpj
            && let Some(kpj) = &after.kpj
        {
            let worker = self.worker_of(id)?;
            let survivor = self.get(worker)?.and_then(|record| record.alias.as_ref().map(|alias| alias.survivor));
            let set = Body::from([("kpj".to_owned(), Value::from(kpj.expose()))]);
            self.write(by_server, survivor.unwrap_or(worker), set)?;
        }
        Ok(after)
    }

    /// Sets or clears a stored flag.
    pub(super) fn set_flag(&mut self, id: RecordId, flag: &EnrollmentFlag, on: bool) -> Result<(), ServiceError> {
        let before = self.enrollment_state(id)?;
        let mut after = before.clone();
        if on {
            after.flags.insert(flag.clone());
        } else {
            after.flags.remove(flag);
        }
        let set = written(&before, &after)?;
        if !set.is_empty() {
            self.write(Pen::SERVER, id, set)?;
        }
        Ok(())
    }

    /// What an official did to an enrolment. The inner error is the code with which the fact is refused.
    pub(super) fn enrollment_event(&mut self, op: &Op, received: i64) -> Result<Result<(), String>, ServiceError> {
        let Some(id) = op.kind.parent(&op.set) else { return Ok(Err("parent_missing".to_owned())) };
        let text = |name: &str| op.set.get(name).and_then(Value::as_str);
        let Some(event) = text("event").map(EnrollmentEvent::from) else { return Ok(Err("event_missing".to_owned())) };
        let area = self.need(id)?.area.clone();
        let day = |millis: i64| local_date(DateTime::from_timestamp_millis(millis).unwrap_or_default(), &area);
        // the phone tells when, but no later than the server received it
        let at = text("at").and_then(|at| DateTime::parse_from_rfc3339(at).ok()).map(|at| at.timestamp_millis());
        let on = day(at.unwrap_or(received).min(received));
        let evidence = self.evidence(id, &event, op, on)?;
        match self.transition(Pen::SERVER, id, &event, Actor::Official, &Proof { on, evidence }) {
            Ok(_) => {}
            Err(ServiceError::Refused(code)) => return Ok(Err(code)),
            Err(error) => return Err(error),
        }
        if event == EnrollmentEvent::Submit {
            self.submitted_by_official(id)?;
        }
        Ok(Ok(()))
    }

    fn evidence(
        &mut self,
        id: RecordId,
        event: &EnrollmentEvent,
        op: &Op,
        on: NaiveDate,
    ) -> Result<Evidence, ServiceError> {
        let text = |name: &str| op.set.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(match event {
            EnrollmentEvent::Submit => {
                let record = self.need(id)?;
                let valid = |field: &str| {
                    let value = record.value(field);
                    !value.is_null() && record.kind.validate(field, value).is_ok()
                };
                let yes = |name: &str| record.value("declaration").get(name) == Some(&Value::Bool(true));
                Evidence::Submission {
                    cover: valid("cover"),
                    declaration: valid("declaration") && yes("independent") && yes("healthy"),
                    consent: valid("consent"),
                }
            }
            EnrollmentEvent::Resubmit => Evidence::Resubmission {
                fact_changed: self.changed_since_return(id)?,
                noted: !text("note").trim().is_empty(),
            },
            EnrollmentEvent::Withdraw => {
                let code = if text("reason").is_empty() { "withdrawn" } else { text("reason") };
                Evidence::Reason(Reason { code: code.to_owned(), text: text("note").to_owned() })
            }
            EnrollmentEvent::Renew => {
                let cover = op.set.get("cover").unwrap_or(&Value::Null);
                let months = cover.get("months").and_then(Value::as_u64).unwrap_or(0);
                let payer = cover.get("payer").and_then(Value::as_str).unwrap_or_default();
                let working = op.set.get("declaration").and_then(|declared| declared.get("independent"));
                Evidence::Renewal {
                    months: u32::try_from(months).unwrap_or(0),
                    payer: Payer::from(payer),
                    still_working: working == Some(&Value::Bool(true)),
                }
            }
            EnrollmentEvent::ReportDeath => Evidence::Death { date: text("date").parse().unwrap_or(on) },
            _ => Evidence::None,
        })
    }

    /// Whether anything was written to the enrolment or its worker by an official since it was returned.
    fn changed_since_return(&mut self, id: RecordId) -> Result<bool, ServiceError> {
        let worker = self.worker_of(id)?;
        let Some(returned) = self.need(id)?.stamps.get("status").map(|stamp| stamp.hlc.millis()) else {
            return Ok(false);
        };
        // the return itself, and what else the server derives, is class A
        let counts = |op: &crate::storage::StoredOp| {
            let fact = |field: &String| op.op.kind.class(field) != payung_domain::field::Class::A;
            op.received_at >= returned && op.op.values().any(|(field, _)| fact(field))
        };
        for record in [id, worker] {
            let here = self.ops().iter().any(|op| op.op.record == record && counts(op));
            if here || self.unit.history(record)?.iter().any(counts) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the server knows of a newly received enrolment: a duplicate under review, a linked person's other
    /// enrolment, a NIK that is a member already.
    fn submitted_by_official(&mut self, id: RecordId) -> Result<(), ServiceError> {
        let worker = self.worker_of(id)?;
        let (nik, survivor) = self
            .get(worker)?
            .map(|record| (lookup_nik(record), record.alias.as_ref().map(|alias| alias.survivor)))
            .unwrap_or_default();
        if let Some(nik) = nik {
            let hash = self.sealer.nik_hash(&nik);
            if !self.unit.known_members(&[hash])?.is_empty() {
                self.set_flag(id, &EnrollmentFlag::from(ALREADY_MEMBER), true)?;
            }
        }
        if self.is_stored(worker) && !self.unit.duplicates(Some(worker), Some(DuplicateState::Review))?.is_empty() {
            self.set_flag(id, &EnrollmentFlag::DuplicateReview, true)?;
        }
        if let Some(survivor) = survivor {
            self.supersede_later(worker, survivor)?;
        }
        Ok(())
    }
}
