//! The file a backup is: a clear header, then the database in sealed chunks.
//!
//! `magic (16) || header length (4, big-endian) || header (JSON) || nonce (19) || chunk*`: XChaCha20-Poly1305 in the
//! STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), chunks of 1 MiB, everything before the chunks as
//! additional data of each. So a cut, a swapped chunk or another header does not open.

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, aead::Payload};
use payung_domain::id::Epoch;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

const MAGIC: &[u8; 16] = b"PAYUNG-BACKUP-1\n";
const NONCE: usize = 19;
const CHUNK: usize = 1 << 20;
const TAG: usize = 16;
/// The header is a few hundred bytes.
const HEADER_LIMIT: u32 = 64 << 10;

/// What a backup says about itself in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// When the copy was made, milliseconds since 1970.
    pub made_at: i64,
    /// The life of the database it is a copy of.
    pub epoch: Epoch,
    /// Its schema.
    pub schema: i64,
    /// The last act of the journal it has.
    pub journal: u64,
    /// First 8 bytes of the SHA-256 of the backup key, hex: which key opens it.
    pub key: String,
    /// Bytes of the database.
    pub size: u64,
    /// SHA-256 of the database, hex.
    pub sha256: String,
}

/// Why a container does not open.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// Not a backup of this program.
    #[error("it is not a Payung backup")]
    NotABackup,
    /// Sealed with another key.
    #[error("it was sealed with the backup key {wanted}, the key given is {given}")]
    OtherKey {
        /// The key it names.
        wanted: String,
        /// The key that was tried.
        given: String,
    },
    /// Cut or changed.
    #[error("it is damaged: its contents do not open")]
    Damaged,
    /// What came out is not what went in.
    #[error("it is damaged: the contents have another SHA-256 than its header says")]
    OtherContents,
    /// Reading or writing.
    #[error(transparent)]
    File(#[from] io::Error),
}

/// The short name of a backup key.
pub fn key_name(key: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest(key)[..8])
}

/// Size and SHA-256 of what can be read.
pub fn measure(mut from: impl Read) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let count = from.read(&mut chunk)?;
        if count == 0 {
            return Ok((size, hex::encode(hash.finalize())));
        }
        hash.update(&chunk[..count]);
        size += count as u64;
    }
}

