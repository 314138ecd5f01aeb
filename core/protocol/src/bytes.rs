//! Bytes inside messages: base64url without padding in JSON (RFC 4648 section 5), a byte string in CBOR.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserializer, Serializer, de};
use std::{fmt, marker::PhantomData};

/// For `#[serde(with = "payung_protocol::bytes")]`.
pub fn serialize<S: Serializer, T: AsRef<[u8]>>(bytes: &T, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    } else {
        serializer.serialize_bytes(bytes.as_ref())
    }
}

/// For `#[serde(with = "payung_protocol::bytes")]`; an error never repeats what was read.
pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(Octets(PhantomData))
    } else {
        deserializer.deserialize_byte_buf(Octets(PhantomData))
    }
}

/// The errors never repeat what was read: it may be a secret.
struct Octets<T>(PhantomData<T>);

impl<T: TryFrom<Vec<u8>>> de::Visitor<'_> for Octets<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| E::custom("not base64url without padding"))?;
        self.visit_byte_buf(bytes)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        self.visit_byte_buf(bytes.to_vec())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<T, E> {
        T::try_from(bytes).map_err(|_| E::custom("wrong number of bytes"))
    }
}
