//! Uploads without HTTP, and what is thrown away: on disk and in a bucket, which must not differ.

mod away;
#[path = "../../tests/bucket/mod.rs"]
pub(crate) mod bucket;
mod settings;

use super::{Inventory, Media, MediaError, Place, Standing, Swept, UPLOAD_LIFE, Upload, inventory};
use crate::{
    service::DataDir,
    storage::{OpStatus, Storage, StoredOp, sqlite::Sqlite},
};
use bucket::BucketServer;
use payung_domain::{
    area::Area,
    attachment::MediaHash,
    field::Kind,
    id::{DeviceId, Hlc, RecordId},
    op::Op,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, path::PathBuf};
use tempfile::TempDir;
use uuid::Uuid;

const DAY: i64 = 24 * 3600 * 1000;

/// A data directory, and where its whole files are kept.
pub(crate) struct House {
    pub(crate) dir: TempDir,
    pub(crate) bucket: Option<BucketServer>,
}

impl House {
    pub(crate) fn on_disk() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), bucket: None }
    }

    pub(crate) fn with_bucket() -> Self {
        Self { bucket: Some(BucketServer::start()), ..Self::on_disk() }
    }

    fn place(&self) -> Place {
        self.bucket.as_ref().map_or(Place::Disk, |bucket| place(&bucket.settings()))
    }

    pub(crate) fn open(&self) -> Media {
        Media::open_at(&self.dir.path().join("media"), &[7; 32], &self.place()).expect("opened")
    }

    pub(crate) fn storage(&self) -> Sqlite {
        Sqlite::open(&self.dir.path().join("payung.db"), &[7; 32]).expect("opened")
    }

    /// Where a whole file lies.
    fn object(&self, hash: MediaHash) -> PathBuf {
        let name = format!("{:02x}/{hash}", hash.0[0]);
        match &self.bucket {
            None => self.dir.path().join("media/objects").join(name),
            Some(bucket) => bucket.object(&name),
        }
    }

    fn part(&self, upload: Upload) -> PathBuf {
        self.dir.path().join(format!("media/spool/{}-{}", upload.hash, upload.length))
    }

    pub(crate) fn bucket(&mut self) -> &mut BucketServer {
        self.bucket.as_mut().expect("a bucket")
    }
}

