//! A server and a phone that has joined it, the same on every run, and the layers around a message made by hand: so
//! that bytes reach the parser of an inner layer as a joined but hostile peer would send them.

use coset::{CborSerializable, CoseSign1Builder, HeaderBuilder, iana};
use ed25519_dalek::Signer;
use hpke::{
    Deserializable, Kem, OpModeS, Serializable, aead::ChaCha20Poly1305, inout::InOutBuf, kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use payung_domain::id::{DeviceId, Epoch, OfficialId};
use payung_protocol::{
    BundleDigest, BundleId, Certificate, DeviceKeys, KeyId, KeyList, ReceiverEntry, ReceiverKey, ReceiverList,
    ReceiverSecret, Role, Sent, SigningKey, VerifyingKey,
};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, sync::LazyLock};
use uuid::Uuid;

/// What a signature covers beside the message, by the kind of message (docs/PROTOCOL.md).
pub(crate) const EXCHANGE: &str = "payung/exchange/1";
pub(crate) const JOIN: &str = "payung/join/1";
pub(crate) const CERTIFICATE: &str = "payung/certificate/1";
pub(crate) const KEYS: &str = "payung/keys/1";
pub(crate) const RECEIVERS: &str = "payung/receivers/1";

/// The life of the server's database.
pub(crate) const EPOCH: Epoch = Epoch(0x5f3a_9c21_77e0_4b1d);

/// The same bytes for ever: SHA-256 in counter mode. Sealing the same twice gives the same bytes.
pub(crate) struct Counted(u64);

impl Counted {
    pub(crate) fn new() -> Self {
        Self(0)
    }
}

impl TryRng for Counted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::digest(self.0.to_be_bytes());
            self.0 += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counted {}

/// A server and a phone that has joined it.
pub(crate) struct World {
    pub(crate) root: SigningKey,
    pub(crate) server: SigningKey,
    pub(crate) receiver: ReceiverSecret,
    pub(crate) phone: DeviceKeys,
    pub(crate) device: DeviceId,
    pub(crate) bundle: BundleId,
    /// What replies in this world answer.
    pub(crate) sent: Sent,
}

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let rng = &mut Counted::new();
    let bundle = BundleId::generate(rng);
    World {
        root: SigningKey::generate(rng),
        server: SigningKey::generate(rng),
        receiver: ReceiverSecret::generate(rng),
        phone: DeviceKeys::generate(rng),
        device: DeviceId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0042)),
        bundle,
        sent: Sent { bundle, digest: BundleDigest([7; 32]) },
    }
});

/// Which of the messages that travel sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Request,
    Reply,
    JoinRequest,
    Renewal,
    JoinAnswer,
}

impl World {
    /// As the server looks up its receiver secret.
    pub(crate) fn secret_of(&self, id: KeyId) -> Option<ReceiverSecret> {
        (id == self.receiver.receiver_key().id()).then(|| self.receiver.clone())
    }

    /// As the server looks up a session key.
    pub(crate) fn session_of(&self, device: DeviceId) -> Option<VerifyingKey> {
        (device == self.device).then(|| self.phone.session.verifying_key())
    }

    /// As the phone looks up a server key.
    pub(crate) fn server_key(&self, id: KeyId) -> Option<VerifyingKey> {
        (id == self.server.verifying_key().id()).then(|| self.server.verifying_key())
    }

    pub(crate) fn key_list(&self) -> KeyList {
        KeyList {
            serial: 3,
            root: self.root.verifying_key(),
            signing: vec![self.server.verifying_key()],
            recovery: Some(self.receiver.receiver_key()),
            card_roots: vec![self.root.verifying_key()],
        }
    }

