//! The coverage picture and the rounds, as one phone shows them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use chrono::Duration;
use common::*;
use payung_domain::{
    area::Area,
    coverage::CoverageLevel,
    field::Kind,
    id::{OfficialId, RecordId},
    op::{Change, Put},
    round::VisitOutcome,
};
use payung_store::{CoverageNumbers, CoveragePicture, StoreError};
use serde_json::{Value, json};

fn person(phone: &mut Phone, area: &Area, name: &str) -> RecordId {
    let id = record_id();
    phone.pull(vec![put_in(area, id, 1, &[("name", name.into())])]);
    id
}

fn enrolled(phone: &mut Phone, area: &Area, worker: RecordId, fields: &[(&str, Value)]) {
    let mut all = vec![("worker", json!(worker.to_string()))];
    all.extend_from_slice(fields);
    let Change::Put(put) = put_kind(Kind::Enrollment, record_id(), 1, &all) else { unreachable!() };
    phone.pull(vec![Change::Put(Put { area: area.clone(), ..put })]);
}

fn paid_until(until: &str) -> Vec<(&'static str, Value)> {
    vec![("status", "active".into()), ("covered", json!({"from": "2026-05-01", "until": until}))]
}

fn visit(phone: &Phone, minutes: i64, worker: Option<RecordId>, door: &str, outcome: &str) -> RecordId {
    let id = record_id();
    let at = instant(NOW) + Duration::minutes(minutes);
    let mut fields = vec![("outcome", outcome.into()), ("at", json!(at.to_rfc3339()))];
    if !door.is_empty() {
        fields.push(("door", door.into()));
    }
    fields.extend(worker.map(|worker| ("worker", json!(worker.to_string()))));
    phone.add_fact(&Kind::Visit, id, &body(&fields), &rt(), NOW).unwrap();
    id
}

fn picture(phone: &Phone, level: CoverageLevel) -> CoveragePicture {
    phone.coverage(None, level, Some(&rt()), today()).unwrap()
}

#[test]
fn coverage_counts_each_person_once_and_states_what_it_counted() {
    let mut phone = phone();
    let covered = person(&mut phone, &rt(), "COVERED");
    enrolled(&mut phone, &rt(), covered, &paid_until("2027-03"));
    enrolled(&mut phone, &rt(), covered, &[("status", "closed".into())]);
    let lapsing = person(&mut phone, &rt(), "LAPSING");
    enrolled(&mut phone, &rt(), lapsing, &paid_until("2026-11"));
    let arrears = person(&mut phone, &other_rt(), "ARREARS");
    enrolled(&mut phone, &other_rt(), arrears, &paid_until("2026-09"));
    let returned = person(&mut phone, &other_rt(), "RETURNED");
    enrolled(&mut phone, &other_rt(), returned, &[("status", "returned".into())]);
    person(&mut phone, &other_rt(), "NOT ENROLLED");
    register(&phone, 9001, "Budi Karangan");
    visit(&phone, 0, Some(covered), "Rumah hijau", "already_member");
    visit(&phone, 1, Some(covered), "Rumah hijau", "already_member");
    visit(&phone, 2, None, "Rumah biru", "nobody_home");
    visit(&phone, 3, None, "rumah  BIRU", "nobody_home");

    let by_rt = picture(&phone, CoverageLevel::Rt);
    let areas: Vec<_> = by_rt.lines.iter().map(|line| (line.area.clone(), line.label.clone())).collect();
    assert_eq!(areas, [(rt(), "RT 003 RW 005".to_owned()), (other_rt(), "RT 004 RW 005".to_owned())]);
    let CoverageNumbers { counts, workers_known, workers_visited, never_visited, doors_visited, .. } =
        by_rt.lines[0].numbers;
    assert_eq!((counts.registered, counts.waiting, counts.covered, counts.lapsing), (3, 1, 1, 1));
    assert_eq!(counts.covered_now(), 2);
    assert_eq!((workers_known, workers_visited, never_visited, doors_visited), (3, 1, 2, 2));
    let other = by_rt.lines[1].numbers;
    assert_eq!((other.workers_known, other.counts.registered), (3, 2), "known, and not enrolled");
    assert_eq!((other.counts.arrears, other.counts.returned, other.counts.covered_now()), (1, 1, 0));
    assert_eq!((by_rt.total.workers_known, by_rt.total.counts.registered), (6, 5));

    for (level, path) in [
        (CoverageLevel::Rw, "33.02.24.1001.005"),
        (CoverageLevel::Village, "33.02.24.1001"),
        (CoverageLevel::Regency, "33.02"),
    ] {
        let wide = picture(&phone, level);
        assert_eq!((wide.lines.len(), wide.lines[0].area.as_str()), (1, path));
        assert_eq!((wide.lines[0].numbers, wide.total), (by_rt.total, by_rt.total));
    }
    let one = phone.coverage(Some(&other_rt()), CoverageLevel::Rt, Some(&rt()), today()).unwrap();
    assert_eq!((one.lines.len(), one.total.workers_known), (1, 3));
}

