//! Photos on their way: a tus 1.0.0 client (tus.io/protocols/resumable-upload) over the store's queue. It may take
//! another road than the exchange, and the exchange never waits for it.
//!
//! Every chunk has its checksum, so what a cut connection left is either taken or not; before going on the server is
//! asked how far it is. So a cut costs at most the chunk that was on its way.

use crate::{
    address::ServerAddress,
    backoff,
    transport::{TransportError, TusAnswer, TusRequest, TusRoad},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use payung_store::{Store, StoreError, UploadPlace, WaitingFile};
use rand_core::Rng;
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use std::sync::{
    Mutex, TryLockError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use thiserror::Error;

const PATH: &str = "/v1/media";
const CHUNK_TYPE: &str = "application/offset+octet-stream";
/// A chunk at the beginning: 26 s at 20 kbit/s.
const FIRST_CHUNK: usize = 64 << 10;
/// However bad the road: below this, heads weigh as much as what they carry.
const LEAST_CHUNK: usize = 8 << 10;
/// However good.
const MOST_CHUNK: usize = 512 << 10;
/// A chunk that took less than this, in milliseconds, may be twice as large next time.
const QUICK_MS: i64 = 2_000;
/// The checksum extension's "checksum mismatch".
const MISMATCH: u16 = 460;
/// A server that forgets an upload over and over is not asked for ever.
const BEGINNINGS: u32 = 3;

/// What kind of road leads to the server now; the platform knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaRoad {
    /// It costs nothing: files that wait for wifi go, too.
    Wifi,
    /// It costs money.
    Metered,
}

/// Where to, how, and what is kept.
#[derive(Clone, Debug)]
pub struct UploadTerms {
    /// The server's addresses, first choice first, or a hub's.
    pub servers: Vec<ServerAddress>,
    /// What the road there costs.
    pub road: MediaRoad,
    /// Copies of uploaded files are kept for showing up to so many bytes; then the oldest go.
    pub quota: u64,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UploadReport {
    /// Files the server has now.
    pub files: u32,
    /// Bytes of files that the server took.
    pub taken: u64,
    /// Bytes of files that were sent, those of chunks that did not get through included.
    pub sent: u64,
    /// Files that the server would not take; each is tried again later.
    pub failed: u32,
}

/// Why a run ended before the queue was empty.
#[derive(Debug, Error)]
pub enum UploadError {
    /// Another run is under way.
    #[error("a run is under way already")]
    AlreadyRunning,
    /// It was told to stop.
    #[error("interrupted")]
    Interrupted,
    /// No answer came, or not from a server that speaks tus.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server asks to wait.
    #[error("the server is busy")]
    Busy {
        /// Seconds it asked for.
        retry_after: Option<u32>,
    },
    /// The phone's database did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run that ended early: why, and what it did until then.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct UploadFailure {
    /// Why.
    #[source]
    pub error: UploadError,
    /// What was done before.
    pub report: UploadReport,
}

/// One file's end.
enum End {
    Done,
    /// The server would not take it. What it had of it may be lost.
    Failed,
}

/// Uploads what waits, one file at a time.
#[derive(Debug, Default)]
pub struct Uploader {
    running: Mutex<()>,
    stop: AtomicBool,
    /// The size of the next chunk; 0 = the first.
    chunk: AtomicUsize,
}

impl Uploader {
    /// None is under way.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run under way after its chunk; what the server has of a file stays counted.
    pub fn interrupt(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Uploads until nothing waits that may go by this road now. `clock` gives milliseconds since 1970.
    ///
    /// # Errors
    /// [`UploadFailure`]; the file it ended at waits, longer with each failure.
    pub fn run(
        &self,
        store: &Store,
        road: &dyn TusRoad,
        terms: &UploadTerms,
        clock: impl Fn() -> i64,
        rng: &mut impl Rng,
    ) -> Result<UploadReport, UploadFailure> {
        let mut report = UploadReport::default();
        let _running = match self.running.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(UploadFailure { error: UploadError::AlreadyRunning, report });
            }
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Ok(running) => running,
        };
        self.stop.store(false, Ordering::Relaxed);
        let mut servers = terms.servers.iter();
        let Some(first) = servers.next() else {
            return Err(UploadFailure { error: TransportError::Unreachable.into(), report });
        };
        let mut run = Run { uploader: self, store, road, server: first, clock: &clock, report: &mut report };
        let wifi = terms.road == MediaRoad::Wifi;
        let ended = loop {
            let file = match store.next_upload(wifi, clock()) {
                Ok(None) => break Ok(()),
                Ok(Some(file)) => file,
                Err(error) => break Err(error.into()),
            };
            let later = |rng: &mut _| clock().saturating_add(backoff::jitter(file.tries, rng).max(1));
            let done = match run.upload(&file) {
                Ok(End::Done) => {
                    run.report.files += 1;
                    store.uploaded(file.hash, terms.quota, clock())
                }
                Ok(End::Failed) => {
                    run.report.failed += 1;
                    store.upload_failed(file.hash, later(rng))
                }
                // whoever interrupts may have left the road, too: that is no failure of the file
                Err(_) if self.stop.load(Ordering::Relaxed) => break Err(UploadError::Interrupted),
                Err(error) => {
                    // as in the exchange: another of the server's addresses may lead to it
                    if let UploadError::Transport(TransportError::Unreachable | TransportError::Portal { .. }) = error
                        && let Some(next) = servers.next()
                    {
                        run.server = next;
                        continue;
                    }
                    let next_at = later(rng);
                    let noted = store.upload_failed(file.hash, next_at).and_then(|()| match error {
                        // none of the files comes before the server wants one
                        UploadError::Busy { retry_after: Some(seconds) } => {
                            store.put_off_uploads(next_at.saturating_add(backoff::asked_ms(seconds)))
                        }
                        _ => Ok(()),
                    });
                    break noted.map_err(UploadError::from).and(Err(error));
                }
            };
            if let Err(error) = done {
                break Err(error.into());
            }
        };
        ended.map_err(|error| UploadFailure { error, report }).map(|()| report)
    }
}

struct Run<'a, C> {
    uploader: &'a Uploader,
    store: &'a Store,
    road: &'a dyn TusRoad,
    server: &'a ServerAddress,
    clock: &'a C,
    report: &'a mut UploadReport,
}

