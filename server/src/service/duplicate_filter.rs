//! The duplicate filter of each village, told to its phones as a shared record.

use super::{
    Service, ServiceError,
    operator::Published,
    shared::shared_record,
    work::{Pen, Work},
};
use crate::storage::{RecordFilter, Scope};
use chrono::Datelike;
use payung_domain::{
    area::Area,
    duplicate_filter::{DUPLICATE_FILTER, DuplicateFilter},
    field::Kind,
    nik::Nik,
    region::RegionCode,
};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Reads at a time: a village has some hundreds of workers.
const PAGE: usize = 1000;

impl Service {
    /// Makes the duplicate filter of each village anew whose people changed, and of all when the year does; answers how many.
    pub fn keep_duplicate_filters(&self, now: i64) -> Result<usize, ServiceError> {
        let epoch = crate::card::jakarta(now).year();
        let mut made = 0;
        for village in self.shared(&Kind::Village)?.into_iter().filter_map(|record| record.area.village()) {
            if self.filter_is_due(village, epoch)? {
                made += usize::from(self.make_filter(village, epoch, now)?);
            }
        }
        Ok(made)
    }

    /// Whether anything was written in a village since its filter was made.
    fn filter_is_due(&self, village: RegionCode, epoch: i32) -> Result<bool, ServiceError> {
        let unit = self.storage.read()?;
        let code = village.to_string();
        let heads = unit.heads(&Area::from(village))?;
        let head = heads.iter().find(|(feed, _)| *feed == code).map_or(0, |(_, seq)| *seq);
        Ok(head > 0 && unit.counter(&seen_counter(village))? != stamp(head, epoch))
    }

    fn make_filter(&self, village: RegionCode, epoch: i32, now: i64) -> Result<bool, ServiceError> {
        let area = Area::from(village);
        let mut work = Work::begin(self, now)?;
        let niks = work.niks_of(&area)?;
        let told = work.duplicate_filter(village, epoch, &niks)?;
        if let Some(told) = &told {
            work.publish(Pen::SERVER, std::slice::from_ref(told))?;
            work.save()?;
        }
        let code = village.to_string();
        let head = work.unit.heads(&area)?.into_iter().find(|(feed, _)| *feed == code).map_or(0, |(_, seq)| seq);
        work.unit.set_counter(&seen_counter(village), stamp(head, epoch))?;
        work.commit()?;
        Ok(told.is_some())
    }
}

impl Work<'_> {
    /// The NIKs of those who are looked after in an area, in their order.
    fn niks_of(&self, area: &Area) -> Result<Vec<Nik>, ServiceError> {
        let workers = RecordFilter { kind: Some(Kind::Worker), ..RecordFilter::default() };
        let scope = Scope::Areas(vec![area.clone()]);
        let (mut niks, mut after) = (Vec::new(), None);
        loop {
            let page = self.unit.find(&workers, &scope, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.record.id);
            let people = page.iter().filter(|kept| kept.record.alias.is_none());
            niks.extend(people.filter_map(|kept| Nik::parse(kept.record.text("nik")?).ok()));
        }
        niks.sort_unstable_by(|one, other| one.expose().cmp(other.expose()));
        niks.dedup();
        Ok(niks)
    }

    /// The shared record of a village's filter, where it is to be told anew.
    fn duplicate_filter(
        &mut self,
        village: RegionCode,
        epoch: i32,
        niks: &[Nik],
    ) -> Result<Option<Published>, ServiceError> {
        let area = Area::from(village);
        let record = shared_record(&Kind::Reference, Some(&area), DUPLICATE_FILTER);
        let key = self.sealer.filter_key(&village.to_string(), epoch);
        let filter = json!(DuplicateFilter::of(village, epoch, &key, niks));
        // keyed by what is in the filter already: says nothing more of anybody
        let content = hex::encode(&Sha256::digest(filter.to_string())[..8]);
        let version = format!("{epoch}/{content}");
        let there = self.get(record)?;
        let (known, none) = (there.and_then(|there| there.text("version")), there.is_none() && niks.is_empty());
        if none || known == Some(version.as_str()) {
            return Ok(None);
        }
        let set = [("name", json!(DUPLICATE_FILTER)), ("version", json!(version)), ("table", filter)];
        let set = set.map(|(field, value)| (field.to_owned(), value)).into();
        Ok(Some(Published { record, kind: Kind::Reference, area, set }))
    }
}

/// Of a village's feed, and the year.
fn stamp(head: u64, epoch: i32) -> u64 {
    head << 16 | u64::from(epoch.unsigned_abs() & 0xffff)
}

fn seen_counter(village: RegionCode) -> String {
    format!("filter:{village}")
}
