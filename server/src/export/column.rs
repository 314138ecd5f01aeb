//! Columns: where a cell's value comes from and how it is written.

use super::template::{Purpose, TemplateError};
use chrono::{DateTime, NaiveDate, Utc};
use payung_domain::{
    area::Area,
    calendar::{Month, Zone, local_date},
    contribution::ContributionTables,
    enrollment::{self, EnrollmentState},
    field::{FieldType, Kind},
    nik::Nik,
    occupation,
    record::Record,
    region::{self, RegionCode},
    worker::cover_quote,
};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As it is.
    #[default]
    Text,
    /// Digits only: NIK, KPJ, postcode. Anything else blocks the row.
    Digits,
    /// A whole number.
    Number,
    /// A day, by the template's format; of an instant, the day in the area's zone.
    Date,
    /// A month, by the template's format.
    Month,
    /// A phone number as it is dialled at home: `0812…`.
    Phone,
}

/// What a cell shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The row's number in the file, from 1.
    Row,
    /// The id of the export.
    ExportId,
    /// The id of the worker or the enrolment.
    Id(Kind),
    /// A field of the worker or the enrolment, and the parts to go down.
    Field(Kind, String, Vec<String>),
    /// `3302********9001`
    MaskedNik,
    /// Name of the village, district or regency of the home.
    Home(Level),
    /// Name of the first or second occupation.
    Occupation(&'static str),
    /// The sum for the whole term, rupiah, by the table in force.
    Total,
    /// The phase's code.
    State,
    /// The phase's Indonesian words.
    StateLabel,
    /// What is to be done next, in Indonesian.
    NextStep,
}

/// Whose name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// *Kelurahan* or *desa*.
    Village,
    /// *Kecamatan*.
    District,
    /// *Kabupaten* or *kota*.
    Regency,
}

/// One column of an export template.
#[derive(Clone, Debug)]
pub struct Column {
    /// The header.
    pub header: String,
    /// What it shows.
    pub value: Value,
    /// How it is written.
    pub form: Form,
    /// Payung's code → the receiver's; a code that is not in the list blocks the row.
    pub codes: BTreeMap<String, String>,
    /// A row without it is blocked.
    pub required: bool,
}

/// The parts a field may have; none where a template can't name any.
fn parts(ty: FieldType) -> &'static [&'static str] {
    match ty {
        FieldType::Birth => &["date", "place", "sex"],
        FieldType::Home => &["village", "rw", "rt", "line", "landmark", "postcode"],
        FieldType::Occupations => &["first", "second"],
        FieldType::Work => &["place", "hours"],
        FieldType::Heirs => &["name", "relation", "phone"],
        FieldType::Cover => {
            &["programs", "monthly_income", "start_month", "months", "payer", "agreement", "table_version"]
        }
        FieldType::Declaration => &["independent", "healthy", "at"],
        FieldType::Consent => &["text_version", "language", "read_by", "witness", "at"],
        // the server's own: {code, text}, {code, amount, valid_to}, {from, until}
        FieldType::Any => &["code", "text", "amount", "valid_to", "from", "until"],
        _ => &[],
    }
}

impl Value {
    /// Reads a template's `value`.
    pub(super) fn parse(text: &str, purpose: Purpose) -> Result<Self, TemplateError> {
        let unknown = || TemplateError::Value(text.to_owned());
        let value = match text {
            "row" => Self::Row,
            "export.id" => Self::ExportId,
            "worker.id" => Self::Id(Kind::Worker),
            "enrollment.id" => Self::Id(Kind::Enrollment),
            "worker.nik_masked" => Self::MaskedNik,
            "home.village" => Self::Home(Level::Village),
            "home.district" => Self::Home(Level::District),
            "home.regency" => Self::Home(Level::Regency),
            "occupation.first" => Self::Occupation("first"),
            "occupation.second" => Self::Occupation("second"),
            "cover.total" => Self::Total,
            "state" => Self::State,
            "state.label" => Self::StateLabel,
            "state.next_step" => Self::NextStep,
            _ => {
                let mut path = text.split('.');
                let kind = match path.next() {
                    Some("worker") => Kind::Worker,
                    Some("enrollment") => Kind::Enrollment,
                    _ => return Err(unknown()),
                };
                let field = path.next().ok_or_else(unknown)?;
                let spec = kind.field(field).ok_or_else(unknown)?;
                let rest: Vec<String> = path.map(str::to_owned).collect();
                let mut below = rest.iter().map(String::as_str);
                if spec.ty == FieldType::Heirs && below.next().is_none_or(|at| at.parse::<usize>().is_err()) {
                    return Err(unknown());
                }
                let known = match (below.next(), below.next()) {
                    (None, _) => spec.ty != FieldType::Heirs,
                    (Some(part), None) => parts(spec.ty).contains(&part),
                    _ => false,
                };
                if !known {
                    return Err(unknown());
                }
                Self::Field(kind, field.to_owned(), rest)
            }
        };
        // UU 27/2022: what identifies a person wholly leaves for the purpose it was given for, and for no other
        let personal =
            matches!(&value, Self::Field(Kind::Worker, field, _) if field == "mother_name" || field == "nik");
        if personal && purpose != Purpose::Bpjs {
            return Err(TemplateError::OtherPurpose(text.to_owned()));
        }
        Ok(value)
    }
}

