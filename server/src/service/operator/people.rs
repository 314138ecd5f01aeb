//! Operators, officials, invites, devices.

use super::{Act, Entry};
use crate::{
    keys::{rng, write_over},
    service::{DataDir, Service, ServiceError},
    storage::{Device, DeviceState, Invite, Official},
};
use payung_domain::{area::Area, id::DeviceId, id::OfficialId};
use payung_protocol::{Certificate, Invite as InviteLink, InviteSecret, Role};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fs, path::PathBuf};

/// An invite is good for so long, and its certificate can be asked for again so long after the first time.
pub(crate) const INVITE_LASTS: i64 = 72 * 3600 * 1000;
/// A device shows old personal data for so long after its certificate was made.
pub(crate) const LEASE: i64 = 30 * 24 * 3600 * 1000;
const SETUP_LASTS: i64 = 24 * 3600 * 1000;

/// For whom an invite is.
#[derive(Clone, Debug)]
pub struct NewInvite {
    /// Their name, as the certificate will say it.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Where.
    pub areas: Vec<Area>,
    /// The person, if they are known already.
    pub official: Option<OfficialId>,
    /// The device the new one takes the place of.
    pub replaces: Option<DeviceId>,
}

/// Areas without those that lie in another of them.
pub(crate) fn smallest(areas: &[Area]) -> Vec<Area> {
    let mut kept: Vec<Area> = Vec::new();
    for area in areas {
        let wider = areas.iter().any(|other| other != area && area.is_within(other));
        if !wider && !kept.contains(area) {
            kept.push(area.clone());
        }
    }
    kept
}

impl Service {
    /// Adds an operator for the whole office.
    pub fn add_operator(
        &self,
        by: OfficialId,
        name: &str,
        role: Role,
        id: OfficialId,
        now: i64,
    ) -> Result<(), ServiceError> {
        self.add_operator_in(by, name, role, &[], id, now)
    }

    /// Adds an operator who may act in these areas; everywhere where none are named.
    pub fn add_operator_in(
        &self,
        by: OfficialId,
        name: &str,
        role: Role,
        areas: &[Area],
        id: OfficialId,
        now: i64,
    ) -> Result<(), ServiceError> {
        let official =
            Official { id, name: checked_name(name)?, roles: vec![role], areas: smallest(areas), since: now };
        self.act(by, Act::SaveOfficial { official }, now)
    }

    /// Invites a person to join with one device. The secret is in the link only; the server keeps its hash.
    pub fn invite(
        &self,
        by: OfficialId,
        new: NewInvite,
        id: OfficialId,
        servers: Vec<String>,
        now: i64,
    ) -> Result<InviteLink, ServiceError> {
        if new.areas.is_empty() {
            return Err(ServiceError::Refused("area_missing".to_owned()));
        }
        // these are told of one person or one clinic's reports, never of an area
        if new.roles.iter().any(|role| matches!(role, Role::Worker | Role::Plkk)) {
            return Err(ServiceError::Refused("not_by_area".to_owned()));
        }
        let official = self.invited(&new, id, now)?;
        let secret = InviteSecret::generate(&mut rng());
        let invite = Invite {
            hash: secret.hash(),
            official: official.id,
            roles: new.roles,
            areas: smallest(&new.areas),
            only: None,
            expires: now + INVITE_LASTS,
            replaces: new.replaces,
            used: None,
        };
        let link = InviteLink { servers, root: self.keys.root(), secret };
        // an address that no link can hold must not leave an invite behind
        link.to_link().map_err(|_| ServiceError::Refused("address_invalid".to_owned()))?;
        let acts = vec![Act::SaveOfficial { official }, Act::Invite { invite }];
        self.act_all(by, acts, now).map_err(|mut faults| faults.remove(0).1)?;
        Ok(link)
    }

    /// Who is invited: someone known, or a new official under `id`.
    pub(super) fn invited(&self, new: &NewInvite, id: OfficialId, now: i64) -> Result<Official, ServiceError> {
        match new.official {
            Some(known) => self.official(known),
            None => Ok(Official {
                id,
                name: checked_name(&new.name)?,
                roles: new.roles.clone(),
                areas: Vec::new(),
                since: now,
            }),
        }
    }

    /// Retires a device (reinstalled, replaced) or revokes it (lost, misused).
    pub fn set_device(
        &self,
        by: OfficialId,
        device: DeviceId,
        state: DeviceState,
        now: i64,
    ) -> Result<(), ServiceError> {
        self.act(by, Act::SetDevice { device, state }, now)
    }

