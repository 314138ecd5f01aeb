//! Lists, searching, counts.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use chrono::{Days, NaiveDate};
use common::*;
use payung_domain::{
    calendar::Month,
    enrollment::{Covered, EnrollmentState, EnrollmentStatus, Phase, phase},
    field::Kind,
    id::RecordId,
    op::Change,
};
use payung_store::{WorkerQuery, WorkerSummary};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn list(phone: &Phone, query: &WorkerQuery) -> Vec<WorkerSummary> {
    phone.workers(&WorkerQuery { limit: 1000, ..query.clone() }, today()).unwrap().rows
}

fn names(phone: &Phone, query: &WorkerQuery) -> Vec<String> {
    list(phone, query).into_iter().map(|row| row.name).collect()
}

fn named(name: &str) -> WorkerQuery {
    WorkerQuery { name: Some(name.into()), ..WorkerQuery::default() }
}

fn enrolled(worker: RecordId, version: u64, fields: &[(&str, Value)]) -> Change {
    let mut all = vec![("worker", json!(worker.to_string()))];
    all.extend_from_slice(fields);
    put_kind(Kind::Enrollment, record_id(), version, &all)
}

#[test]
fn names_are_found_by_the_beginning_of_any_word_folded() {
    let mut phone = phone();
    for name in ["SITI AMINAH", "NUR SITI", "DU'ÉN SURYA", "SUSITI"] {
        phone.pulled_worker(name);
    }
    assert_eq!(names(&phone, &named("siti")), ["NUR SITI", "SITI AMINAH"]);
    assert_eq!(names(&phone, &named("sit am")), ["SITI AMINAH"]);
    assert_eq!(names(&phone, &named("am sit")), ["SITI AMINAH"]);
    assert_eq!(names(&phone, &named("duen")), ["DU'ÉN SURYA"]);
    assert_eq!(names(&phone, &named("iti")), Vec::<String>::new());
    assert_eq!(names(&phone, &named("")).len(), 4);
    assert_eq!(names(&phone, &named("%")).len(), 4, "nothing but letters and digits is searched");
}

#[test]
fn renamed_worker_is_found_by_the_new_name_only() {
    let mut phone = phone();
    let worker = phone.pulled_worker("SITI AMINAH");
    phone.pull(vec![put(worker, 2, &[("name", "SITI RAHAYU".into())])]);
    assert!(names(&phone, &named("aminah")).is_empty());
    assert_eq!(names(&phone, &named("rahayu")).len(), 1);
    phone.edit(worker, "name", "WAGINAH");
    assert!(names(&phone, &named("siti")).is_empty());
    assert_eq!(names(&phone, &named("wag")), ["WAGINAH"]);
    phone.exchange(vec![], |_| vec![refused(1, worker, "bad")]);
    phone.discard(phone.needs_fixing().unwrap()[0].k, NOW).unwrap();
    assert_eq!(names(&phone, &named("siti")), ["SITI RAHAYU"]);
    phone.pull(vec![moved(worker, 3, None)]);
    assert!(names(&phone, &named("")).is_empty());
}

#[test]
fn nik_is_found_whole_by_digits_or_tag_and_by_its_end() {
    let mut phone = phone();
    let village_key = [5; 32];
    let theirs = record_id();
    phone.pull(vec![
        put_kind(Kind::Village, record_id(), 1, &[("tag_key", json!(hex::encode(village_key)))]),
        put(theirs, 1, &[("name", "SITI".into()), ("nik", told_nik(9002, &village_key))]),
    ]);
    let mine = register(&phone, 9001, "Budi Karangan").worker;
    let by = |nik: String| list(&phone, &WorkerQuery { nik: Some(nik), ..WorkerQuery::default() });
    let found = |rows: Vec<WorkerSummary>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(found(by(nik(9001).expose().into())), [mine]);
    assert_eq!(found(by(nik(9002).expose().into())), [theirs]);
    assert_eq!(found(by("9002".into())), [theirs]);
    assert_eq!(found(by("9001".into())), [mine]);
    assert!(by(nik(9003).expose().into()).is_empty());
    assert_eq!(by("9002".into())[0].nik, "3302********9002");
    assert_eq!(by("9001".into())[0].nik, "3302********9001", "masked in lists, whoever typed it");
}

#[test]
fn phone_numbers_are_found_as_people_write_them() {
    let mut phone = phone();
    let id = record_id();
    phone.pull(vec![
        put(id, 1, &[("name", "BUDI".into()), ("phone", "+6281234567890".into())]),
        put(record_id(), 1, &[("name", "SITI".into()), ("phone", "+6285700000000".into())]),
    ]);
    for typed in ["08123", "0812-3456", "+62 812", "62812", "081234567890"] {
        let found = list(&phone, &WorkerQuery::typed(typed, 10));
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [id], "{typed}");
    }
}

