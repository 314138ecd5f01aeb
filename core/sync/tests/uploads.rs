//! Photos to a real server over real sockets, and over a road that is cut wherever it can be cut.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use payung_domain::{
    area::Area,
    attachment::MediaHash,
    id::{DeviceId, OfficialId, RecordId},
    op::Body,
};
use payung_server::{
    http::{Door, Shutdown, media},
    media::Media,
};
use payung_store::{DatabaseKey, Identity, NewAttachment, Options, Store};
use payung_sync::{
    Abandonable, HttpTransport, MediaRoad, PortalSign, ServerAddress, Timeouts, TransportError, UploadError,
    UploadFailure, UploadReport, UploadTerms, Uploader,
};
use rand_core::TryRng;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    convert::Infallible,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

const NOW: i64 = 1_795_392_000_000;
const LATER: i64 = NOW + 3_600_000;
const CHUNK: u64 = 64 << 10;

/// Waits are as long as they can be.
struct Longest;

impl TryRng for Longest {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(7)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(7)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(7);
        Ok(())
    }
}

struct Office {
    address: SocketAddr,
    media: Arc<Media>,
    shutdown: Shutdown,
    runtime: Option<tokio::runtime::Runtime>,
    _folder: TempDir,
}

impl Drop for Office {
    fn drop(&mut self) {
        self.shutdown.stop();
        self.shutdown.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn office() -> Office {
    let folder = tempfile::tempdir().unwrap();
    let media = Arc::new(Media::open(folder.path(), &[7; 32]).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let door = runtime.block_on(Door::bind("127.0.0.1:0".parse().unwrap())).unwrap();
    let (address, shutdown) = (door.address().unwrap(), Shutdown::default());
    let routes = media::routes(media.clone(), media::MediaLimits::default());
    drop(runtime.spawn(door.serve(routes, shutdown.clone())));
    Office { address, media, shutdown, runtime: Some(runtime), _folder: folder }
}

/// A road that counts what goes up, and is cut for good once so many bytes went up, or came down.
struct Road {
    address: SocketAddr,
    up: Arc<AtomicU64>,
}

fn road(to: SocketAddr, up_left: i64, down_left: i64) -> Road {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let up = Arc::new(AtomicU64::new(0));
    let (ups, downs) = (Arc::new(AtomicI64::new(up_left)), Arc::new(AtomicI64::new(down_left)));
    let counted = up.clone();
    thread::spawn(move || {
        for phone in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(to) else { return };
            let (phone_too, server_too) = (phone.try_clone().unwrap(), server.try_clone().unwrap());
            let (left, count) = (ups.clone(), counted.clone());
            thread::spawn(move || carry(phone, server, &left, &count));
            let (left, nothing) = (downs.clone(), Arc::new(AtomicU64::new(0)));
            thread::spawn(move || carry(server_too, phone_too, &left, &nothing));
        }
    });
    Road { address, up }
}

fn carry(mut from: TcpStream, mut to: TcpStream, left: &AtomicI64, count: &AtomicU64) {
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        let before = left.fetch_sub(i64::try_from(read).unwrap(), Ordering::SeqCst);
        let passes = usize::try_from(before.clamp(0, i64::try_from(read).unwrap())).unwrap();
        count.fetch_add(passes as u64, Ordering::SeqCst);
        if to.write_all(&piece[..passes]).is_err() || passes < read {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

const OPEN: i64 = i64::MAX / 2;

struct Phone {
    store: Store,
    uploader: Uploader,
    http: HttpTransport,
    _folder: TempDir,
}

fn phone() -> Phone {
    let folder = tempfile::tempdir().unwrap();
    let key = DatabaseKey::new(*b"an invented key for the tests ..");
    let store = Store::open(&folder.path().join("phone.db"), &key, &Options::default()).unwrap();
    let identity = Identity {
        device: DeviceId(Uuid::from_u128(1)),
        official: OfficialId(Uuid::from_u128(7)),
        area: area(),
        only: None,
        certificate: vec![1],
    };
    store.set_identity(&identity).unwrap();
    let timeouts =
        Timeouts { connect: Duration::from_secs(5), answer: Duration::from_secs(20), whole: Duration::from_secs(20) };
    Phone { store, uploader: Uploader::new(), http: HttpTransport::new(timeouts).unwrap(), _folder: folder }
}

fn area() -> Area {
    Area::parse("33.02.24.1001.005.003").unwrap()
}

fn file(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + at / 251 + usize::from(seed)) % 251).unwrap()).collect()
}

fn hash(file: &[u8]) -> MediaHash {
    MediaHash(Sha256::digest(file).into())
}

impl Phone {
    fn add(&self, number: u128, file: &[u8], wifi_only: bool) {
        let media = json!({
            "sha256": hash(file).to_string(), "size": file.len(), "key": "k".repeat(43), "type": "image/jpeg",
        });
        let body = Body::from([
            ("of".to_owned(), Uuid::from_u128(99).to_string().into()),
            ("what".to_owned(), "photo".into()),
            ("media".to_owned(), media),
            ("capture".to_owned(), json!({ "at": "2026-11-22T10:00:00Z" })),
        ]);
        let id = RecordId(Uuid::from_u128(number));
        let new = NewAttachment { id, body: &body, ciphertext: file, priority: 0, wifi_only };
        self.store.add_attachment(&new, &area(), NOW).unwrap();
    }

