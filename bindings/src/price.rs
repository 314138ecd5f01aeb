//! What cover costs and gives, and why registrations come back: for anybody, without a client.

use crate::{clock, error::CoreError, plain::Fields};
use payung_domain::{
    benefit::{self, BRANCH_DECIDES, Benefit, Programme},
    calendar::{Month, Zone, local_month},
    contribution::{Breakdown, ContributionTable},
    enrollment::{self, ReturnReason},
    worker::WorkerDraft,
};

/// What cover costs by the fields of a form (`income`, `income.days`, `occupations.first`, `cover.months`, and where they
/// differ from the usual `cover.programs`, `cover.payer`, `cover.start_month`), in sentences to be read aloud.
///
/// # Errors
/// [`CoreError::Invalid`] names the fields that are wrong or missing.
#[uniffi::export]
pub fn price(fields: Fields) -> Result<Breakdown, CoreError> {
    let month = local_month(clock::now(), Zone::Wib);
    let form = WorkerDraft { fields };
    form.price(ContributionTable::builtin(), month).map_err(|fields| CoreError::Invalid { fields })
}

/// What the programmes give in a month. Beside every amount stands [`branch_decides`].
#[uniffi::export]
pub fn benefits(month: Month) -> Vec<Benefit> {
    benefit::benefits(month).cloned().collect()
}

/// What stands beside every amount a programme gives, in Indonesian.
#[uniffi::export]
pub fn branch_decides() -> String {
    BRANCH_DECIDES.to_owned()
}

/// All programmes: those offered here, and those that are not, with the reason.
#[uniffi::export]
pub fn programmes() -> Vec<Programme> {
    benefit::programmes().to_vec()
}

/// Every reason for which an enrolment comes back or ends: what happened, and what to do.
#[uniffi::export]
pub fn return_reasons() -> Vec<ReturnReason> {
    enrollment::return_reasons().to_vec()
}
