//! What this phone needs to talk to its server: its own keys, the server's addresses and its believed key list.
//! Kept in the encrypted store.

use crate::{address::ServerAddress, error::SyncError, transport::TransportError};
use payung_domain::id::DeviceId;
use payung_protocol::{
    Certificate, DeviceKeys, Fingerprint, KeyId, Problem, PublishedKeys, ReceiverKey, ReceiverSecret, SealError,
    Serials, ServerKeys, SigningKey, VerifyingKey,
};
use payung_store::{Identity, Store, StoreError};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

const SERVER: &str = "server";
const JOINING: &str = "joining";
const INVITE: usize = 32;
const KEYS: usize = 64;

/// The server as an invite named it, and its lists as last published. Public, all of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KnownServer {
    pub(crate) addresses: Vec<String>,
    pub(crate) root: Fingerprint,
    pub(crate) published: PublishedKeys,
    /// When the lists were fetched, milliseconds since 1970 by this phone's clock.
    pub(crate) fetched_ms: i64,
    /// SHA-256 of the secret of the invite this phone joined by.
    pub(crate) invite: String,
}

impl KnownServer {
    pub(crate) fn load(store: &Store) -> Result<Option<Self>, StoreError> {
        let Some(json) = store.value(SERVER)? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&json)?))
    }

    pub(crate) fn save(&self, store: &Store) -> Result<(), StoreError> {
        store.set_value(SERVER, Some(&serde_json::to_vec(self)?))
    }

    /// Those of the addresses that may be used, in their order.
    pub(crate) fn usable(&self) -> Vec<ServerAddress> {
        self.addresses.iter().filter_map(|address| ServerAddress::parse(address).ok()).collect()
    }
}

/// Why the phone keeps the certificate it has.
#[derive(Debug, Error)]
pub(crate) enum RenewError {
    /// No answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server says no: the device was retired or revoked.
    #[error("the server refused: {0}")]
    Refused(Box<Problem>),
    /// The answer or the certificate is not believed.
    #[error("the certificate is not believed: {0}")]
    Seal(#[from] SealError),
    /// It is for another device, or older than the one the phone has.
    #[error("the certificate is not for this device, or an old one")]
    Other,
    /// The phone's database did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A joined phone, ready to seal and open.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) device: DeviceId,
    pub(crate) own: DeviceKeys,
    pub(crate) server: KnownServer,
    pub(crate) keys: ServerKeys,
    /// As it stands in the store; none where its signer is not in the key list any more.
    certificate: Option<Certificate>,
}

impl Membership {
    /// # Errors
    /// [`SyncError::NotJoined`].
    pub(crate) fn load(store: &Store) -> Result<Self, SyncError> {
        if let Some(joining) = Joining::load(store)? {
            joining.finish(store)?;
        }
        let identity = store.identity()?.ok_or(SyncError::NotJoined)?;
        let server = KnownServer::load(store)?.ok_or(SyncError::NotJoined)?;
        let own = store.keys()?.ok_or(SyncError::NotJoined)?;
        let own = device_keys(&own).ok_or(SyncError::Store(StoreError::Corrupt))?;
        // believed when it was stored, so only damage can fail here
        let keys = server.published.verify(&server.root, Serials::default()).map_err(SyncError::Keys)?;
        let certificate = Certificate::verify(&identity.certificate, |id| keys.keys.signing_key(id)).ok();
        Ok(Self { device: identity.device, own, server, keys, certificate })
    }

    /// Whether the certificate's lease is near its end.
    pub(crate) fn is_due(&self, now_ms: i64) -> bool {
        self.certificate.as_ref().is_none_or(|certificate| certificate.is_due(now_ms))
    }

    /// As it stands in the store; none where its signer is not in the key list any more.
    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// The serial of the certificate it has.
    pub(crate) fn serial(&self) -> u64 {
        self.certificate.as_ref().map_or(0, |certificate| certificate.serial)
    }

    /// Takes a newer certificate of this very device, in one transaction. The same one again changes nothing.
    ///
    /// # Errors
    /// [`RenewError`]: it is not believed, and nothing changed.
    pub(crate) fn take_certificate(&mut self, signed: Vec<u8>, store: &Store) -> Result<bool, RenewError> {
        let certificate = Certificate::verify(&signed, |id| self.signing_key(id))?;
        let present = store.identity()?.ok_or(RenewError::Other)?;
        let area = certificate.home().cloned().ok_or(RenewError::Other)?;
        let ours = certificate.server == self.server.root
            && certificate.device == self.device
            && certificate.official == present.official
            && certificate.session_key == self.own.session.verifying_key()
            && certificate.device_key == self.own.device.receiver_key();
        if !ours || certificate.serial < self.serial() {
            return Err(RenewError::Other);
        }
        if certificate.serial == self.serial() {
            return Ok(false);
        }
        let (device, official, only) = (certificate.device, certificate.official, certificate.only.clone());
        store.set_identity(&Identity { device, official, area, only, certificate: signed })?;
        self.certificate = Some(certificate);
        Ok(true)
    }

