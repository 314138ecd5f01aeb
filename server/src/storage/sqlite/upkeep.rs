//! What an operator asks of the file itself: a copy as of one moment, and whether it is sound.

use super::{
    super::{Reading, Result, Sealer, Storage, StorageError},
    Sqlite, Unit, codec,
    codec::{record_id, unsigned},
    migrate, prepare,
    write::audit_hash,
};
use payung_domain::id::Epoch;
use payung_protocol::{Checksum, record_check};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::{collections::BTreeMap, path::Path, sync::Mutex};

/// At most so many of one sort of problem are spelled out.
const TOLD: usize = 5;

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `schema`, `pages`, `audit` …
    pub what: &'static str,
    /// Counts, where it is sound.
    pub detail: String,
    /// What is wrong; empty where it is sound.
    pub problems: Vec<String>,
}

impl Finding {
    fn sound(what: &'static str, detail: String) -> Self {
        Self { what, detail, problems: Vec::new() }
    }

    fn of(what: &'static str, detail: String, mut problems: Vec<String>) -> Self {
        let more = problems.len().saturating_sub(TOLD);
        problems.truncate(TOLD);
        if more > 0 {
            problems.push(format!("and {more} more"));
        }
        Self { what, detail, problems }
    }
}

/// What a database file says about itself, without a key and without changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Its schema.
    pub schema: i64,
    /// Its life.
    pub epoch: Epoch,
    /// The last act of the journal it has.
    pub journal: u64,
    /// What SQLite has to say about its pages; empty where it is sound.
    pub problems: Vec<String>,
}

fn read_only(path: &Path) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    prepare(&connection)?;
    Ok(connection)
}

fn integrity(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Looks at a database file.
pub fn glance(path: &Path) -> Result<Glance> {
    let connection = read_only(path)?;
    let counter = |name: &str| -> Result<u64> {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        Ok(connection.query_row(sql, [name], |row| row.get(0)).optional()?.map_or(0, unsigned))
    };
    Ok(Glance {
        schema: connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
        epoch: Epoch(counter("epoch")?),
        journal: counter("journal")?,
        problems: integrity(&connection)?,
    })
}

/// Writes a compact copy of a database, as of one moment, to a file that is not there yet. Runs beside a server.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let to = to.to_str().ok_or(StorageError::Unreadable("path"))?;
    let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare(&connection)?;
    connection.execute("VACUUM INTO ?1", [to])?;
    Ok(())
}

/// Brings everything of a database that nobody has open into its one file.
pub fn fold(path: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    if mode == "delete" { Ok(()) } else { Err(StorageError::Busy) }
}

impl Sqlite {
    /// Opens a database file as it is, an older schema included: to be looked at, not to be served.
    pub fn open_to_examine(path: &Path, master: &[u8; 32]) -> Result<Self> {
        let writer = Mutex::new(read_only(path)?);
        Ok(Self { path: path.to_owned(), writer, readers: Mutex::default(), sealer: Sealer::new(master) })
    }

    /// Looks at everything there is to be sure of. Reads every row.
    pub fn examine(&self) -> Result<Vec<Finding>> {
        let connection = self.reader()?;
        connection.execute_batch("BEGIN")?;
        let unit = Unit { lease: super::Lease::Reader(Some(connection), &self.readers), sealer: self.sealer() };
        let mut findings = vec![unit.schema()?, unit.pages()?];
        // rows of a file with broken pages or another schema are not worth counting
        if findings.iter().all(|finding| finding.problems.is_empty()) {
            findings.extend([unit.audit_chain()?, unit.sealed()?, unit.areas()?, unit.feeds()?, unit.history_fits()?]);
        }
        Ok(findings)
    }
}

