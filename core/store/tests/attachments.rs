//! Photos and drawings: on disk before they are said to be saved, in the queue until the server has them, and kept for
//! showing while there is room.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{NOW, Phone, body, identity, key, open, path_in, phone, record_id, rt};
use payung_domain::{
    attachment::MediaHash,
    field::Kind,
    id::RecordId,
    op::{Body, Change, GoneReason},
};
use payung_store::{FileState, Mark, NewAttachment, Store, StoreError, UploadPlace};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{fs, path::PathBuf};

fn hash(file: &[u8]) -> MediaHash {
    MediaHash(Sha256::digest(file).into())
}

fn attachment(of: RecordId, file: &[u8]) -> Body {
    let media = json!({
        "sha256": hash(file).to_string(), "size": file.len(), "key": "k".repeat(43), "type": "image/jpeg",
    });
    body(&[
        ("of", of.to_string().into()),
        ("what", "photo".into()),
        ("media", media),
        ("capture", json!({ "at": "2026-11-22T10:00:00Z" })),
    ])
}

/// Adds a photo of a person; answers its record.
fn add(phone: &Phone, of: RecordId, file: &[u8], priority: i32, wifi_only: bool) -> RecordId {
    let (id, body) = (record_id(), attachment(of, file));
    phone
        .add_attachment(&NewAttachment { id, body: &body, ciphertext: file, priority, wifi_only }, &rt(), NOW)
        .unwrap();
    id
}

fn files(phone: &Phone) -> Vec<PathBuf> {
    let entries = fs::read_dir(phone.folder.path().join("media")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn place() -> UploadPlace {
    UploadPlace { server: "https://kantor.example".into(), path: "/v1/media/x".into() }
}

#[test]
fn photo_is_an_op_at_once_and_its_file_waits_in_the_queue_over_restarts() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let file = b"ciphertext of a photo";
    add(&phone, worker, file, 0, false);
    let ops = phone.batch().ops;
    assert_eq!((ops.len(), &ops[0].kind), (1, &Kind::Attachment), "the record does not wait for its file");
    let phone = phone.reopen();
    let waiting = phone.next_upload(false, NOW).unwrap().unwrap();
    assert_eq!((waiting.hash, waiting.size, waiting.offset, waiting.upload), (hash(file), 21, 0, None));
    assert_eq!(phone.media_piece(hash(file), 11, 4).unwrap(), b"of a");
    assert_eq!(phone.media_file(hash(file)).unwrap().as_deref(), Some(&file[..]));
    phone.upload_stands(hash(file), &place(), 9).unwrap();
    let phone = phone.reopen();
    let waiting = phone.next_upload(false, NOW).unwrap().unwrap();
    assert_eq!((waiting.offset, waiting.upload), (9, Some(place())));
    let counts = phone.media_counts().unwrap();
    assert_eq!((counts.waiting, counts.waiting_bytes, counts.kept), (1, 12, 0));
    phone.uploaded(hash(file), 1000, NOW).unwrap();
    assert_eq!(phone.next_upload(true, NOW).unwrap(), None);
    let counts = phone.media_counts().unwrap();
    assert_eq!((counts.waiting, counts.kept, counts.kept_bytes), (0, 1, 21));
    assert!(phone.media_file(hash(file)).unwrap().is_some(), "kept for showing");
}

#[test]
fn queue_goes_by_priority_then_age_and_keeps_what_waits_for_wifi_off_costly_roads() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    add(&phone, worker, b"first", 0, false);
    add(&phone, worker, b"second", 0, false);
    add(&phone, worker, b"urgent", 5, false);
    add(&phone, worker, b"large", 9, true);
    let next = |wifi, now| phone.next_upload(wifi, now).unwrap().unwrap().hash;
    assert_eq!(next(true, NOW), hash(b"large"));
    assert_eq!(next(false, NOW), hash(b"urgent"));
    phone.upload_failed(hash(b"urgent"), NOW + 5000).unwrap();
    assert_eq!(next(false, NOW), hash(b"first"), "who failed lets the others go on");
    assert_eq!(next(false, NOW + 5000), hash(b"urgent"));
    assert_eq!(phone.next_upload(false, NOW + 5000).unwrap().unwrap().tries, 1);
    assert_eq!(phone.media_counts().unwrap().waiting_for_wifi, 1);
}

