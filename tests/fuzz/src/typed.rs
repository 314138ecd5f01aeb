//! Short things that people type and files carry: NIK, codes, areas, months, amounts, phone numbers.

use crate::quiet::is_quiet;
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::Month,
    contribution::{IncomeBasis, parse_days, parse_rupiah, rupiah},
    enrollment::Kpj,
    nik::{Nik, NikContext},
    region::{self, Level, RegionCode},
    text::normalise_phone,
};

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

fn seeds(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Digits of the input in their order, which is all a number may be made of.
fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).collect()
}

pub(crate) fn nik(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    let nik = match Nik::parse(typed) {
        Ok(nik) => nik,
        Err(error) => return is_quiet(&error, data),
    };
    assert_eq!(nik.expose(), digits(typed));
    assert_eq!(nik.expose().len(), 16);
    assert_eq!(Nik::parse(nik.expose()).as_ref(), Ok(&nik));
    let shown = format!("{} {nik:?}", nik.masked());
    assert!(!shown.contains(&nik.expose()[4..12]) || nik.expose()[4..12].contains(&nik.expose()[..4]));
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day");
    let check = nik.check(&NikContext::on(today));
    assert!(check.sex.is_some() || !check.retype.is_empty(), "a day of neither a man nor a woman is asked about");
    if let Some(birth) = check.birth {
        let age = today.years_since(birth);
        assert!(age.is_some_and(|age| (15..=100).contains(&age)) && check.retype.is_empty());
        // the date it says is the date in it
        let day = u32::from(birth.format("%d").to_string().parse::<u8>().expect("a day"));
        let told: u32 = nik.expose()[6..8].parse().expect("digits");
        assert!(told == day || told == day + 40);
        assert_eq!(nik.expose()[8..12], birth.format("%m%y").to_string());
    }
    let code = format!("{}.{}.{}", &nik.expose()[..2], &nik.expose()[2..4], &nik.expose()[4..6]);
    assert!(check.region.is_none_or(|region| region.code.to_string() == code));
}

pub(crate) fn nik_seeds() -> Vec<Vec<u8>> {
    seeds(&["3302241505909001", "33.02.24-550590-9002", "3302 2431 0290 9003", "9100000000009004", "3302241505900000"])
}

pub(crate) fn region(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    if let Some(found) = region::by_nik_prefix(typed) {
        assert_eq!(found.code.to_string().replace('.', ""), typed);
    }
    let code = match RegionCode::parse(typed) {
        Ok(code) => code,
        Err(error) => return is_quiet(&error, data),
    };
    assert_eq!(code.to_string(), typed, "a code is written in one way");
    let mut above = Some(code);
    while let Some(region) = above {
        assert!(code.is_within(region) && code.at(region.level()) == Some(region));
        above = region.parent();
    }
    assert_eq!(code.at(Level::Province), Some(code.province()));
    assert_eq!(code.is_village(), code.level() == Level::Village);
    if let Some(known) = region::lookup(&code) {
        assert_eq!(known.code, code);
        assert!(region::describe(&code).is_some_and(|path| path.code == code));
        assert!(region::children(&code).iter().all(|child| child.code.parent() == Some(code)));
    }
}

pub(crate) fn region_seeds() -> Vec<Vec<u8>> {
    seeds(&["33", "33.02", "33.02.24", "33.02.24.1001", "330224", "910101", "99.99.99.9999"])
}

