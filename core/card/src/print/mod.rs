//! The card on paper: a sheet of A6, and a card of the size of a bank card (ISO/IEC 7810 ID-1) with two sides. Everything a clinic
//! needs is readable without the code. The same card gives the same bytes, whenever it is printed.

mod font;
mod page;
mod sheet;

use crate::{Card, CardError, CardText, QrCode};
use page::Document;
use thiserror::Error;

/// The paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// 105 mm x 148 mm, one page.
    A6,
    /// 85.6 mm x 53.98 mm, front and back.
    Id1,
}

/// Where people turn to: printed as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Office {
    /// The branch, with its telephone: `Kantor Cabang Purwokerto, 0281 000000`.
    pub branch: String,
    /// Where criticism and suggestions (*kritik dan masukan*) go.
    pub feedback: String,
}

/// Why a card is not printed. Nothing is left out silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PrintError {
    /// The code.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The font has no glyph for a letter.
    #[error("a letter of the text is not in the font")]
    Letter,
    /// A text is too long for its place.
    #[error("a text does not fit on the paper")]
    Room,
    /// The font could not be cut to the letters that are used.
    #[error("the font cannot be embedded")]
    Font,
}

/// The card as PDF 1.7.
///
/// # Errors
/// [`PrintError`].
pub fn pdf(card: &Card, text: &CardText, office: &Office, paper: Paper) -> Result<Vec<u8>, PrintError> {
    let code = QrCode::of(text)?;
    let mut document = Document::new()?;
    match paper {
        Paper::A6 => sheet::a6(&mut document, card, &code, office)?,
        Paper::Id1 => sheet::id1(&mut document, card, &code, office)?,
    }
    document.finish(card.issued)
}
