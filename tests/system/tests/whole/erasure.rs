//! A person is erased by law: their photo goes from the server and from every phone, and nothing opens a copy any more.

use crate::common::{Office, open, quiet, register, someone, sync};
use payung_domain::{attachment::MediaHash, id::RecordId};
use payung_media::{MediaKey, open as open_file};
use payung_people::picture;
use payung_store::StoreError;
use payung_system_tests::{PhoneFiles, scan, server::request};
use serde_json::json;
use std::{fs, path::Path};

/// Files of photos below a folder, by the hash in their names.
fn files(place: &Path, hash: &str) -> usize {
    let named = |file: &Path| file.file_name().is_some_and(|name| name.to_string_lossy().contains(hash));
    scan::files(place).unwrap().iter().filter(|file| named(file)).count()
}

/// What a phone's store has of a worker's photo; opening sweeps files that nothing names.
fn left(files: &PhoneFiles, worker: RecordId, photo: RecordId) -> (usize, bool) {
    let store = open(files);
    let shown = match store.shown(photo) {
        Err(StoreError::NotFound) => false,
        found => found.map(|_| true).unwrap(),
    };
    (store.attachments(worker).unwrap().len(), shown)
}

#[test]
fn photo_of_an_erased_person_is_gone_from_the_server_and_from_every_phone() {
    let mut office = Office::open(57);
    let (mut first, first_files) = office.phone("satu");
    let (mut second, second_files) = office.phone("dua");
    let worker = register(&mut first, &someone(0))["worker"].clone();
    let camera = office.folder.path().join("camera.jpg");
    fs::write(&camera, picture::jpeg(&picture::scene(640, 480), 640, 480, 1)).unwrap();
    let photo = first.ask(&json!({"do": "photo", "of": worker, "file": camera})).unwrap()["record"].clone();
    quiet(&mut [&mut first, &mut second]);
    let sent = first.ask(&json!({"do": "send_photos", "via": office.server.url()})).unwrap();
    assert_eq!(sent["files"], 1);
    let (worker, photo): (RecordId, RecordId) =
        (serde_json::from_value(worker).unwrap(), serde_json::from_value(photo).unwrap());

    // before: the other phone was told the key, and the server's file opens with it
    second.close().unwrap();
    let body = open(&second_files).shown(photo).unwrap().body();
    let (key, hash) = (MediaKey::of(&body).unwrap(), MediaHash::of(&body).unwrap());
    let name = hash.to_string();
    let objects = office.data.join("media/objects");
    assert_eq!(files(&objects, &name), 1);
    let copy = fs::read(objects.join(&name[..2]).join(&name)).unwrap();
    assert!(open_file(&copy, hash, &key).is_ok());
    let mut second = office.start(&second_files);

    office.admin.act(&["erase", &worker.to_string(), "--reason", "consent_withdrawn"]).unwrap();
    let swept = office.admin.act(&["media", "sweep"]).unwrap();
    assert_eq!(swept["erased"], 1);
    for phone in [&mut first, &mut second] {
        sync(phone);
    }
    first.close().unwrap();
    second.close().unwrap();

    assert_eq!(files(&office.data, &name), 0, "on the server");
    office.admin.act(&["show", &photo.to_string()]).unwrap_err();
    assert_eq!(request(office.server.address, "GET", &format!("/v1/media/{name}"), &[], b"").unwrap().status, 404);
    for (of, place) in [("first", &first_files), ("second", &second_files)] {
        assert_eq!(left(place, worker, photo), (0, false), "{of}");
        assert_eq!(files(&place.folder, &name), 0, "{of}");
    }
    // who joins now is told nothing of it
    let (mut third, third_files) = office.phone("tiga");
    quiet(&mut [&mut third]);
    third.close().unwrap();
    assert_eq!(left(&third_files, worker, photo), (0, false));
}
