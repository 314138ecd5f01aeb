//! Answers about workers.

use payung_domain::{coverage::Coverage, enrollment::Due};
use payung_store::{
    AgreementView, Attendee, ClinicView, CoverageLine, CoverageNumbers, CoveragePicture, Draft, EcosystemView,
    EnrollmentView, Mark, NeedsFixing, OpenConflict, ReportView, SessionView, ShownRecord, WorkerDetail, WorkerSummary,
};
use payung_sync::SyncReport;
use serde_json::{Map, Value, json};

/// A row of a list, with the sum due.
pub(crate) fn row(summary: &WorkerSummary, detail: &WorkerDetail) -> Value {
    json!({
        "worker": summary.id,
        "name": summary.name,
        "nik": summary.nik,
        "area": summary.area,
        "occupation": summary.occupation,
        "phone": summary.phone,
        "phase": summary.phase.map(payung_domain::enrollment::Phase::code),
        "label": summary.label,
        "next_step": summary.next_step,
        "due": counted(detail).map(|enrollment| due(&enrollment.due)),
        "waiting": summary.waiting,
        "held": summary.held,
        "refused": summary.refused,
        "conflict": summary.conflict,
    })
}

/// The enrolment whose phase the list shows: the latest of that phase.
fn counted(detail: &WorkerDetail) -> Option<&EnrollmentView> {
    detail.enrollments.iter().rev().find(|enrollment| Some(enrollment.phase) == detail.summary.phase)
}

fn due(due: &Due) -> Value {
    let Due { amount, quoted, months, code, valid_to, expired, until } = due;
    json!({
        "amount": amount,
        "quoted": quoted,
        "months": months,
        "code": code,
        "valid_to": valid_to,
        "expired": expired,
        "until": until,
    })
}

/// Everything about a worker.
pub(crate) fn detail(detail: &WorkerDetail) -> Value {
    let enrollment = |view: &EnrollmentView| {
        let mut told = record(&view.record);
        told["phase"] = view.phase.code().into();
        told["label"] = view.label.as_str().into();
        told["next_step"] = view.next_step.as_str().into();
        told["due"] = due(&view.due);
        told["events"] = view.events.iter().map(record).collect();
        told
    };
    let mut told = record(&detail.record);
    told["row"] = row(&detail.summary, detail);
    told["enrollments"] = detail.enrollments.iter().map(enrollment).collect();
    told["visits"] = detail.visits.iter().map(record).collect();
    told["duplicates"] = json!(detail.duplicates);
    told["duplicate_of"] = json!(detail.duplicate_of);
    told
}

/// An agreement, with what this phone may still count on.
pub(crate) fn agreement(view: &AgreementView) -> Value {
    let mut told = json!(view.agreement);
    told["waiting_here"] = view.waiting_here.into();
    told["left_here"] = view.left_here.into();
    told["words"] = view.words.as_str().into();
    told
}

/// Persons by where their enrolment stands.
fn counts(counts: &Coverage) -> Value {
    let named = Coverage::NAMES.iter().map(|name| (*name).to_owned()).zip(counts.numbers().map(Value::from));
    Value::Object(named.collect())
}

/// A session with who came.
pub(crate) fn session(view: &SessionView, attendees: &[Attendee]) -> Value {
    let attendee = |one: &Attendee| json!({ "record": one.id, "name": one.name, "phone": one.phone, "home": one.home, "worker": one.worker });
    json!({
        "record": view.session.id, "place": view.session.place, "state": view.state.code(), "topics": view.topics,
        "came": view.came, "registered": view.registered,
        "attendees": attendees.iter().map(attendee).collect::<Vec<_>>(),
    })
}

/// An ecosystem with whom the phone knows of it.
pub(crate) fn ecosystem(view: &EcosystemView) -> Value {
    json!({
        "code": view.code, "ecosystem": view.ecosystem, "counts": counts(&view.counts), "workers_known": view.workers_known,
    })
}

/// The coverage picture: a line for each RT, and the sum.
pub(crate) fn coverage(picture: &CoveragePicture) -> Value {
    let numbers = |numbers: &CoverageNumbers| {
        json!({
            "counts": counts(&numbers.counts), "workers_known": numbers.workers_known, "workers_visited": numbers.workers_visited,
            "never_visited": numbers.never_visited, "doors_visited": numbers.doors_visited,
        })
    };
    let line =
        |line: &CoverageLine| json!({ "area": line.area, "label": line.label, "numbers": numbers(&line.numbers) });
    json!({ "lines": picture.lines.iter().map(line).collect::<Vec<_>>(), "total": numbers(&picture.total) })
}

/// A clinic and how far it is.
pub(crate) fn clinic(view: &ClinicView) -> Value {
    let mut told = json!(view.clinic);
    told["metres"] = json!(view.metres);
    told["distance"] = view.distance.as_str().into();
    told
}

/// A report and where it stands.
pub(crate) fn written_report(report: &ReportView) -> Value {
    let mut told = record(&report.record);
    told["phase"] = report.standing.phase.code().into();
    told["late"] = report.standing.late.into();
    told["label"] = report.label.as_str().into();
    told["next_step"] = report.next_step.as_str().into();
    told["follow_ups"] = report.follow_ups.iter().map(record).collect();
    told
}

fn record(record: &ShownRecord) -> Value {
    let fields: Map<String, Value> = record
        .fields
        .iter()
        .map(|(name, field)| (name.clone(), json!({"value": field.value, "mark": mark(&field.mark)})))
        .collect();
    json!({
        "record": record.id,
        "kind": record.kind,
        "area": record.area,
        "version": record.base.map(|base| base.version),
        "alias_of": record.alias_of,
        "fields": fields,
        "conflicts": record.conflicts,
    })
}

fn mark(mark: &Mark) -> &str {
    match mark {
        Mark::Pulled => "pulled",
        Mark::Waiting => "waiting",
        Mark::Held => "held",
        Mark::Received => "received",
        Mark::Refused(code) => code,
    }
}

pub(crate) fn draft(draft: &Draft) -> Value {
    json!({
        "draft": draft.id.0,
        "record": draft.record,
        "kind": draft.kind,
        "version": draft.base.map(|base| base.version),
        "fields": draft.fields,
        "shown": draft.shown,
    })
}

pub(crate) fn conflict(open: &OpenConflict) -> Value {
    json!({
        "record": open.record,
        "kind": open.kind,
        "worker": open.worker,
        "name": open.name,
        "field": open.field,
        "shown": open.shown,
        "decided": open.decided,
        "candidates": open.conflict.candidates,
        "correction": open.conflict.correction,
    })
}

pub(crate) fn fixing(needs: &NeedsFixing) -> Value {
    json!({
        "op": needs.k,
        "record": needs.record,
        "kind": needs.kind,
        "name": needs.name,
        "code": needs.code,
        "fields": needs.fields,
    })
}

/// What a run did.
pub(crate) fn report(report: &SyncReport) -> Value {
    json!({
        "sent": report.sent,
        "uploaded": report.uploaded,
        "applied": report.applied,
        "replayed": report.replayed,
        "held": report.held,
        "refused": report.refused,
        "conflicts": report.conflicts,
        "lost": report.lost,
        "merged": report.merged,
        "changes": report.changes,
        "requests": report.requests,
        "bytes_up": report.bytes_up,
        "bytes_down": report.bytes_down,
        "areas_differing": report.areas_differing,
        "new_epoch": report.new_epoch,
        "rejoin_needed": report.rejoin_needed,
    })
}
