//! A moment by both clocks of a phone. The clock on the wall can be set by anybody; the other only runs.

/// Now, as the platform tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The clock on the wall, milliseconds since 1970. May jump by years, either way.
    pub wall_ms: i64,
    /// Which start of the phone this is: a number that differs between two starts (Android `BOOT_COUNT`, a hash of
    /// iOS's `kern.bootsessionuuid` or of Linux's `boot_id`).
    pub boot: u64,
    /// Milliseconds since that start, sleep included (Android `elapsedRealtime`, iOS `mach_continuous_time`, Linux
    /// `CLOCK_BOOTTIME`). Never set by anybody.
    pub monotonic_ms: u64,
}

/// A moment of one start of the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tick {
    boot: u64,
    monotonic_ms: u64,
}

impl Moment {
    pub(crate) fn tick(self) -> Tick {
        Tick { boot: self.boot, monotonic_ms: self.monotonic_ms }
    }

    /// Milliseconds that have passed for certain since a tick; none where the phone was started again in between. A
    /// running clock that stands lower than before was started again, too, whatever its boot is called.
    pub(crate) fn since(self, tick: Tick) -> Option<u64> {
        if self.boot == tick.boot { self.monotonic_ms.checked_sub(tick.monotonic_ms) } else { None }
    }
}
