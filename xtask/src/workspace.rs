//! Where the project lies on this machine and how its Cargo is called.

use crate::{XtaskError, floor::Floor};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The project's folder, its build folder and its Cargo.
pub(crate) struct Workspace {
    /// Holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder; what is made here lies under it.
    pub(crate) target: PathBuf,
}

/// Which of the two profiles a binary is built in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// What `./dev run` and `./dev test` share.
    Dev,
    /// What is measured.
    Release,
}

impl Workspace {
    /// From where this program was compiled, and `CARGO_TARGET_DIR`.
    pub(crate) fn find() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().unwrap_or(here).to_path_buf();
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Self { root, target }
    }

    /// `cargo TASK`, in the project's folder.
    pub(crate) fn cargo(&self, task: &str) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.arg(task).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // `cargo run` tells us which package we are; ring's build script watches that and would compile anew each time
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                command.env_remove(name);
            }
        }
        // the machine that judges a change must not resolve other versions than the author did
        if env::var_os("CI").is_some() && matches!(task, "build" | "test" | "clippy") {
            command.arg("--locked");
        }
        command
    }

    /// Whether a Cargo subcommand is installed; its version line if so.
    pub(crate) fn cargo_has(&self, task: &str) -> Option<String> {
        let said = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args([task, "--version"])
            .current_dir(&self.root)
            .output()
            .ok()?;
        said.status.success().then(|| String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }

    /// Builds every library and binary of the workspace, always the whole of it: building single packages selects other
    /// features and compiles the dependencies again.
    pub(crate) fn build(&self, floor: &Floor, profile: Profile) -> Result<(), XtaskError> {
        let mut command = self.cargo("build");
        command.arg("--workspace");
        if profile == Profile::Release {
            command.arg("--release");
        }
        if floor.step("build", &mut command)?.success { Ok(()) } else { Err(XtaskError::Build) }
    }

    /// A binary that [`Workspace::build`] made.
    pub(crate) fn binary(&self, profile: Profile, name: &str) -> PathBuf {
        let folder = match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        };
        self.target.join(folder).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}
