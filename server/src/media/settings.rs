//! `payung.toml` in the data directory. There need be none; what is there must be understood whole.

use super::{
    Media, MediaError, StoreFailure,
    place::{Place, Written},
};
use crate::service::DataDir;
use serde::Deserialize;
use std::{env, fs, io, path::PathBuf};

/// What is wrong with a setting, and what to do. It never holds what was set.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A setting, or a variable of the environment.
    #[error("{0} {1}")]
    Wrong(&'static str, &'static str),
    /// Not TOML, or a setting that this version does not know.
    #[error("{0}")]
    Shape(String),
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unread(io::ErrorKind),
}

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

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    media: Written,
}

impl Place {
    /// As the directory's settings say; without any, its own disk.
    ///
    /// # Errors
    /// [`OpenMediaError::Setting`].
    pub fn of(dir: &DataDir) -> Result<Self, OpenMediaError> {
        let path = dir.settings();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(OpenMediaError::Setting { path, source: SettingError::Unread(error.kind()) }),
        };
        Self::read(&text, |name| env::var(name).ok()).map_err(|source| OpenMediaError::Setting { path, source })
    }

    /// What a text of settings says, with these variables of the environment.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn read(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        // the message names the setting; the error as a whole would quote the line
        let file: File = toml::from_str(text).map_err(|error| SettingError::Shape(error.message().to_owned()))?;
        file.media.place(variable)
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
