use proptest::prelude::*;

use super::*;

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn today() -> NaiveDate {
    date(2026, 11, 22)
}

fn check(nik: &str, change: impl FnOnce(&mut NikContext)) -> NikCheck {
    let mut context = NikContext::on(today());
    change(&mut context);
    Nik::parse(nik).unwrap().check(&context)
}

fn plain(nik: &str) -> NikCheck {
    check(nik, |_| {})
}

#[test]
fn a_plain_nik_fills_in_birth_date_sex_and_region() {
    let read = plain("3302241505909001");
    assert_eq!((read.retype, read.warn), (vec![], vec![]));
    assert_eq!(read.birth, Some(date(1990, 5, 15)));
    assert_eq!(read.sex, Some(Sex::Male));
    let region = read.region.unwrap();
    assert_eq!((region.district.as_str(), region.retired), ("Purwokerto Selatan", false));
}

#[test]
fn a_womans_day_is_plus_forty() {
    let read = plain("3302245505909001");
    assert_eq!((read.sex, read.birth), (Some(Sex::Female), Some(date(1990, 5, 15))));
    assert!(read.retype.is_empty());
    let last = plain("3302247105909001");
    assert_eq!((last.sex, last.birth), (Some(Sex::Female), Some(date(1990, 5, 31))));
    assert!(last.retype.is_empty());
}

#[test]
fn spaces_dots_and_hyphens_are_stripped() {
    for typed in [" 330224 150590 9001 ", "33.02.24.150590.9001", "330224-150590-9001", "330224\u{a0}1505909001\n"] {
        assert_eq!(Nik::parse(typed).unwrap().expose(), "3302241505909001");
    }
}

#[test]
fn not_sixteen_digits_is_rejected_with_the_count() {
    for (typed, digits) in [("", 0), ("330224 150590 900", 15), ("33022415059090011", 17)] {
        let error = Nik::parse(typed).unwrap_err();
        assert_eq!(error, NikError::Length { digits });
        assert_eq!(error.code(), "nik_length");
        assert!(error.to_string().contains(&digits.to_string()));
    }
}

#[test]
fn letters_are_rejected() {
    for typed in ["33022415O5909001", "3302241505909001x", "３３０２２４１５０５９０９００１"] {
        assert_eq!(Nik::parse(typed), Err(NikError::Characters));
    }
    assert_eq!(NikError::Characters.code(), "nik_characters");
}

#[test]
fn serial_zero_is_rejected() {
    assert_eq!(Nik::parse("3302241505900000"), Err(NikError::Serial));
    assert_eq!(NikError::Serial.code(), "nik_serial");
}

#[test]
fn an_impossible_day_is_typed_again_and_not_rejected() {
    for day in ["00", "32", "40", "72", "99"] {
        let read = plain(&format!("330224{day}05909001"));
        assert_eq!(read.retype, [NikRetype::Day], "{day}");
        assert_eq!((read.birth, read.sex), (None, None));
        assert!(read.region.is_some());
    }
    for day in ["01", "31", "41", "71"] {
        assert!(plain(&format!("330224{day}05909001")).retype.is_empty(), "{day}");
    }
}

#[test]
fn an_impossible_month_is_typed_again() {
    for month in ["00", "13", "99"] {
        let read = plain(&format!("33022415{month}909001"));
        assert_eq!(read.retype, [NikRetype::Month], "{month}");
        assert_eq!((read.birth, read.sex), (None, Some(Sex::Male)));
    }
    assert_eq!(plain("3302249999909001").retype, [NikRetype::Day, NikRetype::Month]);
}

#[test]
fn a_date_that_does_not_exist_is_typed_again() {
    for nik in ["3302243104909001", "3302247006909001".replace("7006", "7106").as_str(), "3302243002909001"] {
        let read = plain(nik);
        assert_eq!(read.retype, [NikRetype::Date]);
        assert_eq!(read.birth, None);
    }
}

#[test]
fn the_29th_of_february_exists_in_leap_years_only() {
    assert_eq!(plain("3302242902889001").birth, Some(date(1988, 2, 29)));
    assert_eq!(plain("3302246902889001").birth, Some(date(1988, 2, 29)));
    assert_eq!(plain("3302242902899001").retype, [NikRetype::Date]);
    // 1900 had none, 2000 had one.
    assert_eq!(plain("3302242902009001").birth, Some(date(2000, 2, 29)));
}

#[test]
fn an_impossible_date_is_not_also_warned_about() {
    let read = check("3302243104909001", |c| {
        c.typed_birth = Some(date(1990, 4, 30));
        c.typed_sex = Some(Sex::Male);
    });
    assert_eq!((read.retype, read.warn), (vec![NikRetype::Date], vec![]));
}

