//! Problems over HTTP: problem+json (RFC 9457) with a request id that is in the log, too.

use crate::clock;
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use payung_protocol::{PROBLEM_JSON, Problem, ProblemCode};
use std::fmt;

/// Names one request in the log.
#[derive(Clone, Debug)]
pub(super) struct RequestId([u8; 6]);

impl RequestId {
    pub(super) fn new() -> Self {
        Self(clock::random())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A problem as a response.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    problem: Problem,
    retry_after: Option<u32>,
}

impl Refusal {
    pub(super) fn new(code: ProblemCode, id: &RequestId) -> Self {
        Self::of(Problem::new(code, id.to_string()))
    }

    pub(super) fn of(problem: Problem) -> Self {
        Self { problem, retry_after: None }
    }

    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let json = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = Response::new(Body::from(json));
        *response.status_mut() = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
