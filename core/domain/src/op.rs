//! What a phone asks for (`Op`), what became of it (`Outcome`), and what the server tells others (`Change`).

use crate::{
    area::Area,
    field::Kind,
    id::{Base, DeviceId, Hlc, OfficialId, OpId, RecordId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt};

/// The named fields of a record. Unknown names and values survive verbatim.
pub type Body = BTreeMap<String, Value>;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// First 8 bytes of the SHA-256 over an op's canonical JSON: tells a repeated op from a re-used number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpHash(pub [u8; 8]);

impl Serialize for OpHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for OpHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut bytes = [0; 8];
        hex::decode_to_slice(&*text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// An op tried again under a new number names the one it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reissue {
    /// The device that numbered the old op.
    pub device: DeviceId,
    /// The old number.
    pub n: u64,
    /// The old op's hash.
    pub hash: OpHash,
}

/// A person's decision on an open conflict.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// The value decided on.
    pub value: Value,
    /// The candidates the person had before them.
    pub seen: Vec<OpId>,
    /// The document looked at: `ktp`, `kk`, `akta`; none where an operator decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// One act of one device on one record; immutable once numbered. On the wire, defaults are omitted.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// Counts up per device from 1; given when the op is first sealed.
    pub n: u64,
    /// The record written.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Who looks after the record, as the writer knew it; counts for a creation only.
    pub area: Area,
    /// The version the form was opened with; none for a creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// The fields that differ from what was shown when the form was opened.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: Body,
    /// Decisions on open conflicts, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resolve: BTreeMap<String, Resolution>,
    /// When it was saved, by the device's hybrid clock, unclamped.
    pub hlc: Hlc,
    /// The op this one stands for, after a refusal or a re-join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reissue: Option<Reissue>,
    /// Fields of `set` saved anew since: they count as history only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stale: Vec<String>,
    /// Not part of the op: its receipt in an earlier epoch, when it is offered again after a restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Base>,
}

impl Op {
    /// The op's hash: over everything but `receipt`, with keys in order, so that it is the same wherever computed.
    pub fn hash(&self) -> OpHash {
        // an Op holds nothing that JSON can't carry
        let canonical = serde_json::to_vec(&Canonical::of(self)).unwrap_or_default();
        let digest = Sha256::digest(&canonical);
        let mut hash = [0; 8];
        hash.copy_from_slice(&digest[..8]);
        OpHash(hash)
    }

    /// Every value the op carries, by field, decisions included.
    pub fn values(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.set.iter().chain(self.resolve.iter().map(|(field, decision)| (field, &decision.value)))
    }
}

/// An op as it is hashed: without `receipt`, every key in the order of the alphabet, written without a copy.
#[derive(Serialize)]
struct Canonical<'o> {
    area: &'o Area,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'o Base>,
    hlc: Hlc,
    kind: &'o Kind,
    n: u64,
    record: RecordId,
    #[serde(skip_serializing_if = "Option::is_none")]
    reissue: Option<CanonicalReissue>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resolve: BTreeMap<&'o str, CanonicalResolution<'o>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    set: &'o Body,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stale: &'o [String],
}

#[derive(Serialize)]
struct CanonicalReissue {
    device: DeviceId,
    hash: OpHash,
    n: u64,
}

#[derive(Serialize)]
struct CanonicalResolution<'o> {
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'o str>,
    seen: &'o [OpId],
    value: &'o Value,
}

impl<'o> Canonical<'o> {
    fn of(op: &'o Op) -> Self {
        let reissue = |old: &Reissue| CanonicalReissue { device: old.device, hash: old.hash, n: old.n };
        let decision = |decision: &'o Resolution| CanonicalResolution {
            document: decision.document.as_deref(),
            seen: &decision.seen,
            value: &decision.value,
        };
        Self {
            area: &op.area,
            base: op.base.as_ref(),
            hlc: op.hlc,
            kind: &op.kind,
            n: op.n,
            record: op.record,
            reissue: op.reissue.as_ref().map(reissue),
            resolve: op.resolve.iter().map(|(field, made)| (field.as_str(), decision(made))).collect(),
            set: &op.set,
            stale: &op.stale,
        }
    }
}

