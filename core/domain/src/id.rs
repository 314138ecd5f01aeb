//! Identifiers: records, devices, officials, server epochs, and the number of an op.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The 16 bytes of the UUID, big-endian (RFC 9562).
            pub fn bytes(&self) -> [u8; 16] {
                *self.0.as_bytes()
            }

            /// From the 16 bytes of a UUID; `None` when there are not 16.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A record: UUIDv7 (RFC 9562) made on the device that creates it.
    RecordId
);
uuid_id!(
    /// A phone, or the office itself (see [`DeviceId::OFFICE`]). A re-joined phone is a new device.
    DeviceId
);
uuid_id!(
    /// A person who works with Payung: official or operator.
    OfficialId
);

impl DeviceId {
    /// The author of what the office does: operator acts and branch imports.
    pub const OFFICE: Self = Self(Uuid::nil());
}

/// A life of the server's database. A restore begins a new one, so that phones know which receipts still stand. The
/// second it began in is above, 32 random bits below: two restores of one snapshot differ, and `<` means "began
/// earlier" (docs/adr/0010). On the wire: 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The life that begins at `now` (milliseconds since 1970) after `before`, whatever the clock says.
    #[must_use]
    pub fn begin(before: Option<Self>, now: i64, random: u32) -> Self {
        let second = u64::try_from(now / 1000).unwrap_or(0).min(u64::from(u32::MAX));
        let earliest = before.map_or(1, |before| (before.0 >> 32).saturating_add(1));
        Self(second.max(earliest).min(u64::from(u32::MAX)) << 32 | u64::from(random))
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({self})")
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for Epoch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The version of a record inside one epoch: what a form was opened with, or what a receipt names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Base {
    /// The epoch the version belongs to.
    pub epoch: Epoch,
    /// The record's version, from 1.
    pub version: u64,
}

/// Hybrid logical clock: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16
/// (Kulkarni et al. 2014). Breaks ties in class C only; the feed's order is never a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hlc(pub u64);

impl Hlc {
    /// The earliest stamp of a millisecond. Negative times (a phone in 1969) count as zero.
    pub fn at_millis(millis: i64) -> Self {
        Self(u64::try_from(millis).unwrap_or(0).min((1 << 48) - 1) << 16)
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        i64::try_from(self.0 >> 16).unwrap_or(i64::MAX)
    }

    /// The next stamp of a device whose last was `self`, at its clock's `now` in milliseconds: never goes back.
    #[must_use]
    pub fn next(self, now: i64) -> Self {
        Self::at_millis(now).max(Self(self.0 + 1))
    }

    /// The server's clamp: no later than receipt + 5 minutes.
    #[must_use]
    pub fn clamped(self, received: i64) -> Self {
        self.min(Self::at_millis(received.saturating_add(5 * 60 * 1000)))
    }
}

/// One op of one device, by name: (device, n).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId {
    /// The device that numbered it.
    pub device: DeviceId,
    /// Its number on that device, from 1.
    pub n: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_life_is_greater_even_with_the_clock_set_back() {
        let first = Epoch::begin(None, 1_795_000_000_000, u32::MAX);
        let second = Epoch::begin(Some(first), 1_795_000_000_000, 0);
        let third = Epoch::begin(Some(second), 0, 0);
        assert!(first < second && second < third);
        assert_ne!(Epoch::begin(Some(first), 0, 1), Epoch::begin(Some(first), 0, 2));
        assert_eq!(third.to_string().parse(), Ok(third));
    }

    #[test]
    fn clock_of_a_device_never_goes_back_and_the_server_clamps_it() {
        let last = Hlc::at_millis(5_000);
        assert!(last.next(4_000) > last);
        assert_eq!(last.next(6_000), Hlc::at_millis(6_000));
        assert_eq!(Hlc::at_millis(10_000_000).clamped(1_000), Hlc::at_millis(301_000));
        assert_eq!(Hlc::at_millis(-5).millis(), 0);
    }
}
