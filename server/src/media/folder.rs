//! Whole files in a folder of the server's own disk.

use super::sync_folder;
use payung_domain::attachment::MediaHash;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// A file as listed.
pub(super) struct Found {
    pub(super) hash: MediaHash,
    /// When it became whole, milliseconds since 1970.
    pub(super) since: i64,
}

pub(super) struct Folder(PathBuf);

fn or_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

impl Folder {
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// 256 folders, so that none has millions of names.
    fn shelf(&self, hash: MediaHash) -> PathBuf {
        self.0.join(format!("{:02x}", hash.0[0]))
    }

    fn path(&self, hash: MediaHash) -> PathBuf {
        self.shelf(hash).join(hash.to_string())
    }

    pub(super) fn length(&self, hash: MediaHash) -> io::Result<Option<u64>> {
        Ok(or_none(fs::metadata(self.path(hash)))?.map(|file| file.len()))
    }

    pub(super) fn read(&self, hash: MediaHash) -> io::Result<Option<Vec<u8>>> {
        or_none(fs::read(self.path(hash)))
    }

    /// Moves a file, synced and of this hash, to its place; durable when it returns.
    pub(super) fn take(&self, hash: MediaHash, file: &Path) -> io::Result<()> {
        let place = self.shelf(hash);
        if !place.exists() {
            fs::create_dir_all(&place)?;
            sync_folder(&self.0)?;
        }
        fs::rename(file, self.path(hash))?;
        sync_folder(&place)
    }

    pub(super) fn remove(&self, hash: MediaHash) -> io::Result<bool> {
        Ok(or_none(fs::remove_file(self.path(hash)))?.is_some())
    }

    /// Hands every file of every shelf on, a shelf at a time.
    pub(super) fn each_shelf(&self, mut look: impl FnMut(Vec<Found>) -> io::Result<()>) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            let mut found = Vec::new();
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                // what is not named like a file of ours is not ours to look at
                let Some(hash) = file.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
                let since = file.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                found.push(Found { hash, since: i64::try_from(since.as_millis()).unwrap_or(i64::MAX) });
            }
            look(found)?;
        }
        Ok(())
    }
}
