//! What the certificate and the server's keys say about this phone.

use crate::{address::ServerAddress, error::SyncError, membership::Membership};
use payung_domain::id::DeviceId;
use payung_protocol::{Fingerprint, ReceiverKey};
use payung_store::Store;

/// How a joined phone stands with its server.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The device.
    pub device: DeviceId,
    /// When the certificate was issued, milliseconds since 1970 by the server's clock; none where its signer is not in
    /// the key list any more.
    pub issued_at: Option<i64>,
    /// Until when it may show old personal data, likewise.
    pub lease_until: Option<i64>,
    /// To whom the escrow copy of the database key is sealed.
    pub recovery: Option<ReceiverKey>,
    /// Where the server is, first choice first.
    pub servers: Vec<ServerAddress>,
    /// The root under which everything of the server is believed, named by the invite.
    pub root: Fingerprint,
}

impl Standing {
    /// As the store has it.
    ///
    /// # Errors
    /// [`SyncError::NotJoined`].
    pub fn of(store: &Store) -> Result<Self, SyncError> {
        let membership = Membership::load(store)?;
        let certificate = membership.certificate();
        Ok(Self {
            device: membership.device,
            issued_at: certificate.map(|certificate| certificate.issued_at),
            lease_until: certificate.map(|certificate| certificate.lease_until),
            servers: membership.server.usable(),
            root: membership.server.root,
            recovery: membership.keys.keys.recovery,
        })
    }
}
