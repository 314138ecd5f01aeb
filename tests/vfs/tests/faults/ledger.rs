//! What was said to be saved, and what may be saved without having been said.

use crate::world::{edit_notes, found, register, someone, visit};
use payung_domain::{field::Kind, id::RecordId, text};
use payung_server::{service::Service, storage::Scope};
use payung_store::{Store, StoreError};
use std::collections::BTreeSet;

/// A person as the ledger knows them.
#[derive(Clone)]
struct Entry {
    person: u64,
    worker: RecordId,
    /// As last said to be saved.
    notes: Option<String>,
    /// Said not to be saved: it may be all the same.
    notes_on_the_way: Option<String>,
    visits: BTreeSet<RecordId>,
}

/// Everything a phone said.
#[derive(Clone)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    /// Registering them was said not to be saved: they may be whole, or not at all.
    on_the_way: BTreeSet<u64>,
    next: u64,
    acts: u64,
}

impl Ledger {
    /// Of a phone as it is: the first `people` are registered.
    pub(crate) fn of(store: &Store, people: u64) -> Self {
        let entry = |person| Entry {
            person,
            worker: found(store, person).unwrap(),
            notes: None,
            notes_on_the_way: None,
            visits: BTreeSet::new(),
        };
        Self { entries: (0..people).map(entry).collect(), on_the_way: BTreeSet::new(), next: people, acts: 0 }
    }

    /// Acts said to be saved.
    pub(crate) fn acts(&self) -> u64 {
        self.acts
    }

    /// Registers the next person, or once more one who was said not to be saved and is not there.
    pub(crate) fn register(&mut self, store: &Store) -> Result<(), StoreError> {
        let person = self.on_the_way.first().copied().unwrap_or(self.next);
        self.next = self.next.max(person + 1);
        self.on_the_way.insert(person);
        let worker = register(store, person)?.ids.worker;
        self.on_the_way.remove(&person);
        self.entries.push(Entry { person, worker, notes: None, notes_on_the_way: None, visits: BTreeSet::new() });
        self.acts += 1;
        Ok(())
    }

    /// Changes a person's notes, or notes a visit.
    pub(crate) fn edit_or_visit(&mut self, store: &Store, rng: &mut fastrand::Rng) -> Result<(), StoreError> {
        let count = self.entries.len();
        let entry = &mut self.entries[rng.usize(..count)];
        if rng.bool() {
            let notes = format!("catatan {}", rng.u32(..));
            entry.notes_on_the_way = Some(notes.clone());
            edit_notes(store, entry.worker, &notes)?;
            (entry.notes, entry.notes_on_the_way) = (Some(notes), None);
        } else {
            entry.visits.insert(visit(store, entry.worker)?);
        }
        self.acts += 1;
        Ok(())
    }

    /// How much of what was said to be saved the phone lacks; what was on its way is settled by what is there.
    ///
    /// # Panics
    /// Half of an act, or something nobody saved, is there.
    pub(crate) fn lost_on(&mut self, store: &Store) -> u64 {
        let mut lost = 0;
        for person in std::mem::take(&mut self.on_the_way) {
            match found(store, person) {
                Some(worker) => {
                    let entry = Entry { person, worker, notes: None, notes_on_the_way: None, visits: BTreeSet::new() };
                    self.entries.push(entry);
                }
                None => drop(self.on_the_way.insert(person)),
            }
        }
        for entry in &mut self.entries {
            let Ok(shown) = store.shown(entry.worker) else {
                lost += 1;
                continue;
            };
            assert_eq!(shown.text("name"), Some(text::normalise_name(&someone(entry.person).name).as_str()));
            let enrollments = store.children(entry.worker, &Kind::Enrollment).unwrap();
            let events = enrollments.iter().map(|it| store.children(it.id, &Kind::EnrollmentEvent).unwrap().len());
            // worker, enrolment and submission stand or fall together
            lost += u64::from(events.collect::<Vec<_>>() != [1]);
            let notes = shown.text("notes").map(str::to_owned);
            if notes.is_some() && notes == entry.notes_on_the_way {
                entry.notes.clone_from(&notes);
            }
            entry.notes_on_the_way = None;
            lost += u64::from(notes != entry.notes);
            let visits = store.children(entry.worker, &Kind::Visit).unwrap();
            let visits: BTreeSet<RecordId> = visits.iter().map(|visit| visit.id).collect();
            lost += entry.visits.difference(&visits).count() as u64;
            // one that was said not to be saved and is
            entry.visits.extend(visits);
        }
        lost
    }

    /// How much of what was said to be saved the server lacks.
    pub(crate) fn lost_at(&self, service: &Service) -> u64 {
        let unit = service.storage().read().unwrap();
        let mut lost = 0;
        for entry in &self.entries {
            let Some(kept) = unit.records(&[entry.worker], &Scope::Office).unwrap().pop() else {
                lost += 1;
                continue;
            };
            let notes = kept.record.body.get("notes").and_then(|notes| notes.as_str()).map(str::to_owned);
            lost += u64::from(notes != entry.notes);
            let children = unit.children(&[entry.worker], &Scope::Office).unwrap();
            let of =
                |kind: Kind| children.iter().filter(move |kept| kept.record.kind == kind).map(|kept| kept.record.id);
            lost += u64::from(of(Kind::Enrollment).count() != 1);
            let visits: BTreeSet<RecordId> = of(Kind::Visit).collect();
            lost += entry.visits.difference(&visits).count() as u64;
        }
        lost
    }

    /// People registered.
    pub(crate) fn people(&self) -> u64 {
        self.entries.len() as u64
    }
}
