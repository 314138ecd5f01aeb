//! One person registered twice.

use super::office::*;
use crate::{service::operator::Act, storage::DuplicateState};
use payung_domain::{
    duplicate_filter::DuplicateFilter,
    enrollment::EnrollmentFlag,
    op::{FieldOutcome, Op},
};
use serde_json::json;

fn register(
    office: &Office,
    phone: &mut Phone,
    base: u128,
    nik: &str,
    name: &str,
    place: &str,
) -> payung_domain::op::Outcome {
    let worker = phone.worker_in(office, record(base), nik, name, place);
    let enroll = Op { area: area(place), ..phone.enroll(office, record(base + 1), record(base)) };
    let submit = Op { area: area(place), ..phone.event(office, record(base + 2), record(base + 1), "submit", &[]) };
    let outcomes = phone.send(office, &[worker, enroll, submit]);
    assert!(applied(&outcomes), "{outcomes:?}");
    phone.pull(office);
    outcomes[0].clone()
}

fn flags(office: &Office, enrollment: u128) -> Vec<String> {
    let record = office.record(record(enrollment));
    serde_json::from_value(record.value("flags").clone()).unwrap_or_default()
}

#[test]
fn same_nik_and_name_in_one_village_is_linked_and_the_later_enrolment_superseded() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT4]));
    let first = register(&office, &mut one, 10, &nik(1), "SUPARNO", RT3);
    assert_eq!(first.duplicate_of, None);
    let second = register(&office, &mut two, 20, &nik(1), "Suparno ", RT4);
    assert!(second.duplicate_of.is_some(), "the second arrival is accepted and told");
    let loser = office.record(record(20));
    assert_eq!(loser.alias.as_ref().map(|alias| alias.survivor), Some(record(10)));
    assert_eq!(office.record(record(21)).text("status"), Some("closed"));
    assert_eq!(office.record(record(21)).value("returned")["code"], "superseded");
    assert_eq!(office.record(record(11)).text("status"), Some("received"));
    two.pull(&office);
    assert_eq!(two.base[&record(20)].alias_of, Some(record(10)));
    let pairs = office.service.duplicates(BOSS, Some(DuplicateState::Linked), START).expect("listed");
    assert_eq!((pairs.len(), pairs[0].later, pairs[0].earlier), (1, record(20), record(10)));
}

#[test]
fn enrolment_that_comes_after_the_link_is_superseded_too() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT4]));
    register(&office, &mut one, 10, &nik(1), "SUPARNO", RT3);
    let worker = two.worker_in(&office, record(20), &nik(1), "SUPARNO", RT4);
    two.send(&office, &[worker]);
    let enroll = Op { area: area(RT4), ..two.enroll(&office, record(21), record(20)) };
    let submit = Op { area: area(RT4), ..two.event(&office, record(22), record(21), "submit", &[]) };
    assert!(applied(&two.send(&office, &[enroll, submit])));
    assert_eq!(office.record(record(21)).text("status"), Some("closed"));
}

#[test]
fn other_name_or_other_village_is_reviewed_and_nothing_is_merged_before() {
    for (name, place) in [("KARTO", RT4), ("SUPARNO", TELUK)] {
        let office = Office::new();
        let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[place]));
        register(&office, &mut one, 10, &nik(1), "SUPARNO", RT3);
        let second = register(&office, &mut two, 20, &nik(1), name, place);
        let token = second.duplicate_of.expect("an opaque token");
        assert!(!token.contains(&record(10).to_string().replace('-', "")) && token.len() == 32);
        assert!(office.record(record(20)).alias.is_none());
        let review = EnrollmentFlag::DuplicateReview.as_str().to_owned();
        assert!(flags(&office, 11).contains(&review) && flags(&office, 21).contains(&review));
        // nothing goes to the branch while it is open
        let verify = Act::Verify { enrollment: record(21) };
        let refused = office.service.act(BOSS, verify.clone(), START).expect_err("under review").to_string();
        assert!(refused.contains("duplicate_review"), "{refused}");
        office.act(Act::KeepApart { later: record(20), earlier: record(10) });
        assert!(flags(&office, 11).is_empty() && flags(&office, 21).is_empty());
        office.act(verify);
        assert_eq!(office.record(record(21)).text("status"), Some("verified"));
        // decided once: the next write of the same NIK asks nobody again
        let edit = two.edit(&office, record(20), "notes", "x");
        two.send(&office, &[edit]);
        assert!(office.service.duplicates(BOSS, Some(DuplicateState::Review), START).expect("listed").is_empty());
    }
}

