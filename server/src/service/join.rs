//! A phone joins: the invite's secret and its public keys for a certificate. Later it asks for a newer one.

use super::{
    Service, ServiceError,
    operator::{Act, INVITE_LASTS},
};
use crate::{
    clock,
    storage::{Device, DeviceState},
};
use payung_domain::{area::Area, id::DeviceId, only::Only};
use payung_protocol::{
    Certificate, JoinAnswer, JoinReply, JoinRequest, Problem, ProblemCode, ReceiverKey, RenewRequest,
};

impl Service {
    /// Answers a join request whose signature is good. The same invite with the same keys gets the same certificate for
    /// 72 hours: a lost answer burns nothing.
    pub fn join(&self, request: &JoinRequest, request_id: &str, now: i64) -> Result<JoinAnswer, ServiceError> {
        let refuse = |code| Ok(JoinAnswer::Refused(Problem::new(code, request_id)));
        let unit = self.storage.read()?;
        let hash = request.secret.hash();
        let Some(invite) = unit.invite(&hash)? else { return refuse(ProblemCode::InviteUnknown) };
        if let Some((device, used_at)) = invite.used {
            let device = unit.device(device)?;
            let same = device
                .filter(|device| device.session_key == request.session_key && device.device_key == request.device_key);
            return match same {
                None => refuse(ProblemCode::InviteUsed),
                Some(device) if now <= used_at + INVITE_LASTS && device.state == DeviceState::Active => {
                    Ok(JoinAnswer::Joined(JoinReply { certificate: device.certificate, server_time: now }))
                }
                Some(_) => refuse(ProblemCode::InviteExpired),
            };
        }
        let erased = match &invite.only {
            Some(Only::Worker { record, .. }) => unit.is_erased(*record)?,
            _ => false,
        };
        if now > invite.expires || erased {
            return refuse(ProblemCode::InviteExpired);
        }
        // what this person wrote on an earlier phone is judged by the areas they had there; of a phone that was put
        // away it is not known when, so a person looks
        let mut left: Vec<(Area, i64)> = Vec::new();
        for earlier in unit.devices()?.into_iter().filter(|device| device.official == invite.official) {
            let lost = earlier.areas.into_iter().filter(|area| !invite.areas.iter().any(|now| area.is_within(now)));
            let until = if earlier.state == DeviceState::Active { now } else { earlier.joined_at };
            left.extend(lost.map(|area| (area, until)).chain(earlier.left));
        }
        left.sort();
        left.dedup();
        drop(unit);
        let mut device = Device {
            id: DeviceId(clock::new_id()),
            official: invite.official,
            state: DeviceState::Active,
            seen_through: 0,
            session_key: request.session_key,
            device_key: request.device_key,
            roles: invite.roles,
            areas: invite.areas,
            only: invite.only,
            left,
            joined_at: now,
            certificate: Vec::new(),
            unfetched: false,
            wipe: false,
            attestation: request.attestation.clone(),
            invite: hash,
        };
        device.certificate = self.certify(&device, invite.replaces, 0, now)?;
        let certificate = device.certificate.clone();
        match self.act_as_server(Act::Join { device }, now) {
            Ok(()) => Ok(JoinAnswer::Joined(JoinReply { certificate, server_time: now })),
            // another phone was faster with the same invite
            Err(ServiceError::Refused(code)) if code == "invite_used" => refuse(ProblemCode::InviteUsed),
            Err(error) => Err(error),
        }
    }

    /// Answers a device's request for its certificate, whose signature is good: the one at hand while it is newer than
    /// the device's or far from its end, so that a lost answer burns nothing; else a new one. Answers with the key to
    /// seal to, too.
    pub fn renew(
        &self,
        device: DeviceId,
        request: RenewRequest,
        request_id: &str,
        now: i64,
    ) -> Result<(JoinAnswer, ReceiverKey), ServiceError> {
        let known = self.storage.read()?.device(device)?.ok_or(ServiceError::NotFound("device"))?;
        let refusal = JoinAnswer::Refused(Problem::new(ProblemCode::DeviceRevoked, request_id));
        if known.state != DeviceState::Active {
            return Ok((refusal, known.device_key));
        }
        let signing = self.keys.signing().verifying_key();
        let at_hand = Certificate::verify(&known.certificate, |id| (id == signing.id()).then_some(signing));
        // an older one than the device has: a restore without the journal forgot that one
        let good = at_hand.ok().filter(|certificate| certificate.serial >= request.serial && !certificate.is_due(now));
        let mut certificate = known.certificate.clone();
        match good {
            Some(good) if good.serial == request.serial => self.note_fetched(device)?,
            Some(_) => {}
            None => {
                certificate = self.certify(&known, None, request.serial, now)?;
                let (certificate, areas) = (certificate.clone(), known.areas);
                match self.act_as_server(Act::Renew { device, certificate, areas }, now) {
                    Ok(()) => {}
                    // since it was read
                    Err(ServiceError::Refused(code)) if code == ProblemCode::DeviceRevoked.as_str() => {
                        return Ok((refusal, known.device_key));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok((JoinAnswer::Joined(JoinReply { certificate, server_time: now }), known.device_key))
    }

    /// The device has the certificate at hand: its replies need not say any more that there is a newer one. Not in the
    /// journal: after a restore it is told once more, at the cost of one request.
    fn note_fetched(&self, device: DeviceId) -> Result<(), ServiceError> {
        let unit = self.storage.write()?;
        if let Some(mut row) = unit.device(device)?.filter(|row| row.unfetched) {
            row.unfetched = false;
            unit.save_device(&row)?;
            unit.commit()?;
        }
        Ok(())
    }
}
