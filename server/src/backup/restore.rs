//! Bringing a backup back to life: a new epoch, and the journal done again.

use super::container::{self, ContainerError, Header};
use crate::{
    keys::{Keys, KeysError, private_dir, read_key},
    service::{DataDir, SETTINGS, Service, ServiceError, journal::Journal},
    storage::{
        StorageError,
        sqlite::{Sqlite, fold, glance},
    },
};
use payung_domain::id::Epoch;
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why a backup was not restored. One line each.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Something lives there.
    #[error("{} is not empty: restore into a new directory", .0.display())]
    NotEmpty(PathBuf),
    /// The keys are not in the backup.
    #[error("the server's keys are not in a backup: copy the old `keys` folder to {} or name it with --keys", .0.display())]
    NoKeys(PathBuf),
    /// The journal named is not there: acts would be lost without a word.
    #[error("the journal {} is not there; without it what operators did after the backup is lost", .0.display())]
    NoJournal(PathBuf),
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
    /// The backup.
    #[error("the backup {}: {source}", path.display())]
    Backup {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ContainerError,
    },
    /// What was in it.
    #[error("the database in the backup: {0}")]
    Database(#[from] StorageError),
    /// What was in it is not sound.
    #[error("the database in the backup is not sound: {0}")]
    Unsound(String),
    /// Doing the journal again.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// What was brought back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says about itself.
    pub header: Header,
    /// The new life.
    pub epoch: Epoch,
    /// Acts of the journal that were done again.
    pub replayed: u64,
    /// Of those, the ones that wait for a phone to bring their record again.
    pub waiting: usize,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RestoreError + Copy + '_ {
    |source| RestoreError::File { path: path.to_owned(), source }
}

/// Copies a folder of key files, each readable by its owner only.
fn copy_keys(from: &Path, to: &Path) -> Result<(), RestoreError> {
    private_dir(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let path = entry.map_err(at(from))?.path();
        if path.is_file()
            && let Some(name) = path.file_name()
        {
            let copy = to.join(name);
            fs::copy(&path, &copy).map_err(at(&path))?;
            #[cfg(unix)]
            fs::set_permissions(&copy, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(at(&copy))?;
        }
    }
    Ok(())
}

/// Restores a backup into a directory in which no server lives yet.
///
/// `journal` is the old server's journal: what operators did and which phones joined after the copy was made. Without
/// it (none) only the copy comes back. Until the last step there is no database in `dir`: a restore that was cut off
/// leaves nothing that a server would open.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(
    dir: &DataDir,
    from: &Path,
    key: Option<&Path>,
    keys: Option<&Path>,
    journal: Option<&Path>,
) -> Result<Restored, RestoreError> {
    let part = dir.path().join("restore.part");
    let ours = |name: &std::ffi::OsStr| {
        name == "keys" || name == SETTINGS || name.to_string_lossy().starts_with("restore.part")
    };
    if dir.path().exists() {
        let inside: Vec<_> = fs::read_dir(dir.path()).map_err(at(dir.path()))?.flatten().collect();
        // keys and settings put there beforehand are welcome, and so is what a cut restore left, its copy of the journal included
        let cut = inside.iter().any(|entry| entry.file_name().to_string_lossy().starts_with("restore.part"));
        let allowed = |name: &std::ffi::OsStr| ours(name) || cut && name == "journal";
        if inside.iter().any(|entry| !allowed(&entry.file_name())) {
            return Err(RestoreError::NotEmpty(dir.path().to_owned()));
        }
    }
    if let Some(journal) = journal.filter(|path| !path.is_file()) {
        return Err(RestoreError::NoJournal(journal.to_owned()));
    }
    private_dir(dir.path()).map_err(at(dir.path()))?;
    if let Some(keys) = keys {
        copy_keys(keys, &dir.keys())?;
    } else if !dir.keys().is_dir() {
        return Err(RestoreError::NoKeys(dir.keys()));
    }
    let keys = Keys::open(&dir.keys())?;
    let key = read_key(&key.map_or_else(|| super::key_file(dir), Path::to_owned))?;

    for old in ["restore.part", "restore.part-wal", "restore.part-shm"] {
        let _ = fs::remove_file(dir.path().join(old));
    }
    let backup = |source| match source {
        ContainerError::File(source) => RestoreError::File { path: from.to_owned(), source },
        source => RestoreError::Backup { path: from.to_owned(), source },
    };
    let sealed = File::open(from).map(BufReader::new).map_err(at(from))?;
    let mut plain = BufWriter::new(File::create(&part).map_err(at(&part))?);
    let header = container::open(&key, sealed, &mut plain).map_err(backup)?;
    plain.flush().map_err(at(&part))?;
    plain.get_ref().sync_all().map_err(at(&part))?;
    drop(plain);
    let inside = glance(&part)?;
    if (inside.schema, inside.epoch, inside.journal) != (header.schema, header.epoch, header.journal) {
        return Err(RestoreError::Unsound("it is not the one the backup's header names".to_owned()));
    }
    if let Some(journal) = journal {
        fs::copy(journal, dir.journal()).map_err(at(journal))?;
        #[cfg(unix)]
        fs::set_permissions(dir.journal(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(at(journal))?;
    }

    let (epoch, waiting, last) = {
        let storage = Sqlite::open(&part, keys.master())?;
        for finding in storage.examine()? {
            if let Some(problem) = finding.problems.into_iter().next() {
                return Err(RestoreError::Unsound(format!("{}: {problem}", finding.what)));
            }
        }
        let service = Service::with(Arc::new(storage), Arc::new(keys), Journal::new(dir.journal()))?;
        // before the journal: what is done again is done in the new life
        let epoch = service.begin_epoch()?;
        let last = service.storage().read()?.counter("journal")?;
        (epoch, service.pending_acts()?.len(), last)
    };
    fold(&part)?;
    fs::rename(&part, dir.database()).map_err(at(&part))?;
    File::open(dir.path()).and_then(|folder| folder.sync_all()).map_err(at(dir.path()))?;
    Ok(Restored { epoch, replayed: last.saturating_sub(header.journal), waiting, header })
}
