//! The shapes of fields: what a value must look like, and when two values count as the same.
//!
//! A validator refuses only what no later version could mean; lists that grow (occupations, payers, outcomes) take
//! words this version does not know.

use crate::{calendar::Month, nik::Nik, region::RegionCode, text};
use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Value};

/// Why a value was not taken: the field and a stable code. Never the value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{field}: {code}")]
pub struct FieldError {
    /// The field, with its part: `birth.date`.
    pub field: String,
    /// Stable code: `required`, `nik_length`, `date_invalid` …
    pub code: String,
}

impl FieldError {
    /// An error on a field.
    pub fn new(field: &str, code: &str) -> Self {
        Self { field: field.to_owned(), code: code.to_owned() }
    }

    /// The same error, told from the field that contains the part.
    #[must_use]
    pub fn under(mut self, field: &str) -> Self {
        self.field = if self.field.is_empty() { field.to_owned() } else { format!("{field}.{}", self.field) };
        self
    }
}

/// The shape of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Anything JSON.
    Any,
    /// Text of at most so many characters.
    Text(usize),
    /// A word of a list that may grow.
    OneOf(&'static [&'static str]),
    /// A person's name, at most 100 characters, with a letter in it.
    Name,
    /// 16 digits.
    Nik,
    /// 11 digits, as text (KPJ).
    Kpj,
    /// A phone number that can be written +62….
    Phone,
    /// `YYYY-MM-DD`.
    Date,
    /// RFC 3339.
    Instant,
    /// The UUID of a record; of a person, where it is the parent.
    Record,
    /// The UUID of a record of one of these kinds.
    RecordOf(&'static [&'static str]),
    /// {date, place, sex}.
    Birth,
    /// {village, rw, rt, line, landmark, postcode}.
    Home,
    /// {first, second}.
    Occupations,
    /// {place, hours}.
    Work,
    /// [{name, relation, phone}], at most 5.
    Heirs,
    /// {at, position {lat_e6, lon_e6}, accuracy in metres, official}.
    Capture,
    /// {programs, monthly_income, income_basis, start_month, months, payer, agreement, table_version}.
    Cover,
    /// {independent, healthy, at, signature}.
    Declaration,
    /// {text_version, language, read_by, witness, at}.
    Consent,
    /// {sha256, size, key, type}.
    Media,
}

type Checked = Result<(), FieldError>;

/// How deep a value may nest. JSON is read to 128 levels everywhere, and a value is told inside up to eight others (a
/// candidate of a conflict of a record of a reply): a deeper one, taken, would stop every phone that is told of it.
const DEEPEST: usize = 32;

/// Whether no part of a value lies deeper than may be taken.
pub(super) fn is_shallow(value: &Value) -> bool {
    fn within(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(items) => left > 0 && items.iter().all(|item| within(item, left - 1)),
            Value::Object(map) => left > 0 && map.values().all(|part| within(part, left - 1)),
            _ => true,
        }
    }
    within(value, DEEPEST)
}

fn wrong(part: &str, code: &str) -> Checked {
    Err(FieldError::new(part, code))
}

fn string<'v>(value: &'v Value, part: &str) -> Result<&'v str, FieldError> {
    value.as_str().ok_or_else(|| FieldError::new(part, "not_text"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, FieldError> {
    value.as_object().ok_or_else(|| FieldError::new("", "not_an_object"))
}

fn part<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn needed<'v>(map: &'v Map<String, Value>, name: &str) -> Result<&'v Value, FieldError> {
    part(map, name).ok_or_else(|| FieldError::new(name, "required"))
}

fn text_of(value: &Value, name: &str, longest: usize) -> Checked {
    let text = string(value, name)?;
    if text.chars().count() > longest {
        return wrong(name, "too_long");
    }
    if text.chars().any(|c| c.is_control() && c != '\n') { wrong(name, "control_character") } else { Ok(()) }
}

fn name_of(value: &Value, name: &str) -> Checked {
    text_of(value, name, 100)?;
    if string(value, name)?.chars().any(char::is_alphabetic) { Ok(()) } else { wrong(name, "name_empty") }
}

fn phone_of(value: &Value, name: &str) -> Checked {
    match text::normalise_phone(string(value, name)?) {
        Ok(_) => Ok(()),
        Err(_) => wrong(name, "phone_invalid"),
    }
}

