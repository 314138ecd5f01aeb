//! tus 1.0.0 (tus.io/protocols/resumable-upload) at `/v1/media`: core, creation, creation-with-upload, checksum,
//! expiration, termination. And files by their hash, as ciphertext, for who has the key.
//!
//! Nobody logs in. An upload is begun by who knows the hash and the length of what comes; its address is unguessable;
//! what comes is held to the hash. So there is nothing to gain but room, and room is capped by address and day.

use super::{
    Peer, body,
    problem::{Refusal, RequestId},
};
use crate::{
    clock,
    media::{MOST_BYTES, Media, MediaError, Standing, Upload},
};
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use payung_protocol::ProblemCode;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";
const CHECKSUMS: &str = "sha256,sha1";
const CHUNK_TYPE: &str = "application/offset+octet-stream";
const DAY: i64 = 24 * 3600 * 1000;
/// What an upload costs beside its bytes, so that empty ones are not free.
const UPLOAD_COST: u64 = 4096;
/// Seconds after which a client that was told to wait comes again.
const RETRY_AFTER: u32 = 5;
/// Threads that may wait for files at the same time, half of the server's: where a media store hangs, registrations
/// must not wait with it.
const THREADS: usize = 32;
/// Addresses that are remembered for a day.
const REMEMBERED: usize = 100_000;

/// What the media routes take.
#[derive(Clone, Debug)]
pub struct MediaLimits {
    /// Requests at work at the same time; each may hold one file in memory.
    pub concurrent: usize,
    /// Between two pieces of a body.
    pub read: Duration,
    /// Bytes from one address in a day. A whole mobile network may come from one, and behind a proxy everybody does.
    pub address_day: u64,
    /// Bytes from all in a day.
    pub day: u64,
}

impl Default for MediaLimits {
    fn default() -> Self {
        Self { concurrent: 32, read: Duration::from_secs(30), address_day: 4 << 30, day: 16 << 30 }
    }
}

/// Bytes of the day.
#[derive(Default)]
struct Spent {
    day: i64,
    all: u64,
    by_address: HashMap<IpAddr, u64>,
}

struct Shared {
    media: Arc<Media>,
    limits: MediaLimits,
    permits: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    spent: Mutex<Spent>,
}

impl Shared {
    /// Counts bytes against the day, or says that there is no more room today.
    fn spend(&self, address: Option<IpAddr>, bytes: u64, now: i64) -> Result<(), Answer> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.day != now / DAY || spent.by_address.len() > REMEMBERED {
            *spent = Spent { day: now / DAY, all: spent.all * u64::from(spent.day == now / DAY), ..Spent::default() };
        }
        let by_address = address.map_or(0, |address| *spent.by_address.entry(address).or_default());
        if by_address + bytes > self.limits.address_day || spent.all + bytes > self.limits.day {
            return Err(Answer::Problem(ProblemCode::RateLimited));
        }
        spent.all += bytes;
        if let Some(address) = address {
            spent.by_address.insert(address, by_address + bytes);
        }
        Ok(())
    }

    /// Work that waits for disk and network, on a thread that may.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Media) -> Result<T, MediaError> + Send + 'static,
    ) -> Result<T, Answer> {
        let media = self.media.clone();
        // goes with the thread: who asked may be gone before it is done. Nobody closes the semaphore
        let turn = self.turns.clone().acquire_owned().await;
        let work = move || {
            let _turn = turn;
            work(&media)
        };
        let Ok(done) = tokio::task::spawn_blocking(work).await else {
            tracing::error!("a request for a file ended in a panic");
            return Err(Answer::Problem(ProblemCode::Internal));
        };
        Ok(done?)
    }
}

/// What is not a success.
#[derive(Debug)]
enum Answer {
    /// A status of the tus protocol, with a line for who debugs a client.
    Status(StatusCode, &'static str),
    /// Another.
    Problem(ProblemCode),
}

impl From<MediaError> for Answer {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Unknown => Self::Problem(ProblemCode::NotFound),
            MediaError::Moved(_) => Self::Status(StatusCode::CONFLICT, "the upload is at another offset"),
            MediaError::TooLong => Self::Status(StatusCode::PAYLOAD_TOO_LARGE, "more bytes than the file has"),
            MediaError::Mismatch => Self::Status(checksum_mismatch(), "the file is not what its hash says"),
            MediaError::Full | MediaError::Disk(_) | MediaError::Store(_) => {
                tracing::error!(%error, "a file could not be kept");
                Self::Problem(ProblemCode::Busy)
            }
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Status(status, why) => (status, why).into_response(),
            Self::Problem(code @ (ProblemCode::Busy | ProblemCode::RateLimited)) => {
                Refusal::new(code, &RequestId::new()).retry_after(RETRY_AFTER).into_response()
            }
            Self::Problem(code) => Refusal::new(code, &RequestId::new()).into_response(),
        }
    }
}

