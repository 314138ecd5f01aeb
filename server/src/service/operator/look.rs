//! What operators look at. Every look is in the audit.

use crate::{
    service::{Service, ServiceError, enrollment::state_of},
    storage::{Duplicate, DuplicateState, HeldFilter, Kept, Reading, RecordFilter, Scope, StoredOp},
};
use payung_domain::{
    enrollment::EnrollmentState,
    field::Kind,
    id::{OfficialId, RecordId},
    op::Conflict,
    record::Record,
    text,
};
use serde_json::Value;
use std::collections::HashMap;

/// An open conflict.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictItem {
    /// The record.
    pub record: Record,
    /// The field.
    pub field: String,
    /// What stands in it now.
    pub value: Value,
    /// Its candidates, in full.
    pub conflict: Conflict,
}

/// An op that waits for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldItem {
    /// The op.
    pub op: StoredOp,
    /// Why it is held.
    pub code: String,
    /// Set aside because its number was used twice; its phone may still join again and issue it anew.
    pub aside: bool,
}

/// An enrolment with its person and state.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrollmentItem {
    /// The enrolment.
    pub enrollment: Record,
    /// The person: the survivor where the enrolment's own worker is linked.
    pub worker: Record,
    /// Where it stands, open flags included.
    pub state: EnrollmentState,
}

/// A person found.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonItem {
    /// The person.
    pub worker: Record,
    /// Their enrolments, oldest first.
    pub enrollments: Vec<EnrollmentItem>,
}

impl Service {
    /// Open conflicts within a scope, by record id after one.
    pub fn open_conflicts(
        &self,
        by: OfficialId,
        scope: &Scope,
        after: Option<RecordId>,
        limit: usize,
        now: i64,
    ) -> Result<Vec<ConflictItem>, ServiceError> {
        let filter = RecordFilter { conflict: true, ..RecordFilter::default() };
        let found = self.storage.read()?.find(&filter, scope, after, limit)?;
        self.audit_look(by, "look_conflicts", found.len(), now)?;
        Ok(found
            .into_iter()
            .flat_map(|kept| {
                let record = kept.record;
                let open: Vec<(String, Conflict)> = record.conflicts.clone().into_iter().collect();
                open.into_iter().map(move |(field, conflict)| ConflictItem {
                    value: record.value(&field).clone(),
                    record: record.clone(),
                    field,
                    conflict,
                })
            })
            .collect())
    }

    /// Held ops, then those set aside, each oldest first.
    pub fn held_ops(&self, by: OfficialId, now: i64) -> Result<Vec<HeldItem>, ServiceError> {
        let unit = self.storage.read()?;
        let (held, aside) = (unit.held(&HeldFilter::All)?, unit.quarantined()?);
        drop(unit);
        self.audit_look(by, "look_held", held.len() + aside.len(), now)?;
        let code = |op: &StoredOp| op.outcome.as_ref().and_then(|outcome| outcome.code.clone()).unwrap_or_default();
        let held = held.into_iter().map(|op| HeldItem { code: code(&op), op, aside: false });
        let aside = aside.into_iter().map(|op| HeldItem { code: "op_reused".to_owned(), op, aside: true });
        Ok(held.chain(aside).collect())
    }

    /// Pairs that may be one person: in a state, or all.
    pub fn duplicates(
        &self,
        by: OfficialId,
        state: Option<DuplicateState>,
        now: i64,
    ) -> Result<Vec<Duplicate>, ServiceError> {
        let pairs = self.storage.read()?.duplicates(None, state)?;
        self.audit_look(by, "look_duplicates", pairs.len(), now)?;
        Ok(pairs)
    }

    /// Enrolments in a stored state (all where none is named), by id after one.
    pub fn enrollments(
        &self,
        by: OfficialId,
        status: Option<&str>,
        scope: &Scope,
        after: Option<RecordId>,
        limit: usize,
        now: i64,
    ) -> Result<Vec<EnrollmentItem>, ServiceError> {
        let filter =
            RecordFilter { kind: Some(Kind::Enrollment), status: status.map(str::to_owned), ..RecordFilter::default() };
        let unit = self.storage.read()?;
        let found = unit.find(&filter, scope, after, limit)?;
        let items = items(&*unit, found)?;
        drop(unit);
        self.audit_look(by, "look_enrollments", items.len(), now)?;
        Ok(items)
    }

    /// These enrolments, as far as they are within a scope.
    pub fn enrollments_by_id(
        &self,
        by: OfficialId,
        ids: &[RecordId],
        scope: &Scope,
        now: i64,
    ) -> Result<Vec<EnrollmentItem>, ServiceError> {
        let unit = self.storage.read()?;
        let mut found = unit.records(ids, scope)?;
        found.retain(|kept| kept.record.kind == Kind::Enrollment);
        let items = items(&*unit, found)?;
        drop(unit);
        self.audit_look(by, "look_enrollments", items.len(), now)?;
        Ok(items)
    }

