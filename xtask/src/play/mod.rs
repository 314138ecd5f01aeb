//! The played scenario: the main job on real input, with the real binaries.

use crate::{
    RunArgs, XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use std::process::ExitCode;

/// Why the play stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    /// The scenario is not written yet.
    #[error("the server and the phone are built, but the played scenario does not exist yet")]
    Unwritten,
}

/// Builds the binaries; plays nothing yet, and says so.
pub(crate) fn run(workspace: &Workspace, _args: &RunArgs) -> Result<ExitCode, XtaskError> {
    workspace.build(&Floor::new(), Profile::Dev)?;
    Err(PlayError::Unwritten.into())
}
