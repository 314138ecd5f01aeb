//! M9, ecosystems: registered under a company offline, seen under it on another phone and by the operator.

use crate::common::{Office, RW, fill, quiet, someone};
use payung_system_tests::{Phone, ledger::text};
use serde_json::{Value, json};
use std::fs;

fn register_under(phone: &mut Phone, i: u64, code: &str) {
    let form = fill(phone, &someone(i));
    phone.ask(&json!({"do": "type", "draft": form, "field": "ecosystem", "value": code})).unwrap();
    phone.ask(&json!({"do": "register", "draft": form, "area": format!("{RW}.001")})).unwrap();
}

/// Code, name (none where the office has no such code), members it says, registered.
fn shown(phone: &mut Phone) -> Vec<(String, Option<String>, Option<u64>, u64)> {
    let all = phone.ask(&json!({"do": "ecosystems"})).unwrap();
    let line = |one: &Value| {
        let said = &one["ecosystem"];
        let name = said["name"].as_str().map(str::to_owned);
        (text(one, "code"), name, said["members"].as_u64(), one["counts"]["registered"].as_u64().unwrap())
    };
    all.as_array().unwrap().iter().map(line).collect()
}

#[test]
fn growers_registered_offline_under_a_company_are_seen_under_it_by_others_and_counted_against_its_own_list() {
    let mut office = Office::open(71);
    let save =
        ["ecosystem", "save", "GULA-1", "--name", "Koperasi Nira Contoh", "--what", "cooperative", "--area", "33.02"];
    office.admin.act(&save).unwrap();
    let (mut first, _) = office.phone("satu");
    let (mut second, _) = office.phone("dua");
    quiet(&mut [&mut first, &mut second]);
    let known = ("GULA-1".to_owned(), Some("Koperasi Nira Contoh".to_owned()));
    assert_eq!(shown(&mut first), [(known.0.clone(), known.1.clone(), None, 0)], "nobody said how many there are");
    // offline: two under it, however it is written, and one under a code that there is not
    register_under(&mut first, 0, "GULA-1");
    register_under(&mut first, 1, " gula-1");
    register_under(&mut first, 2, "GULA-9");
    quiet(&mut [&mut first, &mut second]);
    let unknown = ("GULA-9".to_owned(), None, None, 1);
    assert_eq!(shown(&mut second), [(known.0.clone(), known.1.clone(), None, 2), unknown.clone()]);

    // its own list: one wrong line takes nothing; the right one is kept as hashes only
    let file = office.folder.path().join("anggota.csv");
    let name = file.display().to_string();
    let members = ["ecosystem", "members", "GULA-1", "--area", "33.02", &name];
    let nik = |i| someone(i).nik;
    fs::write(&file, format!("NIK\n{}\n123\n", nik(0))).unwrap();
    let wrong = office.admin.act(&members).unwrap_err().to_string();
    assert!(!wrong.contains(&nik(0)), "no NIK is repeated");
    fs::write(&file, format!("NIK\n{}\n{}\n{}\n", nik(0), nik(1), nik(7))).unwrap();
    let taken = office.admin.act(&members).unwrap();
    assert_eq!((taken["members"].as_u64(), taken["registered"].as_u64()), (Some(3), Some(2)));
    let other = ["ecosystem", "members", "LAIN", "--area", "33.02", &name];
    assert!(office.admin.act(&other).unwrap_err().to_string().contains("no ecosystem has the code"));

    let out = office.folder.path().join("cakupan.csv").display().to_string();
    let told = office.admin.act(&["ecosystem", "coverage", "--out", &out]).unwrap();
    let line = |code: &str| told.as_array().unwrap().iter().find(|line| line["ecosystem"] == code).unwrap().clone();
    let gula = line("GULA-1");
    let numbers = ["registered", "members", "listed", "listed_registered"].map(|name| gula[name].as_u64().unwrap());
    assert_eq!(numbers, [2, 3, 3, 2]);
    assert_eq!((line("GULA-9")["known"].as_bool(), line("GULA-9")["members"].as_u64()), (Some(false), None));
    let csv = fs::read_to_string(&out).unwrap();
    assert!(csv.contains("Koperasi Nira Contoh") && !csv.contains(&nik(0)));
    quiet(&mut [&mut first, &mut second]);
    assert_eq!(shown(&mut second), [(known.0.clone(), known.1.clone(), Some(3), 2), unknown.clone()]);

    // ended: whom it has stays, nobody else finds it among those that take people
    office.admin.act(&["ecosystem", "end", "GULA-1", "--area", "33.02"]).unwrap();
    quiet(&mut [&mut first, &mut second]);
    assert_eq!(shown(&mut second).len(), 2, "of its people there are some here");
}
