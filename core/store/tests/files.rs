//! The file itself: keys, schemas, damage, disk, secrecy.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_store::{DatabaseKey, Options, SCHEMA_VERSION, Store, StoreError};
use serde_json::json;
use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

fn flip(path: &Path, at: u64, length: usize) {
    let mut file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut bytes).unwrap();
    for byte in &mut bytes {
        *byte ^= 0x5a;
    }
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&bytes).unwrap();
}

fn suffixed(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What a kill leaves: the files as they are on disk while the store is open, the log not folded in.
fn killed(phone: &Phone) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(phone.folder.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    assert!(suffixed(&path_in(copy.path()), "-wal").exists());
    copy
}

#[test]
fn what_was_saved_is_there_after_a_kill() {
    let phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    let draft = fill(&phone, &form(9002, "Siti Rekaan"));
    let copy = killed(&phone);
    let store = open(copy.path()).unwrap();
    assert_eq!(store.shown(ids.worker).unwrap().text("name"), Some("BUDI KARANGAN"));
    assert_eq!(store.draft(draft).unwrap().fields["name"], json!("Siti Rekaan"));
    assert_eq!(store.waiting().unwrap().new, 3);
    assert_eq!(store.identity().unwrap(), Some(identity(1)));
}

#[test]
fn wrong_key_is_refused_and_the_file_untouched() {
    let phone = phone();
    register(&phone, 9001, "Budi Karangan");
    let path = phone.path();
    let Phone { store, folder, .. } = phone;
    drop(store);
    let before = fs::read(&path).unwrap();
    let wrong = DatabaseKey::new([9; 32]);
    for _ in 0..2 {
        assert!(matches!(Store::open(&path, &wrong, &Options::default()), Err(StoreError::WrongKey)));
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!suffixed(&path, ".damaged-1").exists());
    assert_eq!(open(folder.path()).unwrap().waiting().unwrap().new, 3);
}

#[test]
fn wrong_key_is_refused_on_a_database_without_records() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let wrong = DatabaseKey::new([9; 32]);
    assert!(matches!(Store::open(&path_in(folder.path()), &wrong, &Options::default()), Err(StoreError::WrongKey)));
    drop(open(folder.path()).unwrap());
}

#[test]
fn wrong_key_without_its_check_file_still_leaves_the_file_alone() {
    let phone = phone();
    let path = phone.path();
    let Phone { store, folder, .. } = phone;
    drop(store);
    fs::remove_file(suffixed(&path, ".check")).unwrap();
    let wrong = DatabaseKey::new([9; 32]);
    assert!(matches!(Store::open(&path, &wrong, &Options::default()), Err(StoreError::WrongKey)));
    // and the right one opens it and writes the check anew
    drop(open(folder.path()).unwrap());
    assert!(suffixed(&path, ".check").exists());
}

#[test]
fn damaged_check_file_does_not_lock_the_owner_out() {
    let phone = phone();
    let path = phone.path();
    let Phone { store, folder, .. } = phone;
    drop(store);
    flip(&suffixed(&path, ".check"), 20, 4);
    drop(open(folder.path()).unwrap());
    flip(&suffixed(&path, ".check"), 50, 4);
    drop(open(folder.path()).unwrap());
}

