//! Getting back into a phone whose PIN is forgotten: an escrow copy of the database key lies on the phone, sealed to
//! the server's recovery key. An operator who has identified the official opens it for a key the phone made just now.
//!
//! Both texts are public: the request without the recovery key, and the answer without that phone's new secret, open
//! nothing. They are short enough for a QR code, a message, or reading over the telephone.

use crate::{
    keys::{KeyId, ReceiverKey, ReceiverSecret},
    link::{self, LinkError},
    seal::{OVERHEAD, SealError, decrypt, encrypt},
};
use data_encoding::BASE32_NOPAD;
use payung_domain::id::DeviceId;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

pub(crate) const REQUEST: &str = "payung://recover/";
pub(crate) const ANSWER: &str = "payung://recovered/";
pub(crate) const ESCROW_CONTEXT: &str = "payung/escrow/1";
pub(crate) const ANSWER_CONTEXT: &str = "payung/recovery/1";
const VERSION: u8 = 1;
const KEY: usize = 32;
/// version, recovery key id, device
const ESCROW_CLEAR: usize = 1 + 8 + 16;
pub(crate) const ESCROW: usize = ESCROW_CLEAR + OVERHEAD + KEY;
/// version, id of the phone's new key
const ANSWER_CLEAR: usize = 1 + 8;
const ANSWER_BYTES: usize = ANSWER_CLEAR + OVERHEAD + KEY;

/// Why a request or an answer was not taken. Never repeats what was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecoveryError {
    /// The text is something else.
    #[error("the text is not the one expected here")]
    OtherText,
    /// Letters were lost or changed on the way.
    #[error("the text is damaged or cut")]
    Damaged,
    /// Made by a newer app or server.
    #[error("the text has the unknown format {0}")]
    Version(u8),
    /// The escrow copy is sealed to another recovery key than the one at hand.
    #[error("sealed to the recovery key {0}, which is not this one")]
    OtherRecoveryKey(KeyId),
    /// The answer is for another request.
    #[error("the answer is for another request")]
    OtherRequest,
    /// Altered, or made for another phone.
    #[error("the seal is broken")]
    Broken,
}

impl From<LinkError> for RecoveryError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::OtherScheme => Self::OtherText,
            LinkError::Damaged => Self::Damaged,
        }
    }
}

impl From<SealError> for RecoveryError {
    fn from(_: SealError) -> Self {
        Self::Broken
    }
}

/// A phone's database key, sealed to the server's recovery key and bound to the device:
/// `version (1) || recovery key id (8) || device (16) || encapsulated key (32) || ciphertext (32) || tag (16)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Escrow([u8; ESCROW]);

impl Escrow {
    /// Seals the 32 bytes of a database key.
    ///
    /// # Errors
    /// [`RecoveryError::Broken`] where the recovery key hides nothing.
    pub fn seal(
        key: &[u8; KEY],
        device: DeviceId,
        recovery: &ReceiverKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, RecoveryError> {
        let mut clear = [VERSION; ESCROW_CLEAR];
        clear[1..9].copy_from_slice(&recovery.id().0);
        clear[9..].copy_from_slice(&device.bytes());
        let sealed = encrypt(&clear, ESCROW_CONTEXT.as_bytes(), key, recovery, rng)?;
        sealed.try_into().map(Self).map_err(|_| RecoveryError::Broken)
    }

    /// Reads the bytes of [`Escrow::as_bytes`]; whether they open shows at opening.
    ///
    /// # Errors
    /// [`RecoveryError::Damaged`], [`RecoveryError::Version`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecoveryError> {
        let bytes: [u8; ESCROW] = bytes.try_into().map_err(|_| RecoveryError::Damaged)?;
        if bytes[0] == VERSION { Ok(Self(bytes)) } else { Err(RecoveryError::Version(bytes[0])) }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The recovery key it is sealed to.
    pub fn recovery_key(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[1..9]);
        KeyId(id)
    }

    /// The device whose key it is.
    pub fn device(&self) -> DeviceId {
        DeviceId::from_slice(&self.0[9..ESCROW_CLEAR]).unwrap_or(DeviceId::OFFICE)
    }

    fn open(&self, recovery: &ReceiverSecret) -> Result<Zeroizing<Vec<u8>>, RecoveryError> {
        if self.recovery_key() != recovery.receiver_key().id() {
            return Err(RecoveryError::OtherRecoveryKey(self.recovery_key()));
        }
        Ok(Zeroizing::new(decrypt(&self.0, ESCROW_CLEAR, ESCROW_CONTEXT.as_bytes(), recovery)?))
    }
}

impl fmt::Debug for Escrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Escrow({}, {})", self.device(), self.recovery_key())
    }
}

