//! The names in the folder: which file each leads to, now and on the disk.

use crate::file::{File, Loss};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// The files SQLite has opened in a folder, and the plain ones beside them.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    files: BTreeMap<u64, File>,
    next: u64,
    /// As the running system sees them.
    names: BTreeMap<String, u64>,
    /// As of the last sync of the folder.
    durable: BTreeMap<String, u64>,
    /// Since then, in order.
    changes: Vec<(String, Option<u64>)>,
    /// Plain files as of then.
    plain: BTreeMap<String, Vec<u8>>,
}

impl Entries {
    /// The folder as it lies on the disk now.
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        let mut entries = Self::default();
        entries.plain = entries.plain_files(folder)?;
        Ok(entries)
    }

    pub(crate) fn file(&mut self, file: u64) -> &mut File {
        self.files.get_mut(&file).expect("a file lives as long as a handle on it")
    }

    pub(crate) fn open_handles(&self) -> usize {
        self.files.values().map(|file| file.open).sum()
    }

    /// The file of a name that SQLite has just opened. `was_there`: before it opened it.
    pub(crate) fn opened(&mut self, folder: &Path, name: &str, was_there: bool) -> io::Result<u64> {
        if !was_there && self.names.contains_key(name) {
            // the name is already made again, by SQLite
            self.moved_by_others(folder, |known| known == name || !folder.join(known).exists())?;
        }
        if let Some(&known) = self.names.get(name) {
            let file = self.file(known);
            if file.open > 0 || (was_there && !file.is_synced()) {
                file.open += 1;
                return Ok(known);
            }
        }
        // new to us, or changed by other hands since nobody had it open: that is taken as durable
        let content = if was_there { fs::read(folder.join(name))? } else { Vec::new() };
        let number = self.next;
        self.next += 1;
        let mut file = File::durable(content);
        file.open = 1;
        self.files.insert(number, file);
        self.names.insert(name.to_owned(), number);
        self.plain.remove(name);
        if was_there {
            self.durable.insert(name.to_owned(), number);
            self.changes.retain(|(changed, _)| changed != name);
        } else {
            self.changes.push((name.to_owned(), Some(number)));
        }
        Ok(number)
    }

    pub(crate) fn deleted(&mut self, name: &str) {
        if self.names.remove(name).is_some() {
            self.changes.push((name.to_owned(), None));
        }
    }

    /// The folder is synced: every name is durable.
    pub(crate) fn sync(&mut self, folder: &Path) -> io::Result<()> {
        self.durable.clone_from(&self.names);
        self.changes.clear();
        let named = &self.names;
        self.files.retain(|number, file| file.open > 0 || named.values().any(|known| known == number));
        self.plain = self.plain_files(folder)?;
        Ok(())
    }

    /// Files that plain code has renamed or removed, such as a damaged database set aside: taken as done, with
    /// everything else that plain code did until now. A rename is one act: neither name alone may be lost.
    fn moved_by_others(&mut self, folder: &Path, gone: impl Fn(&str) -> bool) -> io::Result<()> {
        self.names.retain(|name, _| !gone(name));
        let named = &self.names;
        self.durable.retain(|name, _| named.contains_key(name) || !gone(name));
        self.changes.retain(|(name, _)| named.contains_key(name) || !gone(name));
        self.plain = self.plain_files(folder)?;
        Ok(())
    }

    /// Everything in the folder that SQLite has not opened as a file.
    fn plain_files(&self, folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_file() && !self.names.contains_key(&name) && !name.ends_with("-shm") {
                found.insert(name, fs::read(entry.path())?);
            }
        }
        Ok(found)
    }

    /// Makes the folder what it may be after the power went.
    pub(crate) fn lose(&mut self, folder: &Path, rng: &mut fastrand::Rng) -> io::Result<Loss> {
        let mut loss = Loss::default();
        if self.names.keys().any(|name| !folder.join(name).exists()) {
            self.moved_by_others(folder, |name| !folder.join(name).exists())?;
        }
        for (name, content) in self.plain_files(folder)? {
            if self.plain.get(&name) != Some(&content) && rng.bool() {
                loss.names += 1;
                put(&folder.join(&name), self.plain.get(&name).map(Vec::as_slice))?;
            }
        }
        let now = self.plain_files(folder)?;
        for (name, content) in &self.plain {
            if !now.contains_key(name) && !self.names.contains_key(name) && rng.bool() {
                loss.names += 1;
                put(&folder.join(name), Some(content))?;
            }
        }
        let mut left = BTreeMap::new();
        let changed = self.changes.iter().map(|(name, _)| name);
        let all: BTreeSet<String> = self.names.keys().chain(changed).cloned().collect();
        for name in all {
            let mut states = vec![self.durable.get(&name).copied()];
            states.extend(self.changes.iter().filter(|(changed, _)| *changed == name).map(|(_, state)| *state));
            let number = states[rng.usize(..states.len())];
            loss.names += u64::from(number != self.names.get(&name).copied());
            let path = folder.join(&name);
            match number {
                Some(number) => {
                    let (kept, gone) = self.file(number).lose(rng);
                    put(&path, Some(kept))?;
                    loss += gone;
                    left.insert(name, number);
                }
                None => put(&path, None)?,
            }
        }
        self.names.clone_from(&left);
        self.durable = left;
        self.changes.clear();
        self.plain = self.plain_files(folder)?;
        let named = &self.names;
        self.files.retain(|number, _| named.values().any(|known| known == number));
        Ok(loss)
    }
}

fn put(path: &Path, content: Option<&[u8]>) -> io::Result<()> {
    match content {
        Some(content) => fs::write(path, content),
        None => match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}
