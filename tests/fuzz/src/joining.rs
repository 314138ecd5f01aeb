//! What a person scans, and what a server says without sealing it.

use crate::quiet::is_quiet;
use data_encoding::BASE32_NOPAD;
use payung_protocol::{
    ClaimCode, Escrow, Fingerprint, Invite, InviteSecret, PROBLEM_JSON, Problem, ProblemCode, RecoveryAnswer,
    RecoveryRequest, ServerLink,
};
use payung_sync::ServerAddress;
use sha2::{Digest, Sha256};

/// Texts of a problem are cut there.
const LONGEST: usize = 500;

/// A link as it is tapped or a claim code as it is typed, then the same bytes inside links whose check is right.
pub(crate) fn invite(data: &[u8]) {
    if let Ok(link) = std::str::from_utf8(data) {
        read_link(link);
        read_server(link);
        read_code(link);
    }
    let inside = BASE32_NOPAD.encode(&[data, &Sha256::digest(data)[..4]].concat());
    read_link(&format!("payung://join/{inside}"));
    read_server(&format!("payung://server/{inside}"));
}

fn read_server(link: &str) {
    let server = match ServerLink::parse(link) {
        Ok(server) => server,
        Err(error) => return is_quiet(&error, link.as_bytes()),
    };
    assert!((1..=8).contains(&server.servers.len()));
    let again = server.to_link().expect("what was read can be written");
    assert_eq!(ServerLink::parse(&again.to_lowercase()), Ok(server));
}

fn read_code(typed: &str) {
    match ClaimCode::parse(typed) {
        Ok(code) => assert!(ClaimCode::parse(&code.to_string()) == Ok(code)),
        Err(error) => is_quiet(&error, typed.as_bytes()),
    }
}

fn read_link(link: &str) {
    let invite = match Invite::parse(link) {
        Ok(invite) => invite,
        Err(error) => return is_quiet(&error, link.as_bytes()),
    };
    assert!((1..=8).contains(&invite.servers.len()));
    for server in &invite.servers {
        if let Ok(address) = ServerAddress::hub(server) {
            assert!(address.as_str().starts_with("http"));
        }
    }
    let again = invite.to_link().expect("what was read can be written");
    assert_eq!(Invite::parse(&again).as_ref(), Ok(&invite));
    assert_eq!(Invite::parse(&format!(" {}/ ", again.to_lowercase())), Ok(invite));
}

pub(crate) fn invite_seeds() -> Vec<Vec<u8>> {
    let servers = ["https://payung.example.id", "http://192.168.1.20:8480", "http://[fe80::1]"];
    let invite = Invite {
        servers: servers.map(str::to_owned).to_vec(),
        root: Fingerprint([3; 16]),
        secret: InviteSecret::from_bytes([9; 16]),
    };
    let link = invite.to_link().expect("a link");
    let code = BASE32_NOPAD.decode(&link.as_bytes()[14..]).expect("base32");
    let server = ServerLink::from(&invite).to_link().expect("a link");
    vec![
        code[..code.len() - 4].to_vec(),
        link.into_bytes(),
        server.into_bytes(),
        b"PAYUNG://JOIN/AAAA".to_vec(),
        b"7k3qd-wx9rt".to_vec(),
    ]
}

/// What official and operator show each other: as it is scanned, then the same bytes inside a text whose check is right.
pub(crate) fn recovery(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        read_request(text);
        read_answer(text);
    }
    let inside = BASE32_NOPAD.encode(&[data, &Sha256::digest(data)[..4]].concat());
    read_request(&format!("payung://recover/{inside}"));
    read_answer(&format!("payung://recovered/{inside}"));
}

fn read_request(text: &str) {
    let request = match RecoveryRequest::parse(text) {
        Ok(request) => request,
        Err(error) => return is_quiet(&error, text.as_bytes()),
    };
    assert_eq!(request.code().len(), 9);
    assert_eq!(RecoveryRequest::parse(&request.to_text().to_lowercase()).as_ref(), Ok(&request));
    assert_eq!(Escrow::from_bytes(request.escrow.as_bytes()), Ok(request.escrow));
}

fn read_answer(text: &str) {
    let answer = match RecoveryAnswer::parse(text) {
        Ok(answer) => answer,
        Err(error) => return is_quiet(&error, text.as_bytes()),
    };
    assert_eq!(RecoveryAnswer::parse(&format!(" {}/", answer.to_text())).as_ref(), Ok(&answer));
}

pub(crate) fn recovery_seeds() -> Vec<Vec<u8>> {
    // as long as an escrow copy with a key, and as an answer, of the version in use
    let (mut request, mut answer) = (vec![0x5a; 137], vec![0xa5; 89]);
    (request[0], answer[0]) = (1, 1);
    vec![request, answer, b"PAYUNG://RECOVER/AAAA".to_vec(), b"payung://recovered/".to_vec()]
}

/// The body of an error: no text longer than is shown, and the same when written and read again.
pub(crate) fn problem(data: &[u8]) {
    let Some(problem) = Problem::parse(data) else { return };
    let texts = [&problem.title, &problem.title_en, &problem.request_id];
    for text in texts.into_iter().chain(&problem.detail) {
        assert!(text.chars().count() <= LONGEST);
    }
    assert!(problem.code.as_str().len() <= 64, "the code ends in a log, too");
    assert_eq!(ProblemCode::from_code(problem.code.as_str()), problem.code);
    let again = serde_json::to_vec(&problem).expect("JSON");
    assert_eq!(Problem::parse(&again).as_ref(), Some(&problem));
    assert!(PROBLEM_JSON.ends_with("json") && !problem.to_string().is_empty());
}

pub(crate) fn problem_seeds() -> Vec<Vec<u8>> {
    let own = Problem::new(ProblemCode::Reseal, "4f2a").detail("sealed to the unknown key 00ff");
    vec![
        serde_json::to_vec(&own).expect("JSON"),
        br#"{"type":"urn:payung:problem:of_a_newer_server","title":"\u00e9","status":418,"x":[]}"#.to_vec(),
        b"<html>Masuk ke wifi</html>".to_vec(),
        br#"{"type":"about:blank","title":"Bad Gateway","status":502}"#.to_vec(),
    ]
}

/// A server's or hub's address as it is typed.
pub(crate) fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let hub = ServerAddress::hub(text);
    match ServerAddress::parse(text) {
        Ok(server) => {
            assert_eq!(ServerAddress::parse(server.as_str()).as_ref(), Ok(&server), "an origin is written in one way");
            assert_eq!(hub, Ok(server.clone()));
            let (scheme, host) = server.as_str().split_once("://").expect("an origin");
            let name = host.trim_start_matches('[');
            let here = name.starts_with("localhost") || name.starts_with("127.") || name.starts_with("::1");
            assert!(scheme == "https" || (scheme == "http" && here), "cleartext leaves this machine");
            assert!(!host.contains(['/', '@', '?', '#', '\\']) && !host.chars().any(char::is_whitespace));
        }
        Err(error) => is_quiet(&error, data),
    }
    match hub {
        Ok(hub) => assert_eq!(ServerAddress::hub(hub.as_str()), Ok(hub)),
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn address_seeds() -> Vec<Vec<u8>> {
    ["https://payung.example.id", "http://127.0.0.1:8480/", "http://[::1]:1", "http://localhost", "https://a@b/c?d#e"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}
