//! The tables of contributions that this phone reckons by.

use crate::{
    error::Result,
    shown::{self, ShownRecord},
    store::Store,
};
use payung_domain::{contribution::ContributionTables, field::Kind, op::Body};
use rusqlite::Transaction;

/// Those the office published, over the one built in.
pub(crate) fn tables(tx: &Transaction) -> Result<ContributionTables> {
    let bodies: Vec<Body> = shown::shared(tx, &Kind::Reference)?.iter().map(ShownRecord::body).collect();
    Ok(ContributionTables::of(&bodies))
}

impl Store {
    /// The tables of contributions this phone has: those the office published, over the one built in.
    pub fn contribution_tables(&self) -> Result<ContributionTables> {
        self.read(tables)
    }
}
