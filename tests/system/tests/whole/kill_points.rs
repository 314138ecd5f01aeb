//! One kill at each named point of the store: before a commit nothing of the act is there, after it everything is, and
//! what was printed as saved before stays.

use crate::common::{Office, RW, fill, open, quiet, register, someone, sync};
use payung_domain::{field::Kind, id::RecordId, nik::Nik};
use payung_store::{FAIL_POINTS, Store};
use payung_system_tests::{Phone, PhoneError, PhoneFiles, ledger::lost};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

/// The act that passes each point, and what shows in the store that it was done.
struct Act {
    name: &'static str,
    /// Told to the phone that is to be killed.
    command: Value,
    done: fn(&Store) -> bool,
}

/// A phone killed at `point` while it does `command`: nothing is printed for it.
fn killed_at(office: &Office, files: &PhoneFiles, point: &str, command: &Value) {
    let environment = [("PAYUNG_FAIL_AT", point)];
    let mut phone = office.start_with(files, &environment);
    match phone.ask(command) {
        Err(PhoneError::Gone) => assert!(!phone.wait().unwrap().success()),
        Err(error) => panic!("{point}: {error}"),
        Ok(_) => panic!("{point} was not passed"),
    }
}

#[test]
fn one_kill_at_each_named_point_loses_nothing_shown_as_saved() {
    let mut office = Office::open(21);
    let (mut other, other_files) = office.phone("lain");
    let (mut phone, files) = office.phone("ini");
    let (edited, disputed) = (register(&mut phone, &someone(0)), register(&mut phone, &someone(1)));
    quiet(&mut [&mut phone, &mut other]);
    // both write the mother's name: a conflict, which an official may decide with the document seen
    for (one, mother) in [(&mut other, "SUTINI WIDODO"), (&mut phone, "SUTINI LESTARI")] {
        let fields = json!({"mother_name": mother});
        one.ask(&json!({"do": "edit", "record": disputed["worker"], "fields": fields})).unwrap();
    }
    quiet(&mut [&mut other, &mut phone]);
    let open_conflicts = phone.ask(&json!({"do": "conflicts"})).unwrap();
    let conflict = open_conflicts[0].clone();
    assert_eq!(conflict["field"], "mother_name");
    let seen: Vec<Value> = conflict["candidates"].as_array().unwrap().clone();
    let seen: Vec<Value> = seen.iter().map(|one| json!({"device": one["device"], "n": one["n"]})).collect();
    let half = fill(&mut phone, &someone(3));
    let whole = fill(&mut phone, &someone(4));
    phone.close().unwrap();

    let area = format!("{RW}.001");
    let acts = [
        Act {
            name: "draft",
            command: json!({"do": "type", "draft": half, "field": "notes", "value": "di sebelah warung"}),
            done: |store| store.drafts().unwrap().iter().any(|draft| draft.fields.contains_key("notes")),
        },
        Act {
            name: "register",
            command: json!({"do": "register", "draft": whole, "area": area}),
            done: |store| !store.find_nik(&Nik::parse(&someone(4).nik).unwrap()).unwrap().is_empty(),
        },
        Act {
            name: "edit",
            command: json!({"do": "edit", "record": edited["worker"], "fields": {"phone": "0812-7777-0001"}}),
            done: |store| shows(store, 0, "phone", "+6281277770001"),
        },
        Act {
            name: "fact",
            command: json!({"do": "visit", "worker": edited["worker"], "outcome": "come_back"}),
            done: |store| visits(store, 0) > 0,
        },
        Act {
            name: "resolve",
            command: json!({
                "do": "resolve", "record": disputed["worker"], "field": "mother_name",
                "value": "SUTINI LESTARI", "seen": seen, "document": "kk",
            }),
            done: |store| store.conflicts().unwrap().iter().all(|conflict| conflict.decided),
        },
        Act { name: "number", command: json!({"do": "sync"}), done: |store| store.waiting().unwrap().new == 0 },
        Act {
            name: "reply",
            command: json!({"do": "sync"}),
            done: |store| store.waiting().unwrap().sent + store.waiting().unwrap().new == 0,
        },
        // the pace of the exchange is kept in every run
        Act { name: "meta", command: json!({"do": "sync"}), done: |_| true },
    ];
    let mut tried = BTreeSet::new();
    for act in &acts {
        tried.extend(killed_before_and_after(&office, &files, act));
    }
    tried.extend(killed_while_sending_again(&mut office));
    tried.extend(killed_while_bringing_over(&mut office));
    // points added to the store later must be tried here, too
    let untried: Vec<&&str> = FAIL_POINTS.iter().filter(|point| !tried.contains(**point)).collect();
    assert!(untried.is_empty(), "{untried:?}");

    let mut phone = office.start(&files);
    quiet(&mut [&mut phone, &mut other]);
    let unfinished = phone.ask(&json!({"do": "drafts"})).unwrap();
    assert_eq!(unfinished.as_array().unwrap().len(), 1, "the half-filled form is offered again");
    phone.close().unwrap();
    let store = open(&files);
    assert!(
        shows(&store, 0, "phone", "+6281277770001")
            && visits(&store, 0) == 1
            && shows(&store, 1, "mother_name", "SUTINI LESTARI")
    );
    drop(store);
    assert_eq!(lost(&other_files, &office.admin).unwrap(), 0);
    assert_eq!(lost(&files, &office.admin).unwrap(), 0);
}

