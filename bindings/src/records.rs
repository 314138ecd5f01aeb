//! Plain data of the inner layers, as it crosses: the definitions repeat those of the crates named, field by field, so
//! that a field that drifted is a compile error. What each means is told where it is defined.

use crate::plain::{Codes, Conflicts, Count, Fields, Flags, Moment, ShownFields};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::Month,
    clinic::{Clinic, Position},
    contribution::{Payer, Program, Programs, Quote, QuoteMonth},
    enrollment::{Covered, Due, EnrollmentFlag, EnrollmentState, EnrollmentStatus, Kpj, PaymentCode, Phase, Reason},
    field::{FieldError, Kind},
    id::{Base, DeviceId, Epoch, Hlc, OfficialId, OpId, RecordId},
    nik::{NikCheck, NikRetype, NikWarning, Sex},
    occupation::{Occupation, Sector},
    op::{Candidate, Conflict},
    region::{Level, NikRegion, RegionCode, RegionPath},
    report::{ReportPhase, ReportStanding},
    sponsorship::{Agreement, SponsoredSector},
};
use payung_store::{
    AgreementView, Changed, ClinicQuery, ClinicView, Counts, Decision, Draft, DraftId, EnrollmentView, HistoryEntry,
    Mark, NeedsFixing, NewIds, OpenConflict, Page, PageKey, Registered, ReportView, Saved, ShownField, ShownRecord,
    Waiting, WorkerDetail, WorkerQuery, WorkerSummary,
};
use payung_sync::{Pause, SyncReport, SyncState};
use serde_json::Value;

// ---- payung_domain

#[uniffi::remote(Record)]
pub struct FieldError {
    pub field: String,
    pub code: String,
}

#[uniffi::remote(Record)]
pub struct OpId {
    pub device: DeviceId,
    pub n: u64,
}

#[uniffi::remote(Record)]
pub struct Base {
    pub epoch: Epoch,
    pub version: u64,
}

#[uniffi::remote(Record)]
pub struct Candidate {
    pub op: OpId,
    pub value: Value,
    pub who: OfficialId,
    pub when: Hlc,
    pub source: Option<RecordId>,
}

#[uniffi::remote(Record)]
pub struct Conflict {
    pub candidates: Vec<Candidate>,
    pub correction: bool,
}

#[uniffi::remote(Enum)]
pub enum Phase {
    Draft,
    Queued,
    WithHub,
    Received,
    Verified,
    Returned,
    Submitted,
    Numbered,
    PaidNotStarted,
    Covered,
    Lapsing,
    Arrears(u8),
    Ended,
    Closed,
    Unknown,
}

#[uniffi::remote(Enum)]
pub enum EnrollmentStatus {
    Received,
    Verified,
    Returned,
    Submitted,
    Numbered,
    Active,
    Closed,
    Other(String),
}

#[uniffi::remote(Enum)]
pub enum EnrollmentFlag {
    ConflictOpen,
    DuplicateReview,
    Incomplete,
    OverQuota,
    PayerTaken,
    AgreementUnfit,
    CorrectionOpen,
    RenewalOpen,
    DeathReported,
    CodeExpired,
    Other(String),
}

#[uniffi::remote(Record)]
pub struct Reason {
    pub code: String,
    pub text: String,
}

#[uniffi::remote(Record)]
pub struct PaymentCode {
    pub code: String,
    pub amount: i64,
    pub valid_to: NaiveDate,
}

#[uniffi::remote(Record)]
pub struct Covered {
    pub from: NaiveDate,
    pub until: Month,
}

#[uniffi::remote(Record)]
pub struct EnrollmentState {
    pub status: Option<EnrollmentStatus>,
    pub returned: Option<Reason>,
    pub payment_code: Option<PaymentCode>,
    pub covered: Option<Covered>,
    pub export_id: Option<String>,
    pub kpj: Option<Kpj>,
    pub flags: Flags,
}

#[uniffi::remote(Record)]
pub struct Due {
    pub amount: Option<i64>,
    pub quoted: Option<i64>,
    pub months: Option<u32>,
    pub code: Option<String>,
    pub valid_to: Option<NaiveDate>,
    pub expired: bool,
    pub until: Option<Month>,
}

#[uniffi::remote(Record)]
pub struct Quote {
    pub table_version: String,
    pub tier: u32,
    pub months: Vec<QuoteMonth>,
    pub total: i64,
}

#[uniffi::remote(Record)]
pub struct QuoteMonth {
    pub month: Month,
    pub jkk: i64,
    pub jkm: i64,
    pub jht: i64,
    pub discount: i64,
}

#[uniffi::remote(Enum)]
pub enum Program {
    Jkk,
    Jkm,
    Jht,
    Other(String),
}

#[uniffi::remote(Enum)]
pub enum Payer {
    SelfPaid,
    Csr,
    Person,
    Apbd,
    Apbdes,
    Apbn,
    Ecosystem,
    Other(String),
}

