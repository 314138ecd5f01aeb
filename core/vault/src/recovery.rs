//! Back into a phone whose PIN is forgotten, whose key store was reset, or whose key was dropped. Nothing is destroyed
//! on the way: until a new lock stands, everything is as it was, and each step may be done again.

use crate::{
    error::{LockError, Result},
    file::{self, Stored},
    key::RawKey,
    lock::{ESCROW, Lock, RECOVERY, unwrap},
    pin::Pin,
    vault::{KeyVault, Purpose, contained},
};
use payung_domain::id::DeviceId;
use payung_protocol::{Escrow, ReceiverKey, ReceiverSecret, RecoveryAnswer, RecoveryRequest, bytes};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use std::{path::Path, sync::Arc};

/// The file `escrow`.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(with = "bytes")]
    escrow: Vec<u8>,
    /// By which the key is known again that a recovery brings.
    #[serde(with = "bytes")]
    check: [u8; 8],
}

/// The file `recovery`: a request that waits for its answer.
#[derive(Serialize, Deserialize)]
struct Asked {
    /// The secret made for it, as the hardware wrapped it.
    #[serde(with = "bytes")]
    secret: Vec<u8>,
    /// The escrow copy it asks to open.
    #[serde(with = "bytes")]
    escrow: Vec<u8>,
}

/// Keeps an escrow copy of the database key, sealed to the server's recovery key and bound to the device: to be called
/// after joining, after joining again, and when the server's recovery key is another. Whether there was anything to do.
///
/// # Errors
/// [`LockError::Recovery`] where the recovery key is weak, [`LockError::File`].
pub fn keep_escrow(
    folder: &Path,
    key: &RawKey,
    device: DeviceId,
    recovery: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<bool> {
    let path = folder.join(ESCROW);
    let check = key.check()?;
    if let Stored::Found(kept) = file::read::<Kept>(&path)?
        && let Ok(escrow) = Escrow::from_bytes(&kept.escrow)
        && (escrow.device(), escrow.recovery_key(), kept.check) == (device, recovery.id(), check)
    {
        return Ok(false);
    }
    let escrow = Escrow::seal(key.expose(), device, recovery, rng)?;
    file::write(&path, &Kept { escrow: escrow.as_bytes().to_vec(), check })?;
    Ok(true)
}

/// What to show an operator. The same request as before, for as long as its answer has not come: one that was sent must
/// still be answered after the app was closed.
///
/// # Errors
/// [`LockError::NoEscrow`], [`LockError::Damaged`] where the escrow copy is, [`LockError::Vault`], [`LockError::File`].
pub fn request_recovery(folder: &Path, vault: &dyn KeyVault, rng: &mut impl CryptoRng) -> Result<RecoveryRequest> {
    let (escrow, _) = kept(folder)?;
    if let Some((request, _)) = asked(folder, vault)?.filter(|(request, _)| request.escrow == escrow) {
        return Ok(request);
    }
    let secret = ReceiverSecret::generate(rng);
    let wrapped = contained(|| vault.wrap(Purpose::Recovery, secret.to_bytes().to_vec()))?;
    file::write(&folder.join(RECOVERY), &Asked { secret: wrapped, escrow: escrow.as_bytes().to_vec() })?;
    Ok(RecoveryRequest { escrow, to: secret.receiver_key() })
}

/// Opens the operator's answer and sets a new PIN for the key it brings. The lock that was there is replaced, in
/// whatever state it is; one of a newer version is not touched.
///
/// # Errors
/// [`LockError::NoRequest`], [`LockError::Recovery`], [`LockError::OtherKey`], [`LockError::TrivialPin`],
/// [`LockError::Newer`], [`LockError::Vault`], [`LockError::File`]: nothing has changed.
pub fn recover(
    folder: &Path,
    vault: Arc<dyn KeyVault>,
    answer: &str,
    pin: &Pin,
    rng: &mut impl CryptoRng,
) -> Result<(Lock, RawKey)> {
    let answer = RecoveryAnswer::parse(answer)?;
    let (request, secret) = asked(folder, &*vault)?.ok_or(LockError::NoRequest)?;
    let opened = answer.open(&request, &secret)?;
    let key = RawKey::from_slice(&opened).ok_or(LockError::OtherKey)?;
    if key.check()? != kept(folder)?.1 {
        return Err(LockError::OtherKey);
    }
    Lock::is_ours(folder)?;
    let lock = Lock::set(folder, vault, &key, pin, rng)?;
    // the lock stands: what is left behind by a failure here is replaced by the next request
    let _ = file::remove(&folder.join(RECOVERY));
    let _ = contained(|| lock.vault.forget(Purpose::Recovery));
    Ok((lock, key))
}

fn kept(folder: &Path) -> Result<(Escrow, [u8; 8])> {
    match file::read::<Kept>(&folder.join(ESCROW))? {
        Stored::Missing => Err(LockError::NoEscrow),
        Stored::Damaged => Err(LockError::Damaged),
        Stored::Newer(version) => Err(LockError::Newer(version)),
        Stored::Found(kept) => Ok((Escrow::from_bytes(&kept.escrow)?, kept.check)),
    }
}

/// The request that waits, with its secret; none where there is none, or one that cannot be used any more.
fn asked(folder: &Path, vault: &dyn KeyVault) -> Result<Option<(RecoveryRequest, ReceiverSecret)>> {
    let found = match file::read::<Asked>(&folder.join(RECOVERY))? {
        Stored::Found(found) => found,
        Stored::Missing | Stored::Damaged => return Ok(None),
        Stored::Newer(version) => return Err(LockError::Newer(version)),
    };
    let secret = match unwrap(vault, Purpose::Recovery, &found.secret) {
        Ok(secret) => secret,
        Err(LockError::Vault(crate::VaultError::Invalidated)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (Ok(escrow), Ok(secret)) = (Escrow::from_bytes(&found.escrow), ReceiverSecret::from_bytes(secret.expose()))
    else {
        return Ok(None);
    };
    Ok(Some((RecoveryRequest { escrow, to: secret.receiver_key() }, secret)))
}
