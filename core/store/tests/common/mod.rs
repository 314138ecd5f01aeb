//! A phone's store in a folder of its own, and replies as the server would make them.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "shared by tests, each of which uses a part"
)]

use chrono::{DateTime, NaiveDate, Utc};
use payung_domain::{
    area::Area,
    contribution::ContributionTable,
    eligibility::Membership,
    field::Kind,
    id::{Base, DeviceId, Epoch, OfficialId, RecordId},
    nik::Nik,
    op::{Body, Change, Conflict, FieldOutcome, GoneReason, Outcome, OutcomeStatus, Put},
    worker::CaptureContext,
};
use payung_protocol::{Cursor, Reply};
use payung_store::{
    Asked, Batch, DatabaseKey, DraftId, Edit, Identity, NewIds, Options, Registered, Saved, Store, StoreError,
    TakeReport,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use tempfile::TempDir;
use uuid::Uuid;

pub const NOW: i64 = 1_795_392_000_000; // 2026-11-22T20:00:00Z
pub const E1: Epoch = Epoch(0xA1);
pub const E2: Epoch = Epoch(0xB2);

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Ids that sort by the order of making, as UUIDv7 do.
pub fn record_id() -> RecordId {
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    RecordId(Uuid::from_u128((0x0190_0000_0000_7000 << 64) | (0x8000 << 48) | u128::from(next)))
}

pub fn device_id(number: u128) -> DeviceId {
    DeviceId(Uuid::from_u128(0xD0_0000 + number))
}

pub fn key() -> DatabaseKey {
    DatabaseKey::new(*b"an invented key for the tests ..")
}

pub fn rt() -> Area {
    Area::parse("33.02.24.1001.005.003").unwrap()
}

pub fn other_rt() -> Area {
    Area::parse("33.02.24.1001.005.004").unwrap()
}

pub fn village() -> Area {
    Area::parse("33.02.24.1001").unwrap()
}

pub fn identity(device: u128) -> Identity {
    Identity {
        device: device_id(device),
        official: OfficialId(Uuid::from_u128(7)),
        area: rt(),
        only: None,
        certificate: vec![1, 2, 3],
    }
}

pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

pub fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap()
}