/// What became of an op as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeStatus {
    /// Taken; the fields tell the rest.
    Applied,
    /// Not final: waits for its parent or for a person.
    Held,
    /// Taken before; its stored outcome has been dropped since.
    Replayed,
    /// Not taken; `code` tells why. The phone keeps it and offers "try again".
    Refused,
}

/// What became of one field of an op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldOutcome {
    /// The value stands (or equals what stands).
    Kept,
    /// Another value stands; this one is in the history.
    Lost,
    /// Both values wait for a person.
    Conflict,
    /// The record has gone to the branch: the value waits as a request.
    Correction,
    /// Not taken, with a stable code such as `field_owner` or `field_fixed`.
    Refused(String),
}

/// The answer to one op; final unless `held`. Returned verbatim when the op is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The op's number.
    pub n: u64,
    /// What became of it.
    pub status: OutcomeStatus,
    /// The record it was applied to: the survivor's where the op's own record is linked.
    pub record: RecordId,
    /// That record's version after it; 0 when nothing is there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: u64,
    /// Opaque token of a possible duplicate under review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<String>,
    /// Fields with another outcome than `kept`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, FieldOutcome>,
    /// Why it was refused or is held: a stable code, never a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// One value of an open conflict.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The op that wrote it.
    #[serde(flatten)]
    pub op: OpId,
    /// The value. A NIK comes in full to those who may resolve, else as {masked, tag}.
    pub value: Value,
    /// Who wrote it.
    pub who: OfficialId,
    /// When, by the writer's clamped clock.
    pub when: Hlc,
    /// The linked record it came from, if it was not written to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RecordId>,
}

/// The values between which a person must choose. The body's own value is among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The candidates, one for each writing device and source.
    pub candidates: Vec<Candidate>,
    /// Opened by a write after the record went to the branch: an operator decides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub correction: bool,
}

/// Why a record leaves an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneReason {
    /// It is looked after elsewhere.
    Moved,
    /// Erased by law.
    Erased,
}

/// What the server tells a phone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A record as it stands.
    Put(Put),
    /// A record left the area it was told in.
    Gone {
        /// The record.
        record: RecordId,
        /// Why.
        why: GoneReason,
        /// Its version at leaving.
        version: u64,
        /// Where it went, only if that is within the phone's scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Area>,
    },
    /// A prefix left the phone's scope.
    Evict {
        /// The prefix.
        prefix: Area,
        /// What of it the phone keeps.
        #[serde(default, skip_serializing_if = "is_default")]
        keep: Vec<Area>,
    },
}

/// A record as it stands on the server, as one phone may see it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Put {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Who looks after it.
    pub area: Area,
    /// Its version.
    pub version: u64,
    /// Its fields; `nik` as {masked, tag}.
    pub body: Body,
    /// Open conflicts by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflicts: BTreeMap<String, Conflict>,
    /// The surviving record, when this one is linked as its duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_of: Option<RecordId>,
}

