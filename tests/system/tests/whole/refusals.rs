//! What is wrong is refused in words a person can act upon, and what was there before stays as it was.

use crate::common::{Office, fill, open, outstanding, quiet, refusal, register, someone, sync};
use payung_system_tests::{Phone, PhoneError, PhoneFiles, Server, ServerError, ledger::lost, scan::files};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

/// Every file of a folder with its bytes.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(folder).unwrap().into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

fn refused_to_open(office: &Office, files: &PhoneFiles, arguments: &[&str]) -> String {
    match Phone::start(&office.binaries.phone, files, arguments) {
        Err(PhoneError::Refused { code, .. }) => code,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it opened"),
    }
}

#[test]
fn wrong_database_key_is_refused_and_the_file_untouched() {
    let mut office = Office::open(41);
    let (mut phone, files) = office.phone("satu");
    register(&mut phone, &someone(0));
    phone.close().unwrap();
    let before = bytes(&files.folder);
    let mut wrong = files.clone();
    wrong.key[31] ^= 1;
    assert_eq!(refused_to_open(&office, &wrong, &[]), "wrong_key");
    assert_eq!(bytes(&files.folder), before);
    let mut phone = office.start(&files);
    assert_eq!(phone.ask(&json!({"do": "list"})).unwrap().as_array().unwrap().len(), 1);
    // one phone, one process
    assert_eq!(refused_to_open(&office, &files, &[]), "already_open");
}

#[test]
fn newer_schema_is_refused_and_the_file_untouched() {
    let mut office = Office::open(42);
    let files = office.files("satu");
    drop(open(&files));
    let database = files.folder.join("payung.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let key = hex::encode(files.key);
    connection.pragma_update(None, "key", format!("x'{key}'")).unwrap();
    connection.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(&database).unwrap();
    assert_eq!(refused_to_open(&office, &files, &[]), "newer_schema");
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn wrong_form_names_the_fields_and_keeps_the_draft() {
    let mut office = Office::open(43);
    let (mut phone, _) = office.phone("satu");
    let person = someone(0);
    let form = fill(&mut phone, &person);
    let wrong = [("nik", json!("33022415059")), ("birth.date", json!("1990-02-30")), ("income", json!("banyak"))];
    for (field, value) in &wrong {
        phone.ask(&json!({"do": "type", "draft": form, "field": field, "value": value})).unwrap();
    }
    let (code, fields) = refusal(phone.ask(&json!({"do": "register", "draft": form})));
    assert_eq!(code, "invalid_draft");
    let named: BTreeMap<&str, &str> = fields.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect();
    assert_eq!(named.get("nik"), Some(&"nik_length"), "{named:?}");
    assert_eq!(named.get("income"), Some(&"income_not_a_number"), "{named:?}");
    // an impossible date is told beside the NIK it could be read from
    assert_eq!(named.get("birth.date"), Some(&"date_invalid"), "{named:?}");
    let drafts = phone.ask(&json!({"do": "drafts"})).unwrap();
    for (field, value) in &wrong {
        assert_eq!(&drafts[0]["fields"][field], value, "{field} is kept as typed");
    }
    for (field, value) in person.form() {
        phone.ask(&json!({"do": "type", "draft": form, "field": field, "value": value})).unwrap();
    }
    phone.ask(&json!({"do": "register", "draft": form})).unwrap();
    assert_eq!(phone.ask(&json!({"do": "drafts"})).unwrap(), json!([]));
}

#[test]
fn full_disk_says_not_saved_and_keeps_what_was_saved() {
    let mut office = Office::open(44);
    let (mut phone, files) = office.phone("satu");
    register(&mut phone, &someone(0));
    phone.close().unwrap();
    let pages = fs::metadata(files.folder.join("payung.db")).unwrap().len() / 4096;
    let limit = (pages + 12).to_string();
    let mut phone = Phone::start(&office.binaries.phone, &files, &["--max-pages", &limit]).unwrap();
    let mut saved = 1;
    let code = (1..200).find_map(|i| {
        let form = phone.ask(&json!({"do": "open_form"}));
        let Ok(form) = form else { return Some(refusal(form).0) };
        for (field, value) in someone(i).form() {
            let typed = phone.ask(&json!({"do": "type", "draft": form["draft"], "field": field, "value": value}));
            if typed.is_err() {
                return Some(refusal(typed).0);
            }
        }
        let done = phone.ask(&json!({"do": "register", "draft": form["draft"]}));
        if done.is_err() {
            return Some(refusal(done).0);
        }
        saved += 1;
        None
    });
    assert_eq!(code.as_deref(), Some("not_saved"));
    phone.close().unwrap();
    // with space again everything that was shown as saved is there, and goes its way
    let mut phone = office.start(&files);
    let rows = phone.ask(&json!({"do": "list"})).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), saved);
    quiet(&mut [&mut phone]);
    assert_eq!(lost(&files, &office.admin).unwrap(), 0);
}

