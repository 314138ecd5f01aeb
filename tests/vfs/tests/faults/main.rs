//! Disks that fail, under plain SQLite and under the real phone and server.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it met")]

mod damage;
mod full;
mod ledger;
mod power;
mod shim;
mod world;