fn date_of(value: &Value, name: &str) -> Checked {
    match string(value, name)?.parse::<NaiveDate>() {
        Ok(_) => Ok(()),
        Err(_) => wrong(name, "date_invalid"),
    }
}

fn instant_of(value: &Value, name: &str) -> Checked {
    match DateTime::parse_from_rfc3339(string(value, name)?) {
        Ok(_) => Ok(()),
        Err(_) => wrong(name, "instant_invalid"),
    }
}

fn bool_of(value: &Value, name: &str) -> Checked {
    if value.is_boolean() { Ok(()) } else { wrong(name, "not_yes_or_no") }
}

/// Whole rupiah, months, metres: an integer of at least 0 and less than ten thousand million.
fn count_of(value: &Value, name: &str) -> Checked {
    match value.as_i64() {
        Some(0..10_000_000_000) => Ok(()),
        Some(_) => wrong(name, "out_of_range"),
        None => wrong(name, "not_a_number"),
    }
}

fn each(map: &Map<String, Value>, names: &[&str], check: fn(&Value, &str) -> Checked) -> Checked {
    names.iter().try_for_each(|name| part(map, name).map_or(Ok(()), |value| check(value, name)))
}

fn short_text(value: &Value, name: &str) -> Checked {
    text_of(value, name, 200)
}

fn code_of(value: &Value, name: &str) -> Checked {
    text_of(value, name, 60)?;
    if string(value, name)?.is_empty() { wrong(name, "required") } else { Ok(()) }
}

fn rt_rw_of(value: &Value, name: &str) -> Checked {
    let text = string(value, name)?;
    let (digits, letter) = text.split_at_checked(3).ok_or_else(|| FieldError::new(name, "rt_rw_invalid"))?;
    let fits = digits.bytes().all(|b| b.is_ascii_digit())
        && (letter.is_empty() || letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_uppercase()));
    if fits { Ok(()) } else { wrong(name, "rt_rw_invalid") }
}

