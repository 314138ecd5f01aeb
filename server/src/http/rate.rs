//! Token buckets: how often one device or address may ask.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// More than this and buckets that are full again are forgotten.
const REMEMBERED: usize = 50_000;

/// A burst, and what comes back each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests at once after a rest.
    pub burst: u32,
    /// Requests a second in the long run.
    pub per_second: u32,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Thousandths of a request.
    level: i64,
    /// Milliseconds since 1970.
    at: i64,
}

pub(super) struct Buckets<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    fn refilled(&self, bucket: Bucket, now: i64) -> i64 {
        let full = i64::from(self.rate.burst) * 1000;
        // a clock set back refills nothing
        let passed = (now - bucket.at).max(0);
        passed.saturating_mul(i64::from(self.rate.per_second)).saturating_add(bucket.level).min(full)
    }

    /// Takes one; or the seconds after which there is one.
    pub(super) fn take(&self, key: K, now: i64) -> Result<(), u32> {
        let full = i64::from(self.rate.burst) * 1000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > REMEMBERED {
            buckets.retain(|_, bucket| self.refilled(*bucket, now) < full);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { level: full, at: now });
        let level = self.refilled(*bucket, now);
        let left = level - 1000;
        *bucket = Bucket { level: if left < 0 { level } else { left }, at: now };
        if left >= 0 {
            return Ok(());
        }
        let lacks = left.unsigned_abs();
        Err(u32::try_from(lacks.div_ceil(u64::from(self.rate.per_second.max(1)) * 1000)).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_then_the_steady_rate() {
        let buckets = Buckets::new(Rate { burst: 3, per_second: 2 });
        for _ in 0..3 {
            assert_eq!(buckets.take("phone", 0), Ok(()));
        }
        assert_eq!(buckets.take("phone", 0), Err(1));
        assert_eq!(buckets.take("other", 0), Ok(()), "each has a bucket of its own");
        assert_eq!(buckets.take("phone", 500), Ok(()));
        assert_eq!(buckets.take("phone", 500), Err(1));
        assert_eq!(buckets.take("phone", 400), Err(1), "a clock set back gives nothing");
        assert_eq!((0..9).filter(|_| buckets.take("phone", 60_000).is_ok()).count(), 3, "no more than the burst");
    }
}
