//! Ecosystems and whom this phone knows under them.

use crate::{coverage::phase_of, error::Result, shown, store::Store};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    coverage::Coverage,
    ecosystem::{Ecosystem, key},
    field::Kind,
};
use std::collections::BTreeMap;

/// An ecosystem with whom this phone holds of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcosystemView {
    /// The code, as the office writes it; as it was typed where the office has none such.
    pub code: String,
    /// As the office shares it; none for a code that it does not know.
    pub ecosystem: Option<Ecosystem>,
    /// The area it is shared in; none likewise.
    pub area: Option<Area>,
    /// Persons of it with an enrolment on this phone, by where it stands.
    pub counts: Coverage,
    /// Persons of it on this phone, with an enrolment or without.
    pub workers_known: u64,
}

impl Store {
    /// Every ecosystem that the office shares with this phone or that somebody here is registered under, by name. How many people
    /// it has in all is what it says itself, where it says so; the rest is counted here.
    pub fn ecosystems(&self, today: NaiveDate) -> Result<Vec<EcosystemView>> {
        self.read(|tx| {
            let mut views: BTreeMap<String, EcosystemView> = BTreeMap::new();
            for record in shown::shared(tx, &Kind::Ecosystem)? {
                let Some(ecosystem) = Ecosystem::of(&record.body()) else { continue };
                let view = EcosystemView {
                    code: ecosystem.code.clone(),
                    area: Some(record.area.clone()),
                    counts: Coverage::default(),
                    workers_known: 0,
                    ecosystem: Some(ecosystem),
                };
                views.insert(key(&view.code), view);
            }
            let mut statement = tx.prepare_cached(
                "SELECT ecosystem, status, covered_from, covered_until FROM worker WHERE ecosystem IS NOT NULL",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let code: String = row.get(0)?;
                let view = views.entry(key(&code)).or_insert_with(|| EcosystemView {
                    code: code.trim().to_owned(),
                    ecosystem: None,
                    area: None,
                    counts: Coverage::default(),
                    workers_known: 0,
                });
                view.workers_known += 1;
                if let Some(phase) = phase_of(row, 1, today) {
                    view.counts.add(phase);
                }
            }
            let mut all: Vec<EcosystemView> = views.into_values().collect();
            // an ended one of which nobody is here has nothing to tell
            all.retain(|view| view.workers_known > 0 || view.ecosystem.as_ref().is_some_and(|one| one.ended.is_none()));
            let name = |view: &EcosystemView| view.ecosystem.as_ref().map_or(view.code.clone(), |one| one.name.clone());
            all.sort_by_key(|view| (view.ecosystem.is_none(), name(view)));
            Ok(all)
        })
    }
}
