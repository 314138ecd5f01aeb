//! The PIN: six digits.

use std::fmt;
use zeroize::Zeroizing;

/// Six digits, wiped when dropped.
pub struct Pin(Box<Zeroizing<[u8; Pin::DIGITS]>>);

impl Pin {
    /// How many digits it has.
    pub const DIGITS: usize = 6;

    /// Reads what was typed; none where it is not six digits.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.as_bytes();
        if typed.len() != Self::DIGITS || !typed.iter().all(u8::is_ascii_digit) {
            return None;
        }
        // filled where it stays: what moves leaves a copy behind
        let mut pin = Self(Box::default());
        pin.0.copy_from_slice(typed);
        Some(pin)
    }

    /// Whether it is one of the first a stranger tries: one to three digits over and over (000000, 121212, 123123), or
    /// equal steps (123456, 654321, 246802). 1,170 of the million. Dates are not refused: whose date would matter
    /// is not known here, and a thirtieth of all PINs would go with them.
    pub fn is_trivial(&self) -> bool {
        let digits = self.digits();
        let repeats = (1..=3).any(|period| digits.iter().zip(&digits[period..]).all(|(a, b)| a == b));
        let step = |pair: &[u8]| (10 + pair[1] - pair[0]) % 10;
        let first = step(&digits[..2]);
        repeats || digits.windows(2).all(|pair| step(pair) == first)
    }

    pub(crate) fn digits(&self) -> &[u8; Self::DIGITS] {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_ascii_digits_are_a_pin() {
        assert!(Pin::parse("481516").is_some());
        for typed in ["", "48151", "4815162", "48151a", " 48151", "-48151", "４８１５１６", "٤٨"] {
            assert!(Pin::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn first_guesses_are_trivial_and_few() {
        let trivial = |typed: &str| Pin::parse(typed).expect("a PIN").is_trivial();
        for typed in ["000000", "777777", "123456", "654321", "012345", "890123", "121212", "123123", "246802"] {
            assert!(trivial(typed), "{typed}");
        }
        for typed in ["481516", "170845", "112233", "123457", "100000", "210987"] {
            assert_eq!(trivial(typed), typed == "210987", "{typed}");
        }
        assert_eq!((0..1_000_000).filter(|pin| trivial(&format!("{pin:06}"))).count(), 1170);
    }

    #[test]
    fn pin_is_not_shown() {
        assert_eq!(format!("{:?}", Pin::parse("481516")), "Some(Pin(..))");
    }
}
