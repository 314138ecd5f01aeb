//! The PIN, the biometric way, recovery, the lease, wiping.

use super::{Client, Door, Recovered, Result};
use crate::{clock, error::CoreError, session::Session};
use payung_domain::field::FieldError;
use payung_sync::{Standing, SyncReport};
use payung_vault::{KeyVault, Lease, Lock, LockStatus, Moment, Pin, RawKey};
use std::{
    fs,
    sync::{Arc, MutexGuard, PoisonError},
};
use zeroize::Zeroizing;

#[uniffi::remote(Record)]
pub struct LockStatus {
    pub tries_left: u32,
    pub wait_ms: u64,
    pub dropped: bool,
    pub biometric: bool,
}

/// What was typed is wiped here; the copies a shell made are its own.
fn pin(typed: String) -> Result<Pin> {
    let typed = Zeroizing::new(typed);
    Pin::parse(&typed).ok_or_else(|| CoreError::Invalid { fields: vec![FieldError::new("pin", "pin_length")] })
}

#[uniffi::export]
impl Client {
    /// The first start: makes the database key, wraps it under the PIN and this phone's hardware, and opens the store.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for another than six digits, or ones that anybody would try first;
    /// [`CoreError::PinExists`]; [`CoreError::Vault`].
    pub fn set_pin(&self, typed: String) -> Result<()> {
        let (_, key) = Lock::create(&self.config.folder, self.platform(), &pin(typed)?, &mut clock::random())?;
        self.open_with(key.into()).map(drop)
    }

    /// Opens the store with the PIN. Tells what was brought over, when the database was found damaged.
    ///
    /// # Errors
    /// [`CoreError::WrongPin`], [`CoreError::PinWait`], [`CoreError::RecoveryNeeded`], [`CoreError::Vault`].
    pub fn unlock(&self, typed: String) -> Result<Option<Recovered>> {
        let key = self.lock_file()?.unlock(&pin(typed)?, self.moment())?;
        self.open_with(key.into())
    }

    /// Opens the store by finger or face, which the vault asks for.
    ///
    /// # Errors
    /// [`CoreError::PinNeeded`] where that way is off; [`CoreError::Vault`].
    pub fn unlock_by_biometric(&self) -> Result<Option<Recovered>> {
        let key = self.lock_file()?.unlock_by_biometric()?;
        self.open_with(key.into())
    }

    /// How many tries are left, how long to wait, whether the biometric way is on.
    pub fn pin_status(&self) -> Result<LockStatus> {
        Ok(self.lock_file()?.status(self.moment()))
    }

    /// Asks for the PIN again: before reprinting, exporting, revoking, handing over.
    pub fn verify_pin(&self, typed: String) -> Result<()> {
        Ok(self.lock_file()?.verify_pin(&pin(typed)?, self.moment())?)
    }

    /// Sets another PIN.
    pub fn change_pin(&self, old: String, new: String) -> Result<()> {
        Ok(self.lock_file()?.change_pin(&pin(old)?, &pin(new)?, self.moment(), &mut clock::random())?)
    }

    /// Turns the biometric way on, by the PIN.
    pub fn enable_biometric(&self, typed: String) -> Result<()> {
        let mut lock = self.lock_file()?;
        let key = lock.unlock(&pin(typed)?, self.moment())?;
        Ok(lock.enable_biometric(&key, &mut clock::random())?)
    }

    /// Turns the biometric way off.
    pub fn disable_biometric(&self) -> Result<()> {
        Ok(self.lock_file()?.disable_biometric()?)
    }

    /// The text to show an operator, who opens the escrow copy after identifying the official (`payung admin recover`).
    /// The same until it was answered.
    ///
    /// # Errors
    /// [`CoreError::NoRecovery`] on a phone that had not joined.
    pub fn recovery_request(&self) -> Result<String> {
        let request = payung_vault::request_recovery(&self.config.folder, &*self.platform(), &mut clock::random())?;
        Ok(request.to_text())
    }

