//! The phone's encrypted database: records as last pulled, the ops this phone saved, drafts, and what lists need.
//!
//! What is shown is never stored: it is the base, then this phone's ops in the order of saving ([`Store::shown`]).
//! An op is immutable once numbered; a receipt moves only that op. Every act is one transaction, and observers are
//! told after it is committed.

mod area;
mod card;
mod change;
mod clinic;
mod coverage;
mod draft;
mod ecosystem;
mod error;
mod fail;
mod fixing;
mod history;
mod import;
mod index;
mod key;
mod list;
mod media;
mod meta;
mod observe;
mod op;
mod open;
mod orphan;
mod outbox;
mod outreach;
mod own_record;
mod reissue;
mod renewals;
mod reply;
mod report;
mod rounds;
mod salvage;
mod save;
mod schema;
mod shown;
mod sponsor;
mod sql;
mod store;
mod tables;
mod wal;
mod worker;

pub use card::Verifier;
pub use clinic::{ClinicQuery, ClinicView};
pub use coverage::{CoverageLine, CoverageNumbers, CoveragePicture};
pub use draft::{Draft, DraftId};
pub use ecosystem::EcosystemView;
pub use error::StoreError;
pub use fail::FAIL_POINTS;
#[cfg(feature = "fail-points")]
pub use fail::{FailHook, set_fail_hook};
pub use fixing::{NeedsFixing, OpenConflict};
pub use history::HistoryEntry;
pub use import::{Imported, ImportedRow, KnownRow};
pub use key::DatabaseKey;
pub use list::{Counts, Page, PageKey, WorkerQuery, WorkerSummary};
pub use media::{Attachment, FileState, MediaCounts, NewAttachment, UploadPlace, WaitingFile};
pub use meta::Identity;
pub use observe::{Changed, Subscription};
pub use op::OpState;
pub use open::Options;
pub use outbox::{Ahead, Asked, Batch, Waiting};
pub use outreach::{Attendee, SessionView};
pub use renewals::{RenewalKey, RenewalPage, RenewalRow, RenewalSum};
pub use reply::TakeReport;
pub use report::ReportView;
pub use rounds::{Round, RoundDoor, RoundProgress, RoundView};
pub use salvage::Salvaged;
pub use save::{Decision, Edit, NewIds, Registered, Saved};
pub use schema::SCHEMA_VERSION;
pub use shown::{Mark, ShownField, ShownRecord};
pub use sponsor::AgreementView;
pub use store::Store;
pub use worker::{EnrollmentView, WorkerDetail};
