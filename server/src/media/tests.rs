//! Uploads without HTTP, and what is thrown away.

use super::{Media, MediaError, Standing, Swept, UPLOAD_LIFE, Upload};
use crate::storage::{OpStatus, Storage, StoredOp, sqlite::Sqlite};
use payung_domain::{
    area::Area,
    attachment::MediaHash,
    field::Kind,
    id::{DeviceId, Hlc, RecordId},
    op::Op,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs};
use tempfile::TempDir;
use uuid::Uuid;

const DAY: i64 = 24 * 3600 * 1000;

fn media() -> (Media, TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    (Media::open(&dir.path().join("media"), &[7; 32]).expect("opened"), dir)
}

fn upload(file: &[u8]) -> Upload {
    Upload { hash: MediaHash(Sha256::digest(file).into()), length: file.len() as u64 }
}

fn file(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + usize::from(seed)) % 251).expect("small")).collect()
}

fn brought(media: &Media, bytes: &[u8]) -> MediaHash {
    let upload = upload(bytes);
    media.create(upload).expect("begun");
    assert_eq!(media.append(upload, 0, bytes).expect("taken").expires, None);
    upload.hash
}

#[test]
fn file_comes_whole_in_pieces_over_restarts_and_from_two_senders() {
    let (media, dir) = media();
    let bytes = file(1, 1000);
    let upload = upload(&bytes);
    assert!(matches!(media.standing(upload), Err(MediaError::Unknown)));
    assert_eq!(media.create(upload).expect("begun").offset, 0);
    assert_eq!(media.append(upload, 0, &bytes[..300]).expect("taken").offset, 300);
    drop(media);
    let media = Media::open(&dir.path().join("media"), &[7; 32]).expect("opened");
    // the second sender knows nothing of the first
    assert_eq!(media.create(upload).expect("found").offset, 300);
    assert!(matches!(media.append(upload, 0, &bytes[..300]), Err(MediaError::Moved(300))));
    assert!(matches!(media.append(upload, 300, &[0; 701]), Err(MediaError::TooLong)));
    assert_eq!(media.read(upload.hash).expect("looked"), None, "not before it is whole");
    let whole = Standing { offset: 1000, expires: None };
    assert_eq!(media.append(upload, 300, &bytes[300..]).expect("taken"), whole);
    assert_eq!(media.read(upload.hash).expect("looked").as_deref(), Some(bytes.as_slice()));
    // again: there already, at the same place
    assert_eq!(media.create(upload).expect("found"), whole);
    assert_eq!(media.append(upload, 1000, &[]).expect("nothing"), whole);
    assert!(matches!(media.discard(upload), Err(MediaError::Moved(1000))), "a whole file is nobody's to remove");
}

#[test]
fn file_that_is_not_what_its_hash_says_is_thrown_away_and_can_come_again() {
    let (media, _dir) = media();
    let bytes = file(2, 100);
    let upload = upload(&bytes);
    media.create(upload).expect("begun");
    assert!(matches!(media.append(upload, 0, &[0; 100]), Err(MediaError::Mismatch)));
    assert_eq!(media.read(upload.hash).expect("looked"), None);
    assert!(matches!(media.standing(upload), Err(MediaError::Unknown)));
    assert_eq!(brought(&media, &bytes), upload.hash);
}

#[test]
fn address_of_an_upload_cannot_be_made_up() {
    let (media, _dir) = media();
    let upload = upload(b"x");
    let token = media.token(upload);
    assert_eq!(media.upload(&token), Some(upload));
    let tag = token.rfind('-').expect("a tag") + 1;
    for wrong in [&token[..tag], &token[..tag + 30], &format!("{}{}", &token[..tag], "0".repeat(32)), "", "-", "a-1-00"]
    {
        assert_eq!(media.upload(wrong), None, "{wrong}");
    }
    let other = tempfile::tempdir().expect("a folder");
    let other = Media::open(other.path(), &[8; 32]).expect("opened");
    assert_eq!(other.upload(&token), None, "of another server");
}

