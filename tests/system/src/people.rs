//! Invented people: names that nobody need recognise, NIKs with serials 9000-9999 (never given out) of real districts,
//! ages 18 to 64 on the day, varied occupations and incomes.

use crate::random::Random;
use chrono::{Datelike, Days, Months, NaiveDate};
use payung_domain::{
    occupation,
    region::{self, RegionCode},
};
use serde_json::{Map, Value, json};

/// A person to be registered, as their KTP and their own words have them.
#[derive(Clone)]
pub struct Person {
    /// 16 digits.
    pub nik: String,
    /// As on the KTP.
    pub name: String,
    /// As typed: with hyphens, or none.
    pub phone: Option<String>,
    /// The mother's maiden name.
    pub mother: String,
    /// The form: field name to what is typed.
    pub form: Map<String, Value>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // invented, but the habit is kept
        write!(f, "Person(…{})", self.nik.get(12..).unwrap_or_default())
    }
}

const MEN: &[&str] = &[
    "Tukiman", "Sarwono", "Kasdi", "Wagiman", "Suparno", "Darsun", "Rasikun", "Kartim", "Misno", "Slamet", "Turiman",
    "Wasis", "Karsono", "Sugeng", "Ratno", "Tarjo", "Kusnanto", "Eko", "Bambang", "Yatno", "Sukirno", "Daryono",
];
const WOMEN: &[&str] = &[
    "Sutinah", "Kasiyem", "Tarsini", "Warsiti", "Rumiyati", "Sumiati", "Daryati", "Kartini", "Muryani", "Sarinah",
    "Wartem", "Turyati", "Suwarti", "Nuryati", "Lasmini", "Partini", "Yuliati", "Rasmini", "Siti", "Endang",
];
const SECOND: &[&str] = &[
    "Prawiro",
    "Santosa",
    "Wibowo",
    "Rahayu",
    "Lestari",
    "Mulyono",
    "Hadi",
    "Purnomo",
    "Astuti",
    "Wijaya",
    "Kusuma",
    "Sukarso",
    "Widodo",
    "Hartati",
    "Nugroho",
    "Saputra",
    "Setyowati",
    "Utomo",
    "Raharjo",
    "Pangestu",
];
const RELATIONS: &[&str] = &["spouse", "child", "parent", "sibling"];
const LANDMARKS: &[&str] = &["dekat mushola", "depan pos ronda", "belakang warung", "samping lapangan", "gang pertama"];
const HOURS: &[&str] = &["pagi", "pagi sampai sore", "malam", "subuh sampai siang"];
/// What people do in a village at the foot of Slamet; the rest of the list follows after these.
const USUAL: &[&str] = &["penderes_kelapa", "buruh_tani", "perajin_gula_kelapa", "petani_padi", "peternak_kambing"];
/// As people say it: a month's income, or a day's with the days.
const INCOMES: &[(&str, Option<u32>)] = &[
    ("1.200.000", None),
    ("85000", Some(22)),
    ("Rp 1.750.000", None),
    ("2300000", None),
    ("60.000", Some(26)),
    ("900000", None),
    ("3.100.000", None),
    ("125.000", Some(24)),
    ("1500000", None),
    ("4.250.000", None),
];
const TERMS: &[u32] = &[1, 3, 6, 12];

/// `count` different people, living in `village`, on the day `today`.
pub fn people(count: usize, village: RegionCode, today: NaiveDate, random: &mut Random) -> Vec<Person> {
    let districts = districts_of(village);
    let mut work: Vec<&str> = USUAL.to_vec();
    work.extend(occupation::all().map(|one| one.code.as_str()).filter(|code| !USUAL.contains(code)));
    let spread = work.len() / count.max(1);
    let place = region::describe(&village).and_then(|path| path.district).unwrap_or_default();
    (0..count)
        .map(|index| {
            // neighbours of many trades: each some rows further down the list
            let job = work[if index < USUAL.len() { index } else { (index * spread.max(1)) % work.len() }];
            person(index, job, &place, &districts, today, random)
        })
        .collect()
}

/// Six digits of each district of the village's regency: people keep the NIK of where they first got it.
fn districts_of(village: RegionCode) -> Vec<String> {
    let Some(regency) = village.at(region::Level::Regency) else { return Vec::new() };
    let mut codes: Vec<String> =
        region::children(&regency).iter().map(|district| district.code.to_string().replace('.', "")).collect();
    // most people never moved
    if let Some(own) = village.at(region::Level::District) {
        let own = own.to_string().replace('.', "");
        codes.extend(std::iter::repeat_n(own, codes.len() * 3));
    }
    codes
}

