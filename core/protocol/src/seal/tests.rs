use super::*;
use crate::{
    bundle::reckoned,
    common::{Seeded, World, area, cursor, edit, op, reply, request},
    join::JoinReply,
    message::{Checksum, Cursor},
};
use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};
use proptest::prelude::*;
use serde_json::Value;

fn sealed_request(w: &mut World, request: &Request) -> SealedBundle {
    let receiver = w.receiver.receiver_key();
    seal_request(request, w.bundle, w.device, &w.phone.session, &receiver, &mut w.rng).unwrap()
}

fn open(w: &World, sealed: &[u8]) -> Result<Opened, SealError> {
    open_request(sealed, |id| w.secret_of(id), |id| w.session_of(id), Limits::REQUEST)
}

/// Request and reply of one exchange.
fn exchange(w: &mut World, ops: u64) -> (SealedBundle, SealedBundle) {
    let asked = sealed_request(w, &request(ops));
    let device = w.phone.device.receiver_key();
    let answered = seal_reply(&reply(ops), &asked.sent().unwrap(), &w.server, &device, &mut w.rng).unwrap();
    (asked, answered)
}

fn read(w: &World, sealed: &[u8], answers: &Sent) -> Result<Reply, SealError> {
    open_reply(sealed, &w.phone.device, |id| w.server_key(id), answers, Limits::REPLY)
}

/// The place of a request of this phone.
fn place(w: &World) -> Place {
    Place::new(EXCHANGE, &w.receiver.receiver_key(), w.bundle, None)
}

/// Seals bytes that claim to be a signed message, as an attacker may: the server's public key is no secret.
fn forge(w: &mut World, signed: &[u8]) -> Vec<u8> {
    let header = place(w).header;
    let receiver = w.receiver.receiver_key();
    encrypt(&header.to_bytes(), &[], signed, &receiver, &mut w.rng).unwrap()
}

/// A well-signed message, with its headers as `change` leaves them.
fn signed_with(w: &World, change: impl FnOnce(&mut CoseSign1)) -> Vec<u8> {
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(w.device.bytes().to_vec()).build();
    let payload = pack(&serde_json::to_vec(&request(1)).unwrap()).unwrap();
    let mut message = CoseSign1Builder::new().protected(header).payload(payload).build();
    change(&mut message);
    message.signature = w.phone.session.sign(&message.tbs_data(&place(w).aad()));
    message.to_vec().unwrap()
}

fn opened_join(w: &World, sealed: &[u8]) -> Result<OpenedJoin, SealError> {
    open_join(sealed, |id| w.secret_of(id), |id| w.session_of(id))
}

#[test]
fn request_and_reply_open_as_they_were_sealed() {
    let mut w = World::new(1);
    let (asked, answered) = exchange(&mut w, 5);
    let opened = open(&w, asked.as_bytes()).unwrap();
    assert_eq!((opened.request, opened.bad, opened.device), (request(5), vec![], w.device));
    assert_eq!(opened.sent, asked.sent().unwrap());
    assert_eq!(read(&w, answered.as_bytes(), &opened.sent), Ok(reply(5)));
    assert_eq!(Header::parse(answered.as_bytes()).unwrap().bundle, w.bundle, "the mailbox has the request's name");
}

#[test]
fn join_and_its_answers_open_as_they_were_sealed() {
    let mut w = World::new(2);
    let (join, receiver, device) = (w.join_request(), w.receiver.receiver_key(), w.phone.device.receiver_key());
    let asked = seal_join(&join, w.bundle, &w.phone.session, &receiver, &mut w.rng).unwrap();
    let OpenedJoin::Invited { request, sent } = opened_join(&w, asked.as_bytes()).unwrap() else { panic!("a renewal") };
    assert_eq!(*request, join);
    let certificate = w.certificate().issue(&w.server).unwrap();
    for answer in [
        JoinAnswer::Joined(JoinReply { certificate, server_time: 1 }),
        JoinAnswer::Refused(crate::Problem::new(ProblemCode::InviteExpired, "r")),
    ] {
        let sealed = seal_join_answer(&answer, &sent, &w.server, &device, &mut w.rng).unwrap();
        let read = open_join_answer(sealed.as_bytes(), &w.phone.device, |id| w.server_key(id), &asked.sent().unwrap());
        assert_eq!(read, Ok(answer));
    }
}

