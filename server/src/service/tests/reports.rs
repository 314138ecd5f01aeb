//! Feedback, accidents and deaths: from a phone to the office, and the answer back.

use super::office::*;
use crate::{
    service::{ServiceError, operator::Act},
    storage::Scope,
};
use chrono::DateTime;
use payung_domain::{
    field::Kind,
    id::RecordId,
    op::{FieldOutcome, Op, OutcomeStatus},
    report::{Answer, AnswerState, AnsweredBy, ReportPhase},
};
use serde_json::{Value, json};

fn moment(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).expect("a time").to_rfc3339()
}

fn answer(report: RecordId, state: AnswerState, text: &str, at: i64) -> Act {
    let at = DateTime::from_timestamp_millis(at).expect("a time");
    Act::Answer { report, answer: Answer { state, text: text.to_owned(), at, by: AnsweredBy::Office } }
}

fn feedback(phone: &mut Phone, office: &Office, id: RecordId, more: &[(&str, Value)]) -> Op {
    let mut op = phone.op(office, Kind::Feedback, id, more);
    op.base = None;
    op.set.insert("topic".to_owned(), json!("question"));
    op.set.insert("text".to_owned(), json!("Kapan kartunya jadi?"));
    op.set.insert("at".to_owned(), json!(moment(office.now.get())));
    op
}

fn seen(phone: &mut Phone, office: &Office, id: RecordId, of: RecordId, at: i64) -> Op {
    let fields = [("of", json!(of)), ("what", json!("seen")), ("answer", json!(moment(at))), ("at", json!(moment(at)))];
    Op { base: None, ..phone.op(office, Kind::FollowUp, id, &fields) }
}

fn phase(office: &Office, kind: &Kind) -> ReportPhase {
    let found = office.service.reports(BOSS, kind, &Scope::Office, None, 10, office.now.get()).expect("listed");
    found.first().expect("a report").standing.phase
}

fn refused(office: &Office, act: Act) -> String {
    match office.service.act(BOSS, act, office.now.get()) {
        Err(ServiceError::Refused(code)) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn question_reaches_the_office_and_its_answer_every_phone_of_the_area_and_seeing_it_the_office() {
    let office = Office::new();
    let (mut first, mut second) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let ask = feedback(&mut first, &office, record(1), &[]);
    assert!(applied(&first.send(&office, &[ask])));
    assert_eq!(phase(&office, &Kind::Feedback), ReportPhase::Sent);
    office.act(answer(record(1), AnswerState::Received, "", START));
    assert_eq!(phase(&office, &Kind::Feedback), ReportPhase::InHand);
    office.act(answer(record(1), AnswerState::Answered, "Hari Senin.", START + 1000));
    for phone in [&mut first, &mut second] {
        phone.pull(&office);
        assert_eq!(phone.shown(record(1), "answer")["text"], "Hari Senin.");
    }
    assert_eq!(phase(&office, &Kind::Feedback), ReportPhase::Answered);
    let fact = seen(&mut second, &office, record(2), record(1), START + 1000);
    let outcomes = second.send(&office, &[fact]);
    assert!(applied(&outcomes), "{outcomes:?}");
    assert_eq!(phase(&office, &Kind::Feedback), ReportPhase::Seen);
    // every answer that was given stays in the history
    let history = office.service.history(BOSS, record(1), START).expect("known");
    assert_eq!(history.iter().filter(|op| op.op.set.contains_key("answer")).count(), 2);
}

#[test]
fn phone_cannot_answer_for_the_office() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let forged = json!({ "state": "answered", "text": "Terlindungi.", "at": moment(START), "by": "office" });
    let op = feedback(&mut phone, &office, record(1), &[("answer", forged)]);
    let outcomes = phone.send(&office, &[op]);
    assert_eq!(field(&outcomes[0], "answer"), Some(&FieldOutcome::Refused("field_owner".to_owned())));
    assert_eq!(phase(&office, &Kind::Feedback), ReportPhase::Sent);
}

#[test]
fn answer_is_for_a_report_says_something_and_is_an_operators() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let ask = feedback(&mut phone, &office, record(2), &[("worker", json!(record(1)))]);
    assert!(applied(&phone.send(&office, &[worker, ask])));
    assert_eq!(refused(&office, answer(record(1), AnswerState::Answered, "Ya.", START)), "not_a_report");
    assert_eq!(refused(&office, answer(record(2), AnswerState::Answered, "  ", START)), "answer_empty");
    assert_eq!(refused(&office, answer(record(2), AnswerState::from("lost"), "Ya.", START)), "answer_unknown");
    let devices = office.service.devices().expect("listed");
    let official = devices.iter().find(|device| device.id == phone.device).expect("known").official;
    let by_phone = office.service.act(official, answer(record(2), AnswerState::Answered, "Ya.", START), START);
    assert!(matches!(by_phone, Err(ServiceError::Refused(code)) if code == "not_an_operator"));
    assert_eq!(phase(&office, &Kind::Feedback), ReportPhase::Sent);
}