#[test]
fn corrected_nik_closes_the_review() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[TELUK]));
    register(&office, &mut one, 10, &nik(1), "SUPARNO", RT3);
    register(&office, &mut two, 20, &nik(1), "KARTO", TELUK);
    let edit = two.edit(&office, record(20), "nik", nik(2));
    assert!(applied(&two.send(&office, &[edit])));
    assert!(office.service.duplicates(BOSS, Some(DuplicateState::Review), START).expect("listed").is_empty());
    assert!(flags(&office, 11).is_empty() && flags(&office, 21).is_empty());
    // the corrected number is claimed, the other's stays
    let mut three = office.phone(&[RT4]);
    let third = register(&office, &mut three, 30, &nik(2), "DARMO", RT4);
    assert!(third.duplicate_of.is_some());
    let found = office.service.find_by_nik(
        BOSS,
        &payung_domain::nik::Nik::parse(&nik(1)).expect("a NIK"),
        &crate::storage::Scope::Office,
        START,
    );
    assert_eq!(found.expect("searched").expect("found").worker.id, record(10));
}

#[test]
fn two_of_one_person_in_one_bundle_are_linked() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let one = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let two = phone.worker(&office, record(2), &nik(1), "SUPARNO");
    let outcomes = phone.send(&office, &[one, two]);
    assert!(applied(&outcomes));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.duplicate_of.is_some()).count(), 1);
    assert_eq!([1, 2].iter().filter(|n| office.record(record(**n)).alias.is_some()).count(), 1);
}

#[test]
fn late_op_on_the_loser_is_judged_against_the_loser_and_names_the_survivor() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[VILLAGE]), office.phone(&[VILLAGE]));
    register(&office, &mut one, 10, &nik(1), "SUPARNO", RT3);
    let loser = Op {
        set: {
            let mut set = worker(&nik(1), "SUPARNO");
            set.insert("mother_name".to_owned(), json!("SUTI"));
            set
        },
        ..two.worker_in(&office, record(20), &nik(1), "SUPARNO", RT4)
    };
    let mut early = two.clone();
    two.send(&office, &[loser]);
    // the form was opened before the link
    two.base.clear();
    two.cursor = None;
    two.pull(&office);
    assert!(office.record(record(10)).conflicts.contains_key("mother_name"), "what differs waits for a person");
    early.n = two.n;
    let held = office.record(record(20));
    let mut late = two.edit(&office, record(20), "mother_name", "SUTIYEM");
    late.base = Some(payung_domain::id::Base { epoch: office.epoch(), version: held.version - 1 });
    let outcome = &two.send(&office, &[late])[0];
    assert_eq!(outcome.record, record(10), "the receipt follows the survivor");
    assert_eq!(outcome.version, office.record(record(10)).version);
    assert_eq!(field(outcome, "mother_name"), Some(&FieldOutcome::Conflict));
    assert_eq!(office.record(record(10)).value("mother_name"), "SITI AMINAH", "no silent overwrite");
}

#[test]
fn unlink_after_late_ops_gives_both_what_they_would_have_alone() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[VILLAGE]), office.phone(&[VILLAGE]));
    register(&office, &mut one, 10, &nik(1), "SUPARNO", RT3);
    register(&office, &mut two, 20, &nik(1), "SUPARNO", RT4);
    let survivor = office.record(record(10));
    assert_eq!(office.record(record(21)).text("status"), Some("closed"));
    let late = two.edit(&office, record(20), "notes", "catatan terlambat");
    assert!(applied(&two.send(&office, &[late])));
    assert_eq!(office.record(record(10)).value("notes"), "catatan terlambat");
    office.act(Act::Unlink { later: record(20), earlier: record(10) });
    let (loser, back) = (office.record(record(20)), office.record(record(10)));
    assert!(loser.alias.is_none() && loser.conflicts.is_empty() && back.conflicts.is_empty());
    assert_eq!(loser.value("notes"), "catatan terlambat");
    assert_eq!(back.body.get("notes"), survivor.body.get("notes"));
    assert_eq!(office.record(record(21)).text("status"), Some("received"), "its enrolment is open again");
    // and not linked again by the next write
    let edit = two.edit(&office, record(20), "phone", "081234567890");
    two.send(&office, &[edit]);
    assert!(office.record(record(20)).alias.is_none());
}

