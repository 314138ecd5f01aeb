//! Who goes on, what it costs, and the slip: as one phone shows them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_domain::{area::Area, enrollment::Phase, field::Kind, id::RecordId, op::Change, renewal::RenewalRequest};
use payung_store::{RenewalPage, RenewalSum, StoreError};
use serde_json::{Value, json};

const BUDI: u32 = 9001;

fn cover(payer: &str) -> Value {
    json!({"programs": ["jkk", "jkm"], "monthly_income": 1_000_000, "start_month": "2026-05", "months": 6,
        "payer": payer, "table_version": "2026-1"})
}

fn worker(area: &Area, id: RecordId, name: &str) -> Change {
    let key = [5; 32];
    let fields = [
        ("name", name.into()),
        ("nik", told_nik(BUDI, &key)),
        ("occupations", json!({"first": "penderes_kelapa"})),
        ("phone", "+6281200009001".into()),
    ];
    put_in(area, id, 1, &fields)
}

fn enrolled(area: &Area, id: RecordId, worker: RecordId, until: &str, more: &[(&str, Value)]) -> Change {
    let covered = json!({"from": "2026-05-01", "until": until});
    let mut fields = vec![
        ("worker", json!(worker.to_string())),
        ("status", "active".into()),
        ("covered", covered),
        ("cover", cover("self")),
    ];
    fields.extend_from_slice(more);
    let Change::Put(put) = put_kind(Kind::Enrollment, id, 1, &fields) else { unreachable!() };
    Change::Put(payung_domain::op::Put { area: area.clone(), ..put })
}

/// A member who is paid for until a month; the enrolment's id.
fn member(phone: &mut Phone, area: &Area, name: &str, until: &str, more: &[(&str, Value)]) -> (RecordId, RecordId) {
    let (id, enrollment) = (record_id(), record_id());
    phone.pull(vec![worker(area, id, name), enrolled(area, enrollment, id, until, more)]);
    (id, enrollment)
}

fn page(phone: &Phone, area: Option<&Area>, months: u32) -> RenewalPage {
    phone.renewals(area, months, None, 100, today()).unwrap()
}

fn sums(phone: &Phone, months: u32) -> Vec<RenewalSum> {
    phone.renewal_sums(Some(&village()), months, today()).unwrap()
}

fn still_working(months: u32) -> RenewalRequest {
    RenewalRequest { months, payer: None, working: true, healthy: true }
}

#[test]
fn renewal_list_has_who_lapses_who_owes_and_who_has_ended_by_rt_and_name() {
    let mut phone = phone();
    member(&mut phone, &other_rt(), "TARSIM", "2026-11", &[]);
    member(&mut phone, &rt(), "WARSITI", "2026-11", &[]);
    member(&mut phone, &rt(), "DARSONO", "2026-09", &[]);
    member(&mut phone, &rt(), "RASIKUN", "2026-07", &[]);
    member(&mut phone, &rt(), "PAID LONG AHEAD", "2027-04", &[]);
    member(&mut phone, &rt(), "DIED", "2026-11", &[("flags", json!(["death_reported"]))]);
    let rows = page(&phone, None, 3).rows;
    let told: Vec<_> =
        rows.iter().map(|row| (row.name.as_str(), row.phase, row.owed_months, row.until.to_string())).collect();
    let until = |month: &str| month.to_owned();
    assert_eq!(
        told,
        [
            ("DARSONO", Phase::Arrears(2), 2, until("2026-09")),
            ("RASIKUN", Phase::Ended, 0, until("2026-07")),
            ("WARSITI", Phase::Lapsing, 0, until("2026-11")),
            ("TARSIM", Phase::Lapsing, 0, until("2026-11")),
        ]
    );
    // October, November, December at half price; from December: one month at half price
    let price = |at: usize| rows[at].price.map(|price| (price.total, price.owed, price.discount));
    assert_eq!((price(0), price(2)), (Some((25_200, 16_800, 25_200)), Some((42_000, 0, 8_400))));
    assert_eq!((price(1), rows[1].why_not.as_deref()), (None, Some("ended")));
    assert!(rows[1].why_not_words.as_ref().unwrap().contains("pendaftaran baru"));
    assert_eq!((rows[0].nik.as_str(), rows[0].phone.as_deref()), ("3302********9001", Some("+6281200009001")));
    assert_eq!(page(&phone, Some(&other_rt()), 3).rows.len(), 1);
}

