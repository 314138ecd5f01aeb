//! What the office shares with all phones of a region: clinics, sponsors' agreements, ecosystems, tables.

use super::{
    Service, ServiceError,
    operator::Published,
    work::{Pen, Work},
};
use crate::storage::{RecordFilter, Scope};
use payung_domain::{
    area::Area,
    contribution::ContributionTables,
    field::Kind,
    id::{OfficialId, RecordId},
    merge::Authority,
    op::Body,
    record::Record,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The id of a shared record that is known by a code, in its area or everywhere: the same after a restore or from
/// another file, so that no phone holds two.
pub fn shared_record(kind: &Kind, area: Option<&Area>, code: &str) -> RecordId {
    let digest = Sha256::new()
        .chain_update(b"payung/shared/1")
        .chain_update(kind.name())
        .chain_update([0])
        .chain_update(area.map_or("", Area::as_str))
        .chain_update([0])
        .chain_update(code)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    RecordId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

impl Service {
    /// Every shared record of a kind that phones of these areas are told of: by record id.
    pub fn shared(&self, kind: &Kind) -> Result<Vec<Record>, ServiceError> {
        let filter = RecordFilter { kind: Some(kind.clone()), ..RecordFilter::default() };
        let (unit, mut all) = (self.storage.read()?, Vec::new());
        loop {
            let after = all.last().map(|record: &Record| record.id);
            let page = unit.find(&filter, &Scope::Office, after, 1000)?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_iter().map(|kept| kept.record));
        }
    }
}

impl Service {
    /// The tables of contributions: those published here, over the one built in.
    pub fn contribution_tables(&self) -> Result<ContributionTables, ServiceError> {
        let all = self.shared(&Kind::Reference)?;
        Ok(ContributionTables::of(all.iter().map(|record| &record.body)))
    }

    /// Of an ecosystem's own list: how many people are in it, and how many of them are registered here.
    pub fn members_registered(
        &self,
        by: OfficialId,
        ecosystem: RecordId,
        now: i64,
    ) -> Result<(usize, usize), ServiceError> {
        let unit = self.storage.read()?;
        let members = unit.ecosystem_members(ecosystem)?;
        let registered = unit.claims(&members)?.len();
        drop(unit);
        self.audit_look(by, "look_ecosystem", members.len(), now)?;
        Ok((members.len(), registered))
    }
}

impl Work<'_> {
    /// Makes shared records or writes what differs; answers how many it touched.
    pub(super) fn publish(&mut self, pen: Pen, records: &[Published]) -> Result<usize, ServiceError> {
        let refused = |code: &str| ServiceError::Refused(code.to_owned());
        let by_server = Pen { authority: Authority::Server, ..pen };
        self.load(records.iter().map(|one| one.record))?;
        let mut touched = 0;
        for one in records {
            if !one.kind.is_server_owned() {
                return Err(refused("kind_not_server_owned"));
            }
            let wrong = |(field, value): (&String, &Value)| one.kind.validate(field, value).is_err();
            if one.set.iter().any(wrong) {
                return Err(refused("field_invalid"));
            }
            match self.get(one.record)? {
                Some(there) if there.kind != one.kind || there.area != one.area => {
                    return Err(refused("record_differs"));
                }
                Some(_) => {}
                None => self.create(Record::new(one.record, one.kind.clone(), one.area.clone())),
            }
            if one.kind == Kind::SponsorAgreement && !self.keeps_an_agreement(one)? {
                return Err(refused("agreement_invalid"));
            }
            let there = self.need(one.record)?;
            let set: Body = one.set.iter().filter(|(field, value)| there.value(field) != *value).map(owned).collect();
            if !set.is_empty() {
                self.write(by_server, one.record, set)?;
                touched += 1;
            }
        }
        Ok(touched)
    }
}

fn owned((field, value): (&String, &Value)) -> (String, Value) {
    (field.clone(), value.clone())
}
