//! Looking for words in every byte of a folder, as UTF-8 and as UTF-16LE.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A word that lies in clear in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub file: PathBuf,
    /// Which of the words, by its place in the list.
    pub word: usize,
    /// At which byte it begins.
    pub at: usize,
}

/// Every first occurrence of each of `words` in each file under `folder`, whatever its case. Words of fewer than five
/// bytes would be found by chance and are refused.
///
/// # Errors
/// A file that cannot be read: what was not looked at is not clean.
pub fn scan(folder: &Path, words: &[String]) -> io::Result<Vec<Found>> {
    if let Some(short) = words.iter().position(|word| word.len() < 5) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("word {short} is too short to look for")));
    }
    let needles: Vec<Needle> = words.iter().enumerate().flat_map(|(index, word)| needles(index, word)).collect();
    let mut found = Vec::new();
    for file in files(folder)? {
        let mut bytes = fs::read(&file)?;
        bytes.make_ascii_lowercase();
        found.extend(search(&bytes, &needles).into_iter().map(|(word, at)| Found { file: file.clone(), word, at }));
    }
    Ok(found)
}

/// Every file under a folder.
///
/// # Errors
/// A folder that cannot be listed.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(&path)?);
        } else {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

struct Needle {
    word: usize,
    bytes: Vec<u8>,
}

fn needles(word: usize, text: &str) -> [Needle; 2] {
    let text = text.to_lowercase();
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [Needle { word, bytes: text.into_bytes() }, Needle { word, bytes: wide }]
}

/// One pass over the bytes for all needles: by the first byte, then the whole.
fn search(bytes: &[u8], needles: &[Needle]) -> Vec<(usize, usize)> {
    let mut by_first: Vec<Vec<&Needle>> = vec![Vec::new(); 256];
    for needle in needles {
        by_first[usize::from(needle.bytes[0])].push(needle);
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        for needle in &by_first[usize::from(*byte)] {
            if bytes[at..].starts_with(&needle.bytes) && !found.iter().any(|(word, _)| *word == needle.word) {
                found.push((needle.word, at));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_either_encoding_and_any_case_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let words = ["3302241505909001".to_owned(), "Tukiman Prawiro".to_owned(), "Kasdi Hadi".to_owned()];
        fs::write(deep.join("clear"), "\u{0}\u{1}xx3302241505909001TUKIMAN PRAWIRO").unwrap();
        let wide: Vec<u8> = "..Tukiman Prawiro".encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(folder.path().join("wide"), wide).unwrap();
        let found = scan(folder.path(), &words).unwrap();
        let seen: Vec<_> =
            found.iter().map(|one| (one.file.file_name().unwrap().to_str().unwrap(), one.word, one.at)).collect();
        assert_eq!(seen, [("clear", 0, 4), ("clear", 1, 20), ("wide", 1, 4)]);
        assert!(scan(folder.path(), &["abc".to_owned()]).is_err());
    }
}
