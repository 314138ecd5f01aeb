//! Batches, outcomes, restores, joining again, clock, duplicates.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_domain::{
    enrollment::Phase,
    field::Kind,
    id::{Base, Epoch, Hlc},
    op::{FieldOutcome, Outcome, OutcomeStatus},
};
use payung_protocol::{Cursor, Reply};
use payung_store::{Asked, Mark, Saved, StoreError};
use serde_json::{Value, json};

fn numbers(phone: &Phone) -> Vec<u64> {
    phone.batch().ops.iter().map(|op| op.n).collect()
}

#[test]
fn edit_during_push_stays_pending() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "first");
    let batch = phone.batch();
    assert_eq!(phone.edit(worker, "notes", "second"), Saved::Op);
    let reply = Reply { outcomes: vec![applied(batch.ops[0].n, worker, 2)], ..phone.reply(&batch.asked) };
    phone.take(&reply, &batch.asked);
    assert_eq!(phone.value(worker, "notes"), json!("second"));
    assert_eq!(phone.waiting().unwrap().new, 1);
    assert_eq!(phone.batch().ops[0].set["notes"], json!("second"));
}

#[test]
fn receipt_moves_exactly_its_op() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a");
    let first = phone.batch();
    phone.edit(worker, "phone", "081200009001");
    phone.batch();
    let reply = Reply { outcomes: vec![applied(first.ops[0].n, worker, 2)], ..phone.reply(&first.asked) };
    phone.take(&reply, &first.asked);
    let shown = phone.shown(worker).unwrap();
    assert_eq!(shown.fields["notes"].mark, Mark::Received);
    assert_eq!(shown.fields["phone"].mark, Mark::Waiting);
    assert_eq!(shown.fields["name"].mark, Mark::Pulled);
    assert_eq!(numbers(&phone), [2]);
}

#[test]
fn acked_entry_goes_when_the_base_reaches_its_receipt() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    // the receipt names version 3: what others wrote in between is in 2
    phone.exchange(vec![put(worker, 2, &[("notes", "others".into())])], |batch| {
        vec![applied(batch.ops[0].n, worker, 3)]
    });
    assert_eq!(phone.value(worker, "notes"), json!("mine"));
    phone.pull(vec![put(worker, 3, &[("notes", "MINE, TIDIED".into())])]);
    assert_eq!(phone.value(worker, "notes"), json!("MINE, TIDIED"));
    assert_eq!(phone.shown(worker).unwrap().fields["notes"].mark, Mark::Pulled);
}

#[test]
fn new_worker_stays_shown_between_receipt_and_pull() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    phone.exchange(vec![], all_applied(1));
    let detail = phone.worker(ids.worker);
    assert_eq!(detail.record.text("name"), Some("BUDI KARANGAN"));
    assert_eq!(detail.summary.phase, Some(Phase::Received));
    assert!(!detail.summary.waiting);
    assert_eq!(phone.counts().unwrap().received, 1);
    phone.pull(vec![put(ids.worker, 1, &[("name", "BUDI KARANGAN".into())])]);
    assert_eq!(phone.value(ids.worker, "name"), json!("BUDI KARANGAN"));
}

#[test]
fn outcomes_alone_count_in_a_reply_that_does_not_answer_the_cursor_held() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    let late = phone.batch();
    let changes = vec![put(worker, 2, &[("notes", "mine".into())])];
    let late_reply = Reply { outcomes: vec![applied(1, worker, 2)], changes, ..phone.reply(&late.asked) };
    // another exchange overtakes it
    phone.pull(vec![put(worker, 5, &[("notes", "newest".into())])]);
    let cursor = phone.cursor().unwrap().1;
    let report = phone.take(&late_reply, &late.asked);
    assert!(!report.answered);
    assert_eq!((report.applied, report.changes), (1, 0));
    assert_eq!(phone.cursor().unwrap().1, cursor);
    assert_eq!(phone.shown(worker).unwrap().base, Some(Base { epoch: E1, version: 5 }));
    // the base is past the receipt: theirs is the newer
    assert_eq!(phone.value(worker, "notes"), json!("newest"));
}

