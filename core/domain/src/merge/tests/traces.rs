//! One test for each trace that needs no network.

use super::*;
use crate::merge::adopt;

#[test]
fn creation_sets_every_field_and_version_one() {
    let desk = Desk::new();
    assert_eq!(desk.record.version, 1);
    assert_eq!(desk.value("name"), "Init");
}

#[test]
fn edits_of_different_fields_both_live() {
    let mut desk = Desk::new();
    let base = desk.now();
    assert_eq!(desk.write(A, base, "notes", "a"), FieldOutcome::Kept);
    assert_eq!(desk.write(B, base, "phone", "+6281300000000"), FieldOutcome::Kept);
    assert_eq!((desk.value("notes"), desk.value("phone")), (&json!("a"), &json!("+6281300000000")));
    assert!(!desk.record.has_open_conflict());
}

#[test]
fn same_safety_critical_field_keeps_both_and_opens_a_conflict() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "Ana");
    assert_eq!(desk.write(B, base, "name", "Budi"), FieldOutcome::Conflict);
    assert_eq!(desk.value("name"), "Ana");
    assert_eq!(desk.candidates("name"), ["Ana", "Budi"]);
}

#[test]
fn equal_after_normalising_is_no_conflict_and_the_author_stays() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "SITI AMINAH");
    assert_eq!(desk.write(B, base, "name", "Siti  Aminah"), FieldOutcome::Kept);
    assert_eq!(desk.record.stamps["name"].author.device, device(A));
    assert!(!desk.record.has_open_conflict());
}

#[test]
fn clock_years_ahead_counts_five_minutes_and_no_more() {
    let mut desk = Desk::new();
    let base = desk.now();
    let mut far = desk.op(A, base, &[("notes", "dari masa depan")]);
    far.hlc = Hlc::at_millis(desk.received + 10 * 365 * 24 * 3_600_000);
    assert_eq!(desk.take(A, &far).fields["notes"], FieldOutcome::Kept);
    desk.received += 6 * 60 * 1000;
    assert_eq!(desk.write(B, base, "notes", "enam menit kemudian"), FieldOutcome::Kept);
    assert_eq!(desk.value("notes"), "enam menit kemudian");
}

#[test]
fn class_c_takes_the_later_clock_and_says_lost_to_the_other() {
    let mut desk = Desk::new();
    let base = desk.now();
    let early = desk.op(A, base, &[("notes", "early")]);
    desk.received += 1_000;
    let late = desk.op(B, base, &[("notes", "late")]);
    assert_eq!(desk.take(B, &late).fields["notes"], FieldOutcome::Kept);
    assert_eq!(desk.take(A, &early).fields["notes"], FieldOutcome::Lost);
    assert_eq!(desk.value("notes"), "late");
}

#[test]
fn server_owned_field_is_refused_and_the_rest_of_the_op_applies() {
    let mut desk = Desk::new();
    let base = desk.now();
    let op = desk.op(A, base, &[("kpj", "12345678901"), ("notes", "a")]);
    let merged = desk.take(A, &op);
    assert_eq!(merged.fields["kpj"], FieldOutcome::Refused("field_owner".to_owned()));
    assert_eq!(merged.fields["notes"], FieldOutcome::Kept);
    assert!(desk.value("kpj").is_null());
}

#[test]
fn field_fixed_at_creation_is_refused_later() {
    let mut desk = Desk::new();
    let base = desk.now();
    let mut op = desk.op(A, base, &[]);
    op.set.insert("capture".to_owned(), json!({"at": "2026-11-22T00:00:00Z"}));
    assert_eq!(desk.take(A, &op).fields["capture"], FieldOutcome::Kept);
    op.n += 1;
    op.set.insert("capture".to_owned(), json!({"at": "2026-11-23T00:00:00Z"}));
    assert_eq!(desk.take(A, &op).fields["capture"], FieldOutcome::Refused("field_fixed".to_owned()));
}

#[test]
fn unknown_field_survives_verbatim_and_is_never_overwritten_unseen() {
    let mut desk = Desk::new();
    let base = desk.now();
    let mut op = desk.op(A, base, &[]);
    op.set.insert("blood_type".to_owned(), json!({"abo": "O", "new": [1, null]}));
    assert_eq!(desk.take(A, &op).fields["blood_type"], FieldOutcome::Kept);
    assert_eq!(desk.value("blood_type"), &json!({"abo": "O", "new": [1, null]}));
    assert_eq!(desk.write(B, base, "blood_type", "A"), FieldOutcome::Conflict);
}