    /// One record by its id, within a scope.
    pub fn record(&self, by: OfficialId, id: RecordId, scope: &Scope, now: i64) -> Result<Record, ServiceError> {
        let found = self.storage.read()?.records(&[id], scope)?.pop();
        self.audit_look(by, "look_record", usize::from(found.is_some()), now)?;
        found.map(|kept| kept.record).ok_or(ServiceError::NotFound("record"))
    }

    /// Everything received for a record, oldest first.
    pub fn history(&self, by: OfficialId, id: RecordId, now: i64) -> Result<Vec<StoredOp>, ServiceError> {
        let history = self.storage.read()?.history(id)?;
        self.audit_look(by, "look_history", history.len(), now)?;
        Ok(history)
    }

    /// The person who holds a NIK.
    pub fn find_by_nik(
        &self,
        by: OfficialId,
        nik: &payung_domain::nik::Nik,
        scope: &Scope,
        now: i64,
    ) -> Result<Option<PersonItem>, ServiceError> {
        let unit = self.storage.read()?;
        let claim = unit.claims(&[self.storage.sealer().nik_hash(nik.expose())])?;
        let ids: Vec<RecordId> = claim.into_iter().map(|(_, record)| record).collect();
        let mut people = people(&*unit, unit.records(&ids, scope)?)?;
        drop(unit);
        self.audit_look(by, "search_nik", people.len(), now)?;
        Ok(people.pop())
    }

    /// Persons whose name has all these words, whole, however they are spelt in case and marks.
    pub fn find_by_name(
        &self,
        by: OfficialId,
        name: &str,
        scope: &Scope,
        limit: usize,
        now: i64,
    ) -> Result<Vec<PersonItem>, ServiceError> {
        let sealer = self.storage.sealer();
        let words: Vec<_> = text::name_words(name).iter().map(|word| sealer.word_hash(word)).collect();
        let unit = self.storage.read()?;
        let people = people(&*unit, unit.by_name(&words, scope, None, limit)?)?;
        drop(unit);
        self.audit_look(by, "search_name", people.len(), now)?;
        Ok(people)
    }

    /// The claim hash of a NIK, as [`super::Act::KnownMembers`] takes it.
    pub fn nik_hash(&self, nik: &payung_domain::nik::Nik) -> String {
        hex::encode(self.storage.sealer().nik_hash(nik.expose()).0)
    }
}

fn people(unit: &dyn Reading, workers: Vec<Kept>) -> Result<Vec<PersonItem>, ServiceError> {
    let ids: Vec<RecordId> = workers.iter().map(|kept| kept.record.id).collect();
    let children = unit.children(&ids, &Scope::Office)?;
    let enrollments = children.into_iter().filter(|kept| kept.record.kind == Kind::Enrollment).collect();
    let mut by_worker: HashMap<RecordId, Vec<EnrollmentItem>> = HashMap::new();
    for item in items(unit, enrollments)? {
        let worker = item.enrollment.kind.parent(&item.enrollment.body).unwrap_or(item.worker.id);
        by_worker.entry(worker).or_default().push(item);
    }
    Ok(workers
        .into_iter()
        .map(|kept| {
            let enrollments = by_worker.remove(&kept.record.id).unwrap_or_default();
            PersonItem { worker: kept.record, enrollments }
        })
        .collect())
}

/// Enrolments with their persons, loaded together.
fn items(unit: &dyn Reading, enrollments: Vec<Kept>) -> Result<Vec<EnrollmentItem>, ServiceError> {
    let parent = |record: &Record| record.kind.parent(&record.body);
    let load = |ids: Vec<RecordId>| -> Result<HashMap<RecordId, Record>, ServiceError> {
        let found = unit.records(&ids, &Scope::Office)?;
        Ok(found.into_iter().map(|kept| (kept.record.id, kept.record)).collect())
    };
    let workers = load(enrollments.iter().filter_map(|kept| parent(&kept.record)).collect())?;
    let linked = workers.values().filter_map(|worker| worker.alias.as_ref()).map(|alias| alias.survivor).collect();
    let survivors = load(linked)?;
    Ok(enrollments
        .into_iter()
        .filter_map(|kept| {
            let own = workers.get(&parent(&kept.record)?)?;
            let survivor = own.alias.as_ref().and_then(|alias| survivors.get(&alias.survivor));
            let worker = survivor.unwrap_or(own).clone();
            let state = state_of(&kept.record, Some(&worker));
            Some(EnrollmentItem { enrollment: kept.record, worker, state })
        })
        .collect())
}
