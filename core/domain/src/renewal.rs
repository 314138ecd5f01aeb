//! Going on: whose cover ends, what is owed, what a term costs, and the event that asks for it.
//!
//! A renewal begins with the first unpaid month, so that arrears are paid first: up to three can be (PP 44/2015); a
//! fourth has ended the membership. What this phone cannot know it does not reckon: see [`Unreckoned`].

#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    calendar::Month,
    contribution::{
        ContributionError, ContributionTable, ContributionTables, MonthlyIncome, Payer, Program, QuoteRequest,
    },
    enrollment::{
        Actor, EnrollmentEvent, EnrollmentFlag, EnrollmentState, Evidence, Phase, Proof, TransitionError, next, phase,
    },
    field::FieldError,
    id::RecordId,
    occupation,
    op::Body,
};

/// Whether somebody has to be asked about going on: the cover ends this month or within 30 days, has ended, or the
/// membership has. Not where a death was reported.
pub fn is_due(state: &EnrollmentState, today: NaiveDate) -> bool {
    let ends_this_month = state.covered.is_some_and(|covered| covered.until <= Month::of(today));
    !state.has(&EnrollmentFlag::DeathReported)
        && match phase(state, today) {
            Phase::Lapsing | Phase::Arrears(_) | Phase::Ended => true,
            Phase::Covered => ends_this_month,
            _ => false,
        }
}

/// What a renewal costs. Rupiah.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalPrice {
    /// First month paid for: the first that is not paid yet.
    pub first: Month,
    /// Last month paid for.
    pub last: Month,
    /// To be paid for the term, arrears among it.
    pub total: i64,
    /// Taken off in it.
    pub discount: i64,
    /// To be paid for the months owed alone, this one counted; zero while nothing is.
    pub owed: i64,
    /// Whether this month is paid once the term is.
    pub covers: bool,
}

/// Why a renewal is not reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unreckoned {
    /// The membership has ended: coming back is a new registration.
    Ended,
    /// Nothing is known to have been paid.
    CoverUnknown,
    /// The enrolment says nothing, or nothing readable, of its income.
    IncomeUnknown,
    /// A programme this version does not know.
    ProgramsUnknown,
    /// A payer this version does not know: whether a discount is given to it is not known either.
    PayerUnknown,
    /// Reckoned by a table this phone does not have, which may say something else.
    TableUnknown,
    /// An occupation this version does not know, and its sector makes a difference.
    OccupationUnknown,
    /// The term is not sold.
    TermNotOffered,
    /// The table says nothing of one of the months.
    NoRates,
}

impl Unreckoned {
    /// The stable code for texts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::CoverUnknown => "cover_unknown",
            Self::IncomeUnknown => "income_unknown",
            Self::ProgramsUnknown => "programs_unknown",
            Self::PayerUnknown => "payer_unknown",
            Self::TableUnknown => "table_unknown",
            Self::OccupationUnknown => "occupation_unknown",
            Self::TermNotOffered => "term_not_offered",
            Self::NoRates => "no_rates",
        }
    }

    /// Why, and what to do, in Indonesian.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Ended => "Kepesertaan sudah berakhir. Daftarkan lagi sebagai pendaftaran baru.",
            Self::CoverUnknown => "Belum ada catatan pembayaran di HP ini. Terima data baru, lalu buka lagi.",
            Self::IncomeUnknown => "Penghasilannya belum tercatat. Tanyakan jumlah iurannya ke kantor.",
            Self::ProgramsUnknown | Self::PayerUnknown | Self::OccupationUnknown => {
                "Ada isian yang belum dikenal aplikasi ini. Perbarui aplikasi atau tanyakan ke kantor."
            }
            Self::TableUnknown => "Iurannya dihitung dengan tabel yang belum ada di HP ini. Perbarui aplikasi.",
            Self::TermNotOffered => "Jangka waktu ini tidak ada. Pilih yang lain.",
            Self::NoRates => "Besar iuran untuk bulan-bulan ini belum diketahui. Pilih jangka waktu yang lebih pendek.",
        }
    }
}

impl From<ContributionError> for Unreckoned {
    fn from(error: ContributionError) -> Self {
        match error {
            ContributionError::TermNotOffered { .. } => Self::TermNotOffered,
            ContributionError::NoRates { .. } | ContributionError::BadTable(_) => Self::NoRates,
            ContributionError::ProgramsIncomplete
            | ContributionError::JhtCompulsory
            | ContributionError::ProgramNotForInformal => Self::ProgramsUnknown,
            ContributionError::NotANumber { .. }
            | ContributionError::NotPositive { .. }
            | ContributionError::TooLarge { .. }
            | ContributionError::DaysOutOfRange => Self::IncomeUnknown,
        }
    }
}

fn part<T: DeserializeOwned>(cover: &Value, name: &str) -> Option<T> {
    T::deserialize(cover.get(name)?).ok()
}

