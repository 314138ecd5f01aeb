//! An open phone: its store, who it belongs to, and the acts that need both and the clock.

use crate::{clock, error::CoreError};
use chrono::{NaiveDate, SecondsFormat};
use payung_domain::{
    area::Area,
    calendar::{Month, Zone, local_date},
    contribution::{ContributionTables, Quote},
    eligibility::Membership,
    field::{FieldError, Kind, SCHEMA},
    id::RecordId,
    nik::{Nik, NikCheck, NikContext},
    op::Body,
    region::RegionCode,
    worker::{CaptureContext, Registration, WorkerDraft},
};
use payung_protocol::AppFacts;
use payung_store::{
    Changed, DatabaseKey, Decision, Draft, DraftId, Identity, NewIds, Options, Registered, Salvaged, Saved, Store,
};
use payung_sync::{Standing, SyncError};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

type Result<T> = std::result::Result<T, CoreError>;

/// The database's name in the phone's folder.
const DATABASE: &str = "payung.db";

/// The store of an unlocked phone.
pub(crate) struct Session {
    pub(crate) store: Store,
    pub(crate) folder: PathBuf,
    /// What was brought over from a damaged file at this opening.
    pub(crate) salvaged: Option<Salvaged>,
    /// Three signatures are looked at to know it, and each list asks.
    standing: Mutex<Option<Standing>>,
    _observing: payung_store::Subscription,
}

impl Session {
    /// Opens the store in `folder`. One found damaged is set aside, and what can be read of it is brought over.
    pub(crate) fn open(
        folder: &Path,
        key: &DatabaseKey,
        observer: impl Fn(Changed) + Send + Sync + 'static,
    ) -> Result<Self> {
        let (store, salvaged) = Store::open_mended(&folder.join(DATABASE), key, &Options::default())?;
        if let Some(Salvaged { ops, drafts, lost }) = salvaged {
            tracing::warn!(ops, drafts, lost, "a damaged file");
        }
        let observing = store.observe(observer);
        Ok(Self { store, folder: folder.to_owned(), salvaged, standing: Mutex::default(), _observing: observing })
    }

    /// Whether there is a database in the folder.
    pub(crate) fn exists(folder: &Path) -> bool {
        folder.join(DATABASE).exists()
    }

