//! Opening: the lock, the key, the schema, and setting a damaged file aside.

use crate::{
    error::{Result, StoreError},
    key::{self, DatabaseKey, KeyCheck},
    schema, wal,
};
use payung_domain::planted::{Planted, planted};
use rusqlite::{Connection, OpenFlags};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::LazyLock,
    thread,
    time::Duration,
};

/// How the database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Page cache of the writing connection, in KiB; the reading one has a quarter of it.
    pub cache_kib: u32,
    /// The most pages of 4 KiB the file may grow to; none = as far as the disk goes.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        // indexes of 100,000 workers: smaller, and a first pull decrypts the same pages over and over
        Self { cache_kib: 8192, max_pages: None }
    }
}

/// The files of one database.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) database: PathBuf,
}

impl Files {
    pub(crate) fn new(database: &Path) -> Self {
        Self { database: database.to_owned() }
    }

    fn with(&self, suffix: &str) -> PathBuf {
        suffixed(&self.database, suffix)
    }

    /// Left by whoever met damage while working.
    pub(crate) fn marker(&self) -> PathBuf {
        self.with(".found-damaged")
    }

    /// `….damaged-N`, the first of which there is none yet being where the next damaged file goes.
    fn numbered(&self) -> impl Iterator<Item = PathBuf> {
        (1_u32..).map(|number| self.with(&format!(".damaged-{number}")))
    }

    fn aside(&self) -> PathBuf {
        self.numbered().find(|path| !path.exists()).unwrap_or_default()
    }

    /// The damaged files that were set aside.
    pub(crate) fn damaged(&self) -> impl Iterator<Item = PathBuf> {
        self.numbered().take_while(|path| path.exists())
    }

    /// Says that a damaged file has been brought over.
    pub(crate) fn brought_over(damaged: &Path) -> PathBuf {
        suffixed(damaged, ".brought-over")
    }

    /// Whether a kill cut a setting aside short: the database itself is moved last.
    fn is_half_set_aside(&self) -> bool {
        let aside = self.aside();
        BESIDE.iter().any(|suffix| suffixed(&aside, suffix).exists())
    }

    /// Renames database, log, index and key check to `….damaged-N…`; the marker goes. Can be done again from wherever
    /// a kill cut it short: the log must not be left beside another database, nor the database without its log.
    fn set_aside(&self) -> Result<PathBuf> {
        let aside = self.aside();
        for suffix in BESIDE {
            let from = self.with(suffix);
            if from.exists() {
                fs::rename(from, suffixed(&aside, suffix))?;
            }
        }
        if self.marker().exists() {
            fs::remove_file(self.marker())?;
        }
        if self.database.exists() {
            fs::rename(&self.database, &aside)?;
        } else {
            // what is beside it keeps its number
            File::create(&aside)?;
        }
        Ok(aside)
    }
}

/// What lies beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", ".check"];

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The connections and the lock of an open database.
pub(crate) struct Opened {
    pub(crate) lock: File,
    pub(crate) writer: Connection,
    pub(crate) reader: Connection,
}

pub(crate) fn open(files: &Files, key: &DatabaseKey, options: &Options) -> Result<Opened> {
    let lock = lock(&files.with(".lock"))?;
    let check_file = files.with(".check");
    if files.is_half_set_aside() {
        return Err(StoreError::Damaged { set_aside: files.set_aside()? });
    }
    let holds = |path: &Path| fs::metadata(path).is_ok_and(|found| found.len() > 0);
    let (exists, log) = (holds(&files.database), files.with("-wal"));
    let check = key::check(&check_file, key)?;
    if check == KeyCheck::Wrong {
        return Err(StoreError::WrongKey);
    }
    // the check file is written once the database is there, so that one cannot be new; and beside an empty database
    // SQLite would delete the log
    let vanished = !exists && (check == KeyCheck::Right || holds(&log));
    let damaged = check == KeyCheck::Right && (files.marker().exists() || wal::is_damaged(&log)?);
    if vanished || damaged {
        return Err(StoreError::Damaged { set_aside: files.set_aside()? });
    }
    let connect = || writer(files, key, options).and_then(|writer| Ok((writer, reader(files, key, options)?)));
    // a page that could not be read looks like a forged one: before that is believed, it is asked for again
    let connected = match connect() {
        Err(StoreError::Corrupt) => connect(),
        connected => connected,
    };
    match connected {
        Ok((writer, reader)) => {
            if check != KeyCheck::Right {
                key::write(&check_file, &files.database, key)?;
            }
            Ok(Opened { lock, writer, reader })
        }
        // the key is known to be right, so it is the file that is wrong
        Err(StoreError::Corrupt) if check == KeyCheck::Right => {
            Err(StoreError::Damaged { set_aside: files.set_aside()? })
        }
        // without a check file the two can't be told apart: the one that leaves the file alone
        Err(StoreError::Corrupt) => Err(StoreError::WrongKey),
        Err(error) => Err(error),
    }
}