#[test]
fn sum_of_an_rt_holds_the_discount_by_month_and_leaves_out_what_would_be_a_guess() {
    let mut phone = phone();
    member(&mut phone, &rt(), "WARSITI", "2026-11", &[]);
    member(&mut phone, &rt(), "DARSONO", "2026-09", &[]);
    member(&mut phone, &rt(), "RASIKUN", "2026-07", &[]);
    member(&mut phone, &rt(), "APBD", "2026-11", &[("cover", cover("apbd"))]);
    let mut newer = cover("self");
    newer["table_version"] = "2027-1".into();
    member(&mut phone, &rt(), "NEWER TABLE", "2026-11", &[("cover", newer)]);
    member(&mut phone, &other_rt(), "TARSIM", "2026-11", &[]);
    let told = sums(&phone, 3);
    assert_eq!(told.iter().map(|sum| sum.area.clone()).collect::<Vec<_>>(), [rt(), other_rt()]);
    assert_eq!(told[0].label, "RT 003 RW 005");
    let first = &told[0];
    assert_eq!((first.lapsing, first.arrears, first.ended, first.asked), (3, 1, 1, 0));
    assert_eq!((first.reckoned, first.unreckoned), (3, 1));
    assert_eq!((first.total, first.discount, first.owed), (42_000 + 25_200 + 50_400, 8_400 + 25_200, 16_800));
    assert_eq!(sums(&phone, 12)[1].total, 193_200);
    let row = page(&phone, None, 3).rows.into_iter().find(|row| row.name == "NEWER TABLE").unwrap();
    assert_eq!(row.why_not.as_deref(), Some("table_unknown"));
}

#[test]
fn pages_of_a_long_list_give_everybody_once() {
    let mut phone = phone();
    for area in [rt(), other_rt()] {
        for number in 0..15 {
            // two of each name
            member(&mut phone, &area, &format!("BUDI {}", number / 2), "2026-11", &[]);
        }
    }
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = phone.renewals(None, 1, after.as_ref(), 7, today()).unwrap();
        seen.extend(page.rows.into_iter().map(|row| row.enrollment));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (5, 30));
    let all: Vec<_> = page(&phone, None, 1).rows.into_iter().map(|row| row.enrollment).collect();
    assert_eq!(seen, all);
}

#[test]
fn renewal_asked_here_is_marked_at_once_and_what_the_office_would_refuse_is_not_saved() {
    let mut phone = phone();
    let (_, lapsing) = member(&mut phone, &rt(), "WARSITI", "2026-11", &[]);
    let (_, ended) = member(&mut phone, &rt(), "RASIKUN", "2026-07", &[]);
    phone.renew(record_id(), lapsing, &still_working(6), instant(NOW), today()).unwrap();
    let asked: Vec<_> = page(&phone, None, 6).rows.iter().map(|row| (row.name.clone(), row.asked)).collect();
    assert_eq!(asked, [("RASIKUN".to_owned(), false), ("WARSITI".to_owned(), true)]);
    assert_eq!(sums(&phone, 6)[0].asked, 1);
    let refused = |enrollment, request: &RenewalRequest| match phone.renew(
        record_id(),
        enrollment,
        request,
        instant(NOW),
        today(),
    ) {
        Err(StoreError::InvalidDraft(errors)) => errors[0].code.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(ended, &still_working(6)), "transition_refused");
    assert_eq!(refused(lapsing, &RenewalRequest { working: false, ..still_working(6) }), "not_working");
    assert_eq!(refused(lapsing, &still_working(5)), "term_not_offered");
    assert_eq!(phone.waiting().unwrap().new, 1);
    // refused by the office after all, it is no longer asked
    phone.exchange(vec![], |batch| vec![refused_op(batch)]);
    assert!(!page(&phone, None, 6).rows[1].asked);
    let missing = phone.renew(record_id(), record_id(), &still_working(6), instant(NOW), today());
    assert!(matches!(missing, Err(StoreError::NotFound)));
}

fn refused_op(batch: &payung_store::Batch) -> payung_domain::op::Outcome {
    refused(batch.ops[0].n, batch.ops[0].record, "transition_refused")
}

#[test]
fn slip_of_a_worker_never_shows_the_whole_nik_even_where_it_was_typed_here() {
    let phone = phone();
    let ids = register(&phone, 9004, "Budi Karangan");
    let slip = phone.slip(ids.worker, today()).unwrap();
    assert_eq!((slip.name.as_str(), slip.nik.as_str()), ("BUDI KARANGAN", "3302********9004"));
    assert!(slip.text.contains("BELUM TERLINDUNGI") && !slip.text.contains(nik(9004).expose()));
    assert!(!format!("{slip:?}").contains("BUDI"));
    assert!(matches!(phone.slip(record_id(), today()), Err(StoreError::NotFound)));
}