#[test]
fn one_field_is_enough_to_search_in() {
    assert_eq!(WorkerQuery::typed("3302241505909001", 5).nik.as_deref(), Some("3302241505909001"));
    assert_eq!(WorkerQuery::typed("3302 2415 0590 9001", 5).nik.as_deref(), Some("3302241505909001"));
    assert_eq!(WorkerQuery::typed("9001", 5).nik.as_deref(), Some("9001"));
    assert_eq!(WorkerQuery::typed("0001", 5).nik.as_deref(), Some("0001"), "the commonest end, not yet a phone");
    assert_eq!(WorkerQuery::typed("0812 3", 5).phone.as_deref(), Some("08123"));
    assert_eq!(WorkerQuery::typed("siti", 5).name.as_deref(), Some("siti"));
}

#[test]
fn occupation_and_area_filter_and_add_up() {
    let mut phone = phone();
    let work = |first: &str, second: &str| json!({ "first": first, "second": second });
    phone.pull(vec![
        put(record_id(), 1, &[("name", "A".into()), ("occupations", work("penderes", "petani"))]),
        put_in(&other_rt(), record_id(), 1, &[("name", "B".into()), ("occupations", work("petani", "ojek"))]),
        put(record_id(), 1, &[("name", "C".into()), ("occupations", work("ojek", "ojek"))]),
    ]);
    let by = |codes: &[&str], area| {
        let occupations = codes.iter().map(|code| (*code).to_owned()).collect();
        names(&phone, &WorkerQuery { occupations, area, ..WorkerQuery::default() })
    };
    assert_eq!(by(&["petani"], None), ["A", "B"]);
    assert_eq!(by(&["penderes", "ojek"], None), ["A", "B", "C"]);
    assert_eq!(by(&["petani"], Some(rt())), ["A"]);
    assert_eq!(by(&[], Some(village())), ["A", "B", "C"]);
    assert_eq!(by(&[], Some(payung_domain::area::Area::parse("33.02.24.1002").unwrap())), Vec::<String>::new());
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    let mut phone = phone();
    let changes =
        (0..25).map(|number| put(record_id(), 1, &[("name", format!("NAMA {}", number % 5).into())])).collect();
    phone.pull(changes);
    let mut query = WorkerQuery { limit: 4, ..WorkerQuery::default() };
    let (mut seen, mut sorts, mut pages) = (BTreeSet::new(), Vec::new(), 0);
    loop {
        let page = phone.workers(&query, today()).unwrap();
        pages += 1;
        assert!(page.rows.len() <= 4);
        for row in &page.rows {
            assert!(seen.insert(row.id));
            sorts.push(row.name.clone());
        }
        // somebody new in front changes nothing of what follows
        phone.pulled_worker("AAA");
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (25, 7));
    assert!(sorts.is_sorted());
}

#[test]
fn filter_by_phase_means_what_the_phase_is() {
    let mut phone = phone();
    let date = |days: u64| today().checked_add_days(Days::new(days)).unwrap();
    let mut expected: Vec<(RecordId, EnrollmentState)> = Vec::new();
    let mut changes = Vec::new();
    let statuses = EnrollmentStatus::KNOWN.iter().cloned().chain([EnrollmentStatus::Other("baru".into())]);
    let mut states: Vec<EnrollmentState> =
        statuses.map(|status| EnrollmentState { status: Some(status), ..EnrollmentState::default() }).collect();
    states.push(EnrollmentState::default());
    for from in [today(), date(1), NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()] {
        for ahead in -5..=4 {
            let until = Month::of(today()).add_months(ahead);
            let covered = Some(Covered { from, until });
            states.push(EnrollmentState {
                status: Some(EnrollmentStatus::Active),
                covered,
                ..EnrollmentState::default()
            });
        }
    }
    for state in states {
        let worker = record_id();
        let fields: Vec<(&str, Value)> = [("status", json!(state.status)), ("covered", json!(state.covered))].into();
        changes.push(enrolled(worker, 1, &fields));
        changes.push(put(worker, 1, &[("name", "BUDI".into())]));
        expected.push((worker, state));
    }
    // someone without an enrolment is in no phase
    changes.push(put(record_id(), 1, &[("name", "BUDI".into())]));
    phone.pull(changes);
    // days on which months end, years turn, and 30 days lead into the month after next
    for day in ["2026-11-23", "2026-11-30", "2026-12-01", "2027-01-01", "2027-01-31", "2027-02-01", "2027-01-30"] {
        let day: NaiveDate = day.parse().unwrap();
        let phases: BTreeSet<Phase> = expected.iter().map(|(_, state)| phase(state, day)).collect();
        assert!(phases.len() >= 10, "{day}: {phases:?}");
        for wanted in phases {
            let same = |other: Phase| other.code() == wanted.code();
            let query = WorkerQuery { phases: vec![wanted], limit: 1000, ..WorkerQuery::default() };
            let found: BTreeSet<RecordId> = phone.workers(&query, day).unwrap().rows.iter().map(|row| row.id).collect();
            let meant: BTreeSet<RecordId> =
                expected.iter().filter(|(_, state)| same(phase(state, day))).map(|(id, _)| *id).collect();
            assert_eq!(found, meant, "{wanted:?} on {day}");
        }
        let all = phone.workers(&WorkerQuery { limit: 1000, ..WorkerQuery::default() }, day).unwrap();
        for row in all.rows {
            let state = expected.iter().find(|(id, _)| *id == row.id).map(|(_, state)| phase(state, day));
            assert_eq!(row.phase, state);
        }
    }
}

