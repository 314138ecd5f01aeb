//! What the server keeps, as the services see it: domain acts inside a unit of work, with the caller's scope as an
//! argument. No table shows through and no business rule is in here; SQLite is behind it now, PostgreSQL later, both
//! judged by [`conformance`].
//!
//! Everything is shaped for batches (load many, save many), so that an engine behind a network stays honest. All calls
//! block; HTTP handlers call them off the async threads.

#[cfg(test)]
pub mod conformance;
mod dictionary;
mod rows;
pub mod seal;
pub mod sqlite;

pub use rows::{
    AuditLine, CardRow, CardsOf, Concerned, Device, DeviceState, Duplicate, DuplicateState, FeedRow, HeldFilter,
    Invite, Kept, KnownOp, Official, OpStatus, PendingAct, RecordFilter, Scope, Sponsored, SponsoredOf, StoredOffer,
    StoredOp, Tombstone,
};
pub use seal::{NikHash, Sealer, WordHash};

use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    attachment::MediaHash,
    id::{DeviceId, Epoch, OpId, RecordId},
    only::Only,
    op::{GoneReason, Reissue},
    region::RegionCode,
};
use payung_protocol::Checksum;

/// Why storage could not do it. Texts name no person and no value.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database was written by a newer version of the server.
    #[error("the database has schema {found}, this version of payung knows {known}: use the newer payung")]
    NewerSchema {
        /// The database's schema.
        found: i64,
        /// The newest this version knows.
        known: i64,
    },
    /// A sealed column does not open.
    #[error(transparent)]
    Unopened(#[from] seal::Unopened),
    /// A stored row cannot be read: damage, or written by something else.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
    /// The unit lost against another and may be tried again with the same ops.
    #[error("the database is busy")]
    Busy,
    /// No space left: nothing of the unit was saved.
    #[error("the disk is full, nothing was saved")]
    Full,
    /// The engine failed.
    #[error("the database failed: {0}")]
    Engine(String),
}

/// Storage.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// An engine.
pub trait Storage: Send + Sync {
    /// Begins a unit that reads one state of the whole database.
    fn read(&self) -> Result<Box<dyn Reading + '_>>;

    /// Begins the unit that writes. Dropped without [`Writing::commit`], nothing of it stays.
    fn write(&self) -> Result<Box<dyn Writing + '_>>;

    /// The keys of sealed columns and look-ups.
    fn sealer(&self) -> &Sealer;

    /// Writes the whole file anew, so that nothing deleted is left in it or beside it.
    fn shred(&self) -> Result<()>;
}

/// What can be asked inside a unit of work.
pub trait Reading {
    /// The life of the database.
    fn epoch(&self) -> Result<Epoch>;
    /// A named counter; 0 where it was never set.
    fn counter(&self, name: &str) -> Result<u64>;

    /// A device.
    fn device(&self, id: DeviceId) -> Result<Option<Device>>;
    /// Every device, oldest first.
    fn devices(&self) -> Result<Vec<Device>>;
    /// Every official, oldest first.
    fn officials(&self) -> Result<Vec<Official>>;
    /// An invite by the hash of its secret.
    fn invite(&self, hash: &[u8; 32]) -> Result<Option<Invite>>;
    /// Every invite.
    fn invites(&self) -> Result<Vec<Invite>>;

    /// The records of these ids that are within the scope; in no order.
    fn records(&self, ids: &[RecordId], scope: &Scope) -> Result<Vec<Kept>>;
    /// The records whose parent is one of these, within the scope, oldest first.
    fn children(&self, parents: &[RecordId], scope: &Scope) -> Result<Vec<Kept>>;
    /// The records linked to one of these as duplicates.
    fn linked_to(&self, survivors: &[RecordId]) -> Result<Vec<RecordId>>;
    /// The stored states of the children of these: (parent, state).
    fn child_states(&self, parents: &[RecordId]) -> Result<Vec<(RecordId, String)>>;
    /// Records by what is in the clear about them, in the order of their ids, after one id.
    fn find(&self, filter: &RecordFilter, scope: &Scope, after: Option<RecordId>, limit: usize) -> Result<Vec<Kept>>;
    /// Records with all of these name words, in the order of their ids, after one id.
    fn by_name(&self, words: &[WordHash], scope: &Scope, after: Option<RecordId>, limit: usize) -> Result<Vec<Kept>>;
    /// The records that the phone of a person or a clinic is about: the person with all they are linked to, or the accident
    /// reports that name the clinic and were received since a moment (milliseconds since 1970) with the persons hurt; and
    /// what hangs on them, of the kinds it is told of. In the order of their ids.
    fn concerned(&self, only: &Only, since: i64) -> Result<Vec<Concerned>>;
    /// Who holds these NIKs.
    fn claims(&self, hashes: &[NikHash]) -> Result<Vec<(NikHash, RecordId)>>;
    /// Which of these NIKs are known as members already.
    fn known_members(&self, hashes: &[NikHash]) -> Result<Vec<NikHash>>;

