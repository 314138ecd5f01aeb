//! Erasure: what is left in the files.

use super::office::*;
use crate::{
    service::{ServiceError, operator::Act},
    storage::DuplicateState,
};
use payung_domain::id::RecordId;
use serde_json::json;
use std::fs;

/// Everything SQLite has of the database, and the journal.
fn files(office: &Office) -> Vec<u8> {
    let mut bytes = Vec::new();
    for name in ["payung.db", "payung.db-wal"] {
        bytes.extend(fs::read(office.data().join(name)).unwrap_or_default());
    }
    bytes
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The sealed state of a record and its ops, as the file has them, its NIK's claim and the words of its name.
fn traces(office: &Office, id: RecordId) -> Vec<Vec<u8>> {
    let connection = rusqlite::Connection::open(office.data().join("payung.db")).expect("opened");
    let mut traces = Vec::new();
    for sql in [
        "SELECT state FROM record WHERE id = ?1",
        "SELECT op FROM op WHERE record = ?1",
        "SELECT hash FROM nik_claim WHERE record = ?1",
        "SELECT hash FROM name_word WHERE record = ?1",
    ] {
        let mut statement = connection.prepare(sql).expect("a statement");
        let rows = statement.query_map([id.bytes()], |row| row.get::<_, Vec<u8>>(0)).expect("rows");
        // the middle of a long blob lies in one piece whatever the page
        traces.extend(rows.map(|row| row.expect("a blob")).map(|blob| blob[..blob.len().min(40)].to_vec()));
    }
    traces
}

#[test]
fn nothing_of_an_erased_person_is_left_in_the_database_older_versions_included() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO WIRATMOKO");
    let enroll = phone.enroll(&office, record(2), record(1));
    phone.send(&office, &[worker, enroll]);
    phone.pull(&office);
    let mut seen = traces(&office, record(1));
    for notes in ["satu", "dua", "tiga"] {
        let edit = phone.edit(&office, record(1), "notes", notes);
        phone.send(&office, &[edit]);
        phone.pull(&office);
        seen.extend(traces(&office, record(1)));
    }
    seen.extend(traces(&office, record(2)));
    assert!(seen.len() > 10);
    assert!(
        traces(&office, record(1)).iter().all(|trace| holds(&files(&office), trace)),
        "the scan finds what is there"
    );
    assert_eq!(office.service.erase(BOSS, record(1), "consent_withdrawn", START).expect("erased").records, 2);
    // done again it finds nobody, and only makes sure of the files
    let again = office.service.erase(BOSS, record(1), "consent_withdrawn", START).expect("erased");
    assert_eq!((again.records, again.shredded), (0, true));
    let left = files(&office);
    for (at, trace) in seen.iter().enumerate() {
        assert!(!holds(&left, trace), "trace {at} is left");
    }
    let unit = office.service.storage().read().expect("a unit");
    let line = unit.audit(0, 1000).expect("the audit").pop().expect("a line");
    assert_eq!(line.act, "erase");
    assert!(line.detail.contains("consent_withdrawn") && !line.detail.contains("SUPARNO"), "{}", line.detail);
}

#[test]
fn journal_keeps_its_numbers_and_nothing_it_said_of_the_erased() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let worker = one.worker(&office, record(1), &nik(1), "SUPARNO");
    one.send(&office, &[worker]);
    one.pull(&office);
    other.pull(&office);
    let edits =
        [one.edit(&office, record(1), "name", "SUPARNO A"), other.edit(&office, record(1), "name", "SUPARNO B")];
    one.send(&office, &edits[..1]);
    other.send(&office, &edits[1..]);
    let value = json!("SUPARNO C");
    let act = Act::Resolve { record: record(1), field: "name".to_owned(), value, seen: Vec::new(), document: None };
    office.service.act(BOSS, act, START).expect("settled");
    let journal = || crate::service::journal::Journal::new(office.data().join("journal"));
    let said = |text: &str| {
        let lines = journal().after(office.service.storage().sealer(), 0).expect("the journal");
        (lines.len(), lines.iter().filter(|line| holds(&line.act, text.as_bytes())).count())
    };
    let (before, found) = said("SUPARNO C");
    assert_eq!(found, 1);
    office.service.erase(BOSS, record(1), "consent_withdrawn", START).expect("erased");
    assert_eq!(said("SUPARNO C"), (before + 1, 0));
    // acts go on under the next number
    office
        .service
        .add_operator(BOSS, "Operator Dua", payung_protocol::Role::BranchOperator, BOSS, START)
        .expect("added");
    assert_eq!(said("Operator Dua").0, before + 2);
}

#[test]
fn both_records_of_a_linked_person_go_and_one_under_review_stands_alone() {
    let office = Office::new();
    let (mut here, mut there) = (office.phone(&[RT3]), office.phone(&[TELUK]));
    let first = here.worker(&office, record(1), &nik(1), "SUPARNO");
    let second = here.worker(&office, record(2), &nik(1), "Suparno");
    here.send(&office, &[first, second]);
    assert!(office.record(record(2)).alias.is_some());
    let third = there.worker_in(&office, record(3), &nik(1), "SUMARNI", TELUK);
    there.send(&office, &[third]);
    let reviews = |state| office.service.duplicates(BOSS, Some(state), START).expect("listed").len();
    assert_eq!(reviews(DuplicateState::Review), 1);
    assert_eq!(office.service.erase(BOSS, record(2), "consent_withdrawn", START).expect("erased").records, 2);
    assert_eq!((reviews(DuplicateState::Review), reviews(DuplicateState::Linked)), (0, 0));
    // who shares the NIK holds it now: the next to claim it is a double of theirs
    let fourth = here.worker(&office, record(4), &nik(1), "SUPARTI");
    here.send(&office, &[fourth]);
    assert_eq!(reviews(DuplicateState::Review), 1);
}

#[test]
fn only_operators_erase_and_a_reason_is_a_code() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[worker]);
    let refused = office.service.erase(phone.official, record(1), "consent_withdrawn", START);
    assert!(matches!(refused, Err(ServiceError::Refused(code)) if code == "not_an_operator"));
    for reason in ["", "atas permintaan SUPARNO"] {
        assert!(office.service.erase(BOSS, record(1), reason, START).is_err());
    }
    assert!(office.service.erase(BOSS, record(9), "consent_withdrawn", START).is_err());
    assert_eq!(office.record(record(1)).value("name"), "SUPARNO");
}
