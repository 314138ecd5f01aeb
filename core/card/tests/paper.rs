//! The printed card.
#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::NaiveDate;
use payung_card::{
    Card, issue,
    print::{Office, Paper, PrintError, pdf},
};
use payung_people::{
    card::{card, issuer},
    person,
};

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

fn office() -> Office {
    Office {
        branch: "Kantor Cabang Contoh, Jalan Rekaan 1, telepon 0281 000000".to_owned(),
        feedback: "kritik@payung.example.id atau kotak saran di kantor desa".to_owned(),
    }
}

fn printed(card: &Card, paper: Paper) -> Result<Vec<u8>, PrintError> {
    pdf(card, &issue(card, &issuer(7)).unwrap(), &office(), paper)
}

fn seeded(i: u64) -> Card {
    card(&person(20, i, "330224", day()), i, day())
}

#[test]
fn two_hundred_cards_have_room_on_both_papers() {
    for i in 0..200 {
        for paper in [Paper::A6, Paper::Id1] {
            let file = printed(&seeded(i), paper).unwrap_or_else(|error| panic!("card {i} {paper:?}: {error}"));
            assert!(file.starts_with(b"%PDF-1.7") && file.len() < 60_000, "{}", file.len());
        }
    }
}

#[test]
fn printing_again_gives_the_same_bytes() {
    for paper in [Paper::A6, Paper::Id1] {
        assert_eq!(printed(&seeded(2), paper), printed(&seeded(2), paper));
        assert_ne!(printed(&seeded(2), paper), printed(&seeded(3), paper));
    }
}

#[test]
fn name_that_cannot_be_printed_whole_is_told_and_not_cut() {
    let longest = Card { name: "RADEN MUHAMMAD ABDURRACHMAN WIRYOATMOJO SURYANINGRATPUTRA".to_owned(), ..seeded(1) };
    assert!(printed(&longest, Paper::A6).is_ok() && printed(&longest, Paper::Id1).is_ok());
    let endless = Card { name: "WIRYOATMOJO".repeat(8), ..seeded(1) };
    assert_eq!(printed(&endless, Paper::A6), Err(PrintError::Room));
    let foreign = Card { name: "\u{a9b1}\u{a9ae}".to_owned(), ..seeded(1) };
    assert_eq!(printed(&foreign, Paper::A6), Err(PrintError::Letter), "Javanese script");
}
