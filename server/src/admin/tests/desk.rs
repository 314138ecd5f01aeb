//! What a person decides: conflicts, duplicates, held ops, verifying, returning.

use super::*;
use payung_domain::op::{Op, OutcomeStatus};

/// Two phones write different names; both wait.
fn disputed(office: &Office) -> (Phone, Phone, RecordId) {
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let enrollment = register(office, &mut one, 1, "SUPARNO");
    other.pull(office);
    let (first, second) =
        (one.edit(office, record(1), "name", "SUPARNO A"), other.edit(office, record(1), "name", "SUPARNO B"));
    one.send(office, &[first]);
    other.send(office, &[second]);
    (one, other, enrollment)
}

#[test]
fn conflict_is_listed_with_its_candidates_and_settled_by_number() {
    let office = Office::new();
    let (_, other, enrollment) = disputed(&office);
    let open = done(&office, &["conflicts"]);
    assert_eq!(open.as_array().expect("a list").len(), 1);
    assert_eq!(
        (open[0]["field"].as_str(), open[0]["record"].as_str()),
        (Some("name"), Some(record(1).to_string().as_str()))
    );
    let candidates = open[0]["candidates"].as_array().expect("candidates");
    let number = 1 + candidates.iter().position(|one| one["device"] == other.device.to_string()).expect("theirs");
    assert_eq!(candidates[number - 1]["value"], "SUPARNO B");
    let table = as_other(&office, "Operator Cabang", &["conflicts", "list"]).expect("listed");
    assert!(table.contains("SUPARNO A") && table.contains("SUPARNO B"), "{table}");

    let blocked = refused(&office, &["conflicts", "resolve", &record(1).to_string(), "name", "--take", "3"]);
    assert!(blocked.contains("1 to 2"), "{blocked}");
    let verified = done(&office, &["verify", "--all"]);
    assert_eq!(verified["blocked"][0]["why"][0], "conflict_open");

    done(&office, &["conflicts", "resolve", &record(1).to_string(), "name", "--take", &number.to_string()]);
    assert_eq!(office.record(record(1)).value("name"), "SUPARNO B");
    assert_eq!(done(&office, &["conflicts"]), serde_json::json!([]));
    assert_eq!(done(&office, &["verify", "--all"])["verified"][0], enrollment.to_string());
    let gone = refused(&office, &["conflicts", "resolve", &record(1).to_string(), "name", "--take", "1"]);
    assert!(gone.contains("no open conflict"), "{gone}");
}

#[test]
fn typed_value_settles_and_a_wrong_one_is_refused_unrepeated() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    register(&office, &mut one, 1, "SUPARNO");
    other.pull(&office);
    let (first, second) = (one.edit(&office, record(1), "nik", nik(2)), other.edit(&office, record(1), "nik", nik(3)));
    one.send(&office, &[first]);
    other.send(&office, &[second]);
    let resolve =
        |value: &str| admin(&office, &["conflicts", "resolve", &record(1).to_string(), "nik", "--value", value]);
    let wrong = resolve("33022415099").expect_err("too short");
    assert!(!wrong.contains("33022415099"), "{wrong}");
    resolve(&nik(4)).expect("settled");
    // text, although JSON would read a number
    assert_eq!(office.record(record(1)).value("nik"), nik(4).as_str());
}

#[test]
fn field_of_several_parts_is_settled_as_json() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    register(&office, &mut one, 1, "SUPARNO");
    other.pull(&office);
    let birth = |day: &str| serde_json::json!({"date": day, "place": "Banyumas", "sex": "male"});
    let (first, second) = (
        one.edit(&office, record(1), "birth", birth("1990-09-16")),
        other.edit(&office, record(1), "birth", birth("1990-09-17")),
    );
    one.send(&office, &[first]);
    other.send(&office, &[second]);
    let value = birth("1990-09-18");
    done(&office, &["conflicts", "resolve", &record(1).to_string(), "birth", "--value", &value.to_string()]);
    assert_eq!(office.record(record(1)).value("birth"), &value);
}

