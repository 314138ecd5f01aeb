//! Outreach (*sosialisasi*): sessions that are planned and held, who came, and who of them was registered.
//!
//! A session is a fact (kind `outreach`); a change of plan, and that it is cancelled, is another that `corrects` it. Who came is a fact of
//! the session (`attendance`); that somebody was registered is told by their own record, which names the attendance.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::{id::RecordId, lesson, op::Body, wire::wire_enum};

wire_enum! {
    /// What is to come of a session.
    pub enum SessionPlan {
        /// It is to be held.
        Planned = "planned",
        /// It is not held.
        Cancelled = "cancelled",
    }
}

wire_enum! {
    /// What somebody who came wants.
    pub enum Wish {
        /// To be registered.
        Register = "register",
        /// To be asked again.
        Ask = "ask",
        /// Nothing.
        Nothing = "nothing",
    }
}

/// A session, as its newest fact has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutreachSession {
    /// The fact it began with: what a phone calls it by.
    pub id: RecordId,
    /// The newest fact.
    pub newest: RecordId,
    /// When it is.
    pub when: DateTime<Utc>,
    /// Where.
    pub place: String,
    /// Codes of lessons.
    pub topics: Vec<String>,
    /// Free text.
    pub note: String,
    /// Whether it is to be held.
    pub plan: SessionPlan,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// To come.
    Planned,
    /// Its time is over and nobody is recorded.
    Past,
    /// Somebody came.
    Held,
    /// Cancelled.
    Cancelled,
}

impl SessionState {
    /// Of a session to which so many came.
    pub fn of(session: &OutreachSession, came: usize, now: DateTime<Utc>) -> Self {
        match session.plan {
            _ if came > 0 => Self::Held,
            SessionPlan::Cancelled => Self::Cancelled,
            _ if session.when < now => Self::Past,
            _ => Self::Planned,
        }
    }

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Past => "past",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }

    /// A few Indonesian words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Planned => "Direncanakan",
            Self::Past => "Sudah lewat, belum ada yang dicatat",
            Self::Held => "Sudah diadakan",
            Self::Cancelled => "Dibatalkan",
        }
    }
}

fn record(body: &Body, field: &str) -> Option<RecordId> {
    body.get(field)?.as_str()?.parse().ok()
}

fn text(body: &Body, field: &str) -> String {
    body.get(field).and_then(|value| value.as_str()).unwrap_or_default().trim().to_owned()
}

impl OutreachSession {
    /// As one fact tells it; none where it has no time or place.
    pub fn of(id: RecordId, body: &Body) -> Option<Self> {
        let when = DateTime::parse_from_rfc3339(body.get("when")?.as_str()?).ok()?.to_utc();
        let place = text(body, "place");
        if place.is_empty() {
            return None;
        }
        Some(Self {
            id,
            newest: id,
            when,
            place,
            topics: text(body, "topics").split_whitespace().map(str::to_owned).collect(),
            note: text(body, "note"),
            plan: body.get("plan").and_then(|plan| plan.as_str()).map_or(SessionPlan::Planned, SessionPlan::from),
        })
    }

    /// The titles of its lessons in a language; a code that this version does not know stands as it is.
    pub fn topic_titles(&self, language: &lesson::Language) -> Vec<String> {
        let known = lesson::lessons(language);
        let title = |code: &String| known.iter().find(|lesson| lesson.code == *code).map(|lesson| lesson.title.clone());
        self.topics.iter().map(|code| title(code).unwrap_or_else(|| code.clone())).collect()
    }
}

/// The sessions that facts tell, each by the fact it began with, in the order of their ids: of two that correct one, the later
/// stands. Also which session each fact is of.
pub fn sessions<'b>(
    facts: impl IntoIterator<Item = (RecordId, &'b Body)>,
) -> (Vec<OutreachSession>, BTreeMap<RecordId, RecordId>) {
    let facts: BTreeMap<RecordId, &Body> = facts.into_iter().collect();
    let mut first_of: BTreeMap<RecordId, RecordId> = BTreeMap::new();
    let mut newest: BTreeMap<RecordId, OutreachSession> = BTreeMap::new();
    // ids are UUIDv7: what corrects comes after what it corrects, unless a clock was set back
    for (id, body) in &facts {
        let mut first = *id;
        let mut seen = BTreeSet::from([first]);
        while let Some(before) = facts.get(&first).and_then(|body| record(body, "corrects")) {
            // a ring tells nothing, and a fact that is not here cannot be followed
            if !facts.contains_key(&before) || !seen.insert(before) {
                break;
            }
            first = before;
        }
        first_of.insert(*id, first);
        if let Some(session) = OutreachSession::of(first, body) {
            newest.insert(first, OutreachSession { newest: *id, ..session });
        }
    }
    (newest.into_values().collect(), first_of)
}
