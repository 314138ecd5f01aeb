//! Pages in millimetres from the upper left corner, and the file around them.

use super::{
    PrintError,
    font::{Face, Weight, compressed},
};
use crate::{QrCode, qr::QUIET};
use chrono::{Datelike, NaiveDate};
use pdf_writer::{Content, Date, Filter, Finish, Pdf, Rect, Ref, Str, TextStr};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;

/// Red, green and blue, 0 to 1.
#[derive(Clone, Copy)]
pub(super) struct Ink(pub(super) f32, pub(super) f32, pub(super) f32);

/// Everything that must be read.
pub(super) const BLACK: Ink = Ink(0.0, 0.0, 0.0);

/// How a text is set: points.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) weight: Weight,
    pub(super) size: f32,
    pub(super) ink: Ink,
}

/// A place in millimetres.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) left: f32,
    /// The top of the first line.
    pub(super) top: f32,
    pub(super) width: f32,
}

pub(super) struct Document {
    faces: [Face; 2],
    pages: Vec<(f32, f32, Content)>,
}

impl Document {
    pub(super) fn new() -> Result<Self, PrintError> {
        Ok(Self { faces: [Face::new(Weight::Regular)?, Face::new(Weight::Bold)?], pages: Vec::new() })
    }

    /// A new page, on which everything that follows is drawn.
    pub(super) fn page(&mut self, width: f32, height: f32) {
        self.pages.push((width * MM, height * MM, Content::new()));
    }

    fn face(&mut self, weight: Weight) -> &mut Face {
        &mut self.faces[usize::from(weight == Weight::Bold)]
    }

    fn current(&mut self) -> Result<&mut (f32, f32, Content), PrintError> {
        self.pages.last_mut().ok_or(PrintError::Room)
    }

    /// A filled rectangle.
    pub(super) fn rectangle(&mut self, place: Block, height: f32, ink: Ink) -> Result<(), PrintError> {
        let (_, page, content) = self.current()?;
        content.set_fill_rgb(ink.0, ink.1, ink.2);
        content.rect(place.left * MM, *page - (place.top + height) * MM, place.width * MM, height * MM);
        content.fill_nonzero();
        Ok(())
    }

    /// One line that is made smaller, down to five sixths, until it fits; answers the millimetres it takes.
    pub(super) fn line(&mut self, text: &str, place: Block, style: Style) -> Result<f32, PrintError> {
        let mut size = style.size;
        while self.face(style.weight).width(text, size)? > place.width * MM {
            size -= 0.25;
            if size < style.size * 5.0 / 6.0 {
                return Err(PrintError::Room);
            }
        }
        self.show(text, place.left, place.top, Style { size, ..style })?;
        Ok(leading(style.size))
    }

    /// Lines broken at blanks; answers the millimetres they take.
    pub(super) fn paragraph(&mut self, text: &str, place: Block, style: Style) -> Result<f32, PrintError> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            let longer = lines.last().map(|line| format!("{line} {word}"));
            let fits = |line: &str, face: &Face| Ok::<_, PrintError>(face.width(line, style.size)? <= place.width * MM);
            match (longer, lines.last_mut()) {
                (Some(longer), Some(last)) if fits(&longer, self.face(style.weight))? => *last = longer,
                _ => {
                    let word = word.to_owned();
                    if !fits(&word, self.face(style.weight))? {
                        return Err(PrintError::Room);
                    }
                    lines.push(word);
                }
            }
        }
        let mut taken = 0.0;
        for line in &lines {
            self.show(line, place.left, place.top + taken, style)?;
            taken += leading(style.size);
        }
        Ok(taken)
    }

    fn show(&mut self, text: &str, left: f32, top: f32, style: Style) -> Result<(), PrintError> {
        let glyphs = self.face(style.weight).encode(text)?;
        let (_, page, content) = self.current()?;
        // below the edge of the page it would be lost
        if top * MM + style.size > *page {
            return Err(PrintError::Room);
        }
        content.begin_text().set_font(style.weight.resource(), style.size);
        content.set_fill_rgb(style.ink.0, style.ink.1, style.ink.2);
        // the baseline lies below the top by the height of the letters
        content.next_line(left * MM, *page - top * MM - style.size * 0.95);
        content.show(Str(&glyphs)).end_text();
        Ok(())
    }

    /// A code with its light border, `side` millimetres in all.
    pub(super) fn code(&mut self, code: &QrCode, left: f32, top: f32, side: f32) -> Result<(), PrintError> {
        let module = side * MM / whole(code.side() + 2 * QUIET);
        let (_, page, content) = self.current()?;
        content.set_fill_rgb(BLACK.0, BLACK.1, BLACK.2);
        for (x, y, length) in code.runs() {
            let x = left * MM + whole(x + QUIET) * module;
            let y = *page - top * MM - whole(y + QUIET + 1) * module;
            content.rect(x, y, whole(length) * module, module);
        }
        content.fill_nonzero();
        Ok(())
    }

    /// The file. `made` is the day in its properties; the moment of printing is in none.
    pub(super) fn finish(self, made: NaiveDate) -> Result<Vec<u8>, PrintError> {
        let mut pdf = Pdf::new();
        let mut next = Ref::new(1);
        let [catalog, tree, about] = [next.bump(), next.bump(), next.bump()];
        pdf.catalog(catalog).pages(tree).lang(TextStr("id-ID"));
        let year = u16::try_from(made.year()).unwrap_or_default();
        let (month, day) = (u8::try_from(made.month()).unwrap_or(1), u8::try_from(made.day()).unwrap_or(1));
        pdf.document_info(about)
            .title(TextStr("Kartu peserta"))
            .producer(TextStr("Payung"))
            .creation_date(Date::new(year).month(month).day(day));
        let mut fonts = Vec::new();
        for (face, weight) in self.faces.iter().zip(Weight::ALL) {
            fonts.push((weight, face.write(&mut pdf, &mut next)?));
        }
        let mut kids = Vec::new();
        for (width, height, content) in self.pages {
            let [page, drawn] = [next.bump(), next.bump()];
            kids.push(page);
            let mut leaf = pdf.page(page);
            leaf.parent(tree).media_box(Rect::new(0.0, 0.0, width, height)).contents(drawn);
            let mut resources = leaf.resources();
            let mut named = resources.fonts();
            for (weight, font) in &fonts {
                named.pair(weight.resource(), *font);
            }
            named.finish();
            resources.finish();
            leaf.finish();
            pdf.stream(drawn, &compressed(&content.finish())).filter(Filter::FlateDecode);
        }
        let count = i32::try_from(kids.len()).map_err(|_| PrintError::Room)?;
        pdf.pages(tree).kids(kids).count(count);
        Ok(pdf.finish())
    }
}

/// Millimetres from line to line.
fn leading(size: f32) -> f32 {
    size * 1.28 / MM
}

/// Modules are few.
fn whole(modules: usize) -> f32 {
    u16::try_from(modules).map_or(f32::MAX, f32::from)
}
