//! The traces that broke earlier drafts of the merge rules, as far as they concern the phone; each on the real file.
//! The server's half of each is in the replies, as its rules make them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_domain::{
    id::Base,
    op::{FieldOutcome, Outcome},
};
use payung_protocol::Reply;
use payung_store::{Mark, Saved};
use serde_json::json;

#[test]
fn restored_server_is_asked_with_the_old_seen_through_and_still_applies_the_op() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a1");
    phone.exchange(vec![put(worker, 2, &[("notes", "a1".into())])], |_| vec![applied(1, worker, 2)]);
    // the request that discovers the new epoch still says 1, with a cursor of the old epoch
    let discovering = phone.batch();
    assert_eq!(discovering.seen_through, 1);
    phone.epoch = E2;
    let reply = Reply { changes: vec![put(worker, 1, &[("notes", "n0".into())])], ..phone.reply(&discovering.asked) };
    assert!(phone.take(&reply, &discovering.asked).new_epoch);
    let batch = phone.batch();
    assert_eq!(batch.seen_through, 0);
    assert_eq!((batch.ops[0].n, batch.ops[0].receipt), (1, Some(Base { epoch: E1, version: 2 })));
    assert_eq!(phone.value(worker, "notes"), json!("a1"));
}

#[test]
fn clone_reuses_a_number_below_the_dropped_outcomes_and_its_edit_arrives_under_a_new_one() {
    let mut original = phone();
    let worker = original.pulled_worker("BUDI");
    // the clone: the same files, the same device
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(original.folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let clone = Phone { store: open(folder.path()).unwrap(), folder, cursor: 1, epoch: E1 };
    original.edit(worker, "notes", "a1");
    original.exchange(vec![], |_| vec![applied(1, worker, 2)]);
    let mut clone = clone;
    clone.edit(worker, "phone", "081200009001");
    clone.exchange(vec![], |batch| vec![refused(batch.ops[0].n, worker, "op_reused")]);
    assert!(clone.rejoin_needed().unwrap());
    clone.rejoin(&identity(9)).unwrap();
    let op = clone.batch().ops.remove(0);
    assert_eq!(op.set["phone"], json!("+6281200009001"));
    assert_eq!((op.n, op.reissue.unwrap().n), (1, 1));
    assert_ne!(clone.device(), original.device());
    clone.exchange(vec![], |_| vec![applied(1, worker, 3)]);
    assert_eq!(clone.shown(worker).unwrap().fields["phone"].mark, Mark::Received);
}

#[test]
fn outcome_of_the_old_epoch_after_the_new_one_was_pulled_sends_the_op_again() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a1");
    let by_hub = phone.batch();
    let late = Reply { outcomes: vec![applied(1, worker, 2)], ..phone.reply(&by_hub.asked) };
    phone.epoch = E2;
    phone.pull(vec![put(worker, 1, &[("notes", "n0".into())])]);
    phone.take(&late, &by_hub.asked);
    let batch = phone.batch();
    assert_eq!(batch.ops.len(), 1);
    assert_eq!(batch.ops[0].receipt, None);
}

#[test]
fn held_then_released_by_a_person_is_learnt() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a1");
    phone.exchange(vec![], |_| vec![held(1, worker)]);
    phone.edit(worker, "phone", "081200009001");
    phone.exchange(vec![], |batch| {
        batch.ops.iter().map(|op| if op.n == 1 { held(1, worker) } else { applied(op.n, worker, 2) }).collect()
    });
    assert_eq!(phone.batch().seen_through, 0, "never passes a held op");
    phone.exchange(vec![], |batch| vec![applied(batch.ops[0].n, worker, 3)]);
    assert_eq!(phone.batch().seen_through, 2);
    assert!(phone.batch().ops.is_empty());
}

