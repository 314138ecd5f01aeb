//! Files of attachments: ciphertext under the SHA-256 of itself, whoever brings it. Nobody logs in; the record that
//! names the file, and has its key, comes by the exchange.
//!
//! ```text
//! media/objects/ab/ab…      whole files, by their hash; never changed. Or in a bucket, see [`Place`]
//! media/spool/HASH-LENGTH   the beginning of one that is still on its way; its length is what was acknowledged
//! ```
//!
//! A file leaves the spool once its place has it. Until then, though all bytes are there, nobody is told that it is
//! whole: where its place was away, or the server ended in between, the next who asks makes it whole, or the sweep does.
//!
//! There is no table of uploads: an upload is named by hash and length, so who comes second, another phone or a hub,
//! goes on where the first one stopped, and a restart forgets nothing.

mod inventory;
mod objects;
mod place;
mod settings;
mod sweep;
#[cfg(test)]
pub(crate) mod tests;

pub use inventory::{Inventory, InventoryError, inventory};
pub(crate) use place::Written;
pub use place::{Bucket, Credentials, Place};
pub use settings::OpenMediaError;
pub use sweep::{SweepError, Swept};

use hmac::{Hmac, KeyInit, Mac};
use objects::Objects;
use payung_domain::attachment::MediaHash;
use sha2::{Digest, Sha256};
use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Write},
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

impl Upload {
    fn whole(self) -> Standing {
        Standing { offset: self.length, expires: None }
    }

    /// By the name of its beginning on the spool.
    fn of_part(name: &OsStr) -> Option<Self> {
        let (hash, length) = name.to_str()?.split_once('-')?;
        Some(Self { hash: hash.parse().ok()?, length: length.parse().ok()? })
    }
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Bytes that are here, on disk or in their place.
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
    /// The bucket.
    #[error(transparent)]
    Store(StoreFailure),
}

/// What a bucket did not do. Its own words are not passed on: they may hold the name of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFailure {
    /// It does not answer, or not as it should.
    #[error("the media store does not answer: look at media.endpoint, and whether the store is up")]
    Away,
    /// It does not know the key, or the key may not do this.
    #[error(
        "the media store refuses the key: look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, whether it may list, read, write and delete in media.bucket, and at the clock"
    )]
    Refused,
    /// It has no such bucket.
    #[error("the media store has no such bucket: make it, or look at media.bucket and media.region")]
    NoBucket,
    /// The client cannot be made of the settings.
    #[error("no client can be made of the settings: look at media.endpoint and media.region")]
    Settings,
    /// No TLS.
    #[error("there is no TLS: look whether the system has certificates to trust (package ca-certificates)")]
    Tls,
}

impl From<io::ErrorKind> for MediaError {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            kind => Self::Disk(kind),
        }
    }
}

impl From<io::Error> for MediaError {
    fn from(error: io::Error) -> Self {
        error.kind().into()
    }
}

/// The files of a data directory. Its calls wait for disk and network, so they belong on threads that may block.
pub struct Media {
    objects: Objects,
    spool: PathBuf,
    url_key: [u8; 32],
    locks: [Mutex<()>; LOCKS],
}

impl Media {
    /// The folder, made where there is none, with whole files in it, too. `secret` makes the addresses of uploads
    /// unguessable.
    pub fn open(folder: &Path, secret: &[u8; 32]) -> Result<Self, MediaError> {
        Self::open_at(folder, secret, &Place::Disk)
    }

    /// The same with whole files at `place`.
    pub fn open_at(folder: &Path, secret: &[u8; 32], place: &Place) -> Result<Self, MediaError> {
        let spool = folder.join("spool");
        fs::create_dir_all(&spool)?;
        let mut mac = <Hmac<Sha256>>::new_from_slice(secret).expect("any length fits");
        mac.update(b"payung/media/url/1");
        let objects = Objects::open(place, &folder.join("objects"))?;
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
        match self.stands(upload) {
            Err(MediaError::Unknown) => {}
            // whether it is there cannot be asked now: at worst it comes once more
            Err(MediaError::Store(_)) if !self.part(upload).exists() => {}
            known => return known,
        }
        if free(&self.spool)? < LEAST_FREE {
            return Err(MediaError::Full);
        }
        OpenOptions::new().create(true).append(true).open(self.part(upload))?.sync_all()?;
        sync_folder(&self.spool)?;
        self.stands(upload)
    }

    /// How far an upload is. With all bytes there it is made whole, which a failure or an end of the server had left
    /// undone.
    ///
    /// # Errors
    /// [`MediaError::Unknown`], and what [`Media::append`] has for the last byte.
    pub fn standing(&self, upload: Upload) -> Result<Standing, MediaError> {
        let _lock = self.lock(upload.hash);
        self.stands(upload)
    }

    /// The same under the lock.
    fn stands(&self, upload: Upload) -> Result<Standing, MediaError> {
        match fs::metadata(self.part(upload)) {
            Ok(part) if part.len() == upload.length => self.finish(upload),
            Ok(part) => Ok(Standing { offset: part.len(), expires: Some(expires(&part)?) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.objects.length(upload.hash)? {
                Some(length) if length == upload.length => Ok(upload.whole()),
                _ => Err(MediaError::Unknown),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Adds what comes next; when this returns it is on disk. With the last byte the whole is looked at: it becomes the
    /// file of its hash, or is thrown away.
    ///
    /// # Errors
    /// [`MediaError`]; nothing has changed, but for [`MediaError::Mismatch`], and where the last byte is here and its
    /// place did not take the file: then [`Media::standing`] tries again.
    pub fn append(&self, upload: Upload, offset: u64, bytes: &[u8]) -> Result<Standing, MediaError> {
        let _lock = self.lock(upload.hash);
        let stands = self.stands(upload)?;
        let at = stands.offset;
        if at != offset {
            return Err(MediaError::Moved(at));
        }
        let end = at + bytes.len() as u64;
        if end > upload.length {
            return Err(MediaError::TooLong);
        }
        if at == upload.length {
            return Ok(stands);
        }
        let mut part = OpenOptions::new().append(true).open(self.part(upload))?;
        if let Err(error) = part.write_all(bytes).and_then(|()| part.sync_all()) {
            // what was not acknowledged must not count; if this fails, too, the hash tells at the end
            let _ = part.set_len(at);
            return Err(error.into());
        }
        self.stands(upload)
    }

    /// Brings a file, all of whose bytes are there, to its place. Only what is durable there leaves the spool, so
    /// wherever this ends it can be done again.
    fn finish(&self, upload: Upload) -> Result<Standing, MediaError> {
        let part = self.part(upload);
        let bytes = fs::read(&part)?;
        if Sha256::digest(&bytes).as_slice() != upload.hash.0 {
            fs::remove_file(part)?;
            return Err(MediaError::Mismatch);
        }
        self.objects.put(upload.hash, bytes)?;
        fs::remove_file(part)?;
        sync_folder(&self.spool)?;
        Ok(upload.whole())
    }

    /// Ends an upload before it is whole. A whole file is nobody's to remove: [`MediaError::Moved`].
    pub fn discard(&self, upload: Upload) -> Result<(), MediaError> {
        let _lock = self.lock(upload.hash);
        match self.stands(upload)? {
            Standing { offset, expires: None } => Err(MediaError::Moved(offset)),
            _ => Ok(fs::remove_file(self.part(upload))?),
        }
    }

    /// A whole file.
    pub fn read(&self, hash: MediaHash) -> Result<Option<Vec<u8>>, MediaError> {
        self.objects.read(hash)
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
