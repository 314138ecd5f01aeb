//! Areas: who looks after which doors. Source: the design's path `PP.KK.CC.VVVV.RW.RT`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::region::{self, RegionCode};

#[cfg(test)]
mod tests;

/// What stands for "no RW" or "no RT".
pub(crate) const NONE: &str = "000";

/// A path `PP[.KK[.CC[.VVVV[.RW[.RT]]]]]`: a region, an RW or an RT.
///
/// RW and RT are three digits with one capital letter where the village uses one (`005A`); `000` = there is none.
/// Only the shape is checked. Ordered, displayed and serialized as the path, so that an index over the text sorts the
/// same way; [`Area::label`] is for people.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Area(String);

/// The text is not an area path. It does not repeat the text, which may be anything an official typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AreaError {
    /// The part down to the village is not a region code.
    #[error("the area does not begin with a region code")]
    Region,
    /// An RW is not three digits and at most one capital letter.
    #[error("the RW is not three digits and at most one letter")]
    Rw,
    /// An RT is not three digits and at most one capital letter.
    #[error("the RT is not three digits and at most one letter")]
    Rt,
    /// More follows after the RT, or an RW without a village before it.
    #[error("the area has the wrong number of parts")]
    Parts,
}

impl AreaError {
    /// The stable code that screens translate.
    pub fn code(self) -> &'static str {
        match self {
            Self::Region => "area_region",
            Self::Rw => "area_rw",
            Self::Rt => "area_rt",
            Self::Parts => "area_parts",
        }
    }
}

impl Area {
    /// Reads a path in its one written form; see [`Area::in_village`] for what people type.
    ///
    /// # Errors
    /// [`AreaError`] names the part that is wrong.
    pub fn parse(path: &str) -> Result<Self, AreaError> {
        // no more of a long text than shows that it is none
        let segments: Vec<&str> = path.splitn(8, '.').collect();
        let depth = segments.len().min(4);
        RegionCode::parse(&segments[..depth].join(".")).map_err(|_| AreaError::Region)?;
        let mut below = segments[depth..].iter();
        if below.next().is_some_and(|rw| !is_neighbourhood(rw)) {
            return Err(AreaError::Rw);
        }
        if below.next().is_some_and(|rt| !is_neighbourhood(rt)) {
            return Err(AreaError::Rt);
        }
        if below.next().is_some() {
            return Err(AreaError::Parts);
        }
        Ok(Self(path.to_owned()))
    }

    /// The RT `rt` of the RW `rw` of a village, as typed from a KTP: `3`, `03`, `005a`; empty or `-` for none.
    ///
    /// # Errors
    /// [`AreaError::Parts`] if `village` is wider than a village, otherwise the part that is wrong.
    pub fn in_village(village: RegionCode, rw: &str, rt: &str) -> Result<Self, AreaError> {
        if !village.is_village() {
            return Err(AreaError::Parts);
        }
        let rw = neighbourhood(rw).ok_or(AreaError::Rw)?;
        let rt = neighbourhood(rt).ok_or(AreaError::Rt)?;
        Ok(Self(format!("{village}.{rw}.{rt}")))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region: the village, or the wider region a scope is of.
    pub fn region(&self) -> RegionCode {
        let mut dots = self.0.match_indices('.').map(|(at, _)| at);
        let end = dots.nth(3).unwrap_or(self.0.len());
        RegionCode::parse(&self.0[..end]).expect("an area begins with a region code")
    }

    /// The village; none for a wider scope.
    pub fn village(&self) -> Option<RegionCode> {
        Some(self.region()).filter(|region| region.is_village())
    }

    /// The regions this area lies in, itself not counted, widest first: what is shared in them concerns it too.
    pub fn regions_above(&self) -> Vec<Self> {
        let own = self.region();
        let mut above: Vec<Self> = std::iter::successors(Some(own), |region| region.parent()).map(Self::from).collect();
        above.retain(|region| region != self);
        above.reverse();
        above
    }

    /// The RW, `000` included; none where the path ends before it.
    pub fn rw(&self) -> Option<&str> {
        self.0.split('.').nth(4)
    }

    /// The RT, `000` included; none where the path ends before it.
    pub fn rt(&self) -> Option<&str> {
        self.0.split('.').nth(5)
    }

    /// Whether this is `scope` or lies in it, by whole segments: `33.02.24` is not within `33.02.2`, nor RW 005A
    /// within RW 005.
    pub fn is_within(&self, scope: &Self) -> bool {
        self.0.strip_prefix(&scope.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether this is a village, an RW or an RT, and so has one village.
    pub fn is_village_or_below(&self) -> bool {
        self.village().is_some()
    }

    /// For people: `RT 003 RW 005` in the order of the KTP, without what there is none of; a village with its
    /// district; a wider region by name. A region not in the table is shown by its code.
    pub fn label(&self) -> String {
        let part = |name, value: Option<&str>| value.filter(|v| *v != NONE).map(|v| format!("{name} {v}"));
        let parts: Vec<String> = [part("RT", self.rt()), part("RW", self.rw())].into_iter().flatten().collect();
        if !parts.is_empty() {
            return parts.join(" ");
        }
        let region = self.region();
        let Some(path) = region::describe(&region) else { return region.to_string() };
        match (path.village, path.district, path.regency) {
            (Some(village), Some(district), _) => format!("{village}, {district}"),
            (None, Some(district), _) => district,
            (_, _, Some(regency)) => regency,
            _ => path.province,
        }
    }
}

/// `[0-9]{3}[A-Z]?`
fn is_neighbourhood(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 3 | 4)
        && bytes[..3].iter().all(u8::is_ascii_digit)
        && bytes[3..].iter().all(u8::is_ascii_uppercase)
}

/// An RT or RW as typed, in its written form; [`NONE`] for none.
pub(crate) fn neighbourhood(typed: &str) -> Option<String> {
    let typed = typed.trim().to_ascii_uppercase();
    if typed.is_empty() || typed == "-" {
        return Some(NONE.to_owned());
    }
    let digits = typed.trim_end_matches(|c: char| c.is_ascii_uppercase());
    if digits.is_empty() {
        return None;
    }
    let written = format!("{digits:0>3}{}", &typed[digits.len()..]);
    is_neighbourhood(&written).then_some(written)
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Area({self})")
    }
}

impl From<RegionCode> for Area {
    fn from(region: RegionCode) -> Self {
        Self(region.to_string())
    }
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.0
    }
}

impl TryFrom<String> for Area {
    type Error = AreaError;
    fn try_from(path: String) -> Result<Self, AreaError> {
        Self::parse(&path)
    }
}

impl FromStr for Area {
    type Err = AreaError;
    fn from_str(path: &str) -> Result<Self, AreaError> {
        Self::parse(path)
    }
}
