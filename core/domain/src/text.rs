//! Folding, comparing and normalising what people type: names and phone numbers.

use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

#[cfg(test)]
mod tests;

/// The form in which names are compared and searched: NFKD without marks, lower case, apostrophes dropped, anything
/// else that is neither letter nor digit one space, none at the ends. `fold("Tri-Du’én ")` is `tri duen`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// [`fold`] appended to an empty `folded`, so that a scan over many names needs one buffer.
pub(crate) fn fold_into(text: &str, folded: &mut String) {
    // Nearly every Indonesian name is ASCII, for which NFKD changes nothing.
    if text.is_ascii() {
        text.chars().for_each(|c| push_folded(c, folded));
    } else {
        text.nfkd()
            .filter(|c| !is_combining_mark(*c))
            .flat_map(char::to_lowercase)
            // Lower case can bring marks of its own (İ).
            .filter(|c| !is_combining_mark(*c))
            .for_each(|c| push_folded(c, folded));
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
}

fn push_folded(c: char, folded: &mut String) {
    if c.is_alphanumeric() {
        folded.push(c.to_ascii_lowercase());
    } else if !is_apostrophe(c) && !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '´' | '‘' | '’' | 'ʼ' | 'ʻ' | '′')
}

/// The words of the folded name, in order.
pub fn name_words(name: &str) -> Vec<String> {
    fold(name).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether two names are equal when folded; two empty names are not the same name.
pub fn same_name(a: &str, b: &str) -> bool {
    let a = fold(a);
    !a.is_empty() && a == fold(b)
}

/// Whether two names may well be one person's: equal spelling keys, or so near that a slip of the finger explains it
/// (one edit from 5 letters, two from 9; adjacent letters swapped count as one).
///
/// Only ever a reason to ask, never to merge.
pub fn similar_name(a: &str, b: &str) -> bool {
    similar_keys(&spelling_key(a), &spelling_key(b))
}

/// [`similar_name`] on keys already made with [`spelling_key`], for comparing one name with a whole list.
pub fn similar_keys(a: &str, b: &str) -> bool {
    if a.is_empty() || b.is_empty() {
        return false;
    }
    let (length_a, length_b) = (a.chars().count(), b.chars().count());
    let allowed = match length_a.min(length_b) {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    };
    // An edit changes the length by at most one: most pairs of a list end here.
    length_a.abs_diff(length_b) <= allowed && strsim::osa_distance(a, b) <= allowed
}

/// A name without what Indonesians spell either way: the spelling before 1972 (oe = u, dj = j, tj = c, j = y,
/// ch = kh), doubled letters, the many forms of Muhammad, and where the spaces are.
///
/// Ejaan Yang Disempurnakan (Keppres 57/1972) is the source of the letters. Today's j and y fall together, because the
/// old j is y and nothing tells which spelling a writer used.
pub fn spelling_key(name: &str) -> String {
    let words = name_words(name);
    let alone = words.len() == 1;
    words
        .iter()
        .map(|word| {
            let key = spelling_key_of_word(word);
            let short = matches!(key.as_str(), "m" | "md" | "mh" | "muh" | "moh" | "mhd" | "mohd" | "muhd");
            let long = matches!(key.as_str(), "muhamad" | "mohamad" | "muhamed" | "mohamed");
            // A short form standing alone is somebody's whole name, not a forename cut short.
            if long || (short && !alone) { "muhamad".to_owned() } else { key }
        })
        .collect()
}

fn spelling_key_of_word(word: &str) -> String {
    let modern = word
        .replace("oe", "u")
        .replace("dj", "j")
        .replace("tj", "c")
        .replace("kh", "h")
        .replace("ch", "h")
        .replace('j', "y");
    let mut key = String::with_capacity(modern.len());
    for c in modern.chars() {
        if !key.ends_with(c) {
            key.push(c);
        }
    }
    key
}

/// A name as a KTP prints it: capitals, single spaces, a plain apostrophe, no control characters.
pub fn normalise_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    // Composed again at the end: the capital of one letter may be several (ΐ).
    for c in name.nfc().flat_map(char::to_uppercase).nfc() {
        if c.is_whitespace() || c.is_control() {
            if !normal.is_empty() && !normal.ends_with(' ') {
                normal.push(' ');
            }
        } else if is_apostrophe(c) {
            normal.push('\'');
        } else {
            normal.push(c);
        }
    }
    if normal.ends_with(' ') {
        normal.pop();
    }
    normal
}

/// Why a phone number cannot be kept. Never holds the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PhoneError {
    /// Something other than digits and the marks people put between them.
    #[error("the phone number has characters other than digits")]
    Characters,
    /// Begins with another country's code.
    #[error("the phone number is not Indonesian")]
    Country,
    /// Begins neither with 0, 62 nor 8.
    #[error("the phone number begins neither with 0, 62 nor 8")]
    Prefix,
    /// Too few or too many digits for its kind.
    #[error("the phone number has {digits} digits, which is too few or too many")]
    Length {
        /// Digits given, as typed.
        digits: usize,
    },
}

impl PhoneError {
    /// The stable code that screens translate.
    pub fn code(self) -> &'static str {
        match self {
            Self::Characters => "phone_characters",
            Self::Country => "phone_country",
            Self::Prefix => "phone_prefix",
            Self::Length { .. } => "phone_length",
        }
    }
}

/// An Indonesian number as `+62…` (E.164), from any of `0812…`, `62812…`, `+62 812-…`, `+62 (0)812…`, `812…`, `(0281) …`.
///
/// After +62 a mobile number (8…) has 9 to 12 digits, a landline 7 to 11 (Kominfo, Fundamental Technical Plan).
///
/// # Errors
/// [`PhoneError`] tells what is wrong, without the number.
pub fn normalise_phone(typed: &str) -> Result<String, PhoneError> {
    let typed = typed.trim();
    let (international, rest) = match typed.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, typed),
    };
    let mut digits = String::with_capacity(16);
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2010}'..='\u{2015}' => {}
            _ => return Err(PhoneError::Characters),
        }
    }
    let given = digits.len();
    let length = PhoneError::Length { digits: given };
    if digits.is_empty() {
        return Err(length);
    }
    let (international, digits) = match digits.strip_prefix("00") {
        Some(rest) if !international => (true, rest),
        _ => (international, digits.as_str()),
    };
    let national = if let Some(rest) = digits.strip_prefix("62") {
        rest.strip_prefix('0').unwrap_or(rest)
    } else if international {
        return Err(PhoneError::Country);
    } else if let Some(rest) = digits.strip_prefix('0') {
        rest
    } else if digits.starts_with('8') {
        digits
    } else {
        return Err(PhoneError::Prefix);
    };
    let fits = match national.as_bytes().first() {
        Some(b'8') => (9..=12).contains(&national.len()),
        Some(b'0') => return Err(PhoneError::Prefix),
        _ => (7..=11).contains(&national.len()),
    };
    if fits { Ok(format!("+62{national}")) } else { Err(length) }
}
