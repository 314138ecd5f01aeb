//! The rules above storage: what a request, a joining phone or an operator may do, and what follows from it.

pub mod answers;
mod areas;
mod aside;
mod bundle;
pub mod cards;
mod changes;
pub mod cursor;
mod duplicate_filter;
mod duplicates;
pub(crate) mod enrollment;
pub mod erasure;
mod exchange;
mod join;
pub mod journal;
mod offers;
pub mod operator;
mod privacy;
mod recovery;
pub mod reports;
pub mod shared;
mod single;
pub mod sponsors;
mod take;
#[cfg(test)]
pub(crate) mod tests;
mod work;

pub use bundle::BundleError;
pub use changes::PageLimits;

use crate::{
    clock,
    keys::{Keys, KeysError, private_dir},
    settings::{SettingError, Settings},
    storage::{RecordFilter, Scope, Storage, StorageError, sqlite::Sqlite},
};
use cards::CardAddress;
use journal::{Journal, JournalError};
use payung_domain::{
    field::Kind,
    id::Epoch,
    planted::{Planted, planted},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why a service did not do it. Texts name no person.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Nothing there.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A rule is against it: a stable code, such as `transition_refused`.
    #[error("not possible: {0}")]
    Refused(String),
    /// Storage failed; nothing of the act stands.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The journal outside the database failed; nothing of the act stands.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A key failed.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] payung_protocol::SealError),
}

/// Why a data directory could not be opened: one line each.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder it should be in does not exist.
    #[error("{} does not exist: is the path right?", .0.display())]
    NoParent(PathBuf),
    /// There is something else.
    #[error("{} is not a Payung data directory: is the path right?", .0.display())]
    NotOurs(PathBuf),
    /// The folder cannot be made or read.
    #[error("{}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The settings.
    #[error("{}: {source}", path.display())]
    Setting {
        /// Which file.
        path: PathBuf,
        /// What.
        source: SettingError,
    },
    /// The database.
    #[error("{}: {source}", path.display())]
    Database {
        /// Which.
        path: PathBuf,
        /// Why.
        source: StorageError,
    },
    /// The journal, or an act in it.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// A server without sockets.
pub struct Service {
    storage: Arc<dyn Storage>,
    keys: Arc<Keys>,
    journal: Journal,
    limits: PageLimits,
    card_address: CardAddress,
}

/// The settings' file in a data directory.
pub(crate) const SETTINGS: &str = "payung.toml";

/// The files of a data directory.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder; not looked at yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("payung.db")
    }

    /// The keys.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The files of attachments.
    pub fn media(&self) -> PathBuf {
        self.0.join("media")
    }

    /// What the operator set; there need be none.
    pub fn settings(&self) -> PathBuf {
        self.0.join(SETTINGS)
    }

    /// The journal of operator acts.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// Whether a server has lived here.
    pub fn exists(&self) -> bool {
        self.database().exists()
    }

    /// Makes the folder and its keys where nothing is yet.
    pub fn make(&self, now: i64) -> Result<(), OpenError> {
        let folder = |source| OpenError::Folder { path: self.0.clone(), source };
        if self.exists() {
            return Ok(());
        }
        if self.0.exists() {
            let mut inside = fs::read_dir(&self.0).map_err(|_| OpenError::NotOurs(self.0.clone()))?;
            // keys made beforehand by `payung admin keys init` are welcome, and so are settings
            if inside.any(|entry| entry.is_ok_and(|entry| entry.file_name() != "keys" && entry.file_name() != SETTINGS))
            {
                return Err(OpenError::NotOurs(self.0.clone()));
            }
        } else if let Some(parent) = self.0.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists())
        {
            return Err(OpenError::NoParent(parent.to_owned()));
        }
        private_dir(&self.0).map_err(folder)?;
        if !self.keys().join("master.key").exists() {
            Keys::init(&self.keys(), None, now)?;
        }
        Ok(())
    }
}