/// What one row is about.
#[derive(Clone, Copy)]
pub struct Subject<'r> {
    /// The person.
    pub worker: &'r Record,
    /// The enrolment.
    pub enrollment: &'r Record,
    /// Its state.
    pub state: &'r EnrollmentState,
}

/// What all rows of a file share.
pub(super) struct Setting<'s> {
    pub(super) export_id: &'s str,
    pub(super) now: DateTime<Utc>,
    pub(super) date: &'s str,
    pub(super) month: &'s str,
    pub(super) tables: &'s ContributionTables,
}

/// A cell that can't be written blocks its row with this code.
pub(super) type Cell = Result<String, &'static str>;

impl Column {
    /// The cell's text, not yet made safe for spreadsheets.
    pub(super) fn cell(&self, row: usize, subject: &Subject<'_>, setting: &Setting<'_>) -> Cell {
        let value = self.raw(row, subject, setting);
        let text = self.write(&value, &subject.enrollment.area, setting)?;
        if text.is_empty() && self.required { Err("missing") } else { Ok(text) }
    }

    fn raw(&self, row: usize, subject: &Subject<'_>, setting: &Setting<'_>) -> Json {
        let worker = subject.worker;
        let today = local_date(setting.now, &subject.enrollment.area);
        match &self.value {
            Value::Row => row.into(),
            Value::ExportId => setting.export_id.into(),
            Value::Id(Kind::Worker) => worker.id.to_string().into(),
            Value::Id(_) => subject.enrollment.id.to_string().into(),
            Value::Field(kind, field, path) => {
                let record = if *kind == Kind::Worker { worker } else { subject.enrollment };
                let at = |value: Json, part: &String| match part.parse::<usize>() {
                    Ok(at) => value.get(at).cloned().unwrap_or_default(),
                    Err(_) => value.get(part).cloned().unwrap_or_default(),
                };
                path.iter().fold(record.value(field).clone(), at)
            }
            Value::MaskedNik => {
                worker.text("nik").and_then(|nik| Nik::parse(nik).ok()).map_or(Json::Null, |nik| nik.masked().into())
            }
            Value::Home(level) => home_name(worker, *level).map_or(Json::Null, Json::from),
            Value::Occupation(which) => {
                let code = worker.value("occupations").get(which).and_then(Json::as_str).unwrap_or_default();
                occupation::by_code(code).map_or(code, |job| job.name.as_str()).into()
            }
            Value::Total => cover_quote(&worker.body, &subject.enrollment.body, setting.tables)
                .map_or(Json::Null, |quote| quote.total.into()),
            Value::State => enrollment::phase(subject.state, today).code().into(),
            Value::StateLabel => enrollment::label(subject.state, today).into(),
            Value::NextStep => enrollment::next_step(subject.state, today).into(),
        }
    }

    fn write(&self, value: &Json, area: &Area, setting: &Setting<'_>) -> Cell {
        if let Json::Array(values) = value {
            let texts: Result<Vec<_>, _> = values.iter().map(|value| self.write(value, area, setting)).collect();
            return Ok(texts?.join("+"));
        }
        let text = match value {
            Json::Null => return Ok(String::new()),
            Json::String(text) => text.trim().to_owned(),
            Json::Number(number) => number.to_string(),
            Json::Bool(yes) => yes.to_string(),
            _ => return Err("not_text"),
        };
        if text.is_empty() {
            return Ok(text);
        }
        if !self.codes.is_empty() {
            return self.codes.get(&text).cloned().ok_or("code_unknown");
        }
        match self.form {
            Form::Text => Ok(text),
            Form::Digits if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(text),
            Form::Digits => Err("not_digits"),
            Form::Number => text.parse::<i64>().map(|number| number.to_string()).map_err(|_| "not_a_number"),
            Form::Date => day(&text, area).map(|day| day.format(setting.date).to_string()).ok_or("date_invalid"),
            Form::Month => {
                let month: Month = text.parse().map_err(|_| "month_invalid")?;
                Ok(month.first_day().format(setting.month).to_string())
            }
            Form::Phone => Ok(match text.strip_prefix("+62") {
                Some(rest) => format!("0{rest}"),
                None => text,
            }),
        }
    }
}

/// A date, or the day of an instant where the record is looked after.
fn day(text: &str, area: &Area) -> Option<NaiveDate> {
    let of_instant =
        || DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Zone::from(area).offset()).date_naive());
    text.parse().ok().or_else(of_instant)
}

fn home_name(worker: &Record, level: Level) -> Option<String> {
    let code = RegionCode::parse(worker.value("home").get("village")?.as_str()?).ok()?;
    let path = region::describe(&code)?;
    match level {
        Level::Village => path.village,
        Level::District => path.district,
        Level::Regency => path.regency,
    }
}