#[test]
fn a_reply_taken_twice_changes_nothing() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    let batch = phone.batch();
    let outcomes = batch.ops.iter().map(|op| applied(op.n, op.record, 1)).collect();
    let changes = vec![put(ids.worker, 1, &[("name", "BUDI KARANGAN".into())])];
    let reply = Reply { outcomes, changes, ..phone.reply(&batch.asked) };
    phone.take(&reply, &batch.asked);
    let before = (phone.worker(ids.worker), phone.batch());
    let report = phone.take(&reply, &batch.asked);
    assert_eq!((report.applied, report.changes), (0, 0));
    assert_eq!((phone.worker(ids.worker), phone.batch()), before);
}

#[test]
fn older_put_never_replaces_a_newer() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.pull(vec![put(worker, 4, &[("notes", "v4".into())]), put(worker, 3, &[("notes", "v3".into())])]);
    assert_eq!(phone.value(worker, "notes"), json!("v4"));
}

#[test]
fn numbers_are_given_in_the_order_of_saving_and_once() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    let first = phone.batch();
    assert_eq!(
        first.ops.iter().map(|op| (op.n, op.record)).collect::<Vec<_>>(),
        [(1, ids.worker), (2, ids.enrollment), (3, ids.event)]
    );
    // unanswered, the same ops go again, byte for byte
    assert_eq!(phone.batch().ops, first.ops);
    assert!(first.ops.iter().zip(phone.batch().ops).all(|(one, two)| one.hash() == two.hash()));
    let mut phone = {
        phone.exchange(vec![], all_applied(1));
        phone.reopen()
    };
    register(&phone, 9002, "Siti Rekaan");
    assert_eq!(numbers(&phone), [4, 5, 6]);
    phone.exchange(vec![], all_applied(1));
}

#[test]
fn a_numbered_op_cannot_be_rewritten_even_by_a_statement() {
    let phone = phone();
    register(&phone, 9001, "Budi Karangan");
    phone.batch();
    let path = phone.path();
    let Phone { store, folder: _folder, .. } = phone;
    drop(store);
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.pragma_update(None, "key", format!("x'{}'", hex::encode(b"an invented key for the tests .."))).unwrap();
    raw.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").unwrap();
    for sql in [
        "UPDATE op_body SET \"set\" = '{}'",
        "UPDATE op_body SET base_version = 9",
        "UPDATE op_body SET hlc = hlc + 1",
        "UPDATE op SET kind = 'visit'",
        "UPDATE op SET record = x'00000000000000000000000000000000'",
        "UPDATE op SET state = 'new'",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
    assert_eq!(raw.execute("UPDATE op SET state = 'held'", []).unwrap(), 3);
}

#[test]
fn batch_keeps_to_its_limits_but_never_stops_at_one_large_op() {
    let phone = phone();
    for serial in 9001..9021 {
        register(&phone, serial, "Budi Karangan");
    }
    let batch = phone.next_batch(7, 1 << 20, NOW).unwrap();
    assert_eq!(batch.ops.len(), 7);
    assert!(batch.more);
    let small = phone.next_batch(1000, 5000, NOW).unwrap();
    let bytes: usize = small.ops.iter().map(|op| serde_json::to_vec(op).unwrap().len()).sum();
    assert!(small.ops.len() > 1 && bytes <= 5000, "{} ops, {bytes} bytes", small.ops.len());
    assert_eq!(phone.next_batch(1000, 1, NOW).unwrap().ops.len(), 1);
    let all = phone.batch();
    assert_eq!((all.ops.len(), all.more), (60, false));
    // what fits exactly leaves nothing
    assert!(!phone.next_batch(60, 1 << 20, NOW).unwrap().more);
}

#[test]
fn seen_through_stops_below_what_has_no_final_outcome() {
    let mut phone = phone();
    register(&phone, 9001, "Budi Karangan");
    assert_eq!(phone.batch().seen_through, 0);
    phone.exchange(vec![], |batch| {
        vec![applied(1, batch.ops[0].record, 1), held(2, batch.ops[1].record), applied(3, batch.ops[2].record, 1)]
    });
    assert_eq!(phone.batch().seen_through, 1);
    let record = phone.batch().ops[0].record;
    phone.exchange(vec![], |_| vec![refused(2, record, "field_invalid")]);
    assert_eq!(phone.batch().seen_through, 3);
}

#[test]
fn held_op_is_asked_about_in_each_exchange_until_its_final_outcome() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a");
    phone.exchange(vec![], |_| vec![held(1, worker)]);
    assert_eq!(phone.shown(worker).unwrap().fields["notes"].mark, Mark::Held);
    assert!(phone.worker(worker).summary.held);
    for _ in 0..2 {
        let batch = phone.batch();
        assert_eq!((batch.ops.len(), batch.more, batch.seen_through), (1, false, 0));
        phone.exchange(vec![], |_| vec![held(1, worker)]);
    }
    phone.exchange(vec![], |_| vec![applied(1, worker, 2)]);
    assert_eq!(phone.shown(worker).unwrap().fields["notes"].mark, Mark::Received);
    assert!(phone.batch().ops.is_empty());
    assert_eq!(phone.batch().seen_through, 1);
}

