//! COSE_Sign1 (RFC 9052), as narrow as we use it: EdDSA, `alg` and `kid` protected, nothing unprotected, untagged.

use crate::{
    bytes,
    keys::{SigningKey, VerifyingKey},
    seal::SealError,
};
use coset::{Algorithm, CborSerializable, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, ProtectedHeader, iana};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use std::fmt;

/// An array of four: what every untagged COSE_Sign1 begins with.
const ARRAY_OF_FOUR: u8 = 0x84;
/// More than `alg` and a 16-byte `kid` need; refused before it is parsed.
const MAX_PROTECTED: usize = 64;
/// The message is three levels deep at most.
const DEPTH: usize = 8;

/// Signs `payload`; `aad` is covered by the signature and not carried.
pub(crate) fn sign(payload: Vec<u8>, aad: &[u8], kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, SealError> {
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(kid.to_vec()).build();
    CoseSign1Builder::new()
        .protected(header)
        .payload(payload)
        .create_signature(aad, |message| key.sign(message))
        .build()
        .to_vec()
        .map_err(|_| SealError::Malformed)
}

/// A message read but not yet verified.
pub(crate) struct Unverified(CoseSign1);

impl Unverified {
    /// Reads a message of the narrow form. Typed, so that hostile CBOR takes no more memory than its own bytes.
    pub(crate) fn parse(mut message: &[u8]) -> Result<Self, SealError> {
        if message.first() != Some(&ARRAY_OF_FOUR) {
            return Err(SealError::Malformed);
        }
        let (protected, unprotected, payload, signature): (Octets, Unprotected, Octets, Octets) =
            ciborium::de::from_reader_with_recursion_limit(&mut message, DEPTH).map_err(|_| SealError::Malformed)?;
        if !message.is_empty() {
            return Err(SealError::TrailingBytes);
        }
        if !unprotected.empty {
            return Err(SealError::Unprotected);
        }
        if protected.0.len() > MAX_PROTECTED {
            return Err(SealError::Malformed);
        }
        let header = Header::from_slice(&protected.0).map_err(|_| SealError::Malformed)?;
        if header.alg != Some(Algorithm::Assigned(iana::Algorithm::EdDSA)) {
            return Err(SealError::WrongAlgorithm);
        }
        // a header we do not know might be critical to who wrote it
        if header != (Header { alg: header.alg.clone(), key_id: header.key_id.clone(), ..Header::default() }) {
            return Err(SealError::Malformed);
        }
        Ok(Self(CoseSign1 {
            protected: ProtectedHeader { original_data: Some(protected.0), header },
            unprotected: Header::default(),
            payload: Some(payload.0),
            signature: signature.0,
        }))
    }

    /// The key the message claims to be signed with; empty where it names none.
    pub(crate) fn kid(&self) -> &[u8] {
        &self.0.protected.header.key_id
    }

    /// What the message says, before it is verified: only to find the key inside a join request.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        self.0.payload.as_deref().unwrap_or_default()
    }

    /// What the message says.
    pub(crate) fn verify(self, aad: &[u8], key: &VerifyingKey) -> Result<Vec<u8>, SealError> {
        self.0.verify_signature(aad, |signature, message| key.verify(signature, message))?;
        Ok(self.0.payload.unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct Octets(#[serde(with = "bytes")] Vec<u8>);

/// The unprotected map: read past, never kept.
struct Unprotected {
    empty: bool,
}

impl<'de> Deserialize<'de> for Unprotected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Unprotected;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unprotected, A::Error> {
                let mut empty = true;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    empty = false;
                }
                Ok(Unprotected { empty })
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
