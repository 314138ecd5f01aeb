//! Types of one value: they cross as text or as a number and are read by the type's own parser, so that what a shell
//! hands over is checked once, in the core.

use chrono::{DateTime, NaiveDate, Utc};
use payung_domain::{
    area::Area,
    calendar::Month,
    contribution::{Program, Programs},
    enrollment::{EnrollmentFlag, Kpj},
    field::Kind,
    id::{DeviceId, Epoch, Hlc, OfficialId, RecordId},
    op::{Body, Conflict},
    region::RegionCode,
};
use payung_store::{DraftId, ShownField};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
};

uniffi::custom_type!(RecordId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(text.parse()?) });
uniffi::custom_type!(DeviceId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(text.parse()?) });
uniffi::custom_type!(OfficialId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(text.parse()?) });
uniffi::custom_type!(Area, String, {
    remote,
    lower: |area| area.as_str().to_owned(),
    try_lift: |text| Ok(Area::parse(&text)?),
});
uniffi::custom_type!(RegionCode, String, {
    remote,
    lower: |code| code.to_string(),
    try_lift: |text| Ok(RegionCode::parse(&text)?),
});
uniffi::custom_type!(Kind, String, {
    remote,
    lower: |kind| kind.name().to_owned(),
    try_lift: |name| Ok(Kind::from_name(&name)),
});
uniffi::custom_type!(Programs, Vec<Program>, {
    remote,
    lower: |programs| programs.iter().cloned().collect(),
    try_lift: |programs| Ok(programs.into_iter().collect()),
});
// 2026-11-30
uniffi::custom_type!(NaiveDate, String, { remote, lower: |date| date.to_string(), try_lift: |text| Ok(text.parse()?) });
// 2026-11
uniffi::custom_type!(Month, String, {
    remote,
    lower: |month| month.to_string(),
    try_lift: |text| Ok(Month::parse(&text)?),
});
uniffi::custom_type!(Kpj, String, { remote, lower: |kpj| kpj.expose().to_owned(), try_lift: |text| Ok(Kpj::parse(&text)?) });
uniffi::custom_type!(Epoch, u64, { remote, lower: |epoch| epoch.0, try_lift: |number| Ok(Epoch(number)) });
// milliseconds since 1970, without the counter of a hybrid clock: shells only show it
uniffi::custom_type!(Hlc, i64, { remote, lower: |hlc| hlc.millis(), try_lift: |millis| Ok(Hlc::at_millis(millis)) });
/// A moment.
pub(crate) type Moment = DateTime<Utc>;
// milliseconds since 1970
uniffi::custom_type!(Moment, i64, {
    remote,
    lower: |moment| moment.timestamp_millis(),
    try_lift: |millis| Ok(DateTime::from_timestamp_millis(millis).unwrap_or_default()),
});
uniffi::custom_type!(DraftId, i64, { remote, lower: |draft| draft.0, try_lift: |number| Ok(DraftId(number)) });
uniffi::custom_type!(PathBuf, String, {
    remote,
    lower: |path| path.to_string_lossy().into_owned(),
    try_lift: |text| Ok(PathBuf::from(text)),
});

/// A count; as 64 bits on every side.
pub(crate) type Count = usize;
uniffi::custom_type!(Count, u64, {
    remote,
    lower: |count| count as u64,
    try_lift: |number| Ok(usize::try_from(number).unwrap_or(usize::MAX)),
});

/// Fields by name.
pub(crate) type Fields = Body;
/// Fields as shown, by name.
pub(crate) type ShownFields = BTreeMap<String, ShownField>;
/// Open conflicts, by field.
pub(crate) type Conflicts = BTreeMap<String, Conflict>;
/// Codes, by field.
pub(crate) type Codes = BTreeMap<String, String>;
/// Flags beside a state.
pub(crate) type Flags = BTreeSet<EnrollmentFlag>;

// maps with an order of their own; the order means nothing to a shell
uniffi::custom_type!(Fields, HashMap<String, serde_json::Value>, {
    remote,
    lower: |map| map.into_iter().collect(),
    try_lift: |map| Ok(map.into_iter().collect()),
});
uniffi::custom_type!(ShownFields, HashMap<String, ShownField>, {
    remote,
    lower: |map| map.into_iter().collect(),
    try_lift: |map| Ok(map.into_iter().collect()),
});
uniffi::custom_type!(Conflicts, HashMap<String, Conflict>, {
    remote,
    lower: |map| map.into_iter().collect(),
    try_lift: |map| Ok(map.into_iter().collect()),
});
uniffi::custom_type!(Codes, HashMap<String, String>, {
    remote,
    lower: |map| map.into_iter().collect(),
    try_lift: |map| Ok(map.into_iter().collect()),
});
uniffi::custom_type!(Flags, Vec<EnrollmentFlag>, {
    remote,
    lower: |set| set.into_iter().collect(),
    try_lift: |list| Ok(list.into_iter().collect()),
});
