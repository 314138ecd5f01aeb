//! The phone's side of a row. Each runs in a process of its own, so that its peak memory is its own.

use crate::{BenchError, clock, process};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::local_date,
    contribution::ContributionTable,
    eligibility::Membership,
    field::Kind,
    id::{Epoch, RecordId},
    nik::Nik,
    op::{Body, Change, Put},
    worker::{CaptureContext, WorkerDraft},
};
use payung_people::{Person, person};
use payung_protocol::{AppFacts, BundleId, Cursor, DeviceKeys, Reply, Request, seal_request};
use payung_store::{Asked, DatabaseKey, Edit, NewIds, Options, Store};
use payung_sync::{Courier, HttpTransport, JoinFacts, SyncReport, SyncState, Timeouts, Urgency, join};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// Of every synthetic person.
const SEED: u64 = 20_261_122;
const DISTRICT: &str = "330224";
/// The RT every synthetic person lives in.
pub(crate) const AREA: &str = "33.02.24.1001.003.005";
/// Of the benchmark's phones: they hold invented people only.
const KEY: [u8; 32] = [7; 32];

/// What a phone process answers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// What the row measures, in seconds.
    pub(crate) seconds: f64,
    /// Until every op had its outcome durable on the phone, in seconds; then it reads what came of them.
    pub(crate) acknowledged: f64,
    /// Processor time of this process for it, in milliseconds.
    pub(crate) cpu_ms: u64,
    /// Peak resident memory of this process, in KiB.
    pub(crate) peak_rss_kib: u64,
    /// Ops, or records, it was about.
    pub(crate) count: usize,
    /// Requests made.
    pub(crate) requests: usize,
    /// Bytes of sealed bodies sent.
    pub(crate) bytes_up: u64,
    /// Bytes of sealed bodies received.
    pub(crate) bytes_down: u64,
    /// Each single measurement, in milliseconds, where the row is about one act.
    pub(crate) each_ms: Vec<f64>,
    /// Bytes of the database and its log.
    pub(crate) disk: u64,
}

fn open(folder: &Path) -> Result<Store, BenchError> {
    Ok(Store::open(&folder.join("payung.db"), &DatabaseKey::new(KEY), &Options::default())?)
}

fn facts() -> AppFacts {
    AppFacts { app_version: "0.1.0".to_owned(), schema: payung_domain::field::SCHEMA, free_bytes: 0 }
}

fn transport() -> Result<HttpTransport, BenchError> {
    HttpTransport::new(Timeouts::default()).map_err(|error| BenchError::Setup(error.to_string()))
}

fn area() -> Result<Area, BenchError> {
    Area::parse(AREA).map_err(|error| BenchError::Setup(error.to_string()))
}

fn today(area: &Area) -> NaiveDate {
    local_date(clock::now(), area)
}

/// Joins by a link.
pub(crate) fn join_by(folder: &Path, link: &str) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    join(link, &JoinFacts::default(), &store, &transport()?, clock::now_ms(), &mut clock::random())
        .map_err(|error| BenchError::Setup(error.to_string()))?;
    sync(&store, false)
}

/// Registers so many people, each through its draft, and times each from "save" to durable.
pub(crate) fn register(folder: &Path, people: u64) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let area = area()?;
    let official = store.identity()?.ok_or(BenchError::NotJoined)?.official;
    let mut answer = Answer::default();
    for i in 0..people {
        let form = person(SEED, i, DISTRICT, today(&area)).form();
        let begun = Instant::now();
        let draft = store.open_draft(&Kind::Worker, None, clock::now_ms())?.id;
        let fields: Vec<(&str, &Value)> = form.iter().map(|(name, value)| (name.as_str(), value)).collect();
        store.set_draft_fields(draft, &fields, clock::now_ms())?;
        let saved = Instant::now();
        let context = CaptureContext {
            now: clock::now(),
            area: &area,
            official,
            table: ContributionTable::builtin(),
            nik_on_this_phone: false,
            membership: Membership::First,
        };
        let ids = NewIds { worker: clock::new_id(), enrollment: clock::new_id(), event: clock::new_id() };
        store.register_worker(draft, &context, ids)?;
        answer.each_ms.push(saved.elapsed().as_secs_f64() * 1000.0);
        answer.seconds += begun.elapsed().as_secs_f64();
    }
    answer.count = answer.each_ms.len();
    Ok(measured(answer, folder))
}

