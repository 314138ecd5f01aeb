//! The JSON of the four messages, inside everything that was sealed and signed by who may: read, written and read
//! again it is the same, and one part that cannot be read does not take the others with it.

use crate::{
    quiet::is_quiet,
    world::{Counted, EPOCH, EXCHANGE, Message, WORLD},
};
use payung_protocol::{
    Limits, MAX_OPS, Op, OpenedJoin, Reply, Request, SealError, open_join, open_join_answer, open_reply, open_request,
    seal_join, seal_join_answer, seal_renewal, seal_reply, seal_request,
};
use serde_json::{Value, json};

fn open(json: &[u8]) -> Result<payung_protocol::Opened, SealError> {
    open_sealed(&WORLD.packed(Message::Request, json))
}

pub(crate) fn open_sealed(sealed: &[u8]) -> Result<payung_protocol::Opened, SealError> {
    open_request(sealed, |id| WORLD.secret_of(id), |id| WORLD.session_of(id), Limits::REQUEST)
}

/// What a joined phone says.
pub(crate) fn request(data: &[u8]) {
    let opened = match open(data) {
        Ok(opened) => opened,
        Err(error) => return is_quiet(&error, data),
    };
    let request = opened.request;
    assert_eq!(opened.device, WORLD.device);
    assert!(request.ops.len() + opened.bad.len() <= MAX_OPS);
    assert!(opened.bad.iter().all(|bad| bad.n > 0), "an op without a number can be answered by none");
    request.ops.iter().for_each(shows_no_value);
    let hashes: Vec<_> = request.ops.iter().map(Op::hash).collect();
    let receiver = WORLD.receiver.receiver_key();
    let session = &WORLD.phone.session;
    match seal_request(&request, WORLD.bundle, WORLD.device, session, &receiver, &mut Counted::new()) {
        Ok(sealed) => {
            let again =
                open_request(sealed.as_bytes(), |id| WORLD.secret_of(id), |id| WORLD.session_of(id), Limits::REQUEST)
                    .expect("what this version writes it reads");
            assert_eq!((&again.request, again.bad.len()), (&request, 0));
            assert_eq!(again.request.ops.iter().map(Op::hash).collect::<Vec<_>>(), hashes);
        }
        // `1e5` is written out in full
        Err(SealError::UnpackedTooLarge { .. } | SealError::TooLarge { .. } | SealError::TooManyValues { .. }) => {}
        Err(error) => panic!("what was read cannot be written: {error}"),
    }
}

/// `Debug` of an op is the same whatever its values are.
fn shows_no_value(op: &Op) {
    let mut blank = op.clone();
    blank.set.values_mut().for_each(|value| *value = Value::Null);
    blank.resolve.values_mut().for_each(|decision| decision.value = Value::Null);
    assert_eq!(format!("{op:?}"), format!("{blank:?}"));
}

/// What the server answers.
pub(crate) fn reply(data: &[u8]) {
    let sealed = WORLD.packed(Message::Reply, data);
    let server = |id| WORLD.server_key(id);
    let reply = match open_reply(&sealed, &WORLD.phone.device, server, &WORLD.sent, Limits::REPLY) {
        Ok(reply) => reply,
        Err(error) => return is_quiet(&error, data),
    };
    let to = WORLD.phone.device.receiver_key();
    let Ok(sealed) = seal_reply(&reply, &WORLD.sent, &WORLD.server, &to, &mut Counted::new()) else {
        assert!(data.len() > Limits::REPLY.unpacked / 32, "what was read cannot be written");
        return;
    };
    let again = open_reply(sealed.as_bytes(), &WORLD.phone.device, server, &WORLD.sent, Limits::REPLY)
        .expect("what this version writes it reads");
    assert_eq!(again, Reply { unread: 0, ..reply });
}

fn open_joining(sealed: &[u8]) -> Result<OpenedJoin, SealError> {
    open_join(sealed, |id| WORLD.secret_of(id), |id| WORLD.session_of(id))
}

