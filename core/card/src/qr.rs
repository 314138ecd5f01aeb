//! The QR code (ISO/IEC 18004): modules for the shells, SVG and PNG.

use crate::{CardError, CardText};
use qrcode::{Color, EcLevel, Version};
use std::fmt::{self, Write};

/// Light modules around the code, as the standard asks.
pub(crate) const QUIET: usize = 4;

/// The code of a card at error correction level M: 15 % of it may be lost.
#[derive(Clone, PartialEq, Eq)]
pub struct QrCode {
    side: usize,
    version: u8,
    dark: Vec<bool>,
}

impl QrCode {
    /// Draws the text in the smallest version that holds it.
    ///
    /// # Errors
    /// [`CardError::TooLarge`] if no version does.
    pub fn of(text: &CardText) -> Result<Self, CardError> {
        let code = qrcode::QrCode::with_error_correction_level(text.as_str(), EcLevel::M)
            .map_err(|_| CardError::TooLarge { limit: crate::envelope::MAX_TEXT })?;
        let Version::Normal(version) = code.version() else { return Err(CardError::NotOurs) };
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Self { side: code.width(), version: u8::try_from(version).unwrap_or(u8::MAX), dark })
    }

    /// Modules a side, without the light border of 4 modules that must stand around it.
    pub fn side(&self) -> usize {
        self.side
    }

    /// 1 to 40; `side` is 17 + 4 times that.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Whether the module at column `x` and row `y` is dark; those outside are light.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.side && y < self.side && self.dark[y * self.side + x]
    }

    /// The dark modules as runs of a row: column, row, length.
    pub fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        (0..self.side).flat_map(move |y| {
            let starts = (0..self.side).filter(move |&x| self.is_dark(x, y) && (x == 0 || !self.is_dark(x - 1, y)));
            starts.map(move |x| (x, y, (x..self.side).take_while(|&end| self.is_dark(end, y)).count()))
        })
    }

    /// An SVG of one unit a module, border included.
    pub fn svg(&self) -> String {
        let side = self.side + 2 * QUIET;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\""
        );
        for (x, y, length) in self.runs() {
            // writing into a text does not fail
            let _ = write!(svg, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
        }
        svg.push_str("\"/></svg>");
        svg
    }

    /// A PNG of `scale` pixels a module (1 to 64), border included, black and white.
    ///
    /// # Errors
    /// [`CardError::TooLarge`] for another scale.
    pub fn png(&self, scale: usize) -> Result<Vec<u8>, CardError> {
        const LARGEST: usize = 64;
        let too_large = CardError::TooLarge { limit: LARGEST };
        if !(1..=LARGEST).contains(&scale) {
            return Err(too_large);
        }
        let side = (self.side + 2 * QUIET) * scale;
        let stride = side.div_ceil(8);
        let mut rows = vec![0xff; stride * side];
        for (x, y, length) in self.runs() {
            for row in (y + QUIET) * scale..(y + QUIET + 1) * scale {
                for column in (x + QUIET) * scale..(x + QUIET + length) * scale {
                    rows[row * stride + column / 8] &= !(0x80 >> (column % 8));
                }
            }
        }
        let mut file = Vec::new();
        let width = u32::try_from(side).map_err(|_| too_large)?;
        let mut encoder = png::Encoder::new(&mut file, width, width);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_compression(png::Compression::High);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&rows));
        written.map_err(|_| too_large)?;
        Ok(file)
    }
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QrCode(version {})", self.version)
    }
}
