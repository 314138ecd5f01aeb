//! The two messages of the one exchange. Defaults are left out; what a newer peer adds is ignored.

use crate::seal::SealError;
use payung_domain::{
    area::Area,
    field::Kind,
    id::{Base, Epoch, RecordId},
    op::{Body, Change, Op, Outcome},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, str::FromStr};

#[cfg(test)]
mod tests;

/// The most ops one request may carry.
pub const MAX_OPS: usize = 1000;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How far a phone has read; made and understood by the server only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// What a replica holds of an area: the sum, mod 2^64, of [`record_check`] over its records. On the wire 16 hex digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum(pub u64);

/// One record's part of a checksum: the first 8 bytes, big-endian, of SHA-256 (record id, 16 bytes || version, u64
/// big-endian).
pub fn record_check(record: RecordId, version: u64) -> Checksum {
    let digest = Sha256::new().chain_update(record.bytes()).chain_update(version.to_be_bytes()).finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Checksum(u64::from_be_bytes(first))
}

impl Checksum {
    /// With one more record, or another sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Without a record it has.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

impl std::iter::Sum for Checksum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), Self::plus)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

impl FromStr for Checksum {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a phone tells of itself, when it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppFacts {
    /// Version of the app, `1.4.2`.
    pub app_version: String,
    /// Version of the field tables it knows.
    pub schema: u32,
    /// Free space of the phone, in bytes.
    pub free_bytes: u64,
}

/// The most records one request may offer back.
pub const MAX_OFFERS: usize = 100;

/// Another person's record that a restored server lacks, as this phone last pulled it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Who looked after it.
    pub area: Area,
    /// Epoch and version of what was pulled.
    pub base: Base,
    /// Its fields; `nik` as {masked, tag}.
    pub body: Body,
}

impl fmt::Debug for Offer {
    /// Without the body, which is a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offer({}, {})", self.record, self.kind)
    }
}

/// What a phone says in an exchange.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What it wants done, at most [`MAX_OPS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ops: Vec<Op>,
    /// The highest n such that every op up to it has its final outcome from this epoch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seen_through: u64,
    /// How far it has read; none at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Of everything it holds; an equal total spares the reply its `checksums`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// About the app, when it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppFacts>,
    /// Records that a restored server lacks, at most [`MAX_OFFERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<Offer>,
}

impl fmt::Debug for Request {
    /// Without the ops, which are people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("ops", &self.ops.len())
            .field("seen_through", &self.seen_through)
            .field("cursor", &self.cursor)
            .field("checksum", &self.checksum)
            .field("app", &self.app)
            .field("offered", &self.offered.len())
            .finish()
    }
}

/// What the server answers.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The life of the server's database this reply is from.
    pub epoch: Epoch,
    /// One for each op of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
    /// What others changed since the request's cursor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// How far the phone has read once it has taken the changes; none = as far as `request_cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// The cursor this reply answers. Where the phone now holds another, only the outcomes count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_cursor: Option<Cursor>,
    /// There is more to read: ask again now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more: bool,
    /// The server's clock, milliseconds since 1970.
    pub server_time: i64,
    /// Seconds to wait before the next exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<u32>,
    /// The oldest app that is still served in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_app: Option<String>,
    /// The device's certificate has changed: ask for it ([`crate::RenewRequest`]). Never the certificate itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub renew: bool,
    /// The device is to seal what it has not sent, and to destroy everything else it holds. It is revoked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wipe: bool,
    /// Offers that were looked at; those that wait for a person now, and those nobody needs. Not to be sent again in
    /// this epoch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<RecordId>,
    /// Of each leaf area in scope, once there is no more to read; left out where the request's total was equal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checksums: BTreeMap<Area, Checksum>,
    /// Outcomes and changes of a newer server that this version could not read. Not on the wire: an op whose
    /// outcome is among them stays pending, a record is found missing by its area's checksum.
    #[serde(skip)]
    pub unread: usize,
}

impl Reply {
    /// A reply that says nothing but when it was made and to what.
    pub fn new(epoch: Epoch, request_cursor: Option<Cursor>, server_time: i64) -> Self {
        Self {
            epoch,
            outcomes: Vec::new(),
            changes: Vec::new(),
            cursor: None,
            request_cursor,
            more: false,
            server_time,
            backoff: None,
            min_app: None,
            renew: false,
            wipe: false,
            kept: Vec::new(),
            checksums: BTreeMap::new(),
            unread: 0,
        }
    }
}

