//! A disk that fails: a layer between SQLite and the files of one folder, which knows what of them has been synced.
//!
//! SQLite works on the real files, through its own layer for this system; beside them the shim keeps what a disk would
//! hold if the power went now. [`Disk::power_loss`] then makes the files what they might be when the machine comes up
//! again. What it assumes, and what not:
//!
//! - Of a file, each sector of 512 bytes is as after any of the writes to it since the last sync, each sector for
//!   itself: writes are lost, torn at any sector and reordered. So is the file's length; what a length brought in
//!   without the bytes is zeros or garbage (sqlite.org/atomiccommit.html, "Hardware Assumptions" and 9.4).
//! - Within a sector only the bytes written change: SQLite's "powersafe overwrite", which its layer for Unix claims
//!   (sqlite.org/psow.html).
//! - That a file was made or deleted is durable once its folder was synced, which SQLite asks for with the first sync of
//!   a new journal or log, and with `synchronous=EXTRA` when it deletes one; until then each entry may be there or not.
//! - After a sync that failed, what was to be synced may be gone for good, though later syncs succeed: Linux forgets it
//!   (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
//! - The shared index (`-shm`) is no file of SQLite's promises: after the power went it stays, stale.
//! - Other files of the folder, which plain code writes: how they are synced does not show here. Each is taken as whole
//!   as soon as it has its name; one made, replaced, renamed or removed since the folder's last sync may be as before.
//! - Not tried: a disk that answers "synced" and is not (sqlite.org/howtocorrupt.html, 3.1), except where a test wants
//!   to see the loss, by [`Disk::weaken`]; bytes that change by themselves.
//!
//! Faults come at the n-th call, once or from there on: no space, an input/output error, or the end of the power.

mod disk;
mod entries;
mod fault;
mod file;
mod shim;

pub use disk::{Disk, DiskError};
pub use fault::{Call, Fault, Fired};
pub use file::Loss;

/// Bytes that a disk writes whole or not at all.
pub const SECTOR: u64 = 512;
