//! What the doctor finds.

use super::super::*;
use crate::service::tests::office::*;
use rusqlite::Connection;

/// An office with something in it, closed.
fn closed() -> (tempfile::TempDir, DataDir) {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let enroll = phone.enroll(&office, record(2), record(1));
    let submit = phone.event(&office, record(3), record(2), "submit", &[]);
    assert!(applied(&phone.send(&office, &[worker, enroll, submit])));
    let Office { dir, service, .. } = office;
    drop(service);
    let data = DataDir::new(dir.path().join("data"));
    (dir, data)
}

fn ill(dir: &DataDir) -> Vec<String> {
    doctor(dir).into_iter().filter(|check| !check.ok).map(|check| format!("{}: {}", check.what, check.found)).collect()
}

fn sql(dir: &DataDir, sql: &str) {
    let connection = Connection::open(dir.database()).expect("the database");
    assert!(connection.execute(sql, []).expect("done") > 0, "{sql}");
}

#[test]
fn sound_directory_is_sound_and_unchanged_by_looking() {
    let (_folder, dir) = closed();
    let before = glance(&dir.database()).expect("looked");
    assert_eq!(ill(&dir), Vec::<String>::new());
    assert_eq!(glance(&dir.database()).expect("looked"), before);
    let warned: Vec<_> = doctor(&dir).into_iter().filter(|check| check.warning).map(|check| check.what).collect();
    assert_eq!(warned, ["root"], "the root's secret still lies there");
}

#[test]
fn each_damage_is_found_and_named() {
    let cases = [
        ("UPDATE audit SET detail = '{}' WHERE seq = 2", "audit: line 2 was changed"),
        ("DELETE FROM audit WHERE seq = 2", "audit: line 2 is missing"),
        ("UPDATE area SET checksum = checksum + 1 WHERE records > 1", "areas: area 33.02.24.1001.005.003"),
        ("UPDATE record SET version = version + 1 WHERE kind = 'worker'", "areas: area 33.02.24.1001.005.003"),
        ("UPDATE record SET status = 'active' WHERE kind = 'enrollment'", "sealed: record"),
        ("UPDATE record SET state = zeroblob(80) WHERE kind = 'worker'", "sealed: record"),
        ("UPDATE op SET hash = zeroblob(8) WHERE n = 1", "sealed: op 1"),
        ("DELETE FROM record WHERE kind = 'worker'", "history: "),
        ("UPDATE village SET seq = 1", "feeds: village 33.02.24.1001"),
        ("UPDATE record SET seq = 2", "feeds: village 33.02.24.1001"),
        ("DELETE FROM op WHERE n = 1", "history: "),
        ("UPDATE nik_claim SET record = zeroblob(16)", "history: "),
        ("UPDATE meta SET value = value + 1 WHERE key = 'journal'", "journal: it ends at act"),
    ];
    for (damage, told) in cases {
        let (_folder, dir) = closed();
        sql(&dir, damage);
        let ill = ill(&dir);
        assert!(ill.iter().any(|line| line.starts_with(told)), "{damage}: {ill:?}");
        assert!(!ill.join(" ").contains("SUPARNO") && !ill.join(" ").contains(&nik(1)), "{ill:?}");
    }
}

#[test]
fn blob_moved_to_another_row_does_not_open() {
    let (_folder, dir) = closed();
    sql(&dir, "UPDATE record SET state = (SELECT state FROM record WHERE kind = 'enrollment') WHERE kind = 'worker'");
    assert!(ill(&dir).iter().any(|line| line.starts_with("sealed: record")));
}

#[test]
fn broken_page_is_found() {
    let (_folder, dir) = closed();
    Connection::open(dir.database())
        .expect("the database")
        .pragma_update(None, "journal_mode", "DELETE")
        .expect("folded");
    let mut bytes = fs::read(dir.database()).expect("the file");
    let page = bytes.len() / 2 / 4096 * 4096;
    bytes[page..page + 4096].fill(0xA5);
    fs::write(dir.database(), bytes).expect("written");
    assert!(
        ill(&dir).iter().any(|line| line.starts_with("pages: ") || line.starts_with("database: ")),
        "{:?}",
        ill(&dir)
    );
}

#[test]
fn open_or_damaged_keys_are_found() {
    let (_folder, dir) = closed();
    let master = dir.keys().join("master.key");
    fs::set_permissions(&master, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("opened up");
    assert!(ill(&dir).iter().any(|line| line.starts_with("permissions: ") && line.contains("master.key")));
    fs::write(&master, "no key").expect("written");
    let told = ill(&dir);
    assert!(told.iter().any(|line| line.starts_with("keys: ") && line.contains("master.key")), "{told:?}");
    // another master key is no damage of the file, and is found all the same
    fs::write(&master, hex::encode([3; 32])).expect("written");
    assert!(ill(&dir).iter().any(|line| line.starts_with("sealed: ")));
}

#[test]
fn cut_or_holed_journal_is_found() {
    let (_folder, dir) = closed();
    let text = fs::read_to_string(dir.journal()).expect("the journal");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() >= 3);
    fs::write(dir.journal(), lines[..lines.len() - 1].join("\n") + "\n").expect("cut");
    assert!(ill(&dir).iter().any(|line| line.starts_with("journal: it ends at act")), "{:?}", ill(&dir));
    let holed = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    fs::write(dir.journal(), holed).expect("holed");
    assert!(ill(&dir).iter().any(|line| line.contains("act 2 is missing")), "{:?}", ill(&dir));
}

#[test]
fn no_server_is_one_line() {
    let told = ill(&DataDir::new("/nonexistent/payung"));
    assert_eq!(told, ["directory: /nonexistent/payung is not a Payung data directory"]);
}

#[test]
fn photos_that_are_not_there_are_a_warning_and_a_wrong_setting_is_an_ill() {
    let (_folder, dir) = closed();
    sql(&dir, "INSERT INTO media (hash, record) VALUES (zeroblob(32), zeroblob(16))");
    let told = |dir: &DataDir| doctor(dir).into_iter().find(|check| check.what == "media").expect("looked");
    let media = told(&dir);
    assert!(media.ok && media.warning && media.found.contains("records name 1, 1 of them not there"), "{media:?}");
    fs::write(dir.settings(), "[media]\nstore = \"tape\"\n").expect("written");
    let media = told(&dir);
    assert!(!media.ok && media.found.contains("media.store is neither"), "{media:?}");
}