#[test]
fn newer_schema_is_refused_and_the_file_untouched() {
    let phone = phone();
    let path = phone.path();
    let Phone { store, folder, .. } = phone;
    drop(store);
    {
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.pragma_update(None, "key", format!("x'{}'", hex::encode(b"an invented key for the tests .."))).unwrap();
        raw.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").unwrap();
        raw.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    }
    let before = fs::read(&path).unwrap();
    match open(folder.path()) {
        Err(StoreError::NewerSchema { found, known }) => {
            assert_eq!((found, known), (SCHEMA_VERSION + 1, SCHEMA_VERSION));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn second_opening_is_refused_until_the_first_ends() {
    let phone = phone();
    assert!(matches!(open(phone.folder.path()), Err(StoreError::AlreadyOpen)));
    let Phone { store, folder, .. } = phone;
    drop(store);
    open(folder.path()).unwrap();
}

#[test]
fn damaged_header_is_set_aside_and_a_fresh_file_made() {
    // the salt, the first page's content, and its authentication code
    for at in [0, 40, 4090] {
        let phone = phone();
        register(&phone, 9001, "Budi Karangan");
        let path = phone.path();
        let Phone { store, folder, .. } = phone;
        drop(store);
        flip(&path, at, 4);
        let damaged = fs::read(&path).unwrap();
        let set_aside = match open(folder.path()) {
            Err(StoreError::Damaged { set_aside }) => set_aside,
            other => panic!("at {at}: {other:?}"),
        };
        assert_eq!(fs::read(&set_aside).unwrap(), damaged);
        let fresh = open(folder.path()).unwrap();
        assert_eq!(fresh.identity().unwrap(), None);
    }
}

#[test]
fn set_aside_files_are_numbered_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        drop(open(folder.path()).unwrap());
        flip(&path_in(folder.path()), 0, 16);
        match open(folder.path()) {
            Err(StoreError::Damaged { set_aside }) => {
                assert_eq!(set_aside, suffixed(&path_in(folder.path()), &format!(".damaged-{number}")));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(suffixed(&path_in(folder.path()), ".damaged-1").exists());
}

/// Damages every page that the query's table lies on.
fn damage_table(folder: &Path, table: &str) -> usize {
    let path = path_in(folder);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.pragma_update(None, "key", format!("x'{}'", hex::encode(b"an invented key for the tests .."))).unwrap();
    raw.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").unwrap();
    let mut statement = raw.prepare("SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'leaf'").unwrap();
    let pages: Vec<u32> = statement.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(statement);
    drop(raw);
    // one in the middle is enough
    let page = pages[pages.len() / 2];
    flip(&path, u64::from(page - 1) * 4096 + 2000, 8);
    pages.len()
}

#[test]
fn damaged_page_is_found_while_working_and_set_aside_at_the_next_opening() {
    let phone = phone();
    for serial in 9001..9030 {
        register(&phone, serial, "Budi Karangan");
    }
    let Phone { store, folder, .. } = phone;
    drop(store);
    damage_table(folder.path(), "op_body");
    // opening reads few pages
    let store = open(folder.path()).unwrap();
    assert!(matches!(store.check(), Err(StoreError::Corrupt)));
    assert!(matches!(store.next_batch(1000, 1 << 20, NOW), Err(StoreError::Corrupt)));
    drop(store);
    assert!(matches!(open(folder.path()), Err(StoreError::Damaged { .. })));
    open(folder.path()).unwrap().check().unwrap();
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_brought_over() {
    let phone = phone();
    let registered: Vec<_> = (9001..9060).map(|serial| register(&phone, serial, "Budi Karangan")).collect();
    phone.next_batch(30, 1 << 20, NOW).unwrap();
    let draft = fill(&phone, &form(9100, "Siti Rekaan"));
    let Phone { store, folder, .. } = phone;
    drop(store);
    assert!(damage_table(folder.path(), "op_body") > 10);
    let store = open(folder.path()).unwrap();
    assert!(store.check().is_err());
    drop(store);
    let Err(StoreError::Damaged { set_aside }) = open(folder.path()) else { panic!("not found damaged") };
    let fresh = open(folder.path()).unwrap();
    let salvaged = fresh.salvage(&set_aside, &key()).unwrap();
    assert_eq!(salvaged.ops + salvaged.lost, 59 * 3);
    assert!((1..20).contains(&salvaged.lost), "{salvaged:?}");
    assert_eq!(salvaged.drafts, 1);
    assert_eq!(fresh.draft(draft).unwrap().fields["name"], json!("Siti Rekaan"));
    assert_eq!(fresh.identity().unwrap(), Some(identity(1)));
    let shown =
        registered.iter().filter(|ids| fresh.shown(ids.worker).is_ok_and(|worker| worker.text("name").is_some()));
    assert!(shown.count() >= 50);
    // the numbers given already are not given again
    let batch = fresh.next_batch(1000, 1 << 20, NOW).unwrap();
    let mut numbers: Vec<u64> = batch.ops.iter().map(|op| op.n).collect();
    assert_eq!(numbers.len() as u64, salvaged.ops);
    numbers.dedup();
    assert_eq!(numbers.len() as u64, salvaged.ops);
    assert!(*numbers.last().unwrap() > 30 + salvaged.ops - 40);
}

#[test]
fn damaged_file_is_brought_over_at_the_next_opening_and_once() {
    let phone = phone();
    for serial in 9001..9060 {
        register(&phone, serial, "Budi Karangan");
    }
    let Phone { store, folder, .. } = phone;
    drop(store);
    damage_table(folder.path(), "op_body");
    let mended = || Store::open_mended(&path_in(folder.path()), &key(), &Options::default()).unwrap();
    let (store, none) = mended();
    assert!(none.is_none() && store.check().is_err(), "opening reads few pages");
    drop(store);
    // a kill between setting aside and bringing over
    assert!(matches!(open(folder.path()), Err(StoreError::Damaged { .. })));
    let (store, salvaged) = mended();
    let salvaged = salvaged.unwrap();
    assert_eq!(salvaged.ops + salvaged.lost, 59 * 3);
    assert_eq!(store.waiting().unwrap().new, salvaged.ops);
    drop(store);
    assert_eq!(mended().1, None);
}

#[test]
fn damaged_log_is_not_passed_over() {
    let phone = phone();
    for serial in 9001..9010 {
        register(&phone, serial, "Budi Karangan");
    }
    // the header; a frame in the middle; a frame's own header
    let wal_length = fs::metadata(suffixed(&phone.path(), "-wal")).unwrap().len();
    let frames = (wal_length - 32) / (4096 + 24);
    assert!(frames > 20);
    let middle = 32 + (frames / 2) * (4096 + 24);
    for at in [8, middle + 1000, middle + 9] {
        let copy = killed(&phone);
        let path = path_in(copy.path());
        flip(&suffixed(&path, "-wal"), at, 4);
        match open(copy.path()) {
            Err(StoreError::Damaged { set_aside }) => assert!(suffixed(&set_aside, "-wal").exists()),
            other => panic!("at {at}: {other:?}"),
        }
        open(copy.path()).unwrap();
    }
    // whole, it opens with everything in it
    let copy = killed(&phone);
    assert_eq!(open(copy.path()).unwrap().waiting().unwrap().new, 27);
}

#[test]
fn torn_tail_of_the_log_is_no_damage() {
    let phone = phone();
    register(&phone, 9001, "Budi Karangan");
    let copy = killed(&phone);
    let wal = suffixed(&path_in(copy.path()), "-wal");
    let length = fs::metadata(&wal).unwrap().len();
    // half of the last frame, which was never acknowledged
    fs::File::options().write(true).open(&wal).unwrap().set_len(length - 3000).unwrap();
    let store = open(copy.path()).unwrap();
    store.check().unwrap();
    assert_eq!(store.identity().unwrap(), Some(identity(1)));
}

#[test]
fn full_disk_says_not_saved_and_keeps_what_was_saved_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = path_in(folder.path());
    drop(open(folder.path()).unwrap());
    let pages = u32::try_from(fs::metadata(&path).unwrap().len() / 4096).unwrap();
    let options = Options { max_pages: Some(pages + 20), ..Options::default() };
    let store = Store::open(&path, &key(), &options).unwrap();
    store.set_identity(&identity(1)).unwrap();
    let mut saved = 0;
    let failed = loop {
        assert!(saved < 200, "the disk never filled");
        let draft = match store.open_draft(&payung_domain::field::Kind::Worker, None, NOW) {
            Ok(draft) => draft.id,
            Err(error) => break error,
        };
        let fields = form(9000 + saved, "Budi Karangan");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
        if let Err(error) = store.set_draft_fields(draft, &fields, NOW) {
            break error;
        }
        if let Err(error) = register_draft(&store, draft, ids()) {
            break error;
        }
        saved += 1;
    };
    assert!(matches!(failed, StoreError::NotSaved), "{failed:?}");
    assert!(saved > 0);
    let whole = |store: &Store| {
        let counts = store.counts().unwrap();
        assert_eq!(counts.workers, u64::from(saved));
        assert_eq!(store.waiting().unwrap().new, u64::from(saved) * 3);
    };
    whole(&store);
    drop(store);
    // with space again, work goes on
    let store = open(folder.path()).unwrap();
    whole(&store);
    store.check().unwrap();
    register(&store, 9900, "Siti Rekaan");
}

fn contains(folder: &Path, needle: &str) -> bool {
    let utf16: Vec<u8> = needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        found(&bytes, needle.as_bytes()) || found(&bytes, &utf16)
    })
}

#[test]
fn nothing_personal_is_readable_in_any_file() {
    let phone = phone();
    for serial in 9001..9050 {
        register(&phone, serial, "Sutarmi Karangan");
    }
    phone.batch();
    let folder = phone.folder.path();
    assert!(suffixed(&phone.path(), "-wal").exists());
    // the search itself finds what is there
    fs::write(folder.join("control"), format!("x{}y", nik(9001).expose())).unwrap();
    assert!(contains(folder, nik(9001).expose()));
    fs::remove_file(folder.join("control")).unwrap();
    let planted: Vec<u8> = "Sutarmi".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(folder.join("control"), planted).unwrap();
    assert!(contains(folder, "Sutarmi"));
    fs::remove_file(folder.join("control")).unwrap();

    let phone_number = "81200009001";
    let personal =
        [nik(9001).expose().to_owned(), "Sutarmi".into(), "SUTARMI".into(), "sutarmi".into(), phone_number.into()];
    for needle in &personal {
        assert!(!contains(folder, needle), "{needle} in clear while open");
    }
    let Phone { store, folder, .. } = phone;
    drop(store);
    for needle in &personal {
        assert!(!contains(folder.path(), needle), "{needle} in clear when closed");
    }
    let header = fs::read(path_in(folder.path())).unwrap();
    assert!(!header.starts_with(b"SQLite format 3"));
}

#[test]
fn nothing_personal_shows_in_debug_output() {
    let phone = phone();
    let draft = fill(&phone, &form(9001, "Sutarmi Karangan"));
    let drafted = format!("{:?}", phone.draft(draft).unwrap());
    let ids = register_draft(&phone, draft, ids()).unwrap().ids;
    let page = phone.workers(&payung_store::WorkerQuery::typed("Sutarmi", 5), today()).unwrap();
    let (detail, batch) = (phone.worker(ids.worker), phone.batch());
    let told = format!("{drafted} {detail:?} {page:?} {batch:?} {:?} {:?}", phone.store, key());
    for needle in ["utarmi", "UTARMI", nik(9001).expose(), "81200009001"] {
        assert!(!told.contains(needle), "{needle}");
    }
}
