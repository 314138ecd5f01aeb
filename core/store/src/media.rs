//! Photos and drawings: their files, as ciphertext, beside the database, and the queue of what is not uploaded.
//!
//! A file is on disk before the act that names it is committed: a kill between the two leaves a file that nothing
//! names, which goes at the next opening. A file that is not uploaded is never removed to make room; one that is, is
//! kept for showing as long as there is room for it.

use crate::{
    error::{Result, StoreError},
    save,
    shown::{self, Mark, ShownRecord},
    sql,
    store::Store,
};
use payung_domain::{
    area::Area,
    attachment::MediaHash,
    field::{FieldError, Kind},
    id::RecordId,
    op::Body,
};
use rusqlite::{OptionalExtension, Row, Transaction};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// A photo or drawing on its way into the store.
#[derive(Clone, Copy)]
pub struct NewAttachment<'a> {
    /// The record that is made.
    pub id: RecordId,
    /// Its fields, of the kind `attachment`.
    pub body: &'a Body,
    /// The file that its field `media` names.
    pub ciphertext: &'a [u8],
    /// Higher goes first.
    pub priority: i32,
    /// Not to be uploaded by a road that costs money.
    pub wifi_only: bool,
}

/// A file that waits to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingFile {
    /// Its name.
    pub hash: MediaHash,
    /// In bytes.
    pub size: u64,
    /// Where its upload goes on; none before it was begun.
    pub upload: Option<UploadPlace>,
    /// What the server said it has.
    pub offset: u64,
    /// Times that it failed since something of it last got through.
    pub tries: u32,
}

/// Where an upload goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPlace {
    /// The server or hub, `https://host[:port]`.
    pub server: String,
    /// The path there.
    pub path: String,
}

/// What a screen says of photos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaCounts {
    /// Files that are not uploaded.
    pub waiting: u64,
    /// Their bytes that the server does not have.
    pub waiting_bytes: u64,
    /// Of those that wait, how many wait for wifi.
    pub waiting_for_wifi: u64,
    /// Files that are uploaded and kept for showing.
    pub kept: u64,
    /// Their bytes.
    pub kept_bytes: u64,
}

/// How far the file of a photo or drawing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It lies here and is not uploaded.
    Waiting,
    /// The server has it, and a copy lies here for showing.
    Sent,
    /// It does not lie here: another phone's, made room after it was sent, or given up.
    Away,
}

/// A photo or drawing of a record, without what opens its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its record.
    pub id: RecordId,
    /// `photo`, `signature`, `mark`.
    pub what: String,
    /// `image/jpeg`, `image/png`.
    pub media_type: String,
    /// How far its record has come.
    pub mark: Mark,
    /// How far its file has come; the record never waits for it.
    pub file: FileState,
    /// Of the file, in bytes.
    pub size: u64,
    /// Bytes of it that the server said it has.
    pub sent: u64,
    /// It waits for a road that costs nothing.
    pub wifi_only: bool,
}

/// The folder of files beside a database.
#[derive(Clone, Debug)]
struct Folder(PathBuf);

impl Folder {
    fn beside(database: &Path) -> Self {
        Self(database.with_file_name("media"))
    }

    fn path(&self, hash: MediaHash) -> PathBuf {
        self.0.join(hash.to_string())
    }

    /// Writes a file so that it is there, whole, when this returns.
    fn write(&self, hash: MediaHash, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let part = self.0.join(format!("{hash}.part"));
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if let Err(error) = written.and_then(|()| fs::rename(&part, self.path(hash))) {
            // what is left of it takes the room that was too little
            let _ = fs::remove_file(&part);
            return Err(error);
        }
        File::open(&self.0)?.sync_all()
    }

