//! Real phones against the real server, in one process, on good roads and bad.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod ahead;
mod erasure;
mod full_disk;
mod going_on;
mod join;
mod offers;
mod pace;
mod renewal;
mod rounds;
mod sealed;
mod story;
mod support;
mod trust;
mod wire;
