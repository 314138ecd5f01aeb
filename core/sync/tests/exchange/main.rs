//! Real phones against the real server, in one process, on good roads and bad.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod ahead;
mod join;
mod pace;
mod renewal;
mod story;
mod support;
mod trust;
mod wire;
