//! What storage takes and gives.

use super::seal::NikHash;
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::Month,
    field::Kind,
    id::{DeviceId, OfficialId, OpId, RecordId},
    only::Only,
    op::{GoneReason, Op, OpHash, Outcome},
    record::Record,
    region::RegionCode,
    sponsorship::Standing,
};
use payung_protocol::{Attestation, Offer, ReceiverKey, Role, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose records a caller may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The office itself: operators on the data directory, the server's own rules.
    Office,
    /// Whoever looks after these areas.
    Areas(Vec<Area>),
}

impl Scope {
    /// Whether an area lies within it.
    pub fn contains(&self, area: &Area) -> bool {
        match self {
            Self::Office => true,
            Self::Areas(areas) => areas.iter().any(|within| area.is_within(within)),
        }
    }
}

/// A record as loaded or about to be saved. Remembers what the database has of it, so that saving knows what changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The record.
    pub record: Record,
    /// Area and version as stored; none where nothing is.
    pub(super) stored: Option<(Area, u64)>,
}

impl Kept {
    /// A record that is not stored yet.
    pub fn new(record: Record) -> Self {
        Self { record, stored: None }
    }

    /// Whether the database has it.
    pub fn is_stored(&self) -> bool {
        self.stored.is_some()
    }
}

/// A record that a device is about which looks after no area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concerned {
    /// The record.
    pub record: RecordId,
    /// Who looks after it.
    pub area: Area,
    /// Its version.
    pub version: u64,
}

/// A change of a village's feed.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedRow {
    /// A record as it stands.
    Put {
        /// Its place in the feed.
        seq: u64,
        /// The record.
        record: Box<Record>,
    },
    /// A record that is not there any more.
    Gone(Tombstone),
}

impl FeedRow {
    /// Its place in the feed.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Put { seq, .. } => *seq,
            Self::Gone(gone) => gone.seq,
        }
    }
}

/// A record's removal from an area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Its place in the feed.
    pub seq: u64,
    /// The record.
    pub record: RecordId,
    /// Why.
    pub why: GoneReason,
    /// Its version at leaving.
    pub version: u64,
}

/// Where an op stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpStatus {
    /// Applied to its own record.
    Applied,
    /// Applied to the record its own is linked to; unlinking replays it on its own.
    Linked,
    /// Waits for its record or for a person.
    Held,
    /// Not taken.
    Refused,
    /// Another op stands for it.
    Superseded,
}

impl OpStatus {
    /// The text in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Linked => "linked",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }

    /// From the text in SQL.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Applied, Self::Linked, Self::Held, Self::Refused, Self::Superseded]
            .into_iter()
            .find(|s| s.as_str() == name)
    }
}

/// An op as received, with what became of it: one row is history, dedupe hash and stored outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredOp {
    /// The device that numbered it.
    pub device: DeviceId,
    /// The op.
    pub op: Op,
    /// Its hash.
    pub hash: OpHash,
    /// When it was received, milliseconds since 1970.
    pub received_at: i64,
    /// Where it stands.
    pub status: OpStatus,
    /// The missing record it waits for.
    pub waits_for: Option<RecordId>,
    /// The stored outcome; none once the phone has seen it.
    pub outcome: Option<Outcome>,
}

impl StoredOp {
    /// Its name.
    pub fn id(&self) -> OpId {
        OpId { device: self.device, n: self.op.n }
    }
}

/// What is known of a number of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownOp {
    /// The number.
    pub n: u64,
    /// The hash of the op first received under it.
    pub hash: OpHash,
    /// Where that op stands.
    pub status: OpStatus,
    /// Its stored outcome; none once the phone has seen it.
    pub outcome: Option<Outcome>,
}

/// Which held ops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldFilter {
    /// Every one.
    All,
    /// Those of a device.
    Device(DeviceId),
    /// Those that wait for one of these records.
    WaitingFor(Vec<RecordId>),
}

/// What is in the clear about a record and may be searched by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Of a kind.
    pub kind: Option<Kind>,
    /// In a stored state.
    pub status: Option<String>,
    /// With an open conflict.
    pub conflict: bool,
}

/// Whether a device may take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Sends and receives.
    Active,
    /// Reinstalled or replaced: late bundles are accepted, nothing is told.
    Retired,
    /// Lost or misused: its ops are held for a person, nothing is told.
    Revoked,
}

impl DeviceState {
    /// The text in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

/// A device and what its certificate says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// Who uses it.
    pub official: OfficialId,
    /// Whether it may take part.
    pub state: DeviceState,
    /// The highest number below which the phone has every final outcome.
    pub seen_through: u64,
    /// Signs its requests.
    pub session_key: VerifyingKey,
    /// Replies are sealed to it.
    pub device_key: ReceiverKey,
    /// What it may be used for.
    pub roles: Vec<Role>,
    /// Where, now.
    pub areas: Vec<Area>,
    /// What it is about, where it looks after no area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Areas it held before, each with the moment it lost it, milliseconds since 1970.
    pub left: Vec<(Area, i64)>,
    /// When it joined, milliseconds since 1970.
    pub joined_at: i64,
    /// Its certificate, as signed.
    pub certificate: Vec<u8>,
    /// The certificate was changed by an operator, and the phone has not shown yet that it has it.
    #[serde(default)]
    pub unfetched: bool,
    /// It is to destroy what it holds, and is told so with each reply.
    #[serde(default)]
    pub wipe: bool,
    /// What its hardware said of it at joining, where it has such; kept as it came, judged by nobody yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attestation>,
    /// The hash of the invite it joined with.
    pub invite: [u8; 32],
}

