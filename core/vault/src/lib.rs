//! The lock of a phone: the database key, the PIN and the biometric way to it, how often a PIN may be tried, how long
//! old data may be shown, and how an official who forgot the PIN gets back in.
//!
//! Everything is in small files of one folder, beside the database: `lock` (the key, wrapped), `tries`, `seen`,
//! `escrow`, and `recovery` while a recovery is under way. Each is replaced in one step and durable when a call returns.
//! The platform's part comes as a [`KeyVault`]; time and randomness are arguments. Nothing here knows the database.

mod error;
mod file;
mod key;
mod lock;
mod moment;
mod pin;
mod recovery;
mod seen;
mod software;
mod tries;
mod vault;

pub use error::LockError;
pub use key::RawKey;
pub use lock::{Lock, LockStatus, destroy, is_set};
pub use moment::Moment;
pub use pin::Pin;
pub use recovery::{keep_escrow, recover, request_recovery};
pub use seen::{Lease, SeenTime};
pub use software::SoftwareVault;
pub use tries::{FREE_TRIES, MOST_TRIES};
pub use vault::{HardwareSignature, KeyVault, Purpose, VaultError};
