//! Finding damage in a write-ahead log, which SQLite itself passes over: it stops at the first frame whose checksum
//! is wrong and drops every commit after it, which is right for a torn tail and loses work after a damaged frame.
//!
//! Format: sqlite.org/fileformat2.html, "The Write-Ahead Log". Frame headers are in clear under SQLCipher.

use std::{fs::File, io::Read, path::Path};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
}

fn checksum(mut sum: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        sum.0 = sum.0.wrapping_add(word(pair, 0, big_endian)).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(word(pair, 4, big_endian)).wrapping_add(sum.0);
    }
    sum
}

/// Whether the log at `path` lost a commit to damage. Every commit is synced before the next begins, so a commit with a
/// further transaction behind it was whole once; a bad frame in the last transaction may just be torn. Behind the last
/// commit there may be what failed transactions left, each from the same place on: so what shows that one transaction
/// followed another is that the checksums run on from one frame's to the next, over the bad frame, too.
pub(crate) fn is_damaged(path: &Path) -> std::io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let mut file = std::io::BufReader::new(file);
    let mut header = [0; HEADER];
    if !filled(&mut file, &mut header)? {
        return Ok(false);
    }
    let big_endian = word(&header, 0, true) & 1 == 1;
    let mut sum = checksum((0, 0), &header[..24], big_endian);
    let page_size = word(&header, 8, true) as usize;
    let magic = word(&header, 0, true) & !1 == 0x377f_0682;
    if !magic || sum != (word(&header, 24, true), word(&header, 28, true)) || !(512..=65536).contains(&page_size) {
        // SQLite would drop the whole log. The header is synced before the first frame is written, so that alone it
        // may just be torn.
        return Ok(length >= (HEADER + FRAME_HEADER + 512) as u64);
    }
    let mut frame = vec![0; FRAME_HEADER + page_size];
    let (mut broken, mut commit_behind) = (false, false);
    while filled(&mut file, &mut frame)? {
        let current = frame[8..16] == header[16..24];
        let said = (word(&frame, 16, true), word(&frame, 20, true));
        let with_head = checksum(sum, &frame[..8], big_endian);
        let follows = current && said == checksum(with_head, &frame[FRAME_HEADER..], big_endian);
        let commits = word(&frame, 4, true) != 0;
        if follows {
            if broken && commit_behind {
                return Ok(true);
            }
            commit_behind = broken && commits;
        } else {
            broken = true;
            commit_behind = commits;
        }
        sum = said;
    }
    Ok(false)
}

fn filled(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
