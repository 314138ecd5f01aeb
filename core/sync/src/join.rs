//! A phone joins by an invite or a claim code, or joins again after its device was revoked or its numbers were used by a copy.

use crate::{
    address::{AddressError, ServerAddress},
    error::JoinError,
    membership::{Granted, Joining, KnownServer},
    pace::Pace,
    transport::{Transport, TransportError},
};
use payung_protocol::{
    AppFacts, Attestation, BundleId, Certificate, ClaimCode, ClaimError, DeviceKeys, Endpoint, Invite, JoinAnswer,
    JoinReply, JoinRequest, ProblemCode, PublishedKeys, SealError, Serials, ServerKeys, ServerLink, open_join_answer,
    seal_join,
};
use payung_store::{Identity, Store};
use rand_core::CryptoRng;

/// What the phone says of itself when it joins.
#[derive(Clone, Debug, Default)]
pub struct JoinFacts {
    /// About the app.
    pub app: Option<AppFacts>,
    /// What the hardware says of the phone, where it says anything.
    pub attestation: Option<Attestation>,
}

/// Joins by an invite's link; on a phone that had joined before, joins again as a new device, and what it had not
/// sent is issued anew under that device's numbers. Drafts made before get their area.
///
/// The same link may be used until an answer comes: the keys are made once and kept, and the server answers the same
/// keys with the same certificate. Having joined by this link already, the phone answers without asking.
///
/// # Errors
/// [`JoinError`]; nothing is used up by an answer that was lost.
pub fn join(
    link: &str,
    facts: &JoinFacts,
    store: &Store,
    transport: &dyn Transport,
    now_ms: i64,
    rng: &mut impl CryptoRng,
) -> Result<Identity, JoinError> {
    join_by(&Invite::parse(link)?, facts, store, transport, now_ms, rng)
}

/// Joins by the claim code on a worker's slip, for their own record. `server` is the link of the server it is of
/// ([`payung_protocol::ServerLink`]): from the wall of the office, or built into the app. In all else as [`join`]: the same
/// code may be tried until an answer comes.
///
/// # Errors
/// [`JoinError`]; nothing is used up by an answer that was lost.
pub fn claim(
    code: &str,
    server: &str,
    facts: &JoinFacts,
    store: &Store,
    transport: &dyn Transport,
    now_ms: i64,
    rng: &mut impl CryptoRng,
) -> Result<Identity, JoinError> {
    let server = ServerLink::parse(server).map_err(ClaimError::Server)?;
    join_by(&ClaimCode::parse(code)?.invite(&server), facts, store, transport, now_ms, rng)
}

fn join_by(
    invite: &Invite,
    facts: &JoinFacts,
    store: &Store,
    transport: &dyn Transport,
    now_ms: i64,
    rng: &mut impl CryptoRng,
) -> Result<Identity, JoinError> {
    let addresses = usable(&invite.servers)?;
    let secret = invite.secret.hash();
    let known = KnownServer::load(store)?;
    let begun = Joining::load(store)?.filter(|joining| joining.invite == secret);
    let mut joining = match (begun, store.identity()?) {
        (Some(begun), _) => begun,
        (None, Some(identity)) if known.as_ref().is_some_and(|known| known.invite == hex::encode(secret)) => {
            return Ok(identity);
        }
        (None, _) => {
            let fresh = Joining { invite: secret, own: DeviceKeys::generate(rng), granted: None };
            fresh.save(store)?;
            fresh
        }
    };
    if let Some(identity) = joining.finish(store)? {
        return Ok(identity);
    }
    let seen = known.filter(|known| known.root == invite.root).map_or(Ok(Serials::default()), |known| {
        known.published.verify(&known.root, Serials::default()).map(|keys| keys.serials()).map_err(JoinError::Keys)
    })?;
    let request = JoinRequest {
        secret: invite.secret.clone(),
        session_key: joining.own.session.verifying_key(),
        device_key: joining.own.device.receiver_key(),
        attestation: facts.attestation.clone(),
        app: facts.app.clone(),
    };
    let asker = Asker { transport, own: &joining.own, invite, seen, now_ms };
    let (published, reply) = asker.ask_all(&addresses, &request, rng)?;
    let server = KnownServer {
        addresses: invite.servers.clone(),
        root: invite.root,
        published,
        fetched_ms: now_ms,
        invite: hex::encode(secret),
    };
    joining.granted = Some(Granted { server, certificate: hex::encode(reply.certificate) });
    joining.save(store)?;
    let identity = joining.finish(store)?.ok_or(JoinError::OtherCertificate)?;
    Pace::default().save(store)?;
    tracing::info!(device = %identity.device, "joined");
    Ok(identity)
}

