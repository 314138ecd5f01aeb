//! Sealing: JSON -> zstd -> COSE_Sign1 -> HPKE. Who opens knows who wrote it, that it was meant for them, and, for a
//! reply, which request it answers.

use crate::{
    bundle::{BundleDigest, BundleId, HEADER, Header, Limits, SealedBundle, Sent},
    cose::{self, Unverified},
    join::{JoinAnswer, JoinRequest, RenewRequest},
    keys::{KeyId, ReceiverKey, ReceiverSecret, SigningKey, VerifyingKey},
    message::{BadOp, Reply, Request, from_object, read_reply, read_request},
    problem::ProblemCode,
};
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable,
    aead::{AeadTag, ChaCha20Poly1305},
    inout::InOutBuf,
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use payung_domain::{
    id::DeviceId,
    planted::{Planted, planted},
};
use rand_core::CryptoRng;
use serde::Serialize;
use std::{cell::RefCell, io::Read};
use thiserror::Error;
use zstd::{bulk::Compressor, stream::read::Decoder};

#[cfg(test)]
mod tests;

/// Why a bundle, certificate or key list was not made or not believed. Never repeats what was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// Shorter than the least there can be.
    #[error("the bundle is too short")]
    Short,
    /// A format this version does not know.
    #[error("the bundle has the unknown format {0}")]
    Version(u8),
    /// More sealed bytes than are taken.
    #[error("the bundle is larger than {limit} bytes")]
    TooLarge {
        /// The most that is taken, in bytes.
        limit: usize,
    },
    /// More bytes once decompressed than are taken.
    #[error("the message is larger than {limit} bytes")]
    UnpackedTooLarge {
        /// The most that is taken, in bytes.
        limit: usize,
    },
    /// More values than are read.
    #[error("the message would take more than {limit} bytes of memory")]
    TooManyValues {
        /// The most memory that is taken, in bytes.
        limit: usize,
    },
    /// More ops than [`crate::MAX_OPS`].
    #[error("the request has too many ops")]
    TooManyOps,
    /// Sealed to a key this server does not have, or no longer has: seal again to a newer key.
    #[error("sealed to the unknown key {0}")]
    UnknownReceiver(KeyId),
    /// A reply sealed to another phone's key.
    #[error("sealed to another phone")]
    WrongReceiver,
    /// A reply to another request.
    #[error("answers another request")]
    OtherRequest,
    /// Altered, cut, or sealed to another key.
    #[error("the seal is broken")]
    Broken,
    /// The signed message inside is not of the one form taken.
    #[error("the signed message is malformed")]
    Malformed,
    /// Something follows the message.
    #[error("bytes follow the message")]
    TrailingBytes,
    /// A header outside the signature, where anybody could have put it.
    #[error("the signed message has unprotected headers")]
    Unprotected,
    /// Another algorithm than EdDSA.
    #[error("signed with another algorithm than EdDSA")]
    WrongAlgorithm,
    /// A signer that is not known, or none named.
    #[error("the signer is unknown")]
    UnknownSigner,
    /// The signature is not that of the named signer over this message in this place.
    #[error("the signature is wrong")]
    BadSignature,
    /// A public key under which anything would verify, or that hides nothing.
    #[error("the key is weak or no key")]
    WeakKey,
    /// What was signed does not decompress.
    #[error("the message does not decompress")]
    Compression,
    /// What was signed is not the message it should be.
    #[error("the message is not of the expected form")]
    Message,
    /// Signed by another root than the one the invite named.
    #[error("signed by another root")]
    OtherRoot,
    /// A key list older than one already seen.
    #[error("the key list is older than one already seen")]
    OldSerial,
    /// A certificate that has outgrown [`crate::MAX_CERTIFICATE`].
    #[error("the certificate would have {0} bytes")]
    CertificateTooLarge(usize),
}

impl SealError {
    /// How the server answers a bundle it could not open.
    pub fn problem(self) -> ProblemCode {
        match self {
            Self::TooLarge { .. } | Self::UnpackedTooLarge { .. } | Self::TooManyValues { .. } | Self::TooManyOps => {
                ProblemCode::BundleTooLarge
            }
            Self::UnknownReceiver(_) => ProblemCode::Reseal,
            Self::UnknownSigner => ProblemCode::DeviceUnknown,
            Self::BadSignature | Self::WrongAlgorithm | Self::Unprotected => ProblemCode::SignatureInvalid,
            Self::Version(_) => ProblemCode::BundleVersion,
            _ => ProblemCode::BundleMalformed,
        }
    }
}

/// A request whose signature is good.
#[derive(Debug)]
pub struct Opened {
    /// What it says.
    pub request: Request,
    /// Ops that could not be read.
    pub bad: Vec<BadOp>,
    /// Who signed it.
    pub device: DeviceId,
    /// What the reply will be bound to.
    pub sent: Sent,
}

