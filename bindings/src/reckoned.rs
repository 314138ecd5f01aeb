//! Plain data of what the core reckons for the official, as it crosses: see `records`.

use crate::plain::Moment;
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    benefit::{Benefit, Programme},
    calendar::Month,
    consent::ConsentText,
    contribution::{Breakdown, BreakdownLine, Payer, Program, Quote, TermPrice},
    coverage::{Coverage, CoverageLevel},
    ecosystem::{Ecosystem, EcosystemKind},
    enrollment::{Phase, ReturnReason},
    id::RecordId,
    lesson::{BenefitSheet, Language, Lesson, SheetRow},
    outreach::{OutreachSession, SessionPlan, SessionState, Wish},
    own_record::{OwnRecord, OwnRow, OwnSection},
    renewal::{RenewalPrice, RenewalRequest},
    roster::WrongCell,
    round::VisitOutcome,
    slip::{Slip, SlipPayment},
};
use payung_store::{
    Attendee, CoverageLine, CoverageNumbers, CoveragePicture, DraftId, EcosystemView, Imported, ImportedRow, KnownRow,
    RenewalKey, RenewalPage, RenewalRow, RenewalSum, Round, RoundDoor, RoundProgress, RoundView, SessionView,
};

#[uniffi::remote(Record)]
pub struct BreakdownLine {
    pub first: Month,
    pub last: Month,
    pub months: u32,
    pub jkk: i64,
    pub jkm: i64,
    pub jht: i64,
    pub discount: i64,
    pub laws: Vec<String>,
    pub monthly: i64,
    pub sum: i64,
    pub sentence: String,
}

#[uniffi::remote(Record)]
pub struct TermPrice {
    pub months: u32,
    pub until: Month,
    pub total: Option<i64>,
    pub sentence: String,
}

#[uniffi::remote(Record)]
pub struct Breakdown {
    pub quote: Quote,
    pub lines: Vec<BreakdownLine>,
    pub sentence: String,
    pub terms: Vec<TermPrice>,
}

#[uniffi::remote(Record)]
pub struct Benefit {
    pub code: String,
    pub program: Program,
    pub title: String,
    pub sentence: String,
    pub amount: Option<i64>,
    pub times_base: Option<i64>,
    pub source: String,
    pub valid_from: Month,
    pub valid_until: Option<Month>,
}

#[uniffi::remote(Record)]
pub struct Programme {
    pub code: String,
    pub name: String,
    pub long_name: String,
    pub offered: bool,
    pub what: String,
    pub why_not: String,
    pub source: String,
}

#[uniffi::remote(Record)]
pub struct ReturnReason {
    pub code: String,
    pub label: String,
    pub sentence: String,
    pub action: String,
}

#[uniffi::remote(Record)]
pub struct RenewalPrice {
    pub first: Month,
    pub last: Month,
    pub total: i64,
    pub discount: i64,
    pub owed: i64,
    pub covers: bool,
}

#[uniffi::remote(Record)]
pub struct RenewalRequest {
    pub months: u32,
    pub payer: Option<Payer>,
    pub working: bool,
    pub healthy: bool,
}

#[uniffi::remote(Record)]
pub struct RenewalKey {
    pub area: Area,
    pub sort: String,
    pub rid: i64,
}

#[uniffi::remote(Record)]
pub struct RenewalRow {
    pub worker: RecordId,
    pub enrollment: RecordId,
    pub name: String,
    pub nik: String,
    pub phone: Option<String>,
    pub area: Area,
    pub phase: Phase,
    pub label: String,
    pub next_step: String,
    pub until: Month,
    pub owed_months: u8,
    pub asked: bool,
    pub price: Option<RenewalPrice>,
    pub why_not: Option<String>,
    pub why_not_words: Option<String>,
}

#[uniffi::remote(Record)]
pub struct RenewalPage {
    pub rows: Vec<RenewalRow>,
    pub next: Option<RenewalKey>,
}

#[uniffi::remote(Record)]
pub struct RenewalSum {
    pub area: Area,
    pub label: String,
    pub lapsing: u32,
    pub arrears: u32,
    pub ended: u32,
    pub asked: u32,
    pub reckoned: u32,
    pub unreckoned: u32,
    pub total: i64,
    pub discount: i64,
    pub owed: i64,
}

#[uniffi::remote(Record)]
pub struct SlipPayment {
    pub code: String,
    pub amount: String,
    pub last_day: String,
    pub place: String,
}

#[uniffi::remote(Record)]
pub struct Slip {
    pub name: String,
    pub nik: String,
    pub covered: bool,
    pub heading: String,
    pub status: String,
    pub payment: Option<SlipPayment>,
    pub next_step: String,
    pub feedback: String,
    pub written: String,
    pub text: String,
}

#[uniffi::remote(Record)]
pub struct WrongCell {
    pub line: u64,
    pub column: u32,
    pub field: String,
    pub code: String,
}

#[uniffi::remote(Record)]
pub struct ImportedRow {
    pub line: u64,
    pub form: DraftId,
    pub warnings: Vec<String>,
}

#[uniffi::remote(Record)]
pub struct KnownRow {
    pub line: u64,
    pub form: Option<DraftId>,
    pub worker: Option<RecordId>,
}

#[uniffi::remote(Record)]
pub struct Imported {
    pub forms: Vec<ImportedRow>,
    pub known: Vec<KnownRow>,
    pub ignored: Vec<u32>,
}

