//! Contributions of informal workers (*peserta bukan penerima upah*): programmes, payers, income tiers, terms and
//! discounts, and what is to be paid for a number of months.
//!
//! Law: PP 44/2015 jo. PP 82/2019 and PP 49/2023 (JKK, JKM), PP 46/2015 jo. PP 60/2015 (JHT), PP 50/2025 (discount).
//! Every rate, tier, term and discount is a row with a validity period in a [`ContributionTable`], which the server
//! can replace; only the order of the reckoning is code. Amounts are whole rupiah in `i64`.

mod breakdown;
mod income;
mod quote;
mod table;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::calendar::Month;
use crate::wire::wire_enum;

pub use breakdown::{Breakdown, BreakdownLine, TermPrice};
pub use income::{IncomeBasis, MonthlyIncome, parse_days, parse_rupiah, rupiah};
pub use quote::{Quote, QuoteMonth, QuoteRequest};
pub use table::{ContributionTable, Discount, DiscountSector, Tier};
pub use tables::{CONTRIBUTION, ContributionTables};

wire_enum! {
    /// A programme of BPJS Ketenagakerjaan that an informal worker can join.
    pub enum Program {
        /// *Jaminan kecelakaan kerja*, work accident.
        Jkk = "jkk",
        /// *Jaminan kematian*, death.
        Jkm = "jkm",
        /// *Jaminan hari tua*, old age savings.
        Jht = "jht",
    }
}

wire_enum! {
    /// Who pays the contribution.
    pub enum Payer {
        /// The worker.
        SelfPaid = "self",
        /// A company's social responsibility money (GN Lingkaran).
        Csr = "csr",
        /// Another person (SERTAKAN).
        Person = "person",
        /// The budget of the regency or province.
        Apbd = "apbd",
        /// The budget of the village.
        Apbdes = "apbdes",
        /// The budget of the state.
        Apbn = "apbn",
        /// The company, co-operative or PLKK whose supply chain the worker belongs to.
        Ecosystem = "ecosystem",
    }
}

/// The programmes of one enrolment: a list on the wire, `["jkk","jkm"]`. Reading keeps whatever came;
/// [`Programs::check`] tells whether it can be sold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Programs(BTreeSet<Program>);

impl Programs {
    /// Work accident and death, the least an informal worker takes.
    pub fn basic() -> Self {
        Self([Program::Jkk, Program::Jkm].into())
    }

    /// Work accident, death and old age savings.
    pub fn with_jht() -> Self {
        Self([Program::Jkk, Program::Jkm, Program::Jht].into())
    }

    /// True if `program` is among them.
    pub fn contains(&self, program: &Program) -> bool {
        self.0.contains(program)
    }

    /// The programmes in the order JKK, JKM, JHT, then unknown ones.
    pub fn iter(&self) -> impl Iterator<Item = &Program> {
        self.0.iter()
    }

    /// JKK and JKM go together; JHT is optional, but compulsory for one who also employs others; JP and JKP are for
    /// wage earners only (PP 44/2015, PP 46/2015).
    pub fn check(&self, also_employer: bool) -> Result<(), ContributionError> {
        if self.0.iter().any(|program| matches!(program, Program::Other(_))) {
            return Err(ContributionError::ProgramNotForInformal);
        }
        if !self.contains(&Program::Jkk) || !self.contains(&Program::Jkm) {
            return Err(ContributionError::ProgramsIncomplete);
        }
        if also_employer && !self.contains(&Program::Jht) {
            return Err(ContributionError::JhtCompulsory);
        }
        Ok(())
    }
}

impl FromIterator<Program> for Programs {
    fn from_iter<I: IntoIterator<Item = Program>>(programs: I) -> Self {
        Self(programs.into_iter().collect())
    }
}

/// Why a sum cannot be told. The text typed is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContributionError {
    /// An amount or a number of days that cannot be read.
    #[error("{field}: not a number")]
    NotANumber {
        /// The field of the form.
        field: &'static str,
    },
    /// Nothing, or less than nothing, earned.
    #[error("{field}: must be more than zero")]
    NotPositive {
        /// The field of the form.
        field: &'static str,
    },
    /// More than [`IncomeBasis::MAX_MONTHLY`] a month: mistyped.
    #[error("{field}: too large")]
    TooLarge {
        /// The field of the form.
        field: &'static str,
    },
    /// Working days a month outside 1 to 31.
    #[error("days: must be 1 to 31")]
    DaysOutOfRange,
    /// A number of months that is not sold.
    #[error("months: the terms are {offered:?}")]
    TermNotOffered {
        /// The terms of the table, in months.
        offered: Vec<u32>,
    },
    /// JKK or JKM is missing; they are taken together.
    #[error("programs: JKK and JKM are taken together")]
    ProgramsIncomplete,
    /// An informal worker who also employs others must take JHT.
    #[error("programs: JHT is compulsory for an employer")]
    JhtCompulsory,
    /// JP, JKP or a programme this table does not know.
    #[error("programs: not a programme for informal workers")]
    ProgramNotForInformal,
    /// The table says nothing about a month.
    #[error("start_month: no rates are known for {month}")]
    NoRates {
        /// The first month without rates.
        month: Month,
    },
    /// A table that cannot be used (received damaged).
    #[error("contribution table: {0}")]
    BadTable(&'static str),
}

impl ContributionError {
    /// The stable code for texts and the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotANumber { field: "days" } => "days_not_a_number",
            Self::NotANumber { .. } => "income_not_a_number",
            Self::NotPositive { .. } => "income_not_positive",
            Self::TooLarge { .. } => "income_too_large",
            Self::DaysOutOfRange => "days_out_of_range",
            Self::TermNotOffered { .. } => "term_not_offered",
            Self::ProgramsIncomplete => "programs_incomplete",
            Self::JhtCompulsory => "jht_compulsory",
            Self::ProgramNotForInformal => "program_not_for_informal",
            Self::NoRates { .. } => "no_rates",
            Self::BadTable(_) => "bad_contribution_table",
        }
    }

    /// The field of the form it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::NotANumber { field } | Self::NotPositive { field } | Self::TooLarge { field } => field,
            Self::DaysOutOfRange => "days",
            Self::TermNotOffered { .. } => "months",
            Self::ProgramsIncomplete | Self::JhtCompulsory | Self::ProgramNotForInformal => "programs",
            Self::NoRates { .. } => "start_month",
            Self::BadTable(_) => "table_version",
        }
    }
}
