//! A file under a key of its own.
//!
//! ```text
//! file = version (1) = 1 || ChaCha20-Poly1305 (RFC 8439) ciphertext || tag (16)
//! ```
//!
//! The nonce is twelve zero bytes: a key seals one file and no other. The associated data are `payung/media/1`. The
//! file's name is the SHA-256 of all of it; the record that has the key has the name, too, so a file is tied to its key
//! both ways.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    ChaCha20Poly1305, Key, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use payung_domain::{attachment::MediaHash, op::Body};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const VERSION: u8 = 1;
const CONTEXT: &[u8] = b"payung/media/1";
/// Bytes that sealing adds.
pub const OVERHEAD: usize = 1 + 16;

/// What opens one file.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct MediaKey([u8; 32]);

impl MediaKey {
    /// A key of fresh random bytes. Never use it for a second file.
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// The key in an attachment's record; none where there is none that can be read.
    pub fn of(attachment: &Body) -> Option<Self> {
        let text = payung_domain::attachment::key_text(attachment)?;
        let bytes = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Self(bytes.as_slice().try_into().ok()?))
    }
}

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaKey")
    }
}

/// A file as it lies on the phone, travels and is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The ciphertext.
    pub bytes: Vec<u8>,
    /// Its name.
    pub hash: MediaHash,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.hash, self.bytes.len())
    }
}

impl Sealed {
    /// The field `media` of the attachment's record.
    pub fn field(&self, key: &MediaKey, media_type: &str) -> Value {
        json!({
            "sha256": self.hash.to_string(),
            "size": self.bytes.len(),
            "key": BASE64_URL_SAFE_NO_PAD.encode(key.0),
            "type": media_type,
        })
    }
}

/// Why a file was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Not the file the record names: another, or damaged on the way.
    #[error("not the file the record names")]
    OtherFile,
    /// A newer app made it.
    #[error("the file has format {0}")]
    Version(u8),
    /// The key is not this file's.
    #[error("the key is not this file's")]
    OtherKey,
}

fn cipher(key: &MediaKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(key.0))
}

/// Encrypts a file.
pub fn seal(plain: &[u8], key: &MediaKey) -> Sealed {
    let sealed = cipher(key).encrypt(&Nonce::default(), Payload { msg: plain, aad: CONTEXT });
    let mut bytes = Vec::with_capacity(plain.len() + OVERHEAD);
    bytes.push(VERSION);
    // it fails beyond 256 GiB only
    bytes.extend(sealed.expect("a picture is small"));
    let hash = MediaHash(Sha256::digest(&bytes).into());
    Sealed { bytes, hash }
}

/// Opens a file: only the one of this name, with its key.
///
/// # Errors
/// [`OpenError`].
pub fn open(file: &[u8], name: MediaHash, key: &MediaKey) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    if Sha256::digest(file).as_slice() != name.0 {
        return Err(OpenError::OtherFile);
    }
    let (version, ciphertext) = file.split_first().ok_or(OpenError::OtherFile)?;
    if *version != VERSION {
        return Err(OpenError::Version(*version));
    }
    let opened = cipher(key).decrypt(&Nonce::default(), Payload { msg: ciphertext, aad: CONTEXT });
    opened.map(Zeroizing::new).map_err(|_| OpenError::OtherKey)
}