#[test]
fn join_signed_by_another_key_than_it_carries_is_refused() {
    let mut w = World::new(3);
    let (join, receiver) = (w.join_request(), w.receiver.receiver_key());
    let thief = SigningKey::generate(&mut w.rng);
    let sealed = seal_join(&join, w.bundle, &thief, &receiver, &mut w.rng).unwrap();
    assert_eq!(opened_join(&w, sealed.as_bytes()).unwrap_err(), SealError::UnknownSigner);
    // the right name, the thief's signature
    let place = Place::new(JOIN, &receiver, w.bundle, None);
    let packed = pack(&serde_json::to_vec(&join).unwrap()).unwrap();
    let signed = cose::sign(packed, &place.aad(), &join.session_key.id().0, &thief).unwrap();
    let sealed = forge(&mut w, &signed);
    assert_eq!(opened_join(&w, &sealed).unwrap_err(), SealError::BadSignature);
}

#[test]
fn request_for_a_newer_certificate_opens_for_a_known_device_with_its_own_signature_only() {
    let mut w = World::new(6);
    let (request, receiver, device) = (RenewRequest { serial: 7 }, w.receiver.receiver_key(), w.device);
    let mut ask = |device, session: &SigningKey| {
        seal_renewal(&request, w.bundle, device, session, &receiver, &mut w.rng).unwrap()
    };
    let (own, stranger) = (SigningKey::from_bytes(&w.phone.session.to_bytes()), SigningKey::from_bytes(&[9; 32]));
    let (good, unknown, forged) =
        (ask(device, &own), ask(DeviceId(uuid::Uuid::from_u128(1)), &own), ask(device, &stranger));
    let OpenedJoin::Renewal { device: signer, request: read, sent } = opened_join(&w, good.as_bytes()).unwrap() else {
        panic!("an invite")
    };
    assert_eq!((signer, read, sent), (device, request, good.sent().unwrap()));
    assert_eq!(opened_join(&w, unknown.as_bytes()).unwrap_err(), SealError::UnknownSigner);
    assert_eq!(opened_join(&w, forged.as_bytes()).unwrap_err(), SealError::BadSignature);
}

#[test]
fn unknown_receiver_key_asks_for_reseal_before_anything_is_opened() {
    let mut w = World::new(4);
    let asked = sealed_request(&mut w, &request(1));
    let error = open_request(asked.as_bytes(), |_| None, |_| panic!("not opened yet"), Limits::REQUEST).unwrap_err();
    assert_eq!(error, SealError::UnknownReceiver(w.receiver.receiver_key().id()));
    assert_eq!(error.problem(), ProblemCode::Reseal);
}

#[test]
fn key_that_only_claims_the_id_does_not_open() {
    let mut w = World::new(5);
    let asked = sealed_request(&mut w, &request(1));
    let other = ReceiverSecret::generate(&mut w.rng);
    let error = open_request(asked.as_bytes(), |_| Some(other), |id| w.session_of(id), Limits::REQUEST).unwrap_err();
    assert_eq!(error, SealError::Broken);
}

#[test]
fn unknown_device_is_refused() {
    let mut w = World::new(6);
    let asked = sealed_request(&mut w, &request(1));
    let error = open_request(asked.as_bytes(), |id| w.secret_of(id), |_| None, Limits::REQUEST).unwrap_err();
    assert_eq!((error, error.problem()), (SealError::UnknownSigner, ProblemCode::DeviceUnknown));
}

#[test]
fn request_in_the_name_of_another_phone_is_refused() {
    let mut w = World::new(7);
    let (receiver, thief) = (w.receiver.receiver_key(), SigningKey::generate(&mut w.rng));
    let forged = seal_request(&request(1), w.bundle, w.device, &thief, &receiver, &mut w.rng).unwrap();
    let error = open(&w, forged.as_bytes()).unwrap_err();
    assert_eq!((error, error.problem()), (SealError::BadSignature, ProblemCode::SignatureInvalid));
}