#[test]
fn late_older_number_of_the_same_device_is_history_class_b() {
    let mut desk = Desk::new();
    let base = desk.now();
    let first = desk.op(A, base, &[("name", "Ana1")]);
    let second = desk.op(A, base, &[("name", "Ana2")]);
    desk.take(A, &second);
    let seen = desk.now();
    desk.write(B, seen, "name", "Budi");
    assert_eq!(desk.take(A, &first).fields["name"], FieldOutcome::Lost);
    assert_eq!(desk.value("name"), "Budi");
    assert!(!desk.record.has_open_conflict());
}

#[test]
fn late_older_number_of_the_same_device_is_history_class_c_with_a_fast_clock() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.received += 400_000;
    let first = desk.op(A, base, &[("notes", "a1")]);
    let second = desk.op(A, base, &[("notes", "a2")]);
    desk.received -= 400_000;
    desk.take(A, &second);
    let seen = desk.now();
    desk.write(B, seen, "notes", "b");
    assert_eq!(desk.take(A, &first).fields["notes"], FieldOutcome::Lost);
    assert_eq!(desk.value("notes"), "b");
}

#[test]
fn later_number_equal_to_the_body_still_makes_the_older_history() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(B, base, "name", "Sama");
    let first = desk.op(A, base, &[("name", "Ana")]);
    let second = desk.op(A, base, &[("name", "Sama")]);
    assert_eq!(desk.take(A, &second).fields["name"], FieldOutcome::Kept);
    assert_eq!(desk.take(A, &first).fields["name"], FieldOutcome::Lost);
    assert!(!desk.record.has_open_conflict());
}

#[test]
fn form_opened_before_a_pull_is_judged_by_what_it_showed() {
    let mut desk = Desk::new();
    let opened = desk.now();
    desk.write(A, opened, "name", "Ana");
    // B's phone pulled Ana's edit in the background, but the form on the screen was opened before
    assert_eq!(desk.write(B, opened, "name", "Budi"), FieldOutcome::Conflict);
    let seen = desk.now();
    assert_eq!(desk.write(C, seen, "notes", "c"), FieldOutcome::Kept);
}

#[test]
fn own_candidate_is_replaced_and_the_body_writer_changes_the_body() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(B, base, "name", "Budi");
    desk.write(A, base, "name", "Ana1");
    desk.write(A, base, "name", "Ana2");
    assert_eq!(desk.candidates("name"), ["Ana2", "Budi"]);
    desk.write(B, base, "name", "Budi2");
    assert_eq!(desk.candidates("name"), ["Ana2", "Budi2"]);
    assert_eq!(desk.value("name"), "Budi2");
}

#[test]
fn candidate_withdrawn_to_the_bodys_value_closes_the_conflict() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(B, base, "name", "Budi");
    desk.write(A, base, "name", "Ana");
    assert_eq!(desk.write(A, base, "name", "BUDI"), FieldOutcome::Kept);
    assert!(!desk.record.has_open_conflict());
    assert_eq!(desk.value("name"), "Budi");
}

#[test]
fn resolving_closes_the_conflict_and_makes_the_resolver_the_author() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "Ana");
    desk.write(B, base, "name", "Budi");
    let decision = desk.decision(C, "name", "Ana");
    assert_eq!(desk.take(C, &decision).fields["name"], FieldOutcome::Kept);
    assert!(!desk.record.has_open_conflict());
    assert_eq!(desk.record.stamps["name"].author.device, device(C));
}

#[test]
fn resolver_who_corrects_the_resolution_has_the_last_word_in_either_order() {
    for order in [[0, 1], [1, 0]] {
        let mut desk = Desk::new();
        let base = desk.now();
        desk.write(A, base, "name", "Ana");
        desk.write(B, base, "name", "Budi");
        let decisions = [desk.decision(C, "name", "Cici1"), desk.decision(C, "name", "Cici2")];
        for i in order {
            desk.take(C, &decisions[i]);
        }
        assert_eq!(desk.value("name"), "Cici2", "{order:?}");
        assert!(!desk.record.has_open_conflict(), "{order:?}");
    }
}

#[test]
fn candidate_that_joins_while_a_resolution_is_under_way_stays_open() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "Ana");
    desk.write(B, base, "name", "Budi");
    let decision = desk.decision(C, "name", "Ana");
    desk.write(0xD, base, "name", "Dedi");
    assert_eq!(desk.take(C, &decision).fields["name"], FieldOutcome::Conflict);
    assert_eq!(desk.candidates("name"), ["Ana", "Dedi"]);
    assert_eq!(desk.value("name"), "Ana");
}

