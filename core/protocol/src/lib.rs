//! What crosses a wire: the messages of the exchange and of joining, how they are signed and sealed, certificates,
//! key lists, invites and problems. The same sealed bytes go by HTTPS, through a hub or as a file.
//!
//! Nothing here reads a clock or makes randomness: times are arguments, and who seals passes a `CryptoRng`.
//! docs/PROTOCOL.md is written by [`document`].

#[cfg(test)]
extern crate self as payung_protocol;

mod bundle;
pub mod bytes;
mod certificate;
mod claim;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
mod cose;
pub mod document;
mod endpoint;
mod invite;
mod join;
mod key_list;
mod keys;
mod link;
mod message;
mod problem;
mod recovery;
mod seal;

pub use bundle::{BundleDigest, BundleId, Header, Limits, SealedBundle, Sent};
pub use certificate::{Certificate, MAX_CERTIFICATE, Role};
pub use claim::{ClaimCode, ClaimError, ServerLink};
pub use endpoint::{BUNDLE_TYPE, Endpoint};
pub use invite::{Invite, InviteError, InviteSecret};
pub use join::{Attestation, JoinAnswer, JoinReply, JoinRequest, RenewRequest};
pub use key_list::{KeyList, PublishedKeys, ReceiverEntry, ReceiverList, Serials, ServerKeys};
pub use keys::{DeviceKeys, Fingerprint, KeyId, ReceiverKey, ReceiverSecret, SigningKey, VerifyingKey};
pub use message::{AppFacts, BadOp, Checksum, Cursor, MAX_OFFERS, MAX_OPS, Offer, Reply, Request, record_check};
pub use payung_domain::only::Only;
pub use payung_domain::op::{
    Body, Candidate, Change, Conflict, FieldOutcome, GoneReason, Op, OpHash, Outcome, OutcomeStatus, Put, Reissue,
    Resolution,
};
pub use problem::{PROBLEM_JSON, Problem, ProblemCode};
pub use recovery::{Escrow, RecoveryAnswer, RecoveryError, RecoveryRequest};
pub use seal::{
    Opened, OpenedJoin, SealError, open_join, open_join_answer, open_reply, open_request, seal_join, seal_join_answer,
    seal_renewal, seal_reply, seal_request,
};
