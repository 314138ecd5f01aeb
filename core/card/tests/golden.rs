//! Cards as they were issued once: a card that was printed must stay readable, and foreign verifiers judge these
//! (tests/judges). `PAYUNG_BLESS=1` writes them anew.
#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::{Days, NaiveDate};
use payung_card::{Card, Clock, Light, StatusList, issue, verify};
use payung_people::{
    card::{LIST, card, issuer, keys},
    person,
};
use serde_json::{Value, json};
use std::{env, fs, path::PathBuf};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cards.json")
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

/// Judges elsewhere have their own clock: these are good for as long as anybody runs them.
fn lasting(i: u64) -> Card {
    let far = NaiveDate::from_ymd_opt(2099, 12, 31).unwrap();
    Card { expires: far, ..card(&person(169, i, "330224", day()), i, day()) }
}

fn made() -> Value {
    let (ours, stranger) = (issuer(7), issuer(8));
    let past = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
    let future = NaiveDate::from_ymd_opt(2098, 1, 1).unwrap();
    let text = |card: &Card| issue(card, &ours).unwrap().as_str().to_owned();
    let entry = |i: u64| {
        let card = lasting(i);
        json!({ "text": text(&card), "id": card.id, "name": card.name, "issuer": card.issuer, "nik": card.nik.as_str(), "index": card.status.index })
    };
    let expired = |i: u64| Card {
        expires: past + Days::new(300),
        issued: past,
        covered_from: past,
        paid_to: payung_domain::calendar::Month::new(2020, 6).unwrap(),
        ..lasting(i)
    };
    let later = |i: u64| Card {
        covered_from: future,
        paid_to: payung_domain::calendar::Month::new(2098, 6).unwrap(),
        ..lasting(i)
    };
    json!({
        "issuer_public": hex::encode(ours.public().to_bytes()),
        "stranger_public": hex::encode(stranger.public().to_bytes()),
        "kid": ours.public().id().to_string(),
        "cards": (0..200).map(entry).collect::<Vec<_>>(),
        "expired": (0..10).map(|i| text(&expired(i))).collect::<Vec<_>>(),
        "future": (0..10).map(|i| text(&later(i))).collect::<Vec<_>>(),
        "stranger": (0..10).map(|i| issue(&lasting(i), &stranger).unwrap().as_str().to_owned()).collect::<Vec<_>>(),
    })
}

#[test]
fn cards_are_those_of_the_golden_file() {
    let made = made();
    if env::var_os("PAYUNG_BLESS").is_some() {
        fs::create_dir_all(path().parent().unwrap()).unwrap();
        fs::write(path(), serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let golden: Value = serde_json::from_slice(&fs::read(path()).unwrap()).unwrap();
    assert!(made == golden, "the profile has changed; cards that are printed have the old one");
}

#[test]
fn golden_cards_are_judged_as_they_are_named() {
    let golden: Value = serde_json::from_slice(&fs::read(path()).unwrap()).unwrap();
    let keys = keys(&[issuer(7)], day());
    let list = StatusList::new(LIST, 1_000_000, day().and_hms_opt(5, 0, 0).unwrap().and_utc()).unwrap();
    let codes = |text: &Value| {
        let verdict =
            verify(text.as_str().unwrap(), &keys, std::slice::from_ref(&list), Clock { today: day(), sure: true });
        (verdict.light(), verdict.codes().join(" "))
    };
    let texts = |name: &str| golden[name].as_array().unwrap().clone();
    assert_eq!(texts("cards").len(), 200);
    assert!(texts("cards").iter().all(|card| codes(&card["text"]).0 == Light::Green));
    // issued before the key was valid, and so red for that first
    assert!(texts("expired").iter().all(|text| codes(text) == (Light::Red, "key_not_valid".to_owned())));
    assert!(texts("future").iter().all(|text| codes(text) == (Light::Amber, "starts_later".to_owned())));
    assert!(texts("stranger").iter().all(|text| codes(text) == (Light::Red, "other_issuer".to_owned())));
}
