//! `./dev bench`: tests/bench in a release build, beside the peer that npm installs from its lock.

mod shell;

use crate::{
    XtaskError,
    floor::Floor,
    npm,
    workspace::{Profile, Workspace},
};
use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

/// Measures, prints the tables and writes the figures as JSON under the build folder; docs/BENCHMARKS.md, too, when
/// everything was measured. `--shell` measures the facade instead.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode, XtaskError> {
    if args.iter().any(|arg| arg == "--shell") {
        return shell::run(workspace).map(|()| ExitCode::SUCCESS);
    }
    let floor = Floor::new();
    workspace.build(&floor, Profile::Release)?;
    let mut bench = Command::new(workspace.binary(Profile::Release, "payung-bench"));
    bench.current_dir(&workspace.root).arg("--json").arg(workspace.target.join("bench.json"));
    let quick = args.iter().any(|arg| arg == "--quick");
    match peer(workspace, &floor)? {
        Ok(folder) => {
            bench.arg("--peer").arg(folder);
            if !quick {
                bench.arg("--markdown").arg(workspace.root.join("docs/BENCHMARKS.md"));
            }
        }
        Err(reason) => {
            eprintln!("bench: the peer is not measured and docs/BENCHMARKS.md not written, because {reason}");
        }
    }
    let status = bench
        .args(args)
        .status()
        .map_err(|reason| XtaskError::Start { program: bench.get_program().to_string_lossy().into_owned(), reason })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the peer is installed with exactly the versions of its lock, or why it is not.
fn peer(workspace: &Workspace, floor: &Floor) -> Result<Result<PathBuf, &'static str>, XtaskError> {
    let place = workspace.target.join("bench-peer");
    let made = npm::install(floor, "bench: install the peer", &workspace.root.join("tests/bench/peer"), &place)?;
    Ok(made.map(|()| place))
}
