//! The claims of a card in CBOR: CWT (RFC 8392), Claim 169 and the reference to a status list.

use crate::{
    Birth, Card, CardError, MaskedNik, StatusRef,
    envelope::{cbor, cbor_bytes},
};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use ciborium::Value;
use payung_domain::{
    calendar::{Month, Zone, local_date},
    contribution::{Program, Programs},
    nik::Sex,
    region::RegionCode,
};
use std::collections::BTreeMap;

// RFC 8392 section 3.1
const ISS: i64 = 1;
const EXP: i64 = 4;
const NBF: i64 = 5;
const IAT: i64 = 6;
/// IANA CWT claim 169: a map of the person's attributes.
const IDENTITY: i64 = 169;
/// IANA CWT claim 65535, `status`.
const STATUS: i64 = 65_535;

// attributes of claim 169
const ID: i64 = 1;
const LANGUAGE: i64 = 3;
const NAME: i64 = 4;
const BIRTH: i64 = 8;
const SEX: i64 = 9;
const LOCATION: i64 = 21;
const COUNTRY: i64 = 23;
// 75 to 99 are unassigned: for issuer and verifiers of a closed circle, here BPJS and its clinics
const NIK: i64 = 75;
const PROGRAMMES: i64 = 76;
const PAID_TO: i64 = 77;
/// In place of 8, which takes whole dates only and is refused by other readers with a year.
const BIRTH_YEAR: i64 = 78;

/// A bit for each programme: five bytes less than their names, and bytes are modules of the code.
const PROGRAMME_BITS: [(Program, i64); 3] = [(Program::Jkk, 1), (Program::Jkm, 2), (Program::Jht, 4)];

/// ISO 639-3 and ISO 3166-1.
const INDONESIAN: &str = "ind";
const INDONESIA: &str = "IDN";

/// A map by integer keys, each once. Keys nobody asks for are left alone: a later version may have more.
pub(crate) struct Claims(BTreeMap<i128, Value>);

impl Claims {
    pub(crate) fn from_value(value: Value) -> Result<Self, CardError> {
        let mut claims = BTreeMap::new();
        for (key, value) in value.into_map().map_err(|_| CardError::NotOurs)? {
            // a text key is allowed (RFC 8392) and none of ours
            let Ok(key) = key.into_integer() else { continue };
            if claims.insert(key.into(), value).is_some() {
                return Err(CardError::NotOurs);
            }
        }
        Ok(Self(claims))
    }

    pub(crate) fn take(&mut self, key: i64, name: &'static str) -> Result<Value, CardError> {
        self.0.remove(&key.into()).ok_or(CardError::Claim(name))
    }

    pub(crate) fn take_text(&mut self, key: i64, name: &'static str) -> Result<String, CardError> {
        self.take(key, name)?.into_text().map_err(|_| CardError::Claim(name))
    }

    pub(crate) fn take_integer(&mut self, key: i64, name: &'static str) -> Result<i64, CardError> {
        let number = self.take(key, name)?.into_integer().map_err(|_| CardError::Claim(name))?;
        number.try_into().map_err(|_| CardError::Claim(name))
    }

    /// A map by names.
    pub(crate) fn take_named(&mut self, key: i64, name: &'static str) -> Result<BTreeMap<String, Value>, CardError> {
        named(self.take(key, name)?, name)
    }
}

fn named(value: Value, name: &'static str) -> Result<BTreeMap<String, Value>, CardError> {
    let pairs = value.into_map().map_err(|_| CardError::Claim(name))?;
    pairs
        .into_iter()
        .map(|(key, value)| Some((key.into_text().ok()?, value)))
        .collect::<Option<_>>()
        .ok_or(CardError::Claim(name))
}

pub(crate) fn integer(number: i64) -> Value {
    Value::Integer(number.into())
}

