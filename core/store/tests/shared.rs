//! What the office shares with this phone.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::*;
use payung_domain::{
    area::Area,
    clinic::Position,
    field::Kind,
    op::{Change, Put},
};
use payung_store::ClinicQuery;
use serde_json::{Value, json};

fn told(code: &str, version: u64, fields: &Value) -> Change {
    let mut body = body(&[("code", json!(code)), ("name", json!(format!("Klinik Contoh {code}")))]);
    body.extend(fields.as_object().unwrap().clone());
    let number = code.bytes().fold(0_u128, |number, byte| number << 8 | u128::from(byte));
    let record = payung_domain::id::RecordId(uuid::Uuid::from_u128(number));
    let area = Area::parse("33.02").unwrap();
    Change::Put(Put { record, kind: Kind::Plkk, area, version, body, conflicts: [].into(), alias_of: None })
}

fn codes(phone: &Phone, query: &ClinicQuery) -> Vec<String> {
    phone.clinics(query).unwrap().into_iter().map(|view| view.clinic.code).collect()
}

#[test]
fn clinics_are_listed_nearest_first_by_district_and_by_what_is_typed() {
    let mut phone = phone();
    let all = ClinicQuery { limit: 50, ..ClinicQuery::default() };
    assert!(codes(&phone, &all).is_empty());
    let at = |lat_e6: i32, lon_e6: i32| json!({ "lat_e6": lat_e6, "lon_e6": lon_e6 });
    phone.pull(vec![
        told("K-1", 1, &json!({ "district": "33.02.24", "position": at(-7_424_000, 109_230_000) })),
        told(
            "K-2",
            1,
            &json!({ "district": "33.02.22", "position": at(-7_320_000, 109_220_000), "address": "Jl. Contoh" }),
        ),
        told("K-3", 1, &json!({ "district": "33.02.22" })),
        told(
            "K-4",
            1,
            &json!({ "district": "33.02.24", "position": at(-7_424_000, 109_231_000), "ended": "2026-01-31" }),
        ),
    ]);
    // by district and name; who is not in the list any more is not told
    assert_eq!(codes(&phone, &all), ["K-2", "K-3", "K-1"]);
    let near = Some(Position { lat_e6: -7_424_000, lon_e6: 109_239_000 });
    let views = phone.clinics(&ClinicQuery { near, ..all.clone() }).unwrap();
    let told_of: Vec<_> = views.iter().map(|view| (view.clinic.code.as_str(), view.distance.as_str())).collect();
    assert_eq!(told_of, [("K-1", "1,0 km"), ("K-2", "12 km"), ("K-3", "")], "the unknown place comes last");
    let region = Some(Area::parse("33.02.22").unwrap());
    assert_eq!(codes(&phone, &ClinicQuery { region, ..all.clone() }), ["K-2", "K-3"]);
    assert_eq!(codes(&phone, &ClinicQuery { typed: "jl. CONTOH".to_owned(), ..all.clone() }), ["K-2"]);
    assert_eq!(codes(&phone, &ClinicQuery { limit: 1, near, ..ClinicQuery::default() }), ["K-1"]);
    // a change takes the place of what was told
    phone.pull(vec![told("K-3", 2, &json!({ "district": "33.02.24", "ended": "2026-11-30" }))]);
    assert_eq!(codes(&phone, &all), ["K-2", "K-1"]);
    assert_eq!(phone.shared(&Kind::Plkk).unwrap().len(), 4);
}

#[test]
fn clinic_of_a_shape_this_version_cannot_read_is_left_out_and_kept() {
    let mut phone = phone();
    phone.pull(vec![told("K-1", 1, &json!({ "position": "di sana" })), told("K-2", 1, &json!({}))]);
    assert_eq!(codes(&phone, &ClinicQuery { limit: 50, ..ClinicQuery::default() }), ["K-2"]);
    assert_eq!(phone.shared(&Kind::Plkk).unwrap().len(), 2);
}

#[test]
fn phone_counts_its_own_unanswered_enrolments_against_its_share_of_an_agreement() {
    let mut phone = phone();
    let agreement = |version: u64, taken: u32| {
        let fields = json!({
            "number": "CSR-1", "sponsor": "PT Contoh", "payer": "csr", "quota": 10, "months": 6, "start_month": "2026-11",
            "programs": ["jkk", "jkm"], "share": 2, "taken": taken,
        });
        let Change::Put(put) = told("CSR-1", version, &fields) else { panic!("a put") };
        Change::Put(Put { kind: Kind::SponsorAgreement, ..put })
    };
    phone.pull(vec![agreement(1, 0)]);
    let day = "2026-11-23".parse().unwrap();
    let view = |phone: &Phone| phone.agreements(&rt(), day).unwrap().pop().unwrap();
    assert_eq!((view(&phone).waiting_here, view(&phone).left_here), (0, 2));
    assert!(view(&phone).words.contains("2 orang"), "{}", view(&phone).words);
    let worker = phone.pulled_worker("BUDI");
    let enrollment = record_id();
    phone.pull(vec![put_kind(Kind::Enrollment, enrollment, 1, &[("worker", json!(worker))])]);
    for months in 1..=3 {
        let cover = json!({
            "agreement": "csr-1", "payer": "csr", "programs": ["jkk", "jkm"], "start_month": "2026-12", "months": months,
            "monthly_income": 1_000_000,
        });
        let fields = body(&[
            ("enrollment", json!(enrollment)),
            ("event", json!("renew")),
            ("at", json!("2026-11-23T02:00:00Z")),
            ("cover", cover),
        ]);
        phone.add_fact(&Kind::EnrollmentEvent, record_id(), &fields, &rt(), NOW).unwrap();
    }
    let over = view(&phone);
    assert_eq!((over.waiting_here, over.left_here), (3, -1));
    assert!(over.words.contains("kantor yang memastikan"), "it can be registered all the same");
    // once the office has them they count there
    phone.exchange(vec![agreement(2, 3)], |batch| batch.ops.iter().map(|op| applied(op.n, op.record, 1)).collect());
    assert_eq!((view(&phone).waiting_here, view(&phone).left_here), (0, 2));
    // another regency's is not for here, nor is one that is over
    assert!(phone.agreements(&Area::parse("33.03.01.2001").unwrap(), day).unwrap().is_empty());
    assert!(phone.agreements(&rt(), "2027-06-01".parse().unwrap()).unwrap().is_empty());
}
