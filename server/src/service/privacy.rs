//! What the law gives a person: all that is kept about them, and who was in a phone that is lost (UU 27/2022, articles 7, 13 and 46).

use super::{Service, ServiceError, work::Work};
use crate::storage::{Device, RecordFilter, Scope};
use chrono::{DateTime, Utc};
use payung_domain::{
    calendar::Zone,
    field::Kind,
    id::{DeviceId, OfficialId, RecordId},
    lesson::Language,
    op::Body,
    own_record::{OwnRecord, own_record},
    record::Record,
};

/// Lines of the audit, or records, read at a time.
const PAGE: usize = 1000;

/// A person a phone held.
#[derive(Debug)]
pub struct HeldPerson {
    /// As they are now.
    pub person: Record,
    /// They are looked after elsewhere since: the phone was told to drop them at its next exchange.
    pub moved_away: bool,
}

/// Whom a phone held, at most.
#[derive(Debug)]
pub struct Holdings {
    /// When it last asked, milliseconds since 1970; none where it never did.
    pub last_exchange: Option<i64>,
    /// How often it asked.
    pub exchanges: usize,
    /// In the order of their ids.
    pub people: Vec<HeldPerson>,
    /// How many of its areas were erased since it joined: nobody can name them any more.
    pub erased: usize,
}

impl Service {
    /// Writes down all that the office keeps about a person, for that person.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] where there is no such person within the operator's areas.
    pub fn own_record(
        &self,
        by: OfficialId,
        worker: RecordId,
        language: &Language,
        now: i64,
    ) -> Result<OwnRecord, ServiceError> {
        let scope = self.official(by)?.scope();
        let mut work = Work::begin(self, now)?;
        let none = || ServiceError::NotFound("worker");
        let mut person = work.get(worker)?.filter(|record| record.kind == Kind::Worker).ok_or_else(none)?.clone();
        if let Some(alias) = &person.alias {
            person = work.get(alias.survivor)?.ok_or_else(none)?.clone();
        }
        if !scope.contains(&person.area) {
            return Err(none());
        }
        let mut ids: Vec<RecordId> = work.person(person.id)?.into_iter().map(|one| one.record).collect();
        ids.retain(|id| *id != person.id);
        ids.sort_unstable();
        let mut others: Vec<(Kind, Body)> = Vec::new();
        for id in ids {
            others.extend(work.get(id)?.map(|record| (record.kind.clone(), record.body.clone())));
        }
        drop(work);
        self.audit_look(by, "look_own_record", 1 + others.len(), now)?;
        let at = DateTime::<Utc>::from_timestamp_millis(now).unwrap_or_default();
        let others = others.iter().map(|(kind, body)| (kind, body));
        Ok(own_record(&person.body, others, Zone::from(&person.area), at, language))
    }

    /// Whom a phone held when it last asked: the audit tells when, its areas and what moved out of them tell whom. Nobody
    /// whom it held is left out; somebody registered elsewhere in its areas just before may be named too.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] where no such phone joined, or none within the operator's areas.
    pub fn holdings(&self, by: OfficialId, device: DeviceId, now: i64) -> Result<Holdings, ServiceError> {
        let within = self.official(by)?.scope();
        let unit = self.storage.read()?;
        let known = unit.device(device)?.filter(|device| device.places().any(|area| within.contains(area)));
        let device = known.ok_or(ServiceError::NotFound("device"))?;
        let mut held = Holdings { last_exchange: None, exchanges: 0, people: Vec::new(), erased: 0 };
        let (id, mut after) = (device.id.to_string(), 0);
        loop {
            let page = unit.audit(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for line in page.iter().filter(|line| line.act == "exchange" && line.who == id) {
                held.exchanges += 1;
                held.last_exchange = held.last_exchange.max(Some(line.at));
            }
        }
        if let Some(asked) = held.last_exchange {
            if let Some(only) = &device.only {
                for concerned in unit.concerned(only, 0)? {
                    let found = unit.records(&[concerned.record], &Scope::Office)?.pop();
                    let person = found.map(|kept| kept.record).filter(|record| record.kind == Kind::Worker);
                    held.people.extend(person.map(|person| HeldPerson { person, moved_away: false }));
                }
            } else {
                held.people = people_of(&*unit, &areas_of(&device), asked)?;
            }
            held.erased = unit.erased_within(&areas_of(&device))?;
        }
        drop(unit);
        held.people.retain(|one| one.moved_away || within.contains(&one.person.area));
        self.audit_look(by, "look_holdings", held.people.len(), now)?;
        Ok(held)
    }
}

/// The areas a phone has or had.
fn areas_of(device: &Device) -> Scope {
    let left = device.left.iter().map(|(area, _)| area);
    Scope::Areas(device.areas.iter().chain(left).cloned().collect())
}

fn people_of(unit: &dyn crate::storage::Reading, scope: &Scope, asked: i64) -> Result<Vec<HeldPerson>, ServiceError> {
    let workers = RecordFilter { kind: Some(Kind::Worker), ..RecordFilter::default() };
    let (mut people, mut after) = (Vec::new(), None);
    loop {
        let page = unit.find(&workers, &Scope::Office, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(people) };
        after = Some(last.record.id);
        for kept in page {
            let person = kept.record;
            let moved_away = !scope.contains(&person.area);
            if moved_away && !unit.was_within(person.id, scope)? {
                continue;
            }
            // who came to the office after it had asked was never told to it, unless it wrote them itself
            let first = unit.history(person.id)?.first().map(|op| op.received_at);
            if first.is_none_or(|first| first <= asked) {
                people.push(HeldPerson { person, moved_away });
            }
        }
    }
}
