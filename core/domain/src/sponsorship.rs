//! Sponsors: who pays for whom, under what agreement (GN Lingkaran, SERTAKAN, CSR, public budgets, ecosystems).
//!
//! An enrolment whose cover names an agreement *claims* it. On a phone that is provisional; the server gives places in the order
//! of arrival, one payer a person and month. An enrolment without a place is kept and shown as such, never refused.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    area::Area,
    calendar::Month,
    contribution::{Payer, Program, Programs},
    op::Body,
    wire::wire_enum,
};

/// So many days before its end an agreement is told of.
const ENDS_SOON_DAYS: i64 = 31;

/// An agreement as the office shares it (kind `sponsor_agreement`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// As on the paper; a cover's `agreement` names it.
    pub number: String,
    /// Who pays.
    pub sponsor: String,
    /// As what: the discount depends on it.
    pub payer: Payer,
    /// People.
    pub quota: u32,
    /// The most months it pays for a person.
    pub months: u32,
    /// First contribution month.
    pub start_month: Month,
    /// Last contribution month; absent: as many months as it pays for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_month: Option<Month>,
    /// What it pays for.
    pub programs: Programs,
    /// `transport` or `other`; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<SponsoredSector>,
    /// Where, within the area it is shared in; empty: all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<Area>,
    /// Whose people only: the code of an ecosystem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<String>,
    /// People it pays for so far.
    #[serde(default)]
    pub taken: u32,
    /// How many more one phone may count on before it has asked.
    #[serde(default)]
    pub share: u32,
    /// Nobody is added any more since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<NaiveDate>,
}

wire_enum! {
    /// The part of the economy an agreement is for.
    pub enum SponsoredSector {
        /// Occupations that carry the transport flag.
        Transport = "transport",
        /// All others.
        NotTransport = "other",
    }
}

wire_enum! {
    /// Where a claim stands.
    pub enum Standing {
        /// It has a place.
        In = "in",
        /// The quota was used up before it came.
        Over = "over",
        /// Another sponsor pays for the person in one of its months.
        PayerTaken = "payer_taken",
        /// It does not fit the agreement, or there is no such agreement.
        Unfit = "unfit",
        /// The sponsor gave its place to another.
        Swapped = "swapped",
    }
}

/// What an enrolment or its renewal asks of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The agreement's number.
    pub agreement: String,
    /// As what the sponsor pays.
    pub payer: Payer,
    /// What is to be paid for.
    pub programs: Programs,
    /// First contribution month.
    pub first: Month,
    /// Contribution months.
    pub months: u32,
}

/// For whom it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimant<'a> {
    /// Where the enrolment is looked after.
    pub area: &'a Area,
    /// The first occupation carries the transport flag.
    pub transport: bool,
    /// The code or name of the ecosystem the person is registered under.
    pub ecosystem: Option<&'a str>,
}

/// Why a claim does not fit an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unfit {
    /// There is no agreement of that number.
    Unknown,
    /// Nobody is added any more.
    Ended,
    /// Another kind of payer than the agreement's.
    Payer,
    /// A programme it does not pay for.
    Programs,
    /// More months than it pays for a person.
    TooLong,
    /// Begins before its first month.
    TooEarly,
    /// Goes on after its last month.
    AfterEnd,
    /// Another sector.
    Sector,
    /// Another area.
    Area,
    /// Not one of the ecosystem's people.
    Ecosystem,
}

impl Unfit {
    /// The stable code for texts and the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "agreement_unknown",
            Self::Ended => "agreement_ended",
            Self::Payer => "agreement_payer_differs",
            Self::Programs => "agreement_programs",
            Self::TooLong => "agreement_too_long",
            Self::TooEarly => "agreement_too_early",
            Self::AfterEnd => "agreement_after_end",
            Self::Sector => "agreement_sector",
            Self::Area => "agreement_area",
            Self::Ecosystem => "agreement_ecosystem",
        }
    }

    /// What is wrong, one Indonesian sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unknown => "Nomor perjanjian penjamin tidak dikenal.",
            Self::Ended => "Perjanjian penjamin ini sudah ditutup.",
            Self::Payer => "Jenis pembayarnya berbeda dari perjanjian penjamin.",
            Self::Programs => "Programnya tidak dibayar oleh penjamin ini.",
            Self::TooLong => "Bulannya lebih banyak dari yang dibayar penjamin ini.",
            Self::TooEarly => "Bulan mulainya sebelum perjanjian penjamin berlaku.",
            Self::AfterEnd => "Bulannya melewati akhir perjanjian penjamin.",
            Self::Sector => "Perjanjian penjamin ini untuk bidang kerja lain.",
            Self::Area => "Perjanjian penjamin ini untuk wilayah lain.",
            Self::Ecosystem => "Perjanjian penjamin ini untuk warga binaan tertentu.",
        }
    }

    /// From the code; none for a code of a newer peer.
    pub fn from_code(code: &str) -> Option<Self> {
        use Unfit as U;
        [
            U::Unknown,
            U::Ended,
            U::Payer,
            U::Programs,
            U::TooLong,
            U::TooEarly,
            U::AfterEnd,
            U::Sector,
            U::Area,
            U::Ecosystem,
        ]
        .into_iter()
        .find(|unfit| unfit.code() == code)
    }
}

