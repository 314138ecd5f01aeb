//! Door-to-door rounds, from the visits on this phone.

use crate::{
    error::{Result, StoreError},
    index,
    list::{self, Page, PageKey},
    save, shown, sql,
    store::Store,
};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use payung_domain::{
    area::Area,
    calendar::local_date,
    field::Kind,
    id::RecordId,
    op::Body,
    round::{self, Door, RoundDoors, Visit, VisitOutcome},
};
use rusqlite::Transaction;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A round: an area, and the day it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The fact that it began; of several of one day and area the first.
    pub id: RecordId,
    /// Where.
    pub area: Area,
    /// The same in words.
    pub label: String,
    /// When.
    pub began: DateTime<Utc>,
    /// The day of it in the area's zone.
    pub day: NaiveDate,
}

/// A door of a round, with the last that came of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RoundDoor {
    /// The last visit.
    pub visit: RecordId,
    /// Which door, as the official called it.
    pub door: Option<String>,
    /// The person met or looked for last.
    pub worker: Option<RecordId>,
    /// Their name.
    pub name: Option<String>,
    /// What came of it.
    pub outcome: VisitOutcome,
    /// The same in a few Indonesian words.
    pub label: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How often somebody went there in this round.
    pub visits: u32,
}

impl std::fmt::Debug for RoundDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoundDoor").field("visit", &self.visit).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// How far a round is. Doors are those visited: how many there are nobody has told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundProgress {
    /// Persons of the area on this phone.
    pub workers: u64,
    /// Of them, visited in this round.
    pub workers_visited: u64,
    /// Doors visited.
    pub doors: u64,
    /// Of them, by the last that came of them: registered,
    pub registered: u64,
    /// members already,
    pub already_member: u64,
    /// refused,
    pub refused: u64,
    /// not eligible,
    pub not_eligible: u64,
    /// still to do: nobody home, or to come back.
    pub again: u64,
}

/// A round, with what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundView {
    /// Which.
    pub round: Round,
    /// How far it is.
    pub progress: RoundProgress,
    /// Doors to go to again, the longest waiting first.
    pub again: Vec<RoundDoor>,
    /// Where it stopped; none before the first visit.
    pub last: Option<RoundDoor>,
}

/// The rounds on this phone, the newest first. Those that began in one area on one day are one.
fn all(tx: &Transaction) -> Result<Vec<Round>> {
    let mut rounds: BTreeMap<(NaiveDate, Area), Round> = BTreeMap::new();
    let facts = shown::shared(tx, &Kind::Round)?;
    let corrected: BTreeSet<RecordId> =
        facts.iter().filter_map(|fact| fact.text("corrects").and_then(|id| id.parse().ok())).collect();
    for fact in facts.into_iter().filter(|fact| !corrected.contains(&fact.id)) {
        let Some(began) = round::moment(&fact.body()) else { continue };
        let day = local_date(began, &fact.area);
        let new = Round { id: fact.id, label: fact.area.label(), began, day, area: fact.area };
        let of_day = rounds.entry((day, new.area.clone())).or_insert_with(|| new.clone());
        if (new.began, new.id) < (of_day.began, of_day.id) {
            *of_day = new;
        }
    }
    Ok(rounds.into_values().rev().collect())
}

/// A round by any of the facts that it began.
fn find(tx: &Transaction, id: RecordId) -> Result<Round> {
    let fact = shown::shown(tx, id)?.filter(|fact| fact.kind == Kind::Round).ok_or(StoreError::NotFound)?;
    let began = round::moment(&fact.body()).ok_or(StoreError::NotFound)?;
    let day = local_date(began, &fact.area);
    all(tx)?.into_iter().find(|round| round.area == fact.area && round.day == day).ok_or(StoreError::NotFound)
}

fn doors(tx: &Transaction, of: &Round) -> Result<RoundDoors> {
    let mut statement = tx.prepare_cached(
        "SELECT id FROM record WHERE kind = 'visit' AND aid IN
         (SELECT aid FROM area WHERE path = ?1 OR path >= ?1 || '.' AND path < ?1 || '/')",
    )?;
    let mut rows = statement.query([of.area.as_str()])?;
    let mut visits = Vec::new();
    while let Some(row) = rows.next()? {
        let id = sql::record(row, 0)?;
        let Some(mut visit) = shown::fields(tx, id)?.and_then(|body| Visit::of(id, &body)) else { continue };
        // a linked duplicate is the surviving person
        visit.worker = visit.worker.map(|worker| index::survivor(tx, worker)).transpose()?;
        visits.push(visit);
    }
    Ok(round::doors(of.began, visits))
}