fn person(index: usize, job: &str, place: &str, districts: &[String], today: NaiveDate, random: &mut Random) -> Person {
    let woman = random.below(2) == 0;
    let birth = birth_date(today, random);
    let day = birth.day() + if woman { 40 } else { 0 };
    let serial = 9000 + index % 1000;
    let nik = format!("{}{day:02}{:02}{:02}{serial}", random.pick(districts), birth.month(), birth.year() % 100);
    let first = random.pick(if woman { WOMEN } else { MEN });
    let name = format!("{first} {}", random.pick(SECOND));
    let mother = format!("{} {}", random.pick(WOMEN), random.pick(SECOND));
    let phone = (random.below(5) > 0).then(|| format!("0812-{:04}-{:04}", 1000 + random.below(9000), 1000 + index));
    let (income, days) = random.pick(INCOMES);
    let form = json!({
        "nik": nik,
        "name": name,
        "mother_name": mother,
        "birth.date": birth.to_string(),
        "birth.place": place,
        "birth.sex": if woman { "female" } else { "male" },
        "home.line": format!("Jl. Sawah No. {}", index + 1),
        "home.landmark": random.pick(LANDMARKS),
        "phone": phone,
        "occupations.first": job,
        "work.place": "sekitar desa",
        "work.hours": random.pick(HOURS),
        "heirs": [{
            "name": format!("{} {}", random.pick(MEN), random.pick(SECOND)),
            "relation": random.pick(RELATIONS),
        }],
        "income": income,
        "income.days": days,
        "cover.programs": if random.below(4) == 0 { json!(["jkk", "jkm", "jht"]) } else { json!(["jkk", "jkm"]) },
        "cover.months": random.pick(TERMS),
        "cover.payer": "self",
        "declaration.independent": true,
        "declaration.healthy": true,
        "declaration.signature": "mark",
        "consent.text_version": "1",
        "consent.language": "id",
        "consent.read_by": "official",
        "consent.witness": format!("{} {}", random.pick(MEN), random.pick(SECOND)),
        "capture.lat_e6": -7_440_000 - i64::try_from(random.below(9000)).unwrap_or(0),
        "capture.lon_e6": 109_240_000 + i64::try_from(random.below(9000)).unwrap_or(0),
        "capture.accuracy": 12,
    });
    let form = match form {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    Person { nik, name, phone, mother, form }
}

/// An age of 18 to 64 on `today`, and not on a birthday's edge.
fn birth_date(today: NaiveDate, random: &mut Random) -> NaiveDate {
    let years = 18 + u32::try_from(random.below(46)).unwrap_or(0);
    let days = 1 + random.bits() % 363;
    let birthday = today.checked_sub_months(Months::new(12 * years));
    birthday.and_then(|date| date.checked_sub_days(Days::new(days))).unwrap_or(today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use payung_domain::nik::{Nik, NikContext};
    use std::collections::BTreeSet;

    #[test]
    fn invented_people_are_eighteen_to_sixty_four_with_plausible_niks_on_any_day() {
        let village = RegionCode::parse("33.02.24.1001").unwrap();
        for (year, month, day) in [(2026, 11, 22), (2028, 2, 29), (2026, 12, 31), (2027, 1, 1), (2027, 3, 1)] {
            let today = NaiveDate::from_ymd_opt(year, month, day).unwrap();
            let mut random = Random::new(7);
            let all = people(200, village, today, &mut random);
            let niks: BTreeSet<&str> = all.iter().map(|person| person.nik.as_str()).collect();
            assert_eq!(niks.len(), 200, "no two share a NIK");
            let jobs: BTreeSet<_> = all.iter().map(|person| person.form["occupations.first"].to_string()).collect();
            assert!(jobs.len() >= 30, "{}", jobs.len());
            for person in &all {
                let nik = Nik::parse(&person.nik).unwrap();
                let birth: NaiveDate = person.form["birth.date"].as_str().unwrap().parse().unwrap();
                let mut context = NikContext::on(today);
                context.typed_birth = Some(birth);
                let check = nik.check(&context);
                assert!(check.retype.is_empty() && check.warn.is_empty(), "{:?} {:?}", check.retype, check.warn);
                assert_eq!(check.birth, Some(birth));
                assert!((18..65).contains(&today.years_since(birth).unwrap()));
                assert!(person.nik.ends_with(|c: char| c.is_ascii_digit()) && &person.nik[12..13] == "9");
            }
        }
    }
}