#[test]
fn message_signed_in_one_bundle_does_not_hold_in_another() {
    let mut w = World::new(8);
    let signed = cose::sign(pack(b"{}").unwrap(), &place(&w).aad(), &w.device.bytes(), &w.phone.session).unwrap();
    let same = forge(&mut w, &signed);
    assert!(open(&w, &same).is_ok());
    // a receiver of it seals it anew under another bundle id
    w.bundle = BundleId::generate(&mut w.rng);
    let moved = forge(&mut w, &signed);
    assert_eq!(open(&w, &moved).unwrap_err(), SealError::BadSignature);
}

#[test]
fn message_signed_for_joining_does_not_hold_in_an_exchange() {
    let mut w = World::new(9);
    let joining = Place { context: JOIN, ..place(&w) };
    let signed = cose::sign(pack(b"{}").unwrap(), &joining.aad(), &w.device.bytes(), &w.phone.session).unwrap();
    let sealed = forge(&mut w, &signed);
    assert_eq!(open(&w, &sealed).unwrap_err(), SealError::BadSignature);
}

#[test]
fn reply_for_another_phone_is_refused() {
    let mut w = World::new(10);
    let (asked, answered) = exchange(&mut w, 1);
    let sent = asked.sent().unwrap();
    let other = ReceiverSecret::generate(&mut w.rng);
    let refused = open_reply(answered.as_bytes(), &other, |id| w.server_key(id), &sent, Limits::REPLY);
    assert_eq!(refused, Err(SealError::WrongReceiver));
}

#[test]
fn reply_for_another_request_is_refused() {
    let mut w = World::new(11);
    let (asked, answered) = exchange(&mut w, 1);
    let sent = asked.sent().unwrap();
    let other_name = Sent { bundle: BundleId::generate(&mut w.rng), ..sent };
    assert_eq!(read(&w, answered.as_bytes(), &other_name), Err(SealError::OtherRequest));
    // the same name, other bytes: the bundle was sealed again
    let again = sealed_request(&mut w, &request(2)).sent().unwrap();
    assert_eq!(again.bundle, sent.bundle);
    assert_eq!(read(&w, answered.as_bytes(), &again), Err(SealError::BadSignature));
}

#[test]
fn reply_by_a_key_outside_the_list_is_refused() {
    let mut w = World::new(12);
    let sent = sealed_request(&mut w, &request(1)).sent().unwrap();
    let (hub, device) = (SigningKey::generate(&mut w.rng), w.phone.device.receiver_key());
    let forged = seal_reply(&reply(1), &sent, &hub, &device, &mut w.rng).unwrap();
    assert_eq!(read(&w, forged.as_bytes(), &sent), Err(SealError::UnknownSigner));
    // a device id is no name of a server key
    let as_device = Place::new(EXCHANGE, &device, sent.bundle, Some(sent.digest));
    let signed = cose::sign(pack(b"{}").unwrap(), &as_device.aad(), &w.device.bytes(), &w.phone.session).unwrap();
    let forged = encrypt(&as_device.header.to_bytes(), &[], &signed, &device, &mut w.rng).unwrap();
    assert_eq!(read(&w, &forged, &sent), Err(SealError::UnknownSigner));
}

#[test]
fn refusal_to_join_is_no_reply_to_an_exchange() {
    let mut w = World::new(13);
    let sent = sealed_request(&mut w, &request(1)).sent().unwrap();
    let device = w.phone.device.receiver_key();
    let answer = JoinAnswer::Refused(crate::Problem::new(ProblemCode::InviteUsed, "r"));
    let sealed = seal_join_answer(&answer, &sent, &w.server, &device, &mut w.rng).unwrap();
    assert_eq!(read(&w, sealed.as_bytes(), &sent), Err(SealError::BadSignature));
}

