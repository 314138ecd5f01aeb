//! Whatever answers in the server's place, the queue is unharmed; and bundles are taken late, repeated and in any order.

use crate::common::{Office, open, outstanding, quiet, random, receiver, refusal, register, someone, stolen, sync};
use payung_domain::op::Op;
use payung_protocol::{BUNDLE_TYPE, BundleId, Request, seal_request};
use payung_system_tests::{
    Phone,
    ledger::{lost, server_list},
    server::request,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Answers a request's body with the bytes of a whole HTTP answer.
type Answer = Box<dyn FnMut(&str, &[u8]) -> Vec<u8> + Send>;

/// Something on the road that answers instead of the server.
struct Impostor {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
}

impl Impostor {
    fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Box::new(|_, _| Vec::new())));
        let kept = Arc::clone(&answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let Some((path, body)) = read_request(&mut reader) else { continue };
                let answered = (kept.lock().unwrap())(&path, &body);
                drop(reader.get_mut().write_all(&answered));
            }
        });
        Self { address, answer }
    }

    fn answers(&self, answer: impl FnMut(&str, &[u8]) -> Vec<u8> + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if path.is_empty() {
            path.push_str(line.split(' ').nth(1)?);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            return Some((path, body));
        }
    }
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn bundle(body: &[u8]) -> Vec<u8> {
    http("200 OK", &format!("Content-Type: {BUNDLE_TYPE}\r\n"), body)
}

/// What the real server answers.
fn forward(server: SocketAddr, path: &str, body: &[u8]) -> Vec<u8> {
    let answer = request(server, "POST", path, &[("Content-Type", BUNDLE_TYPE)], body).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.body
}

fn failed_sync(phone: &mut Phone, via: &str) -> String {
    refusal(phone.ask(&json!({"do": "sync", "via": via}))).0
}

#[test]
fn portal_forms_and_false_replies_never_count_and_leave_the_queue_unharmed() {
    let mut office = Office::open(61);
    let (mut phone, files) = office.phone("satu");
    let (mut other, _) = office.phone("dua");
    for i in 0..3 {
        register(&mut phone, &someone(i));
    }
    register(&mut other, &someone(3));
    let server = office.server.address;
    let road = Impostor::open();
    let waiting = outstanding(&mut phone);
    assert_eq!(waiting, 9);

    // replies that are real, but not to this phone or not to this request
    let foreign: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = Arc::clone(&foreign);
    road.answers(move |path, body| {
        let reply = forward(server, path, body);
        kept.lock().unwrap().clone_from(&reply);
        bundle(&reply)
    });
    other.ask(&json!({"do": "sync", "via": road.url()})).unwrap();
    let foreign = foreign.lock().unwrap().clone();
    assert!(foreign.len() > 100);
    let own_but_older: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();

    let page = b"<html><body>Selamat datang di wifi balai desa. Masuk dulu.</body></html>";
    let html = "Content-Type: text/html\r\n";
    let ours = format!("Content-Type: {BUNDLE_TYPE}\r\n");
    let mut gzip = vec![0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3];
    gzip.extend_from_slice(b"cut");
    let fixed: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("a portal's page with 200", http("200 OK", html, page), &["portal"]),
        ("a redirect to a log-in", http("302 Found", "Location: http://login.invalid/\r\n", b""), &["portal"]),
        ("511", http("511 Network Authentication Required", html, page), &["portal"]),
        (
            "an encoding nobody asked for, cut",
            http("200 OK", &format!("{ours}Content-Encoding: gzip\r\n"), &gzip),
            &["portal"],
        ),
        ("a page that claims to be a bundle", bundle(page), &["reply"]),
        ("nothing at all", Vec::new(), &["cut", "unreachable"]),
        ("a body cut in the middle", bundle(&foreign)[..bundle(&foreign).len() / 2].to_vec(), &["cut"]),
        ("a reply to another phone", bundle(&foreign), &["reply"]),
        ("more than an answer may have", oversized(), &["too_large", "cut"]),
        (
            "a problem of a hub, unsigned",
            http(
                "403 Forbidden",
                "Content-Type: application/problem+json\r\n",
                br#"{"type":"urn:payung:problem:device_unknown"}"#,
            ),
            &["refused:device_unknown"],
        ),
    ];
    for (what, answer, codes) in fixed {
        road.answers(move |_, _| answer.clone());
        let code = failed_sync(&mut phone, &road.url());
        assert!(codes.contains(&code.as_str()), "{what}: {code}");
        assert_eq!(outstanding(&mut phone), waiting, "{what}: nothing counts as received");
    }
    // the server's own reply to this very request, altered on the way: its ops are taken, and yet nothing counts
    let kept = Arc::clone(&own_but_older);
    road.answers(move |path, body| {
        let mut reply = forward(server, path, body);
        *kept.lock().unwrap() = Some(reply.clone());
        let last = reply.len() - 1;
        reply[last] ^= 1;
        bundle(&reply)
    });
    assert_eq!(failed_sync(&mut phone, &road.url()), "reply");
    assert_eq!(outstanding(&mut phone), waiting);
    // an answer to an earlier request of its own
    let older = own_but_older.lock().unwrap().clone().unwrap();
    road.answers(move |_, _| bundle(&older));
    assert_eq!(failed_sync(&mut phone, &road.url()), "reply");
    assert_eq!(outstanding(&mut phone), waiting);

    // the true server at last: everything once
    sync(&mut phone);
    assert_eq!(outstanding(&mut phone), 0);
    quiet(&mut [&mut phone, &mut other]);
    assert_eq!(server_list(&office.admin).unwrap().len(), 4);
    assert_eq!(lost(&files, &office.admin).unwrap(), 0);
}

