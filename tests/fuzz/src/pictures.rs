//! Pictures, as a camera, a gallery or a stranger's app hands them over; and files that come back from a server.

use crate::quiet::says_nothing;
use payung_domain::attachment::MediaHash;
use payung_media::{Drawing, LONGEST_SIDE, MediaKey, Point, TARGET_BYTES, open, seal, shrink};
use sha2::{Digest, Sha256};

/// What comes out of a picture is small, is a picture, and is taken again; what is refused is not repeated.
pub(crate) fn picture(data: &[u8]) {
    let small = match shrink(data) {
        Ok(small) => small,
        Err(error) => return says_nothing(&error.to_string(), data),
    };
    assert!(small.bytes.len() <= TARGET_BYTES, "{} bytes", small.bytes.len());
    assert!(small.width.max(small.height) <= LONGEST_SIDE && small.width.min(small.height) > 0);
    let again = shrink(&small.bytes).expect("what we wrote is a picture");
    assert_eq!((again.width, again.height), (small.width, small.height));
}

pub(crate) fn picture_seeds() -> Vec<Vec<u8>> {
    let strokes = vec![vec![Point { x: 2, y: 2 }, Point { x: 30, y: 20 }]];
    let png = Drawing { width: 33, height: 21, strokes }.to_png().expect("drawn").bytes;
    let jpeg = shrink(&png).expect("a picture").bytes;
    let webp = hex::decode("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700").expect("hex");
    vec![png, jpeg, webp, b"\xff\xd8\xff".to_vec()]
}

/// A file opens by its own name and key only, and nothing but what was sealed opens at all.
pub(crate) fn media_file(data: &[u8]) {
    let key = MediaKey::new([5; 32]);
    let sealed = seal(data, &key);
    assert!(*open(&sealed.bytes, sealed.hash, &key).expect("opens") == data);
    let name = MediaHash(Sha256::digest(data).into());
    assert!(open(data, name, &key).is_err(), "opened what was never sealed");
    assert!(open(data, sealed.hash, &key).is_err(), "opened another file");
}

pub(crate) fn media_file_seeds() -> Vec<Vec<u8>> {
    vec![b"\x01 a photo".to_vec(), vec![1; 17], vec![2; 40]]
}
