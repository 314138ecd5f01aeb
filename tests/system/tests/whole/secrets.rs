//! No personal data outside what is encrypted: neither in the files of phone and server nor in what they log.

use crate::common::{Office, quiet, register, someone};
use payung_people::Person;
use payung_system_tests::scan;
use serde_json::json;
use std::fs;

/// What nobody but the phone, the server and the two people may read. Families share names: whole names only.
fn secrets(people: &[Person]) -> Vec<String> {
    let of = |person: &Person| {
        let bare = person.phone.trim_start_matches("+62").to_owned();
        [person.nik.clone(), person.name.clone(), bare, person.line.clone()]
    };
    people.iter().flat_map(of).collect()
}

#[test]
fn files_and_logs_of_phone_and_server_hold_no_nik_name_or_phone() {
    let mut office = Office::open(31);
    let (mut first, files) = office.phone("satu");
    let (mut second, _) = office.phone("dua");
    let people: Vec<Person> = (0..40).map(someone).collect();
    for person in &people[..20] {
        register(&mut first, person);
    }
    quiet(&mut [&mut first, &mut second]);
    // edits, a conflict, a wrong form, a duplicate: each leaves its own traces
    for person in &people[20..] {
        register(&mut second, person);
    }
    register(&mut second, &people[0]);
    let rows = second.ask(&json!({"do": "list", "query": {"text": people[1].nik}})).unwrap();
    for (phone, name) in [(&mut first, &people[2].name), (&mut second, &people[3].name)] {
        let fields = json!({"mother_name": name});
        phone.ask(&json!({"do": "edit", "record": rows[0]["worker"], "fields": fields})).unwrap();
    }
    let form = first.ask(&json!({"do": "open_form"})).unwrap()["draft"].clone();
    for (field, value) in [("nik", &people[4].nik), ("name", &people[4].name), ("income", &people[4].name)] {
        first.ask(&json!({"do": "type", "draft": form, "field": field, "value": value})).unwrap();
    }
    first.ask(&json!({"do": "register", "draft": form})).unwrap_err();
    first.tell(&json!({"do": "nonsense", "nik": people[5].nik, "name": people[5].name})).unwrap();
    first.answer().unwrap_err();
    quiet(&mut [&mut first, &mut second]);
    office.admin.act(&["verify", "--all"]).unwrap();
    office.admin.act(&["conflicts", "list"]).unwrap();
    office.admin.act(&["show", "00000000-0000-7000-8000-000000000000"]).unwrap_err();

    let words = secrets(&people);
    // the scan finds what is there to be found: one word of each kind, in both encodings, in each place
    for (number, place) in [&files.folder, &office.data].into_iter().enumerate() {
        let control = place.join("control.bin");
        let wide: Vec<u8> = words[1].encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(&control, [b"\x00\xff".as_slice(), words[0].as_bytes(), b"\x00", &wide].concat()).unwrap();
        let found = scan(place, &words).unwrap();
        let planted: Vec<usize> = found.iter().map(|one| one.word).collect();
        assert_eq!(planted, [0, 1], "in place {number}");
        fs::remove_file(&control).unwrap();
    }

    // while they run: the write-ahead logs are full
    for place in [&files.folder, &office.data] {
        assert_eq!(scan(place, &words).unwrap(), [], "in {}", place.display());
        assert!(
            payung_system_tests::scan::files(place)
                .unwrap()
                .iter()
                .any(|file| file.to_string_lossy().ends_with("-wal"))
        );
    }
    first.close().unwrap();
    second.close().unwrap();
    let logs = office.folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    for log in [&files.log, &office.server.log] {
        assert!(fs::metadata(log).unwrap().len() > 0, "{} says something", log.display());
        fs::copy(log, logs.join(log.file_name().unwrap())).unwrap();
    }
    for place in [&files.folder, &office.data, &logs] {
        assert_eq!(scan(place, &words).unwrap(), [], "in {}", place.display());
    }
    let header = fs::read(files.folder.join("payung.db")).unwrap();
    assert!(!header.starts_with(b"SQLite format 3"));
}
