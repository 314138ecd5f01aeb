//! The process ends at each named point, and by a kill at random moments: what was said to be saved is there, whole.
//! `cargo test -p payung-store --features fail-points --test kills`
#![allow(clippy::unwrap_used, reason = "a test may")]
#![cfg(feature = "fail-points")]

mod common;

use common::*;
use payung_domain::{
    field::Kind,
    id::RecordId,
    op::{Conflict, Outcome},
};
use payung_protocol::{Cursor, Reply};
use payung_store::{Asked, Decision, Edit, FAIL_POINTS, Identity, Store};
use serde_json::json;
use std::{
    fs::{self, File},
    io::Write,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use uuid::Uuid;

const FOLDER: &str = "PAYUNG_TEST_FOLDER";

fn fixed(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("said-to-be-saved")
}

/// What the screen would have said, kept outside the store.
fn say(folder: &Path, what: &str) {
    let mut log = File::options().create(true).append(true).open(log_path(folder)).unwrap();
    writeln!(log, "{what}").unwrap();
    log.sync_all().unwrap();
}

fn reply_to(asked: &Asked, cursor: u64) -> Reply {
    Reply { cursor: Some(Cursor(cursor.to_string())), ..Reply::new(E1, asked.cursor.clone(), NOW) }
}

/// Every act once, each told after it returned.
fn play(folder: &Path) {
    let old = folder.join("old");
    let store = open(folder).unwrap();
    store.salvage(&path_in(&old), &key()).unwrap();
    say(folder, "salvage");
    store.set_keys(b"secret").unwrap();
    say(folder, "meta");
    let draft = fill(&store, &form(9001, "Budi Karangan"));
    say(folder, "draft");
    let ids = payung_store::NewIds { worker: fixed(1), enrollment: fixed(2), event: fixed(3) };
    register_draft(&store, draft, ids).unwrap();
    say(folder, "register");
    let batch = store.next_batch(100, 1 << 20, NOW).unwrap();
    say(folder, "number");
    let conflict = Conflict::default();
    let told = put_conflict(fixed(1), 1, &[("name", "BUDI".into()), ("notes", "n0".into())], "name", conflict);
    let outcomes: Vec<Outcome> = batch
        .ops
        .iter()
        .map(|op| if op.record == fixed(3) { refused(op.n, op.record, "bad") } else { applied(op.n, op.record, 1) })
        .collect();
    let reply = Reply { outcomes, changes: vec![told], ..reply_to(&batch.asked, 1) };
    store.take_reply(&reply, &batch.asked, NOW).unwrap();
    say(folder, "reply");
    let opened = store.shown(fixed(1)).unwrap();
    let edit =
        Edit { record: fixed(1), base: opened.base, shown: opened.body(), fields: body(&[("notes", "baru".into())]) };
    store.save_edit(&edit, NOW).unwrap();
    say(folder, "edit");
    let visit = body(&[("outcome", "nobody_home".into()), ("at", "2026-11-22T10:00:00Z".into())]);
    store.add_fact(&Kind::Visit, fixed(4), &visit, &rt(), NOW).unwrap();
    say(folder, "fact");
    let decision = Decision {
        record: fixed(1),
        field: "name".into(),
        value: "BUDIMAN".into(),
        seen: vec![],
        base: opened.base,
        document: Some("ktp".into()),
    };
    store.resolve(&decision, NOW).unwrap();
    say(folder, "resolve");
    store.retry(store.needs_fixing().unwrap()[0].k).unwrap();
    say(folder, "reissue");
}

/// Whether an act is in the store, whole. Half of one fails the test.
fn is_there(store: &Store, act: &str) -> bool {
    let waiting = store.waiting().unwrap();
    let registered = store.shown(fixed(1)).is_ok();
    assert_eq!(registered, store.shown(fixed(2)).is_ok());
    assert_eq!(registered, store.shown(fixed(3)).is_ok());
    let numbered = waiting.sent > 0 || store.cursor().unwrap().1.is_some();
    let pulled = store.shown(fixed(1)).is_ok_and(|worker| worker.base.is_some());
    assert_eq!(pulled, store.cursor().unwrap().1.is_some());
    match act {
        "salvage" => store.identity().unwrap().is_some(),
        "meta" => store.keys().unwrap().is_some(),
        "draft" => registered || store.drafts().unwrap().first().is_some_and(|draft| draft.fields.len() > 10),
        "register" => {
            assert!(!registered || store.drafts().unwrap().is_empty());
            registered
        }
        "number" => numbered,
        "reply" => pulled,
        "edit" => store.shown(fixed(1)).unwrap().value("notes") == Some(&json!("baru")),
        "fact" => store.shown(fixed(4)).is_ok(),
        "resolve" => store.shown(fixed(1)).unwrap().text("name") == Some("BUDIMAN"),
        "reissue" => pulled && store.needs_fixing().unwrap().is_empty(),
        other => panic!("{other}"),
    }
}

/// A folder with a store of the same identity beside it, to salvage from.
fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    fs::create_dir(&old).unwrap();
    let store = open(&old).unwrap();
    let identity: Identity = identity(1);
    store.set_identity(&identity).unwrap();
    folder
}

