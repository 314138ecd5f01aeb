//! Numbered, forward-only SQL files; `user_version` is the number of the last one applied.

use crate::error::{Result, StoreError};
use rusqlite::{Connection, TransactionBehavior};

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_offered.sql"),
    include_str!("../migrations/0003_media.sql"),
    include_str!("../migrations/0004_reports.sql"),
    include_str!("../migrations/0005_shared.sql"),
    include_str!("../migrations/0006_rounds.sql"),
    include_str!("../migrations/0007_ecosystems.sql"),
];

/// The newest schema this version knows: the number of its last migration.
#[allow(clippy::cast_possible_truncation)]
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

pub(crate) fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Brings the file to [`SCHEMA_VERSION`], one transaction a step.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    migrate_by(connection, MIGRATIONS)
}

pub(crate) fn migrate_by(connection: &mut Connection, migrations: &[&str]) -> Result<()> {
    let found = version(connection)?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (number, sql) in (1u32..).zip(migrations).skip(found as usize) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn upgraded_schema_equals_a_fresh_one() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        let wanted = dump(&fresh);
        assert!(wanted.iter().any(|line| line.starts_with("table record")));
        // from every earlier version, with the file closed in between as an update of the app would
        for from in 0..MIGRATIONS.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("old.db");
            migrate_by(&mut Connection::open(&path).unwrap(), &MIGRATIONS[..from]).unwrap();
            let mut old = Connection::open(&path).unwrap();
            assert_eq!(version(&old).unwrap() as usize, from);
            migrate(&mut old).unwrap();
            assert_eq!(dump(&old), wanted, "from version {from}");
            assert_eq!(version(&old).unwrap(), SCHEMA_VERSION);
        }
    }

    #[test]
    fn a_later_step_is_applied_once_and_only_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x TEXT) STRICT;", "ALTER TABLE a ADD COLUMN y TEXT;"];
        migrate_by(&mut connection, &steps[..1]).unwrap();
        migrate_by(&mut connection, &steps).unwrap();
        migrate_by(&mut connection, &steps).unwrap();
        connection.execute("INSERT INTO a (x, y) VALUES ('1', '2')", []).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x TEXT) STRICT;", "CREATE TABLE b (x TEXT) STRICT; CREATE TABLE a (x TEXT);"];
        assert!(migrate_by(&mut connection, &steps).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert_eq!(dump(&connection).len(), 1);
    }
}
