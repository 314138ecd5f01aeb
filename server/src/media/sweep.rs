//! What is thrown away: files of erased people at once, files no attachment names after a month, uploads nobody went
//! on with after a week. And what is done again: files whose place was away when their last byte came.

use super::{Media, MediaError, Upload};
use crate::storage::{Storage, StorageError};
use std::{fs, io};

/// A phone may upload a photo long before its record gets through, by another road.
const UNNAMED_LIFE: i64 = 30 * 24 * 3600 * 1000;

/// What a sweep threw away, and what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files of erased people.
    pub erased: u64,
    /// Files that no attachment names.
    pub unnamed: u64,
    /// Uploads that were not gone on with.
    pub stale: u64,
    /// Uploads that were all there and now came to their place.
    pub finished: u64,
    /// Files that are left.
    pub kept: u64,
}

/// Why a sweep ended early. What it did stays done; the next goes on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The files.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<io::Error> for SweepError {
    fn from(error: io::Error) -> Self {
        Self::Media(error.into())
    }
}

impl Media {
    /// Throws away what nothing stands for any more. `now` is the time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`SweepError`].
    pub fn sweep(&self, storage: &dyn Storage, now: i64) -> Result<Swept, SweepError> {
        let mut swept = Swept::default();
        let gone = storage.read()?.media_gone()?;
        for hash in &gone {
            swept.erased += u64::from(self.objects.remove(*hash)?);
        }
        if !gone.is_empty() {
            let unit = storage.write()?;
            unit.forget_media(&gone)?;
            unit.commit()?;
        }
        for part in fs::read_dir(&self.spool)? {
            let name = part?.file_name();
            // what is not named like a part of ours is not ours to look at
            let Some(upload) = Upload::of_part(&name) else { continue };
            let _lock = self.lock(upload.hash);
            match self.stands(upload) {
                Ok(stands) if stands.expires.is_none() => swept.finished += 1,
                Ok(stands) if stands.expires.is_some_and(|expires| expires < now) => {
                    fs::remove_file(self.part(upload))?;
                    swept.stale += 1;
                }
                // a request was here first, or threw it away just now
                Ok(_) | Err(MediaError::Unknown | MediaError::Mismatch) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.objects.each_page(|found| {
            let old: Vec<_> =
                found.iter().filter(|file| file.since < now - UNNAMED_LIFE).map(|file| file.hash).collect();
            swept.kept += (found.len() - old.len()) as u64;
            let named = storage.read()?.media_named(&old)?;
            for hash in old {
                if named.contains(&hash) {
                    swept.kept += 1;
                } else {
                    swept.unnamed += u64::from(self.objects.remove(hash)?);
                }
            }
            Ok::<_, SweepError>(())
        })?;
        Ok(swept)
    }
}
