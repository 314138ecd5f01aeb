//! Rows of files that come in: CSV as spreadsheets write it, columns found by what they are called.

use super::lines::{FileError, LineError};
use payung_domain::text::fold;
use std::collections::{BTreeMap, HashMap};

/// A list of a branch's whole year is far smaller.
const LIMIT: usize = 64 << 20;

/// A row: values by what their column means.
pub(super) struct Row<'r> {
    pub(super) line: u64,
    record: &'r csv::StringRecord,
    columns: &'r HashMap<String, (usize, String)>,
    pub(super) errors: &'r mut Vec<LineError>,
}

impl Row<'_> {
    /// The trimmed cell; none where it is empty or the file has no such column.
    pub(super) fn get(&self, column: &str) -> Option<&str> {
        let (at, _) = self.columns.get(column)?;
        // an apostrophe before a formula sign is ours or a spreadsheet's
        let cell = self.record.get(*at)?.trim();
        let cell = cell.strip_prefix('\'').unwrap_or(cell);
        (!cell.is_empty()).then_some(cell)
    }

    pub(super) fn wrong(&mut self, column: &str, reason: &str) {
        let header = self.columns.get(column).map_or(column, |(_, header)| header.as_str());
        self.errors.push(LineError::new(self.line, header, reason));
    }

    /// A cell that may be empty. What it can't be read as is told, and reads as none.
    pub(super) fn maybe<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, &'static str>) -> Option<T> {
        match self.get(column).map(read)? {
            Ok(value) => Some(value),
            Err(code) => {
                self.wrong(column, code);
                None
            }
        }
    }

    /// A cell that must be there.
    pub(super) fn needed<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, &'static str>) -> Option<T> {
        if self.get(column).is_none() {
            self.wrong(column, "missing");
            return None;
        }
        self.maybe(column, read)
    }
}

/// Reads a file with the columns `wanted`, of which `needed` must be there; hands each row on.
pub(super) fn read_rows(
    bytes: &[u8],
    wanted: &BTreeMap<String, Vec<String>>,
    needed: &[&str],
    mut row: impl FnMut(Row<'_>),
) -> Result<(BTreeMap<String, String>, Vec<LineError>), FileError> {
    if bytes.len() > LIMIT {
        return Err(FileError::TooLarge(LIMIT >> 20));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.matches(';').count() >= first.matches(',').count() { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|_| FileError::Empty)?.clone();
    let mut columns = HashMap::new();
    for (name, called) in wanted {
        let fits = |header: &str| called.iter().any(|word| fold(word) == fold(header));
        if let Some((at, header)) = headers.iter().enumerate().find(|(_, header)| fits(header)) {
            columns.insert(name.clone(), (at, header.trim().to_owned()));
        }
    }
    let lacking: Vec<String> =
        needed.iter().filter(|name| !columns.contains_key(**name)).map(|name| header_of(wanted, name)).collect();
    if !lacking.is_empty() {
        return Err(FileError::Columns(lacking));
    }
    let mut errors = Vec::new();
    let mut count = 0;
    let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
    for record in reader.records() {
        match record {
            Ok(record) => {
                // spreadsheets leave lines of empty cells behind
                if record.iter().all(|cell| cell.trim().is_empty()) {
                    continue;
                }
                count += 1;
                let line = lines.of(record.position());
                row(Row { line, record: &record, columns: &columns, errors: &mut errors });
            }
            Err(error) => {
                count += 1;
                let line = lines.of(error.position());
                errors.push(LineError::new(line, "", "not_csv"));
            }
        }
    }
    if count == 0 {
        return Err(FileError::Empty);
    }
    Ok((columns.into_iter().map(|(name, (_, header))| (name, header)).collect(), errors))
}

/// Lines as an editor and a spreadsheet number them. The reader's own count is one less where lines end as on Windows,
/// and leaves out empty lines before a row.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record at a position begins; positions must not go back.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let told = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
        let rest = self.text.get(told..).unwrap_or_default();
        let begins = told + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        while self.at < begins.min(self.text.len()) {
            let ends = match self.text[self.at] {
                b'\n' => true,
                b'\r' => self.text.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
    }
}

fn header_of(wanted: &BTreeMap<String, Vec<String>>, name: &str) -> String {
    wanted.get(name).and_then(|called| called.first()).cloned().unwrap_or_else(|| name.to_owned())
}