#[test]
fn enrolment_that_counts_is_the_newest_not_closed() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.pull(vec![
        enrolled(worker, 1, &[("status", "numbered".into())]),
        enrolled(worker, 1, &[("status", "closed".into())]),
    ]);
    assert_eq!(phone.worker(worker).summary.phase, Some(Phase::Numbered));
    phone.pull(vec![enrolled(worker, 1, &[("status", "received".into())])]);
    assert_eq!(phone.worker(worker).summary.phase, Some(Phase::Received));
    assert_eq!(phone.worker(worker).enrollments.len(), 3);
    let received = WorkerQuery { phases: vec![Phase::Received], ..WorkerQuery::default() };
    assert_eq!(names(&phone, &received), ["BUDI"]);
    // a linked duplicate's enrolment counts for the survivor
    let (loser, survivor) = (phone.pulled_worker("SITI"), phone.pulled_worker("SITI A"));
    phone.pull(vec![enrolled(loser, 1, &[("status", "verified".into())])]);
    assert_eq!(phone.worker(survivor).summary.phase, None);
    phone.pull(vec![put_alias(loser, 2, survivor, &[("name", "SITI".into())])]);
    assert_eq!(phone.worker(survivor).summary.phase, Some(Phase::Verified));
    phone.pull(vec![put(loser, 3, &[("name", "SITI".into())])]);
    assert_eq!(phone.worker(survivor).summary.phase, None);
    assert_eq!(phone.worker(loser).summary.phase, Some(Phase::Verified));
}

#[test]
fn captured_is_not_covered_until_the_proof_is_pulled() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    let row = phone.worker(ids.worker).summary;
    assert_eq!(row.phase, Some(Phase::Queued));
    assert!(row.next_step.starts_with("Belum terlindungi"));
    phone.exchange(vec![], all_applied(1));
    assert!(!phone.worker(ids.worker).summary.phase.unwrap().is_covered());
    assert!(phone.worker(ids.worker).summary.next_step.starts_with("Belum terlindungi"));
    let covered = json!({ "from": "2026-11-01", "until": "2027-01" });
    let fields = [("worker", json!(ids.worker.to_string())), ("status", "active".into()), ("covered", covered)];
    let worker = put(ids.worker, 1, &[("name", "BUDI KARANGAN".into())]);
    let event = [("enrollment", json!(ids.enrollment.to_string())), ("event", "submit".into())];
    let event = put_kind(Kind::EnrollmentEvent, ids.event, 1, &event);
    phone.pull(vec![worker, event, put_kind(Kind::Enrollment, ids.enrollment, 2, &fields)]);
    assert_eq!(phone.worker(ids.worker).summary.phase, Some(Phase::Covered));
    // fields of a newer server that can't be read never count as cover
    let fields = [("worker", json!(ids.worker.to_string())), ("status", "active".into()), ("covered", json!("selalu"))];
    phone.pull(vec![put_kind(Kind::Enrollment, ids.enrollment, 3, &fields)]);
    assert_eq!(phone.worker(ids.worker).summary.phase, Some(Phase::Unknown));
}

#[test]
fn home_line_counts_what_is_where() {
    let mut phone = phone();
    phone.pulled_worker("ORANG LAIN");
    for serial in 9001..9004 {
        register(&phone, serial, "Budi Karangan");
    }
    fill(&phone, &form(9005, "Siti Rekaan"));
    let counts = phone.counts().unwrap();
    assert_eq!((counts.workers, counts.saved_here, counts.received, counts.drafts), (4, 3, 1, 1));
    phone.exchange(vec![], |batch| {
        let mut outcomes: Vec<_> = batch.ops.iter().map(|op| applied(op.n, op.record, 1)).collect();
        outcomes[0] = held(1, batch.ops[0].record);
        outcomes[3] = refused(4, batch.ops[3].record, "bad");
        outcomes
    });
    let counts = phone.counts().unwrap();
    assert_eq!((counts.saved_here, counts.held, counts.needs_fixing, counts.received), (0, 1, 1, 2));
}
