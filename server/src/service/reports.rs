//! Reports of officials: what the office answers, and what a reported death does to an enrolment.

use super::{
    Service, ServiceError,
    work::{Pen, Work},
};
use crate::storage::{Kept, RecordFilter, Scope};
use chrono::{DateTime, NaiveDate};
use payung_domain::{
    calendar::local_date,
    enrollment::{Actor, EnrollmentEvent, Evidence, Proof},
    field::Kind,
    id::{OfficialId, RecordId},
    merge::Authority,
    only::RECEIVED,
    op::{Body, Op},
    record::Record,
    report::{Answer, AnswerState, AnsweredBy, REPORTS, ReportStanding, standing},
};
use serde_json::Value;

/// A report with where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportItem {
    /// The report.
    pub report: Record,
    /// The person it is about.
    pub worker: Option<Record>,
    /// What was added to it, oldest first.
    pub follow_ups: Vec<Record>,
    /// Where it stands.
    pub standing: ReportStanding,
}

impl Service {
    /// Reports of a kind in the order of their making, after one.
    pub fn reports(
        &self,
        by: OfficialId,
        kind: &Kind,
        scope: &Scope,
        after: Option<RecordId>,
        limit: usize,
        now: i64,
    ) -> Result<Vec<ReportItem>, ServiceError> {
        let filter = RecordFilter { kind: Some(kind.clone()), ..RecordFilter::default() };
        let unit = self.storage.read()?;
        let found = unit.find(&filter, scope, after, limit)?;
        let ids: Vec<RecordId> = found.iter().map(|kept| kept.record.id).collect();
        let mut added: Vec<Record> = unit.children(&ids, &Scope::Office)?.into_iter().map(|kept| kept.record).collect();
        added.retain(|record| record.kind == Kind::FollowUp);
        added.sort_by_key(|record| record.id);
        let parent = |record: &Record| record.kind.parent(&record.body);
        let of: Vec<RecordId> = found.iter().filter_map(|kept| parent(&kept.record)).collect();
        let workers: Vec<Kept> = unit.records(&of, &Scope::Office)?;
        drop(unit);
        self.audit_look(by, "look_reports", found.len(), now)?;
        let instant = DateTime::from_timestamp_millis(now).unwrap_or_default();
        let item = |kept: Kept| {
            let report = kept.record;
            let follow_ups: Vec<Record> =
                added.iter().filter(|fact| parent(fact) == Some(report.id)).cloned().collect();
            let bodies: Vec<Body> = follow_ups.iter().map(|fact| fact.body.clone()).collect();
            let worker = parent(&report).and_then(|id| workers.iter().find(|kept| kept.record.id == id));
            ReportItem {
                standing: standing(&report.kind, &report.body, &bodies, false, instant),
                worker: worker.map(|kept| kept.record.clone()),
                follow_ups,
                report,
            }
        };
        Ok(found.into_iter().map(item).collect())
    }
}

impl Work<'_> {
    /// Writes what the office says to a report.
    pub(super) fn answer_report(&mut self, pen: Pen, id: RecordId, answer: &Answer) -> Result<(), ServiceError> {
        if !REPORTS.contains(&self.need(id)?.kind) {
            return Err(ServiceError::Refused("not_a_report".to_owned()));
        }
        answer.check().map_err(|code| ServiceError::Refused(code.to_owned()))?;
        let value = serde_json::to_value(answer).map_err(|_| ServiceError::Refused("answer_unwritable".to_owned()))?;
        let by_server = Pen { authority: Authority::Server, ..pen };
        self.write(by_server, id, Body::from([("answer".to_owned(), value)]))?;
        Ok(())
    }

    /// The clinic that an accident report names has the person: that is the report's answer until the office says more. What
    /// the office has asked or answered already stands.
    pub(super) fn clinic_received(&mut self, op: &Op, received: i64) -> Result<(), ServiceError> {
        if op.set.get("what").and_then(Value::as_str) != Some(RECEIVED) {
            return Ok(());
        }
        let Some(report) = op.kind.parent(&op.set) else { return Ok(()) };
        let body = &self.need(report)?.body;
        if Answer::of(body).is_some_and(|said| said.state != AnswerState::Received || said.by == AnsweredBy::Clinic) {
            return Ok(());
        }
        let at = DateTime::from_timestamp_millis(received).unwrap_or_default();
        let answer = Answer { state: AnswerState::Received, text: String::new(), at, by: AnsweredBy::Clinic };
        self.answer_report(Pen::SERVER, report, &answer)
    }

    /// A death was reported: every enrolment of the person says so from now on. The inner error is the code with which
    /// the fact is refused.
    pub(super) fn death_reported(&mut self, op: &Op, received: i64) -> Result<Result<(), String>, ServiceError> {
        let date = op.set.get("date").and_then(Value::as_str).and_then(|date| date.parse::<NaiveDate>().ok());
        let (Some(worker), Some(date)) = (op.kind.parent(&op.set), date) else { return Ok(Ok(())) };
        let record = self.need(worker)?;
        let survivor = record.alias.as_ref().map_or(worker, |alias| alias.survivor);
        let area = record.area.clone();
        let on = local_date(DateTime::from_timestamp_millis(received).unwrap_or_default(), &area);
        if date > on {
            return Ok(Err("death_in_future".to_owned()));
        }
        let mut people = vec![survivor];
        people.extend(self.unit.linked_to(&[survivor])?);
        if !people.contains(&worker) {
            people.push(worker);
        }
        for person in people {
            for child in self.children(person)? {
                if self.get(child)?.is_none_or(|record| record.kind != Kind::Enrollment) {
                    continue;
                }
                let proof = Proof { on, evidence: Evidence::Death { date } };
                match self.transition(Pen::SERVER, child, &EnrollmentEvent::ReportDeath, Actor::Official, &proof) {
                    Ok(_) => {}
                    Err(ServiceError::Refused(code)) => return Ok(Err(code)),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(Ok(()))
    }
}
