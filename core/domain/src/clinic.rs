//! Clinics of the work-accident network (*pusat layanan kecelakaan kerja*, PLKK): where one is brought to at once, and
//! pays nothing (PP 44/2015, Permenaker 5/2021).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{area::Area, op::Body};

/// A place on the earth, WGS 84, in millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// North.
    pub lat_e6: i32,
    /// East.
    pub lon_e6: i32,
}

impl Position {
    /// Whether it is a place at all.
    pub fn is_valid(self) -> bool {
        self.lat_e6.abs() <= 90_000_000 && self.lon_e6.abs() <= 180_000_000
    }

    /// Great-circle distance in metres (haversine, a sphere of 6,371 km: within half a percent).
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn metres_to(self, other: Self) -> u32 {
        let radians = |e6: i32| (f64::from(e6) / 1e6).to_radians();
        let (lat, other_lat) = (radians(self.lat_e6), radians(other.lat_e6));
        let half = |one: f64, two: f64| ((two - one) / 2.0).sin().powi(2);
        let a = half(lat, other_lat) + lat.cos() * other_lat.cos() * half(radians(self.lon_e6), radians(other.lon_e6));
        (2.0 * 6_371_000.0 * a.sqrt().min(1.0).asin()).round() as u32
    }
}

/// `800 m`, `2,4 km`, `31 km`: as it is said in Indonesian.
pub fn distance(metres: u32) -> String {
    match metres {
        0..950 => format!("{} m", (metres + 25) / 50 * 50),
        950..9_950 => {
            let tenths = (metres + 50) / 100;
            format!("{},{} km", tenths / 10, tenths % 10)
        }
        _ => format!("{} km", (metres + 500) / 1000),
    }
}

/// A clinic as the office shares it (kind `plkk`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clinic {
    /// What accident reports name it by.
    pub code: String,
    /// Name.
    pub name: String,
    /// Street and village.
    #[serde(default)]
    pub address: String,
    /// Region code of its district.
    #[serde(default)]
    pub district: String,
    /// +62…, to be called before coming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// When it is open, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hours: String,
    /// It is not in the list any more since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<NaiveDate>,
}

impl Clinic {
    /// From a record's body; none where it has no code and name, or is of a shape this version cannot read.
    pub fn of(body: &Body) -> Option<Self> {
        let map = body.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone()));
        let clinic: Self = serde_json::from_value(serde_json::Value::Object(map.collect())).ok()?;
        let whole = !clinic.code.is_empty() && !clinic.name.is_empty();
        whole.then_some(clinic)
    }

    /// Whether it lies in a region.
    pub fn is_in(&self, region: &Area) -> bool {
        Area::parse(&self.district).is_ok_and(|district| district.is_within(region))
    }

    /// Its district in words; the code where the table has none.
    pub fn district_label(&self) -> String {
        Area::parse(&self.district).map_or_else(|_| self.district.clone(), |district| district.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PURWOKERTO: Position = Position { lat_e6: -7_424_000, lon_e6: 109_230_000 };
    const PURBALINGGA: Position = Position { lat_e6: -7_388_000, lon_e6: 109_364_000 };

    #[test]
    fn distances_are_those_of_the_map() {
        // Purwokerto to Purbalingga, some 15 km
        let metres = PURWOKERTO.metres_to(PURBALINGGA);
        assert!((15_000..15_700).contains(&metres), "{metres}");
        assert_eq!((PURWOKERTO.metres_to(PURWOKERTO), PURBALINGGA.metres_to(PURWOKERTO)), (0, metres));
        let far = Position { lat_e6: 7_424_000, lon_e6: -70_770_000 };
        assert!(PURWOKERTO.metres_to(far) > 20_000_000, "the other side of the earth");
        assert!(!Position { lat_e6: 90_000_001, lon_e6: 0 }.is_valid());
    }

    #[test]
    fn distance_is_told_as_precisely_as_it_is_of_use() {
        let told = |metres| distance(metres);
        assert_eq!([told(12), told(820), told(949)], ["0 m", "800 m", "950 m"]);
        assert_eq!([told(960), told(2_449), told(9_949)], ["1,0 km", "2,4 km", "9,9 km"]);
        assert_eq!([told(9_960), told(31_499)], ["10 km", "31 km"]);
    }

    #[test]
    fn clinic_without_code_or_name_is_none_and_unknown_fields_do_not_matter() {
        let body = |value: serde_json::Value| Body::from_iter(value.as_object().expect("an object").clone());
        let whole =
            json!({ "code": "K-01", "name": "Klinik Contoh 1", "district": "33.02.24", "phone": null, "beds": 4 });
        let clinic = Clinic::of(&body(whole)).expect("a clinic");
        assert_eq!((clinic.phone.as_deref(), clinic.district.as_str()), (None, "33.02.24"));
        let area = |path| Area::parse(path).expect("an area");
        assert!(clinic.is_in(&area("33.02")) && clinic.is_in(&area("33.02.24")) && !clinic.is_in(&area("33.02.02")));
        assert_eq!(Clinic::of(&body(json!({ "code": "K-01" }))), None);
        assert_eq!(Clinic::of(&body(json!({ "code": "K-01", "name": "x", "position": "di sana" }))), None);
    }
}
