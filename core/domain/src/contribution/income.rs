//! Income, as told by the worker, to a month's whole rupiah.

use serde::{Deserialize, Serialize};

use super::ContributionError;

/// How the income was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum IncomeBasis {
    /// So much a month.
    Monthly {
        /// Rupiah a month.
        amount: i64,
    },
    /// So much a working day.
    Daily {
        /// Rupiah a day.
        rate: i64,
        /// Working days a month, 1 to 31.
        days: u32,
    },
}

/// Income of one month in whole rupiah, more than zero and at most [`IncomeBasis::MAX_MONTHLY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MonthlyIncome(i64);

impl IncomeBasis {
    /// One milliard rupiah a month: fifty times the highest tier, so more is a slip of the finger.
    pub const MAX_MONTHLY: i64 = 1_000_000_000;

    /// The income of one month.
    pub fn monthly(self) -> Result<MonthlyIncome, ContributionError> {
        let (amount, field) = match self {
            Self::Monthly { amount } => (Some(amount), "monthly_income"),
            Self::Daily { days, .. } if !(1..=31).contains(&days) => return Err(ContributionError::DaysOutOfRange),
            Self::Daily { rate, days } => (rate.checked_mul(i64::from(days)), "daily_rate"),
        };
        match amount {
            Some(amount) if amount > Self::MAX_MONTHLY => Err(ContributionError::TooLarge { field }),
            Some(amount) if amount > 0 => Ok(MonthlyIncome(amount)),
            Some(_) => Err(ContributionError::NotPositive { field }),
            None => Err(ContributionError::TooLarge { field }),
        }
    }
}

impl MonthlyIncome {
    /// From an amount a month in rupiah.
    pub fn new(amount: i64) -> Result<Self, ContributionError> {
        IncomeBasis::Monthly { amount }.monthly()
    }

    /// Rupiah a month.
    pub fn amount(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for MonthlyIncome {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// An amount as typed: `1500000`, `1.500.000`, `Rp 1.500.000,-`, `1,5 juta`, `750 ribu`. `field` names the form's field
/// in the error. What could be read in two ways (`1.5`, `1.500 juta`) is refused rather than guessed.
pub fn parse_rupiah(field: &'static str, text: &str) -> Result<i64, ContributionError> {
    let not_a_number = ContributionError::NotANumber { field };
    let lower = text.trim().to_lowercase();
    let bare = lower.strip_prefix("rp").map_or(lower.as_str(), |rest| rest.strip_prefix('.').unwrap_or(rest)).trim();
    let amount = if let Some((number, unit)) = with_unit(bare) {
        scaled(number, unit)
    } else {
        let whole = [",-", ".-", ",00"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
        grouped(whole)
    };
    match amount {
        Some(amount) if amount > IncomeBasis::MAX_MONTHLY => Err(ContributionError::TooLarge { field }),
        Some(amount) => Ok(amount),
        None if bare.len() > 12 && bare.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(ContributionError::TooLarge { field })
        }
        None => Err(not_a_number),
    }
}

/// Working days a month as typed, 1 to 31.
pub fn parse_days(text: &str) -> Result<u32, ContributionError> {
    let trimmed = text.trim();
    let bare = trimmed.strip_suffix("hari").unwrap_or(trimmed).trim();
    let days: u32 = bare.parse().map_err(|_| ContributionError::NotANumber { field: "days" })?;
    if (1..=31).contains(&days) { Ok(days) } else { Err(ContributionError::DaysOutOfRange) }
}

/// `Rp 1.500.000`, as Indonesian readers expect it.
pub fn rupiah(amount: i64) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 5);
    text.push_str(if amount < 0 { "-Rp " } else { "Rp " });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

fn with_unit(text: &str) -> Option<(&str, i64)> {
    [("juta", 1_000_000), ("jt", 1_000_000), ("ribu", 1_000), ("rb", 1_000)]
        .into_iter()
        .find_map(|(word, unit)| text.strip_suffix(word).map(|number| (number.trim_end(), unit)))
}

/// A decimal number times `unit`; the result must be whole. A point before three digits would be read as thousands
/// by some and as a decimal by others.
fn scaled(number: &str, unit: i64) -> Option<i64> {
    let (whole, part) = match number.find([',', '.']) {
        None => (number, ""),
        Some(at) => (&number[..at], &number[at + 1..]),
    };
    let mark_only = whole.len() < number.len() && part.is_empty();
    if mark_only || (part.len() == 3 && number.contains('.')) || part.len() > 6 {
        return None;
    }
    let whole = digits(whole)?.checked_mul(unit)?;
    if part.is_empty() {
        return Some(whole);
    }
    let over = 10_i64.pow(u32::try_from(part.len()).ok()?);
    let part = digits(part)?.checked_mul(unit)?;
    if part % over == 0 { whole.checked_add(part / over) } else { None }
}

/// Digits, or digits in groups of three set apart by one kind of mark.
fn grouped(text: &str) -> Option<i64> {
    let Some(mark) = text.chars().find(|c| matches!(c, '.' | ',' | ' ' | '\'')) else {
        return digits(text);
    };
    let mut groups = text.split(mark);
    let first = groups.next()?;
    if first.is_empty() || first.len() > 3 {
        return None;
    }
    let mut all = first.to_owned();
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        all.push_str(group);
    }
    digits(&all)
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
