//! Backup, restore, doctor.
//!
//! A backup is one file sealed under a key of its own ([`container`]). A restore begins a new epoch and does again what
//! the journal of operator acts has and the copy lacks; phones offer again what they still keep. Keys are not in the
//! backup: they are copied by hand, apart from it, or the thief of one would have both.

pub mod cli;
pub mod container;
mod doctor;
mod restore;

pub use doctor::{Check, doctor};
pub use restore::{RestoreError, Restored, restore};

use crate::{
    clock,
    keys::{KeysError, read_key, write_new_key},
    service::DataDir,
    storage::{
        StorageError,
        sqlite::{copy, glance},
    },
};
use container::{ContainerError, Header};
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Why there is no backup. One line each.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No server has lived there.
    #[error("{} is not a Payung data directory: is the path right?", .0.display())]
    NotOurs(PathBuf),
    /// Never written over.
    #[error("{} exists already: name a new file", .0.display())]
    Exists(PathBuf),
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database.
    #[error("the database: {0}")]
    Database(#[from] StorageError),
    /// The copy is not sound, so it was not kept.
    #[error("the copy of the database is not sound ({0}): run `payung doctor`")]
    Unsound(String),
    /// Sealing.
    #[error("sealing: {0}")]
    Seal(#[from] ContainerError),
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Backup {
    /// What the file says about itself.
    pub header: Header,
    /// Its key, if it was made just now: it must be copied elsewhere.
    pub new_key: Option<PathBuf>,
}

/// The backup key's file where none is named.
pub fn key_file(dir: &DataDir) -> PathBuf {
    dir.keys().join("backup.key")
}

/// Removes a file when it goes out of scope, whatever became of it.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        // a left-over copy has nothing in the clear, and the next backup removes it
        let _ = fs::remove_file(&self.0);
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + Copy + '_ {
    |source| BackupError::File { path: path.to_owned(), source }
}

/// Makes a backup beside a running server: a copy as of one moment, looked through, sealed, and read back.
///
/// # Errors
/// [`BackupError`]; then there is no file `out`.
pub fn backup(dir: &DataDir, out: &Path, key: Option<&Path>, now: i64) -> Result<Backup, BackupError> {
    if !dir.exists() {
        return Err(BackupError::NotOurs(dir.path().to_owned()));
    }
    if out.exists() {
        return Err(BackupError::Exists(out.to_owned()));
    }
    let key_path = key.map_or_else(|| key_file(dir), Path::to_owned);
    let new_key = if key.is_none() && !key_path.exists() {
        write_new_key(&key_path, &clock::random())?;
        Some(key_path.clone())
    } else {
        None
    };
    let key: Zeroizing<[u8; 32]> = read_key(&key_path)?;

    let snapshot = Passing(dir.path().join("backup.part"));
    let _ = fs::remove_file(&snapshot.0);
    copy(&dir.database(), &snapshot.0)?;
    let copied = glance(&snapshot.0)?;
    if let Some(problem) = copied.problems.into_iter().next() {
        return Err(BackupError::Unsound(problem));
    }
    let open = || File::open(&snapshot.0).map(BufReader::new).map_err(at(&snapshot.0));
    let (size, sha256) = container::measure(open()?).map_err(at(&snapshot.0))?;
    let header = Header {
        made_at: now,
        epoch: copied.epoch,
        schema: copied.schema,
        journal: copied.journal,
        key: container::key_name(&key),
        size,
        sha256,
    };

    let part = Passing(beside(out));
    let write = || -> Result<(), BackupError> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = BufWriter::new(options.open(&part.0).map_err(at(out))?);
        container::seal(&header, &key, clock::random(), open()?, &mut file)?;
        file.flush().map_err(at(out))?;
        file.get_ref().sync_all().map_err(at(out))
    };
    write()?;
    // a backup that was never read back is a hope
    let sealed = File::open(&part.0).map(BufReader::new).map_err(at(out))?;
    container::open(&key, sealed, io::sink())?;
    fs::rename(&part.0, out).map_err(at(out))?;
    Ok(Backup { header, new_key })
}

/// A name for the unfinished file in the same folder.
fn beside(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    out.with_file_name(name)
}

#[cfg(test)]
mod tests;
