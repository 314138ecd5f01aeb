//! What can go wrong, as far as a caller can act on it.

use payung_domain::field::FieldError;
use std::path::PathBuf;

/// Why the store did not do what it was asked. Never holds a person's data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key is not this database's. The file was not touched.
    #[error("the key is not this database's")]
    WrongKey,
    /// A newer version of the app made the file. It was not touched.
    #[error("the database has schema {found}, this version knows {known}")]
    NewerSchema {
        /// The file's schema.
        found: u32,
        /// The newest this version knows.
        known: u32,
    },
    /// The file was found damaged at opening. It was set aside, not deleted; opening again makes a fresh one, into
    /// which [`crate::Store::salvage`] brings what can still be read.
    #[error("the database was damaged and has been set aside")]
    Damaged {
        /// Where it is now.
        set_aside: PathBuf,
    },
    /// A damaged part was met while working. The next opening sets the file aside.
    #[error("the database is damaged")]
    Corrupt,
    /// Another process has the database open.
    #[error("the database is open elsewhere")]
    AlreadyOpen,
    /// Nothing of the act was saved: no space left, or the disk failed.
    #[error("not saved: no space left or the disk failed")]
    NotSaved,
    /// The phone has not joined, so it has no number to give an op.
    #[error("the phone has not joined yet")]
    NotJoined,
    /// The fields that are wrong. The draft stays as it is.
    #[error("{} fields are wrong", .0.len())]
    InvalidDraft(Vec<FieldError>),
    /// This phone's role has no part in that: a stable code, `role_foreign`. Nothing was saved.
    #[error("not this phone's to write: {0}")]
    NotAllowed(&'static str),
    /// No such record, draft or op, or not in a state for this.
    #[error("not found")]
    NotFound,
    /// The build lacks encryption: nothing is opened.
    #[error("this build has no encryption")]
    NoCipher,
    /// The file's folder or the lock beside it could not be used.
    #[error("the database's folder cannot be used: {0}")]
    Folder(std::io::ErrorKind),
    /// A defect of the store. The number is SQLite's extended result code; 0 for what SQLite did not say.
    #[error("the database refused a statement ({0})")]
    Defect(i32),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match &error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                // a log or journal is opened in the middle of an act
                ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen => {
                    Self::NotSaved
                }
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt,
                // the text is left out: it may quote a value
                _ => Self::Defect(failure.extended_code),
            },
            _ => Self::Defect(0),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    /// What the store wrote itself does not read back.
    fn from(_: serde_json::Error) -> Self {
        Self::Corrupt
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::NotSaved,
            kind => Self::Folder(kind),
        }
    }
}

pub(crate) type Result<T, E = StoreError> = std::result::Result<T, E>;
