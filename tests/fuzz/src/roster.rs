//! A list an RT already had: a file from anybody's spreadsheet.

use crate::quiet::is_quiet;
use chrono::{Datelike, NaiveDate};
use payung_domain::{
    nik::Nik,
    roster::{MOST_ROWS, RosterError, read},
};
use std::collections::BTreeSet;

/// Every row is a person with a name, its fields are those of a form, wrong cells are named by a place that is in the file
/// and say nothing of what stood there.
pub(crate) fn roster(data: &[u8]) {
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
    let list = match read(data) {
        Ok(list) => list,
        Err(error) => {
            if let RosterError::Cells(cells) = &error {
                assert!(!cells.is_empty());
                for cell in cells {
                    assert!((1..=lines).contains(&cell.line), "a cell on a line that is not there");
                    assert!(
                        cell.code.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'0'..=b'9'))
                    );
                }
            }
            return is_quiet(&error, data);
        }
    };
    assert!((1..=MOST_ROWS).contains(&list.rows.len()));
    let columns: BTreeSet<u32> = list.ignored.iter().copied().collect();
    assert!(columns.len() == list.ignored.len() && !columns.contains(&0));
    let mut above = 0;
    for row in &list.rows {
        assert!(above < row.line && row.line <= lines, "rows are not in the order of their lines");
        above = row.line;
        assert!(row.text("name").is_some_and(|name| name.chars().any(char::is_alphabetic)), "nobody");
        if let Some(nik) = row.text("nik") {
            assert_eq!(Nik::parse(nik).expect("read").expose(), nik);
        }
        if let Some(date) = row.text("birth.date") {
            assert!((1900..=2100).contains(&date.parse::<NaiveDate>().expect("read").year()));
        }
        for value in row.fields.values() {
            let text = value.as_str().expect("text");
            assert!(!text.is_empty() && text.chars().count() <= 1000 && !text.chars().any(char::is_control));
        }
    }
}

pub(crate) fn roster_seeds() -> Vec<Vec<u8>> {
    let list = "No;NIK;Nama;Tempat, Tgl Lahir;L/P;Alamat;RT/RW;Pekerjaan;HP;Penghasilan;Keterangan\n\
                1;3302241505909001;SUKIRNO WIJAYA;Banyumas, 15-05-1990;L;Gang Melati 4;003/005;penderes;081200009001;1,5 juta;-\n\
                2;'3302245505909002;SITI AMINAH;Purbalingga 15 Mei 1990;P;\"Gang; Mawar\";3/5;tukang;;750 ribu;janda\n";
    vec![
        list.as_bytes().to_vec(),
        format!("\u{feff}{}", list.replace(';', "\t").replace('\n', "\r\n")).into_bytes(),
        b"DAFTAR WARGA\n\nnama,nik\nDu\xE9n,\"3,30224E+15\"\n,3302241505909001\n".to_vec(),
        b"sep=;\nFull name;Date of birth\n=1+1 A;1990-05-15\n\"open;\n".to_vec(),
    ]
}
