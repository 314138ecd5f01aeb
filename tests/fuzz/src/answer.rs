//! Any bytes in the place of an HTTP answer, read by the real client from a real socket.

use crate::quiet::is_quiet;
use payung_protocol::{BUNDLE_TYPE, Endpoint};
use payung_sync::{HttpTransport, ServerAddress, Timeouts, Transport, TransportError};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{LazyLock, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// A server that answers everything with the bytes in [`SAYS`] and hangs up, and a client.
struct Portal {
    address: SocketAddr,
    client: HttpTransport,
}

static SAYS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

static PORTAL: LazyLock<Mutex<Portal>> = LazyLock::new(|| {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of this machine");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // a client that hung up is the next case
            let _ = answer(stream);
        }
    });
    let wait = Duration::from_secs(10);
    let client = HttpTransport::new(Timeouts { connect: wait, answer: wait, whole: wait }).expect("a client");
    Mutex::new(Portal { address, client })
});

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    // the one body that is ever sent is four bytes long
    while !head.ends_with(b"\r\n\r\nbody") {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(&chunk[..read]);
    }
    let says = SAYS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    stream.write_all(&says)?;
    stream.shutdown(Shutdown::Both)
}

/// Only a whole answer of our own content type counts, and never more of it than the limit.
pub(crate) fn http(data: &[u8]) {
    let portal = PORTAL.lock().unwrap_or_else(PoisonError::into_inner);
    *SAYS.lock().unwrap_or_else(PoisonError::into_inner) = data.to_vec();
    let server = ServerAddress::parse(&format!("http://{}", portal.address)).expect("this machine");
    let said = String::from_utf8_lossy(data).to_lowercase();
    match portal.client.exchange(&server, Endpoint::Join, b"body") {
        Ok(body) => {
            assert!(body.len() <= data.len() && body.len() <= Endpoint::Join.reply_limit());
            assert!(said.contains(BUNDLE_TYPE) && said.contains("200"), "taken for ours without our content type");
            let head = said.split("\r\n\r\n").next().unwrap_or_default();
            assert!(!head.contains("content-encoding"), "nobody asked for an encoding");
        }
        Err(TransportError::Refused { retry_after, .. }) => {
            assert!(
                said.contains("application/problem+json") && (retry_after.is_none() || said.contains("retry-after"))
            );
        }
        Err(error) => {
            assert!(error.retry_after().is_none() || said.contains("retry-after"));
            is_quiet(&error, data);
        }
    }
}

pub(crate) fn http_seeds() -> Vec<Vec<u8>> {
    let problem = r#"{"type":"urn:payung:problem:busy","title":"x","status":503,"request_id":"7"}"#;
    let size = problem.len();
    [
        format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ncontent-length: 5\r\n\r\nhello"),
        format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}; v=1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ncontent-encoding: gzip\r\n\r\nabc"),
        format!("HTTP/1.1 200 OK\r\ncontent-type: {BUNDLE_TYPE}\r\ncontent-length: 999999999999\r\n\r\nabc"),
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>Masuk</html>".to_owned(),
        "HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n".to_owned(),
        format!(
            "HTTP/1.1 503 Busy\r\nretry-after: 30\r\ncontent-type: application/problem+json\r\ncontent-length: {size}\r\n\r\n{problem}"
        ),
        "HTTP/1.1 429 x\r\ndate: Sun, 22 Nov 2026 21:00:00 GMT\r\nretry-after: Sun, 22 Nov 2026 21:05:00 GMT\r\n\r\n"
            .to_owned(),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 511 x\r\n\r\n".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}
