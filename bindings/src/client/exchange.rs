//! Joining, the exchange, the sealed outbox, observing.

use super::{Client, Result};
use crate::{
    clock,
    error::CoreError,
    exchanges,
    notify::{StoreObserver, Subscription, SyncObserver},
};
use payung_protocol::Endpoint;
use payung_sync::{
    CarryReport, JoinFacts, ServerAddress, SyncError, SyncReport, Transport, TransportError, Urgency, claim, join,
};
use std::{path::PathBuf, sync::Arc};

/// What a background job brought to the server and back, without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Carried {
    /// Bundles that were answered; what became of each act shows when the phone is unlocked.
    pub answered: u64,
    /// Bundles that wait still: try again later.
    pub waiting: u64,
    /// Bundles that must be sealed anew, at the next unlocking.
    pub returned: u64,
}

impl From<CarryReport> for Carried {
    fn from(report: CarryReport) -> Self {
        let CarryReport { answered, waiting, returned, .. } = report;
        Self { answered: answered as u64, waiting: waiting as u64, returned: returned as u64 }
    }
}

/// The invite's addresses, or another of our server's: a hub, a typed one.
struct Road<'c> {
    road: &'c dyn Transport,
    via: Option<ServerAddress>,
}

impl Transport for Road<'_> {
    fn exchange(
        &self,
        server: &ServerAddress,
        endpoint: Endpoint,
        body: &[u8],
    ) -> std::result::Result<Vec<u8>, TransportError> {
        self.road.exchange(self.via.as_ref().unwrap_or(server), endpoint, body)
    }
}

pub(super) fn address(via: Option<String>) -> Result<Option<ServerAddress>> {
    let parsed = via.as_deref().map(ServerAddress::hub).transpose();
    parsed.map_err(|error| CoreError::NotUnderstood { reason: error.to_string() })
}

#[uniffi::export]
impl Client {
    /// Joins by an invite's link, or joins again in the same one step. The same link may be tried until it succeeds.
    /// `via` is another address of our server, where the phone was told one.
    pub fn join(&self, invite: String, via: Option<String>) -> Result<()> {
        let session = self.open()?;
        let facts = JoinFacts { app: Some(session.facts(&self.config.app_version)), attestation: None };
        let road = Road { road: &*self.road, via: address(via)? };
        let joined = join(&invite, &facts, &session.store, &road, clock::now_ms(), &mut clock::random());
        session.look_anew();
        drop(session);
        joined?;
        self.keep_escrow();
        Ok(())
    }

    /// Joins a worker's own phone by the code on their slip, as typed. `server` is the link of the server the code is of,
    /// `payung://server/…`: from the wall of the office, or built into the app. The QR code of the slip is an invite:
    /// [`Client::join`]. In all else as that.
    ///
    /// # Errors
    /// [`CoreError::NotUnderstood`] where it is no code; [`CoreError::Refused`] by `invite_unknown`, `invite_used`,
    /// `invite_expired`.
    pub fn claim(&self, code: String, server: String, via: Option<String>) -> Result<()> {
        let session = self.open()?;
        let facts = JoinFacts { app: Some(session.facts(&self.config.app_version)), attestation: None };
        let road = Road { road: &*self.road, via: address(via)? };
        let now = clock::now_ms();
        let joined = claim(&code, &server, &facts, &session.store, &road, now, &mut clock::random());
        session.look_anew();
        drop(session);
        joined?;
        self.keep_escrow();
        Ok(())
    }

