//! Exactly once: dedupe, re-used numbers, held ops, re-issue.

use super::office::*;
use crate::{service::operator::Act, storage::DeviceState};
use payung_domain::{
    field::Kind,
    id::OpId,
    op::{FieldOutcome, Op, OutcomeStatus, Reissue},
};
use serde_json::json;

#[test]
fn repeated_op_is_answered_verbatim_and_changes_nothing() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let first = phone.ask(&office, std::slice::from_ref(&op)).outcomes;
    let before = office.dump();
    office.later(DAY);
    assert_eq!(phone.ask(&office, &[op]).outcomes, first);
    assert_eq!(office.dump(), before);
}

#[test]
fn below_the_dropped_outcomes_the_same_op_is_replayed_with_the_version_now() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, std::slice::from_ref(&op));
    let edit = phone.edit(&office, record(1), "notes", "rumah hijau");
    phone.send(&office, &[edit]);
    phone.seen_through = 2;
    phone.send(&office, &[]);
    let outcome = &phone.send(&office, &[op])[0];
    assert_eq!(status(outcome), (OutcomeStatus::Replayed, None));
    assert_eq!(outcome.version, office.record(record(1)).version);
}

#[test]
fn clone_that_reuses_a_number_below_the_mark_is_found_and_its_bundle_quarantined() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[op]);
    let mut clone = phone.clone();
    let own = phone.edit(&office, record(1), "notes", "asli");
    phone.send(&office, &[own]);
    phone.seen_through = 2;
    phone.send(&office, &[]);
    let reused = clone.edit(&office, record(1), "notes", "salinan");
    let beside = clone.worker(&office, record(2), &nik(2), "SUTINAH");
    let before = office.dump();
    let outcomes = clone.send(&office, &[reused.clone(), beside.clone()]);
    assert!(outcomes.iter().all(|outcome| status(outcome) == (OutcomeStatus::Refused, Some("op_reused"))));
    assert_eq!(office.dump(), before, "nothing of the bundle is applied under these names");
    // it joins again and issues both anew: nothing of either is lost
    let mut joined = office.rejoin(&clone, &[RT3]);
    joined.base.clone_from(&clone.base);
    joined.epoch = clone.epoch;
    let again: Vec<Op> = [reused, beside]
        .into_iter()
        .map(|old| {
            joined.n += 1;
            let reissue = Some(Reissue { device: clone.device, n: old.n, hash: old.hash() });
            Op { n: joined.n, reissue, ..old }
        })
        .collect();
    assert!(applied(&joined.send(&office, &again)));
    assert!(office.find(record(2)).is_some());
    assert_eq!(office.record(record(1)).value("notes"), "salinan");
    let history = office.service.history(BOSS, record(1), START).expect("history");
    assert!(history.iter().any(|op| op.op.set.get("notes") == Some(&json!("asli"))));
}

/// A phone and its copy used the same number; the copy's bundle is set aside: an edit of record 1, and record 2.
fn set_aside(office: &Office) -> (Phone, Vec<Op>) {
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(office, record(1), &nik(1), "SUPARNO");
    phone.send(office, &[op]);
    phone.pull(office);
    let mut clone = phone.clone();
    let own = phone.edit(office, record(1), "phone", "+6281200000001");
    assert!(applied(&phone.send(office, &[own])));
    let ops =
        vec![clone.edit(office, record(1), "notes", "salinan"), clone.worker(office, record(2), &nik(2), "SUTINAH")];
    let outcomes = clone.send(office, &ops);
    assert!(outcomes.iter().all(|outcome| status(outcome) == (OutcomeStatus::Refused, Some("op_reused"))));
    (clone, ops)
}

fn aside(office: &Office) -> Vec<OpId> {
    let held = office.service.held_ops(BOSS, START).expect("listed");
    held.into_iter().filter(|item| item.aside && item.code == "op_reused").map(|item| item.op.id()).collect()
}

