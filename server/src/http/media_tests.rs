//! tus over real sockets: what a stock client may do, and what it gets where it does something else.

use super::{
    Door, Shutdown,
    media::{MediaLimits, routes},
};
use crate::media::{
    MOST_BYTES, Media, Swept,
    tests::{House, in_both_places},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

in_both_places! {
    file_of_many_chunks_is_kept_until_a_month_after_nothing_names_it,
    file_comes_in_chunks_and_is_there_for_who_knows_its_hash,
    second_sender_goes_on_where_the_first_was_cut,
    file_can_come_with_its_creation_and_by_clients_that_know_only_post,
    file_that_is_not_what_its_hash_says_is_refused_and_forgotten,
}

struct Running {
    address: SocketAddr,
    media: Arc<Media>,
    shutdown: Shutdown,
    runtime: Option<tokio::runtime::Runtime>,
    house: House,
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

fn run(house: House, limits: MediaLimits) -> Running {
    let media = Arc::new(house.open());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let door = runtime.block_on(Door::bind("127.0.0.1:0".parse().expect("an address"))).expect("bound");
    let address = door.address().expect("known");
    let shutdown = Shutdown::default();
    drop(runtime.spawn(door.serve(routes(media.clone(), limits), shutdown.clone())));
    Running { address, media, shutdown, runtime: Some(runtime), house }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn offset(&self) -> Option<u64> {
        self.header("upload-offset")?.parse().ok()
    }
}

fn send(running: &Running, head: &str, body: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(running.address).expect("connected");
    socket.write_all(head.as_bytes()).expect("sent");
    // a refusal may come before the body is read
    let _ = socket.write_all(body);
    socket
}

fn head(method: &str, path: &str, headers: &str, length: usize) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n")
}

fn answer(mut socket: TcpStream, method: &str) -> Answer {
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("a head");
        all.push(byte[0]);
    }
    let head = String::from_utf8(all).expect("text");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let mut answer = Answer { status, head, body: Vec::new() };
    let length = answer.header("content-length").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    if method != "HEAD" {
        answer.body = vec![0; length];
        socket.read_exact(&mut answer.body).expect("a body");
    }
    answer
}

/// A request without the header every tus request has.
fn bare(running: &Running, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    answer(send(running, &head(method, path, headers, body.len()), body), method)
}

fn tus(running: &Running, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let answer = bare(running, method, path, &format!("tus-resumable: 1.0.0\r\n{headers}"), body);
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"), "in every answer");
    answer
}

fn file(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).expect("small")).collect()
}

fn metadata(bytes: &[u8]) -> String {
    let hash = hex::encode(Sha256::digest(bytes));
    format!(
        "upload-length: {}\r\nupload-metadata: filename eA==,sha256 {}\r\n",
        bytes.len(),
        BASE64_STANDARD.encode(hash)
    )
}

fn create(running: &Running, bytes: &[u8]) -> String {
    let created = tus(running, "POST", "/v1/media", &metadata(bytes), b"");
    assert_eq!((created.status, created.offset()), (201, Some(0)));
    created.header("location").expect("a place").to_owned()
}

fn chunk(running: &Running, url: &str, offset: usize, extra: &str, bytes: &[u8]) -> Answer {
    let headers = format!("content-type: application/offset+octet-stream\r\nupload-offset: {offset}\r\n{extra}");
    tus(running, "PATCH", url, &headers, bytes)
}

#[test]
fn server_tells_what_it_speaks() {
    let running = run(House::on_disk(), MediaLimits::default());
    let told = bare(&running, "OPTIONS", "/v1/media", "", b"");
    assert_eq!(told.status, 204);
    assert_eq!(told.header("tus-version"), Some("1.0.0"));
    assert_eq!(told.header("tus-max-size"), Some(MOST_BYTES.to_string().as_str()));
    let extensions = told.header("tus-extension").expect("extensions");
    for extension in ["creation", "creation-with-upload", "checksum", "expiration", "termination"] {
        assert!(extensions.split(',').any(|told| told == extension), "{extensions}");
    }
    assert!(told.header("tus-checksum-algorithm").is_some_and(|told| told.split(',').any(|name| name == "sha1")));
    for version in ["", "tus-resumable: 0.2.2\r\n"] {
        let refused = bare(&running, "POST", "/v1/media", &(version.to_owned() + &metadata(b"x")), b"");
        assert_eq!((refused.status, refused.header("tus-version")), (412, Some("1.0.0")));
    }
}