impl Claim {
    /// What a cover asks; none where it names no agreement or cannot be read.
    pub fn of(cover: &Value) -> Option<Self> {
        fn part<T: serde::de::DeserializeOwned>(cover: &Value, name: &str) -> Option<T> {
            serde_json::from_value(cover.get(name)?.clone()).ok()
        }
        let number: String = part(cover, "agreement")?;
        let number = number.trim();
        Some(Self {
            agreement: (!number.is_empty()).then(|| number.to_owned())?,
            payer: part(cover, "payer")?,
            programs: part::<Vec<Program>>(cover, "programs")?.into_iter().collect(),
            first: part(cover, "start_month")?,
            months: part::<u32>(cover, "months").filter(|months| (1..=120).contains(months))?,
        })
    }

    /// Last contribution month.
    pub fn last(&self) -> Month {
        self.first.add_months(i32::try_from(self.months).unwrap_or(1) - 1)
    }
}

impl Agreement {
    /// From a record's body; none where it is of a shape this version cannot read.
    pub fn of(body: &Body) -> Option<Self> {
        let map = body.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone()));
        serde_json::from_value(Value::Object(map.collect())).ok().filter(Self::is_whole)
    }

    fn is_whole(&self) -> bool {
        let last = self.last_month();
        let sold = self.programs.check(false).is_ok() && self.payer != Payer::SelfPaid;
        !self.number.trim().is_empty()
            && !self.sponsor.trim().is_empty()
            && (1..=60).contains(&self.months)
            && self.start_month <= last
            && sold
    }

    /// Last contribution month.
    pub fn last_month(&self) -> Month {
        self.end_month.unwrap_or_else(|| self.start_month.add_months(i32::try_from(self.months).unwrap_or(1) - 1))
    }

    /// People it could still take.
    pub fn left(&self) -> u32 {
        self.quota.saturating_sub(self.taken)
    }

    /// How many more a phone may count on, of which `waiting` have claimed and are not at the office yet; below zero
    /// where these are more than that.
    pub fn left_here(&self, waiting: u32) -> i64 {
        i64::from(self.share.min(self.left())) - i64::from(waiting)
    }

    /// Whether its last month ends within a month, or is over.
    pub fn ends_soon(&self, today: NaiveDate) -> bool {
        self.ended.is_none() && (self.last_month().last_day() - today).num_days() <= ENDS_SOON_DAYS
    }

    /// Whether a claim fits: everything but the quota and other payers.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn fits(&self, claim: &Claim, who: Claimant<'_>) -> Result<(), Unfit> {
        let ensure = |holds: bool, unfit: Unfit| if holds { Ok(()) } else { Err(unfit) };
        ensure(self.ended.is_none(), Unfit::Ended)?;
        ensure(claim.payer == self.payer, Unfit::Payer)?;
        ensure(claim.programs.iter().all(|program| self.programs.contains(program)), Unfit::Programs)?;
        ensure(claim.months <= self.months, Unfit::TooLong)?;
        ensure(claim.first >= self.start_month, Unfit::TooEarly)?;
        ensure(claim.last() <= self.last_month(), Unfit::AfterEnd)?;
        ensure(
            match self.sector {
                None | Some(SponsoredSector::Other(_)) => true,
                Some(SponsoredSector::Transport) => who.transport,
                Some(SponsoredSector::NotTransport) => !who.transport,
            },
            Unfit::Sector,
        )?;
        let here = self.areas.is_empty() || self.areas.iter().any(|area| who.area.is_within(area));
        ensure(here, Unfit::Area)?;
        let own =
            |code: &String| who.ecosystem.is_some_and(|theirs| crate::text::fold(theirs) == crate::text::fold(code));
        ensure(self.ecosystem.as_ref().is_none_or(own), Unfit::Ecosystem)
    }
}

#[cfg(test)]
mod tests;
