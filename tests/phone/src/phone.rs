//! The phone: its store, its exchange, and what each command does with them. Rules live below; here are the clock, the
//! ids and the list of what was saved.

use crate::{
    clock,
    command::{Command, Query},
    error::PhoneError,
    road::ChosenRoad,
    saved::SavedLog,
    view,
};
use chrono::{NaiveDate, SecondsFormat};
use payung_card::{Clock, Fingerprint, words};
use payung_domain::{
    area::Area,
    calendar::{Month, local_date},
    contribution::ContributionTables,
    coverage::CoverageLevel,
    eligibility::Membership,
    enrollment::Phase,
    field::{Kind, SCHEMA},
    id::RecordId,
    op::Body,
    worker::{CaptureContext, WorkerDraft},
};
use payung_protocol::AppFacts;
use payung_store::{
    ClinicQuery, DatabaseKey, Decision, DraftId, Identity, NewIds, Options, Salvaged, Saved, Store, StoreError,
    WorkerQuery, WorkerSummary,
};
use payung_sync::{
    Courier, HttpTransport, JoinFacts, ServerAddress, Standing, SyncFailure, SyncReport, Timeouts, Urgency, claim, join,
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

pub(crate) type Done = Result<Value, PhoneError>;
type Run = JoinHandle<Result<SyncReport, Box<SyncFailure>>>;

/// Workers of a page; lists longer than this are read page by page.
const PAGE: usize = 50;
const CONNECT: Duration = Duration::from_secs(5);

/// A running phone.
pub(crate) struct Phone {
    folder: PathBuf,
    pub(crate) store: Arc<Store>,
    courier: Arc<Courier>,
    pub(crate) http: Arc<HttpTransport>,
    pub(crate) saved: SavedLog,
    run: Option<Run>,
}

impl Phone {
    pub(crate) fn open(
        folder: &Path,
        saved: &Path,
        key: Option<[u8; 32]>,
        max_pages: Option<u32>,
        patience: Duration,
    ) -> Result<Self, PhoneError> {
        let timeouts = Timeouts { connect: CONNECT, answer: patience, whole: patience * 2 };
        let key = DatabaseKey::new(key.ok_or(PhoneError::NoKey)?);
        let options = Options { max_pages, ..Options::default() };
        let database = folder.join("payung.db");
        let (store, salvaged) = Store::open_mended(&database, &key, &options)?;
        if let Some(Salvaged { ops, drafts, lost }) = salvaged {
            tracing::warn!(ops, drafts, lost, "a damaged file");
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            store: Arc::new(store),
            courier: Arc::new(Courier::new()),
            http: Arc::new(HttpTransport::new(timeouts)?),
            saved: SavedLog::open(saved)?,
            run: None,
        })
    }

    pub(crate) fn act(&mut self, command: Command) -> Done {
        match command {
            Command::Identity => Ok(self.store.identity()?.map_or(Value::Null, |identity| who(&identity))),
            Command::Join { invite, via } => self.join(&invite, via.as_deref()),
            Command::Claim { code, server } => self.claim(&code, &server),
            Command::OpenForm { record, fields } => self.open_form(record, &fields),
            Command::Type { draft, field, value } => self.type_in(draft, &field, &value),
            Command::Drafts => Ok(self.store.drafts()?.iter().map(view::draft).collect()),
            Command::DiscardForm { draft } => Ok(json!(self.store.discard_draft(DraftId(draft))?)),
            Command::Register { draft, area } => self.register(draft, area),
            Command::SaveForm { draft } => self.save_form(draft),
            Command::Edit { record, fields } => self.edit(record, &fields),
            Command::Visit { worker, outcome, door, area } => self.visit(worker, &outcome, door, area),
            Command::Event { enrollment, event, note } => self.event(enrollment, &event, note),
            Command::Report { kind, fields } => self.report(&kind, fields),
            Command::Clinics { near, typed } => {
                let query = ClinicQuery { near, typed, limit: usize::MAX, ..ClinicQuery::default() };
                Ok(self.store.clinics(&query)?.iter().map(view::clinic).collect())
            }
            Command::Agreements => self.agreements(),
            Command::Coverage => self.coverage(),
            Command::PlanSession { fields } => {
                let area = self.store.identity()?.ok_or(StoreError::NotJoined)?.area;
                let id = clock::new_id();
                self.store.plan_session(id, &fields, &area, clock::now())?;
                Ok(json!({ "record": id }))
            }
            Command::Attend { fields } => {
                let id = clock::new_id();
                self.store.attend(id, &fields, clock::now())?;
                Ok(json!({ "record": id }))
            }
            Command::Sessions => self.sessions(),
            Command::OpenAttendeeForm { attendance } => {
                Ok(view::draft(&self.store.open_attendee_form(attendance, clock::now_ms())?))
            }
            Command::Ecosystems => self.ecosystems(),
            Command::Card { worker } => Ok(self.store.card(worker)?.map_or(Value::Null, |card| json!(card))),
            Command::VerifyCard { text } => self.verify_card(&text),
            Command::Reports { all } => Ok(self
                .store
                .reports(None, !all, None, usize::MAX, clock::now())?
                .iter()
                .map(view::written_report)
                .collect()),
            Command::Resolve { record, field, value, seen, document } => {
                let base = self.store.shown(record)?.base;
                let decision = Decision { record, field, value, seen, base, document };
                self.resolve(&decision)
            }
            Command::List { query, limit } => self.list(&query, limit.unwrap_or(usize::MAX)),
            Command::Detail { worker } => {
                let today = self.today()?;
                Ok(view::detail(&self.store.worker(worker, today)?))
            }
            Command::Conflicts => Ok(self.store.conflicts()?.iter().map(view::conflict).collect()),
            Command::NeedsFixing => Ok(self.store.needs_fixing()?.iter().map(view::fixing).collect()),
            Command::Retry { op } => Ok(json!(self.store.retry(op)?)),
            Command::Discard { op } => Ok(json!(self.store.discard(op, clock::now_ms())?)),
            Command::NewRoad => {
                // where payung-sync keeps what a run learned
                self.store.set_value("pace", None)?;
                Ok(Value::Null)
            }
            Command::Counts => self.counts(),
            Command::Quote { draft } => {
                let registration = self.checked(draft, &self.identity()?.area)?;
                Ok(json!(registration.quote))
            }
            Command::Sync { via } => {
                self.start_sync(via.as_deref())?;
                self.wait_sync()
            }
            Command::StartSync { via } => self.start_sync(via.as_deref()),
            Command::WaitSync => self.wait_sync(),
            Command::Photo { of, file } => self.photo(of, &file),
            Command::SendPhotos { via } => self.send_photos(&via),
            Command::Close => Ok(Value::Null),
        }
    }

    pub(crate) fn identity(&self) -> Result<Identity, PhoneError> {
        Ok(self.store.identity()?.ok_or(StoreError::NotJoined)?)
    }

    /// The day in the region's zone; before joining, in western Indonesia.
    fn today(&self) -> Result<NaiveDate, PhoneError> {
        let now = clock::now();
        let area = self.store.identity()?.map(|identity| identity.area);
        let western = payung_domain::calendar::Zone::Wib;
        Ok(area.map_or_else(|| local_date(now, western), |area| local_date(now, &area)))
    }

    fn facts(&self) -> AppFacts {
        let free = rustix::fs::statvfs(&self.folder).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        AppFacts { app_version: env!("CARGO_PKG_VERSION").to_owned(), schema: SCHEMA, free_bytes: free }
    }

    fn road(&self, via: Option<&str>) -> Result<ChosenRoad, PhoneError> {
        let via = via.map(ServerAddress::hub).transpose().map_err(|_| PhoneError::Address)?;
        Ok(ChosenRoad { http: Arc::clone(&self.http), via })
    }

    fn join(&self, invite: &str, via: Option<&str>) -> Done {
        let facts = JoinFacts { app: Some(self.facts()), attestation: None };
        let road = self.road(via)?;
        let identity = join(invite, &facts, &self.store, &road, clock::now_ms(), &mut clock::random())?;
        Ok(who(&identity))
    }

    fn agreements(&self) -> Done {
        let area = self.store.identity()?.ok_or(StoreError::NotJoined)?.area;
        let today = local_date(clock::now(), &area);
        Ok(self.store.agreements(&area, today)?.iter().map(view::agreement).collect())
    }

    fn sessions(&self) -> Done {
        let mut told = Vec::new();
        for session in self.store.sessions(None, clock::now())? {
            told.push(view::session(&session, &self.store.attendees(session.session.id)?));
        }
        Ok(told.into())
    }

    fn ecosystems(&self) -> Done {
        let area = self.store.identity()?.ok_or(StoreError::NotJoined)?.area;
        let today = local_date(clock::now(), &area);
        Ok(self.store.ecosystems(today)?.iter().map(view::ecosystem).collect())
    }

    fn coverage(&self) -> Done {
        let area = self.store.identity()?.ok_or(StoreError::NotJoined)?.area;
        let today = local_date(clock::now(), &area);
        Ok(view::coverage(&self.store.coverage(None, CoverageLevel::Rt, None, today)?))
    }

    fn verify_card(&self, text: &str) -> Done {
        let root = Standing::of(&self.store).map_err(|_| StoreError::NotJoined)?.root;
        let area = self.store.identity()?.ok_or(StoreError::NotJoined)?.area;
        let (verifier, today) = (self.store.verifier(&Fingerprint(root.0))?, local_date(clock::now(), &area));
        let verdict = verifier.verdict(text, Clock { today, sure: true });
        Ok(json!({ "light": verdict.light().code(), "codes": verdict.codes(), "says": words::sentences(&verdict) }))
    }

    fn claim(&self, code: &str, server: &str) -> Done {
        let facts = JoinFacts { app: Some(self.facts()), attestation: None };
        let (road, now) = (self.road(None)?, clock::now_ms());
        Ok(who(&claim(code, server, &facts, &self.store, &road, now, &mut clock::random())?))
    }

    fn open_form(&mut self, record: Option<RecordId>, fields: &Body) -> Done {
        let now = clock::now_ms();
        let form = self.store.open_draft(&Kind::Worker, record, now)?;
        if fields.is_empty() {
            return Ok(view::draft(&form));
        }
        let typed: Vec<(&str, &Value)> = fields.iter().map(|(field, value)| (field.as_str(), value)).collect();
        self.store.set_draft_fields(form.id, &typed, now)?;
        for (field, value) in typed {
            self.saved.draft(form.id.0, field, value)?;
        }
        Ok(view::draft(&self.store.draft(form.id)?))
    }

    fn type_in(&mut self, draft: i64, field: &str, value: &Value) -> Done {
        self.store.set_draft_field(DraftId(draft), field, value, clock::now_ms())?;
        self.saved.draft(draft, field, value)?;
        Ok(Value::Null)
    }

    fn checked(&self, draft: i64, area: &Area) -> Result<payung_domain::worker::Registration, PhoneError> {
        let form = WorkerDraft { fields: self.store.draft(DraftId(draft))?.fields };
        Ok(form.validate(&self.capture(area, &self.store.contribution_tables()?)?).map_err(StoreError::InvalidDraft)?)
    }

    fn capture<'a>(&self, area: &'a Area, tables: &'a ContributionTables) -> Result<CaptureContext<'a>, PhoneError> {
        Ok(CaptureContext {
            now: clock::now(),
            area,
            official: self.identity()?.official,
            table: tables.in_force(Month::of(local_date(clock::now(), area))),
            nik_on_this_phone: false,
            membership: Membership::First,
        })
    }

    fn register(&mut self, draft: i64, area: Option<Area>) -> Done {
        let area = area.map_or_else(|| self.identity().map(|identity| identity.area), Ok)?;
        // reckoned from what was typed, apart from the store: what it should hold is what goes on the list
        let expected = self.checked(draft, &area)?;
        let ids = NewIds { worker: clock::new_id(), enrollment: clock::new_id(), event: clock::new_id() };
        let tables = self.store.contribution_tables()?;
        let registered = self.store.register_worker(DraftId(draft), &self.capture(&area, &tables)?, ids)?;
        let untimed = |body: Body| body.into_iter().map(|(field, value)| (field, without_time(value)));
        let (worker, enrollment): (Body, Body) =
            (untimed(expected.worker).collect(), untimed(expected.enrollment).collect());
        self.saved.record("register", ids.worker, &Kind::Worker, &worker)?;
        self.saved.record("register", ids.enrollment, &Kind::Enrollment, &enrollment)?;
        self.saved.record("register", ids.event, &Kind::EnrollmentEvent, [(&"event".to_owned(), &json!("submit"))])?;
        Ok(json!({
            "worker": ids.worker,
            "enrollment": ids.enrollment,
            "event": ids.event,
            "due": registered.quote.total,
            "warnings": registered.warnings,
        }))
    }

    fn save_form(&mut self, draft: i64) -> Done {
        let form = self.store.draft(DraftId(draft))?;
        let record = form.record.ok_or(StoreError::NotFound)?;
        let saved = self.store.save_draft(DraftId(draft), clock::now_ms())?;
        if saved != Saved::Unchanged {
            self.saved.record("edit", record, &form.kind, &form.fields)?;
        }
        Ok(json!({"record": record, "saved": saved_as(saved)}))
    }

    fn edit(&mut self, record: RecordId, fields: &Body) -> Done {
        let form = self.open_form(Some(record), fields)?;
        self.save_form(form["draft"].as_i64().unwrap_or_default())
    }

    fn visit(&mut self, worker: Option<RecordId>, outcome: &str, door: Option<String>, area: Option<Area>) -> Done {
        let now = clock::now();
        let identity = self.identity()?;
        let mut body = Body::from([
            ("outcome".to_owned(), outcome.into()),
            ("at".to_owned(), now.to_rfc3339_opts(SecondsFormat::Secs, true).into()),
        ]);
        body.extend(worker.map(|worker| ("worker".to_owned(), json!(worker))));
        body.extend(door.map(|door| ("door".to_owned(), door.into())));
        self.fact("visit", &Kind::Visit, &body, &area.unwrap_or(identity.area))
    }

    fn event(&mut self, enrollment: RecordId, event: &str, note: Option<String>) -> Done {
        let mut body = Body::from([
            ("enrollment".to_owned(), json!(enrollment)),
            ("event".to_owned(), event.into()),
            ("at".to_owned(), clock::now().to_rfc3339_opts(SecondsFormat::Secs, true).into()),
        ]);
        body.extend(note.map(|note| ("note".to_owned(), note.into())));
        let area = self.identity()?.area;
        self.fact("event", &Kind::EnrollmentEvent, &body, &area)
    }

    fn report(&mut self, kind: &Kind, fields: Body) -> Done {
        let mut body = Body::from([("at".to_owned(), clock::now().to_rfc3339_opts(SecondsFormat::Secs, true).into())]);
        body.extend(fields);
        let area = self.identity()?.area;
        self.fact("report", kind, &body, &area)
    }

    fn fact(&mut self, act: &str, kind: &Kind, body: &Body, area: &Area) -> Done {
        let id = clock::new_id();
        self.store.add_fact(kind, id, body, area, clock::now_ms())?;
        self.saved.record(act, id, kind, body)?;
        Ok(json!({"record": id}))
    }

    fn resolve(&mut self, decision: &Decision) -> Done {
        let kind = self.store.shown(decision.record)?.kind;
        self.store.resolve(decision, clock::now_ms())?;
        self.saved.record("resolve", decision.record, &kind, [(&decision.field, &decision.value)])?;
        Ok(Value::Null)
    }

    fn list(&self, query: &Query, limit: usize) -> Done {
        let today = self.today()?;
        let mut wanted = query.text.as_deref().map_or_else(WorkerQuery::default, |text| WorkerQuery::typed(text, PAGE));
        wanted.limit = PAGE.min(limit);
        wanted.occupations.extend(query.occupation.clone());
        wanted.phases.extend(query.phase.as_deref().and_then(phase_of));
        wanted.area.clone_from(&query.area);
        let mut rows: Vec<WorkerSummary> = Vec::new();
        loop {
            let page = self.store.workers(&wanted, today)?;
            rows.extend(page.rows);
            wanted.after = page.next;
            if wanted.after.is_none() || rows.len() >= limit {
                break;
            }
        }
        rows.truncate(limit);
        rows.iter().map(|summary| Ok(view::row(summary, &self.store.worker(summary.id, today)?))).collect()
    }

    fn counts(&self) -> Done {
        let counts = self.store.counts()?;
        let waiting = self.store.waiting()?;
        Ok(json!({
            "workers": counts.workers,
            "saved_here": counts.saved_here,
            "held": counts.held,
            "received": counts.received,
            "needs_fixing": counts.needs_fixing,
            "conflicts": counts.conflicts,
            "drafts": counts.drafts,
            "outbox": {"new": waiting.new, "sent": waiting.sent, "held": waiting.held},
        }))
    }

    fn start_sync(&mut self, via: Option<&str>) -> Done {
        let road = self.road(via)?;
        let facts = self.facts();
        let (store, courier) = (Arc::clone(&self.store), Arc::clone(&self.courier));
        self.run = Some(std::thread::spawn(move || {
            let run = courier.sync(&store, &road, facts, Urgency::Person, &clock::now_ms, &mut clock::random());
            run.map_err(Box::new)
        }));
        Ok(Value::Null)
    }

    fn wait_sync(&mut self) -> Done {
        let run = self.run.take().ok_or(PhoneError::NoSync)?;
        let report = run.join().map_err(|_| PhoneError::SyncLost)??;
        Ok(view::report(&report))
    }
}

/// The moment of saving is reckoned twice, a moment apart: it is left out of the list.
fn without_time(value: Value) -> Value {
    match value {
        Value::Object(mut map) => {
            map.remove("at");
            Value::Object(map)
        }
        other => other,
    }
}

fn phase_of(code: &str) -> Option<Phase> {
    use Phase::{
        Arrears, Closed, Covered, Draft, Ended, Lapsing, Numbered, PaidNotStarted, Queued, Received, Returned,
        Submitted, Verified, WithHub,
    };
    let all = [
        Draft,
        Queued,
        WithHub,
        Received,
        Verified,
        Returned,
        Submitted,
        Numbered,
        PaidNotStarted,
        Covered,
        Lapsing,
        Arrears(1),
        Ended,
        Closed,
    ];
    all.into_iter().find(|phase| phase.code() == code)
}

fn who(identity: &Identity) -> Value {
    json!({
        "device": identity.device, "official": identity.official, "area": identity.area, "only": identity.only,
    })
}

fn saved_as(saved: Saved) -> &'static str {
    match saved {
        Saved::Unchanged => "unchanged",
        Saved::Op => "op",
        Saved::Absorbed => "absorbed",
    }
}