#[test]
fn writer_of_the_kept_value_who_did_not_see_the_resolution_conflicts_with_it() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "Ana");
    desk.write(B, base, "name", "Budi");
    let decision = desk.decision(C, "name", "Ana");
    desk.take(C, &decision);
    assert_eq!(desk.write(A, base, "name", "Ana2"), FieldOutcome::Conflict);
    assert_eq!(desk.candidates("name"), ["Ana", "Ana2"]);
}

#[test]
fn value_a_resolver_had_seen_goes_to_history_when_it_arrives_later() {
    let mut desk = Desk::new();
    let base = desk.now();
    let late = desk.op(A, base, &[("name", "Ana")]);
    let seen = vec![OpId { device: device(A), n: late.n }];
    let decision = desk.decision_seen(C, "name", "Cici", seen);
    desk.take(C, &decision);
    assert_eq!(desk.take(A, &late).fields["name"], FieldOutcome::Lost);
    assert!(!desk.record.has_open_conflict());
}

#[test]
fn nobody_resolves_alone_a_conflict_of_their_own_values() {
    let mut desk = Desk::new();
    let base = desk.now();
    let op = desk.op(A, base, &[("name", "Ana")]);
    desk.take(A, &op);
    // the same person on a second phone
    let other = desk.op(B, base, &[("name", "Budi")]);
    let mut judge = desk.judge(B);
    judge.who = OfficialId(Uuid::from_u128(A));
    apply(&mut desk.record, &other, &judge);
    let decision = desk.decision(A, "name", "Ana");
    assert_eq!(desk.take(A, &decision).fields["name"], FieldOutcome::Refused("resolve_own".to_owned()));
    assert!(desk.record.has_open_conflict());
}

#[test]
fn official_resolves_only_what_the_document_shows() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "Ana");
    desk.write(B, base, "name", "Budi");
    desk.write(A, base, "mother_name", "Ibu Ana");
    desk.write(B, base, "mother_name", "Ibu Budi");
    let mut blind = desk.decision(C, "name", "Ana");
    blind.resolve.get_mut("name").expect("the decision").document = None;
    assert_eq!(desk.take(C, &blind).fields["name"], FieldOutcome::Refused("document_required".to_owned()));
    let by_ktp = desk.decision(C, "mother_name", "Ibu Ana");
    assert_eq!(desk.take(C, &by_ktp).fields["mother_name"], FieldOutcome::Refused("document_required".to_owned()));
    let mut by_kk = desk.decision(C, "mother_name", "Ibu Ana");
    by_kk.resolve.get_mut("mother_name").expect("the decision").document = Some("kk".to_owned());
    assert_eq!(desk.take(C, &by_kk).fields["mother_name"], FieldOutcome::Kept);
    desk.write(A, base, "ecosystem", "PT A");
    desk.write(B, base, "ecosystem", "PT B");
    let decision = desk.decision(C, "ecosystem", "PT A");
    assert_eq!(desk.take(C, &decision).fields["ecosystem"], FieldOutcome::Refused("resolve_operator".to_owned()));
}

#[test]
fn refused_op_tried_again_after_a_newer_save_is_history() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "Baru");
    let mut again = desk.op(A, base, &[("name", "Lama")]);
    again.stale = vec!["name".to_owned()];
    assert_eq!(desk.take(A, &again).fields["name"], FieldOutcome::Lost);
    assert_eq!(desk.value("name"), "Baru");
}

#[test]
fn after_a_restore_a_chain_offered_again_in_either_order_ends_with_its_end() {
    for order in ["AB", "BA"] {
        let mut desk = Desk::new();
        let snapshot = desk.clone();
        let base = desk.now();
        let mut first = desk.op(A, base, &[("name", "a1")]);
        desk.take(A, &first);
        let seen = desk.now();
        first.receipt = seen;
        let mut second = desk.op(B, seen, &[("name", "b1")]);
        desk.take(B, &second);
        second.receipt = desk.now();

        let mut desk = desk.restore(&snapshot);
        for who in order.chars() {
            if who == 'A' {
                desk.take(A, &first)
            } else {
                desk.take(B, &second)
            };
        }
        assert_eq!(desk.value("name"), "b1", "{order}");
        assert!(!desk.record.has_open_conflict(), "{order}");
    }
}

#[test]
fn after_a_restore_a_field_not_written_since_compares_as_usual() {
    let desk = Desk::new();
    let snapshot = desk.clone();
    let base = desk.now();
    let mut desk = desk.restore(&snapshot);
    assert_eq!(desk.write(A, base, "name", "a1"), FieldOutcome::Kept);
    // written since, and B's form is of the old epoch: not seen
    assert_eq!(desk.write(B, base, "name", "b1"), FieldOutcome::Conflict);
}

