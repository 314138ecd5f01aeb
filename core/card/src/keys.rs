//! Whose signature counts: one issuer key a year, named in a list that the offline root signs.

use crate::{
    CardError,
    envelope::{self, Envelope},
};
use chrono::NaiveDate;
use ed25519_dalek::Signer;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize, de::Error as _};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Covered by the root's signature, so that it holds nowhere else.
const CONTEXT: &[u8] = b"payung/card-keys/1";
/// Far more than lists of a key a year need.
const MAX_LIST: usize = 16 << 10;
/// Map, array, map, bytes.
const DEPTH: usize = 8;
/// Keys of a list.
const MAX_KEYS: usize = 64;

/// First 8 bytes of the SHA-256 of a public key: the `kid` of a card.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

/// First 16 bytes of the SHA-256 of the root key: all that a verifier needs to have seen before, 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

/// An Ed25519 key that signs cards and status lists, or the root that signs the list of them.
#[derive(Clone)]
pub struct IssuerKey(ed25519_dalek::SigningKey);

/// An Ed25519 public key: 32 bytes, a point of full order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

/// An issuer's key and when it may issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardKey {
    /// The key.
    pub public: PublicKey,
    /// First day on which it issues.
    pub from: NaiveDate,
    /// Last day on which it issues. What it issued until then is good for as long as it says itself.
    pub until: NaiveDate,
}

/// The issuers' keys. COSE_Sign1 by the root over CBOR, tag 18, external_aad `payung/card-keys/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardKeys {
    /// Counts up; never goes back. A key that was stolen is left out of the next list.
    pub serial: u64,
    /// The root that signs it, whole: who verifies may know its fingerprint only.
    pub root: PublicKey,
    /// The keys, at most 64.
    pub keys: Vec<CardKey>,
}

impl IssuerKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(ed25519_dalek::SigningKey::generate(rng))
    }

    /// From its 32 secret bytes (the seed of RFC 8032).
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(secret))
    }

    /// Its 32 secret bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}

impl PublicKey {
    /// From its 32 bytes.
    ///
    /// # Errors
    /// [`CardError::NotOurs`] if they are no point of the curve, or one under which anything verifies.
    pub fn from_bytes(public: &[u8; 32]) -> Result<Self, CardError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| CardError::NotOurs)?;
        if key.is_weak() { Err(CardError::NotOurs) } else { Ok(Self(key)) }
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Its short name.
    pub fn id(&self) -> KeyId {
        KeyId(self.prefix())
    }

    /// How it is told apart by people.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.prefix())
    }

    fn prefix<const N: usize>(&self) -> [u8; N] {
        let digest = Sha256::digest(self.0.as_bytes());
        let mut first = [0; N];
        first.copy_from_slice(&digest[..N]);
        first
    }

    /// RFC 8032 without the malleable cases, so that all verifiers agree.
    pub(crate) fn verify(&self, signature: &[u8], message: &[u8]) -> Result<(), CardError> {
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| CardError::BadSignature)?;
        self.0.verify_strict(message, &signature).map_err(|_| CardError::BadSignature)
    }
}

impl CardKeys {
    /// Signs the list with the root, whose key it must name.
    ///
    /// # Errors
    /// [`CardError::OtherRoot`]; [`CardError::Claim`] where a key ends before it begins or there are too many.
    pub fn sign(&self, root: &IssuerKey) -> Result<Vec<u8>, CardError> {
        if self.root != root.public() {
            return Err(CardError::OtherRoot);
        }
        self.check()?;
        let mut list = Vec::new();
        ciborium::into_writer(self, &mut list).map_err(|_| CardError::NotOurs)?;
        envelope::sign(list, None, CONTEXT, root)
    }

    /// Believes a list if the root of that fingerprint signed it; `seen` is the highest serial seen so far, 0 at first.
    ///
    /// # Errors
    /// [`CardError::OtherRoot`], [`CardError::OldSerial`], [`CardError::BadSignature`], or why it cannot be read.
    pub fn verify(signed: &[u8], root: &Fingerprint, seen: u64) -> Result<Self, CardError> {
        let list = Self::verify_own(signed)?;
        if list.root.fingerprint() != *root {
            return Err(CardError::OtherRoot);
        }
        if list.serial < seen { Err(CardError::OldSerial) } else { Ok(list) }
    }

    /// Reads a list that came by a trusted way, as a file that the office handed over: the root it names signed it.
    ///
    /// # Errors
    /// [`CardError::BadSignature`], or why it cannot be read.
    pub fn verify_own(signed: &[u8]) -> Result<Self, CardError> {
        if signed.len() > MAX_LIST {
            return Err(CardError::TooLarge { limit: MAX_LIST });
        }
        let envelope = Envelope::parse(signed, None)?;
        let list: Self = ciborium::de::from_reader_with_recursion_limit(envelope.unverified(), DEPTH)
            .map_err(|_| CardError::NotOurs)?;
        envelope.verify(CONTEXT, &list.root)?;
        list.check()?;
        Ok(list)
    }

    fn check(&self) -> Result<(), CardError> {
        if self.keys.len() > MAX_KEYS || self.keys.iter().any(|key| key.from > key.until) {
            return Err(CardError::Claim("keys"));
        }
        Ok(())
    }

    /// What is said in an envelope and by which key, if one of the list signed it. An envelope without `kid` is tried
    /// with each.
    pub(crate) fn open<'envelope>(
        &self,
        envelope: &'envelope Envelope,
    ) -> Result<(&'envelope [u8], &CardKey), CardError> {
        let kid = envelope.kid();
        let mut named = self.keys.iter().filter(|key| kid.is_empty() || key.public.id().0 == kid).peekable();
        if named.peek().is_none() {
            return Err(CardError::OtherIssuer);
        }
        named.find_map(|key| Some((envelope.verify(&[], &key.public).ok()?, key))).ok_or(CardError::BadSignature)
    }
}

impl CardKey {
    /// Whether it may issue on that day.
    pub fn issues_on(&self, day: NaiveDate) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

impl fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerKey({})", self.public().id())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
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

impl std::str::FromStr for Fingerprint {
    type Err = CardError;
    fn from_str(text: &str) -> Result<Self, CardError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| CardError::NotOurs)?;
        Ok(Self(bytes))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Octets;
        impl serde::de::Visitor<'_> for Octets {
            type Value = PublicKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("32 bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<PublicKey, E> {
                let public = bytes.try_into().map_err(|_| E::custom("not 32 bytes"))?;
                PublicKey::from_bytes(public).map_err(E::custom)
            }
        }
        deserializer.deserialize_bytes(Octets).map_err(|_| D::Error::custom("not a key"))
    }
}
