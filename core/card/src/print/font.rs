//! A face of the embedded font and the glyphs that were used of it.

use super::PrintError;
use pdf_writer::{
    Filter, Finish, Name, Pdf, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use std::collections::BTreeMap;
use subsetter::GlyphRemapper;

/// Atkinson Hyperlegible, made by the Braille Institute for readers with low vision; its figures and I, l, 1 differ clearly. SIL
/// Open Font License 1.1, see fonts/OFL.txt.
const REGULAR: &[u8] = include_bytes!("../../fonts/AtkinsonHyperlegible-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/AtkinsonHyperlegible-Bold.ttf");

/// Identity of glyph numbers (ISO 32000-1, 9.7.3).
const IDENTITY: SystemInfo = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Regular or bold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    pub(super) const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    /// As it is called in a page's resources.
    pub(super) fn resource(self) -> Name<'static> {
        match self {
            Self::Regular => Name(b"R"),
            Self::Bold => Name(b"B"),
        }
    }

    fn base_name(self) -> &'static [u8] {
        // six capitals before a subset's name (ISO 32000-1, 9.6.4)
        match self {
            Self::Regular => b"PAYUNG+AtkinsonHyperlegible-Regular",
            Self::Bold => b"PAYUNH+AtkinsonHyperlegible-Bold",
        }
    }

    fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }
}

pub(super) struct Face {
    weight: Weight,
    outlines: ttf_parser::Face<'static>,
    used: GlyphRemapper,
    letters: BTreeMap<u16, char>,
}

impl Face {
    pub(super) fn new(weight: Weight) -> Result<Self, PrintError> {
        let outlines = ttf_parser::Face::parse(weight.file(), 0).map_err(|_| PrintError::Font)?;
        Ok(Self { weight, outlines, used: GlyphRemapper::new(), letters: BTreeMap::new() })
    }

    /// Thousandths of the font's size.
    fn advance(&self, glyph: u16) -> f32 {
        let units = self.outlines.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or_default();
        f32::from(units) * 1000.0 / f32::from(self.outlines.units_per_em())
    }

    fn glyph(&self, letter: char) -> Result<u16, PrintError> {
        self.outlines.glyph_index(letter).map(|glyph| glyph.0).ok_or(PrintError::Letter)
    }

    /// The width of a text in points.
    pub(super) fn width(&self, text: &str, size: f32) -> Result<f32, PrintError> {
        text.chars().map(|letter| Ok(self.advance(self.glyph(letter)?) * size / 1000.0)).sum()
    }

    /// The text as the page shows it: numbers of glyphs in the subset.
    pub(super) fn encode(&mut self, text: &str) -> Result<Vec<u8>, PrintError> {
        let mut bytes = Vec::with_capacity(2 * text.len());
        for letter in text.chars() {
            let glyph = self.glyph(letter)?;
            let number = self.used.remap(glyph);
            self.letters.insert(number, letter);
            bytes.extend(number.to_be_bytes());
        }
        Ok(bytes)
    }

    /// Writes the font with the glyphs that were used, in five objects from `next` on.
    pub(super) fn write(&self, pdf: &mut Pdf, next: &mut Ref) -> Result<Ref, PrintError> {
        let [type0, cid, descriptor, file, to_unicode] =
            [next.bump(), next.bump(), next.bump(), next.bump(), next.bump()];
        let name = Name(self.weight.base_name());
        pdf.type0_font(type0)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(to_unicode);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(IDENTITY)
            .font_descriptor(descriptor)
            .default_width(0.0);
        font.cid_to_gid_map_predefined(Name(b"Identity"));
        let advances = self.used.remapped_gids().map(|glyph| self.advance(glyph));
        font.widths().consecutive(0, advances);
        font.finish();
        let thousandths = |units: i16| f32::from(units) * 1000.0 / f32::from(self.outlines.units_per_em());
        let bounds = self.outlines.global_bounding_box();
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::SYMBOLIC)
            .bbox(pdf_writer::Rect::new(
                thousandths(bounds.x_min),
                thousandths(bounds.y_min),
                thousandths(bounds.x_max),
                thousandths(bounds.y_max),
            ))
            .italic_angle(0.0)
            .ascent(thousandths(self.outlines.ascender()))
            .descent(thousandths(self.outlines.descender()))
            .cap_height(thousandths(self.outlines.capital_height().unwrap_or_else(|| self.outlines.ascender())))
            .stem_v(if self.weight == Weight::Bold { 140.0 } else { 80.0 })
            .font_file2(file);
        let subset = subsetter::subset(self.weight.file(), 0, &self.used).map_err(|_| PrintError::Font)?;
        pdf.stream(file, &compressed(&subset))
            .filter(Filter::FlateDecode)
            .pair(Name(b"Length1"), i32::try_from(subset.len()).map_err(|_| PrintError::Font)?);
        let mut map = UnicodeCmap::new(Name(b"Payung"), IDENTITY);
        for (&glyph, &letter) in &self.letters {
            map.pair(glyph, letter);
        }
        pdf.stream(to_unicode, &compressed(&map.finish())).filter(Filter::FlateDecode);
        Ok(type0)
    }
}

/// zlib, as `FlateDecode` wants it.
pub(super) fn compressed(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 9)
}
