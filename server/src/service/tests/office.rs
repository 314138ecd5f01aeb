//! A branch with a real database, and phones that keep just enough to exchange.

use crate::{
    keys::rng,
    service::{
        DataDir, PageLimits, Service,
        operator::{Act, NewInvite},
    },
    storage::Scope,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{Base, DeviceId, Epoch, Hlc, OfficialId, RecordId},
    op::{Body, Change, Conflict, FieldOutcome, Op, Outcome, OutcomeStatus, Put, Resolution},
    record::Record,
};
use payung_protocol::{Certificate, Cursor, DeviceKeys, JoinAnswer, JoinRequest, Reply, Request, Role};
use serde_json::{Value, json};
use std::{cell::Cell, collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};
use tempfile::TempDir;
use uuid::Uuid;

/// 22 November 2026, 10:00 in Purwokerto.
pub(crate) const START: i64 = 1_795_316_400_000;
pub(crate) const DAY: i64 = 24 * 3600 * 1000;
pub(crate) const BOSS: OfficialId = OfficialId(Uuid::from_u128(0xb055));
/// RT 003 RW 005 of Karangklesem.
pub(crate) const RT3: &str = "33.02.24.1001.005.003";
pub(crate) const RT4: &str = "33.02.24.1001.005.004";
/// Another RW of the same village.
pub(crate) const RW6: &str = "33.02.24.1001.006.001";
/// Another village.
pub(crate) const TELUK: &str = "33.02.24.1002.001.001";
pub(crate) const VILLAGE: &str = "33.02.24.1001";

pub(crate) fn area(path: &str) -> Area {
    Area::parse(path).expect("an area")
}

pub(crate) fn record(n: u128) -> RecordId {
    RecordId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + n))
}

pub(crate) struct Office {
    pub(crate) dir: TempDir,
    pub(crate) service: Service,
    pub(crate) now: Cell<i64>,
    pub(crate) next: Cell<u128>,
}

impl Office {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let service = Service::open(&DataDir::new(dir.path().join("data"))).expect("a new server");
        service.add_operator(BOSS, "Operator Cabang", Role::BranchOperator, BOSS, START).expect("the first operator");
        Self { dir, service, now: Cell::new(START), next: Cell::new(1) }
    }

    pub(crate) fn with_limits(limits: PageLimits) -> Self {
        let office = Self::new();
        Self { service: office.service.with_limits(limits), ..office }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn later(&self, millis: i64) {
        self.now.set(self.now.get() + millis);
    }

    fn id(&self) -> Uuid {
        self.next.set(self.next.get() + 1);
        Uuid::from_u128(0x0ff1_0000 + self.next.get())
    }

    pub(crate) fn invite(&self, areas: &[&str], roles: &[Role]) -> payung_protocol::Invite {
        let new = NewInvite {
            name: "Pak Ketua".to_owned(),
            roles: roles.to_vec(),
            areas: areas.iter().map(|path| area(path)).collect(),
            official: None,
            replaces: None,
        };
        let servers = vec!["https://payung.example.id".to_owned()];
        self.service.invite(BOSS, new, OfficialId(self.id()), servers, self.now.get()).expect("an invite")
    }

    pub(crate) fn phone(&self, areas: &[&str]) -> Phone {
        self.phone_as(areas, &[Role::Official])
    }

    pub(crate) fn phone_as(&self, areas: &[&str], roles: &[Role]) -> Phone {
        let invite = self.invite(areas, roles);
        self.join(&invite, None)
    }

    /// Joins by an invite; as the same person again where one is named.
    pub(crate) fn join(&self, invite: &payung_protocol::Invite, _again: Option<OfficialId>) -> Phone {
        let keys = DeviceKeys::generate(&mut rng());
        let request = JoinRequest {
            secret: invite.secret.clone(),
            session_key: keys.session.verifying_key(),
            device_key: keys.device.receiver_key(),
            attestation: None,
            app: None,
        };
        let JoinAnswer::Joined(joined) = self.service.join(&request, "test", self.now.get()).expect("an answer") else {
            panic!("refused");
        };
        let signing = self.service.keys().signing().verifying_key();
        let certificate = Certificate::verify(&joined.certificate, |_| Some(signing)).expect("a certificate");
        Phone {
            device: certificate.device,
            official: certificate.official,
            n: 0,
            cursor: None,
            epoch: None,
            base: BTreeMap::new(),
            seen_through: 0,
        }
    }

    /// The same person with a new device, the old one retired.
    pub(crate) fn rejoin(&self, phone: &Phone, areas: &[&str]) -> Phone {
        let new = NewInvite {
            name: String::new(),
            roles: vec![Role::Official],
            areas: areas.iter().map(|path| area(path)).collect(),
            official: Some(phone.official),
            replaces: Some(phone.device),
        };
        let servers = vec!["https://payung.example.id".to_owned()];
        let invite = self.service.invite(BOSS, new, phone.official, servers, self.now.get()).expect("an invite");
        self.join(&invite, Some(phone.official))
    }

    pub(crate) fn act(&self, act: Act) {
        self.service.act(BOSS, act, self.now.get()).expect("done");
    }

    pub(crate) fn record(&self, id: RecordId) -> Record {
        self.find(id).expect("the record")
    }

    pub(crate) fn find(&self, id: RecordId) -> Option<Record> {
        let unit = self.service.storage().read().expect("a unit");
        unit.records(&[id], &Scope::Office).expect("read").pop().map(|kept| kept.record)
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.service.storage().read().expect("a unit").epoch().expect("read")
    }

    /// Every record and every op's status, to compare before and after.
    pub(crate) fn dump(&self) -> String {
        let unit = self.service.storage().read().expect("a unit");
        let records =
            unit.find(&crate::storage::RecordFilter::default(), &Scope::Office, None, usize::MAX).expect("read");
        let mut dump = String::new();
        for kept in records {
            let history: Vec<_> =
                unit.history(kept.record.id).expect("read").iter().map(|op| (op.id(), op.status)).collect();
            let _ = writeln!(dump, "{:?} {history:?}", kept.record);
        }
        dump
    }

    /// A copy of the database as it is now.
    pub(crate) fn backup(&self) -> PathBuf {
        let copy = self.dir.path().join(format!("copy-{}.db", self.id()));
        let connection = rusqlite::Connection::open(self.data().join("payung.db")).expect("the database");
        connection.execute("VACUUM INTO ?1", [copy.to_str().expect("a path")]).expect("copied");
        copy
    }

    /// Puts a copy back and begins a new epoch. The journal stays.
    pub(crate) fn restore(self, copy: &PathBuf) -> Self {
        let Self { dir, service, now, next } = self;
        drop(service);
        let data = dir.path().join("data");
        for name in ["payung.db", "payung.db-wal", "payung.db-shm"] {
            let _ = fs::remove_file(data.join(name));
        }
        fs::copy(copy, data.join("payung.db")).expect("restored");
        let service = Service::open_existing(&DataDir::new(data)).expect("the server");
        service.begin_epoch().expect("a new epoch");
        Self { dir, service, now, next }
    }
}