pub fn body(fields: &[(&str, Value)]) -> Body {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A phone that has joined.
pub struct Phone {
    pub store: Store,
    pub folder: TempDir,
    pub cursor: u64,
    pub epoch: Epoch,
}

impl std::ops::Deref for Phone {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

pub fn path_in(folder: &Path) -> PathBuf {
    folder.join("phone.db")
}

pub fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(&path_in(folder), &key(), &Options::default())
}

pub fn phone() -> Phone {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.set_identity(&identity(1)).unwrap();
    Phone { store, folder, cursor: 0, epoch: E1 }
}

impl Phone {
    pub fn reopen(self) -> Self {
        let Self { store, folder, cursor, epoch } = self;
        drop(store);
        Self { store: open(folder.path()).unwrap(), folder, cursor, epoch }
    }

    pub fn path(&self) -> PathBuf {
        path_in(self.folder.path())
    }

    pub fn batch(&self) -> Batch {
        self.store.next_batch(1000, 1 << 20, NOW).unwrap()
    }

    /// A reply to what was asked, that moves the cursor.
    pub fn reply(&mut self, asked: &Asked) -> Reply {
        self.cursor += 1;
        let cursor = Some(Cursor(format!("{}-{}", self.epoch, self.cursor)));
        Reply { cursor, ..Reply::new(self.epoch, asked.cursor.clone(), NOW) }
    }

    pub fn take(&self, reply: &Reply, asked: &Asked) -> TakeReport {
        self.store.take_reply(reply, asked, NOW).unwrap()
    }

    /// An exchange that brings `changes` and no outcome.
    pub fn pull(&mut self, changes: Vec<Change>) -> TakeReport {
        let asked = Asked { sent_at: NOW, cursor: self.store.cursor().unwrap().1, device: self.device() };
        let reply = Reply { changes, ..self.reply(&asked) };
        self.take(&reply, &asked)
    }

    /// An exchange that sends everything and brings `changes` and these outcomes.
    pub fn exchange(&mut self, changes: Vec<Change>, outcomes: impl FnOnce(&Batch) -> Vec<Outcome>) -> TakeReport {
        let batch = self.batch();
        let outcomes = outcomes(&batch);
        let reply = Reply { changes, outcomes, ..self.reply(&batch.asked) };
        self.take(&reply, &batch.asked)
    }

    pub fn device(&self) -> DeviceId {
        self.store.identity().unwrap().unwrap().device
    }

    /// Pulls a worker with a name and notes, at a version, and gives its id.
    pub fn pulled_worker(&mut self, name: &str) -> RecordId {
        let id = record_id();
        self.pull(vec![put(id, 1, &[("name", name.into()), ("notes", "n0".into())])]);
        id
    }

    pub fn value(&self, record: RecordId, field: &str) -> Value {
        self.store.shown(record).unwrap().value(field).cloned().unwrap_or(Value::Null)
    }

    /// Opens, changes one field, saves.
    pub fn edit(&self, record: RecordId, field: &str, value: &str) -> Saved {
        let opened = self.store.shown(record).unwrap();
        self.save(record, opened.base, &opened.body(), field, value)
    }

    pub fn save(&self, record: RecordId, base: Option<Base>, shown: &Body, field: &str, value: &str) -> Saved {
        let fields = body(&[(field, value.into())]);
        self.store.save_edit(&Edit { record, base, shown: shown.clone(), fields }, NOW).unwrap()
    }

    pub fn worker(&self, id: RecordId) -> payung_store::WorkerDetail {
        self.store.worker(id, today()).unwrap()
    }
}

pub fn put(record: RecordId, version: u64, fields: &[(&str, Value)]) -> Change {
    Change::Put(put_of(record, version, fields))
}

pub fn put_of(record: RecordId, version: u64, fields: &[(&str, Value)]) -> Put {
    Put {
        record,
        kind: Kind::Worker,
        area: rt(),
        version,
        body: body(fields),
        conflicts: BTreeMap::new(),
        alias_of: None,
    }
}

pub fn put_in(area: &Area, record: RecordId, version: u64, fields: &[(&str, Value)]) -> Change {
    Change::Put(Put { area: area.clone(), ..put_of(record, version, fields) })
}

pub fn put_kind(kind: Kind, record: RecordId, version: u64, fields: &[(&str, Value)]) -> Change {
    Change::Put(Put { kind, ..put_of(record, version, fields) })
}

pub fn put_conflict(
    record: RecordId,
    version: u64,
    fields: &[(&str, Value)],
    field: &str,
    conflict: Conflict,
) -> Change {
    Change::Put(Put { conflicts: BTreeMap::from([(field.to_owned(), conflict)]), ..put_of(record, version, fields) })
}

pub fn put_alias(record: RecordId, version: u64, survivor: RecordId, fields: &[(&str, Value)]) -> Change {
    Change::Put(Put { alias_of: Some(survivor), ..put_of(record, version, fields) })
}

pub fn moved(record: RecordId, version: u64, to: Option<Area>) -> Change {
    Change::Gone { record, why: GoneReason::Moved, version, to }
}

pub fn outcome(n: u64, status: OutcomeStatus, record: RecordId, version: u64) -> Outcome {
    Outcome { n, status, record, version, duplicate_of: None, fields: BTreeMap::new(), code: None }
}

pub fn applied(n: u64, record: RecordId, version: u64) -> Outcome {
    outcome(n, OutcomeStatus::Applied, record, version)
}

pub fn refused(n: u64, record: RecordId, code: &str) -> Outcome {
    Outcome { code: Some(code.to_owned()), ..outcome(n, OutcomeStatus::Refused, record, 0) }
}

pub fn held(n: u64, record: RecordId) -> Outcome {
    Outcome { code: Some("parent_missing".to_owned()), ..outcome(n, OutcomeStatus::Held, record, 0) }
}

pub fn with_field(mut outcome: Outcome, field: &str, became: FieldOutcome) -> Outcome {
    outcome.fields.insert(field.to_owned(), became);
    outcome
}

/// Every op of a batch taken, each at this version.
pub fn all_applied(version: u64) -> impl FnOnce(&Batch) -> Vec<Outcome> {
    move |batch| batch.ops.iter().map(|op| applied(op.n, op.record, version)).collect()
}

pub fn ids() -> NewIds {
    NewIds { worker: record_id(), enrollment: record_id(), event: record_id() }
}

/// An invented person's NIK: `serial` of 9000-9999.
pub fn nik(serial: u32) -> Nik {
    Nik::parse(&format!("330224150590{serial}")).unwrap()
}

pub fn form(serial: u32, name: &str) -> Vec<(String, Value)> {
    let fields = [
        ("nik", json!(nik(serial).expose())),
        ("name", json!(name)),
        ("birth.place", json!("Banyumas")),
        ("mother_name", json!("Ibu Karangan")),
        ("home.line", json!("Gang Contoh 5")),
        ("phone", json!(format!("08120000{serial}"))),
        ("occupations.first", json!(payung_domain::occupation::search("penderes", 1)[0].code)),
        ("income", json!("1.000.000")),
        ("cover.months", json!(3)),
        ("heirs", json!([{ "name": "Ahli Waris", "relation": "spouse" }])),
        ("declaration.independent", json!(true)),
        ("declaration.healthy", json!(true)),
        ("consent.text_version", json!("2026-1")),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub fn fill(store: &Store, fields: &[(String, Value)]) -> DraftId {
    let draft = store.open_draft(&Kind::Worker, None, NOW).unwrap().id;
    let fields: Vec<(&str, &Value)> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
    store.set_draft_fields(draft, &fields, NOW).unwrap();
    draft
}

pub fn register_draft(store: &Store, draft: DraftId, ids: NewIds) -> Result<Registered, StoreError> {
    let area = rt();
    let context = CaptureContext {
        now: instant(NOW),
        area: &area,
        official: OfficialId(Uuid::from_u128(7)),
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    };
    store.register_worker(draft, &context, ids)
}

pub fn register(store: &Store, serial: u32, name: &str) -> NewIds {
    let draft = fill(store, &form(serial, name));
    register_draft(store, draft, ids()).unwrap().ids
}

/// A worker as the server tells it: NIK as {masked, tag}.
pub fn told_nik(serial: u32, village_key: &[u8; 32]) -> Value {
    let nik = nik(serial);
    json!({ "masked": nik.masked(), "tag": payung_domain::tag::nik_tag(village_key, &nik) })
}
