//! A worker as both sides get it: the same invented person, every field of the form filled in. Ours registers it as a
//! worker with an enrolment; the peer keeps the same content as one document.

use crate::{BenchError, clock};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::local_date,
    contribution::ContributionTable,
    eligibility::Membership,
    id::OfficialId,
    op::Body,
    worker::{CaptureContext, WorkerDraft},
};
use payung_people::{Person, person};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write},
    path::Path,
};

/// Of every synthetic person.
const SEED: u64 = 20_261_122;
const DISTRICT: &str = "330224";
/// The RT every synthetic person lives in.
pub(crate) const AREA: &str = "33.02.24.1001.003.005";
/// A name one person in 48 has.
pub(crate) const WORD: &str = "RASIKUN";

const LANDMARKS: [&str; 6] =
    ["depan musala", "sebelah pos ronda", "belakang balai RW", "dekat jembatan", "utara lapangan", "gang buntu"];
const PLACES: [&str; 6] =
    ["Pasar Manis", "Pasar Wage", "Terminal Bulupitu", "Alun-alun", "Sawah Karangklesem", "rumah"];
const HOURS: [&str; 4] = ["04.00-10.00", "06.00-14.00", "08.00-17.00", "15.00-22.00"];
const NOTES: [&str; 6] = [
    "Lebih mudah ditemui sesudah asar.",
    "Minta dijelaskan lagi soal iuran.",
    "Ikut arisan RT tiap tanggal lima.",
    "Menumpang di rumah kakak sampai panen.",
    "Bekerja musiman, musim hujan di rumah.",
    "Istri pernah terdaftar di pabrik rambut.",
];
const COOPERATIVES: [&str; 4] =
    ["Koperasi Tani Makmur", "Paguyuban Becak Wage", "KSU Nira Satria", "Paguyuban Pasar Manis"];

/// The `i`th person, and the day they are registered.
pub(crate) fn someone(i: u64) -> Result<(Person, NaiveDate), BenchError> {
    let today = local_date(clock::now(), &area()?);
    Ok((person(SEED, i, DISTRICT, today), today))
}

/// Where everybody lives.
pub(crate) fn area() -> Result<Area, BenchError> {
    Area::parse(AREA).map_err(|error| BenchError::Setup(error.to_string()))
}

/// The `i`th person's form with nothing left empty: some 40 values, about 1,100 bytes as JSON with its enrolment.
pub(crate) fn form(i: u64) -> Result<BTreeMap<String, Value>, BenchError> {
    let (person, _) = someone(i)?;
    let (other, _) = someone(i + 1)?;
    let mut rng = fastrand::Rng::with_seed(SEED.rotate_left(17) ^ i);
    let mut pick = |list: &[&str]| list[rng.usize(..list.len())].to_owned();
    let more = json!({
        "home.landmark": pick(&LANDMARKS),
        "occupations.second": other.occupation,
        "work.place": pick(&PLACES),
        "work.hours": pick(&HOURS),
        "notes": pick(&NOTES),
        "ecosystem": pick(&COOPERATIVES),
        "consent.witness": other.heir,
        "heirs": [{"name": person.heir, "relation": "child", "phone": other.phone}],
        "capture.lat_e6": rng.i32(-7_450_000..-7_400_000),
        "capture.lon_e6": rng.i32(109_200_000..109_260_000),
        "capture.accuracy": rng.u32(4..30),
    });
    let mut form = person.form();
    if let Value::Object(more) = more {
        form.extend(more);
    }
    Ok(form)
}

/// What a form is checked against here.
pub(crate) fn context(area: &Area, official: OfficialId) -> CaptureContext<'_> {
    CaptureContext {
        now: clock::now(),
        area,
        official,
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    }
}

/// The `i`th person as one document: the worker's and the enrolment's fields as ours sends them.
fn document(i: u64, id: &str) -> Result<Map<String, Value>, BenchError> {
    let area = area()?;
    let registration = WorkerDraft { fields: form(i)? }
        .validate(&context(&area, OfficialId(uuid::Uuid::from_u128(1))))
        .map_err(|errors| BenchError::Setup(format!("{errors:?}")))?;
    let mut document = Map::from_iter([("_id".to_owned(), id.into()), ("area".to_owned(), AREA.into())]);
    document.extend::<Body>(registration.worker);
    document.extend(registration.enrollment);
    Ok(document)
}

/// Documents in a file, one a line.
pub(crate) struct Documents {
    /// Their ids, in order.
    pub(crate) ids: Vec<String>,
    /// Mean bytes of one.
    pub(crate) bytes: f64,
    /// Values in one.
    pub(crate) values: usize,
}

/// Writes the documents of the first so many people.
pub(crate) fn write_documents(path: &Path, people: u64) -> Result<Documents, BenchError> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    let (mut ids, mut bytes, mut values) = (Vec::new(), 0, 0);
    for i in 0..people {
        let id = clock::new_id().to_string();
        let document = Value::Object(document(i, &id)?);
        let line = document.to_string();
        writeln!(file, "{line}")?;
        bytes += line.len();
        values = leaves(&document);
        ids.push(id);
    }
    file.flush()?;
    Ok(Documents { bytes: bytes as f64 / ids.len().max(1) as f64, values, ids })
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(leaves).sum(),
        Value::Array(list) if list.iter().any(Value::is_object) => list.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// Which field of a worker is edited, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Touched {
    /// The phone number: the one an edit is measured with.
    Phone,
    /// The heirs: another field, edited elsewhere at the same time.
    Heirs,
    /// The NIK, as one official reads it.
    Nik,
    /// The NIK, as another reads it.
    OtherNik,
}

impl Touched {
    /// The field's name, the same on both sides.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Heirs => "heirs",
            Self::Nik | Self::OtherNik => "nik",
        }
    }

    /// What the worker at this place in the order of ids has afterwards.
    pub(crate) fn value(self, place: u64) -> Result<Value, BenchError> {
        Ok(match self {
            Self::Phone => format!("+62813{:08}", 10_000_000 + place * 7919 % 90_000_000).into(),
            Self::Heirs => json!([{"name": someone(place + 7)?.0.heir, "relation": "sibling"}]),
            // of people nobody registers
            Self::Nik => someone(1_000_000 + place)?.0.nik.into(),
            Self::OtherNik => someone(2_000_000 + place)?.0.nik.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_about_forty_values_and_eleven_hundred_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let written = write_documents(&folder.path().join("documents"), 50).unwrap();
        assert_eq!(written.ids.len(), 50);
        assert!((40..=46).contains(&written.values), "{} values", written.values);
        assert!((1000.0..1250.0).contains(&written.bytes), "{} bytes", written.bytes);
    }

    #[test]
    fn the_name_searched_for_is_had_by_some_of_the_first_sixty() {
        let called = (0..60).filter(|i| someone(*i).unwrap().0.name.contains(WORD)).count();
        assert!((1..10).contains(&called), "{called}");
    }

    #[test]
    fn two_readings_of_a_nik_differ_and_edits_differ_from_what_was_registered() {
        let form = form(3).unwrap();
        for touched in [Touched::Phone, Touched::Heirs, Touched::Nik] {
            assert_ne!(form.get(touched.field()), Some(&touched.value(3).unwrap()), "{touched:?}");
        }
        assert_ne!(Touched::Nik.value(3).unwrap(), Touched::OtherNik.value(3).unwrap());
    }
}
