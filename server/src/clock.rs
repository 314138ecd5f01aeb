//! The one place of the server that reads the clock and the system's randomness; everything else takes them as arguments.

use rand_core::{TryCryptoRng, TryRng};
use std::{
    convert::Infallible,
    time::{SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

/// Time and randomness in the place of the system's.
#[cfg(feature = "simulated")]
pub trait Source {
    /// Milliseconds since 1970.
    fn now(&self) -> i64;
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

#[cfg(feature = "simulated")]
thread_local! {
    static SOURCE: std::cell::RefCell<Option<Box<dyn Source>>> = const { std::cell::RefCell::new(None) };
}

/// Has what this thread does take time and randomness from `source`; none = from the system again. For the simulator,
/// whose runs must be the same for the same seed.
#[cfg(feature = "simulated")]
pub fn simulate(source: Option<Box<dyn Source>>) {
    SOURCE.set(source);
}

#[cfg(feature = "simulated")]
fn simulated<T>(ask: impl FnOnce(&dyn Source) -> T) -> Option<T> {
    SOURCE.with_borrow(|source| source.as_deref().map(ask))
}

/// Milliseconds since 1970 by the system clock.
#[allow(clippy::disallowed_methods)] // this is the clock module
pub fn now() -> i64 {
    #[cfg(feature = "simulated")]
    if let Some(now) = simulated(|source| source.now()) {
        return now;
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Bytes of the system's random source.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// Bytes of the system's random source even in a simulation: for what may never come twice, whoever looks.
pub(crate) fn never_again<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random source");
    bytes
}

fn fill(bytes: &mut [u8]) {
    #[cfg(feature = "simulated")]
    if simulated(|source| source.fill(bytes)).is_some() {
        return;
    }
    getrandom::fill(bytes).expect("the system has a random source");
}

/// The system's random source, as the sealing functions take it.
#[derive(Clone, Copy, Debug)]
pub struct Random;

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(random()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(random()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Random {}

/// A new id in the order of time (UUIDv7, RFC 9562), for what the office makes.
pub fn new_id() -> Uuid {
    let millis = u64::try_from(now()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
}
