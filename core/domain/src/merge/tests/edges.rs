//! Rules at their edges, each found missing a test by changing the code and seeing nothing fail.

use super::*;
use crate::{
    merge::{adopt, apply_linked, link},
    record::MAX_RECORD,
};

/// Bytes of JSON of a member, name and value.
fn length(field: &str, value: &Value) -> usize {
    serde_json::to_string(&(field, value)).expect("JSON").len()
}

#[test]
fn record_takes_an_op_up_to_the_last_byte() {
    let mut desk = Desk::new();
    let taken: usize = desk.record.body.iter().map(|(field, value)| length(field, value)).sum();
    let room = MAX_RECORD - taken - length("newer", &json!(""));
    for (more, fits) in [(0, true), (1, false)] {
        let op = desk.op(A, None, &[("newer", &"x".repeat(room + more))]);
        assert_eq!(desk.record.has_room_for(&op), fits, "{more}");
    }
}

#[test]
fn what_is_open_counts_and_what_a_decision_settles_does_not() {
    let mut desk = Desk::new();
    let opened = desk.now();
    desk.write(A, opened, "name", "A");
    let long = "b".repeat(MAX_RECORD / 2);
    assert_eq!(desk.write(B, opened, "name", &long), FieldOutcome::Conflict);
    let more = "c".repeat(MAX_RECORD / 2);
    let op = desk.op(C, opened, &[("newer", &more)]);
    assert!(!desk.record.has_room_for(&op));
    let decision = desk.decision(C, "name", &more);
    assert!(desk.record.has_room_for(&decision));
    let too_long = desk.decision(C, "name", &"c".repeat(MAX_RECORD));
    assert!(!desk.record.has_room_for(&too_long));
}

#[test]
fn op_that_changes_nothing_is_no_new_version_but_an_empty_creation_is_the_first() {
    let mut desk = Desk::new();
    let opened = desk.now();
    // said by someone who had not seen it: the author stays
    let op = desk.op(A, Some(Base { epoch: OLD, version: 0 }), &[("name", "Init")]);
    assert!(!desk.take(A, &op).changed);
    assert_eq!(desk.now(), opened);
    let mut empty = Desk::empty(2);
    let op = empty.op(A, None, &[]);
    assert!(empty.take(A, &op).changed);
    assert_eq!(empty.record.version, 1);
}

#[test]
fn value_written_after_a_restore_was_not_seen_by_a_form_opened_before_it_whatever_the_versions() {
    let mut desk = Desk::new();
    let restored = desk.clone();
    for n in 0..5 {
        let opened = desk.now();
        desk.write(A, opened, "notes", &n.to_string());
    }
    // a form of the epoch before, at a version the restored record has not reached again
    let opened = desk.now();
    let mut desk = Desk { epoch: NEW, n: desk.n.clone(), ..restored };
    let now = desk.now();
    desk.write(B, now, "name", "Sutini");
    assert!(desk.now().expect("a version").version < opened.expect("a version").version);
    assert_eq!(desk.write(C, opened, "name", "Sutinah"), FieldOutcome::Conflict);
    assert_eq!(desk.candidates("name"), ["Sutinah", "Sutini"]);
}

#[test]
fn link_opens_no_conflict_over_what_only_the_survivor_has_or_both_may_differ_in() {
    let mut loser = Desk::empty(1);
    let op = loser.op(A, None, &[("name", "Sutini"), ("notes", "dari A")]);
    loser.take(A, &op);
    let mut survivor = Desk::empty(2);
    let op = survivor.op(B, None, &[("name", "Sutini"), ("mother_name", "Karsem"), ("notes", "dari B")]);
    survivor.take(B, &op);
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    assert!(survivor.record.conflicts.is_empty(), "{:?}", survivor.record);
    assert_eq!((survivor.value("mother_name"), survivor.value("notes")), (&json!("Karsem"), &json!("dari B")));
}

