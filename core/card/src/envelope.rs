//! COSE_Sign1 as narrow as we use it, and the way from claims to the text of a QR code and back.

use crate::{
    CardError,
    keys::{IssuerKey, PublicKey},
};
use ciborium::{Value, de::Error as CborError};
use coset::{
    Algorithm, AsCborValue, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, Label, TaggedCborSerializable, iana,
};
use flate2::{Compression, bufread::ZlibDecoder, write::ZlibEncoder};
use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use std::{
    fmt, io,
    io::{Read, Write},
};

/// Characters of a text that is read. A standard card has about 400; a QR code holds 4,296 at most.
pub(crate) const MAX_TEXT: usize = 4296;
/// Bytes of the signed claims, unpacked.
pub(crate) const MAX_SIGNED: usize = 4 << 10;
/// What files and messages put around a text, and base45 has not.
const LINE_ENDS: [char; 3] = ['\r', '\n', '\t'];
/// COSE_Sign1 (RFC 9052): the first byte of all that is signed here.
pub(crate) const TAG_18: u8 = 0xd2;
/// CWT (RFC 8392), tag 61: may stand before.
const TAG_61: [u8; 2] = [0xd8, 61];
/// Claims are four levels deep.
const DEPTH: usize = 8;
/// The `typ` header (RFC 9596).
const TYP: i64 = 16;

/// The text of a card's QR code. Everything about the person is in it: `Debug` tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct CardText(pub(crate) String);

impl CardText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for CardText {
    type Err = CardError;

    /// A text that has the form of a card; whether it is one, [`crate::verify`] tells.
    fn from_str(text: &str) -> Result<Self, CardError> {
        Envelope::parse(&signed_bytes(text)?, None)?;
        Ok(Self(text.trim_matches(LINE_ENDS).to_owned()))
    }
}

impl fmt::Debug for CardText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardText({} characters)", self.0.len())
    }
}

/// Something signed that was read and not yet believed.
pub(crate) struct Envelope(CoseSign1);

/// Signs a payload. `typ` says what it is, where the profile wants that; `aad` is covered and not carried.
pub(crate) fn sign(payload: Vec<u8>, typ: Option<&str>, aad: &[u8], key: &IssuerKey) -> Result<Vec<u8>, CardError> {
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(key.public().id().0.to_vec());
    let header = match typ {
        Some(typ) => header.value(TYP, Value::from(typ)),
        None => header,
    };
    CoseSign1Builder::new()
        .protected(header.build())
        .payload(payload)
        .create_signature(aad, |message| key.sign(message))
        .build()
        .to_tagged_vec()
        .map_err(|_| CardError::NotOurs)
}

impl Envelope {
    /// Reads a COSE_Sign1 with tag 18, alone or in a tag 61; nothing behind it, nothing unprotected.
    pub(crate) fn parse(signed: &[u8], typ: Option<&str>) -> Result<Self, CardError> {
        let signed = signed.strip_prefix(&TAG_61).unwrap_or(signed);
        let Some((&TAG_18, message)) = signed.split_first() else {
            return Err(if signed.is_empty() { CardError::Truncated } else { CardError::NotOurs });
        };
        let message = CoseSign1::from_cbor_value(cbor(message)?).map_err(|_| CardError::NotOurs)?;
        let header = &message.protected.header;
        if header.alg != Some(Algorithm::Assigned(iana::Algorithm::EdDSA)) {
            return Err(CardError::Algorithm);
        }
        // a header we do not know might be critical to who wrote it, and nobody signed an unprotected one
        let wanted = Header {
            alg: header.alg.clone(),
            key_id: header.key_id.clone(),
            rest: typ.map(|typ| (Label::Int(TYP), Value::from(typ))).into_iter().collect(),
            ..Header::default()
        };
        if *header != wanted || message.unprotected != Header::default() {
            return Err(CardError::NotOurs);
        }
        Ok(Self(message))
    }

