//! The road by HTTP, over real sockets: what counts as an answer, and what never does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use payung_protocol::{BUNDLE_TYPE, Problem, ProblemCode};
use payung_sync::{Endpoint, HttpTransport, PortalSign, ServerAddress, Timeouts, Transport, TransportError};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

/// What the far end does once it has read a request.
enum Answer {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends these bytes, then nothing more; keeps the connection open.
    Stall(Vec<u8>),
    /// Sends these bytes over and over until the phone hangs up.
    Endless(Vec<u8>, Vec<u8>),
}

/// A far end that answers one request; gives its address and the request it read.
fn far_end(answer: Answer) -> (ServerAddress, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ServerAddress::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // not every test looks at it
        let _ = tell.send(read_request(&mut stream));
        match answer {
            Answer::Bytes(bytes) => stream.write_all(&bytes).unwrap(),
            Answer::Stall(bytes) => {
                stream.write_all(&bytes).unwrap();
                // until the phone hangs up
                let _ = stream.read(&mut [0; 1]);
            }
            Answer::Endless(head, piece) => {
                stream.write_all(&head).unwrap();
                while stream.write_all(&piece).is_ok() {}
            }
        }
    });
    (address, told)
}

fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut byte = [0; 1];
    while !request.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1);
        request.push(byte[0]);
    }
    let head = String::from_utf8(request.clone()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    request.extend(body);
    request
}

fn transport() -> HttpTransport {
    HttpTransport::new(Timeouts {
        connect: Duration::from_millis(500),
        answer: Duration::from_millis(500),
        whole: Duration::from_secs(20),
    })
    .unwrap()
}

fn response(status: &str, headers: &str, body: &[u8]) -> Answer {
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend(body);
    Answer::Bytes(bytes)
}

fn ask(answer: Answer) -> Result<Vec<u8>, TransportError> {
    let (address, _request) = far_end(answer);
    transport().exchange(&address, Endpoint::Exchange, b"sealed")
}

fn portal(sign: PortalSign) -> Result<Vec<u8>, TransportError> {
    Err(TransportError::Portal { sign, retry_after: None })
}

#[test]
fn a_whole_answer_of_our_type_is_handed_on() {
    let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(ask(response("200 OK", &format!("content-type: {BUNDLE_TYPE}\r\n"), &body)), Ok(body));
}

#[test]
fn the_head_of_a_request_is_small_and_tells_nothing_of_the_phone() {
    let (address, request) = far_end(response("200 OK", &format!("content-type: {BUNDLE_TYPE}\r\n"), b"x"));
    transport().exchange(&address, Endpoint::Exchange, b"sealed").unwrap();
    let request = String::from_utf8(request.recv().unwrap()).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/exchange HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, "sealed");
    assert!(head.len() <= 160, "{} bytes: {head}", head.len());
    let mut names: Vec<_> =
        head.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host"]);
}

#[test]
fn keys_are_asked_for_without_a_body_and_come_as_json() {
    let (address, request) = far_end(response("200 OK", "content-type: application/json; charset=utf-8\r\n", b"{}"));
    assert_eq!(transport().exchange(&address, Endpoint::Keys, b""), Ok(b"{}".to_vec()));
    assert!(request.recv().unwrap().starts_with(b"GET /v1/keys HTTP/1.1\r\n"));
    // a bundle where a list belongs is no list
    let (address, _) = far_end(response("200 OK", &format!("content-type: {BUNDLE_TYPE}\r\n"), b"{}"));
    assert_eq!(transport().exchange(&address, Endpoint::Keys, b""), portal(PortalSign::Page));
}

#[test]
fn a_portals_page_with_200_is_no_answer() {
    let page = b"<html><body>Selamat datang di WiFi gratis. <a href='/login'>Masuk</a></body></html>";
    assert_eq!(ask(response("200 OK", "content-type: text/html\r\n", page)), portal(PortalSign::Page));
    assert_eq!(ask(response("200 OK", "", page)), portal(PortalSign::Page));
    assert_eq!(ask(response("200 OK", "content-type: application/octet-stream\r\n", page)), portal(PortalSign::Page));
}

#[test]
fn a_redirect_is_not_followed() {
    // the target would answer: it must never be asked
    let (target, asked) = far_end(response("200 OK", &format!("content-type: {BUNDLE_TYPE}\r\n"), b"stolen"));
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect"] {
        let headers = format!("location: {target}/v1/exchange\r\ncontent-type: {BUNDLE_TYPE}\r\n");
        assert_eq!(ask(response(status, &headers, b"")), portal(PortalSign::Redirect), "{status}");
    }
    assert!(asked.try_recv().is_err());
}

#[test]
fn a_portal_that_says_511_is_no_answer() {
    let answer = response("511 Network Authentication Required", "content-type: text/html\r\n", b"<html>");
    assert_eq!(ask(answer), portal(PortalSign::SignIn));
}