    /// Takes the operator's answer, sets a new PIN and opens the store: everything is there.
    ///
    /// # Errors
    /// [`CoreError::NotUnderstood`] for an answer that is not for this phone; nothing has changed then.
    pub fn recover(&self, answer: String, new_pin: String) -> Result<Option<Recovered>> {
        let folder = &self.config.folder;
        let (_, key) = payung_vault::recover(folder, self.platform(), &answer, &pin(new_pin)?, &mut clock::random())?;
        self.open_with(key.into())
    }

    /// Days left of showing old personal data without an exchange; 0 once it is over. None before joining.
    pub fn lease_days(&self) -> Result<Option<u32>> {
        let session = self.open()?;
        Ok(match self.lease(&session)? {
            None => None,
            Some(Lease::Over) => Some(0),
            Some(Lease::Active { left_ms }) => Some(u32::try_from(left_ms / 86_400_000 + 1).unwrap_or(u32::MAX)),
        })
    }

    /// Takes everything of a person off this phone: what waits is sealed first, and the sealed bundles stay to be
    /// carried; then every way to the key goes, then the database. Done when an exchange reports a wipe order.
    ///
    /// # Errors
    /// [`CoreError::NotSaved`] when the outbox could not be sealed: nothing was wiped.
    pub fn wipe(&self) -> Result<()> {
        match self.seal_outbox() {
            Err(CoreError::NotJoined | CoreError::Locked | CoreError::Suspended) | Ok(_) => {}
            Err(error) => return Err(error),
        }
        self.close(|_| Door::Locked);
        let destroyed = payung_vault::destroy(&self.config.folder, &*self.platform(), true);
        for file in fs::read_dir(&self.config.folder)? {
            let path = file?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("payung.db") {
                fs::remove_file(path)?;
            }
        }
        Ok(destroyed?)
    }
}

impl Client {
    fn platform(&self) -> Arc<dyn KeyVault> {
        Arc::clone(&self.vault) as Arc<dyn KeyVault>
    }

    fn lock_file(&self) -> Result<Lock> {
        Ok(Lock::open(&self.config.folder, self.platform(), self.moment())?)
    }

    pub(super) fn moment(&self) -> Moment {
        clock::moment(&self.config.boot)
    }

    fn seen(&self) -> MutexGuard<'_, payung_vault::SeenTime> {
        // what was seen stays seen, whatever panicked
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an exchange said about the time. Not kept, it is known to this process all the same.
    pub(super) fn heard(&self, report: &SyncReport, asked: Moment, ended_ms: i64) {
        if let Some(ahead) = report.clock_ahead_ms {
            let server_ms = ended_ms.saturating_sub(ahead);
            if let Err(error) = self.seen().hear(server_ms, Some(asked), self.moment()) {
                tracing::warn!(%error, "the time was not kept");
            }
        }
    }

    /// None before joining. A certificate that cannot be read any more counts as over: the next exchange renews it.
    fn lease(&self, session: &Session) -> Result<Option<Lease>> {
        let Some(standing) = session.standing()? else { return Ok(None) };
        let now = self.moment();
        let mut seen = self.seen();
        // not kept, it is known to this process all the same
        let _ = seen.look(now);
        Ok(Some(standing.lease_until.map_or(Lease::Over, |until| seen.lease(until, now))))
    }

    /// Whether old personal data may be shown.
    pub(super) fn may_show(&self, session: &Session) -> Result<()> {
        match self.lease(session)? {
            Some(Lease::Over) => Err(CoreError::LeaseOver),
            Some(Lease::Active { .. }) | None => Ok(()),
        }
    }

    /// An escrow copy for the server's recovery key, once there is one. What fails is tried at the next opening.
    pub(super) fn keep_escrow(&self) {
        let door = self.read();
        let Door::Open { key, session } = &*door else { return };
        let Ok(Some(Standing { device, recovery: Some(recovery), .. })) = session.standing() else { return };
        let key: &RawKey = key;
        if let Err(error) = payung_vault::keep_escrow(&self.config.folder, key, device, &recovery, &mut clock::random())
        {
            tracing::warn!(%error, "no escrow copy was kept");
        }
    }
}
