//! Cards as they are issued, read and refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::{Days, NaiveDate, TimeDelta, TimeZone, Utc};
use ciborium::Value;
use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, iana};
use flate2::{Compression, write::ZlibEncoder};
use payung_card::{
    Birth, Card, CardError, CardKeys, CardText, Clock, Doubt, Fingerprint, IssuerKey, Light, MaskedNik, Refusal,
    StatusList, Verdict, issue, verify, words,
};
use payung_domain::calendar::Month;
use payung_people::{
    card::{LIST, card, issuer, keys},
    person,
};
use std::io::{Read, Write};

const SEED: u64 = 20;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn today() -> NaiveDate {
    day(2026, 11, 23)
}

fn sure(today: NaiveDate) -> Clock {
    Clock { today, sure: true }
}

fn seeded(i: u64) -> Card {
    card(&person(SEED, i, "330224", today()), i, today())
}

/// Noon of that day in Jakarta, as a list of it is made.
fn list_of(day: NaiveDate) -> StatusList {
    StatusList::new(LIST, 1_000_000, Utc.from_utc_datetime(&day.and_hms_opt(5, 0, 0).unwrap())).unwrap()
}

struct World {
    issuer: IssuerKey,
    keys: CardKeys,
    list: StatusList,
}

impl World {
    fn new() -> Self {
        let issuer = issuer(7);
        Self { keys: keys(std::slice::from_ref(&issuer), today()), issuer, list: list_of(today()) }
    }

    fn issue(&self, card: &Card) -> CardText {
        issue(card, &self.issuer).unwrap()
    }

    fn verdict(&self, card: &Card, clock: Clock) -> Verdict {
        verify(self.issue(card).as_str(), &self.keys, std::slice::from_ref(&self.list), clock)
    }