/// `payung` with these words: its standard error's lines, and that it failed.
fn failed(office: &Office, words: &[&str]) -> Vec<String> {
    let done = Command::new(&office.binaries.payung).args(words).output().unwrap();
    assert!(!done.status.success(), "{words:?} did not fail");
    String::from_utf8_lossy(&done.stderr).lines().map(str::to_owned).collect()
}

#[test]
fn serve_that_cannot_run_says_why_in_one_line_and_fails() {
    let mut office = Office::open(45);
    let data = office.data.display().to_string();
    let used = office.server.address.to_string();
    let fresh = office.folder.path().join("baru").display().to_string();
    let [line] = failed(&office, &["serve", "--data", &fresh, "--listen", &used]).try_into().unwrap();
    assert!(line.contains(&used), "{line}");
    assert!(!Path::new(&fresh).exists(), "a used port makes no data directory");

    let mistyped = office.folder.path().join("tidak/ada").display().to_string();
    let [line] = failed(&office, &["serve", "--data", &mistyped, "--listen", "127.0.0.1:0"]).try_into().unwrap();
    assert!(line.contains("does not exist"), "{line}");
    let other = office.folder.path().display().to_string();
    let [line] = failed(&office, &["serve", "--data", &other, "--listen", "127.0.0.1:0"]).try_into().unwrap();
    assert!(line.contains("not a Payung data directory"), "{line}");

    office.server.kill().unwrap();
    let database = office.data.join("payung.db");
    let version = |set: Option<u32>| {
        let connection = rusqlite::Connection::open(&database).unwrap();
        let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        set.inspect(|version| connection.pragma_update(None, "user_version", version).unwrap());
        found
    };
    let known = version(Some(99));
    let [line] = failed(&office, &["serve", "--data", &data, "--listen", "127.0.0.1:0"]).try_into().unwrap();
    assert!(line.contains("99"), "{line}");
    version(Some(known));

    // a key that cannot be read: here cut short, since root reads everything
    let key = files(&office.data.join("keys"))
        .unwrap()
        .into_iter()
        .find(|file| file.to_string_lossy().contains("master"))
        .unwrap();
    let whole = fs::read(&key).unwrap();
    fs::write(&key, &whole[..whole.len() / 2]).unwrap();
    let [line] = failed(&office, &["serve", "--data", &data, "--listen", "127.0.0.1:0"]).try_into().unwrap();
    assert!(line.contains(key.file_name().unwrap().to_str().unwrap()), "{line}");
    fs::write(&key, whole).unwrap();
    let log = office.server.log.clone();
    office.server = Server::start_at(&office.binaries.payung, &office.data, office.server.address, &log).unwrap();
}

#[test]
fn server_started_twice_on_one_address_leaves_the_first_alone() {
    let office = Office::open(46);
    let second = office.folder.path().join("dua");
    let log = office.folder.path().join("dua.log");
    let started = Server::start_at(&office.binaries.payung, &second, office.server.address, &log);
    assert!(!matches!(started, Err(ServerError::Silent)));
    assert!(TcpListener::bind(office.server.address).is_err(), "the first still listens");
}

#[test]
fn one_op_that_is_refused_stops_no_other() {
    let mut office = Office::open(47);
    let (mut phone, files) = office.phone("satu");
    register(&mut phone, &someone(0));
    let form = fill(&mut phone, &someone(1));
    // the neighbouring village is not this official's
    let foreign = phone.ask(&json!({"do": "register", "draft": form, "area": "33.02.24.1002.001.001"})).unwrap();
    register(&mut phone, &someone(2));
    let report = sync(&mut phone);
    assert!(report["refused"].as_u64().unwrap() >= 1, "{report}");
    let fixing = phone.ask(&json!({"do": "needs_fixing"})).unwrap();
    let named: Vec<&Value> = fixing.as_array().unwrap().iter().map(|op| &op["record"]).collect();
    assert!(named.contains(&&foreign["worker"]));
    assert!(fixing.as_array().unwrap().iter().all(|op| op["code"].is_string()), "each with its reason");
    let workers = office.admin.act(&["workers"]).unwrap();
    assert_eq!(workers.as_array().unwrap().len(), 2, "the other two are there");
    // the refused stays on the phone, shown and marked, and nothing of it is lost
    let rows = phone.ask(&json!({"do": "list"})).unwrap();
    let refused: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["refused"] == true).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["worker"], foreign["worker"]);
    assert_eq!(outstanding(&mut phone), outstanding(&mut phone));
    drop(files);
}
