//! Duplicates found to be one person: what links, what arrives late, what unlinking gives back.

use super::*;
use crate::merge::{LinkError, apply_linked, link, unlink};

/// Two records of one person, each registered on its own phone.
fn pair() -> (Desk, Desk) {
    let mut loser = Desk::empty(1);
    let op = loser.op(A, None, &[("name", "Sutini"), ("mother_name", "Karsem"), ("notes", "dari A")]);
    loser.take(A, &op);
    let mut survivor = Desk::empty(2);
    let op = survivor.op(B, None, &[("name", "Sutinah"), ("phone", "+6281300000000"), ("notes", "dari B")]);
    survivor.take(B, &op);
    survivor.n.insert(A, 1);
    (loser, survivor)
}

fn linked() -> (Desk, Desk) {
    let (mut loser, mut survivor) = pair();
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    (loser, survivor)
}

fn late(loser: &mut Desk, survivor: &mut Desk, who: u128, op: &Op) -> Merged {
    let judge = loser.judge(who);
    apply_linked(&mut loser.record, &mut survivor.record, op, &judge)
}

#[test]
fn link_fills_what_is_empty_asks_about_class_b_and_leaves_class_c() {
    let (loser, survivor) = linked();
    assert_eq!(survivor.value("mother_name"), "Karsem");
    assert_eq!(survivor.value("notes"), "dari B");
    assert_eq!(survivor.value("name"), "Sutinah");
    assert_eq!(survivor.candidates("name"), ["Sutinah", "Sutini"]);
    assert_eq!(loser.value("name"), "Sutini");
    assert_eq!(loser.record.alias.as_ref().map(|alias| alias.survivor), Some(survivor.record.id));
}

#[test]
fn link_is_a_new_version_of_both() {
    let (mut loser, mut survivor) = pair();
    loser.record.version = 7;
    survivor.record.version = 4;
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    assert_eq!((loser.record.version, survivor.record.version), (8, 5));
    let alias = loser.record.alias.expect("linked");
    assert_eq!((alias.loser_version, alias.survivor_version), (7, 4));
}

#[test]
fn link_makes_no_chains() {
    let (mut loser, mut survivor) = linked();
    let mut third = Desk::empty(3);
    let judge = survivor.judge(0x0);
    assert_eq!(link(&mut third.record, &mut loser.record, &judge), Err(LinkError::Chain));
    assert_eq!(link(&mut loser.record, &mut survivor.record, &judge), Err(LinkError::Chain));
    let mut same = survivor.record.clone();
    assert_eq!(link(&mut same, &mut survivor.record, &judge), Err(LinkError::Same));
}

#[test]
fn late_op_that_had_not_seen_the_losers_change_conflicts() {
    let (mut loser, mut survivor) = pair();
    let opened = loser.now();
    loser.write(C, opened, "mother_name", "Karsinem");
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    let op = loser.op(0xD, opened, &[("mother_name", "Kartem")]);
    let merged = late(&mut loser, &mut survivor, 0xD, &op);
    assert_eq!(merged.fields["mother_name"], FieldOutcome::Conflict);
    assert_eq!(survivor.candidates("mother_name"), ["Karsinem", "Kartem"]);
}

#[test]
fn late_op_on_a_field_where_both_differed_joins_the_conflict() {
    let (mut loser, mut survivor) = pair();
    let opened = loser.now();
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    let op = loser.op(A, opened, &[("name", "Sutini Wati")]);
    assert_eq!(late(&mut loser, &mut survivor, A, &op).fields["name"], FieldOutcome::Conflict);
    assert_eq!(survivor.value("name"), "Sutinah");
    assert_eq!(survivor.candidates("name"), ["Sutinah", "Sutini Wati"]);
}

#[test]
fn late_op_that_had_seen_a_field_equal_on_both_applies_to_the_survivor() {
    let (mut loser, mut survivor) = linked();
    let op = loser.op(C, Some(Base { epoch: OLD, version: 1 }), &[("mother_name", "Karsiyem")]);
    assert_eq!(late(&mut loser, &mut survivor, C, &op).fields["mother_name"], FieldOutcome::Kept);
    assert_eq!(survivor.value("mother_name"), "Karsiyem");
    assert!(!survivor.record.conflicts.contains_key("mother_name"));
}

