//! Outreach sessions on this phone, who came, and who of them was registered.

use crate::{
    draft::{self, Draft},
    error::{Result, StoreError},
    save, shown, sql,
    store::Store,
};
use chrono::{DateTime, SecondsFormat, Utc};
use payung_domain::{
    area::Area,
    field::{FieldError, Kind},
    id::RecordId,
    lesson::{Language, lessons},
    op::Body,
    outreach::{OutreachSession, SessionPlan, SessionState, Wish, sessions},
};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A session with what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The session.
    pub session: OutreachSession,
    /// Where it is looked after.
    pub area: Area,
    /// Titles of its lessons, Indonesian.
    pub topics: Vec<String>,
    /// Where it stands.
    pub state: SessionState,
    /// The same in a few Indonesian words.
    pub label: String,
    /// How many came.
    pub came: u32,
    /// Of them, registered.
    pub registered: u32,
}

/// Somebody who came. Names and telephones stay out of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Attendee {
    /// The attendance.
    pub id: RecordId,
    /// Name, as they said it.
    pub name: String,
    /// Their telephone, if any.
    pub phone: Option<String>,
    /// RT, RW or whatever they said.
    pub home: String,
    /// What they want.
    pub wish: Wish,
    /// The form that was opened for them on this phone.
    pub form: Option<crate::DraftId>,
    /// The worker they became.
    pub worker: Option<RecordId>,
}

impl std::fmt::Debug for Attendee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attendee").field("id", &self.id).field("wish", &self.wish).finish_non_exhaustive()
    }
}

fn wrong(field: &str, code: &str) -> StoreError {
    StoreError::InvalidDraft(vec![FieldError::new(field, code)])
}

type Sessions = (Vec<(OutreachSession, Area)>, BTreeMap<RecordId, RecordId>);

fn all(tx: &Transaction) -> Result<Sessions> {
    let facts = shown::shared(tx, &Kind::Outreach)?;
    let bodies: Vec<(RecordId, Body)> = facts.iter().map(|fact| (fact.id, fact.body())).collect();
    let (found, of) = sessions(bodies.iter().map(|(id, body)| (*id, body)));
    let area =
        |session: &OutreachSession| facts.iter().find(|fact| fact.id == session.newest).map(|fact| fact.area.clone());
    Ok((found.into_iter().filter_map(|session| area(&session).map(|area| (session, area))).collect(), of))
}

/// The attendances of each session, oldest first; one that another corrects is left out.
fn attendances(
    tx: &Transaction,
    of: &BTreeMap<RecordId, RecordId>,
) -> Result<BTreeMap<RecordId, Vec<(RecordId, Body)>>> {
    let facts = shown::shared(tx, &Kind::Attendance)?;
    let bodies: Vec<(RecordId, Body)> = facts.iter().map(|fact| (fact.id, fact.body())).collect();
    let corrected = |id: &RecordId| {
        let text = id.to_string();
        bodies.iter().any(|(_, body)| body.get("corrects").and_then(Value::as_str) == Some(text.as_str()))
    };
    let mut by_session: BTreeMap<RecordId, Vec<(RecordId, Body)>> = BTreeMap::new();
    for (id, body) in bodies.iter().filter(|(id, _)| !corrected(id)) {
        let session = Kind::Attendance.parent(body).and_then(|session| of.get(&session));
        if let Some(session) = session {
            by_session.entry(*session).or_default().push((*id, body.clone()));
        }
    }
    Ok(by_session)
}

fn worker_of(tx: &Transaction, attendance: RecordId) -> Result<Option<RecordId>> {
    let sql = "SELECT r.id FROM worker w JOIN record r ON r.rid = w.rid WHERE w.attendance = ?1 ORDER BY r.id LIMIT 1";
    let found =
        tx.prepare_cached(sql)?.query_row([attendance.to_string()], |row| Ok(sql::record(row, 0))).optional()?;
    found.transpose()
}

fn form_of(tx: &Transaction, attendance: RecordId) -> Result<Option<Draft>> {
    let text = Value::from(attendance.to_string());
    let forms = draft::select(tx, "WHERE kind = 'worker' AND record IS NULL", [])?;
    Ok(forms.into_iter().find(|form| form.fields.get("attendance") == Some(&text)))
}

fn view(
    tx: &Transaction,
    session: OutreachSession,
    area: Area,
    came: &[(RecordId, Body)],
    now: DateTime<Utc>,
) -> Result<SessionView> {
    let mut registered = 0;
    for (id, _) in came {
        registered += u32::from(worker_of(tx, *id)?.is_some());
    }
    let state = SessionState::of(&session, came.len(), now);
    Ok(SessionView {
        topics: session.topic_titles(&Language::Indonesian),
        area,
        state,
        label: state.label().to_owned(),
        came: u32::try_from(came.len()).unwrap_or(u32::MAX),
        registered,
        session,
    })
}

