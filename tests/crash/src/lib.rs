//! Kills and bad roads on the real programs: a phone and a server, each a process of its own, over real HTTP.
//! `./dev crash` runs what is here as long as it is told, the tests a fixed part of it.

pub mod phone;
mod rig;
pub mod roads;
pub mod server;

pub use rig::{RT, RW, Rig, outstanding, register, someone, sync};

use payung_store::StoreError;
use payung_system_tests::{PhoneError, ProgramError, ServerError, ledger::LedgerError};
use std::{collections::BTreeMap, io};

/// Why a run was given up.
#[derive(Debug, thiserror::Error)]
pub enum CrashError {
    /// The phone's process.
    #[error("the phone: {0}")]
    Phone(#[from] PhoneError),
    /// The server's process.
    #[error("the server: {0}")]
    Server(#[from] ServerError),
    /// The office's tools.
    #[error("the office: {0}")]
    Office(#[from] ProgramError),
    /// A file.
    #[error("a file: {0}")]
    File(#[from] io::Error),
    /// The phone's store, opened between two lives of the phone.
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    /// What was printed and what the server holds could not be compared.
    #[error("the ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// A rule was broken.
    #[error("{0}")]
    Broken(String),
}

impl CrashError {
    fn broken(what: impl Into<String>) -> Self {
        Self::Broken(what.into())
    }
}

/// What a run of kills came to.
#[derive(Clone, Debug, Default)]
pub struct Kills {
    /// SIGKILLs.
    pub kills: usize,
    /// What was under way at each.
    pub at: BTreeMap<String, usize>,
    /// People registered.
    pub registered: usize,
    /// Values printed as saved.
    pub printed: usize,
    /// Of these, nowhere any more.
    pub lost: usize,
}
