//! All that is kept about a person, and whom a lost phone held.

use super::*;

#[test]
fn person_reads_all_that_the_office_keeps_about_them_and_nobody_elses() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1, "SUPARNO");
    register(&office, &mut phone, 11, "SUPARTI");
    let told = as_other(&office, "Operator Cabang", &["own-record", &record(1).to_string()]).expect("told");
    for line in
        ["Semua data tentang Bapak/Ibu", "Nama: SUPARNO", "NIK: 3302", "Nama ibu kandung", "PENDAFTARAN", "UU 27/2022"]
    {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    assert!(!told.contains("SUPARTI"));
    let json = done(&office, &["own-record", &record(1).to_string(), "--language", "en"]);
    assert_eq!(json["title"], "All that is kept about you");
    assert_eq!(json["sections"].as_array().map(Vec::len), Some(3), "the person, the enrolment, the step");
    // every look is written down
    let lines = office.service.storage().read().expect("a unit").audit(0, 1000).expect("read");
    assert!(lines.iter().any(|line| line.act == "look_own_record"));
    let wrong = refused(&office, &["own-record", &record(2).to_string()]);
    assert!(wrong.contains("worker"), "{wrong}");
}

#[test]
fn lost_phone_names_whom_it_held_and_nobody_it_never_asked_for() {
    let office = Office::new();
    let (mut lost, mut other) = (office.phone(&[RT3]), office.phone(&[RT3, TELUK]));
    register(&office, &mut lost, 1, "SUPARNO");
    register(&office, &mut lost, 11, "SUPARTI");
    register_in(&office, &mut other, 21, "TARNO", TELUK);
    office.act(crate::service::operator::Act::Move { record: record(11), to: area(TELUK) });
    office.later(1000);
    register(&office, &mut other, 31, "TURAH");
    let device = lost.device.to_string();
    let told = done(&office, &["holdings", &device]);
    let names: Vec<&str> =
        told["people"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["SUPARNO", "SUPARTI"]);
    assert_eq!((&told["people"][0]["moved_away"], &told["people"][1]["moved_away"]), (&false.into(), &true.into()));
    assert!(told["exchanges"].as_u64() > Some(0) && told["last_exchange"].is_string());
    // it asked again: now it has the one who came later
    lost.pull(&office);
    assert_eq!(done(&office, &["holdings", &device])["people"].as_array().map(Vec::len), Some(3));
    let table = as_other(&office, "Operator Cabang", &["holdings", &device]).expect("told");
    assert!(table.contains("moved away since") && table.contains("At most these 3"), "{table}");
    let wrong = refused(&office, &["holdings", "00000000-0000-7000-8000-000000000000"]);
    assert!(wrong.contains("device"), "{wrong}");
}