#[test]
fn held_ops_take_turns_and_never_hold_up_new_ones() {
    let mut phone = phone();
    for serial in 9001..9005 {
        register(&phone, serial, "Budi Karangan");
    }
    phone.exchange(vec![], |batch| batch.ops.iter().map(|op| held(op.n, op.record)).collect());
    let new = register(&phone, 9010, "Siti Rekaan");
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let batch = phone.next_batch(8, 1 << 20, NOW).unwrap();
        assert!(batch.ops.iter().any(|op| op.record == new.worker));
        asked.extend(batch.ops.iter().map(|op| op.n).filter(|n| *n <= 12));
    }
    assert_eq!(asked.len(), 12);
}

#[test]
fn refused_op_stays_shown_and_marked_until_it_is_discarded() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    phone.exchange(vec![], |_| vec![refused(1, worker, "too_long")]);
    assert_eq!(phone.shown(worker).unwrap().fields["notes"].mark, Mark::Refused("too_long".into()));
    assert_eq!(phone.value(worker, "notes"), json!("mine"));
    assert!(phone.worker(worker).summary.refused);
    let fix = phone.needs_fixing().unwrap();
    assert_eq!((fix.len(), fix[0].code.as_deref(), fix[0].name.as_deref()), (1, Some("too_long"), Some("BUDI")));
    assert_eq!(fix[0].values["notes"], json!("mine"));
    phone.discard(fix[0].k, NOW).unwrap();
    assert_eq!(phone.value(worker, "notes"), json!("n0"));
    assert!(phone.needs_fixing().unwrap().is_empty());
    assert!(matches!(phone.retry(fix[0].k), Err(StoreError::NotFound)));
}

#[test]
fn one_bad_op_never_stops_its_batch() {
    let mut phone = phone();
    let (one, two) = (register(&phone, 9001, "Budi Karangan"), register(&phone, 9002, "Siti Rekaan"));
    let report = phone.exchange(vec![], |batch| {
        let mut outcomes: Vec<Outcome> = batch.ops.iter().map(|op| applied(op.n, op.record, 1)).collect();
        outcomes[0] = refused(1, one.worker, "nik_length");
        outcomes
    });
    assert_eq!((report.applied, report.refused), (5, 1));
    assert_eq!(phone.counts().unwrap().needs_fixing, 1);
    assert_eq!(phone.shown(two.worker).unwrap().fields["name"].mark, Mark::Received);
    assert!(phone.batch().ops.is_empty());
}

#[test]
fn refused_field_of_a_taken_op_is_not_shown_and_needs_fixing_until_seen() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    phone.edit(worker, "name", "BUDIMAN");
    phone.exchange(vec![], |_| {
        vec![with_field(applied(1, worker, 2), "name", FieldOutcome::Refused("field_fixed".into()))]
    });
    assert_eq!(phone.value(worker, "name"), json!("BUDI"));
    assert_eq!(phone.value(worker, "notes"), json!("mine"));
    let fix = phone.needs_fixing().unwrap();
    assert_eq!(fix[0].code, None);
    assert_eq!(fix[0].fields["name"], "field_fixed");
    phone.discard(fix[0].k, NOW).unwrap();
    assert!(phone.needs_fixing().unwrap().is_empty());
    assert_eq!(phone.value(worker, "notes"), json!("mine"));
}

