//! How long nobody has touched the app. By the clock that runs since the phone was started: setting a clock neither locks
//! nor keeps open.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(super) struct Idle {
    limit_ms: u64,
    touched_ms: AtomicU64,
}

impl Idle {
    pub(super) fn new(limit_seconds: u32) -> Self {
        Self { limit_ms: u64::from(limit_seconds) * 1000, touched_ms: AtomicU64::new(0) }
    }

    pub(super) fn touch(&self, running_ms: u64) {
        self.touched_ms.fetch_max(running_ms, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self, running_ms: u64) -> bool {
        running_ms.saturating_sub(self.touched_ms.load(Ordering::Relaxed)) >= self.limit_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_touch_puts_the_end_off_and_an_older_one_does_not_bring_it_nearer() {
        let idle = Idle::new(300);
        idle.touch(1_000_000);
        assert!(!idle.is_over(1_299_999) && idle.is_over(1_300_000));
        idle.touch(1_200_000);
        idle.touch(1_100_000);
        assert!(!idle.is_over(1_499_999) && idle.is_over(1_500_000));
    }

    #[test]
    fn moment_before_the_last_touch_is_not_over() {
        let idle = Idle::new(300);
        idle.touch(1_000_000);
        assert!(!idle.is_over(10));
    }
}
