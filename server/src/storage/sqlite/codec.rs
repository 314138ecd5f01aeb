//! Rows to domain types and back.

use super::{
    super::{
        CardRow, Device, Duplicate, DuplicateState, Kept, NikHash, OpStatus, Result, Sealer, Sponsored, StorageError,
        StoredOffer, StoredOp, seal::Row as Sealed,
    },
    Unit,
};
use payung_domain::{
    area::Area,
    calendar::Month,
    field::Kind,
    id::{DeviceId, RecordId},
    op::{OpHash, Outcome},
    record::Record,
    region::RegionCode,
    sponsorship::Standing,
};
use rusqlite::Row;
use serde::de::DeserializeOwned;

/// The columns [`Unit::record`] reads.
pub(super) const RECORD: &str = "id, kind, area, version, state";
/// The columns [`Unit::read_op`] reads.
pub(super) const OP: &str = "device, n, hash, received_at, status, waits_for, op, outcome";
/// The columns [`duplicate`] reads.
pub(super) const DUPLICATE: &str = "token, later, earlier, state, opened_at, decided_at, closed";

/// SQLite's integers are signed; counters and hashes keep their bits.
pub(super) fn signed(value: u64) -> i64 {
    value.cast_signed()
}

pub(super) fn unsigned(value: i64) -> u64 {
    value.cast_unsigned()
}

pub(super) fn record_id(row: &Row<'_>, column: &str) -> Result<RecordId> {
    let bytes = row.get_ref(column)?.as_blob().map_err(|_| StorageError::Unreadable("record id"))?;
    RecordId::from_slice(bytes).ok_or(StorageError::Unreadable("record id"))
}

pub(super) fn device_id(row: &Row<'_>, column: &str) -> Result<DeviceId> {
    let bytes = row.get_ref(column)?.as_blob().map_err(|_| StorageError::Unreadable("device id"))?;
    DeviceId::from_slice(bytes).ok_or(StorageError::Unreadable("device id"))
}

pub(super) fn sponsored(row: &Row<'_>) -> Result<Sponsored> {
    let month = |column: &str| {
        let text = row.get_ref(column)?.as_str().unwrap_or_default();
        Month::parse(text).map_err(|_| StorageError::Unreadable("claim"))
    };
    Ok(Sponsored {
        claim: record_id(row, "claim")?,
        enrollment: record_id(row, "enrollment")?,
        agreement: record_id(row, "agreement")?,
        person: row.get::<_, Option<[u8; 16]>>("person")?.map(NikHash),
        first: month("first")?,
        last: month("last")?,
        place: unsigned(row.get("place")?),
        standing: Standing::from(row.get_ref("standing")?.as_str().unwrap_or_default()),
        code: row.get("code")?,
    })
}

pub(super) fn card(row: &Row<'_>) -> Result<CardRow> {
    let unreadable = || StorageError::Unreadable("card");
    let text = |column: &str| Ok::<_, StorageError>(row.get_ref(column)?.as_str().unwrap_or_default().to_owned());
    Ok(CardRow {
        id: text("id")?,
        worker: row.get::<_, Option<[u8; 16]>>("worker")?.and_then(|id| RecordId::from_slice(&id)),
        list: RegionCode::parse(&text("list")?).map_err(|_| unreadable())?,
        place: row.get("place")?,
        facts: row.get("facts")?,
        revoked: row.get("revoked")?,
        expires: text("expires")?.parse().map_err(|_| unreadable())?,
    })
}

pub(super) fn op_hash(row: &Row<'_>, column: &str) -> Result<OpHash> {
    Ok(OpHash(row.get::<_, [u8; 8]>(column)?))
}

pub(super) fn area(row: &Row<'_>, column: &str) -> Result<Area> {
    let path = row.get_ref(column)?.as_str().map_err(|_| StorageError::Unreadable("area"))?;
    Area::parse(path).map_err(|_| StorageError::Unreadable("area"))
}

pub(super) fn status(row: &Row<'_>) -> Result<OpStatus> {
    let name = row.get_ref("status")?.as_str().map_err(|_| StorageError::Unreadable("op"))?;
    OpStatus::from_name(name).ok_or(StorageError::Unreadable("op"))
}

pub(super) fn json<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|_| StorageError::Unreadable(what))
}

