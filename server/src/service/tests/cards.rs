//! Membership cards: from the branch's proof to the phone, and taken back with what they say.

use super::office::*;
use crate::{
    card::jakarta,
    service::{
        ServiceError,
        operator::{Act, Closing},
        shared::shared_record,
    },
    storage::CardsOf,
};
use chrono::NaiveDate;
use payung_card::{
    CARD_CHECK, CardCheck, CardKeys, Clock, IssuedCard, Light, QrCode, StatusList, Verdict, unarmoured, verify,
};
use payung_domain::{
    area::Area,
    calendar::Month,
    enrollment::{Kpj, PaymentCode, Reason},
    field::Kind,
    op::Op,
    region::RegionCode,
};
use serde_json::{Value, json};
use std::fs;

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn banyumas() -> RegionCode {
    RegionCode::parse("33.02").expect("a code")
}

/// Worker n, enrolment n + 1, submitted n + 2.
fn registered(phone: &mut Phone, office: &Office, n: u128) {
    let serial = u32::try_from(n).expect("small");
    let worker = phone.worker(office, record(n), &nik(serial), &format!("ORANG {n}"));
    let enroll = phone.enroll(office, record(n + 1), record(n));
    let submit = phone.event(office, record(n + 2), record(n + 1), "submit", &[]);
    assert!(applied(&phone.send(office, &[worker, enroll, submit])));
}

/// Verified, exported, numbered: everything before the money.
fn numbered(office: &Office, n: u128) {
    let enrollment = record(n + 1);
    office.act(Act::Verify { enrollment });
    office.act(Act::Export { enrollment, export_id: "kirim-1".to_owned() });
    let kpj = Kpj::parse(&format!("{:011}", 20_000_000_000_u64 + u64::try_from(n).expect("small"))).expect("a number");
    let payment_code = PaymentCode { code: "8800".to_owned(), amount: 50_400, valid_to: day("2026-12-31") };
    office.act(Act::Number { enrollment, kpj, payment_code });
}

fn pay(office: &Office, n: u128, from: Option<&str>, until: &str) {
    office.act(Act::Pay { enrollment: record(n + 1), from: from.map(day), until: month(until), on: None });
}

fn issued(office: &Office, n: u128) -> Option<IssuedCard> {
    IssuedCard::of(&office.record(record(n)).body)
}

fn the_card(office: &Office, n: u128) -> IssuedCard {
    issued(office, n).expect("a card")
}

/// What a clinic holds after it has asked.
fn check(office: &Office) -> (CardKeys, Vec<StatusList>) {
    office.service.keep_cards(office.now.get()).expect("kept");
    let check = office.service.card_check(banyumas()).expect("read").expect("lists");
    let keys = CardKeys::verify_own(&unarmoured(check.keys.as_bytes()).expect("text")).expect("keys");
    let list = StatusList::verify(&unarmoured(check.list.as_bytes()).expect("text"), &keys).expect("a list");
    (keys, vec![list])
}

fn verdict(office: &Office, text: &str) -> Verdict {
    let (keys, lists) = check(office);
    verify(text, &keys, &lists, Clock { today: jakarta(office.now.get()), sure: true })
}

fn branch() -> (Office, Phone) {
    let office = Office::new();
    // the key of the year in which the tests are, whatever this machine's clock says
    office.service.keys().ensure_card_key(START).expect("a key");
    let phone = office.phone(&[RT3]);
    (office, phone)
}

#[test]
fn captured_is_not_covered_and_the_card_comes_with_the_branchs_proof_to_the_officials_phone() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    assert_eq!(issued(&office, 10), None, "a number is no cover");
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    phone.pull(&office);
    let shown = phone.shown(record(10), "card");
    let card: IssuedCard = serde_json::from_value(shown).expect("a card");
    assert_eq!(card, the_card(&office, 10));
    assert_eq!((card.from, card.paid_to, card.expires), (day("2026-11-22"), month("2027-01"), day("2027-11-22")));
    let Verdict::Green(read) = verdict(&office, &card.text) else { panic!("green") };
    assert_eq!((read.name.as_str(), read.nik.as_str()), ("ORANG 10", "3302********9010"));
    assert!(!card.text.contains("ORANG"), "packed");
    let text = card.text.parse().expect("a card's text");
    assert!(QrCode::of(&text).expect("a code").version() <= 12);
    // with what it is verified offline came by the same exchange
    let record = shared_record(&Kind::Reference, Some(&Area::from(banyumas())), CARD_CHECK);
    phone.pull(&office);
    let table: CardCheck = serde_json::from_value(phone.shown(record, "table")).expect("a table");
    assert_eq!(Some(table), office.service.card_check(banyumas()).expect("read"));
}

#[test]
fn cover_that_begins_later_is_said_so() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    pay(&office, 10, Some("2026-12-01"), "2027-02");
    let card = the_card(&office, 10);
    assert_eq!(verdict(&office, &card.text).codes(), ["starts_later"]);
    office.later(9 * DAY);
    assert_eq!(verdict(&office, &card.text).light(), Light::Green);
}