fn file_comes_in_chunks_and_is_there_for_who_knows_its_hash(house: fn() -> House) {
    let running = run(house(), MediaLimits::default());
    let bytes = file(1000);
    let url = create(&running, &bytes);
    let sum = |name: &str, sum: &[u8]| format!("upload-checksum: {name} {}\r\n", BASE64_STANDARD.encode(sum));
    let first = chunk(&running, &url, 0, &sum("sha256", &Sha256::digest(&bytes[..400])), &bytes[..400]);
    assert_eq!((first.status, first.offset()), (204, Some(400)));
    assert!(first.header("upload-expires").is_some_and(|at| at.ends_with(" GMT")));
    let at = tus(&running, "HEAD", &url, "", b"");
    assert_eq!((at.status, at.offset(), at.header("upload-length")), (200, Some(400), Some("1000")));
    assert_eq!(at.header("cache-control"), Some("no-store"));
    // a damaged chunk, a chunk from elsewhere, one too many: nothing is taken
    let wrong = sum("sha1", &[0; 20]);
    assert_eq!(chunk(&running, &url, 400, &wrong, &bytes[400..]).status, 460);
    assert_eq!(chunk(&running, &url, 300, "", &bytes[300..]).status, 409);
    assert_eq!(chunk(&running, &url, 400, "", &[0; 601]).status, 413);
    assert_eq!(chunk(&running, &url, 400, "upload-checksum: crc32 AAAA\r\n", &bytes[400..]).status, 400);
    let untyped = tus(&running, "PATCH", &url, "upload-offset: 400\r\n", &bytes[400..]);
    assert_eq!(untyped.status, 415);
    let by_hash = format!("/v1/media/{}", hex::encode(Sha256::digest(&bytes)));
    assert_eq!(bare(&running, "GET", &by_hash, "", b"").status, 404);
    let sha1 = sum("sha1", &<sha1::Sha1 as sha1::Digest>::digest(&bytes[400..]));
    let last = chunk(&running, &url, 400, &sha1, &bytes[400..]);
    assert_eq!((last.status, last.offset(), last.header("upload-expires")), (204, Some(1000), None));
    let got = bare(&running, "GET", &by_hash, "", b"");
    assert_eq!((got.status, got.body == bytes), (200, true));
    // who comes with the same file is told that it is there
    let again = tus(&running, "POST", "/v1/media", &metadata(&bytes), b"");
    assert_eq!((again.status, again.offset()), (201, Some(1000)));
    assert_eq!(tus(&running, "DELETE", &url, "", b"").status, 403);
}

fn second_sender_goes_on_where_the_first_was_cut(house: fn() -> House) {
    let running = run(house(), MediaLimits::default());
    let bytes = file(1000);
    let url = create(&running, &bytes);
    let headers = "tus-resumable: 1.0.0\r\ncontent-type: application/offset+octet-stream\r\nupload-offset: 0\r\n";
    // announces all of it and is cut after 700 bytes
    drop(send(&running, &head("PATCH", &url, headers, 1000), &bytes[..700]));
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let created = loop {
        let created = tus(&running, "POST", "/v1/media", &metadata(&bytes), b"");
        if created.offset() == Some(700) || std::time::Instant::now() > deadline {
            break created;
        }
    };
    assert_eq!((created.status, created.offset()), (201, Some(700)));
    assert_eq!(created.header("location"), Some(url.as_str()));
    assert_eq!(chunk(&running, &url, 700, "", &bytes[700..]).offset(), Some(1000));
}

fn file_can_come_with_its_creation_and_by_clients_that_know_only_post(house: fn() -> House) {
    let running = run(house(), MediaLimits::default());
    let bytes = file(300);
    let headers = metadata(&bytes) + "content-type: application/offset+octet-stream\r\n";
    let created = tus(&running, "POST", "/v1/media", &headers, &bytes[..100]);
    assert_eq!((created.status, created.offset()), (201, Some(100)));
    let url = created.header("location").expect("a place");
    let headers =
        "x-http-method-override: PATCH\r\ncontent-type: application/offset+octet-stream\r\nupload-offset: 100\r\n";
    assert_eq!(tus(&running, "POST", url, headers, &bytes[100..]).offset(), Some(300));
}

fn file_that_is_not_what_its_hash_says_is_refused_and_forgotten(house: fn() -> House) {
    let running = run(house(), MediaLimits::default());
    let url = create(&running, &file(100));
    assert_eq!(chunk(&running, &url, 0, "", &[0; 100]).status, 460);
    assert_eq!(tus(&running, "HEAD", &url, "", b"").status, 404);
}