fn lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyOpen),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

const ACCESS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_CREATE);

/// The connection that writes, the schema brought up to date.
pub(crate) fn writer(files: &Files, key: &DatabaseKey, options: &Options) -> Result<Connection> {
    let mut writer = connect(&files.database, key, options, ACCESS)?;
    // the first read of a page: a wrong key or a damaged header shows here
    let found = schema::version(&writer)?;
    if found > schema::SCHEMA_VERSION {
        return Err(StoreError::NewerSchema { found, known: schema::SCHEMA_VERSION });
    }
    writer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    writer.pragma_update(None, "synchronous", if planted(Planted::SkipFsyncPhone) { "OFF" } else { "FULL" })?;
    // iOS and some Android vendors lie to fsync; where F_FULLFSYNC exists it is used
    writer.pragma_update(None, "fullfsync", true)?;
    writer.pragma_update(None, "foreign_keys", true)?;
    if let Some(pages) = options.max_pages {
        writer.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    // right after creating: SQLCipher does not refuse a wrong key on a database without content
    schema::migrate(&mut writer)?;
    Ok(writer)
}

/// The connection that reads, once the writing one has been there.
pub(crate) fn reader(files: &Files, key: &DatabaseKey, options: &Options) -> Result<Connection> {
    let reader = connect(&files.database, key, options, ACCESS)?;
    reader.pragma_update(None, "cache_size", -i64::from(options.cache_kib / 4))?;
    reader.pragma_update(None, "query_only", true)?;
    schema::version(&reader)?;
    Ok(reader)
}

/// SQLite calls itself ready before SQLCipher is: `sqlite3_initialize` sets `isInit`, leaves its lock, and only then
/// runs `SQLITE_EXTRA_INIT`. Of two threads that open a process's first connections, the second would be refused its
/// key (SQLITE_ERROR of `PRAGMA key`). So the first keyed opening waits, once a process, until a key is taken, whoever
/// else may be the one starting SQLite.
static CIPHER_READY: LazyLock<()> = LazyLock::new(|| {
    let takes_a_key = || -> rusqlite::Result<()> {
        let connection = Connection::open_in_memory()?;
        quieten(&connection);
        connection.pragma_update(None, "key", "any")
    };
    // ten seconds at most: after that the opening itself tells what is wrong
    for _ in 0..10_000 {
        if takes_a_key().is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
});

pub(crate) fn connect(database: &Path, key: &DatabaseKey, options: &Options, access: OpenFlags) -> Result<Connection> {
    LazyLock::force(&CIPHER_READY);
    let connection = Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    quieten(&connection);
    connection.pragma_update(None, "key", key.literal().as_str())?;
    // each page's: 256 bits have instructions of their own on phones (ARMv8) and servers, SQLCipher's own choice, 512,
    // has none; and each page holds 32 bytes more
    connection.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256")?;
    let cipher: Option<String> = connection.pragma_query_value(None, "cipher_version", |row| row.get(0)).ok();
    if cipher.is_none_or(|version| version.is_empty()) {
        return Err(StoreError::NoCipher);
    }
    connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
    // SQLite's temporary tables and journals must not reach the disk in clear
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(160);
    Ok(connection)
}

/// SQLCipher writes to stderr what went wrong with which file; it shall not. Some of its settings answer with a row, some
/// with none. These are the process's, not the connection's, and may fail while another thread sets them, too: nothing
/// but a line on stderr depends on it.
fn quieten(connection: &Connection) {
    for (setting, value) in [("cipher_log", "off"), ("cipher_log_level", "NONE")] {
        drop(connection.pragma_update_and_check(None, setting, value, |_| Ok(())));
    }
}
