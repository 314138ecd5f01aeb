//! Who has to be asked about going on, what it costs, and asking for it; the slip for a worker without a phone.

use crate::{
    error::{Result, StoreError},
    index, list, save, shown, sql,
    store::Store,
    tables::tables,
};
use chrono::{DateTime, NaiveDate, Utc};
use payung_domain::{
    area::Area,
    calendar::Month,
    contribution::ContributionTables,
    enrollment::{EnrollmentFlag, EnrollmentState, Phase, label, next_step, phase},
    field::Kind,
    id::RecordId,
    op::Body,
    renewal::{self, RenewalPrice, RenewalRequest, Unreckoned, is_due, months_owed},
    slip::{Slip, slip},
};
use rusqlite::{Transaction, params_from_iter, types::Value as Sql};
use std::collections::{BTreeMap, HashSet};

/// Where a page of renewals ended; to be handed back as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct RenewalKey {
    /// The area of the last row.
    pub area: Area,
    /// Its name, as sorted by.
    pub sort: String,
    /// The row, among those of that name.
    pub rid: i64,
}

impl std::fmt::Debug for RenewalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a name
        f.debug_struct("RenewalKey").field("area", &self.area).field("rid", &self.rid).finish_non_exhaustive()
    }
}

/// A member whose cover ends, has ended, or whose membership has.
#[derive(Clone, PartialEq)]
pub struct RenewalRow {
    /// The worker.
    pub worker: RecordId,
    /// The enrolment that goes on.
    pub enrollment: RecordId,
    /// Name as on the KTP.
    pub name: String,
    /// `3302********9001`
    pub nik: String,
    /// Phone, +62….
    pub phone: Option<String>,
    /// Who looks after the record.
    pub area: Area,
    /// Where the enrolment stands.
    pub phase: Phase,
    /// A few Indonesian words for it.
    pub label: String,
    /// What to do next, in Indonesian.
    pub next_step: String,
    /// Last month that is paid for.
    pub until: Month,
    /// Months owed, this one counted; 0 to 3.
    pub owed_months: u8,
    /// Going on was asked for already, here or elsewhere.
    pub asked: bool,
    /// What the term costs; none where that would be a guess.
    pub price: Option<RenewalPrice>,
    /// Why it was not reckoned: a stable code.
    pub why_not: Option<String>,
    /// The same in Indonesian, with what to do.
    pub why_not_words: Option<String>,
}

impl std::fmt::Debug for RenewalRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RenewalRow").field("worker", &self.worker).field("phase", &self.phase).finish_non_exhaustive()
    }
}

/// A page of renewals.
#[derive(Clone, Debug, PartialEq)]
pub struct RenewalPage {
    /// Its rows, by area and name.
    pub rows: Vec<RenewalRow>,
    /// Where it ended; none when there is nothing after it.
    pub next: Option<RenewalKey>,
}

/// The renewals of one RT, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalSum {
    /// The RT.
    pub area: Area,
    /// The same in words.
    pub label: String,
    /// Whose cover ends this month or within 30 days.
    pub lapsing: u32,
    /// Who owes one to three months.
    pub arrears: u32,
    /// Whose membership has ended.
    pub ended: u32,
    /// Of all these, for whom going on was asked already.
    pub asked: u32,
    /// How many of those lapsing and in arrears are in the sum.
    pub reckoned: u32,
    /// How many of them are not, because it would be a guess.
    pub unreckoned: u32,
    /// Rupiah for the term, of those reckoned.
    pub total: i64,
    /// Rupiah taken off in it.
    pub discount: i64,
    /// Rupiah owed for the months before, of those reckoned.
    pub owed: i64,
}

/// A row found, before its price is reckoned.
struct Found {
    rid: i64,
    sort: String,
    worker: RecordId,
    enrollment: RecordId,
    name: String,
    nik: String,
    phone: Option<String>,
    area: Area,
}