#[uniffi::remote(Record)]
pub struct Coverage {
    pub registered: u64,
    pub waiting: u64,
    pub at_office: u64,
    pub returned: u64,
    pub with_branch: u64,
    pub to_pay: u64,
    pub covered: u64,
    pub lapsing: u64,
    pub arrears: u64,
    pub over: u64,
}

#[uniffi::remote(Enum)]
pub enum CoverageLevel {
    Regency,
    District,
    Village,
    Rw,
    Rt,
}

#[uniffi::remote(Record)]
pub struct CoverageNumbers {
    pub counts: Coverage,
    pub workers_known: u64,
    pub workers_visited: u64,
    pub never_visited: u64,
    pub doors_visited: u64,
    pub officials: u64,
    pub officials_covered: u64,
}

#[uniffi::remote(Record)]
pub struct CoverageLine {
    pub area: Area,
    pub label: String,
    pub numbers: CoverageNumbers,
}

#[uniffi::remote(Record)]
pub struct CoveragePicture {
    pub lines: Vec<CoverageLine>,
    pub total: CoverageNumbers,
}

#[uniffi::remote(Enum)]
pub enum VisitOutcome {
    Registered,
    AlreadyMember,
    NobodyHome,
    Refused,
    NotEligible,
    ComeBack,
    Other(String),
}

#[uniffi::remote(Record)]
pub struct Round {
    pub id: RecordId,
    pub area: Area,
    pub label: String,
    pub began: Moment,
    pub day: NaiveDate,
}

#[uniffi::remote(Record)]
pub struct RoundDoor {
    pub visit: RecordId,
    pub door: Option<String>,
    pub worker: Option<RecordId>,
    pub name: Option<String>,
    pub outcome: VisitOutcome,
    pub label: String,
    pub at: Moment,
    pub visits: u32,
}

#[uniffi::remote(Record)]
pub struct RoundProgress {
    pub workers: u64,
    pub workers_visited: u64,
    pub doors: u64,
    pub registered: u64,
    pub already_member: u64,
    pub refused: u64,
    pub not_eligible: u64,
    pub again: u64,
}

#[uniffi::remote(Record)]
pub struct RoundView {
    pub round: Round,
    pub progress: RoundProgress,
    pub again: Vec<RoundDoor>,
    pub last: Option<RoundDoor>,
}

#[uniffi::remote(Enum)]
pub enum EcosystemKind {
    Company,
    Cooperative,
    Plkk,
    Other(String),
}

#[uniffi::remote(Record)]
pub struct Ecosystem {
    pub code: String,
    pub name: String,
    pub what: EcosystemKind,
    pub members: Option<u32>,
    pub ended: Option<NaiveDate>,
}

#[uniffi::remote(Record)]
pub struct EcosystemView {
    pub code: String,
    pub ecosystem: Option<Ecosystem>,
    pub area: Option<Area>,
    pub counts: Coverage,
    pub workers_known: u64,
}

#[uniffi::remote(Enum)]
pub enum Language {
    Indonesian,
    English,
    Banyumasan,
    Other(String),
}

#[uniffi::remote(Record)]
pub struct Lesson {
    pub code: String,
    pub title: String,
    pub paragraphs: Vec<String>,
    pub source: String,
    pub note: String,
}

#[uniffi::remote(Record)]
pub struct SheetRow {
    pub title: String,
    pub sentence: String,
    pub source: String,
    pub valid_from: Month,
    pub valid_until: Option<Month>,
}

#[uniffi::remote(Record)]
pub struct BenefitSheet {
    pub code: String,
    pub title: String,
    pub what: String,
    pub rows: Vec<SheetRow>,
    pub why_not: String,
    pub source: String,
    pub decides: String,
    pub note: String,
}

#[uniffi::remote(Record)]
pub struct OwnRow {
    pub label: String,
    pub text: String,
}

#[uniffi::remote(Record)]
pub struct OwnSection {
    pub title: String,
    pub rows: Vec<OwnRow>,
}

#[uniffi::remote(Record)]
pub struct OwnRecord {
    pub title: String,
    pub sections: Vec<OwnSection>,
    pub rights: String,
    pub note: String,
    pub text: String,
}

#[uniffi::remote(Enum)]
pub enum SessionPlan {
    Planned,
    Cancelled,
    Other(String),
}

#[uniffi::remote(Enum)]
pub enum SessionState {
    Planned,
    Past,
    Held,
    Cancelled,
}

#[uniffi::remote(Enum)]
pub enum Wish {
    Register,
    Ask,
    Nothing,
    Other(String),
}

#[uniffi::remote(Record)]
pub struct OutreachSession {
    pub id: RecordId,
    pub newest: RecordId,
    pub when: Moment,
    pub place: String,
    pub topics: Vec<String>,
    pub note: String,
    pub plan: SessionPlan,
}

#[uniffi::remote(Record)]
pub struct SessionView {
    pub session: OutreachSession,
    pub area: Area,
    pub topics: Vec<String>,
    pub state: SessionState,
    pub label: String,
    pub came: u32,
    pub registered: u32,
}

#[uniffi::remote(Record)]
pub struct Attendee {
    pub id: RecordId,
    pub name: String,
    pub phone: Option<String>,
    pub home: String,
    pub wish: Wish,
    pub form: Option<DraftId>,
    pub worker: Option<RecordId>,
}

#[uniffi::remote(Record)]
pub struct ConsentText {
    pub version: String,
    pub language: Language,
    pub paragraphs: Vec<String>,
    pub sha256: String,
    pub note: String,
}
