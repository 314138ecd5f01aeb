//! Photos and drawings that belong to a record: what the record says of the file, which travels apart from it as
//! ciphertext.

use crate::op::Body;
use serde_json::Value;
use std::{fmt, str::FromStr};

/// The name of a file: SHA-256 of its ciphertext. Tells nothing of what is in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaHash(pub [u8; 32]);

/// The text is not 64 lowercase hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 lowercase hex digits")]
pub struct MediaHashError;

impl MediaHash {
    /// The file an attachment names; none in another kind's body, or where it cannot be read.
    pub fn of(body: &Body) -> Option<Self> {
        body.get("media")?.get("sha256")?.as_str()?.parse().ok()
    }

    /// Whether the body names this very file.
    pub fn is_of(self, body: &Body) -> bool {
        Self::of(body) == Some(self)
    }
}

impl FromStr for MediaHash {
    type Err = MediaHashError;
    fn from_str(text: &str) -> Result<Self, MediaHashError> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(MediaHashError);
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(MediaHashError),
        };
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(hash))
    }
}

impl fmt::Display for MediaHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MediaHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaHash({self})")
    }
}

/// What of an attachment opens its file, as text of the record: base64url without padding. Not for logs: no Debug.
pub fn key_text(body: &Body) -> Option<&str> {
    body.get("media")?.get("key").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Kind;
    use serde_json::json;

    fn media() -> Value {
        json!({ "sha256": "5".repeat(63) + "a", "size": 80_000, "key": "k".repeat(43), "type": "image/jpeg" })
    }

    #[test]
    fn hash_is_read_from_the_record_and_written_the_same() {
        let body = Body::from([("media".to_owned(), media())]);
        let hash = MediaHash::of(&body).unwrap();
        assert_eq!(hash.to_string(), "5".repeat(63) + "a");
        assert!(hash.is_of(&body) && !MediaHash([0; 32]).is_of(&body));
        assert_eq!(MediaHash::of(&Body::new()), None);
        for wrong in ["", "5", &"g".repeat(64), &"A".repeat(64), &"5".repeat(66), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<MediaHash>(), Err(MediaHashError), "{wrong}");
        }
    }

    #[test]
    fn media_without_hash_size_key_or_type_is_refused_by_the_part() {
        assert_eq!(Kind::Attachment.validate("media", &media()), Ok(()));
        let cases = [
            ("sha256", json!("5".repeat(63)), "sha256_invalid"),
            ("sha256", json!("F".repeat(64)), "sha256_invalid"),
            ("size", json!(-1), "out_of_range"),
            ("size", json!("80000"), "not_a_number"),
            ("key", json!("k".repeat(42)), "key_invalid"),
            ("key", json!("+".repeat(43)), "key_invalid"),
            ("type", json!(""), "required"),
        ];
        for (part, value, code) in cases {
            let mut wrong = media();
            wrong[part] = value;
            let error = Kind::Attachment.validate("media", &wrong).unwrap_err();
            assert_eq!((error.field, error.code), (format!("media.{part}"), code.to_owned()));
            wrong[part] = Value::Null;
            assert_eq!(Kind::Attachment.validate("media", &wrong).unwrap_err().code, "required");
        }
    }

    #[test]
    fn attachment_is_a_fact_of_the_record_it_names() {
        let of = "0193a1b2-0000-7000-8000-000000000001";
        let body = Body::from([("of".to_owned(), of.into())]);
        assert!(Kind::Attachment.is_fact());
        assert_eq!(Kind::Attachment.parent(&body).map(|id| id.to_string()).as_deref(), Some(of));
        assert_eq!(Kind::Attachment.missing(&body), ["what", "media", "capture"]);
    }
}
