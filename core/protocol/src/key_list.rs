//! Which keys are the server's: a list signed by the offline root, and the shorter-lived receiver keys signed by the
//! server. Anyone may hand them out; what they say hangs on the root's fingerprint in the invite.

use crate::{
    bytes,
    cose::{self, Unverified},
    keys::{Fingerprint, KeyId, ReceiverKey, SigningKey, VerifyingKey},
    message::from_object,
    seal::SealError,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[cfg(test)]
mod tests;

pub(crate) const KEYS: &str = "payung/keys/1";
pub(crate) const RECEIVERS: &str = "payung/receivers/1";
/// Far more than lists of a few keys need.
pub(crate) const MAX_LIST: usize = 16 << 10;
/// A map of arrays of maps of bytes.
const DEPTH: usize = 8;

/// The root's list, signed yearly. COSE_Sign1 by the root over CBOR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// Counts up; never goes back.
    pub serial: u64,
    /// The root that signs it, whole: the invite has its fingerprint only.
    pub root: VerifyingKey,
    /// Keys that sign replies, certificates and the receiver list.
    pub signing: Vec<VerifyingKey>,
    /// An escrow copy of each phone's database key is sealed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<ReceiverKey>,
    /// Keys that vouch for the yearly card issuer keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub card_roots: Vec<VerifyingKey>,
}

impl KeyList {
    /// Signs the list with the root, whose key it must name.
    ///
    /// # Errors
    /// [`SealError::OtherRoot`].
    pub fn sign(&self, root: &SigningKey) -> Result<Vec<u8>, SealError> {
        if self.root != root.verifying_key() {
            return Err(SealError::OtherRoot);
        }
        signed_cbor(self, KEYS, root)
    }

    /// Reads a list of the root `root`; `seen` is the highest serial seen so far, 0 at first.
    ///
    /// # Errors
    /// [`SealError::OtherRoot`], [`SealError::OldSerial`], or another where it is not signed by that root.
    pub fn verify(signed: &[u8], root: &Fingerprint, seen: u64) -> Result<Self, SealError> {
        let message = parse(signed)?;
        let claimed: Self = from_cbor(message.unverified_payload())?;
        if claimed.root.fingerprint() != *root {
            return Err(SealError::OtherRoot);
        }
        let list: Self = verified_cbor(message, KEYS, |kid| (kid == claimed.root.id()).then_some(claimed.root))?;
        newer(list.serial, seen)?;
        Ok(list)
    }

    /// The server signing key of an id.
    pub fn signing_key(&self, id: KeyId) -> Option<VerifyingKey> {
        self.signing.iter().find(|key| key.id() == id).copied()
    }
}

/// A key to seal requests to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverEntry {
    /// The key.
    pub public: ReceiverKey,
    /// Seal to a newer one from then on; milliseconds since 1970.
    pub not_after: i64,
}

/// The receiver keys, replaced every 30 days. COSE_Sign1 by a server signing key over CBOR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverList {
    /// Counts up; never goes back.
    pub serial: u64,
    /// The keys, the one to use first.
    pub keys: Vec<ReceiverEntry>,
}

impl ReceiverList {
    /// Signs the list.
    pub fn sign(&self, server: &SigningKey) -> Result<Vec<u8>, SealError> {
        signed_cbor(self, RECEIVERS, server)
    }

    /// Reads a list signed by one of the server's keys; `seen` as for [`KeyList::verify`].
    ///
    /// # Errors
    /// [`SealError::OldSerial`], or another where it is not signed by such a key.
    pub fn verify(signed: &[u8], keys: &KeyList, seen: u64) -> Result<Self, SealError> {
        let list: Self = verified_cbor(parse(signed)?, RECEIVERS, |kid| keys.signing_key(kid))?;
        newer(list.serial, seen)?;
        Ok(list)
    }

