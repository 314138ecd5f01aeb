//! The road by HTTP. Believes nothing but an answer of our own content type, whole and within its limit; what it says
//! is believed later, by its seal.

use crate::{
    address::ServerAddress,
    transport::{PortalSign, Transport, TransportError, TusAnswer, TusRequest, TusRoad},
};
use chrono::DateTime;
use payung_domain::planted::{Planted, planted};
use payung_protocol::{BUNDLE_TYPE, Endpoint, PROBLEM_JSON, Problem};
use reqwest::{
    StatusCode,
    blocking::{Client, Response},
    header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{
    fmt,
    io::Read,
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error;

const JSON: &str = "application/json";
/// The version of tus (tus.io/protocols/resumable-upload).
const TUS: &str = "1.0.0";

/// Sockets kept open are closed after this: a run's exchanges share one, the next run is minutes away.
const POOL_IDLE: Duration = Duration::from_secs(20);
const CHUNK: usize = 16 << 10;

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the beginning of the answer, after sending; and for each further piece of it.
    pub answer: Duration,
    /// For the whole answer: against who trickles.
    pub whole: Duration,
}

impl Default for Timeouts {
    /// For 2G: 1 MiB of ops is about 200 KiB sealed, 80 s at 20 kbit/s; batches that take longer are halved.
    fn default() -> Self {
        Self { connect: Duration::from_secs(20), answer: Duration::from_secs(60), whole: Duration::from_secs(300) }
    }
}

/// The client could not be set up: no thread, or no usable TLS.
#[derive(Debug, Error)]
#[error("HTTP cannot be set up: {0}")]
pub struct HttpSetupError(String);

/// The road by HTTP(S): TLS by ring with the bundled web roots, never the platform's verifier; no redirects, no
/// cookies, no proxy of the environment, no encodings.
pub struct HttpTransport {
    client: Client,
    whole: Duration,
}

impl HttpTransport {
    /// Sets up the client.
    ///
    /// # Errors
    /// [`HttpSetupError`].
    pub fn new(timeouts: Timeouts) -> Result<Self, HttpSetupError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| HttpSetupError(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.answer)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|error| HttpSetupError(error.to_string()))?;
        Ok(Self { client, whole: timeouts.whole })
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}

impl Transport for HttpTransport {
    fn exchange(&self, server: &ServerAddress, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let url = format!("{server}{}", endpoint.path());
        let request = match endpoint {
            Endpoint::Keys => self.client.get(url),
            Endpoint::Join | Endpoint::Exchange => {
                self.client.post(url).header(CONTENT_TYPE, BUNDLE_TYPE).body(body.to_vec())
            }
        };
        let response = request.send().map_err(|error| not_sent(&error))?;
        self.answer(response, endpoint)
    }
}

impl TusRoad for HttpTransport {
    fn tus(&self, TusRequest { method, url, headers, body }: TusRequest) -> Result<TusAnswer, TransportError> {
        let mut request = self.client.request(method, url).header("tus-resumable", TUS).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = request.send().map_err(|error| not_sent(&error))?;
        let status = response.status();
        let told = |name: &'static str| header(response.headers(), &HeaderName::from_static(name));
        let retry_after = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
            .then(|| retry_after(response.headers()))
            .flatten();
        if told("tus-resumable") != Some(TUS) {
            let sign = match status {
                StatusCode::NETWORK_AUTHENTICATION_REQUIRED => PortalSign::SignIn,
                status if status.is_redirection() => PortalSign::Redirect,
                status if status.is_success() => PortalSign::Page,
                status => PortalSign::Status(status.as_u16()),
            };
            return Err(TransportError::Portal { sign, retry_after });
        }
        let offset = told("upload-offset").and_then(|text| text.parse().ok());
        Ok(TusAnswer { status, offset, location: told("location").map(str::to_owned), retry_after })
    }
}

impl HttpTransport {
    fn answer(&self, response: Response, endpoint: Endpoint) -> Result<Vec<u8>, TransportError> {
        let status = response.status();
        let encoded = response.headers().contains_key(CONTENT_ENCODING);
        let retry_after = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
            .then(|| retry_after(response.headers()))
            .flatten();
        let portal = |sign| TransportError::Portal { sign, retry_after };
        if status.is_redirection() {
            return Err(portal(PortalSign::Redirect));
        }
        if status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED {
            return Err(portal(PortalSign::SignIn));
        }
        if encoded {
            return Err(portal(PortalSign::Encoded));
        }
        let ours = if endpoint == Endpoint::Keys { JSON } else { BUNDLE_TYPE };
        if status == StatusCode::OK {
            return if is_type(&response, ours) || planted(Planted::PortalPageTaken) {
                self.read(response, endpoint.reply_limit())
            } else {
                Err(portal(PortalSign::Page))
            };
        }
        let problem = if is_type(&response, PROBLEM_JSON) {
            Problem::parse(&self.read(response, endpoint.reply_limit())?)
        } else {
            None
        };
        Err(match problem {
            Some(problem) => TransportError::Refused { problem: Box::new(problem), retry_after },
            None => portal(PortalSign::Status(status.as_u16())),
        })
    }

    /// The body, no more than `limit` bytes of it, whole.
    fn read(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, TransportError> {
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |bytes| bytes > limit) {
            return Err(TransportError::TooLarge { limit });
        }
        let end = Instant::now() + self.whole;
        let mut body = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = response.read(&mut chunk).map_err(|error| not_read(&error))?;
            if read == 0 {
                return Ok(body);
            }
            if body.len() + read > limit {
                return Err(TransportError::TooLarge { limit });
            }
            if Instant::now() > end {
                return Err(TransportError::Timeout);
            }
            body.extend_from_slice(&chunk[..read]);
        }
    }
}

fn is_type(response: &Response, wanted: &str) -> bool {
    let told = header(response.headers(), &CONTENT_TYPE).unwrap_or_default();
    told.split(';').next().is_some_and(|told| told.trim().eq_ignore_ascii_case(wanted))
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// In seconds. RFC 9110 allows a date, too: it is taken against the answer's own date, since this clock may be wrong.
fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let text = header(headers, &RETRY_AFTER)?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    let now = DateTime::parse_from_rfc2822(header(headers, &DATE)?).ok()?;
    u32::try_from((until - now).num_seconds()).ok()
}

fn not_sent(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() {
        TransportError::Timeout
    } else if error.is_connect() || error.is_builder() {
        TransportError::Unreachable
    } else {
        TransportError::Cut
    }
}

fn not_read(error: &std::io::Error) -> TransportError {
    let timed_out = error.kind() == std::io::ErrorKind::TimedOut
        || error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
            .is_some_and(reqwest::Error::is_timeout);
    if timed_out { TransportError::Timeout } else { TransportError::Cut }
}