    /// Whom an ecosystem says it has.
    fn ecosystem_members(&self, ecosystem: RecordId) -> Result<Vec<NikHash>>;

    /// What enrolments ask of sponsors' agreements; those of an agreement by their turns.
    fn sponsored(&self, of: &SponsoredOf) -> Result<Vec<Sponsored>>;

    /// Numbers of membership cards.
    fn cards(&self, of: &CardsOf<'_>) -> Result<Vec<CardRow>>;
    /// The regencies that any card is in the list of, in the order of their codes.
    fn card_lists(&self) -> Result<Vec<RegionCode>>;

    /// The feeds of a prefix with their newest seq: the villages in it (or the village a narrower prefix lies in), and the
    /// wider regions it lies in, for what is shared there; none where no record was ever written.
    fn heads(&self, prefix: &Area) -> Result<Vec<(String, u64)>>;
    /// What changed in the part `prefix` of a feed after a seq, by seq: records as they are now, and removals of records
    /// that are not within the scope any more. What is shared belongs to every part of its area.
    fn changes_since(&self, prefix: &Area, feed: &str, after: u64, scope: &Scope, limit: usize)
    -> Result<Vec<FeedRow>>;
    /// The running checksum of every area with records within the scope.
    fn checksums(&self, scope: &Scope) -> Result<Vec<(Area, Checksum)>>;
    /// The records shared in exactly this area.
    fn shared(&self, area: &Area) -> Result<Vec<Kept>>;
    /// The checksum of the records shared in exactly this area; none where there are none.
    fn shared_checksum(&self, area: &Area) -> Result<Option<Checksum>>;
    /// Whether a record was ever removed from an area within the scope.
    fn was_within(&self, record: RecordId, scope: &Scope) -> Result<bool>;
    /// How many records of areas within the scope were erased.
    fn erased_within(&self, scope: &Scope) -> Result<usize>;

    /// What is known of these numbers of a device.
    fn known_ops(&self, device: DeviceId, numbers: &[u64]) -> Result<Vec<KnownOp>>;
    /// One op, whole.
    fn stored_op(&self, name: OpId) -> Result<Option<StoredOp>>;
    /// The ops that stand for these old names.
    fn taken(&self, names: &[Reissue]) -> Result<Vec<(Reissue, OpId)>>;
    /// Every op received for a record, in the order of arrival.
    fn history(&self, record: RecordId) -> Result<Vec<StoredOp>>;
    /// Held ops, in the order of arrival.
    fn held(&self, filter: &HeldFilter) -> Result<Vec<StoredOp>>;
    /// Ops set aside and not issued anew since, in the order of arrival.
    fn quarantined(&self) -> Result<Vec<StoredOp>>;
    /// The highest number of a device; 0 when none.
    fn highest_number(&self, device: DeviceId) -> Result<u64>;

    /// Offered records that are still missing, oldest first.
    fn offers(&self) -> Result<Vec<StoredOffer>>;
    /// What was offered of a record.
    fn offer(&self, record: RecordId) -> Result<Option<StoredOffer>>;
    /// Whether a record was erased.
    fn is_erased(&self, record: RecordId) -> Result<bool>;

    /// Which of these files an attachment names.
    fn media_named(&self, files: &[MediaHash]) -> Result<Vec<MediaHash>>;
    /// Files that attachments name, by their hash, after one: at most `limit`.
    fn media_after(&self, after: Option<MediaHash>, limit: usize) -> Result<Vec<MediaHash>>;
    /// Files of erased records that nothing else names.
    fn media_gone(&self) -> Result<Vec<MediaHash>>;

    /// Pairs that may be one person, oldest first: of a record, or all in a state.
    fn duplicates(&self, of: Option<RecordId>, state: Option<DuplicateState>) -> Result<Vec<Duplicate>>;
    /// A pair by its token.
    fn duplicate(&self, token: &[u8; 16]) -> Result<Option<Duplicate>>;
    /// Acts that wait for one of these records; all where none are named.
    fn pending_acts(&self, records: Option<&[RecordId]>) -> Result<Vec<PendingAct>>;
    /// The audit after a line.
    fn audit(&self, after: u64, limit: usize) -> Result<Vec<AuditLine>>;
}

/// What can be done inside the unit that writes.
pub trait Writing: Reading {
    /// Makes everything of the unit durable.
    fn commit(self: Box<Self>) -> Result<()>;