#[test]
fn op_set_aside_of_a_phone_that_never_joins_again_is_taken_or_dropped_by_a_person() {
    let office = Office::new();
    let (clone, ops) = set_aside(&office);
    let names: Vec<OpId> = ops.iter().map(|op| OpId { device: clone.device, n: op.n }).collect();
    assert_eq!(aside(&office), names);
    let refused = office.service.release_aside(clone.official, names[1], None, START);
    assert!(refused.is_err(), "an official lets nothing through");
    office.service.release_aside(BOSS, names[1], None, START).expect("taken");
    assert_eq!(office.record(record(2)).text("name"), Some("SUTINAH"));
    let by = office.record(record(2)).stamps["name"].author.device;
    assert_eq!(by, payung_domain::id::DeviceId(BOSS.0), "under the operator's pen");
    assert_eq!(aside(&office), names[..1]);
    assert!(office.service.release_aside(BOSS, names[1], None, START).is_err(), "once");
    office.service.refuse_aside(BOSS, names[0], None, "not_yours".to_owned(), START).expect("dropped");
    assert!(aside(&office).is_empty());
    assert!(office.record(record(1)).value("notes").is_null());
    // should it join again after all: what was taken is its own, what was dropped comes anew
    let mut joined = office.rejoin(&clone, &[RT3]);
    joined.base.clone_from(&clone.base);
    joined.epoch = clone.epoch;
    let again: Vec<Op> = ops
        .into_iter()
        .map(|old| {
            joined.n += 1;
            let reissue = Some(Reissue { device: clone.device, n: old.n, hash: old.hash() });
            Op { n: joined.n, reissue, ..old }
        })
        .collect();
    let version = office.record(record(2)).version;
    assert!(applied(&joined.send(&office, &again)));
    assert_eq!(office.record(record(2)).version, version, "taken once");
    assert_eq!(office.record(record(2)).stamps["name"].author.device, joined.device, "authorship moves");
    assert_eq!(office.record(record(1)).value("notes"), "salinan");
}

#[test]
fn op_set_aside_waits_for_nobody_once_its_phone_issued_it_anew() {
    let office = Office::new();
    let (clone, ops) = set_aside(&office);
    let mut joined = office.rejoin(&clone, &[RT3]);
    joined.n += 1;
    let old = &ops[1];
    let reissue = Some(Reissue { device: clone.device, n: old.n, hash: old.hash() });
    assert!(applied(&joined.send(&office, &[Op { n: joined.n, reissue, ..old.clone() }])));
    assert_eq!(aside(&office), [OpId { device: clone.device, n: ops[0].n }]);
}

#[test]
fn op_set_aside_and_taken_stands_after_a_restore_of_an_earlier_copy() {
    let office = Office::new();
    let copy = office.backup();
    let (clone, ops) = set_aside(&office);
    office.service.release_aside(BOSS, OpId { device: clone.device, n: ops[1].n }, None, START).expect("taken");
    let office = office.restore(&copy);
    assert_eq!(office.record(record(2)).text("name"), Some("SUTINAH"), "the journal has the op itself");
}

#[test]
fn same_number_twice_in_one_bundle_refuses_both_unknown_ops() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let one = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let two = Op { n: one.n, ..phone.worker(&office, record(2), &nik(2), "SUTINAH") };
    let outcomes = phone.ask(&office, &[one, two]).outcomes;
    assert!(outcomes.iter().all(|outcome| status(outcome) == (OutcomeStatus::Refused, Some("op_reused"))));
    assert_eq!(outcomes.len(), 2);
    assert!(office.find(record(1)).is_none() && office.find(record(2)).is_none());
}

#[test]
fn one_bad_op_never_stops_its_batch() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let bad = phone.worker(&office, record(1), "123", "SUPARNO");
    let good = phone.worker(&office, record(2), &nik(2), "SUTINAH");
    let outcomes = phone.send(&office, &[bad, good]);
    assert_eq!(status(&outcomes[0]), (OutcomeStatus::Refused, Some("field_invalid")));
    assert_eq!(field(&outcomes[0], "nik"), Some(&FieldOutcome::Refused("nik_length".to_owned())));
    assert_eq!(status(&outcomes[1]), (OutcomeStatus::Applied, None));
    assert!(office.find(record(1)).is_none());
}

