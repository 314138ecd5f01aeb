//! Files a branch sends, and backups: bytes that an operator was handed.

use crate::quiet::{is_quiet, says_nothing};
use chrono::{Datelike, NaiveDate};
use payung_domain::{calendar::Month, id::Epoch};
use payung_server::{
    backup::container::{self, Header},
    export::{self, Answer, AnswerFile, AnswerTemplate, ListTemplate, Response},
};
use std::{path::Path, sync::LazyLock};

static ANSWERS: LazyLock<AnswerTemplate> = LazyLock::new(|| {
    let built_in = export::load(Path::new("."), "jawaban-cabang").and_then(export::Template::answers);
    built_in.expect("comes with the program")
});

static MEMBERS: LazyLock<ListTemplate> = LazyLock::new(|| {
    let built_in = export::load(Path::new("."), "peserta-lama").and_then(export::Template::members);
    built_in.expect("comes with the program")
});

const HEADER: &str = "REFERENSI;EKSPOR;NIK;JAWABAN;KODE ALASAN;KETERANGAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;\
                      TANGGAL BAYAR;TERLINDUNGI MULAI;SAMPAI BULAN";
const REFERENCE: &str = "0193a1b2-0000-7000-8000-000000000001";

/// The branch's answers: each names a line of the file, what it says is possible at all, wrong lines are told without
/// what stood in them, and the answers written as such a file are read as the same.
pub(crate) fn answers(data: &[u8]) {
    let file = match export::read_answers(&ANSWERS, data) {
        Ok(file) => file,
        Err(error) => return is_quiet(&error, data),
    };
    for error in &file.errors {
        says_nothing(&error.to_string(), data);
    }
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
    for answer in &file.answers {
        assert!((2..=lines).contains(&answer.line), "an answer names a line that is not there");
        assert!(answer.reference.is_some() || answer.nik.is_some(), "an answer about nobody");
        is_possible(&answer.response);
    }
    if !file.answers.is_empty() {
        let again = export::read_answers(&ANSWERS, &written(&file)).expect("a file");
        assert!(again.errors.is_empty(), "what was read is not taken when written");
        assert_eq!(again.answers.len(), file.answers.len());
        for (before, after) in file.answers.iter().zip(&again.answers) {
            assert!(Answer { line: before.line, ..after.clone() } == *before, "an answer changed on the way");
        }
    }
}

/// The system is a few decades old and no cover is sold for centuries: another year is a slip, and a wrong first day
/// of cover would show a family as covered.
fn is_possible(response: &Response) {
    let year = |year: i32| assert!((2000..2200).contains(&year), "no year of a payment");
    let day = |day: &Option<NaiveDate>| day.iter().for_each(|day| year(day.year()));
    match response {
        Response::Returned(reason) => assert!(!reason.code.is_empty() && reason.text.chars().count() <= 500),
        Response::Numbered { payment_code, .. } => {
            assert!(payment_code.amount > 0 && !payment_code.code.is_empty());
            year(payment_code.valid_to.year());
        }
        Response::Paid { on, from, until } => {
            day(on);
            day(from);
            year(until.year());
        }
    }
}

/// The answers as the branch would write them, every cell as text.
fn written(file: &AnswerFile) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    writer.write_record(HEADER.split(';')).expect("memory");
    let text = |text: String| if text.is_empty() { text } else { format!("'{text}") };
    let day = |day: Option<NaiveDate>| text(day.map(|day| day.format("%Y-%m-%d").to_string()).unwrap_or_default());
    let month = |month: Month| text(month.first_day().format("%m/%Y").to_string());
    for answer in &file.answers {
        let mut row = vec![String::new(); 13];
        row[0] = text(answer.reference.map(|id| id.to_string()).unwrap_or_default());
        row[1] = text(answer.export_id.clone().unwrap_or_default());
        row[2] = text(answer.nik.as_ref().map(|nik| nik.expose().to_owned()).unwrap_or_default());
        match &answer.response {
            Response::Returned(reason) => {
                "DITOLAK".clone_into(&mut row[3]);
                row[4].clone_from(&reason.code);
                row[5] = text(reason.text.clone());
            }
            Response::Numbered { kpj, payment_code } => {
                "terbit".clone_into(&mut row[3]);
                kpj.expose().clone_into(&mut row[6]);
                row[7] = text(payment_code.code.clone());
                row[8] = payment_code.amount.to_string();
                row[9] = day(Some(payment_code.valid_to));
            }
            Response::Paid { on, from, until } => {
                "Lunas".clone_into(&mut row[3]);
                row[10] = day(*on);
                row[11] = day(*from);
                row[12] = month(*until);
            }
        }
        writer.write_record(&row).expect("memory");
    }
    writer.into_inner().expect("memory")
}

