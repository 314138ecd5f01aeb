//! Where the settings say that files are kept.

use super::{Media, MediaError, StoreFailure, place::Place};
use crate::{
    service::DataDir,
    settings::{SettingError, Settings},
};
use std::{env, path::PathBuf};

/// Why the files of a data directory cannot be worked with. One line each.
#[derive(Debug, thiserror::Error)]
pub enum OpenMediaError {
    /// The settings.
    #[error("{}: {source}", path.display())]
    Setting {
        /// Which file.
        path: PathBuf,
        /// What.
        source: SettingError,
    },
    /// The folder, or the store.
    #[error("{}: {source}", path.display())]
    Media {
        /// The folder, or the settings that say which store.
        path: PathBuf,
        /// Why.
        source: MediaError,
    },
}

impl Place {
    /// As the directory's settings say; without any, its own disk.
    ///
    /// # Errors
    /// [`OpenMediaError::Setting`].
    pub fn of(dir: &DataDir) -> Result<Self, OpenMediaError> {
        let wrong = |source| OpenMediaError::Setting { path: dir.settings(), source };
        Settings::of(dir).and_then(|settings| settings.media.place(|name| env::var(name).ok())).map_err(wrong)
    }

    /// What a text of settings says, with these variables of the environment.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn read(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        Settings::read(text)?.media.place(variable)
    }
}

impl Media {
    /// The files of a data directory, kept at `place`. `secret` makes the addresses of uploads unguessable.
    ///
    /// # Errors
    /// [`OpenMediaError::Media`].
    pub fn of(dir: &DataDir, secret: &[u8; 32], place: &Place) -> Result<Self, OpenMediaError> {
        Self::open_at(&dir.media(), secret, place).map_err(|source| blamed(dir, source))
    }

    /// Asks the store, so that wrong settings are told at the start and not with the first photo. A store that is only
    /// away is no error: registrations must not wait for it.
    ///
    /// # Errors
    /// [`OpenMediaError::Media`].
    pub fn ask(&self, dir: &DataDir) -> Result<(), OpenMediaError> {
        match self.objects.answers() {
            Err(error @ MediaError::Store(StoreFailure::Away)) => {
                tracing::error!(%error, "files cannot become whole until it does");
                Ok(())
            }
            answer => answer.map_err(|source| blamed(dir, source)),
        }
    }
}

/// What a store says leads to the settings, what a disk says to its folder.
pub(super) fn blamed(dir: &DataDir, source: MediaError) -> OpenMediaError {
    let path = if matches!(source, MediaError::Store(_)) { dir.settings() } else { dir.media() };
    OpenMediaError::Media { path, source }
}
