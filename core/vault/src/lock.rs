//! The lock itself: the database key behind the PIN, and behind the biometric way where that is on.

use crate::{
    error::{LockError, Result},
    file::{self, Stored},
    key::{RawKey, SALT, With, Wrapped},
    moment::Moment,
    pin::Pin,
    tries::Tries,
    vault::{KeyVault, Purpose, VaultError, contained},
};
use payung_protocol::bytes;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

const LOCK: &str = "lock";
const TRIES: &str = "tries";
pub(crate) const ESCROW: &str = "escrow";
pub(crate) const RECOVERY: &str = "recovery";

/// The ways to the database key. None behind the PIN: dropped.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Ways {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pin: Option<PinWay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    biometric: Option<Wrapped>,
}

#[derive(Clone, Serialize, Deserialize)]
struct PinWay {
    #[serde(with = "bytes")]
    salt: [u8; SALT],
    wrapped: Wrapped,
}

/// What a screen needs to know before a PIN is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockStatus {
    /// Wrong PINs left before only recovery helps; 0 once it does.
    pub tries_left: u32,
    /// Milliseconds until the next try may be made.
    pub wait_ms: u64,
    /// Too many wrong PINs, or wiped: recovery helps.
    pub dropped: bool,
    /// The biometric way is on.
    pub biometric: bool,
}

/// The lock of a phone. It holds no key: what it opens is given away, and gone when that is dropped.
pub struct Lock {
    folder: PathBuf,
    pub(crate) vault: Arc<dyn KeyVault>,
    ways: Ways,
    tries: Tries,
}

/// Whether a lock has been set in a folder, be it damaged or of a newer version.
///
/// # Errors
/// [`LockError::File`].
pub fn is_set(folder: &Path) -> Result<bool> {
    Ok(!matches!(file::read::<Ways>(&folder.join(LOCK))?, Stored::Missing))
}

/// Ends every way to the database key: the wrapped keys, the hardware's secrets, a recovery under way. The escrow copy
/// goes only if told so; with it an operator can still open the database, should that be kept. May be done again
/// where it was cut short; everything is tried before the first failure is told.
///
/// # Errors
/// [`LockError::File`], [`LockError::Vault`]: something is left.
pub fn destroy(folder: &Path, vault: &dyn KeyVault, with_escrow: bool) -> Result<()> {
    let files = [LOCK, TRIES, RECOVERY].into_iter().chain(with_escrow.then_some(ESCROW));
    let removed: Vec<Result<()>> = files.map(|name| Ok(file::remove(&folder.join(name))?)).collect();
    let forgotten = [Purpose::Pin, Purpose::Biometric, Purpose::Recovery]
        .map(|purpose| contained(|| vault.forget(purpose)).map_err(LockError::from));
    removed.into_iter().chain(forgotten).collect()
}

impl Lock {
    /// Makes a database key and sets the first PIN. Before the call returns nothing is locked by that key, so that a
    /// kill in the middle costs nothing.
    ///
    /// # Errors
    /// [`LockError::Exists`], [`LockError::TrivialPin`], [`LockError::Vault`], [`LockError::File`].
    pub fn create(
        folder: &Path,
        vault: Arc<dyn KeyVault>,
        pin: &Pin,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, RawKey)> {
        if is_set(folder)? {
            return Err(LockError::Exists);
        }
        let key = RawKey::generate(rng);
        Ok((Self::set(folder, vault, &key, pin, rng)?, key))
    }

    /// A new lock for a key. It takes the place of what was there, whatever that was.
    pub(crate) fn set(
        folder: &Path,
        vault: Arc<dyn KeyVault>,
        key: &RawKey,
        pin: &Pin,
        rng: &mut impl CryptoRng,
    ) -> Result<Self> {
        let pin = PinWay::new(&*vault, key, pin, rng)?;
        let mut lock = Self { folder: folder.to_owned(), vault, ways: Ways::default(), tries: Tries::default() };
        // first the tries: a new lock beside the used-up tries of the old one would be dropped at once
        lock.tries.save(&lock.path(TRIES))?;
        lock.keep(Ways { pin: Some(pin), biometric: None })?;
        Ok(lock)
    }

