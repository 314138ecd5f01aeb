//! What is wrong with a file that comes in: every line of it, never a value.

use std::fmt;

/// One line that can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineError {
    /// Its number in the file, from 1, the header counted.
    pub line: u64,
    /// The column, by its header in the file; empty where the line as a whole is wrong.
    pub column: String,
    /// Why: a stable code, and words.
    pub reason: String,
}

impl LineError {
    /// A wrong line.
    pub fn new(line: u64, column: &str, reason: impl Into<String>) -> Self {
        Self { line, column: column.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.column.is_empty() {
            write!(f, "line {}: {}", self.line, self.reason)
        } else {
            write!(f, "line {}, {}: {}", self.line, self.column, self.reason)
        }
    }
}

/// Why a file can't be taken. Nothing of it is applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not text as it must be.
    #[error("the file is not UTF-8 text: save it as \"CSV UTF-8\"")]
    NotUtf8,
    /// More than the program takes.
    #[error("the file is larger than {0} MiB: split it")]
    TooLarge(usize),
    /// Columns the template needs.
    #[error("the file has no column {}: the first line must name them", .0.join(", "))]
    Columns(Vec<String>),
    /// No rows.
    #[error("the file has no rows")]
    Empty,
    /// Every wrong line.
    #[error("{} of the file's lines cannot be taken; nothing was applied", .0.len())]
    Lines(Vec<LineError>),
}
