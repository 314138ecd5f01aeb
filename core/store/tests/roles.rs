//! A phone that looks after no area refuses what its role has no part in, before anything is saved.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use chrono::DateTime;
use common::*;
use payung_domain::{field::Kind, id::RecordId, only::Only, op::Body};
use payung_store::{Decision, Edit, Identity, Saved, StoreError, Waiting};
use serde_json::{Value, json};

fn at() -> Value {
    json!(DateTime::from_timestamp_millis(NOW).unwrap().to_rfc3339())
}

/// A phone of a role, with a person and a report pulled.
fn phone_of(only: impl FnOnce(RecordId) -> Only) -> (Phone, RecordId, RecordId) {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let identity = Identity { only: Some(only(worker)), ..identity(1) };
    phone.set_identity(&identity).unwrap();
    assert_eq!(phone.identity().unwrap(), Some(identity));
    let report = record_id();
    let fields = [("worker", json!(worker)), ("place", json!("Kebun")), ("clinic", json!("K-01"))];
    phone.pull(vec![put_kind(Kind::AccidentReport, report, 1, &fields)]);
    (phone, worker, report)
}

fn own(record: RecordId) -> Only {
    Only::Worker { record, area: rt() }
}

fn clinic(_: RecordId) -> Only {
    Only::Clinic { code: "K-01".to_owned(), area: rt() }
}

fn fact(phone: &Phone, kind: &Kind, fields: &[(&str, Value)]) -> Result<(), StoreError> {
    let mut body: Body = body(fields);
    body.insert("at".to_owned(), at());
    phone.add_fact(kind, record_id(), &body, &rt(), NOW)
}

fn is_foreign<T>(done: &Result<T, StoreError>) -> bool {
    matches!(done, Err(StoreError::NotAllowed("role_foreign")))
}

#[test]
fn worker_reports_and_asks_for_corrections_and_registers_nobody() {
    let (phone, worker, report) = phone_of(own);
    let form = fill(&phone, &form(9001, "KARTO"));
    assert!(is_foreign(&register_draft(&phone, form, ids())));
    assert_eq!(phone.drafts().unwrap().len(), 1, "what was typed stays");
    let visit = [("worker", json!(worker)), ("outcome", json!("registered"))];
    assert!(is_foreign(&fact(&phone, &Kind::Visit, &visit)));
    assert!(is_foreign(&fact(&phone, &Kind::FollowUp, &[("of", json!(report)), ("what", json!("received"))])));
    let decision = Decision {
        record: worker,
        field: "name".to_owned(),
        value: json!("BUDI"),
        seen: Vec::new(),
        base: None,
        document: Some("ktp".to_owned()),
    };
    assert!(is_foreign(&phone.resolve(&decision, NOW)));
    let shown = phone.shown(report).unwrap();
    let other = body(&[("place", json!("Sawah"))]);
    let edit = Edit { record: report, base: shown.base, shown: shown.body(), fields: other };
    // a fact's fields are fixed for everybody
    assert!(matches!(phone.save_edit(&edit, NOW), Err(StoreError::InvalidDraft(_))));
    assert_eq!(phone.waiting().unwrap(), Waiting::default(), "nothing was saved");

    assert_eq!(phone.edit(worker, "phone", "081200009001"), Saved::Op);
    let question = [("worker", json!(worker)), ("topic", json!("question")), ("text", json!("Kapan?"))];
    fact(&phone, &Kind::Feedback, &question).unwrap();
    fact(&phone, &Kind::FollowUp, &[("of", json!(report)), ("what", json!("note")), ("text", json!("x"))]).unwrap();
    assert_eq!(phone.waiting().unwrap().new, 3);
}

#[test]
fn clinic_says_that_it_has_the_person_and_nothing_else() {
    let (phone, worker, report) = phone_of(clinic);
    let question = [("worker", json!(worker)), ("topic", json!("question")), ("text", json!("Kapan?"))];
    assert!(is_foreign(&fact(&phone, &Kind::Feedback, &question)));
    assert!(is_foreign(&fact(&phone, &Kind::FollowUp, &[("of", json!(report)), ("what", json!("note"))])));
    let shown = phone.shown(worker).unwrap();
    let other = body(&[("notes", json!("x"))]);
    let edit = Edit { record: worker, base: shown.base, shown: shown.body(), fields: other };
    assert!(is_foreign(&phone.save_edit(&edit, NOW)));
    fact(&phone, &Kind::FollowUp, &[("of", json!(report)), ("what", json!("received"))]).unwrap();
    assert_eq!(phone.waiting().unwrap().new, 1);
}

#[test]
fn official_does_not_speak_for_a_clinic_and_hangs_nothing_on_what_takes_nothing() {
    let (phone, worker, report) = phone_of(own);
    phone.set_identity(&identity(1)).unwrap();
    assert_eq!(phone.identity().unwrap().unwrap().only, None);
    assert!(is_foreign(&fact(&phone, &Kind::FollowUp, &[("of", json!(report)), ("what", json!("received"))])));
    let wrong = fact(&phone, &Kind::FollowUp, &[("of", json!(worker)), ("what", json!("note"))]);
    let Err(StoreError::InvalidDraft(fields)) = wrong else { panic!("a person takes no follow-up") };
    assert_eq!((fields[0].field.as_str(), fields[0].code.as_str()), ("of", "parent_invalid"));
    assert_eq!(phone.waiting().unwrap(), Waiting::default());
}
