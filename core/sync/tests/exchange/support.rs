//! A real server without sockets, real phones, and a road between them that can be made bad.

use chrono::DateTime;
use payung_domain::{
    area::Area,
    contribution::ContributionTable,
    eligibility::Membership,
    field::Kind,
    id::{DeviceId, OfficialId, RecordId},
    op::Body,
    record::Record,
    worker::CaptureContext,
};
use payung_people::person;
use payung_protocol::{
    AppFacts, Limits, Opened, Problem, ProblemCode, Reply, Request, Role, SealError, SealedBundle, Sent, open_request,
    seal_reply,
};
use payung_server::{
    clock,
    keys::rng,
    service::{
        BundleError, DataDir, Service,
        operator::{Act, NewInvite},
    },
    storage::{Device, DeviceState, Scope},
};
use payung_store::{DatabaseKey, Edit, NewIds, Options, Saved, Store};
use payung_sync::{
    Courier, Endpoint, JoinError, JoinFacts, ServerAddress, SyncFailure, SyncReport, Transport, TransportError,
    Urgency, join,
};
use serde_json::Value;
use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use tempfile::TempDir;

pub(crate) const RT5: &str = "33.02.24.1001.003.005";
pub(crate) const RT6: &str = "33.02.24.1001.003.006";
pub(crate) const SERVER: &str = "https://payung.example.id";
const OPERATOR: OfficialId = OfficialId(uuid::Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001));

/// Time for everyone; moves only when a test moves it.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn start() -> Self {
        // near the real time, by which a server makes its keys
        Self(Arc::new(AtomicI64::new(clock::now())))
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

/// The server.
pub(crate) struct Office {
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Clock,
    dir: TempDir,
}

impl Office {
    pub(crate) fn open(clock: &Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let service = Arc::new(Service::open(&data(&dir)).unwrap());
        let now = clock.now();
        service.add_operator(OPERATOR, "Rini Hartati", Role::KelurahanOperator, OPERATOR, now).unwrap();
        Self { service, clock: clock.clone(), dir }
    }

    /// The link of an invite for a new official of one area.
    pub(crate) fn invite(&self, name: &str, area: &str) -> String {
        self.invite_as(name, area, None, &[SERVER])
    }

    /// An invite for the official who has this phone.
    pub(crate) fn invite_again(&self, phone: &Phone) -> String {
        let official = phone.store.identity().unwrap().unwrap().official;
        self.invite_as("", phone.area.as_str(), Some(official), &[SERVER])
    }

    pub(crate) fn invite_as(&self, name: &str, area: &str, official: Option<OfficialId>, servers: &[&str]) -> String {
        let areas = vec![Area::parse(area).unwrap()];
        let new = NewInvite { name: name.to_owned(), roles: vec![Role::Official], areas, official, replaces: None };
        let id = OfficialId(clock::new_id());
        let servers = servers.iter().map(|&server| server.to_owned()).collect();
        let invite = self.service.invite(OPERATOR, new, id, servers, self.clock.now()).unwrap();
        invite.to_link().unwrap()
    }

    pub(crate) fn open_bundle(&self, sealed: &[u8]) -> Result<Opened, SealError> {
        let device = |id| {
            let known = self.service.storage().read().unwrap().device(id).unwrap();
            known.map(|device| device.session_key)
        };
        open_request(sealed, |id| self.service.keys().receiver(id), device, Limits::REQUEST)
    }

    /// Answers as the HTTP handlers do.
    pub(crate) fn serve(&self, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let refused =
            |error: BundleError| TransportError::Refused { problem: Box::new(error.problem("r-1")), retry_after: None };
        match endpoint {
            Endpoint::Keys => Ok(serde_json::to_vec(&self.service.keys().published().unwrap()).unwrap()),
            Endpoint::Join => self.service.join_bundle(body, "r-1", self.clock.now()).map_err(refused),
            Endpoint::Exchange => self.service.exchange_bundle(body, |_| Ok(()), self.clock.now()).map_err(refused),
        }
    }

    /// Answers an exchange with a reply that `alter` has changed, signed and sealed all the same.
    pub(crate) fn serve_altered(&self, sealed: &[u8], alter: impl FnOnce(&Request, &mut Reply)) -> Vec<u8> {
        let opened = self.open_bundle(sealed).unwrap();
        let mut reply = self.service.exchange(opened.device, &opened.request, &opened.bad, self.clock.now()).unwrap();
        alter(&opened.request, &mut reply);
        self.seal(&reply, &opened.sent, opened.device).into_bytes()
    }

