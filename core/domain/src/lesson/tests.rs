use super::*;
use std::collections::HashSet;

const ALL: [Language; 3] = [Language::Indonesian, Language::English, Language::Banyumasan];

fn november() -> Month {
    Month::new(2026, 11).unwrap()
}

#[test]
fn every_lesson_is_there_in_three_languages_of_120_to_250_words_with_its_source() {
    let codes = |language| lessons(language).into_iter().map(|lesson| lesson.code).collect::<Vec<_>>();
    assert!(codes(&ALL[0]).len() >= 6);
    for language in &ALL {
        assert_eq!(codes(language), codes(&ALL[0]));
        for Lesson { code, title, paragraphs, source, note } in lessons(language) {
            let words: usize = paragraphs.iter().map(|paragraph| paragraph.split_whitespace().count()).sum();
            assert!((120..=250).contains(&words), "{code} in {language}: {words} words");
            assert!(!title.is_empty() && !title.contains('#') && paragraphs.len() >= 3, "{code} in {language}");
            assert!(paragraphs.iter().all(|paragraph| !paragraph.contains('#') && !paragraph.contains('\n')));
            assert!(source.contains("20"), "{code} in {language} names no law: {source}");
            assert_eq!(note.is_empty(), *language != Language::Banyumasan);
        }
    }
}

#[test]
fn titles_and_texts_are_translated_and_amounts_are_not_told_in_lessons() {
    let mut seen = HashSet::new();
    for language in &ALL {
        for lesson in lessons(language) {
            assert!(seen.insert(lesson.title.clone()), "{} twice", lesson.title);
            let text = lesson.paragraphs.concat();
            assert!(!text.contains("Rp"), "{}: amounts are in the sheets, with their validity", lesson.code);
        }
    }
}

#[test]
fn every_row_of_the_tables_is_translated_and_no_other() {
    let known: HashSet<&str> = programmes()
        .iter()
        .map(|programme| programme.code.as_str())
        .chain(benefits(november()).map(|benefit| benefit.code.as_str()))
        .collect();
    for language in &ALL[1..] {
        for code in &known {
            assert!(WORDS.contains_key(&((*code).to_owned(), language.clone())), "{code} in {language}");
        }
    }
    assert_eq!(WORDS.len(), 2 * known.len(), "a row of the translations names nothing");
}

#[test]
fn sheet_of_a_programme_says_each_amount_as_the_table_has_it_and_who_decides() {
    for language in &ALL {
        let sheets = benefit_sheets(language, november());
        assert_eq!(sheets.len(), programmes().len());
        let jkm = sheets.iter().find(|sheet| sheet.code == "jkm").unwrap();
        assert_eq!(jkm.rows.len(), 3);
        assert!(jkm.rows[0].sentence.contains("Rp 42.000.000"), "{}", jkm.rows[0].sentence);
        assert!(!jkm.decides.is_empty() && jkm.rows.iter().all(|row| !row.source.is_empty()));
        for sheet in &sheets {
            assert!(!sheet.rows.iter().any(|row| row.sentence.contains('{')), "{}", sheet.code);
            let offered = !["jp", "jkp"].contains(&sheet.code.as_str());
            assert_eq!((sheet.why_not.is_empty(), sheet.rows.is_empty()), (offered, !offered), "{}", sheet.code);
        }
    }
}

#[test]
fn language_that_is_not_known_gets_indonesian() {
    let other = Language::from("su");
    assert_eq!(lessons(&other), lessons(&Language::Indonesian));
    assert_eq!(benefit_sheets(&other, november()), benefit_sheets(&Language::Indonesian, november()));
}