#[test]
fn record_can_not_be_made_too_large_for_a_reply_op_by_op() {
    let office = Office::new();
    let (mut phone, mut other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let created = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[created]);
    let mut taken: u32 = 0;
    loop {
        let grown = phone.edit(&office, record(1), &format!("newer_{taken}"), "x".repeat(8 << 10));
        let beside = phone.worker(&office, record((100 + taken).into()), &nik(100 + taken), "SUTINAH");
        let before = office.record(record(1));
        let outcomes = phone.send(&office, &[grown, beside]);
        assert_eq!(status(&outcomes[1]), (OutcomeStatus::Applied, None), "the rest of the batch goes on");
        if outcomes[0].status == OutcomeStatus::Refused {
            assert_eq!(status(&outcomes[0]), (OutcomeStatus::Refused, Some("record_too_large")));
            assert_eq!(office.record(record(1)), before);
            break;
        }
        taken += 1;
    }
    assert_eq!(taken, 7, "64 KiB hold seven such fields beside a registration");
    // what fits is taken still, and everybody can be told
    let note = phone.edit(&office, record(1), "notes", "rumah hijau");
    assert!(applied(&phone.send(&office, &[note])));
    other.pull(&office);
    assert_eq!(other.base[&record(1)].body["notes"], "rumah hijau");
}

#[test]
fn new_record_too_large_for_a_reply_is_refused_whole() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let mut op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    op.set.insert("newer".to_owned(), json!("x".repeat(64 << 10)));
    let outcomes = phone.send(&office, &[op]);
    assert_eq!(status(&outcomes[0]), (OutcomeStatus::Refused, Some("record_too_large")));
    assert!(office.find(record(1)).is_none());
}

#[test]
fn conflict_of_a_full_record_can_be_settled() {
    let office = Office::new();
    let (mut phone, mut other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let mut created = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    created.set.insert("newer".to_owned(), json!("a".repeat(20 << 10)));
    phone.send(&office, &[created]);
    other.pull(&office);
    let one = phone.edit(&office, record(1), "newer", "b".repeat(14 << 10));
    assert!(applied(&phone.send(&office, &[one])));
    let second = other.edit(&office, record(1), "newer", "c".repeat(20 << 10));
    assert!(applied(&other.send(&office, &[second])));
    other.pull(&office);
    assert!(office.record(record(1)).has_open_conflict());
    let third = other.edit(&office, record(1), "newest", "d".repeat(18 << 10));
    let refused = other.send(&office, &[third]);
    assert_eq!(status(&refused[0]), (OutcomeStatus::Refused, Some("record_too_large")));
    // an operator settles it; what stays leaves room again
    let open = office.service.open_conflicts(BOSS, &crate::storage::Scope::Office, None, 10, START).expect("listed");
    let seen = open[0].conflict.candidates.iter().map(|candidate| candidate.op).collect();
    let value = json!("c".repeat(20 << 10));
    office.act(Act::Resolve { record: record(1), field: "newer".to_owned(), value, seen, document: None });
    assert!(!office.record(record(1)).has_open_conflict());
    let again = other.edit(&office, record(1), "newest", "d".repeat(18 << 10));
    assert!(applied(&other.send(&office, &[again])));
}

#[test]
fn class_a_is_refused_for_its_field_and_the_rest_of_the_op_applies() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let mut op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    op.set.insert("kpj".to_owned(), json!("24001234567"));
    let outcomes = phone.send(&office, &[op]);
    assert_eq!(status(&outcomes[0]), (OutcomeStatus::Applied, None));
    assert_eq!(field(&outcomes[0], "kpj"), Some(&FieldOutcome::Refused("field_owner".to_owned())));
    assert!(office.record(record(1)).value("kpj").is_null());
}

#[test]
fn child_before_its_parent_is_held_and_released_in_the_same_bundle_or_later() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let enroll = phone.enroll(&office, record(2), record(1));
    let submit = phone.event(&office, record(3), record(2), "submit", &[]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let held = phone.send(&office, std::slice::from_ref(&submit));
    assert_eq!(status(&held[0]), (OutcomeStatus::Held, Some("parent_unknown")));
    let held = phone.send(&office, std::slice::from_ref(&enroll));
    assert_eq!(status(&held[0]), (OutcomeStatus::Held, Some("parent_unknown")));
    assert!(applied(&phone.send(&office, &[worker])));
    // asked again, as phones do with held ops: the stored outcome was replaced
    assert!(applied(&phone.send(&office, &[enroll, submit])));
    assert_eq!(office.record(record(2)).text("status"), Some("received"));

    let enroll = phone.enroll(&office, record(5), record(4));
    let worker = phone.worker(&office, record(4), &nik(4), "SUTINAH");
    assert!(applied(&phone.send(&office, &[enroll, worker])), "in one bundle the order does not matter");
}