#[test]
fn own_rt_has_a_line_before_anybody_is_registered() {
    let phone = phone();
    let empty = picture(&phone, CoverageLevel::Rt);
    assert_eq!((empty.lines.len(), empty.lines[0].area.clone()), (1, rt()));
    assert_eq!(empty.total, CoverageNumbers::default());
}

#[test]
fn official_who_registers_themself_is_counted_and_found_until_covered_and_after() {
    let mut phone = phone();
    let official = OfficialId(uuid::Uuid::from_u128(7));
    person(&mut phone, &rt(), "SOMEBODY ELSE");
    assert_eq!(phone.worker_of_official(official, today()).unwrap(), None);
    let mut fields = form(9002, "Darmo Karangan");
    fields.push(("self".to_owned(), json!(true)));
    let ids = register_draft(&phone, fill(&phone, &fields), ids()).unwrap().ids;
    let own = ids.worker;
    assert_eq!(phone.worker_of_official(official, today()).unwrap().unwrap().id, own);
    let total = picture(&phone, CoverageLevel::Rt).total;
    assert_eq!((total.officials, total.officials_covered), (1, 0));
    // told by the server, and covered
    phone.exchange(vec![], all_applied(1));
    let told = [("name", "DARMO KARANGAN".into()), ("official", json!(official.to_string()))];
    let mut covered = vec![("worker", json!(own.to_string()))];
    covered.extend(paid_until("2027-03"));
    let event = [("enrollment", json!(ids.enrollment.to_string())), ("event", "submit".into())];
    phone.pull(vec![
        put(own, 1, &told),
        put_kind(Kind::Enrollment, ids.enrollment, 1, &covered),
        put_kind(Kind::EnrollmentEvent, ids.event, 1, &event),
    ]);
    let total = picture(&phone, CoverageLevel::Rt).total;
    assert_eq!((total.officials, total.officials_covered), (1, 1));
    assert!(phone.worker_of_official(official, today()).unwrap().unwrap().phase.unwrap().is_covered());
}

#[test]
fn visit_to_a_linked_duplicate_is_one_to_the_surviving_person() {
    let mut phone = phone();
    let (loser, survivor) = (phone.pulled_worker("SITI"), phone.pulled_worker("SITI A"));
    visit(&phone, 0, Some(loser), "", "already_member");
    phone.pull(vec![put_alias(loser, 2, survivor, &[("name", "SITI".into())])]);
    let total = picture(&phone, CoverageLevel::Rt).total;
    assert_eq!((total.workers_known, total.workers_visited, total.doors_visited), (1, 1, 1));
    let round = phone.begin_round(record_id(), &rt(), None, instant(NOW) - Duration::minutes(1)).unwrap();
    assert!(phone.not_visited(round, None, 10, today()).unwrap().rows.is_empty());
}