#[test]
fn the_century_is_the_one_that_gives_fifteen_to_a_hundred() {
    for (digits, birth) in [
        ("150590", date(1990, 5, 15)),
        ("010105", date(2005, 1, 1)),
        // 15 today, 15 tomorrow.
        ("221111", date(2011, 11, 22)),
        // 100 since today.
        ("221126", date(1926, 11, 22)),
        // Not born yet in 2026: 99.
        ("231126", date(1926, 11, 23)),
        ("010127", date(1927, 1, 1)),
    ] {
        assert_eq!(plain(&format!("330224{digits}9001")).birth, Some(birth), "{digits}");
    }
}

#[test]
fn where_no_century_is_likely_the_typed_birth_date_decides() {
    // 14 in this century, 114 in the last.
    let nik = "3302242311119001";
    assert_eq!(plain(nik).birth, None);
    let child = check(nik, |c| c.typed_birth = Some(date(2011, 11, 23)));
    assert_eq!((child.birth, child.warn), (Some(date(2011, 11, 23)), vec![NikWarning::Under17]));
    let elder = check(nik, |c| c.typed_birth = Some(date(1911, 11, 23)));
    assert_eq!((elder.birth, elder.warn), (Some(date(1911, 11, 23)), vec![]));
    // The year decides; another day in it is then a difference.
    let other = check(nik, |c| c.typed_birth = Some(date(1911, 11, 24)));
    assert_eq!((other.birth, other.warn), (Some(date(1911, 11, 23)), vec![NikWarning::BirthDiffers]));
    let neither = check(nik, |c| c.typed_birth = Some(date(1990, 11, 23)));
    assert_eq!((neither.birth, neither.warn), (None, vec![NikWarning::BirthDiffers]));
}

#[test]
fn a_typed_birth_date_does_not_move_a_likely_century() {
    let read = check("3302241505909001", |c| c.typed_birth = Some(date(2090, 5, 15)));
    assert_eq!(read.birth, Some(date(1990, 5, 15)));
    assert!(read.warn.contains(&NikWarning::BirthDiffers));
}

#[test]
fn an_unknown_region_warns() {
    let read = plain("9902241505909001");
    assert_eq!((read.warn, read.region), (vec![NikWarning::RegionUnknown], None));
    let read = check("3302991505909001", |c| c.home = RegionCode::parse("33.02.24.1001").ok());
    assert_eq!(read.warn, [NikWarning::RegionUnknown], "unknown is said once, not also as different");
}

#[test]
fn a_retired_region_passes() {
    let read = check("9101011505909001", |c| c.home = RegionCode::parse("93.01.01.1001").ok());
    assert_eq!((read.retype, read.warn), (vec![], vec![]));
    assert!(read.region.unwrap().retired);
    let moved = check("9101011505909001", |c| c.home = RegionCode::parse("33.02.24.1001").ok());
    assert_eq!(moved.warn, [NikWarning::RegionDiffers]);
}

#[test]
fn a_region_other_than_the_address_warns() {
    for (home, warn) in [
        ("33.02.24.1001", false),
        ("33.02.24", false),
        ("33.02", false),
        ("33", false),
        ("33.02.25.1001", true),
        ("33.03", true),
        ("34", true),
    ] {
        let read = check("3302241505909001", |c| c.home = RegionCode::parse(home).ok());
        assert_eq!(read.warn.contains(&NikWarning::RegionDiffers), warn, "{home}");
    }
}

#[test]
fn another_birth_date_or_sex_than_typed_warns() {
    let same = check("3302245505909001", |c| {
        c.typed_birth = Some(date(1990, 5, 15));
        c.typed_sex = Some(Sex::Female);
    });
    assert!(same.warn.is_empty());
    let other = check("3302245505909001", |c| {
        c.typed_birth = Some(date(1990, 5, 16));
        c.typed_sex = Some(Sex::Male);
    });
    assert_eq!(other.warn, [NikWarning::BirthDiffers, NikWarning::SexDiffers]);
}

#[test]
fn under_seventeen_warns_until_the_birthday() {
    assert_eq!(plain("3302242311099001").warn, [NikWarning::Under17], "17 tomorrow");
    assert!(plain("3302242211099001").warn.is_empty(), "17 today");
    let corrected = check("3302242311099001", |c| c.typed_birth = Some(date(1999, 11, 23)));
    assert_eq!(corrected.warn, [NikWarning::BirthDiffers], "the typed date is the person's");
    let unborn = check("3302241505909001", |c| c.typed_birth = Some(date(2030, 1, 1)));
    assert_eq!(unborn.warn, [NikWarning::BirthDiffers, NikWarning::Under17]);
}

