//! Why a run ended early, or joining failed. Whatever it is, nothing unsent was lost.

use crate::{address::AddressError, report::SyncReport, transport::TransportError};
use payung_protocol::{ClaimError, InviteError, Problem, SealError};
use payung_store::StoreError;
use thiserror::Error;

/// Why a run ended before all was quiet.
#[derive(Debug, Error)]
pub enum SyncError {
    /// The phone has not joined: what is saved waits here.
    #[error("the phone has not joined yet")]
    NotJoined,
    /// Another run is under way; its state can be observed.
    #[error("a run is under way already")]
    AlreadyRunning,
    /// Too early after a failure, or the server asked to wait.
    #[error("waiting until {until_ms} ms after 1970")]
    Waiting {
        /// Until when, milliseconds since 1970.
        until_ms: i64,
    },
    /// None of the server's addresses may be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer that is not believed: not from our server, not to us, not to this request, or damaged.
    #[error("the answer is not believed: {0}")]
    Reply(SealError),
    /// A key list that is not believed.
    #[error("the key list is not believed: {0}")]
    Keys(SealError),
    /// The request could not be sealed.
    #[error("the request cannot be sealed: {0}")]
    Seal(SealError),
    /// The phone's database did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run that ended early: why, and what it did until then.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct SyncFailure {
    /// Why.
    #[source]
    pub error: SyncError,
    /// What was done before.
    pub report: Box<SyncReport>,
    /// When to try again, milliseconds since 1970; none where time does not help.
    pub retry_at_ms: Option<i64>,
}

/// Why the phone did not join. The same link may be tried again: nothing is used up by an answer that got lost.
#[derive(Debug, Error)]
pub enum JoinError {
    /// The link is no invite.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// What was typed is no claim code, or what names its server is no such link.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// None of the invite's addresses may be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The server says no: `invite_used`, `invite_expired`, `invite_unknown`.
    #[error("the server refused: {0}")]
    Refused(Box<Problem>),
    /// No answer came.
    #[error(transparent)]
    Transport(TransportError),
    /// The key list does not hang on the invite's root.
    #[error("the key list is not believed: {0}")]
    Keys(SealError),
    /// The answer, or the certificate in it, is not believed.
    #[error("the answer is not believed: {0}")]
    Reply(SealError),
    /// The certificate is not for this phone's keys, or names no area.
    #[error("the certificate is not for this phone")]
    OtherCertificate,
    /// The request could not be sealed.
    #[error("the request cannot be sealed: {0}")]
    Seal(SealError),
    /// The phone's database did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}
