//! Pictures made by code: a card on a table, with lines of digits, light from one side and a sensor's noise.

#![allow(dead_code, reason = "each test uses what it needs")]

use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// What a phone's camera could have seen.
pub(crate) fn scene(width: u32, height: u32) -> RgbImage {
    let mut random = fastrand::Rng::with_seed(9001);
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (x * 1000 / width, y * 1000 / height);
        let card = (100..900).contains(&across) && (180..820).contains(&down);
        let light = 200 - i32::try_from(across / 12 + down / 20).unwrap();
        let ink = card && down % 60 < 26 && (across * 7 + (down / 60) * 131) % 37 < 14 && (160..840).contains(&across);
        let grain = i32::try_from(random.u32(0..13)).unwrap() - 6;
        let wood = i32::try_from((x + y / 3) % 64 / 8).unwrap() * 3;
        let [red, green, blue] = match (ink, card) {
            (true, _) => [30, 30, 60],
            (_, true) => [light - 60, light - 20, light + 20],
            _ => [light - 50 + wood, light - 90 + wood, light - 130 + wood],
        };
        let level = |part: i32| u8::try_from((part + grain).clamp(0, 255)).unwrap();
        Rgb([level(red), level(green), level(blue)])
    })
}

/// As a camera writes it: 4:2:0, quality 92, with EXIF that says how the phone was held, and where.
pub(crate) fn jpeg(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 92);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // TIFF, little-endian: one entry, 0x0112 Orientation; then what must not survive
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS-OF-THE-HOUSE");
    encoder.add_exif_metadata(&exif).unwrap();
    let side = |length: u32| u16::try_from(length).unwrap();
    encoder.encode(picture.as_raw(), side(picture.width()), side(picture.height()), ColorType::Rgb).unwrap();
    bytes
}
