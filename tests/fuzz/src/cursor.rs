//! The cursor a phone brings back: opaque to phones, so it may be anything.

use payung_protocol::Cursor;
use payung_server::service::cursor::{Held, Marks};

/// What is one of ours reads back as it was; what is not is none, and then everything is read again.
pub(crate) fn cursor(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(held) = Held::parse(&Cursor(text.to_owned())) {
        assert_eq!(Held::parse(&held.to_cursor()), Some(held));
    }
    let Some(marks) = Marks::parse(&Cursor(text.to_owned())) else { return };
    let again = marks.to_cursor();
    assert_eq!(Marks::parse(&again).as_ref(), Some(&marks));
    assert_eq!(Marks::parse(&again).map(|marks| marks.to_cursor()), Some(again));
}

pub(crate) fn cursor_seeds() -> Vec<Vec<u8>> {
    [
        "000000000000abcd;33.02.24.1001.005.003=123456",
        "5f3a9c2177e04b1d;33.02|33.02.24.1001=5;33.02|33.02.24.1002=0;33.03",
        "1;33.02.24.1001|33.02.24.1002=7",
        "ffffffffffffffff;33=18446744073709551615",
        "0;",
        "000000000000abcd;@",
        "000000000000abcd;@AZAAAAAAcACAAAAAAAAAB4AB",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
