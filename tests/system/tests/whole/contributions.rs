//! M7, contributions as data, and M13, officials as participants: published by the office, reckoned with offline on the phones.

use crate::common::{Office, RW, fill, quiet, refusal, someone, sync, today};
use payung_system_tests::{Phone, ledger::text};
use serde_json::{Value, json};
use std::fs;

fn quoted(phone: &mut Phone, form: &Value) -> (String, i64) {
    let quote = phone.ask(&json!({"do": "quote", "draft": form})).unwrap();
    (text(&quote, "table_version"), quote["total"].as_i64().unwrap())
}

#[test]
fn table_published_by_the_office_prices_the_next_registration_and_leaves_the_one_before() {
    let mut office = Office::open(91);
    let (mut phone, _) = office.phone("satu");
    let old = fill(&mut phone, &someone(0));
    let (before, price) = quoted(&mut phone, &old);
    phone.ask(&json!({"do": "register", "draft": old, "area": format!("{RW}.001")})).unwrap();

    let file = office.folder.path().join("iuran.json");
    let name = file.display().to_string();
    let publish = ["reference", "contribution", "--area", "33", &name];
    let mut table = office.admin.act(&["reference", "show"]).unwrap();
    table["version"] = json!("uji-1");
    table["valid_from"] = json!(today().format("%Y-%m").to_string());
    // every fault is told and nothing is published
    let mut wrong = table.clone();
    wrong["terms"] = json!([]);
    wrong["tiers"][2]["jkk_monthly"] = json!(-5);
    fs::write(&file, wrong.to_string()).unwrap();
    let told = office.admin.act(&publish).unwrap_err().to_string();
    assert!(told.contains("terms are not") && told.contains("not a positive number"), "{told}");
    fs::write(&file, "{\"version\": 1}").unwrap();
    office.admin.act(&publish).unwrap_err();

    for tier in table["tiers"].as_array_mut().unwrap() {
        tier["jkm_monthly"] = json!(tier["jkm_monthly"].as_i64().unwrap() + 1_000);
    }
    table["discounts"] = json!([]);
    fs::write(&file, table.to_string()).unwrap();
    office.admin.act(&publish).unwrap();
    // the same again is nothing, another table of that name is refused
    office.admin.act(&publish).unwrap();
    table["terms"] = json!([1]);
    fs::write(&file, table.to_string()).unwrap();
    assert!(office.admin.act(&publish).unwrap_err().to_string().contains("use a new version"));

    let new = fill(&mut phone, &someone(0));
    assert_eq!(quoted(&mut phone, &new), (before.clone(), price), "not heard of yet");
    quiet(&mut [&mut phone]);
    let (after, dearer) = quoted(&mut phone, &new);
    assert_eq!(after, "uji-1");
    assert!(dearer > price);
    // who was priced before keeps the price, here and at the office
    let workers = office.admin.act(&["workers"]).unwrap();
    assert_eq!(workers[0]["total"].as_i64(), Some(price));
    let shown = phone.ask(&json!({"do": "list"})).unwrap();
    assert_eq!(shown[0]["due"]["quoted"].as_i64(), Some(price));
}

#[test]
fn office_sees_which_of_its_officials_are_registered_themselves() {
    let mut office = Office::open(92);
    let (mut first, _) = office.phone("satu");
    let (mut second, _) = office.phone("dua");
    let form = fill(&mut first, &someone(3));
    first.ask(&json!({"do": "type", "draft": form, "field": "self", "value": true})).unwrap();
    first.ask(&json!({"do": "register", "draft": form, "area": format!("{RW}.001")})).unwrap();
    sync(&mut first);
    sync(&mut second);
    let told = office.admin.act(&["officials"]).unwrap();
    let of = |name: &str| {
        let all = told["officials"].as_array().unwrap();
        all.iter().find(|one| text(one, "name").eq_ignore_ascii_case(name)).unwrap()["phase"].clone()
    };
    assert_eq!((of("satu"), of("dua"), told["covered"].as_u64()), (json!("received"), Value::Null, Some(0)));
    let nobody = first.ask(&json!({"do": "type", "draft": 999, "field": "self", "value": true}));
    assert_eq!(refusal(nobody).0, "not_found");
}
