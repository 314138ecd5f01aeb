//! Pictures made by code, of nobody: a card on a table, with lines of digits, light from one side and a sensor's noise.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// What must not leave a phone, in the EXIF of [`jpeg`].
pub const SECRET: &[u8] = b"GPS-OF-THE-HOUSE";

/// What a phone's camera could have seen: RGB, row by row. The same each time.
pub fn scene(width: u16, height: u16) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(9001);
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for y in 0..i32::from(height) {
        for x in 0..i32::from(width) {
            let (across, down) = (x * 1000 / i32::from(width), y * 1000 / i32::from(height));
            let card = (100..900).contains(&across) && (180..820).contains(&down);
            let light = 200 - (across / 12 + down / 20);
            let line = card && down % 60 < 26 && (160..840).contains(&across);
            let ink = line && (across * 7 + (down / 60) * 131) % 37 < 14;
            let grain = random.i32(0..13) - 6;
            let wood = (x + y / 3) % 64 / 8 * 3;
            let color = match (ink, card) {
                (true, _) => [30, 30, 60],
                (_, true) => [light - 60, light - 20, light + 20],
                _ => [light - 50 + wood, light - 90 + wood, light - 130 + wood],
            };
            pixels.extend(color.map(|part| u8::try_from((part + grain).clamp(0, 255)).unwrap_or(u8::MAX)));
        }
    }
    pixels
}

/// As a camera writes it: 4:2:0, quality 92, with EXIF that says how the phone was held (1 to 8), and where.
///
/// # Panics
/// Where there are not as many pixels as the sides say.
pub fn jpeg(pixels: &[u8], width: u16, height: u16, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 92);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // TIFF, little-endian: one entry, 0x0112 Orientation; then what must not survive
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(SECRET);
    encoder.add_exif_metadata(&exif).expect("a short one");
    encoder.encode(pixels, width, height, ColorType::Rgb).expect("as many pixels as the sides say");
    bytes
}