#[test]
fn accident_is_listed_with_its_deadline_and_late_when_written_after_it() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let report = |phone: &mut Phone, id, happened: i64| {
        let fields = [
            ("worker", json!(record(1))),
            ("happened", json!(moment(happened))),
            ("place", json!("Kebun kelapa")),
            ("what", json!("Jatuh dari pohon, kaki kanan")),
            ("at", json!(moment(START))),
        ];
        Op { base: None, ..phone.op(&office, Kind::AccidentReport, id, &fields) }
    };
    let (in_time, late) = (report(&mut phone, record(2), START - DAY), report(&mut phone, record(3), START - 3 * DAY));
    assert!(applied(&phone.send(&office, &[worker, in_time, late])));
    let found = office.service.reports(BOSS, &Kind::AccidentReport, &Scope::Office, None, 10, START).expect("listed");
    let told: Vec<_> =
        found.iter().map(|item| (item.standing.due.expect("due").timestamp_millis(), item.standing.late)).collect();
    assert_eq!(told, [(START + DAY, false), (START - DAY, true)]);
    assert_eq!(found[0].worker.as_ref().and_then(|worker| worker.text("name")), Some("SUPARNO"));
}

#[test]
fn reported_death_is_said_of_every_enrolment_and_cannot_be_tomorrows() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let enroll = phone.enroll(&office, record(2), record(1));
    let submit = phone.event(&office, record(3), record(2), "submit", &[]);
    assert!(applied(&phone.send(&office, &[worker, enroll, submit])));
    let death = |phone: &mut Phone, id, date: &str| {
        let heirs = json!([{ "name": "TURAH", "relation": "child" }]);
        let fields =
            [("worker", json!(record(1))), ("date", json!(date)), ("heirs", heirs), ("at", json!(moment(START)))];
        Op { base: None, ..phone.op(&office, Kind::DeathReport, id, &fields) }
    };
    let early = death(&mut phone, record(4), "2026-11-23");
    let outcomes = phone.send(&office, &[early]);
    assert_eq!(status(&outcomes[0]), (OutcomeStatus::Refused, Some("death_in_future")));
    let told = death(&mut phone, record(5), "2026-11-21");
    assert!(applied(&phone.send(&office, &[told])));
    phone.pull(&office);
    assert_eq!(phone.shown(record(2), "flags"), json!(["death_reported"]));
    assert_eq!(phone.shown(record(2), "status"), "received", "the branch decides what follows");
}

#[test]
fn answer_outlasts_a_restore_and_waits_for_its_report() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let copy = office.backup();
    let ask = feedback(&mut phone, &office, record(1), &[]);
    assert!(applied(&phone.send(&office, std::slice::from_ref(&ask))));
    office.act(answer(record(1), AnswerState::Answered, "Hari Senin.", START));
    let office = office.restore(&copy);
    assert!(office.find(record(1)).is_none());
    // the phone offers what it still keeps
    assert!(applied(&phone.send(&office, &[ask])));
    assert_eq!(office.record(record(1)).body["answer"]["text"], "Hari Senin.");
}

#[test]
fn erasing_a_person_takes_their_reports_and_what_was_added() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let ask = feedback(&mut phone, &office, record(2), &[("worker", json!(record(1)))]);
    let fact = seen(&mut phone, &office, record(3), record(2), START);
    assert!(applied(&phone.send(&office, &[worker, ask, fact])));
    office.act(answer(record(2), AnswerState::Answered, "Rahasia SUPARNO.", START));
    office.service.erase(BOSS, record(1), "consent_withdrawn", START).expect("erased");
    assert!([1, 2, 3].iter().all(|n| office.find(record(*n)).is_none()));
    phone.pull(&office);
    assert!(phone.base.values().all(|put| put.kind == Kind::Village));
}

#[test]
fn follow_up_belongs_to_a_report() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let fact = seen(&mut phone, &office, record(2), record(1), START);
    let outcomes = phone.send(&office, &[worker, fact]);
    assert_eq!(status(&outcomes[1]), (OutcomeStatus::Refused, Some("parent_invalid")));
}