#[test]
fn signed_message_of_another_form_is_refused() {
    let mut w = World::new(14);
    let good = signed_with(&w, |_| ());
    let sealed = forge(&mut w, &good);
    assert!(open(&w, &sealed).is_ok(), "what the forgeries below differ from");

    let es256 = |m: &mut CoseSign1| {
        let kid = m.protected.header.key_id.clone();
        m.protected.header = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(kid).build();
    };
    let outside = |m: &mut CoseSign1| m.unprotected.key_id = std::mem::take(&mut m.protected.header.key_id);
    let both = |m: &mut CoseSign1| m.unprotected.key_id = m.protected.header.key_id.clone();
    let alg_outside = |m: &mut CoseSign1| m.unprotected.alg = m.protected.header.alg.take();
    let no_kid = |m: &mut CoseSign1| m.protected.header.key_id.clear();
    let no_alg = |m: &mut CoseSign1| m.protected.header.alg = None;
    let extra = |m: &mut CoseSign1| m.protected.header.rest.push((coset::Label::Int(99), ciborium::Value::Null));
    let crit = |m: &mut CoseSign1| {
        let content = coset::RegisteredLabel::Assigned(iana::HeaderParameter::ContentType);
        let coset::RegisteredLabel::Assigned(content) = content else { unreachable!() };
        m.protected.header.crit.push(coset::RegisteredLabelWithPrivate::Assigned(content));
    };
    let detached = |m: &mut CoseSign1| m.payload = None;
    let long = |m: &mut CoseSign1| m.protected.header.key_id = vec![1; 100];
    for (form, message, expected) in [
        ("another algorithm", signed_with(&w, es256), SealError::WrongAlgorithm),
        ("no algorithm", signed_with(&w, no_alg), SealError::WrongAlgorithm),
        ("kid unprotected", signed_with(&w, outside), SealError::Unprotected),
        ("kid in both", signed_with(&w, both), SealError::Unprotected),
        ("alg unprotected", signed_with(&w, alg_outside), SealError::Unprotected),
        ("no kid", signed_with(&w, no_kid), SealError::UnknownSigner),
        ("another header", signed_with(&w, extra), SealError::Malformed),
        ("a critical header", signed_with(&w, crit), SealError::Malformed),
        ("payload elsewhere", signed_with(&w, detached), SealError::Malformed),
        ("a long header", signed_with(&w, long), SealError::Malformed),
        ("tagged", [&[0xD2][..], &good].concat(), SealError::Malformed),
        ("trailing bytes", [&good[..], &[0]].concat(), SealError::TrailingBytes),
        ("two messages", [&good[..], &good].concat(), SealError::TrailingBytes),
        ("empty", vec![], SealError::Malformed),
        ("deep", vec![0x84; 5000], SealError::Malformed),
    ] {
        let sealed = forge(&mut w, &message);
        assert_eq!(open(&w, &sealed).unwrap_err(), expected, "{form}");
    }
}

/// Signed and sealed as a phone would, whatever is inside.
fn sealed_payload(w: &mut World, payload: Vec<u8>) -> Vec<u8> {
    let signed = cose::sign(payload, &place(w).aad(), &w.device.bytes(), &w.phone.session).unwrap();
    forge(w, &signed)
}

#[test]
fn bomb_is_refused_at_the_limit() {
    let mut w = World::new(15);
    let limit = Limits::REQUEST.unpacked;
    let zeros = vec![b' '; 64 << 20];
    let told = sealed_payload(&mut w, pack(&zeros).unwrap());
    assert!(told.len() < 20_000, "{}", told.len());
    assert_eq!(open(&w, &told).unwrap_err(), SealError::UnpackedTooLarge { limit });
    // a frame that does not tell its size
    let untold = zstd::stream::encode_all(&zeros[..], LEVEL).unwrap();
    assert!(matches!(zstd::zstd_safe::get_frame_content_size(&untold), Ok(None)));
    assert_eq!(unpack(&untold, Limits::REQUEST), Err(SealError::UnpackedTooLarge { limit }));
    let untold = sealed_payload(&mut w, untold);
    assert_eq!(open(&w, &untold).unwrap_err(), SealError::UnpackedTooLarge { limit });
    // one that lies about it: 1 byte told, millions inside
    let mut lies = pack(&zeros).unwrap();
    lies[5..9].copy_from_slice(&[1, 0, 0, 0]);
    assert!(unpack(&lies, Limits::REQUEST).is_err());
}

#[test]
fn no_more_than_the_limit_is_read_of_a_bomb() {
    let mut bomb = std::io::repeat(b' ').take(64 << 20);
    assert_eq!(read_bounded(&mut bomb, 10, 1000), Err(SealError::UnpackedTooLarge { limit: 1000 }));
    assert_eq!((64 << 20) - bomb.limit(), 1001, "one byte more than the limit tells");
}