#[test]
fn operator_links_two_records_found_by_hand() {
    let office = Office::new();
    let (mut phone, mut other) = (office.phone(&[VILLAGE]), office.phone(&[VILLAGE]));
    register(&office, &mut phone, 10, &nik(1), "SUPARNO", RT3);
    register(&office, &mut other, 20, &nik(2), "SUPARNO", RT4);
    office.act(Act::Link { later: record(20), earlier: record(10) });
    assert_eq!(office.record(record(20)).alias.map(|alias| alias.survivor), Some(record(10)));
    assert!(office.record(record(10)).conflicts.contains_key("nik"), "the two numbers wait for a person");
    // the phones see both in full: they may ask for the card
    phone.pull(&office);
    let candidates = &phone.conflict(record(10), "nik").expect("open").candidates;
    assert!(candidates.iter().all(|candidate| candidate.value.is_string()));
    let resolve = phone.resolve(&office, record(10), "nik", nik(1));
    assert!(applied(&phone.send(&office, &[resolve])));
    assert!(office.record(record(10)).conflicts.is_empty());
    let chain = office.service.act(BOSS, Act::Link { later: record(10), earlier: record(20) }, START);
    assert!(chain.expect_err("no chains").to_string().contains("link_chain"));
}

#[test]
fn known_member_is_flagged_when_submitted() {
    let office = Office::new();
    let number = payung_domain::nik::Nik::parse(&nik(1)).expect("a NIK");
    let hashes = vec![office.service.nik_hash(&number)];
    office.act(Act::KnownMembers { hashes });
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 10, &nik(1), "SUPARNO", RT3);
    register(&office, &mut phone, 20, &nik(2), "SUTINAH", RT3);
    assert_eq!(flags(&office, 11), ["already_member"]);
    assert!(flags(&office, 21).is_empty());
}

#[test]
fn phones_of_a_village_are_told_who_is_registered_in_it_and_no_other_villages() {
    let office = Office::new();
    let (mut one, mut two, mut far) = (office.phone(&[RT3]), office.phone(&[RT4]), office.phone(&[TELUK]));
    let keep = || office.service.keep_duplicate_filters(office.now.get()).expect("kept");
    assert_eq!(keep(), 0, "nobody is registered");
    register(&office, &mut one, 10, &nik(1), "SUPARNO", RT3);
    let parsed = |n: u32| payung_domain::nik::Nik::parse(&nik(n)).expect("a NIK");
    let has = |phone: &Phone, n: u32| {
        let filters = phone.base.values().filter_map(|put| DuplicateFilter::read(&put.body));
        filters.map(|filter| filter.has(&parsed(n))).collect::<Vec<bool>>()
    };
    assert_eq!((keep(), keep()), (1, 0), "made once for the same people");
    two.pull(&office);
    far.pull(&office);
    assert_eq!((has(&two, 1), has(&two, 2)), (vec![true], vec![false]));
    assert_eq!(has(&far, 1), [false; 0]);
    // a change that touches no NIK makes none anew
    let note = one.edit(&office, record(10), "notes", "kembali besok");
    assert!(applied(&one.send(&office, &[note])));
    assert_eq!(keep(), 0);
    // whoever is erased is in no later filter
    office.service.erase(BOSS, record(10), "consent_withdrawn", office.now.get()).expect("erased");
    assert_eq!(keep(), 1);
    two.pull(&office);
    assert_eq!(has(&two, 1), [false]);
    // another year, another key
    register(&office, &mut one, 20, &nik(2), "SUPARNI", RT3);
    office.later(40 * DAY);
    assert_eq!((keep(), keep()), (1, 0));
}
