//! A phone that has joined and its server, each in a folder of its own, without sockets; made once and copied.

use chrono::DateTime;
use payung_domain::{
    area::Area,
    contribution::ContributionTable,
    eligibility::Membership,
    field::Kind,
    id::{OfficialId, RecordId},
    nik::Nik,
    op::Body,
    worker::CaptureContext,
};
use payung_people::{Person, person};
use payung_protocol::{AppFacts, Role};
use payung_server::{
    clock,
    keys::rng,
    service::{BundleError, DataDir, OpenError, Service, operator::NewInvite},
};
use payung_store::{DatabaseKey, Edit, NewIds, Options, Registered, Store, StoreError};
use payung_sync::{
    Courier, Endpoint, InProcess, JoinFacts, SyncFailure, SyncReport, Transport, TransportError, Urgency, join,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use tempfile::TempDir;

pub(crate) const RT: &str = "33.02.24.1001.003.005";
const OPERATOR: OfficialId = OfficialId(uuid::Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001));

/// The `i`th person, of that very district.
pub(crate) fn someone(i: u64) -> Person {
    person(31, i, "330224", DateTime::from_timestamp_millis(clock::now()).unwrap().date_naive())
}

pub(crate) fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

/// The folders of a phone and a server.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// Three people are registered and sent, one more is registered.
    pub(crate) fn copy() -> Self {
        static FIRST: OnceLock<World> = OnceLock::new();
        let first = FIRST.get_or_init(Self::first);
        let folder = tempfile::tempdir().unwrap();
        copy(first.folder.path(), folder.path());
        Self { folder }
    }

    fn first() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(world.phone_folder()).unwrap();
        let service = Service::open(&DataDir::new(world.office_folder())).unwrap();
        let now = clock::now();
        service.add_operator(OPERATOR, "Rini Hartati", Role::KelurahanOperator, OPERATOR, now).unwrap();
        let new = NewInvite {
            name: "Siti Aminah".to_owned(),
            roles: vec![Role::Official],
            areas: vec![Area::parse(RT).unwrap()],
            official: None,
            replaces: None,
        };
        let servers = vec!["https://payung.example.id".to_owned()];
        let invite = service.invite(OPERATOR, new, OfficialId(clock::new_id()), servers, now).unwrap();
        let store = world.open_phone().unwrap();
        join(&invite.to_link().unwrap(), &JoinFacts::default(), &store, &road(&service), now, &mut rng()).unwrap();
        for i in 0..3 {
            register(&store, i).unwrap();
        }
        sync(&store, &service).unwrap();
        register(&store, 3).unwrap();
        world
    }

    pub(crate) fn phone_folder(&self) -> PathBuf {
        self.folder.path().join("phone")
    }

    pub(crate) fn office_folder(&self) -> PathBuf {
        self.folder.path().join("office")
    }

    pub(crate) fn phone_file(&self) -> PathBuf {
        self.phone_folder().join("payung.db")
    }

    pub(crate) fn open_phone(&self) -> Result<Store, StoreError> {
        Store::open(&self.phone_file(), &key(), &Options::default())
    }

    pub(crate) fn open_office(&self) -> Result<Service, OpenError> {
        Service::open_existing(&DataDir::new(self.office_folder()))
    }
}

/// A folder with what is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The server, called as its HTTP handlers call it.
fn road(service: &Service) -> impl Transport {
    InProcess::new(|endpoint, body: &[u8]| {
        let refused =
            |error: BundleError| TransportError::Refused { problem: Box::new(error.problem("r-1")), retry_after: None };
        match endpoint {
            Endpoint::Keys => Ok(serde_json::to_vec(&service.keys().published().unwrap()).unwrap()),
            Endpoint::Join => service.join_bundle(body, "r-1", clock::now()).map_err(refused),
            Endpoint::Exchange => service.exchange_bundle(body, |_| Ok(()), clock::now()).map_err(refused),
        }
    })
}

/// An exchange as a person starts one: the phone's own waits after a failure don't hold it back.
pub(crate) fn sync(store: &Store, service: &Service) -> Result<SyncReport, SyncFailure> {
    let facts = AppFacts { app_version: "0.1.0".to_owned(), schema: 1, free_bytes: 1 << 30 };
    Courier::new().sync(store, &road(service), facts, Urgency::Person, &clock::now, &mut rng())
}

/// A form opened, filled in and registered: three acts.
pub(crate) fn register(store: &Store, i: u64) -> Result<Registered, StoreError> {
    let form = someone(i).form();
    let draft = store.open_draft(&Kind::Worker, None, clock::now())?;
    let fields: Vec<(&str, &Value)> = form.iter().map(|(name, value)| (name.as_str(), value)).collect();
    store.set_draft_fields(draft.id, &fields, clock::now())?;
    let area = Area::parse(RT).unwrap();
    let context = CaptureContext {
        now: DateTime::from_timestamp_millis(clock::now()).unwrap(),
        area: &area,
        official: OPERATOR,
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    };
    let id = || RecordId(clock::new_id());
    store.register_worker(draft.id, &context, NewIds { worker: id(), enrollment: id(), event: id() })
}

pub(crate) fn edit_notes(store: &Store, worker: RecordId, notes: &str) -> Result<(), StoreError> {
    let shown = store.shown(worker)?;
    let fields = Body::from([("notes".to_owned(), notes.into())]);
    let edit = Edit { record: worker, base: shown.base, shown: shown.body(), fields };
    store.save_edit(&edit, clock::now()).map(drop)
}

pub(crate) fn visit(store: &Store, worker: RecordId) -> Result<RecordId, StoreError> {
    let id = RecordId(clock::new_id());
    let body = Body::from([
        ("outcome".to_owned(), "registered".into()),
        ("at".to_owned(), "2026-11-22T10:00:00Z".into()),
        ("worker".to_owned(), worker.to_string().into()),
    ]);
    store.add_fact(&Kind::Visit, id, &body, &Area::parse(RT).unwrap(), clock::now())?;
    Ok(id)
}

/// Whom the phone knows by this NIK.
pub(crate) fn found(store: &Store, i: u64) -> Option<RecordId> {
    store.find_nik(&Nik::parse(&someone(i).nik).unwrap()).unwrap().first().copied()
}

/// Ops without a final outcome.
pub(crate) fn outstanding(store: &Store) -> u64 {
    let waiting = store.waiting().unwrap();
    waiting.new + waiting.sent + waiting.held
}

/// What SQLite says of the server's file.
pub(crate) fn office_integrity(world: &World) -> String {
    let connection = rusqlite::Connection::open(world.office_folder().join("payung.db")).unwrap();
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}
