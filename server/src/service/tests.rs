//! The rules on the real service over a real SQLite file. `Office` and `Phone` in [`office`] stand for a branch and a
//! phone that does what the design says of phones, no more than these tests need.

mod areas;
mod cards;
mod devices;
mod duplicates;
mod enrollment;
mod erasure;
mod joining;
pub(crate) mod office;
mod once;
mod properties;
mod reports;
mod restore;
mod roles;
mod secrets;
mod sponsors;
