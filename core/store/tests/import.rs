//! A list an RT already had, brought onto a phone.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_domain::roster;
use payung_store::{Imported, Store};
use serde_json::json;

const LIST: &str = "nama;nik;tgl lahir;alamat\n\
    BUDI KARANGAN;3302241505909001;15-05-1990;Gang Contoh 5\n\
    SITI REKAAN;;17-08-1985;Gang Contoh 7\n\
    TARSIM REKAAN;3302241505909003;;\n";

fn import(store: &Store, list: &str) -> Imported {
    store.import(&roster::read(list.as_bytes()).unwrap(), NOW).unwrap()
}

#[test]
fn list_becomes_forms_before_joining_in_the_order_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let made = import(&store, LIST);
    assert_eq!(made.forms.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(made.known.is_empty() && made.forms.iter().all(|row| row.warnings.is_empty()));
    let forms = store.drafts().unwrap();
    let names: Vec<_> = forms.iter().map(|form| form.fields["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["BUDI KARANGAN", "SITI REKAAN", "TARSIM REKAAN"]);
    assert_eq!(forms[0].fields["birth.date"], json!("1990-05-15"));
    assert_eq!(forms[0].fields["import.line"], json!(2));
    assert_eq!(forms[0].id, made.forms[0].form);
    drop(store);
    assert_eq!(open(folder.path()).unwrap().drafts().unwrap(), forms);
}

#[test]
fn same_list_again_makes_no_second_forms_nor_for_whom_it_was_registered_since() {
    let phone = phone();
    let first = import(&phone, LIST);
    let again = import(&phone, LIST);
    assert!(again.forms.is_empty());
    let found: Vec<_> = again.known.iter().map(|row| row.form).collect();
    assert_eq!(found, first.forms.iter().map(|row| Some(row.form)).collect::<Vec<_>>());
    assert_eq!(phone.drafts().unwrap().len(), 3);
    // one is finished and registered, one thrown away: the first stays known, the other comes back
    let (budi, tarsim) = (first.forms[0].form, first.forms[2].form);
    let fields = form(9001, "Budi Karangan");
    let fields: Vec<(&str, &serde_json::Value)> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
    phone.set_draft_fields(budi, &fields, NOW).unwrap();
    let worker = register_draft(&phone, budi, ids()).unwrap().ids.worker;
    phone.discard_draft(tarsim).unwrap();
    let third = import(&phone, LIST);
    assert_eq!(third.known[0].worker, Some(worker));
    assert_eq!(third.forms.iter().map(|row| row.line).collect::<Vec<_>>(), [4]);
}

#[test]
fn nik_that_somebody_else_has_here_or_in_the_list_is_warned_about_and_nobody_is_dropped() {
    let phone = phone();
    let worker = register(&phone, 9001, "Budi Karangan").worker;
    let list = "nama,nik\nSITI LAIN,3302241505909001\nBudi Karangan,3302241505909001\n\
                TARSIM,3302241505909003\nDARSONO,3302241505909003\nTARSIM,3302241505909003\nBUDI KARANGAN,\n";
    let made = import(&phone, list);
    let told: Vec<_> = made.forms.iter().map(|row| (row.line, row.warnings.join(" "))).collect();
    let warned = |line: u64, codes: &str| (line, codes.to_owned());
    assert_eq!(
        told,
        [
            warned(2, "nik_on_this_phone"),
            warned(4, ""),
            warned(5, "nik_twice_in_list"),
            warned(7, "name_on_this_phone"),
        ]
    );
    let known: Vec<_> = made.known.iter().map(|row| (row.line, row.form, row.worker)).collect();
    assert_eq!(known, [(3, None, Some(worker)), (6, Some(made.forms[1].form), None)]);
    let siti = phone.draft(made.forms[0].form).unwrap();
    assert_eq!(siti.fields["import.warnings"], json!(["nik_on_this_phone"]));
    assert!(import(&phone, list).forms.is_empty());
}

#[test]
fn whole_list_is_saved_or_nothing_and_two_thousand_people_are_taken() {
    let phone = phone();
    let many = (0..2000).map(|number| format!("ORANG {number},{number}")).collect::<Vec<_>>().join("\n");
    assert_eq!(import(&phone, &format!("nama,alamat\n{many}")).forms.len(), 2000);
    assert_eq!(phone.counts().unwrap().drafts, 2000);
    assert!(roster::read(format!("nama,nik\n{many}").as_bytes()).is_err());
    assert_eq!(phone.counts().unwrap().drafts, 2000);
}
