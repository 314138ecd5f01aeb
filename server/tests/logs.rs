//! No log at any level names a person. In a process of its own: where a log goes is settled once for a process.

use payung_domain::{
    area::Area,
    field::Kind,
    id::{Hlc, OfficialId, RecordId},
    op::Op,
};
use payung_protocol::{
    BundleId, Certificate, DeviceKeys, Invite, JoinAnswer, JoinRequest, Request, Role, Serials, seal_request,
};
use payung_server::{
    clock, http,
    keys::rng,
    service::{DataDir, Service, operator::NewInvite},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
};
use uuid::Uuid;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("held").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn invite(service: &Service, boss: OfficialId) -> Invite {
    let new = NewInvite {
        name: "Pak Ketua".to_owned(),
        roles: vec![Role::Official],
        areas: vec![Area::parse("33.02.24.1001.005.003").expect("an RT")],
        official: None,
        replaces: None,
    };
    let servers = vec!["https://payung.example.id".to_owned()];
    service.invite(boss, new, OfficialId(Uuid::from_u128(2)), servers, clock::now()).expect("an invite")
}

fn op(n: u64, nik: &str, name: &str) -> Op {
    let set: BTreeMap<String, Value> =
        BTreeMap::from([("nik".to_owned(), json!(nik)), ("name".to_owned(), json!(name))]);
    Op {
        n,
        record: RecordId(Uuid::from_u128(u128::from(n))),
        kind: Kind::Worker,
        area: Area::parse("33.02.24.1001.005.003").expect("an RT"),
        base: None,
        set,
        resolve: BTreeMap::new(),
        hlc: Hlc(1),
        reissue: None,
        stale: Vec::new(),
        receipt: None,
    }
}

#[test]
fn no_log_at_any_level_names_a_person() {
    let captured = Captured::default();
    let writer = captured.clone();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).init();
    let dir = tempfile::tempdir().expect("a folder");
    let service = Arc::new(Service::open(&DataDir::new(dir.path().join("data"))).expect("a server"));
    let boss = OfficialId(Uuid::from_u128(1));
    service.add_operator(boss, "Bu Wulandari", Role::BranchOperator, boss, clock::now()).expect("added");
    let (invite, keys) = (invite(&service, boss), DeviceKeys::generate(&mut rng()));
    let join = JoinRequest {
        secret: invite.secret,
        session_key: keys.session.verifying_key(),
        device_key: keys.device.receiver_key(),
        attestation: None,
        app: None,
    };
    let JoinAnswer::Joined(joined) = service.join(&join, "1", clock::now()).expect("an answer") else {
        panic!("refused")
    };
    let certificate = Certificate::verify(&joined.certificate, |_| Some(service.keys().signing().verifying_key()));
    let device = certificate.expect("signed").device;
    let lists = service.keys().published().expect("lists").verify(&service.keys().root(), Serials::default());
    let receiver = lists.expect("ours").receivers.current(clock::now()).expect("a key");
    let bundle = |ops: Vec<Op>| {
        let request = Request { ops, ..Request::default() };
        tracing::debug!(?request, "as a careless line would");
        let id = BundleId::generate(&mut rng());
        seal_request(&request, id, device, &keys.session, &receiver, &mut rng()).expect("sealed").into_bytes()
    };
    let send = |body: &[u8]| service.exchange_bundle(body, |_| Ok(()), clock::now());
    send(&bundle(vec![op(1, "3302241509909001", "SUPARNO"), op(2, "3302241509909", "SUTINAH")])).expect("answered");
    let mut damaged = bundle(vec![op(3, "3302241509909003", "KARTOMI")]);
    damaged[60] ^= 1;
    let refused = send(&damaged).expect_err("damaged");
    tracing::error!(error = ?refused, problem = ?refused.problem("1"), "as a careless line would");
    tracing::debug!(devices = ?service.devices().expect("listed"), officials = ?service.officials().expect("listed"), "all");
    // over the socket, too
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let door = http::Door::bind("127.0.0.1:0".parse().expect("an address")).await.expect("bound");
        let address = door.address().expect("known");
        let shutdown = http::Shutdown::default();
        let serving =
            tokio::spawn(door.serve(http::routes(service.clone(), http::HttpLimits::default()), shutdown.clone()));
        tokio::task::spawn_blocking(move || {
            let mut socket = std::net::TcpStream::connect(address).expect("connected");
            let head = format!(
                "POST /v1/exchange HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                damaged.len()
            );
            socket.write_all(head.as_bytes()).expect("sent");
            socket.write_all(&damaged).expect("sent");
            std::io::read_to_string(socket).expect("answered")
        })
        .await
        .expect("a problem");
        shutdown.stop();
        serving.await.expect("closed");
    });
    let log = String::from_utf8(captured.0.lock().expect("held").clone()).expect("text");
    assert!(log.contains("exchange") && log.contains("refused"), "{log}");
    for secret in ["3302241509909", "SUPARNO", "SUTINAH", "KARTOMI", "KETUA", "Ketua", "WULANDARI"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
