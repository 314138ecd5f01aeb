//! An enrolment from the door to the cover, and back.

use super::office::*;
use crate::{
    service::operator::{Act, Closing},
    storage::Scope,
};
use payung_domain::{
    calendar::Month,
    enrollment::{EnrollmentStatus, Kpj, PaymentCode, Reason},
    op::{FieldOutcome, OutcomeStatus},
};
use serde_json::json;

fn registered(office: &Office, phone: &mut Phone) {
    let worker = phone.worker(office, record(1), &nik(1), "SUPARNO");
    let enroll = phone.enroll(office, record(2), record(1));
    let submit = phone.event(office, record(3), record(2), "submit", &[]);
    assert!(applied(&phone.send(office, &[worker, enroll, submit])));
    phone.pull(office);
}

fn state(office: &Office) -> payung_domain::enrollment::EnrollmentState {
    let found = office.service.enrollments(BOSS, None, &Scope::Office, None, 10, START).expect("listed");
    found.into_iter().find(|item| item.enrollment.id == record(2)).expect("the enrolment").state
}

fn number() -> Act {
    Act::Number {
        enrollment: record(2),
        kpj: Kpj::parse("24001234567").expect("a KPJ"),
        payment_code: PaymentCode {
            code: "8810012345".to_owned(),
            amount: 50_400,
            valid_to: "2026-12-15".parse().expect("a date"),
        },
    }
}

fn pay(from: &str, until: &str) -> Act {
    serde_json::from_value(json!({ "act": "pay", "enrollment": record(2), "from": from, "until": until }))
        .expect("an act")
}

#[test]
fn registered_verified_exported_numbered_paid_and_the_phone_is_told() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    assert_eq!(phone.shown(record(2), "status"), "received");
    office.act(Act::Verify { enrollment: record(2) });
    office.act(Act::Export { enrollment: record(2), export_id: "E1".to_owned() });
    let twice = Act::Export { enrollment: record(2), export_id: "E2".to_owned() };
    assert!(office.service.act(BOSS, twice, START).is_err(), "never exported twice");
    office.act(number());
    phone.pull(&office);
    assert_eq!(phone.shown(record(2), "status"), "numbered");
    assert_eq!(phone.shown(record(2), "payment_code")["amount"], 50_400);
    assert_eq!(phone.shown(record(1), "kpj"), "24001234567");
    assert!(!state(&office).is_covered("2026-12-01".parse().expect("a date")), "numbered is not covered");
    office.act(pay("2026-12-01", "2027-02"));
    phone.pull(&office);
    assert_eq!(phone.shown(record(2), "covered"), json!({ "from": "2026-12-01", "until": "2027-02" }));
    assert!(state(&office).is_covered("2026-12-01".parse().expect("a date")));
    let months = Month::parse("2027-02").expect("a month");
    assert_eq!(state(&office).covered.map(|covered| covered.until), Some(months));
}

#[test]
fn returned_is_sent_again_only_after_a_change_or_with_a_note() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    let reason = Reason { code: "name_mismatch".to_owned(), text: "beda dengan KTP".to_owned() };
    office.later(1000);
    office.act(Act::Return { enrollment: record(2), reason, by_branch_file: false });
    phone.pull(&office);
    assert_eq!(phone.shown(record(2), "returned")["code"], "name_mismatch");
    office.later(1000);
    let again = phone.event(&office, record(4), record(2), "resubmit", &[]);
    assert_eq!(status(&phone.send(&office, &[again])[0]), (OutcomeStatus::Refused, Some("nothing_changed")));
    assert!(office.find(record(4)).is_none(), "a refused step leaves no fact");
    let edit = phone.edit(&office, record(1), "name", "SUPARNO KARTO");
    let again = phone.event(&office, record(5), record(2), "resubmit", &[]);
    assert!(applied(&phone.send(&office, &[edit, again])));
    assert_eq!(office.record(record(2)).text("status"), Some("received"));
    assert!(office.record(record(2)).value("returned").is_null());
}

#[test]
fn step_outside_the_table_is_refused_with_its_code() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    let twice = phone.event(&office, record(4), record(2), "submit", &[]);
    assert_eq!(status(&phone.send(&office, &[twice])[0]), (OutcomeStatus::Refused, Some("transition_refused")));
    let renew = phone.event(&office, record(5), record(2), "renew", &[]);
    assert_eq!(status(&phone.send(&office, &[renew])[0]), (OutcomeStatus::Refused, Some("transition_refused")));
    let paid = office.service.act(BOSS, pay("2026-12-01", "2027-02"), START).expect_err("not numbered").to_string();
    assert!(paid.contains("transition_refused"));
    let written = phone.edit(&office, record(2), "status", "active");
    let outcome = &phone.send(&office, &[written])[0];
    assert_eq!(field(outcome, "status"), Some(&FieldOutcome::Refused("field_owner".to_owned())));
    assert_eq!(office.record(record(2)).text("status"), Some("received"));
}

