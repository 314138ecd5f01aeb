//! What comes and goes by area: moves, evictions, erasure, checksums, full pulls.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_domain::{
    field::Kind,
    op::{Change, GoneReason},
};
use payung_protocol::{Checksum, Reply, record_check};
use payung_store::{Asked, StoreError};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn moved_record_goes_and_stays_where_it_is_within_scope() {
    let mut phone = phone();
    let (away, near) = (phone.pulled_worker("BUDI"), phone.pulled_worker("SITI"));
    let report = phone.pull(vec![moved(away, 2, None), moved(near, 2, Some(other_rt()))]);
    assert_eq!(report.removed, 1);
    assert!(matches!(phone.shown(away), Err(StoreError::NotFound)));
    assert_eq!(phone.shown(near).unwrap().area, other_rt());
    assert_eq!(phone.worker(near).summary.area, other_rt());
}

#[test]
fn put_wins_over_gone_at_equal_version_in_either_order() {
    let mut phone = phone();
    let (one, two) = (phone.pulled_worker("BUDI"), phone.pulled_worker("SITI"));
    let there = |id| put_in(&other_rt(), id, 2, &[("name", "ADA".into())]);
    phone.pull(vec![moved(one, 2, None), there(one), there(two), moved(two, 2, None)]);
    assert_eq!(phone.shown(one).unwrap().area, other_rt());
    assert_eq!(phone.shown(two).unwrap().area, other_rt());
}

#[test]
fn removal_waits_for_a_draft_and_for_ops_without_a_final_outcome() {
    let mut phone = phone();
    let (drafted, edited) = (phone.pulled_worker("BUDI"), phone.pulled_worker("SITI"));
    let draft = phone.open_draft(&Kind::Worker, Some(drafted), NOW).unwrap().id;
    phone.edit(edited, "notes", "mine");
    let prefix = village();
    phone.pull(vec![Change::Evict { prefix, keep: vec![] }]);
    assert!(phone.shown(drafted).unwrap().leaving && phone.shown(edited).unwrap().leaving);
    phone.exchange(vec![], |_| vec![held(1, edited)]);
    assert!(phone.shown(edited).is_ok(), "held is not final");
    phone.discard_draft(draft).unwrap();
    let report = phone.exchange(vec![], |_| vec![applied(1, edited, 2)]);
    assert_eq!(report.removed, 2);
    assert!(phone.shown(drafted).is_err() && phone.shown(edited).is_err());
    assert_eq!(phone.counts().unwrap().workers, 0);
}

#[test]
fn evict_keeps_what_it_says_and_other_areas() {
    let mut phone = phone();
    let (mine, next_door) = (record_id(), record_id());
    phone.pull(vec![put(mine, 1, &[("name", "A".into())]), put_in(&other_rt(), next_door, 1, &[("name", "B".into())])]);
    phone.pull(vec![Change::Evict { prefix: village(), keep: vec![rt()] }]);
    assert!(phone.shown(mine).is_ok());
    assert!(phone.shown(next_door).is_err());
}

#[test]
fn scope_that_comes_back_keeps_what_was_only_waiting_to_leave() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    phone.pull(vec![Change::Evict { prefix: rt(), keep: vec![] }]);
    phone.pull(vec![put(worker, 1, &[("name", "BUDI".into()), ("notes", "n0".into())])]);
    phone.exchange(vec![], |_| vec![applied(1, worker, 2)]);
    assert_eq!(phone.value(worker, "notes"), json!("mine"));
}

#[test]
fn erasure_takes_the_ops_with_it() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    phone.exchange(vec![put(ids.worker, 1, &[("name", "BUDI".into())])], all_applied(1));
    phone.pull(vec![Change::Gone { record: ids.worker, why: GoneReason::Erased, version: 1, to: None }]);
    assert!(phone.shown(ids.worker).is_err());
    // a restored server is offered the others, never the erased
    phone.epoch = E2;
    phone.pull(vec![]);
    assert!(phone.batch().ops.iter().all(|op| op.record != ids.worker));
    assert_eq!(phone.batch().ops.len(), 2);
}

// ---- checksums and full pulls

fn checksums(
    sums: &[(payung_domain::area::Area, Vec<(payung_domain::id::RecordId, u64)>)],
) -> BTreeMap<payung_domain::area::Area, Checksum> {
    sums.iter()
        .map(|(area, records)| (area.clone(), records.iter().map(|(id, version)| record_check(*id, *version)).sum()))
        .collect()
}

fn pull_with(
    phone: &mut Phone,
    changes: Vec<Change>,
    sums: BTreeMap<payung_domain::area::Area, Checksum>,
    now: i64,
) -> payung_store::TakeReport {
    let asked = Asked { device: phone.device(), cursor: phone.cursor().unwrap().1, sent_at: now };
    let reply = Reply { changes, checksums: sums, ..phone.reply(&asked) };
    phone.store.take_reply(&reply, &asked, now).unwrap()
}

