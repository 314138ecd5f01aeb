use super::*;
use crate::export::load;
use proptest::prelude::*;
use std::path::Path;

const REFERENCE: &str = "0193a000-0000-7000-8000-000000000001";

fn template() -> AnswerTemplate {
    load(Path::new("/nonexistent"), "jawaban-cabang").unwrap().answers().unwrap()
}

fn members() -> ListTemplate {
    load(Path::new("/nonexistent"), "peserta-lama").unwrap().members().unwrap()
}

fn read(text: &str) -> Result<AnswerFile, FileError> {
    read_answers(&template(), text.as_bytes())
}

const HEADER: &str =
    "REFERENSI;NIK;JAWABAN;KODE ALASAN;KETERANGAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;MULAI;SAMPAI BULAN\n";

#[test]
fn each_answer_is_read() {
    let text = format!(
        "\u{feff}{HEADER}{REFERENCE};;DIKEMBALIKAN;nama berbeda;nama di KTP lain;;;;;;\r\n\
         ;3302241505909001;BERNOMOR;;;24001234567;220000000001;193.200;31-12-2026;;\r\n\
         ;'3302241505909002;lunas;;;;;;;01/12/2026;11-2027\r\n"
    );
    let file = read(&text).unwrap();
    let [returned, numbered, paid] = &file.answers[..] else { panic!("three answers") };
    assert_eq!(returned.line, 2);
    assert_eq!(returned.reference.unwrap().to_string(), REFERENCE);
    assert!(
        matches!(&returned.response, Response::Returned(reason) if reason.code == "name_mismatch" && reason.text == "nama di KTP lain")
    );
    assert_eq!(numbered.nik.as_ref().unwrap().last4(), "9001");
    let Response::Numbered { kpj, payment_code } = &numbered.response else { panic!("a number") };
    assert_eq!((kpj.expose(), payment_code.amount), ("24001234567", 193_200));
    assert_eq!(payment_code.valid_to.to_string(), "2026-12-31");
    let Response::Paid { from, until, on } = &paid.response else { panic!("paid") };
    assert_eq!(
        (from.unwrap().to_string(), until.to_string(), *on),
        ("2026-12-01".to_owned(), "2027-11".to_owned(), None)
    );
    assert_eq!(file.headers["nik"], "NIK");
}

#[test]
fn comma_file_and_other_order_are_read() {
    let file = read("Status,sampai  bulan,nik\nLUNAS,2027-01,3302241505909001\n").unwrap();
    assert!(matches!(file.answers[0].response, Response::Paid { .. }));
}

#[test]
fn every_wrong_line_is_told_with_its_column() {
    let text = format!(
        "{HEADER}{REFERENCE};;DIKEMBALIKAN;apa saja;;;;;;;\n\
         {REFERENCE};;DIKEMBALIKAN;name_mismatch;;;;;;;\n\
         ;330224;BERNOMOR;;;24001234567;1;193200;31-12-2026;;\n\
         ;3302241505909001;BERNOMOR;;;2400;;nol;31-02-2026;;\n\
         ;;LUNAS;;;;;;;;13-2027\n\
         {REFERENCE};;ENTAH;;;;;;;;\n\
         {REFERENCE};;;;;;;;;;\n"
    );
    let errors = read(&text).unwrap().errors;
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 2, KODE ALASAN: reason_unknown",
            "line 4, NIK: nik_length",
            "line 5, KPJ: kpj_invalid",
            "line 5, KODE IURAN: missing",
            "line 5, JUMLAH: not_a_number",
            "line 5, BERLAKU SAMPAI: date_invalid",
            "line 6: names neither an enrolment nor a NIK",
            "line 6, SAMPAI BULAN: month_invalid",
            "line 7, JAWABAN: answer_unknown",
            "line 8, JAWABAN: missing",
        ]
    );
}

#[test]
fn year_of_two_digits_is_a_wrong_line_and_no_cover_since_the_year_26() {
    for (from, until) in
        [("01-12-26", "05-2027"), ("01-12-2026", "05-27"), ("01-12-+20260", "05-2027"), ("01-12-2026", "05-+99999")]
    {
        let file = read(&format!("{HEADER}{REFERENCE};;LUNAS;;;;;;;{from};{until}\n")).unwrap();
        assert!(file.answers.is_empty() && file.errors.len() == 1, "{from} {until}");
    }
}

#[test]
fn line_is_the_one_the_editor_shows_whatever_ends_it() {
    for end in ["\n", "\r\n", "\r"] {
        let rows = format!(
            "{HEADER}{REFERENCE};;ENTAH;;;;;;;;\n\n{REFERENCE};;\"EN\nTAH\";;;;;;;;\n;;;;;;;;;;\n;;ENTAH;;;;;;;;\n"
        );
        let errors = read(&rows.replace('\n', end)).unwrap().errors;
        assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [2, 4, 7, 7], "{end:?}");
    }
}

#[test]
fn error_never_repeats_a_value() {
    let text = format!("{HEADER};33022415059;BERNOMOR;;;24001234;;;;;\n");
    let file = read(&text).unwrap();
    assert!(file.answers.is_empty() && !file.errors.is_empty());
    let told = format!("{file:?} {}", FileError::Lines(file.errors.clone()));
    assert!(!told.contains("33022415059") && !told.contains("24001234"), "{told}");
}

#[test]
fn file_that_is_no_table_is_refused() {
    assert!(matches!(read(""), Err(FileError::Columns(_))));
    assert_eq!(read(HEADER).unwrap_err(), FileError::Empty);
    assert_eq!(read("NIK;NAMA\n3302241505909001;X\n").unwrap_err(), FileError::Columns(vec!["JAWABAN".to_owned()]));
    assert_eq!(read_answers(&template(), b"JAWABAN\n\xff\xfe").unwrap_err(), FileError::NotUtf8);
    // a spreadsheet's own file
    assert_eq!(read_answers(&template(), b"PK\x03\x04\xff\x00").unwrap_err(), FileError::NotUtf8);
}

#[test]
fn empty_lines_of_a_spreadsheet_are_no_rows() {
    let text = format!("{HEADER}{REFERENCE};;DIKEMBALIKAN;other;;;;;;;\n;;;;;;;;;;\n;;;;;;;;;;\n");
    assert_eq!(read(&text).unwrap().answers.len(), 1);
}

#[test]
fn members_are_read_whole_or_not_at_all() {
    let niks = read_members(&members(), b"NAMA;NIK\nA;3302241505909001\nB;3302 2415 0590 9002\n").unwrap();
    assert_eq!(niks.len(), 2);
    let wrong = read_members(&members(), b"NAMA;NIK\nA;3302241505909001\nB;12\nC;\n");
    let Err(FileError::Lines(errors)) = wrong else { panic!("wrong lines") };
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [3, 4]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_answers(&template(), &bytes);
        let _ = read_members(&members(), &bytes);
    }

    #[test]
    fn no_cells_make_it_panic(cells in prop::collection::vec("[^\u{0}]{0,20}", 11)) {
        let row: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', ""))).collect();
        let _ = read(&format!("{HEADER}{}\n", row.join(";")));
    }
}