impl<C: Fn() -> i64> Run<'_, C> {
    fn upload(&mut self, file: &WaitingFile) -> Result<End, UploadError> {
        let begun = file.upload.clone().filter(|place| place.server == self.server.as_str());
        let mut place = begun.map(|place| place.path);
        for _ in 0..BEGINNINGS {
            let at = match &place {
                Some(path) => self.ask(path)?,
                None => None,
            };
            let (path, offset) = match (place.take(), at) {
                (Some(path), Some(offset)) => (path, offset),
                // never begun here, or forgotten there
                _ => match self.create(file)? {
                    Some(created) => created,
                    None => return Ok(End::Failed),
                },
            };
            let here = UploadPlace { server: self.server.as_str().to_owned(), path };
            self.store.upload_stands(file.hash, &here, offset.min(file.size))?;
            match self.send(file, &here, offset)? {
                Sent::All => return Ok(End::Done),
                Sent::Elsewhere => place = Some(here.path),
                Sent::Lost => self.store.upload_lost(file.hash)?,
                Sent::Refused => return Ok(End::Failed),
            }
        }
        Ok(End::Failed)
    }

    fn tus(
        &self,
        method: Method,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<TusAnswer, UploadError> {
        let url = format!("{}{path}", self.server);
        let answer = self.road.tus(TusRequest { method, url, headers, body })?;
        match answer.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Err(UploadError::Busy { retry_after: answer.retry_after })
            }
            _ => Ok(answer),
        }
    }

    /// How far the server is; none where it has forgotten.
    fn ask(&self, path: &str) -> Result<Option<u64>, UploadError> {
        let answer = self.tus(Method::HEAD, path, Vec::new(), Vec::new())?;
        Ok(answer.offset.filter(|_| answer.status == StatusCode::OK))
    }

    /// Begins an upload, or finds the one that was begun: its place, and how far it is. None where the server will not.
    fn create(&self, file: &WaitingFile) -> Result<Option<(String, u64)>, UploadError> {
        let headers = vec![
            ("upload-length", file.size.to_string()),
            ("upload-metadata", format!("sha256 {}", BASE64_STANDARD.encode(file.hash.to_string()))),
        ];
        let answer = self.tus(Method::POST, PATH, headers, Vec::new())?;
        if answer.status != StatusCode::CREATED {
            return Ok(None);
        }
        // on this very server, so that nobody can send a phone elsewhere
        let place = answer.location.filter(|path| path.strip_prefix(PATH).is_some_and(|rest| rest.starts_with('/')));
        Ok(place.map(|path| (path, answer.offset.unwrap_or(0))))
    }

    fn send(&mut self, file: &WaitingFile, place: &UploadPlace, mut offset: u64) -> Result<Sent, UploadError> {
        while offset < file.size {
            if self.uploader.stop.load(Ordering::Relaxed) {
                return Err(UploadError::Interrupted);
            }
            let size = match self.uploader.chunk.load(Ordering::Relaxed) {
                0 => FIRST_CHUNK,
                size => size,
            };
            let chunk = match self.store.media_piece(file.hash, offset, size) {
                // its file is gone: nothing can be sent
                Err(StoreError::NotFound) => return Ok(Sent::Refused),
                chunk => chunk?,
            };
            if chunk.is_empty() {
                return Ok(Sent::Refused);
            }
            let length = chunk.len() as u64;
            let headers = vec![
                ("content-type", CHUNK_TYPE.to_owned()),
                ("upload-offset", offset.to_string()),
                ("upload-checksum", format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(&chunk)))),
            ];
            let begun = (self.clock)();
            self.report.sent += length;
            let answer = match self.tus(Method::PATCH, &place.path, headers, chunk) {
                Err(error) => {
                    self.uploader.chunk.store((size / 2).max(LEAST_CHUNK), Ordering::Relaxed);
                    return Err(error);
                }
                answer => answer?,
            };
            match (answer.status, answer.offset) {
                (StatusCode::NO_CONTENT, Some(at)) if at == offset + length => offset = at,
                (StatusCode::NO_CONTENT | StatusCode::CONFLICT, _) => return Ok(Sent::Elsewhere),
                (StatusCode::NOT_FOUND | StatusCode::GONE, _) => return Ok(Sent::Lost),
                // of a chunk, or of the whole, which the server has thrown away then
                (status, _) if status.as_u16() == MISMATCH => {
                    return Ok(if offset + length == file.size { Sent::Lost } else { Sent::Elsewhere });
                }
                _ => return Ok(Sent::Refused),
            }
            self.report.taken += length;
            if offset < file.size {
                self.store.upload_stands(file.hash, place, offset)?;
            }
            if (self.clock)() - begun < QUICK_MS {
                self.uploader.chunk.store((size * 2).min(MOST_CHUNK), Ordering::Relaxed);
            }
        }
        Ok(Sent::All)
    }
}

/// What became of the chunks of a file.
enum Sent {
    All,
    /// The server is at another offset: ask.
    Elsewhere,
    /// The server has nothing of it.
    Lost,
    Refused,
}
