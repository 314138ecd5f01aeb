//! The text of a code in a picture, for a verifier who has a file and no camera.

use rqrr::PreparedImage;
use std::io::Cursor;
use thiserror::Error;

/// Bytes of a file.
const MAX_FILE: usize = 8 << 20;
/// Pixels: those of a phone's camera.
const MAX_PIXELS: usize = 16 << 20;
/// A side is made smaller than this before it is looked at: the finder's work grows with the pixels, and the modules of a card are
/// large.
const MAX_SIDE: usize = 1600;

/// Why no text came out of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScanError {
    /// More bytes or pixels than are read.
    #[error("the picture is too large")]
    TooLarge,
    /// Not a PNG, or a damaged one.
    #[error("not a readable PNG")]
    NotPng,
    /// Nothing in it is a readable QR code.
    #[error("no readable QR code in the picture")]
    NoCode,
}

/// The text of the first readable code in a PNG of at most 8 MiB and 16 million pixels.
///
/// # Errors
/// [`ScanError`].
pub fn scan_png(file: &[u8]) -> Result<String, ScanError> {
    if file.len() > MAX_FILE {
        return Err(ScanError::TooLarge);
    }
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(file), png::Limits { bytes: 2 * 4 * MAX_PIXELS });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|_| ScanError::NotPng)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if width.checked_mul(height).is_none_or(|pixels| pixels > MAX_PIXELS) {
        return Err(ScanError::TooLarge);
    }
    let mut samples = vec![0; reader.output_buffer_size().ok_or(ScanError::TooLarge)?];
    let frame = reader.next_frame(&mut samples).map_err(|_| ScanError::NotPng)?;
    let channels = frame.color_type.samples();
    let mut grey = Vec::with_capacity(width * height);
    for pixel in samples[..frame.buffer_size()].chunks_exact(channels) {
        grey.push(match *pixel {
            [light] => light,
            [light, alpha] => over_white(light.into(), alpha),
            [red, green, blue] => luma(red, green, blue),
            [red, green, blue, alpha] => over_white(luma(red, green, blue).into(), alpha),
            _ => return Err(ScanError::NotPng),
        });
    }
    scan_grey(width, height, &grey)
}

/// BT.601, in whole numbers.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}

/// A code on nothing is meant for paper.
fn over_white(light: u32, alpha: u8) -> u8 {
    let alpha = u32::from(alpha);
    u8::try_from((light * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

/// The text of the first readable code among grey values, row by row: `width * height` of them, 0 is black.
///
/// # Errors
/// [`ScanError`].
pub fn scan_grey(width: usize, height: usize, grey: &[u8]) -> Result<String, ScanError> {
    if width == 0 || height == 0 || grey.len() != width.saturating_mul(height) {
        return Err(ScanError::NoCode);
    }
    if grey.len() > MAX_PIXELS {
        return Err(ScanError::TooLarge);
    }
    // as large as is looked at, then with the pixels of four made one: a picture out of focus is sharper when small
    let first = width.max(height).div_ceil(MAX_SIDE);
    (first..=2 * first).find_map(|factor| read(&smaller(width, height, grey, factor))).ok_or(ScanError::NoCode)
}

/// Width, height and values.
type Grey = (usize, usize, Vec<u8>);

/// The mean of each square of `factor` pixels a side.
fn smaller(width: usize, height: usize, grey: &[u8], factor: usize) -> Grey {
    let (columns, rows) = (width / factor, height / factor);
    let mean = |x: usize, y: usize| {
        let square = (y * factor..(y + 1) * factor).flat_map(|row| &grey[row * width + x * factor..][..factor]);
        let sum: usize = square.map(|&value| usize::from(value)).sum();
        u8::try_from(sum / (factor * factor)).unwrap_or(u8::MAX)
    };
    let values = (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))).map(|(x, y)| mean(x, y)).collect();
    (columns, rows, values)
}

fn read((width, height, grey): &Grey) -> Option<String> {
    // the smallest code has 21 modules
    if *width < 21 || *height < 21 {
        return None;
    }
    let text = |mut image: PreparedImage<_>| {
        image.detect_grids().iter().find_map(|grid| {
            let mut text = Vec::new();
            grid.decode_to(&mut text).ok()?;
            String::from_utf8(text).ok()
        })
    };
    // by its surroundings, for photos in uneven light; then by one level for all, for what was drawn and made soft
    let middle = grey.iter().max()? / 2 + grey.iter().min()? / 2;
    text(PreparedImage::prepare_from_greyscale(*width, *height, |x, y| grey[y * width + x]))
        .or_else(|| text(PreparedImage::prepare_from_bitmap(*width, *height, |x, y| grey[y * width + x] < middle)))
}