#[test]
fn duplicate_is_linked_unlinked_and_kept_apart() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[TELUK]));
    let first = register(&office, &mut one, 1, "SUPARNO");
    let worker = other.worker_in(&office, record(11), &nik(1), "SUPARNA", TELUK);
    let mut enroll = other.enroll(&office, record(12), record(11));
    let mut submit = other.event(&office, record(13), record(12), "submit", &[]);
    (enroll.area, submit.area) = (area(TELUK), area(TELUK));
    other.send(&office, &[worker, enroll, submit]);
    let open = done(&office, &["duplicates"]);
    assert_eq!(
        (&open[0]["later"]["record"], &open[0]["earlier"]["record"]),
        (&record(11).to_string().into(), &record(1).to_string().into())
    );
    assert_eq!(open[0]["later"]["nik"], "3302********9001");
    assert!(
        done(&office, &["verify", "--all"])["verified"].as_array().expect("a list").is_empty(),
        "nothing under review"
    );

    let (a, b) = (record(11).to_string(), record(1).to_string());
    done(&office, &["duplicates", "link", &a, &b]);
    assert_eq!(office.record(record(11)).alias.expect("linked").survivor, record(1));
    assert_eq!(state(&office, record(12)), "closed");
    assert_eq!(done(&office, &["duplicates"]), serde_json::json!([]));
    assert_eq!(done(&office, &["duplicates", "list", "--all"])[0]["state"], "linked");
    done(&office, &["duplicates", "unlink", &a]);
    assert!(office.record(record(11)).alias.is_none());
    assert_eq!(state(&office, record(12)), "received");
    assert!(refused(&office, &["duplicates", "unlink", &a]).contains("not_linked"));
    assert_eq!(state(&office, first), "received");
}

#[test]
fn pair_kept_apart_is_free_whichever_is_named_first() {
    for turned in [false, true] {
        let office = Office::new();
        let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[TELUK]));
        register(&office, &mut one, 1, "SUPARNO");
        let worker = other.worker_in(&office, record(11), &nik(1), "SUPARNA", TELUK);
        other.send(&office, &[worker]);
        let mut pair = [record(11).to_string(), record(1).to_string()];
        if turned {
            pair.reverse();
        }
        done(&office, &["duplicates", "keep", &pair[0], &pair[1]]);
        assert_eq!(done(&office, &["duplicates"]), serde_json::json!([]), "turned: {turned}");
        assert_eq!(done(&office, &["verify", "--all"])["verified"].as_array().expect("a list").len(), 1);
    }
}

/// A revoked phone's op, held.
fn held(office: &Office) -> (Phone, Op) {
    let mut phone = office.phone(&[RT3]);
    register(office, &mut phone, 1, "SUPARNO");
    done(office, &["revoke", &phone.device.to_string()]);
    let op = phone.edit(office, record(1), "notes", "terlambat");
    let outcome = &phone.send(office, std::slice::from_ref(&op))[0];
    assert_eq!(outcome.status, OutcomeStatus::Held);
    (phone, op)
}

#[test]
fn held_op_is_released_by_a_person() {
    let office = Office::new();
    let (phone, op) = held(&office);
    let list = done(&office, &["held"]);
    assert_eq!((&list[0]["code"], &list[0]["n"]), (&"device_revoked".into(), &op.n.into()));
    done(&office, &["held", "release", &phone.device.to_string(), &op.n.to_string()]);
    assert_eq!(office.record(record(1)).value("notes"), "terlambat");
    assert_eq!(done(&office, &["held"]), serde_json::json!([]));
    let gone = refused(&office, &["held", "release", &phone.device.to_string(), &op.n.to_string()]);
    assert!(gone.contains("not held"), "{gone}");
}

#[test]
fn held_op_is_turned_down_with_a_code() {
    let office = Office::new();
    let (phone, op) = held(&office);
    done(&office, &["held", "refuse", &phone.device.to_string(), &op.n.to_string(), "--code", "not_yours"]);
    let reply = phone.ask(&office, &[op]);
    assert_eq!(status(&reply.outcomes[0]), (OutcomeStatus::Refused, Some("not_yours")));
    assert!(office.record(record(1)).value("notes").is_null());
}

#[test]
fn ops_set_aside_are_listed_marked_and_taken_or_dropped() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1, "SUPARNO");
    let mut copies = [phone.clone(), phone.clone()];
    let own = phone.edit(&office, record(1), "notes", "asli");
    assert!(applied(&phone.send(&office, &[own])));
    // two copies of the phone use the number for a person each
    for (n, copy) in (21..).zip(&mut copies) {
        let name = format!("SUTINAH {n}");
        let op = copy.worker(&office, record(n), &nik(u32::try_from(n).expect("small")), &name);
        copy.send(&office, &[op]);
    }
    let list = done(&office, &["held"]);
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert!((0..2).all(|at| list[at]["set_aside"] == true && list[at]["code"] == "op_reused"), "{list}");
    let (device, n) = (phone.device.to_string(), list[0]["n"].to_string());
    let several = refused(&office, &["held", "release", &device, &n]);
    assert!(several.contains("--hash"), "{several}");
    let hash = |at: usize| list[at]["hash"].as_str().expect("a hash").to_owned();
    done(&office, &["held", "release", &device, &n, "--hash", &hash(0)]);
    assert_eq!(office.record(record(21)).text("name"), Some("SUTINAH 21"));
    let dropped = done(&office, &["held", "refuse", &device, &n, "--code", "not_yours"]);
    assert_eq!((&dropped["set_aside"], &dropped["code"]), (&true.into(), &"not_yours".into()));
    assert!(office.find(record(22)).is_none());
    assert_eq!(done(&office, &["held"]), serde_json::json!([]));
}