impl FieldType {
    /// Whether a (not null) value has the shape. The error's field names the part within, or is empty.
    pub fn validate(self, value: &Value) -> Checked {
        match self {
            Self::Any => Ok(()),
            Self::Text(longest) => text_of(value, "", longest),
            Self::OneOf(_) => code_of(value, ""),
            Self::Name => name_of(value, ""),
            Self::Nik => match Nik::parse(string(value, "")?) {
                Ok(_) => Ok(()),
                Err(error) => wrong("", error.code()),
            },
            Self::Kpj => {
                let text = string(value, "")?;
                let fits = text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit());
                if fits { Ok(()) } else { wrong("", "kpj_invalid") }
            }
            Self::Phone => phone_of(value, ""),
            Self::Date => date_of(value, ""),
            Self::Instant => instant_of(value, ""),
            Self::Record | Self::RecordOf(_) => match string(value, "")?.parse::<uuid::Uuid>() {
                Ok(_) => Ok(()),
                Err(_) => wrong("", "record_invalid"),
            },
            Self::Birth => {
                let map = object(value)?;
                date_of(needed(map, "date")?, "date")?;
                each(map, &["place", "sex"], short_text)
            }
            Self::Home => {
                let map = object(value)?;
                match RegionCode::parse(string(needed(map, "village")?, "village")?) {
                    Ok(code) if code.is_village() => {}
                    _ => return wrong("village", "village_invalid"),
                }
                each(map, &["rw", "rt"], rt_rw_of)?;
                each(map, &["line", "landmark", "postcode"], short_text)
            }
            Self::Occupations => {
                let map = object(value)?;
                code_of(needed(map, "first")?, "first")?;
                each(map, &["second"], code_of)
            }
            Self::Work => each(object(value)?, &["place", "hours"], short_text),
            Self::Heirs => {
                let heirs = value.as_array().ok_or_else(|| FieldError::new("", "not_a_list"))?;
                if heirs.is_empty() {
                    return wrong("", "required");
                }
                if heirs.len() > 5 {
                    return wrong("", "too_many");
                }
                heirs.iter().try_for_each(|heir| {
                    let map = object(heir)?;
                    name_of(needed(map, "name")?, "name")?;
                    each(map, &["relation"], code_of)?;
                    each(map, &["phone"], phone_of)
                })
            }
            Self::Capture => {
                let map = object(value)?;
                instant_of(needed(map, "at")?, "at")?;
                each(map, &["accuracy"], count_of)?;
                each(map, &["official"], short_text)?;
                let Some(position) = part(map, "position") else { return Ok(()) };
                let within = |name: &str, limit: i64| {
                    position.get(name).and_then(Value::as_i64).is_some_and(|at| at.abs() <= limit)
                };
                let fits = within("lat_e6", 90_000_000) && within("lon_e6", 180_000_000);
                if fits { Ok(()) } else { wrong("position", "position_invalid") }
            }
            Self::Cover => {
                let map = object(value)?;
                let programs = needed(map, "programs")?.as_array();
                if programs.is_none_or(Vec::is_empty) {
                    return wrong("programs", "required");
                }
                count_of(needed(map, "monthly_income")?, "monthly_income")?;
                if string(needed(map, "start_month")?, "start_month")?.parse::<Month>().is_err() {
                    return wrong("start_month", "month_invalid");
                }
                match needed(map, "months")?.as_i64() {
                    Some(1..=12) => {}
                    _ => return wrong("months", "months_invalid"),
                }
                code_of(needed(map, "payer")?, "payer")
            }
            Self::Declaration => {
                let map = object(value)?;
                needed(map, "independent")?;
                needed(map, "healthy")?;
                each(map, &["independent", "healthy"], bool_of)?;
                instant_of(needed(map, "at")?, "at")
            }
            Self::Consent => {
                let map = object(value)?;
                code_of(needed(map, "text_version")?, "text_version")?;
                each(map, &["language", "read_by", "witness"], short_text)?;
                instant_of(needed(map, "at")?, "at")
            }
            Self::Media => {
                let map = object(value)?;
                let sha256 = string(needed(map, "sha256")?, "sha256")?;
                if sha256.len() != 64 || !sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                    return wrong("sha256", "sha256_invalid");
                }
                count_of(needed(map, "size")?, "size")?;
                // 32 bytes are 42 letters and one that carries the last 4 bits
                let key = string(needed(map, "key")?, "key")?;
                let is_letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
                if key.len() != 43 || !key.bytes().all(is_letter) {
                    return wrong("key", "key_invalid");
                }
                code_of(needed(map, "type")?, "type")
            }
        }
    }

    /// The value as it counts for "the same".
    pub fn normalise(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Name, Value::String(name)) => text::fold(name).into(),
            (Self::Nik, Value::String(nik)) => nik.chars().filter(char::is_ascii_digit).collect::<String>().into(),
            (Self::Phone, Value::String(phone)) => phone_or_text(phone),
            (Self::Text(_), Value::String(text)) => squeeze(text).into(),
            (
                Self::Birth | Self::Home | Self::Work | Self::Capture | Self::Consent | Self::Occupations,
                Value::Object(map),
            ) => without_empty(map, |text| text::fold(text).into()),
            (Self::Heirs, Value::Array(heirs)) => heirs.iter().map(normal_heir).collect(),
            (_, Value::Object(map)) => without_empty(map, |text| squeeze(text).into()),
            _ => value.clone(),
        }
    }

    /// The shape's name, for docs/PROTOCOL.md.
    pub fn describe(self) -> String {
        match self {
            Self::Text(longest) => format!("text of at most {longest} characters"),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Nik => "16 digits".to_owned(),
            Self::Kpj => "11 digits".to_owned(),
            Self::Date => "YYYY-MM-DD".to_owned(),
            Self::Instant => "RFC 3339".to_owned(),
            Self::Record => "UUID".to_owned(),
            Self::RecordOf(kinds) => format!("UUID of one of {}", kinds.join(", ")),
            other => format!("{other:?}").to_lowercase(),
        }
    }
}

fn phone_or_text(phone: &str) -> Value {
    text::normalise_phone(phone).unwrap_or_else(|_| squeeze(phone)).into()
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An absent part, null and blank are the same; numbers and nested values count as they are.
fn without_empty(map: &Map<String, Value>, text: fn(&str) -> Value) -> Value {
    let normal = map.iter().map(|(name, value)| (name, value.as_str().map_or_else(|| value.clone(), text)));
    let kept = normal.filter(|(_, value)| !value.is_null() && value.as_str() != Some(""));
    kept.map(|(name, value)| (name.clone(), value)).collect()
}

fn normal_heir(heir: &Value) -> Value {
    let Value::Object(map) = heir else { return heir.clone() };
    let mut same = without_empty(map, |text| text::fold(text).into());
    if let (Some(phone), Some(slot)) = (map.get("phone").and_then(Value::as_str), same.get_mut("phone")) {
        *slot = phone_or_text(phone);
    }
    same
}
