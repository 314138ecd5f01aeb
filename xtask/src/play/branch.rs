//! The branch: reads what the office exported, answers as it would, in files the office imports.

use super::PlayError;
use chrono::{Days, NaiveDate};
use payung_domain::calendar::Month;
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// A row of the export, as far as the branch needs it.
#[derive(Clone, Debug)]
pub(super) struct Exported {
    /// The enrolment.
    pub(super) reference: String,
    export: String,
    amount: String,
    first: Month,
    months: i32,
}

/// How long a payment code can be used.
const CODE_DAYS: u64 = 14;

/// Reads an export by its headers.
pub(super) fn read(path: &Path) -> Result<Vec<Exported>, PlayError> {
    let text = fs::read_to_string(path).map_err(PlayError::file(path))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    let rows: Vec<HashMap<String, String>> = reader.deserialize().collect::<Result<_, _>>()?;
    let cell = |row: &HashMap<String, String>, name: &str| row.get(name).cloned().unwrap_or_default();
    rows.iter()
        .map(|row| {
            // the file writes months as MM-YYYY
            let first = cell(row, "BULAN MULAI");
            let first =
                first.split_once('-').and_then(|(month, year)| Month::new(year.parse().ok()?, month.parse().ok()?));
            Ok(Exported {
                reference: cell(row, "REFERENSI"),
                export: cell(row, "EKSPOR"),
                amount: cell(row, "PERKIRAAN IURAN"),
                first: first.ok_or(PlayError::Missing("the export names no month of beginning"))?,
                months: cell(row, "LAMA BULAN").parse().unwrap_or(0),
            })
        })
        .collect()
}

const HEADERS: [&str; 10] = [
    "REFERENSI",
    "EKSPOR",
    "JAWABAN",
    "KODE ALASAN",
    "KETERANGAN",
    "KPJ",
    "KODE IURAN",
    "JUMLAH",
    "BERLAKU SAMPAI",
    "TERLINDUNGI MULAI",
];
const UNTIL: &str = "TERLINDUNGI SAMPAI";

/// The first answer: those of `returned` go back with a reason, the others get a member number and a payment code.
pub(super) fn answer(
    rows: &[Exported],
    returned: &[(String, &str, &str)],
    today: NaiveDate,
    out: &Path,
) -> Result<PathBuf, PlayError> {
    let valid_to = today.checked_add_days(Days::new(CODE_DAYS)).unwrap_or(today).format("%d-%m-%Y").to_string();
    let lines = (1..).zip(rows).map(|(number, row): (u64, _)| {
        if let Some((_, code, note)) = returned.iter().find(|(reference, ..)| *reference == row.reference) {
            return line(row, ["DIKEMBALIKAN", code, note, "", "", "", "", "", ""]);
        }
        let (kpj, code) = (format!("{:011}", 99_000_000_000 + number), format!("{:012}", 880_000_000_000 + number));
        line(row, ["BERNOMOR", "", "", &kpj, &code, &row.amount, &valid_to, "", ""])
    });
    write(out, lines)
}

/// The second: everyone with a payment code has paid today, and is covered from today for the months asked for.
pub(super) fn payments(
    rows: &[Exported],
    returned: &[(String, &str, &str)],
    today: NaiveDate,
    out: &Path,
) -> Result<PathBuf, PlayError> {
    let from = today.format("%d-%m-%Y").to_string();
    let paid = rows.iter().filter(|row| !returned.iter().any(|(reference, ..)| *reference == row.reference));
    let lines = paid.map(|row| {
        let until = row.first.add_months(row.months - 1);
        let until = format!("{:02}-{}", until.month(), until.year());
        line(row, ["LUNAS", "", "", "", "", "", "", &from, &until])
    });
    write(out, lines)
}

fn line(row: &Exported, cells: [&str; 9]) -> Vec<String> {
    [row.reference.as_str(), &row.export].into_iter().chain(cells).map(str::to_owned).collect()
}

fn write(path: &Path, lines: impl Iterator<Item = Vec<String>>) -> Result<PathBuf, PlayError> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_path(path)?;
    writer.write_record(HEADERS.into_iter().chain([UNTIL]))?;
    for line in lines {
        writer.write_record(line)?;
    }
    writer.flush().map_err(PlayError::file(path))?;
    Ok(path.to_path_buf())
}