pub(crate) fn answer_seeds() -> Vec<Vec<u8>> {
    let full = format!(
        "\u{feff}{HEADER}\r\n\
         {REFERENCE};E1;3302241505909001;DIKEMBALIKAN;NAMA BERBEDA;\"WARSITI; bukan\nKARSEM\";;;;;;;\r\n\
         {REFERENCE};E1;;BERNOMOR;;;24 0012 34567;3302000000009001;Rp 193.200,-;31-12-2026;;;\r\n\
         ;;3302241505909001;LUNAS;;;;;;;20/11/2026;01-12-2026;05/2027\r\n"
    );
    let commas = "status,nik,kode alasan,catatan\nditolak,3302241505909001,other,'=1+1\nlunas,330224,,\n";
    let odd =
        format!("{HEADER}\n{REFERENCE};;;PAID;;;;;;;1-1-26;01-12-26;13-2026\n;;;;;;;;;;;;\n{REFERENCE};;;terbit\n");
    vec![full.into_bytes(), commas.as_bytes().to_vec(), odd.into_bytes(), b"JAWABAN\n\xff\xfe".to_vec()]
}

/// A list of known members: whole or not at all.
pub(crate) fn members(data: &[u8]) {
    match export::read_members(&MEMBERS, data) {
        Ok(niks) => {
            let file = niks.iter().fold("NIK\n".to_owned(), |file, nik| file + nik.expose() + "\n");
            assert_eq!(export::read_members(&MEMBERS, file.as_bytes()).as_ref(), Ok(&niks));
        }
        Err(error) => {
            is_quiet(&error, data);
            if let export::FileError::Lines(errors) = &error {
                assert!(!errors.is_empty());
                for error in errors {
                    says_nothing(&error.to_string(), data);
                }
            }
        }
    }
}

pub(crate) fn member_seeds() -> Vec<Vec<u8>> {
    let full = "NAMA;NIK\nWARSITI;3302241505909001\nKARSEM;3302 2415 0590 9002\n";
    let wrong = "Nomor NIK,NAMA\n330224150590900,WARSITI\n\"3302241505909001\nx\",y\n,\n";
    vec![full.as_bytes().to_vec(), wrong.as_bytes().to_vec()]
}

const KEY: [u8; 32] = [5; 32];
const PLAIN: &[u8] = b"SQLite format 3\0 and what follows";

static BACKUP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut sealed = Vec::new();
    container::seal(&clear(), &KEY, [9; 19], PLAIN, &mut sealed).expect("sealed");
    sealed
});

fn clear() -> Header {
    let (size, sha256) = container::measure(PLAIN).expect("memory");
    Header { made_at: 1, epoch: Epoch(2), schema: 1, journal: 3, key: container::key_name(&KEY), size, sha256 }
}

/// A backup: opens only as it was sealed, and a header of somebody else's making opens nothing.
pub(crate) fn backup(data: &[u8]) {
    open(data);
    let length = u32::try_from(data.len()).expect("short").to_be_bytes();
    let rest = &BACKUP[BACKUP.len() - 19 - PLAIN.len() - 16..];
    open(&[b"PAYUNG-BACKUP-1\n", &length[..], data, rest].concat());
}

fn open(bytes: &[u8]) {
    let mut plain = Vec::new();
    match container::open(&KEY, bytes, &mut plain) {
        Ok(header) => {
            assert!(bytes == BACKUP.as_slice(), "opened, though changed");
            assert_eq!((header, plain.as_slice()), (clear(), PLAIN));
        }
        Err(_) => assert!(PLAIN.starts_with(&plain), "wrote what was never sealed"),
    }
}

pub(crate) fn backup_seeds() -> Vec<Vec<u8>> {
    vec![serde_json::to_vec(&clear()).expect("JSON"), BACKUP.clone(), b"SQLite format 3\0".to_vec()]
}
