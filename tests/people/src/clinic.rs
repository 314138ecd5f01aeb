//! Thirty invented clinics of the work-accident network, as the branch's list has them: for `payung admin import-plkk`.

use payung_domain::region::{self, RegionCode};
use std::fmt::Write as _;

/// So many.
pub const CLINICS: u32 = 30;
/// The middle of Purwokerto, in degrees.
const MIDDLE: (f64, f64) = (-7.424, 109.239);

/// A CSV of clinics in the districts of a regency, around Purwokerto: the same each time. The last two have no position.
pub fn clinics(regency: RegionCode) -> String {
    let districts = region::children(&regency);
    let mut file = "KODE;NAMA;ALAMAT;KECAMATAN;TELEPON;LINTANG;BUJUR;JAM BUKA\n".to_owned();
    for number in 1..=CLINICS {
        let Some(district) = districts.get(number as usize % districts.len().max(1)) else { continue };
        // a spiral: no two in one place, the first ones near
        let angle = f64::from(number) * 2.4;
        let away = 0.009 * f64::from(number).sqrt();
        let place = |middle: f64, part: f64| format!("{:.6}", middle + away * part);
        let (lat, lon) = (place(MIDDLE.0, angle.sin()), place(MIDDLE.1, angle.cos()));
        let (lat, lon) = if number > CLINICS - 2 { (String::new(), String::new()) } else { (lat, lon) };
        let _ = writeln!(
            file,
            "K-{number:02};Klinik Contoh {number};Jl. Contoh {number};{};0281-5550{number:02};{lat};{lon};24 jam",
            district.code
        );
    }
    file
}
