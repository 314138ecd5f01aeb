//! The office's tools: `payung admin`, on the data directory beside a running server.

use crate::program::{ProgramError, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// An operator at the office.
#[derive(Clone, Debug)]
pub struct Admin {
    program: PathBuf,
    data: PathBuf,
    operator: String,
}

impl Admin {
    /// The first operator of a new server: adds them, and acts as them from then on.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn first(program: &Path, data: &Path, operator: &str) -> Result<Self, ProgramError> {
        let admin = Self::known(program, data, operator);
        let data = data.display().to_string();
        run(program, &["admin", "--data", &data, "--json", "operator", "add", operator])?;
        Ok(admin)
    }

    /// An operator that the server knows already.
    pub fn known(program: &Path, data: &Path, operator: &str) -> Self {
        Self { program: program.to_path_buf(), data: data.to_path_buf(), operator: operator.to_owned() }
    }

    /// One act; what it prints as JSON.
    ///
    /// # Errors
    /// [`ProgramError`] with the tool's own words.
    pub fn act(&self, words: &[&str]) -> Result<Value, ProgramError> {
        let data = self.data.display().to_string();
        let mut all = vec!["admin", "--data", &data, "--as", &self.operator, "--json"];
        all.extend(words);
        let said = run(&self.program, &all)?;
        Ok(serde_json::from_str(&said).unwrap_or(Value::Null))
    }

    /// The link of a fresh invite for an official of an area.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn invite(&self, official: &str, area: &str, server: &str) -> Result<String, ProgramError> {
        let said = self.act(&["invite", "--official", official, "--area", area, "--server", server])?;
        Ok(said["link"].as_str().unwrap_or_default().to_owned())
    }
}
