//! What a card says, as plain values.

use crate::CardError;
use chrono::{Months, NaiveDate};
use payung_domain::{
    calendar::Month,
    contribution::{Program, Programs},
    enrollment::Covered,
    nik::{Nik, Sex},
    region::RegionCode,
};
use std::fmt;

/// Characters of a name; the longest KTP names are below.
const MAX_NAME: usize = 100;
const MAX_ID: usize = 24;
const MAX_URI: usize = 120;

/// A card as it is issued and as it is read. Dates are days in the zone of `area`.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// Who issues: an absolute URI (`iss`), as Claim 169 from 1.2.2 on asks.
    pub issuer: String,
    /// The card's own number, up to 24 letters, digits and hyphens. Never made from the NIK.
    pub id: String,
    /// As on the KTP.
    pub name: String,
    /// Birth date, or the year where only that is to be told.
    pub birth: Birth,
    /// As on the KTP.
    pub sex: Sex,
    /// Where the worker is registered; a village or something above it.
    pub area: RegionCode,
    /// By which a clinic compares the card with the KTP.
    pub nik: MaskedNik,
    /// What is covered.
    pub programmes: Programs,
    /// First day of cover. It may lie after the day of issue.
    pub covered_from: NaiveDate,
    /// The last month whose contribution was recorded when the card was issued.
    pub paid_to: Month,
    /// Day of issue.
    pub issued: NaiveDate,
    /// The last day on which the card is looked at, whatever was paid: see [`Card::lasts_until`].
    pub expires: NaiveDate,
    /// Where to look whether it was taken back.
    pub status: StatusRef,
}

/// How much of the birth date a card tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Birth {
    /// The day.
    Date(NaiveDate),
    /// The year only.
    Year(u16),
}

/// A place in a Token Status List.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusRef {
    /// The list's address and name, an absolute URI.
    pub uri: String,
    /// The place in it, chosen so that nobody can guess it.
    pub index: u32,
}

/// A NIK of which the regency and the serial are left: `3302********9001`.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskedNik(String);

impl Card {
    /// A card is issued for twelve months: the last day of one issued on that day.
    pub fn lasts_until(issued: NaiveDate) -> NaiveDate {
        issued.checked_add_months(Months::new(12)).unwrap_or(NaiveDate::MAX)
    }

    /// From when and until which month the recorded contributions cover.
    pub fn covered(&self) -> Covered {
        Covered { from: self.covered_from, until: self.paid_to }
    }

    /// Whether every value has a size and order that a card may have.
    ///
    /// # Errors
    /// [`CardError::Claim`] with the claim's name.
    pub fn check(&self) -> Result<(), CardError> {
        let id = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        let known = |programme: &Program| !matches!(programme, Program::Other(_));
        let rules = [
            ("iss", is_uri(&self.issuer)),
            ("id", !self.id.is_empty() && self.id.len() <= MAX_ID && self.id.bytes().all(id)),
            ("name", is_name(&self.name)),
            ("birth", self.birth.is_plausible()),
            ("programmes", self.programmes.iter().count() > 0 && self.programmes.iter().all(known)),
            ("paid_to", self.paid_to >= Month::of(self.covered_from)),
            ("exp", self.expires > self.issued),
            ("status", is_uri(&self.status.uri)),
        ];
        rules.into_iter().find(|(_, holds)| !holds).map_or(Ok(()), |(claim, _)| Err(CardError::Claim(claim)))
    }
}

fn is_uri(text: &str) -> bool {
    text.len() <= MAX_URI && text.contains(':') && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control)
}

impl Birth {
    fn is_plausible(self) -> bool {
        use chrono::Datelike;
        let year = match self {
            Self::Date(date) => date.year(),
            Self::Year(year) => i32::from(year),
        };
        (1900..=2999).contains(&year)
    }
}

impl MaskedNik {
    /// Reads `3302********9001`.
    ///
    /// # Errors
    /// [`CardError::Claim`] for any other text, a whole NIK above all.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let masked =
            |(place, byte): (usize, u8)| if (4..12).contains(&place) { byte == b'*' } else { byte.is_ascii_digit() };
        let fits = text.len() == 16 && text.bytes().enumerate().all(masked);
        if fits { Ok(Self(text.to_owned())) } else { Err(CardError::Claim("nik")) }
    }

    /// As it stands on the card.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Nik> for MaskedNik {
    fn from(nik: &Nik) -> Self {
        Self(nik.masked())
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card").field("issued", &self.issued).finish_non_exhaustive()
    }
}

impl fmt::Debug for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Birth(..)")
    }
}

impl fmt::Debug for MaskedNik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskedNik(..)")
    }
}