#[test]
fn refused_creation_given_up_is_gone() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    phone.exchange(vec![], |batch| batch.ops.iter().map(|op| refused(op.n, op.record, "bad")).collect());
    assert_eq!(phone.counts().unwrap().workers, 1);
    for fix in phone.needs_fixing().unwrap() {
        phone.discard(fix.k, NOW).unwrap();
    }
    assert!(matches!(phone.shown(ids.worker), Err(StoreError::NotFound)));
    assert_eq!(phone.counts().unwrap().workers, 0);
    assert!(phone.find_nik(&nik(9001)).unwrap().is_empty());
}

#[test]
fn trying_again_takes_a_new_number_and_names_the_refused_one() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    let refused_op = phone.batch().ops.remove(0);
    phone.exchange(vec![], |_| vec![refused(1, worker, "too_long")]);
    phone.retry(phone.needs_fixing().unwrap()[0].k).unwrap();
    let op = phone.batch().ops.remove(0);
    assert_eq!(op.n, 2);
    let named = op.reissue.unwrap();
    assert_eq!((named.device, named.n, named.hash), (phone.device(), 1, refused_op.hash()));
    assert!(op.stale.is_empty());
    assert_eq!(op.set, refused_op.set);
    assert_eq!(phone.shown(worker).unwrap().fields["notes"].mark, Mark::Waiting);
    assert_eq!(phone.batch().seen_through, 1);
}

// ---- restore

#[test]
fn what_was_refused_in_part_is_offered_to_a_new_epoch_without_a_receipt() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "name", "SITI");
    phone.exchange(vec![], |_| {
        vec![with_field(applied(1, worker, 2), "name", FieldOutcome::Refused("resolve_operator".into()))]
    });
    phone.epoch = E2;
    phone.pull(vec![]);
    let batch = phone.batch();
    // nobody who was told version 2 has seen it
    assert_eq!((batch.ops.len(), batch.ops[0].receipt), (1, None));
}

#[test]
fn new_epoch_offers_everything_taken_again_with_its_receipt() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    phone.exchange(vec![put(ids.worker, 3, &[("name", "BUDI KARANGAN".into())])], all_applied(3));
    assert!(phone.batch().ops.is_empty());
    phone.epoch = E2;
    let report = phone.pull(vec![]);
    assert!(report.new_epoch);
    let batch = phone.batch();
    assert_eq!(batch.ops.iter().map(|op| op.n).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(batch.ops.iter().all(|op| op.receipt == Some(Base { epoch: E1, version: 3 })));
    assert_eq!(batch.seen_through, 0, "falls to just below the lowest offered again");
    // shown all along, and the numbers go on
    assert_eq!(phone.value(ids.worker, "name"), json!("BUDI KARANGAN"));
    phone.exchange(vec![put(ids.worker, 1, &[("name", "BUDI KARANGAN".into())])], all_applied(1));
    assert_eq!(phone.shown(ids.worker).unwrap().fields["name"].mark, Mark::Pulled);
    phone.edit(ids.worker, "notes", "x");
    assert_eq!(numbers(&phone), [4]);
}

#[test]
fn outcome_of_another_epoch_leaves_the_op_in_the_patch() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    let old = phone.batch();
    let late = Reply { outcomes: vec![applied(1, worker, 2)], ..phone.reply(&old.asked) };
    phone.epoch = E2;
    phone.pull(vec![put(worker, 1, &[("name", "BUDI".into())])]);
    let report = phone.take(&late, &old.asked);
    assert_eq!(report.applied, 0);
    assert_eq!(numbers(&phone), [1]);
    assert_eq!(phone.shown(worker).unwrap().fields["notes"].mark, Mark::Waiting);
}

#[test]
fn record_a_restored_server_lacks_is_kept_apart_and_leaves_the_lists() {
    let mut phone = phone();
    let theirs = phone.pulled_worker("ORANG LAIN");
    let mine = register(&phone, 9001, "Budi Karangan");
    phone.exchange(vec![put(mine.worker, 1, &[("name", "BUDI KARANGAN".into())])], all_applied(1));
    phone.epoch = E2;
    let report = phone.pull(vec![]);
    assert_eq!(report.removed, 1);
    assert!(phone.shown(theirs).is_err());
    assert_eq!(phone.value(mine.worker, "name"), json!("BUDI KARANGAN"), "offered again, so it stays");
    let orphans: Vec<_> = phone.orphans().unwrap().into_iter().map(|orphan| orphan.record).collect();
    assert_eq!(orphans, [theirs, mine.worker], "ours too, as pulled: our ops may be only a part of it");
    // told again, it is no orphan any more
    phone.pull(vec![put(theirs, 1, &[("name", "ORANG LAIN".into())])]);
    assert!(phone.orphans().unwrap().iter().all(|orphan| orphan.record != theirs));
}

