//! Sponsors: provisional offline, places in the order of arrival, one payer a person and month.

#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are handed over")]

use super::office::*;
use crate::{
    service::{
        ServiceError,
        operator::{Act, Closing, Published},
        sponsors::agreement_record,
    },
    storage::{Sponsored, SponsoredOf},
};
use payung_domain::{
    calendar::Month,
    enrollment::{Kpj, PaymentCode, Reason},
    field::Kind,
    id::RecordId,
    op::Op,
    sponsorship::{Agreement, Standing},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn publish(office: &Office, number: &str, more: Value) {
    let mut set = json!({
        "number": number, "sponsor": "PT Contoh", "payer": "csr", "quota": 3, "months": 6, "start_month": "2026-12",
        "programs": ["jkk", "jkm"], "share": 2,
    });
    set.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let set = serde_json::from_value(set).expect("a body");
    let one = Published { record: agreement_record(number), kind: Kind::SponsorAgreement, area: area("33.02"), set };
    office.act(Act::Publish { records: vec![one] });
}

/// Changes only what is named.
fn change(office: &Office, number: &str, set: Value) {
    let set = serde_json::from_value(set).expect("a body");
    let one = Published { record: agreement_record(number), kind: Kind::SponsorAgreement, area: area("33.02"), set };
    office.act(Act::Publish { records: vec![one] });
}

fn cover(agreement: &str, start: &str, months: u32) -> Value {
    json!({
        "programs": ["jkk", "jkm"], "monthly_income": 1_000_000, "start_month": start, "months": months, "payer": "csr",
        "agreement": agreement,
    })
}

/// Worker n, enrolment n + 1 under an agreement, submit n + 2: saved on the phone, not sent.
fn sponsored(phone: &mut Phone, office: &Office, n: u128, cover: Value) -> Vec<Op> {
    let serial = u32::try_from(n).expect("small");
    let worker = phone.worker(office, record(n), &nik(serial), &format!("ORANG {}", n / 10));
    let mut enroll = phone.enroll(office, record(n + 1), record(n));
    enroll.set.insert("cover".to_owned(), cover);
    vec![worker, enroll, phone.event(office, record(n + 2), record(n + 1), "submit", &[])]
}

fn rows(office: &Office, number: &str) -> Vec<Sponsored> {
    let unit = office.service.storage().read().expect("a unit");
    unit.sponsored(&SponsoredOf::Agreement(agreement_record(number))).expect("read")
}

fn standing(office: &Office, enrollment: u128) -> String {
    office.record(record(enrollment)).value("sponsored")["standing"].as_str().unwrap_or_default().to_owned()
}

fn flags(office: &Office, enrollment: u128) -> Vec<String> {
    let flags = office.record(record(enrollment)).value("flags").clone();
    serde_json::from_value(flags).unwrap_or_default()
}

fn taken(office: &Office, number: &str) -> u32 {
    Agreement::of(&office.record(agreement_record(number)).body).expect("an agreement").taken
}

fn refused(office: &Office, act: Act) -> String {
    match office.service.act(BOSS, act, office.now.get()) {
        Err(ServiceError::Refused(code)) => code,
        other => panic!("{other:?}"),
    }
}

fn withdraw(phone: &mut Phone, office: &Office, id: u128, enrollment: u128) {
    phone.pull(office);
    let op = phone.event(office, record(id), record(enrollment), "withdraw", &[("reason", json!("withdrawn"))]);
    assert!(applied(&phone.send(office, &[op])));
}

#[test]
fn quota_exceeded_offline_by_two_phones_leaves_the_last_waiting_and_visible_on_its_phone() {
    let office = Office::new();
    publish(&office, "CSR-1", json!({}));
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let first: Vec<Op> =
        [10, 20].into_iter().flat_map(|n| sponsored(&mut one, &office, n, cover("CSR-1", "2026-12", 6))).collect();
    let second: Vec<Op> =
        [30, 40].into_iter().flat_map(|n| sponsored(&mut two, &office, n, cover(" csr-1", "2026-12", 3))).collect();
    assert!(applied(&one.send(&office, &first)), "nobody is refused at the door");
    assert!(applied(&two.send(&office, &second)));
    let told = [11, 21, 31, 41].map(|id| standing(&office, id));
    assert_eq!(told, ["in", "in", "in", "over"]);
    assert_eq!((taken(&office, "CSR-1"), flags(&office, 41)), (3, vec!["over_quota".to_owned()]));
    two.pull(&office);
    assert_eq!(two.base[&record(41)].body["flags"], json!(["over_quota"]));
    assert_eq!(two.base[&agreement_record("CSR-1")].body["taken"], json!(3));
    // it cannot go to the branch, the others can
    assert_eq!(refused(&office, Act::Verify { enrollment: record(41) }), "over_quota");
    office.act(Act::Verify { enrollment: record(31) });
    // a place that becomes free goes to the one who waits
    withdraw(&mut one, &office, 50, 11);
    assert_eq!((standing(&office, 41), flags(&office, 41), taken(&office, "CSR-1")), ("in".to_owned(), vec![], 3));
    assert_eq!(office.record(record(11)).value("sponsored"), &Value::Null);
    office.act(Act::Verify { enrollment: record(41) });
}

#[test]
fn higher_quota_lets_those_in_who_wait_and_a_lower_one_takes_no_place_away() {
    let office = Office::new();
    publish(&office, "CSR-1", json!({ "quota": 1 }));
    let mut phone = office.phone(&[RT3]);
    for n in [10, 20, 30] {
        let ops = sponsored(&mut phone, &office, n, cover("CSR-1", "2026-12", 3));
        phone.send(&office, &ops);
    }
    let told = || [11, 21, 31].map(|id| standing(&office, id));
    assert_eq!(told(), ["in", "over", "over"]);
    change(&office, "CSR-1", json!({ "quota": 2 }));
    assert_eq!(told(), ["in", "in", "over"]);
    change(&office, "CSR-1", json!({ "quota": 1 }));
    assert_eq!(told(), ["in", "in", "over"]);
    change(&office, "CSR-1", json!({ "ended": "2026-12-01", "quota": 9 }));
    assert_eq!(told(), ["in", "in", "unfit"], "nobody is added to what has ended");
    assert_eq!(office.record(record(31)).value("sponsored")["code"], "agreement_ended");
}

#[test]
fn two_sponsors_do_not_pay_for_one_person_in_one_month() {
    let office = Office::new();
    publish(&office, "CSR-1", json!({}));
    publish(&office, "CSR-2", json!({ "end_month": "2027-11" }));
    let mut phone = office.phone(&[RT3]);
    let ops = sponsored(&mut phone, &office, 10, cover("CSR-1", "2026-12", 6));
    phone.send(&office, &ops);
    let enroll = |phone: &mut Phone, n: u128, cover: Value| {
        let mut op = phone.enroll(&office, record(n), record(10));
        op.set.insert("cover".to_owned(), cover);
        let submit = phone.event(&office, record(n + 1), record(n), "submit", &[]);
        assert!(applied(&phone.send(&office, &[op, submit])));
    };
    enroll(&mut phone, 21, cover("CSR-2", "2027-05", 3));
    enroll(&mut phone, 31, cover("CSR-2", "2027-06", 3));
    enroll(&mut phone, 41, cover("CSR-1", "2026-12", 1));
    assert_eq!([11, 21, 31, 41].map(|id| standing(&office, id)), ["in", "payer_taken", "in", "payer_taken"]);
    assert_eq!(flags(&office, 21), ["payer_taken"]);
    assert_eq!(refused(&office, Act::Verify { enrollment: record(21) }), "payer_taken");
    // the first payer gives the months up: the second still meets the third in June and July
    withdraw(&mut phone, &office, 60, 11);
    assert_eq!([21, 31, 41].map(|id| standing(&office, id)), ["payer_taken", "in", "in"]);
    withdraw(&mut phone, &office, 61, 31);
    assert_eq!((standing(&office, 21), flags(&office, 21)), ("in".to_owned(), vec![]));
}

#[test]
fn what_does_not_fit_its_agreement_says_why_and_fits_once_it_is_put_right() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let ops = sponsored(&mut phone, &office, 10, cover("CSR-1", "2026-12", 6));
    phone.send(&office, &ops);
    let code = |id: u128| office.record(record(id)).value("sponsored")["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!((standing(&office, 11), code(11)), ("unfit".to_owned(), "agreement_unknown".to_owned()));
    assert_eq!(flags(&office, 11), ["agreement_unfit"]);
    // the office shares the agreement later
    publish(&office, "CSR-1", json!({ "areas": [TELUK] }));
    assert_eq!(code(11), "agreement_area");
    change(&office, "CSR-1", json!({ "areas": null, "sector": "transport" }));
    assert_eq!(code(11), "agreement_sector");
    phone.pull(&office);
    let job = phone.edit(&office, record(10), "occupations", json!({ "first": "tukang-ojek" }));
    phone.send(&office, &[job]);
    let transport = payung_domain::occupation::by_code("tukang-ojek").is_some_and(|job| job.transport);
    assert_eq!(standing(&office, 11) == "in", transport, "{}", code(11));
    change(&office, "CSR-1", json!({ "sector": null }));
    assert_eq!(standing(&office, 11), "in");
    // paying for it oneself gives the place back
    phone.pull(&office);
    let mut own = cover("CSR-1", "2026-12", 6);
    own["payer"] = json!("self");
    own.as_object_mut().expect("an object").remove("agreement");
    let edit = phone.edit(&office, record(11), "cover", own);
    let edit = Op { kind: Kind::Enrollment, ..edit };
    assert!(applied(&phone.send(&office, &[edit])));
    assert_eq!((flags(&office, 11), taken(&office, "CSR-1"), rows(&office, "CSR-1").len()), (vec![], 0, 0));
    // an agreement that is not whole is none
    let wrong = Published {
        record: agreement_record("CSR-1"),
        kind: Kind::SponsorAgreement,
        area: area("33.02"),
        set: [("months".to_owned(), json!(0))].into(),
    };
    assert_eq!(refused(&office, Act::Publish { records: vec![wrong] }), "agreement_invalid");
}

#[test]
fn place_is_kept_while_its_own_data_are_corrected() {
    let office = Office::new();
    publish(&office, "CSR-1", json!({ "quota": 1 }));
    let mut phone = office.phone(&[RT3]);
    for n in [10, 20] {
        let ops = sponsored(&mut phone, &office, n, cover("CSR-1", "2026-12", 3));
        phone.send(&office, &ops);
    }
    phone.pull(&office);
    let nik_op = phone.edit(&office, record(10), "nik", nik(500));
    phone.send(&office, &[nik_op]);
    phone.pull(&office);
    let longer =
        Op { kind: Kind::Enrollment, ..phone.edit(&office, record(11), "cover", cover("CSR-1", "2026-12", 6)) };
    phone.send(&office, &[longer]);
    assert_eq!([11, 21].map(|id| standing(&office, id)), ["in", "over"]);
    // asking for more than the agreement gives does lose it
    phone.pull(&office);
    let longer =
        Op { kind: Kind::Enrollment, ..phone.edit(&office, record(11), "cover", cover("CSR-1", "2026-12", 12)) };
    phone.send(&office, &[longer]);
    assert_eq!([11, 21].map(|id| standing(&office, id)), ["unfit", "in"]);
}

#[test]
fn sponsor_swaps_one_person_for_another_who_waits() {
    let office = Office::new();
    publish(&office, "CSR-1", json!({ "quota": 1 }));
    let mut phone = office.phone(&[RT3]);
    for n in [10, 20, 30] {
        let ops = sponsored(&mut phone, &office, n, cover("CSR-1", "2026-12", 3));
        phone.send(&office, &ops);
    }
    let swap = |out: u128, into: u128| Act::Swap { out: record(out), into: record(into) };
    assert_eq!(refused(&office, swap(21, 31)), "no_place");
    assert_eq!(refused(&office, swap(11, 11)), "not_waiting_for_a_place");
    office.act(swap(11, 31));
    assert_eq!([11, 21, 31].map(|id| standing(&office, id)), ["swapped", "over", "in"]);
    assert_eq!((taken(&office, "CSR-1"), flags(&office, 11)), (1, vec!["agreement_unfit".to_owned()]));
    // whatever is written to the one who gave it up, the place stays with the other
    phone.pull(&office);
    let notes = phone.edit(&office, record(10), "notes", "ikut diberi tahu");
    phone.send(&office, &[notes]);
    change(&office, "CSR-1", json!({ "quota": 2 }));
    assert_eq!([11, 21, 31].map(|id| standing(&office, id)), ["swapped", "in", "in"]);
    // asked for anew, it waits for its turn like any other
    phone.pull(&office);
    let again = Op { kind: Kind::Enrollment, ..phone.edit(&office, record(11), "cover", cover("CSR-1", "2026-12", 1)) };
    phone.send(&office, &[again]);
    assert_eq!(standing(&office, 11), "over");
}

#[test]
fn renewal_by_a_sponsor_takes_a_place_and_without_one_does_not_go_to_the_branch() {
    let office = Office::new();
    publish(&office, "CSR-1", json!({ "quota": 1 }));
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(10), &nik(10), "SUPARNO");
    let enroll = phone.enroll(&office, record(11), record(10));
    let submit = phone.event(&office, record(12), record(11), "submit", &[]);
    phone.send(&office, &[worker, enroll, submit]);
    let ops = sponsored(&mut phone, &office, 20, cover("CSR-1", "2026-12", 6));
    phone.send(&office, &ops);
    office.act(Act::Verify { enrollment: record(11) });
    office.act(Act::Export { enrollment: record(11), export_id: "e-1".to_owned() });
    let kpj = Kpj::parse("26110001234").expect("a number");
    let day = |text: &str| text.parse().expect("a day");
    let payment_code = PaymentCode { code: "881".to_owned(), amount: 50_400, valid_to: day("2026-12-31") };
    office.act(Act::Number { enrollment: record(11), kpj, payment_code });
    let until = Month::parse("2027-02").expect("a month");
    office.act(Act::Pay { enrollment: record(11), from: Some(day("2026-12-01")), until, on: None });
    office.later(40 * DAY);
    phone.pull(&office);
    let more = [
        ("cover", cover("CSR-1", "2027-03", 3)),
        ("declaration", json!({ "independent": true, "healthy": true, "at": "2026-12-29T09:00:00+07:00" })),
    ];
    let renew = phone.event(&office, record(30), record(11), "renew", &more);
    assert!(applied(&phone.send(&office, &[renew])));
    assert_eq!((standing(&office, 11), standing(&office, 21)), ("over".to_owned(), "in".to_owned()));
    assert_eq!(refused(&office, Act::Export { enrollment: record(11), export_id: "e-2".to_owned() }), "over_quota");
    let reason = Reason { code: "left".to_owned(), text: String::new() };
    office.act(Act::Verify { enrollment: record(21) });
    office.act(Act::Close { enrollment: record(21), how: Closing::Leave, reason });
    assert_eq!((standing(&office, 11), flags(&office, 11)), ("in".to_owned(), vec!["renewal_open".to_owned()]));
    office.act(Act::Export { enrollment: record(11), export_id: "e-2".to_owned() });
}