#[test]
fn json_up_to_the_limit_opens() {
    let limit = 1000;
    let limits = Limits { unpacked: limit, ..Limits::REQUEST };
    for size in [0, 1, 999, 1000] {
        let json = vec![b'x'; size];
        assert_eq!(unpack(&pack(&json).unwrap(), limits), Ok(json.clone()));
        assert_eq!(unpack(&zstd::stream::encode_all(&json[..], LEVEL).unwrap(), limits), Ok(json));
    }
    let error = Err(SealError::UnpackedTooLarge { limit });
    assert_eq!(unpack(&pack(&[b'x'; 1001]).unwrap(), limits), error);
    assert_eq!(unpack(&zstd::stream::encode_all(&[b'x'; 1001][..], LEVEL).unwrap(), limits), error);
}

#[test]
fn what_does_not_decompress_or_goes_on_is_refused() {
    let mut w = World::new(16);
    let good = pack(b"{}").unwrap();
    for (payload, expected) in [
        (b"{}".to_vec(), SealError::Compression),
        (vec![], SealError::Compression),
        (good[..good.len() - 1].to_vec(), SealError::Compression),
        ([&good[..], b"x"].concat(), SealError::TrailingBytes),
        ([&good[..], &good].concat(), SealError::TrailingBytes),
        (pack(b"").unwrap(), SealError::Message),
        (pack(b"[]").unwrap(), SealError::Message),
        (pack(b"{} {}").unwrap(), SealError::Message),
        (pack("[".repeat(100_000).as_bytes()).unwrap(), SealError::Message),
        (pack(b"\xFF\xFE").unwrap(), SealError::Message),
    ] {
        let sealed = sealed_payload(&mut w, payload.clone());
        assert_eq!(open(&w, &sealed).unwrap_err(), expected, "{payload:?}");
    }
}

#[test]
fn too_large_a_bundle_is_refused_before_it_is_opened() {
    let huge = vec![1; Limits::REQUEST.sealed + 1];
    let error = open_request(&huge, |_| panic!("not looked at"), |_| None, Limits::REQUEST).unwrap_err();
    assert_eq!(error, SealError::TooLarge { limit: Limits::REQUEST.sealed });
    assert_eq!(error.problem(), ProblemCode::BundleTooLarge);
    assert!(SealedBundle::from_bytes(huge, Limits::REQUEST).is_err());
}

#[test]
fn more_than_the_server_takes_is_not_sealed() {
    let w = &mut World::new(17);
    let receiver = w.receiver.receiver_key();
    let mut seal = |ops: Vec<_>| {
        let request = Request { ops, ..Request::default() };
        seal_request(&request, w.bundle, w.device, &w.phone.session, &receiver, &mut w.rng).map(|_| ())
    };
    assert_eq!(seal(vec![edit(1); crate::MAX_OPS + 1]), Err(SealError::TooManyOps));
    let mut long = op(1);
    long.set.insert("notes".to_owned(), Value::String("x".repeat(5 << 20)));
    assert_eq!(seal(vec![long.clone()]), Err(SealError::UnpackedTooLarge { limit: Limits::REQUEST.unpacked }));
    // text that does not compress
    let mut rng = Seeded::new(1);
    long.set.insert("notes".to_owned(), Value::String((0..30_000).map(|_| hex::encode(rng.bytes::<30>())).collect()));
    assert!(seal(vec![long.clone()]).is_ok());
    let small = Limits { sealed: 512 << 10, ..Limits::REQUEST };
    let request = Request { ops: vec![long], ..Request::default() };
    let place = place(w);
    let refused = super::seal(&request, &place, small, &w.device.bytes(), &w.phone.session, &receiver, &mut w.rng);
    assert_eq!(refused, Err(SealError::TooLarge { limit: 512 << 10 }));
}

