//! How far the play is: bars for a person, a line a step for a log. On standard error, so that standard output holds
//! results only.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Where progress is shown.
pub(super) struct Progress {
    bars: MultiProgress,
    terminal: bool,
}

impl Progress {
    /// On standard error.
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), terminal }
    }

    /// A bar of `count` steps of one phone.
    pub(super) fn bar(&self, name: &str, count: usize) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(count as u64)).with_prefix(name.to_owned());
        bar.set_style(style("{prefix:<34} {bar:30} {pos:>3}/{len} {msg}"));
        bar
    }

    /// One step of the play, shown while it runs and told when it is done.
    pub(super) fn step<T, E>(&self, name: &str, run: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let begun = Instant::now();
        let spinner = self.bars.add(ProgressBar::new_spinner()).with_prefix(name.to_owned());
        spinner.set_style(style("{spinner} {prefix}"));
        if self.terminal {
            spinner.enable_steady_tick(Duration::from_millis(120));
        }
        let done = run();
        spinner.finish_and_clear();
        self.bars.remove(&spinner);
        let word = if done.is_ok() { "ok" } else { "FAILED" };
        let line = format!("{word:<7} {name} ({:.1} s)", begun.elapsed().as_secs_f64());
        self.bars.suspend(|| eprintln!("{line}"));
        done
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
