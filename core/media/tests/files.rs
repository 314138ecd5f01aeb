//! Drawings, and files under their keys.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use payung_domain::{attachment::MediaHash, field::Kind, op::Body};
use payung_media::{Drawing, DrawingError, MediaKey, OVERHEAD, OpenError, Point, open, seal};
use proptest::prelude::*;

fn point(x: i32, y: i32) -> Point {
    Point { x, y }
}

#[test]
fn strokes_become_black_on_white_and_little_of_it() {
    let strokes = vec![vec![point(10, 10), point(90, 40), point(10, 40)], vec![point(60, 15)]];
    let drawn = Drawing { width: 101, height: 50, strokes }.to_png().unwrap();
    assert_eq!(drawn.media_type, "image/png");
    assert!(drawn.bytes.len() < 400, "{} bytes", drawn.bytes.len());
    let seen = image::load_from_memory(&drawn.bytes).unwrap().to_luma8();
    assert_eq!(seen.dimensions(), (101, 50));
    for (x, y, level) in [(10, 10, 0), (50, 25, 0), (50, 40, 0), (60, 15, 0), (60, 5, 255), (100, 49, 255)] {
        assert_eq!(seen.get_pixel(x, y).0[0], level, "at {x}, {y}");
    }
}

#[test]
fn nothing_drawn_and_a_canvas_without_end_are_refused() {
    let drawing = |width, height, strokes| Drawing { width, height, strokes }.to_png().map(|_| ());
    assert_eq!(drawing(100, 100, vec![]), Err(DrawingError::Empty));
    assert_eq!(drawing(100, 100, vec![vec![]]), Err(DrawingError::Empty));
    assert_eq!(drawing(100, 100, vec![vec![point(-50, 500)]]), Err(DrawingError::Empty));
    assert_eq!(drawing(0, 100, vec![vec![point(0, 0)]]), Err(DrawingError::TooLarge));
    assert_eq!(drawing(1201, 100, vec![vec![point(0, 0)]]), Err(DrawingError::TooLarge));
    assert_eq!(drawing(100, 100, vec![vec![point(0, 0); 20_001]]), Err(DrawingError::TooLarge));
    // a finger that leaves the canvas, however far, and comes back
    assert_eq!(drawing(100, 100, vec![vec![point(5, 5), point(i32::MAX, i32::MIN), point(9, 9)]]), Ok(()));
}

#[test]
fn file_opens_by_what_its_record_says() {
    let key = MediaKey::new([7; 32]);
    let sealed = seal(b"a photo", &key);
    assert_eq!(sealed.bytes.len(), 7 + OVERHEAD);
    let field = sealed.field(&key, "image/jpeg");
    assert_eq!(Kind::Attachment.validate("media", &field), Ok(()));
    let body = Body::from([("media".to_owned(), field)]);
    let (name, key) = (MediaHash::of(&body).unwrap(), MediaKey::of(&body).unwrap());
    assert_eq!(open(&sealed.bytes, name, &key).unwrap().as_slice(), b"a photo");
}

#[test]
fn other_keys_other_files_and_newer_formats_are_told_apart() {
    let key = MediaKey::new([7; 32]);
    let sealed = seal(b"a photo", &key);
    assert_eq!(open(&sealed.bytes, sealed.hash, &MediaKey::new([8; 32])), Err(OpenError::OtherKey));
    assert_eq!(open(&sealed.bytes, seal(b"another", &key).hash, &key), Err(OpenError::OtherFile));
    assert_eq!(open(&sealed.bytes[..20], sealed.hash, &key), Err(OpenError::OtherFile));
    let mut newer = sealed.bytes;
    newer[0] = 2;
    let name = MediaHash(<sha2::Sha256 as sha2::Digest>::digest(&newer).into());
    assert_eq!(open(&newer, name, &key), Err(OpenError::Version(2)));
}

#[test]
fn key_is_not_in_any_debug_output() {
    let key = MediaKey::new([7; 32]);
    let sealed = seal(b"a photo", &key);
    let text = sealed.field(&key, "image/jpeg")["key"].as_str().unwrap().to_owned();
    let told = format!("{key:?} {sealed:?}");
    assert!(!told.contains(&text) && !told.contains("7, 7"), "{told}");
}

proptest! {
    #[test]
    fn file_opens_only_as_it_was_sealed(plain in prop::collection::vec(any::<u8>(), 0..200), random: [u8; 32], at: prop::sample::Index, bit in 0..8_u8) {
        let key = MediaKey::new(random);
        let sealed = seal(&plain, &key);
        prop_assert!(*open(&sealed.bytes, sealed.hash, &key).unwrap() == plain);
        let mut changed = sealed.bytes.clone();
        changed[at.index(sealed.bytes.len())] ^= 1 << bit;
        prop_assert_eq!(open(&changed, sealed.hash, &key), Err(OpenError::OtherFile));
        // even where the name is made to fit
        let name = MediaHash(<sha2::Sha256 as sha2::Digest>::digest(&changed).into());
        prop_assert!(open(&changed, name, &key).is_err());
    }
}
