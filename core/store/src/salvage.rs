//! Bringing over what can still be read of a file that was set aside: what was shown as saved is not to be lost to
//! one bad page.

use crate::{
    error::{Result, StoreError},
    index,
    key::DatabaseKey,
    open::{self, Files, Options},
    sql,
    store::Store,
};
use payung_domain::{field::Kind, id::RecordId};
use rusqlite::{Connection, OpenFlags, Transaction, params_from_iter, types::Value as Sql};
use std::{collections::BTreeSet, fs, path::Path};

/// What was brought over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Ops, whatever their state.
    pub ops: u64,
    /// Forms on their way.
    pub drafts: u64,
    /// Rows known to be there that could not be read.
    pub lost: u64,
}

/// A row, column by column.
type Columns = Vec<Sql>;

/// The old file. SQLCipher refuses everything after the first page it could not read, so each failure costs a new
/// connection.
struct Old<'o> {
    path: &'o Path,
    key: &'o DatabaseKey,
    connection: Option<Connection>,
}

impl Old<'_> {
    /// Rows up to the first that can't be read, and whether that was all.
    fn rows(&mut self, query: &str, parameter: Option<i64>) -> (Vec<Columns>, bool) {
        let mut found = Vec::new();
        if self.connection.is_none() {
            self.connection =
                open::connect(self.path, self.key, &Options::default(), OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
        }
        let Some(connection) = &self.connection else { return (found, false) };
        let read = |found: &mut Vec<Columns>| -> rusqlite::Result<()> {
            let mut statement = connection.prepare_cached(query)?;
            let columns = statement.column_count();
            let mut rows = statement.query(params_from_iter(parameter))?;
            while let Some(row) = rows.next()? {
                found.push((0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?);
            }
            Ok(())
        };
        let whole = read(&mut found).is_ok();
        if !whole {
            self.connection = None;
        }
        (found, whole)
    }

    /// The row of a table with this key; none where it or the way to it is damaged.
    fn row(&mut self, table: &str, key: &str, of: i64) -> Option<Columns> {
        self.rows(&format!("SELECT * FROM {table} WHERE {key} = ?1"), Some(of)).0.pop()
    }

    /// The keys of a table from both ends, up to whatever is damaged between. By the table itself: a damaged index
    /// must not decide what is found.
    fn keys(&mut self, table: &str, key: &str) -> BTreeSet<i64> {
        let mut keys = BTreeSet::new();
        for direction in ["ASC", "DESC"] {
            let query = format!("SELECT {key} FROM {table} NOT INDEXED ORDER BY {key} {direction}");
            let (found, whole) = self.rows(&query, None);
            keys.extend(found.iter().filter_map(|row| match row.first() {
                Some(Sql::Integer(key)) => Some(*key),
                _ => None,
            }));
            if whole {
                break;
            }
        }
        keys
    }
}

fn insert(tx: &Transaction, table: &str, row: &Columns) -> Result<bool> {
    let places = vec!["?"; row.len()].join(", ");
    let sql = format!("INSERT OR IGNORE INTO {table} VALUES ({places})");
    Ok(tx.prepare_cached(&sql)?.execute(params_from_iter(row))? == 1)
}

/// A record that only its op tells of gets a row, so that it is shown.
fn show_again(tx: &Transaction, op: &Columns, body: &Columns) -> Result<()> {
    let (Some(Sql::Blob(id)), Some(Sql::Text(kind)), Some(Sql::Text(area)), Some(Sql::Text(set))) =
        (op.get(1), op.get(2), body.get(1), body.get(5))
    else {
        return Ok(());
    };
    let (Some(id), Ok(area)) = (RecordId::from_slice(id), sql::area(area)) else { return Ok(()) };
    let kind = Kind::from_name(kind);
    if crate::shown::base_row(tx, id)?.is_none() {
        let body = sql::json(set)?;
        crate::save::insert_record(tx, id, &kind, &area, kind.parent(&body))?;
    }
    index::refresh(tx, id)
}

impl Store {
    /// Opens as [`Store::open`] does, and where the file was found damaged, now or at an opening that a kill interrupted, goes
    /// on with a fresh one into which what can still be read is brought over, once.
    ///
    /// # Errors
    /// As [`Store::open`], but for [`StoreError::Damaged`].
    pub fn open_mended(path: &Path, key: &DatabaseKey, options: &Options) -> Result<(Self, Option<Salvaged>)> {
        let store = match Self::open(path, key, options) {
            // set aside; the next opening makes a fresh one
            Err(StoreError::Damaged { .. }) => Self::open(path, key, options),
            opened => opened,
        }?;
        let mut all: Option<Salvaged> = None;
        for damaged in Files::new(path).damaged() {
            let marker = Files::brought_over(&damaged);
            if marker.exists() {
                continue;
            }
            let Salvaged { ops, drafts, lost } = store.salvage(&damaged, key)?;
            fs::write(marker, [])?;
            let all = all.get_or_insert_default();
            all.ops += ops;
            all.drafts += drafts;
            all.lost += lost;
        }
        Ok((store, all))
    }

    /// Brings identity, ops, drafts, typed NIKs and the queue of photos over from a file that was set aside. What was
    /// pulled comes again with the next exchange; a whole file that nothing readable names is uploaded once more. For a store just made; the file stays where it is.
    ///
    /// # Errors
    /// Only for the new store: what the old one can't give is counted in [`Salvaged::lost`].
    pub fn salvage(&self, set_aside: &Path, key: &DatabaseKey) -> Result<Salvaged> {
        let mut old = Old { path: set_aside, key, connection: None };
        self.write("salvage", |tx, changed| {
            (changed.records, changed.outbox, changed.drafts) = (true, true, true);
            let mut salvaged = Salvaged::default();
            let pulled = ["cursor", "pull", "pull_full", "repulled_at"];
            for row in old.rows("SELECT name, value FROM meta", None).0 {
                if !matches!(row.first(), Some(Sql::Text(name)) if pulled.contains(&name.as_str())) {
                    insert(tx, "meta", &row)?;
                }
            }
            for row in old.rows("SELECT record, nik FROM own_nik", None).0 {
                insert(tx, "own_nik", &row)?;
            }
            for k in old.keys("op", "k") {
                match (old.row("op", "k", k), old.row("op_body", "k", k)) {
                    (Some(op), Some(body)) => {
                        insert(tx, "op", &op)?;
                        insert(tx, "op_body", &body)?;
                        show_again(tx, &op, &body)?;
                        salvaged.ops += 1;
                    }
                    _ => salvaged.lost += 1,
                }
            }
            // an op in which a later one was read has its number from it at least
            tx.execute(
                "UPDATE meta SET value = max(value, coalesce((SELECT max(n) FROM op WHERE device =
                 (SELECT value FROM meta WHERE name = 'device')), 0)) WHERE name = 'last_n'",
                [],
            )?;
            for id in old.keys("draft", "id") {
                let Some(draft) = old.row("draft", "id", id) else {
                    salvaged.lost += 1;
                    continue;
                };
                insert(tx, "draft", &draft)?;
                salvaged.drafts += 1;
                for field in old.rows("SELECT draft, name, value FROM draft_field WHERE draft = ?1", Some(id)).0 {
                    insert(tx, "draft_field", &field)?;
                }
            }
            for mid in old.keys("media", "mid") {
                if let Some(file) = old.row("media", "mid", mid) {
                    insert(tx, "media", &file)?;
                }
            }
            self.queue_unnamed(tx)?;
            Ok(salvaged)
        })
    }
}
