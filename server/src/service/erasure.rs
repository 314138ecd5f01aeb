//! Erasure by law (UU 27/2022, article 8): a person with everything that belongs to them, from the database, the journal
//! and the phones.

use super::{Service, ServiceError, operator::Act, work::Work};
use crate::storage::{DuplicateState, HeldFilter, StorageError};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{OfficialId, RecordId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A record to be erased, wherever a restore left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The record.
    pub record: RecordId,
    /// Where its phones are.
    pub area: Area,
    /// Its version then.
    pub version: u64,
}

/// What an erasure came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// How many records went.
    pub records: usize,
    /// Whether the files were written anew. If not, another process was reading: sealed rows are left in them.
    pub shredded: bool,
}

impl Work<'_> {
    /// A person's records: those linked as the same person, and what belongs to any of them, held ops included.
    pub(super) fn person(&mut self, worker: RecordId) -> Result<Vec<Erased>, ServiceError> {
        let Some(record) = self.get(worker)? else { return Ok(Vec::new()) };
        if record.kind != Kind::Worker {
            return Err(ServiceError::Refused("not_a_person".to_owned()));
        }
        let survivor = record.alias.as_ref().map_or(worker, |alias| alias.survivor);
        let mut ids = vec![survivor];
        ids.extend(self.unit.linked_to(&[survivor])?);
        // with what they said when they came to a session
        for id in ids.clone() {
            ids.extend(self.get(id)?.and_then(|record| record.text("attendance")?.parse::<RecordId>().ok()));
        }
        let mut erased: Vec<Erased> = Vec::new();
        let mut at = 0;
        while let Some(id) = ids.get(at).copied() {
            at += 1;
            let held = self.unit.held(&HeldFilter::WaitingFor(vec![id]))?;
            let found = self.get(id)?.map(|record| (record.area.clone(), record.version));
            let waiting = self.unit.history(id)?.first().map(|op| (op.op.area.clone(), 0));
            if let Some((area, version)) = found.or(waiting) {
                erased.push(Erased { record: id, area, version });
            }
            let children = self.children(id)?.into_iter().chain(held.into_iter().map(|op| op.op.record));
            for child in children.collect::<Vec<_>>() {
                if !ids.contains(&child) {
                    ids.push(child);
                }
            }
        }
        Ok(erased)
    }

    /// Does it: what was listed when it was decided, and what has come since.
    pub(super) fn erase_person(&mut self, worker: RecordId, listed: &[Erased]) -> Result<Value, ServiceError> {
        let mut all = self.person(worker)?;
        for one in listed {
            if all.iter().all(|other| other.record != one.record) {
                all.push(one.clone());
            }
        }
        let ids: Vec<RecordId> = all.iter().map(|one| one.record).collect();
        // who was under review with them stands alone now, and holds the NIK if it is theirs as well
        let mut others = Vec::new();
        for id in &ids {
            for pair in self.unit.duplicates(Some(*id), None)? {
                let other = if pair.later == *id { pair.earlier } else { pair.later };
                if ids.contains(&other) || self.get(other)?.is_none() {
                    continue;
                }
                if pair.state == DuplicateState::Review {
                    self.flag_review(&pair, false)?;
                }
                others.push(other);
            }
        }
        self.save()?;
        for one in &all {
            self.erase(one)?;
        }
        for other in others {
            let sealer = self.sealer;
            if let Some(hash) = self.need(other)?.text("nik").map(|nik| sealer.nik_hash(nik)) {
                self.unit.claim_niks(&[(hash, other)])?;
            }
        }
        Ok(json!({ "record": worker, "records": all.len() }))
    }
}

impl Service {
    /// Erases a person by one of their worker records. `reason` is a short code, `consent_withdrawn`: it goes to the
    /// audit, so it must name nobody.
    /// Done again, it leaves nothing in the files where the first time another process was reading them.
    pub fn erase(&self, by: OfficialId, worker: RecordId, reason: &str, now: i64) -> Result<Erasure, ServiceError> {
        let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
        if reason.is_empty() || reason.len() > 40 || !reason.chars().all(is_code) {
            return Err(ServiceError::Refused("reason_invalid".to_owned()));
        }
        let mut work = Work::begin(self, now)?;
        let listed = work.person(worker)?;
        let before = work.is_erased(worker)?;
        drop(work);
        let ids: Vec<RecordId> = listed.iter().map(|one| one.record).collect();
        if !listed.is_empty() {
            self.act(by, Act::Erase { worker, reason: reason.to_owned(), erased: listed }, now)?;
            self.redact(&ids)?;
        } else if !before {
            return Err(ServiceError::NotFound("worker"));
        }
        match self.storage.shred() {
            Ok(()) => Ok(Erasure { records: ids.len(), shredded: true }),
            Err(StorageError::Busy) => Ok(Erasure { records: ids.len(), shredded: false }),
            Err(error) => Err(error.into()),
        }
    }

    /// Empties the journal's acts about records that were erased: a restore does the erasure, not what it erased.
    fn redact(&self, erased: &[RecordId]) -> Result<(), ServiceError> {
        // acts are appended inside the unit that writes, so nobody appends meanwhile
        let _unit = self.storage.write()?;
        Ok(self.journal.redact(self.storage.sealer(), |line| Act::emptied(line, erased))?)
    }
}
