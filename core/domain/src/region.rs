//! Regions of Indonesia by their Kemendagri codes: provinces, regencies, districts and villages with postcodes.
//!
//! Source: Kepmendagri 300.2.2-2138/2025, see `data/LICENSE-regions.md`. BPS statistics codes are a different
//! numbering and must not be mixed with these. The whole country is embedded, packed; see [`table`].

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

mod search;
mod table;
#[cfg(test)]
mod tests;

pub use search::search;
use table::Row;

/// How deep a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// *Provinsi*, `PP`.
    Province,
    /// *Kabupaten* or *kota*, `PP.KK`.
    Regency,
    /// *Kecamatan*, `PP.KK.CC`.
    District,
    /// *Desa* or *kelurahan*, `PP.KK.CC.VVVV`.
    Village,
}

/// A Kemendagri code: `33`, `33.02`, `33.02.24` or `33.02.24.1001`.
///
/// Only the shape is checked: a server may know a village newer than this table, so being in the table is asked with
/// [`lookup`]. Ordered as the text is. Serialized as the text.
// The ten digits with zeros for what is not given. No segment of a real code is zero, so the level is in the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RegionCode(u64);

/// The text is not a region code. It does not repeat the text, which may be anything an official typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a region code (PP, PP.KK, PP.KK.CC or PP.KK.CC.VVVV)")]
pub struct RegionCodeError;

impl RegionCode {
    /// Reads `PP[.KK[.CC[.VVVV]]]`.
    ///
    /// # Errors
    /// [`RegionCodeError`] for any other shape, and for a segment of zeros, which no region has.
    pub fn parse(text: &str) -> Result<Self, RegionCodeError> {
        let mut code = 0;
        let mut widths = [(2, 100_000_000), (2, 1_000_000), (2, 10_000), (4, 1)].into_iter();
        for segment in text.split('.') {
            let (width, unit) = widths.next().ok_or(RegionCodeError)?;
            // `u64::from_str` alone would take a sign.
            if segment.len() != width || !segment.bytes().all(|b| b.is_ascii_digit()) {
                return Err(RegionCodeError);
            }
            let value: u64 = segment.parse().map_err(|_| RegionCodeError)?;
            if value == 0 {
                return Err(RegionCodeError);
            }
            code += value * unit;
        }
        Ok(Self(code))
    }

    /// Province, regency, district or village.
    pub fn level(self) -> Level {
        match self.0 {
            code if !code.is_multiple_of(10_000) => Level::Village,
            code if !code.is_multiple_of(1_000_000) => Level::District,
            code if !code.is_multiple_of(100_000_000) => Level::Regency,
            _ => Level::Province,
        }
    }

    /// Whether it is a *desa* or *kelurahan*.
    pub fn is_village(self) -> bool {
        self.level() == Level::Village
    }

    /// The region this one is a part of; none for a province.
    pub fn parent(self) -> Option<Self> {
        match self.level() {
            Level::Province => None,
            Level::Regency => self.at(Level::Province),
            Level::District => self.at(Level::Regency),
            Level::Village => self.at(Level::District),
        }
    }

    /// This code cut to `level`; none if it is not that deep.
    pub fn at(self, level: Level) -> Option<Self> {
        let unit = unit(level);
        (self.level() >= level).then_some(Self(self.0 / unit * unit))
    }

    /// Its province.
    #[must_use]
    pub fn province(self) -> Self {
        let unit = unit(Level::Province);
        Self(self.0 / unit * unit)
    }

    /// Whether this is `other` or lies in it.
    pub fn is_within(self, other: Self) -> bool {
        self.0 >= other.0 && self.0 <= other.last_below()
    }

    fn last_below(self) -> u64 {
        self.0 + unit(self.level()) - 1
    }
}

/// What one step at a level is worth in the ten digits.
fn unit(level: Level) -> u64 {
    match level {
        Level::Province => 100_000_000,
        Level::Regency => 1_000_000,
        Level::District => 10_000,
        Level::Village => 1,
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0 / unit(Level::Province))?;
        for level in [Level::Regency, Level::District] {
            if level <= self.level() {
                write!(f, ".{:02}", self.0 / unit(level) % 100)?;
            }
        }
        if self.is_village() {
            write!(f, ".{:04}", self.0 % 10_000)?;
        }
        Ok(())
    }
}

impl fmt::Debug for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegionCode({self})")
    }
}

