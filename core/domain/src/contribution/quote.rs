//! What is to be paid, month by month.

use serde::{Deserialize, Serialize};

use super::{ContributionError, ContributionTable, MonthlyIncome, Payer, Program, Programs};
use crate::calendar::Month;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRequest {
    /// Income a month.
    pub income: MonthlyIncome,
    /// JKK and JKM, perhaps JHT.
    pub programs: Programs,
    /// First contribution month.
    pub start: Month,
    /// Number of contribution months, one of the table's terms.
    pub months: u32,
    /// Who pays.
    pub payer: Payer,
    /// The first occupation carries the transport flag.
    pub transport: bool,
}

/// What is to be paid now, and how it comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The table it was reckoned by.
    pub table_version: String,
    /// Tier of the income.
    pub tier: u32,
    /// One row a contribution month, in order.
    pub months: Vec<QuoteMonth>,
    /// Rupiah to be paid for all months.
    pub total: i64,
}

/// One contribution month; rupiah before the discount, and the discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteMonth {
    /// The contribution month.
    pub month: Month,
    /// Work accident, undiscounted.
    pub jkk: i64,
    /// Death, undiscounted.
    pub jkm: i64,
    /// Old age savings; zero when not taken.
    pub jht: i64,
    /// Rupiah taken off.
    pub discount: i64,
}

impl QuoteMonth {
    /// Rupiah to be paid for this month.
    pub fn total(&self) -> i64 {
        self.jkk + self.jkm + self.jht - self.discount
    }
}

impl ContributionTable {
    /// The sum for a term.
    ///
    /// # Errors
    /// [`ContributionError::TermNotOffered`] for another number of months; those of [`ContributionTable::reckon`].
    pub fn quote(&self, request: &QuoteRequest) -> Result<Quote, ContributionError> {
        request.programs.check(false)?;
        if !self.terms.contains(&request.months) {
            return Err(ContributionError::TermNotOffered { offered: self.terms.clone() });
        }
        self.reckon(request)
    }

    /// The sum for any number of months, as arrears are. Discounts follow the contribution month, not the day of payment;
    /// a discount that is not whole rupiah is rounded down, programme by programme.
    ///
    /// # Errors
    /// Programmes that cannot be sold, a month without rates, a table without a tier for the income.
    pub fn reckon(&self, request: &QuoteRequest) -> Result<Quote, ContributionError> {
        request.programs.check(false)?;
        let tier = self.tier(request.income.amount()).ok_or(ContributionError::BadTable("no tier for the income"))?;
        let taken = |program: Program, amount: i64| if request.programs.contains(&program) { amount } else { 0 };
        let jkk = taken(Program::Jkk, tier.jkk_monthly);
        let jkm = taken(Program::Jkm, tier.jkm_monthly);
        let jht = taken(Program::Jht, tier.jht_monthly);

        let mut months = Vec::new();
        let mut month = request.start;
        for _ in 0..request.months {
            if !self.is_valid_in(month) {
                return Err(ContributionError::NoRates { month });
            }
            let off = |program: Program, amount: i64| {
                amount * i64::from(self.percent_off(&program, month, &request.payer, request.transport)) / 100
            };
            let discount = off(Program::Jkk, jkk) + off(Program::Jkm, jkm) + off(Program::Jht, jht);
            months.push(QuoteMonth { month, jkk, jkm, jht, discount });
            month = month.add_months(1);
        }
        let total = months.iter().map(QuoteMonth::total).sum();
        Ok(Quote { table_version: self.version.clone(), tier: tier.tier, months, total })
    }
}
