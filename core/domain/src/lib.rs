//! The rules of Payung: pure, without I/O, clock or randomness; time, ids and random bytes are arguments.
//!
//! Every kind of record has one field table ([`field`]), which merging, validating, the protocol document and
//! the schema version all come from. [`merge`] is the one merge, used by the server, the simulator and the tests.

pub mod area;
pub mod attachment;
pub mod benefit;
pub mod calendar;
pub mod clinic;
pub mod consent;
pub mod contribution;
pub mod coverage;
pub mod duplicate_filter;
pub mod ecosystem;
pub mod eligibility;
pub mod enrollment;
pub mod field;
pub mod id;
pub mod lesson;
pub mod merge;
pub mod nik;
pub mod occupation;
pub mod only;
pub mod op;
pub mod outreach;
pub mod own_record;
pub mod planted;
pub mod record;
pub mod region;
pub mod renewal;
pub mod report;
pub mod roster;
pub mod round;
pub mod slip;
pub mod sponsorship;
pub mod tag;
pub mod text;
mod wire;
pub mod worker;
