//! `./dev crash`: tests/crash, on the programs as `./dev test` builds them.

use crate::{
    XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use std::process::{Command, ExitCode};

/// Kills and bad roads; prints where it struck, what was lost, and what each road cost.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode, XtaskError> {
    workspace.build(&Floor::new(), Profile::Dev)?;
    let crash = workspace.binary(Profile::Dev, "payung-crash");
    let status = Command::new(&crash)
        .current_dir(&workspace.root)
        .args(args)
        .status()
        .map_err(|reason| XtaskError::Start { program: crash.display().to_string(), reason })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
