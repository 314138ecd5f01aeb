//! `payung.toml` in the data directory. There need be none; what is there must be understood whole.

use crate::{
    media::Written,
    service::{DataDir, cards::CardAddress},
};
use serde::Deserialize;
use std::{fs, io};

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

/// What the file holds.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(default)]
    pub(crate) media: Written,
    #[serde(default)]
    cards: Cards,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cards {
    address: Option<String>,
}

impl Settings {
    /// Those of a data directory.
    pub(crate) fn of(dir: &DataDir) -> Result<Self, SettingError> {
        match fs::read_to_string(dir.settings()) {
            Ok(text) => Self::read(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(SettingError::Unread(error.kind())),
        }
    }

    /// Those of a text.
    pub(crate) fn read(text: &str) -> Result<Self, SettingError> {
        // the message names the setting; the error as a whole would quote the line
        toml::from_str(text).map_err(|error| SettingError::Shape(error.message().to_owned()))
    }

    /// What cards say of where they come from, where it is set.
    pub(crate) fn card_address(&self) -> Result<Option<CardAddress>, SettingError> {
        let wrong = SettingError::Wrong(
            "cards.address",
            "is the server's address as clinics reach it, at most 40 characters, such as \"https://payung.example.id\"",
        );
        match &self.cards.address {
            Some(address) => CardAddress::parse(address).map(Some).ok_or(wrong),
            None => Ok(None),
        }
    }
}
