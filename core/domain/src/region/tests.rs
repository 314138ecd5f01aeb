use std::{collections::HashSet, fmt::Write as _, fs, time::Instant};

use proptest::prelude::*;

use super::*;

fn code(text: &str) -> RegionCode {
    RegionCode::parse(text).unwrap()
}

fn names(found: &[RegionPath]) -> Vec<String> {
    found.iter().map(RegionPath::to_string).collect()
}

/// code, name, postcode, population of the source, as text.
fn source() -> Vec<[String; 4]> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/regions.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap()).map(|row| [0, 1, 2, 3].map(|i| row[i].to_owned())).collect()
}

#[test]
fn embedded_table_is_at_most_700_kb() {
    let size = table::EMBEDDED.len();
    assert!(size <= 700_000, "{size} bytes");
    // And it is not empty by mistake.
    assert!(size > 300_000, "{size} bytes");
}

#[test]
fn every_row_of_the_source_is_answered_as_it_stands() {
    let rows = source();
    assert_eq!(rows.len(), 91_599);
    for [text, name, postcode, population] in &rows {
        let region = lookup(&code(text)).unwrap_or_else(|| panic!("{text} is missing"));
        assert_eq!(region.code.to_string(), *text);
        assert_eq!(region.name, *name, "{text}");
        assert_eq!(region.postcode.unwrap_or_default(), *postcode, "{text}");
        assert_eq!(region.population.map(|n| n.to_string()).unwrap_or_default(), *population, "{text}");
    }
}

#[test]
fn karangklesem_shows_its_district_and_regency() {
    let path = describe(&code("33.02.24.1001")).unwrap();
    assert_eq!(path.village.as_deref(), Some("Karangklesem"));
    assert_eq!(path.district.as_deref(), Some("Purwokerto Selatan"));
    assert_eq!(path.regency.as_deref(), Some("Kabupaten Banyumas"));
    assert_eq!(path.province, "Jawa Tengah");
    assert_eq!(path.postcode.as_deref(), Some("53144"));
    assert_eq!(path.to_string(), "Karangklesem, Purwokerto Selatan, Kabupaten Banyumas, Jawa Tengah");
}

#[test]
fn wider_regions_have_no_narrower_names() {
    let path = describe(&code("33.02")).unwrap();
    assert_eq!((path.village, path.district, path.postcode), (None, None, None));
    assert_eq!(path.regency.as_deref(), Some("Kabupaten Banyumas"));
    assert_eq!(lookup(&code("33.02")).unwrap().postcode, None);
    assert!(lookup(&code("33.02")).unwrap().population.unwrap() > 1_500_000);
    assert_eq!(lookup(&code("33.02.24")).unwrap().population, None);
}

#[test]
fn unknown_codes_are_none_and_not_an_error() {
    for text in ["33.02.24.9999", "33.02.99", "33.99", "40", "99.01.01.1001"] {
        assert_eq!(lookup(&code(text)), None, "{text}");
        assert_eq!(describe(&code(text)), None, "{text}");
        assert!(children(&code(text)).is_empty(), "{text}");
        assert!(search("a", None, Some(&code(text)), 10).is_empty(), "{text}");
    }
}

#[test]
fn pilot_regencies_have_their_villages() {
    for (regency, villages) in [("33.02", 331), ("33.03", 239), ("33.04", 278)] {
        let by_tree: usize = children(&code(regency)).iter().map(|district| children(&district.code).len()).sum();
        assert_eq!(by_tree, villages, "{regency}");
        let by_search = search("", Some(Level::Village), Some(&code(regency)), usize::MAX);
        assert_eq!(by_search.len(), villages, "{regency}");
    }
}

#[test]
fn country_has_38_provinces_514_regencies_7285_districts_83762_villages() {
    let found = search("", None, None, usize::MAX);
    let count = |level| found.iter().filter(|path| path.code.level() == level).count();
    assert_eq!([Level::Province, Level::Regency, Level::District, Level::Village].map(count), [38, 514, 7285, 83_762]);
    assert_eq!(provinces().len(), 38);
    assert_eq!(provinces().iter().map(|p| children(&p.code).len()).sum::<usize>(), 514);
}

#[test]
fn children_are_one_level_below_and_in_order() {
    let districts = children(&code("33.02"));
    assert_eq!(districts.len(), 27);
    assert!(districts.iter().all(|d| d.code.parent() == Some(code("33.02"))));
    assert!(districts.is_sorted_by_key(|d| d.code));
    assert!(children(&code("33.02.24")).iter().any(|village| village.name == "Karangklesem"));
    assert!(children(&code("33.02.24.1001")).is_empty());
}

