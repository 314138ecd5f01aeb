//! The sealed outbox: what waits to be sent, as sealed bundles in files that anybody may carry, a background job
//! without the database key, a hub, a memory card, and the sealed answers, kept until the phone is unlocked.
//!
//! `outbox/` beside the database holds `<when>-<bundle>.bundle`, once answered `<when>-<bundle>.reply`, and
//! `servers.json`. None of it can be read without the keys in the database, and all of it may be lost while the
//! database is there: the ops are in it until their outcome. A file that lies about its answer changes nothing, since
//! an answer is believed by its seal; a bundle that was also sent by another road is answered with the same outcomes.
//! Bundles of a database that is gone (wiped, lost with its key) are carried all the same, and kept for a while after.

use crate::{
    address::ServerAddress,
    batch::MAX_BATCH_BYTES,
    error::SyncError,
    membership::Membership,
    report::SyncReport,
    transport::{Transport, TransportError},
};
use payung_domain::id::DeviceId;
use payung_protocol::{
    BundleId, Cursor, Endpoint, Limits, MAX_OPS, ProblemCode, SealError, SealedBundle, open_reply, seal_request,
};
use payung_store::{Asked, Store, StoreError};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Where the store keeps what it knows of the files.
const SEALED: &str = "sealed";
const FOLDER: &str = "outbox";
const SERVERS: &str = "servers.json";
const LOCK: &str = "lock";
const BUNDLE: &str = "bundle";
const REPLY: &str = "reply";
/// A bundle the server could not take as it is. No one's word is signed there, so it is kept.
const RETURNED: &str = "returned";

/// So many files are sealed anew as a few.
const MANY: usize = 32;
/// Answered bundles of a database that is gone are kept so long: 30 days, in milliseconds.
const KEEP_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What the phone must remember of a bundle to take its answer.
#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    device: DeviceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    sealed_at: i64,
    ops: BTreeSet<u64>,
}

/// What carrying did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CarryReport {
    /// Bundles that were answered; what became of each op shows when the phone is unlocked.
    pub answered: usize,
    /// Bundles that wait still.
    pub waiting: usize,
    /// Bundles the server could not take as they are: the phone seals their ops anew.
    pub returned: usize,
    /// Bytes of bodies sent; heads and TLS come on top.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
}

/// The sealed files of one phone.
#[derive(Clone, Debug)]
pub struct SealedOutbox {
    folder: PathBuf,
}

