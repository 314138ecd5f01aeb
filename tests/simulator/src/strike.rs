//! The server's storage with a place to die: at a chosen call the process ends, as far as anyone can tell.
//!
//! The files are copied as they are at that moment, uncommitted pages and all, and the act unwinds. The next life opens
//! the copy, so that SQLite meets an unfinished log as it would after `kill -9`.

use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    attachment::MediaHash,
    id::{DeviceId, Epoch, OpId, RecordId},
    only::Only,
    op::Reissue,
    region::RegionCode,
};
use payung_protocol::{Checksum, GoneReason};
use payung_server::storage::{
    AuditLine, CardRow, CardsOf, Concerned, Device, Duplicate, DuplicateState, FeedRow, HeldFilter, Invite, Kept,
    KnownOp, NikHash, Official, PendingAct, Reading, RecordFilter, Result, Scope, Sealer, Sponsored, SponsoredOf,
    Storage, StoredOffer, StoredOp, WordHash, Writing,
};
use std::{
    fs, io,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What unwinds when a simulated process ends.
pub(crate) struct Struck {
    /// Where: the act and `before_commit` or `after_commit`, or the storage call.
    pub(crate) at: String,
}

/// Copies the plain files of a folder into a new one.
pub(crate) fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        // the index of the log is memory of the processes that have it open; a lock is theirs, too
        if entry.file_type()?.is_file() && !text.ends_with("-shm") && !text.ends_with(".lock") {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// When the server dies: at its so manieth storage call from now. 0 = not.
#[derive(Default)]
pub(crate) struct Strike {
    calls_left: AtomicU64,
    folders: Mutex<(PathBuf, PathBuf)>,
}

impl Strike {
    /// Dies at the `calls`th call from now; the files of `from` are copied to `to` then.
    pub(crate) fn arm(&self, calls: u64, from: PathBuf, to: PathBuf) {
        *self.folders.lock().unwrap_or_else(PoisonError::into_inner) = (from, to);
        self.calls_left.store(calls, Ordering::Relaxed);
    }

    pub(crate) fn disarm(&self) {
        self.calls_left.store(0, Ordering::Relaxed);
    }

    /// Nothing dies of what is done in `look`.
    pub(crate) fn hold<T>(&self, look: impl FnOnce() -> T) -> T {
        let left = self.calls_left.swap(0, Ordering::Relaxed);
        let seen = look();
        self.calls_left.store(left, Ordering::Relaxed);
        seen
    }

    fn call(&self, name: &str) {
        let left = self.calls_left.load(Ordering::Relaxed);
        if left == 0 {
            return;
        }
        self.calls_left.store(left - 1, Ordering::Relaxed);
        if left == 1 {
            let (from, to) = self.folders.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let at = match copy_files(&from, &to) {
                Ok(()) => name.to_owned(),
                Err(error) => format!("{name}, and its files could not be copied: {error}"),
            };
            resume_unwind(Box::new(Struck { at }));
        }
    }
}

/// Storage that can be struck.
pub(crate) struct Mortal<S> {
    pub(crate) inner: S,
    pub(crate) strike: Arc<Strike>,
}

struct ReadUnit<'s> {
    inner: Box<dyn Reading + 's>,
    strike: &'s Strike,
}

struct WriteUnit<'s> {
    inner: Box<dyn Writing + 's>,
    strike: &'s Strike,
}

impl<S: Storage> Storage for Mortal<S> {
    fn read(&self) -> Result<Box<dyn Reading + '_>> {
        self.strike.call("read");
        Ok(Box::new(ReadUnit { inner: self.inner.read()?, strike: &self.strike }))
    }

    fn write(&self) -> Result<Box<dyn Writing + '_>> {
        self.strike.call("write");
        Ok(Box::new(WriteUnit { inner: self.inner.write()?, strike: &self.strike }))
    }

    fn sealer(&self) -> &Sealer {
        self.inner.sealer()
    }

    fn shred(&self) -> Result<()> {
        self.strike.call("shred");
        self.inner.shred()
    }
}

macro_rules! passes {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $ty),*) -> Result<$out> {
            self.strike.call(stringify!($name));
            self.inner.$name($($arg),*)
        })*
    };
}