#[test]
fn a_nik_seen_before_warns() {
    assert_eq!(check("3302241505909001", |c| c.on_this_phone = true).warn, [NikWarning::OnThisPhone]);
    assert_eq!(check("3302241505909001", |c| c.in_duplicate_filter = true).warn, [NikWarning::InArea]);
}

#[test]
fn codes_are_stable_and_distinct() {
    let codes = [
        NikError::Characters.code(),
        NikError::Length { digits: 1 }.code(),
        NikError::Serial.code(),
        NikRetype::Day.code(),
        NikRetype::Month.code(),
        NikRetype::Date.code(),
        NikWarning::RegionUnknown.code(),
        NikWarning::RegionDiffers.code(),
        NikWarning::BirthDiffers.code(),
        NikWarning::SexDiffers.code(),
        NikWarning::Under17.code(),
        NikWarning::OnThisPhone.code(),
        NikWarning::InArea.code(),
    ];
    assert_eq!(
        codes.join(" "),
        "nik_characters nik_length nik_serial nik_day nik_month nik_date nik_region_unknown nik_region_differs \
         nik_birth_differs nik_sex_differs nik_under_17 nik_on_this_phone nik_in_area"
    );
}

#[test]
fn only_the_masked_form_is_seen_in_debug() {
    let nik = Nik::parse("3302241505909001").unwrap();
    assert_eq!(nik.masked(), "3302********9001");
    assert_eq!(nik.last4(), "9001");
    assert_eq!(format!("{nik:?}"), "Nik(3302********9001)");
    let read = format!("{:?}", plain("3302241505909001"));
    assert!(!read.contains("1990") && !read.contains("Purwokerto") && !read.contains("150590"), "{read}");
}

#[test]
fn sex_and_nik_are_serialized_as_text() {
    assert_eq!(serde_json::to_string(&[Sex::Male, Sex::Female]).unwrap(), r#"["male","female"]"#);
    let nik = Nik::parse("3302241505909001").unwrap();
    let json = serde_json::to_string(&nik).unwrap();
    assert_eq!(json, r#""3302241505909001""#);
    assert_eq!(serde_json::from_str::<Nik>(&json).unwrap(), nik);
}

#[test]
fn a_wrong_nik_in_a_body_is_refused_without_its_digits() {
    let error = serde_json::from_str::<Nik>(r#""330224150590900""#).unwrap_err().to_string();
    assert!(error.contains("15 digits") && !error.contains("330224"), "{error}");
}

proptest! {
    #[test]
    fn parse_never_panics_and_never_tells(typed in "[0-9 .-]{0,24}|\\PC*") {
        match Nik::parse(&typed) {
            Ok(nik) => {
                prop_assert_eq!(nik.expose().len(), 16);
                let told = format!("{nik:?}");
                prop_assert!(!told.contains(nik.expose()));
            }
            Err(error) => {
                let told = format!("{error} {error:?}");
                let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
                prop_assert!(digits.len() < 6 || !told.contains(&digits));
            }
        }
    }

    #[test]
    fn any_sixteen_digits_round_trip_and_are_checked_without_panic(digits in "[0-9]{12}9[0-9]{3}", day in 0..80_000_i32) {
        let nik = Nik::parse(&digits).unwrap();
        prop_assert_eq!(nik.expose(), digits.as_str());
        prop_assert_eq!(Nik::parse(&format!("{} {}", &digits[..6], &digits[6..])).unwrap(), nik.clone());
        let today = NaiveDate::from_num_days_from_ce_opt(690_000 + day).unwrap();
        let read = nik.check(&NikContext::on(today));
        // What could not be read is asked about, and what was read is what the digits say.
        if let Some(birth) = read.birth {
            prop_assert!(read.retype.is_empty());
            prop_assert_eq!(birth.format("%m%y").to_string(), &digits[8..12]);
            prop_assert!((15..=100).contains(&today.years_since(birth).unwrap()));
        }
    }

    #[test]
    fn every_person_of_working_age_is_read_back(days in 5_500..36_000_i64, woman: bool, serial in 9000..=9999_u32) {
        let birth = today() - chrono::Duration::days(days);
        let day = birth.day() + if woman { 40 } else { 0 };
        let nik = format!("330224{day:02}{}{serial}", birth.format("%m%y"));
        let read = plain(&nik);
        prop_assert_eq!(read.birth, Some(birth));
        prop_assert_eq!(read.sex, Some(if woman { Sex::Female } else { Sex::Male }));
    }
}