    /// Has a device destroy what it holds, and revokes it: the order goes with each reply, by whatever road.
    pub fn wipe(&self, by: OfficialId, device: DeviceId, now: i64) -> Result<(), ServiceError> {
        self.act(by, Act::Wipe { device }, now)
    }

    /// Gives a device other areas, with a certificate that says so.
    pub fn assign(&self, by: OfficialId, device: DeviceId, areas: &[Area], now: i64) -> Result<(), ServiceError> {
        let known = self.storage.read()?.device(device)?.ok_or(ServiceError::NotFound("device"))?;
        let mut device = Device { areas: smallest(areas), ..known };
        device.certificate = self.certify(&device, None, 0, now)?;
        self.act(by, Act::Assign { device }, now)
    }

    /// A known official.
    pub fn official(&self, id: OfficialId) -> Result<Official, ServiceError> {
        let officials = self.storage.read()?.officials()?;
        officials.into_iter().find(|official| official.id == id).ok_or(ServiceError::NotFound("official"))
    }

    /// Officials and operators, oldest first.
    pub fn officials(&self) -> Result<Vec<Official>, ServiceError> {
        Ok(self.storage.read()?.officials()?)
    }

    /// Devices, oldest first.
    pub fn devices(&self) -> Result<Vec<Device>, ServiceError> {
        Ok(self.storage.read()?.devices()?)
    }

    /// Signs a certificate under the next serial, which is above `held`, that of the one the device has.
    pub(crate) fn certify(
        &self,
        device: &Device,
        replaces: Option<DeviceId>,
        held: u64,
        now: i64,
    ) -> Result<Vec<u8>, ServiceError> {
        let official = self.official(device.official)?;
        let serial = self.storage.read()?.counter("certificate")?.max(held).saturating_add(1);
        let certificate = Certificate {
            serial,
            server: self.keys.root(),
            device: device.id,
            official: official.id,
            name: official.name,
            session_key: device.session_key,
            device_key: device.device_key,
            attestation: None,
            roles: device.roles.clone(),
            areas: device.areas.clone(),
            only: device.only.clone(),
            issued_at: now,
            lease_until: now + LEASE,
            replaces,
        };
        Ok(certificate.issue(self.keys.signing())?)
    }

    /// Does an act in the name of the server itself.
    pub(crate) fn act_as_server(&self, act: Act, now: i64) -> Result<(), ServiceError> {
        let entry = Entry { who: OfficialId(uuid::Uuid::nil()), at: now, act };
        self.act(entry.who, entry.act, now)
    }
}

fn checked_name(name: &str) -> Result<String, ServiceError> {
    let name = payung_domain::text::normalise_name(name);
    // a certificate has 700 bytes for everything
    if name.is_empty() || name.len() > 100 {
        return Err(ServiceError::Refused("name_invalid".to_owned()));
    }
    Ok(name)
}

/// The one-time code with which the first operator sets a new server up: 10 Crockford base32 characters, 24 hours.
#[derive(Debug)]
pub struct SetupCode {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct StoredCode {
    hash: String,
    expires: i64,
}

/// Why a set-up code was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Wrong, used or expired.
    #[error("the set-up code is wrong, used or older than 24 hours")]
    Wrong,
    /// The file failed.
    #[error("the set-up code: {0}")]
    File(#[from] std::io::Error),
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl SetupCode {
    /// The code of a data directory.
    pub fn of(dir: &DataDir) -> Self {
        Self { path: dir.path().join("setup.json") }
    }

    /// Makes a new code; the old one is void. Only its hash is kept.
    pub fn make(&self, random: [u8; 10], now: i64) -> Result<String, SetupError> {
        let code: String = random.iter().map(|byte| char::from(CROCKFORD[usize::from(byte % 32)])).collect();
        let stored = StoredCode { hash: hash(&code), expires: now + SETUP_LASTS };
        let json = serde_json::to_vec(&stored).map_err(std::io::Error::other)?;
        write_over(&self.path, &json).map_err(std::io::Error::other)?;
        Ok(code)
    }

    /// Uses the code up.
    pub fn redeem(&self, code: &str, now: i64) -> Result<(), SetupError> {
        let json = fs::read(&self.path).map_err(|_| SetupError::Wrong)?;
        let stored: StoredCode = serde_json::from_slice(&json).map_err(|_| SetupError::Wrong)?;
        let typed: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        if stored.hash != hash(&typed) || now > stored.expires {
            return Err(SetupError::Wrong);
        }
        fs::remove_file(&self.path)?;
        Ok(())
    }
}

fn hash(code: &str) -> String {
    hex::encode(Sha256::digest(code.as_bytes()))
}
