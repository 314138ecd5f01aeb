//! Packs `data/regions.csv` and `data/regions-retired.csv` into the one file that `region::table` reads.
//!
//! The file: u32 length of the directory, the directory, the blocks. The directory has one entry a block, each of
//! three little-endian u32: province code (0 = the retired codes), compressed length, raw length. A block is one
//! zstd frame, so that a phone unpacks only the provinces it asks about. Its columns are explained at [`pack`].

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

/// Best ratio without the window of the "ultra" levels.
const ZSTD_LEVEL: i32 = 19;

struct Row {
    /// The code without dots, filled with zeros to ten digits: 33.02 is `3_302_000_000`.
    code: u64,
    name: String,
    /// Postcode of a village, population of a province or regency, otherwise 0.
    number: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut blocks: BTreeMap<u32, Vec<Row>> = BTreeMap::new();
    for row in read("data/regions.csv", number_of_current)? {
        blocks.entry(u32::try_from(row.code / 100_000_000)?).or_default().push(row);
    }
    blocks.insert(0, read("data/regions-retired.csv", |_| Ok(0))?);

    let mut directory = Vec::new();
    let mut body = Vec::new();
    for (province, mut rows) in blocks {
        rows.sort_by_key(|row| row.code);
        let raw = pack(&rows);
        let frame = zstd::bulk::compress(&raw, ZSTD_LEVEL)?;
        directory.extend(province.to_le_bytes());
        directory.extend(u32::try_from(frame.len())?.to_le_bytes());
        directory.extend(u32::try_from(raw.len())?.to_le_bytes());
        body.extend(frame);
    }
    let mut file = u32::try_from(directory.len())?.to_le_bytes().to_vec();
    file.extend(directory);
    file.extend(body);
    fs::write(Path::new(&env::var("OUT_DIR")?).join("regions.bin"), file)?;
    Ok(())
}

fn read(path: &str, number: fn(&csv::StringRecord) -> Result<u32, Box<dyn Error>>) -> Result<Vec<Row>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={path}");
    let mut rows = Vec::new();
    for record in csv::Reader::from_path(path)?.records() {
        let record = record?;
        let segments: Vec<&str> = record[0].split('.').collect();
        // A zero segment means "none" once the dots are gone, so no real code may have one.
        if segments.iter().any(|s| s.bytes().all(|b| b == b'0')) || record[1].contains('\n') {
            return Err(format!("{path}: cannot pack {}", &record[0]).into());
        }
        rows.push(Row {
            code: format!("{:0<10}", segments.concat()).parse()?,
            name: record[1].to_owned(),
            number: number(&record)?,
        });
    }
    Ok(rows)
}

fn number_of_current(record: &csv::StringRecord) -> Result<u32, Box<dyn Error>> {
    let text = if record[2].is_empty() { &record[3] } else { &record[2] };
    Ok(if text.is_empty() { 0 } else { text.parse()? })
}

/// u32 rows, u32 bytes of column 1, u32 bytes of column 2, then three columns in code order:
/// 1. codes: varint of the step from the row before;
/// 2. names: UTF-8, each ended by a line feed;
/// 3. numbers: zigzag varint of the step from the last number of a row of the same sort (village or not).
fn pack(rows: &[Row]) -> Vec<u8> {
    let (mut codes, mut names, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let mut last_code = 0;
    let mut last_number = [0_i64; 2];
    for row in rows {
        varint(&mut codes, row.code - last_code);
        last_code = row.code;
        names.extend(row.name.as_bytes());
        names.push(b'\n');
        let last = &mut last_number[usize::from(row.code.is_multiple_of(10_000))];
        let step = i64::from(row.number) - *last;
        *last = i64::from(row.number);
        varint(&mut numbers, ((step << 1) ^ (step >> 63)).cast_unsigned());
    }
    let mut raw = Vec::new();
    for length in [rows.len(), codes.len(), names.len()] {
        raw.extend(u32::try_from(length).expect("a block is far below 4 GiB").to_le_bytes());
    }
    raw.extend(codes);
    raw.extend(names);
    raw.extend(numbers);
    raw
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
}