impl Store {
    /// Plans a session, or changes the plan of the one whose fact `corrects` names: `when`, `place`, and where wanted `topics` (codes
    /// of lessons, separated by blanks), `note`, `plan` (`cancelled`).
    ///
    /// # Errors
    /// [`StoreError::InvalidDraft`]: what is missing or wrong, `topic_unknown`; [`StoreError::NotFound`] for an unknown session.
    pub fn plan_session(&self, id: RecordId, fields: &Body, area: &Area, now: DateTime<Utc>) -> Result<()> {
        let mut body = stamped(fields, now);
        let known = lessons(&Language::Indonesian);
        let topics = fields.get("topics").and_then(Value::as_str).unwrap_or_default();
        if topics.split_whitespace().any(|code| known.iter().all(|lesson| lesson.code != code)) {
            return Err(wrong("topics", "topic_unknown"));
        }
        if fields.get("place").and_then(Value::as_str).is_none_or(|place| place.trim().is_empty()) {
            return Err(wrong("place", "required"));
        }
        save::check_fact(&Kind::Outreach, &body)?;
        self.write("fact", |tx, changed| {
            if let Some(before) = fields.get("corrects").and_then(Value::as_str) {
                let (sessions, of) = all(tx)?;
                let first = before.parse().ok().and_then(|before| of.get(&before)).ok_or(StoreError::NotFound)?;
                // two that change one plan at the same time both follow the newest that this phone knows
                let newest = sessions.iter().find(|(session, _)| session.id == *first);
                let newest = newest.map(|(session, _)| session.newest).ok_or(StoreError::NotFound)?;
                body.insert("corrects".to_owned(), json!(newest));
            }
            (changed.records, changed.outbox) = (true, true);
            save::create_fact(tx, id, &Kind::Outreach, &body, area, now.timestamp_millis())
        })
    }

    /// Writes down who came: `session`, `name`, and where told `phone`, `home`, `wish`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown session; [`StoreError::InvalidDraft`]: what is missing or wrong,
    /// `session_cancelled`.
    pub fn attend(&self, id: RecordId, fields: &Body, now: DateTime<Utc>) -> Result<()> {
        let body = stamped(fields, now);
        if fields.get("name").and_then(Value::as_str).is_none_or(|name| name.trim().is_empty()) {
            return Err(wrong("name", "required"));
        }
        save::check_fact(&Kind::Attendance, &body)?;
        self.write("fact", |tx, changed| {
            let (sessions, of) = all(tx)?;
            let first =
                Kind::Attendance.parent(&body).and_then(|session| of.get(&session)).ok_or(StoreError::NotFound)?;
            let found = sessions.iter().find(|(session, _)| session.id == *first);
            let (session, area) = found.ok_or(StoreError::NotFound)?;
            if session.plan == SessionPlan::Cancelled {
                return Err(wrong("session", "session_cancelled"));
            }
            (changed.records, changed.outbox) = (true, true);
            save::create_fact(tx, id, &Kind::Attendance, &body, area, now.timestamp_millis())
        })
    }

    /// The sessions of an area and those in it, the latest first.
    pub fn sessions(&self, area: Option<&Area>, now: DateTime<Utc>) -> Result<Vec<SessionView>> {
        self.read(|tx| {
            let (sessions, of) = all(tx)?;
            let came = attendances(tx, &of)?;
            let mut views = Vec::new();
            for (session, at) in sessions.into_iter().filter(|(_, at)| area.is_none_or(|area| at.is_within(area))) {
                let came = came.get(&session.id).map(Vec::as_slice).unwrap_or_default();
                views.push(view(tx, session, at, came, now)?);
            }
            views.sort_by_key(|view| std::cmp::Reverse((view.session.when, view.session.id)));
            Ok(views)
        })
    }

    /// Who came to a session, oldest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold it.
    pub fn attendees(&self, session: RecordId) -> Result<Vec<Attendee>> {
        self.read(|tx| {
            let (_, of) = all(tx)?;
            let first = of.get(&session).ok_or(StoreError::NotFound)?;
            let came = attendances(tx, &of)?.remove(first).unwrap_or_default();
            let text =
                |body: &Body, name: &str| body.get(name).and_then(Value::as_str).map(|text| text.trim().to_owned());
            came.into_iter()
                .map(|(id, body)| {
                    Ok(Attendee {
                        name: text(&body, "name").unwrap_or_default(),
                        phone: text(&body, "phone").filter(|phone| !phone.is_empty()),
                        home: text(&body, "home").unwrap_or_default(),
                        wish: text(&body, "wish").map_or(Wish::Ask, |wish| Wish::from(wish.as_str())),
                        form: form_of(tx, id)?.map(|form| form.id),
                        worker: worker_of(tx, id)?,
                        id,
                    })
                })
                .collect()
        })
    }

    /// Opens a form for somebody who came, with what they said filled in; the one that is open already where there is one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown attendance; [`StoreError::InvalidDraft`] `attendee_registered`.
    pub fn open_attendee_form(&self, attendance: RecordId, now_ms: i64) -> Result<Draft> {
        let (open, body) = self.read(|tx| {
            let fact = shown::shown(tx, attendance)?.filter(|fact| fact.kind == Kind::Attendance);
            let fact = fact.ok_or(StoreError::NotFound)?;
            if worker_of(tx, attendance)?.is_some() {
                return Err(wrong("attendance", "attendee_registered"));
            }
            Ok((form_of(tx, attendance)?, fact.body()))
        })?;
        if let Some(open) = open {
            return Ok(open);
        }
        let form = self.open_draft(&Kind::Worker, None, now_ms)?;
        let named = Value::from(attendance.to_string());
        let mut typed: Vec<(&str, &Value)> = vec![("attendance", &named)];
        typed.extend(["name", "phone"].into_iter().filter_map(|name| body.get(name).map(|value| (name, value))));
        typed.extend(body.get("home").map(|home| ("home.landmark", home)));
        self.set_draft_fields(form.id, &typed, now_ms)?;
        self.draft(form.id)
    }
}

fn stamped(fields: &Body, now: DateTime<Utc>) -> Body {
    let mut body = Body::from([("at".to_owned(), now.to_rfc3339_opts(SecondsFormat::Secs, true).into())]);
    body.extend(fields.clone());
    body
}
