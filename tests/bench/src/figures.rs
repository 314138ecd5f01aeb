//! Figures with their bars, ours beside the peer's, as tables for a person and as JSON.

use serde::Serialize;
use std::fmt::Write;

/// What is to be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// Reported only.
    #[default]
    None,
}

/// Whether more or less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Better {
    /// A speed.
    More,
    /// A cost.
    Less,
}

/// One row of a table: every run's value, of ours and of the peer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// Of the values.
    pub(crate) unit: &'static str,
    /// Which way is better; none where a comparison says nothing.
    pub(crate) better: Option<Better>,
    /// What ours is to reach.
    pub(crate) bar: Bar,
    /// Ours, one a run.
    pub(crate) ours: Vec<f64>,
    /// The peer's, one a run; empty where it has no such thing or was not measured.
    pub(crate) peer: Vec<f64>,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, ours: Vec<f64>) -> Self {
        Self { name: name.into(), unit, better: None, bar: Bar::None, ours, peer: Vec::new() }
    }

    /// With a bar for ours.
    pub(crate) fn bar(self, bar: Bar) -> Self {
        Self { bar, ..self }
    }

    /// Beside the peer's.
    pub(crate) fn beside(self, peer: Vec<f64>, better: Better) -> Self {
        Self { peer, better: Some(better), ..self }
    }

    /// Beside the peer's, where better and worse are no question of more or less.
    pub(crate) fn shown_beside(self, peer: Vec<f64>) -> Self {
        Self { peer, ..self }
    }

    /// How many times better ours is, by the medians; below 1, the peer is better.
    fn times(&self) -> Option<f64> {
        let (ours, peer) = (median(&self.ours)?, median(&self.peer)?);
        let times = match self.better? {
            Better::More => ours / peer,
            Better::Less => peer / ours,
        };
        times.is_finite().then_some(times)
    }

    fn verdict(&self) -> (String, &'static str) {
        let word = |reached| if reached { "reached" } else { "missed" };
        match (self.bar, median(&self.ours)) {
            (Bar::AtLeast(bar), Some(median)) => (format!(">= {}", number(bar)), word(median >= bar)),
            (Bar::AtMost(bar), Some(median)) => (format!("<= {}", number(bar)), word(median <= bar)),
            _ => (String::new(), ""),
        }
    }

    fn cells(&self) -> [String; 7] {
        let (bar, word) = self.verdict();
        let times = self.times().map_or_else(String::new, |times| format!("{}x", number(times)));
        [self.name.clone(), value(&self.ours), value(&self.peer), self.unit.to_owned(), times, bar, word.to_owned()]
    }
}

/// Rows under one heading.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Section {
    /// The heading.
    pub(crate) title: String,
    /// Its rows.
    pub(crate) figures: Vec<Figure>,
}

/// The middle value, of an even number the mean of the two.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let values = sorted(values);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[half - 1], upper) })
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// Median and, in parentheses, least and most.
fn value(values: &[f64]) -> String {
    let Some(median) = median(values).map(number) else { return String::new() };
    let values = sorted(values);
    match [values.first(), values.last()].map(|end| end.copied().map(number)) {
        [Some(least), Some(most)] if least != most => format!("{median} ({least}–{most})"),
        _ => median,
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let whole = format!("{:.0}", value.abs());
        let mut grouped = if value < 0.0 { "-".to_owned() } else { String::new() };
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    } else if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// The tables, as Markdown; they read as well on a terminal. Columns in which nothing stands are left out.
pub(crate) fn tables(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "## {}\n\n{}", section.title, table(&section.figures));
    }
    text
}

fn table(figures: &[Figure]) -> String {
    let head = ["figure", "ours", "peer", "unit", "ours is better", "bar", ""].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(figures.iter().map(Figure::cells));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
    let filled = |column: &usize| rows[1..].iter().any(|row| !row[*column].is_empty());
    let columns: Vec<(usize, usize)> = (0..7).filter(filled).map(|column| (column, width(column))).collect();
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = columns.iter().map(|(column, width)| format!("{:<width$}", row[*column])).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if at == 0 {
            let rules: Vec<String> = columns.iter().map(|(_, width)| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values_and_nothing_of_none() {
        assert_eq!(median(&[9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_speed_is_better_when_higher_and_a_cost_when_lower() {
        let figure = |better| Figure::new("", "", vec![300.0]).beside(vec![100.0], better);
        assert_eq!(figure(Better::More).times(), Some(3.0));
        assert_eq!(figure(Better::Less).times(), Some(1.0 / 3.0));
        assert_eq!(Figure::new("", "", vec![300.0]).beside(Vec::new(), Better::More).times(), None);
        // ours costs nothing: no number says how much better that is
        assert_eq!(Figure::new("", "", vec![0.0]).beside(vec![5.0], Better::Less).times(), None);
    }

    #[test]
    fn a_bar_is_held_against_our_median_not_the_best_run() {
        let figure = Figure::new("", "", vec![90.0, 250.0, 80.0]).bar(Bar::AtLeast(100.0));
        assert_eq!(figure.verdict(), (">= 100".to_owned(), "missed"));
        assert_eq!(figure.bar(Bar::AtMost(90.0)).verdict().1, "reached");
    }

    #[test]
    fn numbers_are_grouped_and_rounded_by_their_size() {
        let shown = [0.0, 0.126, 1.5, 12.34, 150.4, 1234.6, 1_234_567.0, -4321.0].map(number);
        assert_eq!(shown, ["0", "0.13", "1.50", "12.3", "150", "1,235", "1,234,567", "-4,321"]);
    }

    #[test]
    fn a_table_shows_both_sides_and_leaves_out_empty_columns() {
        let push = Figure::new("push", "docs/s", vec![2000.0, 1000.0, 3000.0]).beside(vec![500.0], Better::More);
        let alone = Figure::new("disk", "B", vec![7.0]);
        let text = table(&[push, alone.clone()]);
        let rows: Vec<Vec<&str>> =
            text.lines().map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
        assert_eq!(rows[0], ["figure", "ours", "peer", "unit", "ours is better"]);
        assert_eq!(rows[2], ["push", "2,000 (1,000–3,000)", "500", "docs/s", "4x"]);
        assert_eq!(rows[3], ["disk", "7", "B"]);
        assert!(!table(&[alone]).contains("peer"));
    }
}