// ---- joining again

#[test]
fn used_number_stops_sending_until_the_phone_joins_again() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    let report = phone.exchange(vec![], |_| vec![refused(1, worker, "op_reused")]);
    assert!(report.rejoin_needed && phone.rejoin_needed().unwrap());
    assert_eq!(report.refused, 0);
    assert!(phone.batch().ops.is_empty());
    assert!(phone.needs_fixing().unwrap().is_empty(), "nothing an official could fix");
    assert!(matches!(phone.set_identity(&identity(2)), Err(StoreError::NotFound)));
    phone.rejoin(&identity(2)).unwrap();
    let batch = phone.batch();
    assert_eq!((batch.ops[0].n, batch.asked.device), (1, device_id(2)));
    assert_eq!(batch.ops[0].reissue.unwrap().device, device_id(1));
    assert!(!phone.rejoin_needed().unwrap());
}

#[test]
fn joining_again_issues_everything_open_anew_in_the_order_of_saving() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a");
    let a = phone.batch().ops.remove(0);
    phone.edit(worker, "notes", "b");
    phone.batch();
    phone.exchange(vec![], |_| vec![held(1, worker)]);
    phone.edit(worker, "phone", "081200009001");
    phone.rejoin(&identity(2)).unwrap();
    let ops = phone.batch().ops;
    let values: Vec<&Value> = ops.iter().filter_map(|op| op.set.get("notes")).collect();
    assert_eq!(values, [&json!("a"), &json!("b")]);
    assert_eq!(ops.iter().map(|op| op.n).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(ops[0].reissue.unwrap().hash, a.hash());
    assert_eq!(ops[2].reissue, None, "never numbered before");
    // a third device: the first name is the one the server may know
    phone.rejoin(&identity(3)).unwrap();
    let again = phone.batch().ops.remove(0);
    assert_eq!((again.reissue.unwrap().device, again.reissue.unwrap().n), (device_id(1), 1));
}

#[test]
fn joining_again_issues_what_was_taken_and_not_pulled_anew_so_that_authorship_moves() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "mother_name", "KARSEM");
    phone.exchange(vec![], |_| vec![applied(1, worker, 2)]);
    phone.rejoin(&identity(2)).unwrap();
    // on a base that does not show the own value yet
    phone.edit(worker, "mother_name", "KARSINEM");
    let ops = phone.batch().ops;
    let names: Vec<_> = ops.iter().map(|op| (op.n, op.reissue.map(|old| (old.device, old.n)))).collect();
    assert_eq!(names, [(1, Some((device_id(1), 1))), (2, None)], "before what was saved since");
    assert_eq!(phone.value(worker, "mother_name"), json!("KARSINEM"));
}

#[test]
fn reply_to_the_device_before_counts_for_nothing_of_the_new_one() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a");
    let old = phone.batch();
    phone.rejoin(&identity(2)).unwrap();
    phone.batch();
    let late = Reply {
        outcomes: vec![applied(1, worker, 2)],
        changes: vec![put(worker, 2, &[("notes", "x".into())])],
        ..phone.reply(&old.asked)
    };
    let report = phone.take(&late, &old.asked);
    assert!(!report.answered);
    assert_eq!(report.applied, 0);
    assert_eq!(numbers(&phone), [1]);
}

