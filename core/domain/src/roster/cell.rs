//! The text of a file and of its cells.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::{nik::Sex, text};

/// What stands at 0x80 to 0x9F in Windows-1252; NUL where nothing does.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The file as text with lines ended by a line feed: UTF-8, with or without its mark, else Windows-1252. None where it is
/// neither: UTF-16, or no text.
pub(super) fn decode(file: &[u8]) -> Option<String> {
    let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    if file.contains(&0) {
        return None;
    }
    let text = match std::str::from_utf8(file) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(file.iter().map(|byte| windows_1252(*byte)).collect::<Option<String>>()?),
    };
    Some(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn windows_1252(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9F => Some(WINDOWS_1252[usize::from(byte - 0x80)]).filter(|c| *c != '\0'),
        _ => Some(char::from(byte)),
    }
}

/// A cell without what spreadsheets and people put around nothing: spaces, the apostrophe and `="…"` that keep digits as
/// text, a dash for "none".
pub(super) fn clean(cell: &str) -> String {
    let cell = cell.trim();
    let cell = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell);
    let cell = cell.strip_prefix('\'').unwrap_or(cell);
    let text = cell.split_whitespace().collect::<Vec<_>>().join(" ");
    let nothing = matches!(text.to_lowercase().as_str(), "-" | "–" | "--" | "tidak ada" | "tdk ada" | "n/a");
    if nothing { String::new() } else { text }
}

/// `3,30224E+15`: a number whose last digits are lost.
pub(super) fn is_scientific(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((number, power)) = lower.split_once("e+") else { return false };
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    digits(number) && digits(power)
}

/// A date as people write it: `1990-05-15`, `15-05-1990`, `15/5/1990`, `15 Mei 1990`. Day before month, the year in full.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let folded = text::fold(text);
    let parts: Vec<&str> = folded.split(' ').collect();
    let [first, middle, last] = parts[..] else { return None };
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    if year.len() != 4 || !(1..=2).contains(&day.len()) {
        return None;
    }
    let year = year.parse().ok().filter(|year| (1900..=2100).contains(year))?;
    NaiveDate::from_ymd_opt(year, month(middle)?, day.parse().ok()?)
}

/// The months' names, those most used first; three letters are enough.
const MONTHS: [&[&str]; 12] = [
    &["januari", "january"],
    &["februari", "pebruari", "february"],
    &["maret", "march"],
    &["april"],
    &["mei", "may"],
    &["juni", "june"],
    &["juli", "july"],
    &["agustus", "august", "agt"],
    &["september"],
    &["oktober", "october"],
    &["november", "nopember"],
    &["desember", "december"],
];

/// A month by its number or name, Indonesian or English, whole or its first three letters.
fn month(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().filter(|_| text.len() <= 2);
    }
    let is = |name: &&str| *name == text || text.len() == 3 && name.starts_with(text);
    let at = MONTHS.iter().position(|names| names.iter().any(is))?;
    u32::try_from(at + 1).ok()
}

/// `Banyumas, 15-05-1990`: the place, and what follows from the first digit on.
pub(super) fn place_and_date(text: &str) -> (&str, &str) {
    let at = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let (place, date) = text.split_at(at);
    (place.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '.' | '-')), date)
}

/// Sex, in the words and letters of lists.
pub(super) fn sex(text: &str) -> Option<Sex> {
    match text::fold(text).as_str() {
        "l" | "lk" | "laki" | "laki laki" | "lelaki" | "pria" | "m" | "male" => Some(Sex::Male),
        "p" | "pr" | "perempuan" | "wanita" | "f" | "female" => Some(Sex::Female),
        _ => None,
    }
}
