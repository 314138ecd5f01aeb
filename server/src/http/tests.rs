//! The door with real sockets: what is not a good bundle gets a problem, and the queue is unharmed.

use super::{Door, HttpLimits, Rate, Shutdown, routes};
use crate::{
    keys::rng,
    service::{DataDir, Service, operator::NewInvite},
    storage::DeviceState,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{DeviceId, Hlc, OfficialId, RecordId},
    op::{Op, OutcomeStatus},
};
use payung_protocol::{
    BUNDLE_TYPE, BundleId, Certificate, Cursor, DeviceKeys, Invite, JoinAnswer, JoinRequest, Limits, PROBLEM_JSON,
    Problem, ProblemCode, PublishedKeys, ReceiverKey, ReceiverSecret, Reply, Request, Role, Serials, SigningKey,
    open_join_answer, open_reply, seal_join, seal_request,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

const BOSS: OfficialId = OfficialId(Uuid::from_u128(0xb055));
const RT3: &str = "33.02.24.1001.005.003";

struct Running {
    address: SocketAddr,
    service: Arc<Service>,
    shutdown: Shutdown,
    runtime: Option<tokio::runtime::Runtime>,
    serving: Option<tokio::task::JoinHandle<()>>,
    dir: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.stop();
        self.shutdown.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn run(limits: HttpLimits) -> Running {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Arc::new(Service::open(&DataDir::new(dir.path().join("data"))).expect("a server"));
    service.add_operator(BOSS, "Operator", Role::BranchOperator, BOSS, crate::clock::now()).expect("added");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let door = runtime.block_on(Door::bind("127.0.0.1:0".parse().expect("an address"))).expect("bound");
    let address = door.address().expect("known");
    let shutdown = Shutdown::default();
    let serving = runtime.spawn(door.serve(routes(service.clone(), limits), shutdown.clone()));
    Running { address, service, shutdown, runtime: Some(runtime), serving: Some(serving), dir }
}

/// An answer, with the bytes it took.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn problem(&self) -> ProblemCode {
        assert!(self.head.contains(PROBLEM_JSON), "{}", self.head);
        let problem = Problem::parse(&self.body).expect("a problem");
        assert_eq!(problem.status, self.status);
        assert!(!problem.title.is_empty() && !problem.title_en.is_empty() && problem.request_id.len() == 12);
        problem.code
    }

    fn bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

fn read(socket: &mut TcpStream) -> Answer {
    let mut all = Vec::new();
    let head = loop {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("a head");
        all.push(byte[0]);
        if all.ends_with(b"\r\n\r\n") {
            break String::from_utf8(std::mem::take(&mut all)).expect("text");
        }
    };
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse::<usize>().ok())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    socket.read_exact(&mut body).expect("a body");
    Answer { status, head, body }
}

fn http(running: &Running, method: &str, path: &str, body: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(running.address).expect("connected");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {BUNDLE_TYPE}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).expect("sent");
    // a refusal may come before the body is read
    let _ = socket.write_all(body);
    read(&mut socket)
}

struct Phone {
    device: DeviceId,
    keys: DeviceKeys,
    receiver: ReceiverKey,
    signing: payung_protocol::VerifyingKey,
}

fn published(running: &Running) -> (ReceiverKey, payung_protocol::VerifyingKey) {
    let answer = http(running, "GET", "/v1/keys", b"");
    assert_eq!(answer.status, 200);
    let lists = PublishedKeys::parse(&answer.body).expect("lists");
    let keys = lists.verify(&running.service.keys().root(), Serials::default()).expect("of the root");
    (keys.receivers.current(crate::clock::now()).expect("a key"), keys.keys.signing[0])
}

fn invite(running: &Running) -> Invite {
    let new = NewInvite {
        name: "Pak Ketua".to_owned(),
        roles: vec![Role::Official],
        areas: vec![Area::parse(RT3).expect("an RT")],
        official: None,
        replaces: None,
    };
    let id = OfficialId(crate::clock::new_id());
    let servers = vec!["https://payung.example.id".to_owned()];
    running.service.invite(BOSS, new, id, servers, crate::clock::now()).expect("an invite")
}

