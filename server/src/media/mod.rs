//! Files of attachments: ciphertext under the SHA-256 of itself, whoever brings it. Nobody logs in; the record that
//! names the file, and has its key, comes by the exchange.
//!
//! ```text
//! media/objects/ab/ab…      whole files, by their hash; never changed
//! media/spool/HASH-LENGTH   the beginning of one that is still on its way; its length is what was acknowledged
//! ```
//!
//! There is no table of uploads: an upload is named by hash and length, so who comes second, another phone or a hub,
//! goes on where the first one stopped, and a restart forgets nothing.

mod folder;
mod sweep;
#[cfg(test)]
mod tests;

pub use sweep::{SweepError, Swept};

use folder::Folder;
use hmac::{Hmac, KeyInit, Mac};
use payung_domain::attachment::MediaHash;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

/// The most bytes of a file; a photo has 80,000.
pub const MOST_BYTES: u64 = 1 << 20;
/// An upload nobody went on with is forgotten after this; it can be begun again.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// With less than this free nothing is begun: registrations need the room more.
const LEAST_FREE: u64 = 512 << 20;
/// Uploads are written one after the other where their hashes begin alike.
const LOCKS: usize = 64;

/// What is on its way: the hash says what it will be, the length when it is all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Of the whole file.
    pub hash: MediaHash,
    /// Of the whole file, in bytes.
    pub length: u64,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Bytes that are here, on disk.
    pub offset: u64,
    /// When it is forgotten, milliseconds since 1970; none once the file is whole.
    pub expires: Option<i64>,
}

/// Why bytes were not taken.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No such upload, or forgotten.
    #[error("there is no such upload")]
    Unknown,
    /// It is at another place than the sender believes.
    #[error("the upload is at {0}")]
    Moved(u64),
    /// More bytes than the file has, or than any may have.
    #[error("more bytes than the file has")]
    TooLong,
    /// The whole is not what the hash says. It was thrown away.
    #[error("the file is not what its hash says")]
    Mismatch,
    /// No room.
    #[error("no room for more files")]
    Full,
    /// The disk.
    #[error("the disk failed: {0}")]
    Disk(io::ErrorKind),
}

impl From<io::Error> for MediaError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            kind => Self::Disk(kind),
        }
    }
}

/// The files of a data directory.
pub struct Media {
    objects: Folder,
    spool: PathBuf,
    url_key: [u8; 32],
    locks: [Mutex<()>; LOCKS],
}

impl Media {
    /// The folder, made where there is none. `secret` makes the addresses of uploads unguessable.
    pub fn open(folder: &Path, secret: &[u8; 32]) -> Result<Self, MediaError> {
        let spool = folder.join("spool");
        fs::create_dir_all(&spool)?;
        let mut mac = <Hmac<Sha256>>::new_from_slice(secret).expect("any length fits");
        mac.update(b"payung/media/url/1");
        let objects = Folder::open(folder.join("objects"))?;
        Ok(Self {
            objects,
            spool,
            url_key: mac.finalize().into_bytes().into(),
            locks: std::array::from_fn(|_| Mutex::default()),
        })
    }