#[test]
fn sums_follow_every_road_a_record_takes() {
    let mut phone = phone();
    let (a, b, c) = (record_id(), record_id(), record_id());
    let name = [("name", json!("A"))];
    let sums = |rt_records: Vec<_>, other: Vec<_>| checksums(&[(rt(), rt_records), (other_rt(), other)]);
    let first = vec![put(a, 1, &name), put(b, 1, &name), put(c, 1, &name)];
    assert!(pull_with(&mut phone, first, sums(vec![(a, 1), (b, 1), (c, 1)], vec![]), NOW).differing.is_empty());
    // a new version, a removal, a move told by a put, one told twice
    let second = vec![put(a, 4, &name), moved(b, 2, None), put_in(&other_rt(), c, 2, &name), put(a, 4, &name)];
    assert!(pull_with(&mut phone, second, sums(vec![(a, 4)], vec![(c, 2)]), NOW).differing.is_empty());
    // what is only waiting to leave does not count
    phone.edit(a, "notes", "mine");
    assert!(pull_with(&mut phone, vec![moved(a, 5, None)], sums(vec![], vec![(c, 2)]), NOW).differing.is_empty());
    let total: Checksum = [(c, 2)].iter().map(|(id, version)| record_check(*id, *version)).sum();
    assert_eq!(phone.batch().checksum, Some(total));
    // re-filed: the record counts in its new area before the put follows
    let refiled = sums(vec![(c, 2)], vec![]);
    assert!(pull_with(&mut phone, vec![moved(c, 3, Some(rt()))], refiled, NOW).differing.is_empty());
}

#[test]
fn differing_sum_reads_everything_again_and_drops_what_the_server_lacks() {
    let mut phone = phone();
    let (kept, lost, unknown) = (record_id(), record_id(), record_id());
    let name = [("name", json!("A"))];
    phone.pull(vec![put(kept, 1, &name), put(unknown, 1, &name)]);
    let truth = checksums(&[(rt(), vec![(kept, 1), (lost, 1)])]);
    let report = pull_with(&mut phone, vec![], truth.clone(), NOW);
    assert_eq!(report.differing, [rt()]);
    assert!(report.more, "asks again at once");
    assert_eq!(phone.batch().asked.cursor, None);
    // in two pages: nothing is dropped before the last
    let asked = Asked { device: phone.device(), cursor: None, sent_at: NOW };
    let page = Reply { changes: vec![put(kept, 1, &name)], more: true, ..phone.reply(&asked) };
    phone.take(&page, &asked);
    assert!(phone.shown(unknown).is_ok());
    let report = pull_with(&mut phone, vec![put(lost, 1, &name)], truth, NOW);
    assert!(report.differing.is_empty());
    assert_eq!(report.removed, 1);
    assert!(phone.shown(unknown).is_err() && phone.shown(kept).is_ok() && phone.shown(lost).is_ok());
}

#[test]
fn sum_that_a_full_pull_does_not_mend_is_not_pulled_over_and_over() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let wrong = checksums(&[(rt(), vec![(worker, 77)])]);
    assert!(pull_with(&mut phone, vec![], wrong.clone(), NOW).more);
    let full = vec![put(worker, 1, &[("name", "BUDI".into())])];
    let report = pull_with(&mut phone, full, wrong.clone(), NOW + 1000);
    assert_eq!((report.differing.len(), report.more), (1, false));
    assert!(phone.cursor().unwrap().1.is_some());
    assert!(pull_with(&mut phone, vec![], wrong, NOW + 7 * 3_600_000).more);
}

#[test]
fn record_only_this_phone_has_survives_a_full_pull() {
    let mut phone = phone();
    phone.pulled_worker("BUDI");
    let ids = register(&phone, 9001, "Siti Rekaan");
    let wrong = checksums(&[(rt(), vec![])]);
    assert!(pull_with(&mut phone, vec![], wrong, NOW).more);
    pull_with(&mut phone, vec![], BTreeMap::new(), NOW);
    assert_eq!(phone.value(ids.worker, "name"), json!("SITI REKAAN"));
    assert_eq!(phone.counts().unwrap().workers, 1);
}

#[test]
fn reply_to_a_revoked_phone_ends_no_full_pull() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let asked = Asked { device: phone.device(), cursor: phone.cursor().unwrap().1, sent_at: NOW };
    let page = Reply { epoch: E2, more: true, ..phone.reply(&asked) };
    phone.take(&page, &asked);
    // in the middle of reading everything anew, it is revoked: neither changes nor a cursor
    let asked = Asked { cursor: phone.cursor().unwrap().1, ..asked };
    let nothing = Reply { epoch: E2, cursor: None, ..phone.reply(&asked) };
    assert_eq!(phone.take(&nothing, &asked).removed, 0);
    assert!(phone.shown(worker).is_ok());
}

#[test]
fn record_taken_by_a_late_reply_after_this_phone_got_other_areas_goes() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    let first = phone.batch();
    let late = Reply { outcomes: all_applied(1)(&first), ..phone.reply(&first.asked) };
    // meanwhile the office gave the phone other areas, and what it reads does not contain what it sent
    let elsewhere = record_id();
    phone.pull(vec![put_in(&other_rt(), elsewhere, 1, &[("name", "SITI".into())])]);
    assert!(phone.shown(ids.worker).is_ok(), "it may be on its way");
    let taken = phone.take(&late, &first.asked);
    assert!(!taken.answered && taken.applied > 0);
    assert!(phone.shown(ids.worker).is_ok(), "the next pull may contain it");
    assert!(phone.pull(vec![]).more, "it does not: all is read again");
    assert_eq!(phone.cursor().unwrap().1, None);
    let report = phone.pull(vec![put_in(&other_rt(), elsewhere, 1, &[("name", "SITI".into())])]);
    assert!(!report.more);
    assert!(matches!(phone.shown(ids.worker), Err(StoreError::NotFound)));
    assert_eq!(phone.counts().unwrap().workers, 1);
}
