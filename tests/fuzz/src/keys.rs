//! Certificates and key lists: anybody may hand them out, so only what the root or the server signed is believed.

use crate::{
    quiet::is_quiet,
    world::{CERTIFICATE, KEYS, RECEIVERS, WORLD, World},
};
use payung_protocol::{Certificate, KeyList, MAX_CERTIFICATE, PublishedKeys, ReceiverList, SealError, Serials};
use serde::Serialize;
use std::sync::LazyLock;

static ISSUED: LazyLock<Vec<u8>> = LazyLock::new(|| WORLD.certificate().issue(&WORLD.server).expect("issued"));

static PUBLISHED: LazyLock<PublishedKeys> = LazyLock::new(|| PublishedKeys {
    keys: WORLD.key_list().sign(&WORLD.root).expect("signed"),
    receivers: WORLD.receiver_list().sign(&WORLD.server).expect("signed"),
});

fn cbor(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("CBOR");
    bytes
}

/// A certificate as it comes, then the same bytes as what a server signed: read, issued and read again it is the same.
pub(crate) fn certificate(data: &[u8]) {
    let server = |id| WORLD.server_key(id);
    match Certificate::verify(data, server) {
        Ok(read) => assert_eq!(read, WORLD.certificate(), "only what was signed is believed"),
        Err(error) => is_quiet(&error, data),
    }
    let signed = World::signed_cbor(data, CERTIFICATE, &WORLD.server);
    let read = match Certificate::verify(&signed, server) {
        Ok(read) => read,
        Err(error) => return is_quiet(&error, data),
    };
    assert!(signed.len() <= MAX_CERTIFICATE);
    let unnamed = Certificate { name: String::new(), ..read.clone() };
    assert_eq!(format!("{read:?}"), format!("{unnamed:?}"), "Debug tells no name");
    match read.issue(&WORLD.server) {
        Ok(again) => assert_eq!(Certificate::verify(&again, server), Ok(read)),
        // what was left out at reading is written in full
        Err(error) => assert!(matches!(error, SealError::CertificateTooLarge(bytes) if bytes > MAX_CERTIFICATE)),
    }
    // a signature holds in its own place only
    assert!(Certificate::verify(&World::signed_cbor(data, KEYS, &WORLD.server), server).is_err());
    assert!(Certificate::verify(&World::signed_cbor(data, CERTIFICATE, &WORLD.root), server).is_err());
}

pub(crate) fn certificate_seeds() -> Vec<Vec<u8>> {
    vec![cbor(&WORLD.certificate()), ISSUED.clone(), vec![0xbf, 0x61, 0x61, 0x9b, 0xff, 0xff]]
}

/// The two lists as a server or hub hands them out.
pub(crate) fn published(data: &[u8]) {
    let lists = match PublishedKeys::parse(data) {
        Ok(lists) => lists,
        Err(error) => return is_quiet(&error, data),
    };
    let again = serde_json::to_vec(&lists).expect("JSON");
    assert_eq!(PublishedKeys::parse(&again), Ok(lists.clone()));
    let root = WORLD.root.verifying_key().fingerprint();
    match lists.verify(&root, Serials::default()) {
        Ok(keys) => assert_eq!((keys.keys, keys.receivers), (WORLD.key_list(), WORLD.receiver_list())),
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn published_seeds() -> Vec<Vec<u8>> {
    vec![serde_json::to_vec(&*PUBLISHED).expect("JSON"), br#"{"keys":"","receivers":"hEA"}"#.to_vec()]
}

/// What the root signed as its list.
pub(crate) fn key_list(data: &[u8]) {
    let root = WORLD.root.verifying_key();
    let signed = World::signed_cbor(data, KEYS, &WORLD.root);
    match KeyList::verify(&signed, &root.fingerprint(), 2) {
        Ok(list) => {
            assert!(list.serial >= 2 && list.root == root);
            assert!(list.signing.iter().all(|key| list.signing_key(key.id()).is_some()));
            let again = list.sign(&WORLD.root).expect("of this root");
            assert_eq!(KeyList::verify(&again, &root.fingerprint(), 2), Ok(list));
        }
        Err(error) => is_quiet(&error, data),
    }
    assert!(KeyList::verify(&World::signed_cbor(data, KEYS, &WORLD.server), &root.fingerprint(), 0).is_err());
}

pub(crate) fn key_list_seeds() -> Vec<Vec<u8>> {
    vec![cbor(&WORLD.key_list()), cbor(&KeyList { serial: 1, ..WORLD.key_list() })]
}

/// What a server signed as its receiver list.
pub(crate) fn receiver_list(data: &[u8]) {
    let keys = WORLD.key_list();
    let signed = World::signed_cbor(data, RECEIVERS, &WORLD.server);
    match ReceiverList::verify(&signed, &keys, 12) {
        Ok(list) => {
            assert!(list.serial >= 12);
            for now in [i64::MIN, 0, 1_795_000_000_000, i64::MAX] {
                let current = list.current(now);
                assert_eq!(current.is_some(), !list.keys.is_empty());
                assert!(current.is_none_or(|key| list.keys.iter().any(|entry| entry.public == key)));
            }
            let again = list.sign(&WORLD.server).expect("signed");
            assert_eq!(ReceiverList::verify(&again, &keys, 12), Ok(list));
        }
        Err(error) => is_quiet(&error, data),
    }
    assert!(ReceiverList::verify(&World::signed_cbor(data, RECEIVERS, &WORLD.root), &keys, 0).is_err());
}

pub(crate) fn receiver_list_seeds() -> Vec<Vec<u8>> {
    vec![cbor(&WORLD.receiver_list()), cbor(&ReceiverList { serial: 12, keys: Vec::new() })]
}
