//! Names, and finding by what is typed.

use payung_domain::{
    occupation,
    region::{self, Level, RegionCode, RegionPath},
    text::{fold, name_words, normalise_name, same_name, similar_name, spelling_key},
};

/// A name and another one after a line break: folding and normalising settle, likeness is mutual.
pub(crate) fn name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    let folded = fold(one);
    assert_eq!(fold(&folded), folded, "folding settles");
    assert_eq!(folded.trim(), folded);
    assert!(!folded.contains("  "));
    assert_eq!(name_words(one).join(" "), folded);
    let normal = normalise_name(one);
    assert_eq!(normalise_name(&normal), normal, "normalising settles");
    assert!(!normal.chars().any(char::is_control));
    assert_eq!(same_name(one, other), same_name(other, one));
    assert_eq!(similar_name(one, other), similar_name(other, one));
    assert!(!same_name(one, other) || spelling_key(one) == spelling_key(other));
    assert_eq!(same_name(one, one), !folded.is_empty());
    assert_eq!(similar_name(one, one), !spelling_key(one).is_empty());
}

pub(crate) fn name_seeds() -> Vec<Vec<u8>> {
    [
        "Tri-Du’én\ntri duen",
        "MOH. SOEDJONO\nMuhammad Suyono",
        "Warsiti  Contoh \nWARSITI CONTOH",
        "ŉ İ ß ﬁ ΐ Σ\nς",
        "é\u{301}\n\u{0}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// `depth (1) || what is typed`: every region found is below the one searched, of the level asked for, and its name or
/// a word of it begins with what was typed; the order is the rank's; a smaller limit gives the same beginning.
pub(crate) fn region_search(data: &[u8]) {
    let [depth, typed @ ..] = data else { return };
    let Ok(typed) = std::str::from_utf8(typed) else { return };
    let level = [None, Some(Level::Province), Some(Level::Regency), Some(Level::District), Some(Level::Village)]
        [usize::from(depth & 7) % 5];
    let scope = ["33.02", "33.02.24", "91", "33.02.24.1001", "33"][usize::from(depth >> 3) % 5];
    let within = RegionCode::parse(scope).expect("a code");
    let found = region::search(typed, level, Some(&within), 50);
    assert!(found.len() <= 50);
    for path in &found {
        assert!(path.code.is_within(within) && level.is_none_or(|level| level == path.code.level()));
        assert!(answers(path, typed), "found what was not asked for");
    }
    let few: Vec<RegionPath> = region::search(typed, level, Some(&within), 3);
    assert_eq!(few.as_slice(), &found[..found.len().min(3)]);
    if found.len() < 50 {
        let own = |level| region::search(typed, Some(level), Some(&within), usize::MAX).len();
        let levels = [Level::Province, Level::Regency, Level::District, Level::Village];
        let each: usize = levels.into_iter().filter(|one| level.is_none_or(|level| level == *one)).map(own).sum();
        assert_eq!(each, found.len(), "the levels make up the whole");
    }
}

fn answers(path: &RegionPath, typed: &str) -> bool {
    let own = match path.code.level() {
        Level::Province => Some(&path.province),
        Level::Regency => path.regency.as_ref(),
        Level::District => path.district.as_ref(),
        Level::Village => path.village.as_ref(),
    };
    let name = fold(own.expect("the level's own name"));
    let typed = fold(typed);
    let typed = typed.strip_prefix("kab ").map_or_else(|| typed.clone(), |rest| format!("kabupaten {rest}"));
    let mut begins = std::iter::once(0).chain(name.match_indices(' ').map(|(space, _)| space + 1));
    begins.any(|at| name[at..].starts_with(&typed))
}

pub(crate) fn region_search_seeds() -> Vec<Vec<u8>> {
    [
        "\u{0}karang",
        "\u{3}Purwokerto Selatan",
        "\u{2}kab. banyumas",
        "\u{10}",
        "\u{14}a",
        "\u{1}jawa  TENGAH",
        "\u{1c}karangkl\u{e9}s",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// Every occupation found has every word that was typed, and searching for its own name finds it first.
pub(crate) fn occupation_search(data: &[u8]) {
    let Ok(typed) = std::str::from_utf8(data) else { return };
    let found = occupation::search(typed, 20);
    assert!(found.len() <= 20 && (!found.is_empty() || occupation::search(typed, usize::MAX).is_empty()));
    for occupation in &found {
        let phrases = std::iter::once(&occupation.name).chain(&occupation.words).chain(&occupation.local_words);
        let known: String = phrases.map(|phrase| fold(phrase) + "\n").collect();
        assert!(name_words(typed).iter().all(|word| known.contains(word.as_str())));
        assert!(occupation::by_code(&occupation.code).is_some_and(|known| known.code == occupation.code));
    }
    if typed.is_empty() || name_words(typed).is_empty() {
        assert!(found.is_empty(), "nothing typed, nothing found");
    }
}

pub(crate) fn occupation_seeds() -> Vec<Vec<u8>> {
    ["penderes", "tukang becak", "bakul  PASAR", "o", "ojek online x", "nd"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}
