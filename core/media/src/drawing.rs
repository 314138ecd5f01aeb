//! Signatures and marks, drawn with a finger: strokes in, a PNG of one bit a pixel out.

use crate::picture::{PNG, Picture};
use thiserror::Error;

/// The longest side of a canvas, in pixels.
const LONGEST: u16 = 1200;
/// A minute of writing at 120 points a second, and more.
const MOST_POINTS: usize = 20_000;
/// Half the width of the pen, in pixels.
const PEN: i32 = 2;

/// A place on the canvas, from the upper left corner. What lies outside is not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// To the right, in pixels.
    pub x: i32,
    /// Down, in pixels.
    pub y: i32,
}

/// What a finger drew.
#[derive(Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Of the canvas, in pixels.
    pub width: u16,
    /// Of the canvas, in pixels.
    pub height: u16,
    /// From finger down to finger up; a stroke of one point is a dot.
    pub strokes: Vec<Vec<Point>>,
}

impl std::fmt::Debug for Drawing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Drawing({}x{}, {} strokes)", self.width, self.height, self.strokes.len())
    }
}

/// Why a drawing was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DrawingError {
    /// Nothing was drawn on the canvas.
    #[error("nothing was drawn")]
    Empty,
    /// The canvas has no side, or one of more than 1200 pixels; or there are more than 20,000 points.
    #[error("the drawing is too large")]
    TooLarge,
}

impl Drawing {
    /// Black on white, one bit a pixel: a signature takes 1 to 3 kB.
    ///
    /// # Errors
    /// [`DrawingError`].
    pub fn to_png(&self) -> Result<Picture, DrawingError> {
        let points: usize = self.strokes.iter().map(Vec::len).sum();
        let fits = |side: u16| (1..=LONGEST).contains(&side);
        if !fits(self.width) || !fits(self.height) || points > MOST_POINTS {
            return Err(DrawingError::TooLarge);
        }
        let mut canvas = Canvas::new(self.width, self.height);
        for stroke in &self.strokes {
            if let [only] = stroke.as_slice() {
                canvas.dot(*only);
            }
            for pair in stroke.windows(2) {
                canvas.line(pair[0], pair[1]);
            }
        }
        if !canvas.inked {
            return Err(DrawingError::Empty);
        }
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        // into memory, with rows of the right length: it has no way to fail
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&canvas.rows));
        written.map_err(|_| DrawingError::TooLarge)?;
        Ok(Picture { bytes, media_type: PNG, width, height })
    }
}

/// Rows of bits from the left, 1 = white, each row beginning in a byte of its own, as PNG has them.
struct Canvas {
    width: i32,
    height: i32,
    stride: usize,
    rows: Vec<u8>,
    inked: bool,
}

impl Canvas {
    fn new(width: u16, height: u16) -> Self {
        let stride = usize::from(width).div_ceil(8);
        let rows = vec![0xff; stride * usize::from(height)];
        Self { width: width.into(), height: height.into(), stride, rows, inked: false }
    }

    fn dot(&mut self, at: Point) {
        for y in at.y.saturating_sub(PEN)..=at.y.saturating_add(PEN) {
            for x in at.x.saturating_sub(PEN)..=at.x.saturating_add(PEN) {
                let far = (i64::from(x) - i64::from(at.x)).pow(2) + (i64::from(y) - i64::from(at.y)).pow(2);
                if far > i64::from(PEN * PEN) || !(0..self.width).contains(&x) || !(0..self.height).contains(&y) {
                    continue;
                }
                let (x, y) = (x.unsigned_abs() as usize, y.unsigned_abs() as usize);
                self.rows[y * self.stride + x / 8] &= !(0x80 >> (x % 8));
                self.inked = true;
            }
        }
    }

    /// Dots at most a pixel apart. A point far outside is first brought near, so that no line takes for ever.
    fn line(&mut self, from: Point, to: Point) {
        let near = |at: i32, side: i32| i64::from(at.clamp(-side, 2 * side));
        let (x0, y0) = (near(from.x, self.width), near(from.y, self.height));
        let (x1, y1) = (near(to.x, self.width), near(to.y, self.height));
        let steps = (x1 - x0).abs().max((y1 - y0).abs()).max(1);
        for step in 0..=steps {
            let along = |a: i64, b: i64| i32::try_from(a + (b - a) * step / steps).unwrap_or(i32::MIN);
            self.dot(Point { x: along(x0, x1), y: along(y0, y1) });
        }
    }
}