fn join(running: &Running, invite: &Invite, keys: &DeviceKeys) -> JoinAnswer {
    let (receiver, signing) = published(running);
    let request = JoinRequest {
        secret: invite.secret.clone(),
        session_key: keys.session.verifying_key(),
        device_key: keys.device.receiver_key(),
        attestation: None,
        app: None,
    };
    let sealed =
        seal_join(&request, BundleId::generate(&mut rng()), &keys.session, &receiver, &mut rng()).expect("sealed");
    let answer = http(running, "POST", "/v1/join", sealed.as_bytes());
    assert_eq!(answer.status, 200, "{:?}", Problem::parse(&answer.body));
    let sent = sealed.sent().expect("its name");
    open_join_answer(&answer.body, &keys.device, |id| (id == signing.id()).then_some(signing), &sent)
        .expect("an answer")
}

fn phone(running: &Running) -> Phone {
    let (receiver, signing) = published(running);
    let keys = DeviceKeys::generate(&mut rng());
    let JoinAnswer::Joined(joined) = join(running, &invite(running), &keys) else { panic!("refused") };
    let certificate = Certificate::verify(&joined.certificate, |_| Some(signing)).expect("signed");
    Phone { device: certificate.device, keys, receiver, signing }
}

impl Phone {
    fn seal(&self, request: &Request) -> payung_protocol::SealedBundle {
        let id = BundleId::generate(&mut rng());
        seal_request(request, id, self.device, &self.keys.session, &self.receiver, &mut rng()).expect("sealed")
    }

    fn exchange(&self, running: &Running, request: &Request) -> (Reply, Answer, usize) {
        let sealed = self.seal(request);
        let answer = http(running, "POST", "/v1/exchange", sealed.as_bytes());
        assert_eq!(answer.status, 200, "{:?}", Problem::parse(&answer.body));
        let sent = sealed.sent().expect("its name");
        let key = |id| (id == self.signing.id()).then_some(self.signing);
        let reply = open_reply(&answer.body, &self.keys.device, key, &sent, Limits::REPLY).expect("a reply");
        (reply, answer, sealed.as_bytes().len())
    }
}

fn op(n: u64) -> Op {
    Op {
        n,
        record: RecordId(Uuid::from_u128(u128::from(n))),
        kind: Kind::Worker,
        area: Area::parse(RT3).expect("an RT"),
        base: None,
        set: BTreeMap::from([("name".to_owned(), json!("SUPARNO"))]),
        resolve: BTreeMap::new(),
        hlc: Hlc(1),
        reissue: None,
        stale: Vec::new(),
        receipt: None,
    }
}

fn with_ops(ops: Vec<Op>) -> Request {
    Request { ops, ..Request::default() }
}

#[test]
fn phone_joins_sends_and_reads_through_the_socket() {
    let running = run(HttpLimits::default());
    let phone = phone(&running);
    let (reply, _, _) = phone.exchange(&running, &with_ops(vec![op(1), op(2)]));
    assert!(reply.outcomes.iter().all(|outcome| outcome.status == OutcomeStatus::Applied));
    assert_eq!(reply.changes.len(), 3, "two people and the village");
    let (again, _, _) = phone.exchange(&running, &with_ops(vec![op(1)]));
    assert_eq!(again.outcomes[0], reply.outcomes[0]);
    // a stolen invite is used up
    let invite = invite(&running);
    let JoinAnswer::Joined(_) = join(&running, &invite, &DeviceKeys::generate(&mut rng())) else { panic!("refused") };
    match join(&running, &invite, &DeviceKeys::generate(&mut rng())) {
        JoinAnswer::Refused(problem) => assert_eq!(problem.code, ProblemCode::InviteUsed),
        JoinAnswer::Joined(_) => panic!("two phones by one invite"),
    }
}