fn killed_before_and_after(office: &Office, files: &PhoneFiles, act: &Act) -> [String; 2] {
    ["before_commit", "after_commit"].map(|when| {
        let point = format!("{}.{when}", act.name);
        let before = (act.done)(&open(files));
        killed_at(office, files, &point, &act.command);
        let store = open(files);
        let after = (act.done)(&store);
        match when {
            "before_commit" => assert_eq!(after, before, "{point}: nothing of it is there"),
            _ => assert!(after, "{point}: all of it is there"),
        }
        point
    })
}

/// On a phone of its own: what it registers outside its area is refused, and is sent again.
fn killed_while_sending_again(office: &mut Office) -> [String; 2] {
    let (mut phone, files) = office.phone("luar");
    let form = fill(&mut phone, &someone(9));
    phone.ask(&json!({"do": "register", "draft": form, "area": "33.02.24.1002.001.001"})).unwrap();
    sync(&mut phone);
    let refused = phone.ask(&json!({"do": "needs_fixing"})).unwrap();
    let refused = refused.as_array().unwrap().iter().find(|op| op["kind"] == "worker").unwrap().clone();
    assert_eq!(refused["code"], "area_foreign");
    phone.close().unwrap();
    let command = json!({"do": "retry", "op": refused["op"]});
    let done = |store: &Store| !store.needs_fixing().unwrap().iter().any(|op| op.kind == Kind::Worker);
    killed_before_and_after(office, &files, &Act { name: "reissue", command, done })
}

/// On a phone of its own: its file is found damaged, and what can be read of it is brought over at the next start.
fn killed_while_bringing_over(office: &mut Office) -> [String; 2] {
    [("before_commit", 10), ("after_commit", 12)].map(|(when, i)| {
        let point = format!("salvage.{when}");
        let (mut phone, files) = office.phone(when);
        register(&mut phone, &someone(i));
        fill(&mut phone, &someone(i + 1));
        phone.close().unwrap();
        // as left by whoever met a damaged page
        fs::write(files.folder.join("payung.db.found-damaged"), []).unwrap();
        let environment = [("PAYUNG_FAIL_AT", point.as_str())];
        let mut killed = Phone::launch(&office.binaries.phone, &files, &[], &environment).unwrap();
        assert!(matches!(killed.answer(), Err(PhoneError::Gone)), "{point} was not passed");
        killed.wait().unwrap();
        let mut phone = office.start(&files);
        assert_eq!(phone.ask(&json!({"do": "list"})).unwrap()[0]["name"], someone(i).name, "{point}");
        assert_eq!(phone.ask(&json!({"do": "drafts"})).unwrap().as_array().unwrap().len(), 1, "{point}");
        quiet(&mut [&mut phone]);
        phone.close().unwrap();
        assert_eq!(lost(&files, &office.admin).unwrap(), 0, "{point}");
        point
    })
}

/// The `i`th person's record.
fn worker(store: &Store, i: u64) -> RecordId {
    store.find_nik(&Nik::parse(&someone(i).nik).unwrap()).unwrap()[0]
}

fn shows(store: &Store, i: u64, field: &str, value: &str) -> bool {
    store.shown(worker(store, i)).unwrap().text(field) == Some(value)
}

fn visits(store: &Store, i: u64) -> usize {
    store.children(worker(store, i), &Kind::Visit).unwrap().len()
}
