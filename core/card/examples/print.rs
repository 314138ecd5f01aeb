//! Writes an invented card as A6 sheet, bank card, PNG and SVG into a folder, to be looked at.
//!
//! `cargo run -p payung-card --features print --example print -- FOLDER`

use chrono::NaiveDate;
use payung_card::{
    QrCode, issue,
    print::{Office, Paper, pdf},
};
use payung_people::{
    card::{card, issuer},
    person,
};
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("where to?")?);
    let day = NaiveDate::from_ymd_opt(2026, 11, 23).ok_or("no such day")?;
    let card = card(&person(20, 4, "330224", day), 4, day);
    let text = issue(&card, &issuer(7))?;
    let office = Office {
        branch: "Kantor Cabang Contoh, Jalan Rekaan 1, telepon 0281 000000".to_owned(),
        feedback: "kritik@payung.example.id atau kotak saran di kantor desa".to_owned(),
    };
    fs::write(folder.join("a6.pdf"), pdf(&card, &text, &office, Paper::A6)?)?;
    fs::write(folder.join("id1.pdf"), pdf(&card, &text, &office, Paper::Id1)?)?;
    let code = QrCode::of(&text)?;
    fs::write(folder.join("card.png"), code.png(6)?)?;
    fs::write(folder.join("card.svg"), code.svg())?;
    Ok(())
}
