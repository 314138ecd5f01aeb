//! Which cards were taken back: a Token Status List (draft-ietf-oauth-status-list) as CWT, one bit a card, one list a
//! regency. It tells nothing about a card to who does not hold it: places are chosen at random.

use crate::{
    CardError,
    claims::{Claims, integer, text_value},
    envelope::{self, Envelope},
    keys::{CardKeys, IssuerKey},
};
use chrono::{DateTime, Utc};
use ciborium::Value;
use std::fmt;

/// Registered CWT claims: sub and iat of RFC 8392, `status_list` and `ttl` of the status list draft.
const SUB: i64 = 2;
const IAT: i64 = 6;
const STATUS_LIST: i64 = 65_533;
const TTL: i64 = 65_534;
/// What the `typ` header says.
const TYP: &str = "application/statuslist+cwt";
/// Seconds after which a verifier that is online asks for a newer one.
const DAY: i64 = 24 * 3600;
/// Bytes of a list as it comes: far above the entropy of any list that fits.
const MAX_SIGNED: usize = 1 << 20;
/// Bytes of the list unpacked: 8 million cards, more than the largest regency has people.
const MAX_BITS: usize = 1 << 20;
/// Places of the longest list.
pub const MAX_LISTED: u32 = 8 << 20;

/// The list of one regency. What is in it was believed, or made here.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    uri: String,
    issued: DateTime<Utc>,
    bits: Vec<u8>,
}

impl StatusList {
    /// A list of `cards` places, rounded up to whole bytes, none taken back.
    ///
    /// # Errors
    /// [`CardError::TooLarge`].
    pub fn new(uri: &str, cards: u32, issued: DateTime<Utc>) -> Result<Self, CardError> {
        let bytes = cards.div_ceil(8) as usize;
        if bytes > MAX_BITS {
            return Err(CardError::TooLarge { limit: MAX_BITS });
        }
        Ok(Self { uri: uri.to_owned(), issued, bits: vec![0; bytes] })
    }

    /// Takes the card at a place back.
    ///
    /// # Errors
    /// [`CardError::Claim`] if there is no such place.
    pub fn revoke(&mut self, index: u32) -> Result<(), CardError> {
        let byte = self.bits.get_mut(index as usize / 8).ok_or(CardError::Claim("status"))?;
        // the first card is the lowest bit of the first byte
        *byte |= 1 << (index % 8);
        Ok(())
    }

    /// Whether the card at a place was taken back; none if there is no such place.
    pub fn is_revoked(&self, index: u32) -> Option<bool> {
        self.bits.get(index as usize / 8).map(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Its name, which the cards refer to.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// When it was made.
    pub fn issued(&self) -> DateTime<Utc> {
        self.issued
    }

    /// Signs it, as it is handed out.
    pub fn sign(&self, key: &IssuerKey) -> Result<Vec<u8>, CardError> {
        let list = Value::Map(vec![
            (text_value("bits"), integer(1)),
            (text_value("lst"), Value::Bytes(envelope::pack(&self.bits)?)),
        ]);
        let claims = Value::Map(vec![
            (integer(SUB), text_value(&self.uri)),
            (integer(IAT), integer(self.issued.timestamp())),
            (integer(TTL), integer(DAY)),
            (integer(STATUS_LIST), list),
        ]);
        envelope::sign(envelope::cbor_bytes(&claims)?, Some(TYP), &[], key)
    }

    /// Reads and believes a list that one of the keys signed while it was valid.
    ///
    /// # Errors
    /// [`CardError`]: why it cannot be read or believed.
    pub fn verify(signed: &[u8], keys: &CardKeys) -> Result<Self, CardError> {
        if signed.len() > MAX_SIGNED {
            return Err(CardError::TooLarge { limit: MAX_SIGNED });
        }
        let envelope = Envelope::parse(signed, Some(TYP))?;
        let (said, key) = keys.open(&envelope)?;
        let mut claims = Claims::from_value(envelope::cbor(said)?)?;
        let uri = claims.take_text(SUB, "sub")?;
        let issued = DateTime::from_timestamp(claims.take_integer(IAT, "iat")?, 0).ok_or(CardError::Claim("iat"))?;
        if !key.issues_on(issued.date_naive()) {
            return Err(CardError::KeyNotValid);
        }
        let mut list = claims.take_named(STATUS_LIST, "status_list")?;
        if list.remove("bits").and_then(|bits| bits.into_integer().ok()) != Some(1.into()) {
            return Err(CardError::Claim("bits"));
        }
        let packed = list.remove("lst").and_then(|lst| lst.into_bytes().ok()).ok_or(CardError::Claim("lst"))?;
        Ok(Self { uri, issued, bits: envelope::unpack(&packed, MAX_BITS)? })
    }
}

impl fmt::Debug for StatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusList({}, {} places, {})", self.uri, 8 * self.bits.len(), self.issued)
    }
}
