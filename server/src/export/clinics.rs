//! Reading the branch's list of clinics.

use super::{
    lines::FileError,
    rows::{Row, read_rows},
    template::ListTemplate,
};
use payung_domain::{
    area::Area,
    clinic::{Clinic, Position},
    region::{self, Level, RegionCode},
    text::{PhoneError, fold, normalise_phone},
};
use std::collections::HashSet;

/// Indonesia, in millionths of a degree: south, north, west, east. Outside it two columns were mixed up.
const COUNTRY: [i32; 4] = [-11_500_000, 6_500_000, 94_500_000, 141_500_000];

/// Reads the clinics of an area.
///
/// # Errors
/// [`FileError`]; [`FileError::Lines`] tells every wrong line.
pub fn read_clinics(template: &ListTemplate, bytes: &[u8], area: &Area) -> Result<Vec<Clinic>, FileError> {
    let (mut clinics, mut codes) = (Vec::new(), HashSet::new());
    let (_, errors) = read_rows(bytes, &template.columns, &["code", "name", "district"], |mut row| {
        let clinic = read_clinic(&mut row, area);
        if let Some(clinic) = clinic {
            if codes.insert(fold(&clinic.code)) {
                clinics.push(clinic);
            } else {
                row.wrong("code", "code_twice");
            }
        }
    })?;
    if errors.is_empty() { Ok(clinics) } else { Err(FileError::Lines(errors)) }
}

fn short(longest: usize) -> impl Fn(&str) -> Result<String, &'static str> {
    move |text| if text.chars().count() <= longest { Ok(text.to_owned()) } else { Err("too_long") }
}

fn read_clinic(row: &mut Row<'_>, area: &Area) -> Option<Clinic> {
    let before = row.errors.len();
    let code = row.needed("code", short(60));
    let name = row.needed("name", short(160));
    let address = row.maybe("address", short(200));
    let district = row.needed("district", |text| district(text, area));
    let phone = row.maybe("phone", |text| normalise_phone(text).map_err(PhoneError::code));
    let hours = row.maybe("hours", short(120));
    let lat = row.maybe("lat", |text| degrees(text, COUNTRY[0]..=COUNTRY[1]));
    let lon = row.maybe("lon", |text| degrees(text, COUNTRY[2]..=COUNTRY[3]));
    if row.get("lat").is_some() != row.get("lon").is_some() {
        row.wrong("lat", "position_half");
    }
    let whole = row.errors.len() == before;
    let position = lat.zip(lon).map(|(lat_e6, lon_e6)| Position { lat_e6, lon_e6 });
    let (code, name, district) = (code?, name?, district?);
    whole.then(|| Clinic {
        code,
        name,
        address: address.unwrap_or_default(),
        district,
        phone,
        position,
        hours: hours.unwrap_or_default(),
        ended: None,
    })
}

/// The code of a district within the area, from its code or its name.
fn district(text: &str, area: &Area) -> Result<String, &'static str> {
    let within = |code: &RegionCode| Area::from(*code).is_within(area);
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let code = RegionCode::parse(text).map_err(|_| "district_unknown")?;
        return if code.level() != Level::District || region::lookup(&code).is_none() {
            Err("district_unknown")
        } else if within(&code) {
            Ok(code.to_string())
        } else {
            Err("area_foreign")
        };
    }
    let region = area.region();
    let found = region::search(text, Some(Level::District), Some(&region), 20);
    let mut same = found.iter().filter(|path| path.district.as_deref().is_some_and(|name| fold(name) == fold(text)));
    match (same.next(), same.next()) {
        (Some(path), None) => Ok(path.code.to_string()),
        (Some(_), Some(_)) => Err("district_ambiguous"),
        _ => Err("district_unknown"),
    }
}

/// Degrees as a decimal number, with a point or a comma, in millionths.
fn degrees(text: &str, country: std::ops::RangeInclusive<i32>) -> Result<i32, &'static str> {
    let degrees: f64 = text.replace(',', ".").parse().map_err(|_| "not_a_number")?;
    #[allow(clippy::cast_possible_truncation)]
    let e6 = (degrees * 1e6).round() as i32;
    if country.contains(&e6) { Ok(e6) } else { Err("position_outside") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{LineError, load};

    fn read(text: &str) -> Result<Vec<Clinic>, FileError> {
        let folder = tempfile::tempdir().expect("a folder");
        let template = load(folder.path(), "daftar-plkk").expect("a template").clinics().expect("clinics");
        read_clinics(&template, text.as_bytes(), &Area::parse("33.02").expect("a regency"))
    }

    #[test]
    fn clinics_are_read_with_district_by_code_or_name_and_either_decimal_sign() {
        let clinics = read(
            "KODE;NAMA;ALAMAT;KECAMATAN;TELEPON;LINTANG;BUJUR;JAM BUKA\r\n\
             K-01;Klinik Contoh 1;Jl. Contoh 1;33.02.24;0281-555001;-7,424;109,23;24 jam\r\n\
             K-02;Klinik Contoh 2;;baturraden;;;;\r\n",
        )
        .expect("read");
        assert_eq!(clinics[0].position, Some(Position { lat_e6: -7_424_000, lon_e6: 109_230_000 }));
        assert_eq!((clinics[0].phone.as_deref(), clinics[0].hours.as_str()), (Some("+62281555001"), "24 jam"));
        assert_eq!(clinics[1].district_label(), "Baturraden");
        assert_eq!((clinics[1].position, clinics[1].phone.as_deref()), (None, None));
    }

    #[test]
    fn every_wrong_line_is_told_and_nothing_read() {
        let wrong = read(
            "KODE,NAMA,KECAMATAN,TELEPON,LINTANG,BUJUR\n\
             K-01,Klinik Contoh 1,33.02.24,,-7.4,109.2\n\
             K-01,Klinik Contoh 1,33.02.24,,,\n\
             K-03,,33.02.24,,,\n\
             K-04,Klinik Contoh 4,33.03.01,,,\n\
             K-05,Klinik Contoh 5,Entah,,,\n\
             K-06,Klinik Contoh 6,33.02.24,12,109.2,-7.4\n\
             K-07,Klinik Contoh 7,33.02.24,,-7.4,\n",
        );
        let Err(FileError::Lines(lines)) = wrong else { panic!("{wrong:?}") };
        let told: Vec<(u64, &str)> =
            lines.iter().map(|LineError { line, reason, .. }| (*line, reason.as_str())).collect();
        assert_eq!(
            told,
            [
                (3, "code_twice"),
                (4, "missing"),
                (5, "area_foreign"),
                (6, "district_unknown"),
                (7, "phone_prefix"),
                (7, "position_outside"),
                (7, "position_outside"),
                (8, "position_half"),
            ]
        );
        assert!(matches!(read("NAMA\nKlinik\n"), Err(FileError::Columns(_))));
    }
}
