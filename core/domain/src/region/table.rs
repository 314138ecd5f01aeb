//! The embedded table: one zstd block a province, unpacked when first asked about and then kept.
//!
//! `build.rs` writes it and describes its bytes. With all of the country unpacked it takes about 2.5 MB; an official's
//! phone normally holds one province.

use std::sync::OnceLock;

use super::RegionCode;

/// The packed table as it is linked into every binary.
pub(super) static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/regions.bin"));

/// Codes no longer current stand in a block of their own.
const RETIRED: u32 = 0;

struct Slot {
    province: u32,
    frame: &'static [u8],
    raw_length: usize,
    block: OnceLock<Block>,
}

/// The rows of one province (or the retired codes), in the order of their codes.
pub(super) struct Block {
    names: String,
    rows: Vec<PackedRow>,
}

struct PackedRow {
    /// Below 10^10, so the upper bits are free; kept whole for a plain binary search.
    code: u64,
    name_end: u32,
    number: u32,
}

/// One row, borrowed from its block.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) code: RegionCode,
    pub(super) name: &'a str,
    /// Postcode of a village, population of a province or regency; 0 = not known.
    pub(super) number: u32,
}

impl Block {
    fn row(&self, index: usize) -> Row<'_> {
        let packed = &self.rows[index];
        // Each name ends with a line feed, which is left out here.
        let start = if index == 0 { 0 } else { self.rows[index - 1].name_end as usize };
        Row {
            code: RegionCode(packed.code),
            name: &self.names[start..packed.name_end as usize - 1],
            number: packed.number,
        }
    }

    pub(super) fn find(&self, code: RegionCode) -> Option<Row<'_>> {
        let index = self.rows.binary_search_by_key(&code.0, |row| row.code).ok()?;
        Some(self.row(index))
    }

    /// `within` and everything below it.
    pub(super) fn rows_within(&self, within: RegionCode) -> impl Iterator<Item = Row<'_>> {
        let from = self.rows.partition_point(|row| row.code < within.0);
        let to = self.rows.partition_point(|row| row.code <= within.last_below());
        (from..to).map(|index| self.row(index))
    }
}

/// The block that holds `code`, if its province is in the table.
pub(super) fn block_of(code: RegionCode) -> Option<&'static Block> {
    let province = u32::try_from(code.province().0 / 100_000_000).ok()?;
    slots().iter().find(|slot| slot.province == province).map(unpacked)
}

/// The codes no longer current.
pub(super) fn retired() -> Option<&'static Block> {
    slots().iter().find(|slot| slot.province == RETIRED).map(unpacked)
}

/// The codes of all provinces, ascending; unpacks nothing.
pub(super) fn provinces() -> impl Iterator<Item = RegionCode> {
    slots()
        .iter()
        .filter(|slot| slot.province != RETIRED)
        .map(|slot| RegionCode(u64::from(slot.province) * 100_000_000))
}

fn slots() -> &'static [Slot] {
    static SLOTS: OnceLock<Vec<Slot>> = OnceLock::new();
    SLOTS.get_or_init(|| {
        let (directory, mut frames) = take_u32(EMBEDDED);
        let (mut directory, rest) = frames.split_at(directory);
        frames = rest;
        let mut slots = Vec::new();
        while !directory.is_empty() {
            let (province, rest) = take_u32(directory);
            let (length, rest) = take_u32(rest);
            let (raw_length, rest) = take_u32(rest);
            directory = rest;
            let (frame, rest) = frames.split_at(length);
            frames = rest;
            let province = u32::try_from(province).expect("read from a u32");
            slots.push(Slot { province, frame, raw_length, block: OnceLock::new() });
        }
        slots
    })
}

fn unpacked(slot: &Slot) -> &Block {
    slot.block.get_or_init(|| {
        // The bytes are part of the program, so damage here is a damaged program.
        let raw = zstd::bulk::decompress(slot.frame, slot.raw_length).expect("embedded regions unpack");
        let (count, rest) = take_u32(&raw);
        let (codes, rest) = take_u32(rest);
        let (names, rest) = take_u32(rest);
        let (mut codes, rest) = rest.split_at(codes);
        let (names, mut numbers) = rest.split_at(names);

        let mut rows = Vec::with_capacity(count);
        let mut code = 0;
        let mut last_number = [0_i64; 2];
        let mut ends = names.iter().zip(1_u32..).filter(|(byte, _)| **byte == b'\n').map(|(_, end)| end);
        for _ in 0..count {
            code += take_varint(&mut codes);
            let zigzag = take_varint(&mut numbers);
            let last = &mut last_number[usize::from(code.is_multiple_of(10_000))];
            *last += (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
            rows.push(PackedRow {
                code,
                name_end: ends.next().expect("a name for every row"),
                number: u32::try_from(*last).expect("numbers are packed from u32"),
            });
        }
        let names = String::from_utf8(names.to_vec()).expect("names are packed from UTF-8");
        Block { names, rows }
    })
}

fn take_u32(bytes: &[u8]) -> (usize, &[u8]) {
    let (head, rest) = bytes.split_first_chunk::<4>().expect("embedded regions are whole");
    (u32::from_le_bytes(*head) as usize, rest)
}

fn take_varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    let mut shift = 0;
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    value
}
