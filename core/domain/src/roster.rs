//! A list an RT already has, as a CSV file: read into fields of forms, which somebody then finishes at the door.
//!
//! Such files come from many hands: columns are found by their headers, Indonesian or English, below a title where there is
//! one; separated by comma, semicolon or tab; UTF-8 or Windows-1252. Cells are text, whatever they begin with. What cannot
//! be read is told by line and column, never by what stood there, and then nothing of the file is taken.

mod cell;
mod column;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;

use crate::nik::Nik;
use column::{Column, Header};

/// The largest file, in bytes.
pub const LARGEST_FILE: usize = 1 << 20;
/// The most people in one file.
pub const MOST_ROWS: usize = 2000;
/// The most columns that are looked at.
const MOST_COLUMNS: usize = 100;
/// A title and empty lines may stand before the header; so many records are looked through for it.
const BEFORE_HEADER: usize = 10;

/// A cell, or a line, that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrongCell {
    /// Line of the file as an editor shows it, from 1.
    pub line: u64,
    /// Number of the column from 1; 0 where the line as a whole is wrong.
    pub column: u32,
    /// What the column holds, by the name of its field: `nik`, `birth.date`; empty where the line as a whole is wrong.
    pub field: String,
    /// Stable code: `nik_length`, `date_invalid` …
    pub code: String,
}

/// Why a file cannot be taken. Nothing of it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// More than [`LARGEST_FILE`].
    #[error("the file is too large")]
    TooLarge,
    /// More than [`MOST_ROWS`].
    #[error("the file has too many rows")]
    TooManyRows,
    /// Neither UTF-8 nor Windows-1252 text: perhaps a spreadsheet that was not saved as CSV.
    #[error("the file is not CSV text")]
    NotText,
    /// No line names a column of names.
    #[error("no line names the columns")]
    NoHeader,
    /// A header and nobody below it.
    #[error("the file names nobody")]
    Empty,
    /// Every cell that cannot be read.
    #[error("{} cells cannot be read", .0.len())]
    Cells(Vec<WrongCell>),
}

impl RosterError {
    /// The stable code for texts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "list_too_large",
            Self::TooManyRows => "list_too_many_rows",
            Self::NotText => "list_not_text",
            Self::NoHeader => "list_no_header",
            Self::Empty => "list_empty",
            Self::Cells(_) => "list_cells",
        }
    }
}

/// One person of a list.
#[derive(Clone, PartialEq)]
pub struct RosterRow {
    /// Line of the file on which it begins.
    pub line: u64,
    /// Fields of a form, by their names there.
    pub fields: BTreeMap<String, Value>,
    /// Codes of what is to be looked at: `nik_twice_in_list`, `nik_rounded`, `occupation_unmatched`.
    pub warnings: Vec<&'static str>,
}

impl fmt::Debug for RosterRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the values are a person's
        f.debug_struct("RosterRow")
            .field("line", &self.line)
            .field("fields", &self.fields.keys())
            .finish_non_exhaustive()
    }
}

impl RosterRow {
    /// The text of a field.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }

    /// The NIK, where the list has one.
    pub fn nik(&self) -> Option<Nik> {
        Nik::parse(self.text("nik")?).ok()
    }
}

/// A list as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// Its people, in the order of the file.
    pub rows: Vec<RosterRow>,
    /// Numbers, from 1, of the columns that mean nothing here and were not read.
    pub ignored: Vec<u32>,
}

/// Reads a file.
///
/// # Errors
/// [`RosterError`]; of wrong cells every one is told.
pub fn read(file: &[u8]) -> Result<Roster, RosterError> {
    if file.len() > LARGEST_FILE {
        return Err(RosterError::TooLarge);
    }
    let text = cell::decode(file).ok_or(RosterError::NotText)?;
    let header = [b';', b',', b'\t']
        .into_iter()
        .filter_map(|separator| header(&text, separator))
        .max_by_key(|header| header.columns.iter().flatten().count())
        .ok_or(RosterError::NoHeader)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (at, record) in records(&text, header.separator).enumerate().skip(header.at + 1) {
        let line = record.position().map_or(at as u64 + 1, csv::Position::line);
        if record.iter().all(|cell| cell::clean(cell).is_empty()) {
            continue;
        }
        if rows.len() == MOST_ROWS {
            return Err(RosterError::TooManyRows);
        }
        rows.push(row(line, &record, &header.columns, &mut wrong));
    }
    // a quote that is never closed swallows the lines after it
    if !text.matches('"').count().is_multiple_of(2) {
        let line = rows.last().map_or(1, |row: &RosterRow| row.line);
        wrong.push(WrongCell { line, column: 0, field: String::new(), code: "quote_open".to_owned() });
    }
    if !wrong.is_empty() {
        return Err(RosterError::Cells(wrong));
    }
    if rows.is_empty() {
        return Err(RosterError::Empty);
    }
    warn(&mut rows);
    Ok(Roster { rows, ignored: header.ignored })
}

fn records(text: &str, separator: u8) -> impl Iterator<Item = csv::StringRecord> {
    let reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    // text in memory that is UTF-8 and may have any number of cells has no other error
    reader.into_records().map_while(Result::ok)
}

/// The first record that names a column of names, with what each column means.
fn header(text: &str, separator: u8) -> Option<Header> {
    records(text, separator)
        .take(BEFORE_HEADER)
        .enumerate()
        .find_map(|(at, record)| Header::of(at, separator, record.iter().take(MOST_COLUMNS)))
}

fn row(line: u64, record: &csv::StringRecord, columns: &[Option<Column>], wrong: &mut Vec<WrongCell>) -> RosterRow {
    let mut row = RosterRow { line, fields: BTreeMap::new(), warnings: Vec::new() };
    let mut refuse = |at: usize, field: &str, code: &str| {
        let column = u32::try_from(at + 1).unwrap_or(u32::MAX);
        wrong.push(WrongCell { line, column, field: field.to_owned(), code: code.to_owned() });
    };
    for (at, cell) in record.iter().enumerate() {
        let text = cell::clean(cell);
        match columns.get(at) {
            _ if text.is_empty() => {}
            Some(Some(column)) => {
                if let Err(code) = column.take(&text, &mut row) {
                    refuse(at, column.field(), code);
                }
            }
            Some(None) => {}
            // a separator inside a cell that was not quoted has moved all that follows
            None => {
                refuse(at, "", "cells_too_many");
                break;
            }
        }
    }
    let named = columns.iter().position(|column| *column == Some(Column::Name));
    if let Some(at) = named.filter(|at| record.get(*at).is_none_or(|cell| cell::clean(cell).is_empty())) {
        refuse(at, "name", "required");
    }
    row
}

/// What only the whole list shows.
fn warn(rows: &mut [RosterRow]) {
    let niks: Vec<Nik> = rows.iter().filter_map(RosterRow::nik).collect();
    // a spreadsheet keeps 15 digits of a number and makes the sixteenth a zero
    let rounded = niks.len() >= 3 && niks.iter().all(|nik| nik.last4().ends_with('0'));
    let mut seen = BTreeSet::new();
    for row in rows {
        let Some(nik) = row.nik() else { continue };
        if rounded {
            row.warnings.push("nik_rounded");
        }
        if !seen.insert(nik) {
            row.warnings.push("nik_twice_in_list");
        }
    }
}
