//! What operators do. Every act names who, is written to the journal outside the database and to the audit, and is
//! done in one transaction; a list of acts (a branch's file) is done whole or not at all.

mod act;
mod look;
mod people;
mod perform;
mod single;

pub use act::{Act, Closing, Entry, Published};
pub use look::{ConflictItem, EnrollmentItem, HeldItem, PersonItem};
pub(crate) use people::INVITE_LASTS;
pub use people::{NewInvite, SetupCode, SetupError};
pub(crate) use perform::import_counter;
pub use single::Claim;

use super::{Service, ServiceError, journal::Line, work::Work};
use crate::storage::{OpStatus, PendingAct};
use payung_domain::id::{OfficialId, RecordId};
use serde_json::json;

/// An act of a list that cannot be done, by its place in the list.
pub type Faults = Vec<(usize, ServiceError)>;

impl Service {
    /// Does one act.
    pub fn act(&self, who: OfficialId, act: Act, now: i64) -> Result<(), ServiceError> {
        match self.act_all(who, vec![act], now) {
            Ok(()) => Ok(()),
            Err(mut faults) => Err(faults.pop().map_or(ServiceError::NotFound("act"), |(_, error)| error)),
        }
    }

    /// Does all acts or none; every one that cannot be done is told.
    pub fn act_all(&self, who: OfficialId, acts: Vec<Act>, now: i64) -> Result<(), Faults> {
        let whole = |error: ServiceError| vec![(0, error)];
        let mut work = Work::begin(self, now).map_err(whole)?;
        let first = work.unit.counter("journal").map_err(|error| whole(error.into()))? + 1;
        let mut faults = Faults::new();
        let mut lines = Vec::with_capacity(acts.len());
        for (at, act) in acts.into_iter().enumerate() {
            let entry = Entry { who, at: now, act };
            match work.perform(&entry).and_then(|()| line(first + at as u64, &entry)) {
                Ok(line) => lines.push(line),
                Err(error @ (ServiceError::NotFound(_) | ServiceError::Refused(_))) => faults.push((at, error)),
                Err(error) => return Err(vec![(at, error)]),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut finish = || -> Result<(), ServiceError> {
            work.unit.set_counter("journal", first - 1 + lines.len() as u64)?;
            work.save()?;
            // before the commit: an act that was acknowledged is in the journal whatever happens to the database
            Ok(self.journal.append(work.sealer, &lines)?)
        };
        finish().map_err(whole)?;
        work.unit.commit().map_err(|error| whole(error.into()))
    }

    /// Does what the journal has and the database lacks. What cannot be done yet waits for its record.
    pub(super) fn catch_up(&self) -> Result<(), ServiceError> {
        let done = self.storage.read()?.counter("journal")?;
        for line in self.journal.after(self.storage.sealer(), done)? {
            let entry: Entry = match serde_json::from_slice(&line.act) {
                Ok(entry) => entry,
                Err(_) => return Err(ServiceError::Refused("journal_unreadable".to_owned())),
            };
            let mut work = Work::begin(self, entry.at)?;
            if work.unit.counter("journal")? >= line.seq {
                // another process was between journal and commit when this one looked
                continue;
            }
            match work.perform(&entry) {
                Ok(()) => {}
                Err(ServiceError::NotFound(_) | ServiceError::Refused(_)) => {
                    // nothing of the failed act may stay
                    drop(work);
                    work = Work::begin(self, entry.at)?;
                    if let Some(record) = work.waits_for(&entry.act)? {
                        work.unit.save_pending_act(&PendingAct { seq: line.seq, record, act: line.act.clone() })?;
                        work.unit.set_counter("pending_acts", 1)?;
                    }
                }
                Err(error) => return Err(error),
            }
            work.unit.set_counter("journal", line.seq)?;
            work.commit()?;
        }
        Ok(())
    }

    /// Acts that still wait for a phone to bring their record again after a restore.
    pub fn pending_acts(&self) -> Result<Vec<Entry>, ServiceError> {
        let pending = self.storage.read()?.pending_acts(None)?;
        Ok(pending.iter().filter_map(|act| serde_json::from_slice(&act.act).ok()).collect())
    }

    /// Writes a look at personal data to the audit.
    pub fn audit_look(&self, who: OfficialId, what: &str, count: usize, now: i64) -> Result<(), ServiceError> {
        let unit = self.storage.write()?;
        unit.append_audit(now, &who.to_string(), what, &json!({ "count": count }).to_string())?;
        Ok(unit.commit()?)
    }
}

impl Work<'_> {
    /// The record an act waits for: the first of its records that is not there, else the first.
    fn waits_for(&mut self, act: &Act) -> Result<Option<RecordId>, ServiceError> {
        let records = act.records();
        for record in &records {
            if self.get(*record)?.is_none() {
                return Ok(Some(*record));
            }
        }
        Ok(records.first().copied())
    }
}

impl Work<'_> {
    /// Tries acts that waited for records of this exchange. Those that still cannot be done wait on.
    pub(super) fn replay_pending(&mut self) -> Result<(), ServiceError> {
        if self.unit.counter("pending_acts")? == 0 {
            return Ok(());
        }
        let mut touched = self.touched();
        // what a person decided of a held op is done as soon as that is there again
        touched.extend(self.ops().iter().filter(|op| op.status == OpStatus::Held).map(|op| op.op.record));
        touched.sort_unstable();
        touched.dedup();
        for pending in self.unit.pending_acts(Some(&touched))? {
            let Ok(entry) = serde_json::from_slice::<Entry>(&pending.act) else { continue };
            match self.perform(&entry) {
                Ok(()) => self.unit.drop_pending_act(pending.seq)?,
                Err(ServiceError::NotFound(_) | ServiceError::Refused(_)) => {
                    // one of its two records came, the other is still missing
                    if let Some(record) = self.waits_for(&entry.act)?.filter(|record| *record != pending.record) {
                        self.unit.save_pending_act(&PendingAct { record, ..pending })?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if self.unit.pending_acts(None)?.is_empty() {
            self.unit.set_counter("pending_acts", 0)?;
        }
        Ok(())
    }
}

fn line(seq: u64, entry: &Entry) -> Result<Line, ServiceError> {
    let act = serde_json::to_vec(entry).map_err(|_| ServiceError::Refused("act_unwritable".to_owned()))?;
    Ok(Line { seq, act })
}
