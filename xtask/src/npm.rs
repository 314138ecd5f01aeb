//! Packages of npm, with exactly the versions of a committed lock.

use crate::{XtaskError, floor::Floor};
use std::{fs, path::Path, process::Command};

/// Copies the files of `source` to `place` and installs what its lock names there, once for each lock; or tells why that
/// could not be done. No package's own script is run: native parts come prebuilt.
pub(crate) fn install(
    floor: &Floor,
    name: &str,
    source: &Path,
    place: &Path,
) -> Result<Result<(), &'static str>, XtaskError> {
    let installed = place.join("installed.json");
    copy_files(source, place)?;
    let lock = source.join("package-lock.json");
    let wanted = fs::read(&lock).map_err(|reason| XtaskError::File { path: lock, reason })?;
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(Ok(()));
    }
    let mut npm = Command::new("npm");
    npm.current_dir(place).args(["ci", "--ignore-scripts"]);
    match floor.step(name, &mut npm) {
        Ok(ended) if ended.success => {}
        Ok(_) => return Ok(Err("npm could not install what it needs")),
        Err(_) => return Ok(Err("npm is not installed")),
    }
    fs::write(&installed, wanted).map_err(|reason| XtaskError::File { path: installed, reason })?;
    Ok(Ok(()))
}

/// Copies the files of a folder, not those of folders in it.
pub(crate) fn copy_files(from: &Path, to: &Path) -> Result<(), XtaskError> {
    let failed = |reason| XtaskError::File { path: from.to_owned(), reason };
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
        }
    }
    Ok(())
}
