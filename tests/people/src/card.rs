//! Invented people's cards, and the keys and lists around them.

use crate::Person;
use chrono::{Days, NaiveDate};
use payung_card::{Birth, Card, CardKey, CardKeys, IssuerKey, MaskedNik, StatusRef};
use payung_domain::{
    calendar::Month,
    contribution::{Program, Programs},
    nik::Nik,
};

/// Where the invented cards' status list is.
pub const LIST: &str = "https://payung.example.id/s/3302";

/// The card of the `i`th person as it is issued on that day, covered since then for the months that were chosen.
///
/// # Panics
/// If the person has no NIK.
pub fn card(person: &Person, i: u64, issued: NaiveDate) -> Card {
    let mut programmes = vec![Program::Jkk, Program::Jkm];
    if i.is_multiple_of(4) {
        programmes.push(Program::Jht);
    }
    let months = i32::try_from(person.months).unwrap_or(1);
    Card {
        issuer: "https://payung.example.id".to_owned(),
        id: format!("PY{:06}", i.wrapping_mul(7_919) % 1_000_000),
        name: person.name.clone(),
        birth: if i % 10 == 9 {
            Birth::Year(u16::try_from(chrono::Datelike::year(&person.birth)).unwrap_or(1970))
        } else {
            Birth::Date(person.birth)
        },
        sex: person.sex,
        area: "33.02.24.1001".parse().expect("a village"),
        nik: MaskedNik::from(&Nik::parse(&person.nik).expect("a NIK")),
        programmes: programmes.into_iter().collect::<Programs>(),
        covered_from: issued,
        paid_to: Month::of(issued).add_months(months - 1),
        issued,
        expires: Card::lasts_until(issued),
        status: StatusRef { uri: LIST.to_owned(), index: fastrand::Rng::with_seed(i).u32(..1_000_000) },
    }
}

/// An issuer's key that is the same for the same seed: never one for real cards.
pub fn issuer(seed: u8) -> IssuerKey {
    IssuerKey::from_bytes(&[seed; 32])
}

/// The list of a root (`issuer(200)`) that names these keys, good from a year before that day until a year after it.
pub fn keys(issuers: &[IssuerKey], day: NaiveDate) -> CardKeys {
    let from = day.checked_sub_days(Days::new(365)).unwrap_or(day);
    let until = day.checked_add_days(Days::new(365)).unwrap_or(day);
    CardKeys {
        serial: 1,
        root: issuer(200).public(),
        keys: issuers.iter().map(|key| CardKey { public: key.public(), from, until }).collect(),
    }
}
