//! A file of the branch is taken whole or not at all.

use crate::common::{Office, RW, quiet, register, someone};
use payung_system_tests::{ProgramError, ledger::text};
use serde_json::json;
use std::fs;

#[test]
fn branch_file_with_a_wrong_line_tells_all_of_them_and_applies_nothing() {
    let mut office = Office::open(51);
    let (mut phone, _) = office.phone("satu");
    for i in 0..4 {
        register(&mut phone, &someone(i));
    }
    quiet(&mut [&mut phone]);
    office.admin.act(&["verify", "--all", "--area", RW]).unwrap();
    let export = office.folder.path().join("ekspor.csv").display().to_string();
    let exported = office.admin.act(&["export", "--out", &export]).unwrap();
    let references: Vec<String> =
        exported["enrollments"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    let [a, b, c, d] = references.as_slice() else { panic!("{} exported", references.len()) };
    let state = || {
        let workers = office.admin.act(&["workers"]).unwrap();
        workers
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (text(row, "enrollment"), row["state"].clone(), row["kpj"].clone()))
            .collect::<Vec<_>>()
    };
    let before = state();
    assert!(before.iter().all(|(_, state, _)| state == "submitted"));

    let file = office.folder.path().join("jawaban.csv");
    let name = file.display().to_string();
    let head = "REFERENSI;JAWABAN;KODE ALASAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI\n";
    let good = format!("{a};BERNOMOR;;99000000001;880000000001;100800;31-12-2199\n");
    let wrong =
        format!("{b};BERNOMOR;;123;880000000002;100800;31-12-2199\n{c};DIKEMBALIKAN;tidak_ada;;;;\n{d};ENTAH;;;;;\n");
    fs::write(&file, format!("{head}{good}{wrong}")).unwrap();
    let Err(ProgramError::Failed { all, .. }) = office.admin.act(&["import", &name]) else { panic!("it was taken") };
    for line in [3, 4, 5] {
        assert!(all.contains(&format!("\"line\":{line}")), "line {line} is told: {all}");
    }
    assert!(!all.contains("\"line\":2"), "the good line is not blamed");
    assert_eq!(state(), before, "nothing of the file is applied");

    // an enrolment that cannot take the answer is told with the same strictness
    let paid = format!(
        "{head}{good}{b};BERNOMOR;;99000000002;880000000002;16800;31-12-2199\n{b};BERNOMOR;;99000000003;880000000003;16800;31-12-2199\n"
    );
    fs::write(&file, paid).unwrap();
    office.admin.act(&["import", &name]).unwrap_err();
    assert_eq!(state(), before, "nothing of the file is applied");

    fs::write(&file, format!("{head}{good}{b};DIKEMBALIKAN;nik_not_found;;;;\n")).unwrap();
    office.admin.act(&["import", &name]).unwrap();
    let after = state();
    let of = |id: &String| after.iter().find(|(enrollment, ..)| enrollment == id).unwrap();
    assert_eq!((&of(a).1, &of(a).2), (&json!("numbered"), &json!("99000000001")));
    assert_eq!(of(b).1, "returned");
    // the same file again changes nothing, and says so or does it silently, but never twice
    drop(office.admin.act(&["import", &name]));
    assert_eq!(state(), after);
    quiet(&mut [&mut phone]);
    let rows = phone.ask(&json!({"do": "list", "query": {"phase": "returned"}})).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert!(text(&rows[0], "next_step").contains("Dukcapil"), "the official reads what to do");
}
