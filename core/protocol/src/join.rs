//! How a device joins: it shows the invite's secret and its public keys, and gets a certificate.

use crate::{
    bytes,
    invite::InviteSecret,
    keys::{ReceiverKey, VerifyingKey},
    message::AppFacts,
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the phone's hardware says about its keys, for the server to judge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Whose form it has: `android_key`, `apple_app_attest`.
    pub format: String,
    /// As the platform gave it.
    #[serde(with = "bytes")]
    pub statement: Vec<u8>,
}

impl fmt::Debug for Attestation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attestation({}, {} bytes)", self.format, self.statement.len())
    }
}

/// A device asks to join. Signed by `session_key`; the same invite with the same keys may be used again for 72 h.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The invite's secret.
    pub secret: InviteSecret,
    /// Will sign its requests.
    pub session_key: VerifyingKey,
    /// Replies will be sealed to it.
    pub device_key: ReceiverKey,
    /// What the hardware says of the phone, where it says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attestation>,
    /// About the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppFacts>,
}

/// A device that has joined asks for its certificate, near the end of its lease or when a reply said that there is a
/// newer one. Signed by its session key, `kid` = device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    /// Serial of the certificate it has; 0 where it cannot read the one it has.
    #[serde(default)]
    pub serial: u64,
}

/// The device has joined, or its certificate was renewed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReply {
    /// Its certificate, see [`crate::Certificate`].
    #[serde(with = "bytes")]
    pub certificate: Vec<u8>,
    /// The server's clock, milliseconds since 1970.
    pub server_time: i64,
}

impl fmt::Debug for JoinReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinReply({} bytes, {})", self.certificate.len(), self.server_time)
    }
}

/// The answer to a join request, or to a request for a newer certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinAnswer {
    /// The device has joined.
    Joined(JoinReply),
    /// It has not: `invite_unknown`, `invite_used`, `invite_expired`; `device_revoked` for a renewal.
    Refused(Problem),
}