fn child(test: &str, folder: &Path, fail_at: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(FOLDER, folder).env("PAYUNG_FAIL_AT", fail_at);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
#[ignore = "the child process of the others"]
fn child_plays_every_act_once() {
    play(&PathBuf::from(std::env::var_os(FOLDER).unwrap()));
}

#[test]
#[ignore = "the child process of the others"]
fn child_registers_for_ever() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let store = open(&folder).unwrap();
    let begin = store.counts().unwrap().workers;
    for number in begin.. {
        let serial = 9000 + u32::try_from(number % 1000).unwrap();
        let draft = fill(&store, &form(serial, "Budi Karangan"));
        let id = |part: u64| RecordId(Uuid::from_u64_pair(part, number + 1));
        register_draft(&store, draft, payung_store::NewIds { worker: id(1), enrollment: id(2), event: id(3) }).unwrap();
        say(&folder, &number.to_string());
        if number % 3 == 0 {
            store.next_batch(10, 1 << 20, NOW).unwrap();
        }
    }
}

#[test]
fn what_was_said_to_be_saved_survives_an_end_at_every_named_point() {
    for point in FAIL_POINTS {
        let folder = prepared();
        let status = child("child_plays_every_act_once", folder.path(), point).status().unwrap();
        assert!(status.signal().is_some(), "{point} was not passed: {status}");
        let store = open(folder.path()).unwrap();
        store.check().unwrap();
        let said = fs::read_to_string(log_path(folder.path())).unwrap_or_default();
        for act in said.lines() {
            // a retried op is not among what needs fixing; every other act stays visible
            assert!(is_there(&store, act), "{act} was said to be saved before {point}");
        }
        let (act, when) = point.split_once('.').unwrap();
        if act != "draft" {
            assert_eq!(is_there(&store, act), when == "after_commit", "{point}");
        }
    }
}

#[test]
fn whole_play_ends_by_itself_where_no_point_is_named() {
    let folder = prepared();
    assert!(child("child_plays_every_act_once", folder.path(), "").status().unwrap().success());
    let said = fs::read_to_string(log_path(folder.path())).unwrap();
    assert_eq!(said.lines().count(), FAIL_POINTS.len() / 2);
}

#[test]
fn nothing_said_to_be_saved_is_lost_to_kills_at_random_moments() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unwrap().set_identity(&identity(1)).unwrap();
    let mut saved = 0;
    for round in 0..25_u64 {
        let mut process = child("child_registers_for_ever", folder.path(), "").spawn().unwrap();
        // moments that have nothing to do with what it does
        std::thread::sleep(Duration::from_micros(30_000 + round * 7919 % 45_000));
        process.kill().unwrap();
        process.wait().unwrap();
        let store = open(folder.path()).unwrap();
        let said = fs::read_to_string(log_path(folder.path())).unwrap_or_default().lines().count() as u64;
        let workers = store.counts().unwrap().workers;
        assert!(workers == said || workers == said + 1, "{said} said, {workers} there");
        let waiting = store.waiting().unwrap();
        assert_eq!(waiting.new + waiting.sent, workers * 3);
        // the one that was saved but not said
        (said..workers).for_each(|number| say(folder.path(), &number.to_string()));
        saved = workers;
    }
    assert!(saved > 25, "only {saved} registrations in all rounds");
    open(folder.path()).unwrap().check().unwrap();
}
