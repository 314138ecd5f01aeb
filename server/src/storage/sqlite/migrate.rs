//! The schema: numbered, forward only, `user_version` says how far.

use super::super::{Result, StorageError};
use rusqlite::{Connection, TransactionBehavior};

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_offers.sql"),
    include_str!("migrations/0003_media.sql"),
    include_str!("migrations/0004_shared.sql"),
    include_str!("migrations/0005_sponsored.sql"),
    include_str!("migrations/0006_cards.sql"),
    include_str!("migrations/0007_ecosystems.sql"),
    include_str!("migrations/0008_clinics.sql"),
];

/// The newest schema this version knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema up, each step in its own transaction; refuses a newer one without touching it.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let version =
        |connection: &Connection| connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    let known = newest();
    let found = version(connection)?;
    if found > known {
        return Err(StorageError::NewerSchema { found, known });
    }
    for (step, sql) in (1_i64..).zip(MIGRATIONS) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // another process may have done it while we waited
        if version(&transaction)? < step {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", step)?;
        }
        transaction.commit()?;
    }
    Ok(())
}