    /// Takes newer lists, if they are believed.
    pub(crate) fn renew(&mut self, json: &[u8], now_ms: i64, store: &Store) -> Result<(), SyncError> {
        let published = PublishedKeys::parse(json).map_err(SyncError::Keys)?;
        self.keys = published.verify(&self.server.root, self.keys.serials()).map_err(SyncError::Keys)?;
        self.server.published = published;
        self.server.fetched_ms = now_ms;
        Ok(self.server.save(store)?)
    }

    /// The server's key to seal to now.
    pub(crate) fn receiver(&self, now_ms: i64) -> Result<ReceiverKey, SyncError> {
        self.keys.receivers.current(now_ms).ok_or(SyncError::Keys(SealError::Message))
    }

    /// Every receiver key is past its time: a newer list must be out. By this phone's clock, which may be wrong, so
    /// it is asked once a day at most.
    pub(crate) fn is_outdated(&self, now_ms: i64) -> bool {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let over = self.keys.receivers.keys.iter().all(|key| key.not_after <= now_ms);
        over && !(0..DAY_MS).contains(&now_ms.saturating_sub(self.server.fetched_ms))
    }

    pub(crate) fn signing_key(&self, id: KeyId) -> Option<VerifyingKey> {
        self.keys.keys.signing_key(id)
    }
}

/// What the server gave for the invite.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) server: KnownServer,
    /// The certificate's bytes, in hex.
    pub(crate) certificate: String,
}

/// A join under way: made before the first byte leaves, so that the same keys are sent again after a lost answer.
/// In the store: `SHA-256 of the invite's secret (32) || session key (32) || device key (32) || JSON of what was granted`.
pub(crate) struct Joining {
    pub(crate) invite: [u8; INVITE],
    pub(crate) own: DeviceKeys,
    pub(crate) granted: Option<Granted>,
}

impl Joining {
    pub(crate) fn load(store: &Store) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = store.value(JOINING)?.map(Zeroizing::new) else { return Ok(None) };
        let (invite, rest) = bytes.split_first_chunk::<INVITE>().ok_or(StoreError::Corrupt)?;
        let (keys, granted) = rest.split_at_checked(KEYS).ok_or(StoreError::Corrupt)?;
        let own = device_keys(keys).ok_or(StoreError::Corrupt)?;
        let granted = if granted.is_empty() { None } else { Some(serde_json::from_slice(granted)?) };
        Ok(Some(Self { invite: *invite, own, granted }))
    }

    pub(crate) fn save(&self, store: &Store) -> Result<(), StoreError> {
        let mut bytes = Zeroizing::new(self.invite.to_vec());
        bytes.extend_from_slice(&key_bytes(&self.own)[..]);
        if let Some(granted) = &self.granted {
            bytes.extend_from_slice(&serde_json::to_vec(granted)?);
        }
        store.set_value(JOINING, Some(&bytes))
    }

    /// Makes what was granted this phone's own; nothing where nothing was granted yet. May be cut at any point and
    /// done again.
    pub(crate) fn finish(&self, store: &Store) -> Result<Option<Identity>, StoreError> {
        let Some(granted) = &self.granted else { return Ok(None) };
        let identity = granted.identity().ok_or(StoreError::Corrupt)?;
        store.set_keys(&key_bytes(&self.own)[..])?;
        granted.server.save(store)?;
        match store.identity()? {
            Some(present) if present.device != identity.device => store.rejoin(&identity)?,
            _ => store.set_identity(&identity)?,
        }
        store.set_value(JOINING, None)?;
        Ok(Some(identity))
    }
}

impl Granted {
    /// Who the phone now is; none where the certificate does not verify or names no area.
    pub(crate) fn identity(&self) -> Option<Identity> {
        let keys = self.server.published.verify(&self.server.root, Serials::default()).ok()?;
        let bytes = hex::decode(&self.certificate).ok()?;
        let certificate = Certificate::verify(&bytes, |id| keys.keys.signing_key(id)).ok()?;
        let area = certificate.home()?.clone();
        let Certificate { device, official, only, .. } = certificate;
        Some(Identity { device, official, area, only, certificate: bytes })
    }
}

fn key_bytes(keys: &DeviceKeys) -> Zeroizing<[u8; KEYS]> {
    let mut bytes = Zeroizing::new([0; KEYS]);
    bytes[..32].copy_from_slice(&keys.session.to_bytes()[..]);
    bytes[32..].copy_from_slice(&keys.device.to_bytes()[..]);
    bytes
}

fn device_keys(bytes: &[u8]) -> Option<DeviceKeys> {
    let (session, device) = bytes.split_first_chunk::<32>()?;
    let device: &[u8; 32] = device.try_into().ok()?;
    Some(DeviceKeys { session: SigningKey::from_bytes(session), device: ReceiverSecret::from_bytes(device).ok()? })
}