// What follows prints names, never values: they are a person's.

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Op")
            .field("n", &self.n)
            .field("record", &self.record)
            .field("kind", &self.kind)
            .field("base", &self.base)
            .field("set", &self.set.keys())
            .field("resolve", &self.resolve)
            .field("hlc", &self.hlc)
            .field("reissue", &self.reissue)
            .field("stale", &self.stale)
            .field("receipt", &self.receipt)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolution").field("seen", &self.seen).field("document", &self.document).finish_non_exhaustive()
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("op", &self.op)
            .field("who", &self.who)
            .field("when", &self.when)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put")
            .field("record", &self.record)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("body", &self.body.keys())
            .field("conflicts", &self.conflicts)
            .field("alias_of", &self.alias_of)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Epoch;
    use serde_json::json;
    use uuid::Uuid;

    fn op() -> Op {
        let json = json!({
            "n": 1, "record": Uuid::from_u128(1), "kind": "worker", "area": "33.02.24.1001.003.005", "hlc": 5,
            "set": {"nik": "3302241505809001", "name": "SUTINI"},
            "resolve": {"mother_name": {"value": "KARSEM", "seen": [{"device": Uuid::from_u128(2), "n": 3}]}},
        });
        serde_json::from_value(json).expect("an op")
    }

    #[test]
    fn debug_prints_no_value() {
        let candidate = json!({"device": Uuid::nil(), "n": 1, "value": "SUTINI", "who": Uuid::nil(), "when": 1});
        let candidate: Candidate = serde_json::from_value(candidate).expect("a candidate");
        let put =
            json!({"record": Uuid::nil(), "kind": "worker", "area": "33.02", "version": 1, "body": {"name": "SUTINI"}});
        let put: Put = serde_json::from_value(put).expect("a put");
        let shown = format!("{:?} {:?} {:?}", op(), candidate, Change::Put(put));
        // the fields are named, so that a log helps
        assert!(shown.contains("mother_name") && shown.contains("Candidate") && shown.contains("Put {"), "{shown}");
        assert!(shown.contains("seen"), "{shown}");
        assert!(!shown.contains("SUTINI") && !shown.contains("KARSEM") && !shown.contains("9001"), "{shown}");
    }

    #[test]
    fn values_of_an_op_are_what_it_sets_and_what_it_decides() {
        let op = op();
        let values: Vec<(&str, &Value)> = op.values().map(|(field, value)| (field.as_str(), value)).collect();
        let (name, nik, mother) = (json!("SUTINI"), json!("3302241505809001"), json!("KARSEM"));
        assert_eq!(values, [("name", &name), ("nik", &nik), ("mother_name", &mother)]);
    }

    #[test]
    fn hash_covers_every_field_but_the_receipt() {
        let hash = op().hash();
        let mut offered = op();
        offered.receipt = Some(Base { epoch: Epoch(1), version: 2 });
        assert_eq!(offered.hash(), hash);
        let changes: [fn(&mut Op); 6] = [
            |op| op.n = 2,
            |op| op.hlc = Hlc(6),
            |op| drop(op.set.insert("name".to_owned(), json!("SUTINAH"))),
            |op| op.base = Some(Base { epoch: Epoch(1), version: 1 }),
            |op| op.stale.push("name".to_owned()),
            |op| op.resolve.clear(),
        ];
        for change in changes {
            let mut other = op();
            change(&mut other);
            assert_ne!(other.hash(), hash);
        }
    }

    #[test]
    fn op_survives_the_wire_with_its_hash() {
        let json = serde_json::to_vec(&op()).expect("serialises");
        let read: Op = serde_json::from_slice(&json).expect("reads");
        assert_eq!((read.hash(), &read), (op().hash(), &op()));
    }

    #[test]
    fn hash_is_over_keys_in_the_order_of_the_alphabet() {
        let full: Op = serde_json::from_value(json!({
            "n": 7, "record": Uuid::from_u128(1), "kind": "worker", "area": "33.02.24.1001.005.003", "hlc": 99,
            "base": { "epoch": "00000000000000ab", "version": 3 },
            "set": { "notes": "é \"x\"", "weight": 1.5, "deep": { "z": 1, "a": [null, true] } },
            "resolve": { "name": { "value": "SUTINI", "seen": [{ "device": Uuid::from_u128(2), "n": 4 }], "document": "ktp" } },
            "reissue": { "device": Uuid::from_u128(3), "n": 2, "hash": "0102030405060708" },
            "stale": ["notes"],
        }))
        .expect("an op");
        for op in [full, op()] {
            // a `Value` sorts its keys
            let sorted = serde_json::to_value(&op).expect("JSON").to_string();
            assert_eq!(op.hash().0, Sha256::digest(sorted.as_bytes())[..8]);
        }
    }
}
