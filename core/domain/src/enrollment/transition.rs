//! The one function that changes the state of an enrolment.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    Covered, EnrollmentEvent, EnrollmentFlag, EnrollmentState, EnrollmentStatus, Kpj, PaymentCode, Phase, Reason, phase,
};
use crate::calendar::Month;
use crate::contribution::Payer;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// RT/RW official, on a phone.
    Official,
    /// Operator of the kelurahan or desa.
    KelurahanOperator,
    /// Operator of the branch.
    BranchOperator,
    /// An answer of the branch, imported from its file.
    BranchFile,
    /// The server by itself: it closes the enrolment of a duplicate that it linked automatically.
    Server,
}

/// What an event rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The day it happened, in the region's zone: for `pay` the day of payment if the branch tells it.
    pub on: NaiveDate,
    /// The evidence the event asks for.
    pub evidence: Evidence,
}

/// Evidence, one kind for each sort of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// `verify`: the open flags speak for themselves.
    None,
    /// `submit`: which of the three parts passed their validators.
    Submission {
        /// Cover is valid.
        cover: bool,
        /// Declared: works and is healthy.
        declaration: bool,
        /// Consent was given.
        consent: bool,
    },
    /// `resubmit`: one of the two must be true.
    Resubmission {
        /// A fact was changed since the return.
        fact_changed: bool,
        /// The official explained in a note.
        noted: bool,
    },
    /// `return`, `withdraw`, `leave`, `refuse`, `superseded`, `died`, `erased`.
    Reason(Reason),
    /// `export`: the file it goes with.
    Export {
        /// The file's id.
        export_id: String,
    },
    /// `number`.
    Number {
        /// Member number.
        kpj: Kpj,
        /// What to pay with.
        payment_code: PaymentCode,
    },
    /// `pay`.
    Payment {
        /// First day of cover; needed for the first payment.
        from: Option<NaiveDate>,
        /// Last month of cover.
        until: Month,
    },
    /// `renew`.
    Renewal {
        /// Months to be paid.
        months: u32,
        /// Who pays.
        payer: Payer,
        /// Declared: *masih bekerja*.
        still_working: bool,
    },
    /// `report_death`.
    Death {
        /// Day of death.
        date: NaiveDate,
    },
}

/// Why a transition was refused. Nothing of the proof is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// Not a row of the table.
    #[error("{event} by {actor:?} is not possible while {}", from.code())]
    Refused {
        /// The phase on the day.
        from: Phase,
        /// What was tried.
        event: EnrollmentEvent,
        /// By whom.
        actor: Actor,
    },
    /// A row of the table, but the proof does not do.
    #[error("{event}: {fault}")]
    Proof {
        /// What was tried.
        event: EnrollmentEvent,
        /// What is wrong with the proof.
        fault: ProofFault,
    },
}

/// What is wrong with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ProofFault {
    /// Evidence of another kind.
    #[error("the evidence this event asks for is missing")]
    Missing,
    /// The cover is not valid.
    #[error("the cover is not valid")]
    Cover,
    /// The declaration is missing or says no.
    #[error("the declaration is not valid")]
    Declaration,
    /// The consent is missing.
    #[error("the consent is not valid")]
    Consent,
    /// A class B conflict is open.
    #[error("a conflict is open")]
    ConflictOpen,
    /// A duplicate review is open.
    #[error("a duplicate review is open")]
    DuplicateReview,
    /// Its sponsor's quota is used up.
    #[error("the sponsor's quota is used up")]
    OverQuota,
    /// Another sponsor pays.
    #[error("another sponsor pays in one of its months")]
    PayerTaken,
    /// It does not fit its agreement.
    #[error("it does not fit the sponsor's agreement")]
    AgreementUnfit,
    /// No reason code.
    #[error("no reason code")]
    NoReason,
    /// Sent again as it was.
    #[error("nothing was changed and no note was given")]
    NothingChanged,
    /// No export file id.
    #[error("no export file")]
    NoExport,
    /// It is in an export already.
    #[error("exported before")]
    AlreadyExported,
    /// The code or its amount is empty.
    #[error("the payment code is not valid")]
    PaymentCode,
    /// Another code while the old one can be used.
    #[error("the present payment code is still valid")]
    CodeStillValid,
    /// Another member number than before.
    #[error("the member number differs from the present one")]
    KpjDiffers,
    /// The first payment without its first day of cover.
    #[error("the first day of cover is missing")]
    NoCoverStart,
    /// The cover ends before it starts.
    #[error("the cover ends before it starts")]
    CoverEndsBeforeStart,
    /// A later payment that does not reach further.
    #[error("the cover is not longer than before")]
    CoverNotLater,
    /// No months.
    #[error("no months")]
    NoMonths,
    /// Not declared that the worker still works.
    #[error("not declared to be still working")]
    NotWorking,
    /// A death after the day it was reported.
    #[error("the day of death is in the future")]
    DeathInFuture,
}