#[uniffi::remote(Enum)]
pub enum Sex {
    Male,
    Female,
}

#[uniffi::remote(Enum)]
pub enum NikRetype {
    Day,
    Month,
    Date,
}

#[uniffi::remote(Enum)]
pub enum NikWarning {
    RegionUnknown,
    RegionDiffers,
    BirthDiffers,
    SexDiffers,
    Under17,
    OnThisPhone,
    InArea,
}

#[uniffi::remote(Record)]
pub struct NikCheck {
    pub retype: Vec<NikRetype>,
    pub warn: Vec<NikWarning>,
    pub birth: Option<NaiveDate>,
    pub sex: Option<Sex>,
    pub region: Option<NikRegion>,
}

#[uniffi::remote(Record)]
pub struct NikRegion {
    pub code: RegionCode,
    pub district: String,
    pub regency: String,
    pub province: String,
    pub retired: bool,
}

#[uniffi::remote(Enum)]
pub enum Level {
    Province,
    Regency,
    District,
    Village,
}

#[uniffi::remote(Record)]
pub struct RegionPath {
    pub code: RegionCode,
    pub village: Option<String>,
    pub district: Option<String>,
    pub regency: Option<String>,
    pub province: String,
    pub postcode: Option<String>,
}

#[uniffi::remote(Enum)]
pub enum Sector {
    Agriculture,
    Fishery,
    Forestry,
    Livestock,
    Mining,
    Trade,
    Food,
    Transport,
    Porter,
    Construction,
    Craft,
    HouseholdService,
    PersonalService,
    Waste,
    Culture,
    Creative,
    ReligionEducation,
    HealthVolunteer,
    VillageService,
    Other(String),
}

#[uniffi::remote(Record)]
pub struct Occupation {
    pub code: String,
    pub name: String,
    pub sector: Sector,
    pub transport: bool,
    pub words: Vec<String>,
    pub local_words: Vec<String>,
    pub local_origin: Option<String>,
}

// ---- payung_store

#[uniffi::remote(Record)]
pub struct Changed {
    pub records: bool,
    pub outbox: bool,
    pub drafts: bool,
}

#[uniffi::remote(Record)]
pub struct Counts {
    pub workers: u64,
    pub saved_here: u64,
    pub held: u64,
    pub received: u64,
    pub needs_fixing: u64,
    pub conflicts: u64,
    pub drafts: u64,
}

#[uniffi::remote(Record)]
pub struct Waiting {
    pub new: u64,
    pub sent: u64,
    pub held: u64,
}

#[uniffi::remote(Record)]
pub struct Draft {
    pub id: DraftId,
    pub record: Option<RecordId>,
    pub kind: Kind,
    pub base: Option<Base>,
    pub shown: Fields,
    pub fields: Fields,
    pub touched_at: i64,
}

#[uniffi::remote(Record)]
pub struct NewIds {
    pub worker: RecordId,
    pub enrollment: RecordId,
    pub event: RecordId,
}

#[uniffi::remote(Record)]
pub struct Registered {
    pub ids: NewIds,
    pub quote: Quote,
    pub warnings: Vec<String>,
}

#[uniffi::remote(Enum)]
pub enum Saved {
    Unchanged,
    Op,
    Absorbed,
}

#[uniffi::remote(Record)]
pub struct PageKey {
    pub sort: String,
    pub rid: i64,
}

#[uniffi::remote(Record)]
pub struct WorkerQuery {
    pub name: Option<String>,
    pub nik: Option<String>,
    pub phone: Option<String>,
    pub occupations: Vec<String>,
    pub phases: Vec<Phase>,
    pub area: Option<Area>,
    pub after: Option<PageKey>,
    pub limit: Count,
}

#[uniffi::remote(Record)]
pub struct WorkerSummary {
    pub id: RecordId,
    pub name: String,
    pub nik: String,
    pub area: Area,
    pub occupation: Option<String>,
    pub phone: Option<String>,
    pub phase: Option<Phase>,
    pub label: String,
    pub next_step: String,
    pub waiting: bool,
    pub held: bool,
    pub refused: bool,
    pub conflict: bool,
}

#[uniffi::remote(Record)]
pub struct Page {
    pub rows: Vec<WorkerSummary>,
    pub next: Option<PageKey>,
}

#[uniffi::remote(Enum)]
pub enum Mark {
    Pulled,
    Waiting,
    Held,
    Received,
    Refused(String),
}

#[uniffi::remote(Record)]
pub struct ShownField {
    pub value: Value,
    pub mark: Mark,
}

#[uniffi::remote(Record)]
pub struct ShownRecord {
    pub id: RecordId,
    pub kind: Kind,
    pub area: Area,
    pub base: Option<Base>,
    pub alias_of: Option<RecordId>,
    pub leaving: bool,
    pub fields: ShownFields,
    pub conflicts: Conflicts,
}

#[uniffi::remote(Enum)]
pub enum ReportPhase {
    Waiting,
    Sent,
    InHand,
    Asked,
    Answered,
    Seen,
    Unknown,
}