/// What `months` of going on cost, by the cover an enrolment asked for and the occupation of its worker, both as kept.
///
/// # Errors
/// [`Unreckoned`] where it would be a guess.
pub fn price(
    worker: &Body,
    enrollment: &Body,
    state: &EnrollmentState,
    months: u32,
    today: NaiveDate,
    tables: &ContributionTables,
) -> Result<RenewalPrice, Unreckoned> {
    let paid = state.covered.ok_or(Unreckoned::CoverUnknown)?.until;
    if phase(state, today) == Phase::Ended {
        return Err(Unreckoned::Ended);
    }
    let cover = enrollment.get("cover").ok_or(Unreckoned::IncomeUnknown)?;
    if part::<String>(cover, "table_version").is_some_and(|version| tables.named(&version).is_none()) {
        return Err(Unreckoned::TableUnknown);
    }
    let table = tables.in_force(paid.add_months(1));
    let income = part(cover, "monthly_income").and_then(|amount| MonthlyIncome::new(amount).ok());
    let programs: Vec<Program> = part(cover, "programs").ok_or(Unreckoned::ProgramsUnknown)?;
    let payer = part(cover, "payer").filter(|payer| Payer::KNOWN.contains(payer)).ok_or(Unreckoned::PayerUnknown)?;
    let first = worker.get("occupations").and_then(|jobs| jobs.get("first")).and_then(Value::as_str);
    let transport = first.and_then(occupation::by_code).map(|job| job.transport);
    let mut request = QuoteRequest {
        income: income.ok_or(Unreckoned::IncomeUnknown)?,
        programs: programs.into_iter().collect(),
        start: paid.add_months(1),
        months,
        payer,
        transport: transport.unwrap_or(false),
    };
    let this_month = Month::of(today);
    let term = table.quote(&request)?;
    let unpaid = u32::try_from(paid.months_until(this_month)).unwrap_or(0);
    let owed = QuoteRequest { months: unpaid, ..request.clone() };
    let owed = table.reckon(&owed)?.total;
    if transport.is_none() {
        request.transport = true;
        let otherwise = table.quote(&request)?.total;
        request.months = unpaid;
        if otherwise != term.total || table.reckon(&request)?.total != owed {
            return Err(Unreckoned::OccupationUnknown);
        }
    }
    let last = paid.add_months(i32::try_from(months).unwrap_or(i32::MAX));
    Ok(RenewalPrice {
        first: request.start,
        last,
        total: term.total,
        discount: term.months.iter().map(|month| month.discount).sum(),
        owed,
        covers: last >= this_month,
    })
}

/// Months owed on a day, this one counted; zero while nothing is, and once the membership has ended.
pub fn months_owed(state: &EnrollmentState, today: NaiveDate) -> u8 {
    match phase(state, today) {
        Phase::Arrears(months) => months,
        _ => 0,
    }
}

/// What an official asks for a member who goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalRequest {
    /// Contribution months, from the first unpaid one.
    pub months: u32,
    /// Who pays from now on; as before where none is named.
    pub payer: Option<Payer>,
    /// The worker said they still work. Without it nothing is asked for.
    pub working: bool,
    /// The worker said they are well. An illness cuts no member off.
    pub healthy: bool,
}

/// The fields of the event that asks for it, checked as the server will check it.
///
/// # Errors
/// The wrong field of the request, with a stable code.
pub fn event(
    id: RecordId,
    enrollment: &Body,
    state: &EnrollmentState,
    request: &RenewalRequest,
    at: DateTime<Utc>,
    today: NaiveDate,
) -> Result<Body, FieldError> {
    let wrong = |field: &str, code: &str| FieldError::new(field, code);
    let mut cover = enrollment.get("cover").cloned().filter(Value::is_object).ok_or(wrong("cover", "required"))?;
    if !ContributionTable::builtin().terms.contains(&request.months) {
        return Err(wrong("cover.months", "term_not_offered"));
    }
    let payer = request.payer.clone().or_else(|| part(&cover, "payer")).unwrap_or(Payer::SelfPaid);
    let evidence = Evidence::Renewal { months: request.months, payer: payer.clone(), still_working: request.working };
    let asked = next(state, &EnrollmentEvent::Renew, Actor::Official, &Proof { on: today, evidence });
    asked.map_err(|error| match error {
        TransitionError::Refused { .. } => wrong("enrollment", error.code()),
        TransitionError::Proof { .. } if !request.working => wrong("declaration.independent", error.code()),
        TransitionError::Proof { .. } => wrong("cover.months", error.code()),
    })?;
    let paid = state.covered.map_or_else(|| Month::of(today), |covered| covered.until);
    if let Some(cover) = cover.as_object_mut() {
        cover.insert("start_month".to_owned(), json!(paid.add_months(1)));
        cover.insert("months".to_owned(), request.months.into());
        cover.insert("payer".to_owned(), json!(payer));
    }
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(Body::from([
        ("enrollment".to_owned(), id.to_string().into()),
        ("event".to_owned(), "renew".into()),
        ("at".to_owned(), at.clone().into()),
        ("cover".to_owned(), cover),
        ("declaration".to_owned(), json!({"independent": true, "healthy": request.healthy, "at": at})),
    ]))
}
