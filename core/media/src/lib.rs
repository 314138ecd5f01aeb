//! Photos and drawings on their way from a camera or a finger to ciphertext: outside bytes in, a small picture out,
//! sealed under a key of its own. No database, no network.
//!
//! [`shrink`] takes what a camera made and gives a JPEG of about 80 kB without a word about where, when or with what
//! it was taken; [`Drawing::to_png`] draws a signature; [`seal`] encrypts either. The key goes into the attachment
//! record, which is the only place that has it: who erases the record has erased the picture.

mod drawing;
mod error;
mod picture;
mod seal;
mod whole;

pub use drawing::{Drawing, DrawingError, Point};
pub use error::PictureError;
pub use picture::{JPEG, LONGEST_SIDE, MOST_BYTES, MOST_PIXELS, PNG, Picture, TARGET_BYTES, shrink};
pub use seal::{MediaKey, OVERHEAD, OpenError, Sealed, open, seal};