#[uniffi::remote(Record)]
pub struct ReportStanding {
    pub phase: ReportPhase,
    pub due: Option<Moment>,
    pub late: bool,
}

#[uniffi::remote(Record)]
pub struct Position {
    pub lat_e6: i32,
    pub lon_e6: i32,
}

#[uniffi::remote(Record)]
pub struct Clinic {
    pub code: String,
    pub name: String,
    pub address: String,
    pub district: String,
    pub phone: Option<String>,
    pub position: Option<Position>,
    pub hours: String,
    pub ended: Option<NaiveDate>,
}

#[uniffi::remote(Enum)]
pub enum SponsoredSector {
    Transport,
    NotTransport,
    Other(String),
}

#[uniffi::remote(Record)]
pub struct Agreement {
    pub number: String,
    pub sponsor: String,
    pub payer: Payer,
    pub quota: u32,
    pub months: u32,
    pub start_month: Month,
    pub end_month: Option<Month>,
    pub programs: Programs,
    pub sector: Option<SponsoredSector>,
    pub areas: Vec<Area>,
    pub ecosystem: Option<String>,
    pub taken: u32,
    pub share: u32,
    pub ended: Option<NaiveDate>,
}

#[uniffi::remote(Record)]
pub struct AgreementView {
    pub agreement: Agreement,
    pub waiting_here: u32,
    pub left_here: i64,
    pub words: String,
}

#[uniffi::remote(Record)]
pub struct ClinicQuery {
    pub near: Option<Position>,
    pub region: Option<Area>,
    pub typed: String,
    pub limit: Count,
}

#[uniffi::remote(Record)]
pub struct ClinicView {
    pub clinic: Clinic,
    pub metres: Option<u32>,
    pub distance: String,
}

#[uniffi::remote(Record)]
pub struct ReportView {
    pub record: ShownRecord,
    pub worker: Option<RecordId>,
    pub standing: ReportStanding,
    pub label: String,
    pub next_step: String,
    pub follow_ups: Vec<ShownRecord>,
}

#[uniffi::remote(Record)]
pub struct EnrollmentView {
    pub record: ShownRecord,
    pub state: EnrollmentState,
    pub phase: Phase,
    pub label: String,
    pub next_step: String,
    pub due: Due,
    pub events: Vec<ShownRecord>,
}

#[uniffi::remote(Record)]
pub struct WorkerDetail {
    pub summary: WorkerSummary,
    pub record: ShownRecord,
    pub enrollments: Vec<EnrollmentView>,
    pub visits: Vec<ShownRecord>,
    pub duplicates: Vec<RecordId>,
    pub duplicate_of: Option<String>,
}

#[uniffi::remote(Record)]
pub struct HistoryEntry {
    pub k: i64,
    pub at_ms: i64,
    pub values: Fields,
    pub decided: Vec<String>,
    pub mark: Mark,
}

#[uniffi::remote(Record)]
pub struct OpenConflict {
    pub record: RecordId,
    pub kind: Kind,
    pub worker: Option<RecordId>,
    pub name: Option<String>,
    pub area: Area,
    pub base: Option<Base>,
    pub field: String,
    pub shown: Option<Value>,
    pub decided: bool,
    pub conflict: Conflict,
}

#[uniffi::remote(Record)]
pub struct Decision {
    pub record: RecordId,
    pub field: String,
    pub value: Value,
    pub seen: Vec<OpId>,
    pub base: Option<Base>,
    pub document: Option<String>,
}

#[uniffi::remote(Record)]
pub struct NeedsFixing {
    pub k: i64,
    pub record: RecordId,
    pub kind: Kind,
    pub name: Option<String>,
    pub code: Option<String>,
    pub fields: Codes,
    pub values: Fields,
}

// ---- payung_sync

#[uniffi::remote(Enum)]
pub enum Pause {
    Unreachable,
    Slow,
    Portal,
    Refused,
    Untrusted,
    Store,
    Join,
}

#[uniffi::remote(Enum)]
pub enum SyncState {
    Idle,
    Sending { sent: Count, outstanding: Count },
    Waiting { until_ms: i64 },
    Paused { why: Pause, until_ms: Option<i64> },
}

#[uniffi::remote(Record)]
pub struct SyncReport {
    pub sent: Count,
    pub uploaded: Count,
    pub applied: Count,
    pub replayed: Count,
    pub held: Count,
    pub refused: Count,
    pub conflicts: Count,
    pub lost: Count,
    pub merged: Count,
    pub changes: Count,
    pub offered: Count,
    pub set_aside: Count,
    pub requests: Count,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub areas_differing: Count,
    pub new_epoch: bool,
    pub renewed: bool,
    pub rejoin_needed: bool,
    pub wipe: bool,
    pub interrupted: bool,
    pub min_app: Option<String>,
    pub clock_ahead_ms: Option<i64>,
    pub resume_at_ms: Option<i64>,
}
