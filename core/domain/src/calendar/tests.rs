use proptest::prelude::*;

use super::*;
use crate::region;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn area(path: &str) -> Area {
    Area::parse(path).unwrap()
}

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

#[test]
fn half_past_eleven_on_new_years_eve_in_purwokerto_is_still_december() {
    let purwokerto = area("33.02.24.1001.005.003");
    let before = at("2026-12-31T16:30:00Z");
    assert_eq!(before.with_timezone(&Zone::from(&purwokerto).offset()).to_rfc3339(), "2026-12-31T23:30:00+07:00");
    assert_eq!(local_month(before, &purwokerto), month("2026-12"));
    assert_eq!(local_date(before, &purwokerto).to_string(), "2026-12-31");
    // Still December by UTC, which must not count.
    let after = at("2026-12-31T17:30:00Z");
    assert_eq!(local_month(after, &purwokerto), month("2027-01"));
    assert_eq!(local_date(after, &purwokerto).to_string(), "2027-01-01");
}

#[test]
fn half_past_eleven_on_new_years_eve_in_jayapura_is_still_december() {
    let jayapura = region::search("Kota Jayapura", Some(region::Level::Regency), None, 1)[0].code;
    let before = at("2026-12-31T14:30:00Z");
    assert_eq!(before.with_timezone(&Zone::from(&jayapura).offset()).to_rfc3339(), "2026-12-31T23:30:00+09:00");
    assert_eq!(local_month(before, &jayapura), month("2026-12"));
    // Purwokerto has half an hour to go when Jayapura has had the new year for one and a half.
    let after = at("2026-12-31T16:30:00Z");
    assert_eq!(local_month(after, &jayapura), month("2027-01"));
    assert_eq!(local_month(at("2026-12-31T15:00:00Z"), &jayapura), month("2027-01"), "midnight is the new day");
    assert_eq!(local_month(at("2026-12-31T14:59:59Z"), &jayapura), month("2026-12"));
}

#[test]
fn every_province_has_its_zone() {
    let zone = |name: &str| match name {
        "Aceh"
        | "Sumatera Utara"
        | "Sumatera Barat"
        | "Riau"
        | "Jambi"
        | "Sumatera Selatan"
        | "Bengkulu"
        | "Lampung"
        | "Kepulauan Bangka Belitung"
        | "Kepulauan Riau"
        | "Daerah Khusus Ibukota Jakarta"
        | "Jawa Barat"
        | "Jawa Tengah"
        | "Daerah Istimewa Yogyakarta"
        | "Jawa Timur"
        | "Banten"
        | "Kalimantan Barat"
        | "Kalimantan Tengah" => Zone::Wib,
        "Bali"
        | "Nusa Tenggara Barat"
        | "Nusa Tenggara Timur"
        | "Kalimantan Selatan"
        | "Kalimantan Timur"
        | "Kalimantan Utara"
        | "Sulawesi Utara"
        | "Sulawesi Tengah"
        | "Sulawesi Selatan"
        | "Sulawesi Tenggara"
        | "Gorontalo"
        | "Sulawesi Barat" => Zone::Wita,
        "Maluku" | "Maluku Utara" | "Papua" | "Papua Barat" | "Papua Selatan" | "Papua Tengah" | "Papua Pegunungan"
        | "Papua Barat Daya" => Zone::Wit,
        other => panic!("{other} has no zone in this list"),
    };
    let provinces = region::provinces();
    assert_eq!(provinces.len(), 38);
    for province in provinces {
        assert_eq!(Zone::from(&province.code), zone(&province.name), "{}", province.name);
    }
}

#[test]
fn zones_are_seven_eight_nine_hours_ahead() {
    for (zone, name, hours) in [(Zone::Wib, "WIB", 7), (Zone::Wita, "WITA", 8), (Zone::Wit, "WIT", 9)] {
        assert_eq!((zone.name(), zone.offset().local_minus_utc()), (name, hours * 3600));
    }
}

#[test]
fn adding_months_crosses_years_both_ways() {
    assert_eq!(month("2026-11").add_months(12), month("2027-11"));
    assert_eq!(month("2026-11").add_months(2), month("2027-01"));
    assert_eq!(month("2027-01").add_months(-1), month("2026-12"));
    assert_eq!(month("2026-12").add_months(0), month("2026-12"));
    assert_eq!(month("2026-11").months_until(month("2027-02")), 3);
    assert_eq!(month("2027-02").months_until(month("2026-11")), -3);
}

#[test]
fn months_stop_at_the_ends_of_the_calendar() {
    assert_eq!(month("9999-12").add_months(1), month("9999-12"));
    assert_eq!(month("0001-01").add_months(i32::MIN), month("0001-01"));
    assert_eq!(month("0001-01").add_months(i32::MAX), month("9999-12"));
    assert_eq!(Month::of(NaiveDate::MAX), month("9999-12"));
    assert_eq!(Month::of(NaiveDate::MIN), month("0001-01"));
}

#[test]
fn first_and_last_days_know_leap_years() {
    for (text, last) in
        [("2026-02", 28), ("2028-02", 29), ("2100-02", 28), ("2026-04", 30), ("2026-12", 31), ("9999-12", 31)]
    {
        let month = month(text);
        assert_eq!((month.first_day().day(), month.last_day().day()), (1, last), "{text}");
        assert_eq!(Month::of(month.last_day()), month);
    }
}

#[test]
fn months_are_named_in_indonesian() {
    assert_eq!(month("2026-11").indonesian(), "November 2026");
    let names: Vec<_> = (1..=12).map(|m| Month::new(2026, m).unwrap().indonesian()).collect();
    assert_eq!((names[0].as_str(), names[4].as_str(), names[7].as_str()), ("Januari 2026", "Mei 2026", "Agustus 2026"));
    assert_eq!(indonesian_date(NaiveDate::from_ymd_opt(2026, 12, 1).unwrap()), "1 Desember 2026");
}

#[test]
fn malformed_months_are_refused() {
    for text in
        ["", "2026", "2026-1", "2026-13", "2026-00", "0000-01", "26-11", "2026-11-01", "2026/11", "+026-11", "2026-+1"]
    {
        assert_eq!(Month::parse(text), Err(MonthError), "{text}");
    }
    assert_eq!((Month::new(2026, 13), Month::new(0, 1), Month::new(10_000, 1)), (None, None, None));
}

#[test]
fn month_is_serialized_as_year_and_month() {
    assert_eq!(serde_json::to_string(&month("2026-11")).unwrap(), "\"2026-11\"");
    assert_eq!(serde_json::from_str::<Month>("\"2026-11\"").unwrap(), month("2026-11"));
    assert!(serde_json::from_str::<Month>("\"2026-13\"").is_err());
}

proptest! {
    #[test]
    fn months_round_trip_sort_as_text_and_add_up(y in 1..=9998_i32, m in 1..=12_u32, n in 0..=12_i32, z in 1..=9999_i32) {
        let month = Month::new(y, m).unwrap();
        prop_assert_eq!(Month::parse(&month.to_string()), Ok(month));
        prop_assert_eq!(month.add_months(n).add_months(-n), month);
        prop_assert_eq!(month.months_until(month.add_months(n)), n);
        prop_assert_eq!(month.last_day().succ_opt().unwrap(), month.add_months(1).first_day());
        let other = Month::new(z, m).unwrap();
        prop_assert_eq!(month.cmp(&other), month.to_string().cmp(&other.to_string()));
    }
}