#[test]
fn list_of_workers_masks_niks_and_is_searched() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3, RT4]);
    let first = register(&office, &mut phone, 1, "SUPARNO HADI");
    register_in(&office, &mut phone, 11, "TARSIM", RT4);
    let rows = |args: &[&str]| done(&office, &[&["workers"], args].concat()).as_array().expect("a list").len();
    assert_eq!((rows(&[]), rows(&["--area", RT4]), rows(&["--area", VILLAGE]), rows(&["--area", TELUK])), (2, 1, 2, 0));
    assert_eq!((rows(&["--name", "hadi suparno"]), rows(&["--name", "hadi tarsim"])), (1, 0));
    assert_eq!((rows(&["--nik", &nik(11)]), rows(&["--nik", &nik(99)])), (1, 0));
    done(&office, &["verify", &first.to_string()]);
    assert_eq!((rows(&["--state", "verified"]), rows(&["--state", "received"])), (1, 1));
    let json = done(&office, &["workers"]).to_string();
    let table = as_other(&office, "Operator Cabang", &["workers"]).expect("listed");
    for text in [&json, &table] {
        assert!(text.contains("SUPARNO HADI") && text.contains("3302********9001"), "{text}");
        assert!(!text.contains(&nik(1)) && !text.contains(&nik(11)));
    }
    let wrong = refused(&office, &["workers", "--nik", "330224150"]);
    assert!(!wrong.contains("330224150"), "{wrong}");
}

#[test]
fn record_is_shown_with_all_that_was_received_for_it() {
    let office = Office::new();
    let (_, _, _) = disputed(&office);
    let shown = done(&office, &["show", &record(1).to_string(), &record(2).to_string()]);
    assert_eq!(shown[0]["body"]["name"], "SUPARNO A");
    let names: Vec<&str> =
        shown[0]["history"].as_array().expect("a list").iter().filter_map(|op| op["set"]["name"].as_str()).collect();
    assert_eq!(names, ["SUPARNO", "SUPARNO A", "SUPARNO B"]);
    assert_eq!(shown[0]["conflicts"]["name"]["candidates"].as_array().expect("a list").len(), 2);
    assert_eq!(shown[1]["kind"], "enrollment");
    assert!(refused(&office, &["show", &record(99).to_string()]).contains("no such record"));
}

#[test]
fn enrolment_is_sent_back_with_a_known_reason_only() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let enrollment = register(&office, &mut phone, 1, "SUPARNO").to_string();
    let unknown = refused(&office, &["return", &enrollment, "--code", "because"]);
    assert!(unknown.contains("name_mismatch"), "{unknown}");
    done(&office, &["return", &enrollment, "--code", "name_mismatch", "--note", "lihat KTP"]);
    phone.pull(&office);
    assert_eq!(phone.shown(record(2), "returned"), serde_json::json!({"code": "name_mismatch", "text": "lihat KTP"}));
    let again = refused(&office, &["return", &enrollment, "--code", "name_mismatch"]);
    assert!(again.contains("transition_refused"), "{again}");
    done(&office, &["close", &enrollment, "--how", "age-over"]);
    assert_eq!(state(&office, record(2)), "closed");
}

#[test]
fn verifying_names_what_is_not_there() {
    let office = Office::new();
    assert!(refused(&office, &["verify"]).contains("--all"));
    assert!(refused(&office, &["verify", &record(7).to_string()]).contains(&record(7).to_string()));
}

#[test]
fn record_is_handed_to_another_area() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3, RT4]);
    let enrollment = register(&office, &mut phone, 1, "SUPARNO");
    done(&office, &["move", &record(1).to_string(), "--to", RT4]);
    assert_eq!(office.record(enrollment).area, area(RT4));
}

