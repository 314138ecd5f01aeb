//! A table as a file for people: CSV or a workbook, by the file's ending.

use super::{cell::neutralise, sheet::BOM};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::path::Path;

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Stays text whatever it looks like: numbers of people and members.
    Text(String),
    /// Whole rupiah, months, people.
    Number(i64),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Rows under headers, and lines about where they come from.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Names of the columns.
    pub headers: Vec<String>,
    /// As many cells as headers each.
    pub rows: Vec<Vec<Cell>>,
    /// What it is, of when, by whose wish: a sheet of its own in a workbook.
    pub about: Vec<(String, String)>,
}

/// Why a table was not written.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The ending tells the form.
    #[error("the file must end with .csv or .xlsx")]
    Ending,
    /// The workbook.
    #[error("the workbook cannot be made: {0}")]
    Xlsx(#[from] XlsxError),
    /// The CSV.
    #[error("the CSV cannot be made: {0}")]
    Csv(#[from] csv::Error),
}

impl Book {
    /// The file's bytes, in the form that its name asks for. CSV is UTF-8 with byte order mark, `;` between cells, and no cell
    /// is a formula.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, BookError> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => self.csv(),
            Some("xlsx") => self.xlsx(),
            _ => Err(BookError::Ending),
        }
    }

    fn csv(&self) -> Result<Vec<u8>, BookError> {
        let mut bytes = BOM.to_vec();
        let mut writer =
            csv::WriterBuilder::new().delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
        writer.write_record(&self.headers)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| match cell {
                Cell::Text(text) => neutralise(text).into_owned(),
                Cell::Number(number) => number.to_string(),
            }))?;
        }
        writer.flush().map_err(csv::Error::from)?;
        drop(writer);
        Ok(bytes)
    }

    fn xlsx(&self) -> Result<Vec<u8>, BookError> {
        let (mut book, bold, text) = (Workbook::new(), Format::new().set_bold(), Format::new().set_num_format("@"));
        let sheet = book.add_worksheet();
        sheet.set_freeze_panes(1, 0)?;
        for (column, header) in (0_u16..).zip(&self.headers) {
            sheet.write_string_with_format(0, column, header, &bold)?;
        }
        for (row, cells) in (1_u32..).zip(&self.rows) {
            for (column, cell) in (0_u16..).zip(cells) {
                match cell {
                    Cell::Text(value) => sheet.write_string_with_format(row, column, value, &text)?,
                    // rupiah are far below what a double holds exactly
                    #[allow(clippy::cast_precision_loss)]
                    Cell::Number(number) => sheet.write_number(row, column, *number as f64)?,
                };
            }
        }
        sheet.autofit();
        let about = book.add_worksheet().set_name("Keterangan")?;
        for (row, (name, value)) in (0_u32..).zip(&self.about) {
            about.write_string_with_format(row, 0, name, &bold)?.write_string(row, 1, value)?;
        }
        about.autofit();
        Ok(book.save_to_buffer()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader};

    fn book() -> Book {
        Book {
            headers: vec!["NIK".to_owned(), "Iuran".to_owned()],
            rows: vec![vec!["=3302".into(), 16_800.into()], vec!["0012".into(), 0.into()]],
            about: vec![("Perjanjian".to_owned(), "CSR-1".to_owned())],
        }
    }

    #[test]
    fn csv_is_what_a_spreadsheet_reads_and_no_formula() {
        let bytes = book().bytes(Path::new("a.csv")).expect("written");
        assert_eq!(bytes, "\u{feff}NIK;Iuran\r\n'=3302;16800\r\n0012;0\r\n".as_bytes());
        assert!(matches!(book().bytes(Path::new("a.ods")), Err(BookError::Ending)));
    }

    #[test]
    fn workbook_keeps_text_as_text_and_numbers_as_numbers() {
        let bytes = book().bytes(Path::new("a.xlsx")).expect("written");
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).expect("a workbook");
        let sheet = book.worksheet_range_at(0).expect("a sheet").expect("cells");
        let cells: Vec<Vec<Data>> = sheet.rows().map(<[Data]>::to_vec).collect();
        let text = |text: &str| Data::String(text.to_owned());
        assert_eq!(cells[0], [text("NIK"), text("Iuran")]);
        assert_eq!(cells[1], [text("=3302"), Data::Float(16_800.0)]);
        assert_eq!(cells[2], [text("0012"), Data::Float(0.0)]);
        let about = book.worksheet_range("Keterangan").expect("cells");
        assert_eq!(about.get_value((0, 1)), Some(&text("CSR-1")));
        assert!(book.worksheet_formula(&book.sheet_names()[0]).expect("formulas").is_empty());
    }
}
