//! Between the domain's types and SQLite's.

use crate::error::{Result, StoreError};
use payung_domain::{
    area::Area,
    id::{Base, DeviceId, Epoch, RecordId},
    op::OpHash,
};
use rusqlite::Row;
use serde::{Serialize, de::DeserializeOwned};

/// A u64 as the i64 of the same bits.
pub(crate) fn bits(value: u64) -> i64 {
    value.cast_signed()
}

/// The u64 of an i64's bits.
pub(crate) fn unbits(value: i64) -> u64 {
    value.cast_unsigned()
}

pub(crate) fn record(row: &Row, column: usize) -> Result<RecordId> {
    let bytes: [u8; 16] = row.get(column)?;
    RecordId::from_slice(&bytes).ok_or(StoreError::Corrupt)
}

pub(crate) fn record_or_none(row: &Row, column: usize) -> Result<Option<RecordId>> {
    let bytes: Option<[u8; 16]> = row.get(column)?;
    Ok(bytes.and_then(|bytes| RecordId::from_slice(&bytes)))
}

pub(crate) fn device_or_none(row: &Row, column: usize) -> Result<Option<DeviceId>> {
    let bytes: Option<[u8; 16]> = row.get(column)?;
    Ok(bytes.and_then(|bytes| DeviceId::from_slice(&bytes)))
}

pub(crate) fn hash_or_none(row: &Row, column: usize) -> Result<Option<OpHash>> {
    let bytes: Option<[u8; 8]> = row.get(column)?;
    Ok(bytes.map(OpHash))
}

/// {epoch, version} of two neighbouring columns; none where the epoch is NULL.
pub(crate) fn base(row: &Row, column: usize) -> Result<Option<Base>> {
    let epoch: Option<i64> = row.get(column)?;
    let version: Option<i64> = row.get(column + 1)?;
    Ok(epoch.map(|epoch| Base { epoch: Epoch(unbits(epoch)), version: unbits(version.unwrap_or(0)) }))
}

pub(crate) fn area(text: &str) -> Result<Area> {
    Area::parse(text).map_err(|_| StoreError::Corrupt)
}

pub(crate) fn json<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_str(text)?)
}

/// JSON text; what the store holds can always be written.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}
