//! Everything about one worker.

use crate::{
    error::{Result, StoreError},
    index, list, op, shown,
    shown::ShownRecord,
    store::Store,
    tables::tables,
};
use chrono::NaiveDate;
use payung_domain::{
    enrollment::{Due, EnrollmentState, Phase, label, next_step, phase},
    field::Kind,
    id::RecordId,
    op::Outcome,
    worker::cover_quote,
};

/// One enrolment as shown.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrollmentView {
    /// Its fields, marks and conflicts.
    pub record: ShownRecord,
    /// Its server-owned fields.
    pub state: EnrollmentState,
    /// Where it stands.
    pub phase: Phase,
    /// A few Indonesian words for it.
    pub label: String,
    /// What to do next, in Indonesian.
    pub next_step: String,
    /// What is to be paid.
    pub due: Due,
    /// Its events, oldest first.
    pub events: Vec<ShownRecord>,
}

/// One worker as shown.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerDetail {
    /// Its row in lists: the phase of the enrolment that counts, what waits.
    pub summary: list::WorkerSummary,
    /// Its fields, marks and conflicts.
    pub record: ShownRecord,
    /// Its enrolments, oldest first.
    pub enrollments: Vec<EnrollmentView>,
    /// Visits to it, oldest first.
    pub visits: Vec<ShownRecord>,
    /// Records linked to it as duplicates.
    pub duplicates: Vec<RecordId>,
    /// Token of a possible duplicate that the office looks at.
    pub duplicate_of: Option<String>,
}

impl Store {
    /// Everything about a worker; a linked duplicate answers as the surviving record. `today` is the day in the
    /// region's zone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold it.
    pub fn worker(&self, id: RecordId, today: NaiveDate) -> Result<WorkerDetail> {
        self.read(|tx| {
            let mut record = shown::shown(tx, id)?.ok_or(StoreError::NotFound)?;
            if let Some(survivor) = record.alias_of {
                record = shown::shown(tx, survivor)?.ok_or(StoreError::NotFound)?;
            }
            let summary = list::summary(tx, record.id, today)?.ok_or(StoreError::NotFound)?;
            let worker = record.body();
            let tables = tables(tx)?;
            let enrollments = shown::children(tx, record.id, &Kind::Enrollment)?
                .into_iter()
                .map(|enrollment| {
                    let state = index::enrollment_state(&enrollment);
                    Ok(EnrollmentView {
                        phase: phase(&state, today),
                        label: label(&state, today),
                        next_step: next_step(&state, today),
                        due: Due::on(today, &state, cover_quote(&worker, &enrollment.body(), &tables).as_ref()),
                        events: shown::children(tx, enrollment.id, &Kind::EnrollmentEvent)?,
                        state,
                        record: enrollment,
                    })
                })
                .collect::<Result<_>>()?;
            let duplicates = shown::aliases(tx, record.id)?;
            let token = |op: op::SavedOp| serde_json::from_str::<Outcome>(&op.outcome?).ok()?.duplicate_of;
            let duplicate_of = if duplicates.is_empty() {
                op::of_record(tx, record.id)?.into_iter().filter_map(token).next_back()
            } else {
                None
            };
            Ok(WorkerDetail {
                summary,
                enrollments,
                visits: shown::children(tx, record.id, &Kind::Visit)?,
                duplicates,
                duplicate_of,
                record,
            })
        })
    }
}