#[test]
fn oldest_uploaded_copies_make_room_and_an_unsent_one_never_does() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    for file in [b"aaaa", b"bbbb", b"cccc", b"dddd"] {
        add(&phone, worker, file, 0, false);
    }
    for (at, file) in (0..).zip([b"aaaa", b"bbbb", b"cccc"]) {
        phone.uploaded(hash(file), 8, NOW + at).unwrap();
    }
    let there = |file: &[u8]| phone.media_file(hash(file)).unwrap().is_some();
    assert_eq!([there(b"aaaa"), there(b"bbbb"), there(b"cccc"), there(b"dddd")], [false, true, true, true]);
    phone.uploaded(hash(b"cccc"), 0, NOW + 9).unwrap();
    assert_eq!([there(b"bbbb"), there(b"cccc"), there(b"dddd")], [false, false, true]);
    assert_eq!(phone.media_counts().unwrap().waiting, 1);
}

#[test]
fn file_that_is_not_the_records_is_refused_and_nothing_is_saved() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let body = attachment(worker, b"one");
    let new = NewAttachment { id: record_id(), body: &body, ciphertext: b"two", priority: 0, wifi_only: false };
    assert!(matches!(phone.add_attachment(&new, &rt(), NOW), Err(StoreError::InvalidDraft(_))));
    let nothing = body_without(&body, "media");
    let new = NewAttachment { body: &nothing, ciphertext: b"one", ..new };
    assert!(matches!(phone.add_attachment(&new, &rt(), NOW), Err(StoreError::InvalidDraft(_))));
    assert!(phone.batch().ops.is_empty() && phone.next_upload(true, NOW).unwrap().is_none());
}

fn body_without(body: &Body, field: &str) -> Body {
    body.iter().filter(|(name, _)| *name != field).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[test]
fn where_a_file_cannot_be_written_nothing_is_saved_and_the_rest_works_on() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    // a folder that is none stands for a disk that takes no more
    fs::write(phone.folder.path().join("media"), b"").unwrap();
    let body = attachment(worker, b"one");
    let new = NewAttachment { id: record_id(), body: &body, ciphertext: b"one", priority: 0, wifi_only: false };
    assert!(matches!(phone.add_attachment(&new, &rt(), NOW), Err(StoreError::NotSaved)));
    assert!(phone.batch().ops.is_empty());
    assert_eq!(phone.edit(worker, "notes", "baru"), payung_store::Saved::Op);
}

#[test]
fn file_that_a_kill_left_without_its_record_goes_at_the_next_opening() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    add(&phone, worker, b"named", 0, false);
    let folder = phone.folder.path().join("media");
    fs::write(folder.join(hash(b"unnamed").to_string()), b"unnamed").unwrap();
    fs::write(folder.join(format!("{}.part", hash(b"half"))), b"ha").unwrap();
    assert_eq!(files(&phone).len(), 3);
    let phone = phone.reopen();
    assert_eq!(files(&phone), [folder.join(hash(b"named").to_string())]);
}

/// Flips a byte in the first page, opens what is there twice, and answers the fresh store and where the old one lies.
fn set_aside(phone: Phone) -> (tempfile::TempDir, Store, PathBuf) {
    let Phone { store, folder, .. } = phone;
    drop(store);
    let path = path_in(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let whole = bytes.clone();
    bytes[40] ^= 1;
    fs::write(&path, bytes).unwrap();
    let Err(StoreError::Damaged { set_aside }) = open(folder.path()) else { panic!("not found damaged") };
    // as if the damage lay elsewhere: what is in it can be read
    fs::write(&set_aside, whole).unwrap();
    let fresh = open(folder.path()).unwrap();
    (folder, fresh, set_aside)
}

#[test]
fn photos_that_wait_outlast_a_damaged_database() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    add(&phone, worker, b"begun", 7, false);
    add(&phone, worker, b"waits", 0, false);
    phone.upload_stands(hash(b"begun"), &place(), 3).unwrap();
    let (folder, fresh, set_aside) = set_aside(phone);
    fresh.salvage(&set_aside, &key()).unwrap();
    drop(fresh);
    let again = open(folder.path()).unwrap();
    let first = again.next_upload(false, NOW).unwrap().unwrap();
    assert_eq!((first.hash, first.offset, first.upload), (hash(b"begun"), 3, Some(place())));
    assert_eq!(again.media_counts().unwrap().waiting, 2);
    assert_eq!(again.media_file(hash(b"waits")).unwrap().as_deref(), Some(&b"waits"[..]));
}

