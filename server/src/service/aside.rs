//! Ops set aside because their phone, or a copy of it, had used their numbers for others (`op_reused`). A phone that
//! joins again issues them anew, and nobody has to do anything. Of one that never does, a person takes or drops each.

use super::{
    Service, ServiceError,
    operator::Act,
    take::Writer,
    work::{Pen, Work},
};
use crate::storage::{OpStatus, StoredOp};
use payung_domain::{
    id::{DeviceId, OfficialId, OpId},
    op::{Op, OpHash, Reissue},
};
use serde_json::{Value, json};

impl Work<'_> {
    /// Takes an op that was set aside, under the operator's own number. Should its phone join again and issue it anew,
    /// it is answered what became of it, and becomes its author.
    pub(super) fn take_aside(&mut self, pen: Pen, device: DeviceId, op: &Op) -> Result<Value, ServiceError> {
        let refused = |code: &str| ServiceError::Refused(code.to_owned());
        let old = Reissue { device, n: op.n, hash: op.hash() };
        if !self.unit.taken(&[old])?.is_empty() {
            return Err(refused("already_taken"));
        }
        let new = OpId { device: pen.device, n: self.number(pen.device)? };
        let op = Op { n: new.n, reissue: Some(old), ..op.clone() };
        let parent = op.kind.parent(&op.set);
        self.load([op.record].into_iter().chain(parent))?;
        let taken = self.apply_op(&Writer::under(pen), &op, self.now)?;
        match taken.status {
            OpStatus::Applied | OpStatus::Linked => {}
            OpStatus::Held => return Err(refused("still_held")),
            _ => return Err(refused(taken.outcome.code.as_deref().unwrap_or("op_malformed"))),
        }
        self.keep_op(StoredOp {
            device: pen.device,
            hash: op.hash(),
            op,
            received_at: self.now,
            status: taken.status,
            waits_for: None,
            outcome: Some(taken.outcome),
        });
        self.unit.take(&old, new)?;
        self.unit.set_counter("reissued", 1)?;
        self.unit.drop_quarantined(&old)?;
        self.release()?;
        self.settle_niks()?;
        self.replay_pending()?;
        Ok(json!({ "device": old.device, "n": old.n, "hash": old.hash, "as": new }))
    }

    /// Drops an op that was set aside. Its phone may still join again and issue it anew.
    pub(super) fn drop_aside(&mut self, old: &Reissue, code: &str) -> Result<Value, ServiceError> {
        self.unit.drop_quarantined(old)?;
        Ok(json!({ "device": old.device, "n": old.n, "hash": old.hash, "code": code }))
    }
}

impl Service {
    /// The one op set aside under a name; by its hash, too, where several copies of a phone used the number.
    fn aside(&self, name: OpId, hash: Option<OpHash>) -> Result<StoredOp, ServiceError> {
        let mut found = self.storage.read()?.quarantined()?;
        found.retain(|op| op.id() == name && hash.is_none_or(|hash| op.hash == hash));
        match found.len() {
            0 => Err(ServiceError::NotFound("op set aside")),
            1 => Ok(found.remove(0)),
            _ => Err(ServiceError::Refused("op_ambiguous".to_owned())),
        }
    }

    /// Takes an op that was set aside.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Refused`] with `op_ambiguous`, `still_held`, or the code by which the
    /// op itself is refused.
    pub fn release_aside(
        &self,
        by: OfficialId,
        name: OpId,
        hash: Option<OpHash>,
        now: i64,
    ) -> Result<(), ServiceError> {
        let aside = self.aside(name, hash)?;
        self.act(by, Act::TakeAside { device: aside.device, op: aside.op }, now)
    }

    /// Drops an op that was set aside.
    ///
    /// # Errors
    /// As [`Service::release_aside`].
    pub fn refuse_aside(
        &self,
        by: OfficialId,
        name: OpId,
        hash: Option<OpHash>,
        code: String,
        now: i64,
    ) -> Result<(), ServiceError> {
        let aside = self.aside(name, hash)?;
        let old = Reissue { device: aside.device, n: aside.op.n, hash: aside.hash };
        self.act(by, Act::DropAside { old, record: aside.op.record, code }, now)
    }
}
