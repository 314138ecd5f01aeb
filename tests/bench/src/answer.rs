//! What a phone process answers, ours and the peer's alike: one line of JSON.

use crate::BenchError;
use serde::{Deserialize, Serialize};
use std::process::Command;

/// One row, as the process that did it measured it. What a row is not about stays zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    /// What the row measures, in seconds.
    pub(crate) seconds: f64,
    /// Until everything sent was acknowledged and that was durable on the phone, in seconds.
    pub(crate) acknowledged: f64,
    /// Processor time of the process for it, in milliseconds.
    pub(crate) cpu_ms: u64,
    /// Peak resident memory of the process, in KiB.
    pub(crate) peak_rss_kib: u64,
    /// Ops, records or documents it was about.
    pub(crate) count: usize,
    /// False when the road was cut, as it was meant to be.
    pub(crate) finished: bool,
    /// Bytes of sealed bodies sent; ours only.
    pub(crate) bytes_up: u64,
    /// Each single measurement, in milliseconds, where the row is about one act.
    pub(crate) each_ms: Vec<f64>,
    /// Records whose edits made in two places are both there.
    pub(crate) merged: usize,
    /// Records where one of two values is shown, and the other kept until somebody decides.
    pub(crate) conflicts: usize,
    /// Records where an edit is neither shown nor kept as a conflict.
    pub(crate) lost: usize,
}

impl Answer {
    /// Runs a process to its end and reads its last line.
    ///
    /// # Errors
    /// It could not be started, failed (its own words follow), or said nothing that is an answer.
    pub(crate) fn of(command: &mut Command, row: &str) -> Result<Self, BenchError> {
        let output = command.output()?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(BenchError::Setup(format!("{row}: {why}")));
        }
        Self::read(&output.stdout).ok_or_else(|| BenchError::Setup(format!("{row}: no answer")))
    }

    fn read(said: &[u8]) -> Option<Self> {
        let line = said.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty())?;
        serde_json::from_slice(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_answer_and_what_it_leaves_out_is_zero() {
        let said = b"a warning\n{\"seconds\":0.5,\"acknowledged\":0.25,\"cpu_ms\":12,\"count\":3,\"finished\":true}\n";
        let answer =
            Answer { seconds: 0.5, acknowledged: 0.25, cpu_ms: 12, count: 3, finished: true, ..Answer::default() };
        assert_eq!(Answer::read(said), Some(answer));
        assert_eq!(Answer::read(b"not an answer\n"), None);
        assert_eq!(Answer::read(b""), None);
    }

    #[test]
    fn a_process_that_fails_tells_why() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo '{}'; echo broken >&2; exit 3"]);
        assert!(Answer::of(&mut command, "push").unwrap_err().to_string().contains("push: broken"));
    }
}