#[test]
fn receipt_of_the_later_op_first_still_shows_the_later() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "n1");
    let first = phone.batch();
    phone.edit(worker, "notes", "n2");
    phone.batch();
    phone.exchange(vec![], |_| vec![applied(2, worker, 2)]);
    assert_eq!(phone.value(worker, "notes"), json!("n2"));
    // pulled with the later value: the earlier, still on its way, must not come back
    phone.pull(vec![put(worker, 2, &[("notes", "n2".into())])]);
    assert_eq!(phone.value(worker, "notes"), json!("n2"));
    assert_eq!(phone.worker(worker).record.fields["notes"].mark, Mark::Pulled);
    let late = Reply {
        outcomes: vec![with_field(applied(1, worker, 2), "notes", FieldOutcome::Lost)],
        ..phone.reply(&first.asked)
    };
    phone.take(&late, &first.asked);
    assert_eq!(phone.value(worker, "notes"), json!("n2"));
}

#[test]
fn form_opened_before_a_pull_is_saved_on_the_base_it_was_opened_with() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let opened = phone.shown(worker).unwrap();
    phone.pull(vec![put(worker, 2, &[("name", "SITI".into()), ("notes", "n0".into())])]);
    assert_eq!(phone.save(worker, opened.base, &opened.body(), "name", "BUDIMAN"), Saved::Op);
    let op = phone.batch().ops.remove(0);
    assert_eq!(op.base, Some(Base { epoch: E1, version: 1 }));
    assert_eq!(op.set, body(&[("name", "BUDIMAN".into())]));
}

#[test]
fn field_changed_and_changed_back_before_sending_sends_the_change_back() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "x");
    assert_eq!(phone.edit(worker, "notes", "n0"), Saved::Absorbed);
    assert_eq!(phone.batch().ops[0].set["notes"], json!("n0"));
}

#[test]
fn refused_op_tried_again_after_a_newer_save_goes_to_the_history_only() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "old");
    phone.exchange(vec![], |_| vec![refused(1, worker, "held_too_long")]);
    phone.edit(worker, "notes", "newer");
    phone.edit(worker, "phone", "081200009001");
    phone.exchange(vec![], |batch| batch.ops.iter().map(|op| applied(op.n, worker, 2)).collect());
    phone.retry(phone.needs_fixing().unwrap()[0].k).unwrap();
    let op = phone.batch().ops.remove(0);
    assert_eq!((op.set["notes"].clone(), op.stale.clone()), (json!("old"), vec!["notes".to_owned()]));
    assert_eq!(phone.value(worker, "notes"), json!("newer"));
}

#[test]
fn refused_op_tried_again_before_a_newer_refused_one_keeps_its_value() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "old");
    phone.batch();
    phone.edit(worker, "notes", "newer");
    phone.exchange(vec![], |batch| batch.ops.iter().map(|op| refused(op.n, worker, "bad")).collect());
    let places: Vec<i64> = phone.needs_fixing().unwrap().iter().map(|fix| fix.k).collect();
    phone.retry(places[1]).unwrap();
    phone.retry(places[0]).unwrap();
    let ops = phone.batch().ops;
    assert_eq!((ops[0].set["notes"].clone(), ops[0].stale.len()), (json!("newer"), 0));
    assert_eq!((ops[1].set["notes"].clone(), ops[1].stale.len()), (json!("old"), 1));
}

#[test]
fn answer_lost_then_joined_again_names_the_op_the_server_took() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "name", "BUDIMAN");
    let taken = phone.batch().ops.remove(0);
    // the answer is lost; the next says the numbers are used
    phone.exchange(vec![], |_| vec![refused(1, worker, "op_reused")]);
    phone.rejoin(&identity(2)).unwrap();
    let op = phone.batch().ops.remove(0);
    assert_eq!((op.reissue.unwrap().n, op.reissue.unwrap().hash), (taken.n, taken.hash()));
    // the stored outcome is answered
    phone.exchange(vec![], |_| vec![applied(1, worker, 2)]);
    assert_eq!(phone.value(worker, "name"), json!("BUDIMAN"));
}

