//! A vault without hardware, for tests and desktops: its key is in a file or in memory.

use crate::{
    file::{self, Stored},
    vault::{HardwareSignature, KeyVault, Purpose, VaultError},
};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, aead::Aead};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use payung_protocol::bytes;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::{path::Path, sync::Mutex};
use zeroize::Zeroizing;

const NONCE: usize = 12;

/// One key for each purpose. Whoever copies the file can unwrap: that a PIN has a million values only is then all that
/// stands before the database.
pub struct SoftwareVault {
    master: Zeroizing<[u8; 32]>,
    forgotten: Mutex<Vec<Purpose>>,
}

#[derive(Serialize, Deserialize)]
struct Master {
    #[serde(with = "bytes")]
    key: Vec<u8>,
}

impl SoftwareVault {
    /// A vault that is gone with the process.
    pub fn in_memory(rng: &mut impl CryptoRng) -> Self {
        let mut master = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *master);
        Self { master, forgotten: Mutex::default() }
    }

    /// The vault of a file, which is made when there is none.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the file cannot be read or written, [`VaultError::Invalidated`] where it is
    /// damaged.
    pub fn in_file(path: &Path, rng: &mut impl CryptoRng) -> Result<Self, VaultError> {
        match file::read::<Master>(path) {
            Err(_) => Err(VaultError::Unavailable),
            Ok(Stored::Damaged | Stored::Newer(_)) => Err(VaultError::Invalidated),
            Ok(Stored::Found(master)) => {
                let key = Zeroizing::new(master.key);
                let master = Zeroizing::new(key.as_slice().try_into().map_err(|_| VaultError::Invalidated)?);
                Ok(Self { master, forgotten: Mutex::default() })
            }
            Ok(Stored::Missing) => {
                let vault = Self::in_memory(rng);
                file::write(path, &Master { key: vault.master.to_vec() }).map_err(|_| VaultError::Unavailable)?;
                Ok(vault)
            }
        }
    }

    fn cipher(&self, purpose: Purpose) -> Result<(ChaCha20Poly1305, Hmac<Sha256>), VaultError> {
        if self.forgotten.lock().is_ok_and(|forgotten| forgotten.contains(&purpose)) {
            return Err(VaultError::Invalidated);
        }
        let name: &[u8] = match purpose {
            Purpose::Pin => b"payung/software-vault/pin/1",
            Purpose::Biometric => b"payung/software-vault/biometric/1",
            Purpose::Recovery => b"payung/software-vault/recovery/1",
        };
        let mut keys = Zeroizing::new([0; 64]);
        Hkdf::<Sha256>::new(None, &*self.master).expand(name, &mut *keys).map_err(|_| VaultError::Failed)?;
        let (cipher, nonce) = keys.split_at(32);
        let cipher = ChaCha20Poly1305::new_from_slice(cipher).map_err(|_| VaultError::Failed)?;
        Ok((cipher, Hmac::new_from_slice(nonce).map_err(|_| VaultError::Failed)?))
    }
}

impl KeyVault for SoftwareVault {
    /// The nonce is made from the secret (as in RFC 5297): the trait brings no randomness, and one secret wrapped twice
    /// may well look the same.
    fn wrap(&self, purpose: Purpose, plain: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        let plain = Zeroizing::new(plain);
        if let Ok(mut forgotten) = self.forgotten.lock() {
            forgotten.retain(|other| *other != purpose);
        }
        let (cipher, synthetic) = self.cipher(purpose)?;
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&synthetic.chain_update(&*plain).finalize().into_bytes()[..NONCE]);
        let sealed = cipher.encrypt(&Nonce::from(nonce), plain.as_slice()).map_err(|_| VaultError::Failed)?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unwrap(&self, purpose: Purpose, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>().ok_or(VaultError::Invalidated)?;
        let (cipher, _) = self.cipher(purpose)?;
        // a hardware key that was made anew refuses in the same way
        cipher.decrypt(&Nonce::from(*nonce), sealed).map_err(|_| VaultError::Invalidated)
    }

    /// For as long as this value lives: the purposes share one key.
    fn forget(&self, purpose: Purpose) -> Result<(), VaultError> {
        self.forgotten.lock().map_err(|_| VaultError::Failed)?.push(purpose);
        Ok(())
    }

    fn sign(&self, _message: Vec<u8>) -> Result<Option<HardwareSignature>, VaultError> {
        Ok(None)
    }
}

impl std::fmt::Debug for SoftwareVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SoftwareVault(..)")
    }
}
