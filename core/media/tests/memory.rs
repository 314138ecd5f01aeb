//! The most memory a picture takes, counted. Alone in its file: the allocator is the process's.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use payung_media::shrink;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

#[test]
fn twelve_megapixels_take_at_most_120_mb_and_a_bomb_next_to_nothing() {
    let photo = common::jpeg(&common::scene(4000, 3000), 1);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    shrink(&photo).unwrap();
    let taken = MEMORY.peak_usage() - before;
    // of which 36 million bytes are the picture
    assert!((36_000_000..=120_000_000).contains(&taken), "{} MiB", taken / MIB);

    let mut bomb = photo;
    let frame = bomb.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bomb[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    assert!(shrink(&bomb).is_err());
    // the decoder's copy of the file, and its tables
    assert!(MEMORY.peak_usage() - before < 2 * bomb.len() + MIB);
}
