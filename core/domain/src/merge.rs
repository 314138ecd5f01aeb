//! The one merge: pure, used by the server, the simulator and the tests.
//!
//! [`apply`] judges one op field by field in the order the design fixes; [`link`], [`unlink`] and [`apply_linked`]
//! do the same for duplicates that were found to be one person; [`adopt`] moves authorship to a re-joined device.
//! Nothing here drops a value: what is not the body is a candidate of an open conflict or belongs to the history,
//! which the caller writes for every op it hands in, whatever comes of it.

mod duplicate;
mod write;

#[cfg(test)]
mod tests;

pub use duplicate::{LinkError, apply_linked, link, unlink};
pub use write::{adopt, apply};

use crate::{
    id::{DeviceId, Epoch, Hlc, OfficialId, OpId},
    op::{FieldOutcome, Op},
    planted::{Planted, planted},
};
use std::collections::BTreeMap;

/// On whose behalf an op is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A person, of their own record, on their own phone: whatever they write is a request that an operator decides.
    Worker,
    /// An official of the area, on a phone.
    Official,
    /// An operator, at the office or on a phone.
    Operator,
    /// The server itself: derived states, branch imports. May write class A.
    Server,
}

/// What the judge knows besides the record and the op.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// The server's present epoch.
    pub epoch: Epoch,
    /// The device that wrote the op. An operator at the office writes as a device of their own (their id), so that one
    /// operator's old form never overwrites what another has just written.
    pub device: DeviceId,
    /// The person behind it.
    pub who: OfficialId,
    /// What they may do.
    pub authority: Authority,
    /// When the op was received, in milliseconds since 1970: its clock is clamped to this + 5 minutes.
    pub received: i64,
    /// The record has gone to the branch: a write to a class-B field waits as a correction.
    pub submitted: bool,
}

impl Judge {
    /// Whether a write to a field of class B waits beside the value that stands.
    fn waits(&self) -> bool {
        self.submitted || self.authority == Authority::Worker
    }

    fn op_id(&self, op: &Op) -> OpId {
        OpId { device: self.device, n: op.n }
    }

    fn hlc(&self, op: &Op) -> Hlc {
        if planted(Planted::HlcUnclamped) { op.hlc } else { op.hlc.clamped(self.received) }
    }
}

/// What came of an op.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The outcome of each field, `kept` included.
    pub fields: BTreeMap<String, FieldOutcome>,
    /// Whether the record changed: body, authorship or conflicts. Then its version was bumped.
    pub changed: bool,
}