#[test]
fn what_is_paid_further_gives_a_new_text_under_the_same_number() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    pay(&office, 10, Some("2026-11-22"), "2026-12");
    let first = the_card(&office, 10);
    office.later(30 * DAY);
    pay(&office, 10, None, "2027-03");
    let second = the_card(&office, 10);
    assert_eq!((&second.id, second.place), (&first.id, first.place));
    assert_ne!(second.text, first.text);
    assert_eq!(second.paid_to, month("2027-03"));
    assert_eq!(verdict(&office, &first.text).light(), Light::Green, "until what it tells is over");
    office.later(30 * DAY);
    assert_eq!(verdict(&office, &first.text).codes(), ["paid_until"]);
    assert_eq!(verdict(&office, &second.text).light(), Light::Green);
}

#[test]
fn end_of_a_membership_takes_every_text_of_its_card_back() {
    for how in [Closing::Leave, Closing::Died] {
        let (office, mut phone) = branch();
        registered(&mut phone, &office, 10);
        numbered(&office, 10);
        pay(&office, 10, Some("2026-11-22"), "2026-12");
        let first = the_card(&office, 10);
        pay(&office, 10, None, "2027-03");
        let second = the_card(&office, 10);
        let reason = Reason { code: "ended".to_owned(), text: String::new() };
        office.act(Act::Close { enrollment: record(11), how, reason });
        assert_eq!(issued(&office, 10), None);
        phone.pull(&office);
        assert_eq!(phone.shown(record(10), "card"), Value::Null);
        for card in [first, second] {
            assert_eq!(verdict(&office, &card.text).codes(), ["revoked"], "{how:?}");
        }
    }
}

#[test]
fn correction_of_a_name_gives_another_number_and_takes_the_old_one_back() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    let before = the_card(&office, 10);
    phone.pull(&office);
    let edit = phone.edit(&office, record(10), "name", "ORANG SEPULUH");
    phone.send(&office, &[edit]);
    assert_eq!(the_card(&office, 10), before, "a correction waits for an operator");
    let conflict = phone.conflict(record(10), "name").cloned().expect("open");
    let seen = conflict.candidates.iter().map(|candidate| candidate.op).collect();
    office.act(Act::Resolve {
        record: record(10),
        field: "name".to_owned(),
        value: json!("ORANG SEPULUH"),
        seen,
        document: Some("ktp".to_owned()),
    });
    let after = the_card(&office, 10);
    assert_ne!((&after.id, after.place), (&before.id, before.place));
    assert_eq!(verdict(&office, &before.text).codes(), ["revoked"]);
    let Verdict::Green(card) = verdict(&office, &after.text) else { panic!("green") };
    assert_eq!(card.name, "ORANG SEPULUH");
}

#[test]
fn lost_card_is_replaced_and_nobody_gets_one_by_that_who_is_not_covered() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    let replace = || Act::ReplaceCard { worker: record(10), reason: "lost".to_owned() };
    let refused = |act| match office.service.act(BOSS, act, office.now.get()) {
        Err(ServiceError::Refused(code)) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(replace()), "no_card");
    numbered(&office, 10);
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    let lost = the_card(&office, 10);
    office.act(replace());
    let found = the_card(&office, 10);
    assert_ne!(found.id, lost.id);
    assert_eq!(verdict(&office, &lost.text).codes(), ["revoked"]);
    assert_eq!(verdict(&office, &found.text).light(), Light::Green);
    // twice lost
    office.act(replace());
    assert_eq!(verdict(&office, &found.text).codes(), ["revoked"]);
    assert_eq!(verdict(&office, &the_card(&office, 10).text).light(), Light::Green);
}

#[test]
fn linked_duplicate_leaves_one_person_one_card() {
    let (office, mut phone) = branch();
    let mut other = office.phone(&[RT3]);
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    let before = the_card(&office, 10);
    let worker = other.worker(&office, record(30), &nik(10), "ORANG 10");
    other.send(&office, &[worker]);
    let aliased = office.record(record(30)).alias.is_some();
    if !aliased {
        office.act(Act::Link { later: record(30), earlier: record(10) });
    }
    assert_eq!(the_card(&office, 10), before);
    assert_eq!(issued(&office, 30), None);
}

#[test]
fn erased_persons_card_is_red_and_its_place_nobody_elses() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    let card = the_card(&office, 10);
    office.service.erase(BOSS, record(10), "consent_withdrawn", office.now.get()).expect("erased");
    assert_eq!(verdict(&office, &card.text).codes(), ["revoked"]);
    let unit = office.service.storage().read().expect("a unit");
    let row = unit.cards(&CardsOf::Number(&card.id)).expect("read").pop().expect("kept");
    assert_eq!((row.worker, row.revoked), (None, true));
}