    /// Exchanges until all is quiet: sends what waits, takes what others did. `asked` by a person, it does not wait out
    /// the phone's own pauses. Where the server ordered this phone to be wiped, that is done when this returns: the
    /// report says `wipe`.
    pub fn sync(&self, asked: bool, via: Option<String>) -> Result<SyncReport> {
        let session = self.session()?;
        let carrying = self.outbox.lock()?;
        let road = Road { road: &*self.road, via: address(via)? };
        let facts = session.facts(&self.config.app_version);
        let urgency = if asked { Urgency::Person } else { Urgency::Background };
        let asked_at = self.moment();
        let run = self.courier.sync(&session.store, &road, facts, urgency, &clock::now_ms, &mut clock::random());
        session.look_anew();
        let report = run.as_ref().unwrap_or_else(|failure| &*failure.report);
        self.heard(report, asked_at, clock::now_ms());
        exchanges::note(&session.store, clock::now_ms(), run.as_ref());
        let ordered = report.wipe;
        drop((session, carrying));
        if ordered {
            self.wipe()?;
        }
        Ok(run?)
    }

    /// Ends a run, a carrying or a sending of photos under way before its next exchange or chunk; what it has not done
    /// stays for the next.
    pub fn interrupt(&self) {
        self.uploader.interrupt();
        self.courier.interrupt();
    }

    /// When an exchange last ended well, milliseconds since 1970.
    pub fn last_success_ms(&self) -> Result<Option<i64>> {
        exchanges::last_success(&self.session()?.store)
    }

    /// Tells `observer` what changes on this phone, from now on, until the subscription ends.
    pub fn observe(&self, observer: Arc<dyn StoreObserver>) -> Arc<Subscription> {
        self.notifier.board.observe_store(observer)
    }

    /// Tells `observer` what the exchange is doing, from now on, until the subscription ends.
    pub fn observe_sync(&self, observer: Arc<dyn SyncObserver>) -> Arc<Subscription> {
        self.notifier.board.observe_sync(observer, self.courier.state())
    }

    /// Seals what waits into files that can be carried without the key. Done by itself on each save and on lock. Gives
    /// how many acts were sealed.
    ///
    /// # Errors
    /// [`CoreError::NotSaved`] on a full disk: the acts are in the database all the same.
    pub fn seal_outbox(&self) -> Result<u64> {
        let session = self.session()?;
        let sealed = self.outbox.seal(&session.store, clock::now_ms(), &mut clock::random());
        Ok(sealed? as u64)
    }

    /// Carries the sealed files to the server and keeps the answers: for a background job, locked or not.
    ///
    /// # Errors
    /// [`CoreError::NotConnected`]; [`CoreError::AlreadyRunning`] while the phone exchanges by itself.
    pub fn carry_outbox(&self, via: Option<String>) -> Result<Carried> {
        self.road.open();
        let road = Road { road: &*self.road, via: address(via)? };
        Ok(self.outbox.carry(&road, &|| false)?.into())
    }

    /// The sealed files that wait: to be handed over on a memory card (`payung admin bundle FILE`).
    pub fn outbox_files(&self) -> Result<Vec<PathBuf>> {
        Ok(self.outbox.bundles()?)
    }
}

impl Client {
    /// A save that could not be sealed is saved all the same; the next sealing tries again.
    pub(super) fn seal_quietly(&self) {
        if let Err(error) = self.seal_outbox()
            && error != CoreError::NotJoined
        {
            tracing::warn!(%error, "the outbox was not sealed");
        }
    }

    /// Takes the answers that were carried while the phone was locked. What fails stays for the next time.
    pub(super) fn take_carried(&self) {
        let Ok(session) = self.session() else { return };
        let taken = self.outbox.apply(&session.store, clock::now_ms());
        session.look_anew();
        if taken.as_ref().is_ok_and(|report| report.wipe) {
            drop(session);
            if let Err(error) = self.wipe() {
                tracing::warn!(%error, "not wiped yet");
            }
            return;
        }
        match taken {
            Ok(report) if report.uploaded + report.refused + report.held > 0 => {
                exchanges::note(&session.store, clock::now_ms(), Ok(&report));
            }
            Ok(_) | Err(SyncError::NotJoined) => {}
            Err(error) => tracing::warn!(%error, "carried answers were not taken"),
        }
    }
}