#[test]
fn values_that_would_fill_the_memory_are_neither_sealed_nor_read() {
    let w = &mut World::new(19);
    let limit = Limits::REQUEST.memory;
    let many = Value::Array(vec![serde_json::json!({"": 0}); 70_000]);
    let mut dense = op(1);
    dense.set.insert("x".to_owned(), many);
    let request = Request { ops: vec![dense], ..Request::default() };
    let json = serde_json::to_vec(&request).unwrap();
    assert!(json.len() < Limits::REQUEST.unpacked / 2);
    let receiver = w.receiver.receiver_key();
    let refused = seal_request(&request, w.bundle, w.device, &w.phone.session, &receiver, &mut w.rng);
    assert_eq!(refused, Err(SealError::TooManyValues { limit }));
    let packed = sealed_payload(w, pack(&json).unwrap());
    let error = open(w, &packed).unwrap_err();
    assert_eq!((error, error.problem()), (SealError::TooManyValues { limit }, ProblemCode::BundleTooLarge));
}

#[test]
fn what_stands_in_a_text_is_not_a_value() {
    let text = |inner: &str| reckoned(serde_json::to_string(inner).unwrap().as_bytes());
    assert_eq!(text(r#"{[,"\\{,"#), 2 * serde_json::to_string(r#"{[,"\\{,"#).unwrap().len());
    assert_eq!(reckoned(br#"{"a":[1,2]}"#), 2 * 11 + 800 + 256 + 160);
    assert_eq!(reckoned(br#"["\\",{}]"#), 2 * 9 + 800 + 256 + 160);
}

#[test]
fn newer_format_and_short_bytes_are_named() {
    let mut w = World::new(18);
    let mut sealed = sealed_request(&mut w, &request(1)).into_bytes();
    for length in 0..HEADER + ENCAPPED + TAG {
        let error = open(&w, &sealed[..length]).unwrap_err();
        assert!(matches!(error, SealError::Short | SealError::Broken), "{length}: {error:?}");
    }
    sealed[0] = 2;
    let error = open(&w, &sealed).unwrap_err();
    assert_eq!((error, error.problem()), (SealError::Version(2), ProblemCode::BundleVersion));
    assert_eq!(Header::parse(&sealed), Err(SealError::Version(2)));
    assert_eq!(Header::parse(&sealed[..0]), Err(SealError::Short));
}

#[test]
fn key_that_hides_nothing_is_not_sealed_to() {
    let mut w = World::new(19);
    let zero = ReceiverKey::from_bytes([0; 32]);
    let refused = seal_request(&request(0), w.bundle, w.device, &w.phone.session, &zero, &mut w.rng);
    assert_eq!(refused, Err(SealError::WeakKey));
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(VerifyingKey::from_bytes(&identity), Err(SealError::WeakKey));
}

#[test]
fn keys_survive_being_stored_and_are_not_printed() {
    let w = World::new(20);
    let session = SigningKey::from_bytes(&w.phone.session.to_bytes());
    assert_eq!(session.verifying_key(), w.phone.session.verifying_key());
    let device = ReceiverSecret::from_bytes(&w.phone.device.to_bytes()).unwrap();
    assert_eq!(device.receiver_key(), w.phone.device.receiver_key());
    let shown = format!("{:?} {:?}", w.phone, w.receiver);
    for secret in [w.phone.session.to_bytes(), w.phone.device.to_bytes(), w.receiver.to_bytes()] {
        assert!(!shown.contains(&hex::encode(*secret)) && !shown.contains(&format!("{:?}", &secret[..4])), "{shown}");
    }
    assert!(shown.contains(&w.receiver.receiver_key().id().to_string()), "{shown}");
}

#[test]
fn idle_exchange_leaves_room_for_the_http_head() {
    let mut w = World::new(21);
    let idle =
        Request { seen_through: 1234, cursor: Some(cursor()), checksum: Some(Checksum(7)), ..Request::default() };
    let asked = sealed_request(&mut w, &idle);
    let device = w.phone.device.receiver_key();
    let answered = seal_reply(&reply(0), &asked.sent().unwrap(), &w.server, &device, &mut w.rng).unwrap();
    let short = Some(Cursor("x".repeat(27)));
    let small = sealed_request(&mut w, &Request { cursor: short.clone(), ..idle.clone() });
    let smaller = Reply { request_cursor: short, ..reply(0) };
    let smaller = seal_reply(&smaller, &asked.sent().unwrap(), &w.server, &device, &mut w.rng).unwrap();
    println!(
        "idle, cursor of 60: request {} bytes ({} of JSON), reply {}; cursor of 27: {} and {}",
        asked.as_bytes().len(),
        serde_json::to_vec(&idle).unwrap().len(),
        answered.as_bytes().len(),
        small.as_bytes().len(),
        smaller.as_bytes().len(),
    );
    assert!(asked.as_bytes().len() <= 310 && answered.as_bytes().len() <= 310);
}

#[test]
fn sealing_adds_about_170_bytes() {
    let mut w = World::new(22);
    let packed = pack(&serde_json::to_vec(&request(200)).unwrap()).unwrap().len();
    let sealed = sealed_request(&mut w, &request(200)).as_bytes().len();
    println!("200 ops: {packed} bytes packed, {sealed} sealed, {} a pair", sealed / 100);
    assert!(sealed - packed <= 170, "{}", sealed - packed);
    let edits = Request { ops: (1..=200).map(edit).collect(), ..Request::default() };
    println!("200 one-field edits: {} bytes each", sealed_request(&mut w, &edits).as_bytes().len() / 200);
}

#[test]
fn checksums_of_areas_travel() {
    let mut w = World::new(23);
    let sent = sealed_request(&mut w, &request(0)).sent().unwrap();
    let told = Reply { checksums: [(area(), Checksum(9))].into(), more: true, backoff: Some(60), ..reply(0) };
    let sealed = seal_reply(&told, &sent, &w.server, &w.phone.device.receiver_key(), &mut w.rng).unwrap();
    assert_eq!(read(&w, sealed.as_bytes(), &sent), Ok(told));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_changed_byte_is_refused(seed in 0u64..1000, at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut w = World::new(seed);
        let (asked, answered) = exchange(&mut w, 2);
        let sent = asked.sent().unwrap();
        for (which, sealed) in [asked.into_bytes(), answered.into_bytes()].into_iter().enumerate() {
            let mut changed = sealed;
            let at = at.index(changed.len());
            changed[at] ^= flip;
            // whatever the header now claims, the keys are found
            let secret = w.receiver.clone();
            let opened = open_request(&changed, |_| Some(secret), |id| w.session_of(id), Limits::REQUEST);
            prop_assert!(opened.is_err(), "byte {} of bundle {}", at, which);
            prop_assert!(read(&w, &changed, &sent).is_err(), "byte {} of bundle {}", at, which);
        }
    }

    #[test]
    fn any_request_round_trips(notes in any::<String>(), number in any::<i64>(), n in 1u64.., seen in any::<u64>()) {
        let mut w = World::new(24);
        let mut op = op(1);
        op.n = n;
        op.set.insert("notes".to_owned(), Value::String(notes));
        op.set.insert("unknown".to_owned(), Value::from(number));
        let asked = Request { ops: vec![op], seen_through: seen, ..Request::default() };
        let sealed = sealed_request(&mut w, &asked);
        prop_assert_eq!(open(&w, sealed.as_bytes()).unwrap().request, asked);
    }

    #[test]
    fn opening_any_bytes_never_panics(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        let w = World::new(25);
        let sent = Sent { bundle: w.bundle, digest: BundleDigest::of(b"") };
        let to = |key: ReceiverKey| [&Header { receiver: key.id(), bundle: w.bundle }.to_bytes()[..], &tail].concat();
        let ours = to(w.receiver.receiver_key());
        prop_assert!(open(&w, &tail).is_err());
        prop_assert!(open(&w, &ours).is_err());
        prop_assert!(opened_join(&w, &ours).is_err());
        let theirs = to(w.phone.device.receiver_key());
        prop_assert!(read(&w, &theirs, &sent).is_err());
        let answer = open_join_answer(&theirs, &w.phone.device, |id| w.server_key(id), &sent);
        prop_assert!(answer.is_err());
    }

    #[test]
    fn opening_any_signed_bytes_never_panics(mut signed in proptest::collection::vec(any::<u8>(), 1..400), payload: Vec<u8>) {
        let mut w = World::new(26);
        signed[0] = 0x84;
        let sealed = forge(&mut w, &signed);
        prop_assert!(open(&w, &sealed).is_err());
        prop_assert!(opened_join(&w, &sealed).is_err());
        let frame = sealed_payload(&mut w, pack(&payload).unwrap());
        prop_assert!(open(&w, &frame).is_err());
        let raw = sealed_payload(&mut w, payload);
        prop_assert!(open(&w, &raw).is_err());
    }
}