/// What a phone keeps between exchanges.
#[derive(Clone)]
pub(crate) struct Phone {
    pub(crate) device: DeviceId,
    pub(crate) official: OfficialId,
    pub(crate) n: u64,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) base: BTreeMap<RecordId, Put>,
    pub(crate) seen_through: u64,
}

impl Phone {
    /// The next op of this phone on a record: a creation where it holds none.
    pub(crate) fn op(&mut self, office: &Office, kind: Kind, id: RecordId, set: &[(&str, Value)]) -> Op {
        self.n += 1;
        let held = self.base.get(&id);
        Op {
            n: self.n,
            record: id,
            kind,
            area: held.map_or_else(|| area(RT3), |put| put.area.clone()),
            base: held.zip(self.epoch).map(|(put, epoch)| Base { epoch, version: put.version }),
            set: set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            resolve: BTreeMap::new(),
            hlc: Hlc::at_millis(office.now.get() + i64::try_from(self.n).expect("small")),
            reissue: None,
            stale: Vec::new(),
            receipt: None,
        }
    }

    pub(crate) fn worker(&mut self, office: &Office, id: RecordId, nik: &str, name: &str) -> Op {
        let mut op = self.op(office, Kind::Worker, id, &[]);
        op.set = worker(nik, name);
        op
    }

    pub(crate) fn worker_in(&mut self, office: &Office, id: RecordId, nik: &str, name: &str, place: &str) -> Op {
        Op { area: area(place), ..self.worker(office, id, nik, name) }
    }

    pub(crate) fn edit(&mut self, office: &Office, id: RecordId, field: &str, value: impl Into<Value>) -> Op {
        let kind = self.base.get(&id).map_or(Kind::Worker, |put| put.kind.clone());
        self.op(office, kind, id, &[(field, value.into())])
    }

    pub(crate) fn enroll(&mut self, office: &Office, id: RecordId, worker: RecordId) -> Op {
        let mut op = self.op(office, Kind::Enrollment, id, &[]);
        op.set = enrollment(worker);
        op
    }

