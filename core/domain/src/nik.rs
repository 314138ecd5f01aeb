//! The NIK (*nomor induk kependudukan*): 16 digits `PPRRSS DDMMYY NNNN`.
//!
//! Region and date are those of first issue; a woman's day is +40; there is no check digit (Permendagri 9/2011,
//! UU 23/2006 art. 13). So only the length and a serial of zeros are proof of an error; everything else is asked about.

use std::{fmt, str::FromStr};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::region::{self, NikRegion, RegionCode};

#[cfg(test)]
mod tests;

const DIGITS: usize = 16;
/// The ages a birth year of two digits is taken to mean.
const LIKELY_AGES: std::ops::RangeInclusive<u32> = 15..=100;
/// Under this age a registration is warned about: no lower age is published.
const WARN_UNDER_AGE: u32 = 17;

/// A NIK of the right shape. Its digits leave only through [`Nik::expose`] and serialization (of sealed bodies).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Nik(String);

/// Why something typed is no NIK. Never holds what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NikError {
    /// Something other than digits, spaces, dots and hyphens.
    #[error("the NIK has characters other than digits")]
    Characters,
    /// Not 16 digits.
    #[error("the NIK has {digits} digits instead of 16")]
    Length {
        /// Digits given.
        digits: usize,
    },
    /// The last four digits are 0000, which is never issued.
    #[error("the NIK ends in 0000")]
    Serial,
}

impl NikError {
    /// The stable code that screens translate.
    pub fn code(self) -> &'static str {
        match self {
            Self::Characters => "nik_characters",
            Self::Length { .. } => "nik_length",
            Self::Serial => "nik_serial",
        }
    }
}

/// Sex as a NIK encodes it and a KTP prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// *Laki-laki*.
    Male,
    /// *Perempuan*.
    Female,
}

/// Why a NIK is to be typed again and confirmed as "sesuai KTP". Never a rejection: a KTP can carry an odd date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NikRetype {
    /// The day is neither in 1-31 nor in 41-71.
    Day,
    /// The month is not in 1-12.
    Month,
    /// No year has this day in this month, or this year has not (29 February).
    Date,
}

impl NikRetype {
    /// The stable code that screens translate.
    pub fn code(self) -> &'static str {
        match self {
            Self::Day => "nik_day",
            Self::Month => "nik_month",
            Self::Date => "nik_date",
        }
    }
}

/// What is odd about a NIK; the official goes on with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NikWarning {
    /// No district, current or retired, has the first six digits.
    RegionUnknown,
    /// First issued elsewhere than the address.
    RegionDiffers,
    /// Another birth date than the one typed.
    BirthDiffers,
    /// Another sex than the one typed.
    SexDiffers,
    /// Under 17 years old.
    Under17,
    /// A worker on this phone has it already.
    OnThisPhone,
    /// The area's duplicate filter knows it.
    InArea,
}

impl NikWarning {
    /// The stable code that screens translate.
    pub fn code(self) -> &'static str {
        match self {
            Self::RegionUnknown => "nik_region_unknown",
            Self::RegionDiffers => "nik_region_differs",
            Self::BirthDiffers => "nik_birth_differs",
            Self::SexDiffers => "nik_sex_differs",
            Self::Under17 => "nik_under_17",
            Self::OnThisPhone => "nik_on_this_phone",
            Self::InArea => "nik_in_area",
        }
    }
}

/// What a NIK is checked against.
// No Debug: it holds a person's birth date.
#[derive(Clone)]
pub struct NikContext {
    /// Today in the region's zone.
    pub today: NaiveDate,
    /// The birth date as typed from the KTP.
    pub typed_birth: Option<NaiveDate>,
    /// The sex as typed from the KTP.
    pub typed_sex: Option<Sex>,
    /// The region of the home address, of any level.
    pub home: Option<RegionCode>,
    /// Whether another worker on this phone has this NIK.
    pub on_this_phone: bool,
    /// Whether the duplicate filter of the area has this NIK.
    pub in_duplicate_filter: bool,
}

impl NikContext {
    /// Nothing known but the day.
    pub fn on(today: NaiveDate) -> Self {
        Self { today, typed_birth: None, typed_sex: None, home: None, on_this_phone: false, in_duplicate_filter: false }
    }
}

/// What a NIK says and what is odd about it.
#[derive(Clone, PartialEq, Eq)]
pub struct NikCheck {
    /// If not empty: to be typed again and confirmed.
    pub retype: Vec<NikRetype>,
    /// Each to be confirmed with a reason.
    pub warn: Vec<NikWarning>,
    /// The birth date, where the date exists and its century could be told.
    pub birth: Option<NaiveDate>,
    /// The sex, where the day is one of a man or a woman.
    pub sex: Option<Sex>,
    /// The district of first issue, where known.
    pub region: Option<NikRegion>,
}

impl fmt::Debug for NikCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Birth date, sex and region are the person's.
        f.debug_struct("NikCheck").field("retype", &self.retype).field("warn", &self.warn).finish_non_exhaustive()
    }
}

