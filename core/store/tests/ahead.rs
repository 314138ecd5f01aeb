//! Ops numbered while the answer to the batch before is under way.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_protocol::Reply;
use payung_store::{Ahead, Batch};

const MAX: usize = 1 << 20;

/// A phone with three registrations (nine ops), the first three of them under way and the next three numbered.
fn under_way() -> (Phone, Batch, Ahead) {
    let phone = phone();
    for serial in 9001..9004 {
        register(&phone, serial, "BUDI");
    }
    let first = phone.next_batch(3, MAX, NOW).unwrap();
    let ahead = phone.number_ahead(3, 3, MAX).unwrap().unwrap();
    (phone, first, ahead)
}

fn numbers(batch: &Batch) -> Vec<u64> {
    batch.ops.iter().map(|op| op.n).collect()
}

#[test]
fn ops_numbered_ahead_are_the_batch_that_would_be_read() {
    let (mut phone, first, ahead) = under_way();
    let reply = Reply { outcomes: all_applied(1)(&first), ..phone.reply(&first.asked) };
    phone.take(&reply, &first.asked);
    let next = phone.next_batch_from(Some(ahead), 3, MAX, NOW).unwrap();
    assert_eq!((numbers(&next), next.seen_through, next.more), (vec![4, 5, 6], 3, true));
    assert!(next == phone.next_batch(3, MAX, NOW).unwrap());
    assert_eq!(phone.waiting().unwrap().new, 3);
}

#[test]
fn what_is_still_without_its_outcome_goes_before_what_was_numbered_ahead() {
    let (mut phone, first, ahead) = under_way();
    // the answer says nothing of the second op
    let reply = Reply { outcomes: vec![all_applied(1)(&first).remove(0)], ..phone.reply(&first.asked) };
    phone.take(&reply, &first.asked);
    let next = phone.next_batch_from(Some(ahead), 3, MAX, NOW).unwrap();
    assert_eq!((numbers(&next), next.seen_through), (vec![2, 3, 4], 1));
}

#[test]
fn a_smaller_batch_does_not_take_all_that_was_numbered_ahead() {
    let (mut phone, first, ahead) = under_way();
    let reply = Reply { outcomes: all_applied(1)(&first), ..phone.reply(&first.asked) };
    phone.take(&reply, &first.asked);
    let next = phone.next_batch_from(Some(ahead), 2, MAX, NOW).unwrap();
    assert_eq!(numbers(&next), [4, 5]);
}

#[test]
fn a_restored_server_gets_what_it_forgot_before_what_was_numbered_ahead() {
    let (mut phone, first, ahead) = under_way();
    let reply = Reply { outcomes: all_applied(1)(&first), ..phone.reply(&first.asked) };
    phone.take(&reply, &first.asked);
    phone.epoch = E2;
    assert!(phone.pull(Vec::new()).new_epoch);
    let next = phone.next_batch_from(Some(ahead), 3, MAX, NOW).unwrap();
    assert_eq!(numbers(&next), [1, 2, 3]);
    assert!(next.ops.iter().all(|op| op.receipt.is_some()));
}

#[test]
fn nothing_numbered_ahead_is_sent_before_joining_again() {
    let (mut phone, first, ahead) = under_way();
    let outcome = refused(first.ops[0].n, first.ops[0].record, "op_reused");
    let reply = Reply { outcomes: vec![outcome], ..phone.reply(&first.asked) };
    assert!(phone.take(&reply, &first.asked).rejoin_needed);
    assert!(phone.number_ahead(6, 3, MAX).unwrap().is_none());
    assert!(phone.next_batch_from(Some(ahead), 3, MAX, NOW).unwrap().ops.is_empty());
    phone.rejoin(&identity(2)).unwrap();
    let all = phone.batch();
    assert_eq!(all.ops.len(), 9);
    // each that was numbered names what it was
    assert_eq!(all.ops.iter().filter(|op| op.reissue.is_some()).count(), 6);
}

#[test]
fn ops_that_fill_no_batch_keep_taking_in_further_edits() {
    let phone = phone();
    register(&phone, 9001, "BUDI");
    assert!(phone.number_ahead(0, 3, MAX).unwrap().is_none());
    assert_eq!(phone.waiting().unwrap().new, 3);
}

#[test]
fn nothing_is_numbered_ahead_while_more_waits_than_what_is_under_way() {
    let (phone, _, _) = under_way();
    assert!(phone.number_ahead(3, 2, MAX).unwrap().is_none());
    assert!(phone.number_ahead(6, 2, MAX).unwrap().is_some());
}

#[test]
fn an_edit_of_what_was_numbered_ahead_is_an_op_of_its_own() {
    let (phone, _, ahead) = under_way();
    let batch = phone.next_batch(6, MAX, NOW).unwrap();
    let worker = batch.ops[3].record;
    phone.edit(worker, "notes", "later");
    drop(ahead);
    let last = phone.batch().ops.pop().unwrap();
    assert_eq!((last.record, last.n), (worker, 10));
    assert_eq!(phone.value(worker, "notes"), "later");
}
