//! How many ops go into one bundle: as many as the road carries.

use payung_protocol::MAX_OPS;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Ops of the first batch on a road nobody has tried.
pub(crate) const FIRST_OPS: usize = 200;
/// Bytes of JSON a batch may have before it is packed.
pub(crate) const MAX_BATCH_BYTES: usize = 1 << 20;

/// The size of the next batch, in ops. Kept in the store: a village's road is slow tomorrow, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BatchSize(usize);

impl Default for BatchSize {
    fn default() -> Self {
        Self(FIRST_OPS)
    }
}

impl BatchSize {
    /// In ops, 1 to [`MAX_OPS`], whatever was read back.
    pub(crate) fn ops(self) -> usize {
        self.0.clamp(1, MAX_OPS)
    }

    /// A batch of `sent` ops came through: half as many again, if it was a full one.
    #[must_use]
    pub(crate) fn grown(self, sent: usize) -> Self {
        if sent < self.ops() { self } else { Self((self.ops() + self.ops() / 2 + 1).min(MAX_OPS)) }
    }

    /// A batch of `sent` ops did not come through: half of what was tried.
    #[must_use]
    pub(crate) fn halved(self, sent: usize) -> Self {
        Self((sent.min(self.ops()) / 2).max(1))
    }
}
