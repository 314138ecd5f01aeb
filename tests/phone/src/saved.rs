//! What was printed as saved, outside the store: one line of JSON for each value, appended and synced after the act is
//! committed and before it is printed. A test compares it with what the phone and the server hold.

use payung_domain::{field::Kind, id::RecordId};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

/// The list.
pub(crate) struct SavedLog(File);

impl SavedLog {
    /// Opens the list at `path`, to be continued.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(File::options().create(true).append(true).open(path)?))
    }

    /// Fields of a record.
    pub(crate) fn record<'v>(
        &mut self,
        act: &str,
        record: RecordId,
        kind: &Kind,
        fields: impl IntoIterator<Item = (&'v String, &'v Value)>,
    ) -> io::Result<()> {
        let lines = fields.into_iter().map(|(field, value)| {
            json!({"act": act, "record": record, "kind": kind, "field": field, "value": value}).to_string() + "\n"
        });
        self.append(&lines.collect::<String>())
    }

    /// A field of a form on its way.
    pub(crate) fn draft(&mut self, draft: i64, field: &str, value: &Value) -> io::Result<()> {
        self.append(&format!("{}\n", json!({"act": "draft", "draft": draft, "field": field, "value": value})))
    }

    fn append(&mut self, lines: &str) -> io::Result<()> {
        self.0.write_all(lines.as_bytes())?;
        self.0.sync_data()
    }
}
