//! `./dev bench`: tests/bench in a release build, beside the peer that npm installs from its lock.

mod shell;

use crate::{
    XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use std::{
    fs,
    path::{Path, PathBuf},
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

/// Where the peer is installed with exactly the versions of its lock, or why it is not. Made once for each lock; its
/// scripts are copied every time.
fn peer(workspace: &Workspace, floor: &Floor) -> Result<Result<PathBuf, &'static str>, XtaskError> {
    let source = workspace.root.join("tests/bench/peer");
    let place = workspace.target.join("bench-peer");
    let installed = place.join("installed.json");
    copy_files(&source, &place)?;
    let lock = source.join("package-lock.json");
    let wanted = fs::read(&lock).map_err(|reason| XtaskError::File { path: lock, reason })?;
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(Ok(place));
    }
    // the native parts come prebuilt: no package's own script is run
    let mut npm = Command::new("npm");
    npm.current_dir(&place).args(["ci", "--ignore-scripts"]);
    match floor.step("bench: install the peer", &mut npm) {
        Ok(ended) if ended.success => {}
        Ok(_) => return Ok(Err("npm could not install it")),
        Err(_) => return Ok(Err("npm is not installed")),
    }
    fs::write(&installed, wanted).map_err(|reason| XtaskError::File { path: installed, reason })?;
    Ok(Ok(place))
}

fn copy_files(from: &Path, to: &Path) -> Result<(), XtaskError> {
    let failed = |reason| XtaskError::File { path: from.to_owned(), reason };
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
        }
    }
    Ok(())
}