/// What a phone says that joins. The invite's secret never shows.
pub(crate) fn join_request(data: &[u8]) {
    let request = match open_joining(&WORLD.packed(Message::JoinRequest, data)) {
        Ok(OpenedJoin::Invited { request, .. }) => request,
        Ok(OpenedJoin::Renewal { .. }) => panic!("taken for a device's own request"),
        Err(error) => return is_quiet(&error, data),
    };
    assert_eq!(request.session_key, WORLD.phone.session.verifying_key(), "the signer is who asks");
    assert!(!format!("{request:?}").contains("AAECAwQFBgcICQoLDA0ODw"));
    let receiver = WORLD.receiver.receiver_key();
    if let Ok(sealed) = seal_join(&request, WORLD.bundle, &WORLD.phone.session, &receiver, &mut Counted::new()) {
        let again = open_joining(sealed.as_bytes()).expect("what this version writes it reads");
        assert!(matches!(again, OpenedJoin::Invited { request: read, .. } if read == request));
    } else {
        assert!(data.len() > Limits::JOIN.unpacked / 32, "what was read cannot be written");
    }
}

/// What a device says that asks for its certificate.
pub(crate) fn renewal(data: &[u8]) {
    let request = match open_joining(&WORLD.packed(Message::Renewal, data)) {
        Ok(OpenedJoin::Renewal { device, request, .. }) => {
            assert_eq!(device, WORLD.device);
            request
        }
        Ok(OpenedJoin::Invited { .. }) => panic!("taken for an invited phone"),
        Err(error) => return is_quiet(&error, data),
    };
    let receiver = WORLD.receiver.receiver_key();
    let session = &WORLD.phone.session;
    let sealed = seal_renewal(&request, WORLD.bundle, WORLD.device, session, &receiver, &mut Counted::new());
    let again = open_joining(sealed.expect("sealed").as_bytes()).expect("what this version writes it reads");
    assert!(matches!(again, OpenedJoin::Renewal { request: read, .. } if read == request));
}

/// What the server answers to that.
pub(crate) fn join_answer(data: &[u8]) {
    let sealed = WORLD.packed(Message::JoinAnswer, data);
    let server = |id| WORLD.server_key(id);
    let answer = match open_join_answer(&sealed, &WORLD.phone.device, server, &WORLD.sent) {
        Ok(answer) => answer,
        Err(error) => return is_quiet(&error, data),
    };
    let to = WORLD.phone.device.receiver_key();
    if let Ok(sealed) = seal_join_answer(&answer, &WORLD.sent, &WORLD.server, &to, &mut Counted::new()) {
        let again = open_join_answer(sealed.as_bytes(), &WORLD.phone.device, server, &WORLD.sent)
            .expect("what this version writes it reads");
        assert_eq!(again, answer);
    } else {
        assert!(data.len() > Limits::JOIN.unpacked / 32, "what was read cannot be written");
    }
}

/// The request whose signed form begins the target of the COSE layer.
pub(crate) fn signed_request() -> Request {
    serde_json::from_slice(&seeds(Message::Request)[0]).expect("a request")
}

/// Its COSE message, as the phone signs it.
pub(crate) fn signed_message() -> Vec<u8> {
    let receiver = WORLD.receiver.receiver_key();
    let packed = zstd::bulk::compress(&seeds(Message::Request)[0], 3).expect("packs");
    let header = [&[1][..], &receiver.id().0, &WORLD.bundle.0].concat();
    let aad = [EXCHANGE.as_bytes(), &header, &receiver.id().0].concat();
    crate::world::cose_sign(packed, &aad, &WORLD.device.bytes(), &WORLD.phone.session)
}

const RECORD: &str = "0193a1b2-0000-7000-8000-000000000001";
const OTHER: &str = "0193a1b2-0000-7000-8000-000000000002";

fn worker() -> Value {
    json!({
        "nik": "3302241505809001", "name": "WARSITI CONTOH",
        "birth": {"date": "1980-05-15", "place": "Banyumas", "sex": "f"}, "mother_name": "KARSEM REKAAN",
        "home": {"village": "33.02.24.1001", "rw": "005", "rt": "003", "line": "Jalan Gerilya 9", "postcode": "53144"},
        "phone": "+6281200009001", "occupations": {"first": "penderes"},
        "heirs": [{"name": "TARNO UMPAMA", "relation": "spouse"}],
        "a_field_of_a_newer_app": {"weight": 1.5, "deep": [[null, true, {"x": -0.0}], 1e300]},
    })
}

