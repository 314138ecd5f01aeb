//! What the tests need: an office with its server, phones that have joined, people to register.

use chrono::{DateTime, NaiveDate};
use payung_domain::{
    calendar::{Zone, local_date},
    id::DeviceId,
};
use payung_people::{Person, person};
use payung_protocol::{Invite, PublishedKeys, ReceiverKey, Serials, SigningKey};
use payung_store::{DatabaseKey, Options, Store, StoreError};
use payung_system_tests::{Admin, Binaries, Phone, PhoneError, PhoneFiles, Server, server::request};
use rand_core::UnwrapErr;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

/// Karangklesem, RW 003.
pub(crate) const RW: &str = "33.02.24.1001.003";

/// Today in western Indonesia: the real programs run on the real clock, so the tests beside them must, too.
#[allow(clippy::disallowed_methods, reason = "this is the tests' clock")]
pub(crate) fn today() -> NaiveDate {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = DateTime::from_timestamp(i64::try_from(since.as_secs()).unwrap(), 0).unwrap();
    local_date(now, Zone::Wib)
}

/// A database key.
pub(crate) fn key(rng: &mut fastrand::Rng) -> [u8; 32] {
    let mut key = [0; 32];
    rng.fill(&mut key);
    key
}

/// The `i`th person of these tests, of that very district.
pub(crate) fn someone(i: u64) -> Person {
    person(11, i, "330224", today())
}

/// A phone's store, opened by the test itself. Another test that starts a process at this moment may hold our lock
/// until that process has begun: then it is waited for.
pub(crate) fn open(files: &PhoneFiles) -> Store {
    let path = files.folder.join("payung.db");
    loop {
        match Store::open(&path, &DatabaseKey::new(files.key), &Options::default()) {
            Err(StoreError::AlreadyOpen) => thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// A running server with its first operator, in a folder of its own.
pub(crate) struct Office {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) data: PathBuf,
    pub(crate) server: Server,
    pub(crate) admin: Admin,
    pub(crate) binaries: &'static Binaries,
    rng: fastrand::Rng,
}

impl Office {
    pub(crate) fn open(seed: u64) -> Self {
        let binaries = Binaries::built();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("server");
        let server = Server::start(&binaries.payung, &data, &folder.path().join("server.log")).unwrap();
        let admin = Admin::first(&binaries.payung, &data, "Sri Handayani").unwrap();
        Self { folder, data, server, admin, binaries, rng: fastrand::Rng::with_seed(seed) }
    }

    /// The files of a phone that has not been started.
    pub(crate) fn files(&mut self, name: &str) -> PhoneFiles {
        PhoneFiles::under(self.folder.path(), name, key(&mut self.rng)).unwrap()
    }

    /// A phone that has joined for the whole RW.
    pub(crate) fn phone(&mut self, name: &str) -> (Phone, PhoneFiles) {
        let files = self.files(name);
        let mut phone = self.start(&files);
        let invite = self.admin.invite(name, RW, &self.server.url()).unwrap();
        phone.ask(&json!({"do": "join", "invite": invite})).unwrap();
        (phone, files)
    }

    pub(crate) fn start(&self, files: &PhoneFiles) -> Phone {
        self.start_with(files, &[])
    }

    /// With these in its environment. A lock of our own may still be on its way out, see [`open`].
    pub(crate) fn start_with(&self, files: &PhoneFiles, environment: &[(&str, &str)]) -> Phone {
        loop {
            let mut phone = Phone::launch(&self.binaries.phone, files, &[], environment).unwrap();
            match phone.answer() {
                Err(PhoneError::Refused { code, .. }) if code == "already_open" => thread::yield_now(),
                answer => {
                    answer.unwrap();
                    return phone;
                }
            }
        }
    }
}

/// What the phone said no with.
pub(crate) fn refusal(answer: Result<Value, PhoneError>) -> (String, Vec<(String, String)>) {
    match answer {
        Err(PhoneError::Refused { code, fields }) => (code, fields),
        other => panic!("not refused: {}", other.map_or_else(|error| error.to_string(), |_| "done".to_owned())),
    }
}

/// Fills in a form, field by field; answers its number.
pub(crate) fn fill(phone: &mut Phone, person: &Person) -> Value {
    let form = phone.ask(&json!({"do": "open_form"})).unwrap()["draft"].clone();
    for (field, value) in person.form() {
        phone.ask(&json!({"do": "type", "draft": form, "field": field, "value": value})).unwrap();
    }
    form
}

/// Registers a person in RT 001 of the RW.
pub(crate) fn register(phone: &mut Phone, person: &Person) -> Value {
    let form = fill(phone, person);
    phone.ask(&json!({"do": "register", "draft": form, "area": format!("{RW}.001")})).unwrap()
}

pub(crate) fn sync(phone: &mut Phone) -> Value {
    phone.ask(&json!({"do": "sync"})).unwrap()
}

/// How many ops have no final outcome.
pub(crate) fn outstanding(phone: &mut Phone) -> u64 {
    let outbox = phone.ask(&json!({"do": "counts"})).unwrap()["outbox"].clone();
    ["new", "sent", "held"].iter().map(|state| outbox[state].as_u64().unwrap()).sum()
}

/// Syncs until there is nothing to tell or hear.
pub(crate) fn quiet(phones: &mut [&mut Phone]) {
    for _ in 0..10 {
        let mut news = 0;
        for phone in &mut *phones {
            let report = sync(phone);
            news += report["sent"].as_u64().unwrap() + report["changes"].as_u64().unwrap();
        }
        if news == 0 {
            return;
        }
    }
    panic!("the phones did not come to rest");
}

/// The system's random source.
pub(crate) fn random() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}

/// The key the server is sealed to now.
pub(crate) fn receiver(office: &Office) -> ReceiverKey {
    let link = office.admin.invite("Tamu", RW, &office.server.url()).unwrap();
    let root = Invite::parse(&link).unwrap().root;
    let keys = request(office.server.address, "GET", "/v1/keys", &[], b"").unwrap();
    let keys = PublishedKeys::parse(&keys.body).unwrap().verify(&root, Serials::default()).unwrap();
    keys.receivers.current(0).unwrap()
}

/// A joined phone's name and session key, out of its store.
pub(crate) fn stolen(files: &PhoneFiles) -> (DeviceId, SigningKey) {
    let store = open(files);
    let keys = store.keys().unwrap().unwrap();
    (store.identity().unwrap().unwrap().device, SigningKey::from_bytes(keys[..32].try_into().unwrap()))
}
