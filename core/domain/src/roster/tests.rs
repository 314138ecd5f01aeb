use super::*;
use crate::{
    area::Area,
    contribution::ContributionTable,
    eligibility::Membership,
    id::OfficialId,
    worker::{CaptureContext, WorkerDraft},
};
use proptest::prelude::*;
use serde_json::json;

const LIST: &str = "\
DAFTAR PEKERJA RT 003 RW 005,,,,,,,,,
,,,,,,,,,
No,NIK,Nama Lengkap,\"Tempat, Tgl. Lahir\",L/P,Alamat,RT/RW,Pekerjaan,No. HP,Penghasilan
1,3302241505909001,Sukirno Wijaya,\"Banyumas, 15-05-1990\",L,\"Gang Melati 4, belakang masjid\",003/005,penderes,0812-0000-9001,\"1.500.000\"
2,'3302245505909002,SITI AMINAH,Purbalingga 15 Mei 1990,P,Gang Mawar 7,3/5,juru masak hajatan besar,-,
";

fn rows(file: impl AsRef<[u8]>) -> Vec<RosterRow> {
    read(file.as_ref()).unwrap().rows
}

fn wrong(file: impl AsRef<[u8]>) -> Vec<(u64, u32, String, String)> {
    match read(file.as_ref()) {
        Err(RosterError::Cells(cells)) => {
            cells.into_iter().map(|cell| (cell.line, cell.column, cell.field, cell.code)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn told(line: u64, column: u32, field: &str, code: &str) -> (u64, u32, String, String) {
    (line, column, field.to_owned(), code.to_owned())
}

#[test]
fn list_of_an_rt_becomes_fields_of_forms_below_its_title() {
    let list = read(LIST.as_bytes()).unwrap();
    assert_eq!(list.ignored, Vec::<u32>::new());
    let (first, second) = (&list.rows[0], &list.rows[1]);
    assert_eq!((first.line, second.line), (4, 5));
    let fields = json!({
        "nik": "3302241505909001", "name": "Sukirno Wijaya", "birth.place": "Banyumas", "birth.date": "1990-05-15",
        "birth.sex": "male", "home.line": "Gang Melati 4, belakang masjid", "home.rt": "003", "home.rw": "005",
        "occupations.first": "penderes_kelapa", "phone": "0812-0000-9001", "income": "1.500.000",
    });
    assert_eq!(json!(first.fields), fields);
    assert_eq!(first.warnings, Vec::<&str>::new());
    assert_eq!((second.text("nik"), second.text("birth.place")), (Some("3302245505909002"), Some("Purbalingga")));
    assert_eq!((second.text("birth.date"), second.text("phone")), (Some("1990-05-15"), None));
    assert_eq!(second.warnings, ["occupation_unmatched"]);
    assert_eq!(second.text("occupations.first"), None, "a word that is no code must not become one");
    assert_eq!(second.text("notes"), Some("Pekerjaan: juru masak hajatan besar"));
}

#[test]
fn form_made_of_a_row_is_finished_at_the_door_and_registered() {
    let mut form = WorkerDraft { fields: rows(LIST).remove(0).fields };
    let asked = json!({
        "mother_name": "Karsem", "cover.months": 3, "heirs": [{"name": "Tarmo", "relation": "husband"}],
        "declaration.independent": true, "declaration.healthy": true, "consent.text_version": "2026-1",
    });
    form.fields.extend(serde_json::from_value::<BTreeMap<String, Value>>(asked).unwrap());
    let area = Area::parse("33.02.24.1001.005.004").unwrap();
    let registration = form.validate(&CaptureContext {
        now: "2026-11-22T10:00:00Z".parse().unwrap(),
        area: &area,
        official: OfficialId(uuid::Uuid::from_u128(7)),
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    });
    let worker = registration.expect("complete").worker;
    assert_eq!((&worker["name"], &worker["home"]["rt"]), (&json!("SUKIRNO WIJAYA"), &json!("003")));
}

#[test]
fn separator_mark_and_code_page_of_the_file_make_no_difference() {
    let plain = "nik,nama,alamat\n3302241505909001,Du\u{e9}n Rekaan,Gang 5\n";
    let expected = rows(plain);
    assert_eq!(expected[0].text("name"), Some("Du\u{e9}n Rekaan"));
    let with = |separator: &str| plain.replace(',', separator);
    for text in
        [with(";"), with("\t"), format!("\u{feff}{plain}"), plain.replace('\n', "\r\n"), plain.replace('\n', "\r")]
    {
        assert_eq!(rows(&text), expected, "{text:?}");
    }
    let windows: Vec<u8> = plain.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(rows(windows), expected);
    assert_eq!(rows(b"nama\nD\x92Angelo\n")[0].text("name"), Some("D\u{2019}Angelo"));
    assert_eq!(rows(format!("sep=;\n{}", with(";"))).len(), 1);
    let english =
        rows("National ID;Full name;Date of birth;Sex;Phone\n3302241505909001;Budi;1990-05-15;M;081200009001\n");
    assert_eq!((english[0].text("birth.date"), english[0].text("birth.sex")), (Some("1990-05-15"), Some("male")));
}

#[test]
fn every_wrong_cell_is_told_by_line_and_column_and_never_by_what_stood_there() {
    let file = "nama,nik,tgl lahir,hp,rt,rw,penghasilan,jk\n\
                BUDI,330224150590900,15-13-1990,bukan nomor,3,5,banyak,X\n\
                ,3302241505909001,,,,,,\n\
                SITI,3302241505909002,15-05-1990,081200009001,3,5,1 juta,P\n\
                TARSIM,\"3,30224E+15\",15-05-90,,IIIV,,0,\n";
    let cells = wrong(file);
    assert_eq!(
        cells,
        [
            told(2, 2, "nik", "nik_length"),
            told(2, 3, "birth.date", "date_invalid"),
            told(2, 4, "phone", "phone_characters"),
            told(2, 7, "income", "income_not_a_number"),
            told(2, 8, "birth.sex", "sex_unknown"),
            told(3, 1, "name", "required"),
            told(5, 2, "nik", "nik_scientific"),
            told(5, 3, "birth.date", "date_invalid"),
            told(5, 5, "home.rt", "rt_rw_invalid"),
            told(5, 7, "income", "income_not_positive"),
        ]
    );
    let said = format!("{:?} {}", read(file.as_bytes()), read(file.as_bytes()).unwrap_err());
    for value in ["BUDI", "330224150590", "bukan", "banyak", "IIIV", "TARSIM"] {
        assert!(!said.contains(value), "{value}");
    }
    assert!(!format!("{:?}", read(LIST.as_bytes())).contains("Sukirno"));
}

#[test]
fn cell_that_looks_like_a_formula_stays_text() {
    let row = rows("nama,alamat,nik,keterangan\n=1+1 Budi,@SUM(A1),\"=\"\"3302241505909001\"\"\",+cmd\n").remove(0);
    assert_eq!((row.text("name"), row.text("home.line")), (Some("=1+1 Budi"), Some("@SUM(A1)")));
    assert_eq!((row.text("nik"), row.text("notes")), (Some("3302241505909001"), Some("+cmd")));
}

#[test]
fn comma_inside_an_unquoted_cell_and_a_quote_that_is_never_closed_are_found() {
    assert_eq!(wrong("nama,alamat\nBUDI,Gang Melati 4, belakang masjid\n"), [told(2, 3, "", "cells_too_many")]);
    let cells = wrong("nama,alamat\nBUDI,\"Gang Melati\nSITI,Gang Mawar\n");
    assert_eq!(cells.last(), Some(&told(2, 0, "", "quote_open")));
}

#[test]
fn numbers_that_a_spreadsheet_rounded_and_niks_that_stand_twice_are_warned_about() {
    let list = rows("nama,nik\nA,3302241505909010\nB,3302241505909020\nC,3302241505909030\n");
    assert!(list.iter().all(|row| row.warnings == ["nik_rounded"]));
    let list = rows("nama,nik\nA,3302241505909001\nB,3302241505909002\nC,3302241505909001\n");
    let warnings: Vec<_> = list.iter().map(|row| row.warnings.clone()).collect();
    assert_eq!(warnings, [vec![], vec![], vec!["nik_twice_in_list"]]);
}

#[test]
fn column_that_means_nothing_here_is_told_by_its_number() {
    let list = read(b"No;Nama;Agama;HP;WA\n1;BUDI;-;081200009001;081200009002\n").unwrap();
    assert_eq!(list.ignored, [3, 5]);
    assert_eq!(list.rows[0].text("phone"), Some("081200009001"));
}

#[test]
fn file_that_is_no_list_of_people_is_refused_whole() {
    assert_eq!(read(b""), Err(RosterError::NoHeader));
    assert_eq!(read(b"a,b\n1,2\n"), Err(RosterError::NoHeader));
    assert_eq!(read(b"nama,nik\n\n,\n"), Err(RosterError::Empty));
    assert_eq!(read(b"\xFF\xFEn\0a\0m\0a\0"), Err(RosterError::NotText));
    assert_eq!(read(b"PK\x03\x04\0\0nama"), Err(RosterError::NotText));
    assert_eq!(read(b"nama\n\x81\n"), Err(RosterError::NotText));
    assert_eq!(read(&vec![b' '; LARGEST_FILE + 1]), Err(RosterError::TooLarge));
    let many = |rows: usize| format!("nama\n{}", "BUDI\n".repeat(rows));
    assert_eq!(read(many(MOST_ROWS + 1).as_bytes()), Err(RosterError::TooManyRows));
    assert_eq!(rows(many(MOST_ROWS)).len(), MOST_ROWS);
}

#[test]
fn dates_are_read_as_people_write_them_and_never_guessed() {
    let date = |text: &str| cell::date(text).map(|date| date.to_string());
    for text in ["1990-05-15", "15-05-1990", "15/5/1990", "15.05.1990", "15 Mei 1990", "15 may 1990", "1990/05/15"] {
        assert_eq!(date(text).as_deref(), Some("1990-05-15"), "{text}");
    }
    for (text, month) in [("1 Agt 1990", "08"), ("1 Nopember 1990", "11"), ("1 Des 1990", "12"), ("1 Peb 1990", "02")] {
        assert_eq!(date(text), Some(format!("1990-{month}-01")), "{text}");
    }
    for text in
        ["15-05-90", "05/15/1990", "31-02-1990", "1990", "33025", "15 Foo 1990", "15-05-1790", "tgl 15-05-1990 x"]
    {
        assert_eq!(date(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes);
        let mut headed = b"nama;nik;ttl;hp;rt rw;penghasilan\n".to_vec();
        headed.extend(&bytes);
        match read(&headed) {
            Ok(list) => prop_assert!(!list.rows.is_empty() && list.rows.len() <= bytes.len()),
            Err(RosterError::Cells(cells)) => {
                let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 2;
                prop_assert!(cells.iter().all(|cell| (1..=lines).contains(&cell.line)));
            }
            Err(_) => {}
        }
    }

    #[test]
    fn any_cells_come_back_as_the_text_they_are(names in proptest::collection::vec("[A-Za-z=+@,;\"' ]{0,20}[A-Za-z]", 1..20)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["nama", "alamat"]).unwrap();
        for name in &names {
            writer.write_record([name.as_str(), "Gang 5"]).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let squeezed = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ");
        let read: Vec<String> = rows(&file).iter().map(|row| row.text("name").unwrap_or_default().to_owned()).collect();
        let expected: Vec<String> = names.iter().map(|name| cell::clean(&squeezed(name))).collect();
        prop_assert_eq!(read, expected);
    }
}