    fn upload(&self, to: SocketAddr, road: MediaRoad, now: i64) -> Result<UploadReport, UploadFailure> {
        let server = ServerAddress::parse(&format!("http://{to}")).unwrap();
        let terms = UploadTerms { servers: vec![server], road, quota: 1 << 20 };
        self.uploader.run(&self.store, &self.http, &terms, || now, &mut Longest)
    }
}

#[test]
fn photos_arrive_and_those_for_wifi_wait_for_it() {
    let (office, phone) = (office(), phone());
    let (one, two) = (file(1, 80_000), file(2, 300));
    phone.add(1, &one, false);
    phone.add(2, &two, true);
    let report = phone.upload(office.address, MediaRoad::Metered, NOW).unwrap();
    assert_eq!(report, UploadReport { files: 1, taken: 80_000, sent: 80_000, failed: 0 });
    assert_eq!(office.media.read(hash(&one)).unwrap().as_deref(), Some(one.as_slice()));
    assert_eq!(phone.store.media_counts().unwrap().waiting, 1);
    assert_eq!(phone.upload(office.address, MediaRoad::Wifi, NOW).unwrap().files, 1);
    assert_eq!(office.media.read(hash(&two)).unwrap().as_deref(), Some(two.as_slice()));
    assert_eq!(phone.store.media_counts().unwrap().waiting, 0);
}

#[test]
fn file_that_another_phone_brought_is_not_sent_again() {
    let (office, one, two) = (office(), phone(), phone());
    let photo = file(3, 80_000);
    one.add(1, &photo, false);
    two.add(2, &photo, false);
    assert_eq!(one.upload(office.address, MediaRoad::Wifi, NOW).unwrap().sent, 80_000);
    let report = two.upload(office.address, MediaRoad::Wifi, NOW).unwrap();
    assert_eq!((report.files, report.sent), (1, 0));
}

#[test]
fn a_cut_anywhere_costs_at_most_the_chunk_that_was_on_its_way() {
    let photo = file(4, 300_000);
    let size = photo.len() as u64;
    // what an upload without a cut takes, heads included
    let whole = {
        let (office, phone) = (office(), phone());
        let road = road(office.address, OPEN, OPEN);
        phone.add(1, &photo, false);
        assert_eq!(phone.upload(road.address, MediaRoad::Wifi, NOW).unwrap().sent, size);
        road.up.load(Ordering::SeqCst)
    };
    assert!((size..size + 4096).contains(&whole), "{whole}");
    // in heads, in chunks, at their edges; chunks are of 64, 128 and then what is left
    let mut cuts: Vec<u64> = (0..whole).step_by(16 << 10).collect();
    cuts.extend([100, CHUNK, CHUNK + 400, CHUNK + 700, 3 * CHUNK + 700, whole - 1]);
    for cut in cuts {
        let (office, phone) = (office(), phone());
        phone.add(1, &photo, false);
        let bad = road(office.address, i64::try_from(cut).unwrap(), OPEN);
        let failure = phone.upload(bad.address, MediaRoad::Wifi, NOW).unwrap_err();
        assert!(matches!(failure.error, UploadError::Transport(_)), "{cut}: {failure}");
        assert_eq!(phone.store.media_counts().unwrap().waiting, 1, "{cut}");
        let good = road(office.address, OPEN, OPEN);
        let report = phone.upload(good.address, MediaRoad::Wifi, LATER).unwrap();
        assert_eq!(report.files, 1);
        assert_eq!(failure.report.taken + report.taken, size, "{cut}: what was taken is not sent again");
        let lost = failure.report.sent + report.sent - size;
        assert!([0, CHUNK, 2 * CHUNK, size - 3 * CHUNK].contains(&lost), "{cut}: {lost} bytes again are not one chunk");
        assert_eq!(office.media.read(hash(&photo)).unwrap().as_deref(), Some(photo.as_slice()));
    }
}

#[test]
fn a_chunk_whose_answer_was_lost_is_not_sent_again() {
    let photo = file(5, 100_000);
    // the creation's answer comes, the first chunk's is cut in its head
    for down in [20, 250, 330, 400, 480, 560] {
        let (office, phone) = (office(), phone());
        phone.add(1, &photo, false);
        let bad = road(office.address, OPEN, down);
        let failed = phone.upload(bad.address, MediaRoad::Wifi, NOW);
        let sent = failed.as_ref().map_or_else(|failure| failure.report.sent, |report| report.sent);
        let again = phone.upload(office.address, MediaRoad::Wifi, LATER).unwrap();
        assert_eq!(sent + again.sent, 100_000, "cut {down} bytes down");
        assert!(office.media.read(hash(&photo)).unwrap().is_some());
    }
}

/// Something that answers every request the same and closes.
fn portal(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut phone in listener.incoming().map_while(Result::ok) {
            let _ = phone.read(&mut [0; 4096]);
            let _ = phone.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn portals_and_busy_servers_never_count_and_the_photo_waits() {
    let phone = phone();
    phone.add(1, &file(6, 300), false);
    let page = portal("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nLogin");
    let created =
        portal("HTTP/1.1 201 Created\r\nlocation: /v1/media/x\r\nupload-offset: 300\r\ncontent-length: 0\r\n\r\n");
    let redirect = portal("HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n");
    let mut now = NOW;
    for (address, sign) in [(page, PortalSign::Page), (created, PortalSign::Page), (redirect, PortalSign::Redirect)] {
        let failure = phone.upload(address, MediaRoad::Wifi, now).unwrap_err();
        let UploadError::Transport(TransportError::Portal { sign: seen, .. }) = failure.error else {
            panic!("{failure}")
        };
        assert_eq!(seen, sign);
        now += 3_600_000;
    }
    let busy = portal("HTTP/1.1 503 Busy\r\ntus-resumable: 1.0.0\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n");
    let failure = phone.upload(busy, MediaRoad::Wifi, now).unwrap_err();
    assert!(matches!(failure.error, UploadError::Busy { retry_after: Some(9) }));
    // the server's nine seconds, and the phone's own wait on top
    assert!(phone.store.next_upload_at(true).unwrap().unwrap() >= now + 9_000);
    // a server that sends the phone elsewhere is not followed
    let elsewhere = portal(
        "HTTP/1.1 201 Created\r\ntus-resumable: 1.0.0\r\nlocation: http://other.example/v1/media/x\r\nupload-offset: 0\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(phone.upload(elsewhere, MediaRoad::Wifi, now + 3_600_000).unwrap().failed, 1);
    assert_eq!(phone.store.media_counts().unwrap().waiting, 1);
}

#[test]
fn upload_that_the_server_forgot_begins_anew() {
    let (office, phone) = (office(), phone());
    let photo = file(7, 100_000);
    phone.add(1, &photo, false);
    let bad = road(office.address, i64::try_from(CHUNK + 2000).unwrap(), OPEN);
    phone.upload(bad.address, MediaRoad::Wifi, NOW).unwrap_err();
    let upload = payung_server::media::Upload { hash: hash(&photo), length: 100_000 };
    if office.media.standing(upload).is_ok() {
        office.media.discard(upload).unwrap();
    }
    // a restore, or a week
    let report = phone.upload(office.address, MediaRoad::Wifi, LATER).unwrap();
    assert_eq!((report.files, report.taken), (1, 100_000));
}

#[test]
fn upload_that_is_left_in_the_middle_is_no_failure_and_goes_on_at_once() {
    let (office, phone) = (office(), phone());
    let photo = file(8, 80_000);
    phone.add(1, &photo, false);
    // takes the connection and says nothing
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = ServerAddress::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let http = HttpTransport::new(Timeouts { answer: Duration::from_secs(120), ..Timeouts::default() }).unwrap();
    let road = Abandonable::new(Arc::new(http));
    let terms = UploadTerms { servers: vec![nowhere], road: MediaRoad::Wifi, quota: 1 << 20 };
    let failure = thread::scope(|scope| {
        let run = scope.spawn(|| phone.uploader.run(&phone.store, &road, &terms, || NOW, &mut Longest));
        let asked = silent.accept().unwrap();
        phone.uploader.interrupt();
        road.leave();
        let failure = run.join().unwrap().unwrap_err();
        drop(asked);
        failure
    });
    assert!(matches!(failure.error, UploadError::Interrupted), "{failure}");
    let waiting = phone.store.next_upload(true, NOW).unwrap().expect("it waits for nothing");
    assert_eq!(waiting.tries, 0);
    assert_eq!(phone.upload(office.address, MediaRoad::Wifi, NOW).unwrap().files, 1);
}

#[test]
fn where_the_first_address_is_dead_the_next_one_is_taken() {
    let (office, phone) = (office(), phone());
    phone.add(1, &file(9, 300), false);
    phone.add(2, &file(10, 300), false);
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let servers = [dead, office.address].map(|at| ServerAddress::parse(&format!("http://{at}")).unwrap()).to_vec();
    let terms = UploadTerms { servers, road: MediaRoad::Wifi, quota: 1 << 20 };
    let report = phone.uploader.run(&phone.store, &phone.http, &terms, || NOW, &mut Longest).unwrap();
    assert_eq!((report.files, report.failed), (2, 0));
}
