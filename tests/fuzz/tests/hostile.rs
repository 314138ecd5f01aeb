//! What a joined phone may send without stopping anybody else's, on the real service and its database.

use payung_domain::{
    field::Kind,
    id::{DeviceId, Hlc, OfficialId, RecordId},
};
use payung_protocol::{
    Body, BundleId, Certificate, Cursor, DeviceKeys, JoinAnswer, JoinRequest, Limits, Op, OutcomeStatus, Reply,
    Request, Role, Serials, open_reply, seal_request,
};
use payung_server::{
    keys::rng,
    service::{DataDir, Service, operator::NewInvite},
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tempfile::TempDir;
use uuid::Uuid;

const NOW: i64 = 1_795_316_400_000;
const BOSS: OfficialId = OfficialId(Uuid::from_u128(0xb055));
const RT3: &str = "33.02.24.1001.005.003";
const RT4: &str = "33.02.24.1001.005.004";

struct Office {
    _dir: TempDir,
    service: Service,
}

struct Phone {
    device: DeviceId,
    keys: DeviceKeys,
}

impl Office {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let service = Service::open(&DataDir::new(dir.path().join("data"))).expect("a new server");
        service.add_operator(BOSS, "Operator Cabang", Role::BranchOperator, BOSS, NOW).expect("an operator");
        Self { _dir: dir, service }
    }

    fn phone(&self, number: u128, area: &str) -> Phone {
        let new = NewInvite {
            name: "Pak Ketua".to_owned(),
            roles: vec![Role::Official],
            areas: vec![area.parse().expect("an area")],
            official: None,
            replaces: None,
        };
        let servers = vec!["https://payung.example.id".to_owned()];
        let id = OfficialId(Uuid::from_u128(number));
        let invite = self.service.invite(BOSS, new, id, servers, NOW).expect("an invite");
        let keys = DeviceKeys::generate(&mut rng());
        let request = JoinRequest {
            secret: invite.secret.clone(),
            session_key: keys.session.verifying_key(),
            device_key: keys.device.receiver_key(),
            attestation: None,
            app: None,
        };
        let JoinAnswer::Joined(joined) = self.service.join(&request, "test", NOW).expect("an answer") else {
            panic!("refused");
        };
        let signing = self.service.keys().signing().verifying_key();
        let certificate = Certificate::verify(&joined.certificate, |_| Some(signing)).expect("a certificate");
        Phone { device: certificate.device, keys }
    }

    /// The whole way: sealed by the phone, opened, answered and sealed by the server, opened by the phone.
    fn exchange(&self, phone: &Phone, request: &Request) -> Reply {
        let keys = self.service.keys();
        let lists = keys.published().expect("lists").verify(&keys.root(), Serials::default()).expect("believed");
        let receiver = lists.receivers.current(NOW).expect("a key");
        let bundle = BundleId::generate(&mut rng());
        let sealed = seal_request(request, bundle, phone.device, &phone.keys.session, &receiver, &mut rng());
        let sealed = sealed.expect("sealed");
        let answer = self.service.exchange_bundle(sealed.as_bytes(), |_| Ok(()), NOW).expect("an answer");
        let signing = self.service.keys().signing().verifying_key();
        let sent = sealed.sent().expect("a header");
        open_reply(&answer, &phone.keys.device, |_| Some(signing), &sent, Limits::REPLY)
            .expect("a reply that can be read")
    }
}

fn record(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + number))
}

fn op(n: u64, record: RecordId, set: Value) -> Op {
    let Value::Object(set) = set else { panic!("an object") };
    Op {
        n,
        record,
        kind: Kind::Worker,
        area: RT3.parse().expect("an area"),
        base: None,
        set: set.into_iter().collect::<Body>(),
        resolve: BTreeMap::new(),
        hlc: Hlc::at_millis(NOW),
        reissue: None,
        stale: Vec::new(),
        receipt: None,
    }
}

/// Every page until there is no more, from a cursor.
fn read_all(office: &Office, phone: &Phone, mut cursor: Option<Cursor>) -> Vec<payung_protocol::Change> {
    let mut changes = Vec::new();
    for _ in 0..20 {
        let reply = office.exchange(phone, &Request { cursor: cursor.clone(), ..Request::default() });
        assert_eq!(reply.unread, 0);
        changes.extend(reply.changes);
        cursor = reply.cursor.or(cursor);
        if !reply.more {
            return changes;
        }
    }
    panic!("never at an end");
}

#[test]
fn value_nested_as_deep_as_a_request_can_carry_stops_nobody() {
    let office = Office::new();
    let (sender, neighbour) = (office.phone(1, RT3), office.phone(2, RT3));
    let deep = |levels: usize| (0..levels).fold(Value::Null, |inner, _| json!([inner]));
    // as deep as is read at all: request, ops, op, set
    let ops = vec![
        op(1, record(1), json!({"name": "WARSITI CONTOH", "new_field": deep(123)})),
        op(2, record(2), json!({"name": "KARSEM REKAAN", "new_field": deep(20)})),
    ];
    let reply = office.exchange(&sender, &Request { ops, ..Request::default() });
    assert_eq!(reply.outcomes[0].status, OutcomeStatus::Refused);
    assert_eq!(reply.outcomes[1].status, OutcomeStatus::Applied, "the rest of the batch goes on");
    let told = read_all(&office, &neighbour, None);
    assert!(told.iter().any(|change| matches!(change, payung_protocol::Change::Put(put) if put.record == record(2))));
}

#[test]
fn whatever_the_cursor_the_reply_can_be_read_comes_to_an_end_and_keeps_to_the_area() {
    let office = Office::new();
    let (sender, other) = (office.phone(1, RT3), office.phone(2, RT4));
    let ops = (1..=3).map(|n| op(n, record(n.into()), json!({"name": "WARSITI CONTOH"}))).collect();
    let reply = office.exchange(&sender, &Request { ops, ..Request::default() });
    assert!(reply.outcomes.iter().all(|outcome| outcome.status == OutcomeStatus::Applied));
    let epoch = reply.epoch;
    let place = prop_oneof![
        Just(RT3),
        Just(RT4),
        Just("33.02.24.1001"),
        Just("33.02"),
        Just("33"),
        Just("33.02.24.1002"),
        Just("x")
    ];
    let part = (place.clone(), prop::option::of(place), prop_oneof![Just(0), 0..10_u64, Just(u64::MAX)]).prop_map(
        |(prefix, village, seq)| match village {
            Some(village) => format!(";{prefix}|{village}={seq}"),
            None => format!(";{prefix}={seq}"),
        },
    );
    let cursor =
        (any::<bool>(), prop::collection::vec(part, 0..4), "\\PC{0,6}").prop_map(move |(ours, parts, rest)| {
            let life = if ours { epoch.to_string() } else { "1".to_owned() };
            Cursor(life + &parts.concat() + &rest)
        });
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let outcome = runner.run(&cursor, |cursor| {
        for change in read_all(&office, &other, Some(cursor.clone())) {
            if let payung_protocol::Change::Put(put) = change {
                prop_assert_ne!(put.kind, Kind::Worker, "a worker of another RT");
            }
        }
        read_all(&office, &sender, Some(cursor));
        Ok(())
    });
    outcome.expect("holds for every cursor");
}