#[test]
fn idle_exchange_fits_into_400_bytes_each_way() {
    let running = run(HttpLimits::default());
    let phone = phone(&running);
    let (first, _, _) = phone.exchange(&running, &with_ops((1..=30).map(op).collect()));
    let mut cursor: Cursor = first.cursor.expect("a cursor");
    let checksum = loop {
        let (reply, _, _) = phone.exchange(&running, &Request { cursor: Some(cursor.clone()), ..Request::default() });
        if let Some(next) = reply.cursor {
            cursor = next;
        }
        if !reply.more {
            break reply.checksums.values().copied().sum();
        }
    };
    let idle = Request { cursor: Some(cursor), checksum: Some(checksum), ..Request::default() };
    let (reply, answer, sealed) = phone.exchange(&running, &idle);
    assert!(reply.changes.is_empty() && reply.checksums.is_empty() && reply.cursor.is_none());
    println!("idle: {sealed} B sealed request, {} B answer with its head", answer.bytes());
    assert!(answer.bytes() <= 400, "{} {}", answer.bytes(), answer.head);
    assert!(sealed <= 270, "{sealed}");
}

#[test]
fn what_is_no_bundle_is_refused_with_a_problem() {
    let running = run(HttpLimits::default());
    let phone = phone(&running);
    let good = phone.seal(&with_ops(vec![op(1)])).into_bytes();
    let post = |body: &[u8]| http(&running, "POST", "/v1/exchange", body);
    assert_eq!(post(b"").problem(), ProblemCode::BundleMalformed);
    assert_eq!(post(b"<html>Welcome to the wifi</html>").problem(), ProblemCode::BundleVersion);
    assert_eq!(post(&good[..good.len() - 1]).problem(), ProblemCode::BundleMalformed);
    let mut flipped = good.clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    assert_eq!(post(&flipped).problem(), ProblemCode::BundleMalformed);
    let mut other_key = good.clone();
    other_key[3] ^= 1;
    assert_eq!(post(&other_key).problem(), ProblemCode::Reseal);
    assert_eq!(http(&running, "GET", "/v1/exchange", b"").problem(), ProblemCode::MethodNotAllowed);
    assert_eq!(http(&running, "GET", "/v2/exchange", b"").problem(), ProblemCode::NotFound);
    // what it is for is signed, too
    assert_eq!(http(&running, "POST", "/v1/join", &good).problem(), ProblemCode::SignatureInvalid);
    // nobody's device, a forged signature, a key that was destroyed
    let stranger = Phone { device: DeviceId(Uuid::from_u128(5)), keys: phone.keys.clone(), ..phone_like(&phone) };
    assert_eq!(post(stranger.seal(&with_ops(vec![op(1)])).as_bytes()).problem(), ProblemCode::DeviceUnknown);
    let forged = Phone {
        keys: DeviceKeys { session: SigningKey::generate(&mut rng()), ..phone.keys.clone() },
        ..phone_like(&phone)
    };
    assert_eq!(post(forged.seal(&with_ops(vec![op(1)])).as_bytes()).problem(), ProblemCode::SignatureInvalid);
    let gone = Phone { receiver: ReceiverSecret::generate(&mut rng()).receiver_key(), ..phone_like(&phone) };
    assert_eq!(post(gone.seal(&with_ops(vec![op(1)])).as_bytes()).problem(), ProblemCode::Reseal);
    // and the good one still works
    assert_eq!(post(&good).status, 200);
}

fn phone_like(phone: &Phone) -> Phone {
    Phone { device: phone.device, keys: phone.keys.clone(), receiver: phone.receiver, signing: phone.signing }
}

