use super::*;
use crate::export::{Purpose, load};
use payung_domain::{
    area::Area, contribution::ContributionTables, enrollment::EnrollmentState, field::Kind, record::Record,
};
use serde_json::{Value, json};
use std::path::Path;

fn now() -> DateTime<Utc> {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

fn record(kind: Kind, n: u128, body: Value) -> Record {
    let area = Area::parse("33.02.24.1001.005.003").unwrap();
    let mut record = Record::new(RecordId(uuid::Uuid::from_u128(n)), kind, area);
    record.body = serde_json::from_value(body).unwrap();
    record
}

fn worker(name: &str) -> Record {
    record(
        Kind::Worker,
        7,
        json!({
            "nik": "3302241505909001", "name": name, "mother_name": "WARSINI",
            "birth": {"date": "1990-05-15", "place": "Banyumas", "sex": "male"},
            "home": {"village": "33.02.24.1001", "rw": "005", "rt": "003", "line": "Jl. Kaliputih 3"},
            "phone": "+6281200000001", "occupations": {"first": "penderes"},
            "heirs": [{"name": "SUTINI", "relation": "istri"}],
        }),
    )
}

fn enrollment() -> Record {
    record(
        Kind::Enrollment,
        8,
        json!({
            "cover": {"programs": ["jkk", "jkm"], "monthly_income": 900_000, "start_month": "2026-12", "months": 12, "payer": "self"},
            // half past midnight of 1 November in Jakarta
            "declaration": {"independent": true, "healthy": true, "at": "2026-10-31T17:30:00Z"},
            "consent": {"text_version": "1", "at": "2026-11-01T01:00:00+07:00"},
        }),
    )
}

fn bpjs() -> ExportTemplate {
    load(Path::new("/nonexistent"), "bpjs-bpu").unwrap().export().unwrap()
}

fn read(sheet: &Sheet) -> Vec<csv::StringRecord> {
    assert_eq!(&sheet.csv[..3], b"\xEF\xBB\xBF");
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(&sheet.csv[3..]);
    reader.records().map(Result::unwrap).collect()
}

#[test]
fn file_reads_back_as_the_template_says() {
    let (worker, enrollment, state) = (worker("SUKARTI"), enrollment(), EnrollmentState::default());
    let subject = Subject { worker: &worker, enrollment: &enrollment, state: &state };
    let sheet = write_sheet(&bpjs(), "E-1", now(), &[subject], &ContributionTables::default()).unwrap();
    assert_eq!((sheet.rows.len(), sheet.blocked.len()), (1, 0));
    let rows = read(&sheet);
    let template = bpjs();
    let headers: Vec<&str> = template.columns.iter().map(|column| column.header.as_str()).collect();
    assert_eq!(rows[0].iter().collect::<Vec<_>>(), headers);
    let cell = |header: &str| &rows[1][headers.iter().position(|own| *own == header).unwrap()];
    for (header, text) in [
        ("NO", "1"),
        ("EKSPOR", "E-1"),
        ("NIK", "3302241505909001"),
        ("TANGGAL LAHIR", "15-05-1990"),
        ("JENIS KELAMIN", "L"),
        ("NAMA IBU KANDUNG", "WARSINI"),
        ("KELURAHAN/DESA", "Karangklesem"),
        ("KECAMATAN", "Purwokerto Selatan"),
        ("NO HP", "081200000001"),
        ("PROGRAM", "JKK+JKM"),
        ("BULAN MULAI", "12-2026"),
        // mission.md: other sector, self-paid, 12 months from December 2026
        ("PERKIRAAN IURAN", "193200"),
        ("PEMBAYAR", "MANDIRI"),
        ("TANGGAL PERNYATAAN", "01-11-2026"),
    ] {
        assert_eq!(cell(header), text, "{header}");
    }
    assert_eq!(cell("REFERENSI"), enrollment.id.to_string());
}

#[test]
fn formula_in_a_name_leaves_as_text() {
    let (worker, enrollment, state) = (worker("=1+1 SUKARTI"), enrollment(), EnrollmentState::default());
    let subject = Subject { worker: &worker, enrollment: &enrollment, state: &state };
    let rows = read(&write_sheet(&bpjs(), "E-1", now(), &[subject], &ContributionTables::default()).unwrap());
    assert!(rows[1].iter().any(|cell| cell == "'=1+1 SUKARTI"));
    assert!(rows[1].iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
}

#[test]
fn row_without_what_the_branch_needs_is_blocked_alone() {
    let (mut lacking, mut odd) = (worker("SUKARTI"), worker("SUKARTI"));
    lacking.body.remove("mother_name");
    odd.body.insert("birth".to_owned(), json!({"date": "1990-05-15", "sex": "unknown"}));
    let (right, state) = (worker("SUKARTI"), EnrollmentState::default());
    let (one, two, three) = (enrollment(), enrollment(), enrollment());
    let subject = |worker, enrollment| Subject { worker, enrollment, state: &state };
    let subjects = [subject(&lacking, &one), subject(&right, &two), subject(&odd, &three)];
    let sheet = write_sheet(&bpjs(), "E-1", now(), &subjects, &ContributionTables::default()).unwrap();
    assert_eq!(sheet.rows, [two.id]);
    let why: Vec<_> = sheet.blocked.iter().map(|blocked| blocked.why.join(" ")).collect();
    assert_eq!(why, ["NAMA IBU KANDUNG: missing", "JENIS KELAMIN: code_unknown"]);
    // the numbers in the file have no gap
    assert_eq!(&read(&sheet)[1][0], "1");
}

#[test]
fn list_shows_no_whole_nik_and_no_mother() {
    let list = load(Path::new("/nonexistent"), "daftar-warga").unwrap().export().unwrap();
    assert_eq!(list.purpose, Purpose::List);
    let (worker, enrollment, state) = (worker("SUKARTI"), enrollment(), EnrollmentState::default());
    let subject = Subject { worker: &worker, enrollment: &enrollment, state: &state };
    let sheet = write_sheet(&list, "", now(), &[subject], &ContributionTables::default()).unwrap();
    let text = String::from_utf8(sheet.csv).unwrap();
    assert!(text.contains("3302********9001") && text.contains("SUKARTI"), "{text}");
    assert!(!text.contains("3302241505909001") && !text.contains("WARSINI"));
}

#[test]
fn provenance_names_file_and_template() {
    let sheet = write_sheet(&bpjs(), "E-1", now(), &[], &ContributionTables::default()).unwrap();
    let beside = sheet.provenance(&bpjs(), "root".into(), "E-1".into(), "op".into(), now(), "verified".into());
    assert_eq!(beside.template, "bpjs-bpu 1");
    assert_eq!(beside.sha256, hex::encode(Sha256::digest(&sheet.csv)));
    assert_eq!((beside.count, beside.made_at.as_str()), (0, "2026-11-22T03:00:00Z"));
}
