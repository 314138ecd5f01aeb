//! Reports as a phone shows them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use chrono::{DateTime, Duration, Utc};
use common::*;
use payung_domain::{field::Kind, id::RecordId, report::ReportPhase};
use payung_store::{ReportView, StoreError};
use serde_json::{Value, json};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(NOW).unwrap()
}

fn feedback(phone: &Phone, worker: Option<RecordId>, topic: &str) -> RecordId {
    let id = record_id();
    let mut fields = vec![("topic", Value::from(topic)), ("text", "Kapan?".into()), ("at", now().to_rfc3339().into())];
    fields.extend(worker.map(|worker| ("worker", json!(worker))));
    phone.add_fact(&Kind::Feedback, id, &body(&fields), &rt(), NOW).unwrap();
    id
}

fn ids(reports: &[ReportView]) -> Vec<RecordId> {
    reports.iter().map(|report| report.record.id).collect()
}

#[test]
fn reports_are_listed_newest_first_by_page_and_by_person() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let all: Vec<_> = (0..5)
        .map(|n| feedback(&phone, (n % 2 == 0).then_some(worker), if n == 4 { "correction" } else { "question" }))
        .collect();
    let newest: Vec<_> = all.iter().rev().copied().collect();
    assert_eq!(ids(&phone.reports(None, true, None, 50, now()).unwrap()), newest);
    let first = phone.reports(None, true, None, 2, now()).unwrap();
    assert_eq!(ids(&first), newest[..2]);
    let after = Some(first[1].record.id);
    assert_eq!(ids(&phone.reports(None, true, after, 50, now()).unwrap()), newest[2..]);
    let of_worker = phone.reports(Some(worker), true, None, 50, now()).unwrap();
    assert_eq!(ids(&of_worker), [all[4], all[2], all[0]]);
    assert!(of_worker.iter().all(|report| report.worker == Some(worker)));
    assert_eq!(of_worker[0].standing.due, Some(now() + Duration::days(3)));
    assert!(matches!(phone.report(worker, now()), Err(StoreError::NotFound)));
}

#[test]
fn report_waits_until_the_office_has_it_and_is_open_until_its_answer_was_seen() {
    let mut phone = phone();
    let report = feedback(&phone, None, "question");
    assert_eq!(phone.report(report, now()).unwrap().standing.phase, ReportPhase::Waiting);
    phone.exchange(vec![], |batch| vec![applied(batch.ops[0].n, report, 1)]);
    assert_eq!(phone.report(report, now()).unwrap().standing.phase, ReportPhase::Sent);
    let answer = json!({ "state": "answered", "text": "Senin.", "at": now().to_rfc3339(), "by": "office" });
    let told = [("topic", json!("question")), ("text", json!("Kapan?")), ("at", json!(now())), ("answer", answer)];
    let change = put_kind(Kind::Feedback, report, 2, &told);
    phone.pull(vec![change]);
    let shown = phone.report(report, now()).unwrap();
    assert_eq!((shown.standing.phase, shown.next_step.as_str()), (ReportPhase::Answered, "Jawaban: Senin."));
    let seen = body(&[("of", json!(report)), ("what", "seen".into()), ("answer", json!(now())), ("at", json!(now()))]);
    phone.add_fact(&Kind::FollowUp, record_id(), &seen, &rt(), NOW).unwrap();
    assert_eq!(phone.report(report, now()).unwrap().standing.phase, ReportPhase::Seen);
    assert!(phone.reports(None, true, None, 50, now()).unwrap().is_empty());
    assert_eq!(phone.reports(None, false, None, 50, now()).unwrap().len(), 1);
}

#[test]
fn report_the_office_refused_is_not_said_to_be_there() {
    let mut phone = phone();
    let report = feedback(&phone, None, "question");
    phone.exchange(vec![], |batch| vec![refused(batch.ops[0].n, report, "area_foreign")]);
    assert_eq!(phone.report(report, now()).unwrap().standing.phase, ReportPhase::Waiting);
    assert_eq!(phone.needs_fixing().unwrap().len(), 1);
}

fn accident(phone: &Phone, worker: RecordId) -> RecordId {
    let id = record_id();
    let at = Value::from(now().to_rfc3339());
    let fields = [
        ("worker", json!(worker)),
        ("happened", at.clone()),
        ("place", "Kebun kelapa".into()),
        ("what", "Jatuh".into()),
        ("at", at),
    ];
    phone.add_fact(&Kind::AccidentReport, id, &body(&fields), &rt(), NOW).unwrap();
    id
}

#[test]
fn accident_goes_ahead_of_an_evening_of_registrations_behind_its_own_person() {
    let mut phone = phone();
    let known = phone.pulled_worker("BUDI");
    register(&phone, 9001, "KARTO");
    let fresh = register(&phone, 9002, "SUTINAH");
    register(&phone, 9003, "DARMO");
    let question = feedback(&phone, Some(known), "question");
    let (one, other) = (accident(&phone, known), accident(&phone, fresh.worker));
    let sent = |batch: &payung_store::Batch| -> Vec<RecordId> { batch.ops.iter().map(|op| op.record).collect() };
    let first = phone.next_batch(2, 1 << 20, NOW).unwrap();
    assert_eq!(sent(&first), [fresh.worker, one], "the person of the second report, then the first report");
    let reply = payung_protocol::Reply { outcomes: all_applied(1)(&first), ..phone.reply(&first.asked) };
    phone.take(&reply, &first.asked);
    let rest = phone.batch();
    assert_eq!(sent(&rest)[0], other);
    let numbers: Vec<u64> = rest.ops.iter().map(|op| op.n).collect();
    assert_eq!(numbers, (3..=12).collect::<Vec<u64>>(), "each op once, without a gap");
    assert_eq!(sent(&rest).last(), Some(&question));
    // a question waits its turn, and an accident saved later overtakes it
    let asked = feedback(&phone, None, "suggestion");
    let later = accident(&phone, known);
    phone.exchange(vec![], |batch| {
        assert_eq!(sent(batch)[10..], [later, asked]);
        all_applied(1)(batch)
    });
}
