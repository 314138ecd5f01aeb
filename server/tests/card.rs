//! `payung card` as a clinic or an operator calls it: the real program, keys that `payung admin keys` made.
#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::NaiveDate;
use payung_card::{Card, CardText, IssuerKey, StatusList, issue};
use payung_people::{
    card::{LIST, card},
    person,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const TODAY: &str = "2026-11-23";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn payung(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payung"));
    command.env("PAYUNG_LOG", "warn").env_remove("PAYUNG_DATA").env_remove("PAYUNG_AS").args(args);
    command.output().unwrap()
}

/// A data directory's keys, and what is issued with them.
struct Office {
    folder: tempfile::TempDir,
    issuer: IssuerKey,
    root: String,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let root_file = folder.path().join("root.key");
        let (data, root_file) = (data.to_str().unwrap(), root_file.to_str().unwrap());
        assert!(payung(&["admin", "--data", data, "keys", "init", "--root", root_file]).status.success());
        let made = payung(&["admin", "--data", data, "--json", "keys", "card", "--root", root_file, "--year", "2026"]);
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let mut secret = [0; 32];
        let file = fs::read_to_string(folder.path().join("data/keys/card-2026.key")).unwrap();
        hex::decode_to_slice(file.trim(), &mut secret).unwrap();
        Self { folder, issuer: IssuerKey::from_bytes(&secret), root: made["root"].as_str().unwrap().to_owned() }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("data/keys/cards.txt")
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn issue(&self, card: &Card) -> CardText {
        issue(card, &self.issuer).unwrap()
    }

    fn list(&self, revoked: Option<u32>) -> String {
        let mut list = StatusList::new(LIST, 1_000_000, day(TODAY).and_hms_opt(3, 0, 0).unwrap().and_utc()).unwrap();
        if let Some(index) = revoked {
            list.revoke(index).unwrap();
        }
        self.file("list.cwt", list.sign(&self.issuer).unwrap())
    }

    /// Exit code, what was said, and the reasons.
    fn verify(&self, card: &str, more: &[&str]) -> (i32, Value) {
        let keys = self.keys();
        let mut args = vec!["card", "verify", card, "--json", "--keys", keys.to_str().unwrap()];
        args.extend(more);
        let output = payung(&args);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

fn seeded(i: u64) -> Card {
    card(&person(20, i, "330224", day(TODAY)), i, day(TODAY))
}

#[test]
fn card_is_judged_as_text_as_file_and_as_picture() {
    let office = Office::new();
    let text = office.issue(&seeded(1));
    let list = office.list(None);
    let written = office.file("card.txt", format!("{}\r\n", text.as_str()));
    let drawn = office.folder.path().join("card.png").to_str().unwrap().to_owned();
    assert!(payung(&["card", "draw", &written, "--out", &drawn, "--scale", "4"]).status.success());
    for given in [text.as_str(), &written, &drawn] {
        let (code, said) = office.verify(given, &["--list", &list, "--today", TODAY, "--root", &office.root]);
        assert_eq!((code, said["verdict"].as_str()), (0, Some("green")), "{said}");
        assert_eq!(said["card"]["nik"], seeded(1).nik.as_str());
    }
    let vector = office.folder.path().join("card.svg").to_str().unwrap().to_owned();
    assert!(payung(&["card", "draw", text.as_str(), "--out", &vector]).status.success());
    assert!(fs::read_to_string(&vector).unwrap().starts_with("<svg "));
}

#[test]
fn amber_ends_with_3_and_red_with_4_and_the_reason() {
    let office = Office::new();
    let text = office.issue(&seeded(1));
    let list = office.list(None);
    let verdict = |card: &str, more: &[&str]| {
        let (code, said) = office.verify(card, more);
        (code, said["reasons"][0].as_str().unwrap().to_owned(), said["card"].is_null())
    };
    let now = ["--today", TODAY, "--list", &list];
    let red = |reason: &str| (4, reason.to_owned(), true);
    assert_eq!(verdict(text.as_str(), &["--today", TODAY]), (3, "no_list".to_owned(), false));
    let old = verdict(text.as_str(), &["--today", "2026-12-01", "--list", &list]);
    assert_eq!((old.0, old.2), (3, false));
    assert_eq!(verdict(text.as_str(), &["--today", "2028-01-01", "--list", &list]), red("expired"));
    assert_eq!(verdict(text.as_str(), &["--today", "2026-11-20"]), red("future"));
    assert_eq!(verdict(&text.as_str()[..200], &now), red("truncated"));
    assert_eq!(verdict(&office.file("huge.txt", "A".repeat(1 << 20)), &now), red("too_large"));
    assert_eq!(verdict("https://example.org", &now), red("not_a_card"));
    assert_eq!(verdict(&office.file("noise.txt", [0xff; 64]), &now), red("not_a_card"));
    let mut changed = text.as_str().as_bytes().to_vec();
    changed[100] = if changed[100] == b'A' { b'B' } else { b'A' };
    assert_eq!(office.verify(std::str::from_utf8(&changed).unwrap(), &now).0, 4);
    let stranger = issue(&seeded(1), &IssuerKey::from_bytes(&[9; 32])).unwrap();
    assert_eq!(verdict(stranger.as_str(), &now), red("other_issuer"));
    let last_year = Card { issued: day("2025-12-31"), covered_from: day("2025-12-31"), ..seeded(1) };
    assert_eq!(verdict(office.issue(&last_year).as_str(), &now), red("key_not_valid"));
    let blank = office.file("blank.png", {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 80, 80);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[255; 6400]).unwrap();
        file
    });
    assert_eq!(verdict(&blank, &now), red("no_code"));
    let revoked = office.list(Some(seeded(1).status.index));
    assert_eq!(verdict(text.as_str(), &["--today", TODAY, "--list", &revoked]), red("revoked"));
}

#[test]
fn words_for_people_name_colour_reason_and_what_to_compare() {
    let office = Office::new();
    let text = office.issue(&seeded(1));
    let keys = office.keys();
    let said = payung(&["card", "verify", text.as_str(), "--keys", keys.to_str().unwrap(), "--today", TODAY]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.starts_with("KUNING  TANYAKAN DULU\n"), "{said}");
    assert!(said.contains(&seeded(1).name) && said.contains(seeded(1).nik.as_str()), "{said}");
    let said = payung(&["card", "verify", &text.as_str()[1..], "--keys", keys.to_str().unwrap()]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.starts_with("MERAH  TIDAK SAH\n") && !said.contains(&seeded(1).name), "{said}");
}

#[test]
fn lists_that_cannot_be_believed_give_no_verdict() {
    let office = Office::new();
    let text = office.issue(&seeded(1));
    let refused = |keys: &Path, more: &[&str]| {
        let mut args = vec!["card", "verify", text.as_str(), "--keys", keys.to_str().unwrap()];
        args.extend(more);
        let output = payung(&args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("payung: ") && said.trim_end().lines().count() == 1, "{said}");
        assert!(!said.contains(text.as_str()) && !said.contains(&seeded(1).name), "{said}");
        said
    };
    let other = Office::new();
    assert!(refused(&office.keys(), &["--root", &other.root]).contains("another root"));
    assert!(refused(&office.keys(), &["--root", "nonsense"]).contains("--root"));
    assert!(refused(Path::new("/nonexistent/cards.txt"), &[]).contains("/nonexistent/cards.txt"));
    assert!(refused(&office.keys(), &["--list", &other.list(None)]).contains("issuer"));
    let signed = payung_card::unarmoured(&fs::read(office.keys()).unwrap()).unwrap().into_owned();
    for at in [10, signed.len() / 2, signed.len() - 1] {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        refused(Path::new(&office.file("changed.cose", changed)), &[]);
    }
}

#[test]
fn key_of_the_next_year_joins_the_list_and_nothing_is_made_twice() {
    let office = Office::new();
    let (data, root) = (office.folder.path().join("data"), office.folder.path().join("root.key"));
    let (data, root) = (data.to_str().unwrap(), root.to_str().unwrap());
    let sign = |year| {
        let made = payung(&["admin", "--data", data, "--json", "keys", "card", "--root", root, "--year", year]);
        serde_json::from_slice::<Value>(&made.stdout).unwrap()
    };
    let counts = |list: &Value| (list["serial"].as_u64().unwrap(), list["keys"].as_array().unwrap().len());
    let before = sign("2026");
    let (serial, keys) = counts(&before);
    assert_eq!(counts(&sign("2026")), (serial, keys));
    let next = sign("2099");
    assert_eq!(counts(&next), (serial + 1, keys + 1));
    assert_eq!(next["keys"][keys]["from"], "2099-01-01");
    let text = office.issue(&seeded(1));
    assert_eq!(office.verify(text.as_str(), &["--today", TODAY, "--list", &office.list(None)]).0, 0);
    let stolen = ["admin", "--data", data, "keys", "card", "--root", root, "--year", "2026", "--stolen"];
    assert!(payung(&stolen).status.success());
    let (code, said) = office.verify(text.as_str(), &["--today", TODAY]);
    assert_eq!((code, said["reasons"][0].as_str()), (4, Some("other_issuer")), "a stolen key is believed no more");
    assert_eq!(counts(&sign("2026")).1, keys + 1);
    let stranger = office.file("other.key", "11".repeat(32));
    let refused = payung(&["admin", "--data", data, "keys", "card", "--root", &stranger]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("another root"));
}

#[test]
fn only_a_card_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.png");
    let refused = payung(&["card", "draw", "hello", "--out", out.to_str().unwrap()]);
    assert!(!refused.status.success() && !out.exists());
    let office = Office::new();
    let refused = payung(&["card", "draw", office.issue(&seeded(1)).as_str(), "--out", "card.gif"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains(".svg or .png"));
}
