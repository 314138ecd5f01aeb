//! Areas: the record each village's phones need, and moving records to who looks after them now.

use super::{
    ServiceError,
    work::{Pen, Work},
};
use payung_domain::{area::Area, field::Kind, id::RecordId, op::Body, record::Record, region};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The id of a village's own record: the same after a restore, so that no phone holds two.
pub(super) fn village_record(code: &str) -> RecordId {
    let digest = Sha256::new().chain_update(b"payung/village/1").chain_update(code).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    RecordId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

impl Work<'_> {
    /// Makes the village's own record, which carries the key of its NIK tags, if there is none.
    pub(super) fn ensure_village(&mut self, area: &Area) -> Result<(), ServiceError> {
        let Some(village) = area.village() else { return Ok(()) };
        // once a unit: a bundle's records are mostly of one village
        if !self.villages.insert(village) {
            return Ok(());
        }
        let code = village.to_string();
        let id = village_record(&code);
        if self.get(id)?.is_some() {
            return Ok(());
        }
        let area = Area::from(village);
        let label = region::describe(&village).map_or_else(|| code.clone(), |_| area.label());
        self.create(Record::new(id, Kind::Village, area));
        let key = hex::encode(self.sealer.tag_key(&code));
        let set = [("name".to_owned(), Value::from(label)), ("tag_key".to_owned(), Value::from(key))];
        self.write(Pen::SERVER, id, Body::from(set))?;
        Ok(())
    }

    /// Hands a record and what belongs to it to another area.
    pub(super) fn move_record(&mut self, id: RecordId, to: &Area) -> Result<usize, ServiceError> {
        if !to.is_village_or_below() {
            return Err(ServiceError::Refused("area_invalid".to_owned()));
        }
        let record = self.need(id)?;
        if record.alias.is_some() {
            return Err(ServiceError::Refused("linked".to_owned()));
        }
        if record.kind.is_server_owned() {
            return Err(ServiceError::Refused("kind_server_owned".to_owned()));
        }
        self.ensure_village(to)?;
        let mut moved = 0;
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            next.extend(self.children(id)?);
            if self.need(id)?.area != *to
                && let Some(record) = self.edit(id)?
            {
                record.area = to.clone();
                record.version += 1;
                moved += 1;
            }
        }
        Ok(moved)
    }
}
