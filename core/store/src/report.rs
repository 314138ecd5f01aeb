//! Reports (feedback, accidents, deaths) with what was answered and added.

use crate::{
    error::{Result, StoreError},
    shown::{self, Mark, ShownRecord},
    sql,
    store::Store,
};
use chrono::{DateTime, Utc};
use payung_domain::{
    calendar::Zone,
    field::Kind,
    id::RecordId,
    op::Body,
    report::{REPORTS, ReportStanding, label, next_step, standing},
};
use rusqlite::Transaction;

/// A report as shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportView {
    /// Its fields and marks; its answer among them.
    pub record: ShownRecord,
    /// The person it is about; the survivor of a linked duplicate.
    pub worker: Option<RecordId>,
    /// Where it stands, and whether it is late.
    pub standing: ReportStanding,
    /// A few Indonesian words for it.
    pub label: String,
    /// What to do next, in Indonesian.
    pub next_step: String,
    /// What was added to it, oldest first.
    pub follow_ups: Vec<ShownRecord>,
}

/// Whether the office lacks it: it waits here, or was not taken.
fn lacks(record: &ShownRecord) -> bool {
    record.fields.values().any(|field| matches!(field.mark, Mark::Waiting | Mark::Refused(_)))
}

fn view(tx: &Transaction, record: ShownRecord, now: DateTime<Utc>) -> Result<ReportView> {
    let follow_ups = shown::children(tx, record.id, &Kind::FollowUp)?;
    let worker = match record.kind.parent(&record.body()) {
        Some(worker) => {
            let survivor = shown::shown(tx, worker)?.and_then(|worker| worker.alias_of);
            Some(survivor.unwrap_or(worker))
        }
        None => None,
    };
    let (body, added): (Body, Vec<Body>) = (record.body(), follow_ups.iter().map(ShownRecord::body).collect());
    let standing = standing(&record.kind, &body, &added, lacks(&record), now);
    Ok(ReportView {
        label: label(&standing),
        next_step: next_step(&record.kind, &body, &standing, Zone::from(&record.area)),
        worker,
        standing,
        follow_ups,
        record,
    })
}

impl Store {
    /// Reports, newest first: of one person or all, `open` only those where somebody still has to do something. `after`
    /// is the last one of the page before.
    pub fn reports(
        &self,
        worker: Option<RecordId>,
        open: bool,
        after: Option<RecordId>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<ReportView>> {
        self.read(|tx| {
            let ids = match worker {
                Some(worker) => of_worker(tx, worker)?,
                None => all(tx)?,
            };
            let mut page = Vec::new();
            for id in ids.into_iter().rev().filter(|id| after.is_none_or(|after| *id < after)) {
                if page.len() == limit {
                    break;
                }
                let Some(record) = shown::shown(tx, id)? else { continue };
                let report = view(tx, record, now)?;
                if !open || report.standing.phase.is_open() {
                    page.push(report);
                }
            }
            Ok(page)
        })
    }

    /// One report.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold it, or it is none.
    pub fn report(&self, id: RecordId, now: DateTime<Utc>) -> Result<ReportView> {
        self.read(|tx| {
            let record = shown::shown(tx, id)?.filter(|record| REPORTS.contains(&record.kind));
            view(tx, record.ok_or(StoreError::NotFound)?, now)
        })
    }
}

fn of_worker(tx: &Transaction, worker: RecordId) -> Result<Vec<RecordId>> {
    let mut ids = Vec::new();
    for kind in &REPORTS {
        ids.extend(shown::child_ids(tx, worker, kind)?);
    }
    ids.sort();
    Ok(ids)
}

fn all(tx: &Transaction) -> Result<Vec<RecordId>> {
    // the words of the index, so that it is used
    let mut statement = tx.prepare_cached(
        "SELECT id FROM record WHERE kind IN ('feedback', 'accident_report', 'death_report') ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(sql::record(row, 0)?);
    }
    Ok(ids)
}
