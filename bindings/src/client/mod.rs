//! One phone.

mod cards;
mod exchange;
mod forms;
mod idle;
mod import;
mod lists;
mod lock;
mod outreach;
mod photos;
mod picture;
mod renewals;

use idle::Idle;

use crate::{
    clock,
    error::CoreError,
    notify::Notifier,
    session::Session,
    vault::{KeyVault, Platform},
};
use payung_store::{DatabaseKey, Salvaged};
use payung_sync::{Abandonable, Courier, HttpTransport, SealedOutbox, Timeouts, Uploader, Watching};
use payung_vault::{RawKey, SeenTime};
use serde_json::json;
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use zeroize::Zeroizing;

type Result<T> = std::result::Result<T, CoreError>;

/// How a client is set up.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ClientConfig {
    /// A folder of this phone's own, private and out of backups; made if it is not there.
    pub folder: PathBuf,
    /// Version of the app, `1.4.2`, told to the server.
    pub app_version: String,
    /// Tells one start of the phone from the next, so that waits and leases survive a clock that was set: Android's
    /// `BOOT_COUNT`, iOS's `kern.bootsessionuuid`, Linux's `boot_id`.
    pub boot: String,
    /// After so many seconds without [`Client::touched`] the phone locks itself.
    #[uniffi(default = 300)]
    pub idle_seconds: u32,
}

/// What can be done with a client now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LockState {
    /// There is no database yet: the first start.
    Fresh,
    /// There is one, and it is locked.
    Locked,
    /// Unlocked, its store closed while the app is in the background.
    Suspended,
    /// Open.
    Open,
}

/// What was brought over from a damaged database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Recovered {
    /// Acts saved on this phone.
    pub ops: u64,
    /// Forms on their way.
    pub drafts: u64,
    /// Rows that could not be read: what was in them comes back by the exchange, or is lost.
    pub lost: u64,
}

impl From<Salvaged> for Recovered {
    fn from(Salvaged { ops, drafts, lost }: Salvaged) -> Self {
        Self { ops, drafts, lost }
    }
}

enum Door {
    Locked,
    Suspended(Arc<RawKey>),
    Open { key: Arc<RawKey>, session: Box<Session> },
}

/// One phone: its store, its key, its exchange.
#[derive(uniffi::Object)]
pub struct Client {
    config: ClientConfig,
    door: RwLock<Door>,
    idle: Idle,
    notifier: Notifier,
    courier: Courier,
    uploader: Uploader,
    road: Arc<Abandonable<HttpTransport>>,
    vault: Arc<Platform>,
    seen: Mutex<SeenTime>,
    outbox: SealedOutbox,
    _watching: Watching,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// An open session for as long as a call takes.
struct Held<'c>(RwLockReadGuard<'c, Door>);

impl std::ops::Deref for Held<'_> {
    type Target = Session;
    fn deref(&self) -> &Session {
        match &*self.0 {
            Door::Open { session, .. } => session,
            // checked when it was taken, and nobody changes it while it is held
            Door::Locked | Door::Suspended(_) => unreachable!("held while open"),
        }
    }
}

