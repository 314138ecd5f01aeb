//! What the runs found, by the name of the row, until it becomes figures.

use crate::{
    figures::{Bar, Better, Figure},
    scene::Side,
};
use std::collections::BTreeMap;

/// Values of both sides, one a run.
#[derive(Default)]
pub(super) struct Values(BTreeMap<String, [Vec<f64>; 2]>);

impl Values {
    /// One run's value.
    pub(super) fn note(&mut self, name: impl Into<String>, side: &Side, value: f64) {
        self.0.entry(name.into()).or_default()[side.column()].push(value);
    }

    /// The row of this name, both sides beside each other.
    pub(super) fn row(&mut self, name: &str, unit: &'static str, better: Better, bar: Bar) -> Figure {
        let [ours, peer] = self.0.remove(name).unwrap_or_default();
        Figure::new(name, unit, ours).beside(peer, better).bar(bar)
    }

    /// The row of this name, where more or less is neither better nor worse.
    pub(super) fn plain(&mut self, name: &str, unit: &'static str) -> Figure {
        let [ours, peer] = self.0.remove(name).unwrap_or_default();
        Figure::new(name, unit, ours).shown_beside(peer)
    }

    /// One side's values of that name.
    pub(super) fn of(&self, name: &str, column: usize) -> &[f64] {
        self.0.get(name).map_or(&[], |values| &values[column])
    }
}