#[test]
fn unhealthy_or_undeclared_is_not_received() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let mut enroll = phone.enroll(&office, record(2), record(1));
    enroll.set.insert(
        "declaration".to_owned(),
        json!({ "independent": true, "healthy": false, "at": "2026-11-22T09:00:00+07:00" }),
    );
    let submit = phone.event(&office, record(3), record(2), "submit", &[]);
    let outcomes = phone.send(&office, &[worker, enroll, submit]);
    assert_eq!(status(&outcomes[2]), (OutcomeStatus::Refused, Some("declaration_invalid")));
    assert!(office.record(record(2)).value("status").is_null());
}

#[test]
fn open_conflict_blocks_verifying() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT3]));
    registered(&office, &mut one);
    two.pull(&office);
    let a = one.edit(&office, record(1), "name", "SUPARNO SATU");
    let b = two.edit(&office, record(1), "name", "SUPARNO DUA");
    one.send(&office, &[a]);
    two.send(&office, &[b]);
    let refused = office.service.act(BOSS, Act::Verify { enrollment: record(2) }, START).expect_err("open");
    assert!(refused.to_string().contains("conflict_open"));
    two.pull(&office);
    let settle = two.resolve(&office, record(1), "name", "SUPARNO DUA");
    assert!(applied(&two.send(&office, &[settle])));
    office.act(Act::Verify { enrollment: record(2) });
}

#[test]
fn write_after_submitting_waits_as_a_correction() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    office.act(Act::Verify { enrollment: record(2) });
    office.act(Act::Export { enrollment: record(2), export_id: "E1".to_owned() });
    phone.pull(&office);
    let edit = phone.edit(&office, record(1), "name", "SUPARNO KARTO");
    let free = phone.edit(&office, record(1), "notes", "rumah hijau");
    let outcomes = phone.send(&office, &[edit, free]);
    assert_eq!(field(&outcomes[0], "name"), Some(&FieldOutcome::Correction));
    assert!(outcomes[1].fields.is_empty(), "class C goes on");
    assert_eq!(office.record(record(1)).value("name"), "SUPARNO");
    let cover = phone.op(
        &office,
        payung_domain::field::Kind::Enrollment,
        record(2),
        &[("cover", enrollment(record(1))["cover"].clone())],
    );
    let mut cover = cover;
    if let Some(cover) = cover.set.get_mut("cover") {
        cover["months"] = json!(12);
    }
    assert_eq!(field(&phone.send(&office, &[cover])[0], "cover"), Some(&FieldOutcome::Correction));
}

#[test]
fn facts_are_written_once() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    let again = phone.edit(&office, record(3), "note", "diubah");
    let outcome = &phone.send(&office, &[again])[0];
    let second = phone.edit(&office, record(3), "event", "withdraw");
    let changed = &phone.send(&office, &[second])[0];
    assert_eq!(field(changed, "event"), Some(&FieldOutcome::Refused("field_fixed".to_owned())));
    assert_ne!(status(outcome).0, OutcomeStatus::Held);
    assert_eq!(office.record(record(2)).text("status"), Some("received"));
}

#[test]
fn list_of_acts_is_done_whole_or_not_at_all_and_every_fault_is_told() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    let acts = vec![
        Act::Verify { enrollment: record(2) },
        Act::Verify { enrollment: record(77) },
        Act::Export { enrollment: record(2), export_id: "E1".to_owned() },
        pay("2026-12-01", "2027-02"),
    ];
    let faults = office.service.act_all(BOSS, acts, START).expect_err("two are wrong");
    assert_eq!(faults.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(office.record(record(2)).text("status"), Some("received"));
}

#[test]
fn closed_by_an_operator_with_the_reason_shown() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    let reason = Reason { code: "already_member".to_owned(), text: String::new() };
    office.act(Act::Close { enrollment: record(2), how: Closing::Refuse, reason });
    phone.pull(&office);
    assert_eq!(phone.shown(record(2), "status"), EnrollmentStatus::Closed.as_str());
    assert_eq!(phone.shown(record(2), "returned")["code"], "already_member");
    let withdraw = phone.event(&office, record(4), record(2), "withdraw", &[("reason", json!("moved"))]);
    assert_eq!(status(&phone.send(&office, &[withdraw])[0]), (OutcomeStatus::Refused, Some("transition_refused")));
}

#[test]
fn only_operators_act_and_only_the_branch_exports() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    registered(&office, &mut phone);
    let by_official = office.service.act(phone.official, Act::Verify { enrollment: record(2) }, START);
    assert!(by_official.expect_err("no operator").to_string().contains("not_an_operator"));
    let lurah = payung_domain::id::OfficialId(uuid::Uuid::from_u128(77));
    let role = payung_protocol::Role::KelurahanOperator;
    office.service.add_operator(BOSS, "Operator Kelurahan", role, lurah, START).expect("added");
    office.service.act(lurah, Act::Verify { enrollment: record(2) }, START).expect("verifies");
    let export = Act::Export { enrollment: record(2), export_id: "E1".to_owned() };
    assert!(office.service.act(lurah, export, START).is_err());
    assert!(
        office
            .service
            .act(lurah, number(), START)
            .expect_err("the branch's")
            .to_string()
            .contains("not_a_branch_operator")
    );
}
