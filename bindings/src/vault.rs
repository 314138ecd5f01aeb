//! The platform's part of the lock: keys that never leave the phone's hardware.

use crate::{clock, error::CoreError};
use payung_vault::{HardwareSignature, Purpose, SoftwareVault, VaultError};
use std::{path::PathBuf, sync::Arc};

#[uniffi::remote(Enum)]
pub enum Purpose {
    Pin,
    Biometric,
    Recovery,
}

#[uniffi::remote(Record)]
pub struct HardwareSignature {
    pub public_key: Vec<u8>,
    pub signature: Vec<u8>,
}

/// Why the platform did not do it. Each asks for something else; anything else it throws counts as failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyVaultError {
    /// Not now: the phone is locked, the key store is busy. Try again.
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

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyVaultError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

impl From<KeyVaultError> for VaultError {
    fn from(error: KeyVaultError) -> Self {
        match error {
            KeyVaultError::Unavailable => Self::Unavailable,
            KeyVaultError::Invalidated => Self::Invalidated,
            KeyVaultError::Refused => Self::Refused,
            KeyVaultError::Failed => Self::Failed,
        }
    }
}

impl From<VaultError> for KeyVaultError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unavailable => Self::Unavailable,
            VaultError::Invalidated => Self::Invalidated,
            VaultError::Refused => Self::Refused,
            VaultError::Failed => Self::Failed,
        }
    }
}

/// Android Keystore, Secure Enclave, or [`software_vault`]. Blocking; called from the thread of whoever calls the
/// client. What `wrap` returns is kept in files and worth nothing on another phone.
#[uniffi::export(with_foreign)]
pub trait KeyVault: Send + Sync {
    /// Encrypts a secret under the hardware key of a purpose, which is made when there is none.
    fn wrap(&self, purpose: Purpose, plain: Vec<u8>) -> Result<Vec<u8>, KeyVaultError>;

    /// Decrypts what `wrap` returned for the same purpose.
    fn unwrap(&self, purpose: Purpose, wrapped: Vec<u8>) -> Result<Vec<u8>, KeyVaultError>;

    /// Destroys the hardware key of a purpose: what was wrapped under it is gone wherever copies of it lie.
    fn forget(&self, purpose: Purpose) -> Result<(), KeyVaultError>;

    /// Signs with the hardware's own key; none on phones without one.
    fn sign(&self, message: Vec<u8>) -> Result<Option<HardwareSignature>, KeyVaultError>;
}

/// A vault of software, for tests and desktops: its key lies in a file, which is made when there is none.
///
/// # Errors
/// [`CoreError::Vault`] when the file cannot be used.
#[uniffi::export]
pub fn software_vault(file: PathBuf) -> Result<Arc<dyn KeyVault>, CoreError> {
    let vault =
        SoftwareVault::in_file(&file, &mut clock::random()).map_err(|error| CoreError::Vault { why: error.into() })?;
    Ok(Arc::new(Software(vault)))
}

struct Software(SoftwareVault);

impl KeyVault for Software {
    fn wrap(&self, purpose: Purpose, plain: Vec<u8>) -> Result<Vec<u8>, KeyVaultError> {
        Ok(payung_vault::KeyVault::wrap(&self.0, purpose, plain)?)
    }
    fn unwrap(&self, purpose: Purpose, wrapped: Vec<u8>) -> Result<Vec<u8>, KeyVaultError> {
        Ok(payung_vault::KeyVault::unwrap(&self.0, purpose, wrapped)?)
    }
    fn forget(&self, purpose: Purpose) -> Result<(), KeyVaultError> {
        Ok(payung_vault::KeyVault::forget(&self.0, purpose)?)
    }
    fn sign(&self, message: Vec<u8>) -> Result<Option<HardwareSignature>, KeyVaultError> {
        Ok(payung_vault::KeyVault::sign(&self.0, message)?)
    }
}

/// The shell's vault, as the lock knows it.
pub(crate) struct Platform(pub(crate) Arc<dyn KeyVault>);

impl payung_vault::KeyVault for Platform {
    fn wrap(&self, purpose: Purpose, plain: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.wrap(purpose, plain)?)
    }
    fn unwrap(&self, purpose: Purpose, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.unwrap(purpose, wrapped)?)
    }
    fn forget(&self, purpose: Purpose) -> Result<(), VaultError> {
        Ok(self.0.forget(purpose)?)
    }
    fn sign(&self, message: Vec<u8>) -> Result<Option<HardwareSignature>, VaultError> {
        Ok(self.0.sign(message)?)
    }
}
