//! Helping an official back into a phone whose PIN is forgotten: the escrow copy of its database key is opened for a key
//! the phone made just now. That the one who asks is the official is for the operator to see to; the journal and the
//! audit say who answered, and for which phone.

use super::{Service, ServiceError, operator::Act};
use crate::{keys::rng, storage::DeviceState};
use payung_domain::id::OfficialId;
use payung_protocol::{ProblemCode, ReceiverSecret, RecoveryAnswer, RecoveryError, RecoveryRequest};

impl Service {
    /// Answers a phone's request with the recovery key. The answer is given away only once the act is written down.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a device not known here; [`ServiceError::Refused`] with `device_revoked`,
    /// `recovery_key_other`, `escrow_broken`, or what any act may be refused for.
    pub fn recover(
        &self,
        by: OfficialId,
        request: &RecoveryRequest,
        recovery: &ReceiverSecret,
        now: i64,
    ) -> Result<RecoveryAnswer, ServiceError> {
        let device = request.escrow.device();
        let known = self.storage.read()?.device(device)?.ok_or(ServiceError::NotFound("device"))?;
        if known.state == DeviceState::Revoked {
            return Err(ServiceError::Refused(ProblemCode::DeviceRevoked.as_str().to_owned()));
        }
        let answer = request.answer(recovery, &mut rng()).map_err(|error| {
            let code = match error {
                RecoveryError::OtherRecoveryKey(_) => "recovery_key_other",
                _ => "escrow_broken",
            };
            ServiceError::Refused(code.to_owned())
        })?;
        self.act(by, Act::Recover { device, request: request.code() }, now)?;
        Ok(answer)
    }
}