/// What the phone asks an operator to open: `escrow || the phone's new key (32)`. As text `payung://recover/` and
/// base32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryRequest {
    /// The phone's escrow copy.
    pub escrow: Escrow,
    /// A key made for this request; the answer is sealed to it.
    pub to: ReceiverKey,
}

impl RecoveryRequest {
    /// The text to show or send.
    pub fn to_text(&self) -> String {
        link::write(REQUEST, self.to_bytes())
    }

    /// Reads a text, in capitals or not, with space around it.
    ///
    /// # Errors
    /// [`RecoveryError::OtherText`], [`RecoveryError::Damaged`], [`RecoveryError::Version`].
    pub fn parse(text: &str) -> Result<Self, RecoveryError> {
        let body = link::read(REQUEST, text)?;
        let (version, _) = body.split_first().ok_or(RecoveryError::Damaged)?;
        if *version != VERSION {
            return Err(RecoveryError::Version(*version));
        }
        let (escrow, to) = body.split_at_checked(ESCROW).ok_or(RecoveryError::Damaged)?;
        let to: [u8; KEY] = to.try_into().map_err(|_| RecoveryError::Damaged)?;
        Ok(Self { escrow: Escrow::from_bytes(escrow)?, to: ReceiverKey::from_bytes(to) })
    }

    /// Eight characters for comparing what the official's phone shows with what the operator has: `7F3A-91C2`. Of 40
    /// bits, so that finding another key with the same ones takes longer than a person waits.
    pub fn code(&self) -> String {
        let digest = Sha256::digest(self.to_bytes());
        let code = BASE32_NOPAD.encode(&digest[..5]);
        format!("{}-{}", &code[..4], &code[4..])
    }

    /// Opens the escrow copy and seals what was in it to the phone's new key. That the one who asks is the official is
    /// for the operator to see to.
    ///
    /// # Errors
    /// [`RecoveryError::OtherRecoveryKey`], [`RecoveryError::Broken`].
    pub fn answer(&self, recovery: &ReceiverSecret, rng: &mut impl CryptoRng) -> Result<RecoveryAnswer, RecoveryError> {
        let key = self.escrow.open(recovery)?;
        let mut clear = [VERSION; ANSWER_CLEAR];
        clear[1..].copy_from_slice(&self.to.id().0);
        let sealed = encrypt(&clear, &self.answer_info(), &key, &self.to, rng)?;
        sealed.try_into().map(RecoveryAnswer).map_err(|_| RecoveryError::Broken)
    }

    /// The answer holds for this very request.
    fn answer_info(&self) -> Vec<u8> {
        let mut info = ANSWER_CONTEXT.as_bytes().to_vec();
        info.extend_from_slice(&Sha256::digest(self.to_bytes()));
        info
    }

    fn to_bytes(&self) -> Vec<u8> {
        [self.escrow.as_bytes(), &self.to.to_bytes()].concat()
    }
}

/// What the operator gives back: `version (1) || id of the phone's new key (8) || encapsulated key (32) ||
/// ciphertext (32) || tag (16)`. As text `payung://recovered/` and base32.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryAnswer([u8; ANSWER_BYTES]);

impl RecoveryAnswer {
    /// The text to show or send.
    pub fn to_text(&self) -> String {
        link::write(ANSWER, self.0.to_vec())
    }

    /// Reads a text, in capitals or not, with space around it.
    ///
    /// # Errors
    /// [`RecoveryError::OtherText`], [`RecoveryError::Damaged`], [`RecoveryError::Version`].
    pub fn parse(text: &str) -> Result<Self, RecoveryError> {
        let body = link::read(ANSWER, text)?;
        let (version, _) = body.split_first().ok_or(RecoveryError::Damaged)?;
        if *version != VERSION {
            return Err(RecoveryError::Version(*version));
        }
        body.as_slice().try_into().map(Self).map_err(|_| RecoveryError::Damaged)
    }

    /// The database key, opened with the secret made for `request`.
    ///
    /// # Errors
    /// [`RecoveryError::OtherRequest`], [`RecoveryError::Broken`].
    pub fn open(
        &self,
        request: &RecoveryRequest,
        secret: &ReceiverSecret,
    ) -> Result<Zeroizing<Vec<u8>>, RecoveryError> {
        if self.0[1..ANSWER_CLEAR] != request.to.id().0 {
            return Err(RecoveryError::OtherRequest);
        }
        Ok(Zeroizing::new(decrypt(&self.0, ANSWER_CLEAR, &request.answer_info(), secret)?))
    }
}

impl fmt::Debug for RecoveryAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryAnswer({} bytes)", self.0.len())
    }
}
