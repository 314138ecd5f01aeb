//! How large a run is, and what may go wrong in it.

/// The classes of faults, each a bit of [`Setting::faults`]: shrinking takes them away one by one.
pub(crate) mod fault {
    /// Requests and answers that never arrive, arrive late, in another order, twice, cut or damaged; portals.
    pub(crate) const ROAD: u32 = 1 << 0;
    /// A phone's process ends between two storage calls.
    pub(crate) const KILL_PHONE: u32 = 1 << 1;
    /// The server's process ends between two storage calls.
    pub(crate) const KILL_SERVER: u32 = 1 << 2;
    /// Clocks that are off, and jump by up to ten years.
    pub(crate) const CLOCK: u32 = 1 << 3;
    /// Replies that come by a slow road after the phone has given up on them.
    pub(crate) const LATE: u32 = 1 << 4;
    /// Every class.
    pub(crate) const ALL: u32 = (1 << 5) - 1;
}

/// How large a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Phones at the beginning, 1 to [`Setting::MOST_PHONES`].
    pub phones: usize,
    /// Steps.
    pub steps: usize,
    /// Which classes of faults may happen.
    pub(crate) faults: u32,
}

impl Setting {
    /// The most phones a run begins with.
    pub const MOST_PHONES: usize = 8;

    /// The measured one.
    pub const BIG: Self = Self { phones: 5, steps: 200, faults: fault::ALL };
    /// A quick one.
    pub const SMALL: Self = Self { phones: 3, steps: 60, faults: fault::ALL };

    /// A run of so many phones and steps, with every fault.
    #[must_use]
    pub fn sized(phones: usize, steps: usize) -> Self {
        Self { phones: phones.clamp(1, Self::MOST_PHONES), steps, faults: fault::ALL }
    }

    /// The same run where nothing goes wrong but what persons do.
    #[must_use]
    pub fn without_faults(self) -> Self {
        Self { faults: 0, ..self }
    }

    pub(crate) fn has(&self, class: u32) -> bool {
        self.faults & class != 0
    }
}
