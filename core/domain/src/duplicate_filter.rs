//! The duplicate filter of a village: lets a phone without a network warn that somebody with this NIK is registered in
//! the village already, in another RT, without holding those people's records.
//!
//! A Bloom filter over keyed hashes. A hit says "probably", about one in a thousand wrongly; no hit says "not when the filter
//! was made". It guards against registering twice, not against a thief: NIKs can be enumerated, and who holds the phone's
//! key can try them one by one (docs/adr/0030). The key is never that of the server's claims.

use crate::{nik::Nik, op::Body, region::RegionCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The name of the `reference` records that hold the filter of a village, one a village.
pub const DUPLICATE_FILTER: &str = "duplicate_filter";

/// Bits for each person, and hashes of each: one in a thousand strangers is taken for somebody.
const BITS_EACH: usize = 15;
const HASHES: u32 = 10;
/// No smaller, so that a filter of few people tells nobody how few.
const LEAST_BITS: usize = 1 << 10;
/// A filter from outside may not make a phone hash for ever.
const MOST_HASHES: u32 = 32;

/// The field `table` of a record named [`DUPLICATE_FILTER`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicateFilter {
    /// The village.
    pub village: RegionCode,
    /// The year whose key it is made with.
    pub epoch: i32,
    /// HKDF(filter master, village, epoch), 32 hex digits.
    key: String,
    /// How many bits stand for a person.
    hashes: u32,
    /// The bits in base64, eight a byte, the lowest first.
    bits: String,
}

impl DuplicateFilter {
    /// Of the people of a village. The same people in another order make the same filter.
    pub fn of<'n>(village: RegionCode, epoch: i32, key: &[u8; 16], niks: impl IntoIterator<Item = &'n Nik>) -> Self {
        let niks: Vec<&Nik> = niks.into_iter().collect();
        let size = (niks.len() * BITS_EACH).max(LEAST_BITS).next_multiple_of(8);
        let mut bits = vec![0_u8; size / 8];
        for nik in niks {
            for place in places(key, nik, size, HASHES) {
                bits[place / 8] |= 1 << (place % 8);
            }
        }
        Self { village, epoch, key: hex::encode(key), hashes: HASHES, bits: STANDARD.encode(bits) }
    }

    /// Of a shared record's fields, where it is one that this version can read.
    pub fn read(reference: &Body) -> Option<Self> {
        let named = reference.get("name").and_then(|name| name.as_str()) == Some(DUPLICATE_FILTER);
        let filter: Self = named.then(|| serde_json::from_value(reference.get("table")?.clone()).ok()).flatten()?;
        (1..=MOST_HASHES).contains(&filter.hashes).then_some(filter)
    }

    /// Whether somebody with this NIK was, most likely, registered in the village when the filter was made.
    pub fn has(&self, nik: &Nik) -> bool {
        let mut key = [0; 16];
        let (Ok(()), Ok(bits)) = (hex::decode_to_slice(&self.key, &mut key), STANDARD.decode(&self.bits)) else {
            return false;
        };
        !bits.is_empty()
            && places(&key, nik, bits.len() * 8, self.hashes).all(|place| bits[place / 8] >> (place % 8) & 1 == 1)
    }
}

/// Two hashes make all (Kirsch and Mitzenmacher 2006).
fn places(key: &[u8; 16], nik: &Nik, size: usize, hashes: u32) -> impl Iterator<Item = usize> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac.update(nik.expose().as_bytes());
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    let part = |at: usize| digest[at..at + 8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let (first, step, size) = (part(0), part(8) | 1, size as u64);
    (0..hashes).map(move |turn| {
        let place = first.wrapping_add(step.wrapping_mul(turn.into())) % size;
        usize::try_from(place).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn village() -> RegionCode {
        RegionCode::parse("33.02.24.1004").unwrap()
    }

    /// 31 days x 12 months of one year and one serial.
    fn niks(serial: u32) -> impl Iterator<Item = Nik> {
        let dates = (1..=31).flat_map(|day| (1..=12).map(move |month| (day, month)));
        dates.map(move |(day, month)| Nik::parse(&format!("330224{day:02}{month:02}80{serial:04}")).unwrap())
    }

    fn record(filter: &DuplicateFilter) -> Body {
        Body::from([("name".to_owned(), json!(DUPLICATE_FILTER)), ("table".to_owned(), json!(filter))])
    }

    #[test]
    fn everybody_in_it_is_found_and_few_strangers_are() {
        let inside: Vec<Nik> = (9000..9010).flat_map(niks).collect();
        let filter = DuplicateFilter::of(village(), 2026, &[7; 16], &inside);
        let filter = DuplicateFilter::read(&record(&filter)).unwrap();
        assert!(inside.iter().all(|nik| filter.has(nik)));
        let strangers = (9100..9200).flat_map(niks).filter(|nik| filter.has(nik)).count();
        assert!((1..150).contains(&strangers), "{strangers} of 37,200, 37 are to be expected");
        // what a phone of 3,720 people gets
        assert!(record(&filter)["table"].to_string().len() < 9_500);
    }

    #[test]
    fn key_is_the_villages_and_the_years() {
        let inside: Vec<Nik> = niks(9000).collect();
        let one = DuplicateFilter::of(village(), 2026, &[7; 16], &inside);
        let other = DuplicateFilter::of(village(), 2026, &[8; 16], &inside);
        assert_ne!(one.bits, other.bits);
        let mut turned = inside.clone();
        turned.reverse();
        assert_eq!(DuplicateFilter::of(village(), 2026, &[7; 16], &turned), one);
    }

    #[test]
    fn filter_of_nobody_has_nobody() {
        let filter = DuplicateFilter::of(village(), 2026, &[7; 16], []);
        assert!(!niks(9000).any(|nik| filter.has(&nik)));
    }

    #[test]
    fn filter_that_cannot_be_read_warns_of_nobody() {
        let inside: Vec<Nik> = niks(9000).collect();
        let good = DuplicateFilter::of(village(), 2026, &[7; 16], &inside);
        let spoilt = |change: &dyn Fn(&mut DuplicateFilter)| {
            let mut filter = good.clone();
            change(&mut filter);
            DuplicateFilter::read(&record(&filter)).is_some_and(|filter| filter.has(&inside[0]))
        };
        assert!(spoilt(&|_| {}));
        assert!(!spoilt(&|filter| filter.bits = "!".to_owned()));
        assert!(!spoilt(&|filter| filter.bits.clear()));
        assert!(!spoilt(&|filter| filter.key = "00".to_owned()));
        assert!(!spoilt(&|filter| filter.hashes = 0));
        assert!(!spoilt(&|filter| filter.hashes = u32::MAX));
        assert_eq!(DuplicateFilter::read(&Body::from([("name".to_owned(), json!("contribution"))])), None);
    }
}
