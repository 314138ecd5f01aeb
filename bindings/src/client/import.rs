//! A list an RT already had.

use super::{Client, Result};
use crate::{CoreError, clock};
use payung_domain::roster::{self, RosterError};
use payung_store::Imported;

#[uniffi::export]
impl Client {
    /// Makes forms of a CSV file: columns by their headers (`nik`, `nama`, `tempat/tanggal lahir`, `alamat`, `rt`, `rw`,
    /// `pekerjaan`, `hp`, `penghasilan` …), at most 1 MiB and 2,000 people. Who is on this phone already makes none, so the
    /// same file may be given again. Also before joining.
    ///
    /// # Errors
    /// [`CoreError::ListRefused`] names every cell that cannot be read; then nothing is taken.
    pub fn import_list(&self, file: Vec<u8>) -> Result<Imported> {
        let session = self.open()?;
        let list = roster::read(&file).map_err(|error| {
            let code = error.code().to_owned();
            let cells = if let RosterError::Cells(cells) = error { cells } else { Vec::new() };
            CoreError::ListRefused { code, cells }
        })?;
        Ok(session.store.import(&list, clock::now_ms())?)
    }
}
