//! The database key, and the small file beside the database that tells a wrong key from a damaged header.
//!
//! SQLCipher says "not a database" to both. The check file holds a nonce and an HMAC of it under the key: it tells
//! whether a key is right without opening the database, and gives nothing away of 32 random bytes.

use crate::error::{Result, StoreError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};
use zeroize::Zeroizing;

/// The 32 random bytes SQLCipher encrypts with, used as they are (no derivation from a password here). They stay where
/// they are until they are wiped: a value that moves leaves a copy on the stack.
pub struct DatabaseKey(Box<Zeroizing<[u8; 32]>>);

impl Clone for DatabaseKey {
    fn clone(&self) -> Self {
        Self::copied(&self.0)
    }
}

impl std::fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseKey(..)")
    }
}

impl DatabaseKey {
    /// The key of these bytes. The caller's are theirs to wipe, and those handed over leave a copy on the stack:
    /// outside tests, see [`DatabaseKey::copied`].
    pub fn new(bytes: [u8; 32]) -> Self {
        Self::copied(&bytes)
    }

    /// The key of bytes that lie elsewhere, copied without a stop between.
    pub fn copied(bytes: &[u8; 32]) -> Self {
        let mut key = Self(Box::default());
        key.0.copy_from_slice(bytes);
        key
    }

    /// `x'…'`, SQLCipher's way to write a raw key.
    pub(crate) fn literal(&self) -> Zeroizing<String> {
        let mut hex = Zeroizing::new([0_u8; 64]);
        // 64 is twice 32, so this cannot fail
        let _ = hex::encode_to_slice(self.0.as_slice(), hex.as_mut_slice());
        Zeroizing::new(format!("x'{}'", String::from_utf8_lossy(hex.as_slice())))
    }

    fn mac(&self, nonce: &[u8]) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).ok()?;
        Some(mac.chain_update(b"payung/key-check/1").chain_update(nonce))
    }
}

const NONCE: usize = 16;
const MAC: usize = 32;
const SUM: usize = 8;

/// What the check file says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyCheck {
    Right,
    Wrong,
    /// No check file, or itself damaged.
    Unknown,
}

pub(crate) fn check(path: &Path, key: &DatabaseKey) -> Result<KeyCheck> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(KeyCheck::Unknown),
        Err(error) => return Err(error.into()),
    };
    let Some((said, sum)) = bytes.split_at_checked(NONCE + MAC) else { return Ok(KeyCheck::Unknown) };
    if sum != &Sha256::digest(said)[..SUM] {
        return Ok(KeyCheck::Unknown);
    }
    let (nonce, mac) = said.split_at(NONCE);
    let verified = key.mac(nonce).is_some_and(|expected| expected.verify_slice(mac).is_ok());
    Ok(if verified { KeyCheck::Right } else { KeyCheck::Wrong })
}

/// Writes the check file for a key known to be right. The nonce is the database's own random salt, its first bytes.
pub(crate) fn write(path: &Path, database: &Path, key: &DatabaseKey) -> Result<()> {
    use std::io::Read;
    let mut nonce = [0; NONCE];
    File::open(database)?.read_exact(&mut nonce)?;
    let mac = key.mac(&nonce).ok_or(StoreError::Defect(0))?.finalize().into_bytes();
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&mac);
    bytes.extend_from_slice(&Sha256::digest(&bytes)[..SUM]);
    let new = path.with_extension("check-new");
    let mut file = File::create(&new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    Ok(())
}