    pub(crate) fn receiver_list(&self) -> ReceiverList {
        let entry = ReceiverEntry { public: self.receiver.receiver_key(), not_after: 1_800_000_000_000 };
        ReceiverList { serial: 12, keys: vec![entry] }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate {
            serial: 41,
            server: self.root.verifying_key().fingerprint(),
            device: self.device,
            official: OfficialId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0007)),
            name: "Warsiti Contoh".to_owned(),
            session_key: self.phone.session.verifying_key(),
            device_key: self.phone.device.receiver_key(),
            attestation: Some("strongbox".to_owned()),
            roles: vec![Role::Official],
            areas: vec!["33.02.24.1001.005.003".parse().expect("an area")],
            only: None,
            issued_at: 1_795_000_000_000,
            lease_until: 1_797_592_000_000,
            replaces: None,
        }
    }

    /// Any bytes in the place of the COSE message, sealed to whom the message goes.
    pub(crate) fn sealed(&self, kind: Message, message: &[u8]) -> Vec<u8> {
        let receiver = match kind {
            Message::Request | Message::JoinRequest | Message::Renewal => self.receiver.receiver_key(),
            Message::Reply | Message::JoinAnswer => self.phone.device.receiver_key(),
        };
        hpke_seal(&self.header(&receiver), message, &receiver)
    }

    /// Any bytes in the place of the packed message, signed by who sends it, and sealed.
    pub(crate) fn signed(&self, kind: Message, packed: Vec<u8>) -> Vec<u8> {
        let (context, receiver, signer, key) = match kind {
            Message::Request | Message::Renewal => (
                if kind == Message::Request { EXCHANGE } else { JOIN },
                self.receiver.receiver_key(),
                self.device.bytes().to_vec(),
                &self.phone.session,
            ),
            Message::JoinRequest => (
                JOIN,
                self.receiver.receiver_key(),
                self.phone.session.verifying_key().id().0.to_vec(),
                &self.phone.session,
            ),
            Message::Reply | Message::JoinAnswer => (
                if kind == Message::Reply { EXCHANGE } else { JOIN },
                self.phone.device.receiver_key(),
                self.server.verifying_key().id().0.to_vec(),
                &self.server,
            ),
        };
        let mut aad = context.as_bytes().to_vec();
        aad.extend_from_slice(&self.header(&receiver));
        aad.extend_from_slice(&receiver.id().0);
        if matches!(kind, Message::Reply | Message::JoinAnswer) {
            aad.extend_from_slice(&self.sent.digest.0);
        }
        self.sealed(kind, &cose_sign(packed, &aad, &signer, key))
    }

    /// Any bytes in the place of the JSON, packed, signed and sealed.
    pub(crate) fn packed(&self, kind: Message, json: &[u8]) -> Vec<u8> {
        self.signed(kind, zstd::bulk::compress(json, 1).expect("zstd packs anything"))
    }

    /// Any bytes in the place of a list's or certificate's CBOR, signed.
    pub(crate) fn signed_cbor(cbor: &[u8], context: &str, key: &SigningKey) -> Vec<u8> {
        cose_sign(cbor.to_vec(), context.as_bytes(), &key.verifying_key().id().0, key)
    }

    fn header(&self, receiver: &ReceiverKey) -> Vec<u8> {
        [&[1][..], &receiver.id().0, &self.bundle.0].concat()
    }
}

/// COSE_Sign1 (RFC 9052) by EdDSA with `alg` and `kid` protected.
pub(crate) fn cose_sign(payload: Vec<u8>, aad: &[u8], kid: &[u8], key: &SigningKey) -> Vec<u8> {
    let key = ed25519_dalek::SigningKey::from_bytes(&key.to_bytes());
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(kid.to_vec()).build();
    CoseSign1Builder::new()
        .protected(header)
        .payload(payload)
        .create_signature(aad, |message| key.sign(message).to_bytes().to_vec())
        .build()
        .to_vec()
        .expect("a COSE message is CBOR")
}

/// `header || encapsulated key || ciphertext || tag` (RFC 9180, base mode).
fn hpke_seal(header: &[u8], message: &[u8], receiver: &ReceiverKey) -> Vec<u8> {
    let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&receiver.to_bytes()).expect("a key");
    let mut ciphertext = message.to_vec();
    let (encapped, tag) =
        hpke::single_shot_seal_inout_detached_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            &[],
            InOutBuf::from(ciphertext.as_mut_slice()),
            header,
            &mut Counted::new(),
        )
        .expect("sealed");
    [header, &encapped.to_bytes(), &ciphertext, &tag.to_bytes()].concat()
}
