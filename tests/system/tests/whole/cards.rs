//! M5, the membership card: from the branch's proof to another official's phone, verified there and by a clinic without a network.

use crate::common::{Office, RW, quiet, register, someone, today};
use payung_system_tests::{Phone, ledger::text, server::request};
use serde_json::{Value, json};
use std::fs;

/// Everyone registered is verified, exported, numbered and paid for, from today for two months.
fn paid_by_the_branch(office: &Office) {
    office.admin.act(&["verify", "--all", "--area", RW]).unwrap();
    let export = office.folder.path().join("ekspor.csv").display().to_string();
    let exported = office.admin.act(&["export", "--out", &export]).unwrap();
    let references: Vec<&str> =
        exported["enrollments"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let head = "REFERENSI;JAWABAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;TERLINDUNGI MULAI;TERLINDUNGI SAMPAI";
    let file = office.folder.path().join("jawaban.csv");
    let import = |lines: Vec<String>| {
        fs::write(&file, format!("{head}\n{}\n", lines.join("\n"))).unwrap();
        office.admin.act(&["import", &file.display().to_string()]).unwrap();
    };
    let numbered = |(n, reference): (usize, &&str)| {
        format!("{reference};BERNOMOR;{:011};88000000000{n};100800;31-12-2199;;", 99_000_000_000_usize + n)
    };
    import(references.iter().enumerate().map(numbered).collect());
    let (from, until) = (today().format("%d-%m-%Y"), (today() + chrono::Months::new(1)).format("%m-%Y"));
    import(references.iter().map(|reference| format!("{reference};LUNAS;;;;;{from};{until}")).collect());
}

fn card(phone: &mut Phone, worker: &Value) -> Value {
    phone.ask(&json!({"do": "card", "worker": worker})).unwrap()
}

fn judged(phone: &mut Phone, text: &str) -> (String, Vec<String>) {
    let verdict = phone.ask(&json!({"do": "verify_card", "text": text})).unwrap();
    (self::text(&verdict, "light"), serde_json::from_value(verdict["codes"].clone()).unwrap())
}

#[test]
fn card_reaches_the_other_officials_phone_with_the_branchs_proof_and_is_verified_offline_until_it_is_taken_back() {
    let mut office = Office::open(61);
    let (mut writer, _) = office.phone("satu");
    let (mut reader, _) = office.phone("dua");
    let worker = register(&mut writer, &someone(0))["worker"].clone();
    quiet(&mut [&mut writer, &mut reader]);
    assert_eq!(card(&mut reader, &worker), Value::Null, "captured is not covered");
    paid_by_the_branch(&office);
    office.admin.act(&["cards", "keep"]).unwrap();
    quiet(&mut [&mut writer, &mut reader]);

    let issued = card(&mut reader, &worker);
    let code = text(&issued, "text");
    assert_eq!(judged(&mut reader, &code), ("green".to_owned(), Vec::new()));
    let mut forged = code.clone().into_bytes();
    let at = forged.len() / 2;
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(judged(&mut reader, &String::from_utf8(forged).unwrap()).0, "red");
    assert_eq!(judged(&mut reader, &code[..code.len() / 2]).0, "red");

    // what a clinic holds that never joined: both lists by plain HTTP, and the program
    let out = office.folder.path().join("klinik");
    fs::create_dir(&out).unwrap();
    let fetch = |path: &str, name: &str| {
        let answer = request(office.server.address, "GET", path, &[], b"").unwrap();
        assert_eq!(answer.status, 200, "{path}");
        fs::write(out.join(name), answer.body).unwrap();
        out.join(name).display().to_string()
    };
    let (keys, list) = (fetch("/v1/cards/keys", "cards.txt"), fetch("/s/3302", "3302.cwt"));
    let root = text(&office.admin.act(&["keys", "show"]).unwrap(), "root");
    let program = |list: &str| {
        let mut command = std::process::Command::new(&office.binaries.payung);
        command.args(["card", "verify", &code, "--keys", &keys, "--root", &root, "--list", list]);
        command.output().unwrap().status.code()
    };
    assert_eq!(program(&list), Some(0));
    for path in ["/s/3301", "/s/33.02", "/s/33021", "/s/", "/s/..%2f"] {
        assert_eq!(request(office.server.address, "GET", path, &[], b"").unwrap().status, 404, "{path}");
    }

    // lost on the way home
    let record = worker.as_str().unwrap();
    let replaced = office.admin.act(&["cards", "replace", record, "--reason", "lost"]).unwrap();
    assert_eq!(text(&replaced, "revoked"), text(&issued, "id"));
    office.admin.act(&["cards", "keep"]).unwrap();
    quiet(&mut [&mut writer, &mut reader]);
    assert_eq!(judged(&mut reader, &code), ("red".to_owned(), vec!["revoked".to_owned()]));
    let another = text(&card(&mut reader, &worker), "text");
    assert_eq!(judged(&mut reader, &another).0, "green");
    assert_eq!(program(&fetch("/s/3302", "3302.cwt")), Some(4));

    // on paper
    let sheets = office.folder.path().join("cetak").display().to_string();
    let print = ["cards", "print", record, "--out", &sheets, "--branch", "Kantor Cabang Contoh, 0281 000000"];
    let printed = office.admin.act(&[&print[..], &["--feedback", "RT/RW Anda"]].concat()).unwrap();
    let file = printed["files"][0].as_str().unwrap();
    assert!(fs::read(file).unwrap().starts_with(b"%PDF-1.7"));
    assert!(office.admin.act(&["cards", "replace", record, "--reason", "Nama Orang"]).is_err());
}
