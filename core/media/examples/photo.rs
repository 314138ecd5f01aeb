//! `./dev bench --shell` runs this: what 12 megapixels take to become 80 kB.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]
#![allow(clippy::cast_precision_loss, reason = "megabytes for people")]

#[path = "../tests/common/mod.rs"]
mod common;

use peak_alloc::PeakAlloc;
use std::time::Instant;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() {
    let photo = common::jpeg(&common::scene(4000, 3000), 6);
    println!("12 megapixels, {} kB JPEG", photo.len() / 1000);
    for run in 1..=5 {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let begin = Instant::now();
        let small = payung_media::shrink(&photo).unwrap();
        let took = begin.elapsed();
        let peak = (MEMORY.peak_usage() - before) as f64 / 1e6;
        println!("run {run}: {small:?}");
        println!("took_ms {}", took.as_millis());
        println!("peak_mb {peak:.1}");
    }
}