#[test]
fn link_brings_each_candidate_once_and_the_survivors_own_value_with_them() {
    let (mut loser, mut survivor) = (Desk::empty(1), Desk::empty(2));
    let op = loser.op(A, None, &[("name", "Sutini")]);
    loser.take(A, &op);
    let opened = Some(Base { epoch: OLD, version: 0 });
    loser.write(B, opened, "name", "Sutinem");
    let op = survivor.op(C, None, &[("name", "Sutinah")]);
    survivor.take(C, &op);
    survivor.write(0xD, opened, "name", "Sutilah");
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    assert_eq!(survivor.candidates("name"), ["Sutilah", "Sutinah", "Sutinem", "Sutini"]);
}

#[test]
fn late_op_of_one_field_unchanged_and_one_changed_is_a_new_version() {
    let (mut loser, mut survivor) = (Desk::empty(1), Desk::empty(2));
    let op = loser.op(A, None, &[("name", "Sutini"), ("phone", "+6281200000000")]);
    loser.take(A, &op);
    let op = survivor.op(B, None, &[("name", "Sutini")]);
    survivor.take(B, &op);
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    let before = survivor.record.version;
    let op = loser.op(C, Some(Base { epoch: OLD, version: 1 }), &[("name", "Sutinah"), ("phone", "+6281200000000")]);
    let judge = loser.judge(C);
    assert!(apply_linked(&mut loser.record, &mut survivor.record, &op, &judge).changed);
    assert_eq!(survivor.record.version, before + 1);
    assert_eq!(survivor.value("name"), "Sutinah");
    // and one that says what stands, by someone who had seen neither, is not
    let unseen = Some(Base { epoch: OLD, version: 0 });
    let op = loser.op(0xD, unseen, &[("name", "Sutinah"), ("phone", "+6281200000000")]);
    let judge = loser.judge(0xD);
    assert!(!apply_linked(&mut loser.record, &mut survivor.record, &op, &judge).changed);
    assert_eq!(survivor.record.version, before + 1);
}

#[test]
fn late_op_of_another_than_the_author_over_what_they_had_not_seen_conflicts() {
    let (mut loser, mut survivor) = (Desk::empty(1), Desk::empty(2));
    for (desk, who, name) in [(&mut loser, A, "Sutini"), (&mut survivor, B, "Sutinah")] {
        let op = desk.op(who, None, &[("name", "sama"), ("mother_name", name)]);
        desk.take(who, &op);
    }
    survivor.n.insert(A, 9);
    let judge = survivor.judge(0x0);
    link(&mut loser.record, &mut survivor.record, &judge).expect("links");
    // an earlier number than the author's: not the author's own later word
    let op = loser.op(C, Some(Base { epoch: OLD, version: 1 }), &[("mother_name", "Karti")]);
    let judge = loser.judge(C);
    let merged = apply_linked(&mut loser.record, &mut survivor.record, &op, &judge);
    assert_eq!(merged.fields["mother_name"], FieldOutcome::Conflict);
    assert_eq!(survivor.value("mother_name"), "Sutinah");
    // the author of what stands corrects it on the record that was linked away
    let mut op = loser.op(B, None, &[("mother_name", "Sutinem")]);
    op.n = 40;
    let judge = loser.judge(B);
    apply_linked(&mut loser.record, &mut survivor.record, &op, &judge);
    assert_eq!(survivor.value("mother_name"), "Sutinem");
}

#[test]
fn value_offered_again_with_a_receipt_of_one_epoch_was_not_seen_by_a_form_of_another() {
    let mut desk = Desk { epoch: Epoch(3 << 32), ..Desk::new() };
    let now = Some(Base { epoch: OLD, version: 1 });
    let mut op = desk.op(A, now, &[("name", "Sutini")]);
    op.receipt = Some(Base { epoch: NEW, version: 2 });
    desk.take(A, &op);
    assert_eq!(desk.write(B, Some(Base { epoch: OLD, version: 9 }), "name", "Sutinah"), FieldOutcome::Conflict);
    // of that epoch, it had seen it
    let mut desk = Desk { epoch: Epoch(3 << 32), ..Desk::new() };
    desk.take(A, &op);
    assert_eq!(desk.write(B, Some(Base { epoch: NEW, version: 9 }), "name", "Sutinah"), FieldOutcome::Kept);
}