/// Changes the phone number of so many workers, one op each.
pub(crate) fn edit(folder: &Path, workers: u64) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let mut query = payung_store::WorkerQuery { limit: 500, ..Default::default() };
    let mut answer = Answer::default();
    while (answer.count as u64) < workers {
        let page = store.workers(&query, today(&area()?))?;
        for row in &page.rows {
            let shown = store.shown(row.id)?;
            let phone = format!("+62813{:08}", 10_000_000 + answer.count * 7919 % 90_000_000);
            let edit = Edit {
                record: row.id,
                base: shown.base,
                shown: shown.body(),
                fields: Body::from([("phone".to_owned(), phone.into())]),
            };
            store.save_edit(&edit, clock::now_ms())?;
            answer.count += 1;
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(measured(answer, folder))
}

/// One run of the exchange, to the end.
pub(crate) fn push(folder: &Path) -> Result<Answer, BenchError> {
    sync(&open(folder)?, true).map(|answer| measured(answer, folder))
}

fn sync(store: &Store, timed: bool) -> Result<Answer, BenchError> {
    let transport = transport()?;
    let cpu = process::cpu_ms(process::own());
    let begun = Instant::now();
    let clock = || clock::now_ms();
    let courier = Courier::new();
    let acknowledged = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&acknowledged);
    let _watching = courier.observe(move |state| {
        if let SyncState::Sending { sent: 1.., outstanding: 0 } = state {
            seen.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(begun.elapsed().as_secs_f64());
        }
    });
    let report: SyncReport = courier
        .sync(store, &transport, facts(), Urgency::Person, &clock, &mut clock::random())
        .map_err(|failure| BenchError::Setup(failure.error.to_string()))?;
    if timed && report.refused + report.held + report.set_aside > 0 {
        return Err(BenchError::Setup(format!("not everything was taken: {report:?}")));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let acknowledged = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(seconds);
    Ok(Answer {
        seconds,
        acknowledged,
        cpu_ms: process::cpu_ms(process::own()) - cpu,
        count: report.uploaded,
        requests: report.requests,
        bytes_up: report.bytes_up,
        bytes_down: report.bytes_down,
        ..Answer::default()
    })
}

/// The sealed size of batches of 200 ops that hold worker and enrolment only, without the event that submits it.
pub(crate) fn pair_bytes(folder: &Path) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let batch = store.next_batch(1000, 1 << 20, clock::now_ms())?;
    let pairs: Vec<_> = batch.ops.into_iter().filter(|op| matches!(op.kind, Kind::Worker | Kind::Enrollment)).collect();
    let mut rng = clock::random();
    let keys = DeviceKeys::generate(&mut rng);
    let mut answer = Answer::default();
    for ops in pairs.chunks_exact(200) {
        let request = Request { ops: ops.to_vec(), ..Request::default() };
        let bundle = BundleId::generate(&mut rng);
        let sealed =
            seal_request(&request, bundle, batch.asked.device, &keys.session, &keys.device.receiver_key(), &mut rng)
                .map_err(|error| BenchError::Setup(error.to_string()))?;
        answer.bytes_up += sealed.as_bytes().len() as u64;
        answer.count += ops.len() / 2;
    }
    Ok(answer)
}