impl Service {
    /// Opens a data directory, making it where there is none, and does what the journal says was begun.
    pub fn open(dir: &DataDir) -> Result<Self, OpenError> {
        dir.make(clock::now())?;
        Self::open_existing(dir)
    }

    /// Opens a data directory that must be there.
    pub fn open_existing(dir: &DataDir) -> Result<Self, OpenError> {
        let keys = Keys::open(&dir.keys())?;
        let path = dir.database();
        let database = |source| OpenError::Database { path: path.clone(), source };
        let storage = Sqlite::open(&path, keys.master()).map_err(database)?;
        let service = Self::with(Arc::new(storage), Arc::new(keys), Journal::new(dir.journal()))?;
        let setting = |source| OpenError::Setting { path: dir.settings(), source };
        let address = Settings::of(dir).and_then(|settings| settings.card_address()).map_err(setting)?;
        let service = address.into_iter().fold(service, Self::with_card_address);
        service.catch_up()?;
        Ok(service)
    }

    /// Opens a server on parts, and does what the journal says was begun.
    pub fn open_on(storage: Arc<dyn Storage>, keys: Arc<Keys>, journal: Journal) -> Result<Self, ServiceError> {
        let service = Self::with(storage, keys, journal)?;
        service.catch_up()?;
        Ok(service)
    }

    /// A server on parts; begins the first epoch where there is none.
    pub fn with(storage: Arc<dyn Storage>, keys: Arc<Keys>, journal: Journal) -> Result<Self, ServiceError> {
        if storage.read()?.epoch()? == Epoch(0) {
            let unit = storage.write()?;
            if unit.epoch()? == Epoch(0) {
                unit.set_epoch(new_epoch(None))?;
            }
            unit.commit()?;
        }
        let card_address = CardAddress::of_root(&keys.root());
        let service = Self { storage, keys, journal, limits: PageLimits::REPLY, card_address };
        service.name_clinics()?;
        Ok(service)
    }

    /// Accident reports of a server from before clinics had phones are found by their clinic from now on, too.
    fn name_clinics(&self) -> Result<(), ServiceError> {
        const DONE: &str = "clinics_named";
        if self.storage.read()?.counter(DONE)? > 0 {
            return Ok(());
        }
        let filter = RecordFilter { kind: Some(Kind::AccidentReport), ..RecordFilter::default() };
        let (unit, mut after) = (self.storage.write()?, None);
        loop {
            let mut page = unit.find(&filter, &Scope::Office, after, 1000)?;
            let Some(last) = page.last().map(|kept| kept.record.id) else { break };
            after = Some(last);
            // of the same version: nobody is told anything
            unit.save(&mut page)?;
        }
        unit.set_counter(DONE, 1)?;
        Ok(unit.commit()?)
    }

    /// The same server whose cards say that they come from there.
    #[must_use]
    pub fn with_card_address(mut self, address: CardAddress) -> Self {
        self.card_address = address;
        self
    }

    /// The same server with other page limits, for tests and small memories.
    #[must_use]
    pub fn with_limits(mut self, limits: PageLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The storage.
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Begins another life of the database, after a restore: phones offer again what they still keep, and acts that
    /// the journal has and the database lacks are done again.
    pub fn begin_epoch(&self) -> Result<Epoch, ServiceError> {
        let unit = self.storage.write()?;
        let epoch = new_epoch(Some(unit.epoch()?));
        let epoch = if planted(Planted::RestoreWithoutEpoch) { unit.epoch()? } else { epoch };
        unit.set_epoch(epoch)?;
        unit.append_audit(clock::now(), "server", "epoch", &serde_json::json!({ "epoch": epoch }).to_string())?;
        unit.commit()?;
        self.catch_up()?;
        Ok(epoch)
    }
}

fn new_epoch(before: Option<Epoch>) -> Epoch {
    Epoch::begin(before, clock::now(), u32::from_be_bytes(clock::random()))
}
