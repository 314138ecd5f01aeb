//! Inviting phones that look after no area: a worker's own by a claim code, and a clinic's.

use super::{Act, NewInvite, people::INVITE_LASTS};
use crate::{
    keys::rng,
    service::{Service, ServiceError},
    storage::{Invite, Official, Scope},
};
use payung_domain::{
    area::Area,
    clinic::Clinic,
    field::Kind,
    id::{OfficialId, RecordId},
    only::Only,
};
use payung_protocol::{ClaimCode, Invite as InviteLink, InviteSecret, Role};

/// A claim code is good for so long: the official brings the slip round.
pub(crate) const CLAIM_LASTS: i64 = 14 * 24 * 3600 * 1000;

/// What the certificate of a worker's phone calls its owner: their name is in their record, and goes with it.
const OWNER: &str = "PESERTA";

/// A claim code, made once and kept by nobody but who prints it.
#[derive(Debug)]
pub struct Claim {
    /// To be typed.
    pub code: ClaimCode,
    /// The same as an invite, to be scanned.
    pub invite: InviteLink,
    /// Until when it is good, milliseconds since 1970.
    pub expires: i64,
}

impl Service {
    /// Makes a code with which a worker's own phone joins, for their record only. The phone that the next code of the same
    /// person brings in takes the place of this one's.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] where there is no such worker; `address_invalid`, `area_foreign`, `not_an_operator`.
    pub fn claim_code(
        &self,
        by: OfficialId,
        worker: RecordId,
        servers: Vec<String>,
        now: i64,
    ) -> Result<Claim, ServiceError> {
        let unit = self.storage.read()?;
        let read = |id| Ok::<_, ServiceError>(unit.records(&[id], &Scope::Office)?.pop().map(|kept| kept.record));
        let mut person =
            read(worker)?.filter(|record| record.kind == Kind::Worker).ok_or(ServiceError::NotFound("worker"))?;
        if let Some(alias) = &person.alias {
            person = read(alias.survivor)?.ok_or(ServiceError::NotFound("worker"))?;
        }
        drop(unit);
        let code = ClaimCode::generate(&mut rng());
        let root = self.keys.root();
        let invite = InviteLink { servers, root, secret: code.secret(&root) };
        let official = Official {
            // the same person again is the same owner
            id: OfficialId(person.id.0),
            name: OWNER.to_owned(),
            roles: vec![Role::Worker],
            areas: Vec::new(),
            since: now,
        };
        let only = Only::Worker { record: person.id, area: person.area };
        let expires = now + CLAIM_LASTS;
        self.invite_only(by, official, only, &invite, expires, now)?;
        Ok(Claim { code, invite, expires })
    }

    /// Invites a clinic of the directory with one phone: it will be told of the accident reports that name it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] where the directory has no such clinic; `clinic_ambiguous` where lists of several areas
    /// have it and none of them is named.
    pub fn invite_clinic(
        &self,
        by: OfficialId,
        new: &NewInvite,
        code: &str,
        id: OfficialId,
        servers: Vec<String>,
        now: i64,
    ) -> Result<InviteLink, ServiceError> {
        let mut areas: Vec<Area> = Vec::new();
        for record in self.shared(&Kind::Plkk)? {
            let is_it = Clinic::of(&record.body).is_some_and(|clinic| clinic.code == code && clinic.ended.is_none());
            if is_it && (new.areas.is_empty() || new.areas.contains(&record.area)) {
                areas.push(record.area);
            }
        }
        let area = match <[Area; 1]>::try_from(areas) {
            Ok([area]) => area,
            Err(none) if none.is_empty() => return Err(ServiceError::NotFound("clinic")),
            Err(_) => return Err(ServiceError::Refused("clinic_ambiguous".to_owned())),
        };
        let official = self.invited(new, id, now)?;
        let invite = InviteLink { servers, root: self.keys.root(), secret: InviteSecret::generate(&mut rng()) };
        let only = Only::Clinic { code: code.to_owned(), area };
        self.invite_only(by, official, only, &invite, now + INVITE_LASTS, now)?;
        Ok(invite)
    }

    fn invite_only(
        &self,
        by: OfficialId,
        official: Official,
        only: Only,
        link: &InviteLink,
        expires: i64,
        now: i64,
    ) -> Result<(), ServiceError> {
        // an address that no link can hold must not leave an invite behind
        link.to_link().map_err(|_| ServiceError::Refused("address_invalid".to_owned()))?;
        let role = if matches!(only, Only::Worker { .. }) { Role::Worker } else { Role::Plkk };
        let invite = Invite {
            hash: link.secret.hash(),
            official: official.id,
            roles: vec![role],
            areas: Vec::new(),
            only: Some(only),
            expires,
            replaces: None,
            used: None,
        };
        let acts = vec![Act::SaveOfficial { official }, Act::Invite { invite }];
        self.act_all(by, acts, now).map_err(|mut faults| faults.remove(0).1)
    }
}
