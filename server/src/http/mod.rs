//! The device API over HTTP: three routes and two for the one who watches over the server.
//!
//! Everything personal is inside sealed bundles, so nothing of it can reach a URL or a log. A good answer carries no
//! header that is not needed: an idle exchange must fit into 400 bytes.

mod body;
mod door;
pub mod media;
#[cfg(test)]
mod media_tests;
mod problem;
mod rate;
#[cfg(test)]
mod tests;

pub use door::{Door, Shutdown};
pub use rate::Rate;

use crate::{
    clock,
    service::{BundleError, Service},
};
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{
        HeaderValue, StatusCode,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use payung_domain::region::RegionCode;
use payung_protocol::{BUNDLE_TYPE, Endpoint, Limits, ProblemCode};
use problem::{Refusal, RequestId};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// What a server takes.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Requests at work at the same time; the next is told to come again.
    pub concurrent: usize,
    /// Between two pieces of a body: slow wifi is welcome, silence is not.
    pub read: Duration,
    /// Exchanges of one device.
    pub device: Rate,
    /// Join requests from one address.
    pub join: Rate,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            concurrent: 256,
            read: Duration::from_secs(30),
            // a phone that empties a full outbox asks in one burst
            device: Rate { burst: 1000, per_second: 10 },
            join: Rate { burst: 100, per_second: 1 },
        }
    }
}

/// Seconds after which a refused phone comes again.
const RETRY_AFTER: u32 = 5;

struct Shared {
    service: Arc<Service>,
    permits: Arc<Semaphore>,
    limits: HttpLimits,
    devices: rate::Buckets<payung_domain::id::DeviceId>,
    joins: rate::Buckets<IpAddr>,
}

/// The address a request came from, as the door saw it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The routes, for a [`Door`] or a test.
pub fn routes(service: Arc<Service>, limits: HttpLimits) -> Router {
    let shared = Arc::new(Shared {
        service,
        permits: Arc::new(Semaphore::new(limits.concurrent)),
        devices: rate::Buckets::new(limits.device),
        joins: rate::Buckets::new(limits.join),
        limits,
    });
    Router::new()
        .route(Endpoint::Exchange.path(), post(exchange))
        .route(Endpoint::Join.path(), post(join))
        .route(Endpoint::Keys.path(), get(keys))
        .route("/s/{regency}", get(status_list))
        .route("/v1/cards/keys", get(card_keys))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .method_not_allowed_fallback(|| async { Refusal::new(ProblemCode::MethodNotAllowed, &RequestId::new()) })
        .fallback(|| async { Refusal::new(ProblemCode::NotFound, &RequestId::new()) })
        .with_state(shared)
}

/// The status list of a regency's membership cards, as its cards name it: for everybody, and for pages of other addresses.
async fn status_list(State(shared): State<Arc<Shared>>, Path(digits): Path<String>) -> Response {
    let code = match digits.split_at_checked(2) {
        Some((province, regency)) if digits.len() == 4 => RegionCode::parse(&format!("{province}.{regency}")).ok(),
        _ => None,
    };
    let list = move || code.map(|code| shared.service.status_list(code)).transpose();
    match tokio::task::spawn_blocking(list).await {
        Ok(Ok(list)) => for_verifiers(list.flatten(), "application/statuslist+cwt"),
        _ => Refusal::new(ProblemCode::Internal, &RequestId::new()).into_response(),
    }
}

/// The list of the keys that issue membership cards, signed by the root.
async fn card_keys(State(shared): State<Arc<Shared>>) -> Response {
    match tokio::task::spawn_blocking(move || shared.service.keys().card_keys()).await {
        Ok(Ok(keys)) => for_verifiers(keys.map(|(_, text)| text.into_bytes()), "text/plain"),
        _ => Refusal::new(ProblemCode::Internal, &RequestId::new()).into_response(),
    }
}

fn for_verifiers(body: Option<Vec<u8>>, kind: &'static str) -> Response {
    match body {
        Some(body) => ([(CONTENT_TYPE, kind), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")], body).into_response(),
        None => Refusal::new(ProblemCode::NotFound, &RequestId::new()).into_response(),
    }
}

async fn exchange(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    answer(&shared.clone(), request, Limits::REQUEST.sealed, move |sealed, _, _| {
        let admit = |device| shared.devices.take(device, clock::now());
        shared.service.exchange_bundle(sealed, admit, clock::now())
    })
    .await
}

async fn join(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    answer(&shared.clone(), request, Limits::JOIN.sealed, move |sealed, id, peer| {
        if let Some(peer) = peer {
            shared.joins.take(peer, clock::now()).map_err(BundleError::RateLimited)?;
        }
        shared.service.join_bundle(sealed, &id.to_string(), clock::now())
    })
    .await
}

/// Reads a sealed body within its limits, lets `work` answer it off the async threads, and sends what it sealed.
async fn answer(
    shared: &Shared,
    request: axum::extract::Request,
    limit: usize,
    work: impl FnOnce(&[u8], &RequestId, Option<IpAddr>) -> Result<Vec<u8>, BundleError> + Send + 'static,
) -> Response {
    let id = RequestId::new();
    let Ok(permit) = shared.permits.clone().try_acquire_owned() else {
        return Refusal::new(ProblemCode::Busy, &id).retry_after(RETRY_AFTER).into_response();
    };
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let body = match body::read(request.into_body(), limit, shared.limits.read).await {
        Ok(body) => body,
        Err(code) => return Refusal::new(code, &id).into_response(),
    };
    let work_id = id.clone();
    let done = tokio::task::spawn_blocking(move || {
        let result = work(&body, &work_id, peer);
        drop(permit);
        result
    });
    match done.await {
        Ok(Ok(sealed)) => ([(CONTENT_TYPE, HeaderValue::from_static(BUNDLE_TYPE))], Body::from(sealed)).into_response(),
        Ok(Err(error)) => refuse(&error, &id),
        Err(_) => {
            tracing::error!(request = %id, "a request ended in a panic");
            Refusal::new(ProblemCode::Internal, &id).into_response()
        }
    }
}

fn refuse(error: &BundleError, id: &RequestId) -> Response {
    let problem = error.problem(&id.to_string());
    let wait = match error {
        BundleError::RateLimited(seconds) => Some(*seconds),
        _ => (problem.status == 503).then_some(RETRY_AFTER),
    };
    if problem.status >= 500 {
        tracing::error!(request = %id, code = %problem.code, %error, "refused");
    } else {
        tracing::info!(request = %id, code = %problem.code, "refused");
    }
    let refusal = Refusal::of(problem);
    wait.map_or(refusal.clone(), |seconds| refusal.retry_after(seconds)).into_response()
}

async fn keys(State(shared): State<Arc<Shared>>) -> Response {
    match shared.service.keys().published() {
        Ok(lists) => axum::Json(lists).into_response(),
        Err(error) => {
            tracing::error!(%error, "the key lists cannot be signed");
            Refusal::new(ProblemCode::Internal, &RequestId::new()).into_response()
        }
    }
}

/// Ready = the database answers.
async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let asked = tokio::task::spawn_blocking(move || shared.service.storage().read().and_then(|unit| unit.epoch()));
    match asked.await {
        Ok(Ok(_)) => (StatusCode::OK, "ready").into_response(),
        _ => Refusal::new(ProblemCode::Busy, &RequestId::new()).retry_after(RETRY_AFTER).into_response(),
    }
}