/// What came to the join endpoint, its signature good. `sent` is what the answer will be bound to.
#[derive(Debug)]
pub enum OpenedJoin {
    /// A phone with an invite; signed by the session key it carries.
    Invited {
        /// What it says.
        request: Box<JoinRequest>,
        /// What the answer will be bound to.
        sent: Sent,
    },
    /// A device asks for its certificate; signed by its session key.
    Renewal {
        /// The device.
        device: DeviceId,
        /// What it says.
        request: RenewRequest,
        /// What the answer will be bound to.
        sent: Sent,
    },
}

/// Seals a phone's request to the server.
///
/// # Errors
/// [`SealError::TooManyOps`], [`SealError::UnpackedTooLarge`], [`SealError::TooManyValues`], [`SealError::TooLarge`]:
/// send fewer ops.
pub fn seal_request(
    request: &Request,
    bundle: BundleId,
    device: DeviceId,
    session: &SigningKey,
    server: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<SealedBundle, SealError> {
    if request.ops.len() > crate::MAX_OPS {
        return Err(SealError::TooManyOps);
    }
    let place = Place::new(EXCHANGE, server, bundle, None);
    seal(request, &place, Limits::REQUEST, &device.bytes(), session, server, rng)
}

/// Opens a phone's request.
///
/// `receiver` gives the server's secret of a key id, `device` a phone's session key.
///
/// # Errors
/// [`SealError::UnknownReceiver`] must be answered with `reseal`: the key may have been destroyed.
pub fn open_request(
    sealed: &[u8],
    receiver: impl FnOnce(KeyId) -> Option<ReceiverSecret>,
    device: impl FnOnce(DeviceId) -> Option<VerifyingKey>,
    limits: Limits,
) -> Result<Opened, SealError> {
    limits.sealed(sealed.len())?;
    let header = Header::parse(sealed)?;
    let secret = receiver(header.receiver).ok_or(SealError::UnknownReceiver(header.receiver))?;
    let message = Unverified::parse(&decrypt(sealed, HEADER, &[], &secret)?)?;
    let signer = DeviceId::from_slice(message.kid()).ok_or(SealError::UnknownSigner)?;
    let key = device(signer).ok_or(SealError::UnknownSigner)?;
    let packed = message.verify(&Place { context: EXCHANGE, header, answers: None }.aad(), &key)?;
    let (request, bad) = read_request(&unpack(&packed, limits)?)?;
    Ok(Opened { request, bad, device: signer, sent: Sent { bundle: header.bundle, digest: BundleDigest::of(sealed) } })
}

/// Seals the server's reply to the phone that asked.
pub fn seal_reply(
    reply: &Reply,
    answers: &Sent,
    server: &SigningKey,
    device: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<SealedBundle, SealError> {
    let place = Place::new(EXCHANGE, device, answers.bundle, Some(answers.digest));
    seal(reply, &place, Limits::REPLY, &server.verifying_key().id().0, server, device, rng)
}

/// Opens the reply to the request `answers`; `server` gives the signing key of a key id from the root-signed list.
///
/// # Errors
/// Anything but a reply to that very request, to this phone, by a known server key: the request stays unanswered.
pub fn open_reply(
    sealed: &[u8],
    device: &ReceiverSecret,
    server: impl FnOnce(KeyId) -> Option<VerifyingKey>,
    answers: &Sent,
    limits: Limits,
) -> Result<Reply, SealError> {
    read_reply(&open_answer(EXCHANGE, sealed, device, server, answers, limits)?)
}

/// Seals a join request, signed by the session key it carries.
pub fn seal_join(
    request: &JoinRequest,
    bundle: BundleId,
    session: &SigningKey,
    server: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<SealedBundle, SealError> {
    let place = Place::new(JOIN, server, bundle, None);
    seal(request, &place, Limits::JOIN, &session.verifying_key().id().0, session, server, rng)
}

/// Seals a device's request for its certificate.
pub fn seal_renewal(
    request: &RenewRequest,
    bundle: BundleId,
    device: DeviceId,
    session: &SigningKey,
    server: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<SealedBundle, SealError> {
    let place = Place::new(JOIN, server, bundle, None);
    seal(request, &place, Limits::JOIN, &device.bytes(), session, server, rng)
}

/// Opens what came to the join endpoint; the length of `kid` tells what it is, and is under the signature. With an
/// invite the signature shows that the sender has the session key it asks a certificate for; the invite's secret
/// inside shows the rest, and is for the caller to check. `device` gives a joined phone's session key.
pub fn open_join(
    sealed: &[u8],
    receiver: impl FnOnce(KeyId) -> Option<ReceiverSecret>,
    device: impl FnOnce(DeviceId) -> Option<VerifyingKey>,
) -> Result<OpenedJoin, SealError> {
    Limits::JOIN.sealed(sealed.len())?;
    let header = Header::parse(sealed)?;
    let secret = receiver(header.receiver).ok_or(SealError::UnknownReceiver(header.receiver))?;
    let message = Unverified::parse(&decrypt(sealed, HEADER, &[], &secret)?)?;
    let sent = Sent { bundle: header.bundle, digest: BundleDigest::of(sealed) };
    let aad = Place { context: JOIN, header, answers: None }.aad();
    if let Some(signer) = DeviceId::from_slice(message.kid()) {
        let key = device(signer).ok_or(SealError::UnknownSigner)?;
        let packed = message.verify(&aad, &key)?;
        let request = from_object(&unpack(&packed, Limits::JOIN)?)?;
        return Ok(OpenedJoin::Renewal { device: signer, request, sent });
    }
    let request: Box<JoinRequest> = from_object(&unpack(message.unverified_payload(), Limits::JOIN)?)?;
    if message.kid() != request.session_key.id().0 {
        return Err(SealError::UnknownSigner);
    }
    message.verify(&aad, &request.session_key)?;
    Ok(OpenedJoin::Invited { request, sent })
}

/// Seals the answer to what came to the join endpoint, a refusal included: it may have to travel through a hub.
pub fn seal_join_answer(
    answer: &JoinAnswer,
    answers: &Sent,
    server: &SigningKey,
    device: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<SealedBundle, SealError> {
    let place = Place::new(JOIN, device, answers.bundle, Some(answers.digest));
    seal(answer, &place, Limits::JOIN, &server.verifying_key().id().0, server, device, rng)
}

/// Opens the answer to a join request.
pub fn open_join_answer(
    sealed: &[u8],
    device: &ReceiverSecret,
    server: impl FnOnce(KeyId) -> Option<VerifyingKey>,
    answers: &Sent,
) -> Result<JoinAnswer, SealError> {
    from_object(&open_answer(JOIN, sealed, device, server, answers, Limits::JOIN)?)
}

pub(crate) const EXCHANGE: &str = "payung/exchange/1";
pub(crate) const JOIN: &str = "payung/join/1";

type Kem25519 = X25519HkdfSha256;
type Tag = AeadTag<ChaCha20Poly1305>;
const ENCAPPED: usize = 32;
const TAG: usize = 16;

/// What a signature covers beside the message: it holds in this one place only.
struct Place {
    context: &'static str,
    header: Header,
    answers: Option<BundleDigest>,
}

impl Place {
    fn new(context: &'static str, receiver: &ReceiverKey, bundle: BundleId, answers: Option<BundleDigest>) -> Self {
        Self { context, header: Header { receiver: receiver.id(), bundle }, answers }
    }

    /// COSE external_aad: context || clear header || receiver key id || (replies) SHA-256 of the request.
    fn aad(&self) -> Vec<u8> {
        let mut aad = self.context.as_bytes().to_vec();
        aad.extend_from_slice(&self.header.to_bytes());
        aad.extend_from_slice(&self.header.receiver.0);
        if let Some(digest) = self.answers.as_ref().filter(|_| !planted(Planted::ReplyToOtherRequest)) {
            aad.extend_from_slice(&digest.0);
        }
        aad
    }
}

fn seal<M: Serialize>(
    message: &M,
    place: &Place,
    limits: Limits,
    kid: &[u8],
    signer: &SigningKey,
    receiver: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<SealedBundle, SealError> {
    let json = serde_json::to_vec(message).map_err(|_| SealError::Message)?;
    limits.json(&json)?;
    let message = cose::sign(pack(&json)?, &place.aad(), kid, signer)?;
    let sealed = encrypt(&place.header.to_bytes(), &[], &message, receiver, rng)?;
    limits.sealed(sealed.len())?;
    Ok(SealedBundle(sealed))
}

fn open_answer(
    context: &'static str,
    sealed: &[u8],
    device: &ReceiverSecret,
    server: impl FnOnce(KeyId) -> Option<VerifyingKey>,
    answers: &Sent,
    limits: Limits,
) -> Result<Vec<u8>, SealError> {
    limits.sealed(sealed.len())?;
    let header = Header::parse(sealed)?;
    if header.receiver != device.receiver_key().id() {
        return Err(SealError::WrongReceiver);
    }
    if header.bundle != answers.bundle && !planted(Planted::ReplyToOtherRequest) {
        return Err(SealError::OtherRequest);
    }
    let message = Unverified::parse(&decrypt(sealed, HEADER, &[], device)?)?;
    if planted(Planted::ReplySignatureUnchecked) {
        return unpack(message.unverified_payload(), limits);
    }
    let kid = message.kid().try_into().map(KeyId).map_err(|_| SealError::UnknownSigner)?;
    let key = server(kid).ok_or(SealError::UnknownSigner)?;
    let place = Place { context, header, answers: Some(answers.digest) };
    unpack(&message.verify(&place.aad(), &key)?, limits)
}

/// Bytes that sealing adds to what stands before it and what is in it: encapsulated key and tag.
pub(crate) const OVERHEAD: usize = ENCAPPED + TAG;

/// `clear || encapsulated key || ciphertext || tag`, encrypted in place; `clear` is the aad.
pub(crate) fn encrypt(
    clear: &[u8],
    info: &[u8],
    plain: &[u8],
    receiver: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let begin = clear.len() + ENCAPPED;
    let mut sealed = Vec::with_capacity(begin + plain.len() + TAG);
    sealed.extend_from_slice(clear);
    sealed.extend_from_slice(&[0; ENCAPPED]);
    sealed.extend_from_slice(plain);
    let (encapped, tag) = hpke::single_shot_seal_inout_detached_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem25519>(
        &OpModeS::Base,
        &receiver.hpke()?,
        info,
        InOutBuf::from(&mut sealed[begin..]),
        clear,
        rng,
    )
    .map_err(|_| SealError::WeakKey)?;
    encapped.write_exact(&mut sealed[clear.len()..begin]);
    sealed.extend_from_slice(&tag.to_bytes());
    Ok(sealed)
}

/// Opens what [`encrypt`] made; the first `clear` bytes are not sealed.
pub(crate) fn decrypt(sealed: &[u8], clear: usize, info: &[u8], secret: &ReceiverSecret) -> Result<Vec<u8>, SealError> {
    let (clear, rest) = sealed.split_at_checked(clear).ok_or(SealError::Short)?;
    let (encapped, rest) = rest.split_at_checked(ENCAPPED).ok_or(SealError::Short)?;
    let (ciphertext, tag) = rest.split_at_checked(rest.len().saturating_sub(TAG)).ok_or(SealError::Short)?;
    let encapped = <Kem25519 as Kem>::EncappedKey::from_bytes(encapped).map_err(|_| SealError::Broken)?;
    let tag = Tag::from_bytes(tag).map_err(|_| SealError::Short)?;
    let mut plain = ciphertext.to_vec();
    hpke::single_shot_open_inout_detached::<ChaCha20Poly1305, HkdfSha256, Kem25519>(
        &OpModeR::Base,
        &secret.0,
        &encapped,
        info,
        InOutBuf::from(plain.as_mut_slice()),
        clear,
        &tag,
    )
    .map_err(|_| SealError::Broken)?;
    Ok(plain)
}

/// zstd's own default; higher levels cost a cheap phone more than they spare.
const LEVEL: i32 = 3;

thread_local! {
    // its tables take longer to set up than an idle request takes to compress
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

fn pack(json: &[u8]) -> Result<Vec<u8>, SealError> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::new(LEVEL).map_err(|_| SealError::Compression)?),
        };
        compressor.compress(json).map_err(|_| SealError::Compression)
    })
}

/// One zstd frame, to its end; no more bytes than the limit are ever held, whatever the frame claims.
fn unpack(packed: &[u8], limits: Limits) -> Result<Vec<u8>, SealError> {
    let limit = limits.unpacked;
    let claimed = zstd::zstd_safe::get_frame_content_size(packed).map_err(|_| SealError::Compression)?;
    let expected = claimed.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(packed.len());
    if expected > limit {
        return Err(SealError::UnpackedTooLarge { limit });
    }
    let mut decoder = Decoder::with_buffer(packed).map_err(|_| SealError::Compression)?.single_frame();
    decoder.window_log_max(limit.next_power_of_two().ilog2().max(10)).map_err(|_| SealError::Compression)?;
    let json = read_bounded(&mut decoder, expected, limit)?;
    if !decoder.finish().is_empty() {
        return Err(SealError::TrailingBytes);
    }
    limits.json(&json)?;
    Ok(json)
}

/// Everything a reader has, if that is no more than `limit`; `expected` saves growing.
fn read_bounded(reader: impl Read, expected: usize, limit: usize) -> Result<Vec<u8>, SealError> {
    // one byte more, so that the reader sees the end without growing, and too much is told from just enough
    let mut bytes = Vec::with_capacity(expected + 1);
    let most = u64::try_from(limit).map_or(u64::MAX, |limit| limit.saturating_add(1));
    reader.take(most).read_to_end(&mut bytes).map_err(|_| SealError::Compression)?;
    if bytes.len() > limit { Err(SealError::UnpackedTooLarge { limit }) } else { Ok(bytes) }
}
