//! Answers: a table for people, JSON for scripts.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;
use std::fmt::Write as _;

/// What a command answers.
pub(super) struct Answer {
    json: Value,
    text: String,
}

impl Answer {
    /// A sentence.
    pub(super) fn says(json: Value, text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.push('\n');
        Self { json, text }
    }

    /// A table, or a sentence where it would be empty.
    pub(super) fn table(json: Value, headers: &[&str], rows: &[Vec<String>], none: &str) -> Self {
        let text = if rows.is_empty() { format!("{none}\n") } else { table(headers, rows) };
        Self { json, text }
    }

    /// More lines under it.
    pub(super) fn and(mut self, text: &str) -> Self {
        self.text.push_str(text);
        if !text.is_empty() && !text.ends_with('\n') {
            self.text.push('\n');
        }
        self
    }

    pub(super) fn render(&self, json: bool) -> String {
        if json { format!("{}\n", self.json) } else { self.text.clone() }
    }
}

/// Columns side by side, as wide as they must be; the last one as it is.
pub(super) fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = headers.iter().map(|header| width(header)).collect();
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(&clean(cell)));
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let mut row = String::new();
        for (cell, widest) in cells.zip(&widths) {
            let _ = write!(row, "{cell}{:space$}", "", space = widest - width(&cell) + 2);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    };
    line(&mut headers.iter().map(|header| (*header).to_owned()));
    line(&mut widths.iter().map(|widest| "-".repeat(*widest)));
    for row in rows {
        line(&mut row.iter().map(|cell| clean(cell)));
    }
    text
}

/// What phones sent may hold control characters that a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A moment, UTC.
pub(super) fn instant(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A value as a person reads it.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let parts: Vec<String> = map.iter().map(|(name, part)| format!("{name} {}", self::value(part))).collect();
            parts.join(", ")
        }
        Value::Array(values) => values.iter().map(self::value).collect::<Vec<_>>().join(" + "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![vec!["SUKARTI".to_owned(), "1".to_owned()], vec!["ÉA".to_owned(), "22".to_owned()]];
        assert_eq!(table(&["Name", "N"], &rows), "Name     N\n-------  --\nSUKARTI  1\nÉA       22\n");
    }

    #[test]
    fn cell_gives_a_terminal_no_orders() {
        assert!(!table(&["A"], &[vec!["\u{1b}[2Jx\n".to_owned()]]).contains('\u{1b}'));
    }

    #[test]
    fn value_reads_without_braces() {
        assert_eq!(value(&json!({"rw": "005", "programs": ["jkk", "jkm"]})), "programs jkk + jkm, rw 005");
        assert_eq!(value(&Value::Null), "(empty)");
    }
}
