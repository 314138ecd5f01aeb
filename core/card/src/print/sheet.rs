//! What stands where.

use super::{
    Office, PrintError,
    font::Weight,
    page::{BLACK, Block, Document, Ink, Style},
};
use crate::{Card, QrCode, words};

/// The band behind the heading and the letters on it: 9:1.
const TEAL: Ink = Ink(0.0, 0.29, 0.33);
const WHITE: Ink = Ink(1.0, 1.0, 1.0);
/// Labels: 7:1 on white.
const GREY: Ink = Ink(0.33, 0.33, 0.33);

const fn regular(size: f32) -> Style {
    Style { weight: Weight::Regular, size, ink: BLACK }
}

const fn bold(size: f32) -> Style {
    Style { weight: Weight::Bold, size, ink: BLACK }
}

const fn label(size: f32) -> Style {
    Style { weight: Weight::Regular, size, ink: GREY }
}

/// Label above value; answers the millimetres below it.
fn fact(document: &mut Document, place: Block, name: &str, value: &str, size: f32) -> Result<f32, PrintError> {
    let below = document.line(name, place, label(size * 0.72))?;
    let place = Block { top: place.top + below, ..place };
    // a long name rather takes a second line than becomes small
    let value = match document.line(value, place, bold(size)) {
        Err(PrintError::Room) => document.paragraph(value, place, bold(size * 0.85))?,
        line => line?,
    };
    Ok(below + value)
}

/// The facts of a card, as far as they have room: name, NIK, programmes, cover and until when it was paid.
fn facts(document: &mut Document, card: &Card, place: Block, size: f32, gap: f32) -> Result<f32, PrintError> {
    let mut top = place.top;
    for (name, value) in words::printed_facts(card) {
        top += fact(document, Block { top, ..place }, name, &value, size)? + gap;
    }
    Ok(top)
}

/// What to do in an accident and a death, and whom to tell.
fn what_to_do(document: &mut Document, office: &Office, place: Block, size: f32) -> Result<f32, PrintError> {
    let mut top = place.top;
    top += document.line(words::ACCIDENT, Block { top, ..place }, bold(size * 1.12))? + 0.4;
    for (number, step) in (1..).zip(words::ACCIDENT_STEPS) {
        document.line(&format!("{number}."), Block { top, ..place }, bold(size))?;
        let place = Block { left: place.left + size * 0.5, width: place.width - size * 0.5, top };
        top += document.paragraph(step, place, regular(size))? + 0.3;
    }
    top += 0.5;
    top += document.paragraph(words::DEATH, Block { top, ..place }, regular(size))? + 0.6;
    top += document.paragraph(&office.branch, Block { top, ..place }, bold(size))? + 0.3;
    top += document.paragraph(&words::feedback(&office.feedback), Block { top, ..place }, regular(size))?;
    Ok(top)
}

pub(super) fn a6(document: &mut Document, card: &Card, code: &QrCode, office: &Office) -> Result<(), PrintError> {
    const WIDTH: f32 = 105.0;
    const MARGIN: f32 = 7.0;
    const CODE: f32 = 46.0;
    document.page(WIDTH, 148.0);
    document.rectangle(Block { left: 0.0, top: 0.0, width: WIDTH }, 16.0, TEAL)?;
    let inner = Block { left: MARGIN, top: 3.2, width: WIDTH - 2.0 * MARGIN };
    document.line(words::TITLE, inner, Style { ink: WHITE, ..bold(15.0) })?;
    document.line(words::SUBTITLE, Block { top: 9.8, ..inner }, Style { ink: WHITE, ..regular(8.5) })?;

    let left = Block { left: MARGIN, top: 20.0, width: WIDTH - MARGIN - CODE - 4.0 };
    let below = facts(document, card, left, 10.5, 1.1)?;
    let beside = WIDTH - CODE - 3.0;
    document.code(code, beside, 17.5, CODE)?;
    let under = Block { left: beside + 2.5, top: 17.5 + CODE, width: CODE - 5.0 };
    document.paragraph(&words::scan(card), under, label(7.0))?;

    let top = below.max(72.0) + 2.0;
    document.rectangle(Block { left: MARGIN, top, width: inner.width }, 0.3, TEAL)?;
    let below = what_to_do(document, office, Block { top: top + 2.4, ..inner }, 8.8)?;
    document.paragraph(words::WHO_DECIDES, Block { top: below + 2.0, ..inner }, label(7.0))?;
    Ok(())
}

pub(super) fn id1(document: &mut Document, card: &Card, code: &QrCode, office: &Office) -> Result<(), PrintError> {
    const WIDTH: f32 = 85.6;
    const HEIGHT: f32 = 53.98;
    const MARGIN: f32 = 3.5;
    const CODE: f32 = 37.4;
    document.page(WIDTH, HEIGHT);
    document.rectangle(Block { left: 0.0, top: 0.0, width: WIDTH }, 8.4, TEAL)?;
    let inner = Block { left: MARGIN, top: 1.3, width: WIDTH - 2.0 * MARGIN };
    document.line(words::TITLE, inner, Style { ink: WHITE, ..bold(9.5) })?;
    document.line(words::SUBTITLE, Block { top: 5.1, ..inner }, Style { ink: WHITE, ..regular(5.5) })?;
    let left = Block { left: MARGIN, top: 9.8, width: WIDTH - MARGIN - CODE - 1.0 };
    facts(document, card, left, 7.5, 0.35)?;
    document.code(code, WIDTH - CODE, 8.8, CODE)?;
    let under = Block { left: WIDTH - CODE + 2.0, top: 8.8 + CODE - 0.6, width: CODE - 4.0 };
    document.paragraph(&words::scan(card), under, label(5.0))?;

    document.page(WIDTH, HEIGHT);
    let below = what_to_do(document, office, Block { top: 3.2, ..inner }, 7.1)?;
    document.paragraph(words::WHO_DECIDES, Block { top: below + 0.8, ..inner }, label(5.4))?;
    Ok(())
}