pub(crate) fn text_value(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The claims of a card, in the order of their keys.
pub(crate) fn encode(card: &Card) -> Result<Vec<u8>, CardError> {
    let zone = Zone::from(&card.area);
    let mut programmes = 0;
    for programme in card.programmes.iter() {
        programmes |=
            PROGRAMME_BITS.iter().find(|(known, _)| known == programme).ok_or(CardError::Claim("programmes"))?.1;
    }
    let month = i64::from(card.paid_to.year()) * 100 + i64::from(card.paid_to.month());
    let sex = match card.sex {
        Sex::Male => 1,
        Sex::Female => 2,
    };
    let (birth, birth_year) = match card.birth {
        Birth::Date(date) => (Some((integer(BIRTH), text_value(&date.format("%Y%m%d").to_string()))), None),
        Birth::Year(year) => (None, Some((integer(BIRTH_YEAR), integer(year.into())))),
    };
    let attributes = [
        Some((integer(ID), text_value(&card.id))),
        Some((integer(LANGUAGE), text_value(INDONESIAN))),
        Some((integer(NAME), text_value(&card.name))),
        birth,
        Some((integer(SEX), integer(sex))),
        Some((integer(LOCATION), text_value(&card.area.to_string().replace('.', "")))),
        Some((integer(COUNTRY), text_value(INDONESIA))),
        Some((integer(NIK), text_value(card.nik.as_str()))),
        Some((integer(PROGRAMMES), integer(programmes))),
        Some((integer(PAID_TO), integer(month))),
        birth_year,
    ];
    let identity = Value::Map(attributes.into_iter().flatten().collect());
    let place = Value::Map(vec![
        (text_value("idx"), integer(card.status.index.into())),
        (text_value("uri"), text_value(&card.status.uri)),
    ]);
    let claims = Value::Map(vec![
        (integer(ISS), text_value(&card.issuer)),
        // from this moment on it is over
        (integer(EXP), integer(midnight(card.expires, zone, 1)?)),
        (integer(NBF), integer(midnight(card.covered_from, zone, 0)?)),
        (integer(IAT), integer(midnight(card.issued, zone, 0)?)),
        (integer(IDENTITY), identity),
        (integer(STATUS), Value::Map(vec![(text_value("status_list"), place)])),
    ]);
    cbor_bytes(&claims)
}

/// The card in believed claims.
pub(crate) fn decode(said: &[u8]) -> Result<Card, CardError> {
    let mut claims = Claims::from_value(cbor(said)?)?;
    // what has no claim 169 is something else, and not a card with a fault
    let mut person = Claims::from_value(claims.take(IDENTITY, "169").map_err(|_| CardError::NotOurs)?)?;
    let area = area(&person.take_text(LOCATION, "location")?).ok_or(CardError::Claim("location"))?;
    let zone = Zone::from(&area);
    let mut status = claims.take_named(STATUS, "status")?;
    let mut place = named(status.remove("status_list").ok_or(CardError::Claim("status"))?, "status")?;
    let index = place.remove("idx").and_then(|idx| idx.into_integer().ok()).and_then(|idx| idx.try_into().ok());
    let uri = place.remove("uri").and_then(|uri| uri.into_text().ok());
    let (Some(index), Some(uri)) = (index, uri) else { return Err(CardError::Claim("status")) };
    let card = Card {
        issuer: claims.take_text(ISS, "iss")?,
        id: person.take_text(ID, "id")?,
        name: person.take_text(NAME, "name")?,
        birth: birth(&mut person).ok_or(CardError::Claim("birth"))?,
        sex: match person.take_integer(SEX, "sex")? {
            1 => Sex::Male,
            2 => Sex::Female,
            _ => return Err(CardError::Claim("sex")),
        },
        area,
        nik: MaskedNik::parse(&person.take_text(NIK, "nik")?)?,
        programmes: programmes(person.take_integer(PROGRAMMES, "programmes")?).ok_or(CardError::Claim("programmes"))?,
        covered_from: day(claims.take_integer(NBF, "nbf")?, zone, "nbf")?,
        paid_to: month(person.take_integer(PAID_TO, "paid_to")?).ok_or(CardError::Claim("paid_to"))?,
        issued: day(claims.take_integer(IAT, "iat")?, zone, "iat")?,
        expires: day(claims.take_integer(EXP, "exp")?.saturating_sub(1), zone, "exp")?,
        status: StatusRef { uri, index },
    };
    card.check()?;
    Ok(card)
}

/// A region code without its dots, which say nothing: its widths are fixed.
fn area(digits: &str) -> Option<RegionCode> {
    let mut dotted = String::new();
    for (at, digit) in digits.char_indices() {
        if matches!(at, 2 | 4 | 6) {
            dotted.push('.');
        }
        dotted.push(digit);
    }
    RegionCode::parse(&dotted).ok()
}

fn birth(person: &mut Claims) -> Option<Birth> {
    match (person.take(BIRTH, "").ok(), person.take(BIRTH_YEAR, "").ok()) {
        (Some(date), None) => {
            let digits = date.as_text().filter(|text| text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()))?;
            NaiveDate::parse_from_str(digits, "%Y%m%d").ok().map(Birth::Date)
        }
        (None, Some(year)) => year.as_integer()?.try_into().ok().map(Birth::Year),
        _ => None,
    }
}

/// Bits of programmes that a later version has are left alone, as later attributes are.
fn programmes(bits: i64) -> Option<Programs> {
    let held = PROGRAMME_BITS.iter().filter(|(_, bit)| bits & bit != 0).map(|(programme, _)| programme.clone());
    let held: Vec<Program> = held.collect();
    (bits >= 0 && !held.is_empty()).then(|| held.into_iter().collect())
}

/// `YYYYMM`.
fn month(number: i64) -> Option<Month> {
    Month::new(i32::try_from(number / 100).ok()?, u32::try_from(number % 100).ok()?)
}

/// Seconds since 1970 at the beginning of a day in a zone, or of one that many days later.
fn midnight(day: NaiveDate, zone: Zone, later: i64) -> Result<i64, CardError> {
    let local = day.checked_add_signed(TimeDelta::days(later)).ok_or(CardError::Claim("exp"))?.and_time(NaiveTime::MIN);
    Ok(local.and_utc().timestamp() - i64::from(zone.offset().local_minus_utc()))
}

fn day(seconds: i64, zone: Zone, name: &'static str) -> Result<NaiveDate, CardError> {
    let at = DateTime::from_timestamp(seconds, 0).ok_or(CardError::Claim(name))?;
    // what a zone adds must not pass the end of time
    let bounds = NaiveDate::from_ymd_opt(1970, 1, 1)..=NaiveDate::from_ymd_opt(9999, 12, 30);
    if bounds.contains(&Some(at.date_naive())) { Ok(local_date(at, zone)) } else { Err(CardError::Claim(name)) }
}
