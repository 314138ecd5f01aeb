//! The database key and what it is wrapped with: `HKDF-SHA256(secret of the hardware || Argon2id(PIN))`, RFC 5869 and
//! RFC 9106. Half of it never leaves the phone, so that the million PINs can be tried on this phone only, at its pace.

use crate::{error::LockError, pin::Pin};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{AeadInOut, Tag},
};
use hkdf::Hkdf;
use payung_protocol::bytes;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// OWASP's second choice for Argon2id (19 MiB, 2 passes, 1 lane): some 30 ms on a cheap phone's core.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
pub(crate) const SALT: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;
const CHECK: usize = 8;

const PIN_WRAP: &[u8] = b"payung/lock/pin/1";
const BIOMETRIC_WRAP: &[u8] = b"payung/lock/biometric/1";
const SECRET_CHECK: &[u8] = b"payung/lock/check/1";
const KEY_CHECK: &[u8] = b"payung/escrow/check/1";

/// 32 secret bytes that stay where they were made and are wiped when dropped: what moves leaves a copy behind.
pub struct RawKey(Box<Zeroizing<[u8; 32]>>);

impl RawKey {
    fn empty() -> Self {
        Self(Box::default())
    }

    pub(crate) fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Self::empty();
        rng.fill_bytes(&mut **key.0);
        key
    }

    /// From 32 bytes; none where there are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self::empty();
        if bytes.len() != key.0.len() {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    /// The bytes, for SQLCipher and for nothing else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HKDF-SHA256 of `material` for one use.
    fn derived(material: &[u8], use_as: &[u8]) -> Result<Self, LockError> {
        let mut key = Self::empty();
        expand(material, use_as, &mut **key.0)?;
        Ok(key)
    }

    /// Eight bytes by which a database key is known again; of 32 random bytes they give nothing away.
    pub(crate) fn check(&self) -> Result<[u8; CHECK], LockError> {
        let mut check = [0; CHECK];
        expand(self.expose(), KEY_CHECK, &mut check)?;
        Ok(check)
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawKey(..)")
    }
}

fn expand(material: &[u8], use_as: &[u8], out: &mut [u8]) -> Result<(), LockError> {
    // it refuses outputs of 8 KiB and more only
    Hkdf::<Sha256>::new(None, material).expand(use_as, out).map_err(|_| LockError::Damaged)
}

/// A database key under a key of its own, which is made from a secret that the hardware holds. The secret is new with
/// every wrapping.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wrapped {
    /// The secret, as the hardware wrapped it.
    #[serde(with = "bytes")]
    pub(crate) secret: Vec<u8>,
    /// By which the secret is known again: a key store that was reset must not look like a wrong PIN.
    #[serde(with = "bytes")]
    check: [u8; CHECK],
    #[serde(with = "bytes")]
    nonce: [u8; NONCE],
    #[serde(with = "bytes")]
    key: Vec<u8>,
}

/// What a wrapping is opened with, beside the hardware's secret.
#[derive(Clone, Copy)]
pub(crate) enum With<'a> {
    Pin(&'a Pin, &'a [u8; SALT]),
    Biometric,
}

impl With<'_> {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Pin(..) => PIN_WRAP,
            Self::Biometric => BIOMETRIC_WRAP,
        }
    }

    /// The key-encrypting key.
    fn wrapping_key(self, secret: &RawKey) -> Result<RawKey, LockError> {
        let mut material = Zeroizing::new([0; 64]);
        let (own, of_pin) = material.split_at_mut(32);
        own.copy_from_slice(secret.expose());
        match self {
            Self::Pin(pin, salt) => {
                stretch(pin, salt, of_pin)?;
                RawKey::derived(&*material, self.name())
            }
            Self::Biometric => RawKey::derived(own, self.name()),
        }
    }
}

/// Argon2id of a PIN; its memory is wiped.
fn stretch(pin: &Pin, salt: &[u8; SALT], out: &mut [u8]) -> Result<(), LockError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(out.len())).map_err(|_| LockError::Damaged)?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = argon2.hash_password_into_with_memory(pin.digits(), salt, out, &mut memory);
    memory.zeroize();
    done.map_err(|_| LockError::Damaged)
}