/// A path, or what is typed for RW and RT of a village: `rw/rt`.
pub(crate) fn area(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    match Area::parse(typed) {
        Ok(area) => {
            assert_eq!((area.as_str(), area.to_string().as_str()), (typed, typed), "a path is written in one way");
            assert!(area.is_within(&Area::from(area.region())) && area.is_within(&area));
            assert_eq!(area.is_village_or_below(), area.region().is_village());
            assert!(area.rw().is_none() || area.village().is_some());
            assert!(!area.label().is_empty());
            let json = serde_json::to_string(&area).expect("JSON");
            assert_eq!(serde_json::from_str::<Area>(&json).ok(), Some(area));
        }
        Err(error) => is_quiet(&error, data),
    }
    let village = RegionCode::parse("33.02.24.1001").expect("a village");
    let (rw, rt) = typed.split_once('/').unwrap_or((typed, ""));
    match Area::in_village(village, rw, rt) {
        Ok(area) => {
            assert_eq!(Area::parse(area.as_str()), Ok(area.clone()));
            assert_eq!(Area::in_village(village, area.rw().expect("has one"), area.rt().expect("has one")), Ok(area));
        }
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn area_seeds() -> Vec<Vec<u8>> {
    seeds(&[
        "33.02.24.1001.005.003",
        "33.02.24.1001.005A",
        "33",
        "5/3",
        " 05a /-",
        "33.02.24.1001.000.000",
        "33.02.005",
    ])
}

pub(crate) fn month(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    match Month::parse(typed) {
        Ok(month) => {
            assert_eq!(month.to_string(), typed, "a month is written in one way");
            assert_eq!((Month::of(month.first_day()), Month::of(month.last_day())), (month, month));
            let next = month.last_day().succ_opt().map(Month::of);
            assert_eq!(next, Some(month.add_months(1)), "the day after its last is in the next");
            assert!(month.indonesian().ends_with(&month.year().to_string()));
            for months in [-1, 0, 1, 12, i32::MAX, i32::MIN] {
                let there = month.add_months(months);
                let moved = month.months_until(there);
                let at_the_end = there.to_string() == "0001-01" || there.to_string() == "9999-12";
                assert!(moved == months || at_the_end, "only the ends of time stop it");
                assert_eq!(there.months_until(month), -moved);
            }
        }
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn month_seeds() -> Vec<Vec<u8>> {
    seeds(&["2026-11", "0001-01", "9999-12", "2026-13", "+026-1", "2026-1"])
}

/// Rupiah, days and member numbers.
pub(crate) fn amount(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    match parse_rupiah("monthly_income", typed) {
        Ok(amount) => {
            assert!((0..=IncomeBasis::MAX_MONTHLY).contains(&amount));
            assert_eq!(
                parse_rupiah("monthly_income", &rupiah(amount)),
                Ok(amount),
                "what is shown is read as the same"
            );
            assert!(typed.contains(|c: char| c.is_ascii_digit()));
        }
        Err(error) => is_quiet(&error, data),
    }
    match parse_days(typed) {
        Ok(days) => assert!((1..=31).contains(&days)),
        Err(error) => is_quiet(&error, data),
    }
    match Kpj::parse(typed) {
        Ok(kpj) => {
            assert_eq!((kpj.expose(), kpj.expose().len()), (digits(typed).as_str(), 11));
            assert_eq!(Kpj::parse(&kpj.grouped()).as_ref(), Ok(&kpj));
            assert!(!format!("{kpj:?}").contains(&kpj.expose()[..7]));
        }
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn amount_seeds() -> Vec<Vec<u8>> {
    seeds(&[
        "1500000",
        "Rp 1.500.000,-",
        "1,5 juta",
        "750 ribu",
        "1.5",
        "24 0012 34567",
        "26 hari",
        "rp.0,00",
        "999999999999999",
    ])
}

pub(crate) fn phone(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    match normalise_phone(typed) {
        Ok(number) => {
            assert_eq!(normalise_phone(&number).as_ref(), Ok(&number), "a number is written in one way");
            let rest = number.strip_prefix("+62").expect("Indonesian");
            assert!((7..=12).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit()));
            assert!(digits(typed).ends_with(rest), "no digit is invented");
        }
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn phone_seeds() -> Vec<Vec<u8>> {
    seeds(&["0812-0000-9001", "+62 (0)812 00009001", "006281200009001", "(0281) 630 001", "81200009001", "+1 555 0100"])
}
