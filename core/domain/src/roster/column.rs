//! What a column of a list means, by its header, and how its cells become fields of a form.

use serde_json::Value;

use super::{RosterRow, cell};
use crate::{
    area,
    contribution::{ContributionError, MonthlyIncome, parse_rupiah},
    field::Kind,
    nik::{Nik, NikError},
    occupation,
    text::{self, PhoneError},
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Nik,
    Name,
    /// Place and date in one cell.
    Birth,
    BirthPlace,
    BirthDate,
    Sex,
    Address,
    Rt,
    Rw,
    /// Both in one cell.
    RtRw,
    Postcode,
    Phone,
    Occupation,
    Income,
    Mother,
    EarlierKpj,
    Notes,
}

/// Headers, folded.
const HEADERS: &[(Column, &[&str])] = &[
    (
        Column::Nik,
        &[
            "nik",
            "no nik",
            "nomor nik",
            "ktp",
            "no ktp",
            "nomor ktp",
            "nik ktp",
            "nomor induk kependudukan",
            "national id",
        ],
    ),
    (
        Column::Name,
        &["nama", "nama lengkap", "nama warga", "nama peserta", "nama ktp", "nama sesuai ktp", "name", "full name"],
    ),
    (
        Column::Birth,
        &[
            "tempat tanggal lahir",
            "tempat tgl lahir",
            "tempat dan tanggal lahir",
            "tmp tgl lahir",
            "tempat dan tgl lahir",
            "ttl",
        ],
    ),
    (
        Column::BirthPlace,
        &["tempat lahir", "tmp lahir", "tmpt lahir", "kota lahir", "place of birth", "birth place", "birthplace"],
    ),
    (
        Column::BirthDate,
        &["tanggal lahir", "tgl lahir", "tgl lhr", "lahir", "date of birth", "birth date", "birthdate", "dob"],
    ),
    (Column::Sex, &["jenis kelamin", "jk", "j k", "kelamin", "l p", "lp", "sex", "gender"]),
    (Column::Address, &["alamat", "alamat rumah", "alamat lengkap", "alamat ktp", "jalan", "address"]),
    (Column::Rt, &["rt", "no rt"]),
    (Column::Rw, &["rw", "no rw"]),
    (Column::RtRw, &["rt rw", "rtrw", "rt dan rw"]),
    (Column::Postcode, &["kode pos", "kodepos", "postcode", "postal code"]),
    (
        Column::Phone,
        &[
            "hp",
            "no hp",
            "nomor hp",
            "telp",
            "no telp",
            "telepon",
            "no telepon",
            "nomor telepon",
            "handphone",
            "no handphone",
            "wa",
            "no wa",
            "nomor wa",
            "whatsapp",
            "hp wa",
            "no hp wa",
            "phone",
            "phone number",
            "mobile",
        ],
    ),
    (
        Column::Occupation,
        &[
            "pekerjaan",
            "jenis pekerjaan",
            "kerja",
            "profesi",
            "usaha",
            "jenis usaha",
            "mata pencaharian",
            "occupation",
            "job",
        ],
    ),
    (
        Column::Income,
        &[
            "penghasilan",
            "penghasilan per bulan",
            "penghasilan bulan",
            "penghasilan sebulan",
            "pendapatan",
            "pendapatan per bulan",
            "gaji",
            "income",
            "monthly income",
        ],
    ),
    (Column::Mother, &["nama ibu", "ibu kandung", "nama ibu kandung", "mother", "mothers name", "mother name"]),
    (Column::EarlierKpj, &["kpj", "no kpj", "nomor kpj", "nomor peserta", "no peserta"]),
    (Column::Notes, &["keterangan", "ket", "catatan", "notes", "note", "remarks"]),
];

/// Columns that are known to say nothing.
const COUNTERS: &[&str] = &["", "no", "nomor", "no urut", "nomor urut", "number"];

/// The line that names the columns.
pub(super) struct Header {
    /// Its place among the records.
    pub(super) at: usize,
    /// What separates cells.
    pub(super) separator: u8,
    /// What each column means.
    pub(super) columns: Vec<Option<Column>>,
    /// Numbers of those that mean nothing here.
    pub(super) ignored: Vec<u32>,
}

impl Header {
    /// The header that a record is; none where it names no column of names.
    pub(super) fn of<'c>(at: usize, separator: u8, cells: impl Iterator<Item = &'c str>) -> Option<Self> {
        let mut header = Self { at, separator, columns: Vec::new(), ignored: Vec::new() };
        for (number, cell) in (1..).zip(cells) {
            let name = text::fold(cell);
            let known = HEADERS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(column, _)| *column);
            // of two columns of one meaning the first counts
            let column = known.filter(|column| !header.columns.contains(&Some(*column)));
            if column.is_none() && !COUNTERS.contains(&name.as_str()) {
                header.ignored.push(number);
            }
            header.columns.push(column);
        }
        header.columns.contains(&Some(Column::Name)).then_some(header)
    }
}

type Taken = Result<(), &'static str>;

