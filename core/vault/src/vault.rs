//! The platform's part: keys that never leave the phone's hardware.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a wrapped secret is for. Each has a hardware key of its own: the biometric one asks for the finger or face and
/// dies when those enrolled change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Is mixed with the PIN. Usable whenever the phone is unlocked.
    Pin,
    /// Opens the database key without the PIN. Usable once the owner of the phone was recognised.
    Biometric,
    /// The key made for a recovery, until its answer comes. Usable whenever the phone is unlocked.
    Recovery,
}

/// A signature by the hardware's own key: ECDSA, P-256, SHA-256 (FIPS 186-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardwareSignature {
    /// The public key, SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// The signature, DER.
    pub signature: Vec<u8>,
}

/// Why the platform did not do it. Each asks for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not now: the phone is locked, the keystore is busy. Try again.
    #[error("the phone's key store is not available now")]
    Unavailable,
    /// The hardware key is gone for good: the key store was reset, or those whom the phone recognises have changed.
    #[error("the phone's key store has lost the key")]
    Invalidated,
    /// The owner of the phone was not recognised, or cancelled.
    #[error("not recognised, or cancelled")]
    Refused,
    /// Anything else.
    #[error("the phone's key store failed")]
    Failed,
}

/// Android Keystore, Secure Enclave, or [`crate::SoftwareVault`]. Blocking; called from the thread of whoever calls the
/// lock. What `wrap` returns is kept in files and worth nothing on another phone.
pub trait KeyVault: Send + Sync {
    /// Encrypts a secret under the hardware key of a purpose, which is made when there is none.
    fn wrap(&self, purpose: Purpose, plain: Vec<u8>) -> Result<Vec<u8>, VaultError>;

    /// Decrypts what [`KeyVault::wrap`] returned for the same purpose.
    fn unwrap(&self, purpose: Purpose, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError>;

    /// Destroys the hardware key of a purpose: what was wrapped under it is gone wherever copies of it lie. Nothing
    /// happens where there is none.
    fn forget(&self, purpose: Purpose) -> Result<(), VaultError>;

    /// Signs with the hardware's own key; none on phones without one.
    fn sign(&self, message: Vec<u8>) -> Result<Option<HardwareSignature>, VaultError>;
}

/// Calls the platform; a panic on its side is contained.
pub(crate) fn contained<T>(call: impl FnOnce() -> Result<T, VaultError>) -> Result<T, VaultError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(VaultError::Failed))
}
