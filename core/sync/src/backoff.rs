//! When to try again: full jitter (Brooker, "Exponential backoff and jitter", AWS 2015), remembered over restarts.

use payung_domain::planted::{Planted, planted};
use rand_core::Rng;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The first failure waits up to this, in milliseconds.
pub(crate) const BASE_MS: i64 = 5_000;
/// No failure waits longer than this by itself, in milliseconds.
pub(crate) const CAP_MS: i64 = 15 * 60 * 1000;
/// No longer wait is believed, whoever asks for it, in milliseconds.
pub(crate) const MAX_ASKED_MS: i64 = 6 * 60 * 60 * 1000;

/// How the last attempts went, and until when to wait. Kept in the store, so that a restart does not hammer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Backoff {
    /// Failures since the last success.
    #[serde(default)]
    failures: u32,
    /// When the wait began, milliseconds since 1970.
    #[serde(default)]
    since: i64,
    /// When it ends.
    #[serde(default)]
    until: i64,
    /// The server asked for it: a person's impatience does not end it.
    #[serde(default)]
    asked: bool,
}

impl Backoff {
    /// Until when to wait, milliseconds since 1970; none = go. `impatient`: a person asked to send now.
    ///
    /// A clock set back must not make the phone wait for years: a wait that has not begun yet does not count.
    pub(crate) fn waiting(&self, now_ms: i64, impatient: bool) -> Option<i64> {
        let running = self.since <= now_ms && now_ms < self.until;
        (running && (self.asked || !impatient)).then_some(self.until)
    }

    /// An attempt failed; the server may have asked for `retry_after` seconds. Answers until when to wait.
    ///
    /// The wait is uniform between nothing and the bound, which doubles with every failure; it comes on top of what
    /// the server asked for, so that those it turned away together do not come back together.
    pub(crate) fn failed(&mut self, now_ms: i64, retry_after: Option<u32>, rng: &mut impl Rng) -> i64 {
        let longest = if planted(Planted::RetryWithoutBackoff) { 0 } else { bound(self.failures) };
        let jitter = uniform(longest, rng);
        self.failures = self.failures.saturating_add(1);
        self.wait(now_ms, jitter, retry_after)
    }

    /// An attempt went well; the server may ask for a pause of `backoff` seconds before the next.
    pub(crate) fn succeeded(&mut self, now_ms: i64, backoff: Option<u32>) -> Option<i64> {
        self.failures = 0;
        let until = self.wait(now_ms, 0, backoff);
        backoff.map(|_| until)
    }

    /// Failures since the last success.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    fn wait(&mut self, now_ms: i64, jitter: i64, asked: Option<u32>) -> i64 {
        let asked_ms = asked.map_or(0, asked_ms);
        self.asked = asked_ms > 0;
        self.since = now_ms;
        self.until = now_ms.saturating_add(asked_ms + jitter);
        self.until
    }
}

/// A wait after `failures` earlier failures of one thing among others, in milliseconds.
pub(crate) fn jitter(failures: u32, rng: &mut impl Rng) -> i64 {
    uniform(bound(failures), rng)
}

/// How long a server that asks for so many seconds is waited for, in milliseconds.
pub(crate) fn asked_ms(seconds: u32) -> i64 {
    (i64::from(seconds) * 1000).min(MAX_ASKED_MS)
}

/// The longest wait after `failures` earlier failures, in milliseconds.
fn bound(failures: u32) -> i64 {
    1_i64.checked_shl(failures.min(30)).and_then(|times| BASE_MS.checked_mul(times)).map_or(CAP_MS, |ms| ms.min(CAP_MS))
}

/// From 0 to `most`, both included. The bias of the remainder is below 2^-40 here.
fn uniform(most: i64, rng: &mut impl Rng) -> i64 {
    let span = most.unsigned_abs() + 1;
    i64::try_from(rng.next_u64() % span).unwrap_or(most)
}
