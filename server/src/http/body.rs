//! Reading a body: no more than its limit, and never waiting for the next piece for ever.

use axum::body::{Body, Bytes, HttpBody};
use payung_protocol::ProblemCode;
use std::{future::poll_fn, pin::Pin, time::Duration};
use tokio::time::timeout;

/// What comes of a body, and why it ended early, if it did: also what came before a cut counts.
pub(super) async fn read_some(mut body: Body, limit: usize, wait: Duration) -> (Vec<u8>, Option<ProblemCode>) {
    let mut bytes = Vec::new();
    loop {
        let next = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let data: Bytes = match timeout(wait, next).await {
            Err(_) => return (bytes, Some(ProblemCode::TimedOut)),
            Ok(None) => return (bytes, None),
            Ok(Some(Err(_))) => return (bytes, Some(ProblemCode::TimedOut)),
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        };
        if bytes.len() + data.len() > limit {
            return (bytes, Some(ProblemCode::BundleTooLarge));
        }
        bytes.extend_from_slice(&data);
    }
}

/// The whole body. The limit is checked before memory is taken for what is announced, and again as it comes.
pub(super) async fn read(mut body: Body, limit: usize, wait: Duration) -> Result<Vec<u8>, ProblemCode> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(ProblemCode::BundleTooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    loop {
        let next = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = match timeout(wait, next).await {
            Err(_) => return Err(ProblemCode::TimedOut),
            Ok(None) => return Ok(bytes),
            // cut on the way: the phone sends it again
            Ok(Some(Err(_))) => return Err(ProblemCode::BundleMalformed),
            Ok(Some(Ok(frame))) => frame,
        };
        let data: Bytes = frame.into_data().unwrap_or_default();
        if bytes.len() + data.len() > limit {
            return Err(ProblemCode::BundleTooLarge);
        }
        bytes.extend_from_slice(&data);
    }
}
