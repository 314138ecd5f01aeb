//! Finding a region by what an official types.

use super::{Level, RegionCode, RegionPath, describe, table};
use crate::text;

/// How well a name answers what was typed; the better comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// The whole name.
    Whole,
    /// The name begins with it.
    Start,
    /// A later word begins with it.
    Word,
}

/// Regions whose folded name, or any word of it, begins with `prefix`: whole names first, then names that begin with
/// it, then later words; inside each the wider region first, then by code. At most `limit`.
///
/// *Kabupaten* and *Kota* may be typed, shortened to *Kab.*, or left out. An empty prefix lists everything `within`.
/// Without `within` the whole country is unpacked and scanned: some milliseconds, then 2.5 MB stay in memory.
pub fn search(prefix: &str, level: Option<Level>, within: Option<&RegionCode>, limit: usize) -> Vec<RegionPath> {
    let wanted = typed(prefix);
    let scopes: Vec<RegionCode> = match within {
        Some(code) => vec![*code],
        None => table::provinces().collect(),
    };
    let mut found = Vec::new();
    let mut folded = String::new();
    for scope in scopes {
        let Some(block) = table::block_of(scope) else { continue };
        for row in block.rows_within(scope) {
            let own = row.code.level();
            if level.is_some_and(|level| level != own) {
                continue;
            }
            folded.clear();
            text::fold_into(row.name, &mut folded);
            if let Some(how) = matches(&folded, own, &wanted) {
                found.push((how, own, row.code));
            }
        }
    }
    found.sort_unstable();
    found.truncate(limit);
    found.iter().filter_map(|(_, _, code)| describe(code)).collect()
}

/// The typed text, folded, with the usual short form of *Kabupaten* written out.
fn typed(prefix: &str) -> String {
    let folded = text::fold(prefix);
    match folded.strip_prefix("kab ") {
        Some(rest) => format!("kabupaten {rest}"),
        None => folded,
    }
}

fn matches(folded: &str, level: Level, wanted: &str) -> Option<Match> {
    let bare = match level {
        Level::Regency => folded.strip_prefix("kabupaten ").or_else(|| folded.strip_prefix("kota ")),
        _ => None,
    };
    let of = |name: &str| match name.strip_prefix(wanted)? {
        "" => Some(Match::Whole),
        _ => Some(Match::Start),
    };
    [Some(folded), bare].into_iter().flatten().filter_map(of).min().or_else(|| {
        let mut later = folded.match_indices(' ').map(|(space, _)| &folded[space + 1..]);
        later.any(|words| words.starts_with(wanted)).then_some(Match::Word)
    })
}