    fn remove(&self, hash: MediaHash) -> io::Result<()> {
        match fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Not saved, whatever the disk had against it.
fn not_saved(_: io::Error) -> StoreError {
    StoreError::NotSaved
}

/// No file waits longer: a moment further ahead was reckoned by a clock that was wrong.
const LONGEST_WAIT_MS: i64 = 24 * 60 * 60 * 1000;
const WAITING: &str = "SELECT hash, size, server, url, \"offset\", tries FROM media";

fn waiting(row: &Row) -> Result<WaitingFile> {
    let place: (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
    let upload = match place {
        (Some(server), Some(path)) => Some(UploadPlace { server, path }),
        _ => None,
    };
    Ok(WaitingFile {
        hash: MediaHash(row.get(0)?),
        size: sql::unbits(row.get(1)?),
        upload,
        offset: sql::unbits(row.get(4)?),
        tries: row.get(5)?,
    })
}

fn has(tx: &Transaction, hash: MediaHash) -> Result<bool> {
    Ok(tx.prepare_cached("SELECT 1 FROM media WHERE hash = ?1")?.exists([hash.0])?)
}

fn attachment(tx: &Transaction, record: &ShownRecord) -> Result<Attachment> {
    let row: Option<(u64, u64, bool, bool)> = tx
        .prepare_cached("SELECT size, \"offset\", wifi_only, done_at IS NOT NULL FROM media WHERE record = ?1")?
        .query_row([record.id.bytes()], |row| {
            Ok((sql::unbits(row.get(0)?), sql::unbits(row.get(1)?), row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let media = record.fields.get("media");
    let part = |name: &str| media.and_then(|media| media.value.get(name));
    let said = part("size").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let (file, size, sent, wifi_only) = match row {
        None => (FileState::Away, said, 0, false),
        Some((size, sent, wifi_only, false)) => (FileState::Waiting, size, sent, wifi_only),
        Some((size, sent, wifi_only, true)) => (FileState::Sent, size, sent, wifi_only),
    };
    Ok(Attachment {
        id: record.id,
        what: record.text("what").unwrap_or_default().to_owned(),
        media_type: part("type").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned(),
        mark: media.map_or(Mark::Pulled, |media| media.mark.clone()),
        file,
        size,
        sent,
        wifi_only,
    })
}

/// The files of a record erased by law are nobody's any more; they go with the next sweep.
pub(crate) fn erase(tx: &Transaction, record: RecordId) -> Result<()> {
    tx.prepare_cached("DELETE FROM media WHERE record = ?1")?.execute([record.bytes()])?;
    Ok(())
}

impl Store {
    fn media_folder(&self) -> Folder {
        Folder::beside(self.path())
    }

    /// Adds a photo or drawing: the record's op, and its file in the queue of uploads. The record does not wait for
    /// its file. It belongs to its parent's area, else to `area`.
    ///
    /// # Errors
    /// [`StoreError::InvalidDraft`] when a field is wrong or missing, or the file is not the one that `media` names;
    /// [`StoreError::NotSaved`] when there is no room: nothing else is touched.
    pub fn add_attachment(&self, new: &NewAttachment, area: &Area, now_ms: i64) -> Result<()> {
        save::check_fact(&Kind::Attachment, new.body)?;
        let hash = MediaHash(Sha256::digest(new.ciphertext).into());
        let size = new.body.get("media").and_then(|media| media.get("size")).and_then(serde_json::Value::as_u64);
        if !hash.is_of(new.body) || size != Some(new.ciphertext.len() as u64) {
            return Err(StoreError::InvalidDraft(vec![FieldError::new("media", "media_other_file")]));
        }
        self.media_folder().write(hash, new.ciphertext).map_err(not_saved)?;
        self.write("fact", |tx, changed| {
            (changed.records, changed.outbox) = (true, true);
            save::create_fact(tx, new.id, &Kind::Attachment, new.body, area, now_ms)?;
            tx.prepare_cached(
                "INSERT INTO media (hash, record, size, priority, wifi_only) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (hash) DO NOTHING",
            )?
            .execute((
                hash.0,
                new.id.bytes(),
                sql::bits(new.ciphertext.len() as u64),
                new.priority,
                new.wifi_only,
            ))?;
            Ok(())
        })
    }

    /// The photos and drawings of a record and of duplicates linked to it, oldest first.
    pub fn attachments(&self, of: RecordId) -> Result<Vec<Attachment>> {
        self.read(|tx| {
            let records = shown::children(tx, of, &Kind::Attachment)?;
            records.iter().map(|record| attachment(tx, record)).collect()
        })
    }

    /// Gives up a file that is not uploaded: it leaves the queue and the phone. Its record stays, since it may be on
    /// its way already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when no file of this record waits: nothing that was uploaded is lost so.
    pub fn give_up_file(&self, record: RecordId) -> Result<()> {
        let hash = self.write("meta", |tx, changed| {
            (changed.records, changed.outbox) = (true, true);
            let sql = "DELETE FROM media WHERE record = ?1 AND done_at IS NULL RETURNING hash";
            let hash = tx.prepare_cached(sql)?.query_row([record.bytes()], |row| row.get(0)).optional()?;
            hash.map(MediaHash).ok_or(StoreError::NotFound)
        })?;
        // where it fails, the next sweep does it
        let _ = self.media_folder().remove(hash);
        Ok(())
    }

    /// A person wants to send now: no file waits out its failures any longer.
    pub fn hurry_uploads(&self) -> Result<()> {
        self.write("meta", |tx, _| {
            tx.prepare_cached("UPDATE media SET next_at = 0 WHERE done_at IS NULL AND next_at > 0")?.execute([])?;
            Ok(())
        })
    }

    /// The next file to upload: by priority, then in the order of saving; none that waits after a failure, and on a
    /// road that costs money none that shall wait for wifi.
    pub fn next_upload(&self, wifi: bool, now_ms: i64) -> Result<Option<WaitingFile>> {
        self.read(|tx| {
            let sql = format!(
                "{WAITING} WHERE done_at IS NULL AND (next_at <= ?1 OR next_at > ?3) AND (?2 OR wifi_only = 0)
                 ORDER BY priority DESC, mid LIMIT 1"
            );
            let mut statement = tx.prepare_cached(&sql)?;
            let mut rows = statement.query((now_ms, wifi, now_ms.saturating_add(LONGEST_WAIT_MS)))?;
            rows.next()?.map(waiting).transpose()
        })
    }

    /// When the next file that waits after a failure may be tried, milliseconds since 1970; none when none waits.
    pub fn next_upload_at(&self, wifi: bool) -> Result<Option<i64>> {
        let sql = "SELECT min(next_at) FROM media WHERE done_at IS NULL AND (?1 OR wifi_only = 0)";
        self.read(|tx| Ok(tx.prepare_cached(sql)?.query_row([wifi], |row| row.get(0))?))
    }

    /// At most `most` bytes of a file, from `offset`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not here.
    pub fn media_piece(&self, hash: MediaHash, offset: u64, most: usize) -> Result<Vec<u8>> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(self.media_folder().path(hash))?;
            file.seek(SeekFrom::Start(offset))?;
            let mut piece = Vec::new();
            file.take(most as u64).read_to_end(&mut piece)?;
            Ok(piece)
        };
        read().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NotFound,
            kind => StoreError::Folder(kind),
        })
    }

    /// A file as ciphertext, for showing; none when it is not here.
    pub fn media_file(&self, hash: MediaHash) -> Result<Option<Vec<u8>>> {
        match self.media_piece(hash, 0, usize::MAX) {
            Err(StoreError::NotFound) => Ok(None),
            file => file.map(Some),
        }
    }

    /// The server has so much of a file, at that place.
    pub fn upload_stands(&self, hash: MediaHash, place: &UploadPlace, offset: u64) -> Result<()> {
        self.write("meta", |tx, changed| {
            changed.outbox = true;
            tx.prepare_cached(
                "UPDATE media SET server = ?2, url = ?3, \"offset\" = ?4, tries = 0, next_at = 0
                 WHERE hash = ?1 AND done_at IS NULL",
            )?
            .execute((hash.0, &place.server, &place.path, sql::bits(offset)))?;
            Ok(())
        })
    }

    /// The server has nothing of a file, or not at the place it had named: its upload begins anew.
    pub fn upload_lost(&self, hash: MediaHash) -> Result<()> {
        self.write("meta", |tx, _| {
            let sql = "UPDATE media SET server = NULL, url = NULL, \"offset\" = 0 WHERE hash = ?1 AND done_at IS NULL";
            tx.prepare_cached(sql)?.execute([hash.0])?;
            Ok(())
        })
    }

    /// The server asks not to come before `until_ms`, with whatever file.
    pub fn put_off_uploads(&self, until_ms: i64) -> Result<()> {
        self.write("meta", |tx, _| {
            let sql = "UPDATE media SET next_at = max(next_at, ?1) WHERE done_at IS NULL";
            tx.prepare_cached(sql)?.execute([until_ms])?;
            Ok(())
        })
    }

    /// An upload failed; it is tried again from `next_at_ms` on.
    pub fn upload_failed(&self, hash: MediaHash, next_at_ms: i64) -> Result<()> {
        self.write("meta", |tx, _| {
            let sql = "UPDATE media SET tries = tries + 1, next_at = ?2 WHERE hash = ?1 AND done_at IS NULL";
            tx.prepare_cached(sql)?.execute((hash.0, next_at_ms))?;
            Ok(())
        })
    }

    /// The server has all of a file. Its copy is kept for showing; of those copies the oldest go until all take at most
    /// `quota` bytes.
    pub fn uploaded(&self, hash: MediaHash, quota: u64, now_ms: i64) -> Result<()> {
        let over = self.write("meta", |tx, changed| {
            changed.outbox = true;
            let sql = "UPDATE media SET done_at = ?2, \"offset\" = size WHERE hash = ?1 AND done_at IS NULL";
            tx.prepare_cached(sql)?.execute((hash.0, now_ms))?;
            let mut over = Vec::new();
            let mut room = quota;
            {
                let sql = "SELECT hash, size FROM media WHERE done_at IS NOT NULL ORDER BY done_at DESC, mid DESC";
                let mut statement = tx.prepare_cached(sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    match room.checked_sub(sql::unbits(row.get(1)?)) {
                        Some(left) if over.is_empty() => room = left,
                        _ => over.push(MediaHash(row.get(0)?)),
                    }
                }
            }
            for hash in &over {
                tx.prepare_cached("DELETE FROM media WHERE hash = ?1")?.execute([hash.0])?;
            }
            Ok(over)
        })?;
        for hash in over {
            // where it fails, the next sweep does it
            let _ = self.media_folder().remove(hash);
        }
        Ok(())
    }

    /// What a screen says of photos.
    pub fn media_counts(&self) -> Result<MediaCounts> {
        self.read(|tx| {
            let counts = tx
                .prepare_cached(
                    "SELECT count(*) FILTER (WHERE done_at IS NULL),
                            coalesce(sum(size - \"offset\") FILTER (WHERE done_at IS NULL), 0),
                            count(*) FILTER (WHERE done_at IS NULL AND wifi_only),
                            count(*) FILTER (WHERE done_at IS NOT NULL),
                            coalesce(sum(size) FILTER (WHERE done_at IS NOT NULL), 0)
                     FROM media",
                )?
                .query_row([], |row| {
                    let number = |column| row.get(column).map(sql::unbits);
                    Ok(MediaCounts {
                        waiting: number(0)?,
                        waiting_bytes: number(1)?,
                        waiting_for_wifi: number(2)?,
                        kept: number(3)?,
                        kept_bytes: number(4)?,
                    })
                })
                .optional()?;
            Ok(counts.unwrap_or_default())
        })
    }

    /// Queues every whole file that no row names: the row may be among those that could not be read, and the server
    /// knows by the records what a file is for.
    pub(crate) fn queue_unnamed(&self, tx: &Transaction) -> Result<()> {
        let Ok(files) = fs::read_dir(&self.media_folder().0) else { return Ok(()) };
        let nobody = [0; 16];
        for path in files.flatten().map(|file| file.path()) {
            let named = path.file_name().and_then(|name| name.to_str()?.parse::<MediaHash>().ok());
            let (Some(hash), Ok(bytes)) = (named, fs::read(&path)) else { continue };
            if MediaHash(Sha256::digest(&bytes).into()) == hash {
                tx.prepare_cached(
                    "INSERT INTO media (hash, record, size, priority, wifi_only) VALUES (?1, ?2, ?3, 0, 1)
                     ON CONFLICT (hash) DO NOTHING",
                )?
                .execute((hash.0, nobody, sql::bits(bytes.len() as u64)))?;
            }
        }
        Ok(())
    }

    /// Removes files that nothing names: what a kill left behind, and what belonged to the erased. Nobody may be adding
    /// an attachment meanwhile. A store that has not joined removes nothing: the one before it may have been set aside,
    /// and what that can still tell of its files is yet to be brought over.
    pub(crate) fn sweep_media(&self) -> Result<()> {
        if self.identity()?.is_none() {
            return Ok(());
        }
        let folder = self.media_folder();
        let files = match fs::read_dir(&folder.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files?,
        };
        self.read(|tx| {
            for file in files {
                let file = file?;
                let named = file.file_name().to_str().and_then(|name| name.parse().ok());
                if !named.map(|hash| has(tx, hash)).transpose()?.unwrap_or(false) {
                    fs::remove_file(file.path())?;
                }
            }
            Ok(())
        })
    }
}
