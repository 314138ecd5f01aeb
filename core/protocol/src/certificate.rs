//! The certificate of a device: who uses it, for what, where, and until when it may show old data.

use crate::{
    cose::Unverified,
    key_list::{signed_cbor, verified_cbor},
    keys::{Fingerprint, KeyId, ReceiverKey, SigningKey, VerifyingKey},
    seal::SealError,
};
use payung_domain::{
    area::Area,
    id::{DeviceId, OfficialId},
    only::Only,
};
use serde::{Deserialize, Serialize};
use std::fmt;

#[cfg(test)]
mod tests;

pub(crate) const CONTEXT: &str = "payung/certificate/1";

/// The most bytes a certificate may have, signature included.
pub const MAX_CERTIFICATE: usize = 700;

/// A certificate is renewed when its lease has less than this left: 20 days, in milliseconds.
const RENEW_WITHIN_MS: i64 = 20 * 24 * 60 * 60 * 1000;

payung_domain::wire_enum! {
    /// What a device may be used for.
    pub enum Role {
        /// Registers workers in its areas.
        Official = "official",
        /// Verifies in its *kelurahan*.
        KelurahanOperator = "kelurahan_operator",
        /// Verifies, exports and imports for the branch office.
        BranchOperator = "branch_operator",
        /// A worker's own phone: their card, cover and answers.
        Worker = "worker",
        /// A clinic or hospital (*pusat layanan kecelakaan kerja*): the accident reports that name it.
        Plkk = "plkk",
    }
}

/// What the server says of a device. COSE_Sign1 by a server signing key over CBOR, at most [`MAX_CERTIFICATE`] bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Counts up per server.
    pub serial: u64,
    /// The root of the server that issued it.
    pub server: Fingerprint,
    /// The device.
    pub device: DeviceId,
    /// Who uses it.
    pub official: OfficialId,
    /// That person's name.
    pub name: String,
    /// Signs the device's requests.
    pub session_key: VerifyingKey,
    /// Replies are sealed to it.
    pub device_key: ReceiverKey,
    /// What the server made of the hardware's word: `strongbox`, `tee`, `secure_enclave`; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<String>,
    /// What it may be used for.
    pub roles: Vec<Role>,
    /// Where; none for a device that looks after no area.
    pub areas: Vec<Area>,
    /// What the device is about instead: one person, one clinic's reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Milliseconds since 1970.
    pub issued_at: i64,
    /// Milliseconds since 1970; later the phone still registers and sends, but does not show old personal data.
    pub lease_until: i64,
    /// The device it takes the place of, after a reinstall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<DeviceId>,
}

impl Certificate {
    /// Signs the certificate.
    ///
    /// # Errors
    /// [`SealError::CertificateTooLarge`]: name a wider area instead of many small ones.
    pub fn issue(&self, server: &SigningKey) -> Result<Vec<u8>, SealError> {
        let signed = signed_cbor(self, CONTEXT, server)?;
        if signed.len() > MAX_CERTIFICATE {
            return Err(SealError::CertificateTooLarge(signed.len()));
        }
        Ok(signed)
    }

    /// Reads a certificate; `server` gives the signing key of a key id from the root-signed list.
    ///
    /// # Errors
    /// [`SealError`] where it is not signed by such a key.
    pub fn verify(signed: &[u8], server: impl FnOnce(KeyId) -> Option<VerifyingKey>) -> Result<Self, SealError> {
        if signed.len() > MAX_CERTIFICATE {
            return Err(SealError::TooLarge { limit: MAX_CERTIFICATE });
        }
        verified_cbor(Unverified::parse(signed)?, CONTEXT, server)
    }
}

impl Certificate {
    /// Where the device is at home: the first of its areas, or that of the one record it is about. None where it names
    /// neither, which no server writes.
    pub fn home(&self) -> Option<&Area> {
        self.areas.first().or_else(|| self.only.as_ref().map(Only::area))
    }

    /// Whether its lease has less than 20 days left at a moment, milliseconds since 1970: time to ask for the next.
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.lease_until.saturating_sub(now_ms) < RENEW_WITHIN_MS
    }
}

impl fmt::Debug for Certificate {
    /// Without the person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("serial", &self.serial)
            .field("device", &self.device)
            .field("official", &self.official)
            .field("roles", &self.roles)
            .field("areas", &self.areas)
            .field("lease_until", &self.lease_until)
            .finish_non_exhaustive()
    }
}
