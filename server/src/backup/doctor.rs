//! Is everything in order? One line for each thing looked at; nothing is changed.

use crate::{
    keys::{Keys, read_key},
    media::{Inventory, InventoryError, inventory},
    service::{DataDir, journal::Journal},
    storage::{Sealer, Storage, sqlite::Sqlite, sqlite::glance},
};
use std::{fs, path::Path};

/// Below this a server on a small machine is about to stop.
const LEAST_FREE: u64 = 512 << 20;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What: `database`, `keys`, `areas` …
    pub what: String,
    /// What was found.
    pub found: String,
    /// Whether it is in order.
    pub ok: bool,
    /// In order, but something should be done.
    pub warning: bool,
}

impl Check {
    fn ok(what: &str, found: impl Into<String>) -> Self {
        Self { what: what.to_owned(), found: found.into(), ok: true, warning: false }
    }

    fn wrong(what: &str, found: impl Into<String>) -> Self {
        Self { ok: false, ..Self::ok(what, found) }
    }

    fn warn(what: &str, found: impl Into<String>) -> Self {
        Self { warning: true, ..Self::ok(what, found) }
    }
}

/// Looks at a data directory.
pub fn doctor(dir: &DataDir) -> Vec<Check> {
    let mut checks = Vec::new();
    if !dir.exists() {
        checks.push(Check::wrong("directory", format!("{} is not a Payung data directory", dir.path().display())));
        return checks;
    }
    let keys = Keys::open(&dir.keys());
    match &keys {
        Ok(keys) => {
            checks.push(Check::ok("keys", format!("root {}", keys.root())));
            checks.push(match keys.root_beside() {
                Some(path) => Check::warn(
                    "root",
                    format!("{} lies beside the other keys: move it to a safe place", path.display()),
                ),
                None => Check::ok("root", "kept elsewhere"),
            });
        }
        Err(error) => checks.push(Check::wrong("keys", error.to_string())),
    }
    checks.extend(permissions(dir));
    // a damaged master key must not hide what can be seen without it
    match keys
        .as_ref()
        .map_or_else(|_| read_key(&dir.keys().join("master.key")).map(|key| *key), |keys| Ok(*keys.master()))
    {
        Ok(master) => database(dir, &master, &mut checks),
        Err(_) => match glance(&dir.database()) {
            Ok(glance) if glance.problems.is_empty() => {
                checks.push(Check::ok("pages", "sound; rows not looked at without the master key"));
            }
            Ok(glance) => checks.extend(glance.problems.into_iter().map(|problem| Check::wrong("pages", problem))),
            Err(error) => checks.push(Check::wrong("database", error.to_string())),
        },
    }
    checks.push(free_space(dir.path()));
    checks
}

fn database(dir: &DataDir, master: &[u8; 32], checks: &mut Vec<Check>) {
    let examined = Sqlite::open_to_examine(&dir.database(), master)
        .and_then(|storage| storage.examine().map(|findings| (storage, findings)));
    match examined {
        Ok((storage, findings)) => {
            // of a database that is not sound nothing can be counted on
            let sound = findings.iter().all(|finding| finding.problems.is_empty());
            let media = sound.then(|| media(dir, &storage));
            for finding in findings {
                if finding.problems.is_empty() {
                    checks.push(Check::ok(finding.what, finding.detail));
                }
                checks.extend(finding.problems.into_iter().map(|problem| Check::wrong(finding.what, problem)));
            }
            checks.extend(media);
        }
        Err(error) => checks.push(Check::wrong("database", error.to_string())),
    }
    let journal = Journal::new(dir.journal());
    let sealer = Sealer::new(master);
    checks.push(match (glance(&dir.database()), journal.after(&sealer, 0)) {
        (Ok(glance), Ok(lines)) => {
            let last = lines.last().map_or(0, |line| line.seq);
            match last.cmp(&glance.journal) {
                std::cmp::Ordering::Equal => Check::ok("journal", format!("{last} acts")),
                std::cmp::Ordering::Greater => Check::warn(
                    "journal",
                    format!(
                        "acts {} to {last} are not in the database yet: the next start does them",
                        glance.journal + 1
                    ),
                ),
                std::cmp::Ordering::Less => Check::wrong(
                    "journal",
                    format!("it ends at act {last}, the database has {}: a part of it is lost", glance.journal),
                ),
            }
        }
        (_, Err(error)) => Check::wrong("journal", error.to_string()),
        (Err(error), _) => Check::wrong("database", error.to_string()),
    });
}

/// Whether the files of attachments can be reached, and which are not there.
fn media(dir: &DataDir, storage: &dyn Storage) -> Check {
    let counted = storage.read().map_err(InventoryError::from).and_then(|unit| inventory(dir, &*unit));
    match counted {
        Ok(Inventory { files, bytes, named, missing }) => {
            let found = format!("{files} files, {} KiB; records name {named}", bytes.div_ceil(1024));
            if missing == 0 {
                Check::ok("media", found)
            } else {
                // a photo may come weeks after its record, so this alone is not wrong
                let still = "still with a phone, or lost; after a restore or a move look whether all files were copied";
                Check::warn("media", format!("{found}, {missing} of them not there: {still}"))
            }
        }
        Err(error) => Check::wrong("media", error.to_string()),
    }
}

#[cfg(unix)]
fn permissions(dir: &DataDir) -> Vec<Check> {
    use std::os::unix::fs::PermissionsExt;
    let entries = match fs::read_dir(dir.keys()) {
        Ok(entries) => entries,
        Err(error) => return vec![Check::wrong("permissions", format!("{}: {error}", dir.keys().display()))],
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let secret = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|ext| ext == "key")
            || path.file_name().is_some_and(|name| name == "receivers.json")
    };
    let open: Vec<Check> = paths
        .filter(secret)
        .filter(|path| fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0))
        .map(|path| Check::wrong("permissions", format!("others can read {}: chmod 600", path.display())))
        .collect();
    if open.is_empty() { vec![Check::ok("permissions", "keys are readable by their owner only")] } else { open }
}

#[cfg(not(unix))]
fn permissions(_dir: &DataDir) -> Vec<Check> {
    Vec::new()
}

fn free_space(path: &Path) -> Check {
    match rustix::fs::statvfs(path) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let found = format!("{} MiB free", free >> 20);
            if free < LEAST_FREE { Check::wrong("space", found) } else { Check::ok("space", found) }
        }
        Err(error) => Check::wrong("space", error.to_string()),
    }
}
