//! The real binary's tools: what fails ends non-zero, with what is wrong and what to do next, and names nobody.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn payung(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payung"));
    command
        .env("PAYUNG_LOG", "warn")
        .env_remove("PAYUNG_DATA")
        .env_remove("PAYUNG_AS")
        .args(args)
        .arg("--data")
        .arg(data);
    command.output().expect("ran")
}

fn told(output: &Output) -> (bool, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// A failure with one line.
fn refused(output: &Output) -> String {
    let (success, out, error) = told(output);
    assert!(!success && out.is_empty(), "{out}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    assert!(error.starts_with("payung: "), "{error}");
    error
}

fn done(output: &Output) -> String {
    let (success, out, error) = told(output);
    assert!(success, "{error}");
    out
}

/// A data directory with an operator, made by the library as `payung serve` makes it.
fn office(folder: &Path) -> std::path::PathBuf {
    let data = folder.join("data");
    payung_server::service::Service::open(&payung_server::service::DataDir::new(&data)).expect("a server");
    done(&payung(&data, &["admin", "operator", "add", "Bu Sri"]));
    data
}

#[test]
fn what_fails_says_so_in_one_line_and_ends_non_zero() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = office(folder.path());
    assert!(refused(&payung(&folder.path().join("dta"), &["admin", "workers"])).contains("--data"));
    assert!(refused(&payung(&data, &["admin", "workers"])).contains("--as"));
    assert!(refused(&payung(&data, &["admin", "--as", "Pak Siapa", "workers"])).contains("operator list"));
    assert!(
        refused(&payung(&data, &["admin", "--as", "Bu Sri", "import", "/nonexistent.csv"]))
            .contains("/nonexistent.csv")
    );
    assert!(
        refused(&payung(&data, &["admin", "--as", "Bu Sri", "export", "--template", "x", "--out", "/tmp/x"]))
            .contains("bpjs-bpu")
    );
    assert!(
        refused(&payung(&folder.path().join("dta"), &["backup", "--out", "/nonexistent/x"]))
            .contains("is the path right?")
    );
    let new = folder.path().join("new");
    let restore = ["restore", "--from", "/nonexistent/backup", "--without-journal"];
    assert!(refused(&payung(&new, &restore)).contains("keys"));
    assert!(!new.join("payung.db").exists());
}

#[test]
fn wrong_lines_of_a_file_are_told_one_by_one_without_their_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = office(folder.path());
    let file = folder.path().join("answers.csv");
    fs::write(&file, "NIK;JAWABAN;KODE ALASAN\n3302241505909001;DIKEMBALIKAN;other\n33022415059;DIKEMBALIKAN;other\n")
        .expect("written");
    let path = file.to_str().expect("a path");
    let (success, out, error) = told(&payung(&data, &["admin", "--as", "Bu Sri", "import", path]));
    assert!(!success && out.is_empty());
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].contains("answers.csv") && lines[0].contains("nothing was applied"), "{error}");
    assert_eq!(&lines[1..], ["  line 2, NIK: enrollment_unknown", "  line 3, NIK: nik_length"]);
    assert!(!error.contains("33022415059"), "{error}");
    let (success, out, _) = told(&payung(&data, &["admin", "--as", "Bu Sri", "--json", "import", path]));
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert!(!success && json["lines"][1]["line"] == 3 && json["lines"][1]["reason"] == "nik_length", "{json}");
}

#[test]
fn doctor_tells_each_thing_and_fails_when_one_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = office(folder.path());
    let sound = done(&payung(&data, &["doctor"]));
    assert!(sound.lines().count() >= 10 && !sound.contains("WRONG"), "{sound}");
    let database = rusqlite::Connection::open(data.join("payung.db")).expect("opened");
    assert_eq!(database.execute("UPDATE audit SET who = 'nobody' WHERE seq = 1", []).expect("changed"), 1);
    drop(database);
    let (success, out, error) = told(&payung(&data, &["doctor"]));
    assert!(!success && out.lines().any(|line| line.starts_with("WRONG  audit")), "{out}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn backup_is_restored_by_the_tools_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = office(folder.path());
    let out = folder.path().join("backup");
    let made = done(&payung(&data, &["backup", "--out", out.to_str().expect("a path")]));
    assert!(made.contains("SHA-256") && made.contains("backup.key"), "{made}");
    done(&payung(&data, &["admin", "--as", "Bu Sri", "operator", "add", "Pak Budi"]));
    let new = folder.path().join("new");
    let path = |name: &str| data.join(name).to_str().expect("a path").to_owned();
    let (keys, journal) = (path("keys"), path("journal"));
    let args = ["restore", "--from", out.to_str().expect("a path"), "--keys", &keys, "--journal", &journal];
    assert!(done(&payung(&new, &args)).contains("1 acts"));
    assert!(done(&payung(&new, &["admin", "operator", "list"])).contains("PAK BUDI"));
    assert!(refused(&payung(&new, &args)).contains("not empty"));
    done(&payung(&new, &["doctor"]));
}

#[test]
fn files_that_are_no_bundles_are_told_one_by_one_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = office(folder.path());
    let file = folder.path().join("photo.bundle");
    fs::write(&file, b"no bundle of ours").expect("written");
    let missing = folder.path().join("missing.bundle");
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let args = ["admin", "--as", "Bu Sri", "bundle", &path(&file), &path(&missing)];
    let (success, out, error) = told(&payung(&data, &args));
    assert!(!success && out.is_empty(), "{out}");
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].contains("0 of 2 files were taken"), "{error}");
    assert!(lines[1].contains("photo.bundle") && lines[1].contains("is it a .bundle file"), "{error}");
    assert!(lines[2].contains("missing.bundle"), "{error}");
    assert!(!file.with_extension("reply").exists());
}
