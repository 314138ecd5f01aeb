//! What is read aloud before a person's data are kept (UU 27/2022, articles 20 to 22): texts with versions. An enrolment names the
//! version and language that were read, so that it can be shown later what was agreed to. A version never changes.

use sha2::{Digest, Sha256};

use crate::lesson::{Language, NOT_REVIEWED};

/// A text of consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentText {
    /// Which: `2026-1`.
    pub version: String,
    /// In which language.
    pub language: Language,
    /// To be read aloud, one after the other.
    pub paragraphs: Vec<String>,
    /// SHA-256 of the text, hex.
    pub sha256: String,
    /// What is to be known of the text itself; empty where nothing is.
    pub note: String,
}

/// A version with its texts: Indonesian, English, Banyumasan.
type Version = (&'static str, [&'static str; 3]);

/// Oldest first; the last one is read now. Older ones stay: enrolments name them.
const VERSIONS: [Version; 1] = [(
    "2026-1",
    [
        include_str!("../data/consent/2026-1.id.md"),
        include_str!("../data/consent/2026-1.en.md"),
        include_str!("../data/consent/2026-1.jv.md"),
    ],
)];

/// The version that is read now.
pub fn current() -> &'static str {
    VERSIONS[VERSIONS.len() - 1].0
}

/// Whether there is such a version.
pub fn is_known(version: &str) -> bool {
    VERSIONS.iter().any(|(known, _)| *known == version)
}

/// A version in a language, Indonesian for one that is not known; none where there is no such version.
pub fn text(version: &str, language: &Language) -> Option<ConsentText> {
    let (_, texts) = VERSIONS.iter().find(|(known, _)| *known == version)?;
    let (text, language) = match language {
        Language::English => (texts[1], Language::English),
        Language::Banyumasan => (texts[2], Language::Banyumasan),
        Language::Indonesian | Language::Other(_) => (texts[0], Language::Indonesian),
    };
    let reviewed = language != Language::Banyumasan;
    Some(ConsentText {
        version: version.to_owned(),
        paragraphs: text.split("\n\n").map(|part| part.trim().replace('\n', " ")).collect(),
        sha256: hex::encode(Sha256::digest(text)),
        note: if reviewed { String::new() } else { NOT_REVIEWED.to_owned() },
        language,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Language; 3] = [Language::Indonesian, Language::English, Language::Banyumasan];

    #[test]
    fn version_that_was_read_to_people_never_changes() {
        let sums = ALL.map(|language| text("2026-1", &language).unwrap().sha256);
        // changing a word is another version: add one, and leave this
        assert_eq!(
            sums.each_ref().map(|sum| &sum[..16]),
            ["5e436c6d6e2bff9d", "c59aa99c9059790f", "72c96b717d700f39"],
            "a text of consent that was read aloud was changed"
        );
    }

    #[test]
    fn each_language_says_the_same_in_as_many_paragraphs_and_asks_at_the_end() {
        for version in VERSIONS.map(|(version, _)| version) {
            let counts = ALL.map(|language| text(version, &language).unwrap().paragraphs.len());
            assert_eq!(counts, [counts[0]; 3]);
            assert!(
                ALL.iter().all(|language| text(version, language).unwrap().paragraphs.last().unwrap().ends_with('?'))
            );
        }
        assert!(is_known(current()) && !is_known("2025-9") && text("2025-9", &ALL[0]).is_none());
        assert_eq!(text("2026-1", &Language::from("su")), text("2026-1", &Language::Indonesian));
    }
}
