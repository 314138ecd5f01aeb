//! Issuing a card, and what a verifier may conclude from one.

use crate::{
    Card, CardError, CardKeys, CardText, IssuerKey, StatusList, claims,
    envelope::{self, Envelope},
};
use chrono::NaiveDate;
use payung_domain::calendar::{Month, Zone, local_date};
use thiserror::Error;

/// A list of cards taken back is good for so many days; after them it is a reason to ask.
pub const MAX_LIST_AGE: i64 = 7;

/// The day it is where the card is looked at, and whether that is known or only what a clock says that nobody checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The day.
    pub today: NaiveDate,
    /// Checked, against a server or by who typed it.
    pub sure: bool,
}

/// What a card is worth now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Genuine, not taken back as of a fresh list, and the person is covered today.
    Green(Box<Card>),
    /// Genuine, but something is to be asked first; at least one doubt.
    Amber(Box<Card>, Vec<Doubt>),
    /// Not to be relied upon. What it says is not shown.
    Red(Refusal),
}

/// The three colours, for those who need no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Covered today.
    Green,
    /// Ask.
    Amber,
    /// Not relied upon.
    Red,
}

/// What is to be asked before relying on a genuine card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A member; contributions were recorded up to a month that is over. They may have been paid since.
    PaidUntil(Month),
    /// Paid, and covered from a day that has not come.
    StartsLater(NaiveDate),
    /// There is no list of the cards taken back that this card refers to.
    NoList,
    /// The list is older than [`MAX_LIST_AGE`].
    OldList {
        /// Its age.
        days: i64,
    },
    /// The day may be another than the clock says.
    UnsureClock,
}

/// Why a card is not relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It cannot be read or believed.
    #[error(transparent)]
    Card(#[from] CardError),
    /// Its last day is over.
    #[error("expired")]
    Expired,
    /// It was issued on a day that has not come.
    #[error("issued in the future")]
    Future,
    /// It was taken back.
    #[error("revoked")]
    Revoked,
    /// Its list has no such place.
    #[error("its list has no such place")]
    Unlisted,
}

/// Makes the text of a card's QR code.
///
/// # Errors
/// [`CardError::Claim`] where a value is not one that a card may have.
pub fn issue(card: &Card, key: &IssuerKey) -> Result<CardText, CardError> {
    card.check()?;
    envelope::text(&envelope::sign(claims::encode(card)?, None, &[], key)?)
}

/// Judges a text that was scanned or typed.
///
/// `keys` and `lists` are those a verifier holds, believed before; the newest list of the card's own name counts.
/// Nothing is taken from the clock but the day.
pub fn verify(text: &str, keys: &CardKeys, lists: &[StatusList], clock: Clock) -> Verdict {
    match believed(text, keys).map_err(Refusal::from).and_then(|card| Ok((doubts(&card, lists, clock)?, card))) {
        Err(refusal) => Verdict::Red(refusal),
        Ok((doubts, card)) if doubts.is_empty() => Verdict::Green(card.into()),
        Ok((doubts, card)) => Verdict::Amber(card.into(), doubts),
    }
}

/// The card, if one of the keys signed it while it was valid.
fn believed(text: &str, keys: &CardKeys) -> Result<Card, CardError> {
    let envelope = Envelope::parse(&envelope::signed_bytes(text)?, None)?;
    let (said, key) = keys.open(&envelope)?;
    let card = claims::decode(said)?;
    if key.issues_on(card.issued) { Ok(card) } else { Err(CardError::KeyNotValid) }
}

fn doubts(card: &Card, lists: &[StatusList], clock: Clock) -> Result<Vec<Doubt>, Refusal> {
    let list = lists.iter().filter(|list| list.uri() == card.status.uri).max_by_key(|list| list.issued());
    match list.map(|list| list.is_revoked(card.status.index)) {
        Some(Some(true)) => return Err(Refusal::Revoked),
        Some(None) => return Err(Refusal::Unlisted),
        Some(Some(false)) | None => {}
    }
    if card.expires < clock.today {
        return Err(Refusal::Expired);
    }
    let mut sure = clock.sure;
    if clock.today < card.issued {
        // either the card or the clock is wrong
        if sure {
            return Err(Refusal::Future);
        }
        sure = false;
    }
    let mut doubts = Vec::new();
    let covered = card.covered();
    if clock.today < covered.from {
        doubts.push(Doubt::StartsLater(covered.from));
    } else if !covered.covers(clock.today) {
        doubts.push(Doubt::PaidUntil(card.paid_to));
    }
    match list.map(|list| (clock.today - local_date(list.issued(), Zone::from(&card.area))).num_days()) {
        None => doubts.push(Doubt::NoList),
        Some(days) if days > MAX_LIST_AGE => doubts.push(Doubt::OldList { days }),
        // a signed list of tomorrow: the clock is behind, whoever checked it
        Some(days) if days < 0 => sure = false,
        Some(_) => {}
    }
    if !sure {
        doubts.push(Doubt::UnsureClock);
    }
    Ok(doubts)
}

impl Verdict {
    /// Its colour.
    pub fn light(&self) -> Light {
        match self {
            Self::Green(_) => Light::Green,
            Self::Amber(..) => Light::Amber,
            Self::Red(_) => Light::Red,
        }
    }

    /// What the card says, unless it is not to be relied upon.
    pub fn card(&self) -> Option<&Card> {
        match self {
            Self::Green(card) | Self::Amber(card, _) => Some(card),
            Self::Red(_) => None,
        }
    }

    /// Stable codes of the reasons: none for green.
    pub fn codes(&self) -> Vec<&'static str> {
        match self {
            Self::Green(_) => Vec::new(),
            Self::Amber(_, doubts) => doubts.iter().map(Doubt::code).collect(),
            Self::Red(refusal) => vec![refusal.code()],
        }
    }
}

impl Light {
    /// `green`, `amber`, `red`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

impl Doubt {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PaidUntil(_) => "paid_until",
            Self::StartsLater(_) => "starts_later",
            Self::NoList => "no_list",
            Self::OldList { .. } => "old_list",
            Self::UnsureClock => "unsure_clock",
        }
    }
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Future => "future",
            Self::Revoked => "revoked",
            Self::Unlisted => "unlisted",
            Self::Card(error) => match error {
                CardError::TooLarge { .. } => "too_large",
                CardError::Truncated => "truncated",
                CardError::Nested => "nested",
                CardError::OtherIssuer | CardError::OtherRoot => "other_issuer",
                CardError::KeyNotValid | CardError::OldSerial => "key_not_valid",
                CardError::BadSignature => "bad_signature",
                CardError::Algorithm => "algorithm",
                CardError::NotOurs => "not_a_card",
                CardError::Claim(_) => "claim",
            },
        }
    }
}
