//! What a shell is told when something was not done. Each variant is something it acts upon; inner errors are turned
//! into it here and nowhere else. No text repeats what a person typed.

use crate::vault::KeyVaultError;
use payung_domain::{field::FieldError, roster::WrongCell};
use payung_media::PictureError;
use payung_store::StoreError;
use payung_sync::{HttpSetupError, JoinError, Pause, SyncError, SyncFailure, TransportError};
use payung_vault::{LockError, VaultError};

/// Why the core did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CoreError {
    /// The client is locked: ask for the PIN.
    #[error("the phone is locked")]
    Locked,
    /// The store is closed while the app is in the background: call `resume`.
    #[error("the phone is suspended")]
    Suspended,
    /// The PIN is wrong.
    #[error("wrong PIN: {tries_left} tries left")]
    WrongPin {
        /// How many are left before only recovery helps.
        tries_left: u32,
        /// Milliseconds until the next may be made.
        wait_ms: u64,
    },
    /// Too early for another PIN; it was not tried.
    #[error("wait for {wait_ms} ms")]
    PinWait {
        /// Milliseconds until the next may be made.
        wait_ms: u64,
    },
    /// The biometric way is off: ask for the PIN.
    #[error("only the PIN opens this phone")]
    PinNeeded,
    /// No PIN has been set: the first start.
    #[error("no PIN has been set")]
    NoPin,
    /// There is a PIN already.
    #[error("a PIN has been set already")]
    PinExists,
    /// The key cannot be had from this phone any more: show the recovery request to an operator. Nothing is destroyed.
    #[error("an operator must help")]
    RecoveryNeeded,
    /// Nobody can help: the phone had not joined.
    #[error("this phone has no escrow copy")]
    NoRecovery,
    /// The phone's key store did not do it.
    #[error("{why}")]
    Vault {
        /// What to do about it.
        why: KeyVaultError,
    },
    /// The phone was offline for too long to show old personal data: registering and sending go on, and an exchange
    /// opens it again.
    #[error("too long without an exchange")]
    LeaseOver,
    /// The key is not this database's. Nothing was touched.
    #[error("the key is not this database's")]
    WrongKey,
    /// Another process has the database open: end it.
    #[error("the database is open elsewhere")]
    AlreadyOpen,
    /// A newer version of the app made the file: update the app. Nothing was touched.
    #[error("a newer app made the database")]
    NewerApp,
    /// The database is damaged: open again, which sets it aside and brings over what can be read.
    #[error("the database is damaged")]
    Damaged,
    /// Nothing of the act was saved: no space left, or the disk failed. Free some space and do it again.
    #[error("not saved: no space left or the disk failed")]
    NotSaved,
    /// The phone has not joined, or must join again: ask for an invite.
    #[error("the phone has not joined yet")]
    NotJoined,
    /// These fields are wrong; what was typed stays in its form.
    #[error("{} fields are wrong", .fields.len())]
    Invalid {
        /// The fields with a stable code each.
        fields: Vec<FieldError>,
    },
    /// The bytes are not taken as a picture: have it taken again. Nothing else is touched.
    #[error("{why}")]
    PictureRefused {
        /// What is wrong with it.
        why: PictureError,
    },
    /// The file is not taken as a list of people; nothing of it was.
    #[error("list refused: {code}")]
    ListRefused {
        /// Stable code: `list_cells`, `list_too_large`, `list_no_header` …
        code: String,
        /// Every cell that cannot be read, by line and column.
        cells: Vec<WrongCell>,
    },
    /// This phone's role has no part in that (a worker's own phone, a clinic's): do not offer it. Nothing was saved.
    #[error("not this phone's to write: {code}")]
    NotAllowed {
        /// Stable code: `role_foreign`.
        code: String,
    },
    /// No such record, form or op any more: show the list again.
    #[error("not found")]
    NotFound,
    /// No answer came; nothing unsent was lost.
    #[error("not connected")]
    NotConnected {
        /// What a person can do about it.
        why: Pause,
        /// When to try again, milliseconds since 1970; none where time does not help.
        retry_at_ms: Option<i64>,
    },
    /// Too early after a failure, or the server asked to wait.
    #[error("waiting")]
    Wait {
        /// Until when, milliseconds since 1970.
        until_ms: i64,
    },
    /// The office says no.
    #[error("refused: {code}")]
    Refused {
        /// Stable code: `invite_used`, `invite_expired` …
        code: String,
    },
    /// What was scanned or pasted is not what it should be: an invite, a recovery answer.
    #[error("not understood: {reason}")]
    NotUnderstood {
        /// For the log.
        reason: String,
    },
    /// A run is under way already; its state can be observed.
    #[error("a run is under way already")]
    AlreadyRunning,
    /// A defect of the core or of this phone: tell it with the support bundle.
    #[error("a defect: {reason}")]
    Defect {
        /// For the log; holds nothing of a person.
        reason: String,
    },
}