    /// The name of the key, 8 bytes of ours; empty where it has none.
    pub(crate) fn kid(&self) -> &[u8] {
        &self.0.protected.header.key_id
    }

    /// What is said, before it is believed.
    pub(crate) fn unverified(&self) -> &[u8] {
        self.0.payload.as_deref().unwrap_or_default()
    }

    /// What is said, if this key signed it.
    pub(crate) fn verify(&self, aad: &[u8], key: &PublicKey) -> Result<&[u8], CardError> {
        self.0.verify_signature(aad, |signature, message| key.verify(signature, message))?;
        Ok(self.unverified())
    }
}

/// Reads one CBOR item of few levels and nothing behind it. The caller bounds the bytes.
pub(crate) fn cbor(mut bytes: &[u8]) -> Result<Value, CardError> {
    let read = ciborium::de::from_reader_with_recursion_limit(&mut bytes, DEPTH);
    let value = read.map_err(|error| match error {
        CborError::Io(_) => CardError::Truncated,
        CborError::RecursionLimitExceeded => CardError::Nested,
        CborError::Syntax(_) | CborError::Semantic(..) => CardError::NotOurs,
    })?;
    if bytes.is_empty() { Ok(value) } else { Err(CardError::NotOurs) }
}

/// A value as CBOR.
pub(crate) fn cbor_bytes(value: &Value) -> Result<Vec<u8>, CardError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| CardError::NotOurs)?;
    Ok(bytes)
}

/// Signed bytes as the text of a QR code.
pub(crate) fn text(signed: &[u8]) -> Result<CardText, CardError> {
    let text = base45::encode(pack_short(signed)?);
    if text.len() > MAX_TEXT { Err(CardError::TooLarge { limit: MAX_TEXT }) } else { Ok(CardText(text)) }
}

/// The signed bytes in the text of a QR code. Line ends around it are not part of it; a blank at an end may be.
pub(crate) fn signed_bytes(text: &str) -> Result<Vec<u8>, CardError> {
    let text = text.trim_matches(LINE_ENDS);
    if text.len() > MAX_TEXT {
        return Err(CardError::TooLarge { limit: MAX_TEXT });
    }
    if text.is_empty() {
        return Err(CardError::Truncated);
    }
    let packed = base45::decode(text).map_err(|_| CardError::NotOurs)?;
    unpack(&packed, MAX_SIGNED)
}

/// zlib (RFC 1950).
pub(crate) fn pack(bytes: &[u8]) -> Result<Vec<u8>, CardError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|_| CardError::NotOurs)
}

/// zlib for a few hundred bytes: with the fixed codes of deflate (RFC 1951, 3.2.6). Codes of its own cost a card more than
/// they save, and the library then stores it as it is: 300 bytes instead of 270.
fn pack_short(bytes: &[u8]) -> Result<Vec<u8>, CardError> {
    let flags = create_comp_flags_from_zip_params(10, 15, CompressionStrategy::Fixed as i32);
    // nine bits for a byte at most, and the frame
    let mut packed = vec![0; bytes.len() * 9 / 8 + 64];
    let (status, _, length) = compress(&mut CompressorOxide::new(flags), bytes, &mut packed, TDEFLFlush::Finish);
    packed.truncate(length);
    if status == TDEFLStatus::Done { Ok(packed) } else { Err(CardError::NotOurs) }
}

/// One zlib stream and nothing behind it; stops unpacking at `limit` bytes, whatever it claims.
pub(crate) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, CardError> {
    let mut rest = packed;
    let mut bytes = Vec::new();
    let unpacked = ZlibDecoder::new(&mut rest).take(limit as u64 + 1).read_to_end(&mut bytes);
    match unpacked {
        Ok(read) if read > limit => Err(CardError::TooLarge { limit }),
        Ok(_) if rest.is_empty() => Ok(bytes),
        Ok(_) => Err(CardError::NotOurs),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(CardError::Truncated),
        Err(_) => Err(CardError::NotOurs),
    }
}