#[test]
fn record_that_moved_away_and_back_while_replies_were_late_is_there_once() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let late = phone.batch();
    let late_reply = Reply { changes: vec![moved(worker, 2, None)], ..phone.reply(&late.asked) };
    // V1 -> V2 -> V1, both villages held: the feeds bring both puts and no gone
    phone.pull(vec![
        put_in(&other_rt(), worker, 2, &[("name", "BUDI".into())]),
        put(worker, 3, &[("name", "BUDI".into())]),
    ]);
    phone.take(&late_reply, &late.asked);
    assert_eq!(phone.shown(worker).unwrap().area, rt());
    assert_eq!(phone.counts().unwrap().workers, 1);
}

#[test]
fn gone_while_an_op_is_on_its_way_removes_after_the_final_outcome() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "notes", "a1");
    phone.batch();
    phone.pull(vec![moved(worker, 2, None)]);
    assert_eq!(phone.value(worker, "notes"), json!("a1"), "not before");
    phone.exchange(vec![], |_| vec![applied(1, worker, 3)]);
    assert!(phone.shown(worker).is_err(), "not never");
    assert!(phone.batch().ops.is_empty());
    assert_eq!(phone.counts().unwrap().workers, 0);
}

#[test]
fn record_missing_from_a_full_pull_goes_under_the_same_rule() {
    let mut phone = phone();
    let (theirs, edited) = (phone.pulled_worker("SITI"), phone.pulled_worker("BUDI"));
    phone.edit(edited, "notes", "a1");
    phone.epoch = E2;
    phone.pull(vec![]);
    assert!(phone.shown(theirs).is_err());
    assert_eq!(phone.orphans().unwrap().len(), 2, "an edit alone does not bring the edited one back");
    assert!(phone.shown(edited).unwrap().leaving);
    phone.exchange(vec![], |batch| vec![applied(batch.ops[0].n, edited, 1)]);
    assert!(phone.shown(edited).is_err());
}

#[test]
fn outcome_of_a_late_op_on_a_duplicate_follows_the_survivor() {
    let mut phone = phone();
    let (loser, survivor) = (phone.pulled_worker("BUDI"), phone.pulled_worker("BUDI K"));
    phone.edit(loser, "notes", "a1");
    let alias = put_alias(loser, 2, survivor, &[("name", "BUDI".into())]);
    phone.exchange(vec![alias], |batch| vec![Outcome { record: survivor, ..applied(batch.ops[0].n, loser, 5) }]);
    assert_eq!(phone.value(survivor, "notes"), json!("a1"));
    // the loser's version says nothing of the receipt
    phone.pull(vec![put_alias(loser, 9, survivor, &[("name", "BUDI".into())])]);
    assert_eq!(phone.value(survivor, "notes"), json!("a1"));
    assert_eq!(phone.shown(survivor).unwrap().fields["notes"].mark, Mark::Received);
    phone.pull(vec![put(survivor, 5, &[("name", "BUDI K".into()), ("notes", "a1".into())])]);
    assert_eq!(phone.shown(survivor).unwrap().fields["notes"].mark, Mark::Pulled);
}

#[test]
fn after_unlinking_the_duplicate_shows_its_own_again() {
    let mut phone = phone();
    let (loser, survivor) = (phone.pulled_worker("BUDI"), phone.pulled_worker("SITI"));
    phone.edit(loser, "notes", "a1");
    phone.pull(vec![put_alias(loser, 2, survivor, &[("name", "BUDI".into())])]);
    assert_eq!(phone.value(survivor, "notes"), json!("a1"));
    phone.pull(vec![put(loser, 3, &[("name", "BUDI".into())])]);
    assert_eq!(phone.value(survivor, "notes"), json!("n0"));
    assert_eq!(phone.value(loser, "notes"), json!("a1"));
}
