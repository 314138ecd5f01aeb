//! From a camera's bytes to a small JPEG.

use crate::{error::PictureError, whole::is_whole};
use image::{
    DynamicImage, ImageDecoder, ImageError, RgbImage,
    codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use std::{io::Cursor, panic};

/// The most bytes that are looked at: a 50-megapixel JPEG of a phone has about 15 MiB.
pub const MOST_BYTES: usize = 24 << 20;
/// The most pixels that are decoded.
pub const MOST_PIXELS: u64 = 50_000_000;
/// The most bytes a decoded picture may take: 50 megapixels of RGB; so fewer pixels of 16 bits.
const MOST_DECODED: u64 = MOST_PIXELS * 3;
/// The longer side of what comes out, in pixels, at most.
pub const LONGEST_SIDE: u32 = 1600;
/// What comes out has at most so many bytes: an evening's 20 photos are 1.6 MB, 11 minutes at 20 kbit/s.
pub const TARGET_BYTES: usize = 80_000;
/// The content type of what [`shrink`] gives.
pub const JPEG: &str = "image/jpeg";
/// The content type of what [`crate::Drawing::to_png`] gives.
pub const PNG: &str = "image/png";

/// Longer side and JPEG quality, tried in this order until the target is met. A KTP (85.6 mm wide, ISO/IEC 7810 ID-1)
/// that fills the picture has 18 pixels a millimetre at 1600, 9 at 800: its digits, 2.5 mm high, keep 22 pixels, and
/// 20 are what reading by eye or machine wants. What no step down to 800 brings under the target is not a document
/// but noise, and only that gets smaller still.
const STEPS: [(u32, u8); 13] = [
    (1600, 80),
    (1600, 65),
    (1600, 50),
    (1280, 60),
    (1280, 45),
    (1024, 55),
    (1024, 40),
    (800, 50),
    (800, 40),
    (640, 40),
    (480, 35),
    (320, 30),
    (240, 20),
];

/// A picture ready to be sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its content type.
    pub media_type: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} {}x{}, {} bytes)", self.media_type, self.width, self.height, self.bytes.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Jpeg,
    Png,
    WebP,
}

fn sniff(bytes: &[u8]) -> Option<Format> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::WebP),
        _ => None,
    }
}

/// A camera's or scanner's picture as a JPEG of at most [`TARGET_BYTES`], upright, its longer side at most
/// [`LONGEST_SIDE`], and nothing in it but the picture: no position, no date, no name of the phone.
///
/// Limits are looked at before anything is decoded, so that memory stays below what [`MOST_PIXELS`] need.
///
/// # Errors
/// [`PictureError`], by what is wrong.
pub fn shrink(bytes: &[u8]) -> Result<Picture, PictureError> {
    if bytes.len() > MOST_BYTES {
        return Err(PictureError::TooLarge { limit: MOST_BYTES });
    }
    let format = sniff(bytes).ok_or(PictureError::NotAPicture)?;
    if !is_whole(format, bytes) {
        return Err(PictureError::Cut);
    }
    // a defect in a decoder is the picture's fault, not the registration's
    let decoded = panic::catch_unwind(|| {
        let bytes = Cursor::new(bytes);
        match format {
            Format::Jpeg => JpegDecoder::new(bytes).map_err(|error| reason(&error)).and_then(decode),
            Format::Png => PngDecoder::new(bytes).map_err(|error| reason(&error)).and_then(decode),
            Format::WebP => WebPDecoder::new(bytes).map_err(|error| reason(&error)).and_then(decode),
        }
    });
    let upright = decoded.map_err(|_| PictureError::Damaged)??;
    fit(&upright)
}

/// Decoded, already small, upright, on white.
fn decode(mut decoder: impl ImageDecoder) -> Result<RgbImage, PictureError> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MOST_PIXELS || decoder.total_bytes() > MOST_DECODED {
        return Err(PictureError::TooManyPixels { limit: MOST_PIXELS });
    }
    if pixels == 0 {
        return Err(PictureError::Damaged);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let whole = DynamicImage::from_decoder(decoder).map_err(|error| reason(&error))?;
    let mut small = if width.max(height) > LONGEST_SIDE { whole.thumbnail(LONGEST_SIDE, LONGEST_SIDE) } else { whole };
    small.apply_orientation(orientation);
    Ok(on_white(small))
}

/// JPEG has no transparency; ink on nothing must not become ink on black.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let over = |part: u32| u8::try_from((part * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255);
        image::Rgb([over(red), over(green), over(blue)])
    })
}

fn reason(error: &ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooManyPixels { limit: MOST_PIXELS },
        _ => PictureError::Damaged,
    }
}

fn fit(picture: &RgbImage) -> Result<Picture, PictureError> {
    let longer = picture.width().max(picture.height());
    let mut scaled = None;
    let mut fallback = None;
    for (side, quality) in STEPS {
        if side < longer && scaled.as_ref().is_none_or(|(of, _)| *of != side) {
            scaled = Some((side, to_side(picture, side)));
        }
        let now = scaled.as_ref().map_or(picture, |(_, smaller)| smaller);
        let made = encode(now, quality)?;
        if made.bytes.len() <= TARGET_BYTES {
            return Ok(made);
        }
        fallback = Some(made);
    }
    fallback.ok_or(PictureError::Damaged)
}

fn to_side(picture: &RgbImage, side: u32) -> RgbImage {
    let longer = picture.width().max(picture.height());
    let part = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longer)).max(1);
    let part = |length: u32| u32::try_from(part(length)).unwrap_or(side);
    image::imageops::thumbnail(picture, part(picture.width()), part(picture.height()))
}

fn encode(picture: &RgbImage, quality: u8) -> Result<Picture, PictureError> {
    let (width, height) = picture.dimensions();
    let side = |length: u32| u16::try_from(length).map_err(|_| PictureError::Damaged);
    let mut bytes = Vec::with_capacity(TARGET_BYTES * 2);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // not `set_optimized_huffman_tables`: of a picture with few different values (ink on white) it makes a file that
    // decoders show as grey
    // into memory, and the sides were looked at: it has no other way to fail
    encoder.encode(picture.as_raw(), side(width)?, side(height)?, ColorType::Rgb).map_err(|_| PictureError::Damaged)?;
    Ok(Picture { bytes, media_type: JPEG, width, height })
}