/// A head that promises more than any answer has, and a megabyte of it.
fn oversized() -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {BUNDLE_TYPE}\r\nContent-Length: 4000000000\r\n\r\n");
    [head.as_bytes(), &vec![7; 1 << 20]].concat()
}

#[test]
fn late_repeated_and_reordered_bundles_are_taken_once() {
    let mut office = Office::open(62);
    let (mut phone, files) = office.phone("satu");
    let server = office.server.address;
    let road = Impostor::open();
    // three bundles leave the phone and reach nobody: each has all of the one before, and more
    let sealed: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let kept = Arc::clone(&sealed);
    road.answers(move |_, body| {
        kept.lock().unwrap().push(body.to_vec());
        http("302 Found", "Location: http://login.invalid/\r\n", b"")
    });
    let mut workers: Vec<Value> = Vec::new();
    for i in 0..3 {
        workers.push(register(&mut phone, &someone(i))["worker"].clone());
        if let [.., before, _] = workers.as_slice() {
            // an edit of the one before rides in the later bundle
            let edit = json!({"do": "edit", "record": before, "fields": {"notes": format!("catatan {i}")}});
            phone.ask(&edit).unwrap();
        }
        failed_sync(&mut phone, &road.url());
    }
    phone.close().unwrap();
    let mut bundles = sealed.lock().unwrap().clone();
    assert_eq!(bundles.len(), 3);
    // and one op a bundle, as several hubs might carry them: children before parents, edits before what they edit
    let ops = open(&files).next_batch(1000, 1 << 20, 0).unwrap().ops;
    assert_eq!(ops.len(), 11);
    let (key, (device, session)) = (receiver(&office), stolen(&files));
    let single = |op: &Op| {
        let request = Request { ops: vec![op.clone()], ..Request::default() };
        let bundle = BundleId::generate(&mut random());
        seal_request(&request, bundle, device, &session, &key, &mut random()).unwrap().into_bytes()
    };
    let mut shuffled: Vec<Vec<u8>> = ops.iter().rev().map(single).collect();
    shuffled.append(&mut bundles.iter().rev().cloned().collect());
    shuffled.append(&mut bundles);
    for bundle in &shuffled {
        let answer = request(server, "POST", "/v1/exchange", &[("Content-Type", BUNDLE_TYPE)], bundle).unwrap();
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
    assert_eq!(server_list(&office.admin).unwrap().len(), 3);
    // the phone has heard nothing of it, sends all again, and is told what became of each
    let mut phone = office.start(&files);
    assert_eq!(outstanding(&mut phone), 11);
    quiet(&mut [&mut phone]);
    assert_eq!(outstanding(&mut phone), 0);
    // and once more, after everything was settled
    for bundle in &shuffled {
        let answer = request(server, "POST", "/v1/exchange", &[("Content-Type", BUNDLE_TYPE)], bundle).unwrap();
        assert_eq!(answer.status, 200);
    }
    quiet(&mut [&mut phone]);
    assert_eq!(server_list(&office.admin).unwrap().len(), 3);
    for (worker, i) in workers.iter().zip(1..3) {
        let shown = office.admin.act(&["show", worker.as_str().unwrap()]).unwrap();
        assert_eq!(shown[0]["body"]["notes"], format!("catatan {i}"));
        assert_eq!(shown[0]["history"].as_array().unwrap().len(), 2, "each op once");
    }
    assert_eq!(office.admin.act(&["conflicts", "list"]).unwrap(), json!([]), "nobody conflicts with themselves");
    assert_eq!(lost(&files, &office.admin).unwrap(), 0);
}
