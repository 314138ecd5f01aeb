//! Who can be registered as an informal worker.
//!
//! Law: PP 44/2015 jo. PP 82/2019: a NIK, not yet 65 at first registration and first payment, working
//! and not ill at registration or re-entry. No lowest age is published, so under 17 only warns.

#[cfg(test)]
mod tests;

use chrono::{Days, NaiveDate};

/// At this age, in years, nobody is registered any more.
pub const AGE_LIMIT: u32 = 65;
/// Below this age, in years, registering warns.
pub const AGE_WARNED: u32 = 17;
/// Registering and paying take weeks; who turns 65 within so many days may be too late with the first payment.
pub const DAYS_TO_FIRST_PAYMENT: u64 = 60;

/// How the person stands to BPJS Ketenagakerjaan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Membership {
    /// Never a member.
    First,
    /// A member whose membership has not ended.
    Existing,
    /// A member once, coming back after it ended: a new registration.
    Reentry,
}

/// What is known when a person is to be registered or renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EligibilityRequest {
    /// A NIK is at hand.
    pub has_nik: bool,
    /// Birth date.
    pub birth: NaiveDate,
    /// Today in the region's zone.
    pub today: NaiveDate,
    /// Declared: is working now.
    pub working: bool,
    /// Declared: is not ill.
    pub healthy: bool,
    /// Member or not.
    pub membership: Membership,
}

/// Why a person cannot be registered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No NIK.
    NoNik,
    /// The birth date lies after today.
    BirthInFuture,
    /// 65 years old or older.
    Age65,
    /// Not working at the moment.
    NotWorking,
    /// Ill at the moment.
    NotHealthy,
}

/// What the official should look at; registering goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Warning {
    /// Not yet 17 years old.
    Under17,
    /// 65 years old before the first payment may have come.
    Near65,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Eligibility {
    /// All reasons against it; none means eligible.
    pub refusals: Vec<Refusal>,
    /// What to look at.
    pub warnings: Vec<Warning>,
}

impl Refusal {
    /// The stable code for texts and the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoNik => "no_nik",
            Self::BirthInFuture => "birth_in_future",
            Self::Age65 => "age_65",
            Self::NotWorking => "not_working",
            Self::NotHealthy => "not_healthy",
        }
    }

    /// The visit outcome offered for it: *tidak memenuhi syarat* for what waiting cannot change.
    pub fn visit_outcome(self) -> Option<&'static str> {
        (self == Self::Age65).then_some("not_eligible")
    }
}

impl Warning {
    /// The stable code for texts and the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Under17 => "under_17",
            Self::Near65 => "near_65",
        }
    }
}

impl Eligibility {
    /// True if nothing speaks against it.
    pub fn is_eligible(&self) -> bool {
        self.refusals.is_empty()
    }
}

/// Whether a person can be registered, or go on as a member, today.
pub fn check(request: &EligibilityRequest) -> Eligibility {
    let mut answer = Eligibility::default();
    let registering = request.membership != Membership::Existing;
    if !request.has_nik {
        answer.refusals.push(Refusal::NoNik);
    }
    match request.today.years_since(request.birth) {
        None => answer.refusals.push(Refusal::BirthInFuture),
        Some(age) if age >= AGE_LIMIT && registering => answer.refusals.push(Refusal::Age65),
        Some(age) if age < AGE_WARNED => answer.warnings.push(Warning::Under17),
        Some(_) if registering => {
            let payment = request.today.checked_add_days(Days::new(DAYS_TO_FIRST_PAYMENT));
            if payment.and_then(|day| day.years_since(request.birth)).is_some_and(|age| age >= AGE_LIMIT) {
                answer.warnings.push(Warning::Near65);
            }
        }
        Some(_) => {}
    }
    if !request.working {
        answer.refusals.push(Refusal::NotWorking);
    }
    // who is a member already is not cut off by an illness
    if registering && !request.healthy {
        answer.refusals.push(Refusal::NotHealthy);
    }
    answer
}