#[test]
fn search_finds_by_folded_prefix_in_any_case() {
    let found = search("  KARANGkles ", Some(Level::Village), Some(&code("33.02")), 10);
    assert!(names(&found).contains(&"Karangklesem, Purwokerto Selatan, Kabupaten Banyumas, Jawa Tengah".into()));
    assert!(found.iter().all(|path| path.village.as_deref().unwrap().starts_with("Karangkles")));
    assert!(search("arangkles", None, None, 10).is_empty(), "only the beginnings of words");
}

#[test]
fn search_finds_by_a_later_word_after_the_first_words() {
    let found = search("selatan", Some(Level::District), Some(&code("33.02")), 10);
    assert_eq!(names(&found), ["Purwokerto Selatan, Kabupaten Banyumas, Jawa Tengah"]);
    let found = search("kidul pu", None, Some(&code("33.02")), 10);
    assert!(found.is_empty(), "words in another order are another name");
    let found = search("purwokerto", Some(Level::Village), None, usize::MAX);
    let last_start = found.iter().rposition(|p| p.village.as_deref().unwrap().starts_with("Purwokerto")).unwrap();
    assert!(found[..=last_start].iter().all(|p| p.village.as_deref().unwrap().starts_with("Purwokerto")));
    assert_eq!(found[0].village.as_deref(), Some("Purwokerto"), "whole names come first");
}

#[test]
fn regencies_are_found_without_and_with_their_kind() {
    for typed in ["banyumas", "Kabupaten Banyumas", "Kab. Banyumas", "kab banyum"] {
        let found = search(typed, Some(Level::Regency), None, 3);
        assert_eq!(found[0].code, code("33.02"), "{typed}");
    }
    let bandung = search("bandung", Some(Level::Regency), None, 10);
    let regencies: Vec<_> = bandung.iter().map(|path| path.regency.as_deref().unwrap()).collect();
    assert_eq!(regencies, ["Kabupaten Bandung", "Kota Bandung", "Kabupaten Bandung Barat"]);
    assert_eq!(search("kota bandung", Some(Level::Regency), None, 10)[0].regency.as_deref(), Some("Kota Bandung"));
}

#[test]
fn search_without_level_gives_the_wider_region_first() {
    let found = search("banyumas", None, None, 3);
    assert_eq!(found[0].code, code("33.02"));
    assert_eq!(found[1].code.level(), Level::District);
}

#[test]
fn same_village_names_in_one_regency_differ_by_district() {
    let found = search("", Some(Level::Village), Some(&code("33.04")), usize::MAX);
    let bare: HashSet<_> = found.iter().map(|path| path.village.clone()).collect();
    let shown: HashSet<_> = found.iter().map(|path| (path.village.clone(), path.district.clone())).collect();
    assert!(bare.len() < found.len(), "names do repeat");
    assert_eq!(shown.len(), found.len());
}

#[test]
fn search_keeps_the_limit_and_the_scope() {
    assert_eq!(search("a", None, None, 7).len(), 7);
    assert!(search("a", None, None, 0).is_empty());
    let scope = code("33.02.24");
    let found = search("", None, Some(&scope), usize::MAX);
    assert!(found.iter().all(|path| path.code.is_within(scope)));
    assert_eq!(found.len(), 8, "the district and its 7 villages");
}

#[test]
fn names_with_apostrophes_are_found_without_them() {
    assert_eq!(search("regapuu", None, None, 3)[0].code, code("53.07.01.2021"));
    assert_eq!(search("Regapu'u", None, None, 3)[0].code, code("53.07.01.2021"));
}

#[test]
fn search_of_the_whole_country_is_fast_enough_to_type_by() {
    search("a", None, None, 1);
    let start = Instant::now();
    for typed in ["k", "ka", "kar", "kara", "karan"] {
        assert_eq!(search(typed, None, None, 20).len(), 20);
    }
    let each = start.elapsed() / 5;
    // Far above what is seen (a few ms optimised), so that only a wrong way of searching fails on a busy machine.
    assert!(each.as_millis() < 400, "{each:?}");
}

#[test]
fn nik_prefix_of_a_current_district_is_known() {
    let region = by_nik_prefix("330224").unwrap();
    assert_eq!(region.code, code("33.02.24"));
    assert_eq!(region.district, "Purwokerto Selatan");
    assert_eq!(region.regency, "Kabupaten Banyumas");
    assert_eq!(region.province, "Jawa Tengah");
    assert!(!region.retired);
}