#[test]
fn old_devices_ops_are_issued_anew_for_a_restored_server() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a");
    phone.exchange(vec![put(worker, 2, &[("notes", "a".into())])], |_| vec![applied(1, worker, 2)]);
    phone.rejoin(&identity(2)).unwrap();
    phone.edit(worker, "notes", "b");
    phone.exchange(vec![put(worker, 3, &[("notes", "b".into())])], |_| vec![applied(1, worker, 3)]);
    phone.epoch = E2;
    phone.pull(vec![]);
    let ops = phone.batch().ops;
    let a = ops.iter().find(|op| op.set["notes"] == json!("a")).unwrap();
    assert_eq!((a.n, a.reissue.unwrap().device), (2, device_id(1)));
    assert_eq!(a.stale, ["notes"], "its number is higher than that of what was saved after it");
    assert_eq!(a.receipt, Some(Base { epoch: E1, version: 2 }));
    let b = ops.iter().find(|op| op.set["notes"] == json!("b")).unwrap();
    assert_eq!((b.n, b.reissue), (1, None));
    assert_eq!(phone.value(worker, "notes"), json!("b"));
}

// ---- clock

#[test]
fn stamps_never_go_back_and_follow_the_server_when_the_phone_is_far_ahead() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let ahead = NOW + 10 * 365 * 86_400_000;
    let opened = phone.shown(worker).unwrap();
    let edit = |field: &str| payung_store::Edit {
        record: worker,
        base: opened.base,
        shown: opened.body(),
        fields: body(&[(field, "081200009001".into())]),
    };
    phone.save_edit(&edit("notes"), ahead).unwrap();
    let first = phone.store.next_batch(10, 1 << 20, ahead).unwrap();
    assert!(first.ops[0].hlc >= Hlc::at_millis(ahead));
    // an hour later by a slow road: says nothing of the clock
    let slow = Reply { ..phone.reply(&first.asked) };
    assert_eq!(phone.store.take_reply(&slow, &first.asked, ahead + 3_600_000).unwrap().clock_off_by, None);
    let live = Asked { sent_at: ahead, cursor: phone.cursor().unwrap().1, device: phone.device() };
    let reply = phone.reply(&live);
    assert_eq!(phone.store.take_reply(&reply, &live, ahead).unwrap().clock_off_by, Some(ahead - NOW));
    assert_eq!(phone.clock_offset_ms().unwrap(), NOW - ahead);
    phone.save_edit(&edit("phone"), ahead + 1000).unwrap();
    let hlc = phone.store.next_batch(10, 1 << 20, ahead).unwrap().ops.pop().unwrap().hlc;
    assert_eq!(hlc.millis(), NOW + 1000);
    // set right, the offset is gone; and a clock that goes back does not take the stamps with it
    let live = Asked { sent_at: NOW, cursor: phone.cursor().unwrap().1, device: phone.device() };
    let reply = phone.reply(&live);
    assert_eq!(phone.store.take_reply(&reply, &live, NOW).unwrap().clock_off_by, None);
    phone.save_edit(&edit("notes"), 0).unwrap();
    assert!(phone.store.next_batch(10, 1 << 20, NOW).unwrap().ops.pop().unwrap().hlc > hlc);
}

// ---- duplicates

#[test]
fn pending_entries_of_a_linked_duplicate_are_shown_on_the_survivor() {
    let mut phone = phone();
    let (loser, survivor) = (phone.pulled_worker("BUDI"), phone.pulled_worker("BUDI K"));
    phone.edit(loser, "phone", "081200009001");
    phone.pull(vec![
        put_alias(loser, 2, survivor, &[("name", "BUDI".into())]),
        put(survivor, 2, &[("name", "BUDI K".into())]),
    ]);
    assert_eq!(phone.value(survivor, "phone"), json!("+6281200009001"));
    let detail = phone.worker(loser);
    assert_eq!(detail.record.id, survivor, "the duplicate answers as the survivor");
    assert_eq!(detail.duplicates, [loser]);
    assert!(detail.summary.phone.is_some());
    assert_eq!(phone.counts().unwrap().workers, 1);
    // a form opened on the duplicate is the survivor's
    assert_eq!(phone.open_draft(&Kind::Worker, Some(loser), NOW).unwrap().record, Some(survivor));
    // the outcome names the survivor: the entry follows it
    phone.exchange(vec![], |batch| vec![Outcome { record: survivor, ..applied(batch.ops[0].n, loser, 3) }]);
    assert_eq!(phone.value(survivor, "phone"), json!("+6281200009001"));
    assert_eq!(phone.shown(survivor).unwrap().fields["phone"].mark, Mark::Received);
    phone.pull(vec![put(survivor, 3, &[("name", "BUDI K".into()), ("phone", "+6281299999001".into())])]);
    assert_eq!(phone.value(survivor, "phone"), json!("+6281299999001"), "as the server decided");
}