/// The enrolments for which this phone asked to go on and the answer has not been pulled.
fn asked_here(tx: &Transaction) -> Result<HashSet<RecordId>> {
    let mut asked = HashSet::new();
    // a query for each state, so that the index of the state is used
    for state in ["new", "sent", "held", "acked"] {
        let mut statement = tx.prepare_cached(&format!(
            r#"SELECT json_extract("set", '$.enrollment') FROM op JOIN op_body USING (k)
               WHERE op.state = '{state}' AND op.kind = 'enrollment_event' AND json_extract("set", '$.event') = 'renew'"#
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            asked.extend(row.get::<_, Option<String>>(0)?.and_then(|id| id.parse::<RecordId>().ok()));
        }
    }
    Ok(asked)
}

/// Gives everybody who is due to `each`, by area and name, until it answers false.
fn each_due(
    tx: &Transaction,
    area: Option<&Area>,
    after: Option<&RenewalKey>,
    today: NaiveDate,
    mut each: impl FnMut(Found, Body, EnrollmentState) -> Result<bool>,
) -> Result<()> {
    let text = |text: String| Sql::Text(text);
    // the last month whose last day is less than 30 days away, at least this one
    let this_month = Month::of(today);
    let near = |month: &Month| (month.last_day() - today).num_days() < 30;
    let last = (1..3).map(|ahead| this_month.add_months(ahead)).take_while(near).last().unwrap_or(this_month);
    let mut condition =
        "w.status = 'active' AND w.covered_until <= ? AND (w.covered_until < ? OR w.covered_from <= ?)".to_owned();
    let mut params = vec![text(last.to_string()), text(this_month.to_string()), text(today.to_string())];
    if let Some(area) = area {
        condition.push_str(" AND (a.path = ? OR a.path >= ? AND a.path < ?)");
        params.extend([text(area.to_string()), text(format!("{area}.")), text(format!("{area}/"))]);
    }
    if let Some(after) = after {
        condition.push_str(" AND (a.path, w.sort, w.rid) > (?, ?, ?)");
        params.extend([text(after.area.to_string()), text(after.sort.clone()), Sql::Integer(after.rid)]);
    }
    let mut statement = tx.prepare_cached(&format!(
        "SELECT w.rid, w.sort, r.id, w.enrollment, w.name, w.nik_head, w.nik_end, w.phone, a.path
         FROM worker w JOIN record r ON r.rid = w.rid JOIN area a ON a.aid = w.aid
         WHERE {condition} ORDER BY a.path, w.sort, w.rid"
    ))?;
    let mut rows = statement.query(params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        let Some(enrollment) = sql::record_or_none(row, 3)? else { continue };
        let Some(body) = shown::fields(tx, enrollment)? else { continue };
        let state = index::state_of_body(&body);
        if !is_due(&state, today) {
            continue;
        }
        let (head, end): (Option<String>, Option<String>) = (row.get(5)?, row.get(6)?);
        let found = Found {
            rid: row.get(0)?,
            sort: row.get(1)?,
            worker: sql::record(row, 2)?,
            enrollment,
            name: row.get(4)?,
            nik: list::masked(head, end),
            phone: row.get(7)?,
            area: sql::area(row.get_ref(8)?.as_str().unwrap_or_default())?,
        };
        if !each(found, body, state)? {
            break;
        }
    }
    Ok(())
}

fn price(
    tx: &Transaction,
    found: &Found,
    enrollment: &Body,
    state: &EnrollmentState,
    months: u32,
    today: NaiveDate,
    tables: &ContributionTables,
) -> Result<std::result::Result<RenewalPrice, Unreckoned>> {
    let worker = shown::fields(tx, found.worker)?.unwrap_or_default();
    Ok(renewal::price(&worker, enrollment, state, months, today, tables))
}

impl Store {
    /// A page of those to be asked about going on, by area and name, each with what a term of `months` costs. `today` is
    /// the day in the region's zone.
    pub fn renewals(
        &self,
        area: Option<&Area>,
        months: u32,
        after: Option<&RenewalKey>,
        limit: usize,
        today: NaiveDate,
    ) -> Result<RenewalPage> {
        self.read(|tx| {
            let (asked, tables) = (asked_here(tx)?, tables(tx)?);
            let (mut rows, mut last, mut more) = (Vec::new(), None, false);
            each_due(tx, area, after, today, |found, enrollment, state| {
                if rows.len() == limit.max(1) {
                    more = true;
                    return Ok(false);
                }
                let price = price(tx, &found, &enrollment, &state, months, today, &tables)?;
                let why_not = price.err();
                last = Some(RenewalKey { area: found.area.clone(), sort: found.sort, rid: found.rid });
                rows.push(RenewalRow {
                    worker: found.worker,
                    enrollment: found.enrollment,
                    name: found.name,
                    nik: found.nik,
                    phone: found.phone,
                    area: found.area,
                    phase: phase(&state, today),
                    label: label(&state, today),
                    next_step: next_step(&state, today),
                    until: state.covered.map_or_else(|| Month::of(today), |covered| covered.until),
                    owed_months: months_owed(&state, today),
                    asked: state.has(&EnrollmentFlag::RenewalOpen) || asked.contains(&found.enrollment),
                    price: price.ok(),
                    why_not: why_not.map(|why| why.code().to_owned()),
                    why_not_words: why_not.map(|why| why.sentence().to_owned()),
                });
                Ok(true)
            })?;
            Ok(RenewalPage { rows, next: last.filter(|_| more) })
        })
    }

    /// The renewals of each RT of an area in numbers, for a term of `months`.
    pub fn renewal_sums(&self, area: Option<&Area>, months: u32, today: NaiveDate) -> Result<Vec<RenewalSum>> {
        self.read(|tx| {
            let (asked, tables) = (asked_here(tx)?, tables(tx)?);
            let mut sums: BTreeMap<Area, RenewalSum> = BTreeMap::new();
            each_due(tx, area, None, today, |found, enrollment, state| {
                let sum = sums.entry(found.area.clone()).or_insert_with(|| RenewalSum::none(&found.area));
                sum.asked += u32::from(state.has(&EnrollmentFlag::RenewalOpen) || asked.contains(&found.enrollment));
                match phase(&state, today) {
                    Phase::Ended => {
                        sum.ended += 1;
                        return Ok(true);
                    }
                    Phase::Arrears(_) => sum.arrears += 1,
                    _ => sum.lapsing += 1,
                }
                match price(tx, &found, &enrollment, &state, months, today, &tables)? {
                    Ok(price) => {
                        sum.reckoned += 1;
                        sum.total += price.total;
                        sum.discount += price.discount;
                        sum.owed += price.owed;
                    }
                    Err(_) => sum.unreckoned += 1,
                }
                Ok(true)
            })?;
            Ok(sums.into_values().collect())
        })
    }

    /// Asks for going on, as the official was told at the door; `id` is the new event's.
    ///
    /// # Errors
    /// [`StoreError::InvalidDraft`] names what the office would refuse: nobody who does not work any more, no membership
    /// that has ended. [`StoreError::NotFound`] when the phone does not hold the enrolment.
    pub fn renew(
        &self,
        id: RecordId,
        enrollment: RecordId,
        request: &RenewalRequest,
        now: DateTime<Utc>,
        today: NaiveDate,
    ) -> Result<()> {
        self.write("fact", |tx, changed| {
            let record = shown::shown(tx, enrollment)?.filter(|record| record.kind == Kind::Enrollment);
            let record = record.ok_or(StoreError::NotFound)?;
            let state = index::enrollment_state(&record);
            let event = renewal::event(enrollment, &record.body(), &state, request, now, today)
                .map_err(|error| StoreError::InvalidDraft(vec![error]))?;
            (changed.records, changed.outbox) = (true, true);
            save::create_fact(tx, id, &Kind::EnrollmentEvent, &event, &record.area, now.timestamp_millis())
        })
    }

    /// What is written on paper for a worker: by the enrolment that counts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold the worker.
    pub fn slip(&self, worker: RecordId, today: NaiveDate) -> Result<Slip> {
        self.read(|tx| {
            let record = shown::shown(tx, worker)?.ok_or(StoreError::NotFound)?;
            let id = record.alias_of.unwrap_or(worker);
            let summary = list::summary(tx, id, today)?.ok_or(StoreError::NotFound)?;
            let state = index::standing_state(tx, id)?;
            Ok(slip(&summary.name, &summary.nik, state.as_ref(), today))
        })
    }
}

impl RenewalSum {
    fn none(area: &Area) -> Self {
        Self {
            area: area.clone(),
            label: area.label(),
            lapsing: 0,
            arrears: 0,
            ended: 0,
            asked: 0,
            reckoned: 0,
            unreckoned: 0,
            total: 0,
            discount: 0,
            owed: 0,
        }
    }
}