/// As many bytes as fit, fewer only at the end.
fn fill(from: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size);
    from.by_ref().take(size as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Seals a database.
///
/// # Errors
/// [`ContainerError::File`]; [`ContainerError::Damaged`] where it does not have the size the header says.
pub fn seal(
    header: &Header,
    key: &[u8; 32],
    nonce: [u8; NONCE],
    mut from: impl Read,
    mut to: impl Write,
) -> Result<(), ContainerError> {
    let json = serde_json::to_vec(header).map_err(io::Error::from)?;
    let mut clear = MAGIC.to_vec();
    clear.extend_from_slice(&u32::try_from(json.len()).map_err(|_| ContainerError::NotABackup)?.to_be_bytes());
    clear.extend_from_slice(&json);
    clear.extend_from_slice(&nonce);
    to.write_all(&clear)?;
    let mut encryptor = EncryptorBE32::from_aead(XChaCha20Poly1305::new(key.into()), &nonce.into());
    let mut left = header.size;
    let mut chunk = fill(&mut from, CHUNK)?;
    loop {
        left = left.checked_sub(chunk.len() as u64).ok_or(ContainerError::Damaged)?;
        let next = fill(&mut from, CHUNK)?;
        let payload = Payload { msg: &chunk, aad: &clear };
        if next.is_empty() {
            to.write_all(&encryptor.encrypt_last(payload).map_err(|_| ContainerError::Damaged)?)?;
            return if left == 0 { Ok(()) } else { Err(ContainerError::Damaged) };
        }
        to.write_all(&encryptor.encrypt_next(payload).map_err(|_| ContainerError::Damaged)?)?;
        chunk = next;
    }
}

/// Reads the clear header only, and what each chunk is bound to.
fn read_header(from: &mut impl Read) -> Result<(Header, Vec<u8>, [u8; NONCE]), ContainerError> {
    let mut clear = fill(from, MAGIC.len() + 4)?;
    let length = clear.strip_prefix(MAGIC).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
    let length = length.filter(|length| *length <= HEADER_LIMIT).ok_or(ContainerError::NotABackup)?;
    let json = fill(from, length as usize)?;
    let header = serde_json::from_slice(&json).map_err(|_| ContainerError::NotABackup)?;
    let nonce = fill(from, NONCE)?;
    let bytes = nonce.as_slice().try_into().map_err(|_| ContainerError::Damaged)?;
    clear.extend_from_slice(&json);
    clear.extend_from_slice(&nonce);
    Ok((header, clear, bytes))
}

/// Opens a backup and writes the database. What was written counts only if this returns without an error.
///
/// # Errors
/// [`ContainerError`].
pub fn open(key: &[u8; 32], mut from: impl Read, mut to: impl Write) -> Result<Header, ContainerError> {
    let (header, clear, nonce) = read_header(&mut from)?;
    if header.key != key_name(key) {
        return Err(ContainerError::OtherKey { wanted: header.key, given: key_name(key) });
    }
    let mut decryptor = DecryptorBE32::from_aead(XChaCha20Poly1305::new(key.into()), &nonce.into());
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut chunk = fill(&mut from, CHUNK + TAG)?;
    let mut put = |plain: &[u8]| {
        hash.update(plain);
        size += plain.len() as u64;
        to.write_all(plain)
    };
    loop {
        let next = fill(&mut from, CHUNK + TAG)?;
        let payload = Payload { msg: &chunk, aad: &clear };
        if next.is_empty() {
            put(&decryptor.decrypt_last(payload).map_err(|_| ContainerError::Damaged)?)?;
            break;
        }
        put(&decryptor.decrypt_next(payload).map_err(|_| ContainerError::Damaged)?)?;
        chunk = next;
    }
    if size != header.size || hex::encode(hash.finalize()) != header.sha256 {
        return Err(ContainerError::OtherContents);
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [5; 32];

    fn header(plain: &[u8]) -> Header {
        let (size, sha256) = measure(plain).expect("memory");
        Header { made_at: 1, epoch: Epoch(2), schema: 1, journal: 3, key: key_name(&KEY), size, sha256 }
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        seal(&header(plain), &KEY, [9; NONCE], plain, &mut sealed).expect("sealed");
        sealed
    }

    fn opened(key: [u8; 32], sealed: &[u8]) -> Result<(Header, Vec<u8>), ContainerError> {
        let mut plain = Vec::new();
        open(&key, sealed, &mut plain).map(|header| (header, plain))
    }

    #[test]
    fn what_went_in_comes_out_whatever_the_size() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 77] {
            let plain: Vec<u8> = (0_u8..251).cycle().take(size).collect();
            let (head, out) = opened(KEY, &sealed(&plain)).expect("opens");
            assert_eq!((out.len(), &head), (size, &header(&plain)));
            assert!(out == plain);
        }
    }

    #[test]
    fn cut_or_longer_or_reordered_backup_is_refused() {
        let plain = vec![1; 2 * CHUNK + 10];
        let whole = sealed(&plain);
        for end in [0, 10, 100, whole.len() - 1, whole.len() - CHUNK, whole.len() - 26] {
            assert!(opened(KEY, &whole[..end]).is_err(), "{end}");
        }
        assert!(opened(KEY, &[whole.clone(), vec![0]].concat()).is_err());
        let first = whole.len() - 26 - 2 * (CHUNK + TAG);
        let (one, two) = (first..first + CHUNK + TAG, first + CHUNK + TAG..first + 2 * (CHUNK + TAG));
        let swapped = [&whole[..first], &whole[two.clone()], &whole[one], &whole[two.end..]].concat();
        assert!(matches!(opened(KEY, &swapped), Err(ContainerError::Damaged)));
    }

    #[test]
    fn another_key_is_told_by_name() {
        let error = opened([6; 32], &sealed(b"x")).expect_err("another key").to_string();
        assert!(error.contains(&key_name(&KEY)) && error.contains(&key_name(&[6; 32])), "{error}");
    }

    #[test]
    fn wrong_size_is_never_sealed_as_whole() {
        let mut claimed = header(b"abc");
        claimed.size = 4;
        assert!(seal(&claimed, &KEY, [9; NONCE], &b"abc"[..], Vec::new()).is_err());
        claimed.size = 2;
        assert!(seal(&claimed, &KEY, [9; NONCE], &b"abc"[..], Vec::new()).is_err());
    }

    #[test]
    fn something_else_is_no_backup() {
        assert!(matches!(opened(KEY, b"SQLite format 3\0aaaaaaaaaaaa"), Err(ContainerError::NotABackup)));
        assert!(matches!(opened(KEY, b""), Err(ContainerError::NotABackup)));
    }

    proptest! {
        #[test]
        fn any_changed_bit_is_refused(plain in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let mut changed = sealed(&plain);
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert!(opened(KEY, &changed).is_err());
        }
    }
}
