//! The real server without sockets: its lives, its deaths, its backups.

use crate::{
    chance::Chance,
    strike::{Mortal, Strike, Struck, copy_files},
    violation::{Played, Violation},
};
use payung_server::{
    backup,
    clock::{self, Source},
    keys::Keys,
    service::{BundleError, DataDir, PageLimits, Service, journal::Journal},
    storage::sqlite::Sqlite,
};
use payung_sync::{Endpoint, TransportError};
use std::{
    cell::{Cell, RefCell},
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

/// The true time, and what the server draws at random.
pub(crate) struct Edge {
    pub(crate) now: Cell<i64>,
    pub(crate) chance: RefCell<Chance>,
}

struct Shared(Rc<Edge>);

impl Source for Shared {
    fn now(&self) -> i64 {
        self.0.now.get()
    }

    fn fill(&self, bytes: &mut [u8]) {
        use rand_core::Rng;
        self.0.chance.borrow_mut().fill_bytes(bytes);
    }
}

impl Edge {
    /// From now on this thread's server lives by it, until the guard is dropped.
    pub(crate) fn enter(now: i64, seed: u64) -> (Rc<Self>, Entered) {
        let edge = Rc::new(Self { now: Cell::new(now), chance: RefCell::new(Chance::of(seed, 7)) });
        clock::simulate(Some(Box::new(Shared(Rc::clone(&edge)))));
        (edge, Entered)
    }
}

/// Ends the simulated time of this thread when dropped.
pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        clock::simulate(None);
    }
}

/// What became of something asked of the server.
pub(crate) enum Served<T> {
    Done(T),
    /// Its process ended on the way; a new one is up.
    Died(String),
}

/// The server.
pub(crate) struct Server {
    folder: PathBuf,
    lives: u32,
    pub(crate) keys: Arc<Keys>,
    service: Option<Service>,
    /// The most changes in a reply.
    page: usize,
    strike: Arc<Strike>,
    backups: u32,
    /// The last backup.
    pub(crate) backup: Option<PathBuf>,
}

impl Server {
    /// Opens a copy of the data directory `template` under `folder`.
    pub(crate) fn open(template: &Path, folder: &Path, page: usize) -> Played<Self> {
        copy_files(&template.join("keys"), &folder.join("keys"))?;
        let first = life(folder, 1);
        copy_files(template, &first)?;
        let keys = Arc::new(Keys::open(&folder.join("keys")).map_err(payung_server::service::OpenError::from)?);
        let mut server = Self {
            folder: folder.to_owned(),
            lives: 1,
            keys,
            service: None,
            page,
            strike: Arc::default(),
            backups: 0,
            backup: None,
        };
        server.start()?;
        Ok(server)
    }

    fn data(&self) -> DataDir {
        DataDir::new(life(&self.folder, self.lives))
    }

    fn start(&mut self) -> Played {
        let data = self.data();
        let link = data.keys();
        if !link.exists() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(self.folder.join("keys"), &link)?;
            #[cfg(not(unix))]
            copy_files(&self.folder.join("keys"), &link)?;
        }
        let inner = Sqlite::open(&data.database(), self.keys.master())?;
        let storage = Arc::new(Mortal { inner, strike: Arc::clone(&self.strike) });
        let (keys, journal) = (Arc::clone(&self.keys), Journal::new(data.journal()));
        let service = self.strike.hold(|| Service::open_on(storage, keys, journal))?;
        self.service = Some(service.with_limits(PageLimits { changes: self.page, ..PageLimits::REPLY }));
        Ok(())
    }

    /// The service, to look at; what is asked here is never struck.
    pub(crate) fn look<T>(&self, ask: impl FnOnce(&Service) -> T) -> Played<T> {
        let Some(service) = &self.service else {
            return Err(Violation { rule: "the server is up", detail: String::new() });
        };
        Ok(self.strike.hold(|| ask(service)))
    }

    /// Its process ends at the `calls`th storage call from now.
    pub(crate) fn strike_in(&mut self, calls: u64) {
        self.strike.arm(calls, life(&self.folder, self.lives), life(&self.folder, self.lives + 1));
    }

    pub(crate) fn spare(&mut self) {
        self.strike.disarm();
    }

    /// Asks for something, and starts the server again where it died of it.
    pub(crate) fn ask<T>(&mut self, act: impl FnOnce(&Service) -> T) -> Played<Served<T>> {
        let Some(service) = self.service.take() else {
            return Err(Violation { rule: "the server is up", detail: String::new() });
        };
        match catch_unwind(AssertUnwindSafe(|| act(&service))) {
            Ok(done) => {
                self.service = Some(service);
                Ok(Served::Done(done))
            }
            Err(payload) => match payload.downcast::<Struck>() {
                Ok(struck) => {
                    drop(service);
                    fs::remove_dir_all(life(&self.folder, self.lives))?;
                    self.lives += 1;
                    self.start()?;
                    Ok(Served::Died(struck.at))
                }
                Err(panic) => resume_unwind(panic),
            },
        }
    }

    /// Answers as the HTTP handlers do.
    pub(crate) fn serve(
        &mut self,
        endpoint: Endpoint,
        body: &[u8],
        now: i64,
    ) -> Played<Served<Result<Vec<u8>, TransportError>>> {
        let refused =
            |error: BundleError| TransportError::Refused { problem: Box::new(error.problem("r-1")), retry_after: None };
        self.ask(|service| match endpoint {
            Endpoint::Keys => Ok(service
                .keys()
                .published()
                .ok()
                .and_then(|published| serde_json::to_vec(&published).ok())
                .unwrap_or_default()),
            Endpoint::Join => service.join_bundle(body, "r-1", now).map_err(refused),
            Endpoint::Exchange => service.exchange_bundle(body, |_| Ok(()), now).map_err(refused),
        })
    }

    /// A backup beside the running server, by the real command.
    pub(crate) fn make_backup(&mut self, now: i64) -> Played {
        self.backups += 1;
        let out = self.folder.join(format!("backup-{}", self.backups));
        backup::backup(&self.data(), &out, None, now)?;
        if let Some(old) = self.backup.replace(out) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// The machine is lost: a new one from the last backup, the keys and the journal. Answers how many acts of the
    /// journal were done again.
    pub(crate) fn restore(&mut self) -> Played<Option<u64>> {
        let Some(from) = self.backup.clone() else { return Ok(None) };
        self.service = None;
        self.strike.disarm();
        let old = self.data();
        self.lives += 1;
        let keys = self.folder.join("keys");
        let journal = Some(old.journal()).filter(|path| path.exists());
        let restored = backup::restore(&self.data(), &from, None, Some(&keys), journal.as_deref())?;
        fs::remove_dir_all(old.path())?;
        // one folder of keys, so that a rotation is seen by every life
        fs::remove_dir_all(self.data().keys())?;
        self.start()?;
        Ok(Some(restored.replayed))
    }
}

fn life(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("life-{number}"))
}