/// Held while files are carried, and while the phone exchanges by itself: the same is not sent twice at once.
#[derive(Debug)]
pub struct OutboxLock(#[allow(dead_code, reason = "released when dropped")] File);

impl SealedOutbox {
    /// The files beside the database in the phone's folder.
    pub fn of(phone: &Path) -> Self {
        Self { folder: phone.join(FOLDER) }
    }

    /// Keeps others from carrying or exchanging meanwhile.
    ///
    /// # Errors
    /// [`SyncError::AlreadyRunning`]; [`SyncError::Store`] when the folder cannot be used.
    pub fn lock(&self) -> Result<OutboxLock, SyncError> {
        self.make_folder().map_err(StoreError::from)?;
        let open = File::options().create(true).truncate(false).write(true).open(self.folder.join(LOCK));
        let file = open.map_err(StoreError::from)?;
        match file.try_lock() {
            Ok(()) => Ok(OutboxLock(file)),
            Err(TryLockError::WouldBlock) => Err(SyncError::AlreadyRunning),
            Err(TryLockError::Error(error)) => Err(SyncError::Store(error.into())),
        }
    }

    /// Seals every op without an outcome that is in no file yet, and removes the files nobody needs any more. Gives
    /// how many ops were sealed. Of one save this is one small file.
    ///
    /// # Errors
    /// [`SyncError`]; what was sealed before stays, and the ops are in the database whatever happens here.
    pub fn seal(&self, store: &Store, now_ms: i64, rng: &mut impl CryptoRng) -> Result<usize, SyncError> {
        let membership = Membership::load(store)?;
        self.make_folder().map_err(StoreError::from)?;
        let mut entries = self.prune(store, now_ms)?;
        // many small files of single saves become few large ones, unless somebody is carrying them just now
        let carrying = if entries.len() >= MANY { self.lock().ok() } else { None };
        let small = if carrying.is_some() { std::mem::take(&mut entries) } else { Vec::new() };
        let mut sealed: BTreeSet<u64> = entries.iter().flat_map(|entry| &entry.ops).copied().collect();
        let mut most = MAX_OPS;
        let mut count = 0;
        loop {
            let batch = store.unsealed_batch(&sealed, most, MAX_BATCH_BYTES, now_ms)?;
            if batch.ops.is_empty() {
                break;
            }
            let ops: BTreeSet<u64> = batch.ops.iter().map(|op| op.n).collect();
            let (asked, more) = (batch.asked.clone(), batch.more);
            let (bundle, receiver) = (BundleId::generate(rng), membership.receiver(now_ms)?);
            let own = &membership.own.session;
            let bytes = match seal_request(&batch.into_request(None), bundle, asked.device, own, &receiver, rng) {
                Ok(bundle) => bundle.into_bytes(),
                Err(SealError::TooLarge { .. } | SealError::UnpackedTooLarge { .. }) if ops.len() > 1 => {
                    most = ops.len() / 2;
                    continue;
                }
                // it waits for the exchange, which knows what to do about it
                Err(SealError::TooLarge { .. } | SealError::UnpackedTooLarge { .. }) => {
                    sealed.extend(&ops);
                    continue;
                }
                Err(error) => return Err(SyncError::Seal(error)),
            };
            let name = format!("{now_ms:014}-{bundle}");
            count += ops.len();
            sealed.extend(&ops);
            let Asked { device, cursor, .. } = asked;
            entries.push(Entry { name: name.clone(), device, cursor, sealed_at: now_ms, ops });
            // known first: a file the phone does not know would be carried and its answer thrown away
            keep(&entries, store)?;
            self.write(&name, BUNDLE, &bytes).map_err(StoreError::from)?;
            if !more {
                break;
            }
        }
        if !small.is_empty() {
            keep(&entries, store)?;
        }
        for entry in small {
            self.remove(&entry.name);
        }
        let servers = serde_json::to_vec(&membership.server.addresses).map_err(StoreError::from)?;
        if fs::read(self.folder.join(SERVERS)).ok().as_deref() != Some(&servers[..]) {
            self.write_named(SERVERS, &servers).map_err(StoreError::from)?;
        }
        Ok(count)
    }

    /// Brings every unanswered bundle to the server and keeps its answer, without the database and its key, until
    /// `stop`. Ends at the first bundle that meets no server.
    ///
    /// # Errors
    /// [`SyncError::Transport`] when a bundle got no answer; what was answered before is kept.
    /// [`SyncError::AlreadyRunning`] while the phone exchanges by itself.
    pub fn carry(&self, transport: &dyn Transport, stop: &dyn Fn() -> bool) -> Result<CarryReport, SyncError> {
        let _lock = self.lock()?;
        let mut report = CarryReport::default();
        let names = self.names(BUNDLE).map_err(StoreError::from)?;
        let mut open: Vec<String> = names.into_iter().filter(|name| !self.path(name, REPLY).exists()).collect();
        report.waiting = open.len();
        let servers = self.servers();
        for name in open.drain(..) {
            if stop() {
                break;
            }
            let Ok(bytes) = fs::read(self.path(&name, BUNDLE)) else { continue };
            report.bytes_up += bytes.len() as u64;
            match ask(&servers, transport, &bytes) {
                Ok(reply) => {
                    report.bytes_down += reply.len() as u64;
                    self.write(&name, REPLY, &reply).map_err(StoreError::from)?;
                    report.answered += 1;
                }
                // sealed to a key that is gone, or not readable there: the phone does it anew
                Err(TransportError::Refused { problem, retry_after: None }) if !is_passing(&problem.code) => {
                    let returned = self.path(&name, RETURNED);
                    fs::rename(self.path(&name, BUNDLE), returned).map_err(StoreError::from)?;
                    report.returned += 1;
                }
                Err(error) => return Err(error.into()),
            }
            report.waiting -= 1;
        }
        Ok(report)
    }

    /// Takes the answers that came while the phone was locked, in the order of sealing.
    ///
    /// # Errors
    /// [`SyncError`]; what was not taken stays for the next time.
    pub fn apply(&self, store: &Store, now_ms: i64) -> Result<SyncReport, SyncError> {
        let mut report = SyncReport::default();
        let mut entries = load(store)?;
        if entries.is_empty() {
            return Ok(report);
        }
        let membership = Membership::load(store)?;
        let signer = |id| membership.signing_key(id);
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in &entries {
            let (Ok(bundle), Ok(sealed)) =
                (fs::read(self.path(&entry.name, BUNDLE)), fs::read(self.path(&entry.name, REPLY)))
            else {
                continue;
            };
            let sent = SealedBundle::from_bytes(bundle, Limits::REQUEST).and_then(|bundle| bundle.sent());
            let opened =
                sent.and_then(|sent| open_reply(&sealed, &membership.own.device, signer, &sent, Limits::REPLY));
            match opened {
                Ok(reply) => {
                    let asked = Asked { device: entry.device, cursor: entry.cursor.clone(), sent_at: entry.sealed_at };
                    let taken = store.take_reply(&reply, &asked, now_ms)?;
                    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
                    report.uploaded += count(taken.applied);
                    report.held += count(taken.held);
                    report.refused += count(taken.refused);
                    report.conflicts += count(taken.conflicts);
                    report.changes += count(taken.changes);
                    report.new_epoch |= taken.new_epoch;
                    report.rejoin_needed |= taken.rejoin_needed;
                    report.wipe |= taken.wipe;
                    report.bytes_down += sealed.len() as u64;
                    self.remove(&entry.name);
                }
                // of another's making, or by a key this phone does not know yet: asked again, by whatever road
                Err(error) => {
                    tracing::info!(%error, "an answer that was carried here is not believed");
                    drop(fs::remove_file(self.path(&entry.name, REPLY)));
                }
            }
        }
        self.prune(store, now_ms)?;
        Ok(report)
    }

    /// The bundles without an answer, oldest first: to be handed over as files.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn bundles(&self) -> io::Result<Vec<PathBuf>> {
        let mut names = self.names(BUNDLE)?;
        names.retain(|name| !self.path(name, REPLY).exists());
        Ok(names.iter().map(|name| self.path(name, BUNDLE)).collect())
    }

    /// Forgets what is known of files that are gone, and removes files that nobody needs: every op has its outcome, or
    /// the phone joined again and issued it anew.
    fn prune(&self, store: &Store, now_ms: i64) -> Result<Vec<Entry>, SyncError> {
        let device = store.identity()?.map(|identity| identity.device);
        let outstanding = store.outstanding()?;
        let (entries, over): (Vec<Entry>, Vec<Entry>) = load(store)?.into_iter().partition(|entry| {
            Some(entry.device) == device
                && !entry.ops.is_disjoint(&outstanding)
                && self.path(&entry.name, BUNDLE).exists()
        });
        if !over.is_empty() {
            keep(&entries, store)?;
        }
        for entry in &over {
            self.remove(&entry.name);
        }
        let known: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        for name in self.names(REPLY).unwrap_or_default() {
            if !known.contains(name.as_str()) && self.age_ms(&name, now_ms).is_some_and(|age| age > KEEP_MS) {
                self.remove(&name);
            }
        }
        Ok(entries)
    }

    fn age_ms(&self, name: &str, now_ms: i64) -> Option<i64> {
        let modified = fs::metadata(self.path(name, REPLY)).and_then(|file| file.modified()).ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(now_ms.saturating_sub(i64::try_from(since.as_millis()).ok()?))
    }

    fn servers(&self) -> Vec<ServerAddress> {
        let json = fs::read(self.folder.join(SERVERS)).unwrap_or_default();
        let addresses: Vec<String> = serde_json::from_slice(&json).unwrap_or_default();
        addresses.iter().filter_map(|address| ServerAddress::parse(address).ok()).collect()
    }

    fn path(&self, name: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{name}.{kind}"))
    }

    /// Names of the files of a kind, in the order of sealing.
    fn names(&self, kind: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let files = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
            files => files?,
        };
        for file in files {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == kind) {
                names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            }
        }
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) {
        for kind in [BUNDLE, REPLY, RETURNED] {
            // what stays is removed the next time
            drop(fs::remove_file(self.path(name, kind)));
        }
    }

    fn make_folder(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        #[cfg(unix)]
        fs::set_permissions(&self.folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(())
    }

    fn write(&self, name: &str, kind: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_named(&format!("{name}.{kind}"), bytes)
    }

    /// Whole or not at all, and there after a power loss.
    fn write_named(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (part, place) = (self.folder.join(format!("{name}.part")), self.folder.join(name));
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if let Err(error) = written {
            drop(fs::remove_file(&part));
            return Err(error);
        }
        fs::rename(&part, &place)?;
        File::open(&self.folder)?.sync_all()
    }
}

/// The first server that is there.
fn ask(servers: &[ServerAddress], transport: &dyn Transport, bytes: &[u8]) -> Result<Vec<u8>, TransportError> {
    let mut last = TransportError::Unreachable;
    for server in servers {
        match transport.exchange(server, Endpoint::Exchange, bytes) {
            Err(error @ (TransportError::Unreachable | TransportError::Portal { .. })) => last = error,
            other => return other,
        }
    }
    Err(last)
}

/// Refusals that say nothing about the bundle.
fn is_passing(code: &ProblemCode) -> bool {
    matches!(code, ProblemCode::Busy | ProblemCode::RateLimited | ProblemCode::Internal)
}

fn load(store: &Store) -> Result<Vec<Entry>, StoreError> {
    store.value(SEALED)?.map_or_else(|| Ok(Vec::new()), |json| Ok(serde_json::from_slice(&json)?))
}

fn keep(entries: &[Entry], store: &Store) -> Result<(), StoreError> {
    let json = serde_json::to_vec(entries)?;
    store.set_value(SEALED, if entries.is_empty() { None } else { Some(&json) })
}