    /// Whether the lock of a folder, if there is one, may be replaced by this version.
    pub(crate) fn is_ours(folder: &Path) -> Result<()> {
        match file::read::<Ways>(&folder.join(LOCK))? {
            Stored::Newer(version) => Err(LockError::Newer(version)),
            Stored::Missing | Stored::Damaged | Stored::Found(_) => Ok(()),
        }
    }

    /// The lock of a folder. A dropping that was cut short is completed.
    ///
    /// # Errors
    /// [`LockError::NoLock`], [`LockError::Damaged`], [`LockError::Newer`], [`LockError::File`].
    pub fn open(folder: &Path, vault: Arc<dyn KeyVault>, now: Moment) -> Result<Self> {
        let ways = match file::read(&folder.join(LOCK))? {
            Stored::Missing => return Err(LockError::NoLock),
            Stored::Damaged => return Err(LockError::Damaged),
            Stored::Newer(version) => return Err(LockError::Newer(version)),
            Stored::Found(ways) => ways,
        };
        let tries = Tries::load(&folder.join(TRIES), now)?;
        let mut lock = Self { folder: folder.to_owned(), vault, ways, tries };
        if lock.tries.left() == 0 {
            lock.drop_ways()?;
        }
        Ok(lock)
    }

    /// What a screen needs to know.
    pub fn status(&self, now: Moment) -> LockStatus {
        let dropped = self.ways.pin.is_none();
        LockStatus {
            tries_left: if dropped { 0 } else { self.tries.left() },
            wait_ms: if dropped { 0 } else { self.tries.wait_ms(now) },
            dropped,
            biometric: self.ways.biometric.is_some(),
        }
    }

    /// Tries a PIN. The try is counted, durably, before the PIN is looked at.
    ///
    /// # Errors
    /// [`LockError::WrongPin`], [`LockError::Wait`], [`LockError::Dropped`]; [`LockError::Vault`] and
    /// [`LockError::File`], which cost no try.
    pub fn unlock(&mut self, pin: &Pin, now: Moment) -> Result<RawKey> {
        let way = self.ways.pin.clone().ok_or(LockError::Dropped)?;
        self.tries = self.tries.anchored(now);
        let wait_ms = self.tries.wait_ms(now);
        if wait_ms > 0 {
            return Err(LockError::Wait { wait_ms });
        }
        // before it is counted: what the hardware does is no guess at the PIN
        let secret = self.secret(Purpose::Pin, &way.wrapped)?;
        let begun = self.tries.begun(now);
        begun.save(&self.path(TRIES))?;
        self.tries = begun;
        if let Some(key) = way.wrapped.open(&secret, With::Pin(pin, &way.salt))? {
            self.tries = Tries::default();
            // where this fails the file counts one try too many, and a right PIN opens all the same
            let _ = self.tries.save(&self.path(TRIES));
            return Ok(key);
        }
        if self.tries.left() == 0 {
            self.drop_ways()?;
            return Err(LockError::Dropped);
        }
        Err(LockError::WrongPin { tries_left: self.tries.left(), wait_ms: self.tries.wait_ms(now) })
    }

    /// Whether the PIN is right, before a reprint, an export, a revocation or a hand-over. Counts as a try like any
    /// other.
    ///
    /// # Errors
    /// As [`Lock::unlock`].
    pub fn verify_pin(&mut self, pin: &Pin, now: Moment) -> Result<()> {
        self.unlock(pin, now).map(drop)
    }

    /// Sets another PIN for the same key. A kill at any moment leaves the old one or the new one; the biometric way
    /// stays.
    ///
    /// # Errors
    /// As [`Lock::unlock`] for the old PIN; [`LockError::TrivialPin`] for the new one, before the old one is tried.
    pub fn change_pin(&mut self, old: &Pin, new: &Pin, now: Moment, rng: &mut impl CryptoRng) -> Result<()> {
        if new.is_trivial() {
            return Err(LockError::TrivialPin);
        }
        let key = self.unlock(old, now)?;
        let pin = PinWay::new(&*self.vault, &key, new, rng)?;
        self.keep(Ways { pin: Some(pin), biometric: self.ways.biometric.clone() })
    }

    /// Turns the biometric way on; `key` is what this lock opened.
    ///
    /// # Errors
    /// [`LockError::Dropped`], [`LockError::Vault`], [`LockError::File`].
    pub fn enable_biometric(&mut self, key: &RawKey, rng: &mut impl CryptoRng) -> Result<()> {
        if self.ways.pin.is_none() {
            return Err(LockError::Dropped);
        }
        let way = wrap(&*self.vault, Purpose::Biometric, key, With::Biometric, rng)?;
        self.keep(Ways { biometric: Some(way), ..self.ways.clone() })
    }