impl TransitionError {
    /// The stable code for texts and the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "transition_refused",
            Self::Proof { fault, .. } => fault.code(),
        }
    }
}

impl ProofFault {
    /// The stable code for texts and the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "proof_missing",
            Self::Cover => "cover_invalid",
            Self::Declaration => "declaration_invalid",
            Self::Consent => "consent_invalid",
            Self::ConflictOpen => "conflict_open",
            Self::DuplicateReview => "duplicate_review",
            Self::OverQuota => "over_quota",
            Self::PayerTaken => "payer_taken",
            Self::AgreementUnfit => "agreement_unfit",
            Self::NoReason => "reason_missing",
            Self::NothingChanged => "nothing_changed",
            Self::NoExport => "export_missing",
            Self::AlreadyExported => "already_exported",
            Self::PaymentCode => "payment_code_invalid",
            Self::CodeStillValid => "payment_code_still_valid",
            Self::KpjDiffers => "kpj_differs",
            Self::NoCoverStart => "cover_start_missing",
            Self::CoverEndsBeforeStart => "cover_ends_before_start",
            Self::CoverNotLater => "cover_not_later",
            Self::NoMonths => "months_missing",
            Self::NotWorking => "not_working",
            Self::DeathInFuture => "death_in_future",
        }
    }
}

/// The state after `event`, or why not. Exactly the table of the design; the same arguments always give the same
/// answer.
pub fn next(
    state: &EnrollmentState,
    event: &EnrollmentEvent,
    actor: Actor,
    proof: &Proof,
) -> Result<EnrollmentState, TransitionError> {
    let from = phase(state, proof.on);
    if !may_act(event, actor) || !may_happen(event, from, state.has(&EnrollmentFlag::RenewalOpen)) {
        return Err(TransitionError::Refused { from, event: event.clone(), actor });
    }
    apply(state, event, proof).map_err(|fault| TransitionError::Proof { event: event.clone(), fault })
}

/// The "who" of the table.
fn may_act(event: &EnrollmentEvent, actor: Actor) -> bool {
    use Actor::{BranchFile, BranchOperator, KelurahanOperator, Official, Server};
    use EnrollmentEvent as E;
    let operator = matches!(actor, KelurahanOperator | BranchOperator);
    match event {
        E::Submit | E::Resubmit | E::Renew | E::Withdraw | E::ReportDeath => actor == Official,
        E::Verify | E::Leave | E::Refuse => operator,
        E::Superseded => operator || actor == Server,
        E::Return | E::Died | E::Erased => operator || actor == BranchFile,
        E::Export => actor == BranchOperator,
        E::Number | E::Pay => actor == BranchFile,
        E::Other(_) => false,
    }
}

/// The "from" of the table. A renewal goes through export and number while the enrolment stays active.
fn may_happen(event: &EnrollmentEvent, from: Phase, renewal_open: bool) -> bool {
    use EnrollmentEvent as E;
    use Phase as P;
    let active = matches!(from, P::PaidNotStarted | P::Covered | P::Lapsing | P::Arrears(_));
    match event {
        E::Submit => from == P::Queued,
        E::Verify => from == P::Received,
        E::Return => matches!(from, P::Received | P::Verified | P::Submitted),
        E::Resubmit => from == P::Returned,
        E::Export => from == P::Verified || (active && renewal_open),
        E::Number => matches!(from, P::Submitted | P::Numbered) || (active && renewal_open),
        E::Pay => from == P::Numbered || active,
        E::Renew => active,
        E::Withdraw => matches!(from, P::Received | P::Verified | P::Returned),
        E::Leave | E::Refuse | E::Superseded => {
            matches!(from, P::Received | P::Verified | P::Returned | P::Submitted | P::Numbered) || active
        }
        E::ReportDeath | E::Died | E::Erased => true,
        E::Other(_) => false,
    }
}