#[test]
fn erased_person_leaves_no_claim() {
    let office = Office::new();
    publish(&office, "CSR-1", json!({}));
    let mut phone = office.phone(&[RT3]);
    let ops = sponsored(&mut phone, &office, 10, cover("CSR-1", "2026-12", 3));
    phone.send(&office, &ops);
    assert_eq!(rows(&office, "CSR-1").len(), 1);
    office.service.erase(BOSS, record(10), "request", office.now.get()).expect("erased");
    assert_eq!(rows(&office, "CSR-1").len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever phones and office do in whatever order: nobody is paid for twice, no quota is overspent, whoever waits
    /// waits for a reason, and each enrolment is told where it stands.
    #[test]
    fn places_are_never_overspent_and_never_left_empty(steps in prop::collection::vec((0..6_u8, 0..5_u128, 0..2_usize, 0..3_usize), 1..25)) {
        const NUMBERS: [&str; 2] = ["CSR-1", "CSR-2"];
        const STARTS: [&str; 3] = ["2026-12", "2027-01", "2027-03"];
        let office = Office::new();
        let mut quota = [2_u32, 1];
        for (number, quota) in NUMBERS.iter().zip(quota) {
            publish(&office, number, json!({ "quota": quota, "end_month": "2027-11" }));
        }
        let mut phone = office.phone(&[RT3]);
        let mut enrolled: Vec<(u128, u128)> = Vec::new();
        let mut next = 100;
        for (what, person, agreement, start) in steps {
            phone.pull(&office);
            let asks = cover(NUMBERS[agreement], STARTS[start], 2);
            next += 10;
            match what {
                0..=2 => {
                    let mut ops = Vec::new();
                    if office.find(record(person + 1)).is_none() {
                        let serial = u32::try_from(person + 1).expect("small");
                        ops.push(phone.worker(&office, record(person + 1), &nik(serial), &format!("ORANG {person}")));
                    }
                    let mut enroll = phone.enroll(&office, record(next), record(person + 1));
                    enroll.set.insert("cover".to_owned(), asks);
                    ops.push(enroll);
                    ops.push(phone.event(&office, record(next + 1), record(next), "submit", &[]));
                    prop_assert!(applied(&phone.send(&office, &ops)));
                    enrolled.push((next, person));
                }
                3 if !enrolled.is_empty() => {
                    let (id, _) = enrolled[usize::try_from(person).expect("small") % enrolled.len()];
                    let op = phone.event(&office, record(next), record(id), "withdraw", &[("reason", json!("withdrawn"))]);
                    phone.send(&office, &[op]);
                }
                4 if !enrolled.is_empty() => {
                    let (id, _) = enrolled[usize::try_from(person).expect("small") % enrolled.len()];
                    let edit = phone.edit(&office, record(id), "cover", asks);
                    phone.send(&office, &[Op { kind: Kind::Enrollment, ..edit }]);
                }
                _ => {
                    quota[agreement] += 1;
                    change(&office, NUMBERS[agreement], json!({ "quota": quota[agreement] }));
                }
            }
            let all: Vec<Vec<Sponsored>> = NUMBERS.iter().map(|number| rows(&office, number)).collect();
            let mut paid: BTreeMap<_, Vec<&Sponsored>> = BTreeMap::new();
            for (at, rows) in all.iter().enumerate() {
                let holds: BTreeSet<RecordId> =
                    rows.iter().filter(|row| row.standing == Standing::In).map(|row| row.enrollment).collect();
                prop_assert!(holds.len() <= usize::try_from(quota[at]).expect("small"), "overspent");
                prop_assert_eq!(usize::try_from(taken(&office, NUMBERS[at])).expect("small"), holds.len());
                let waits = rows.iter().any(|row| row.standing == Standing::Over);
                prop_assert!(!waits || holds.len() == usize::try_from(quota[at]).expect("small"), "an empty place");
                for row in rows {
                    let told = office.record(row.enrollment).value("sponsored").clone();
                    prop_assert_eq!(&told["standing"], row.standing.as_str());
                    if row.standing == Standing::In {
                        paid.entry(row.person).or_default().push(row);
                    }
                }
            }
            for rows in paid.values() {
                for (at, one) in rows.iter().enumerate() {
                    let twice = rows[at + 1..].iter().any(|two| one.first <= two.last && two.first <= one.last);
                    prop_assert!(!twice, "paid for twice");
                }
            }
        }
    }
}
