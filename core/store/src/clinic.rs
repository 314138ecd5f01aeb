//! The clinics of the work-accident network (PLKK) that the office shares.

use crate::{
    error::Result,
    shown::{self, ShownRecord},
    store::Store,
};
use payung_domain::{
    area::Area,
    clinic::{Clinic, Position},
    field::Kind,
    text,
};

/// Which clinics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClinicQuery {
    /// Nearest to here first.
    pub near: Option<Position>,
    /// Of a district or a wider region only.
    pub region: Option<Area>,
    /// With this in name or address, however it is spelt in case and marks.
    pub typed: String,
    /// At most so many.
    pub limit: usize,
}

/// A clinic with how far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ClinicView {
    /// The clinic.
    pub clinic: Clinic,
    /// Metres as the crow flies, where both places are known.
    pub metres: Option<u32>,
    /// `2,4 km`, for people; empty where it is not known.
    pub distance: String,
}

impl Store {
    /// The clinics there are, nearest first where a place is told, else by district and name. Those whose place is not
    /// known come last.
    pub fn clinics(&self, query: &ClinicQuery) -> Result<Vec<ClinicView>> {
        let typed = text::fold(&query.typed);
        let fits = |clinic: &Clinic| {
            let within = query.region.as_ref().is_none_or(|region| clinic.is_in(region));
            within && (text::fold(&clinic.name).contains(&typed) || text::fold(&clinic.address).contains(&typed))
        };
        let mut found: Vec<ClinicView> = self
            .shared(&Kind::Plkk)?
            .iter()
            .filter_map(|record| Clinic::of(&record.body()))
            .filter(|clinic| clinic.ended.is_none() && fits(clinic))
            .map(|clinic| ClinicView::from(clinic, query.near))
            .collect();
        found.sort_by(|one, other| {
            let key = |view: &ClinicView| (view.metres.is_none(), view.metres);
            let name = |view: &ClinicView| (view.clinic.district.clone(), view.clinic.name.clone());
            key(one).cmp(&key(other)).then_with(|| name(one).cmp(&name(other)))
        });
        found.truncate(query.limit);
        Ok(found)
    }

    /// The records of a kind that the office shares with this phone, oldest first.
    pub fn shared(&self, kind: &Kind) -> Result<Vec<ShownRecord>> {
        self.read(|tx| shown::shared(tx, kind))
    }
}

impl ClinicView {
    fn from(clinic: Clinic, near: Option<Position>) -> Self {
        let metres = near.zip(clinic.position).map(|(here, there)| here.metres_to(there));
        Self { distance: metres.map(payung_domain::clinic::distance).unwrap_or_default(), metres, clinic }
    }
}