fn usable(servers: &[String]) -> Result<Vec<ServerAddress>, AddressError> {
    let mut addresses = Vec::new();
    let mut refused = AddressError::Malformed;
    for server in servers {
        match ServerAddress::parse(server) {
            Ok(address) => addresses.push(address),
            Err(error) => refused = error,
        }
    }
    if addresses.is_empty() { Err(refused) } else { Ok(addresses) }
}

struct Asker<'a> {
    transport: &'a dyn Transport,
    own: &'a DeviceKeys,
    invite: &'a Invite,
    seen: Serials,
    now_ms: i64,
}

impl Asker<'_> {
    /// The first address that answers is used.
    fn ask_all(
        &self,
        addresses: &[ServerAddress],
        request: &JoinRequest,
        rng: &mut impl CryptoRng,
    ) -> Result<(PublishedKeys, JoinReply), JoinError> {
        let mut last = JoinError::Transport(TransportError::Unreachable);
        for address in addresses {
            match self.ask(address, request, rng) {
                Err(error @ JoinError::Transport(_)) => last = error,
                other => return other,
            }
        }
        Err(last)
    }

    fn ask(
        &self,
        address: &ServerAddress,
        request: &JoinRequest,
        rng: &mut impl CryptoRng,
    ) -> Result<(PublishedKeys, JoinReply), JoinError> {
        match self.ask_once(address, request, rng) {
            // the key was replaced between the two requests
            Err(JoinError::Transport(TransportError::Refused { problem, .. }))
                if problem.code == ProblemCode::Reseal =>
            {
                self.ask_once(address, request, rng)
            }
            other => other,
        }
    }

    fn ask_once(
        &self,
        address: &ServerAddress,
        request: &JoinRequest,
        rng: &mut impl CryptoRng,
    ) -> Result<(PublishedKeys, JoinReply), JoinError> {
        let json = self.transport.exchange(address, Endpoint::Keys, &[]).map_err(refusal)?;
        let published = PublishedKeys::parse(&json).map_err(JoinError::Keys)?;
        let keys = published.verify(&self.invite.root, self.seen).map_err(JoinError::Keys)?;
        let receiver = keys.receivers.current(self.now_ms).ok_or(JoinError::Keys(SealError::Message))?;
        let bundle = BundleId::generate(rng);
        let sealed = seal_join(request, bundle, &self.own.session, &receiver, rng).map_err(JoinError::Seal)?;
        let sent = sealed.sent().map_err(JoinError::Seal)?;
        let answer = self.transport.exchange(address, Endpoint::Join, sealed.as_bytes()).map_err(refusal)?;
        let signer = |id| keys.keys.signing_key(id);
        match open_join_answer(&answer, &self.own.device, signer, &sent).map_err(JoinError::Reply)? {
            JoinAnswer::Refused(problem) => Err(JoinError::Refused(Box::new(problem))),
            JoinAnswer::Joined(reply) => {
                self.check(&reply, &keys)?;
                Ok((published, reply))
            }
        }
    }

    fn check(&self, reply: &JoinReply, keys: &ServerKeys) -> Result<(), JoinError> {
        let signer = |id| keys.keys.signing_key(id);
        let certificate = Certificate::verify(&reply.certificate, signer).map_err(JoinError::Reply)?;
        let ours = certificate.server == self.invite.root
            && certificate.session_key == self.own.session.verifying_key()
            && certificate.device_key == self.own.device.receiver_key()
            && certificate.home().is_some();
        if ours { Ok(()) } else { Err(JoinError::OtherCertificate) }
    }
}

/// A server may say no to the invite without sealing it: it only makes the person ask for another.
fn refusal(error: TransportError) -> JoinError {
    use ProblemCode::{InviteExpired, InviteUnknown, InviteUsed};
    match error {
        TransportError::Refused { problem, .. }
            if matches!(problem.code, InviteUnknown | InviteUsed | InviteExpired) =>
        {
            JoinError::Refused(problem)
        }
        other => JoinError::Transport(other),
    }
}
