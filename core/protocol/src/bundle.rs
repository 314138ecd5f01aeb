//! A sealed bundle from outside: its clear header, its name, its size limits. Hubs and files need no more.

use crate::{keys::KeyId, seal::SealError};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// The format this version writes and reads.
const VERSION: u8 = 1;

/// Bytes of the clear header: version, receiver key id, bundle id.
pub(crate) const HEADER: usize = 1 + 8 + 16;

/// The name of a bundle, made at random by the phone; its reply has the same, and a hub's mailbox too.
/// As text: 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub [u8; 16]);

impl BundleId {
    /// A new name.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Self(id)
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundleId({self})")
    }
}

impl FromStr for BundleId {
    type Err = SealError;
    fn from_str(text: &str) -> Result<Self, SealError> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).map_err(|_| SealError::Short)?;
        Ok(Self(id))
    }
}

/// SHA-256 of a sealed bundle, header included.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BundleDigest(pub [u8; 32]);

impl BundleDigest {
    /// Of the sealed bytes.
    pub fn of(sealed: &[u8]) -> Self {
        Self(Sha256::digest(sealed).into())
    }
}

impl fmt::Debug for BundleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundleDigest({})", hex::encode(self.0))
    }
}

/// What a reply is bound to: the name and digest of the bundle it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The request's name.
    pub bundle: BundleId,
    /// The request's digest.
    pub digest: BundleDigest,
}

/// The clear part of a sealed bundle: `version (1) || receiver key id (8) || bundle id (16)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The key it is sealed to.
    pub receiver: KeyId,
    /// Its name.
    pub bundle: BundleId,
}

impl Header {
    /// Reads the header of sealed bytes, without opening them.
    ///
    /// # Errors
    /// [`SealError::Short`], [`SealError::Version`].
    pub fn parse(sealed: &[u8]) -> Result<Self, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Short)?;
        if *version != VERSION {
            return Err(SealError::Version(*version));
        }
        let (receiver, rest) = rest.split_first_chunk().ok_or(SealError::Short)?;
        let bundle = rest.first_chunk().ok_or(SealError::Short)?;
        Ok(Self { receiver: KeyId(*receiver), bundle: BundleId(*bundle) })
    }

    pub(crate) fn to_bytes(self) -> [u8; HEADER] {
        let mut header = [VERSION; HEADER];
        header[1..9].copy_from_slice(&self.receiver.0);
        header[9..].copy_from_slice(&self.bundle.0);
        header
    }
}

/// A message sealed to one receiver: opaque to everyone between.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBundle(pub(crate) Vec<u8>);

impl SealedBundle {
    /// Takes sealed bytes from a file or a hub; only the header and the size are looked at.
    ///
    /// # Errors
    /// [`SealError::Short`], [`SealError::Version`], [`SealError::TooLarge`].
    pub fn from_bytes(sealed: Vec<u8>, limits: Limits) -> Result<Self, SealError> {
        Header::parse(&sealed)?;
        limits.sealed(sealed.len())?;
        Ok(Self(sealed))
    }

    /// The sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The sealed bytes, to be sent or kept.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// What its reply will be bound to.
    ///
    /// # Errors
    /// None for a bundle made by this crate.
    pub fn sent(&self) -> Result<Sent, SealError> {
        Ok(Sent { bundle: Header::parse(&self.0)?.bundle, digest: BundleDigest::of(&self.0) })
    }
}

impl AsRef<[u8]> for SealedBundle {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedBundle({} bytes)", self.0.len())
    }
}

/// How much a bundle may hold. Each is checked before the memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of the sealed bytes.
    pub sealed: usize,
    /// Of the JSON inside, while it is decompressed.
    pub unpacked: usize,
    /// Of memory, as [`reckoned`] from that JSON before it is read.
    pub memory: usize,
}

/// What [`reckoned`] counts for an object: a map's first node (632 bytes) and its own place in a list that has just grown.
pub(crate) const OBJECT: usize = 800;
/// For a list: the least it takes (4 values of 32 bytes), and its own place.
pub(crate) const LIST: usize = 256;
/// For a further value: a place in a node half full, and the name's own memory; or a place in a list that has just grown.
pub(crate) const NEXT: usize = 160;

/// At least the bytes that JSON takes in memory once it is read: many times its text where values are short, some
/// hundred times for an object with one short member. Every byte is looked at once; nothing is taken for it.
pub(crate) fn reckoned(json: &[u8]) -> usize {
    let (mut bytes, mut in_text, mut escaped) = (2 * json.len(), false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' => bytes += OBJECT,
            b'[' => bytes += LIST,
            b',' => bytes += NEXT,
            _ => {}
        }
    }
    bytes
}

impl Limits {
    /// A phone's request: at most 1 MiB of ops and 64 KiB of offers, or one op that is larger. A thousand of the richest
    /// registrations are reckoned at some 20 MiB.
    pub const REQUEST: Self = Self { sealed: 2 << 20, unpacked: 2 << 20, memory: 64 << 20 };
    /// A server's reply. Its author is known: what fits into the bytes is read.
    pub const REPLY: Self = Self { sealed: 4 << 20, unpacked: 16 << 20, memory: usize::MAX };
    /// Joining, both ways; an attestation chain is the largest part.
    pub const JOIN: Self = Self { sealed: 64 << 10, unpacked: 64 << 10, memory: 8 << 20 };

    /// Whether JSON may be written, or read.
    pub(crate) fn json(self, json: &[u8]) -> Result<(), SealError> {
        if json.len() > self.unpacked {
            return Err(SealError::UnpackedTooLarge { limit: self.unpacked });
        }
        if self.memory < usize::MAX && reckoned(json) > self.memory {
            return Err(SealError::TooManyValues { limit: self.memory });
        }
        Ok(())
    }

    pub(crate) fn sealed(self, bytes: usize) -> Result<(), SealError> {
        if bytes > self.sealed { Err(SealError::TooLarge { limit: self.sealed }) } else { Ok(()) }
    }
}
