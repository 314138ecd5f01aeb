//! What the programmes give, and which there are: rows with their source and validity (`data/benefits.csv`,
//! `data/programmes.csv`). They inform; whoever shows an amount says [`BRANCH_DECIDES`] with it.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};

use crate::{
    calendar::Month,
    contribution::{Program, Tier},
};

/// Stands beside every amount, in Indonesian.
pub const BRANCH_DECIDES: &str = "Hak dan jumlahnya diputuskan kantor cabang BPJS Ketenagakerjaan.";

/// Something a programme gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Benefit {
    /// Stable code.
    pub code: String,
    /// The programme.
    pub program: Program,
    /// A few Indonesian words.
    pub title: String,
    /// What it is, in Indonesian.
    pub sentence: String,
    /// Rupiah, where it is one amount for everyone.
    pub amount: Option<i64>,
    /// So many times the monthly income that is reckoned with; see [`Benefit::amount_in`].
    pub times_base: Option<i64>,
    /// The law, or who says so.
    pub source: String,
    /// First month the row is valid for.
    pub valid_from: Month,
    /// Last month; none while no end is known.
    pub valid_until: Option<Month>,
}

impl Benefit {
    /// Rupiah for somebody of an income tier; none where it is no amount.
    pub fn amount_in(&self, tier: &Tier) -> Option<i64> {
        self.amount.or_else(|| self.times_base?.checked_mul(tier.income_base))
    }

    /// Whether the row is valid in a month.
    pub fn is_valid_in(&self, month: Month) -> bool {
        self.valid_from <= month && self.valid_until.is_none_or(|last| month <= last)
    }
}

/// A programme of BPJS Ketenagakerjaan, open to informal workers or not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Programme {
    /// Stable code; that of [`Program`] where informal workers can join.
    pub code: String,
    /// As people call it: `JKK`.
    pub name: String,
    /// In full.
    pub long_name: String,
    /// Whether an informal worker can join.
    #[serde(deserialize_with = "yes")]
    pub offered: bool,
    /// What it is for, in Indonesian.
    pub what: String,
    /// Why informal workers cannot join, in Indonesian; empty where they can.
    pub why_not: String,
    /// The law.
    pub source: String,
}

fn yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)? == "yes")
}

fn rows<T: serde::de::DeserializeOwned>(csv: &'static [u8]) -> Vec<T> {
    csv::Reader::from_reader(csv).deserialize().collect::<Result<_, _>>().expect("the tables are tested")
}

static BENEFITS: LazyLock<Vec<Benefit>> = LazyLock::new(|| rows(include_bytes!("../data/benefits.csv")));
static PROGRAMMES: LazyLock<Vec<Programme>> = LazyLock::new(|| rows(include_bytes!("../data/programmes.csv")));

/// What the programmes give in a month, by programme.
pub fn benefits(month: Month) -> impl Iterator<Item = &'static Benefit> {
    BENEFITS.iter().filter(move |benefit| benefit.is_valid_in(month))
}

/// All programmes, those offered first.
pub fn programmes() -> &'static [Programme] {
    &PROGRAMMES
}