#[test]
fn reissue_after_a_lost_answer_moves_authorship_and_never_conflicts_with_oneself() {
    let mut desk = Desk::new();
    let base = desk.now();
    let first = desk.op(A, base, &[("name", "a1")]);
    desk.take(A, &first);
    // the answer was lost; the phone joined again as device D and re-issues
    let (old, new) = (OpId { device: device(A), n: first.n }, OpId { device: device(0xD), n: 1 });
    assert!(!adopt(&mut desk.record, old, new, &[]));
    desk.n.insert(0xD, 1);
    assert_eq!(desk.write(0xD, base, "name", "a2"), FieldOutcome::Kept);
    assert!(!desk.record.has_open_conflict());
    assert_eq!(desk.value("name"), "a2");
}

#[test]
fn edit_numbered_before_what_it_was_made_over_was_issued_anew_still_stands() {
    let mut desk = Desk::new();
    let base = desk.now();
    let first = desk.op(A, base, &[("name", "a1")]);
    desk.take(A, &first);
    // joined again as device D: the later save got its first number, what it was made over the second
    let (old, new) = (OpId { device: device(A), n: first.n }, OpId { device: device(0xD), n: 2 });
    adopt(&mut desk.record, old, new, &["name".to_owned()]);
    assert_eq!(desk.write(0xD, base, "name", "a2"), FieldOutcome::Kept);
    assert_eq!(desk.value("name"), "a2");
    assert!(!desk.record.has_open_conflict(), "and nobody conflicts with themselves");
}

#[test]
fn reissue_of_a_candidate_renames_it_and_tells_the_record_anew() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(B, base, "name", "Budi");
    let mine = desk.op(A, base, &[("name", "Ana")]);
    desk.take(A, &mine);
    let before = desk.record.version;
    let (old, new) = (OpId { device: device(A), n: mine.n }, OpId { device: device(0xD), n: 1 });
    assert!(adopt(&mut desk.record, old, new, &[]));
    assert!(desk.record.version > before);
    desk.n.insert(0xD, 1);
    desk.write(0xD, base, "name", "Ana2");
    assert_eq!(desk.candidates("name"), ["Ana2", "Budi"]);
}

#[test]
fn older_correction_of_an_empty_field_that_comes_after_the_newer_one_is_history() {
    let mut desk = Desk::new();
    desk.submitted = true;
    let base = desk.now();
    let (older, newer) = (desk.op(A, base, &[("mother_name", "a1")]), desk.op(A, base, &[("mother_name", "a2")]));
    desk.take(A, &newer);
    desk.take(A, &older);
    assert_eq!(desk.candidates("mother_name"), ["a2"]);
}

#[test]
fn correction_after_submission_waits_beside_the_body_for_an_operator() {
    let mut desk = Desk::new();
    desk.submitted = true;
    let base = desk.now();
    assert_eq!(desk.write(0x1, base, "name", "Betul"), FieldOutcome::Correction);
    assert_eq!(desk.value("name"), "Init");
    assert_eq!(desk.candidates("name"), ["Betul", "Init"]);
    assert_eq!(desk.write(0x1, base, "name", "Lebih Betul"), FieldOutcome::Correction);
    assert_eq!(desk.candidates("name"), ["Init", "Lebih Betul"]);
    let own = desk.decision(A, "name", "Lebih Betul");
    assert_eq!(desk.take(A, &own).fields["name"], FieldOutcome::Refused("resolve_operator".to_owned()));
    let decision = desk.decision(C, "name", "Lebih Betul");
    let judge = Judge { authority: Authority::Operator, ..desk.judge(C) };
    assert_eq!(apply(&mut desk.record, &decision, &judge).fields["name"], FieldOutcome::Kept);
    assert_eq!(desk.value("name"), "Lebih Betul");
    assert_eq!(desk.write(A, base, "notes", "still open"), FieldOutcome::Kept);
}

#[test]
fn state_survives_storing() {
    let mut desk = Desk::new();
    let base = desk.now();
    desk.write(A, base, "name", "Ana");
    desk.write(B, base, "name", "Budi");
    let decision = desk.decision_seen(C, "notes", "c", vec![OpId { device: device(A), n: 9 }]);
    desk.take(C, &decision);
    let record = &desk.record;
    let state = record.to_state().expect("serialises");
    let kind = record.kind.clone();
    let read = Record::from_state(record.id, kind, record.area.clone(), record.version, &state).expect("reads");
    assert_eq!(&read, record);
}
