//! What there is, for who looks whether everything is in order.

use super::{
    MediaError, OpenMediaError,
    objects::{Found, Objects},
    place::Place,
    settings::blamed,
};
use crate::{
    service::DataDir,
    storage::{Reading, StorageError},
};
use std::collections::HashSet;

/// Hashes read from the database in one go.
const PAGE: usize = 1000;

/// Files, and what should be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Whole files.
    pub files: u64,
    /// Of all of them.
    pub bytes: u64,
    /// Files that records name.
    pub named: u64,
    /// Those of them that are not there: still with a phone, or lost.
    pub missing: u64,
}

/// Why there is no inventory.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The settings, or the files.
    #[error(transparent)]
    Media(#[from] OpenMediaError),
    /// The names.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Looks at every file's name and changes nothing.
///
/// # Errors
/// [`InventoryError`].
pub fn inventory(dir: &DataDir, unit: &dyn Reading) -> Result<Inventory, InventoryError> {
    let failed = |error| blamed(dir, error);
    let mut inventory = Inventory::default();
    let mut there = HashSet::new();
    let folder = dir.media().join("objects");
    let objects = match Place::of(dir)? {
        // made with the first start; looking makes nothing
        Place::Disk if !folder.exists() => None,
        Place::Disk => Some(Objects::on_disk(&folder).map_err(failed)?),
        Place::S3(bucket) => Some(Objects::in_bucket(&bucket).map_err(failed)?),
    };
    if let Some(objects) = objects {
        let count = |page: Vec<Found>| {
            for file in page {
                inventory.files += 1;
                inventory.bytes += file.length;
                there.insert(file.hash);
            }
            Ok::<_, MediaError>(())
        };
        objects.each_page(count).map_err(failed)?;
    }
    let mut after = None;
    loop {
        let page = unit.media_after(after, PAGE)?;
        inventory.named += page.len() as u64;
        inventory.missing += page.iter().filter(|hash| !there.contains(*hash)).count() as u64;
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(*last),
            _ => return Ok(inventory),
        }
    }
}