fn name(tx: &Transaction, worker: RecordId) -> Result<Option<String>> {
    let mut statement =
        tx.prepare_cached("SELECT w.name FROM record r JOIN worker w ON w.rid = r.rid WHERE r.id = ?1")?;
    let mut rows = statement.query([worker.bytes()])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

fn door(tx: &Transaction, door: &Door) -> Result<RoundDoor> {
    let worker = door.workers.last().copied();
    Ok(RoundDoor {
        visit: door.last.id,
        door: door.door.clone(),
        worker,
        name: worker.map(|worker| name(tx, worker)).transpose()?.flatten(),
        outcome: door.last.outcome.clone(),
        label: door.last.outcome.label().to_owned(),
        at: door.last.at,
        visits: door.visits,
    })
}

/// The persons of an area.
fn workers(tx: &Transaction, area: &Area) -> Result<Vec<RecordId>> {
    let mut statement = tx.prepare_cached(
        "SELECT r.id FROM worker w JOIN record r ON r.rid = w.rid WHERE w.aid IN
         (SELECT aid FROM area WHERE path = ?1 OR path >= ?1 || '.' AND path < ?1 || '/')",
    )?;
    let mut rows = statement.query([area.as_str()])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(sql::record(row, 0)?);
    }
    Ok(ids)
}

impl Store {
    /// Begins a round of an area; on a day on which one began there already, goes on with that one. Answers its id.
    ///
    /// # Errors
    /// [`StoreError::NotJoined`] before joining.
    pub fn begin_round(&self, id: RecordId, area: &Area, note: Option<&str>, now: DateTime<Utc>) -> Result<RecordId> {
        let mut body = Body::from([("at".to_owned(), now.to_rfc3339_opts(SecondsFormat::Secs, true).into())]);
        body.extend(note.map(|note| ("note".to_owned(), Value::from(note))));
        save::check_fact(&Kind::Round, &body)?;
        self.write("fact", |tx, changed| {
            let day = local_date(now, area);
            if let Some(round) = all(tx)?.into_iter().find(|round| round.area == *area && round.day == day) {
                return Ok(round.id);
            }
            (changed.records, changed.outbox) = (true, true);
            save::create_fact(tx, id, &Kind::Round, &body, area, now.timestamp_millis())?;
            Ok(id)
        })
    }

    /// The rounds of an area and those in it, the newest first.
    pub fn rounds(&self, area: Option<&Area>) -> Result<Vec<Round>> {
        let within = |round: &Round| area.is_none_or(|area| round.area.is_within(area));
        self.read(|tx| Ok(all(tx)?.into_iter().filter(within).collect()))
    }

    /// A round: how far it is, which doors are to be done again, and where it stopped.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold it.
    pub fn round(&self, id: RecordId) -> Result<RoundView> {
        self.read(|tx| {
            let round = find(tx, id)?;
            let doors = doors(tx, &round)?;
            let workers = workers(tx, &round.area)?;
            let count = |outcome: &VisitOutcome| doors.count(outcome) as u64;
            let progress = RoundProgress {
                workers: workers.len() as u64,
                workers_visited: workers.iter().filter(|id| doors.visited.contains(id)).count() as u64,
                doors: doors.doors.len() as u64,
                registered: count(&VisitOutcome::Registered),
                already_member: count(&VisitOutcome::AlreadyMember),
                refused: count(&VisitOutcome::Refused),
                not_eligible: count(&VisitOutcome::NotEligible),
                again: doors.open().count() as u64,
            };
            let again = doors.open().map(|open| door(tx, open)).collect::<Result<_>>()?;
            let last = doors.doors.last().map(|last| door(tx, last)).transpose()?;
            Ok(RoundView { round, progress, again, last })
        })
    }

    /// A page of the area's persons, by name, whom nobody has visited since the round began.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold the round.
    pub fn not_visited(
        &self,
        round: RecordId,
        after: Option<&PageKey>,
        limit: usize,
        today: NaiveDate,
    ) -> Result<Page> {
        self.read(|tx| {
            let round = find(tx, round)?;
            let visited = doors(tx, &round)?.visited;
            list::page_where(tx, &round.area, after, limit, today, |id| !visited.contains(&id))
        })
    }
}