    fn refusal(&self, text: &str) -> Refusal {
        match verify(text, &self.keys, std::slice::from_ref(&self.list), sure(today())) {
            Verdict::Red(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

/// The signed bytes inside a text, as anybody may take them out.
fn inside(text: &str) -> Vec<u8> {
    let packed = base45::decode(text).unwrap();
    let mut signed = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut signed).unwrap();
    signed
}

/// Any bytes as a text.
fn outside(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    base45::encode(encoder.finish().unwrap())
}

/// A message of our own key whose headers and claims `change` leaves as it likes.
fn forged(world: &World, change: impl FnOnce(&mut CoseSign1)) -> String {
    let mut message = CoseSign1::from_tagged_slice(&inside(world.issue(&seeded(1)).as_str())).unwrap();
    message.protected.original_data = None;
    change(&mut message);
    let header = message.protected.header.clone();
    let secret = ed25519_dalek::SigningKey::from_bytes(&world.issuer.to_bytes());
    let signed = CoseSign1Builder::new()
        .protected(header)
        .unprotected(message.unprotected)
        .payload(message.payload.unwrap())
        .create_signature(&[], |bytes| ed25519_dalek::Signer::sign(&secret, bytes).to_bytes().to_vec())
        .build();
    outside(&signed.to_tagged_vec().unwrap())
}

/// The claims of a card with one of them changed.
fn with_claim(world: &World, change: impl FnOnce(&mut Vec<(Value, Value)>)) -> String {
    forged(world, |message| {
        let mut claims: Value = ciborium::from_reader(&message.payload.clone().unwrap()[..]).unwrap();
        change(claims.as_map_mut().unwrap());
        let mut payload = Vec::new();
        ciborium::into_writer(&claims, &mut payload).unwrap();
        message.payload = Some(payload);
    })
}

#[test]
fn two_hundred_cards_say_what_was_issued_and_are_green() {
    let world = World::new();
    for i in 0..200 {
        let card = seeded(i);
        match world.verdict(&card, sure(today())) {
            Verdict::Green(read) => assert!(*read == card, "card {i}"),
            other => panic!("card {i}: {other:?}"),
        }
    }
}

#[test]
fn standard_card_keeps_the_bytes_of_a_code_of_version_12() {
    let world = World::new();
    let sizes: Vec<usize> = (0..200).map(|i| base45::decode(world.issue(&seeded(i)).as_str()).unwrap().len()).collect();
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    println!("{least} to {most} bytes");
    // 419 characters in alphanumeric mode at level M (ISO/IEC 18004 table 7)
    assert!(*most <= 279, "{most}");
}

#[test]
fn tag_61_before_the_card_is_accepted_and_no_other_form() {
    let world = World::new();
    let signed = inside(world.issue(&seeded(3)).as_str());
    assert_eq!(signed[0], 0xd2, "tag 18 is outermost");
    let lists = std::slice::from_ref(&world.list);
    let tagged = outside(&[&[0xd8, 61], &signed[..]].concat());
    assert_eq!(verify(&tagged, &world.keys, lists, sure(today())).light(), Light::Green);
    for other in [
        outside(&signed[1..]),
        outside(&[&[0xd8, 61, 0xd8, 61], &signed[..]].concat()),
        outside(&[&signed[..], &[0]].concat()),
    ] {
        assert_eq!(world.refusal(&other), Refusal::Card(CardError::NotOurs));
    }
}

#[test]
fn any_changed_bit_makes_it_red() {
    let world = World::new();
    let mut rng = fastrand::Rng::with_seed(1);
    for i in 0..20 {
        let text = world.issue(&seeded(i));
        let signed = inside(text.as_str());
        for _ in 0..50 {
            let (mut changed, bit) = (signed.clone(), rng.usize(..signed.len() * 8));
            changed[bit / 8] ^= 1 << (bit % 8);
            world.refusal(&outside(&changed));
            let mut typed = text.as_str().as_bytes().to_vec();
            let at = rng.usize(..typed.len());
            typed[at] = if typed[at] == b'A' { b'B' } else { b'A' };
            world.refusal(std::str::from_utf8(&typed).unwrap());
        }
    }
}

#[test]
fn cut_text_is_told_as_cut_wherever_it_ends() {
    let world = World::new();
    let text = world.issue(&seeded(5));
    for end in (0..text.as_str().len()).step_by(3) {
        let refusal = world.refusal(&text.as_str()[..end]);
        assert_eq!(refusal, Refusal::Card(CardError::Truncated), "{end}");
    }
}

#[test]
fn what_is_no_card_is_told_as_such() {
    let world = World::new();
    for other in [
        "https://example.org/menu",
        "BEGIN:VCARD",
        "kartu",
        "6BF",
        "0\u{20ac}0",
        &outside(b"hello"),
        &outside(&[0xd2, 0x84]),
    ] {
        let refusal = world.refusal(other);
        let reasons = [Refusal::Card(CardError::NotOurs), Refusal::Card(CardError::Truncated)];
        assert!(reasons.contains(&refusal), "{other}: {refusal:?}");
    }
    let list = world.list.sign(&world.issuer).unwrap();
    assert_eq!(world.refusal(&outside(&list)), Refusal::Card(CardError::NotOurs), "a status list is no card");
    let untyped = with_claim(&world, |claims| claims.retain(|(key, _)| *key != Value::from(169)));
    assert_eq!(world.refusal(&untyped), Refusal::Card(CardError::NotOurs), "a token without claim 169");
}

#[test]
fn huge_and_nested_cards_are_refused_before_they_are_read() {
    let world = World::new();
    assert_eq!(world.refusal(&"A".repeat(5000)), Refusal::Card(CardError::TooLarge { limit: 4296 }));
    assert_eq!(world.refusal(&outside(&vec![0xd2; 1 << 20])), Refusal::Card(CardError::TooLarge { limit: 4096 }));
    let nested = with_claim(&world, |claims| {
        let deep = (0..20).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        claims.push((Value::from(70_000), deep));
    });
    assert_eq!(world.refusal(&nested), Refusal::Card(CardError::Nested), "well signed, and still");
}

#[test]
fn headers_outside_the_profile_are_refused() {
    let world = World::new();
    let unprotected = forged(&world, |message| message.unprotected = HeaderBuilder::new().key_id(vec![1]).build());
    assert_eq!(world.refusal(&unprotected), Refusal::Card(CardError::NotOurs));
    let unknown = forged(&world, |message| {
        message.protected.header = HeaderBuilder::new()
            .algorithm(iana::Algorithm::EdDSA)
            .key_id(world.issuer.public().id().0.to_vec())
            .value(99, Value::Null)
            .build();
    });
    assert_eq!(world.refusal(&unknown), Refusal::Card(CardError::NotOurs));
    let algorithm = forged(&world, |message| {
        message.protected.header = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build();
    });
    assert_eq!(world.refusal(&algorithm), Refusal::Card(CardError::Algorithm));
    let nameless = forged(&world, |message| {
        message.protected.header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).build();
    });
    let lists = std::slice::from_ref(&world.list);
    assert_eq!(
        verify(&nameless, &world.keys, lists, sure(today())).light(),
        Light::Green,
        "a kid helps, the key decides"
    );
}

#[test]
fn missing_or_wrong_claim_is_told_by_its_name() {
    let world = World::new();
    for (key, name) in [(1, "iss"), (4, "exp"), (5, "nbf"), (6, "iat"), (65_535, "status")] {
        let without = with_claim(&world, |claims| claims.retain(|(claim, _)| *claim != Value::from(key)));
        assert_eq!(world.refusal(&without), Refusal::Card(CardError::Claim(name)));
        let wrong = with_claim(&world, |claims| {
            claims.retain(|(claim, _)| *claim != Value::from(key));
            claims.push((Value::from(key), Value::Bytes(vec![1])));
        });
        assert_eq!(world.refusal(&wrong), Refusal::Card(CardError::Claim(name)));
    }
    for (key, name, wrong) in [
        (4, "name", Value::from("")),
        (8, "birth", Value::from("1980-05-15")),
        (78, "birth", Value::from(1980)),
        (9, "sex", Value::from(3)),
        (21, "location", Value::from("33.02.24.1001")),
        (75, "nik", Value::from("3302241505809001")),
        (76, "programmes", Value::from(8)),
        (77, "paid_to", Value::from(202_613)),
    ] {
        let changed = with_claim(&world, |claims| {
            let person = claims.iter_mut().find(|(claim, _)| *claim == Value::from(169)).unwrap();
            let person = person.1.as_map_mut().unwrap();
            person.retain(|(attribute, _)| *attribute != Value::from(key));
            person.push((Value::from(key), wrong));
        });
        assert_eq!(world.refusal(&changed), Refusal::Card(CardError::Claim(name)));
    }
    let twice = with_claim(&world, |claims| claims.push((Value::from(4), Value::from(i64::MAX))));
    assert_eq!(world.refusal(&twice), Refusal::Card(CardError::NotOurs), "two answers to one question");
    let never = with_claim(&world, |claims| {
        claims
            .iter_mut()
            .filter(|(claim, _)| *claim == Value::from(4))
            .for_each(|(_, exp)| *exp = Value::from(i64::MAX));
    });
    assert_eq!(world.refusal(&never), Refusal::Card(CardError::Claim("exp")));
}

#[test]
fn attribute_of_a_later_version_is_left_alone() {
    let world = World::new();
    let newer = with_claim(&world, |claims| {
        claims.push((Value::from(70_000), Value::from("later")));
        let person = claims.iter_mut().find(|(claim, _)| *claim == Value::from(169)).unwrap();
        person.1.as_map_mut().unwrap().push((Value::from(99), Value::from("later")));
    });
    assert_eq!(verify(&newer, &world.keys, std::slice::from_ref(&world.list), sure(today())).light(), Light::Green);
}

#[test]
fn only_a_card_that_covers_today_is_green() {
    let world = World::new();
    let card = Card { covered_from: day(2026, 12, 1), paid_to: Month::new(2027, 2).unwrap(), ..seeded(1) };
    let reasons = |today| match world.verdict(&card, sure(today)) {
        Verdict::Amber(_, doubts) => doubts,
        Verdict::Green(_) => Vec::new(),
        Verdict::Red(refusal) => panic!("{refusal}"),
    };
    // the list is kept fresh, so that only the days differ
    let fresh = |today| World { list: list_of(today), ..World::new() };
    let on = |today| match fresh(today).verdict(&card, sure(today)) {
        Verdict::Amber(_, doubts) => doubts,
        Verdict::Green(_) => Vec::new(),
        Verdict::Red(refusal) => panic!("{refusal}"),
    };
    assert_eq!(reasons(today()), [Doubt::StartsLater(day(2026, 12, 1))]);
    assert_eq!(on(day(2026, 11, 30)), [Doubt::StartsLater(day(2026, 12, 1))]);
    assert_eq!(on(day(2026, 12, 1)), []);
    assert_eq!(on(day(2027, 2, 28)), []);
    assert_eq!(on(day(2027, 3, 1)), [Doubt::PaidUntil(Month::new(2027, 2).unwrap())]);
    let verdict = fresh(day(2027, 3, 1)).verdict(&card, sure(day(2027, 3, 1)));
    assert!(words::sentences(&verdict)[0].contains("iuran tercatat sampai 02/2027"));
    let verdict = world.verdict(&card, sure(today()));
    assert!(words::sentences(&verdict)[0].contains("Lunas, terlindungi mulai 1 Desember 2026"));
}

#[test]
fn last_day_of_a_card_is_the_last() {
    let card = seeded(2);
    assert_eq!(card.expires, day(2027, 11, 23));
    let on = |today| World { list: list_of(today), ..World::new() }.verdict(&card, sure(today));
    assert_eq!(on(day(2027, 11, 23)).light(), Light::Amber, "paid for less than a year");
    assert_eq!(on(day(2027, 11, 24)), Verdict::Red(Refusal::Expired));
    let unsure = Clock { today: day(2027, 11, 24), sure: false };
    assert_eq!(World::new().verdict(&card, unsure), Verdict::Red(Refusal::Expired));
}

#[test]
fn card_of_tomorrow_is_red_by_a_sure_clock_and_a_question_by_an_unsure_one() {
    let world = World { list: list_of(day(2026, 11, 20)), ..World::new() };
    let yesterday = day(2026, 11, 22);
    assert_eq!(world.verdict(&seeded(2), sure(yesterday)), Verdict::Red(Refusal::Future));
    let doubts = world.verdict(&seeded(2), Clock { today: yesterday, sure: false }).codes();
    assert!(doubts.contains(&"unsure_clock"), "{doubts:?}");
}

#[test]
fn clock_that_nobody_checked_or_a_list_disproves_is_never_green() {
    let world = World::new();
    let unsure = Clock { today: today(), sure: false };
    assert_eq!(world.verdict(&seeded(1), unsure).codes(), ["unsure_clock"]);
    let ahead = World { list: list_of(day(2026, 11, 25)), ..World::new() };
    assert_eq!(ahead.verdict(&seeded(1), sure(today())).codes(), ["unsure_clock"]);
}

#[test]
fn list_of_more_than_seven_days_or_none_is_a_question() {
    let card = seeded(1);
    let made = |days| World { list: list_of(today() - TimeDelta::days(days)), ..World::new() };
    assert_eq!(made(7).verdict(&card, sure(today())).light(), Light::Green);
    match made(8).verdict(&card, sure(today())) {
        Verdict::Amber(_, doubts) => assert_eq!(doubts, [Doubt::OldList { days: 8 }]),
        other => panic!("{other:?}"),
    }
    let world = World::new();
    let text = world.issue(&card);
    assert_eq!(verify(text.as_str(), &world.keys, &[], sure(today())).codes(), ["no_list"]);
    let other = StatusList::new("https://payung.example.id/s/3303", 8, world.list.issued()).unwrap();
    assert_eq!(verify(text.as_str(), &world.keys, &[other], sure(today())).codes(), ["no_list"], "of another regency");
}

#[test]
fn revoked_card_is_red_even_by_an_old_list_and_the_newest_list_counts() {
    let card = seeded(1);
    let mut old = list_of(day(2026, 11, 1));
    old.revoke(card.status.index).unwrap();
    let mut world = World { list: old.clone(), ..World::new() };
    assert_eq!(world.verdict(&card, sure(today())), Verdict::Red(Refusal::Revoked));
    assert_eq!(world.verdict(&card, Clock { today: today(), sure: false }), Verdict::Red(Refusal::Revoked));
    let text = world.issue(&card);
    let lists = [old, list_of(today())];
    assert_eq!(verify(text.as_str(), &world.keys, &lists, sure(today())).light(), Light::Green, "given back since");
    world.list = StatusList::new(LIST, 8, world.list.issued()).unwrap();
    assert_eq!(world.verdict(&card, sure(today())), Verdict::Red(Refusal::Unlisted));
}

#[test]
fn card_of_a_key_outside_the_list_or_its_validity_is_red() {
    let world = World::new();
    let stranger = issue(&seeded(1), &issuer(8)).unwrap();
    assert_eq!(world.refusal(stranger.as_str()), Refusal::Card(CardError::OtherIssuer));
    let text = world.issue(&seeded(1));
    let mut keys = world.keys.clone();
    keys.keys[0].until = today() - TimeDelta::days(1);
    let late = verify(text.as_str(), &keys, &[], sure(today()));
    assert_eq!(late, Verdict::Red(Refusal::Card(CardError::KeyNotValid)));
    keys.keys[0].until = today();
    keys.keys.push(payung_card::CardKey { public: issuer(8).public(), ..keys.keys[0] });
    let next_year = today() + Days::new(300);
    let verdict = verify(text.as_str(), &keys, &[list_of(next_year)], sure(next_year));
    assert_ne!(verdict.light(), Light::Red, "a card outlives the year of its key");
}

#[test]
fn key_list_hangs_on_its_root() {
    let world = World::new();
    let root = issuer(200);
    let fingerprint = root.public().fingerprint();
    let signed = world.keys.sign(&root).unwrap();
    assert_eq!(CardKeys::verify(&signed, &fingerprint, 1), Ok(world.keys.clone()));
    assert_eq!(fingerprint.to_string().parse::<Fingerprint>(), Ok(fingerprint));
    let armoured = payung_card::armoured(&signed);
    let wrapped = armoured.as_bytes().chunks(60).collect::<Vec<_>>().join(
        &b"
"[..],
    );
    assert_eq!(*payung_card::unarmoured(&wrapped).unwrap(), signed);
    assert_eq!(*payung_card::unarmoured(&signed).unwrap(), signed);
    assert_eq!(CardKeys::verify(&signed, &fingerprint, 2), Err(CardError::OldSerial));
    assert_eq!(CardKeys::verify(&signed, &issuer(201).public().fingerprint(), 0), Err(CardError::OtherRoot));
    assert_eq!(world.keys.sign(&issuer(201)), Err(CardError::OtherRoot));
    for at in 0..signed.len() {
        let mut changed = signed.clone();
        changed[at] ^= 4;
        assert!(CardKeys::verify(&changed, &fingerprint, 0).is_err(), "{at}");
    }
    // signed by the root in another place: a list of keys holds only as such
    let mut payload = Vec::new();
    ciborium::into_writer(&world.keys, &mut payload).unwrap();
    let secret = ed25519_dalek::SigningKey::from_bytes(&root.to_bytes());
    let elsewhere = CoseSign1Builder::new()
        .protected(HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).build())
        .payload(payload)
        .create_signature(b"payung/keys/1", |bytes| ed25519_dalek::Signer::sign(&secret, bytes).to_bytes().to_vec())
        .build();
    assert_eq!(CardKeys::verify_own(&elsewhere.clone().to_tagged_vec().unwrap()), Err(CardError::BadSignature));
    assert_eq!(CardKeys::verify_own(&elsewhere.to_vec().unwrap()), Err(CardError::NotOurs));
}

#[test]
fn values_that_no_card_may_have_are_not_issued() {
    let world = World::new();
    let wrong: [(&str, Card); 8] = [
        ("iss", Card { issuer: "payung".to_owned(), ..seeded(1) }),
        ("id", Card { id: "PY 1".to_owned(), ..seeded(1) }),
        ("name", Card { name: " ".to_owned(), ..seeded(1) }),
        ("name", Card { name: "A".repeat(101), ..seeded(1) }),
        ("birth", Card { birth: Birth::Year(80), ..seeded(1) }),
        ("programmes", Card { programmes: [].into_iter().collect(), ..seeded(1) }),
        ("paid_to", Card { paid_to: Month::new(2026, 10).unwrap(), ..seeded(1) }),
        ("exp", Card { expires: today(), ..seeded(1) }),
    ];
    for (claim, card) in wrong {
        assert_eq!(issue(&card, &world.issuer), Err(CardError::Claim(claim)));
    }
    for nik in ["3302241505809001", "3302********900", "330*********9001", "3302********90O1"] {
        assert!(MaskedNik::parse(nik).is_err());
    }
}

#[test]
fn status_list_of_a_million_cards_stays_small_and_reads_back() {
    let world = World::new();
    let mut rng = fastrand::Rng::with_seed(3);
    let mut list = list_of(today());
    let mut revoked: Vec<u32> = (0..20_000).map(|_| rng.u32(..1_000_000)).collect();
    for index in &revoked {
        list.revoke(*index).unwrap();
    }
    let signed = list.sign(&world.issuer).unwrap();
    println!("{} bytes for 1,000,000 cards, 2 % taken back", signed.len());
    assert!(signed.len() <= 30_000, "{}", signed.len());
    let read = StatusList::verify(&signed, &world.keys).unwrap();
    assert_eq!(read, list);
    revoked.sort_unstable();
    assert!((0..1_000_000).all(|index| read.is_revoked(index) == Some(revoked.binary_search(&index).is_ok())));
    assert_eq!(read.is_revoked(1_000_000), None);
}

#[test]
fn status_list_that_is_changed_or_of_another_key_is_not_believed() {
    let world = World::new();
    let mut list = StatusList::new(LIST, 512, list_of(today()).issued()).unwrap();
    list.revoke(77).unwrap();
    let signed = list.sign(&world.issuer).unwrap();
    for at in 0..signed.len() {
        let mut changed = signed.clone();
        changed[at] ^= 16;
        assert!(StatusList::verify(&changed, &world.keys).is_err(), "{at}");
        assert!(StatusList::verify(&signed[..at], &world.keys).is_err(), "{at}");
    }
    let stranger = list.sign(&issuer(8)).unwrap();
    assert_eq!(StatusList::verify(&stranger, &world.keys), Err(CardError::OtherIssuer));
    let card = inside(world.issue(&seeded(1)).as_str());
    assert_eq!(StatusList::verify(&card, &world.keys), Err(CardError::NotOurs), "a card is no list");
    let old = StatusList::new(LIST, 8, list_of(day(2024, 1, 1)).issued()).unwrap().sign(&world.issuer).unwrap();
    assert_eq!(StatusList::verify(&old, &world.keys), Err(CardError::KeyNotValid));
    assert_eq!(StatusList::verify(&vec![0xd2; 2 << 20], &world.keys), Err(CardError::TooLarge { limit: 1 << 20 }));
    assert_eq!(StatusList::new(LIST, u32::MAX, list.issued()), Err(CardError::TooLarge { limit: 1 << 20 }));
}