    fn mac(&self, upload: Upload) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.url_key).expect("any length fits");
        mac.update(&upload.hash.0);
        mac.update(&upload.length.to_be_bytes());
        mac
    }

    /// What comes after `/v1/media/` for an upload.
    pub fn token(&self, upload: Upload) -> String {
        let tag = self.mac(upload).finalize().into_bytes();
        format!("{}-{}-{}", upload.hash, upload.length, hex::encode(&tag[..16]))
    }

    /// The upload of a token this server gave out.
    pub fn upload(&self, token: &str) -> Option<Upload> {
        let mut parts = token.splitn(3, '-');
        let upload = Upload { hash: parts.next()?.parse().ok()?, length: parts.next()?.parse().ok()? };
        let tag = hex::decode(parts.next()?).ok()?;
        self.mac(upload).verify_truncated_left(&tag).ok()?;
        (tag.len() == 16).then_some(upload)
    }

    fn part(&self, upload: Upload) -> PathBuf {
        self.spool.join(format!("{}-{}", upload.hash, upload.length))
    }

    fn lock(&self, hash: MediaHash) -> MutexGuard<'_, ()> {
        self.locks[usize::from(hash.0[0]) % LOCKS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an upload, or finds the one that was begun, or the file.
    ///
    /// # Errors
    /// [`MediaError::TooLong`], [`MediaError::Full`].
    pub fn create(&self, upload: Upload) -> Result<Standing, MediaError> {
        if upload.length == 0 || upload.length > MOST_BYTES {
            return Err(MediaError::TooLong);
        }
        let _lock = self.lock(upload.hash);
        match self.standing(upload) {
            Err(MediaError::Unknown) => {}
            known => return known,
        }
        if free(&self.spool)? < LEAST_FREE {
            return Err(MediaError::Full);
        }
        OpenOptions::new().create(true).append(true).open(self.part(upload))?.sync_all()?;
        sync_folder(&self.spool)?;
        self.standing(upload)
    }

    /// How far an upload is.
    ///
    /// # Errors
    /// [`MediaError::Unknown`].
    pub fn standing(&self, upload: Upload) -> Result<Standing, MediaError> {
        if self.objects.length(upload.hash)? == Some(upload.length) {
            return Ok(Standing { offset: upload.length, expires: None });
        }
        match fs::metadata(self.part(upload)) {
            Ok(part) => Ok(Standing { offset: part.len(), expires: Some(expires(&part)?) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(MediaError::Unknown),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds what comes next; when this returns it is on disk. With the last byte the whole is looked at: it becomes the
    /// file of its hash, or is thrown away.
    ///
    /// # Errors
    /// [`MediaError`]; but for [`MediaError::Mismatch`], nothing has changed.
    pub fn append(&self, upload: Upload, offset: u64, bytes: &[u8]) -> Result<Standing, MediaError> {
        let _lock = self.lock(upload.hash);
        let at = self.standing(upload)?.offset;
        if at != offset {
            return Err(MediaError::Moved(at));
        }
        let end = at + bytes.len() as u64;
        if end > upload.length {
            return Err(MediaError::TooLong);
        }
        if at == upload.length {
            return self.standing(upload);
        }
        let path = self.part(upload);
        let mut part = OpenOptions::new().append(true).open(&path)?;
        if let Err(error) = part.write_all(bytes).and_then(|()| part.sync_all()) {
            // what was not acknowledged must not count; if this fails, too, the hash tells at the end
            let _ = part.set_len(at);
            return Err(error.into());
        }
        if end == upload.length {
            self.finish(upload, &path)?;
        }
        self.standing(upload)
    }

    fn finish(&self, upload: Upload, part: &Path) -> Result<(), MediaError> {
        let mut hash = Sha256::new();
        let mut file = File::open(part)?;
        let mut piece = vec![0; 64 << 10];
        loop {
            match file.read(&mut piece)? {
                0 => break,
                read => hash.update(&piece[..read]),
            }
        }
        if hash.finalize().as_slice() != upload.hash.0 {
            fs::remove_file(part)?;
            return Err(MediaError::Mismatch);
        }
        self.objects.take(upload.hash, part)?;
        sync_folder(&self.spool)?;
        Ok(())
    }

    /// Ends an upload before it is whole. A whole file is nobody's to remove: [`MediaError::Moved`].
    pub fn discard(&self, upload: Upload) -> Result<(), MediaError> {
        let _lock = self.lock(upload.hash);
        match self.standing(upload)? {
            Standing { offset, expires: None } => Err(MediaError::Moved(offset)),
            _ => Ok(fs::remove_file(self.part(upload))?),
        }
    }

    /// A whole file.
    pub fn read(&self, hash: MediaHash) -> Result<Option<Vec<u8>>, MediaError> {
        Ok(self.objects.read(hash)?)
    }
}

fn expires(part: &fs::Metadata) -> Result<i64, MediaError> {
    let touched = part.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from((touched + UPLOAD_LIFE).as_millis()).unwrap_or(i64::MAX))
}

fn free(folder: &Path) -> Result<u64, MediaError> {
    let space = rustix::fs::statvfs(folder).map_err(io::Error::from)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// A file's name is on disk only once its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
