//! What must not be seen: on disk, by another phone. Logs have a process of their own: tests/logs.rs.

use super::office::*;
use crate::storage::Scope;
use payung_domain::{field::Kind, nik::Nik, tag::nik_tag};
use payung_protocol::Role;
use std::{fs, path::Path};

/// Whether a text is anywhere in the folder's files, in UTF-8 or UTF-16.
fn seen(dir: &Path, text: &str) -> Vec<String> {
    let plain = text.as_bytes().to_vec();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(seen(&path, text));
            continue;
        }
        let bytes = fs::read(&path).expect("the file");
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        if has(&plain) || has(&wide) {
            found.push(path.file_name().expect("a name").to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn database_and_journal_show_no_nik_and_no_name() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let mut ops = Vec::new();
    for i in 0..20 {
        ops.push(phone.worker(&office, record(i.into()), &nik(i), "SUPARNO WIBISONO"));
    }
    ops[3].set.insert("nik".to_owned(), "123".into());
    phone.send(&office, &ops);
    phone.pull(&office);
    let edit = phone.edit(&office, record(1), "mother_name", "MARYAMAH");
    phone.send(&office, &[edit]);
    fs::write(office.data().join("control"), nik(5)).expect("planted");
    assert_eq!(seen(&office.data(), &nik(5)), ["control"], "the scan finds what is there");
    fs::remove_file(office.data().join("control")).expect("removed");
    for secret in [
        &nik(0),
        &nik(5),
        &nik(19),
        "SUPARNO",
        "WIBISONO",
        "MARYAMAH",
        "SITI AMINAH",
        "Gerilya",
        "PAK KETUA",
        "OPERATOR CABANG",
    ] {
        assert!(seen(&office.data(), secret).is_empty(), "{secret}");
    }
    let found = office.service.find_by_name(BOSS, "wibisono", &Scope::Office, 100, START).expect("searched");
    assert_eq!(found.len(), 19, "by keyed hashes it is found all the same");
}

#[test]
fn phones_get_the_nik_masked_with_the_tag_of_their_village() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[op]);
    phone.pull(&office);
    let told = phone.shown(record(1), "nik");
    let number = Nik::parse(&nik(1)).expect("a NIK");
    assert_eq!(told["masked"], number.masked().as_str());
    let village = phone.base.values().find(|put| put.kind == Kind::Village).expect("the village");
    let mut key = [0; 32];
    hex::decode_to_slice(village.body["tag_key"].as_str().expect("a key"), &mut key).expect("hex");
    assert_eq!(told["tag"], nik_tag(&key, &number).as_str());
}

#[test]
fn nik_candidates_go_in_full_only_to_those_who_may_settle_it() {
    let office = Office::new();
    let (mut one, mut two) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let create = one.worker(&office, record(1), &nik(1), "SUPARNO");
    one.send(&office, &[create]);
    one.pull(&office);
    two.pull(&office);
    let a = one.edit(&office, record(1), "nik", nik(2));
    let b = two.edit(&office, record(1), "nik", nik(3));
    one.send(&office, &[a]);
    two.send(&office, &[b]);
    one.pull(&office);
    let candidates = &one.conflict(record(1), "nik").expect("open").candidates;
    assert!(candidates.iter().all(|candidate| candidate.value.as_str().is_some_and(|text| text.len() == 16)));
    assert!(one.shown(record(1), "nik").is_object(), "the body stays masked");
    let mut clinic = office.phone_as(&[RT3], &[Role::from("auditor")]);
    clinic.pull(&office);
    let candidates = &clinic.conflict(record(1), "nik").expect("open").candidates;
    assert!(candidates.iter().all(|candidate| candidate.value.is_object()));
}

#[test]
fn reads_and_acts_are_in_a_chained_audit() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[op]);
    let mut reader = office.phone(&[RT3]);
    reader.pull(&office);
    office.service.find_by_nik(BOSS, &Nik::parse(&nik(1)).expect("a NIK"), &Scope::Office, START).expect("searched");
    let unit = office.service.storage().read().expect("a unit");
    let lines = unit.audit(0, 1000).expect("read");
    let mut last = [0; 32];
    for line in &lines {
        let hash = crate::storage::sqlite::audit_hash(&last, line.at, &line.who, &line.act, &line.detail);
        assert_eq!(hash, line.hash);
        last = hash;
        assert!(!line.detail.contains(&nik(1)) && !line.detail.contains("SUPARNO"));
    }
    let by = |who: &str, act: &str| lines.iter().filter(|line| line.who == who && line.act == act).count();
    assert_eq!(by(&reader.device.to_string(), "exchange"), 1);
    assert_eq!(by(&BOSS.to_string(), "search_nik"), 1);
    // what did this device hold: from the cursor ranges of its exchanges
    let line = lines.iter().find(|line| line.who == reader.device.to_string()).expect("its line");
    let detail: serde_json::Value = serde_json::from_str(&line.detail).expect("JSON");
    assert_eq!(detail["to"], reader.cursor.expect("a cursor").0.as_str());
}