/// 460, of the checksum extension.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

/// The routes, to be merged with the others.
pub fn routes(media: Arc<Media>, limits: MediaLimits) -> Router {
    let permits = Arc::new(Semaphore::new(limits.concurrent));
    let turns = Arc::new(Semaphore::new(THREADS));
    let shared = Arc::new(Shared { media, limits, permits, turns, spent: Mutex::default() });
    Router::new()
        .route("/v1/media", any(|state, request| answer(state, None, request)))
        .route("/v1/media/{name}", any(|state, Path(name): Path<String>, request| answer(state, Some(name), request)))
        .with_state(shared)
}

async fn answer(State(shared): State<Arc<Shared>>, name: Option<String>, request: axum::extract::Request) -> Response {
    let mut response = match dispatch(shared, name, request).await {
        Ok(response) => response,
        Err(answer) => answer.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    if response.status() == StatusCode::PRECONDITION_FAILED {
        response.headers_mut().insert("tus-version", HeaderValue::from_static(VERSION));
    }
    response
}

async fn dispatch(
    shared: Arc<Shared>,
    name: Option<String>,
    request: axum::extract::Request,
) -> Result<Response, Answer> {
    let method = method(&request)?;
    if method == Method::OPTIONS {
        return Ok(options());
    }
    if let Some(hash) = name.as_deref().and_then(|name| name.parse().ok()).filter(|_| method == Method::GET) {
        let permit = shared.permits.clone().try_acquire_owned().map_err(|_| Answer::Problem(ProblemCode::Busy))?;
        let found = shared.blocking(move |media| {
            let found = media.read(hash);
            drop(permit);
            found
        });
        let found = found.await?;
        let file = found.ok_or(Answer::Problem(ProblemCode::NotFound))?;
        let unchanging = HeaderValue::from_static("private, max-age=31536000, immutable");
        let kind = HeaderValue::from_static("application/octet-stream");
        return Ok(
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, unchanging)], Body::from(file)).into_response()
        );
    }
    if text(request.headers(), "tus-resumable") != Some(VERSION) {
        return Err(Answer::Status(StatusCode::PRECONDITION_FAILED, "this server speaks tus 1.0.0"));
    }
    let Some(name) = name else {
        return if method == Method::POST { create(shared, request).await } else { Err(not_allowed()) };
    };
    let upload = shared.media.upload(&name).ok_or(Answer::Problem(ProblemCode::NotFound))?;
    if method == Method::HEAD {
        let standing = shared.blocking(move |media| media.standing(upload)).await?;
        let mut response = standing_response(StatusCode::OK, standing);
        response.headers_mut().insert("upload-length", HeaderValue::from(upload.length));
        return Ok(response);
    }
    if method == Method::PATCH {
        let offset = number(request.headers(), "upload-offset")
            .ok_or(Answer::Status(StatusCode::BAD_REQUEST, "Upload-Offset is missing"))?;
        let standing = append(shared, upload, offset, request).await?;
        return Ok(standing_response(StatusCode::NO_CONTENT, standing));
    }
    if method == Method::DELETE {
        return match shared.blocking(move |media| media.discard(upload)).await {
            Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
            Err(Answer::Status(StatusCode::CONFLICT, _)) => {
                Err(Answer::Status(StatusCode::FORBIDDEN, "the file is whole: it goes with its record"))
            }
            Err(other) => Err(other),
        };
    }
    Err(not_allowed())
}

fn not_allowed() -> Answer {
    Answer::Problem(ProblemCode::MethodNotAllowed)
}

/// The method, or the one a client names that cannot send it.
fn method(request: &axum::extract::Request) -> Result<Method, Answer> {
    match text(request.headers(), "x-http-method-override") {
        None => Ok(request.method().clone()),
        Some(name) => name.parse().map_err(|_| not_allowed()),
    }
}