/// Fills a phone with so many workers, each with an enrolment, as an exchange brings them.
pub(crate) fn fill(folder: &Path, workers: u64) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let area = area()?;
    let device = store.identity()?.ok_or(BenchError::NotJoined)?.device;
    let today = today(&area);
    let mut cursor: Option<Cursor> = store.next_batch(0, 0, clock::now_ms())?.asked.cursor;
    let begun = Instant::now();
    let mut answer = Answer::default();
    for first in (0..workers).step_by(500) {
        let next = Cursor(format!("bench-{first}"));
        let mut changes = Vec::new();
        for i in first..(first + 500).min(workers) {
            let person = person(SEED, i, DISTRICT, today);
            changes.extend(puts(&person, i, &area)?);
        }
        answer.count += changes.len();
        let reply = Reply {
            changes,
            cursor: Some(next.clone()),
            more: true,
            ..Reply::new(Epoch(1), cursor.clone(), clock::now_ms())
        };
        store.take_reply(&reply, &Asked { device, cursor, sent_at: clock::now_ms() }, clock::now_ms())?;
        cursor = Some(next);
    }
    answer.seconds = begun.elapsed().as_secs_f64();
    Ok(measured(answer, folder))
}

fn puts(person: &Person, i: u64, area: &Area) -> Result<[Change; 2], BenchError> {
    let context = CaptureContext {
        now: clock::now(),
        area,
        official: payung_domain::id::OfficialId(uuid::Uuid::from_u128(1)),
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    };
    let registration = WorkerDraft { fields: person.form() }
        .validate(&context)
        .map_err(|errors| BenchError::Setup(format!("{errors:?}")))?;
    let worker = RecordId(uuid::Uuid::from_u128(u128::from(i) << 1));
    let mut body = registration.worker;
    let nik = Nik::parse(&person.nik).map_err(|error| BenchError::Setup(error.to_string()))?;
    let tag = payung_domain::tag::nik_tag(&TAG_KEY, &nik);
    body.insert("nik".to_owned(), json!({"masked": nik.masked(), "tag": tag}));
    let mut enrollment = registration.enrollment;
    enrollment.insert("worker".to_owned(), worker.to_string().into());
    enrollment.insert("status".to_owned(), "received".into());
    let put = |record, kind, body| {
        let put = Put {
            record,
            kind,
            area: area.clone(),
            version: 1,
            body,
            conflicts: std::collections::BTreeMap::default(),
            alias_of: None,
        };
        Change::Put(put)
    };
    Ok([
        put(worker, Kind::Worker, body),
        put(RecordId(uuid::Uuid::from_u128((u128::from(i) << 1) + 1)), Kind::Enrollment, enrollment),
    ])
}

const TAG_KEY: [u8; 32] = [9; 32];

/// Opens the store and finds a person by the last four digits of a NIK, cold: one measurement a process.
pub(crate) fn look_up(folder: &Path, workers: u64) -> Result<Answer, BenchError> {
    let area = area()?;
    let today = today(&area);
    let wanted = person(SEED, workers / 2, DISTRICT, today);
    let begun = Instant::now();
    let store = open(folder)?;
    let query = payung_store::WorkerQuery { nik: Some(wanted.nik[12..].to_owned()), limit: 20, ..Default::default() };
    let found = store.workers(&query, today)?;
    let seconds = begun.elapsed().as_secs_f64();
    if found.rows.is_empty() {
        return Err(BenchError::Setup("the person was not found".to_owned()));
    }
    Ok(measured(
        Answer { seconds, each_ms: vec![seconds * 1000.0], count: found.rows.len(), ..Answer::default() },
        folder,
    ))
}

/// Opens the store and reads the first page of the list.
pub(crate) fn first_list(folder: &Path) -> Result<Answer, BenchError> {
    let today = today(&area()?);
    let begun = Instant::now();
    let store = open(folder)?;
    let page = store.workers(&payung_store::WorkerQuery { limit: 20, ..Default::default() }, today)?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(measured(
        Answer { seconds, each_ms: vec![seconds * 1000.0], count: page.rows.len(), ..Answer::default() },
        folder,
    ))
}

fn measured(answer: Answer, folder: &Path) -> Answer {
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    Answer {
        peak_rss_kib: process::peak_rss_kib(process::own()),
        disk: size("payung.db") + size("payung.db-wal"),
        ..answer
    }
}
