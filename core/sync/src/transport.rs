//! How bytes reach the server and its answer comes back: by HTTP, or inside one process.

use crate::address::ServerAddress;
use payung_protocol::{Endpoint, Problem};
use reqwest::{Method, StatusCode};
use std::fmt;
use thiserror::Error;

/// By what it shows that something else than our server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalSign {
    /// A page: the status was 200, the content type was not ours.
    Page,
    /// A redirect; never followed.
    Redirect,
    /// 511 Network Authentication Required (RFC 6585).
    SignIn,
    /// A content encoding nobody asked for.
    Encoded,
    /// Another status without a problem of ours.
    Status(u16),
}

impl fmt::Display for PortalSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page => f.write_str("a page"),
            Self::Redirect => f.write_str("a redirect"),
            Self::SignIn => f.write_str("a sign-in is asked for"),
            Self::Encoded => f.write_str("an encoding nobody asked for"),
            Self::Status(status) => write!(f, "status {status}"),
        }
    }
}

/// Why no answer came. Nothing of what was sent counts as received.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransportError {
    /// No connection, or no answer, in time.
    #[error("no answer came in time")]
    Timeout,
    /// No connection: no network, no such host, refused, TLS not trusted.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The connection broke before the answer was whole.
    #[error("the connection broke before the answer was whole")]
    Cut,
    /// The server itself says no, unsigned: so it only makes the phone wait, seal again or ask a person.
    #[error("the server refused: {problem}")]
    Refused {
        /// Its reason.
        problem: Box<Problem>,
        /// Seconds to wait.
        retry_after: Option<u32>,
    },
    /// A captive portal or proxy answered in the server's place.
    #[error("something else than the server answered: {sign}")]
    Portal {
        /// By what it shows.
        sign: PortalSign,
        /// Seconds to wait; only with 429 and 503.
        retry_after: Option<u32>,
    },
    /// More bytes than an answer may have; the rest was not read.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read, in bytes.
        limit: usize,
    },
}

impl TransportError {
    /// The wait that was asked for, in seconds.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused { retry_after, .. } | Self::Portal { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// A road to the server.
pub trait Transport: Send + Sync {
    /// Sends `body` and waits for the whole answer. One attempt: trying again is the engine's business.
    ///
    /// # Errors
    /// [`TransportError`].
    fn exchange(&self, server: &ServerAddress, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError>;
}

/// A server in the same process: the simulator's, a test's, a benchmark's.
pub struct InProcess<F>(F);

impl<F> InProcess<F>
where
    F: Fn(Endpoint, &[u8]) -> Result<Vec<u8>, TransportError> + Send + Sync,
{
    /// A road to `serve`.
    pub fn new(serve: F) -> Self {
        Self(serve)
    }
}

impl<F> Transport for InProcess<F>
where
    F: Fn(Endpoint, &[u8]) -> Result<Vec<u8>, TransportError> + Send + Sync,
{
    fn exchange(&self, _: &ServerAddress, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        (self.0)(endpoint, body)
    }
}

impl<F> fmt::Debug for InProcess<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

/// A request of the tus protocol.
pub struct TusRequest {
    /// POST begins an upload, HEAD asks how far it is, PATCH goes on.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// Beside the protocol's version.
    pub headers: Vec<(&'static str, String)>,
    /// A chunk, or nothing.
    pub body: Vec<u8>,
}

impl fmt::Debug for TusRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // who has an upload's address may end it
        write!(f, "TusRequest({}, {} bytes)", self.method, self.body.len())
    }
}

/// An answer of a server that speaks tus: its status, and what the upload's headers said.
pub struct TusAnswer {
    /// As it came.
    pub status: StatusCode,
    /// How much of the file the server has.
    pub offset: Option<u64>,
    /// Where an upload that was begun goes on.
    pub location: Option<String>,
    /// Seconds that the server asks to wait.
    pub retry_after: Option<u32>,
}

impl fmt::Debug for TusAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TusAnswer")
            .field("status", &self.status)
            .field("offset", &self.offset)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

/// A road for photos. Only an answer that says it is one of the tus protocol counts; its body is not read.
pub trait TusRoad: Send + Sync {
    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// [`TransportError`]: the server may have taken the request all the same.
    fn tus(&self, request: TusRequest) -> Result<TusAnswer, TransportError>;
}