fn options() -> Response {
    let headers = [
        ("tus-version", HeaderValue::from_static(VERSION)),
        ("tus-extension", HeaderValue::from_static(EXTENSIONS)),
        ("tus-checksum-algorithm", HeaderValue::from_static(CHECKSUMS)),
        ("tus-max-size", HeaderValue::from(MOST_BYTES)),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Option<&'h str> {
    headers.get(HeaderName::from_static(name))?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &'static str) -> Option<u64> {
    let text = text(headers, name)?;
    // parse alone would take a sign
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn standing_response(status: StatusCode, standing: Standing) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    headers.insert("upload-offset", HeaderValue::from(standing.offset));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let expires = standing.expires.and_then(DateTime::<Utc>::from_timestamp_millis);
    if let Some(expires) = expires {
        // RFC 9110, section 5.6.7
        let text = expires.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(text) = HeaderValue::from_str(&text) {
            headers.insert("upload-expires", text);
        }
    }
    response
}

/// The file that an upload's metadata names: `sha256` and 64 hex digits in base64. Nothing else is asked, or kept.
fn named(headers: &HeaderMap) -> Option<payung_domain::attachment::MediaHash> {
    let pairs = text(headers, "upload-metadata")?.split(',');
    let value = pairs.filter_map(|pair| pair.trim().split_once(' ')).find(|(key, _)| *key == "sha256")?.1;
    String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?.parse().ok()
}

async fn create(shared: Arc<Shared>, request: axum::extract::Request) -> Result<Response, Answer> {
    let bad = |why| Answer::Status(StatusCode::BAD_REQUEST, why);
    let headers = request.headers();
    let length = number(headers, "upload-length").ok_or(bad("Upload-Length is missing; it cannot be deferred"))?;
    let hash = named(headers).ok_or(bad("Upload-Metadata has no sha256"))?;
    if length == 0 {
        return Err(bad("an empty file is no file"));
    }
    if length > MOST_BYTES {
        return Err(Answer::Status(StatusCode::PAYLOAD_TOO_LARGE, "more bytes than a file may have"));
    }
    let upload = Upload { hash, length };
    shared.spend(address(&request), UPLOAD_COST, clock::now())?;
    let mut standing = shared.blocking(move |media| media.create(upload)).await?;
    let location = format!("/v1/media/{}", shared.media.token(upload));
    // creation with upload; where there is something already, the client goes on from the offset it is told
    if text(request.headers(), "content-type") == Some(CHUNK_TYPE) && standing.offset == 0 {
        standing = append(shared, upload, 0, request).await?;
    }
    let mut response = standing_response(StatusCode::CREATED, standing);
    let location = HeaderValue::from_str(&location).map_err(|_| Answer::Problem(ProblemCode::Internal))?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

fn address(request: &axum::extract::Request) -> Option<IpAddr> {
    request.extensions().get::<Peer>().map(|peer| peer.0)
}

/// A checksum of one chunk, as announced.
enum Checksum {
    Sha256(Vec<u8>),
    Sha1(Vec<u8>),
}

impl Checksum {
    fn announced(headers: &HeaderMap) -> Result<Option<Self>, Answer> {
        let Some(text) = text(headers, "upload-checksum") else { return Ok(None) };
        let unknown = Answer::Status(StatusCode::BAD_REQUEST, "Upload-Checksum is not `sha256 …` or `sha1 …`");
        let Some((name, value)) = text.split_once(' ') else { return Err(unknown) };
        match (name, BASE64_STANDARD.decode(value.trim())) {
            ("sha256", Ok(sum)) => Ok(Some(Self::Sha256(sum))),
            ("sha1", Ok(sum)) => Ok(Some(Self::Sha1(sum))),
            _ => Err(unknown),
        }
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Sha256(sum) => Sha256::digest(bytes).as_slice() == sum,
            Self::Sha1(sum) => Sha1::digest(bytes).as_slice() == sum,
        }
    }
}

async fn append(
    shared: Arc<Shared>,
    upload: Upload,
    offset: u64,
    request: axum::extract::Request,
) -> Result<Standing, Answer> {
    let headers = request.headers();
    if text(headers, "content-type") != Some(CHUNK_TYPE) {
        return Err(Answer::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a chunk is application/offset+octet-stream"));
    }
    let checksum = Checksum::announced(headers)?;
    let permit = shared.permits.clone().try_acquire_owned().map_err(|_| Answer::Problem(ProblemCode::Busy))?;
    let at = shared.blocking(move |media| media.standing(upload)).await?.offset;
    if at != offset {
        return Err(MediaError::Moved(at).into());
    }
    let from = address(&request);
    let left = usize::try_from(upload.length - at).unwrap_or(usize::MAX);
    let (bytes, cut) = body::read_some(request.into_body(), left, shared.limits.read).await;
    if cut == Some(ProblemCode::BundleTooLarge) {
        return Err(MediaError::TooLong.into());
    }
    shared.spend(from, bytes.len() as u64, clock::now())?;
    match checksum {
        // of a chunk that was cut nothing can be told
        Some(_) if cut.is_some() => return Err(Answer::Problem(ProblemCode::TimedOut)),
        Some(checksum) if !checksum.fits(&bytes) => {
            return Err(Answer::Status(checksum_mismatch(), "the chunk is not what its checksum says"));
        }
        _ => {}
    }
    // what came before a cut is kept: the client is gone, and asks where to go on
    let standing = shared.blocking(move |media| {
        let done = media.append(upload, offset, &bytes);
        drop(permit);
        done
    });
    let standing = standing.await?;
    cut.map_or(Ok(standing), |code| Err(Answer::Problem(code)))
}