#[test]
fn gzip_nobody_asked_for_is_no_answer_whole_or_cut() {
    // `gzip` of "ok", cut before its end
    let cut = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xcb];
    let headers = format!("content-type: {BUNDLE_TYPE}\r\ncontent-encoding: gzip\r\n");
    assert_eq!(ask(response("200 OK", &headers, &cut)), portal(PortalSign::Encoded));
}

#[test]
fn an_answer_cut_short_is_no_answer() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ncontent-length: 1000\r\n\r\n");
    assert_eq!(ask(Answer::Bytes([head.as_bytes(), &[7; 600]].concat())), Err(TransportError::Cut));
    // cut inside the head, and before it
    assert_eq!(ask(Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec())), Err(TransportError::Cut));
    assert_eq!(ask(Answer::Bytes(Vec::new())), Err(TransportError::Cut));
    // chunked, without the last chunk
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    assert_eq!(ask(Answer::Bytes(head.into_bytes())), Err(TransportError::Cut));
}

#[test]
fn something_that_is_no_http_is_no_answer() {
    assert_eq!(ask(Answer::Bytes(b"220 mail.example.id ESMTP\r\n".to_vec())), Err(TransportError::Cut));
}

#[test]
fn silence_times_out_before_and_inside_the_answer() {
    assert_eq!(ask(Answer::Stall(Vec::new())), Err(TransportError::Timeout));
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ncontent-length: 1000\r\n\r\nhalf");
    assert_eq!(ask(Answer::Stall(head.into_bytes())), Err(TransportError::Timeout));
}

#[test]
fn an_endless_answer_is_dropped_at_its_limit() {
    let limit = Endpoint::Exchange.reply_limit();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n");
    let mut piece = b"10000\r\n".to_vec();
    piece.resize(piece.len() + 0x10000, 0);
    piece.extend(b"\r\n");
    assert_eq!(ask(Answer::Endless(head.into_bytes(), piece)), Err(TransportError::TooLarge { limit }));
}

#[test]
fn an_announced_giant_is_not_read_at_all() {
    let limit = Endpoint::Exchange.reply_limit();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ncontent-length: 99999999999\r\n\r\n");
    assert_eq!(ask(Answer::Stall(head.into_bytes())), Err(TransportError::TooLarge { limit }));
}

#[test]
fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ServerAddress::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    assert_eq!(transport().exchange(&address, Endpoint::Exchange, b""), Err(TransportError::Unreachable));
}

#[test]
fn a_server_without_a_trusted_certificate_is_unreachable() {
    // it speaks no TLS at all: what matters is that nothing is sent in clear after TLS failed
    let (address, request) = far_end(Answer::Stall(Vec::new()));
    let address = ServerAddress::parse(&address.as_str().replace("http://", "https://")).unwrap();
    let outcome = transport().exchange(&address, Endpoint::Exchange, b"sealed");
    assert!(matches!(outcome, Err(TransportError::Unreachable | TransportError::Timeout)), "{outcome:?}");
    assert!(request.try_recv().is_err());
}

#[test]
fn a_problem_of_the_server_is_told_as_such() {
    let problem = Problem::new(ProblemCode::Reseal, "r-1");
    let body = serde_json::to_vec(&problem).unwrap();
    let answer = response("409 Conflict", "content-type: application/problem+json\r\n", &body);
    assert_eq!(ask(answer), Err(TransportError::Refused { problem: Box::new(problem), retry_after: None }));
}

#[test]
fn an_error_that_is_no_problem_of_ours_is_somebody_elses() {
    let foreign = br#"{"type":"about:blank","title":"Bad Gateway"}"#;
    let answer = response("502 Bad Gateway", "content-type: application/problem+json\r\n", foreign);
    assert_eq!(ask(answer), portal(PortalSign::Status(502)));
    let answer = response("404 Not Found", "content-type: text/html\r\n", b"<html>");
    assert_eq!(ask(answer), portal(PortalSign::Status(404)));
}

#[test]
fn retry_after_is_read_in_seconds_and_as_a_date() {
    let body = serde_json::to_vec(&Problem::new(ProblemCode::Busy, "r-2")).unwrap();
    let headers = "content-type: application/problem+json\r\nretry-after: 120\r\n";
    assert_eq!(ask(response("503 Service Unavailable", headers, &body)).unwrap_err().retry_after(), Some(120));
    let headers = "content-type: text/html\r\ndate: Sun, 22 Nov 2026 18:00:00 GMT\r\nretry-after: Sun, 22 Nov 2026 18:05:00 GMT\r\n";
    assert_eq!(ask(response("503 Service Unavailable", headers, b"")).unwrap_err().retry_after(), Some(300));
    assert_eq!(ask(response("429 Too Many Requests", "retry-after: 7\r\n", b"")).unwrap_err().retry_after(), Some(7));
    // a portal's page may not make the phone wait
    let answer = response("302 Found", "location: /login\r\nretry-after: 86400\r\n", b"");
    assert_eq!(ask(answer).unwrap_err().retry_after(), None);
}
