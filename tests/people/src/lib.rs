//! Invented people, the same for the same seed: for the played scenario, the tests and the benchmark. Their NIKs have
//! serials 9000-9999, which are kept for tests; no two have the same.

#[cfg(feature = "cards")]
pub mod card;
pub mod clinic;
pub mod picture;

use chrono::{Datelike, Days, NaiveDate};
use payung_domain::{nik::Sex, occupation, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MEN: [&str; 24] = [
    "Sukirno",
    "Tarmono",
    "Kuswanto",
    "Rasikun",
    "Darsono",
    "Wartoyo",
    "Supriyadi",
    "Mugiono",
    "Tohirin",
    "Karsim",
    "Suwarno",
    "Slamet",
    "Paryono",
    "Untung",
    "Sarjono",
    "Kartim",
    "Rohadi",
    "Yatiman",
    "Daryo",
    "Sumarno",
    "Misdi",
    "Turah",
    "Sakim",
    "Wahyono",
];
const WOMEN: [&str; 24] = [
    "Sutini", "Karsem", "Rasinah", "Tumirah", "Warsiti", "Suparti", "Daryati", "Kusmini", "Tarwen", "Sarinem",
    "Mugiah", "Rohayati", "Yatinah", "Sumiyati", "Paryati", "Turinah", "Misem", "Wagirah", "Darsiti", "Salbiyah",
    "Kartinah", "Jumiati", "Suwarti", "Ngatinah",
];
const FAMILY: [&str; 20] = [
    "Wijaya",
    "Santosa",
    "Raharjo",
    "Pranoto",
    "Hadi",
    "Utomo",
    "Setiawan",
    "Saputra",
    "Mulyono",
    "Kurniawan",
    "Lestari",
    "Widodo",
    "Susilo",
    "Handoko",
    "Wibowo",
    "Purnomo",
    "Hartono",
    "Nugroho",
    "Prasetyo",
    "Subagyo",
];
const LANES: [&str; 10] =
    ["Melati", "Kenanga", "Mawar", "Cempaka", "Anggrek", "Dahlia", "Flamboyan", "Teratai", "Seruni", "Sedap Malam"];

/// Birth dates that give an age of 18 to 62 on the day, so that nobody is refused for it.
const BIRTHDAYS: u64 = 44 * 365;
const SERIALS: u64 = 1000;

/// One invented person.
#[derive(Clone)]
pub struct Person {
    /// 16 digits, serial 9000-9999.
    pub nik: String,
    /// As on the KTP.
    pub name: String,
    /// Birth date.
    pub birth: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// Mother's maiden name.
    pub mother: String,
    /// `+62…`
    pub phone: String,
    /// Street and number.
    pub line: String,
    /// Code of the occupation list.
    pub occupation: String,
    /// Rupiah a month.
    pub income: i64,
    /// Months of cover: 1, 3, 6 or 12.
    pub months: u32,
    /// Name of the heir.
    pub heir: String,
}

/// The `i`th person of a seed, first issued a NIK in the district `PPRRSS`, of working age on `today`.
pub fn person(seed: u64, i: u64, district: &str, today: NaiveDate) -> Person {
    let mut rng = fastrand::Rng::with_seed(seed ^ i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    // a multiplier coprime to the number of (birthday, serial) pairs: every i below it gets a pair of its own
    let pair = (seed % SERIALS + i.wrapping_mul(7_919)) % (BIRTHDAYS * SERIALS);
    let youngest = today.checked_sub_days(Days::new(18 * 366)).unwrap_or(today);
    let birth = youngest.checked_sub_days(Days::new(pair / SERIALS)).unwrap_or(youngest);
    let sex = if rng.bool() { Sex::Female } else { Sex::Male };
    let day = birth.day() + if sex == Sex::Female { 40 } else { 0 };
    let nik = format!("{district}{day:02}{:02}{:02}{}", birth.month(), birth.year() % 100, 9000 + pair % SERIALS);
    let pick = |rng: &mut fastrand::Rng, list: &[&str]| list[rng.usize(..list.len())].to_owned();
    let first = pick(&mut rng, if sex == Sex::Female { &WOMEN } else { &MEN });
    let name = text::normalise_name(&format!("{first} {}", pick(&mut rng, &FAMILY)));
    let jobs: Vec<&str> = occupation::all().map(|job| job.code.as_str()).collect();
    Person {
        nik,
        name,
        birth,
        sex,
        mother: text::normalise_name(&pick(&mut rng, &WOMEN)),
        phone: format!("+62812{:08}", rng.u32(10_000_000..100_000_000)),
        line: format!("Gang {} {}", pick(&mut rng, &LANES), rng.u32(1..90)),
        occupation: pick(&mut rng, &jobs),
        income: rng.i64(6..60) * 100_000,
        months: [1, 3, 6, 12][rng.usize(..4)],
        heir: text::normalise_name(&pick(&mut rng, &MEN)),
    }
}

impl Person {
    /// The form as an official types it, complete (`payung_domain::worker::WorkerDraft`).
    pub fn form(&self) -> BTreeMap<String, Value> {
        let form = json!({
            "nik": self.nik,
            "name": self.name,
            "birth.date": self.birth.to_string(),
            "birth.place": "BANYUMAS",
            "birth.sex": self.sex,
            "mother_name": self.mother,
            "home.line": self.line,
            "home.postcode": "53144",
            "phone": self.phone,
            "occupations.first": self.occupation,
            "income": self.income,
            "cover.months": self.months,
            "heirs": [{"name": self.heir, "relation": "child"}],
            "declaration.independent": true,
            "declaration.healthy": true,
            "consent.text_version": "2026-1",
            "consent.language": "id",
            "consent.read_by": "official",
        });
        serde_json::from_value(form).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use payung_domain::{
        area::Area,
        contribution::ContributionTable,
        eligibility::Membership,
        id::OfficialId,
        worker::{CaptureContext, WorkerDraft},
    };
    use std::collections::BTreeSet;

    #[test]
    fn every_person_can_be_registered_and_no_two_share_a_nik() {
        let area = Area::parse("33.02.24.1001.003.005").expect("an area");
        let mut seen = BTreeSet::new();
        for i in 0..3_000 {
            let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a date");
            let person = person(7, i, "330224", today);
            let context = CaptureContext {
                now: "2026-11-22T03:00:00Z".parse().expect("a time"),
                area: &area,
                official: OfficialId("0190a000-0000-7000-8000-000000000001".parse().expect("an id")),
                table: ContributionTable::builtin(),
                nik_on_this_phone: false,
                membership: Membership::First,
            };
            let registration = WorkerDraft { fields: person.form() }.validate(&context);
            assert_eq!(registration.expect("complete").warnings, Vec::<&str>::new(), "person {i}");
            assert!(seen.insert(person.nik), "person {i} shares a NIK");
        }
    }
}