#[test]
fn photo_whose_row_cannot_be_read_is_queued_and_what_is_not_whole_is_not() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    add(&phone, worker, b"waits", 7, false);
    let (folder, fresh, set_aside) = set_aside(phone);
    fs::write(&set_aside, b"nothing can be read of this").unwrap();
    let cut = folder.path().join("media").join(hash(b"another").to_string());
    fs::write(&cut, b"anoth").unwrap();
    fresh.salvage(&set_aside, &key()).unwrap();
    assert!(folder.path().join("media").join(hash(b"waits").to_string()).exists());
    fresh.set_identity(&identity(2)).unwrap();
    drop(fresh);
    let again = open(folder.path()).unwrap();
    assert_eq!(again.next_upload(true, NOW).unwrap().map(|file| file.hash), Some(hash(b"waits")));
    assert_eq!(again.next_upload(false, NOW).unwrap(), None, "nobody knows whether it may cost money");
    assert!(!cut.exists());
}

#[test]
fn files_of_the_erased_leave_queue_and_phone() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let photo = add(&phone, worker, b"a photo", 0, false);
    let gone = |record| Change::Gone { record, why: GoneReason::Erased, version: 9, to: None };
    phone.pull(vec![gone(photo), gone(worker)]);
    assert_eq!(phone.next_upload(true, NOW).unwrap(), None);
    let phone = phone.reopen();
    assert_eq!(files(&phone), Vec::<PathBuf>::new());
}

#[test]
fn photos_of_a_person_are_listed_with_how_far_record_and_file_have_come() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let other = phone.pulled_worker("SITI");
    let (one, two) = (add(&phone, worker, b"one", 0, false), add(&phone, worker, b"three", 0, true));
    add(&phone, other, b"another person's", 0, false);
    phone.upload_stands(hash(b"three"), &place(), 2).unwrap();
    phone.uploaded(hash(b"one"), 1000, NOW).unwrap();
    let listed = phone.attachments(worker).unwrap();
    let told: Vec<_> = listed.iter().map(|photo| (photo.id, photo.file, photo.size, photo.sent)).collect();
    assert_eq!(told, [(one, FileState::Sent, 3, 3), (two, FileState::Waiting, 5, 2)]);
    assert!(listed[1].wifi_only && listed[1].mark == Mark::Waiting);
    assert_eq!((listed[0].what.as_str(), listed[0].media_type.as_str()), ("photo", "image/jpeg"));
    // the oldest copy made room
    phone.uploaded(hash(b"three"), 0, NOW).unwrap();
    let away = phone.attachments(worker).unwrap();
    assert!(away.iter().all(|photo| photo.file == FileState::Away));
    assert_eq!(away[1].size, 5);
}

#[test]
fn photo_given_up_leaves_queue_and_disk_and_one_that_was_sent_cannot_be() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let (gone, sent) = (add(&phone, worker, b"gone", 0, false), add(&phone, worker, b"sent", 0, false));
    phone.uploaded(hash(b"sent"), 1000, NOW).unwrap();
    phone.give_up_file(gone).unwrap();
    assert_eq!(phone.next_upload(true, NOW).unwrap(), None);
    assert_eq!(files(&phone).len(), 1);
    assert!(matches!(phone.give_up_file(gone), Err(StoreError::NotFound)));
    assert!(matches!(phone.give_up_file(sent), Err(StoreError::NotFound)));
    let states: Vec<_> = phone.attachments(worker).unwrap().iter().map(|photo| photo.file).collect();
    assert_eq!(states, [FileState::Away, FileState::Sent]);
}

#[test]
fn person_who_sends_now_waits_out_no_failure() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    add(&phone, worker, b"failed", 0, false);
    phone.upload_failed(hash(b"failed"), NOW + 5000).unwrap();
    assert_eq!(phone.next_upload(true, NOW).unwrap(), None);
    phone.hurry_uploads().unwrap();
    assert_eq!(phone.next_upload(true, NOW).unwrap().unwrap().tries, 1);
}

#[test]
fn server_that_asks_to_wait_is_left_alone_with_every_file_over_a_restart() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    add(&phone, worker, b"one", 0, false);
    add(&phone, worker, b"two", 0, false);
    phone.upload_failed(hash(b"one"), NOW + 900).unwrap();
    phone.put_off_uploads(NOW + 600_000).unwrap();
    let phone = phone.reopen();
    assert_eq!(phone.next_upload(true, NOW + 599_999).unwrap(), None);
    assert_eq!(phone.next_upload(true, NOW + 600_000).unwrap().unwrap().hash, hash(b"one"));
}

#[test]
fn wait_reckoned_by_a_clock_ten_years_ahead_does_not_count() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    add(&phone, worker, b"failed", 0, false);
    phone.upload_failed(hash(b"failed"), NOW + 10 * 365 * 86_400_000).unwrap();
    assert_eq!(phone.next_upload(true, NOW).unwrap().unwrap().hash, hash(b"failed"));
}