#[test]
fn oversized_body_is_refused_before_it_is_read() {
    let running = run(HttpLimits::default());
    let mut socket = TcpStream::connect(running.address).expect("connected");
    let head = format!("POST /v1/exchange HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 50_u64 << 30);
    socket.write_all(head.as_bytes()).expect("sent");
    assert_eq!(read(&mut socket).problem(), ProblemCode::BundleTooLarge);
    // without saying how much, piece by piece
    let mut socket = TcpStream::connect(running.address).expect("connected");
    socket.write_all(b"POST /v1/join HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").expect("sent");
    let chunk = [b"4000\r\n".as_slice(), &[0; 0x4000], b"\r\n"].concat();
    for _ in 0..8 {
        if socket.write_all(&chunk).is_err() {
            break;
        }
    }
    assert_eq!(read(&mut socket).problem(), ProblemCode::BundleTooLarge);
}

#[test]
fn silent_body_times_out_and_a_slow_one_does_not() {
    let running = run(HttpLimits { read: Duration::from_millis(300), ..HttpLimits::default() });
    let phone = phone(&running);
    let sealed = phone.seal(&with_ops(vec![op(1)])).into_bytes();
    let begin = || {
        let mut socket = TcpStream::connect(running.address).expect("connected");
        let head = format!("POST /v1/exchange HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", sealed.len());
        socket.write_all(head.as_bytes()).expect("sent");
        socket
    };
    let mut silent = begin();
    silent.write_all(&sealed[..40]).expect("sent");
    assert_eq!(read(&mut silent).problem(), ProblemCode::TimedOut);
    let mut slow = begin();
    for piece in sealed.chunks(sealed.len().div_ceil(8)) {
        slow.write_all(piece).expect("sent");
        // each piece within the limit, the whole far beyond it
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(read(&mut slow).status, 200);
}

#[test]
fn full_server_says_when_to_come_again() {
    let running = run(HttpLimits { concurrent: 1, read: Duration::from_secs(5), ..HttpLimits::default() });
    let busy = (0..100).find_map(|_| {
        // holds the one place while its body is awaited, unless the request before it has not left yet
        let mut first = TcpStream::connect(running.address).expect("connected");
        first.write_all(b"POST /v1/exchange HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").expect("sent");
        let answer = http(&running, "POST", "/v1/exchange", b"abc");
        (answer.status == 503).then_some(answer)
    });
    let busy = busy.expect("the second is told to come again");
    assert_eq!(busy.problem(), ProblemCode::Busy);
    assert!(busy.head.contains("retry-after: 5"), "{}", busy.head);
}

#[test]
fn device_that_asks_too_often_waits_and_others_do_not() {
    let running = run(HttpLimits { device: Rate { burst: 2, per_second: 1 }, ..HttpLimits::default() });
    let (one, other) = (phone(&running), phone(&running));
    let post = |phone: &Phone| http(&running, "POST", "/v1/exchange", phone.seal(&Request::default()).as_bytes());
    let statuses: Vec<u16> = (0..4).map(|_| post(&one).status).collect();
    assert_eq!(statuses[..2], [200, 200]);
    let refused = (0..10).map(|_| post(&one)).find(|answer| answer.status == 429).expect("too often");
    assert_eq!(refused.problem(), ProblemCode::RateLimited);
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    assert_eq!(post(&other).status, 200);
}

#[test]
fn health_and_readiness() {
    let running = run(HttpLimits::default());
    assert_eq!(http(&running, "GET", "/healthz", b"").status, 200);
    assert_eq!(http(&running, "GET", "/readyz", b"").status, 200);
}

#[test]
fn revoked_device_is_answered_and_told_nothing() {
    let running = run(HttpLimits::default());
    let phone = phone(&running);
    running.service.set_device(BOSS, phone.device, DeviceState::Revoked, crate::clock::now()).expect("revoked");
    let (reply, _, _) = phone.exchange(&running, &with_ops(vec![op(1)]));
    assert_eq!(reply.outcomes[0].status, OutcomeStatus::Held);
    assert!(reply.changes.is_empty());
}

#[test]
fn soft_stop_finishes_what_is_under_way() {
    let mut running = run(HttpLimits::default());
    let phone = phone(&running);
    let sealed = phone.seal(&with_ops(vec![op(1)])).into_bytes();
    let mut socket = TcpStream::connect(running.address).expect("connected");
    let length = sealed.len();
    let head =
        format!("POST /v1/exchange HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(head.as_bytes()).expect("sent");
    // told to go on, the request is under way; a socket whose head nobody has read yet is idle and may be closed
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).expect("told to go on");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(&sealed[..20]).expect("sent");
    running.shutdown.stop();
    let refused = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(running.address).is_err()
    });
    assert!(refused, "no new connections");
    socket.write_all(&sealed[20..]).expect("sent");
    assert_eq!(read(&mut socket).status, 200);
    let serving = running.serving.take().expect("once");
    running.runtime.as_ref().expect("running").block_on(async {
        tokio::time::timeout(Duration::from_secs(10), serving).await.expect("closed in time").expect("no panic");
    });
    assert!(running.dir.path().join("data/payung.db").exists());
}