fn apply(state: &EnrollmentState, event: &EnrollmentEvent, proof: &Proof) -> Result<EnrollmentState, ProofFault> {
    use EnrollmentEvent as E;
    let mut after = state.clone();
    match (event, &proof.evidence) {
        (E::Submit, Evidence::Submission { cover, declaration, consent }) => {
            ensure(*cover, ProofFault::Cover)?;
            ensure(*declaration, ProofFault::Declaration)?;
            ensure(*consent, ProofFault::Consent)?;
            after.status = Some(EnrollmentStatus::Received);
        }
        (E::Verify, Evidence::None) => {
            nothing_open(state)?;
            after.status = Some(EnrollmentStatus::Verified);
        }
        (E::Return, Evidence::Reason(reason)) => {
            after.status = Some(EnrollmentStatus::Returned);
            after.returned = Some(given(reason)?);
            // the branch has answered that export; corrected, it goes with a new one
            after.export_id = None;
        }
        (E::Resubmit, Evidence::Resubmission { fact_changed, noted }) => {
            ensure(*fact_changed || *noted, ProofFault::NothingChanged)?;
            after.status = Some(EnrollmentStatus::Received);
            after.returned = None;
        }
        (E::Export, Evidence::Export { export_id }) => {
            ensure(!export_id.is_empty(), ProofFault::NoExport)?;
            ensure(state.export_id.is_none(), ProofFault::AlreadyExported)?;
            nothing_open(state)?;
            after.export_id = Some(export_id.clone());
            if state.status == Some(EnrollmentStatus::Verified) {
                after.status = Some(EnrollmentStatus::Submitted);
            }
        }
        (E::Number, Evidence::Number { kpj, payment_code }) => number(&mut after, kpj, payment_code, proof.on)?,
        (E::Pay, Evidence::Payment { from, until }) => {
            after.covered = Some(paid(state.covered, *from, *until)?);
            after.status = Some(EnrollmentStatus::Active);
            after.payment_code = None;
            after.flags.remove(&EnrollmentFlag::RenewalOpen);
        }
        (E::Renew, Evidence::Renewal { months, payer: _, still_working }) => {
            ensure(*months > 0, ProofFault::NoMonths)?;
            ensure(*still_working, ProofFault::NotWorking)?;
            if after.flags.insert(EnrollmentFlag::RenewalOpen) {
                // the renewal has an export and a code of its own
                after.export_id = None;
                after.payment_code = None;
            } else {
                ensure(state.export_id.is_none(), ProofFault::AlreadyExported)?;
            }
        }
        (E::ReportDeath, Evidence::Death { date }) => {
            ensure(*date <= proof.on, ProofFault::DeathInFuture)?;
            after.flags.insert(EnrollmentFlag::DeathReported);
        }
        (E::Withdraw | E::Leave | E::Refuse | E::Superseded | E::Died | E::Erased, Evidence::Reason(reason)) => {
            after.status = Some(EnrollmentStatus::Closed);
            after.returned = Some(given(reason)?);
            after.payment_code = None;
            after.flags.remove(&EnrollmentFlag::RenewalOpen);
        }
        _ => return Err(ProofFault::Missing),
    }
    Ok(after)
}

fn ensure(holds: bool, fault: ProofFault) -> Result<(), ProofFault> {
    if holds { Ok(()) } else { Err(fault) }
}

fn nothing_open(state: &EnrollmentState) -> Result<(), ProofFault> {
    ensure(!state.has(&EnrollmentFlag::ConflictOpen), ProofFault::ConflictOpen)?;
    ensure(!state.has(&EnrollmentFlag::DuplicateReview), ProofFault::DuplicateReview)?;
    ensure(!state.has(&EnrollmentFlag::OverQuota), ProofFault::OverQuota)?;
    ensure(!state.has(&EnrollmentFlag::PayerTaken), ProofFault::PayerTaken)?;
    ensure(!state.has(&EnrollmentFlag::AgreementUnfit), ProofFault::AgreementUnfit)
}

fn given(reason: &Reason) -> Result<Reason, ProofFault> {
    ensure(!reason.code.trim().is_empty(), ProofFault::NoReason)?;
    Ok(reason.clone())
}

/// The same number and code again change nothing; another code replaces only an expired one.
fn number(after: &mut EnrollmentState, kpj: &Kpj, new: &PaymentCode, on: NaiveDate) -> Result<(), ProofFault> {
    ensure(after.export_id.is_some(), ProofFault::NoExport)?;
    ensure(!new.code.trim().is_empty() && new.amount > 0, ProofFault::PaymentCode)?;
    ensure(after.kpj.as_ref().is_none_or(|present| present == kpj), ProofFault::KpjDiffers)?;
    let replaceable = after.payment_code.as_ref().is_none_or(|present| present == new) || after.code_expired(on);
    ensure(replaceable, ProofFault::CodeStillValid)?;
    if after.status == Some(EnrollmentStatus::Submitted) {
        after.status = Some(EnrollmentStatus::Numbered);
    }
    after.kpj = Some(kpj.clone());
    after.payment_code = Some(new.clone());
    Ok(())
}

/// The cover after a payment. A first day inside or right after the present cover continues it, so that an early
/// renewal does not take away the days already paid; after a gap the new first day counts.
fn paid(present: Option<Covered>, from: Option<NaiveDate>, until: Month) -> Result<Covered, ProofFault> {
    let from = match (present, from) {
        (None, None) => return Err(ProofFault::NoCoverStart),
        (None, Some(from)) => from,
        (Some(present), _) if until <= present.until => return Err(ProofFault::CoverNotLater),
        (Some(present), Some(from)) if from > present.until.add_months(1).first_day() => from,
        (Some(present), _) => present.from,
    };
    ensure(Month::of(from) <= until, ProofFault::CoverEndsBeforeStart)?;
    Ok(Covered { from, until })
}