#[test]
fn upload_can_be_ended_by_who_has_its_address_and_nobody_else() {
    let running = run(House::on_disk(), MediaLimits::default());
    let bytes = file(100);
    let url = create(&running, &bytes);
    let guessed = format!("{}0", &url[..url.len() - 1]);
    let guessed = if guessed == url { format!("{}1", &url[..url.len() - 1]) } else { guessed };
    for method in ["HEAD", "PATCH", "DELETE"] {
        let headers = "content-type: application/offset+octet-stream\r\nupload-offset: 0\r\n";
        assert_eq!(tus(&running, method, &guessed, headers, b"").status, 404, "{method}");
    }
    assert_eq!(tus(&running, "DELETE", &url, "", b"").status, 204);
    assert_eq!(tus(&running, "HEAD", &url, "", b"").status, 404);
}

#[test]
fn what_is_no_good_creation_is_refused_by_its_status() {
    let running = run(House::on_disk(), MediaLimits::default());
    let named = metadata(b"x");
    let (length, name) = named.split_once("\r\n").expect("two headers");
    let huge = format!("upload-length: {}\r\n{name}", MOST_BYTES + 1);
    let endless = format!("upload-defer-length: 1\r\n{name}");
    let nothing = format!("upload-length: 0\r\n{name}");
    let signed = format!("upload-length: +1\r\n{name}");
    let unnamed = format!("{length}\r\n");
    let other = format!("{length}\r\nupload-metadata: sha256 AAAA\r\n");
    for (headers, status) in
        [(&huge, 413), (&endless, 400), (&nothing, 400), (&signed, 400), (&unnamed, 400), (&other, 400)]
    {
        assert_eq!(tus(&running, "POST", "/v1/media", headers, b"").status, status, "{headers}");
    }
    assert_eq!(tus(&running, "PUT", "/v1/media", &named, b"").status, 405);
}

#[test]
fn address_that_has_used_up_its_day_is_told_to_wait() {
    let running = run(House::on_disk(), MediaLimits { address_day: 10_000, ..MediaLimits::default() });
    let bytes = file(6000);
    let url = create(&running, &bytes);
    let refused = chunk(&running, &url, 0, "", &bytes);
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        running.media.standing(running.media.upload(&url["/v1/media/".len()..]).expect("ours")).expect("begun").offset,
        0
    );
}

fn file_of_many_chunks_is_kept_until_a_month_after_nothing_names_it(house: fn() -> House) {
    const DAY: i64 = 24 * 3600 * 1000;
    let running = run(house(), MediaLimits::default());
    let bytes = file(80_000);
    let url = create(&running, &bytes);
    for (at, piece) in bytes.chunks(16 << 10).enumerate() {
        let at = at * (16 << 10);
        assert_eq!(chunk(&running, &url, at, "", piece).offset(), Some((at + piece.len()) as u64));
    }
    let by_hash = format!("/v1/media/{}", hex::encode(Sha256::digest(&bytes)));
    assert!(bare(&running, "GET", &by_hash, "", b"").body == bytes);
    let (storage, now) = (running.house.storage(), crate::clock::now());
    let swept = |days: i64| running.media.sweep(&storage, now + days * DAY).expect("swept");
    assert_eq!(swept(29), Swept { kept: 1, ..Swept::default() });
    assert_eq!(bare(&running, "GET", &by_hash, "", b"").status, 200);
    assert_eq!(swept(31), Swept { unnamed: 1, ..Swept::default() });
    assert_eq!(bare(&running, "GET", &by_hash, "", b"").status, 404);
    assert_eq!(tus(&running, "HEAD", &url, "", b"").status, 404);
}

#[test]
fn sender_is_told_to_come_again_while_the_store_is_away_and_sends_nothing_twice() {
    let mut running = run(House::with_bucket(), MediaLimits::default());
    let bytes = file(1000);
    let url = create(&running, &bytes);
    assert_eq!(chunk(&running, &url, 0, "", &bytes[..600]).status, 204);
    running.house.bucket().stop();
    let told_to_wait = |answer: &Answer| answer.status == 503 && answer.header("retry-after").is_some();
    let last = chunk(&running, &url, 600, "", &bytes[600..]);
    assert!(told_to_wait(&last) && last.offset().is_none(), "{}", last.head);
    assert!(told_to_wait(&tus(&running, "HEAD", &url, "", b"")));
    assert!(told_to_wait(&tus(&running, "POST", "/v1/media", &metadata(&bytes), b"")));
    let by_hash = format!("/v1/media/{}", hex::encode(Sha256::digest(&bytes)));
    assert!(told_to_wait(&bare(&running, "GET", &by_hash, "", b"")), "not 404: it may be there");
    running.house.bucket().start_again();
    let at = tus(&running, "HEAD", &url, "", b"");
    assert_eq!((at.status, at.offset(), at.header("upload-expires")), (200, Some(1000), None));
    assert!(bare(&running, "GET", &by_hash, "", b"").body == bytes);
}