impl Device {
    /// Where it is, for the operators of that place: not what it may see.
    pub fn places(&self) -> impl Iterator<Item = &Area> {
        self.areas.iter().chain(self.only.as_ref().map(Only::area))
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({}, {})", self.id, self.state.as_str())
    }
}

/// A person who works with Payung.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Official {
    /// Their id.
    pub id: OfficialId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Where an operator may act; everywhere where none are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<Area>,
    /// When they were added, milliseconds since 1970.
    pub since: i64,
}

impl Official {
    /// What an operator may see.
    pub fn scope(&self) -> Scope {
        if self.areas.is_empty() { Scope::Office } else { Scope::Areas(self.areas.clone()) }
    }
}

impl fmt::Debug for Official {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Official({})", self.id)
    }
}

/// An invite, by the hash of its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// For whom.
    pub official: OfficialId,
    /// With what roles.
    pub roles: Vec<Role>,
    /// For which areas.
    pub areas: Vec<Area>,
    /// What the device will be about, where it looks after no area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Until when, milliseconds since 1970.
    pub expires: i64,
    /// The device it takes the place of.
    pub replaces: Option<DeviceId>,
    /// The device that used it, and when.
    pub used: Option<(DeviceId, i64)>,
}

/// A record that this life of the database lacks, as a phone last pulled it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredOffer {
    /// What was offered.
    pub offer: Offer,
    /// By which device.
    pub device: DeviceId,
    /// When, milliseconds since 1970.
    pub received_at: i64,
}

/// What an enrolment or its renewal asks of a sponsor's agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sponsored {
    /// The enrolment, or the fact that renews it.
    pub claim: RecordId,
    /// The enrolment.
    pub enrollment: RecordId,
    /// The agreement's record; nil where there is none of that number.
    pub agreement: RecordId,
    /// The person, by the keyed hash of the NIK.
    pub person: Option<NikHash>,
    /// First contribution month.
    pub first: Month,
    /// Last contribution month.
    pub last: Month,
    /// Its turn among the agreement's.
    pub place: u64,
    /// Where it stands.
    pub standing: Standing,
    /// Why it does not fit: a stable code.
    pub code: Option<String>,
}

/// Whose claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SponsoredOf {
    /// Of these enrolments.
    Enrollments(Vec<RecordId>),
    /// Of an agreement, by their turns.
    Agreement(RecordId),
    /// Of a person.
    Person(NikHash),
}

/// The number of a membership card, and its place in the status list of its regency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRow {
    /// The card's own number.
    pub id: String,
    /// Whose it is; none once the person is erased.
    pub worker: Option<RecordId>,
    /// The regency whose list it is in.
    pub list: RegionCode,
    /// Where in the list.
    pub place: u32,
    /// A keyed hash of what it says of the person.
    pub facts: [u8; 16],
    /// Taken back.
    pub revoked: bool,
    /// The last day on which anything issued under this number is looked at.
    pub expires: NaiveDate,
}

/// Which cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardsOf<'a> {
    /// Of a person, those taken back included.
    Worker(RecordId),
    /// Of a number.
    Number(&'a str),
    /// At a place of a list.
    Place(RegionCode, u32),
    /// Taken back, of a list, by their places.
    Revoked(RegionCode),
}

/// Where a pair of possible duplicates stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateState {
    /// A person must look.
    Review,
    /// One person: linked.
    Linked,
    /// Two persons.
    Apart,
}

impl DuplicateState {
    /// The text in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Linked => "linked",
            Self::Apart => "apart",
        }
    }

    /// From the text in SQL.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Review, Self::Linked, Self::Apart].into_iter().find(|state| state.as_str() == name)
    }
}

/// Two records that may be one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Opaque: what phones are told of it.
    pub token: [u8; 16],
    /// The record that came second; the loser of a link.
    pub later: RecordId,
    /// The record that held the NIK; the survivor of a link.
    pub earlier: RecordId,
    /// Where it stands.
    pub state: DuplicateState,
    /// When it was found, milliseconds since 1970.
    pub opened_at: i64,
    /// When it was decided.
    pub decided_at: Option<i64>,
    /// The enrolment closed as superseded by the link, which unlinking opens again, with the state it had.
    pub closed: Vec<(RecordId, String)>,
}

/// An operator act that waits for a phone to bring its record again after a restore.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingAct {
    /// Its number in the journal.
    pub seq: u64,
    /// The record.
    pub record: RecordId,
    /// The journal line.
    pub act: Vec<u8>,
}

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number.
    pub seq: u64,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Who: a device or official id, or `server`.
    pub who: String,
    /// What was done.
    pub act: String,
    /// Ids and counts, as JSON.
    pub detail: String,
    /// SHA-256 over the line before's hash and this line.
    pub hash: [u8; 32],
}
