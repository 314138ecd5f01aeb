//! Restoring into a new directory with the journal.

use super::super::*;
use crate::{
    service::{Service, operator::Act, tests::office::*},
    storage::{DeviceState, Scope},
};
use payung_domain::{
    id::{Base, RecordId},
    op::{Op, OutcomeStatus},
};
use payung_protocol::{DeviceKeys, JoinAnswer, JoinRequest, ProblemCode};

fn dir(office: &Office) -> DataDir {
    DataDir::new(office.data())
}

fn saved(office: &Office) -> PathBuf {
    let out = office.dir.path().join("backup");
    backup(&dir(office), &out, None, office.now.get()).expect("a backup");
    out
}

/// The old machine is gone but for its keys and journal; the new one has them in another folder.
fn restored(office: Office, from: &Path) -> (Office, Restored) {
    let Office { dir: folder, service, now, next } = office;
    drop(service);
    let new = folder.path().join("new");
    let (journal, keys) = (folder.path().join("data/journal"), folder.path().join("data/keys"));
    let restored = restore(&DataDir::new(&new), from, None, Some(&keys), Some(&journal)).expect("restored");
    // the harness looks for its server in `data`
    fs::rename(folder.path().join("data"), folder.path().join("lost")).expect("lost");
    fs::rename(&new, folder.path().join("data")).expect("moved");
    let service = Service::open_existing(&DataDir::new(folder.path().join("data"))).expect("the server");
    (Office { dir: folder, service, now, next }, restored)
}

fn register(office: &Office, phone: &mut Phone, n: u128) -> (RecordId, Vec<Op>, Vec<Base>) {
    let serial = u32::try_from(n).expect("small");
    let worker = phone.worker(office, record(n), &nik(serial), "SUPARNO");
    let enroll = phone.enroll(office, record(n + 1), record(n));
    let submit = phone.event(office, record(n + 2), record(n + 1), "submit", &[]);
    let ops = vec![worker, enroll, submit];
    let outcomes = phone.send(office, &ops);
    assert!(applied(&outcomes));
    let receipts = outcomes.iter().map(|told| Base { epoch: office.epoch(), version: told.version }).collect();
    phone.pull(office);
    (record(n + 1), ops, receipts)
}

fn status_of(office: &Office, enrollment: RecordId) -> String {
    office.record(enrollment).text("status").unwrap_or("none").to_owned()
}

fn green(office: &Office) {
    let ill: Vec<_> = doctor(&dir(office)).into_iter().filter(|check| !check.ok).collect();
    assert!(ill.is_empty(), "{ill:?}");
}

#[test]
fn everything_of_the_copy_is_back_in_a_new_epoch() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1);
    let (before, epoch) = (office.dump(), office.epoch());
    let from = saved(&office);
    let (office, told) = restored(office, &from);
    assert_eq!(office.dump(), before);
    assert_eq!((told.header.epoch, told.epoch, told.replayed), (epoch, office.epoch(), 0));
    assert_ne!(office.epoch(), epoch);
    green(&office);
}

#[test]
fn what_operators_did_after_the_copy_is_done_again() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (enrollment, ..) = register(&office, &mut phone, 1);
    let from = saved(&office);
    office.act(Act::Verify { enrollment });
    office.act(Act::Export { enrollment, export_id: "E-1".to_owned() });
    let (office, told) = restored(office, &from);
    assert_eq!((told.replayed, told.waiting), (2, 0));
    assert_eq!(status_of(&office, enrollment), "submitted");
    assert_eq!(office.record(enrollment).value("export_id"), "E-1", "never exported twice, after a restore neither");
    green(&office);
    // and not a second time at the next start
    let before = office.dump();
    let Office { dir: folder, service, now, next } = office;
    drop(service);
    let service = Service::open_existing(&DataDir::new(folder.path().join("data"))).expect("the server");
    let office = Office { dir: folder, service, now, next };
    assert_eq!(office.dump(), before);
    // new acts go on in the same journal
    office.act(Act::Return {
        enrollment,
        reason: payung_domain::enrollment::Reason { code: "other".to_owned(), text: String::new() },
        by_branch_file: true,
    });
    green(&office);
}

#[test]
fn record_after_the_copy_comes_back_from_its_phone_and_the_waiting_acts_with_it() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 11);
    let from = saved(&office);
    let (enrollment, ops, receipts) = register(&office, &mut phone, 1);
    office.act(Act::Verify { enrollment });
    office.act(Act::Export { enrollment, export_id: "E-1".to_owned() });
    let (office, told) = restored(office, &from);
    assert_eq!((told.replayed, told.waiting), (2, 2), "the record is not here yet");
    assert!(office.find(enrollment).is_none());
    // the phone finds the new epoch, and offers again what it has receipts of the old one for
    let reply = phone.ask(&office, &[]);
    assert_eq!(reply.epoch, office.epoch());
    phone.base.clear();
    phone.take(&reply);
    phone.seen_through = 0;
    let again: Vec<Op> =
        ops.iter().zip(&receipts).map(|(op, receipt)| Op { receipt: Some(*receipt), ..op.clone() }).collect();
    assert!(applied(&phone.send(&office, &again)));
    assert_eq!(status_of(&office, enrollment), "submitted");
    assert_eq!(office.service.pending_acts().expect("read").len(), 0);
    assert_eq!(office.record(enrollment).value("export_id"), "E-1");
    // offered once more, as phones do whose answer was lost: nothing changes
    let before = office.dump();
    phone.send(&office, &again);
    assert_eq!(office.dump(), before);
    green(&office);
}

