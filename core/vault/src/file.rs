//! Small files beside the database: `"PYVL" || version (1) || length (2, big-endian) || CBOR || first 8 bytes of the
//! SHA-256 of what stands before || zeros up to the next 256 bytes`. Readable by their owner only.

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"PYVL";
const VERSION: u8 = 1;
const HEAD: usize = 4 + 1 + 2;
const SUM: usize = 8;
/// A file that is overwritten in its place never needs more room.
const STEP: usize = 256;
/// None of them comes near it: a file that does is damaged, and not read.
const MOST: u64 = 64 << 10;

/// What a file was found to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored<T> {
    Missing,
    Damaged,
    /// Written by a newer version of the app.
    Newer(u8),
    Found(T),
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Stored<T>, ErrorKind> {
    match fs::metadata(path) {
        Ok(found) if found.len() > MOST || !found.is_file() => return Ok(Stored::Damaged),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Stored::Missing),
        Err(error) => return Err(error.kind()),
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(|error| error.kind())?);
    Ok(parse(&bytes))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Stored<T> {
    let Some(head) = bytes.first_chunk::<HEAD>().filter(|head| head.starts_with(MAGIC)) else {
        return Stored::Damaged;
    };
    let length = HEAD + usize::from(u16::from_be_bytes([head[5], head[6]]));
    let Some((said, sum)) = bytes.split_at_checked(length) else { return Stored::Damaged };
    if sum.get(..SUM) != Some(&Sha256::digest(said)[..SUM]) {
        return Stored::Damaged;
    }
    if head[4] != VERSION {
        return Stored::Newer(head[4]);
    }
    ciborium::from_reader(&said[HEAD..]).map_or(Stored::Damaged, Stored::Found)
}

/// Replaces a file in one step, durably: a kill or a power loss leaves the old one or the new one.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), ErrorKind> {
    replace(path, &framed(value)?).map_err(|error| error.kind())
}

/// As [`write`]; where no new file can be made (the disk is full) the old one is overwritten in its place. A power loss
/// in the middle of that can leave a damaged file: only for what may be lost.
pub(crate) fn write_anyhow<T: Serialize>(path: &Path, value: &T) -> Result<(), ErrorKind> {
    let bytes = framed(value)?;
    let overwrite = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(&bytes)?;
        file.sync_all()
    };
    replace(path, &bytes).or_else(|_| overwrite()).map_err(|error| error.kind())
}

/// Removes a file, durably. One that is not there is as good.
pub(crate) fn remove(path: &Path) -> Result<(), ErrorKind> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path).map_err(|error| error.kind()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.kind()),
    }
}

fn framed<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, ErrorKind> {
    let mut bytes = Vec::with_capacity(STEP);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[VERSION, 0, 0]);
    ciborium::into_writer(value, &mut bytes).map_err(|_| ErrorKind::InvalidInput)?;
    let length = u16::try_from(bytes.len() - HEAD).map_err(|_| ErrorKind::InvalidInput)?;
    bytes[5..HEAD].copy_from_slice(&length.to_be_bytes());
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum[..SUM]);
    bytes.resize(bytes.len().next_multiple_of(STEP), 0);
    Ok(Zeroizing::new(bytes))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// The rename, or the removal, itself.
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-new");
    name.into()
}