macro_rules! reads {
    ($unit:ident) => {
        impl Reading for $unit<'_> {
            passes! {
                epoch() -> Epoch;
                counter(name: &str) -> u64;
                device(id: DeviceId) -> Option<Device>;
                devices() -> Vec<Device>;
                officials() -> Vec<Official>;
                invite(hash: &[u8; 32]) -> Option<Invite>;
                invites() -> Vec<Invite>;
                records(ids: &[RecordId], scope: &Scope) -> Vec<Kept>;
                children(parents: &[RecordId], scope: &Scope) -> Vec<Kept>;
                linked_to(survivors: &[RecordId]) -> Vec<RecordId>;
                child_states(parents: &[RecordId]) -> Vec<(RecordId, String)>;
                find(filter: &RecordFilter, scope: &Scope, after: Option<RecordId>, limit: usize) -> Vec<Kept>;
                by_name(words: &[WordHash], scope: &Scope, after: Option<RecordId>, limit: usize) -> Vec<Kept>;
                concerned(only: &Only, since: i64) -> Vec<Concerned>;
                claims(hashes: &[NikHash]) -> Vec<(NikHash, RecordId)>;
                known_members(hashes: &[NikHash]) -> Vec<NikHash>;
                ecosystem_members(ecosystem: RecordId) -> Vec<NikHash>;
                sponsored(of: &SponsoredOf) -> Vec<Sponsored>;
                cards(of: &CardsOf<'_>) -> Vec<CardRow>;
                card_lists() -> Vec<RegionCode>;
                heads(prefix: &Area) -> Vec<(String, u64)>;
                changes_since(prefix: &Area, feed: &str, after: u64, scope: &Scope, limit: usize) -> Vec<FeedRow>;
                checksums(scope: &Scope) -> Vec<(Area, Checksum)>;
                shared(area: &Area) -> Vec<Kept>;
                shared_checksum(area: &Area) -> Option<Checksum>;
                was_within(record: RecordId, scope: &Scope) -> bool;
                erased_within(scope: &Scope) -> usize;
                known_ops(device: DeviceId, numbers: &[u64]) -> Vec<KnownOp>;
                stored_op(name: OpId) -> Option<StoredOp>;
                taken(names: &[Reissue]) -> Vec<(Reissue, OpId)>;
                history(record: RecordId) -> Vec<StoredOp>;
                held(filter: &HeldFilter) -> Vec<StoredOp>;
                quarantined() -> Vec<StoredOp>;
                highest_number(device: DeviceId) -> u64;
                offers() -> Vec<StoredOffer>;
                offer(record: RecordId) -> Option<StoredOffer>;
                is_erased(record: RecordId) -> bool;
                media_named(files: &[MediaHash]) -> Vec<MediaHash>;
                media_after(after: Option<MediaHash>, limit: usize) -> Vec<MediaHash>;
                media_gone() -> Vec<MediaHash>;
                duplicates(of: Option<RecordId>, state: Option<DuplicateState>) -> Vec<Duplicate>;
                duplicate(token: &[u8; 16]) -> Option<Duplicate>;
                pending_acts(records: Option<&[RecordId]>) -> Vec<PendingAct>;
                audit(after: u64, limit: usize) -> Vec<AuditLine>;
            }
        }
    };
}
reads!(ReadUnit);
reads!(WriteUnit);

impl Writing for WriteUnit<'_> {
    fn commit(self: Box<Self>) -> Result<()> {
        self.strike.call("before commit");
        let strike = self.strike;
        self.inner.commit()?;
        strike.call("after commit");
        Ok(())
    }

    passes! {
        set_epoch(epoch: Epoch) -> ();
        set_counter(name: &str, value: u64) -> ();
        save(records: &mut [Kept]) -> ();
        set_ecosystem_members(ecosystem: RecordId, hashes: &[NikHash]) -> ();
        save_sponsored(claims: &[Sponsored]) -> ();
        drop_sponsored(claims: &[RecordId]) -> ();
        save_cards(cards: &[CardRow]) -> ();
        drop_cards(before: NaiveDate) -> usize;
        store_ops(ops: &[StoredOp]) -> ();
        drop_outcomes(device: DeviceId, through: u64) -> ();
        take(old: &Reissue, new: OpId) -> ();
        save_offer(offer: &StoredOffer) -> ();
        drop_offer(record: RecordId) -> ();
        bury(record: RecordId, area: &Area, why: GoneReason, version: u64) -> ();
        erase(record: RecordId) -> ();
        forget_media(files: &[MediaHash]) -> ();
        quarantine(op: &StoredOp) -> ();
        drop_quarantined(name: &Reissue) -> ();
        claim_niks(claims: &[(NikHash, RecordId)]) -> Vec<RecordId>;
        release_niks(claims: &[(NikHash, RecordId)]) -> ();
        hand_claim(hash: NikHash, record: RecordId) -> ();
        add_known_members(hashes: &[NikHash]) -> ();
        index_name(record: RecordId, old: &[WordHash], new: &[WordHash]) -> ();
        save_duplicate(pair: &Duplicate) -> ();
        save_official(official: &Official) -> ();
        save_device(device: &Device) -> ();
        save_invite(invite: &Invite) -> ();
        append_audit(at: i64, who: &str, act: &str, detail: &str) -> ();
        save_pending_act(act: &PendingAct) -> ();
        drop_pending_act(seq: u64) -> ();
    }
}
