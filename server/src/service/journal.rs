//! The journal of operator acts, outside the database: append-only, one sealed line an act, synced before the act is
//! committed. A restored database is brought up by doing again what the journal has and it lacks.

use crate::{
    keys::{KeysError, write_over},
    storage::{Sealer, seal::Row},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Why the journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file failed.
    #[error("the journal {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An act is missing between others.
    #[error("act {seq} is missing from the journal {}", path.display())]
    Gap {
        /// Which file.
        path: PathBuf,
        /// The number of the act.
        seq: u64,
    },
}

/// A line: an act under its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Counts up from 1 without gaps.
    pub seq: u64,
    /// The act, as JSON.
    pub act: Vec<u8>,
}

/// The journal file.
pub struct Journal {
    path: PathBuf,
    writing: Mutex<()>,
}

impl Journal {
    /// The journal in a file, which is made by the first act.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), writing: Mutex::new(()) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> impl FnOnce(io::Error) -> JournalError + Copy + '_ {
        |source| JournalError::File { path: self.path.clone(), source }
    }

    /// Appends lines and makes them durable.
    pub fn append(&self, sealer: &Sealer, lines: &[Line]) -> Result<(), JournalError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for line in lines {
            let blob = STANDARD.encode(sealer.seal(Row::Act(line.seq), &line.act));
            let _ = writeln!(text, "{} {blob}", line.seq);
        }
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path).map_err(self.file())?;
        if !ends_with_newline(&mut file).map_err(self.file())? {
            // a crash cut the last line: it was never acknowledged, and must not swallow the next
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes()).map_err(self.file())?;
        file.sync_all().map_err(self.file())
    }

    /// Writes the journal anew, with other acts in the place of those for which there are any. Nobody may append
    /// meanwhile.
    pub fn redact(&self, sealer: &Sealer, other: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Result<(), JournalError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for line in self.after(sealer, 0)? {
            let act = other(&line.act).unwrap_or(line.act);
            let _ = writeln!(text, "{} {}", line.seq, STANDARD.encode(sealer.seal(Row::Act(line.seq), &act)));
        }
        write_over(&self.path, text.as_bytes()).map_err(|error| match error {
            KeysError::File { path, source } => JournalError::File { path, source },
            error => self.file()(io::Error::other(error)),
        })
    }

    /// The acts after a number, in order. A cut last line counts as not written; of two lines with one number, which a
    /// crash between journal and database leaves, the later stands.
    pub fn after(&self, sealer: &Sealer, seq: u64) -> Result<Vec<Line>, JournalError> {
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.file()(error)),
        };
        let mut lines = BTreeMap::new();
        for (at, text) in (1..).zip(io::BufReader::new(file).lines()) {
            let text = text.map_err(self.file())?;
            match read_line(sealer, &text) {
                Some(line) if line.seq > seq => {
                    lines.insert(line.seq, line);
                }
                Some(_) => {}
                None if text.is_empty() => {}
                // cut by a crash, so never acknowledged; or damage, which the gap in the numbers shows
                None => tracing::warn!(line = at, "a line of the journal cannot be read"),
            }
        }
        for (wanted, line) in (seq + 1..).zip(lines.keys()) {
            if *line != wanted {
                return Err(JournalError::Gap { path: self.path.clone(), seq: wanted });
            }
        }
        Ok(lines.into_values().collect())
    }
}

fn read_line(sealer: &Sealer, text: &str) -> Option<Line> {
    let (seq, blob) = text.split_once(' ')?;
    let seq = seq.parse().ok()?;
    let act = sealer.open(Row::Act(seq), &STANDARD.decode(blob).ok()?).ok()?;
    Some(Line { seq, act })
}

fn ends_with_newline(file: &mut fs::File) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last[0] == b'\n')
}
