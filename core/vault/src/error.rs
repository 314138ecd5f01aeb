//! What can go wrong, as far as a caller can act on it.

use crate::vault::VaultError;
use payung_protocol::RecoveryError;
use std::io::ErrorKind;

/// Why the lock did not do what it was asked. Holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// The PIN is wrong.
    #[error("wrong PIN: {tries_left} tries left, the next in {wait_ms} ms")]
    WrongPin {
        /// How many tries are left before only recovery helps.
        tries_left: u32,
        /// Milliseconds until the next may be made.
        wait_ms: u64,
    },
    /// Too early: the PIN was not tried, and nothing was counted.
    #[error("wait for {wait_ms} ms")]
    Wait {
        /// Milliseconds until the next try may be made.
        wait_ms: u64,
    },
    /// After too many wrong PINs the phone cannot open its database any more. Recovery helps.
    #[error("too many wrong PINs: an operator must help")]
    Dropped,
    /// The biometric way is off, or was never on.
    #[error("only the PIN opens this phone")]
    NoBiometric,
    /// A PIN that anybody would try first.
    #[error("too easy a PIN")]
    TrivialPin,
    /// There is no lock in this folder yet, or no more.
    #[error("no PIN has been set")]
    NoLock,
    /// There is a lock already: it would be the end of what it opens.
    #[error("a PIN has been set already")]
    Exists,
    /// The lock's file is damaged. It was left as it is; recovery helps.
    #[error("the file of the lock is damaged: an operator must help")]
    Damaged,
    /// A newer version of the app wrote the file. It was not touched.
    #[error("the file of the lock has format {0}, written by a newer version")]
    Newer(u8),
    /// The phone's key store. [`VaultError::Invalidated`] for the PIN means that only recovery helps.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No escrow copy was made, as before joining: nobody can help.
    #[error("this phone has no escrow copy")]
    NoEscrow,
    /// An answer without a request of this phone.
    #[error("nothing was asked for")]
    NoRequest,
    /// The request or answer was not taken.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The answer brings a key that is not this phone's. Nothing was changed.
    #[error("the answer is not for this phone's database")]
    OtherKey,
    /// A file could not be read or written; nothing was done.
    #[error("a file of the lock cannot be used: {0}")]
    File(ErrorKind),
}

impl From<ErrorKind> for LockError {
    fn from(kind: ErrorKind) -> Self {
        Self::File(kind)
    }
}

pub(crate) type Result<T, E = LockError> = std::result::Result<T, E>;