#[test]
fn number_given_anew_counts_as_received_for_the_fields_that_are_not_stale() {
    let mut desk = Desk::new();
    let opened = desk.now();
    let first = desk.op(A, opened, &[("name", "a1"), ("notes", "a1")]);
    desk.take(A, &first);
    let (old, new) = (OpId { device: device(A), n: first.n }, OpId { device: device(0xD), n: 5 });
    adopt(&mut desk.record, old, new, &["notes".to_owned()]);
    // what stands is another's by now
    let now = desk.now();
    desk.write(B, now, "name", "b1");
    desk.n.insert(0xD, 2);
    let late = desk.op(0xD, opened, &[("name", "older"), ("notes", "newer")]);
    let merged = desk.take(0xD, &late);
    assert_eq!((&merged.fields["name"], &merged.fields["notes"]), (&FieldOutcome::Lost, &FieldOutcome::Kept));
}

#[test]
fn decision_that_was_made_anew_since_is_history_and_only_for_its_field() {
    for (stale, outcome) in [("name", FieldOutcome::Lost), ("notes", FieldOutcome::Kept)] {
        let mut desk = Desk::new();
        let opened = desk.now();
        desk.write(A, opened, "name", "A");
        desk.write(B, opened, "name", "B");
        let mut op = desk.decision(C, "name", "C");
        op.stale = vec![stale.to_owned()];
        assert_eq!(desk.take(C, &op).fields["name"], outcome, "{stale}");
    }
}

#[test]
fn decision_on_a_correction_by_who_had_not_seen_the_body_leaves_both_to_choose_from() {
    let mut desk = Desk::new();
    let opened = desk.now();
    desk.submitted = true;
    desk.write(A, opened, "name", "Sutini");
    let mut op = desk.decision(C, "name", "Sutinem");
    let resolution = op.resolve.get_mut("name").expect("a decision");
    // before them was the correction alone
    resolution.seen.retain(|seen| seen.device == device(A));
    op.base = Some(Base { epoch: OLD, version: 0 });
    let judge = Judge { authority: Authority::Operator, ..desk.judge(C) };
    let merged = apply(&mut desk.record, &op, &judge);
    assert_eq!(merged.fields["name"], FieldOutcome::Conflict);
    assert_eq!(desk.candidates("name"), ["Init", "Sutinem"]);
}

#[test]
fn what_a_person_writes_on_their_own_phone_waits_whatever_the_class_and_only_an_operator_decides() {
    for field in ["name", "notes", "heirs"] {
        let mut desk = Desk::new();
        let before = desk.value(field).clone();
        let now = desk.now();
        let op = desk.op(C, now, &[(field, "Sutini")]);
        let own = Judge { authority: Authority::Worker, ..desk.judge(C) };
        let merged = apply(&mut desk.record, &op, &own);
        assert_eq!(merged.fields[field], FieldOutcome::Correction, "{field}");
        assert_eq!(*desk.value(field), before, "{field}");
        assert!(desk.record.conflicts[field].correction);
        // asked again, it takes the place of what was asked
        let op = desk.op(C, now, &[(field, "Sutinah")]);
        let judge = Judge { authority: Authority::Worker, ..desk.judge(C) };
        apply(&mut desk.record, &op, &judge);
        assert_eq!(desk.record.conflicts[field].candidates.iter().filter(|one| one.op.device == device(C)).count(), 1);
        for (authority, code) in [(Authority::Worker, "resolve_operator"), (Authority::Official, "resolve_operator")] {
            let op = desk.decision(B, field, "Sutinah");
            let judge = Judge { authority, ..desk.judge(B) };
            let merged = apply(&mut desk.record, &op, &judge);
            assert_eq!(merged.fields[field], FieldOutcome::Refused(code.to_owned()), "{field}");
        }
        let op = desk.decision(A, field, "Sutinah");
        let judge = Judge { authority: Authority::Operator, ..desk.judge(A) };
        assert_eq!(apply(&mut desk.record, &op, &judge).fields[field], FieldOutcome::Kept, "{field}");
        assert_eq!(*desk.value(field), json!("Sutinah"));
    }
}