    /// How the phone stands with its server; none before joining.
    pub(crate) fn standing(&self) -> Result<Option<Standing>> {
        let mut known = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            match Standing::of(&self.store) {
                Err(SyncError::NotJoined) => return Ok(None),
                standing => *known = Some(standing?),
            }
        }
        Ok(known.clone())
    }

    /// Joining or an exchange may have changed how the phone stands.
    pub(crate) fn look_anew(&self) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn identity(&self) -> Result<Identity> {
        self.store.identity()?.ok_or(CoreError::NotJoined)
    }

    /// The day in the region's zone; before joining, in western Indonesia.
    pub(crate) fn today(&self) -> Result<NaiveDate> {
        let area = self.store.identity()?.map(|identity| identity.area);
        let now = clock::now();
        Ok(area.map_or_else(|| local_date(now, Zone::Wib), |area| local_date(now, &area)))
    }

    /// What the server is told about the app.
    pub(crate) fn facts(&self, app_version: &str) -> AppFacts {
        AppFacts { app_version: app_version.to_owned(), schema: SCHEMA, free_bytes: self.free_bytes() }
    }

    /// Free on the phone's disk.
    pub(crate) fn free_bytes(&self) -> u64 {
        rustix::fs::statvfs(&self.folder).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    pub(crate) fn area(&self, area: Option<Area>) -> Result<Area> {
        area.map_or_else(|| Ok(self.identity()?.area), Ok)
    }

    fn capture<'a>(&self, area: &'a Area, tables: &'a ContributionTables) -> Result<CaptureContext<'a>> {
        let month = Month::of(local_date(clock::now(), area));
        Ok(CaptureContext {
            now: clock::now(),
            area,
            official: self.identity()?.official,
            table: tables.in_force(month),
            nik_on_this_phone: false,
            membership: Membership::First,
        })
    }

    fn checked(&self, draft: DraftId, area: &Area) -> Result<Registration> {
        let form = WorkerDraft { fields: self.store.draft(draft)?.fields };
        form.validate(&self.capture(area, &self.store.contribution_tables()?)?)
            .map_err(|fields| CoreError::Invalid { fields })
    }

    /// Opens a form: on a new person, or on a record.
    pub(crate) fn open_form(&self, record: Option<RecordId>) -> Result<Draft> {
        Ok(self.store.open_draft(&Kind::Worker, record, clock::now_ms())?)
    }

    pub(crate) fn type_fields(&self, draft: DraftId, fields: &Body) -> Result<()> {
        let typed: Vec<(&str, &Value)> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
        Ok(self.store.set_draft_fields(draft, &typed, clock::now_ms())?)
    }

    /// What is wrong with a form so far; empty when it can be registered.
    pub(crate) fn check_form(&self, draft: DraftId, area: Option<Area>) -> Result<Vec<FieldError>> {
        match self.checked(draft, &self.area(area)?) {
            Ok(_) => Ok(Vec::new()),
            Err(CoreError::Invalid { fields }) => Ok(fields),
            Err(error) => Err(error),
        }
    }

    /// What the cover of a form costs.
    pub(crate) fn quote(&self, draft: DraftId, area: Option<Area>) -> Result<Quote> {
        Ok(self.checked(draft, &self.area(area)?)?.quote)
    }

    pub(crate) fn register(&self, draft: DraftId, area: Option<Area>) -> Result<Registered> {
        let area = self.area(area)?;
        let ids = NewIds { worker: clock::new_id(), enrollment: clock::new_id(), event: clock::new_id() };
        let tables = self.store.contribution_tables()?;
        Ok(self.store.register_worker(draft, &self.capture(&area, &tables)?, ids)?)
    }

    pub(crate) fn save_form(&self, draft: DraftId) -> Result<Saved> {
        Ok(self.store.save_draft(draft, clock::now_ms())?)
    }

    /// Adds a visit or an event of an enrolment. The moment is the phone's, unless the fields name one.
    pub(crate) fn add_fact(&self, kind: &Kind, fields: &Body, area: Option<Area>) -> Result<RecordId> {
        let now = clock::now();
        let id = clock::new_id();
        let mut body = Body::from([("at".to_owned(), now.to_rfc3339_opts(SecondsFormat::Secs, true).into())]);
        body.extend(fields.clone());
        self.store.add_fact(kind, id, &body, &self.area(area)?, now.timestamp_millis())?;
        Ok(id)
    }

    pub(crate) fn resolve(&self, decision: &Decision) -> Result<()> {
        Ok(self.store.resolve(decision, clock::now_ms())?)
    }

    /// What a NIK says and what is odd about it, with what else the form holds.
    pub(crate) fn check_nik(&self, typed: &str, draft: Option<DraftId>) -> Result<NikCheck> {
        let invalid = |error: payung_domain::nik::NikError| CoreError::Invalid {
            fields: vec![FieldError::new("nik", error.code())],
        };
        let nik = Nik::parse(typed).map_err(invalid)?;
        let form = draft.map(|draft| self.store.draft(draft)).transpose()?;
        let own = form.as_ref().and_then(|form| form.record);
        let typed = |field: &str| form.as_ref().and_then(|form| form.fields.get(field)).cloned();
        let known = self.store.find_nik(&nik)?;
        let others = known.iter().any(|found| Some(*found) != own);
        let text = |field: &str| typed(field).and_then(|value| value.as_str().map(str::to_owned));
        let home = text("home.village").and_then(|code| RegionCode::parse(&code).ok());
        Ok(nik.check(&NikContext {
            typed_birth: text("birth.date").and_then(|date| date.parse().ok()),
            typed_sex: typed("birth.sex").and_then(|sex| serde_json::from_value(sex).ok()),
            home: home.or_else(|| self.store.identity().ok()??.area.village()),
            on_this_phone: others,
            // whoever is on this phone is in the filter too, and is better known by their record
            in_duplicate_filter: known.is_empty() && self.store.in_duplicate_filter(&nik)?,
            today: self.today()?,
        }))
    }

    /// The counters a support bundle may hold: no field of anybody.
    pub(crate) fn counters(&self) -> Result<Value> {
        let (counts, waiting, media) = (self.store.counts()?, self.store.waiting()?, self.store.media_counts()?);
        let (epoch, cursor) = self.store.cursor()?;
        Ok(json!({
            "workers": counts.workers,
            "saved_here": counts.saved_here,
            "held": counts.held,
            "received": counts.received,
            "needs_fixing": counts.needs_fixing,
            "conflicts": counts.conflicts,
            "drafts": counts.drafts,
            "outbox": {"new": waiting.new, "sent": waiting.sent, "held": waiting.held},
            "photos": {"waiting": media.waiting, "waiting_bytes": media.waiting_bytes, "kept": media.kept},
            "epoch": epoch.map(|epoch| format!("{:016x}", epoch.0)),
            "has_cursor": cursor.is_some(),
            "device": self.store.identity()?.map(|identity| identity.device),
            "rejoin_needed": self.store.rejoin_needed()?,
            "clock_offset_ms": self.store.clock_offset_ms()?,
            "schema": payung_store::SCHEMA_VERSION,
        }))
    }
}
