//! `./dev sim`: tests/simulator in a release build.

use crate::{
    XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use std::process::{Command, ExitCode};

/// Plays seeds; fails where a seed does.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode, XtaskError> {
    workspace.build(&Floor::new(), Profile::Release)?;
    let simulator = workspace.binary(Profile::Release, "payung-sim");
    let status = Command::new(&simulator)
        .current_dir(&workspace.root)
        .args(args)
        .status()
        .map_err(|reason| XtaskError::Start { program: simulator.display().to_string(), reason })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