#[uniffi::export]
impl Client {
    /// A client for the phone in `config.folder`. Opens nothing yet.
    ///
    /// # Errors
    /// [`CoreError::NotSaved`], [`CoreError::Defect`] when the folder cannot be used or no thread can be had.
    #[uniffi::constructor]
    pub fn new(config: ClientConfig, vault: Arc<dyn KeyVault>) -> Result<Arc<Self>> {
        fs::create_dir_all(&config.folder)?;
        #[cfg(unix)]
        fs::set_permissions(&config.folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let notifier = Notifier::start()?;
        let courier = Courier::new();
        let board = Arc::clone(&notifier.board);
        let watching = courier.observe(move |state| board.state(state));
        let road = Arc::new(Abandonable::new(Arc::new(HttpTransport::new(Timeouts::default())?)));
        let outbox = SealedOutbox::of(&config.folder);
        let vault = Arc::new(Platform(vault));
        let seen = Mutex::new(SeenTime::open(&config.folder, clock::moment(&config.boot))?);
        let door = RwLock::new(Door::Locked);
        let uploader = Uploader::new();
        let idle = Idle::new(config.idle_seconds);
        Ok(Arc::new(Self {
            config,
            door,
            idle,
            notifier,
            courier,
            uploader,
            road,
            vault,
            seen,
            outbox,
            _watching: watching,
        }))
    }

    /// What can be done now.
    pub fn lock_state(&self) -> LockState {
        match &*self.read() {
            Door::Open { .. } => LockState::Open,
            Door::Suspended(_) => LockState::Suspended,
            Door::Locked if Session::exists(&self.config.folder) => LockState::Locked,
            Door::Locked => LockState::Fresh,
        }
    }

    /// Opens the store with a key of 32 bytes that the shell keeps by itself: for tools and tests. Apps use the PIN.
    /// Tells what was brought over, when the database was found damaged and set aside.
    ///
    /// # Errors
    /// [`CoreError::WrongKey`] and [`CoreError::NewerApp`] leave the file untouched.
    pub fn unlock_with_key(&self, key: Vec<u8>) -> Result<Option<Recovered>> {
        let key = Zeroizing::new(key);
        self.open_with(RawKey::from_slice(&key).ok_or(CoreError::WrongKey)?.into())
    }

    /// Closes the store and forgets the key. What waits to be sent is sealed first, so that a background job can carry
    /// it. A run under way is left where it is.
    ///
    /// # Errors
    /// None that keep it from being locked; [`CoreError::NotSaved`] when the outbox could not be sealed.
    pub fn lock(&self) -> Result<()> {
        let sealed = self.seal_outbox();
        self.close(|_| Door::Locked);
        match sealed {
            Err(CoreError::Locked | CoreError::Suspended | CoreError::NotJoined) => Ok(()),
            sealed => sealed.map(drop),
        }
    }

    /// A person touched the app: it stays open. To be told by the shell of every touch and key, as often as it likes; what
    /// runs by itself (jobs, observers) keeps nothing open.
    pub fn touched(&self) {
        if !self.idle.is_over(clock::running_ms()) {
            self.idle.touch(clock::running_ms());
        }
    }

    /// Locks if nobody touched the app for too long, as the next call that shows something would find it: for the shell's
    /// timer, and for when it comes to the front.
    ///
    /// # Errors
    /// As [`Client::lock`]; it is locked all the same.
    pub fn lock_if_idle(&self) -> Result<LockState> {
        if self.idle.is_over(clock::running_ms()) {
            self.lock()?;
        }
        Ok(self.lock_state())
    }

    /// Closes the store and keeps the key in memory: before the system freezes the app (iOS kills an app that holds a
    /// file lock while suspended). Does nothing when it is not open.
    pub fn suspend(&self) {
        self.close(|door| match door {
            Door::Open { key, .. } => Door::Suspended(key),
            other => other,
        });
    }

    /// Opens the store again after [`Client::suspend`].
    ///
    /// # Errors
    /// [`CoreError::Locked`] when it was locked meanwhile, or left alone for too long.
    pub fn resume(&self) -> Result<()> {
        if self.idle.is_over(clock::running_ms()) {
            self.lock()?;
        }
        let key = match &*self.read() {
            Door::Open { .. } => return Ok(()),
            Door::Suspended(key) => Arc::clone(key),
            Door::Locked => return Err(CoreError::Locked),
        };
        self.open_with(key).map(drop)
    }

    /// What helps someone who helps: versions, counters, the last exchanges. Holds nothing of a person.
    pub fn support_bundle(&self) -> String {
        let store =
            self.session().and_then(|session| Ok((session.counters()?, crate::exchanges::log(&session.store)?)));
        let (counters, exchanges) = store.unwrap_or_default();
        let bundle = json!({
            "core": env!("CARGO_PKG_VERSION"),
            "app": self.config.app_version,
            "state": format!("{:?}", self.lock_state()),
            "at": clock::now().to_rfc3339(),
            "observers_failed": self.notifier.board.failed(),
            "store": counters,
            "exchanges": exchanges,
        });
        format!("{bundle:#}")
    }
}

impl Client {
    fn read(&self) -> RwLockReadGuard<'_, Door> {
        // a panic under it left the door as it was: it is only ever replaced whole
        self.door.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Door> {
        self.door.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, for as long as it is held, for what a person sees or does: not after nobody touched the app for too
    /// long. Nobody may hold one already.
    fn open(&self) -> Result<Held<'_>> {
        if self.idle.is_over(clock::running_ms())
            && let Err(error) = self.lock()
        {
            tracing::warn!(%error, "the outbox was not sealed");
        }
        self.session()
    }

    /// The session, for as long as it is held, for what goes on by itself and shows nothing of anybody.
    fn session(&self) -> Result<Held<'_>> {
        let door = self.read();
        match &*door {
            Door::Open { .. } => Ok(Held(door)),
            Door::Suspended(_) => Err(CoreError::Suspended),
            Door::Locked => Err(CoreError::Locked),
        }
    }

    fn open_with(&self, key: Arc<RawKey>) -> Result<Option<Recovered>> {
        let mut door = self.write();
        if matches!(&*door, Door::Open { .. }) {
            return Ok(None);
        }
        let board = Arc::clone(&self.notifier.board);
        let database_key = DatabaseKey::copied(key.expose());
        let session = Session::open(&self.config.folder, &database_key, move |changed| board.changed(changed))?;
        let recovered = session.salvaged.map(Recovered::from);
        *door = Door::Open { key, session: Box::new(session) };
        self.idle.touch(clock::running_ms());
        drop(door);
        self.road.open();
        self.take_carried();
        self.keep_escrow();
        Ok(recovered)
    }

    /// Ends a run under way, waits for the calls under way, and closes the store.
    fn close(&self, then: impl FnOnce(Door) -> Door) {
        self.interrupt();
        self.road.leave();
        let mut door = self.write();
        let before = std::mem::replace(&mut *door, Door::Locked);
        *door = then(before);
    }
}
