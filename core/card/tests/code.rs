//! The QR code of a card: drawn, and read back out of pictures as people send them.
#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::NaiveDate;
use payung_card::{CardError, CardText, QrCode, ScanError, issue, scan_grey, scan_png};
use payung_people::{
    card::{card, issuer},
    person,
};
use proptest::prelude::*;

fn text(i: u64) -> CardText {
    let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    issue(&card(&person(20, i, "330224", day), i, day), &issuer(7)).unwrap()
}

/// Grey values of a code, and their side.
fn picture(code: &QrCode, scale: usize) -> (usize, Vec<u8>) {
    let side = (code.side() + 8) * scale;
    let mut grey = vec![255; side * side];
    for (x, y, length) in code.runs() {
        for row in (y + 4) * scale..(y + 5) * scale {
            grey[row * side + (x + 4) * scale..][..length * scale].fill(0);
        }
    }
    (side, grey)
}

/// Turned about its middle, onto white.
fn turned(side: usize, grey: &[u8], degrees: f64) -> (usize, Vec<u8>) {
    let larger = side * 3 / 2;
    let (sin, cos) = degrees.to_radians().sin_cos();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixels are few")]
    let from = |column: usize, row: usize| {
        let (x, y) = (column as f64 - larger as f64 / 2.0, row as f64 - larger as f64 / 2.0);
        let (x, y) = (cos * x + sin * y + side as f64 / 2.0, cos * y - sin * x + side as f64 / 2.0);
        let inside = x >= 0.0 && y >= 0.0 && x < side as f64 && y < side as f64;
        #[allow(clippy::cast_sign_loss, reason = "inside")]
        if inside { grey[y as usize * side + x as usize] } else { 255 }
    };
    (larger, (0..larger * larger).map(|at| from(at % larger, at / larger)).collect())
}

/// The mean over squares of that many pixels to each side.
fn blurred(side: usize, grey: &[u8], radius: usize) -> Vec<u8> {
    let mean = |at: usize| {
        let (x, y) = (at % side, at / side);
        let columns = x.saturating_sub(radius)..(x + radius + 1).min(side);
        let rows = y.saturating_sub(radius)..(y + radius + 1).min(side);
        let count = columns.len() * rows.len();
        let sum: usize =
            rows.flat_map(|row| &grey[row * side..][columns.clone()]).map(|&value| usize::from(value)).sum();
        u8::try_from(sum / count).unwrap()
    };
    (0..grey.len()).map(mean).collect()
}

#[test]
fn two_hundred_standard_cards_fit_version_12_and_read_back_from_png() {
    for i in 0..200 {
        let text = text(i);
        let code = QrCode::of(&text).unwrap();
        assert!(code.version() <= 12, "card {i}: {}", code.version());
        assert_eq!(code.side(), 17 + 4 * usize::from(code.version()));
        assert_eq!(scan_png(&code.png(4).unwrap()).as_deref(), Ok(text.as_str()), "card {i}");
    }
}

#[test]
fn code_is_read_turned_blurred_and_with_a_spot() {
    for i in 0..8 {
        let text = text(i);
        let code = QrCode::of(&text).unwrap();
        let (side, grey) = picture(&code, 6);
        for degrees in [15.0, 90.0, 180.0, 270.0] {
            let (side, grey) = turned(side, &grey, degrees);
            assert_eq!(scan_grey(side, side, &grey).as_deref(), Ok(text.as_str()), "card {i} turned by {degrees}");
        }
        assert_eq!(scan_grey(side, side, &blurred(side, &grey, 1)).as_deref(), Ok(text.as_str()), "card {i} blurred");
        // a spot of 5 % of the code, right of the middle
        let (spot, mut spoilt) = (code.side() * 6 * 22 / 100, grey.clone());
        for row in side / 2..side / 2 + spot {
            spoilt[row * side + side / 2..][..spot].fill(128);
        }
        assert_eq!(scan_grey(side, side, &spoilt).as_deref(), Ok(text.as_str()), "card {i} with a spot");
    }
}

