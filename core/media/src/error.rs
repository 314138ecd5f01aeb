//! Why bytes were not taken as a picture.

use thiserror::Error;

/// Why bytes were not taken. Each is something a screen can say; none repeats what was in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PictureError {
    /// Neither JPEG nor PNG nor WebP. A HEIC of an iPhone is one of these: the platform converts it.
    #[error("not a JPEG, PNG or WebP picture")]
    NotAPicture,
    /// More bytes than are looked at.
    #[error("the picture has more than {limit} bytes")]
    TooLarge {
        /// The most, in bytes.
        limit: usize,
    },
    /// It says that it has more pixels than are decoded, or would take more memory than that many.
    #[error("the picture has more than {limit} pixels")]
    TooManyPixels {
        /// The most.
        limit: u64,
    },
    /// The end is missing.
    #[error("the picture is cut off")]
    Cut,
    /// Something in it is wrong.
    #[error("the picture is damaged")]
    Damaged,
}

impl PictureError {
    /// The stable code that screens translate.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAPicture => "picture_unknown",
            Self::TooLarge { .. } => "picture_too_large",
            Self::TooManyPixels { .. } => "picture_too_many_pixels",
            Self::Cut => "picture_cut",
            Self::Damaged => "picture_damaged",
        }
    }
}