#[test]
fn every_retired_district_is_known_by_nik_and_lives_nowhere() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/regions-retired.csv")).unwrap();
    let mut districts = 0;
    for line in text.lines().skip(1) {
        let mut parts = line.split(',');
        let (retired, name) = (code(parts.next().unwrap()), parts.next().unwrap());
        assert_eq!(lookup(&retired), None, "{retired}");
        if retired.level() == Level::District {
            districts += 1;
            let region = by_nik_prefix(&retired.to_string().replace('.', "")).unwrap();
            assert!(region.retired);
            assert_eq!(region.district, name);
        }
    }
    assert_eq!(districts, 594);
    let merauke = by_nik_prefix("910101").unwrap();
    assert_eq!((merauke.regency.as_str(), merauke.province.as_str()), ("KAB. MERAUKE", "Papua"));
}

#[test]
fn nik_prefix_of_no_district_is_none() {
    for prefix in ["330299", "990101", "330200", "000000", "33022", "3302241", "33.224", "33022a", "", "é3022"] {
        assert_eq!(by_nik_prefix(prefix), None, "{prefix}");
    }
}

#[test]
fn malformed_codes_are_refused() {
    for text in [
        "",
        "3",
        "333",
        "33.",
        "33.2",
        "33.02.",
        "33.02.24.",
        "33.02.24.101",
        "33.02.24.10011",
        "33.02.24.1001.001",
        "33.00",
        "00",
        "33.02.24.0000",
        "+3.02",
        "33.+2",
        "33 .02",
        "a3",
        "３３",
    ] {
        assert_eq!(RegionCode::parse(text), Err(RegionCodeError), "{text}");
    }
}

#[test]
fn level_and_parents_follow_the_segments() {
    let village = code("33.02.24.1001");
    let up: Vec<_> = std::iter::successors(Some(village), |code| code.parent()).collect();
    assert_eq!(up, ["33.02.24.1001", "33.02.24", "33.02", "33"].map(code));
    assert_eq!(
        up.iter().map(|code| code.level()).collect::<Vec<_>>(),
        [Level::Village, Level::District, Level::Regency, Level::Province]
    );
    assert_eq!(village.at(Level::Regency), Some(code("33.02")));
    assert_eq!(code("33.02").at(Level::Village), None);
}

#[test]
fn code_is_within_itself_and_what_is_above_only() {
    let village = code("33.02.24.1001");
    for scope in ["33.02.24.1001", "33.02.24", "33.02", "33"] {
        assert!(village.is_within(code(scope)), "{scope}");
    }
    for scope in ["33.02.25", "33.03", "34", "33.02.24.1002"] {
        assert!(!village.is_within(code(scope)), "{scope}");
        assert!(!code("33.02.24").is_within(village));
    }
}

#[test]
fn code_is_serialized_as_its_text() {
    let json = serde_json::to_string(&code("33.02.24")).unwrap();
    assert_eq!(json, "\"33.02.24\"");
    assert_eq!(serde_json::from_str::<RegionCode>(&json).unwrap(), code("33.02.24"));
    assert!(serde_json::from_str::<RegionCode>("\"33.2\"").is_err());
    assert!(!serde_json::from_str::<RegionCode>("\"3302241505909001\"").unwrap_err().to_string().contains("3302"));
}

fn any_code() -> impl Strategy<Value = RegionCode> {
    (1..=99_u32, 0..=99_u32, 0..=99_u32, 0..=9999_u32).prop_map(|(p, k, c, v)| {
        let mut text = format!("{p:02}");
        for (part, width) in [(k, 2), (c, 2), (v, 4)] {
            if part == 0 {
                break;
            }
            write!(text, ".{part:0width$}").unwrap();
        }
        code(&text)
    })
}

proptest! {
    #[test]
    fn code_parse_never_panics(text in "\\PC*") {
        let _ = RegionCode::parse(&text);
    }

    #[test]
    fn code_round_trips_and_sorts_as_its_text(a in any_code(), b in any_code()) {
        prop_assert_eq!(RegionCode::parse(&a.to_string()), Ok(a));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        let (path, scope) = (a.to_string() + ".", b.to_string() + ".");
        prop_assert_eq!(a.is_within(b), path.starts_with(&scope));
    }

    #[test]
    fn search_never_panics(text in "\\PC{0,12}") {
        let _ = search(&text, None, Some(&code("33.02")), 5);
    }
}
