//! What a command can be answered with instead of success. No text repeats what was typed.

use crate::view;
use payung_domain::field::FieldError;
use payung_media::PictureError;
use payung_store::StoreError;
use payung_sync::{HttpSetupError, JoinError, SyncError, SyncFailure, TransportError};
use serde_json::{Value, json};

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PhoneError {
    #[error("no command: wrong at column {column}")]
    Command { column: usize },
    #[error("no database key of 32 bytes as hex was given")]
    NoKey,
    #[error("a file beside the store cannot be used: {0}")]
    File(#[from] std::io::Error),
    #[error("no run was started")]
    NoSync,
    #[error("the run was lost")]
    SyncLost,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error(transparent)]
    Sync(#[from] Box<SyncFailure>),
    #[error(transparent)]
    Road(#[from] HttpSetupError),
    #[error("the address is not usable")]
    Address,
    #[error(transparent)]
    Picture(#[from] PictureError),
}

impl PhoneError {
    /// As an answer: a stable code, the words, and for a form each wrong field.
    pub(crate) fn told(&self) -> Value {
        let fields = match self {
            Self::Store(StoreError::InvalidDraft(errors)) => errors.as_slice(),
            _ => &[],
        };
        let fields: Vec<Value> = fields.iter().map(field).collect();
        // a run that ended early has done something before
        let report = if let Self::Sync(failure) = self { view::report(&failure.report) } else { Value::Null };
        json!({"code": self.code(), "reason": self.to_string(), "fields": fields, "report": report})
    }

    fn code(&self) -> String {
        match self {
            Self::Command { .. } => "command".to_owned(),
            Self::NoKey => "no_key".to_owned(),
            Self::File(_) => "file".to_owned(),
            Self::NoSync => "no_sync".to_owned(),
            Self::SyncLost => "sync_lost".to_owned(),
            Self::Road(_) => "road".to_owned(),
            Self::Address => "address".to_owned(),
            Self::Picture(_) => "picture".to_owned(),
            Self::Store(error) => store(error).to_owned(),
            Self::Join(error) => join(error),
            Self::Sync(failure) => sync(&failure.error),
        }
    }
}

fn field(error: &FieldError) -> Value {
    json!({"field": error.field, "code": error.code})
}

fn store(error: &StoreError) -> &'static str {
    match error {
        StoreError::WrongKey => "wrong_key",
        StoreError::NewerSchema { .. } => "newer_schema",
        StoreError::Damaged { .. } => "damaged",
        StoreError::Corrupt => "corrupt",
        StoreError::AlreadyOpen => "already_open",
        StoreError::NotSaved => "not_saved",
        StoreError::NotJoined => "not_joined",
        StoreError::InvalidDraft(_) => "invalid_draft",
        StoreError::NotAllowed(code) => code,
        StoreError::NotFound => "not_found",
        StoreError::NoCipher => "no_cipher",
        StoreError::Folder(_) => "folder",
        StoreError::Defect(_) => "defect",
    }
}

pub(crate) fn transport(error: &TransportError) -> String {
    match error {
        TransportError::Timeout => "timeout".to_owned(),
        TransportError::Unreachable => "unreachable".to_owned(),
        TransportError::Cut => "cut".to_owned(),
        TransportError::Refused { problem, .. } => format!("refused:{}", problem.code),
        TransportError::Portal { .. } => "portal".to_owned(),
        TransportError::TooLarge { .. } => "too_large".to_owned(),
    }
}

fn join(error: &JoinError) -> String {
    match error {
        JoinError::Invite(_) => "invite".to_owned(),
        JoinError::Claim(_) => "claim".to_owned(),
        JoinError::Address(_) => "address".to_owned(),
        JoinError::Refused(problem) => format!("refused:{}", problem.code),
        JoinError::Transport(error) => transport(error),
        JoinError::Keys(_) => "keys".to_owned(),
        JoinError::Reply(_) | JoinError::OtherCertificate => "reply".to_owned(),
        JoinError::Seal(_) => "seal".to_owned(),
        JoinError::Store(error) => store(error).to_owned(),
    }
}

fn sync(error: &SyncError) -> String {
    match error {
        SyncError::NotJoined => "not_joined".to_owned(),
        SyncError::AlreadyRunning => "already_running".to_owned(),
        SyncError::Waiting { .. } => "waiting".to_owned(),
        SyncError::Transport(error) => transport(error),
        SyncError::Address(_) => "address".to_owned(),
        SyncError::Reply(_) => "reply".to_owned(),
        SyncError::Keys(_) => "keys".to_owned(),
        SyncError::Seal(_) => "seal".to_owned(),
        SyncError::Store(error) => store(error).to_owned(),
    }
}
