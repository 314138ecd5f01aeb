//! States of an enrolment: what is stored, what is derived from it and the day, and the one function [`next`] that
//! changes it. The table is that of the design's "Enrolment states"; everything outside it is refused.
//!
//! *Captured is not covered*: a worker is covered only while [`EnrollmentState::is_covered`], which nothing but the
//! branch's payment makes true.

mod due;
mod number;
mod phase;
mod returned;
#[cfg(test)]
mod tests;
mod transition;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar::Month;
use crate::wire::wire_enum;

pub use due::Due;
pub use number::{Kpj, KpjError};
pub use phase::{Phase, label, next_step, phase};
pub(crate) use phase::{WHERE_TO_PAY, in_fours};
pub use returned::{ReturnReason, return_reason, return_reasons};
pub use transition::{Actor, Evidence, Proof, ProofFault, TransitionError, next};

wire_enum! {
    /// The stored status. Lapsing, arrears and ended are derived from it, the cover and the day: see [`Phase`].
    pub enum EnrollmentStatus {
        /// The office has it.
        Received = "received",
        /// An operator found it in order.
        Verified = "verified",
        /// Sent back with a reason.
        Returned = "returned",
        /// Exported to the branch.
        Submitted = "submitted",
        /// The branch gave a member number and a payment code; not covered yet.
        Numbered = "numbered",
        /// Paid at least once.
        Active = "active",
        /// Over.
        Closed = "closed",
    }
}

wire_enum! {
    /// What happens to an enrolment.
    pub enum EnrollmentEvent {
        /// The official sends it in.
        Submit = "submit",
        /// The official sends it again after it was returned.
        Resubmit = "resubmit",
        /// An operator finds it in order.
        Verify = "verify",
        /// It is sent back with a reason.
        Return = "return",
        /// It goes to the branch in an export file.
        Export = "export",
        /// The branch gives a member number and a payment code.
        Number = "number",
        /// The branch has the money.
        Pay = "pay",
        /// The worker wants to go on.
        Renew = "renew",
        /// The official takes it back before it is submitted.
        Withdraw = "withdraw",
        /// The member leaves.
        Leave = "leave",
        /// Not eligible, or already a member.
        Refuse = "refuse",
        /// Another enrolment of the same person stands in its place.
        Superseded = "superseded",
        /// The official reports that the worker died.
        ReportDeath = "report_death",
        /// The death is established.
        Died = "died",
        /// Erased by law.
        Erased = "erased",
    }
}

wire_enum! {
    /// What stands beside the state.
    pub enum EnrollmentFlag {
        /// A class B conflict is open; nothing goes to the branch.
        ConflictOpen = "conflict_open",
        /// It may be a duplicate; a person looks at it.
        DuplicateReview = "duplicate_review",
        /// A field that a newer schema asks for is missing.
        Incomplete = "incomplete",
        /// The sponsor's quota was used up before it arrived.
        OverQuota = "over_quota",
        /// Another sponsor pays for the person in one of its months.
        PayerTaken = "payer_taken",
        /// It does not fit the agreement it names.
        AgreementUnfit = "agreement_unfit",
        /// A correction after submitting waits as a request.
        CorrectionOpen = "correction_open",
        /// The worker asked to go on.
        RenewalOpen = "renewal_open",
        /// A death was reported.
        DeathReported = "death_reported",
        /// The payment code can no longer be used; derived from its date, never stored.
        CodeExpired = "code_expired",
    }
}

/// A reason from the list of [`return_reasons`], or one of a newer list, with the branch's own words. The words may
/// name people, so they stay out of `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// Code of the reason.
    pub code: String,
    /// What the branch wrote; may be empty.
    #[serde(default)]
    pub text: String,
}

impl std::fmt::Debug for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reason").field("code", &self.code).finish_non_exhaustive()
    }
}

/// What is paid with: the branch's code (*kode iuran*).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PaymentCode {
    /// The code, digits as the branch gave them.
    pub code: String,
    /// Rupiah to be paid.
    pub amount: i64,
    /// Last day it can be used.
    pub valid_to: NaiveDate,
}

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Covered {
    /// First day of cover, in the region's zone.
    pub from: NaiveDate,
    /// Last month of cover.
    pub until: Month,
}

impl Covered {
    /// `from` is not after `today` and `until` not before this month.
    pub fn covers(&self, today: NaiveDate) -> bool {
        self.from <= today && self.until >= Month::of(today)
    }
}

/// The server-owned fields of an enrolment (class A), named as on the wire; the member number is the worker's field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentState {
    /// None until the submit event has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<EnrollmentStatus>,
    /// Why the office sent it back or closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Reason>,
    /// What is to be paid now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_code: Option<PaymentCode>,
    /// What is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<Covered>,
    /// The export that the branch has or has answered; empty after a return and while a renewal waits for its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_id: Option<String>,
    /// The member number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kpj: Option<Kpj>,
    /// The stored flags; [`EnrollmentState::flags_on`] adds the derived one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub flags: BTreeSet<EnrollmentFlag>,
}

/// Of one person's enrolments, oldest first, the place of the one that counts: the newest that is not closed, else the newest.
pub fn counting<'s>(states: impl IntoIterator<Item = &'s EnrollmentState>) -> Option<usize> {
    let closed = |state: &EnrollmentState| state.status == Some(EnrollmentStatus::Closed);
    states.into_iter().enumerate().max_by_key(|(at, state)| (!closed(state), *at)).map(|(at, _)| at)
}

impl EnrollmentState {
    /// True while the worker is covered: the status is active, the first day has come and this month is paid.
    /// A status this version does not know never counts as cover.
    pub fn is_covered(&self, today: NaiveDate) -> bool {
        self.status == Some(EnrollmentStatus::Active) && self.covered.is_some_and(|covered| covered.covers(today))
    }

    /// True if a stored flag is set.
    pub fn has(&self, flag: &EnrollmentFlag) -> bool {
        self.flags.contains(flag)
    }

    /// The stored flags and, from the day after its last, `code_expired`.
    pub fn flags_on(&self, today: NaiveDate) -> BTreeSet<EnrollmentFlag> {
        let mut flags = self.flags.clone();
        flags.remove(&EnrollmentFlag::CodeExpired);
        if self.code_expired(today) {
            flags.insert(EnrollmentFlag::CodeExpired);
        }
        flags
    }

    /// True if there is a payment code and its last day has passed.
    pub fn code_expired(&self, today: NaiveDate) -> bool {
        self.payment_code.as_ref().is_some_and(|code| code.valid_to < today)
    }
}
