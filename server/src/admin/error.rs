//! Why a command was not done.

use crate::{
    export::{FileError, LineError, TemplateError},
    keys::KeysError,
    media::{OpenMediaError, SweepError},
    service::{BundleError, OpenError, ServiceError, operator::SetupError},
    storage::StorageError,
};
use payung_protocol::SealError;
use serde_json::{Value, json};
use std::{fmt::Write as _, io, path::PathBuf};

/// Why a command was not done: names the thing and the next step, and no person.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The path.
    #[error("{} is not a Payung data directory: check --data, or let `payung serve --data DIR` make it first", .0.display())]
    NoServer(PathBuf),
    /// Nobody was named.
    #[error(
        "name who acts: --as NAME (see `payung admin operator list`; the first is made by `payung admin operator add NAME`)"
    )]
    NoOperator,
    /// Nobody of that name.
    #[error("`{0}` is no operator: see `payung admin operator list`")]
    UnknownOperator(String),
    /// Several of that name.
    #[error("several are called `{0}`: name one by id (`payung admin operator list`)")]
    Ambiguous(String),
    /// The command line.
    #[error("{0}")]
    Usage(String),
    /// A rule is against it.
    #[error("{what}: {why}", why = words(.code))]
    Refused {
        /// What was to be done.
        what: String,
        /// The stable code.
        code: String,
    },
    /// Opening.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The service.
    #[error("{}", service_words(.0))]
    Service(#[from] ServiceError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The files of attachments.
    #[error(transparent)]
    Media(#[from] OpenMediaError),
    /// Throwing files away.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The first operator's code.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A file that comes in.
    #[error("{}: {}", path.display(), file_words(.source))]
    Import {
        /// Which.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A sealed bundle.
    #[error("{}: {}", path.display(), bundle_words(.source))]
    Bundle {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: BundleError,
    },
    /// Writing the CSV.
    #[error("the file cannot be written: {0}")]
    Csv(#[from] csv::Error),
    /// Writing the answer.
    #[error("the answer cannot be written: {0}")]
    Output(io::Error),
}

fn service_words(error: &ServiceError) -> String {
    match error {
        ServiceError::Refused(code) => words(code),
        other => other.to_string(),
    }
}

fn bundle_words(error: &BundleError) -> String {
    let next = match error {
        BundleError::Seal(SealError::UnknownReceiver(_)) => {
            "it is sealed to a key this server has no more: let the phone seal it anew"
        }
        BundleError::Seal(_) => "is it a .bundle file of a phone of this server, and whole?",
        _ => "nothing of it was taken; try again",
    };
    format!("{error}: {next}")
}

/// The error in one line, then every wrong line on its own.
fn file_words(error: &FileError) -> String {
    let mut text = error.to_string();
    if let FileError::Lines(lines) = error {
        for line in lines {
            let _ = write!(text, "\n  {line}");
        }
    }
    text
}

/// What a stable code means to an operator, with the next step.
pub(super) fn words(code: &str) -> String {
    let words = match code {
        "conflict_open" => "two people wrote different values: settle it in `payung admin conflicts` first",
        "duplicate_review" => "it may be registered twice: decide in `payung admin duplicates` first",
        "transition_refused" => "its state does not allow it: see `payung admin workers`",
        "already_exported" => "it has gone to the branch already",
        "payment_code_still_valid" => "it has another payment code that is still valid",
        "payment_code_invalid" => "the payment code is empty or its amount is not above 0",
        "kpj_differs" => "the person has another member number",
        "cover_start_missing" => "the first payment needs the first day of cover",
        "cover_not_later" => "it is paid until that month or later already",
        "cover_ends_before_start" => "the cover would end before it begins",
        "reason_missing" => "a reason code is needed",
        "not_an_operator" => "only operators may do this",
        "not_a_branch_operator" => "only an operator of the branch may do this",
        "area_foreign" => "it is not in the operator's area",
        "area_invalid" => "the area must be a village, an RW or an RT",
        "still_held" => "its record or parent has not arrived, or its kind is unknown: it can be refused, not released",
        "op_ambiguous" => "several ops have this number: name one by --hash",
        "already_taken" => "the phone has joined again and issued it anew",
        "link_chain" => "one of the two is linked to another person: unlink that one first",
        "linked" => "it is linked to another person",
        "not_an_ecosystem" => "it is no ecosystem",
        "no_card" => "no card is issued: it comes with the branch's number and payment (`payung admin cards keep`)",
        "card_not_valid" => "the card cannot be read with the keys there are: `payung admin cards keep` issues it anew",
        "not_linked" => "the two are not linked",
        "name_invalid" => "a name has 1 to 100 characters",
        "address_invalid" => "a server address is http(s)://host[:port] without a path, at most 8 of them",
        "device_revoked" => "the phone is revoked",
        "recovery_key_other" => {
            "the phone's escrow copy is sealed to another recovery key: name its file with --recovery-key"
        }
        "escrow_broken" => "the phone's escrow copy does not open: ask for the text again",
        "invite_used" => "the invite was used already",
        "not_with_branch" => "it is not with the branch: nothing was exported that this could answer",
        "export_unknown" => "it did not go to the branch with that export",
        "enrollment_unknown" => "no enrolment of that reference or NIK went to the branch",
        "enrollment_ambiguous" => {
            "several enrolments of that NIK are with the branch: the line must name the reference"
        }
        "over_quota" => {
            "its sponsor's quota is used up: see `payung admin agreement report`, or let the payer be changed"
        }
        "payer_taken" => "another sponsor pays for the person in one of its months",
        "agreement_unfit" => "it does not fit the agreement it names: see `payung admin agreement report`",
        "agreement_invalid" => "the agreement's number, months or programmes are not right",
        "no_place" => "it has no place with a sponsor",
        "not_waiting_for_a_place" => "it does not wait for a place of that agreement",
        "record_differs" => "there is one of that number or code in another area",
        "nik_differs" => "the enrolment is of another NIK",
        other => return other.to_owned(),
    };
    format!("{words} ({code})")
}

impl AdminError {
    /// For scripts.
    pub(super) fn json(&self) -> Value {
        let told = self.to_string();
        let mut json = json!({ "error": told.lines().next().unwrap_or_default() });
        match self {
            Self::Refused { code, .. } | Self::Service(ServiceError::Refused(code)) => {
                json["code"] = code.as_str().into();
            }
            Self::Import { source: FileError::Lines(lines), .. } => {
                json["lines"] = lines.iter().map(line_json).collect();
            }
            _ => {}
        }
        json
    }
}

fn line_json(line: &LineError) -> Value {
    json!({ "line": line.line, "column": line.column, "reason": line.reason })
}
