use proptest::prelude::*;

use super::*;

fn area(path: &str) -> Area {
    Area::parse(path).unwrap()
}

#[test]
fn every_depth_of_the_path_is_an_area() {
    let rt = area("33.02.24.1001.005.003");
    assert_eq!(rt.region().to_string(), "33.02.24.1001");
    assert_eq!(rt.village().map(|v| v.to_string()).as_deref(), Some("33.02.24.1001"));
    assert_eq!((rt.rw(), rt.rt()), (Some("005"), Some("003")));

    let rw = area("33.02.24.1001.005A");
    assert_eq!((rw.rw(), rw.rt()), (Some("005A"), None));
    assert_eq!(rw.region().to_string(), "33.02.24.1001");

    for path in ["33", "33.02", "33.02.24"] {
        let scope = area(path);
        assert_eq!(scope.region().to_string(), path);
        assert_eq!((scope.village(), scope.rw(), scope.rt()), (None, None, None));
        assert!(!scope.is_village_or_below());
    }
    for path in ["33.02.24.1001", "33.02.24.1001.005", "33.02.24.1001.000.003"] {
        assert!(area(path).is_village_or_below());
    }
}

#[test]
fn malformed_paths_name_the_wrong_part() {
    for (path, error) in [
        ("", AreaError::Region),
        ("33.2", AreaError::Region),
        ("33.02.24.005", AreaError::Region),
        ("33.02.24.1001.", AreaError::Rw),
        ("33.02.24.1001.5", AreaError::Rw),
        ("33.02.24.1001.005a", AreaError::Rw),
        ("33.02.24.1001.005AB", AreaError::Rw),
        ("33.02.24.1001.0051", AreaError::Rw),
        ("33.02.24.1001.005.", AreaError::Rt),
        ("33.02.24.1001.005.3", AreaError::Rt),
        ("33.02.24.1001.005.A03", AreaError::Rt),
        ("33.02.24.1001.005.003.001", AreaError::Parts),
    ] {
        assert_eq!(Area::parse(path), Err(error), "{path}");
    }
}

#[test]
fn within_counts_whole_segments() {
    let rt = area("33.02.24.1001.005.003");
    for scope in ["33", "33.02", "33.02.24", "33.02.24.1001", "33.02.24.1001.005", "33.02.24.1001.005.003"] {
        assert!(rt.is_within(&area(scope)), "{scope}");
    }
    for scope in ["32", "33.03", "33.02.25", "33.02.24.1001.006", "33.02.24.1001.005.004"] {
        assert!(!rt.is_within(&area(scope)), "{scope}");
    }
    assert!(!area("33.02.24.1001.005A").is_within(&area("33.02.24.1001.005")));
    assert!(!area("33.02.24").is_within(&rt), "a scope is not within its part");
    // Not a path that can be read, but the rule must hold for the text too.
    assert!(!area("33.02.24").is_within(&Area("33.02.2".into())));
}

#[test]
fn label_is_in_the_order_of_the_ktp_and_leaves_out_what_there_is_none_of() {
    for (path, label) in [
        ("33.02.24.1001.005.003", "RT 003 RW 005"),
        ("33.02.24.1001.005A.003", "RT 003 RW 005A"),
        ("33.02.24.1001.000.003", "RT 003"),
        ("33.02.24.1001.005.000", "RW 005"),
        ("33.02.24.1001.005", "RW 005"),
        ("33.02.24.1001.000.000", "Karangklesem, Purwokerto Selatan"),
        ("33.02.24.1001", "Karangklesem, Purwokerto Selatan"),
        ("33.02.24", "Purwokerto Selatan"),
        ("33.02", "Kabupaten Banyumas"),
        ("33", "Jawa Tengah"),
        ("33.02.24.9999", "33.02.24.9999"),
    ] {
        assert_eq!(area(path).label(), label);
    }
}

#[test]
fn typed_rt_and_rw_are_written_in_three_digits() {
    let village = RegionCode::parse("33.02.24.1001").unwrap();
    for (rw, rt, path) in [
        ("5", "3", "33.02.24.1001.005.003"),
        (" 05a ", "003", "33.02.24.1001.005A.003"),
        ("", "-", "33.02.24.1001.000.000"),
        ("0", "12", "33.02.24.1001.000.012"),
    ] {
        assert_eq!(Area::in_village(village, rw, rt).unwrap().as_str(), path);
    }
    for (rw, rt, error) in [
        ("0005", "1", AreaError::Rw),
        ("A", "1", AreaError::Rw),
        ("1", "5AB", AreaError::Rt),
        ("1", "1.2", AreaError::Rt),
    ] {
        assert_eq!(Area::in_village(village, rw, rt), Err(error), "{rw} {rt}");
    }
    let district = RegionCode::parse("33.02.24").unwrap();
    assert_eq!(Area::in_village(district, "1", "1"), Err(AreaError::Parts));
}

#[test]
fn area_is_serialized_as_its_path() {
    let rt = area("33.02.24.1001.005.003");
    assert_eq!(rt.to_string(), "33.02.24.1001.005.003");
    let json = serde_json::to_string(&rt).unwrap();
    assert_eq!(json, "\"33.02.24.1001.005.003\"");
    assert_eq!(serde_json::from_str::<Area>(&json).unwrap(), rt);
    assert!(serde_json::from_str::<Area>("\"33.02.24.1001.5\"").is_err());
}

#[test]
fn errors_do_not_repeat_what_was_typed() {
    let error = Area::parse("3302241505909001").unwrap_err();
    assert!(!error.to_string().contains("3302") && !format!("{error:?}").contains("3302"));
    assert_eq!(error.code(), "area_region");
}

proptest! {
    #[test]
    fn parse_never_panics(text in "[0-9A-Z.]{0,24}|\\PC*") {
        if let Ok(area) = Area::parse(&text) {
            prop_assert_eq!(area.to_string(), text);
            let _ = (area.region(), area.label());
        }
    }

    #[test]
    fn typed_parts_give_a_path_that_reads_back(rw in "[0-9]{1,3}[A-Za-z]?", rt in "[0-9]{1,3}[A-Za-z]?|-|") {
        let village = RegionCode::parse("33.02.24.1001").unwrap();
        let area = Area::in_village(village, &rw, &rt).unwrap();
        prop_assert_eq!(Area::parse(area.as_str()), Ok(area.clone()));
        prop_assert!(area.is_within(&village.into()));
    }
}