impl Wrapped {
    /// `wrapped` is what the hardware made of `secret`.
    pub(crate) fn new(
        key: &RawKey,
        secret: &RawKey,
        wrapped: Vec<u8>,
        with: With<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, LockError> {
        let wrapping = with.wrapping_key(secret)?;
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let cipher = ChaCha20Poly1305::new(wrapping.expose().into());
        let mut sealed = key.expose().to_vec();
        let tag = cipher
            .encrypt_inout_detached(&Nonce::from(nonce), with.name(), sealed.as_mut_slice().into())
            .map_err(|_| LockError::Damaged)?;
        sealed.extend_from_slice(&tag);
        Ok(Self { secret: wrapped, check: secret_check(secret)?, nonce, key: sealed })
    }

    /// Whether the hardware gave the secret that this was made with.
    pub(crate) fn is_of(&self, secret: &RawKey) -> bool {
        secret_check(secret).is_ok_and(|check| check == self.check)
    }

    /// The key; none where the PIN is another.
    pub(crate) fn open(&self, secret: &RawKey, with: With<'_>) -> Result<Option<RawKey>, LockError> {
        let wrapping = with.wrapping_key(secret)?;
        let cipher = ChaCha20Poly1305::new(wrapping.expose().into());
        let (sealed, tag) = self.key.split_last_chunk::<TAG>().ok_or(LockError::Damaged)?;
        let mut key = RawKey::from_slice(sealed).ok_or(LockError::Damaged)?;
        let tag = Tag::<ChaCha20Poly1305>::from(*tag);
        let plain = key.0.as_mut_slice().into();
        let opened = cipher.decrypt_inout_detached(&Nonce::from(self.nonce), with.name(), plain, &tag);
        Ok(opened.is_ok().then_some(key))
    }
}

fn secret_check(secret: &RawKey) -> Result<[u8; CHECK], LockError> {
    let mut check = [0; CHECK];
    expand(secret.expose(), SECRET_CHECK, &mut check)?;
    Ok(check)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with PyPI `cryptography` 48 (Argon2id, HKDF, ChaCha20Poly1305), which shares no code with this.
    const WRAPPING_KEY: &str = "b74715286eef9479f6ec367aec5ba227c47e22ef9f00ce88378ef3730c68b5dc";
    const BIOMETRIC_KEY: &str = "074df98b234d39987f590a0f7df639a2c4428f6c6982a1c36ea38b541d0f90a7";
    const CHECK_OF_SECRET: &str = "f57341ca4dd32cf4";
    const SEALED: &str =
        "65e6177a11d3c7facc30869430ca292dc5f7eda73f6c3f4e97afad528a5638d6231daa2c5afcfe2fa3352c47e3d7647c";

    fn counting<const N: usize>(from: u8) -> [u8; N] {
        std::array::from_fn(|at| from + u8::try_from(at).expect("few"))
    }

    fn known() -> (Pin, [u8; SALT], RawKey) {
        (Pin::parse("481516").expect("a PIN"), counting(0xa0), RawKey::from_slice(&counting::<32>(0)).expect("32"))
    }

    #[test]
    fn derivation_is_the_one_that_phones_in_use_have() {
        let (pin, salt, secret) = known();
        let of_pin = With::Pin(&pin, &salt).wrapping_key(&secret).expect("derived");
        assert_eq!(hex::encode(of_pin.expose()), WRAPPING_KEY);
        let biometric = With::Biometric.wrapping_key(&secret).expect("derived");
        assert_eq!(hex::encode(biometric.expose()), BIOMETRIC_KEY);
        assert_eq!(hex::encode(secret_check(&secret).expect("derived")), CHECK_OF_SECRET);
    }

    #[test]
    fn key_wrapped_by_another_implementation_opens() {
        let (pin, salt, secret) = known();
        let wrapped = Wrapped {
            secret: Vec::new(),
            check: secret_check(&secret).expect("derived"),
            nonce: counting(0),
            key: hex::decode(SEALED).expect("hex"),
        };
        let key = wrapped.open(&secret, With::Pin(&pin, &salt)).expect("opened").expect("the right PIN");
        assert_eq!(*key.expose(), [0x5a; 32]);
        let other = Pin::parse("481517").expect("a PIN");
        assert!(wrapped.open(&secret, With::Pin(&other, &salt)).expect("tried").is_none());
        assert!(wrapped.open(&secret, With::Biometric).expect("tried").is_none());
        assert_eq!(format!("{key:?}"), "RawKey(..)");
    }
}
