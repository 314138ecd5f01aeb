//! What is to be paid for an enrolment now.

use super::EnrollmentState;
use crate::{calendar::Month, contribution::Quote};
use chrono::NaiveDate;

/// What is to be paid, in rupiah, by what, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// By the branch's code if there is one, else as reckoned; 0 once it is paid; none where neither is known.
    pub amount: Option<i64>,
    /// As reckoned from the cover asked for.
    pub quoted: Option<i64>,
    /// Contribution months of that cover.
    pub months: Option<u32>,
    /// The branch's payment code.
    pub code: Option<String>,
    /// Last day of the code.
    pub valid_to: Option<NaiveDate>,
    /// Whether that day is over.
    pub expired: bool,
    /// Last month that is paid for.
    pub until: Option<Month>,
}

impl Due {
    /// Of a state on a day in the region's zone, with the quote of the cover asked for, where it can be reckoned.
    pub fn on(today: NaiveDate, state: &EnrollmentState, quote: Option<&Quote>) -> Self {
        let code = state.payment_code.as_ref();
        let quoted = quote.map(|quote| quote.total);
        let paid = state.covered.is_some();
        Self {
            amount: if paid { Some(0) } else { code.map(|code| code.amount).or(quoted) },
            quoted,
            months: quote.map(|quote| u32::try_from(quote.months.len()).unwrap_or(u32::MAX)),
            code: code.map(|code| code.code.clone()),
            valid_to: code.map(|code| code.valid_to),
            expired: state.code_expired(today),
            until: state.covered.map(|covered| covered.until),
        }
    }
}
