//! A phone joins: the invite's secret and its public keys for a certificate.

use super::{
    Service, ServiceError,
    operator::{Act, INVITE_LASTS},
};
use crate::{
    clock,
    storage::{Device, DeviceState},
};
use payung_domain::id::DeviceId;
use payung_protocol::{JoinAnswer, JoinReply, JoinRequest, Problem, ProblemCode};

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
        if now > invite.expires {
            return refuse(ProblemCode::InviteExpired);
        }
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
            left: Vec::new(),
            joined_at: now,
            certificate: Vec::new(),
            invite: hash,
        };
        device.certificate = self.certify(&device, invite.replaces, now)?;
        let certificate = device.certificate.clone();
        match self.act_as_server(Act::Join { device }, now) {
            Ok(()) => Ok(JoinAnswer::Joined(JoinReply { certificate, server_time: now })),
            // another phone was faster with the same invite
            Err(ServiceError::Refused(code)) if code == "invite_used" => refuse(ProblemCode::InviteUsed),
            Err(error) => Err(error),
        }
    }
}