impl From<RegionCode> for String {
    fn from(code: RegionCode) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for RegionCode {
    type Error = RegionCodeError;
    fn try_from(text: String) -> Result<Self, RegionCodeError> {
        Self::parse(&text)
    }
}

impl FromStr for RegionCode {
    type Err = RegionCodeError;
    fn from_str(text: &str) -> Result<Self, RegionCodeError> {
        Self::parse(text)
    }
}

/// One current region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Its code.
    pub code: RegionCode,
    /// As in the decree; a regency begins with *Kabupaten* or *Kota*.
    pub name: String,
    /// Five digits; villages only.
    pub postcode: Option<String>,
    /// Persons in 2024; provinces and regencies only.
    pub population: Option<u32>,
}

impl Region {
    fn from_row(row: Row<'_>) -> Self {
        let village = row.code.is_village();
        Self {
            code: row.code,
            name: row.name.to_owned(),
            postcode: (village && row.number != 0).then(|| format!("{:05}", row.number)),
            population: (!village && row.number != 0).then_some(row.number),
        }
    }
}

/// A region with the names above it: village names repeat inside a regency, so the district is always shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegionPath {
    /// The region's own code.
    pub code: RegionCode,
    /// Name of the village, if the code is of one.
    pub village: Option<String>,
    /// Name of the district, if the code is that deep.
    pub district: Option<String>,
    /// Name of the regency with *Kabupaten* or *Kota*, if the code is that deep.
    pub regency: Option<String>,
    /// Name of the province.
    pub province: String,
    /// Five digits; villages only.
    pub postcode: Option<String>,
}

impl fmt::Display for RegionPath {
    /// `Karangklesem, Purwokerto Selatan, Kabupaten Banyumas, Jawa Tengah`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in [&self.village, &self.district, &self.regency].into_iter().flatten() {
            write!(f, "{name}, ")?;
        }
        f.write_str(&self.province)
    }
}

/// The district where a NIK was first issued, by the NIK's first six digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NikRegion {
    /// Code of the district, current or retired.
    pub code: RegionCode,
    /// Name of the district.
    pub district: String,
    /// Name of the regency; a retired one as it was written then (`KAB. MERAUKE`).
    pub regency: String,
    /// Name of the province that has the code's first two digits today.
    pub province: String,
    /// Whether the code was given up in a split (the 2022 and 2023 Papua decrees) and lives on only in NIKs.
    pub retired: bool,
}

/// The current region of this code. Retired codes are not answered: nobody lives there any more.
pub fn lookup(code: &RegionCode) -> Option<Region> {
    table::block_of(*code)?.find(*code).map(Region::from_row)
}

/// The current region of this code with the names above it.
pub fn describe(code: &RegionCode) -> Option<RegionPath> {
    let block = table::block_of(*code)?;
    let own = block.find(*code)?;
    let name_at = |level| code.at(level).and_then(|above| block.find(above)).map(|row| row.name.to_owned());
    Some(RegionPath {
        code: *code,
        village: name_at(Level::Village),
        district: name_at(Level::District),
        regency: name_at(Level::Regency),
        province: name_at(Level::Province)?,
        postcode: Region::from_row(own).postcode,
    })
}

/// All provinces, by code.
pub fn provinces() -> Vec<Region> {
    table::provinces().filter_map(|code| lookup(&code)).collect()
}

/// The regions directly below `code`, by code; empty for a village or an unknown code.
pub fn children(code: &RegionCode) -> Vec<Region> {
    let Some(block) = table::block_of(*code) else { return Vec::new() };
    block.rows_within(*code).filter(|row| row.code.parent() == Some(*code)).map(Region::from_row).collect()
}

/// The district of a NIK's first six digits, current or retired.
///
/// None for anything else, which is a reason to warn and never to reject: splits before 2022 are in no list.
pub fn by_nik_prefix(six_digits: &str) -> Option<NikRegion> {
    if six_digits.len() != 6 || !six_digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let dotted = format!("{}.{}.{}", &six_digits[..2], &six_digits[2..4], &six_digits[4..]);
    let code = RegionCode::parse(&dotted).ok()?;
    let province = lookup(&code.province())?.name;
    let current = table::block_of(code).filter(|block| block.find(code).is_some());
    let block = current.or_else(table::retired)?;
    Some(NikRegion {
        code,
        district: block.find(code)?.name.to_owned(),
        regency: block.find(code.at(Level::Regency)?)?.name.to_owned(),
        province,
        retired: current.is_none(),
    })
}
