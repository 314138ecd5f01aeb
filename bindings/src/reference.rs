//! Lists built into the app: regions and occupations. They need no client.

use payung_domain::{
    area::{Area, AreaError},
    field::FieldError,
    occupation::{self, Occupation},
    region::{self, Level, RegionCode, RegionPath},
};

use crate::error::CoreError;

fn found(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The region of a code with the names above it; none for a code that is not in use.
#[uniffi::export]
pub fn region(code: RegionCode) -> Option<RegionPath> {
    region::describe(&code)
}

/// Regions whose name begins with what was typed, of one level and within one region where these are named.
#[uniffi::export]
pub fn regions(typed: String, level: Option<Level>, within: Option<RegionCode>, limit: u32) -> Vec<RegionPath> {
    region::search(&typed, level, within.as_ref(), found(limit))
}

/// The regions directly below one.
#[uniffi::export]
pub fn regions_below(code: RegionCode) -> Vec<RegionPath> {
    region::children(&code).iter().filter_map(|region| region::describe(&region.code)).collect()
}

/// Occupations found by what people call them, best first; the whole list where nothing was typed.
#[uniffi::export]
pub fn occupations(typed: String, limit: u32) -> Vec<Occupation> {
    if typed.trim().is_empty() {
        return occupation::all().take(found(limit)).cloned().collect();
    }
    occupation::search(&typed, found(limit)).into_iter().cloned().collect()
}

/// The occupation of a code; none for a code of a newer list.
#[uniffi::export]
pub fn occupation_of(code: String) -> Option<Occupation> {
    occupation::by_code(&code).cloned()
}

/// The area of an RT in a village, as its numbers are typed.
///
/// # Errors
/// [`CoreError::Invalid`] names the part.
#[uniffi::export]
pub fn area_of(village: RegionCode, rw: String, rt: String) -> Result<Area, CoreError> {
    Area::in_village(village, &rw, &rt)
        .map_err(|error: AreaError| CoreError::Invalid { fields: vec![FieldError::new("area", error.code())] })
}
