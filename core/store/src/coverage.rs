//! The coverage picture from the records on this phone.

use crate::{error::Result, list, shown, sql, store::Store};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    coverage::{Coverage, CoverageLevel},
    enrollment::{Covered, EnrollmentState, EnrollmentStatus, Phase, phase},
    id::{OfficialId, RecordId},
    op::Body,
    text,
};
use rusqlite::{Row, Transaction};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The numbers of an area, all of them counted on this phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoverageNumbers {
    /// Persons with an enrolment, by where it stands.
    pub counts: Coverage,
    /// Persons this phone holds, with an enrolment or without. How many workers there are in truth is not known here.
    pub workers_known: u64,
    /// Of them, those of whom a visit is on this phone.
    pub workers_visited: u64,
    /// Of them, those of whom none is.
    pub never_visited: u64,
    /// Doors at which somebody was: persons visited, and named doors where nobody was met. How many households there are is
    /// not known here.
    pub doors_visited: u64,
    /// Of the persons, those who said they are an official of the office's.
    pub officials: u64,
    /// Of these, those covered today.
    pub officials_covered: u64,
}

impl CoverageNumbers {
    fn add(&mut self, other: &Self) {
        self.counts += other.counts;
        self.workers_known += other.workers_known;
        self.workers_visited += other.workers_visited;
        self.never_visited += other.never_visited;
        self.doors_visited += other.doors_visited;
        self.officials += other.officials;
        self.officials_covered += other.officials_covered;
    }
}

/// One line of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageLine {
    /// The area.
    pub area: Area,
    /// The same in words.
    pub label: String,
    /// Its numbers.
    pub numbers: CoverageNumbers,
}

/// The picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveragePicture {
    /// A line for each area of the level of which the phone holds somebody or a visit, by path.
    pub lines: Vec<CoverageLine>,
    /// All of them.
    pub total: CoverageNumbers,
}

/// The folded names of doors, by the row of their area.
type Doors = HashMap<i64, HashSet<String>>;

/// The workers of whom there is a visit, by row; and of each area the doors without a person.
fn visits(tx: &Transaction) -> Result<(HashSet<i64>, Doors)> {
    let mut seen = HashSet::new();
    // the index alone answers this: a visit's own page is not read
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT (SELECT rid FROM record p WHERE p.id = v.parent) FROM record v
         WHERE v.kind = 'visit' AND v.parent IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        seen.extend(row.get::<_, Option<i64>>(0)?);
    }
    // a visit to a linked duplicate is one to the surviving person
    let mut statement = tx.prepare_cached(
        "SELECT a.rid, s.rid FROM record a JOIN record s ON s.id = a.alias_of WHERE a.alias_of IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if seen.contains(&row.get(0)?) {
            seen.insert(row.get(1)?);
        }
    }
    let mut doors = Doors::new();
    let mut statement = tx.prepare_cached("SELECT aid, id FROM record WHERE kind = 'visit' AND parent IS NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let visit: Option<Body> = shown::fields(tx, sql::record(row, 1)?)?;
        let door = visit.and_then(|visit| visit.get("door").and_then(Value::as_str).map(text::fold));
        if let Some(door) = door.filter(|door| !door.is_empty()) {
            doors.entry(row.get(0)?).or_default().insert(door);
        }
    }
    Ok((seen, doors))
}

/// The phase of a row of workers, of its columns `status`, `covered_from`, `covered_until` from one on; none without an enrolment.
pub(crate) fn phase_of(row: &Row<'_>, first: usize, today: NaiveDate) -> Option<Phase> {
    let told = |column: usize| row.get_ref(first + column).ok().and_then(|value| value.as_str().ok());
    let status = told(0)?;
    let covered = told(1).and_then(|from| from.parse().ok()).zip(told(2).and_then(|until| until.parse().ok()));
    let state = EnrollmentState {
        status: (!status.is_empty()).then(|| EnrollmentStatus::from(status)),
        covered: covered.map(|(from, until)| Covered { from, until }),
        ..EnrollmentState::default()
    };
    Some(phase(&state, today))
}

/// The numbers of each area by its row, and the areas' paths.
fn by_area(tx: &Transaction, today: NaiveDate) -> Result<HashMap<i64, CoverageNumbers>> {
    let (seen, doors) = visits(tx)?;
    let mut numbers: HashMap<i64, CoverageNumbers> = HashMap::new();
    let mut statement =
        tx.prepare_cached("SELECT rid, aid, status, covered_from, covered_until, official FROM worker")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let numbers = numbers.entry(row.get(1)?).or_default();
        numbers.workers_known += 1;
        if seen.contains(&row.get(0)?) {
            numbers.workers_visited += 1;
            numbers.doors_visited += 1;
        } else {
            numbers.never_visited += 1;
        }
        let phase = phase_of(row, 2, today);
        if let Some(phase) = phase {
            numbers.counts.add(phase);
        }
        if row.get_ref(5)?.as_str().is_ok() {
            numbers.officials += 1;
            numbers.officials_covered += u64::from(phase.is_some_and(Phase::is_covered));
        }
    }
    for (aid, doors) in doors {
        numbers.entry(aid).or_default().doors_visited += doors.len() as u64;
    }
    Ok(numbers)
}

impl Store {
    /// The coverage of an area, or of all this phone holds, with a line for each area of a level; `own` has a line though
    /// nobody lives in it yet. `today` is the day in the region's zone.
    pub fn coverage(
        &self,
        area: Option<&Area>,
        level: CoverageLevel,
        own: Option<&Area>,
        today: NaiveDate,
    ) -> Result<CoveragePicture> {
        self.read(|tx| {
            let within = |path: &Area| area.is_none_or(|area| path.is_within(area));
            let mut lines: BTreeMap<Area, CoverageNumbers> = BTreeMap::new();
            let mut total = CoverageNumbers::default();
            if let Some(own) = own.filter(|own| within(own)) {
                lines.entry(level.line(own)).or_default();
            }
            let mut path = tx.prepare_cached("SELECT path FROM area WHERE aid = ?1")?;
            for (aid, numbers) in by_area(tx, today)? {
                let path = sql::area(&path.query_row([aid], |row| row.get::<_, String>(0))?)?;
                if within(&path) {
                    lines.entry(level.line(&path)).or_default().add(&numbers);
                    total.add(&numbers);
                }
            }
            let line = |(area, numbers): (Area, _)| CoverageLine { label: area.label(), area, numbers };
            Ok(CoveragePicture { lines: lines.into_iter().map(line).collect(), total })
        })
    }

    /// The worker an official is, where they registered themselves and this phone holds it.
    pub fn worker_of_official(&self, official: OfficialId, today: NaiveDate) -> Result<Option<list::WorkerSummary>> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT r.id FROM worker w JOIN record r ON r.rid = w.rid WHERE w.official = ?1 ORDER BY r.id LIMIT 1",
            )?;
            let mut rows = statement.query([official.to_string()])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let id: RecordId = sql::record(row, 0)?;
            list::summary(tx, id, today)
        })
    }
}
