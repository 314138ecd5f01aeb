//! Sealing of what the database may not show: bodies, history, conflicts, outcomes, persons.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under one key for each purpose, derived by HKDF-SHA256 (RFC 5869)
//! from a master key that lies outside the database. The additional data is table + row key, so that a blob moved to
//! another row does not open. Look-up goes by keyed hashes (HMAC-SHA256), never by the value.

use super::dictionary::DICTIONARY;
use crate::clock;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::{cell::RefCell, fmt};
use zeroize::Zeroizing;

const NONCE: usize = 24;
/// Below this a blob is stored as it is: compressing costs more than it saves.
const COMPRESS_FROM: usize = 200;
/// The first byte of what is sealed: stored as it is.
const PLAIN: u8 = 0;
/// The first byte of what is sealed: packed by zstd with the first dictionary.
const PACKED: u8 = 1;
/// No sealed blob unpacks to more: a record holds at most a few bundles' worth of candidates.
const UNPACKED_LIMIT: usize = 16 << 20;

/// A blob did not open: wrong key, or changed outside the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed column does not open: another master key, or the database was changed outside the server")]
pub struct Unopened;

/// What a blob is, and the row it belongs to.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// A record's state.
    Record(&'a [u8; 16]),
    /// An op as received.
    Op(&'a [u8; 16], u64),
    /// An op's outcome.
    Outcome(&'a [u8; 16], u64),
    /// An official, a device, an invite.
    Person(&'a [u8]),
    /// A quarantined op.
    Quarantine(&'a [u8; 16], u64),
    /// A record a phone offered.
    Offer(&'a [u8; 16]),
    /// An operator act: a journal line or one that waits for its record.
    Act(u64),
}

impl Row<'_> {
    fn aad(&self) -> ([u8; 40], usize) {
        let (table, id, n): (u8, &[u8], u64) = match self {
            Self::Record(id) => (b'r', *id, 0),
            Self::Op(id, n) => (b'o', *id, *n),
            Self::Outcome(id, n) => (b'u', *id, *n),
            Self::Person(id) => (b'p', &id[..id.len().min(16)], 0),
            Self::Quarantine(id, n) => (b'q', *id, *n),
            Self::Offer(id) => (b'f', *id, 0),
            Self::Act(n) => (b'a', &[], *n),
        };
        let mut aad = [0; 40];
        aad[0] = table;
        aad[1..=id.len()].copy_from_slice(id);
        aad[17..25].copy_from_slice(&n.to_be_bytes());
        (aad, 25)
    }
}

/// The keys derived from the master key.
pub struct Sealer {
    body: XChaCha20Poly1305,
    person: XChaCha20Poly1305,
    act: XChaCha20Poly1305,
    nik: Hmac<Sha256>,
    word: Hmac<Sha256>,
    card: Hmac<Sha256>,
    tag: Zeroizing<[u8; 32]>,
    filter: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

/// A keyed hash of a NIK: the database's only form of it outside sealed blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NikHash(pub [u8; 16]);

/// A keyed hash of one folded word of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WordHash(pub [u8; 8]);

fn derive(master: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(b"payung/server/1"), master)
        .expand(purpose.as_bytes(), key.as_mut())
        .expect("32 bytes are far below HKDF's limit");
    key
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

struct Packer {
    compress: zstd::bulk::Compressor<'static>,
    decompress: zstd::bulk::Decompressor<'static>,
    scratch: Vec<u8>,
    prefix: [u8; 16],
    count: u64,
}

thread_local! {
    // one of each for each thread: making one costs more than packing a record
    static PACKER: RefCell<Packer> = RefCell::new(Packer {
        compress: zstd::bulk::Compressor::with_dictionary(1, DICTIONARY).expect("level 1 and our own dictionary"),
        decompress: zstd::bulk::Decompressor::with_dictionary(DICTIONARY).expect("our own dictionary"),
        scratch: Vec::new(),
        // a nonce = 16 random bytes of this thread + a counter: unique without a system call for each blob
        prefix: clock::never_again(),
        count: 0,
    });
}

impl Sealer {
    /// Derives the keys.
    pub fn new(master: &[u8; 32]) -> Self {
        let cipher = |purpose| XChaCha20Poly1305::new((&*derive(master, purpose)).into());
        let mac = |purpose| keyed(&derive(master, purpose));
        Self {
            body: cipher("body"),
            person: cipher("person"),
            act: cipher("act"),
            nik: mac("nik claim"),
            word: mac("name word"),
            card: mac("card"),
            tag: derive(master, "village tag"),
            filter: derive(master, "duplicate filter"),
        }
    }

    fn cipher(&self, row: Row<'_>) -> &XChaCha20Poly1305 {
        match row {
            Row::Person(_) => &self.person,
            Row::Act(_) => &self.act,
            _ => &self.body,
        }
    }

    /// Seals a blob for its row.
    pub fn seal(&self, row: Row<'_>, plain: &[u8]) -> Vec<u8> {
        PACKER.with_borrow_mut(|packer| {
            let Packer { compress, scratch, prefix, count, .. } = packer;
            scratch.clear();
            scratch.push(PLAIN);
            if plain.len() >= COMPRESS_FROM {
                scratch.resize(1 + zstd::zstd_safe::compress_bound(plain.len()), 0);
                if let Ok(packed) = compress.compress_to_buffer(plain, &mut scratch[1..]) {
                    scratch[0] = PACKED;
                    scratch.truncate(1 + packed);
                }
            }
            if scratch[0] == PLAIN {
                scratch.truncate(1);
                scratch.extend_from_slice(plain);
            }
            let mut nonce = [0; NONCE];
            nonce[..16].copy_from_slice(&prefix[..]);
            nonce[16..].copy_from_slice(&count.to_be_bytes());
            *count += 1;
            let (aad, length) = row.aad();
            let payload = Payload { msg: scratch, aad: &aad[..length] };
            let sealed = self.cipher(row).encrypt(&XNonce::from(nonce), payload).expect("a blob is far below 256 GiB");
            let mut blob = Vec::with_capacity(NONCE + sealed.len());
            blob.extend_from_slice(&nonce);
            blob.extend_from_slice(&sealed);
            blob
        })
    }

    /// Opens a blob of a row.
    pub fn open(&self, row: Row<'_>, blob: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (nonce, sealed) = blob.split_first_chunk::<NONCE>().ok_or(Unopened)?;
        let (aad, length) = row.aad();
        let payload = Payload { msg: sealed, aad: &aad[..length] };
        let mut plain = self.cipher(row).decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unopened)?;
        match plain.first() {
            Some(&PLAIN) => {
                plain.remove(0);
                Ok(plain)
            }
            Some(&PACKED) => {
                let size = zstd::zstd_safe::get_frame_content_size(&plain[1..]).ok().flatten().ok_or(Unopened)?;
                let size = usize::try_from(size).ok().filter(|size| *size <= UNPACKED_LIMIT).ok_or(Unopened)?;
                let unpack = |packer: &mut Packer| packer.decompress.decompress(&plain[1..], size);
                PACKER.with_borrow_mut(unpack).map_err(|_| Unopened)
            }
            _ => Err(Unopened),
        }
    }

    /// The claim hash of a NIK, from its 16 digits.
    pub fn nik_hash(&self, digits: &str) -> NikHash {
        let mut mac = self.nik.clone();
        mac.update(digits.as_bytes());
        let mut hash = [0; 16];
        hash.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        NikHash(hash)
    }

    /// The hash of one folded word of a name.
    pub fn word_hash(&self, word: &str) -> WordHash {
        let mut mac = self.word.clone();
        mac.update(word.as_bytes());
        let mut hash = [0; 8];
        hash.copy_from_slice(&mac.finalize().into_bytes()[..8]);
        WordHash(hash)
    }

    /// What a card's number and place are made from: the same for the same input, a secret to all others.
    pub fn card_digest(&self, of: &[u8]) -> [u8; 16] {
        let mut mac = self.card.clone();
        mac.update(of);
        let mut digest = [0; 16];
        digest.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        digest
    }

    /// The key of a village's NIK tags, which its phones get.
    pub fn tag_key(&self, village: &str) -> [u8; 32] {
        let mut mac = keyed(&self.tag);
        mac.update(village.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The key of a village's duplicate filter in a year, which its phones get: never that of claims.
    pub fn filter_key(&self, village: &str, epoch: i32) -> [u8; 16] {
        let mut key = [0; 16];
        Hkdf::<Sha256>::new(Some(b"payung/filter/1"), &*self.filter)
            .expand(format!("{village}/{epoch}").as_bytes(), &mut key)
            .expect("16 bytes are far below HKDF's limit");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blob_opens_in_its_own_row_only() {
        let sealer = Sealer::new(&[7; 32]);
        for plain in [&b"x"[..], &[b'a'; 5000], b""] {
            let blob = sealer.seal(Row::Op(&[1; 16], 9), plain);
            assert_eq!(sealer.open(Row::Op(&[1; 16], 9), &blob).expect("its row"), plain);
            assert_eq!(sealer.open(Row::Op(&[1; 16], 8), &blob), Err(Unopened));
            assert_eq!(sealer.open(Row::Op(&[2; 16], 9), &blob), Err(Unopened));
            assert_eq!(sealer.open(Row::Outcome(&[1; 16], 9), &blob), Err(Unopened));
            assert_eq!(Sealer::new(&[8; 32]).open(Row::Op(&[1; 16], 9), &blob), Err(Unopened));
        }
    }

    #[test]
    fn changed_bit_does_not_open() {
        let sealer = Sealer::new(&[7; 32]);
        let blob = sealer.seal(Row::Record(&[1; 16]), &[b'a'; 300]);
        for at in 0..blob.len() {
            let mut changed = blob.clone();
            changed[at] ^= 1;
            assert_eq!(sealer.open(Row::Record(&[1; 16]), &changed), Err(Unopened));
        }
        assert_eq!(sealer.open(Row::Record(&[1; 16]), &blob[..20]), Err(Unopened));
    }

    #[test]
    fn nonce_is_never_used_twice() {
        let sealer = Sealer::new(&[7; 32]);
        let nonces: std::collections::HashSet<_> =
            (0..1000).map(|_| sealer.seal(Row::Act(1), b"same")[..NONCE].to_vec()).collect();
        assert_eq!(nonces.len(), 1000);
    }
}