#[test]
fn code_of_any_scale_and_colour_is_read() {
    let text = text(3);
    let code = QrCode::of(&text).unwrap();
    for scale in [1, 2, 3, 9, 30] {
        assert_eq!(scan_png(&code.png(scale).unwrap()).as_deref(), Ok(text.as_str()), "{scale}");
    }
    assert_eq!(code.png(0), Err(CardError::TooLarge { limit: 64 }));
    assert_eq!(code.png(65), Err(CardError::TooLarge { limit: 64 }));
    let (side, grey) = picture(&code, 4);
    let width = u32::try_from(side).unwrap();
    for (kind, channels) in [(png::ColorType::Rgba, 4), (png::ColorType::Rgb, 3), (png::ColorType::GrayscaleAlpha, 2)] {
        // the light is transparent where there is an alpha
        let pixel = |value: u8| match channels {
            4 => vec![0, 60, 60, 255 - value],
            2 => vec![0, 255 - value],
            _ => vec![value, value.max(60), value.max(60)],
        };
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, width);
        encoder.set_color(kind);
        let data: Vec<u8> = grey.iter().flat_map(|&value| pixel(value)).collect();
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        assert_eq!(scan_png(&file).as_deref(), Ok(text.as_str()), "{channels} channels");
    }
}

#[test]
fn svg_draws_the_same_modules() {
    let code = QrCode::of(&text(1)).unwrap();
    let svg = code.svg();
    assert!(svg.contains(&format!("viewBox=\"0 0 {0} {0}\"", code.side() + 8)));
    let path = svg.rsplit("d=\"").next().unwrap().split('"').next().unwrap();
    let mut drawn = 0;
    for run in path.split('M').filter(|run| !run.is_empty()) {
        let (place, rest) = run.split_once('h').unwrap();
        let (x, y) = place.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let length: usize = rest.split('v').next().unwrap().parse().unwrap();
        assert!((x..x + length).all(|x| code.is_dark(x - 4, y - 4)));
        drawn += length;
    }
    let dark =
        (0..code.side()).flat_map(|y| (0..code.side()).map(move |x| (x, y))).filter(|&(x, y)| code.is_dark(x, y));
    assert_eq!(drawn, dark.count());
    assert!(!code.is_dark(code.side(), 0) && !code.is_dark(0, usize::MAX));
}

#[test]
fn picture_without_a_code_or_beyond_the_limits_is_told() {
    assert_eq!(scan_png(b"not a picture"), Err(ScanError::NotPng));
    assert_eq!(scan_png(&vec![0; 9 << 20]), Err(ScanError::TooLarge));
    assert_eq!(scan_grey(100, 100, &[255; 10_000]), Err(ScanError::NoCode));
    assert_eq!(scan_grey(100, 100, &[255; 9_999]), Err(ScanError::NoCode));
    assert_eq!(scan_grey(0, 0, &[]), Err(ScanError::NoCode));
    // a header that claims 60,000 x 60,000 pixels
    let mut file = QrCode::of(&text(1)).unwrap().png(1).unwrap();
    let honest = file.clone();
    file[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    assert!(scan_png(&file).is_err(), "the header's checksum");
    for end in 0..honest.len() {
        // what is missing at the very end is no pixel
        assert!(scan_png(&honest[..end]).is_err() || end > honest.len() - 20, "{end}");
    }
}

#[test]
fn bomb_of_too_many_pixels_is_refused_before_it_is_unpacked() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 16_000, 16_000);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header().unwrap().write_image_data(&vec![0; 16_000 * 2_000]).unwrap();
    assert!(file.len() < 1 << 20);
    assert_eq!(scan_png(&file), Err(ScanError::TooLarge));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_picture_never_panics_and_never_gives_another_card(
        seed in any::<u64>(), spots in 1_usize..40, scale in 2_usize..5,
    ) {
        let text = text(5);
        let (side, mut grey) = picture(&QrCode::of(&text).unwrap(), scale);
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..spots {
            let (x, y, size) = (rng.usize(..side), rng.usize(..side), rng.usize(1..side / 4));
            let shade = rng.u8(..);
            for row in y..(y + size).min(side) {
                let end = (x + size).min(side);
                grey[row * side + x..row * side + end].fill(shade);
            }
        }
        if let Ok(read) = scan_grey(side, side, &grey) {
            prop_assert_eq!(read, text.as_str());
        }
    }

    #[test]
    fn noise_never_panics(seed in any::<u64>(), width in 1_usize..120, height in 1_usize..120) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let black_or_white = rng.bool();
        let grey: Vec<u8> = (0..width * height).map(|_| if black_or_white { 255 * rng.u8(..2) } else { rng.u8(..) }).collect();
        let _ = scan_grey(width, height, &grey);
    }
}
