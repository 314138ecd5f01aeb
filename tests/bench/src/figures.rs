//! Figures with their bars, as a table for a person, JSON, and docs/BENCHMARKS.md.

use serde::Serialize;
use std::fmt::Write;

/// Whether more or less is better.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// Reported only.
    None,
}

/// One row of the table: every run's value.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// Of the values.
    pub(crate) unit: &'static str,
    /// One a run.
    pub(crate) values: Vec<f64>,
    /// What is to be reached.
    pub(crate) bar: Bar,
}

impl Figure {
    pub(crate) fn new(name: &str, unit: &'static str, bar: Bar, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), unit, values, bar }
    }

    fn sorted(&self) -> Vec<f64> {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        values
    }

    /// The middle value.
    pub(crate) fn median(&self) -> f64 {
        let values = self.sorted();
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn spread(&self) -> String {
        let values = self.sorted();
        match (values.first(), values.last()) {
            (Some(least), Some(most)) if values.len() > 1 => format!("{}–{}", number(*least), number(*most)),
            _ => String::new(),
        }
    }

    fn verdict(&self) -> (String, &'static str) {
        let median = self.median();
        let word = |reached| if reached { "reached" } else { "missed" };
        match self.bar {
            Bar::AtLeast(bar) => (format!(">= {}", number(bar)), word(median >= bar)),
            Bar::AtMost(bar) => (format!("<= {}", number(bar)), word(median <= bar)),
            Bar::None => (String::new(), ""),
        }
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let whole = format!("{value:.0}");
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    } else if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// The table, as Markdown; it reads as well on a terminal.
pub(crate) fn table(figures: &[Figure]) -> String {
    let head = ["figure", "median", "spread", "unit", "bar", ""].map(str::to_owned);
    let mut rows = vec![head];
    for figure in figures {
        let (bar, word) = figure.verdict();
        let median = number(figure.median());
        rows.push([figure.name.clone(), median, figure.spread(), figure.unit.to_owned(), bar, word.to_owned()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if at == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat((*width).max(3))).collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text
}
