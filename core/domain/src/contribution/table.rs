//! The table of rates: rows with a validity period, built in or received.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{ContributionError, Payer, Program, Programs};
use crate::calendar::Month;

/// Rates for a time. On the wire as JSON; the built-in one comes from `data/contribution.json` and
/// `data/bpu-tiers.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContributionTable {
    /// Names this table in every enrolment priced by it.
    pub version: String,
    /// First contribution month it is valid for.
    pub valid_from: Month,
    /// Last contribution month; none while no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Month>,
    /// Numbers of months that can be paid at once.
    pub terms: Vec<u32>,
    /// The laws it is taken from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Income tiers, ascending by `income_from`.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Discounts by programme, sector, contribution month and payer.
    #[serde(default)]
    pub discounts: Vec<Discount>,
}

/// One row of PP 44/2015, Lampiran II. Rupiah a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// 1 to 33.
    pub tier: u32,
    /// Lowest monthly income of the tier.
    pub income_from: i64,
    /// The income that is reckoned with.
    pub income_base: i64,
    /// Work accident, 1 % of the base.
    pub jkk_monthly: i64,
    /// Death.
    pub jkm_monthly: i64,
    /// Old age savings, 2 % of the base.
    pub jht_monthly: i64,
}

/// A part of the contribution that is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// The law.
    #[serde(default)]
    pub source: String,
    /// The programmes it is given on.
    pub programs: Programs,
    /// Part taken off, 1 to 100.
    pub percent: u32,
    /// The sectors it is given to.
    pub sector: DiscountSector,
    /// First contribution month.
    pub from: Month,
    /// Last contribution month.
    pub to: Month,
    /// Payers it is not given to. Whether village budget or CSR money counts as public money is not settled, so the
    /// server's table decides, not the app.
    #[serde(default)]
    pub not_payers: Vec<Payer>,
}

/// The sectors a discount is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountSector {
    /// Occupations that carry the transport flag.
    Transport,
    /// All others.
    Other,
    /// Everyone.
    All,
}

static BUILTIN: LazyLock<ContributionTable> = LazyLock::new(|| {
    let mut table: ContributionTable =
        serde_json::from_str(include_str!("../../data/contribution.json")).expect("contribution.json is tested");
    table.tiers = csv::Reader::from_reader(include_bytes!("../../data/bpu-tiers.csv").as_slice())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("bpu-tiers.csv is tested");
    table
});

impl ContributionTable {
    /// The table this version was built with.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// True if it says what `month` costs.
    pub fn is_valid_in(&self, month: Month) -> bool {
        self.valid_from <= month && self.valid_until.is_none_or(|last| month <= last)
    }

    /// The highest row whose `income_from` is not above `income` (rupiah a month).
    pub fn tier(&self, income: i64) -> Option<&Tier> {
        self.tiers.iter().rev().find(|tier| tier.income_from <= income)
    }

    /// Checks a table that was received: tiers from zero upwards, whole positive amounts, terms, percents.
    ///
    /// # Errors
    /// [`ContributionError::BadTable`] with the first of [`ContributionTable::faults`].
    pub fn check(&self) -> Result<(), ContributionError> {
        self.faults().first().map_or(Ok(()), |why| Err(ContributionError::BadTable(why)))
    }

    /// Everything that is wrong with a table.
    pub fn faults(&self) -> Vec<&'static str> {
        let amounts = |tier: &Tier| [tier.jkk_monthly, tier.jkm_monthly, tier.jht_monthly];
        let possible = 1..=super::IncomeBasis::MAX_MONTHLY;
        let discount = |discount: &Discount| (1..=100).contains(&discount.percent) && discount.from <= discount.to;
        let rules = [
            (!self.version.trim().is_empty() && self.version.len() <= 60, "no version of 1 to 60 characters"),
            (self.valid_until.is_none_or(|last| self.valid_from <= last), "ends before it begins"),
            (self.tiers.first().is_some_and(|tier| tier.income_from == 0), "tiers do not begin at zero"),
            (self.tiers.is_sorted_by(|low, high| low.income_from < high.income_from), "tiers are not ascending"),
            (
                self.tiers.iter().flat_map(amounts).all(|amount| possible.contains(&amount)),
                "an amount is not a positive number of rupiah",
            ),
            (
                !self.terms.is_empty() && self.terms.iter().all(|term| (1..=60).contains(term)),
                "terms are not 1 to 60 months",
            ),
            (self.discounts.iter().all(discount), "a discount is not 1 to 100 percent of a time"),
        ];
        rules.into_iter().filter(|(holds, _)| !holds).map(|(_, why)| why).collect()
    }

    /// The discount on `program` for a contribution month; of several that fit, the greatest.
    pub(super) fn discount(
        &self,
        program: &Program,
        month: Month,
        payer: &Payer,
        transport: bool,
    ) -> Option<&Discount> {
        let fitting = self.discounts.iter().filter(|discount| discount.applies(program, month, payer, transport));
        // of equal ones the first
        fitting.rev().max_by_key(|discount| discount.percent)
    }

    /// Percent off `program` for a contribution month.
    pub(super) fn percent_off(&self, program: &Program, month: Month, payer: &Payer, transport: bool) -> u32 {
        self.discount(program, month, payer, transport).map_or(0, |discount| discount.percent)
    }
}

impl Discount {
    /// True if it is given on `program` in a contribution month (not the month of payment).
    pub fn applies(&self, program: &Program, month: Month, payer: &Payer, transport: bool) -> bool {
        let sector = match self.sector {
            DiscountSector::Transport => transport,
            DiscountSector::Other => !transport,
            DiscountSector::All => true,
        };
        sector
            && self.from <= month
            && month <= self.to
            && self.programs.contains(program)
            && !self.not_payers.contains(payer)
    }
}