#[test]
fn server_without_a_key_issues_later_and_takes_back_all_the_same() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    registered(&mut phone, &office, 20);
    for n in [10, 20] {
        numbered(&office, n);
    }
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    let card = the_card(&office, 10);
    // the operator keeps the root elsewhere and the next year's key is late
    let keys = office.data().join("keys");
    let root = office.dir.path().join("root.key");
    fs::rename(keys.join("root.key"), &root).expect("moved away");
    let year = fs::read_dir(&keys)
        .expect("keys")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("card-"));
    let year = year.expect("a year's key").path();
    fs::rename(&year, office.dir.path().join("away")).expect("moved");
    pay(&office, 20, Some("2026-11-22"), "2027-01");
    assert_eq!(issued(&office, 20), None, "no key, no card; the payment stands");
    assert_eq!(office.record(record(21)).text("status"), Some("active"));
    assert!(!office.service.keep_cards(office.now.get()).expect("kept").issues);
    let reason = Reason { code: "ended".to_owned(), text: String::new() };
    office.act(Act::Close { enrollment: record(11), how: Closing::Leave, reason });
    assert_eq!(issued(&office, 10), None);
    fs::rename(office.dir.path().join("away"), &year).expect("back");
    office.later(DAY);
    let kept = office.service.keep_cards(office.now.get()).expect("kept");
    assert!(kept.issues && kept.cards > 0);
    assert_eq!(verdict(&office, &the_card(&office, 20).text).light(), Light::Green);
    assert_eq!(verdict(&office, &card.text).codes(), ["revoked"]);
    assert_eq!(office.service.keep_cards(office.now.get()).expect("kept").cards, 0, "once");
}

#[test]
fn restored_server_comes_to_the_same_cards() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    registered(&mut phone, &office, 20);
    numbered(&office, 10);
    numbered(&office, 20);
    let copy = office.backup();
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    pay(&office, 20, Some("2026-11-22"), "2027-01");
    office.act(Act::ReplaceCard { worker: record(20), reason: "lost".to_owned() });
    let (first, second) = (the_card(&office, 10), the_card(&office, 20));
    let office = office.restore(&copy);
    assert_eq!((the_card(&office, 10), the_card(&office, 20)), (first, second));
}

#[test]
fn list_is_told_anew_when_something_was_taken_back_and_once_a_day() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    let keep = || office.service.keep_cards(office.now.get()).expect("kept").lists;
    assert_eq!((keep(), keep()), (1, 0));
    office.act(Act::ReplaceCard { worker: record(10), reason: "lost".to_owned() });
    assert_eq!((keep(), keep()), (1, 0));
    office.later(DAY);
    assert_eq!((keep(), keep()), (1, 0));
}

#[test]
fn card_that_soon_runs_out_is_issued_anew() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    pay(&office, 10, Some("2026-11-22"), "2027-12");
    let first = the_card(&office, 10);
    office.later(320 * DAY);
    office.service.keep_cards(office.now.get()).expect("kept");
    let second = the_card(&office, 10);
    assert_eq!((&second.id, second.expires), (&first.id, day("2028-10-08")));
    assert_eq!(verdict(&office, &second.text).light(), Light::Green);
}

#[test]
fn phone_cannot_write_a_card() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    phone.pull(&office);
    let forged: Op = phone.edit(&office, record(10), "card", json!({ "id": "PALSU" }));
    phone.send(&office, &[forged]);
    assert_eq!(office.record(record(10)).value("card"), &Value::Null);
}

#[test]
fn persons_own_phone_gets_the_card_and_what_verifies_it_by_the_claim_code() {
    let (office, mut phone) = branch();
    registered(&mut phone, &office, 10);
    numbered(&office, 10);
    let servers = vec!["https://payung.example.id".to_owned()];
    let claim = office.service.claim_code(BOSS, record(10), servers, office.now.get()).expect("a code");
    let mut own = office.join(&claim.invite, None);
    own.pull(&office);
    assert_eq!(own.shown(record(10), "card"), Value::Null, "not covered, no card");
    pay(&office, 10, Some("2026-11-22"), "2027-01");
    check(&office);
    own.pull(&office);
    let card: IssuedCard = serde_json::from_value(own.shown(record(10), "card")).expect("a card");
    let record = shared_record(&Kind::Reference, Some(&Area::from(banyumas())), CARD_CHECK);
    let table: CardCheck = serde_json::from_value(own.shown(record, "table")).expect("a table");
    let keys = CardKeys::verify_own(&unarmoured(table.keys.as_bytes()).expect("text")).expect("keys");
    let list = StatusList::verify(&unarmoured(table.list.as_bytes()).expect("text"), &keys).expect("a list");
    let clock = Clock { today: jakarta(office.now.get()), sure: true };
    assert_eq!(verify(&card.text, &keys, &[list], clock).light(), Light::Green);
    // and nothing else that is shared
    assert_eq!(own.base.values().filter(|put| put.kind == Kind::Reference).count(), 1);
    assert!(own.base.values().all(|put| put.kind != Kind::Village && put.kind != Kind::SponsorAgreement));
}