    /// Answers an exchange whose request `alter` has changed.
    pub(crate) fn serve_as(&self, sealed: &[u8], alter: impl FnOnce(&mut Request)) -> Vec<u8> {
        let mut opened = self.open_bundle(sealed).unwrap();
        alter(&mut opened.request);
        let reply = self.service.exchange(opened.device, &opened.request, &opened.bad, self.clock.now()).unwrap();
        self.seal(&reply, &opened.sent, opened.device).into_bytes()
    }

    pub(crate) fn seal(&self, reply: &Reply, sent: &Sent, device: DeviceId) -> SealedBundle {
        let known = self.service.storage().read().unwrap().device(device).unwrap().unwrap();
        seal_reply(reply, sent, self.service.keys().signing(), &known.device_key, &mut rng()).unwrap()
    }

    /// A record as the server has it.
    pub(crate) fn record(&self, record: RecordId) -> Option<Record> {
        let kept = self.service.storage().read().unwrap().records(&[record], &Scope::Office).unwrap().pop();
        kept.map(|kept| kept.record)
    }

    pub(crate) fn has(&self, record: RecordId) -> bool {
        self.record(record).is_some()
    }

    pub(crate) fn body(&self, record: RecordId) -> Body {
        self.record(record).unwrap().body
    }

    pub(crate) fn version(&self, record: RecordId) -> u64 {
        self.record(record).unwrap().version
    }

    pub(crate) fn set_device(&self, device: DeviceId, state: DeviceState) {
        self.service.set_device(OPERATOR, device, state, self.clock.now()).unwrap();
    }

    pub(crate) fn device(&self, device: DeviceId) -> Option<Device> {
        self.service.storage().read().unwrap().device(device).unwrap()
    }

    /// Gives a device these areas.
    pub(crate) fn assign(&self, device: DeviceId, areas: &[&str]) {
        let areas: Vec<Area> = areas.iter().map(|path| Area::parse(path).unwrap()).collect();
        self.service.assign(OPERATOR, device, &areas, self.clock.now()).unwrap();
    }

    /// Records that phones offer back.
    pub(crate) fn offered(&self) -> Vec<RecordId> {
        let offers = self.service.offers(OPERATOR, &Scope::Office, self.clock.now()).unwrap();
        offers.into_iter().map(|stored| stored.offer.record).collect()
    }

    /// Accepts these with what belongs to them; all where none is named.
    pub(crate) fn accept(&self, records: &[RecordId]) -> Vec<RecordId> {
        self.service.accept_offers(OPERATOR, &Scope::Office, records, self.clock.now()).unwrap()
    }

    pub(crate) fn drop_offer(&self, record: RecordId) {
        self.service.drop_offer(OPERATOR, record, self.clock.now()).unwrap();
    }

    pub(crate) fn erase(&self, worker: RecordId) -> usize {
        self.service.erase(OPERATOR, worker, "consent_withdrawn", self.clock.now()).unwrap().records
    }

    pub(crate) fn release_all_held(&self) {
        for held in self.service.held_ops(OPERATOR, self.clock.now()).unwrap() {
            let act = Act::Release { op: held.op.id(), record: held.op.op.record };
            self.service.act(OPERATOR, act, self.clock.now()).unwrap();
        }
    }

    /// A copy of the database, as a backup keeps it.
    pub(crate) fn backed_up(self) -> (Self, TempDir) {
        let Self { service, clock, dir } = self;
        drop(service);
        let copy = tempfile::tempdir().unwrap();
        for file in database(data(&dir).path()) {
            fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
        }
        (Self { service: Arc::new(Service::open_existing(&data(&dir)).unwrap()), clock, dir }, copy)
    }

    /// The same, where the journal was lost with the database.
    pub(crate) fn restored_without_journal(self, backup: &TempDir) -> Self {
        fs::remove_file(data(&self.dir).journal()).unwrap();
        self.restored(backup)
    }

