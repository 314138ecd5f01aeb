use super::*;
use crate::field::FieldType;
use serde_json::json;

const LANGUAGES: [Language; 3] = [Language::Indonesian, Language::English, Language::Banyumasan];

fn kinds() -> [Kind; 9] {
    [
        Kind::Worker,
        Kind::Enrollment,
        Kind::EnrollmentEvent,
        Kind::Visit,
        Kind::Attachment,
        Kind::Feedback,
        Kind::AccidentReport,
        Kind::DeathReport,
        Kind::FollowUp,
    ]
}

fn body(value: Value) -> Body {
    serde_json::from_value(value).unwrap()
}

fn sukarti() -> Body {
    body(json!({
        "nik": "3302245505809001",
        "name": "SUKARTI",
        "birth": { "date": "1980-05-15", "place": "Banyumas", "sex": "female" },
        "mother_name": "RUSMINI",
        "home": { "village": "33.02.24.1004", "rw": "005", "rt": "003", "line": "Jl. Contoh 7" },
        "occupations": { "first": "petani_padi" },
        "heirs": [{ "name": "SUPARNO", "relation": "spouse", "phone": "+62811" }, { "name": "TARNO" }],
        "capture": { "at": "2026-11-24T02:00:00Z", "position": { "lat_e6": -7_424_300, "lon_e6": 109_230_000 }, "official": "x" },
        "card": { "id": "0123456789AB", "text": "6BF…", "issued": "2026-11-24", "paid_to": "2027-01" },
        "of_a_newer_app": "kept",
    }))
}

fn enrolled() -> Body {
    body(json!({
        "worker": "0198", "status": "active",
        "cover": { "programs": ["jkk", "jkm"], "monthly_income": 1_000_000, "start_month": "2026-12", "months": 3, "payer": "self" },
        "declaration": { "independent": true, "healthy": true, "at": "2026-11-24T02:00:00Z" },
        "consent": { "text_version": "2026-1", "language": "jv", "read_by": "DARMO", "at": "2026-11-24T02:00:00Z" },
    }))
}

fn written(language: &Language) -> OwnRecord {
    let now = DateTime::parse_from_rfc3339("2026-11-25T18:30:00Z").unwrap().to_utc();
    own_record(&sukarti(), [(&Kind::Enrollment, &enrolled())], Zone::Wib, now, language)
}

#[test]
fn person_reads_everything_that_is_kept_in_words_and_what_was_agreed_to() {
    let text = written(&Language::Indonesian).text;
    for line in [
        "Dibuat pada 26 November 2026 01.30 WIB",
        "NIK: 3302245505809001",
        "Tanggal lahir: 15 Mei 1980",
        "Jenis kelamin: Perempuan",
        "Lintang tempat mencatat: -7.424300",
        "Hubungan ahli waris: Suami/istri",
        "Pekerjaan: Petani padi",
        "Nama ahli waris: TARNO",
        "Kartu menyebut lunas sampai: Januari 2027",
        "Program: JKK, JKM",
        "Penghasilan sebulan: Rp 1.000.000",
        "Yang membayar: Diri sendiri",
        "Bekerja mandiri: ya",
        "Dibacakan dalam bahasa: Jawa Banyumasan",
        "Apakah Bapak/Ibu setuju?",
        "UU 27/2022",
        "of_a_newer_app: kept",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.contains("Purwokerto Selatan"), "{text}");
    assert!(!text.contains("6BF"), "the text of a card can be read by whoever has it");
    assert!(text.find("Alamat: Jl. Contoh 7") < text.find("RT: 003") && text.find("RT: 003") < text.find("RW: 005"));
    assert!(text.find("Nama: SUKARTI") < text.find("Nama ibu kandung"), "as a form asks");
}

#[test]
fn other_languages_say_the_same() {
    let [id, en, jv] = LANGUAGES.map(|language| written(&language));
    let rows = |record: &OwnRecord| record.sections.iter().map(|section| section.rows.len()).collect::<Vec<_>>();
    assert_eq!((rows(&id), rows(&id)), (rows(&en), rows(&jv)));
    assert!(en.text.contains("Date of birth: 1980-05-15") && en.text.contains("Do you agree?"), "{}", en.text);
    assert!(jv.text.contains(NOT_REVIEWED) && jv.note == NOT_REVIEWED && id.note.is_empty());
}

#[test]
fn masked_nik_is_told_as_a_phone_knows_it() {
    let mut person = sukarti();
    person.insert("nik".to_owned(), json!({ "masked": "3302********9001", "tag": "00aa" }));
    let text = own_record(&person, [], Zone::Wib, DateTime::UNIX_EPOCH, &Language::Indonesian).text;
    assert!(text.contains("NIK: 3302********9001") && !text.contains("00aa"), "{text}");
}

#[test]
fn every_field_and_every_listed_value_has_words_in_all_languages() {
    let mut missing = Vec::new();
    for kind in kinds() {
        let table = kind.table().unwrap();
        if words(&format!("@{}", table.kind), &Language::Indonesian).is_none() {
            missing.push(format!("@{}", table.kind));
        }
        for field in table.fields {
            let parts = format!("{}.", field.name);
            let starts = |key: &String| key == field.name || key.starts_with(&parts);
            let own = format!("{}/{}", table.kind, field.name);
            if !WORDS.keys().any(|key| starts(key) || *key == own) {
                missing.push(own);
            }
            if let FieldType::OneOf(codes) = field.ty {
                let lacking = codes.iter().filter(|code| words(&format!("={code}"), &Language::Indonesian).is_none());
                missing.extend(lacking.map(|code| format!("={code}")));
            }
        }
    }
    assert!(missing.is_empty(), "without words: {missing:?}");
    for (key, (_, all)) in WORDS.iter() {
        assert!(all.iter().all(|words| !words.trim().is_empty()), "{key}");
        let hidden = all.iter().filter(|words| *words == HIDDEN).count();
        assert!(hidden == 0 || hidden == 3, "{key}");
    }
}
