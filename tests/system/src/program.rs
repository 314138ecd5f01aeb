//! Running a program to its end.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// Why a program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be started.
    #[error("cannot run {program}: {reason}")]
    Start {
        /// Its name.
        program: String,
        /// The system's word.
        reason: std::io::Error,
    },
    /// It ended with a failure.
    #[error("{program} {act}: {said}")]
    Failed {
        /// Its name.
        program: String,
        /// Its first words.
        act: String,
        /// The last line it wrote to standard error.
        said: String,
        /// What it wrote to standard output all the same.
        all: String,
    },
}

/// What a program wrote to standard output. Its standard error is passed on only in the error.
///
/// # Errors
/// It could not be started or ended with a failure.
pub fn run<A: AsRef<OsStr>>(program: &Path, args: &[A]) -> Result<String, ProgramError> {
    let name = || program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let done = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|reason| ProgramError::Start { program: name(), reason })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    // `admin --data DIR …` says less than what comes after
    let act = args
        .iter()
        .skip(if args.len() > 6 { 6 } else { 0 })
        .take(2)
        .map(|arg| arg.as_ref().to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("(no word)").to_owned();
    let all = String::from_utf8_lossy(&done.stdout).into_owned();
    Err(ProgramError::Failed { program: name(), act, said, all })
}
