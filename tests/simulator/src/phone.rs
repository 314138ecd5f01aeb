//! A simulated phone: its real store, its real exchange, its clock, its deaths.

use crate::{
    chance::Chance,
    oracle::Seen,
    strike::{Struck, copy_files},
    violation::{Played, Violation},
};
use payung_domain::{
    field::Kind,
    id::{Base, OfficialId, RecordId},
    op::Body,
};
use payung_protocol::AppFacts;
use payung_store::{DatabaseKey, Options, Store, set_fail_hook};
use payung_sync::SyncEngine;
use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

pub(crate) const DATABASE: &str = "phone.db";

pub(crate) fn key() -> DatabaseKey {
    DatabaseKey::new(*b"the key of a simulated phone ...")
}

pub(crate) fn options() -> Options {
    Options { cache_kib: 1024, max_pages: None }
}

/// A form as a person has it before them; lost when the process ends.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) record: RecordId,
    pub(crate) kind: Kind,
    pub(crate) base: Option<Base>,
    pub(crate) shown: Body,
    pub(crate) saw: Seen,
}

/// A run of the exchange under way.
pub(crate) struct Run {
    pub(crate) engine: SyncEngine,
    /// What is waited for.
    pub(crate) flight: u64,
    pub(crate) chance: Chance,
    pub(crate) requests: u32,
    /// Something went wrong on its road, so it may fail.
    pub(crate) excused: bool,
}

/// What became of something asked of a phone.
pub(crate) enum Acted<T> {
    Done(T),
    /// Its process ended on the way; it is open again.
    Died {
        /// The act of the store at which it ended.
        act: String,
        /// The act had been made durable.
        durable: bool,
    },
}

/// A phone.
pub(crate) struct Phone {
    folder: PathBuf,
    lives: u32,
    store: Option<Store>,
    pub(crate) official: OfficialId,
    pub(crate) run: Option<Run>,
    pub(crate) forms: Vec<Form>,
    /// How far its clock is ahead of the true time, in milliseconds.
    pub(crate) ahead_ms: i64,
    /// A newer version of the app.
    pub(crate) newer: bool,
    /// At which of its next fail points its process ends; 0 = not.
    pub(crate) strike_in: u32,
}

impl Phone {
    /// Opens a copy of the phone's folder `from` under `folder`.
    pub(crate) fn open(from: &Path, folder: &Path) -> Played<Self> {
        copy_phone(from, &life(folder, 1))?;
        let mut phone = Self {
            folder: folder.to_owned(),
            lives: 1,
            store: None,
            official: OfficialId(uuid::Uuid::nil()),
            run: None,
            forms: Vec::new(),
            ahead_ms: 0,
            newer: false,
            strike_in: 0,
        };
        phone.start()?;
        let Some(identity) = phone.store()?.identity()? else {
            return Err(Violation { rule: "a phone of the template has joined", detail: String::new() });
        };
        phone.official = identity.official;
        Ok(phone)
    }

    /// Another phone with a copy of this one's files, as a backup tool would bring it over.
    pub(crate) fn copy(&self, folder: &Path) -> Played<Self> {
        Ok(Self { ahead_ms: self.ahead_ms, newer: self.newer, ..Self::open(&self.files(), folder)? })
    }

    pub(crate) fn files(&self) -> PathBuf {
        life(&self.folder, self.lives)
    }

    fn start(&mut self) -> Played {
        self.store = Some(Store::open(&self.files().join(DATABASE), &key(), &options())?);
        Ok(())
    }

    /// The store, to look at.
    pub(crate) fn store(&self) -> Played<&Store> {
        self.store.as_ref().ok_or(Violation { rule: "the phone's store is open", detail: String::new() })
    }

    pub(crate) fn now(&self, true_ms: i64) -> i64 {
        true_ms.saturating_add(self.ahead_ms)
    }

    pub(crate) fn facts(&self) -> AppFacts {
        let version = if self.newer { "0.2.0" } else { "0.1.0" };
        AppFacts { app_version: version.to_owned(), schema: 1 + u32::from(self.newer), free_bytes: 1 << 30 }
    }

    /// Does something with the store, and opens it again where the process ended at one of its fail points.
    pub(crate) fn act<T>(&mut self, act: impl FnOnce(&Store) -> T) -> Played<Acted<T>> {
        let Some(store) = self.store.take() else {
            return Err(Violation { rule: "the phone's store is open", detail: String::new() });
        };
        if self.strike_in == 0 {
            let done = act(&store);
            self.store = Some(store);
            return Ok(Acted::Done(done));
        }
        let (from, to) = (self.files(), life(&self.folder, self.lives + 1));
        let left = std::rc::Rc::new(std::cell::Cell::new(self.strike_in));
        let counted = std::rc::Rc::clone(&left);
        set_fail_hook(Some(Box::new(move |act, when| {
            counted.set(counted.get() - 1);
            if counted.get() == 0 {
                let at = match copy_phone(&from, &to) {
                    Ok(()) => format!("{act}.{when}"),
                    Err(error) => format!("{act}.{when}, and its files could not be copied: {error}"),
                };
                resume_unwind(Box::new(Struck { at }));
            }
        })));
        let done = catch_unwind(AssertUnwindSafe(|| act(&store)));
        set_fail_hook(None);
        self.strike_in = left.get();
        match done {
            Ok(done) => {
                self.store = Some(store);
                Ok(Acted::Done(done))
            }
            Err(payload) => match payload.downcast::<Struck>() {
                Ok(struck) => {
                    drop(store);
                    self.born_again()?;
                    let (act, when) = struck.at.split_once('.').unwrap_or((&struck.at, ""));
                    Ok(Acted::Died { act: act.to_owned(), durable: when == "after_commit" })
                }
                Err(panic) => resume_unwind(panic),
            },
        }
    }

    /// Its process ends between two acts.
    pub(crate) fn kill(&mut self) -> Played {
        copy_phone(&self.files(), &life(&self.folder, self.lives + 1))?;
        self.store = None;
        self.born_again()
    }

    fn born_again(&mut self) -> Played {
        self.run = None;
        self.forms.clear();
        self.strike_in = 0;
        fs::remove_dir_all(self.files())?;
        self.lives += 1;
        self.start()
    }
}

fn life(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("life-{number}"))
}

/// A phone's database, and the files of its photos beside it.
fn copy_phone(from: &Path, to: &Path) -> io::Result<()> {
    copy_files(from, to)?;
    let media = from.join("media");
    if media.is_dir() { copy_files(&media, &to.join("media")) } else { Ok(()) }
}