impl CoreError {
    pub(crate) fn defect(reason: impl std::fmt::Display) -> Self {
        Self::Defect { reason: reason.to_string() }
    }
}

impl From<StoreError> for CoreError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::WrongKey => Self::WrongKey,
            StoreError::NewerSchema { .. } => Self::NewerApp,
            StoreError::Damaged { .. } | StoreError::Corrupt => Self::Damaged,
            StoreError::AlreadyOpen => Self::AlreadyOpen,
            StoreError::NotSaved => Self::NotSaved,
            StoreError::NotJoined => Self::NotJoined,
            StoreError::InvalidDraft(fields) => Self::Invalid { fields },
            StoreError::NotAllowed(code) => Self::NotAllowed { code: code.to_owned() },
            StoreError::NotFound => Self::NotFound,
            StoreError::NoCipher | StoreError::Folder(_) | StoreError::Defect(_) => Self::defect(error),
        }
    }
}

impl From<LockError> for CoreError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::WrongPin { tries_left, wait_ms } => Self::WrongPin { tries_left, wait_ms },
            LockError::Wait { wait_ms } => Self::PinWait { wait_ms },
            LockError::Dropped | LockError::Damaged | LockError::Vault(VaultError::Invalidated) => Self::RecoveryNeeded,
            LockError::Vault(error) => Self::Vault { why: error.into() },
            LockError::NoBiometric => Self::PinNeeded,
            LockError::TrivialPin => Self::Invalid { fields: vec![FieldError::new("pin", "pin_trivial")] },
            LockError::NoLock => Self::NoPin,
            LockError::Exists => Self::PinExists,
            LockError::Newer(_) => Self::NewerApp,
            LockError::NoEscrow => Self::NoRecovery,
            LockError::NoRequest | LockError::Recovery(_) | LockError::OtherKey => {
                Self::NotUnderstood { reason: error.to_string() }
            }
            LockError::File(kind) => std::io::Error::from(kind).into(),
        }
    }
}

impl From<std::io::Error> for CoreError {
    fn from(error: std::io::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<HttpSetupError> for CoreError {
    fn from(error: HttpSetupError) -> Self {
        Self::defect(error)
    }
}

fn not_connected(why: Pause) -> CoreError {
    CoreError::NotConnected { why, retry_at_ms: None }
}

impl From<TransportError> for CoreError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Unreachable => not_connected(Pause::Unreachable),
            TransportError::Timeout | TransportError::Cut => not_connected(Pause::Slow),
            TransportError::Portal { .. } => not_connected(Pause::Portal),
            TransportError::TooLarge { .. } => not_connected(Pause::Untrusted),
            TransportError::Refused { problem, .. } => Self::Refused { code: problem.code.to_string() },
        }
    }
}

impl From<JoinError> for CoreError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Invite(_) | JoinError::Claim(_) | JoinError::Address(_) => {
                Self::NotUnderstood { reason: error.to_string() }
            }
            JoinError::Refused(problem) => Self::Refused { code: problem.code.to_string() },
            JoinError::Transport(error) => error.into(),
            JoinError::Keys(_) | JoinError::Reply(_) | JoinError::OtherCertificate => not_connected(Pause::Untrusted),
            JoinError::Seal(error) => Self::defect(error),
            JoinError::Store(error) => error.into(),
        }
    }
}

impl From<SyncFailure> for CoreError {
    fn from(failure: SyncFailure) -> Self {
        let at = failure.retry_at_ms;
        match failure.error {
            SyncError::NotJoined => Self::NotJoined,
            SyncError::AlreadyRunning => Self::AlreadyRunning,
            SyncError::Waiting { until_ms } => Self::Wait { until_ms },
            SyncError::Transport(error) => match Self::from(error) {
                Self::NotConnected { why, .. } => Self::NotConnected { why, retry_at_ms: at },
                other => other,
            },
            SyncError::Address(_) => not_connected(Pause::Unreachable),
            SyncError::Reply(_) | SyncError::Keys(_) => Self::NotConnected { why: Pause::Untrusted, retry_at_ms: at },
            SyncError::Seal(error) => Self::defect(error),
            SyncError::Store(error) => error.into(),
        }
    }
}

impl From<SyncError> for CoreError {
    fn from(error: SyncError) -> Self {
        SyncFailure { error, report: Box::default(), retry_at_ms: None }.into()
    }
}
