//! How far a phone has read: the epoch and, for each prefix of its scope and feed, the seq. Opaque to phones.
//!
//! Written `epoch;prefix=seq;prefix|feed=seq`: the feed of a village or a part of one is its village and needs no name;
//! beside it there is one mark for each village in a wider prefix, and each wider region of a prefix, that has records. A
//! prefix stands alone while nothing has.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use payung_domain::{
    area::Area,
    id::{Epoch, RecordId},
};
use payung_protocol::Cursor;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Longer ones are not ours: a province has far fewer villages.
const LONGEST: usize = 256 << 10;

/// A cursor, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The life of the database they count in.
    pub epoch: Epoch,
    /// Seq by prefix, then feed: the code of a village or a wider region.
    pub by_prefix: BTreeMap<Area, BTreeMap<String, u64>>,
}

impl Marks {
    /// Nothing read yet.
    pub fn new(epoch: Epoch) -> Self {
        Self { epoch, by_prefix: BTreeMap::new() }
    }

    /// None where it is not one of ours: then everything is read again.
    pub fn parse(cursor: &Cursor) -> Option<Self> {
        if cursor.0.len() > LONGEST {
            return None;
        }
        let mut parts = cursor.0.split(';');
        let mut marks = Self::new(parts.next()?.parse().ok()?);
        for part in parts {
            let (place, seq) = part.split_once('=').map_or((part, None), |(place, seq)| (place, Some(seq)));
            let (prefix, village) =
                place.split_once('|').map_or((place, None), |(prefix, village)| (prefix, Some(village)));
            let prefix = Area::parse(prefix).ok()?;
            let village = village.map(str::to_owned).or_else(|| prefix.village().map(|code| code.to_string()));
            let by_village = marks.by_prefix.entry(prefix).or_default();
            if let Some(seq) = seq {
                by_village.insert(village?, seq.parse().ok()?);
            }
        }
        Some(marks)
    }

    /// As the phone keeps it.
    pub fn to_cursor(&self) -> Cursor {
        let mut text = self.epoch.to_string();
        for (prefix, by_village) in &self.by_prefix {
            if by_village.is_empty() {
                let _ = write!(text, ";{prefix}");
            }
            for (village, seq) in by_village {
                let own = prefix.village().is_some_and(|code| code.to_string() == *village);
                let _ = if own { write!(text, ";{prefix}={seq}") } else { write!(text, ";{prefix}|{village}={seq}") };
            }
        }
        Cursor(text)
    }
}

/// How far the phone of a person or a clinic has read: all that it holds, with its version. Written `epoch;@` and base64url
/// of `id (16) || version (LEB128)` for each record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The life of the database it counts in.
    pub epoch: Epoch,
    /// Version by record.
    pub records: BTreeMap<RecordId, u64>,
}

impl Held {
    /// Nothing held yet.
    pub fn new(epoch: Epoch) -> Self {
        Self { epoch, records: BTreeMap::new() }
    }

    /// None where it is not one of ours: then everything is read again.
    pub fn parse(cursor: &Cursor) -> Option<Self> {
        if cursor.0.len() > LONGEST {
            return None;
        }
        let (epoch, list) = cursor.0.split_once(";@")?;
        let mut held = Self::new(epoch.parse().ok()?);
        let bytes = URL_SAFE_NO_PAD.decode(list).ok()?;
        let mut left = bytes.as_slice();
        while let Some((id, rest)) = left.split_first_chunk::<16>() {
            let (mut version, mut shift) = (0_u64, 0);
            left = rest;
            loop {
                let (byte, rest) = left.split_first()?;
                left = rest;
                let bits = u64::from(byte & 0x7f);
                // what is shifted out would be another version
                version |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
                if byte & 0x80 == 0 {
                    break;
                }
                shift += 7;
            }
            held.records.insert(RecordId::from_slice(id)?, version);
        }
        left.is_empty().then_some(held)
    }

    /// As the phone keeps it.
    pub fn to_cursor(&self) -> Cursor {
        let mut bytes = Vec::with_capacity(self.records.len() * 18);
        for (id, version) in &self.records {
            bytes.extend_from_slice(&id.bytes());
            let mut left = *version;
            while left > 0x7f {
                bytes.push((left & 0x7f) as u8 | 0x80);
                left >>= 7;
            }
            bytes.push((left & 0x7f) as u8);
        }
        Cursor(format!("{};@{}", self.epoch, URL_SAFE_NO_PAD.encode(bytes)))
    }
}

/// The epoch of a cursor of either form; none where it is not one of ours.
pub fn epoch_of(cursor: &Cursor) -> Option<Epoch> {
    Marks::parse(cursor).map(|marks| marks.epoch).or_else(|| Held::parse(cursor).map(|held| held.epoch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn list_of_what_is_held_reads_back_and_is_no_mark_of_an_area() {
        let mut held = Held::new(Epoch(0xabcd));
        assert_eq!(held.to_cursor().0, "000000000000abcd;@");
        let id = |n: u128| RecordId(uuid::Uuid::from_u128(n));
        for (n, version) in [(1, 1), (2, 127), (3, 128), (4, u64::MAX)] {
            held.records.insert(id(n), version);
            let cursor = held.to_cursor();
            assert_eq!((Held::parse(&cursor).as_ref(), Marks::parse(&cursor)), (Some(&held), None));
            assert_eq!(epoch_of(&cursor), Some(Epoch(0xabcd)));
        }
        assert!(Held::new(Epoch(1)).to_cursor().0.len() + 20 * 23 < 600, "a person's phone names some twenty");
        let area = Cursor("000000000000abcd;33.02.24.1001.005.003=9".to_owned());
        assert_eq!((Held::parse(&area), epoch_of(&area)), (None, Some(Epoch(0xabcd))));
    }

    #[test]
    fn cursor_of_one_rt_is_short() {
        let mut marks = Marks::new(Epoch(0xabcd));
        let area = Area::parse("33.02.24.1001.005.003").expect("an RT");
        marks.by_prefix.entry(area).or_default().insert("33.02.24.1001".to_owned(), 123_456);
        let cursor = marks.to_cursor();
        assert_eq!(cursor.0, "000000000000abcd;33.02.24.1001.005.003=123456");
        assert_eq!(Marks::parse(&cursor), Some(marks));
    }

    #[test]
    fn wide_prefix_keeps_a_mark_for_each_village() {
        let mut marks = Marks::new(Epoch(1));
        let regency = Area::parse("33.02").expect("a regency");
        assert!(marks.by_prefix.entry(regency.clone()).or_default().is_empty());
        assert_eq!(Marks::parse(&marks.to_cursor()), Some(marks.clone()));
        for (village, seq) in [("33.02.24.1001", 5), ("33.02.24.1002", 0)] {
            marks.by_prefix.entry(regency.clone()).or_default().insert(village.to_owned(), seq);
        }
        assert_eq!(Marks::parse(&marks.to_cursor()), Some(marks));
    }

    proptest! {
        #[test]
        fn no_list_of_what_is_held_panics(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            let cursor = Cursor(format!("000000000000abcd;@{}", URL_SAFE_NO_PAD.encode(bytes)));
            if let Some(held) = Held::parse(&cursor) {
                prop_assert_eq!(Held::parse(&held.to_cursor()), Some(held));
            }
        }

        #[test]
        fn anything_else_is_no_cursor_and_no_panic(text in ".{0,80}") {
            let _ = epoch_of(&Cursor(text.clone()));
            if let Some(marks) = Marks::parse(&Cursor(text)) {
                prop_assert_eq!(Marks::parse(&marks.to_cursor()), Some(marks));
            }
        }
    }
}