impl fmt::Debug for Reply {
    /// Without the changes, which are people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("epoch", &self.epoch)
            .field("outcomes", &self.outcomes.len())
            .field("changes", &self.changes.len())
            .field("cursor", &self.cursor)
            .field("request_cursor", &self.request_cursor)
            .field("more", &self.more)
            .field("server_time", &self.server_time)
            .field("backoff", &self.backoff)
            .field("min_app", &self.min_app)
            .field("renew", &self.renew)
            .field("wipe", &self.wipe)
            .field("kept", &self.kept.len())
            .field("checksums", &self.checksums.len())
            .field("unread", &self.unread)
            .finish()
    }
}

/// An op that could not be read: it alone is refused (`op_malformed`), the rest of its batch goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadOp {
    /// Its number, which its outcome must name.
    pub n: u64,
    /// The record it names, if that much can be read.
    pub record: Option<RecordId>,
}

/// Reads a request. One op that cannot be read does not stop its batch.
pub(crate) fn read_request(json: &[u8]) -> Result<(Request, Vec<BadOp>), SealError> {
    let (request, bad) = match from_object::<Request>(json) {
        Ok(request) => (request, Vec::new()),
        Err(_) => salvage_request(json)?,
    };
    if request.ops.len() + bad.len() > MAX_OPS || request.offered.len() > MAX_OFFERS {
        return Err(SealError::TooManyOps);
    }
    Ok((request, bad))
}

/// Reads a reply. An outcome or change of a newer server that cannot be read is counted, not fatal: a phone that
/// could not read a reply at all could never go on.
pub(crate) fn read_reply(json: &[u8]) -> Result<Reply, SealError> {
    if let Ok(reply) = from_object::<Reply>(json) {
        return Ok(reply);
    }
    let mut message = object(json)?;
    let (outcomes, lost_outcomes) = readable(&mut message, "outcomes")?;
    let (changes, lost_changes) = readable(&mut message, "changes")?;
    let reply: Reply = typed(message)?;
    Ok(Reply { outcomes, changes, unread: lost_outcomes.len() + lost_changes.len(), ..reply })
}

fn salvage_request(json: &[u8]) -> Result<(Request, Vec<BadOp>), SealError> {
    let mut message = object(json)?;
    let (ops, lost) = readable(&mut message, "ops")?;
    // an op without a number can get no outcome, so the phone would wait for it for ever
    let bad = lost.iter().map(BadOp::of).collect::<Option<_>>().ok_or(SealError::Message)?;
    // an offer that cannot be read is not answered, and is offered by another phone or again
    let (offered, _) = readable(&mut message, "offered")?;
    let request: Request = typed(message)?;
    Ok((Request { ops, offered, ..request }, bad))
}

impl BadOp {
    fn of(value: &Value) -> Option<Self> {
        let n = value.get("n")?.as_u64().filter(|n| *n > 0)?;
        let record = value.get("record").and_then(Value::as_str).and_then(|id| id.parse().ok());
        Some(Self { n, record })
    }
}

/// Reads a message, which is an object: serde would take an array of its members' values too.
pub(crate) fn from_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, SealError> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(SealError::Message);
    }
    serde_json::from_slice(json).map_err(|_| SealError::Message)
}

fn object(json: &[u8]) -> Result<Map<String, Value>, SealError> {
    serde_json::from_slice(json).map_err(|_| SealError::Message)
}

fn typed<T: DeserializeOwned>(message: Map<String, Value>) -> Result<T, SealError> {
    serde_json::from_value(Value::Object(message)).map_err(|_| SealError::Message)
}

/// Takes the list `key` out of the message: what reads as T, and what does not.
fn readable<T: DeserializeOwned>(
    message: &mut Map<String, Value>,
    key: &str,
) -> Result<(Vec<T>, Vec<Value>), SealError> {
    let items = match message.remove(key) {
        None => return Ok((Vec::new(), Vec::new())),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(SealError::Message),
    };
    let (mut read, mut lost) = (Vec::new(), Vec::new());
    for item in items {
        match T::deserialize(&item) {
            Ok(value) => read.push(value),
            Err(_) => lost.push(item),
        }
    }
    Ok((read, lost))
}