#[test]
fn edit_of_an_unknown_record_is_held_until_it_comes() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let mut edit = phone.op(&office, Kind::Worker, record(1), &[("notes", json!("rumah hijau"))]);
    edit.base = Some(payung_domain::id::Base { epoch: office.epoch(), version: 1 });
    let held = phone.ask(&office, &[edit]).outcomes;
    assert_eq!(status(&held[0]), (OutcomeStatus::Held, Some("record_unknown")));
    assert!(applied(&phone.ask(&office, &[create]).outcomes));
    assert_eq!(office.record(record(1)).value("notes"), "rumah hijau");
}

#[test]
fn edit_made_before_its_creation_was_told_waits_while_that_is_held() {
    for released in [true, false] {
        let office = Office::new();
        let mut phone = office.phone(&[RT3]);
        phone.pull(&office);
        office.service.set_device(BOSS, phone.device, DeviceState::Revoked, START).expect("revoked");
        let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
        assert_eq!(
            status(&phone.send(&office, std::slice::from_ref(&create))[0]),
            (OutcomeStatus::Held, Some("device_revoked"))
        );
        office.service.set_device(BOSS, phone.device, DeviceState::Active, START).expect("taken back");
        let edit = phone.op(&office, Kind::Worker, record(1), &[("notes", json!("rumah hijau"))]);
        let outcomes = phone.send(&office, std::slice::from_ref(&edit));
        assert_eq!(status(&outcomes[0]), (OutcomeStatus::Held, Some("record_unknown")));
        assert!(office.find(record(1)).is_none(), "nobody without a name");
        let id = |op: &Op| payung_domain::id::OpId { device: phone.device, n: op.n };
        if released {
            office.act(Act::Release { op: id(&create), record: record(1) });
            let stands = office.record(record(1));
            assert_eq!((stands.text("name"), stands.text("notes")), (Some("SUPARNO"), Some("rumah hijau")));
        } else {
            let code = "not_ours".to_owned();
            office.act(Act::RefuseHeld { op: id(&create), record: record(1), code });
            assert!(office.find(record(1)).is_none());
            // a person may still let it through: then it is a record that lacks much
            office.act(Act::Release { op: id(&edit), record: record(1) });
            assert_eq!(office.record(record(1)).text("notes"), Some("rumah hijau"));
        }
    }
}

#[test]
fn held_op_is_released_by_a_person_and_seen_through_never_passes_it() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    phone.pull(&office);
    office.service.set_device(BOSS, phone.device, DeviceState::Revoked, START).expect("revoked");
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let next = phone.worker(&office, record(2), &nik(2), "SUTINAH");
    let held = phone.send(&office, &[op.clone(), next]);
    assert!(held.iter().all(|outcome| status(outcome) == (OutcomeStatus::Held, Some("device_revoked"))));
    // even a phone that says otherwise
    phone.seen_through = 2;
    phone.send(&office, &[]);
    let again = phone.send(&office, std::slice::from_ref(&op));
    assert_eq!(status(&again[0]), (OutcomeStatus::Held, Some("device_revoked")), "its outcome was not dropped");
    let listed = office.service.held_ops(BOSS, START).expect("listed");
    assert_eq!(listed.len(), 2);
    office.act(Act::Release { op: OpId { device: phone.device, n: 1 }, record: record(1) });
    office.act(Act::RefuseHeld {
        op: OpId { device: phone.device, n: 2 },
        record: record(2),
        code: "not_yours".to_owned(),
    });
    assert!(office.find(record(1)).is_some() && office.find(record(2)).is_none());
    let told = phone.send(&office, &[op]);
    assert_eq!(status(&told[0]), (OutcomeStatus::Applied, None), "the phone learns the final outcome");
}

#[test]
fn kind_of_a_newer_app_is_held_not_dropped() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.op(&office, Kind::from_name("wage_claim"), record(1), &[("amount", json!(5))]);
    assert_eq!(status(&phone.send(&office, &[op])[0]), (OutcomeStatus::Held, Some("kind_unknown")));
    let village = phone.op(&office, Kind::Village, record(2), &[("name", json!("Palsu"))]);
    assert_eq!(status(&phone.send(&office, &[village])[0]), (OutcomeStatus::Refused, Some("kind_server_owned")));
}

