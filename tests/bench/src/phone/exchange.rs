//! Joining and exchanging.

use super::{measured, open};
use crate::{BenchError, answer::Answer, clock, process};
use payung_domain::field::{Kind, SCHEMA};
use payung_protocol::{AppFacts, BundleId, DeviceKeys, Request, seal_request};
use payung_sync::{Courier, HttpTransport, JoinFacts, SyncError, SyncState, Timeouts, Urgency, join};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

fn facts() -> AppFacts {
    AppFacts { app_version: "0.1.0".to_owned(), schema: SCHEMA, free_bytes: 0 }
}

fn transport() -> Result<HttpTransport, BenchError> {
    HttpTransport::new(Timeouts::default()).map_err(|error| BenchError::Setup(error.to_string()))
}

/// Joins by a link; what the phone may see is read by the first exchange.
pub(crate) fn join_by(folder: &Path, link: &str) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    join(link, &JoinFacts::default(), &store, &transport()?, clock::now_ms(), &mut clock::random())
        .map_err(|error| BenchError::Setup(error.to_string()))?;
    Ok(measured(Answer::default()))
}

/// One run of the exchange, to the end, with bundles of at most so many ops; as many as the road carries when none
/// is given. With `cut`, a road that breaks off is an answer, too.
pub(crate) fn exchange(folder: &Path, most: Option<usize>, cut: bool) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let transport = transport()?;
    let courier = most.map_or_else(Courier::new, Courier::limited);
    let cpu = process::cpu_ms(process::own());
    let begun = Instant::now();
    let clock = || clock::now_ms();
    let acknowledged = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&acknowledged);
    let _watching = courier.observe(move |state| {
        if let SyncState::Sending { sent: 1.., outstanding: 0 } = state {
            seen.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(begun.elapsed().as_secs_f64());
        }
    });
    let done = courier.sync(&store, &transport, facts(), Urgency::Person, &clock, &mut clock::random());
    let (report, finished) = match done {
        Ok(report) => (report, true),
        Err(failure) if cut && matches!(failure.error, SyncError::Transport(_)) => (*failure.report, false),
        Err(failure) => return Err(BenchError::Setup(failure.error.to_string())),
    };
    if report.refused + report.held + report.set_aside > 0 {
        return Err(BenchError::Setup(format!("not everything was taken: {report:?}")));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let acknowledged = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(seconds);
    let answer = measured(Answer {
        seconds,
        acknowledged,
        cpu_ms: process::cpu_ms(process::own()) - cpu,
        count: if report.uploaded > 0 { report.uploaded } else { report.changes },
        bytes_up: report.bytes_up,
        ..Answer::default()
    });
    Ok(Answer { finished, ..answer })
}

/// The sealed size of batches of 200 ops that hold worker and enrolment only, without the event that submits it.
pub(crate) fn pair_bytes(folder: &Path) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let batch = store.next_batch(1000, 1 << 20, clock::now_ms())?;
    let pairs: Vec<_> = batch.ops.into_iter().filter(|op| matches!(op.kind, Kind::Worker | Kind::Enrollment)).collect();
    let mut rng = clock::random();
    let keys = DeviceKeys::generate(&mut rng);
    let mut answer = Answer::default();
    // a phone with fewer has one smaller batch
    for ops in pairs.chunks_exact(200.min(pairs.len().max(1))) {
        let request = Request { ops: ops.to_vec(), ..Request::default() };
        let bundle = BundleId::generate(&mut rng);
        let sealed =
            seal_request(&request, bundle, batch.asked.device, &keys.session, &keys.device.receiver_key(), &mut rng)
                .map_err(|error| BenchError::Setup(error.to_string()))?;
        answer.bytes_up += sealed.as_bytes().len() as u64;
        answer.count += ops.len() / 2;
    }
    Ok(measured(answer))
}
