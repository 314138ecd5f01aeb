//! Whether a picture's end is there. Decoders show a cut photo with its lower part grey; a document's photo that lost
//! its lower part must be taken again while the document is at hand.

use crate::picture::Format;

/// Whether nothing is missing at the end. What follows the end (a phone's moving picture, say) does not count.
pub(crate) fn is_whole(format: Format, bytes: &[u8]) -> bool {
    match format {
        Format::Jpeg => jpeg(bytes).is_some(),
        Format::Png => png(bytes).is_some(),
        Format::WebP => webp(bytes).is_some(),
    }
}

/// ITU T.81, annex B: segments by their length, entropy-coded data up to the next marker, EOI.
fn jpeg(bytes: &[u8]) -> Option<()> {
    let mut at = 2;
    loop {
        // fill bytes before a marker, and what broken writers leave between segments
        while *bytes.get(at)? != 0xff {
            at += 1;
        }
        while *bytes.get(at)? == 0xff {
            at += 1;
        }
        let marker = bytes[at];
        at += 1;
        match marker {
            0xd9 => return Some(()),
            // stuffing, TEM, restart and start markers stand alone
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            // after a scan's header its data are read as what lies between markers
            _ => at += usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])),
        }
    }
}

/// PNG 1.2, section 3.2: chunks by their length, up to IEND with its checksum.
fn png(bytes: &[u8]) -> Option<()> {
    let mut at = 8;
    loop {
        let head: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        at = at.checked_add(length)?.checked_add(12)?;
        bytes.get(at - 1)?;
        if &head[4..] == b"IEND" {
            return Some(());
        }
    }
}

/// RFC 9649, section 2.4: the size of the file, without its first eight bytes.
fn webp(bytes: &[u8]) -> Option<()> {
    let size: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    let end = (u32::from_le_bytes(size) as usize).checked_add(8)?;
    (bytes.len() >= end).then_some(())
}
