//! A bucket that is away, refuses, or is full of files.

use super::{
    super::{MediaError, StoreFailure},
    *,
};

#[test]
fn last_byte_is_not_acknowledged_while_the_store_is_away_and_no_byte_is_lost() {
    let mut house = House::with_bucket();
    let media = house.open();
    let bytes = file(1, 1000);
    let upload = upload(&bytes);
    house.bucket().stop();
    // what does not end the file needs no store
    assert_eq!(media.create(upload).expect("begun").offset, 0);
    assert_eq!(media.append(upload, 0, &bytes[..600]).expect("taken").offset, 600);
    assert_eq!(media.standing(upload).expect("known").offset, 600);
    let away = |answer| matches!(answer, Err(MediaError::Store(StoreFailure::Away)));
    assert!(away(media.append(upload, 600, &bytes[600..])));
    assert_eq!(fs::read(house.part(upload)).expect("still there"), bytes);
    assert!(away(media.standing(upload)), "not whole, whatever bytes are there");
    house.bucket().start_again();
    assert_eq!(media.standing(upload).expect("known"), Standing { offset: 1000, expires: None });
    assert_eq!(media.read(upload.hash).expect("looked").as_deref(), Some(bytes.as_slice()));
    assert!(!house.part(upload).exists());
}

#[test]
fn sweep_brings_what_the_store_did_not_take_and_never_throws_it_away() {
    let mut house = House::with_bucket();
    let (media, storage) = (house.open(), house.storage());
    let bytes = file(2, 100);
    let upload = upload(&bytes);
    let expires = media.create(upload).expect("begun").expires.expect("unfinished");
    house.bucket().stop();
    assert!(media.append(upload, 0, &bytes).is_err());
    let late = expires + DAY;
    assert!(media.sweep(&storage, late).is_err());
    assert_eq!(fs::read(house.part(upload)).expect("still there"), bytes);
    house.bucket().start_again();
    assert_eq!(media.sweep(&storage, late).expect("swept"), Swept { finished: 1, kept: 1, ..Swept::default() });
    assert_eq!(media.read(upload.hash).expect("looked").as_deref(), Some(bytes.as_slice()));
    assert!(!house.part(upload).exists());
}

#[test]
fn wrong_key_and_bucket_are_told_apart_and_the_key_is_not_shown() {
    let house = House::with_bucket();
    let settings = house.bucket.as_ref().expect("a bucket").settings();
    let wrong_id = |name: &str| Some(if name.ends_with("ID") { "nobody" } else { bucket::SECRET }.to_owned());
    let wrong_secret = |name: &str| Some(if name.ends_with("ID") { bucket::KEY_ID } else { "nothing" }.to_owned());
    let no_bucket = settings.replace("\"payung\"", "\"another\"");
    let places = [
        (Place::read(&settings, wrong_id), StoreFailure::Refused),
        (Place::read(&settings, wrong_secret), StoreFailure::Refused),
        (Place::read(&no_bucket, variable), StoreFailure::NoBucket),
    ];
    for (place, failure) in places {
        let place = place.expect("settings");
        let shown = format!("{place:?}");
        let media = Media::open_at(&house.dir.path().join("media"), &[7; 32], &place).expect("opened");
        let error = media.objects.answers().expect_err("wrong");
        assert!(matches!(error, MediaError::Store(found) if found == failure), "{error}");
        let mut texts = vec![shown, error.to_string()];
        // the bucket of these tests makes a missing folder where something is put
        if failure == StoreFailure::Refused {
            let bytes = file(3, 10);
            let upload = upload(&bytes);
            assert!(media.read(upload.hash).is_err(), "what cannot be looked for is not what is not there");
            fs::write(house.part(upload), &bytes).expect("written");
            texts.push(media.standing(upload).expect_err("not kept").to_string());
            assert!(house.part(upload).exists());
        }
        for text in texts {
            for secret in [bucket::KEY_ID, bucket::SECRET, "nobody", "nothing"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

#[test]
fn more_files_than_a_bucket_lists_at_once_are_all_seen_once() {
    let house = House::with_bucket();
    let media = house.open();
    let mut all: Vec<_> = (0..2100_u32).map(|n| MediaHash(Sha256::digest(n.to_be_bytes()).into())).collect();
    for hash in &all {
        let path = house.object(*hash);
        fs::create_dir_all(path.parent().expect("a shelf")).expect("a shelf");
        fs::write(path, b"xyz").expect("written");
    }
    let (mut seen, mut bytes, mut pages) = (Vec::new(), 0, 0);
    let look = |page: Vec<crate::media::objects::Found>| {
        pages += 1;
        bytes += page.iter().map(|file| file.length).sum::<u64>();
        seen.extend(page.iter().map(|file| file.hash));
        Ok::<_, MediaError>(())
    };
    media.objects.each_page(look).expect("listed");
    seen.sort_unstable();
    all.sort_unstable();
    assert!(seen == all && pages == 3 && bytes == 6300, "{} {pages} {bytes}", seen.len());
}
