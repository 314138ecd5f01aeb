//! The whole system: the real programs, each a process of its own, over real HTTP, with real files.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod branch_files;
mod cards;
mod common;
mod contributions;
mod ecosystems;
mod erasure;
mod hostile_bodies;
mod hostile_roads;
mod kill_points;
mod outreach;
mod refusals;
mod roles;
mod secrets;