impl Unit<'_> {
    fn schema(&self) -> Result<Finding> {
        let found: i64 = self.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let newest = migrate::newest();
        let wrong = (found != newest).then(|| format!("schema {found}, this version of payung knows {newest}"));
        Ok(Finding::of("schema", format!("{found}"), wrong.into_iter().collect()))
    }

    fn pages(&self) -> Result<Finding> {
        let pages: i64 = self.pragma_query_value(None, "page_count", |row| row.get(0))?;
        Ok(Finding::of("pages", format!("{pages} pages"), integrity(self)?))
    }

    fn audit_chain(&self) -> Result<Finding> {
        let (mut last, mut after, mut lines) = ([0; 32], 0, 0);
        loop {
            let page = self.audit(after, 1000)?;
            for line in &page {
                if line.seq != after + 1 {
                    return Ok(Finding::of("audit", String::new(), vec![format!("line {} is missing", after + 1)]));
                }
                if audit_hash(&last, line.at, &line.who, &line.act, &line.detail) != line.hash {
                    let wrong = format!("line {} was changed, or one before it taken out", line.seq);
                    return Ok(Finding::of("audit", String::new(), vec![wrong]));
                }
                (last, after, lines) = (line.hash, line.seq, lines + 1);
            }
            if page.is_empty() {
                return Ok(Finding::sound("audit", format!("{lines} lines")));
            }
        }
    }

    /// Every sealed blob opens and says what its columns say.
    fn sealed(&self) -> Result<Finding> {
        let mut problems = Vec::new();
        let (mut records, mut ops) = (0_u64, 0_u64);
        let mut statement = self.prepare(&format!("SELECT {}, parent, alias_of, status FROM record", codec::RECORD))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            records += 1;
            let id = record_id(row, "id")?;
            match self.record(row) {
                Ok(kept) => {
                    let record = kept.record;
                    let parent: Option<[u8; 16]> = row.get("parent")?;
                    let alias: Option<[u8; 16]> = row.get("alias_of")?;
                    let status: Option<String> = row.get("status")?;
                    let same = record.kind.parent(&record.body).map(|id| id.bytes()) == parent
                        && record.alias.as_ref().map(|alias| alias.survivor.bytes()) == alias
                        && record.text("status") == status.as_deref();
                    if !same {
                        problems.push(format!("record {id}: its columns say something else than its body"));
                    }
                }
                Err(error) => problems.push(format!("record {id}: {error}")),
            }
        }
        let mut statement = self.prepare(&format!("SELECT {} FROM op", codec::OP))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            ops += 1;
            let named = || -> Result<String> {
                Ok(format!("op {} of device {}", row.get::<_, i64>("n")?, codec::device_id(row, "device")?))
            };
            match self.read_op(row) {
                Ok(stored) if stored.op.hash() == stored.hash => {}
                Ok(_) => problems.push(format!("{}: it has another hash than when it was received", named()?)),
                Err(error) => problems.push(format!("{}: {error}", named()?)),
            }
        }
        let persons =
            (|| -> Result<usize> { Ok(self.devices()?.len() + self.officials()?.len() + self.invites()?.len()) })();
        let persons = match persons {
            Ok(count) => count,
            Err(error) => {
                problems.push(format!("officials, devices, invites: {error}"));
                0
            }
        };
        let detail = format!("{records} records, {ops} ops, {persons} officials, devices and invites open");
        Ok(Finding::of("sealed", detail, problems))
    }

    /// The running checksums are what the records give.
    fn areas(&self) -> Result<Finding> {
        let mut sums: BTreeMap<String, (Checksum, i64)> = BTreeMap::new();
        let mut statement = self.prepare("SELECT id, version, area FROM record")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let sum = sums.entry(row.get("area")?).or_default();
            sum.0 = sum.0.plus(record_check(record_id(row, "id")?, unsigned(row.get("version")?)));
            sum.1 += 1;
        }
        let mut statement = self.prepare("SELECT path, checksum, records FROM area")?;
        let mut rows = statement.query([])?;
        let mut problems = Vec::new();
        let count = sums.len();
        while let Some(row) = rows.next()? {
            let path: String = row.get(0)?;
            let kept = (Checksum(unsigned(row.get(1)?)), row.get::<_, i64>(2)?);
            if kept != sums.remove(&path).unwrap_or_default() {
                problems.push(format!("area {path}: its checksum is not that of its records"));
            }
        }
        problems.extend(sums.keys().map(|path| format!("area {path}: it has records and no checksum")));
        Ok(Finding::of("areas", format!("{count} areas"), problems))
    }

    /// No place of a village's feed is taken twice or lies beyond its counter.
    fn feeds(&self) -> Result<Finding> {
        let places = "(SELECT village, seq FROM record UNION ALL SELECT village, seq FROM tombstone)";
        let twice = format!("SELECT DISTINCT village FROM {places} GROUP BY village, seq HAVING count(*) > 1");
        let beyond = format!(
            "SELECT p.village FROM (SELECT village, max(seq) AS seq FROM {places} GROUP BY village) p
             LEFT JOIN village v ON v.code = p.village WHERE v.seq IS NULL OR v.seq < p.seq"
        );
        let mut problems = Vec::new();
        for (sql, wrong) in [(twice, "a place of its feed is taken twice"), (beyond, "its feed is beyond its counter")]
        {
            let mut statement = self.prepare(&sql)?;
            let villages =
                statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
            problems.extend(villages.iter().map(|village| format!("village {village}: {wrong}")));
        }
        let villages: i64 = self.query_row("SELECT count(*) FROM village", [], |row| row.get(0))?;
        Ok(Finding::of("feeds", format!("{villages} villages"), problems))
    }

    /// Ops, records, parents, links and claims name each other rightly.
    fn history_fits(&self) -> Result<Finding> {
        let checks = [
            (
                "ops were applied to records that are not there",
                "SELECT count(*) FROM op WHERE status IN ('applied', 'linked')
                 AND NOT EXISTS (SELECT 1 FROM record r WHERE r.id = op.record)",
            ),
            (
                "records have no op",
                "SELECT count(*) FROM record r WHERE NOT EXISTS (SELECT 1 FROM op WHERE op.record = r.id)",
            ),
            (
                "records have a parent that is not there",
                "SELECT count(*) FROM record r WHERE parent IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM record p WHERE p.id = r.parent)",
            ),
            (
                "records are linked to one that is not there, or that is linked on",
                "SELECT count(*) FROM record r WHERE alias_of IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM record s WHERE s.id = r.alias_of AND s.alias_of IS NULL)",
            ),
            (
                "NIKs are claimed for records that are not there",
                "SELECT count(*) FROM nik_claim c WHERE NOT EXISTS (SELECT 1 FROM record r WHERE r.id = c.record)",
            ),
            (
                "ops are of devices that are not known",
                "SELECT count(*) FROM op WHERE NOT EXISTS (SELECT 1 FROM device d WHERE d.id = op.device)
                 AND NOT EXISTS (SELECT 1 FROM official o WHERE o.id = op.device) AND op.device <> zeroblob(16)",
            ),
        ];
        let mut problems = Vec::new();
        for (wrong, sql) in checks {
            let count: i64 = self.query_row(sql, [], |row| row.get(0))?;
            if count > 0 {
                problems.push(format!("{count} {wrong}"));
            }
        }
        let held: i64 = self.query_row("SELECT count(*) FROM op WHERE status = 'held'", [], |row| row.get(0))?;
        let refused: i64 = self.query_row("SELECT count(*) FROM op WHERE status = 'refused'", [], |row| row.get(0))?;
        let acts: i64 = self.query_row("SELECT count(*) FROM pending_act", [], |row| row.get(0))?;
        let detail = format!("{held} ops held, {refused} refused, {acts} acts wait for their record");
        Ok(Finding::of("history", detail, problems))
    }
}