#[test]
fn answer_lost_then_rejoin_and_reissue_is_no_conflict_with_oneself() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[create]);
    phone.pull(&office);
    let lost = phone.edit(&office, record(1), "name", "SUPARNO BIN KARTO");
    let answer = phone.ask(&office, std::slice::from_ref(&lost)).outcomes;
    let mut joined = office.rejoin(&phone, &[RT3]);
    joined.base.clone_from(&phone.base);
    joined.epoch = phone.epoch;
    joined.n = 1;
    let reissue = Some(Reissue { device: phone.device, n: lost.n, hash: lost.hash() });
    let again = Op { n: 1, reissue, ..lost };
    let told = joined.send(&office, std::slice::from_ref(&again));
    assert_eq!((told[0].version, told[0].n), (answer[0].version, 1), "its stored outcome is answered");
    assert_eq!(office.record(record(1)).stamps["name"].author, OpId { device: joined.device, n: 1 });
    let next = joined.edit(&office, record(1), "name", "SUPARNO KARTO");
    assert!(joined.send(&office, &[next])[0].fields.is_empty());
    assert_eq!(joined.send(&office, &[again])[0], told[0]);
}

#[test]
fn reissued_op_that_was_never_taken_is_applied_and_its_old_name_is_taken() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let old = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let mut joined = office.rejoin(&phone, &[RT3]);
    joined.n = 1;
    let reissue = Some(Reissue { device: phone.device, n: old.n, hash: old.hash() });
    assert!(applied(&joined.send(&office, &[Op { n: 1, reissue, ..old.clone() }])));
    let before = office.dump();
    // the old bundle arrives after all, by a hub
    assert_eq!(status(&phone.ask(&office, &[old]).outcomes[0]).0, OutcomeStatus::Replayed);
    assert_eq!(office.dump(), before);
}

#[test]
fn refused_op_is_tried_again_under_a_new_number() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let bad = phone.worker(&office, record(1), "123", "SUPARNO");
    phone.send(&office, std::slice::from_ref(&bad));
    let reissue = Some(Reissue { device: phone.device, n: bad.n, hash: bad.hash() });
    let good = Op { reissue, ..phone.worker(&office, record(1), &nik(1), "SUPARNO") };
    assert!(applied(&phone.send(&office, &[good])));
    assert_eq!(office.record(record(1)).value("nik"), nik(1).as_str());
}

#[test]
fn held_op_that_two_copies_of_a_phone_issue_anew_gets_its_outcome_on_both() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (kept, dropped) = (phone.enroll(&office, record(2), record(1)), phone.enroll(&office, record(3), record(1)));
    let waits = |outcomes: Vec<payung_domain::op::Outcome>| {
        outcomes.iter().all(|outcome| status(outcome) == (OutcomeStatus::Held, Some("parent_unknown")))
    };
    assert!(waits(phone.send(&office, &[kept.clone(), dropped.clone()])));
    let anew = |old: &Op| {
        let reissue = Some(Reissue { device: phone.device, n: old.n, hash: old.hash() });
        Op { reissue, ..old.clone() }
    };
    let ops = [anew(&kept), anew(&dropped)];
    let (mut one, mut two) = (office.rejoin(&phone, &[RT3]), office.rejoin(&phone, &[RT3]));
    assert!(waits(one.send(&office, &ops)) && waits(two.send(&office, &ops)));
    office.act(Act::RefuseHeld {
        op: OpId { device: two.device, n: dropped.n },
        record: record(3),
        code: "not_ours".to_owned(),
    });
    let worker = Op { n: 9, ..two.worker(&office, record(1), &nik(1), "SUPARNO") };
    assert!(applied(&two.send(&office, &[worker])));
    for copy in [&mut two, &mut one] {
        let told = copy.send(&office, &ops);
        assert_eq!(status(&told[0]), (OutcomeStatus::Applied, None));
        assert_eq!(status(&told[1]), (OutcomeStatus::Refused, Some("not_ours")));
        assert_eq!(copy.send(&office, &ops), told, "word for word");
    }
    // by the name it had first, too
    let told = phone.ask(&office, &[kept, dropped]).outcomes;
    assert_eq!((status(&told[0]).0, status(&told[1]).0), (OutcomeStatus::Applied, OutcomeStatus::Refused));
}