fn attachment(n: u64, of: MediaHash, status: OpStatus) -> StoredOp {
    let op = Op {
        n,
        record: RecordId(Uuid::from_u128(u128::from(n))),
        kind: Kind::Attachment,
        area: Area::parse("33.02.24.1001.005.003").expect("an area"),
        base: None,
        set: BTreeMap::from([("media".to_owned(), json!({ "sha256": of.to_string() }))]),
        resolve: BTreeMap::new(),
        hlc: Hlc(7),
        reissue: None,
        stale: Vec::new(),
        receipt: None,
    };
    let (device, hash) = (DeviceId(Uuid::from_u128(1)), op.hash());
    StoredOp { device, hash, received_at: 5, status, waits_for: None, outcome: None, op }
}

#[test]
fn files_go_with_the_erased_and_when_nothing_names_them_for_a_month() {
    let (media, dir) = media();
    let storage = Sqlite::open(&dir.path().join("payung.db"), &[7; 32]).expect("opened");
    let [named, waiting, refused, unnamed, shared] = [1, 2, 3, 4, 5].map(|seed| brought(&media, &file(seed, 50)));
    let unit = storage.write().expect("a unit");
    let ops = [
        attachment(1, named, OpStatus::Applied),
        attachment(2, waiting, OpStatus::Held),
        attachment(3, refused, OpStatus::Refused),
        attachment(4, shared, OpStatus::Applied),
        attachment(5, shared, OpStatus::Applied),
    ];
    unit.store_ops(&ops).expect("stored");
    unit.commit().expect("durable");
    let now = crate::clock::now();
    assert_eq!(media.sweep(&storage, now + 29 * DAY).expect("swept"), Swept { kept: 5, ..Swept::default() });
    let month = now + 31 * DAY;
    assert_eq!(media.sweep(&storage, month).expect("swept"), Swept { unnamed: 2, kept: 3, ..Swept::default() });
    for (file, there) in [(named, true), (waiting, true), (refused, false), (unnamed, false), (shared, true)] {
        assert_eq!(media.read(file).expect("looked").is_some(), there);
    }
    let erase = |n: u128| {
        let unit = storage.write().expect("a unit");
        unit.erase(RecordId(Uuid::from_u128(n))).expect("erased");
        unit.commit().expect("durable");
    };
    erase(1);
    erase(4);
    // at once, whatever their age; what another record names, too, stays
    assert_eq!(media.sweep(&storage, now).expect("swept"), Swept { erased: 1, kept: 2, ..Swept::default() });
    assert_eq!(media.read(named).expect("looked"), None);
    assert!(media.read(shared).expect("looked").is_some());
    assert_eq!(storage.read().expect("a unit").media_gone().expect("read"), []);
    erase(5);
    assert_eq!(media.sweep(&storage, now).expect("swept"), Swept { erased: 1, kept: 1, ..Swept::default() });
}

#[test]
fn upload_nobody_went_on_with_is_forgotten_after_its_time() {
    let (media, dir) = media();
    let storage = Sqlite::open(&dir.path().join("payung.db"), &[7; 32]).expect("opened");
    let upload = upload(&file(6, 100));
    let expires = media.create(upload).expect("begun").expires.expect("unfinished");
    assert_eq!(media.sweep(&storage, expires).expect("swept").stale, 0);
    assert!(media.standing(upload).is_ok());
    assert_eq!(media.sweep(&storage, expires + 1).expect("swept").stale, 1);
    assert!(matches!(media.standing(upload), Err(MediaError::Unknown)));
    assert!(i64::try_from(UPLOAD_LIFE.as_millis()).expect("small") > 6 * DAY);
    assert_eq!(fs::read_dir(dir.path().join("media/spool")).expect("a folder").count(), 0);
}
