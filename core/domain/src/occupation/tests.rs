use std::collections::BTreeSet;

use super::*;

fn codes(query: &str) -> Vec<&'static str> {
    search(query, 10).into_iter().map(|occupation| occupation.code.as_str()).collect()
}

#[test]
fn list_is_whole() {
    let count = all().count();
    assert!(count >= 120, "{count}");
    let mut seen = BTreeSet::new();
    for occupation in all() {
        let code = &occupation.code;
        assert!(seen.insert(code), "{code} twice");
        assert!(!code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
        assert!(!occupation.name.trim().is_empty(), "{code}");
        assert!(occupation.sector == Sector::from("other") || !matches!(occupation.sector, Sector::Other(_)), "{code}");
        assert!(!occupation.words.is_empty(), "{code} has no search words");
        assert_eq!(
            occupation.local_words.is_empty(),
            occupation.local_origin.is_none(),
            "{code}: local words say where from"
        );
        let words = occupation.words.iter().chain(&occupation.local_words);
        assert!(words.clone().all(|word| word.trim() == word && !fold(word).is_empty()), "{code}");
        assert_eq!(occupation.sector == Sector::Transport, occupation.transport, "{code}: sector and flag agree");
    }
    assert!(all().filter(|occupation| occupation.local_origin.is_some()).count() >= 60);
    assert!(Sector::KNOWN.iter().all(|sector| all().any(|occupation| &occupation.sector == sector)));
}

#[test]
fn flags_of_the_file_are_yes_or_no() {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(include_bytes!("../../data/occupations.csv").as_slice());
    for row in reader.deserialize::<Row>() {
        let row = row.unwrap();
        assert!(matches!(row.transport.as_str(), "yes" | "no"), "{}", row.code);
    }
}

#[test]
fn local_and_indonesian_words_find_the_occupation_first() {
    for (query, code) in [
        ("penderes", "penderes_kelapa"),
        ("nderes", "penderes_kelapa"),
        ("Penyadap Nira", "penderes_kelapa"),
        ("nderes pinus", "penyadap_pinus"),
        ("gula kelapa", "perajin_gula_kelapa"),
        ("bakul", "pedagang_pasar"),
        ("bakul mendoan", "pedagang_mendoan"),
        ("mendoan", "pedagang_mendoan"),
        ("tukang becak", "tukang_becak"),
        ("mbecak", "tukang_becak"),
        ("buruh tani", "buruh_tani"),
        ("ngarit", "pencari_rumput"),
        ("momong", "pengasuh_anak"),
        ("ojek", "ojek_pangkalan"),
        ("ojol", "ojek_daring"),
        ("andong", "kusir"),
        ("tukang batu", "tukang_batu"),
        ("blandong", "penebang_kayu"),
        ("penjahit", "penjahit"),
        ("rongsok", "pedagang_barang_bekas"),
        ("kuli panggul", "kuli_panggul"),
        ("tukang sayur", "pedagang_sayur_keliling"),
        ("jual sayur", "pedagang_sayur_keliling"),
        ("batik", "pembatik"),
        ("knalpot", "perajin_knalpot"),
        ("sapu glagah", "perajin_sapu"),
        ("idep palsu", "pekerja_bulu_mata"),
        ("carica", "petani_carica"),
        ("salak pondoh", "petani_salak"),
        ("penambang pasir", "penambang_pasir"),
        ("juru parkir", "juru_parkir"),
        ("marbot", "marbot"),
        ("guru ngaji", "guru_ngaji"),
        ("kader posyandu", "kader_posyandu"),
        ("pemulung", "pemulung"),
        ("ebeg", "seniman_ebeg"),
        ("ART", "asisten_rumah_tangga"),
        ("buruh bangunan", "kuli_bangunan"),
    ] {
        assert_eq!(codes(query).first(), Some(&code), "{query}: {:?}", codes(query));
    }
}

#[test]
fn part_of_a_word_finds_as_it_is_typed() {
    assert_eq!(codes("nder")[..2], ["penderes_kelapa", "penyadap_pinus"]);
    assert!(codes("beca").contains(&"tukang_becak"));
    assert!(codes("BECÁ").contains(&"tukang_becak"), "case and accents do not matter");
    assert!(codes("sayur keliling").contains(&"pedagang_sayur_keliling"), "words in any place");
    assert!(codes("keliling sayur").contains(&"pedagang_sayur_keliling"), "words in any order");
}

#[test]
fn whole_word_comes_before_a_beginning_and_a_beginning_before_a_part() {
    let found = search("sapi", 30);
    let at = |code: &str| found.iter().position(|occupation| occupation.code == code).unwrap();
    assert!(at("peternak_sapi") < at("pedagang_ternak"), "in the name before in the words");
    let found = search("tani", 60);
    let at = |code: &str| found.iter().position(|occupation| occupation.code == code).unwrap();
    assert!(at("buruh_tani") < at("petani_salak"), "whole word before part of one");
}

#[test]
fn nothing_typed_or_unknown_finds_nothing() {
    for query in ["", "  ", "...", "xyzzy", "penderes xyzzy", "qq"] {
        assert!(codes(query).is_empty(), "{query}");
    }
    assert_eq!(search("tukang", 3).len(), 3);
    assert!(search("tukang", 0).is_empty());
}

#[test]
fn transport_flag_is_for_those_who_carry_people_and_goods() {
    for code in [
        "ojek_pangkalan",
        "ojek_daring",
        "sopir_angkot",
        "tukang_becak",
        "kusir",
        "kernet",
        "kurir_paket",
        "sopir_truk",
    ] {
        assert!(by_code(code).unwrap().transport, "{code}");
    }
    for code in ["penderes_kelapa", "juru_parkir", "kuli_panggul", "mekanik", "buruh_tani"] {
        assert!(!by_code(code).unwrap().transport, "{code}");
    }
}

#[test]
fn code_of_a_newer_list_is_not_known() {
    assert_eq!(by_code("penderes_kelapa").unwrap().name, "Penderes nira kelapa");
    assert_eq!(by_code("astronaut"), None);
}

proptest::proptest! {
    #[test]
    fn every_occupation_is_found_by_each_of_its_words(place in 0_usize..1000, query in ".{0,20}") {
        let occupation = all().nth(place % all().count()).unwrap();
        for word in occupation.words.iter().chain(&occupation.local_words).chain([&occupation.name]) {
            proptest::prop_assert!(search(word, 1000).contains(&occupation), "{word}");
        }
        proptest::prop_assert!(search(&query, 5).len() <= 5);
    }
}
