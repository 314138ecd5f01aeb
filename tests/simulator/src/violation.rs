//! What must not happen, and what ends a run.

use payung_server::{
    backup::{BackupError, RestoreError},
    service::{OpenError, ServiceError},
    storage::StorageError,
};
use payung_store::StoreError;

/// A rule did not hold, or something failed that nobody had broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {detail}")]
pub struct Violation {
    /// The rule.
    pub rule: &'static str,
    /// Where it did not hold: ids and names of fields, never values.
    pub detail: String,
}

/// What a step came to.
pub(crate) type Played<T = ()> = Result<T, Violation>;

pub(crate) fn broken<T>(rule: &'static str, detail: impl Into<String>) -> Played<T> {
    Err(Violation { rule, detail: detail.into() })
}

macro_rules! failure {
    ($error:ty, $rule:literal) => {
        impl From<$error> for Violation {
            fn from(error: $error) -> Self {
                Self { rule: $rule, detail: error.to_string() }
            }
        }
    };
}
failure!(StoreError, "the phone's store does what it is asked");
failure!(ServiceError, "the server does what it is asked");
failure!(StorageError, "the server's storage does what it is asked");
failure!(OpenError, "the server opens what it wrote");
failure!(BackupError, "a backup is made beside a running server");
failure!(RestoreError, "a backup is restored");
failure!(std::io::Error, "the simulator's own files");
