//! Reading the branch's answers, and lists of known members.
//!
//! A file is taken whole or not at all: every wrong line is told, none is applied.

use super::{
    lines::{FileError, LineError},
    rows::{Row, read_rows},
    template::{AnswerTemplate, ListTemplate},
};
use chrono::{Datelike, NaiveDate};
use payung_domain::{
    calendar::Month,
    contribution::parse_rupiah,
    enrollment::{Kpj, KpjError, PaymentCode, Reason, return_reason},
    id::RecordId,
    nik::{Nik, NikError},
    text::fold,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, ops::RangeInclusive};

/// Of the branch's own words.
const LONGEST_NOTE: usize = 500;
/// In which a day or month of a payment can lie. `01-12-26` is the year 26 to a reader of dates, and a first day of
/// cover in it would show a family as covered since then.
const YEARS: RangeInclusive<i32> = 2000..=2199;

/// What the branch says of one enrolment.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The line in the file, from 1, the header counted.
    pub line: u64,
    /// The enrolment, where the file names it.
    pub reference: Option<RecordId>,
    /// The export it answers, where the file names it.
    pub export_id: Option<String>,
    /// The worker, where the file names them.
    pub nik: Option<Nik>,
    /// What it says.
    pub response: Response,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the NIK and the branch's words are a person's
        f.debug_struct("Answer").field("line", &self.line).field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// Sent back.
    Returned(Reason),
    /// Member number and what to pay with.
    Numbered {
        /// Member number.
        kpj: Kpj,
        /// What to pay with.
        payment_code: PaymentCode,
    },
    /// Paid.
    Paid {
        /// The day of payment, where told.
        on: Option<NaiveDate>,
        /// First day of cover; needed for the first payment.
        from: Option<NaiveDate>,
        /// Last month of cover.
        until: Month,
    },
}

/// A file of answers.
#[derive(Clone, Debug)]
pub struct AnswerFile {
    /// One for each line that could be read, in order.
    pub answers: Vec<Answer>,
    /// The lines that could not. While there are any, nothing of the file may be applied.
    pub errors: Vec<LineError>,
    /// Header by what it means, for telling about lines.
    pub headers: BTreeMap<String, String>,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// What a list of `meaning → words` makes of a cell.
fn word_of<'l>(list: &'l BTreeMap<String, Vec<String>>, cell: &str) -> Option<&'l str> {
    let cell = fold(cell);
    list.iter()
        .find(|(name, words)| fold(name) == cell || words.iter().any(|word| fold(word) == cell))
        .map(|(name, _)| name.as_str())
}

fn day(formats: &[String], text: &str) -> Result<NaiveDate, &'static str> {
    let of = |format: &String| NaiveDate::parse_from_str(text, format).ok();
    formats.iter().find_map(of).filter(|day| YEARS.contains(&day.year())).ok_or("date_invalid")
}

fn month(formats: &[String], text: &str) -> Result<Month, &'static str> {
    // chrono reads a month only as a day of it
    let of = |format: &String| NaiveDate::parse_from_str(&format!("01 {text}"), &format!("%d {format}")).ok();
    let day = formats.iter().find_map(of).filter(|day| YEARS.contains(&day.year()));
    day.map(Month::of).ok_or("month_invalid")
}

/// Reads the branch's answers. Wrong lines are told beside the others, so that what the records have against those is
/// told in one go.
///
/// # Errors
/// [`FileError`], never [`FileError::Lines`].
pub fn read_answers(template: &AnswerTemplate, bytes: &[u8]) -> Result<AnswerFile, FileError> {
    let mut answers = Vec::new();
    let (headers, errors) = read_rows(bytes, &template.columns, &["answer"], |mut row| {
        answers.extend(read_answer(template, &mut row));
    })?;
    Ok(AnswerFile { answers, errors, headers, sha256: Sha256::digest(bytes).into() })
}

fn read_answer(template: &AnswerTemplate, row: &mut Row<'_>) -> Option<Answer> {
    let before = row.errors.len();
    let reference = row.maybe("reference", |text| text.parse().map_err(|_| "reference_invalid"));
    let nik = row.maybe("nik", |text| Nik::parse(text).map_err(NikError::code));
    if reference.is_none() && nik.is_none() && row.errors.len() == before {
        row.wrong("", "names neither an enrolment nor a NIK");
    }
    let export_id = row.get("export").map(str::to_owned);
    let said = row.needed("answer", |text| word_of(&template.answers, text).map(str::to_owned).ok_or("answer_unknown"));
    let response = match said.as_deref() {
        Some("returned") => {
            let code = row.needed("reason", |text| {
                let known = return_reason(text).map(|reason| reason.code.as_str());
                known.or_else(|| word_of(&template.reasons, text)).map(str::to_owned).ok_or("reason_unknown")
            });
            let note = row.maybe("note", |text| {
                if text.chars().count() <= LONGEST_NOTE { Ok(text.to_owned()) } else { Err("too_long") }
            });
            code.map(|code| Response::Returned(Reason { code, text: note.unwrap_or_default() }))
        }
        Some("numbered") => {
            let kpj = row.needed("kpj", |text| Kpj::parse(text).map_err(KpjError::code));
            let code = row.needed("code", |text| Ok(text.to_owned()));
            let amount = row.needed("amount", |text| match parse_rupiah("amount", text) {
                Ok(amount) if amount > 0 => Ok(amount),
                _ => Err("not_a_number"),
            });
            let valid_to = row.needed("valid_to", |text| day(&template.dates, text));
            match (kpj, code, amount, valid_to) {
                (Some(kpj), Some(code), Some(amount), Some(valid_to)) => {
                    Some(Response::Numbered { kpj, payment_code: PaymentCode { code, amount, valid_to } })
                }
                _ => None,
            }
        }
        Some("paid") => {
            let on = row.maybe("paid_on", |text| day(&template.dates, text));
            let from = row.maybe("from", |text| day(&template.dates, text));
            let until = row.needed("until", |text| month(&template.months, text));
            until.map(|until| Response::Paid { on, from, until })
        }
        Some(_) => {
            row.wrong("answer", "answer_unknown");
            None
        }
        None => None,
    };
    let whole = row.errors.len() == before;
    response.filter(|_| whole).map(|response| Answer { line: row.line, reference, export_id, nik, response })
}

/// Reads the NIKs of known members.
///
/// # Errors
/// [`FileError`]; [`FileError::Lines`] tells every wrong line.
pub fn read_members(template: &ListTemplate, bytes: &[u8]) -> Result<Vec<Nik>, FileError> {
    let mut niks = Vec::new();
    let (_, errors) = read_rows(bytes, &template.columns, &["nik"], |mut row| {
        niks.extend(row.needed("nik", |text| Nik::parse(text).map_err(NikError::code)));
    })?;
    if errors.is_empty() { Ok(niks) } else { Err(FileError::Lines(errors)) }
}

#[cfg(test)]
mod tests;
