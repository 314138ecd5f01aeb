//! Months of contribution and the days of a region, counted in the region's own zone and never in UTC.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{area::Area, region::RegionCode};

#[cfg(test)]
mod tests;

const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

const LAST_YEAR: i32 = 9999;

/// A calendar month of the years 1 to 9999, written `2026-11`. Ordered by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Month {
    year: i32,
    /// 1 to 12.
    month: u32,
}

/// The text is not a month `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a month (YYYY-MM)")]
pub struct MonthError;

impl Month {
    /// The month `month` (1 to 12) of `year` (1 to 9999); none outside.
    pub fn new(year: i32, month: u32) -> Option<Self> {
        ((1..=LAST_YEAR).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month in which `date` lies; dates outside the years 1 to 9999 give the first or last month there is.
    pub fn of(date: NaiveDate) -> Self {
        Self::from_ordinal(i64::from(date.year()) * 12 + i64::from(date.month0()))
    }

    /// Reads `YYYY-MM`.
    ///
    /// # Errors
    /// [`MonthError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        let digits = |part: &str, width| part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(MonthError);
        }
        let year = year.parse().map_err(|_| MonthError)?;
        Self::new(year, month.parse().map_err(|_| MonthError)?).ok_or(MonthError)
    }

    /// The year, 1 to 9999.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month of the year, 1 to 12.
    pub fn month(self) -> u32 {
        self.month
    }

    /// `months` later, or earlier if negative; stops at the first and last month there is.
    #[must_use]
    pub fn add_months(self, months: i32) -> Self {
        Self::from_ordinal(self.ordinal() + i64::from(months))
    }

    /// How many months `later` is after this one; negative if it is before.
    pub fn months_until(self, later: Self) -> i32 {
        i32::try_from(later.ordinal() - self.ordinal()).expect("years end at 9999")
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month, 1).expect("a month has a first day")
    }

    /// Its last day.
    pub fn last_day(self) -> NaiveDate {
        (28..=31)
            .rev()
            .find_map(|day| NaiveDate::from_ymd_opt(self.year, self.month, day))
            .expect("a month has at least 28 days")
    }

    /// `November 2026` in Indonesian.
    pub fn indonesian(self) -> String {
        format!("{} {}", month_name(self.month), self.year)
    }

    fn ordinal(self) -> i64 {
        i64::from(self.year) * 12 + i64::from(self.month) - 1
    }

    fn from_ordinal(ordinal: i64) -> Self {
        let ordinal = ordinal.clamp(12, i64::from(LAST_YEAR) * 12 + 11);
        let year = i32::try_from(ordinal / 12).expect("clamped");
        let month = u32::try_from(ordinal % 12).expect("clamped") + 1;
        Self { year, month }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Month({self})")
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = MonthError;
    fn try_from(text: String) -> Result<Self, MonthError> {
        Self::parse(&text)
    }
}

impl FromStr for Month {
    type Err = MonthError;
    fn from_str(text: &str) -> Result<Self, MonthError> {
        Self::parse(text)
    }
}

fn month_name(month: u32) -> &'static str {
    MONTHS[month as usize - 1]
}

/// `1 Desember 2026`
pub fn indonesian_date(date: NaiveDate) -> String {
    format!("{} {} {}", date.day(), month_name(date.month()), date.year())
}

/// Indonesia's three zones (Keppres 41/1987); none has summer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// *Waktu Indonesia Barat*, UTC+7.
    Wib,
    /// *Waktu Indonesia Tengah*, UTC+8.
    Wita,
    /// *Waktu Indonesia Timur*, UTC+9.
    Wit,
}

impl Zone {
    /// `WIB`, `WITA` or `WIT`, as clocks are labelled.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wib => "WIB",
            Self::Wita => "WITA",
            Self::Wit => "WIT",
        }
    }

    /// The offset from UTC.
    pub fn offset(self) -> FixedOffset {
        let hours = match self {
            Self::Wib => 7,
            Self::Wita => 8,
            Self::Wit => 9,
        };
        FixedOffset::east_opt(hours * 3600).expect("far below a day")
    }
}

impl From<&RegionCode> for Zone {
    /// By the province's code. A province newer than this table takes the zone of its island group, the first digit.
    fn from(code: &RegionCode) -> Self {
        let province = code.province().to_string();
        match province.as_bytes() {
            // West and Central Kalimantan keep Jakarta's time, the rest of the island Bali's.
            b"61" | b"62" => Self::Wib,
            [b'5'..=b'7', _] => Self::Wita,
            [b'8' | b'9', _] => Self::Wit,
            _ => Self::Wib,
        }
    }
}

impl From<&Area> for Zone {
    fn from(area: &Area) -> Self {
        Self::from(&area.region())
    }
}

/// The date on a calendar hanging in `place` at this moment.
pub fn local_date(at: DateTime<Utc>, place: impl Into<Zone>) -> NaiveDate {
    at.with_timezone(&place.into().offset()).date_naive()
}

/// The month in `place` at this moment, which is the month a contribution counts for.
pub fn local_month(at: DateTime<Utc>, place: impl Into<Zone>) -> Month {
    Month::of(local_date(at, place))
}
