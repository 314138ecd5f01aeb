//! Pictures made by code, in the shape these tests want.

#![allow(dead_code, reason = "each test uses what it needs")]

use image::RgbImage;
use payung_people::picture;

fn side(length: u32) -> u16 {
    u16::try_from(length).unwrap()
}

/// What a phone's camera could have seen.
pub(crate) fn scene(width: u32, height: u32) -> RgbImage {
    RgbImage::from_raw(width, height, picture::scene(side(width), side(height))).unwrap()
}

/// As a camera writes it: how the phone was held, and where.
pub(crate) fn jpeg(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    picture::jpeg(picture.as_raw(), side(picture.width()), side(picture.height()), orientation)
}
