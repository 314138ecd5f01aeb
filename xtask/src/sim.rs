//! `./dev sim`: tests/simulator in a release build; with `--planted`, in a build that can plant bugs.

use crate::{
    XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use std::process::{Command, ExitCode};

/// Cargo's arguments for the simulator with bugs to plant. Of this package alone, so that no other program has them;
/// the dependencies are those of the ordinary build.
pub(crate) const PLANTED: [&str; 4] = ["-p", "payung-simulator", "--features", "planted"];

/// Plays seeds; fails where a seed does.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode, XtaskError> {
    let floor = Floor::new();
    let profile = if args.iter().any(|arg| arg == "--planted") {
        let built = floor.step("build with bugs to plant", workspace.cargo("build").args(PLANTED))?;
        if !built.success {
            return Err(XtaskError::Build);
        }
        Profile::Dev
    } else {
        workspace.build(&floor, Profile::Release)?;
        Profile::Release
    };
    let simulator = workspace.binary(profile, "payung-sim");
    let status = Command::new(&simulator)
        .current_dir(&workspace.root)
        .args(args)
        .status()
        .map_err(|reason| XtaskError::Start { program: simulator.display().to_string(), reason })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