    /// The key to seal to at `now`, milliseconds since 1970: the first not yet over, else the one that lasts longest
    /// (a phone's clock may be wrong, and an old key is answered with `reseal`).
    pub fn current(&self, now: i64) -> Option<ReceiverKey> {
        let lasting = || self.keys.iter().max_by_key(|entry| entry.not_after);
        self.keys.iter().find(|entry| entry.not_after > now).or_else(lasting).map(|entry| entry.public)
    }
}

/// Both lists as they are handed out, by the server at `GET /v1/keys`, by hubs and in files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKeys {
    /// See [`KeyList`].
    #[serde(with = "bytes")]
    pub keys: Vec<u8>,
    /// See [`ReceiverList`].
    #[serde(with = "bytes")]
    pub receivers: Vec<u8>,
}

/// The highest serials a phone has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serials {
    /// Of the root's list.
    pub keys: u64,
    /// Of the receiver list.
    pub receivers: u64,
}

/// Both lists, believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeys {
    /// The root's list.
    pub keys: KeyList,
    /// The receiver list.
    pub receivers: ReceiverList,
}

impl PublishedKeys {
    /// Reads the JSON a server or hub hands out. It is believed by [`PublishedKeys::verify`] only.
    ///
    /// # Errors
    /// [`SealError::TooLarge`], [`SealError::Message`].
    pub fn parse(json: &[u8]) -> Result<Self, SealError> {
        // two lists in base64
        let limit = 3 * MAX_LIST;
        if json.len() > limit {
            return Err(SealError::TooLarge { limit });
        }
        from_object(json)
    }

    /// Believes the lists if they hang on the root and are not older than what was seen.
    ///
    /// # Errors
    /// As [`KeyList::verify`] and [`ReceiverList::verify`].
    pub fn verify(&self, root: &Fingerprint, seen: Serials) -> Result<ServerKeys, SealError> {
        let keys = KeyList::verify(&self.keys, root, seen.keys)?;
        let receivers = ReceiverList::verify(&self.receivers, &keys, seen.receivers)?;
        Ok(ServerKeys { keys, receivers })
    }
}

impl ServerKeys {
    /// The serials to keep.
    pub fn serials(&self) -> Serials {
        Serials { keys: self.keys.serial, receivers: self.receivers.serial }
    }
}

fn newer(serial: u64, seen: u64) -> Result<(), SealError> {
    if serial < seen { Err(SealError::OldSerial) } else { Ok(()) }
}

fn parse(signed: &[u8]) -> Result<Unverified, SealError> {
    if signed.len() > MAX_LIST {
        return Err(SealError::TooLarge { limit: MAX_LIST });
    }
    Unverified::parse(signed)
}

/// CBOR, signed in `context` by `key`, whose id is the `kid`.
pub(crate) fn signed_cbor<T: Serialize>(value: &T, context: &str, key: &SigningKey) -> Result<Vec<u8>, SealError> {
    let mut cbor = Vec::new();
    ciborium::into_writer(value, &mut cbor).map_err(|_| SealError::Message)?;
    cose::sign(cbor, context.as_bytes(), &key.verifying_key().id().0, key)
}

/// What [`signed_cbor`] signed.
pub(crate) fn verified_cbor<T: DeserializeOwned>(
    message: Unverified,
    context: &str,
    key: impl FnOnce(KeyId) -> Option<VerifyingKey>,
) -> Result<T, SealError> {
    let kid = message.kid().try_into().map(KeyId).map_err(|_| SealError::UnknownSigner)?;
    let key = key(kid).ok_or(SealError::UnknownSigner)?;
    from_cbor(&message.verify(context.as_bytes(), &key)?)
}

fn from_cbor<T: DeserializeOwned>(mut cbor: &[u8]) -> Result<T, SealError> {
    let value = ciborium::de::from_reader_with_recursion_limit(&mut cbor, DEPTH).map_err(|_| SealError::Message)?;
    if cbor.is_empty() { Ok(value) } else { Err(SealError::TrailingBytes) }
}
