//! Sealed bytes in, sealed bytes out: the whole device API without a road. HTTP, files and tests use the same.

use super::{Service, ServiceError};
use crate::{keys::rng, storage::StorageError};
use payung_domain::id::DeviceId;
use payung_protocol::{
    Limits, OpenedJoin, Problem, ProblemCode, SealError, VerifyingKey, open_join, open_request, seal_join_answer,
    seal_reply,
};

/// How often a unit that lost against another is tried again: with the same ops an in-doubt commit is harmless.
const TRIES: u32 = 3;

/// Why a bundle gets no sealed answer.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It could not be opened, or its sender is unknown.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The device asks too often; seconds to wait.
    #[error("too many requests")]
    RateLimited(u32),
    /// The server failed; nothing of the request stands.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl BundleError {
    /// How it is told, without what was in the bundle.
    pub fn problem(&self, request_id: &str) -> Problem {
        let code = match self {
            Self::Seal(error) => error.problem(),
            Self::RateLimited(_) => ProblemCode::RateLimited,
            Self::Service(ServiceError::NotFound("device")) => ProblemCode::DeviceUnknown,
            Self::Service(ServiceError::Storage(StorageError::Busy)) => ProblemCode::Busy,
            Self::Service(_) => ProblemCode::Internal,
        };
        let problem = Problem::new(code, request_id);
        match self {
            Self::Seal(error) => problem.detail(error.to_string()),
            _ => problem,
        }
    }
}

impl Service {
    /// Opens a sealed exchange, does it, and seals the reply to its sender. `admit` says whether the device may ask
    /// again already, or how many seconds it should wait.
    pub fn exchange_bundle(
        &self,
        sealed: &[u8],
        admit: impl FnOnce(DeviceId) -> Result<(), u32>,
        now: i64,
    ) -> Result<Vec<u8>, BundleError> {
        let opened = self.knowing(|key| open_request(sealed, |id| self.keys.receiver(id), key, Limits::REQUEST))?;
        admit(opened.device).map_err(BundleError::RateLimited)?;
        let mut tried = 1;
        let reply = loop {
            match self.exchange(opened.device, &opened.request, &opened.bad, now) {
                Err(ServiceError::Storage(StorageError::Busy)) if tried < TRIES => tried += 1,
                done => break done?,
            }
        };
        let unit = self.storage.read().map_err(ServiceError::from)?;
        let device = unit.device(opened.device).map_err(ServiceError::from)?;
        let key = device.ok_or(ServiceError::NotFound("device"))?.device_key;
        Ok(seal_reply(&reply, &opened.sent, self.keys.signing(), &key, &mut rng())?.into_bytes())
    }

    /// Opens a sealed join request, or a device's request for its certificate, answers it, and seals the answer, a
    /// refusal included.
    pub fn join_bundle(&self, sealed: &[u8], request_id: &str, now: i64) -> Result<Vec<u8>, BundleError> {
        let opened = self.knowing(|key| open_join(sealed, |id| self.keys.receiver(id), key))?;
        let (answer, sent, key) = match opened {
            OpenedJoin::Invited { request, sent } => (self.join(&request, request_id, now)?, sent, request.device_key),
            OpenedJoin::Renewal { device, request, sent } => {
                let (answer, key) = self.renew(device, request, request_id, now)?;
                (answer, sent, key)
            }
        };
        Ok(seal_join_answer(&answer, &sent, self.keys.signing(), &key, &mut rng())?.into_bytes())
    }

    /// Opens what a device signed, by the session key it is known by. A disk that fails for a moment must not make a
    /// known phone an unknown one.
    fn knowing<T>(
        &self,
        open: impl FnOnce(&mut dyn FnMut(DeviceId) -> Option<VerifyingKey>) -> Result<T, SealError>,
    ) -> Result<T, BundleError> {
        let mut failed = None;
        let opened = open(&mut |id| {
            let device = self.storage.read().and_then(|unit| unit.device(id));
            device.map_err(|error| failed = Some(error)).ok()?.map(|device| device.session_key)
        });
        match failed {
            Some(error) => Err(ServiceError::from(error).into()),
            None => Ok(opened?),
        }
    }
}