/// Messages to begin with: a full one, an empty one, and one with parts of a newer peer.
pub(crate) fn seeds(kind: Message) -> Vec<Vec<u8>> {
    let area = "33.02.24.1001.005.003";
    let values = match kind {
        Message::Request => vec![
            json!({
                "ops": [
                    {"n": 1, "record": RECORD, "kind": "worker", "area": area, "hlc": 117_635_000_000_000_u64, "set": worker()},
                    {"n": 2, "record": RECORD, "kind": "worker", "area": area, "hlc": 117_635_000_000_001_u64,
                     "base": {"epoch": EPOCH, "version": 4}, "set": {"phone": "0812-0000-9002"}, "stale": ["phone"],
                     "resolve": {"name": {"value": "WARSITI", "seen": [{"device": OTHER, "n": 3}], "document": "ktp"}},
                     "reissue": {"device": OTHER, "n": 2, "hash": "0102030405060708"},
                     "receipt": {"epoch": EPOCH, "version": 5}},
                ],
                "seen_through": 7, "cursor": format!("{EPOCH};{area}=12"), "checksum": "00ff00ff00ff00ff",
                "app": {"app_version": "1.4.2", "schema": 1, "free_bytes": 3_200_000_000_u64},
            }),
            json!({}),
            json!({"ops": [{"n": 3, "record": RECORD, "kind": "worker", "area": "nowhere"}, {"n": 4}]}),
            json!({"ops": [{"n": 5, "record": OTHER, "kind": "drone", "area": area, "hlc": 5, "set": {"x": [1]}}], "y": 1}),
        ],
        Message::Reply => vec![
            json!({
                "epoch": EPOCH, "server_time": 1_795_000_000_123_i64, "cursor": "a", "request_cursor": "b", "more": true, "renew": true,
                "backoff": 30, "min_app": "1.2.0", "checksums": {area: "00ff00ff00ff00ff"},
                "outcomes": [
                    {"n": 1, "status": "applied", "record": RECORD, "version": 3, "fields": {"name": "conflict", "kpj": {"refused": "field_owner"}}},
                    {"n": 2, "status": "held", "record": OTHER, "code": "parent_unknown"},
                ],
                "changes": [
                    {"put": {"record": RECORD, "kind": "worker", "area": area, "version": 3, "body": worker(), "alias_of": OTHER,
                     "conflicts": {"name": {"correction": true, "candidates": [
                         {"device": OTHER, "n": 3, "value": "WARSITI", "who": OTHER, "when": 5, "source": RECORD}]}}}},
                    {"gone": {"record": OTHER, "why": "moved", "version": 2, "to": area}},
                    {"evict": {"prefix": "33.02.24.1001", "keep": [area]}},
                ],
            }),
            json!({"epoch": "0000000000000001", "server_time": 0}),
            json!({"epoch": "1", "server_time": 0, "changes": [{"flew": {}}], "outcomes": [{"n": 1, "status": "sung"}]}),
        ],
        Message::JoinRequest => vec![
            json!({
                "secret": "AAECAwQFBgcICQoLDA0ODw", "session_key": WORLD.phone.session.verifying_key(),
                "device_key": WORLD.phone.device.receiver_key(), "attestation": {"format": "android_key", "statement": "pQ"},
                "app": {"app_version": "1.4.2", "schema": 1, "free_bytes": 5},
            }),
            json!({
                "secret": "AAECAwQFBgcICQoLDA0ODw", "session_key": WORLD.phone.session.verifying_key(),
                "device_key": WORLD.phone.device.receiver_key(),
            }),
        ],
        Message::Renewal => vec![json!({"serial": 41}), json!({}), json!({"serial": -1, "x": [1e9]})],
        Message::JoinAnswer => vec![
            json!({"joined": {"certificate": "hEA", "server_time": 1_795_000_000_123_i64}}),
            json!({"refused": {"type": "urn:payung:problem:invite_used", "title": "Undangan sudah dipakai", "status": 409}}),
        ],
    };
    values.iter().map(|value| value.to_string().into_bytes()).collect()
}