    /// The server on the database of a backup; keys and journal are outside it and stay.
    pub(crate) fn restored(self, backup: &TempDir) -> Self {
        let Self { service, clock, dir } = self;
        drop(service);
        for file in database(data(&dir).path()) {
            fs::remove_file(file).unwrap();
        }
        for file in database(backup.path()) {
            fs::copy(&file, data(&dir).path().join(file.file_name().unwrap())).unwrap();
        }
        let service = Service::open_existing(&data(&dir)).unwrap();
        service.begin_epoch().unwrap();
        Self { service: Arc::new(service), clock, dir }
    }
}

/// The database with what belongs to it.
fn database(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("payung.db")).collect()
}

fn data(dir: &TempDir) -> DataDir {
    DataDir::new(dir.path().join("server"))
}

pub(crate) fn problem(code: ProblemCode) -> TransportError {
    TransportError::Refused { problem: Box::new(Problem::new(code, "r-1")), retry_after: None }
}

type Serve = Box<dyn FnMut(&Office, Endpoint, &[u8]) -> Result<Vec<u8>, TransportError> + Send>;

/// What happens to one request.
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It never arrives.
    Never(TransportError),
    /// It arrives, is done, and the answer is lost.
    AnswerLost(TransportError),
    /// The answer arrives altered.
    Altered(Box<dyn FnOnce(Vec<u8>) -> Vec<u8> + Send>),
    /// Someone else answers.
    Instead(Serve),
}

/// The road from a phone to the office. Faults happen in the order given; then everything goes well, unless `always`.
pub(crate) struct Road<'o> {
    office: &'o Office,
    pub(crate) faults: Mutex<VecDeque<Fault>>,
    pub(crate) always: Mutex<Option<Serve>>,
    pub(crate) log: Mutex<Vec<(Endpoint, Vec<u8>)>>,
}

impl<'o> Road<'o> {
    pub(crate) fn to(office: &'o Office) -> Self {
        Self { office, faults: Mutex::default(), always: Mutex::default(), log: Mutex::default() }
    }

    pub(crate) fn fault(&self, fault: Fault) -> &Self {
        self.faults.lock().unwrap().push_back(fault);
        self
    }

    pub(crate) fn always(
        &self,
        serve: impl FnMut(&Office, Endpoint, &[u8]) -> Result<Vec<u8>, TransportError> + Send + 'static,
    ) -> &Self {
        *self.always.lock().unwrap() = Some(Box::new(serve));
        self
    }

    pub(crate) fn mend(&self) {
        *self.always.lock().unwrap() = None;
        self.faults.lock().unwrap().clear();
    }

    /// The requests seen since last asked.
    pub(crate) fn taken(&self) -> Vec<(Endpoint, Vec<u8>)> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// How many ops each exchange since last asked carried.
    pub(crate) fn batches(&self) -> Vec<usize> {
        let exchanges = self.taken().into_iter().filter(|(endpoint, _)| *endpoint == Endpoint::Exchange);
        exchanges.map(|(_, sealed)| self.office.open_bundle(&sealed).unwrap().request.ops.len()).collect()
    }
}

impl Transport for Road<'_> {
    fn exchange(&self, _: &ServerAddress, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.log.lock().unwrap().push((endpoint, body.to_vec()));
        let fault = self.faults.lock().unwrap().pop_front();
        match fault {
            None => match &mut *self.always.lock().unwrap() {
                Some(serve) => serve(self.office, endpoint, body),
                None => self.office.serve(endpoint, body),
            },
            Some(Fault::None) => self.office.serve(endpoint, body),
            Some(Fault::Never(error)) => Err(error),
            Some(Fault::AnswerLost(error)) => {
                self.office.serve(endpoint, body)?;
                Err(error)
            }
            Some(Fault::Altered(alter)) => self.office.serve(endpoint, body).map(alter),
            Some(Fault::Instead(mut serve)) => serve(self.office, endpoint, body),
        }
    }
}

/// An official's phone.
pub(crate) struct Phone {
    pub(crate) store: Store,
    pub(crate) courier: Courier,
    pub(crate) clock: Clock,
    pub(crate) area: Area,
    people: AtomicU64,
    seed: u64,
    dir: TempDir,
}

impl Phone {
    pub(crate) fn new(clock: &Clock, area: &str, seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let area = Area::parse(area).unwrap();
        Self { store, courier: Courier::new(), clock: clock.clone(), area, people: 0.into(), seed, dir }
    }

    pub(crate) fn joined(office: &Office, area: &str, seed: u64) -> Self {
        let phone = Self::new(&office.clock, area, seed);
        phone.join(&office.invite("Siti Aminah", area), &Road::to(office)).unwrap();
        phone
    }

