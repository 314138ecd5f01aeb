//! What a spreadsheet may not take for a formula.

use std::borrow::Cow;

/// The text as it may stand in a cell: one that a spreadsheet would take for a formula gets an apostrophe before it
/// (OWASP, "CSV Injection"), and line breaks and control characters become spaces, so that a row stays a line.
pub fn neutralise(text: &str) -> Cow<'_, str> {
    let mut safe = Cow::Borrowed(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        safe = Cow::Owned(format!("'{text}"));
    }
    if safe.chars().any(char::is_control) {
        safe = Cow::Owned(safe.chars().map(|c| if c.is_control() { ' ' } else { c }).collect());
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::neutralise;
    use proptest::prelude::*;

    #[test]
    fn formula_becomes_text() {
        assert_eq!(neutralise("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(neutralise("+62 812"), "'+62 812");
        assert_eq!(neutralise("-1"), "'-1");
        assert_eq!(neutralise("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(neutralise("\t=1+1"), "' =1+1");
        assert_eq!(neutralise("\r=1+1"), "' =1+1");
        assert_eq!(neutralise("＝1"), "'＝1");
    }

    #[test]
    fn ordinary_text_stays() {
        for text in ["SUKARTI", "3302241505909001", "Jl. Kaliputih 3-5", "", "a=b"] {
            assert_eq!(neutralise(text), text);
        }
    }

    #[test]
    fn row_stays_a_line() {
        assert_eq!(neutralise("dekat masjid\nrumah biru"), "dekat masjid rumah biru");
    }

    proptest! {
        #[test]
        fn nothing_begins_a_formula_or_a_line(text in "\\PC*|[=+@\\-\t\r\n]\\PC*") {
            let safe = neutralise(&text);
            prop_assert!(!safe.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            prop_assert!(!safe.contains(['\r', '\n']));
        }
    }
}