#[test]
fn joining_and_revoking_after_the_copy_stand() {
    let office = Office::new();
    let early = office.phone(&[RT3]);
    let invite = office.invite(&[RT3], &[payung_protocol::Role::Official]);
    let from = saved(&office);
    let mut late = office.join(&invite, None);
    office.service.set_device(BOSS, early.device, DeviceState::Revoked, START).expect("revoked");
    let unused = office.invite(&[RT4], &[payung_protocol::Role::Official]);
    let (office, _) = restored(office, &from);
    let device = |phone: &Phone| {
        office.service.storage().read().expect("a unit").device(phone.device).expect("read").expect("known")
    };
    assert_eq!((device(&early).state, device(&late).state), (DeviceState::Revoked, DeviceState::Active));
    // a phone that joined after the copy goes on as it is
    late.cursor = None;
    let op = late.worker(&office, record(1), &nik(1), "SUPARNO");
    assert!(applied(&late.send(&office, &[op])));
    // its invite is used, another one made after the copy is not
    let ask = |secret| {
        let keys = DeviceKeys::generate(&mut crate::keys::rng());
        let (session_key, device_key) = (keys.session.verifying_key(), keys.device.receiver_key());
        let request = JoinRequest { secret, session_key, device_key, attestation: None, app: None };
        office.service.join(&request, "test", office.now.get()).expect("an answer")
    };
    let JoinAnswer::Refused(problem) = ask(invite.secret.clone()) else { panic!("used") };
    assert_eq!(problem.code, ProblemCode::InviteUsed);
    assert!(matches!(ask(unused.secret.clone()), JoinAnswer::Joined(_)));
}

#[test]
fn import_after_the_copy_is_known_as_taken() {
    let office = Office::new();
    let from = saved(&office);
    let sha256 = "ab".repeat(32);
    office.act(Act::Import { sha256: sha256.clone(), template: "jawaban-cabang 1".to_owned(), rows: 1 });
    let (office, _) = restored(office, &from);
    assert!(office.service.imported(&sha256).expect("read"));
}

#[test]
fn backup_runs_beside_writers_and_has_whole_units_only() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (enrollment, ..) = register(&office, &mut phone, 1);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (office, stop) = (&office, &done);
        let storage = office.service.storage();
        scope.spawn(move || {
            let mut count = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let unit = storage.write().expect("a unit");
                count += 1;
                unit.set_counter("one", count).expect("set");
                unit.set_counter("other", count).expect("set");
                unit.commit().expect("committed");
            }
        });
        for at in 0..5 {
            let out = office.dir.path().join(format!("backup-{at}"));
            backup(&DataDir::new(office.dir.path().join("data")), &out, None, START).expect("a backup");
            let key = read_key(&office.dir.path().join("data/keys/backup.key")).expect("the key");
            let plain = office.dir.path().join(format!("plain-{at}"));
            let opened = container::open(&key, File::open(&out).expect("it"), File::create(&plain).expect("it"));
            opened.expect("opens");
            let copy =
                crate::storage::sqlite::Sqlite::open(&plain, office.service.keys().master()).expect("a database");
            let unit = crate::storage::Storage::read(&copy).expect("a unit");
            assert_eq!(unit.counter("one").expect("read"), unit.counter("other").expect("read"));
            assert_eq!(unit.records(&[enrollment], &Scope::Office).expect("read").len(), 1);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn backup_shows_nobody() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1);
    let bytes = fs::read(saved(&office)).expect("the file");
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(&[b"xx", nik(1).as_bytes()].concat(), &nik(1)), "the scan finds what is there");
    for text in [nik(1), "SUPARNO".to_owned(), RT3.to_owned(), "SQLite format".to_owned()] {
        assert!(!has(&bytes, &text), "{text}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(office.dir.path().join("backup")).expect("it").permissions(),
    );
    assert_eq!(mode & 0o077, 0);
    assert!(!office.data().join("backup.part").exists(), "no copy stays behind");
}