pub(super) fn to_json<T: serde::Serialize>(value: &T, what: &'static str) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|_| StorageError::Unreadable(what))
}

pub(super) fn outcome(sealer: &Sealer, device: DeviceId, n: u64, blob: Option<Vec<u8>>) -> Result<Option<Outcome>> {
    let Some(blob) = blob else { return Ok(None) };
    json(&sealer.open(Sealed::Outcome(&device.bytes(), n), &blob)?, "outcome").map(Some)
}

pub(super) fn duplicate(row: &Row<'_>) -> Result<Duplicate> {
    let state: String = row.get("state")?;
    let closed: Option<Vec<u8>> = row.get("closed")?;
    Ok(Duplicate {
        token: row.get("token")?,
        later: record_id(row, "later")?,
        earlier: record_id(row, "earlier")?,
        state: DuplicateState::from_name(&state).ok_or(StorageError::Unreadable("duplicate"))?,
        opened_at: row.get("opened_at")?,
        decided_at: row.get("decided_at")?,
        closed: closed.map_or(Ok(Vec::new()), |closed| json(&closed, "duplicate"))?,
    })
}

impl Unit<'_> {
    pub(super) fn record(&self, row: &Row<'_>) -> Result<Kept> {
        let id = record_id(row, "id")?;
        let blob = row.get_ref("state")?.as_blob().map_err(|_| StorageError::Unreadable("record"))?;
        let state = self.sealer.open(Sealed::Record(&id.bytes()), blob)?;
        let kind = row.get_ref("kind")?.as_str().map_err(|_| StorageError::Unreadable("record"))?;
        let area = area(row, "area")?;
        let version = unsigned(row.get("version")?);
        let record = Record::from_state(id, Kind::from_name(kind), area.clone(), version, &state)
            .map_err(|_| StorageError::Unreadable("record"))?;
        Ok(Kept { record, stored: Some((area, version)) })
    }

    pub(super) fn read_op(&self, row: &Row<'_>) -> Result<StoredOp> {
        let device = device_id(row, "device")?;
        let n = unsigned(row.get("n")?);
        let op = self.sealer.open(Sealed::Op(&device.bytes(), n), row.get_ref("op")?.as_blob().unwrap_or_default())?;
        let waits_for: Option<[u8; 16]> = row.get("waits_for")?;
        Ok(StoredOp {
            device,
            op: json(&op, "op")?,
            hash: op_hash(row, "hash")?,
            received_at: row.get("received_at")?,
            status: status(row)?,
            waits_for: waits_for.and_then(|id| RecordId::from_slice(&id)),
            outcome: outcome(self.sealer, device, n, row.get("outcome")?)?,
        })
    }

    /// A record that was offered.
    pub(super) fn read_offer(&self, row: &Row<'_>) -> Result<StoredOffer> {
        let id = record_id(row, "record")?;
        let blob = row.get_ref("offer")?.as_blob().map_err(|_| StorageError::Unreadable("offer"))?;
        Ok(StoredOffer {
            offer: json(&self.sealer.open(Sealed::Offer(&id.bytes()), blob)?, "offer")?,
            device: device_id(row, "device")?,
            received_at: row.get("received_at")?,
        })
    }

    /// An official, device or invite.
    pub(super) fn person<T: DeserializeOwned>(&self, id: &[u8], blob: &[u8]) -> Result<T> {
        json(&self.sealer.open(Sealed::Person(id), blob)?, "person")
    }

    pub(super) fn read_quarantined(&self, row: &Row<'_>) -> Result<StoredOp> {
        let (device, n) = (device_id(row, "device")?, unsigned(row.get("n")?));
        let blob = row.get_ref("op")?.as_blob().unwrap_or_default();
        Ok(StoredOp {
            device,
            op: json(&self.sealer.open(Sealed::Quarantine(&device.bytes(), n), blob)?, "op")?,
            hash: op_hash(row, "hash")?,
            received_at: row.get("received_at")?,
            status: OpStatus::Refused,
            waits_for: None,
            outcome: None,
        })
    }

    pub(super) fn device_row(&self, row: &Row<'_>) -> Result<Device> {
        let id: [u8; 16] = row.get("id")?;
        let mut device: Device = self.person(&id, row.get_ref("person")?.as_blob().unwrap_or_default())?;
        device.seen_through = unsigned(row.get("seen_through")?);
        Ok(device)
    }
}
