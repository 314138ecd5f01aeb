//! What is taken as a picture, what comes of it, and what is refused by name.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{jpeg, scene};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use payung_media::{LONGEST_SIDE, MOST_BYTES, MOST_PIXELS, PictureError, TARGET_BYTES, shrink};
use std::io::Cursor;

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn photo_comes_out_small_upright_and_without_a_word_of_its_exif() {
    let photo = jpeg(&scene(2400, 1800), 6);
    assert!(holds(&photo, b"GPS-OF-THE-HOUSE") && photo.len() > 4 * TARGET_BYTES);
    let small = shrink(&photo).unwrap();
    assert!(small.bytes.len() <= TARGET_BYTES, "{} bytes", small.bytes.len());
    assert!(!holds(&small.bytes, b"GPS") && !holds(&small.bytes, b"Exif"));
    assert_eq!(small.media_type, "image/jpeg");
    let seen = image::load_from_memory(&small.bytes).unwrap().to_rgb8();
    // 6 = turned clockwise to stand upright: what was wide is high
    assert!(seen.height() > seen.width() && seen.height() <= LONGEST_SIDE);
    assert_eq!((seen.width(), seen.height()), (small.width, small.height));
    // the brightest corner of the scene, its upper left, is now the upper right
    let light = |x: u32, y: u32| seen.get_pixel(x, y).0.iter().map(|part| u32::from(*part)).sum::<u32>();
    let (right, bottom) = (seen.width() - 5, seen.height() - 5);
    assert!(light(right, 5) > light(5, bottom) + 60, "{} {}", light(right, 5), light(5, bottom));
}

#[test]
fn every_way_of_holding_the_phone_gives_the_same_picture_sides() {
    let photo = scene(400, 300);
    for orientation in 1..=8 {
        let small = shrink(&jpeg(&photo, orientation)).unwrap();
        let sides = if orientation < 5 { (400, 300) } else { (300, 400) };
        assert_eq!((small.width, small.height), sides, "orientation {orientation}");
    }
}

#[test]
fn png_and_webp_are_taken_and_a_small_picture_is_not_blown_up() {
    let picture = DynamicImage::ImageRgb8(scene(320, 200));
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Jpeg] {
        let small = shrink(&written(&picture, format)).unwrap();
        assert_eq!((small.width, small.height), (320, 200), "{format:?}");
    }
}

#[test]
fn ink_on_a_transparent_ground_is_ink_on_white() {
    let drawn = RgbaImage::from_fn(64, 64, |x, _| if x < 32 { Rgba([0, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) });
    let small = shrink(&written(&DynamicImage::ImageRgba8(drawn), ImageFormat::Png)).unwrap();
    let seen = image::load_from_memory(&small.bytes).unwrap().to_luma8();
    let (ink, ground) = (seen.get_pixel(8, 8).0[0], seen.get_pixel(56, 56).0[0]);
    assert!(ink < 20 && ground > 235, "{ink} on {ground}");
}

#[test]
fn even_noise_comes_under_the_target() {
    let mut random = fastrand::Rng::with_seed(9002);
    let noise = image::RgbImage::from_fn(1700, 1300, |_, _| image::Rgb([random.u8(..), random.u8(..), random.u8(..)]));
    let small = shrink(&jpeg(&noise, 1)).unwrap();
    assert!(small.bytes.len() <= TARGET_BYTES, "{} bytes", small.bytes.len());
}

#[test]
fn what_is_no_picture_is_refused_as_that() {
    for bytes in
        [&b""[..], b"%PDF-1.7", b"GIF89a\x01\0\x01\0", b"\0\0\0\x18ftypheic", b"RIFF\x04\0\0\0WAVE", b"\xff\xd8"]
    {
        assert_eq!(shrink(bytes), Err(PictureError::NotAPicture));
    }
}

#[test]
fn picture_that_lost_its_end_is_refused_as_cut_wherever_it_was_cut() {
    let picture = DynamicImage::ImageRgb8(scene(160, 120));
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = written(&picture, format);
        assert!(shrink(&whole).is_ok());
        for end in (16..whole.len()).step_by(97).chain([whole.len() - 1]) {
            assert_eq!(shrink(&whole[..end]), Err(PictureError::Cut), "{format:?} cut at {end} of {}", whole.len());
        }
    }
}

#[test]
fn what_follows_a_whole_picture_does_not_count() {
    let mut moving = jpeg(&scene(160, 120), 1);
    moving.extend(b"ftypmp42 a moving picture");
    assert!(shrink(&moving).is_ok());
}

#[test]
fn picture_damaged_inside_is_refused_as_damaged() {
    let mut photo = written(&DynamicImage::ImageRgb8(scene(160, 120)), ImageFormat::Png);
    let middle = photo.len() / 2;
    photo[middle] ^= 0x40;
    assert_eq!(shrink(&photo), Err(PictureError::Damaged));
}

#[test]
fn too_many_bytes_are_not_looked_at() {
    let mut bytes = jpeg(&scene(160, 120), 1);
    bytes.resize(MOST_BYTES + 1, 0);
    assert_eq!(shrink(&bytes), Err(PictureError::TooLarge { limit: MOST_BYTES }));
}

#[test]
fn bombs_are_refused_by_what_they_say_of_themselves() {
    let bombs = PictureError::TooManyPixels { limit: MOST_PIXELS };
    // a JPEG of 65,500 x 65,500
    let mut photo = jpeg(&scene(160, 120), 1);
    let frame = photo.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    photo[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert_eq!(shrink(&photo), Err(bombs));
    // PNGs of so many pixels and no more than a kilobyte, one of 16-bit colours with transparency
    let png = |width: u32, height: u32, colour| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Sixteen);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 0x03, 0x00]).unwrap();
        drop(writer);
        bytes
    };
    assert_eq!(shrink(&png(100_000, 100_000, png::ColorType::Grayscale)), Err(bombs));
    assert_eq!(shrink(&png(5000, 5000, png::ColorType::Rgba)), Err(bombs));
}
