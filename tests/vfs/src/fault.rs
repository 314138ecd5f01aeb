//! What can go wrong, and at which call.

/// What SQLite asked of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Opening, or making it.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Changing its length.
    Truncate,
    /// Syncing.
    Sync,
    /// Deleting it.
    Delete,
    /// Growing the shared index.
    Map,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No space left (ENOSPC): what needs space fails, the rest goes on. A write may have written its first sectors.
    Full,
    /// An input/output error (EIO), whatever is asked. A write may have written its first sectors.
    Io,
    /// The power goes: the call may have had its effect on the disk or not, and nothing works until
    /// [`Disk::power_loss`](crate::Disk::power_loss).
    Power,
}

impl Fault {
    /// Whether a call can meet this fault, and so counts.
    pub(crate) fn meets(self, call: Call) -> bool {
        match self {
            Self::Full => matches!(call, Call::Open | Call::Write | Call::Sync | Call::Map),
            Self::Io => true,
            Self::Power => matches!(call, Call::Write | Call::Truncate | Call::Sync | Call::Delete),
        }
    }
}

/// What became of a fault that was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// Calls that could have met it.
    pub calls: u64,
    /// Calls that did.
    pub hits: u64,
    /// The first of them.
    pub first: Option<Call>,
}

/// A fault set for the n-th call.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) fault: Fault,
    /// Only calls of this kind count.
    pub(crate) only: Option<Call>,
    pub(crate) at: u64,
    pub(crate) lasting: bool,
    pub(crate) fired: Fired,
}

impl Armed {
    /// Counts a call; whether the fault strikes it.
    pub(crate) fn strikes(&mut self, call: Call) -> bool {
        if !self.only.map_or(self.fault.meets(call), |only| only == call) {
            return false;
        }
        self.fired.calls += 1;
        let struck = if self.lasting { self.fired.calls >= self.at } else { self.fired.calls == self.at };
        if struck {
            self.fired.hits += 1;
            self.fired.first.get_or_insert(call);
        }
        struck
    }
}
