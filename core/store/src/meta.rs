//! Single values: who this phone is, how far it has read, its clock and counters.

use crate::{
    error::{Result, StoreError},
    sql,
    store::Store,
};
use payung_domain::{
    area::Area,
    id::{DeviceId, Epoch, Hlc, OfficialId},
    only::Only,
};
use payung_protocol::Cursor;
use rusqlite::{
    OptionalExtension, Transaction,
    types::{FromSql, ToSql},
};
use zeroize::Zeroizing;

/// A phone further from the server's clock than this is told so, and its stamps follow the server's.
pub(crate) const CLOCK_TOLERANCE_MS: i64 = 5 * 60 * 1000;

/// Who this phone is, from its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The device; a new one after joining again.
    pub device: DeviceId,
    /// The person it belongs to.
    pub official: OfficialId,
    /// The official's own area, the default for what they register.
    pub area: Area,
    /// What the phone is about, where it looks after no area; none else.
    pub only: Option<Only>,
    /// The certificate as the server issued it.
    pub certificate: Vec<u8>,
}

pub(crate) fn get<T: FromSql>(tx: &Transaction, name: &str) -> Result<Option<T>> {
    Ok(tx.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()?)
}

pub(crate) fn put(tx: &Transaction, name: &str, value: impl ToSql) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
    )?
    .execute((name, value))?;
    Ok(())
}

pub(crate) fn remove(tx: &Transaction, name: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([name])?;
    Ok(())
}

/// Counters and switches; 0 when never set.
pub(crate) fn number(tx: &Transaction, name: &str) -> Result<i64> {
    Ok(get(tx, name)?.unwrap_or(0))
}

pub(crate) fn device(tx: &Transaction) -> Result<Option<DeviceId>> {
    let bytes: Option<[u8; 16]> = get(tx, "device")?;
    Ok(bytes.and_then(|bytes| DeviceId::from_slice(&bytes)))
}

pub(crate) fn epoch(tx: &Transaction) -> Result<Option<Epoch>> {
    Ok(get(tx, "epoch")?.map(|epoch: i64| Epoch(sql::unbits(epoch))))
}

pub(crate) fn cursor(tx: &Transaction) -> Result<Option<Cursor>> {
    Ok(get(tx, "cursor")?.map(Cursor))
}

/// The next stamp of this phone: never goes back, and follows the server where the phone's clock is far off.
pub(crate) fn next_hlc(tx: &Transaction, now_ms: i64) -> Result<Hlc> {
    let last = Hlc(sql::unbits(number(tx, "hlc")?));
    let next = last.next(now_ms.saturating_add(number(tx, "clock_offset")?));
    put(tx, "hlc", sql::bits(next.0))?;
    Ok(next)
}

/// A number for the next op. Counts up per device and is never given twice.
pub(crate) fn next_n(tx: &Transaction) -> Result<u64> {
    let n = number(tx, "last_n")? + 1;
    put(tx, "last_n", n)?;
    Ok(sql::unbits(n))
}

/// What the phone is about, where it looks after no area.
pub(crate) fn only(tx: &Transaction) -> Result<Option<Only>> {
    let json: Option<String> = get(tx, "only")?;
    Ok(json.as_deref().map(serde_json::from_str).transpose()?)
}

fn read_identity(tx: &Transaction) -> Result<Option<Identity>> {
    let Some(device) = device(tx)? else { return Ok(None) };
    let official: [u8; 16] = get(tx, "official")?.ok_or(StoreError::Corrupt)?;
    let area: String = get(tx, "area")?.ok_or(StoreError::Corrupt)?;
    Ok(Some(Identity {
        device,
        official: OfficialId::from_slice(&official).ok_or(StoreError::Corrupt)?,
        area: sql::area(&area)?,
        only: only(tx)?,
        certificate: get(tx, "certificate")?.unwrap_or_default(),
    }))
}

pub(crate) fn write_identity(tx: &Transaction, identity: &Identity) -> Result<()> {
    put(tx, "device", identity.device.bytes())?;
    put(tx, "official", identity.official.bytes())?;
    put(tx, "area", identity.area.as_str())?;
    match &identity.only {
        Some(only) => put(tx, "only", sql::to_json(only)?)?,
        None => remove(tx, "only")?,
    }
    put(tx, "certificate", &identity.certificate)
}

impl Store {
    /// Who this phone is; none before it has joined.
    pub fn identity(&self) -> Result<Option<Identity>> {
        self.read(read_identity)
    }

    /// Keeps what joining, or a renewed certificate, brought. For another device id than before, see
    /// [`Store::rejoin`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the device is another than the present one.
    pub fn set_identity(&self, identity: &Identity) -> Result<()> {
        self.write("meta", |tx, changed| {
            if device(tx)?.is_some_and(|present| present != identity.device) {
                return Err(StoreError::NotFound);
            }
            changed.outbox = true;
            write_identity(tx, identity)
        })
    }

    /// The device's secret keys, as [`Store::set_keys`] was given them.
    pub fn keys(&self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        self.read(|tx| Ok(get(tx, "keys")?.map(Zeroizing::new)))
    }

    /// Keeps the device's secret keys.
    pub fn set_keys(&self, keys: &[u8]) -> Result<()> {
        self.write("meta", |tx, _| put(tx, "keys", keys))
    }

    /// A value another layer keeps here: server addresses, key list, back-off.
    pub fn value(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(|tx| get(tx, &format!("kept.{name}")))
    }

    /// Keeps a value of another layer; none removes it.
    pub fn set_value(&self, name: &str, value: Option<&[u8]>) -> Result<()> {
        let name = format!("kept.{name}");
        self.write("meta", |tx, _| match value {
            Some(value) => put(tx, &name, value),
            None => remove(tx, &name),
        })
    }

    /// How far this phone has read, and in which epoch.
    pub fn cursor(&self) -> Result<(Option<Epoch>, Option<Cursor>)> {
        self.read(|tx| Ok((epoch(tx)?, cursor(tx)?)))
    }

    /// Whether the server found this phone's numbers used by another copy of it: nothing is sent until
    /// [`Store::rejoin`].
    pub fn rejoin_needed(&self) -> Result<bool> {
        self.read(|tx| Ok(number(tx, "rejoin_needed")? != 0))
    }

    /// By how much the phone's clock was found to be off at the last live exchange, in milliseconds; 0 when it was
    /// within 5 minutes.
    pub fn clock_offset_ms(&self) -> Result<i64> {
        self.read(|tx| number(tx, "clock_offset"))
    }
}
