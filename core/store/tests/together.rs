//! The first openings of a process, two at once.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::open;
use std::{
    hint::spin_loop,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Microseconds from the first thread's start to the second's.
const APART: &str = "PAYUNG_TEST_APART";

#[test]
#[ignore = "the child process of the other"]
fn child_opens_two() {
    let apart = Duration::from_micros(std::env::var(APART).unwrap().parse().unwrap());
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    thread::scope(|scope| {
        scope.spawn(|| open(folders[0].path()).map(drop).unwrap());
        let started = Instant::now();
        while started.elapsed() < apart {
            spin_loop();
        }
        scope.spawn(|| open(folders[1].path()).map(drop).unwrap());
    });
}

/// SQLite counts itself ready a moment before SQLCipher is; the moment is looked for at many distances.
#[test]
fn first_openings_of_a_process_may_come_together() {
    for apart in (0..120).map(|step| step % 40 * 5) {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", "child_opens_two", "--ignored"]).env(APART, apart.to_string());
        let opened = child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(opened.success(), "opened {apart} µs apart, one was refused");
    }
}
