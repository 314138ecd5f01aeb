//! The programs under test, built as `./dev run` builds them.

use crate::program::ProgramError;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Where the programs lie.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The server, `payung`.
    pub payung: PathBuf,
    /// The phone without a screen, `payung-phone`.
    pub phone: PathBuf,
}

impl Binaries {
    /// Of a folder of built programs.
    pub fn of(folder: &Path) -> Self {
        let program = |name: &str| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
        Self { payung: program("payung"), phone: program("payung-phone") }
    }

    /// For a test: beside itself, built first if they are not there or older than their sources. All of the workspace's
    /// programs are built, as elsewhere: building single packages selects other features and compiles them again.
    /// `PAYUNG_BINARIES` names a folder of others to be tested, as they are.
    pub fn built() -> &'static Self {
        static BUILT: OnceLock<Binaries> = OnceLock::new();
        BUILT.get_or_init(|| build().unwrap_or_else(|error| panic!("the programs under test did not build: {error}")))
    }
}

fn build() -> Result<Binaries, ProgramError> {
    if let Some(folder) = env::var_os("PAYUNG_BINARIES") {
        return Ok(Binaries::of(Path::new(&folder)));
    }
    let failed = |reason| ProgramError::Start { program: "cargo build".to_owned(), reason };
    // target/debug/deps/the_test
    let test = env::current_exe().map_err(failed)?;
    let folder = test.ancestors().nth(2).unwrap_or(&test).to_path_buf();
    let target = folder.parent().unwrap_or(&folder);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--locked", "--workspace", "--bins"]).env("CARGO_TARGET_DIR", target);
    // `cargo test` tells us which package we are; ring's build script watches that and would compile anew each time
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let done = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).output().map_err(failed)?;
    if done.status.success() {
        return Ok(Binaries::of(&folder));
    }
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    Err(ProgramError::Failed { program: "cargo".to_owned(), act: "build".to_owned(), said, all: String::new() })
}
