//! `./dev test`: the parts, in the order in which a mistake is cheapest to hear of.

mod bindings;
mod core;
mod deny;
mod docs;
mod judges;
mod swift;

pub(crate) use bindings::{RT, maven, read_reports};

use crate::{XtaskError, app, floor::Floor, page, tally::Tally, workspace::Workspace};
use clap::ValueEnum;
use std::process::ExitCode;

/// A part of the tests that can be run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The documents' links and maps.
    Docs,
    /// Format, lints and the workspace's own tests.
    Core,
    /// The facade in the languages of the shells.
    Bindings,
    /// The app's screens over the real core and a real server.
    App,
    /// Programs nobody here wrote open what Payung seals.
    Judges,
    /// The page that verifies membership cards, in node and in a browser.
    Page,
    /// Licences, sources and known defects of the dependencies.
    Deny,
}

/// Runs the parts, all when none is named; the last line printed is the sum.
pub(crate) fn run(workspace: &Workspace, parts: &[Part]) -> Result<ExitCode, XtaskError> {
    let floor = Floor::new();
    let mut sum = Tally::default();
    for part in Part::value_variants().iter().filter(|part| parts.is_empty() || parts.contains(part)) {
        sum += match part {
            Part::Docs => docs::run(workspace)?,
            Part::Core => core::run(workspace, &floor)?,
            Part::Bindings => bindings::run(workspace, &floor)?,
            Part::App => app::test(workspace, &floor)?,
            Part::Judges => judges::run(workspace, &floor)?,
            Part::Page => page::test(workspace, &floor)?,
            Part::Deny => deny::run(workspace, &floor)?,
        };
    }
    println!("{sum}");
    Ok(if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