    pub(crate) fn event(
        &mut self,
        office: &Office,
        id: RecordId,
        of: RecordId,
        event: &str,
        more: &[(&str, Value)],
    ) -> Op {
        let at = chrono::DateTime::from_timestamp_millis(office.now.get()).expect("a time").to_rfc3339();
        let mut op = self.op(office, Kind::EnrollmentEvent, id, more);
        op.base = None;
        op.set.insert("enrollment".to_owned(), json!(of));
        op.set.insert("event".to_owned(), json!(event));
        op.set.insert("at".to_owned(), json!(at));
        op
    }

    pub(crate) fn resolve(&mut self, office: &Office, id: RecordId, field: &str, value: impl Into<Value>) -> Op {
        let seen = self.base[&id].conflicts[field].candidates.iter().map(|candidate| candidate.op).collect();
        let document = Some(if field == "mother_name" { "kk" } else { "ktp" }.to_owned());
        let mut op = self.op(office, Kind::Worker, id, &[]);
        op.resolve.insert(field.to_owned(), Resolution { value: value.into(), seen, document });
        op
    }

    /// One exchange, its reply not yet taken.
    pub(crate) fn ask(&self, office: &Office, ops: &[Op]) -> Reply {
        let request = Request {
            ops: ops.to_vec(),
            seen_through: self.seen_through,
            cursor: self.cursor.clone(),
            ..Request::default()
        };
        office.service.exchange(self.device, &request, &[], office.now.get()).expect("a reply")
    }

    /// Takes a reply as phones do: only where it answers the cursor now held.
    pub(crate) fn take(&mut self, reply: &Reply) {
        if reply.request_cursor != self.cursor {
            return;
        }
        self.epoch = Some(reply.epoch);
        for change in &reply.changes {
            match change {
                Change::Put(put) => {
                    let older = |held: &Put| held.version < put.version;
                    if self.base.get(&put.record).is_none_or(older) {
                        self.base.insert(put.record, put.clone());
                    }
                }
                Change::Gone { record, version, .. } => {
                    if self.base.get(record).is_some_and(|held| held.version <= *version) {
                        self.base.remove(record);
                    }
                }
                Change::Evict { prefix, keep } => self.base.retain(|_, held| {
                    !held.area.is_within(prefix) || keep.iter().any(|keep| held.area.is_within(keep))
                }),
            }
        }
        if reply.cursor.is_some() {
            self.cursor.clone_from(&reply.cursor);
        }
    }

    pub(crate) fn send(&mut self, office: &Office, ops: &[Op]) -> Vec<Outcome> {
        let reply = self.ask(office, ops);
        self.take(&reply);
        reply.outcomes
    }

    pub(crate) fn pull(&mut self, office: &Office) {
        loop {
            let reply = self.ask(office, &[]);
            let more = reply.more;
            self.take(&reply);
            if !more {
                return;
            }
        }
    }

    pub(crate) fn shown(&self, id: RecordId, field: &str) -> Value {
        self.base.get(&id).and_then(|put| put.body.get(field)).cloned().unwrap_or_default()
    }

    pub(crate) fn conflict(&self, id: RecordId, field: &str) -> Option<&Conflict> {
        self.base.get(&id)?.conflicts.get(field)
    }
}

pub(crate) fn worker(nik: &str, name: &str) -> Body {
    let value = json!({
        "nik": nik,
        "name": name,
        "birth": { "date": "1990-09-15", "place": "Banyumas", "sex": "male" },
        "mother_name": "SITI AMINAH",
        "home": { "village": VILLAGE, "rw": "005", "rt": "003", "line": "Jl. Gerilya 10" },
        "occupations": { "first": "penderes" },
        "heirs": [{ "name": "Siti", "relation": "istri" }],
        "capture": { "at": "2026-11-22T09:00:00+07:00" },
    });
    serde_json::from_value(value).expect("a body")
}

pub(crate) fn enrollment(worker: RecordId) -> Body {
    let value = json!({
        "worker": worker,
        "cover": {
            "programs": ["jkk", "jkm"], "monthly_income": 1_000_000, "start_month": "2026-12", "months": 3, "payer": "self",
        },
        "declaration": { "independent": true, "healthy": true, "at": "2026-11-22T09:00:00+07:00" },
        "consent": { "text_version": "2026-1", "language": "id", "at": "2026-11-22T09:00:00+07:00" },
    });
    serde_json::from_value(value).expect("a body")
}

pub(crate) fn status(outcome: &Outcome) -> (OutcomeStatus, Option<&str>) {
    (outcome.status.clone(), outcome.code.as_deref())
}

pub(crate) fn applied(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| outcome.status == OutcomeStatus::Applied)
}

pub(crate) fn field<'o>(outcome: &'o Outcome, name: &str) -> Option<&'o FieldOutcome> {
    outcome.fields.get(name)
}

/// A test NIK: serials 9000-9999.
pub(crate) fn nik(serial: u32) -> String {
    format!("330224150990{}", 9000 + serial)
}