#[test]
fn damaged_cut_or_foreign_backup_is_refused_and_leaves_no_server() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1);
    let from = saved(&office);
    let whole = fs::read(&from).expect("the file");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let new = DataDir::new(office.dir.path().join("new"));
    let keys = office.data().join("keys");
    let journal = office.data().join("journal");
    let bad = office.dir.path().join("bad");
    for bytes in [&changed[..], &whole[..whole.len() - 1], &whole[..40], b"SQLite format 3\0"] {
        fs::write(&bad, bytes).expect("written");
        let error = restore(&new, &bad, None, Some(&keys), Some(&journal)).expect_err("damaged").to_string();
        assert!(error.contains("bad"), "{error}");
        assert!(!new.exists(), "nothing a server would open");
        assert!(Service::open(&new).is_err(), "and none that it would make anew over it");
    }
    let other = office.dir.path().join("other.key");
    fs::write(&other, hex::encode([1; 32])).expect("written");
    let error = restore(&new, &from, Some(&other), Some(&keys), Some(&journal)).expect_err("another key").to_string();
    assert!(error.contains("backup key"), "{error}");
    // and then the right one, in the same folder
    restore(&new, &from, None, Some(&keys), Some(&journal)).expect("restored");
    assert!(doctor(&new).iter().all(|check| check.ok));
}

#[test]
fn restore_overwrites_nothing_and_wants_keys_and_journal() {
    let office = Office::new();
    let from = saved(&office);
    let (keys, journal) = (office.data().join("keys"), office.data().join("journal"));
    let before = office.dump();
    let over = restore(&dir(&office), &from, None, None, Some(&journal)).expect_err("a server lives here");
    assert!(matches!(over, RestoreError::NotEmpty(_)), "{over}");
    assert_eq!(office.dump(), before);
    let new = DataDir::new(office.dir.path().join("new"));
    let none = restore(&new, &from, None, None, Some(&journal)).expect_err("no keys");
    assert!(matches!(none, RestoreError::NoKeys(_)), "{none}");
    let lost = restore(&new, &from, None, Some(&keys), Some(&office.dir.path().join("lost"))).expect_err("no journal");
    assert!(matches!(lost, RestoreError::NoJournal(_)), "{lost}");
    // another server's keys open the container, and not what is sealed inside
    let strangers = office.dir.path().join("strangers");
    crate::keys::Keys::init(&strangers, None, START).expect("keys");
    let error =
        restore(&new, &from, Some(&keys.join("backup.key")), Some(&strangers), Some(&journal)).expect_err("others");
    assert!(matches!(error, RestoreError::Unsound(_)), "{error}");
    assert!(!new.exists());
}

#[test]
fn second_backup_takes_the_same_key_and_overwrites_nothing() {
    let office = Office::new();
    let first = backup(&dir(&office), &office.dir.path().join("one"), None, START).expect("a backup");
    let second = backup(&dir(&office), &office.dir.path().join("two"), None, START).expect("a backup");
    assert!(first.new_key.is_some() && second.new_key.is_none());
    assert_eq!(first.header.key, second.header.key);
    let again = backup(&dir(&office), &office.dir.path().join("one"), None, START).expect_err("there already");
    assert!(matches!(again, BackupError::Exists(_)));
    let nowhere =
        backup(&DataDir::new("/nonexistent"), &office.dir.path().join("x"), None, START).expect_err("nothing");
    assert!(matches!(nowhere, BackupError::NotOurs(_)));
    let missing = backup(&dir(&office), &office.dir.path().join("x"), Some(Path::new("/nonexistent.key")), START);
    assert!(missing.expect_err("no key").to_string().contains("/nonexistent.key"));
    assert!(!office.dir.path().join("x").exists());
}

#[test]
fn late_bundle_for_the_old_epoch_is_taken_after_the_restore() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1);
    let from = saved(&office);
    let edit = phone.edit(&office, record(1), "notes", "belum terkirim");
    let (office, _) = restored(office, &from);
    let outcome = &phone.ask(&office, &[edit]).outcomes[0];
    assert_eq!(outcome.status, OutcomeStatus::Applied);
    assert_eq!(office.record(record(1)).value("notes"), "belum terkirim");
}

#[test]
fn link_after_the_copy_waits_for_both_records_in_either_order() {
    for later_first in [true, false] {
        let office = Office::new();
        let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[TELUK]));
        let from = saved(&office);
        let epoch = office.epoch();
        let earlier = one.worker(&office, record(1), &nik(1), "SUPARNO");
        one.send(&office, std::slice::from_ref(&earlier));
        let later = other.worker_in(&office, record(2), &nik(1), "SUPARNA", TELUK);
        other.send(&office, std::slice::from_ref(&later));
        office.act(Act::Link { later: record(2), earlier: record(1) });
        let (office, told) = restored(office, &from);
        assert_eq!(told.waiting, 1);
        let receipt = Some(Base { epoch, version: 1 });
        let mut offers = [(&mut one, Op { receipt, ..earlier }), (&mut other, Op { receipt, ..later })];
        if later_first {
            offers.reverse();
        }
        for (phone, op) in offers {
            phone.cursor = None;
            assert!(applied(&phone.send(&office, &[op])));
        }
        let linked = office.record(record(2)).alias.map(|alias| alias.survivor);
        // found again in the other order, the pair would read the other way: what the operator decided stands
        assert_eq!(linked, Some(record(1)), "later first: {later_first}");
        assert!(office.service.pending_acts().expect("read").is_empty());
        let review =
            office.service.duplicates(BOSS, Some(crate::storage::DuplicateState::Review), START).expect("read");
        assert!(review.is_empty(), "decided, later first: {later_first}");
    }
}