#[test]
fn edit_held_while_what_it_was_made_over_is_issued_anew_is_not_taken_for_an_older_one() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, std::slice::from_ref(&create));
    phone.pull(&office);
    // joined again, with an edit under its first number; a new epoch has it issue anew what it had written before
    let mut joined = office.rejoin(&phone, &[RT3]);
    joined.base.clone_from(&phone.base);
    joined.epoch = phone.epoch;
    office.service.set_device(BOSS, joined.device, DeviceState::Revoked, START).expect("revoked");
    let edit = joined.edit(&office, record(1), "name", "SUPARNO BIN KARTO");
    assert_eq!(status(&joined.send(&office, std::slice::from_ref(&edit))[0]).0, OutcomeStatus::Held);
    let reissue = Some(Reissue { device: phone.device, n: create.n, hash: create.hash() });
    let again = Op { n: edit.n + 1, reissue, stale: vec!["name".to_owned()], ..create };
    assert!(applied(&joined.send(&office, &[again])));
    office.act(Act::Release { op: OpId { device: joined.device, n: edit.n }, record: record(1) });
    assert_eq!(office.record(record(1)).value("name"), "SUPARNO BIN KARTO");
    assert!(office.record(record(1)).conflicts.is_empty());
}

#[test]
fn another_persons_op_cannot_be_claimed_by_reissue() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let op = one.worker(&office, record(1), &nik(1), "SUPARNO");
    one.send(&office, std::slice::from_ref(&op));
    two.n = 1;
    let reissue = Some(Reissue { device: one.device, n: op.n, hash: op.hash() });
    let outcome = &two.send(&office, &[Op { n: 1, reissue, ..op }])[0];
    assert_eq!(status(outcome), (OutcomeStatus::Refused, Some("reissue_foreign")));
    assert_eq!(office.record(record(1)).stamps["name"].author.device, one.device);
}

#[test]
fn older_number_after_a_newer_one_was_seen_and_overwritten_is_history() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let create = one.worker(&office, record(1), &nik(1), "SUPARNO");
    one.send(&office, &[create]);
    one.pull(&office);
    let n2 = one.edit(&office, record(1), "name", "SUPARNO SATU");
    let n3 = one.edit(&office, record(1), "name", "SUPARNO DUA");
    one.ask(&office, &[n3]);
    two.pull(&office);
    let over = two.edit(&office, record(1), "name", "SUPARNO TIGA");
    assert!(applied(&two.send(&office, &[over])));
    let late = &one.ask(&office, &[n2]).outcomes[0];
    assert_eq!(field(late, "name"), Some(&FieldOutcome::Lost));
    let stands = office.record(record(1));
    assert_eq!(stands.value("name"), "SUPARNO TIGA");
    assert!(stands.conflicts.is_empty());
}

#[test]
fn two_officials_in_different_fields_both_live_and_in_the_same_conflict() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let create = one.worker(&office, record(1), &nik(1), "SUPARNO");
    one.send(&office, &[create]);
    one.pull(&office);
    two.pull(&office);
    let a = one.edit(&office, record(1), "phone", "0812 3456 7890");
    let b = two.edit(&office, record(1), "notes", "rumah hijau");
    one.send(&office, &[a]);
    assert!(two.send(&office, &[b])[0].fields.is_empty());
    let a = one.edit(&office, record(1), "mother_name", "SITI");
    let b = two.edit(&office, record(1), "mother_name", "SUTI");
    one.send(&office, &[a]);
    let outcome = &two.send(&office, &[b])[0];
    assert_eq!(field(outcome, "mother_name"), Some(&FieldOutcome::Conflict));
    let stands = office.record(record(1));
    assert_eq!(stands.value("phone"), "0812 3456 7890");
    assert_eq!(stands.value("notes"), "rumah hijau");
    assert_eq!(stands.conflicts["mother_name"].candidates.len(), 2);
    // an operator settles it with both before them
    let open = office.service.open_conflicts(BOSS, &crate::storage::Scope::Office, None, 10, START).expect("listed");
    let seen = open[0].conflict.candidates.iter().map(|candidate| candidate.op).collect();
    let resolve = Act::Resolve {
        record: record(1),
        field: "mother_name".to_owned(),
        value: json!("SITI"),
        seen,
        document: Some("kk".to_owned()),
    };
    office.act(resolve);
    assert!(office.record(record(1)).conflicts.is_empty());
    one.pull(&office);
    assert_eq!(one.shown(record(1), "mother_name"), "SITI");
    assert!(one.conflict(record(1), "mother_name").is_none());
}