    /// Begins another life of the database.
    fn set_epoch(&self, epoch: Epoch) -> Result<()>;
    /// Sets a named counter.
    fn set_counter(&self, name: &str, value: u64) -> Result<()>;

    /// Saves records: feed, area checksums and look-up columns follow. A record whose version or area changed gets the
    /// next seq of its village; one that left an area leaves a removal there.
    fn save(&self, records: &mut [Kept]) -> Result<()>;
    /// Writes down ops as received, or replaces what was written of the same number. The files that attachments name,
    /// those that wait for their record included, are written down with them.
    fn store_ops(&self, ops: &[StoredOp]) -> Result<()>;
    /// Drops the stored outcomes of a device up to a number, and remembers the number.
    fn drop_outcomes(&self, device: DeviceId, through: u64) -> Result<()>;
    /// Writes down that an op stands for an old name.
    fn take(&self, old: &Reissue, new: OpId) -> Result<()>;
    /// Keeps a record that a phone offered, in the place of what was offered of it before.
    fn save_offer(&self, offer: &StoredOffer) -> Result<()>;
    /// Forgets what was offered of a record.
    fn drop_offer(&self, record: RecordId) -> Result<()>;
    /// Tells an area's phones that a record is not there, although no record left it.
    fn bury(&self, record: RecordId, area: &Area, why: GoneReason, version: u64) -> Result<()>;
    /// Deletes everything of a record: body, history, outcomes, look-ups, claims, pairs, acts that wait for it.
    fn erase(&self, record: RecordId) -> Result<()>;
    /// Files of erased records were removed.
    fn forget_media(&self, files: &[MediaHash]) -> Result<()>;
    /// Keeps an op aside whose number its device had used for another.
    fn quarantine(&self, op: &StoredOp) -> Result<()>;
    /// Forgets an op that was set aside.
    fn drop_quarantined(&self, name: &Reissue) -> Result<()>;

    /// Claims NIKs for records; answers who holds each, which is another record where it was claimed before.
    fn claim_niks(&self, claims: &[(NikHash, RecordId)]) -> Result<Vec<RecordId>>;
    /// Gives claims up, where they are held by that record.
    fn release_niks(&self, claims: &[(NikHash, RecordId)]) -> Result<()>;
    /// Hands a claim to another record.
    fn hand_claim(&self, hash: NikHash, record: RecordId) -> Result<()>;
    /// Adds NIKs that are members already.
    fn add_known_members(&self, hashes: &[NikHash]) -> Result<()>;
    /// Replaces whom an ecosystem says it has.
    fn set_ecosystem_members(&self, ecosystem: RecordId, hashes: &[NikHash]) -> Result<()>;
    /// Saves claims, each in the place of what was saved of it.
    fn save_sponsored(&self, claims: &[Sponsored]) -> Result<()>;
    /// Forgets claims.
    fn drop_sponsored(&self, claims: &[RecordId]) -> Result<()>;
    /// Saves cards, each in the place of what was saved of its number.
    fn save_cards(&self, cards: &[CardRow]) -> Result<()>;
    /// Forgets cards whose last day was before that day; answers how many.
    fn drop_cards(&self, before: NaiveDate) -> Result<usize>;
    /// Replaces the name words a record is found by.
    fn index_name(&self, record: RecordId, old: &[WordHash], new: &[WordHash]) -> Result<()>;
    /// Saves a pair.
    fn save_duplicate(&self, pair: &Duplicate) -> Result<()>;

    /// Saves an official.
    fn save_official(&self, official: &Official) -> Result<()>;
    /// Saves a device.
    fn save_device(&self, device: &Device) -> Result<()>;
    /// Saves an invite.
    fn save_invite(&self, invite: &Invite) -> Result<()>;

    /// Appends a line to the audit. `detail` is JSON of ids and counts, never of persons.
    fn append_audit(&self, at: i64, who: &str, act: &str, detail: &str) -> Result<()>;
    /// Keeps an act until its record comes.
    fn save_pending_act(&self, act: &PendingAct) -> Result<()>;
    /// Forgets an act that was done.
    fn drop_pending_act(&self, seq: u64) -> Result<()>;
}
