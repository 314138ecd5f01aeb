//! Membership cards: what issuing and verifying one costs, how large its code is, and a status list of a million.

use super::{Bench, values::Values};
use crate::{
    BenchError,
    figures::{Bar, Better, Section},
    scene::Side,
};
use chrono::NaiveDate;
use payung_card::{CardError, Clock, Light, QrCode, StatusList, issue, verify};
use payung_people::{
    card::{LIST, card, issuer, keys},
    person,
};
use std::time::Instant;

/// Cards of one run; as many as are issued are verified.
const CARDS: u64 = 1_000;
/// Places of the status list, and how many of them are taken back.
const LISTED: u32 = 1_000_000;
const REVOKED: u32 = 20_000;

const ISSUE: &str = "issue a card";
const VERIFY: &str = "verify a card, its text to the verdict";
const DRAW: &str = "draw its code as PNG";
const BYTES: &str = "bytes in the code, the largest";
const VERSION: &str = "version of the code at level M, the highest";
const LIST_BYTES: &str = "status list of 1,000,000 cards, 2 % taken back";
const LIST_READ: &str = "read and believe that list";

impl From<CardError> for BenchError {
    fn from(error: CardError) -> Self {
        Self::Setup(format!("a card: {error}"))
    }
}

pub(super) fn rows(bench: &Bench) -> Result<Section, BenchError> {
    let mut values = Values::default();
    for run in 0..bench.runs {
        bench.step("cards", &Side::Ours);
        measure(&mut values, run as u64)?;
    }
    Ok(section(&mut values))
}

fn section(values: &mut Values) -> Section {
    let figures = vec![
        values.row(ISSUE, "ms", Better::Less, Bar::AtMost(1.0)),
        values.row(VERIFY, "ms", Better::Less, Bar::AtMost(1.0)),
        values.plain(DRAW, "ms"),
        values.plain(BYTES, "B"),
        values.row(VERSION, "", Better::Less, Bar::AtMost(12.0)),
        values.row(LIST_BYTES, "B", Better::Less, Bar::AtMost(30_000.0)),
        values.plain(LIST_READ, "ms"),
    ];
    Section { title: "Membership cards".to_owned(), figures }
}

fn measure(values: &mut Values, seed: u64) -> Result<(), BenchError> {
    let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap_or_default();
    let issuer = issuer(7);
    let keys = keys(std::slice::from_ref(&issuer), day);
    let cards: Vec<_> = (0..CARDS).map(|i| card(&person(seed, i, "330224", day), i, day)).collect();

    let mut list = StatusList::new(LIST, LISTED, day.and_time(chrono::NaiveTime::MIN).and_utc())?;
    let mut used = vec![0_u8; LISTED as usize / 8];
    // the cards' own places stay as they are, so that all are green
    for place in cards.iter().map(|card| card.status.index) {
        used[place as usize / 8] |= 1 << (place % 8);
    }
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..REVOKED {
        let free = |place: &u32| used[*place as usize / 8] >> (place % 8) & 1 == 0;
        let place = std::iter::repeat_with(|| random.u32(..LISTED)).find(free).unwrap_or_default();
        used[place as usize / 8] |= 1 << (place % 8);
        list.revoke(place)?;
    }
    let signed = list.sign(&issuer)?;
    values.note(LIST_BYTES, &Side::Ours, signed.len() as f64);
    let begun = Instant::now();
    let list = StatusList::verify(&signed, &keys)?;
    values.note(LIST_READ, &Side::Ours, millis(begun, 1));

    let begun = Instant::now();
    let texts = cards.iter().map(|card| issue(card, &issuer)).collect::<Result<Vec<_>, _>>()?;
    values.note(ISSUE, &Side::Ours, millis(begun, CARDS));

    let lists = [list];
    let clock = Clock { today: day, sure: true };
    let begun = Instant::now();
    let green = texts.iter().filter(|text| verify(text.as_str(), &keys, &lists, clock).light() == Light::Green).count();
    values.note(VERIFY, &Side::Ours, millis(begun, CARDS));
    if green != texts.len() {
        return Err(BenchError::Setup(format!("{green} of {CARDS} cards are green")));
    }

    let begun = Instant::now();
    let mut highest = 0;
    for text in &texts[..100] {
        let code = QrCode::of(text)?;
        code.png(8)?;
        highest = highest.max(code.version());
    }
    values.note(DRAW, &Side::Ours, millis(begun, 100));
    values.note(VERSION, &Side::Ours, highest.into());
    // three characters for two bytes (RFC 9285)
    let longest = texts.iter().map(|text| text.as_str().len()).max().unwrap_or_default();
    values.note(BYTES, &Side::Ours, (longest / 3 * 2 + usize::from(longest % 3 == 2)) as f64);
    Ok(())
}

fn millis(begun: Instant, times: u64) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0 / times as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_about_cards_has_a_figure() {
        let mut values = Values::default();
        measure(&mut values, 1).expect("measured");
        let section = section(&mut values);
        for figure in &section.figures {
            println!("{}: {:?} {}", figure.name, figure.ours, figure.unit);
            assert_eq!(figure.ours.len(), 1, "{}", figure.name);
        }
        assert_eq!(section.figures.len(), 7);
    }
}
