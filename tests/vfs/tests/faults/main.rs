//! Disks that fail, under plain SQLite and under the real phone and server.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod damage;
mod full;
mod ledger;
mod power;
mod shim;
mod world;