#[test]
fn round_knows_its_doors_what_is_left_and_where_it_stopped() {
    let mut phone = phone();
    let [budi, siti, tarsim] = ["BUDI", "SITI", "TARSIM"].map(|name| person(&mut phone, &rt(), name));
    person(&mut phone, &other_rt(), "ELSEWHERE");
    visit(&phone, -60, Some(tarsim), "Rumah lama", "nobody_home");
    let round = phone.begin_round(record_id(), &rt(), Some("sore"), instant(NOW)).unwrap();
    let fresh = phone.round(round).unwrap();
    assert_eq!((fresh.progress.doors, fresh.progress.workers, fresh.last), (0, 3, None));
    visit(&phone, 1, None, "Rumah hijau", "nobody_home");
    visit(&phone, 2, Some(budi), "Warung", "registered");
    visit(&phone, 3, Some(siti), "", "come_back");
    let wrong = visit(&phone, 4, None, "Salah", "refused");
    let mut right = body(&[("outcome", "refused".into()), ("at", json!(instant(NOW) + Duration::minutes(5)))]);
    right.extend(body(&[("door", "Benar".into()), ("corrects", json!(wrong.to_string()))]));
    phone.add_fact(&Kind::Visit, record_id(), &right, &rt(), NOW).unwrap();
    let view = phone.round(round).unwrap();
    let progress = view.progress;
    assert_eq!((progress.doors, progress.registered, progress.refused, progress.again), (4, 1, 1, 2));
    assert_eq!((progress.workers, progress.workers_visited), (3, 2));
    let again: Vec<_> = view.again.iter().map(|door| (door.door.as_deref(), door.name.as_deref())).collect();
    assert_eq!(again, [(Some("Rumah hijau"), None), (None, Some("SITI"))]);
    assert_eq!(view.last.unwrap().door.as_deref(), Some("Benar"));
    let left = phone.not_visited(round, None, 10, today()).unwrap();
    assert_eq!(left.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [tarsim]);
    // come back to the first door
    visit(&phone, 6, Some(tarsim), "rumah hijau", "registered");
    let view = phone.round(round).unwrap();
    assert_eq!((view.progress.doors, view.progress.registered, view.progress.again), (4, 2, 1));
    let last = view.last.unwrap();
    assert_eq!((last.outcome, last.visits, last.name.as_deref()), (VisitOutcome::Registered, 2, Some("TARSIM")));
    assert!(phone.not_visited(round, None, 10, today()).unwrap().rows.is_empty());
}

#[test]
fn round_is_an_area_and_a_day() {
    let phone = phone();
    let morning = phone.begin_round(record_id(), &rt(), None, instant(NOW)).unwrap();
    let again = phone.begin_round(record_id(), &rt(), None, instant(NOW) + Duration::hours(2)).unwrap();
    assert_eq!(again, morning, "one that began today goes on");
    let elsewhere = phone.begin_round(record_id(), &other_rt(), None, instant(NOW)).unwrap();
    let tomorrow = phone.begin_round(record_id(), &rt(), None, instant(NOW) + Duration::days(1)).unwrap();
    let ids = |area: Option<&Area>| phone.rounds(area).unwrap().iter().map(|round| round.id).collect::<Vec<_>>();
    assert_eq!(ids(Some(&rt())), [tomorrow, morning]);
    assert_eq!(ids(None), [tomorrow, elsewhere, morning]);
    assert!(matches!(phone.round(record_id()), Err(StoreError::NotFound)));
}

#[test]
fn workers_not_visited_come_by_page() {
    let mut phone = phone();
    let all: Vec<_> = (0..9).map(|number| person(&mut phone, &rt(), &format!("ORANG {number}"))).collect();
    let round = phone.begin_round(record_id(), &rt(), None, instant(NOW)).unwrap();
    visit(&phone, 1, Some(all[4]), "", "registered");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = phone.not_visited(round, after.as_ref(), 3, today()).unwrap();
        seen.extend(page.rows.iter().map(|row| row.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = all.iter().copied().filter(|id| *id != all[4]).collect();
    assert_eq!(seen, expected);
}