impl Nik {
    /// Reads what was typed, with the spaces, dots and hyphens people put between the groups.
    ///
    /// # Errors
    /// [`NikError`] tells what is wrong, without the digits.
    pub fn parse(typed: &str) -> Result<Self, NikError> {
        let mut digits = String::with_capacity(DIGITS);
        for c in typed.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '.' | '-' => {}
                c if c.is_whitespace() => {}
                _ => return Err(NikError::Characters),
            }
        }
        if digits.len() != DIGITS {
            return Err(NikError::Length { digits: digits.len() });
        }
        if digits.ends_with("0000") {
            return Err(NikError::Serial);
        }
        Ok(Self(digits))
    }

    /// The 16 digits. For sealed bodies, the database's encrypted columns and the screen that edits them, nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `3302********9001`, for screens, cards and receipts.
    pub fn masked(&self) -> String {
        format!("{}********{}", &self.0[..4], self.last4())
    }

    /// The serial, by which officials find a person again.
    pub fn last4(&self) -> &str {
        &self.0[DIGITS - 4..]
    }

    /// Two digits of it as a number.
    fn two(&self, at: usize) -> u32 {
        self.0.bytes().skip(at).take(2).fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    }

    /// What this NIK says, and what to ask about.
    pub fn check(&self, context: &NikContext) -> NikCheck {
        let (sex, day) = match self.two(6) {
            day @ 1..=31 => (Some(Sex::Male), Some(day)),
            day @ 41..=71 => (Some(Sex::Female), Some(day - 40)),
            _ => (None, None),
        };
        let month = Some(self.two(8)).filter(|month| (1..=12).contains(month));

        let mut retype = Vec::new();
        if day.is_none() {
            retype.push(NikRetype::Day);
        }
        if month.is_none() {
            retype.push(NikRetype::Month);
        }
        let mut dates = Vec::new();
        if let (Some(day), Some(month)) = (day, month) {
            dates = self.dates(month, day);
            if dates.is_empty() {
                retype.push(NikRetype::Date);
            }
        }
        let birth = in_century(&dates, context);
        // An impossible date or day is asked about above; that it also differs from the typed one says nothing more.
        let birth_differs = !dates.is_empty() && context.typed_birth.is_some_and(|typed| Some(typed) != birth);
        let sex_differs = sex.is_some() && context.typed_sex.is_some_and(|typed| Some(typed) != sex);

        let region = region::by_nik_prefix(&self.0[..6]);
        let warnings = [
            (NikWarning::RegionUnknown, region.is_none()),
            (NikWarning::RegionDiffers, differs(region.as_ref(), context.home)),
            (NikWarning::BirthDiffers, birth_differs),
            (NikWarning::SexDiffers, sex_differs),
            (NikWarning::Under17, is_young(context.typed_birth.or(birth), context.today)),
            (NikWarning::OnThisPhone, context.on_this_phone),
            (NikWarning::InArea, context.in_duplicate_filter),
        ];
        let warn = warnings.into_iter().filter_map(|(warning, applies)| applies.then_some(warning)).collect();
        NikCheck { retype, warn, birth, sex, region }
    }

    /// The dates the six digits may mean, one for each century that has the date.
    fn dates(&self, month: u32, day: u32) -> Vec<NaiveDate> {
        let year = self.two(10).cast_signed();
        [1900, 2000].into_iter().filter_map(|century| NaiveDate::from_ymd_opt(century + year, month, day)).collect()
    }
}

/// The one that gives a likely age; if none does, the one in the typed date's year, else none.
///
/// Likely ages span less than a century, so never two of them fit.
fn in_century(dates: &[NaiveDate], context: &NikContext) -> Option<NaiveDate> {
    let age = |date: &NaiveDate| context.today.years_since(*date);
    let likely = dates.iter().find(|date| age(date).is_some_and(|age| LIKELY_AGES.contains(&age)));
    let typed_year = || {
        let typed = context.typed_birth?;
        dates.iter().find(|date| date.year() == typed.year())
    };
    likely.or_else(typed_year).copied()
}

fn is_young(birth: Option<NaiveDate>, today: NaiveDate) -> bool {
    // A birth date in the future has no age and is as wrong as one of yesterday.
    birth.is_some_and(|birth| today.years_since(birth).is_none_or(|age| age < WARN_UNDER_AGE))
}

fn differs(issued: Option<&NikRegion>, home: Option<RegionCode>) -> bool {
    let (Some(issued), Some(home)) = (issued, home) else { return false };
    if issued.retired {
        // A retired code says nothing about moving: in Papua the same house got a new code in 2022.
        return !home.to_string().starts_with('9');
    }
    let depth = home.level().min(issued.code.level());
    home.at(depth) != issued.code.at(depth)
}

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nik({})", self.masked())
    }
}

impl From<Nik> for String {
    fn from(nik: Nik) -> Self {
        nik.0
    }
}

impl TryFrom<String> for Nik {
    type Error = NikError;
    fn try_from(typed: String) -> Result<Self, NikError> {
        Self::parse(&typed)
    }
}

impl FromStr for Nik {
    type Err = NikError;
    fn from_str(typed: &str) -> Result<Self, NikError> {
        Self::parse(typed)
    }
}
