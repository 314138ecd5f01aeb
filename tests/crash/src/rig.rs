//! A server with its first operator, and phones that have joined it.

use crate::CrashError;
use chrono::{DateTime, NaiveDate};
use payung_domain::calendar::{Zone, local_date};
use payung_people::{Person, person};
use payung_store::{DatabaseKey, Options, Store, StoreError};
use payung_system_tests::{Admin, Binaries, Phone, PhoneError, PhoneFiles, Server, ledger};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

/// Karangklesem, RW 003.
pub const RW: &str = "33.02.24.1001.003";

/// Its RT 001.
pub const RT: &str = "33.02.24.1001.003.001";

/// Today in western Indonesia: the real programs run on the real clock, so what runs beside them must, too.
#[allow(clippy::disallowed_methods, reason = "this is the clock of these runs")]
pub(crate) fn today() -> NaiveDate {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    local_date(now.unwrap_or_default(), Zone::Wib)
}

/// The `i`th person of these runs, of that very district.
pub fn someone(i: u64) -> Person {
    person(13, i, "330224", today())
}

/// The server, the office's tools and the folder everything lies in.
pub struct Rig {
    binaries: Binaries,
    folder: PathBuf,
    data: PathBuf,
    /// The running server.
    pub server: Server,
    /// The office.
    pub admin: Admin,
    pub(crate) rng: fastrand::Rng,
}

impl Rig {
    /// A new server in a folder.
    ///
    /// # Errors
    /// It did not start.
    pub fn open(binaries: &Binaries, folder: &Path, seed: u64) -> Result<Self, CrashError> {
        fs::create_dir_all(folder)?;
        let data = folder.join("server");
        let server = Server::start(&binaries.payung, &data, &folder.join("server.log"))?;
        let admin = Admin::first(&binaries.payung, &data, "Sri Handayani")?;
        let rng = fastrand::Rng::with_seed(seed);
        Ok(Self { binaries: binaries.clone(), folder: folder.to_path_buf(), data, server, admin, rng })
    }

    /// SIGKILL, and the server again where it was.
    pub(crate) fn kill_server(&mut self) -> Result<(), CrashError> {
        let (address, log) = (self.server.address, self.server.log.clone());
        self.server.kill()?;
        self.server = Server::start_at(&self.binaries.payung, &self.data, address, &log)?;
        Ok(())
    }

    /// A phone that has joined for an area, by the server's own address.
    ///
    /// # Errors
    /// It could not join.
    pub fn phone(&mut self, name: &str, area: &str, arguments: &[&str]) -> Result<(Phone, PhoneFiles), CrashError> {
        let mut key = [0; 32];
        self.rng.fill(&mut key);
        let files = PhoneFiles::under(&self.folder, name, key)?;
        let mut phone = self.start(&files, arguments)?;
        let invite = self.admin.invite(name, area, &self.server.url())?;
        phone.ask(&json!({"do": "join", "invite": invite}))?;
        Ok((phone, files))
    }

    /// The phone again. A lock of a process that has just ended may still be on its way out.
    ///
    /// # Errors
    /// It did not open its store.
    pub fn start(&self, files: &PhoneFiles, arguments: &[&str]) -> Result<Phone, CrashError> {
        loop {
            let mut phone = Phone::launch(&self.binaries.phone, files, arguments, &[])?;
            match phone.answer() {
                Err(PhoneError::Refused { code, .. }) if code == "already_open" => thread::yield_now(),
                answer => {
                    answer?;
                    return Ok(phone);
                }
            }
        }
    }

    /// Starts it without waiting.
    pub(crate) fn launch(&self, files: &PhoneFiles) -> Result<Phone, CrashError> {
        Ok(Phone::launch(&self.binaries.phone, files, &[], &[])?)
    }

    /// How many people the server has, each once.
    ///
    /// # Errors
    /// The office's tools.
    pub fn people(&self) -> Result<usize, CrashError> {
        Ok(ledger::server_list(&self.admin)?.len())
    }
}

/// The phone's store between two lives of the phone.
pub(crate) fn open(files: &PhoneFiles) -> Result<Store, CrashError> {
    let path = files.folder.join("payung.db");
    loop {
        match Store::open(&path, &DatabaseKey::new(files.key), &Options::default()) {
            Err(StoreError::AlreadyOpen) => thread::yield_now(),
            opened => return Ok(opened?),
        }
    }
}

/// Registers a person in a neighbourhood.
///
/// # Errors
/// The phone said no.
pub fn register(phone: &mut Phone, person: &Person, area: &str) -> Result<Value, CrashError> {
    let fields: Value = person.form().into_iter().collect::<serde_json::Map<_, _>>().into();
    let form = phone.ask(&json!({"do": "open_form", "fields": fields}))?["draft"].clone();
    Ok(phone.ask(&json!({"do": "register", "draft": form, "area": area}))?)
}

/// One run of the exchange by this road: what it did, or the code of what stopped it.
///
/// # Errors
/// The phone is gone.
pub fn sync(phone: &mut Phone, via: &str) -> Result<Result<Value, String>, CrashError> {
    match phone.ask(&json!({"do": "sync", "via": via})) {
        Ok(report) => Ok(Ok(report)),
        Err(PhoneError::Refused { code, .. }) => Ok(Err(code)),
        Err(error) => Err(error.into()),
    }
}

/// Ops without a final outcome.
///
/// # Errors
/// The phone said no.
pub fn outstanding(phone: &mut Phone) -> Result<u64, CrashError> {
    let outbox = phone.ask(&json!({"do": "counts"}))?["outbox"].clone();
    Ok(["new", "sent", "held"].iter().filter_map(|state| outbox[state].as_u64()).sum())
}

/// Syncs until nothing waits.
pub(crate) fn settle(phone: &mut Phone, via: &str) -> Result<(), CrashError> {
    for _ in 0..10 {
        let synced = sync(phone, via)?;
        if outstanding(phone)? == 0 && synced.is_ok_and(|report| report["changes"] == 0) {
            return Ok(());
        }
    }
    Err(CrashError::broken("the phone did not come to rest"))
}