#[test]
fn coverage_counts_each_person_once() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3, RT4]);
    let first = register(&office, &mut phone, 1, "SUPARNO");
    register_in(&office, &mut phone, 11, "TARSIM", RT4);
    register(&office, &mut phone, 21, "DARSONO");
    // closed, and enrolled anew: one person
    done(&office, &["close", &first.to_string(), "--how", "left"]);
    let enroll = phone.enroll(&office, record(4), record(1));
    let submit = phone.event(&office, record(5), record(4), "submit", &[]);
    assert!(applied(&phone.send(&office, &[enroll, submit])));
    let counts = done(&office, &["coverage"]);
    let line = |at: usize| {
        (counts["areas"][at]["area"].as_str().expect("text").to_owned(), counts["areas"][at]["registered"].clone())
    };
    assert_eq!((line(0), line(1)), ((RT3.to_owned(), 2.into()), (RT4.to_owned(), 1.into())));
    assert_eq!(
        (&counts["total"]["registered"], &counts["total"]["at_office"], &counts["total"]["over"]),
        (&3.into(), &3.into(), &0.into())
    );
    let village = done(&office, &["coverage", "--by", "village"]);
    assert_eq!((&village["areas"][0]["area"], &village["areas"][0]["registered"]), (&VILLAGE.into(), &3.into()));
}

#[test]
fn erased_person_is_in_no_list_and_the_command_may_be_done_again() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1, "SUPARNO");
    register(&office, &mut phone, 11, "SUMARNI");
    let erase = ["erase", &record(1).to_string(), "--reason", "consent_withdrawn"].map(str::to_owned);
    let erase: Vec<&str> = erase.iter().map(String::as_str).collect();
    assert_eq!(done(&office, &erase)["erased"], 3);
    assert_eq!(done(&office, &erase)["erased"], 0);
    assert_eq!(done(&office, &["workers"]).as_array().expect("a list").len(), 1);
    assert!(refused(&office, &["show", &record(1).to_string()]).contains("record"));
    assert_eq!(done(&office, &["offered"]), serde_json::json!([]));
}

#[test]
fn sponsor_is_told_who_it_pays_for_and_how_much_in_which_month() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let save =
        ["agreement", "save", "CSR-1", "--sponsor", "PT Contoh", "--payer", "csr", "--quota", "1", "--months", "3"];
    let save = [&save[..], &["--start", "2026-12", "--area", "33.02"]].concat();
    assert_eq!(done(&office, &save)["share"], 1);
    for (n, name) in [(10, "SUPARNO"), (20, "SUTINAH")] {
        let worker = phone.worker(&office, record(n), &nik(u32::try_from(n).expect("small")), name);
        let mut enroll = phone.enroll(&office, record(n + 1), record(n));
        let cover = enroll.set.get_mut("cover").and_then(Value::as_object_mut).expect("a cover");
        cover.extend([("payer".to_owned(), "csr".into()), ("agreement".to_owned(), "CSR-1".into())]);
        let submit = phone.event(&office, record(n + 2), record(n + 1), "submit", &[]);
        assert!(applied(&phone.send(&office, &[worker, enroll, submit])));
    }
    let report = done(&office, &["agreement", "report", "CSR-1"]);
    let told: Vec<_> =
        report["people"].as_array().expect("a list").iter().map(|one| (&one["name"], &one["standing"])).collect();
    assert_eq!(told, [(&"SUPARNO".into(), &"in".into()), (&"SUTINAH".into(), &"over".into())]);
    // tier 1, a sponsor's discount until December: only who has a place is paid for
    assert_eq!(report["by_month"], serde_json::json!({ "2026-12": 8_400, "2027-01": 16_800, "2027-02": 16_800 }));
    assert_eq!(report["total"], 42_000);
    let list = done(&office, &["agreement", "list"]);
    assert_eq!((&list[0]["taken"], &list[0]["over"], &list[0]["ends_soon"]), (&1.into(), &1.into(), &false.into()));
    for ending in ["csv", "xlsx"] {
        let file = office.data().with_extension(ending);
        done(&office, &["agreement", "report", "CSR-1", "--out", file.to_str().expect("a path")]);
        let bytes = std::fs::read(&file).expect("written");
        // the sponsor reads names and masked NIKs, no whole one
        assert!(!bytes.windows(16).any(|window| window == nik(10).as_bytes()));
        assert!(bytes.len() > 100);
    }
    assert!(refused(&office, &["agreement", "report", "CSR-1", "--out", "list.pdf"]).contains(".csv or .xlsx"));
    assert!(refused(&office, &["agreement", "report", "CSR-9"]).contains("agreement list"));
    let (out, into) = (record(11).to_string(), record(21).to_string());
    done(&office, &["swap", &out, "--for", &into]);
    assert_eq!(done(&office, &["agreement", "report", "CSR-1"])["people"][1]["standing"], "in");
    assert!(refused(&office, &["swap", &out, "--for", &into]).contains("no_place"));
    let blocked = done(&office, &["verify", &out]);
    assert_eq!(blocked["blocked"][0]["why"][0], "agreement_unfit");
    done(&office, &["agreement", "end", "CSR-1"]);
    assert_ne!(done(&office, &["agreement", "list"])[0]["ended"], Value::Null);
}
