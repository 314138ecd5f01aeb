//! A captive portal on a real socket: it says 200 to everything and has nothing to say.

use crate::{
    Template, Violation,
    chance::Chance,
    phone::Phone,
    template::START,
    violation::{Played, broken},
};
use payung_protocol::AppFacts;
use payung_sync::{HttpTransport, ServerAddress, SyncEngine, SyncError, Timeouts, Transport, TransportError, Urgency};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 20\r\nconnection: close\r\n\r\n<html>Wi-Fi</html>\r\n";

fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = told.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    reader.by_ref().take(length).read_to_end(&mut Vec::new())?;
    reader.get_mut().write_all(PAGE)
}

/// A phone that tries to sync behind the portal keeps everything, and says that a portal is in the way.
pub(super) fn drive(template: &Template, seed: u64) -> Played {
    let folder = template.run_folder()?;
    let phone = Phone::open(&template.phone(0), &folder.path().join("phone"))?;
    let store = phone.store()?;
    let wrong = |rule: &'static str| move |error: String| Violation { rule, detail: error };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let portal = ServerAddress::parse(&format!("http://{}", listener.local_addr()?));
    let portal = portal.map_err(|error| wrong("a portal has an address")(error.to_string()))?;
    let road = HttpTransport::new(Timeouts::default()).map_err(|error| wrong("HTTP is set up")(error.to_string()))?;
    thread::spawn(move || {
        // a phone that got no answer there does not ask it again at once
        listener.accept().and_then(|(stream, _)| answer(stream))
    });
    let facts = AppFacts { app_version: "0.1.0".to_owned(), schema: 1, free_bytes: 1 << 30 };
    let ended = |error: SyncError| wrong("a joined phone may begin a run")(error.to_string());
    let mut chance = Chance::new(seed);
    let mut engine = SyncEngine::begin(store, facts, Urgency::Person, START).map_err(ended)?;
    let Some(outgoing) = engine.next(store, START, &mut chance).map_err(ended)? else {
        return broken("a phone that never synced asks", String::new());
    };
    // whatever name was asked for, it is the portal that answers
    let answer = road.exchange(&portal, outgoing.endpoint, &outgoing.body);
    match engine.take(answer, store, START, &mut chance) {
        Err(SyncError::Transport(TransportError::Portal { .. })) => Ok(()),
        Err(other) => broken("a phone behind a portal says so", other.to_string()),
        Ok(()) => broken("a page with status 200 is no answer", "the run goes on"),
    }
}