fn variable(name: &str) -> Option<String> {
    match name {
        "AWS_ACCESS_KEY_ID" => Some(bucket::KEY_ID.to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(bucket::SECRET.to_owned()),
        _ => None,
    }
}

fn place(settings: &str) -> Place {
    Place::read(settings, variable).expect("settings")
}

/// Runs rules on a folder and on a bucket.
macro_rules! in_both_places {
    ($($rule:ident,)*) => {
        mod on_disk {
            use crate::media::tests::House;
            $(#[test] fn $rule() { super::$rule(House::on_disk); })*
        }
        mod in_a_bucket {
            use crate::media::tests::House;
            $(#[test] fn $rule() { super::$rule(House::with_bucket); })*
        }
    };
}
pub(crate) use in_both_places;

in_both_places! {
    file_comes_whole_in_pieces_over_restarts_and_from_two_senders,
    file_that_is_not_what_its_hash_says_is_thrown_away_and_can_come_again,
    files_lie_under_the_same_names_and_their_beginnings_are_gone,
    what_an_end_in_the_last_step_left_is_made_whole_by_who_asks,
    files_go_with_the_erased_and_when_nothing_names_them_for_a_month,
    what_is_not_named_like_a_file_of_ours_stays,
    upload_nobody_went_on_with_is_forgotten_after_its_time,
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

fn file_comes_whole_in_pieces_over_restarts_and_from_two_senders(house: fn() -> House) {
    let house = house();
    let media = house.open();
    let bytes = file(1, 1000);
    let upload = upload(&bytes);
    assert!(matches!(media.standing(upload), Err(MediaError::Unknown)));
    assert_eq!(media.create(upload).expect("begun").offset, 0);
    assert_eq!(media.append(upload, 0, &bytes[..300]).expect("taken").offset, 300);
    drop(media);
    let media = house.open();
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

fn file_that_is_not_what_its_hash_says_is_thrown_away_and_can_come_again(house: fn() -> House) {
    let house = house();
    let media = house.open();
    let bytes = file(2, 100);
    let upload = upload(&bytes);
    media.create(upload).expect("begun");
    assert!(matches!(media.append(upload, 0, &[0; 100]), Err(MediaError::Mismatch)));
    assert_eq!(media.read(upload.hash).expect("looked"), None);
    assert!(matches!(media.standing(upload), Err(MediaError::Unknown)));
    assert_eq!(brought(&media, &bytes), upload.hash);
}

fn files_lie_under_the_same_names_and_their_beginnings_are_gone(house: fn() -> House) {
    let house = house();
    let media = house.open();
    let bytes = file(3, 700);
    let hash = brought(&media, &bytes);
    assert_eq!(fs::read(house.object(hash)).expect("there"), bytes);
    assert!(!house.part(upload(&bytes)).exists());
}

type Ask = fn(&Media, Upload) -> Result<Standing, MediaError>;

fn what_an_end_in_the_last_step_left_is_made_whole_by_who_asks(house: fn() -> House) {
    let house = house();
    let media = house.open();
    let whole = Standing { offset: 90, expires: None };
    let asks: [Ask; 3] = [Media::standing, Media::create, |media, upload| media.append(upload, 90, &[])];
    // all bytes are on the spool: before the file came to its place, and after
    for (seed, there) in [(4, false), (5, true)] {
        let bytes = file(seed, 90);
        let upload = upload(&bytes);
        if there {
            brought(&media, &bytes);
        }
        for ask in asks {
            fs::write(house.part(upload), &bytes).expect("written");
            assert_eq!(ask(&media, upload).expect("whole"), whole);
            assert_eq!(media.read(upload.hash).expect("looked").as_deref(), Some(bytes.as_slice()));
            assert!(!house.part(upload).exists());
        }
    }
    // and what the end damaged is not taken for the file
    let bytes = file(6, 90);
    fs::write(house.part(upload(&bytes)), [0; 90]).expect("written");
    assert!(matches!(media.standing(upload(&bytes)), Err(MediaError::Mismatch)));
    assert_eq!(brought(&media, &bytes), upload(&bytes).hash);
}

#[test]
fn address_of_an_upload_cannot_be_made_up() {
    let house = House::on_disk();
    let media = house.open();
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

fn files_go_with_the_erased_and_when_nothing_names_them_for_a_month(house: fn() -> House) {
    let house = house();
    let media = house.open();
    let storage = house.storage();
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
fn files_that_records_name_and_that_are_not_there_are_counted() {
    let house = House::on_disk();
    let (dir, storage) = (DataDir::new(house.dir.path()), house.storage());
    let look = || inventory(&dir, &*storage.read().expect("a unit")).expect("looked");
    assert_eq!(look(), Inventory::default());
    assert!(!dir.media().exists(), "looking makes nothing");
    let media = house.open();
    let [there, unnamed] = [20, 21].map(|seed| brought(&media, &file(seed, 50)));
    let unit = storage.write().expect("a unit");
    // more than are read at once, and two records that name the same
    let absent =
        (3..=2002).map(|n: u64| attachment(n, MediaHash(Sha256::digest(n.to_be_bytes()).into()), OpStatus::Held));
    let named: Vec<_> = [1, 2].map(|n| attachment(n, there, OpStatus::Applied)).into_iter().chain(absent).collect();
    unit.store_ops(&named).expect("stored");
    unit.commit().expect("durable");
    assert_eq!(look(), Inventory { files: 2, bytes: 100, named: 2001, missing: 2000 });
    assert!(media.read(unnamed).expect("looked").is_some());
}

fn what_is_not_named_like_a_file_of_ours_stays(house: fn() -> House) {
    let house = house();
    let media = house.open();
    let ours = house.object(brought(&media, &file(8, 50)));
    let shelf = ours.parent().expect("a shelf");
    let name = ours.file_name().expect("a name").to_str().expect("text");
    let strange = [shelf.join("catatan.txt"), shelf.with_file_name("zz").join(name), shelf.with_file_name(name)];
    for path in &strange {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, b"x").expect("written");
    }
    let spooled = house.dir.path().join("media/spool/catatan.txt");
    fs::write(&spooled, b"x").expect("written");
    let later = crate::clock::now() + 31 * DAY;
    assert_eq!(media.sweep(&house.storage(), later).expect("swept"), Swept { unnamed: 1, ..Swept::default() });
    assert!(!ours.exists());
    assert!(strange.iter().all(|path| path.exists()) && spooled.exists());
}

fn upload_nobody_went_on_with_is_forgotten_after_its_time(house: fn() -> House) {
    let house = house();
    let media = house.open();
    let storage = house.storage();
    let upload = upload(&file(6, 100));
    let expires = media.create(upload).expect("begun").expires.expect("unfinished");
    assert_eq!(media.sweep(&storage, expires).expect("swept").stale, 0);
    assert!(media.standing(upload).is_ok());
    assert_eq!(media.sweep(&storage, expires + 1).expect("swept").stale, 1);
    assert!(matches!(media.standing(upload), Err(MediaError::Unknown)));
    assert!(i64::try_from(UPLOAD_LIFE.as_millis()).expect("small") > 6 * DAY);
    assert_eq!(fs::read_dir(house.dir.path().join("media/spool")).expect("a folder").count(), 0);
}
