//! Membership cards as they cross: what a worker's screen shows, and what a card that somebody shows is worth.

use crate::{clock, error::CoreError};
use chrono::NaiveDate;
use payung_card::{
    Card, CardKeys, CardText, Clock, Fingerprint, Light, QrCode, StatusList, Verdict, unarmoured, verify, words,
};
use payung_domain::{
    calendar::{Month, Zone, local_date},
    field::FieldError,
};

/// The colour of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum CardLight {
    /// Genuine, not taken back, covered today.
    Green,
    /// Genuine, but something is to be asked first.
    Amber,
    /// Not to be relied upon; what it says is not shown.
    Red,
}

/// A label and what stands beside it, in Indonesian.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CardFact {
    /// `Nama`
    pub label: String,
    /// As it stands on the card.
    pub value: String,
}

/// The code of a card to be drawn by a shell, with four light modules around it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct CardCode {
    /// Modules a side.
    pub side: u32,
    /// 1 to 40; cards have 11 or 12.
    pub version: u8,
    /// Row by row, one byte a module: 1 is dark.
    pub modules: Vec<u8>,
    /// The same as SVG, border included.
    pub svg: String,
}

/// The card of a worker.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct MemberCard {
    /// Its number.
    pub id: String,
    /// The text of its code.
    pub text: String,
    /// The day of issue.
    pub issued: NaiveDate,
    /// The last day on which it is looked at.
    pub expires: NaiveDate,
    /// First day of cover.
    pub covered_from: NaiveDate,
    /// The last month whose contribution was recorded when it was issued.
    pub paid_to: Month,
    /// What it is worth on this phone today, as a clinic would see it.
    pub verdict: CardVerdict,
    /// Its code.
    pub code: CardCode,
}

/// What a card is worth now.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct CardVerdict {
    /// The colour.
    pub light: CardLight,
    /// One word in the largest letters, Indonesian.
    pub heading: String,
    /// The reasons and what to do, Indonesian.
    pub sentences: Vec<String>,
    /// Stable codes of the reasons; none for green.
    pub codes: Vec<String>,
    /// What is compared with the KTP; nothing for red.
    pub facts: Vec<CardFact>,
}

/// Sizes of paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum CardPaper {
    /// 105 mm x 148 mm.
    A6,
    /// 85.6 mm x 54 mm, two sides.
    Id1,
}

/// The code of a card's text.
///
/// # Errors
/// [`CoreError::Invalid`] where the text is no card's.
#[uniffi::export]
pub fn card_code(text: String) -> Result<CardCode, CoreError> {
    Ok(CardCode::from(&drawn(&text)?))
}

/// The code of a card's text as PNG, `scale` pixels a module, to be shared or printed by others.
///
/// # Errors
/// [`CoreError::Invalid`] where the text is no card's or the scale is not 1 to 64.
#[uniffi::export]
pub fn card_png(text: String, scale: u8) -> Result<Vec<u8>, CoreError> {
    if !(1..=64).contains(&scale) {
        return Err(invalid("scale"));
    }
    drawn(&text)?.png(scale.into()).map_err(|_| invalid("text"))
}

/// Judges a card on a phone that has not joined, by lists it fetched itself: `keys` from `/v1/cards/keys`, `lists` from the addresses the
/// cards name. `root` is the fingerprint the office tells by another way; without it the keys are trusted as they came.
/// `clock_checked`: whether the phone's date was compared with a server's.
///
/// # Errors
/// [`CoreError::Invalid`] names `keys`, `lists` or `root` where they cannot be believed; a card that is not good is a verdict.
#[uniffi::export]
pub fn verify_card_by(
    text: String,
    keys: String,
    lists: Vec<Vec<u8>>,
    root: Option<String>,
    clock_checked: bool,
) -> Result<CardVerdict, CoreError> {
    let signed = unarmoured(keys.as_bytes()).map_err(|_| invalid("keys"))?;
    let keys = match root {
        Some(root) => {
            let root: Fingerprint = root.parse().map_err(|_| invalid("root"))?;
            CardKeys::verify(&signed, &root, 0)
        }
        None => CardKeys::verify_own(&signed),
    };
    let keys = keys.map_err(|_| invalid("keys"))?;
    let read = |list: &Vec<u8>| {
        StatusList::verify(&unarmoured(list).map_err(|_| invalid("lists"))?, &keys).map_err(|_| invalid("lists"))
    };
    let lists = lists.iter().map(read).collect::<Result<Vec<_>, CoreError>>()?;
    let clock = Clock { today: local_date(clock::now(), Zone::Wib), sure: clock_checked };
    Ok(CardVerdict::from(&verify(&text, &keys, &lists, clock)))
}

pub(crate) fn invalid(field: &str) -> CoreError {
    CoreError::Invalid { fields: vec![FieldError::new(field, "card_invalid")] }
}

pub(crate) fn drawn(text: &str) -> Result<QrCode, CoreError> {
    let text: CardText = text.parse().map_err(|_| invalid("text"))?;
    QrCode::of(&text).map_err(|_| invalid("text"))
}

impl From<&QrCode> for CardCode {
    fn from(code: &QrCode) -> Self {
        let side = code.side();
        let module = |at: usize| u8::from(code.is_dark(at % side, at / side));
        Self {
            side: u32::try_from(side).unwrap_or_default(),
            version: code.version(),
            modules: (0..side * side).map(module).collect(),
            svg: code.svg(),
        }
    }
}

impl From<&Verdict> for CardVerdict {
    fn from(verdict: &Verdict) -> Self {
        let facts = |card: &Card| {
            words::facts(card).into_iter().map(|(label, value)| CardFact { label: label.to_owned(), value }).collect()
        };
        Self {
            light: verdict.light().into(),
            heading: words::heading(verdict.light()).to_owned(),
            sentences: words::sentences(verdict),
            codes: verdict.codes().into_iter().map(str::to_owned).collect(),
            facts: verdict.card().map(facts).unwrap_or_default(),
        }
    }
}

impl From<Light> for CardLight {
    fn from(light: Light) -> Self {
        match light {
            Light::Green => Self::Green,
            Light::Amber => Self::Amber,
            Light::Red => Self::Red,
        }
    }
}
