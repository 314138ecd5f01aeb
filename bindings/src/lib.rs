//! The facade the apps are written on. One [`Client`] is one phone: its folder, its key, its store, its exchange.
//! UniFFI makes Kotlin, Swift and Python of it; this is the only crate that names UniFFI.
//!
//! Every call blocks, and the shell chooses the thread. A call may come from any thread, several at once. Observers
//! are called from one thread of the client, after the commit, under no lock, so that they may call back. A panic in
//! the core reaches the shell as an error; what was saved before it is safe.
//!
//! Rules live in the inner layers: a method here is one line into them, with the clock, the ids and the words for
//! what went wrong.

#![allow(clippy::needless_pass_by_value, reason = "what crosses the boundary arrives owned")]

uniffi::setup_scaffolding!();

pub mod cards;
mod client;
mod clock;
mod error;
mod exchanges;
mod notify;
mod plain;
pub mod price;
pub mod reading;
#[allow(missing_docs, unreachable_pub, reason = "documented where it is defined")]
mod reckoned;
#[allow(missing_docs, unreachable_pub, reason = "documented where it is defined")]
mod records;
pub mod reference;
mod session;
mod value;
#[allow(missing_docs, unreachable_pub, reason = "plain data is documented where it is defined")]
mod vault;

pub use client::{Client, ClientConfig, LockState};
pub use error::CoreError;
pub use notify::{ObserverError, StoreObserver, Subscription, SyncObserver};
pub use value::FieldValue;
pub use vault::{KeyVault, KeyVaultError, software_vault};
