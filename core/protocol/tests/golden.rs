//! Golden files: what was sealed once must open for ever, and a change of the format is seen.

mod common;

use common::{World, cursor, reply, request};
use payung_protocol::{
    Certificate, Invite, JoinAnswer, JoinReply, KeyList, Limits, OpenedJoin, Problem, ProblemCode, PublishedKeys,
    ReceiverSecret, RenewRequest, Request, SealedBundle, Sent, Serials, SigningKey, open_join, open_join_answer,
    open_reply, open_request, seal_join, seal_join_answer, seal_renewal, seal_reply, seal_request,
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bundles.json")
}

/// Who sealed a bundle for whom, and where it holds.
struct Ends<'a> {
    context: &'a str,
    to: &'a ReceiverSecret,
    by: &'a SigningKey,
    kid: &'a [u8],
    answers: Option<&'a Sent>,
}

impl Ends<'_> {
    /// Everything an independent reader needs to open one bundle.
    fn entry(&self, name: &str, sealed: &SealedBundle, message: &impl serde::Serialize) -> Value {
        json!({
            "name": name,
            "context": self.context,
            "receiver_secret": hex::encode(*self.to.to_bytes()),
            "receiver_public": hex::encode(self.to.receiver_key().to_bytes()),
            "signer_public": hex::encode(self.by.verifying_key().to_bytes()),
            "kid": hex::encode(self.kid),
            "answers": self.answers.map(|sent| hex::encode(sent.digest.0)),
            "sealed": hex::encode(sealed.as_bytes()),
            "message": message,
        })
    }
}

/// The same bytes on every run: keys and randomness are seeded.
fn made() -> Value {
    let mut w = World::new(169);
    let (server_id, device_kid) = (w.server.verifying_key().id().0, w.device.bytes());
    let receiver = w.receiver.receiver_key();
    let device_key = w.phone.device.receiver_key();

    let mut asked = request(3);
    asked.ops.push(common::edit(9));
    let first = seal_request(&asked, w.bundle, w.device, &w.phone.session, &receiver, &mut w.rng).expect("sealed");
    let answers = first.sent().expect("a header");
    let answer = reply(2);
    let second = seal_reply(&answer, &answers, &w.server, &device_key, &mut w.rng).expect("sealed");

    let idle_request = Request { cursor: Some(cursor()), ..Request::default() };
    let idle =
        seal_request(&idle_request, w.bundle, w.device, &w.phone.session, &receiver, &mut w.rng).expect("sealed");

    let join = w.join_request();
    let third = seal_join(&join, w.bundle, &w.phone.session, &receiver, &mut w.rng).expect("sealed");
    let join_sent = third.sent().expect("a header");
    let certificate = w.certificate().issue(&w.server).expect("small enough");
    let joined = JoinAnswer::Joined(JoinReply { certificate: certificate.clone(), server_time: 1_795_000_000_123 });
    let fourth = seal_join_answer(&joined, &join_sent, &w.server, &device_key, &mut w.rng).expect("sealed");
    let refused = JoinAnswer::Refused(Problem::new(ProblemCode::InviteUsed, "r-7"));
    let fifth = seal_join_answer(&refused, &join_sent, &w.server, &device_key, &mut w.rng).expect("sealed");

    let invite = w.invite().to_link().expect("addresses are good");
    // last: what was sealed before it stays byte for byte
    let renew = RenewRequest { serial: 169 };
    let sixth = seal_renewal(&renew, w.bundle, w.device, &w.phone.session, &receiver, &mut w.rng).expect("sealed");

    let (session, device) = (&w.phone.session, &w.phone.device);
    let session_id = session.verifying_key().id().0;
    let ask = |context, kid| Ends { context, to: &w.receiver, by: session, kid, answers: None };
    let answer_to = |context, sent| Ends { context, to: device, by: &w.server, kid: &server_id, answers: Some(sent) };
    let (exchange, joining) = ("payung/exchange/1", "payung/join/1");
    let bundles = [
        ask(exchange, &device_kid).entry("request", &first, &asked),
        answer_to(exchange, &answers).entry("reply", &second, &answer),
        ask(exchange, &device_kid).entry("idle", &idle, &idle_request),
        ask(joining, &session_id).entry("join", &third, &join),
        answer_to(joining, &join_sent).entry("joined", &fourth, &joined),
        answer_to(joining, &join_sent).entry("refused", &fifth, &refused),
        ask(joining, &device_kid).entry("renew", &sixth, &renew),
    ];
    let signed = |name: &str, context: &str, bytes: &[u8], by: &SigningKey| {
        json!({
            "name": name,
            "context": context,
            "signer_public": hex::encode(by.verifying_key().to_bytes()),
            "kid": hex::encode(by.verifying_key().id().0),
            "signed": hex::encode(bytes),
        })
    };
    let keys = w.key_list().sign(&w.root).expect("its own root");
    let receivers = w.receiver_list().sign(&w.server).expect("signed");
    json!({
        "bundles": bundles,
        "signed": [
            signed("certificate", "payung/certificate/1", &certificate, &w.server),
            signed("key list", "payung/keys/1", &keys, &w.root),
            signed("receiver list", "payung/receivers/1", &receivers, &w.server),
        ],
        "invite": invite,
    })
}

