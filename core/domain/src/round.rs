//! Door-to-door rounds: which doors were visited since a round began, which are still to do, and where it stopped.
//!
//! A round is the area and the day it began. That it began is a fact (kind `round`), and so is each visit; both travel with
//! the exchange, so that a round goes on on another phone. What is left is reckoned from them, never stored.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::{id::RecordId, op::Body, text, wire::wire_enum};

wire_enum! {
    /// What came of a visit.
    pub enum VisitOutcome {
        /// Registered now.
        Registered = "registered",
        /// A member already.
        AlreadyMember = "already_member",
        /// Nobody home.
        NobodyHome = "nobody_home",
        /// Does not want to.
        Refused = "refused",
        /// Cannot be registered: too old, not an informal worker.
        NotEligible = "not_eligible",
        /// To be visited again.
        ComeBack = "come_back",
    }
}

impl VisitOutcome {
    /// Whether somebody has to go there again in this round.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::NobodyHome | Self::ComeBack)
    }

    /// A few Indonesian words for it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Registered => "Terdaftar",
            Self::AlreadyMember => "Sudah peserta",
            Self::NobodyHome => "Tidak ada orang",
            Self::Refused => "Belum mau",
            Self::NotEligible => "Tidak memenuhi syarat",
            Self::ComeBack => "Datang lagi",
            Self::Other(_) => "Sudah dikunjungi",
        }
    }
}

/// A visit, as its record tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct Visit {
    /// The record.
    pub id: RecordId,
    /// The person met or looked for.
    pub worker: Option<RecordId>,
    /// What came of it.
    pub outcome: VisitOutcome,
    /// When, by the phone's clock.
    pub at: DateTime<Utc>,
    /// Which door, as the official calls it.
    pub door: Option<String>,
    /// The visit that this one corrects.
    pub corrects: Option<RecordId>,
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a door is somebody's
        f.debug_struct("Visit").field("id", &self.id).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

fn text_of<'b>(body: &'b Body, field: &str) -> Option<&'b str> {
    body.get(field)?.as_str()
}

/// When a fact says it happened.
pub fn moment(body: &Body) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text_of(body, "at")?).ok().map(|at| at.with_timezone(&Utc))
}

impl Visit {
    /// A visit from its fields; none where they cannot be read.
    pub fn of(id: RecordId, body: &Body) -> Option<Self> {
        let record = |field| text_of(body, field).and_then(|id| id.parse().ok());
        Some(Self {
            id,
            worker: record("worker"),
            outcome: VisitOutcome::from(text_of(body, "outcome")?),
            at: moment(body)?,
            door: text_of(body, "door").map(str::to_owned).filter(|door| !text::fold(door).is_empty()),
            corrects: record("corrects"),
        })
    }
}

/// A door, with the last that came of it in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The last visit.
    pub last: Visit,
    /// Which door, as the official called it last; none where only a person was named.
    pub door: Option<String>,
    /// Everybody met or looked for there.
    pub workers: Vec<RecordId>,
    /// How often somebody went there.
    pub visits: u32,
}

/// How far a round is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundDoors {
    /// Every door, in the order of its last visit; the last one is where the round stopped.
    pub doors: Vec<Door>,
    /// Everybody met or looked for.
    pub visited: BTreeSet<RecordId>,
}

impl RoundDoors {
    /// The doors that somebody has to go to again.
    pub fn open(&self) -> impl Iterator<Item = &Door> {
        self.doors.iter().filter(|door| door.last.outcome.is_open())
    }

    /// How many doors have this as the last that came of them.
    pub fn count(&self, outcome: &VisitOutcome) -> usize {
        self.doors.iter().filter(|door| door.last.outcome == *outcome).count()
    }
}

/// The doors of the visits made since a round `began`. Visits of one door are told together by what the official calls it,
/// else by the person; a visit that was corrected does not count.
pub fn doors(began: DateTime<Utc>, mut visits: Vec<Visit>) -> RoundDoors {
    let corrected: BTreeSet<RecordId> = visits.iter().filter_map(|visit| visit.corrects).collect();
    visits.retain(|visit| visit.at >= began && !corrected.contains(&visit.id));
    visits.sort_by_key(|visit| (visit.at, visit.id));
    let mut doors: Vec<Door> = Vec::new();
    let (mut by_name, mut by_worker) = (HashMap::new(), HashMap::new());
    let mut visited = BTreeSet::new();
    for visit in visits {
        let name = visit.door.as_deref().map(text::fold);
        // a door that is called something is never another one that is called something else
        let same = match &name {
            Some(name) => by_name.get(name).copied(),
            None => visit.worker.and_then(|worker| by_worker.get(&worker).copied()),
        };
        let unnamed = || {
            visit
                .worker
                .and_then(|worker| by_worker.get(&worker).copied())
                .filter(|at: &usize| doors[*at].door.is_none())
        };
        let at = same.or_else(unnamed).unwrap_or(doors.len());
        if let Some(name) = name {
            by_name.insert(name, at);
        }
        if let Some(worker) = visit.worker {
            by_worker.insert(worker, at);
            visited.insert(worker);
        }
        if at == doors.len() {
            doors.push(Door { door: visit.door.clone(), workers: Vec::new(), visits: 0, last: visit.clone() });
        }
        let door = &mut doors[at];
        door.visits += 1;
        door.workers.extend(visit.worker.filter(|worker| !door.workers.contains(worker)));
        if visit.door.is_some() {
            door.door.clone_from(&visit.door);
        }
        door.last = visit;
    }
    doors.sort_by_key(|door| (door.last.at, door.last.id));
    RoundDoors { doors, visited }
}
