//! Bodies that are no bundles, or bundles that mean harm: each refused with a problem, in bounded memory.

use crate::common::{Office, quiet, random, receiver, register, someone, stolen, sync};
use coset::{CborSerializable, CoseSign1Builder, HeaderBuilder, iana};
use ed25519_dalek::Signer;
use hpke::{Deserializable, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256};
use payung_domain::id::DeviceId;
use payung_protocol::{BUNDLE_TYPE, BundleId, DeviceKeys, ReceiverKey, Request, SigningKey, seal_request};
use payung_system_tests::server::{Answer, request};
use serde_json::Value;
use std::{net::SocketAddr, thread};

/// A server that holds what it is sent needs no more than this beside what it had, in KiB: sixteen at once, each with
/// 2 MiB sealed, 4 MiB unpacked and a window of as much, and an allocator that keeps for a while what was freed.
const GROWTH_KIB: u64 = 192 << 10;

fn post(server: SocketAddr, body: &[u8]) -> Answer {
    request(server, "POST", "/v1/exchange", &[("Content-Type", BUNDLE_TYPE)], body).unwrap()
}

/// The code of a problem, which must come as one, in both languages.
fn problem(answer: &Answer) -> (u16, String) {
    assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(problem["status"], answer.status);
    assert!(problem["title"].is_string() && problem["title_en"].is_string(), "{problem}");
    let code = problem["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    (answer.status, code)
}

/// Seals any bytes as a phone would seal a packed request (docs/PROTOCOL.md).
fn sealed(packed: Vec<u8>, device: DeviceId, session: &SigningKey, server: &ReceiverKey) -> Vec<u8> {
    let header = [[1].as_slice(), &server.id().0, &[9; 16]].concat();
    let aad = [b"payung/exchange/1".as_slice(), &header, &server.id().0].concat();
    let signer = ed25519_dalek::SigningKey::from_bytes(&session.to_bytes());
    let protected = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(device.bytes().to_vec()).build();
    let message = CoseSign1Builder::new()
        .protected(protected)
        .payload(packed)
        .create_signature(&aad, |message| signer.sign(message).to_bytes().to_vec())
        .build();
    let public = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&server.to_bytes()).unwrap();
    let (encapped, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        &[],
        &message.to_vec().unwrap(),
        &header,
        &mut random(),
    )
    .unwrap();
    [header.as_slice(), &encapped.to_bytes(), &ciphertext].concat()
}

#[test]
fn hostile_bodies_are_refused_with_a_problem_in_bounded_memory() {
    let mut office = Office::open(71);
    let (mut phone, files) = office.phone("satu");
    register(&mut phone, &someone(0));
    sync(&mut phone);
    phone.close().unwrap();
    let key = receiver(&office);
    let (device, session) = stolen(&files);
    let server = office.server.address;
    let seal = |device: DeviceId, session: &SigningKey, to: &ReceiverKey| {
        let bundle = BundleId::generate(&mut random());
        seal_request(&Request::default(), bundle, device, session, to, &mut random()).unwrap().into_bytes()
    };
    let good = seal(device, &session, &key);
    let before = office.server.peak_rss_kib().unwrap();

    // what is good passes, so that the refusals below mean something
    assert_eq!(post(server, &good).status, 200);
    let empty = zstd::bulk::compress(b"{}", 3).unwrap();
    assert_eq!(post(server, &sealed(empty, device, &session, &key)).status, 200);

    let mut flipped = good.clone();
    flipped[80] ^= 1;
    let mut versioned = good.clone();
    versioned[0] = 9;
    let stranger = DeviceKeys::generate(&mut random());
    let elsewhere = DeviceKeys::generate(&mut random()).device.receiver_key();
    let unknown = DeviceId(uuid::Uuid::from_u128(77));
    let refused: [(&str, Vec<u8>, u16, &str); 9] = [
        ("nothing", Vec::new(), 400, "bundle_malformed"),
        ("a page", b"<html>log in</html>".to_vec(), 400, "bundle_version"),
        ("noise", vec![1; 4096], 409, "reseal"),
        ("a cut bundle", good[..good.len() - 20].to_vec(), 400, "bundle_malformed"),
        ("a flipped bit", flipped, 400, "bundle_malformed"),
        ("another format", versioned, 400, "bundle_version"),
        ("an unknown device", seal(unknown, &session, &key), 403, "device_unknown"),
        ("another's signature", seal(device, &stranger.session, &key), 403, "signature_invalid"),
        ("sealed to an unknown key", seal(device, &session, &elsewhere), 409, "reseal"),
    ];
    for (what, body, status, code) in refused {
        assert_eq!(problem(&post(server, &body)), (status, code.to_owned()), "{what}");
    }
    for (what, json) in
        [("no JSON", b"\xff\xfe".to_vec()), ("no object", b"[1]".to_vec()), ("deep", vec![b'['; 100_000])]
    {
        let body = sealed(zstd::bulk::compress(&json, 3).unwrap(), device, &session, &key);
        assert_eq!(problem(&post(server, &body)), (400, "bundle_malformed".to_owned()), "{what}");
    }

    // oversized: by its head alone, and by its bytes under a head that does not tell
    let head = [("Content-Type", BUNDLE_TYPE), ("Content-Length", "4000000000")];
    assert_eq!(problem(&request(server, "POST", "/v1/exchange", &head, b"").unwrap()).0, 413);
    assert_eq!(problem(&post(server, &vec![1; 8 << 20])).0, 413);
    // bombs: a gigabyte of spaces in 32 KiB, honest and not about its size; many at once
    let bomb = zstd::bulk::compress(&vec![b' '; 1 << 30], 3).unwrap();
    let mut silent = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(b' '), 1 << 28), &mut silent).unwrap();
    let silent = silent.finish().unwrap();
    assert!(bomb.len() < 1 << 20 && silent.len() < 1 << 20, "{} {}", bomb.len(), silent.len());
    thread::scope(|scope| {
        for packed in [&bomb, &silent].into_iter().cycle().take(16) {
            let body = sealed(packed.clone(), device, &session, &key);
            scope.spawn(move || assert_eq!(problem(&post(server, &body)), (413, "bundle_too_large".to_owned())));
        }
    });
    let grown = office.server.peak_rss_kib().unwrap() - before;
    assert!(grown < GROWTH_KIB, "grew by {grown} KiB");

    // and it still serves
    let mut phone = office.start(&files);
    register(&mut phone, &someone(1));
    quiet(&mut [&mut phone]);
    assert_eq!(office.admin.act(&["workers"]).unwrap().as_array().unwrap().len(), 2);
    println!("grew by {grown} KiB");
}