#[test]
fn late_lower_number_than_one_received_for_the_loser_is_history() {
    let (mut loser, mut survivor) = linked();
    let base = Some(Base { epoch: OLD, version: 1 });
    let (first, second) = (loser.op(A, base, &[("notes", "1")]), loser.op(A, base, &[("notes", "2")]));
    late(&mut loser, &mut survivor, A, &second);
    assert_eq!(late(&mut loser, &mut survivor, A, &first).fields["notes"], FieldOutcome::Lost);
}

#[test]
fn unlink_gives_both_back_as_they_were() {
    let (before_loser, before_survivor) = pair();
    let (mut loser, mut survivor) = linked();
    unlink(&mut loser.record, &mut survivor.record, &[]);
    assert_eq!(loser.record.body, before_loser.record.body);
    assert_eq!(survivor.record.body, before_survivor.record.body);
    assert_eq!(survivor.record.stamps, before_survivor.record.stamps);
    assert!(survivor.record.conflicts.is_empty());
    assert!(loser.record.alias.is_none());
    assert!(survivor.record.version > before_survivor.record.version);
}

#[test]
fn unlink_replays_late_ops_on_the_loser_and_keeps_a_resolution_on_the_survivor() {
    let (mut loser, mut survivor) = linked();
    let base = Some(Base { epoch: OLD, version: 1 });
    let op = loser.op(C, base, &[("mother_name", "Karsiyem"), ("notes", "telat")]);
    late(&mut loser, &mut survivor, C, &op);
    let decision = survivor.decision(0xD, "name", "Sutinah");
    survivor.take(0xD, &decision);
    let judge = loser.judge(C);
    unlink(&mut loser.record, &mut survivor.record, &[(op, judge)]);
    assert_eq!(loser.value("mother_name"), "Karsiyem");
    assert!(survivor.value("mother_name").is_null());
    assert_eq!(survivor.value("name"), "Sutinah");
    assert_eq!(survivor.record.stamps["name"].author.device, device(0xD));
    assert_eq!(loser.value("name"), "Sutini");
    assert!(!survivor.record.has_open_conflict() && !loser.record.has_open_conflict());
}

#[test]
fn unlink_leaves_what_was_written_to_the_survivor_since() {
    let (mut loser, mut survivor) = linked();
    let seen = survivor.now();
    survivor.write(B, seen, "mother_name", "Karsinah");
    unlink(&mut loser.record, &mut survivor.record, &[]);
    assert_eq!(survivor.value("mother_name"), "Karsinah");
    assert_eq!(loser.value("mother_name"), "Karsem");
}

#[test]
fn late_op_older_than_one_taken_before_the_link_is_history() {
    let (mut loser, mut survivor) = pair();
    let base = loser.now();
    let (first, second) = (loser.op(A, base, &[("name", "Lama")]), loser.op(A, base, &[("name", "Baru")]));
    loser.take(A, &second);
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    assert_eq!(late(&mut loser, &mut survivor, A, &first).fields["name"], FieldOutcome::Lost);
    assert_eq!(survivor.candidates("name"), ["Baru", "Sutinah"]);
}

#[test]
fn late_op_that_saw_the_losers_value_has_not_seen_the_survivors() {
    let (mut loser, mut survivor) = pair();
    let seen = loser.now();
    let op = loser.op(C, seen, &[("notes", "telat")]);
    survivor.received += 60_000;
    let own = survivor.now();
    survivor.write(B, own, "notes", "lebih baru");
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    assert_eq!(late(&mut loser, &mut survivor, C, &op).fields["notes"], FieldOutcome::Lost);
    assert_eq!(survivor.value("notes"), "lebih baru");
}

#[test]
fn own_later_word_on_the_linked_record_in_an_open_conflict_is_a_new_version() {
    let (mut loser, mut survivor) = linked();
    assert_eq!(survivor.candidates("name"), ["Sutinah", "Sutini"]);
    let before = survivor.record.version;
    // the survivor's author, who edits the record that was linked away without having seen what stands there
    let mut op = loser.op(B, Some(Base { epoch: OLD, version: 0 }), &[("name", "Sutinem")]);
    op.n = 40;
    let merged = late(&mut loser, &mut survivor, B, &op);
    assert_eq!(survivor.value("name"), "Sutinem");
    assert_eq!(merged.fields["name"], FieldOutcome::Conflict);
    assert_eq!(survivor.record.version, before + 1, "or no phone is told");
    assert!(survivor.candidates("name").contains(&"Sutinem".to_owned()));
}