impl Column {
    /// The field its cells fill, or the first of them.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Nik => "nik",
            Self::Name => "name",
            Self::Birth | Self::BirthDate => "birth.date",
            Self::BirthPlace => "birth.place",
            Self::Sex => "birth.sex",
            Self::Address => "home.line",
            Self::Rt | Self::RtRw => "home.rt",
            Self::Rw => "home.rw",
            Self::Postcode => "home.postcode",
            Self::Phone => "phone",
            Self::Occupation => "occupations.first",
            Self::Income => "income",
            Self::Mother => "mother_name",
            Self::EarlierKpj => "earlier_kpj",
            Self::Notes => "notes",
        }
    }

    /// Fills fields from a cell that is not empty.
    ///
    /// # Errors
    /// Why the cell cannot be taken: a stable code.
    pub(super) fn take(self, text: &str, row: &mut RosterRow) -> Taken {
        match self {
            Self::Nik if cell::is_scientific(text) => return Err("nik_scientific"),
            Self::Nik => {
                let nik = Nik::parse(text).map_err(NikError::code)?;
                self.set(nik.expose(), row);
            }
            Self::Birth => {
                let (place, date) = cell::place_and_date(text);
                if !date.is_empty() {
                    Self::BirthDate.take(date, row)?;
                }
                if !place.is_empty() {
                    Self::BirthPlace.take(place, row)?;
                }
            }
            Self::BirthDate => self.set(&cell::date(text).ok_or("date_invalid")?.to_string(), row),
            Self::Sex => {
                let sex = serde_json::to_value(cell::sex(text).ok_or("sex_unknown")?).unwrap_or_default();
                row.fields.insert(self.field().to_owned(), sex);
            }
            Self::Rt => self.neighbourhood(text.trim_start_matches(['R', 'T', 'r', 't', '.', ' ']), row)?,
            Self::Rw => self.neighbourhood(text.trim_start_matches(['R', 'W', 'r', 'w', '.', ' ']), row)?,
            Self::RtRw => {
                let mut parts = text.split(['/', '-', ' ']).filter(|part| part.chars().any(|c| c.is_ascii_digit()));
                let (Some(rt), Some(rw), None) = (parts.next(), parts.next(), parts.next()) else {
                    return Err("rt_rw_invalid");
                };
                Self::Rt.take(rt, row)?;
                Self::Rw.take(rw, row)?;
            }
            Self::Phone => {
                text::normalise_phone(text).map_err(PhoneError::code)?;
                self.set(text, row);
            }
            Self::Income => {
                let amount = parse_rupiah("monthly_income", text).and_then(MonthlyIncome::new);
                amount.map_err(|error: ContributionError| error.code())?;
                self.set(text, row);
            }
            Self::Occupation => {
                if let Some(code) = named(text) {
                    self.set(code, row);
                } else {
                    // a word that is no code must not become one
                    row.warnings.push("occupation_unmatched");
                    note(&format!("Pekerjaan: {text}"), row)?;
                }
            }
            Self::Name | Self::Mother | Self::EarlierKpj => {
                let value = Value::from(text);
                Kind::Worker.validate(self.field(), &value).map_err(|error| known_code(&error.code))?;
                self.set(text, row);
            }
            Self::BirthPlace | Self::Address | Self::Postcode => {
                short(text, 200)?;
                self.set(text, row);
            }
            Self::Notes => note(text, row)?,
        }
        Ok(())
    }

    fn set(self, text: &str, row: &mut RosterRow) {
        row.fields.insert(self.field().to_owned(), text.into());
    }

    fn neighbourhood(self, text: &str, row: &mut RosterRow) -> Taken {
        let number = area::neighbourhood(text).ok_or("rt_rw_invalid")?;
        if number != area::NONE {
            self.set(&number, row);
        }
        Ok(())
    }
}

fn short(text: &str, longest: usize) -> Taken {
    if text.chars().any(char::is_control) {
        return Err("control_character");
    }
    if text.chars().count() > longest { Err("too_long") } else { Ok(()) }
}

/// Adds to the notes.
fn note(text: &str, row: &mut RosterRow) -> Taken {
    let before = row.text("notes").map(|before| format!("{before}; ")).unwrap_or_default();
    let notes = before + text;
    short(&notes, 1000)?;
    Column::Notes.set(&notes, row);
    Ok(())
}

/// The code of an occupation that people call just so.
fn named(text: &str) -> Option<&'static str> {
    let word = text::fold(text);
    let job = *occupation::search(text, 1).first()?;
    let names = std::iter::once(&job.name).chain(&job.words).chain(&job.local_words);
    let exact = job.code == text || names.into_iter().any(|name| text::fold(name) == word);
    exact.then_some(job.code.as_str())
}

/// The field tables' codes for these fields.
fn known_code(code: &str) -> &'static str {
    match code {
        "too_long" => "too_long",
        "name_empty" => "name_empty",
        "kpj_invalid" => "kpj_invalid",
        _ => "control_character",
    }
}
