//! Keys: Ed25519 for signing, X25519 for receiving. Secrets are wiped from memory when dropped and never printed.

use crate::{bytes, seal::SealError};
use ed25519_dalek::Signer;
use hpke::{Deserializable, Kem, Serializable, kem::X25519HkdfSha256};
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// First 8 bytes of the SHA-256 of a public key. On the wire and on screens: 16 hex digits in JSON, bytes in CBOR.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

/// First 16 bytes of the SHA-256 of the root key: what an invite pins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(#[serde(with = "bytes")] pub [u8; 16]);

impl KeyId {
    fn of(public: &[u8; 32]) -> Self {
        Self(prefix(public))
    }
}

/// The first N bytes of the SHA-256 of a key.
fn prefix<const N: usize>(public: &[u8; 32]) -> [u8; N] {
    let digest = Sha256::digest(public);
    let mut first = [0; N];
    first.copy_from_slice(&digest[..N]);
    first
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// An Ed25519 key that signs: a phone's session key, a server signing key, the root.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(ed25519_dalek::SigningKey::generate(rng))
    }

    /// From its 32 secret bytes (the seed of RFC 8032).
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(secret))
    }

    /// Its 32 secret bytes, to be kept in an encrypted store.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Its public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key().id())
    }
}

/// An Ed25519 public key: 32 bytes, a point of full order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// From its 32 bytes.
    ///
    /// # Errors
    /// [`SealError::WeakKey`] if they are no point of the curve, or one under which anything verifies.
    pub fn from_bytes(public: &[u8; 32]) -> Result<Self, SealError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| SealError::WeakKey)?;
        if key.is_weak() { Err(SealError::WeakKey) } else { Ok(Self(key)) }
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Its short name.
    pub fn id(&self) -> KeyId {
        KeyId::of(self.0.as_bytes())
    }

    /// Its fingerprint, as an invite names the root.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(prefix(self.0.as_bytes()))
    }

    /// RFC 8032 without the malleable cases, so that all verifiers agree.
    pub(crate) fn verify(&self, signature: &[u8], message: &[u8]) -> Result<(), SealError> {
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| SealError::BadSignature)?;
        self.0.verify_strict(message, &signature).map_err(|_| SealError::BadSignature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.id())
    }
}

type Kem25519 = X25519HkdfSha256;

/// An X25519 key that opens what was sealed to it: a phone's device key, a server's receiver key.
#[derive(Clone)]
pub struct ReceiverSecret(pub(crate) <Kem25519 as Kem>::PrivateKey);

impl ReceiverSecret {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Kem25519::gen_keypair_with_rng(rng).0)
    }

    /// From its 32 secret bytes.
    ///
    /// # Errors
    /// [`SealError::WeakKey`] if they are no private key.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, SealError> {
        <Kem25519 as Kem>::PrivateKey::from_bytes(secret).map(Self).map_err(|_| SealError::WeakKey)
    }

    /// Its 32 secret bytes, to be kept in an encrypted store.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut secret = Zeroizing::new([0; 32]);
        self.0.write_exact(&mut *secret);
        secret
    }

    /// Its public half.
    pub fn receiver_key(&self) -> ReceiverKey {
        let mut public = [0; 32];
        Kem25519::sk_to_pk(&self.0).write_exact(&mut public);
        ReceiverKey(public)
    }
}

impl fmt::Debug for ReceiverSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiverSecret({})", self.receiver_key().id())
    }
}

/// An X25519 public key to seal to: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReceiverKey([u8; 32]);

impl ReceiverKey {
    /// From its 32 bytes. Sealing refuses the few that hide nothing.
    pub fn from_bytes(public: [u8; 32]) -> Self {
        Self(public)
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Its short name, told in the clear header of what is sealed to it.
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.0)
    }

    pub(crate) fn hpke(&self) -> Result<<Kem25519 as Kem>::PublicKey, SealError> {
        <Kem25519 as Kem>::PublicKey::from_bytes(&self.0).map_err(|_| SealError::WeakKey)
    }
}

impl fmt::Debug for ReceiverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiverKey({})", self.id())
    }
}

/// What a phone makes for itself before it joins.
#[derive(Clone, Debug)]
pub struct DeviceKeys {
    /// Signs its requests.
    pub session: SigningKey,
    /// Opens the replies.
    pub device: ReceiverSecret,
}

impl DeviceKeys {
    /// New keys.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self { session: SigningKey::generate(rng), device: ReceiverSecret::generate(rng) }
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_bytes(&self.0) }
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return bytes::deserialize(deserializer).map(Self);
        }
        let mut id = [0; 8];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(text, &mut id).map_err(|_| serde::de::Error::custom("not 16 hex digits"))?;
        Ok(Self(id))
    }
}

impl Serialize for VerifyingKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        bytes::serialize(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for VerifyingKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let public: [u8; 32] = bytes::deserialize(deserializer)?;
        Self::from_bytes(&public).map_err(serde::de::Error::custom)
    }
}

impl Serialize for ReceiverKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        bytes::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for ReceiverKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes::deserialize(deserializer).map(Self)
    }
}
