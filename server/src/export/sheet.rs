//! Writing a file that goes out.

use super::{
    cell::neutralise,
    column::{Setting, Subject},
    template::ExportTemplate,
};
use chrono::{DateTime, SecondsFormat, Utc};
use payung_domain::contribution::ContributionTables;
use payung_domain::id::RecordId;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What spreadsheets need in order to read UTF-8.
pub(super) const BOM: &[u8] = "\u{feff}".as_bytes();

/// A row that can't go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The enrolment.
    pub enrollment: RecordId,
    /// Why, each as `what: code`.
    pub why: Vec<String>,
}

/// What stands beside a file: where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Name and version of the template: `bpjs-bpu 1`.
    pub template: String,
    /// The server: its root's fingerprint.
    pub source: String,
    /// The export's id.
    pub export_id: String,
    /// Who made it, by id.
    pub made_by: String,
    /// When, UTC.
    pub made_at: String,
    /// Which rows were asked for.
    pub filter: String,
    /// Rows in the file, the header not counted.
    pub count: usize,
    /// Rows that were held back.
    pub blocked: usize,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

/// A file ready to be saved.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// CSV, UTF-8 with byte order mark, CRLF.
    pub csv: Vec<u8>,
    /// The enrolments in it, in the order of the rows.
    pub rows: Vec<RecordId>,
    /// The rows it does not have.
    pub blocked: Vec<Blocked>,
    /// SHA-256 of `csv`.
    pub sha256: [u8; 32],
}

/// Writes the rows. One with a missing or impossible cell is blocked, the others go on.
///
/// # Errors
/// Only what the CSV writer has to say.
pub fn write_sheet(
    template: &ExportTemplate,
    export_id: &str,
    now: DateTime<Utc>,
    subjects: &[Subject<'_>],
    tables: &ContributionTables,
) -> Result<Sheet, csv::Error> {
    let setting = Setting { export_id, now, date: &template.date, month: &template.month, tables };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(template.delimiter)
        .terminator(csv::Terminator::CRLF)
        .from_writer(BOM.to_vec());
    writer.write_record(template.columns.iter().map(|column| column.header.as_bytes()))?;
    let (mut rows, mut blocked) = (Vec::new(), Vec::new());
    for subject in subjects {
        let mut cells = Vec::with_capacity(template.columns.len());
        let mut why = Vec::new();
        for column in &template.columns {
            match column.cell(rows.len() + 1, subject, &setting) {
                Ok(text) => cells.push(neutralise(&text).into_owned()),
                Err(code) => why.push(format!("{}: {code}", column.header)),
            }
        }
        if why.is_empty() {
            writer.write_record(&cells)?;
            rows.push(subject.enrollment.id);
        } else {
            blocked.push(Blocked { enrollment: subject.enrollment.id, why });
        }
    }
    let csv = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    let sha256 = Sha256::digest(&csv).into();
    Ok(Sheet { csv, rows, blocked, sha256 })
}

impl Sheet {
    /// What to save beside it.
    pub fn provenance(
        &self,
        template: &ExportTemplate,
        source: String,
        export_id: String,
        made_by: String,
        now: DateTime<Utc>,
        filter: String,
    ) -> Provenance {
        Provenance {
            template: format!("{} {}", template.name, template.version),
            source,
            export_id,
            made_by,
            made_at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            filter,
            count: self.rows.len(),
            blocked: self.blocked.len(),
            sha256: hex::encode(self.sha256),
        }
    }
}

#[cfg(test)]
mod tests;