    /// Turns the biometric way off.
    ///
    /// # Errors
    /// [`LockError::File`]: it is still on. [`LockError::Vault`]: it is off, and the hardware kept its key.
    pub fn disable_biometric(&mut self) -> Result<()> {
        self.keep(Ways { biometric: None, ..self.ways.clone() })?;
        Ok(contained(|| self.vault.forget(Purpose::Biometric))?)
    }

    /// Opens by finger or face. It neither counts as a try nor gives any back, and no wait holds it up: the hardware
    /// has limits of its own. A way that the hardware has lost is off from then on, and the PIN is asked for.
    ///
    /// # Errors
    /// [`LockError::NoBiometric`], [`LockError::Vault`]. With [`LockError::Damaged`] the PIN may still open.
    pub fn unlock_by_biometric(&mut self) -> Result<RawKey> {
        let way = self.ways.biometric.clone().ok_or(LockError::NoBiometric)?;
        let opened = self
            .secret(Purpose::Biometric, &way)
            .and_then(|secret| way.open(&secret, With::Biometric)?.ok_or(LockError::Damaged));
        if opened.as_ref().err() == Some(&LockError::Vault(VaultError::Invalidated)) {
            let _ = self.keep(Ways { biometric: None, ..self.ways.clone() });
        }
        opened
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The hardware's secret of a wrapping. One that is not the same any more was lost with the hardware's key.
    fn secret(&self, purpose: Purpose, wrapped: &Wrapped) -> Result<RawKey> {
        let secret = unwrap(&*self.vault, purpose, &wrapped.secret)?;
        if wrapped.is_of(&secret) { Ok(secret) } else { Err(VaultError::Invalidated.into()) }
    }

    fn keep(&mut self, ways: Ways) -> Result<()> {
        file::write(&self.path(LOCK), &ways)?;
        self.ways = ways;
        Ok(())
    }

    /// Ends the ways to the key. The file stays and says so; escrow copy, database and sealed outbox stay as they are.
    fn drop_ways(&mut self) -> Result<()> {
        if self.ways.pin.is_none() && self.ways.biometric.is_none() {
            return Ok(());
        }
        // in its place where the disk is full: torn, it opens as little
        let kept = file::write_anyhow(&self.path(LOCK), &Ways::default());
        self.ways = Ways::default();
        // older copies of the file are worth nothing without the hardware's keys; where those stay, so does the count
        for purpose in [Purpose::Pin, Purpose::Biometric] {
            let _ = contained(|| self.vault.forget(purpose));
        }
        Ok(kept?)
    }
}

impl PinWay {
    fn new(vault: &dyn KeyVault, key: &RawKey, pin: &Pin, rng: &mut impl CryptoRng) -> Result<Self> {
        if pin.is_trivial() {
            return Err(LockError::TrivialPin);
        }
        let mut salt = [0; SALT];
        rng.fill_bytes(&mut salt);
        let wrapped = wrap(vault, Purpose::Pin, key, With::Pin(pin, &salt), rng)?;
        Ok(Self { salt, wrapped })
    }
}

fn wrap(
    vault: &dyn KeyVault,
    purpose: Purpose,
    key: &RawKey,
    with: With<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Wrapped> {
    let secret = RawKey::generate(rng);
    let wrapped = contained(|| vault.wrap(purpose, secret.expose().to_vec()))?;
    // a key store that does not give back what it took must be known now, not at the next unlocking; the biometric way
    // would ask for the finger twice, and the PIN opens without it
    if purpose != Purpose::Biometric && unwrap(vault, purpose, &wrapped)?.expose() != secret.expose() {
        return Err(VaultError::Failed.into());
    }
    Wrapped::new(key, &secret, wrapped, with, rng)
}

pub(crate) fn unwrap(vault: &dyn KeyVault, purpose: Purpose, wrapped: &[u8]) -> Result<RawKey> {
    let secret = Zeroizing::new(contained(|| vault.unwrap(purpose, wrapped.to_vec()))?);
    RawKey::from_slice(&secret).ok_or(LockError::Vault(VaultError::Failed))
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lock").field("tries", &self.tries).finish_non_exhaustive()
    }
}
