//! What the operating system says a process used (Linux `/proc`).

use std::{fs, process};

/// Peak resident memory in KiB; 0 where the system does not tell.
pub(crate) fn peak_rss_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Processor time used so far, user and system, in milliseconds (ticks of 10 ms).
pub(crate) fn cpu_ms(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // the name is in parentheses and may hold spaces; utime and stime are fields 14 and 15
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    ticks.sum::<u64>() * 10
}

/// This process.
pub(crate) fn own() -> u32 {
    process::id()
}