#[test]
fn unlinked_duplicate_is_listed_again() {
    let mut phone = phone();
    let (loser, survivor) = (phone.pulled_worker("BUDI"), phone.pulled_worker("SITI"));
    phone.pull(vec![put_alias(loser, 2, survivor, &[("name", "BUDI".into())])]);
    assert_eq!(phone.counts().unwrap().workers, 1);
    phone.pull(vec![put(loser, 3, &[("name", "BUDI".into())])]);
    assert_eq!(phone.counts().unwrap().workers, 2);
    assert_eq!(phone.worker(loser).record.id, loser);
}

#[test]
fn possible_duplicate_is_told_by_an_opaque_token() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    phone.exchange(vec![], |batch| {
        let mut outcomes: Vec<Outcome> = batch.ops.iter().map(|op| applied(op.n, op.record, 1)).collect();
        outcomes[0].duplicate_of = Some("token-1".into());
        outcomes
    });
    assert_eq!(phone.worker(ids.worker).duplicate_of.as_deref(), Some("token-1"));
}

// ---- keeping

#[test]
fn old_finished_ops_are_forgotten_and_nothing_else() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    phone.exchange(vec![put(ids.worker, 1, &[("name", "BUDI KARANGAN".into())])], all_applied(1));
    // of the three only the worker's is pulled
    assert_eq!(phone.purge(NOW).unwrap(), 0, "not old enough");
    assert_eq!(phone.purge(NOW + 1).unwrap(), 1);
    phone.edit(ids.worker, "notes", "x");
    assert_eq!(phone.value(ids.worker, "notes"), json!("x"));
    assert_eq!(numbers(&phone), [4]);
    phone.epoch = Epoch(9);
    phone.pull(vec![]);
    assert_eq!(phone.batch().ops.len(), 3);
}

#[test]
fn finished_op_under_a_pending_one_is_kept() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a");
    phone.batch();
    phone.edit(worker, "notes", "b");
    phone.batch();
    // the later is taken and pulled; the earlier still has no outcome
    phone.exchange(vec![put(worker, 2, &[("notes", "b".into())])], |_| vec![applied(2, worker, 2)]);
    assert_eq!(phone.purge(NOW + 1).unwrap(), 0);
    assert_eq!(phone.value(worker, "notes"), json!("b"));
}

#[test]
fn statuses_this_version_does_not_act_on_are_not_lost() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "mine");
    let replayed = Outcome { status: OutcomeStatus::Replayed, ..applied(1, worker, 7) };
    phone.exchange(vec![], |_| vec![replayed]);
    assert_eq!(phone.shown(worker).unwrap().fields["notes"].mark, Mark::Received);
    phone.pull(vec![put(worker, 7, &[("notes", "n7".into())])]);
    assert_eq!(phone.value(worker, "notes"), json!("n7"));
}

#[test]
fn cursor_left_out_means_as_far_as_before() {
    let mut phone = phone();
    phone.pulled_worker("BUDI");
    let (epoch, cursor) = phone.cursor().unwrap();
    let asked = Asked { device: phone.device(), cursor: cursor.clone(), sent_at: NOW };
    let idle = Reply { cursor: None, ..phone.reply(&asked) };
    let report = phone.take(&idle, &asked);
    assert!(report.answered && !report.more);
    assert_eq!(phone.cursor().unwrap(), (epoch, cursor));
    assert_eq!(phone.cursor().unwrap().1, Some(Cursor(format!("{E1}-1"))));
}

#[test]
fn order_to_wipe_is_for_the_device_that_asked_only() {
    let mut phone = phone();
    let asked = phone.batch().asked;
    let order = Reply { wipe: true, ..phone.reply(&asked) };
    assert!(!phone.take(&Reply { wipe: false, ..order.clone() }, &asked).wipe);
    assert!(phone.take(&order, &asked).wipe);
    // joined again while the order was on its way
    phone.rejoin(&identity(2)).unwrap();
    assert!(!phone.take(&order, &asked).wipe);
}
