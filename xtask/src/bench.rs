//! `./dev bench`: tests/bench in a release build.

use crate::{
    XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use std::process::{Command, ExitCode};

/// Measures, prints the table and writes docs/BENCHMARKS.md, and the figures as JSON under the build folder.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode, XtaskError> {
    workspace.build(&Floor::new(), Profile::Release)?;
    let bench = workspace.binary(Profile::Release, "payung-bench");
    let status = Command::new(&bench)
        .current_dir(&workspace.root)
        .arg("--json")
        .arg(workspace.target.join("bench.json"))
        .arg("--markdown")
        .arg(workspace.root.join("docs/BENCHMARKS.md"))
        .args(args)
        .status()
        .map_err(|reason| XtaskError::Start { program: bench.display().to_string(), reason })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