fn golden() -> Value {
    serde_json::from_slice(&fs::read(path()).expect("the golden file")).expect("JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("text")).expect("hex")
}

#[test]
fn format_is_that_of_the_golden_file() {
    let made = made();
    if std::env::var_os("PAYUNG_BLESS").is_some() {
        fs::write(path(), serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    assert!(made == golden(), "the format has changed; phones in the field write the old one");
}

#[test]
fn golden_bundles_open() {
    let golden = golden();
    let mut w = World::new(169);
    let sealed = |i: usize| bytes(&golden["bundles"][i]["sealed"]);
    let message = |i: usize| golden["bundles"][i]["message"].clone();

    let opened = open_request(&sealed(0), |id| w.secret_of(id), |id| w.session_of(id), Limits::REQUEST).unwrap();
    assert_eq!(serde_json::to_value(&opened.request).unwrap(), message(0));
    let device = &w.phone.device;
    let answer = open_reply(&sealed(1), device, |id| w.server_key(id), &opened.sent, Limits::REPLY).unwrap();
    assert_eq!(serde_json::to_value(&answer).unwrap(), message(1));
    let joining = |i: usize| open_join(&sealed(i), |id| w.secret_of(id), |id| w.session_of(id)).unwrap();
    let OpenedJoin::Invited { request, sent } = joining(3) else { panic!("not the join request") };
    assert_eq!(serde_json::to_value(&request).unwrap(), message(3));
    let OpenedJoin::Renewal { device: asks, request, .. } = joining(6) else { panic!("not the renewal") };
    assert_eq!((asks, serde_json::to_value(request).unwrap()), (w.device, message(6)));
    for i in [4, 5] {
        let answer = open_join_answer(&sealed(i), device, |id| w.server_key(id), &sent).unwrap();
        assert_eq!(serde_json::to_value(&answer).unwrap(), message(i));
    }

    let signed = |i: usize| bytes(&golden["signed"][i]["signed"]);
    let certificate = Certificate::verify(&signed(0), |id| w.server_key(id)).unwrap();
    assert_eq!(certificate, w.certificate());
    let root = w.root.verifying_key().fingerprint();
    let published = PublishedKeys { keys: signed(1), receivers: signed(2) };
    let believed = published.verify(&root, Serials::default()).unwrap();
    assert_eq!(believed.keys, w.key_list());
    assert_eq!(KeyList::verify(&signed(1), &root, 3).unwrap(), w.key_list());
    assert_eq!(believed.receivers, w.receiver_list());
    let invite = Invite::parse(golden["invite"].as_str().unwrap()).unwrap();
    assert_eq!((invite.servers, invite.root), (w.invite().servers, root));
}
