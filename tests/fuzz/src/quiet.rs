//! What an error may say: a number, a name or a secret from the input never comes back in it, since it ends in a log.

use std::fmt::{Debug, Display};

/// Names of the inputs that ship; whoever mutates them carries the words along.
const NAMES: [&str; 5] = ["WARSITI", "Warsiti", "KARSEM", "Gerilya", "Rekaan"];
/// Fewer digits in a row tell nobody apart, and errors count digits and lines.
const TELLING: usize = 6;
/// The limits that errors name.
const LIMITS: [&str; 4] = ["2097152", "4194304", "16777216", "700000"];

/// # Panics
/// If the error repeats a digit run or a name of the input, in its text or in its `Debug` form.
pub(crate) fn is_quiet(error: &(impl Display + Debug), input: &[u8]) {
    says_nothing(&format!("{error}"), input);
    says_nothing(&format!("{error:?}"), input);
}

/// # Panics
/// If the text repeats a digit run or a name of the input.
pub(crate) fn says_nothing(text: &str, input: &[u8]) {
    let given = |needle: &[u8]| input.windows(needle.len()).any(|window| window == needle);
    for name in NAMES {
        assert!(!(text.contains(name) && given(name.as_bytes())), "a name of the input is told");
    }
    for run in text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= TELLING) {
        assert!(LIMITS.contains(&run) || !given(run.as_bytes()), "digits of the input are told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeating_a_number_or_a_name_is_found() {
        for loud in ["the NIK 3302241505809001 is odd", "no such person: WARSITI"] {
            let told = std::panic::catch_unwind(|| says_nothing(loud, b"3302241505809001;WARSITI"));
            assert!(told.is_err(), "{loud}");
        }
        says_nothing("line 12: the NIK has 15 digits", b"3302241505809001;WARSITI;12;15");
    }
}
