//! What a run did, and what a watcher sees of it.

/// What one run did. Counts are ops unless said otherwise.
#[allow(clippy::struct_excessive_bools, reason = "findings that can stand together")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Sent, each time anew.
    pub sent: usize,
    /// Taken by the server for good; what became of each field is in the counts below.
    pub uploaded: usize,
    /// Taken, with its outcome told.
    pub applied: usize,
    /// Taken by an earlier exchange, whose stored outcome is gone since.
    pub replayed: usize,
    /// Wait at the office; asked for again in the next run.
    pub held: usize,
    /// Not taken: they need fixing.
    pub refused: usize,
    /// Fields of applied ops that wait for a person to decide between two values.
    pub conflicts: usize,
    /// Fields of applied ops where another's later value stands; ours is in the history.
    pub lost: usize,
    /// Edits taken although others had written the record meanwhile.
    pub merged: usize,
    /// Changes received: records put, gone, or evicted.
    pub changes: usize,
    /// Other people's records that a restored server lacks, handed to it for a person to look at.
    pub offered: usize,
    /// Left out, alone, after the server could not take a bundle with them; they stay pending.
    pub set_aside: usize,
    /// Requests made, key lists included.
    pub requests: usize,
    /// Bytes of bodies sent; heads and TLS come on top.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Areas whose checksum still differed at the end: they are pulled anew in the next run.
    pub areas_differing: usize,
    /// The server began a new epoch: it was restored.
    pub new_epoch: bool,
    /// A newer certificate was taken: areas, roles or lease are other than before.
    pub renewed: bool,
    /// The office orders this phone to destroy what it holds; what is not sent is sealed first.
    pub wipe: bool,
    /// Another copy of this phone has used its numbers: it must join again before more is sent.
    pub rejoin_needed: bool,
    /// Stopped by [`crate::Courier::interrupt`].
    pub interrupted: bool,
    /// The oldest app the server still serves in full, if it told.
    pub min_app: Option<String>,
    /// How far this phone's clock is ahead of the server's, in milliseconds, at the last answer.
    pub clock_ahead_ms: Option<i64>,
    /// The server asked not to come back before, milliseconds since 1970.
    pub resume_at_ms: Option<i64>,
}

/// Why nothing is being sent although something waits, as far as a person can help it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// No network, or no server there.
    Unreachable,
    /// The network is too slow, or breaks off.
    Slow,
    /// A captive portal or proxy answers: sign in to the network.
    Portal,
    /// The server says no.
    Refused,
    /// An answer that is not believed.
    Untrusted,
    /// The phone has no space left, or its database does not work.
    Store,
    /// The phone has not joined, or must join again.
    Join,
}

/// What the exchange is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncState {
    /// Nothing.
    #[default]
    Idle,
    /// A run is under way.
    Sending {
        /// Ops sent in this run.
        sent: usize,
        /// Ops without a final outcome.
        outstanding: usize,
    },
    /// The server asked to wait.
    Waiting {
        /// Until when, milliseconds since 1970.
        until_ms: i64,
    },
    /// The last run failed.
    Paused {
        /// Why.
        why: Pause,
        /// When to try again, milliseconds since 1970; none where time does not help.
        until_ms: Option<i64>,
    },
}