    /// The same phone after a kill: what was not in the file is gone.
    pub(crate) fn restarted(self) -> Self {
        let Self { store, clock, area, people, seed, dir, .. } = self;
        drop(store);
        let store = open(dir.path());
        Self { store, courier: Courier::new(), clock, area, people, seed, dir }
    }

    /// Holds the phone's files.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// The same phone with a new database; what lies beside it stays.
    pub(crate) fn wiped(self) -> Self {
        let Self { store, clock, area, people, seed, dir, .. } = self;
        drop(store);
        for entry in fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::remove_file(path).unwrap();
            }
        }
        let store = open(dir.path());
        Self { store, courier: Courier::new(), clock, area, people, seed, dir }
    }

    /// A second phone on a copy of this one's files.
    pub(crate) fn cloned(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(self.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
        }
        let (clock, area) = (self.clock.clone(), self.area.clone());
        Self {
            store: open(dir.path()),
            courier: Courier::new(),
            clock,
            area,
            people: 0.into(),
            seed: self.seed + 1,
            dir,
        }
    }

    pub(crate) fn join(&self, link: &str, road: &dyn Transport) -> Result<payung_store::Identity, JoinError> {
        join(link, &JoinFacts::default(), &self.store, road, self.clock.now(), &mut rng())
    }

    pub(crate) fn sync(&self, road: &dyn Transport) -> Result<SyncReport, SyncFailure> {
        self.sync_as(road, Urgency::Background)
    }

    pub(crate) fn sync_as(&self, road: &dyn Transport, urgency: Urgency) -> Result<SyncReport, SyncFailure> {
        let facts = AppFacts { app_version: "0.1.0".to_owned(), schema: 1, free_bytes: 1 << 30 };
        self.courier.sync(&self.store, road, facts, urgency, &|| self.clock.now(), &mut rng())
    }

    /// Registers an invented person; the `i`th of a seed is the same on every phone.
    pub(crate) fn register_person(&self, seed: u64, i: u64) -> NewIds {
        let now = DateTime::from_timestamp_millis(self.clock.now()).unwrap();
        let form = person(seed, i, "330224", now.date_naive()).form();
        let draft = self.store.open_draft(&Kind::Worker, None, self.clock.now()).unwrap();
        let fields: Vec<(&str, &Value)> = form.iter().map(|(name, value)| (name.as_str(), value)).collect();
        self.store.set_draft_fields(draft.id, &fields, self.clock.now()).unwrap();
        let context = CaptureContext {
            now,
            area: &self.area,
            official: self.store.identity().unwrap().map_or(OPERATOR, |identity| identity.official),
            table: ContributionTable::builtin(),
            nik_on_this_phone: false,
            membership: Membership::First,
        };
        let id = || RecordId(clock::new_id());
        let ids = NewIds { worker: id(), enrollment: id(), event: id() };
        self.store.register_worker(draft.id, &context, ids).unwrap().ids
    }

    /// Registers the next person nobody else has.
    pub(crate) fn register(&self) -> NewIds {
        self.register_person(self.seed, self.people.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) fn edit(&self, record: RecordId, field: &str, value: Value) {
        let shown = self.store.shown(record).unwrap();
        let fields = [(field.to_owned(), value)].into();
        let edit = Edit { record, base: shown.base, shown: shown.body(), fields };
        assert_ne!(self.store.save_edit(&edit, self.clock.now()).unwrap(), Saved::Unchanged);
    }

    /// A field as shown; null where there is none.
    pub(crate) fn field(&self, record: RecordId, field: &str) -> Value {
        self.store.shown(record).unwrap().value(field).cloned().unwrap_or_default()
    }

    /// The codes of what was refused.
    pub(crate) fn refusals(&self) -> Vec<Option<String>> {
        self.store.needs_fixing().unwrap().into_iter().map(|op| op.code).collect()
    }

    /// Ops without a final outcome.
    pub(crate) fn outstanding(&self) -> u64 {
        let waiting = self.store.waiting().unwrap();
        waiting.new + waiting.sent + waiting.held
    }
}

fn open(dir: &Path) -> Store {
    Store::open(&dir.join("phone.db"), &DatabaseKey::new([7; 32]), &Options::default()).unwrap()
}
