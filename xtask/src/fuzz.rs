//! `./dev fuzz`: tests/fuzz under libFuzzer, guided by coverage. A build of its own, on stable Rust: code that counts
//! its own branches is what the sanitizer-coverage pass makes, which is a stable option; only the sanitizers are not.

use crate::{XtaskError, workspace::Workspace};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// As cargo-fuzz builds, without a sanitizer: no code of ours is `unsafe`.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
/// More than any target needs: the largest limit is a reply's 16 MiB of JSON.
const MOST_MEMORY_MB: u32 = 512;
/// Of one input, in seconds.
const LONGEST_CASE: u32 = 20;

/// Which targets, and for how long.
#[derive(Args, Debug)]
pub(crate) struct FuzzArgs {
    /// The targets; all when none is named.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Keep in tests/fuzz/corpus what reached code that nothing kept there reaches.
    #[arg(long)]
    keep: bool,
}

/// Runs the targets one after the other; fails where one does, with the input kept as a fixture.
pub(crate) fn run(workspace: &Workspace, args: &FuzzArgs) -> Result<ExitCode, XtaskError> {
    let binary = build(workspace)?;
    let names = String::from_utf8_lossy(&output(&mut Command::new(&binary))?).into_owned();
    let all: Vec<&str> = names.lines().collect();
    let chosen: Vec<&str> =
        if args.targets.is_empty() { all.clone() } else { args.targets.iter().map(String::as_str).collect() };
    if let Some(unknown) = chosen.iter().find(|name| !all.contains(name)) {
        eprintln!("fuzz: there is no target {unknown}; there are: {}", all.join(", "));
        return Ok(ExitCode::FAILURE);
    }
    let mut failed = Vec::new();
    for name in chosen {
        let fuzzed = Fuzzed::new(workspace, &binary, name)?;
        eprintln!("fuzz: {name}, {} s", args.seconds);
        if !fuzzed.run(args.seconds)? {
            failed.push(name);
        } else if args.keep {
            fuzzed.keep()?;
        }
    }
    for name in &failed {
        eprintln!("fuzz: {name} does not hold; the input is in tests/fuzz/corpus/{name}, and this fails with it:");
        eprintln!("      cargo test -p payung-fuzz --test properties {name}");
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build(workspace: &Workspace) -> Result<PathBuf, XtaskError> {
    let told = output(Command::new("rustc").arg("-vV"))?;
    let told = String::from_utf8_lossy(&told).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).ok_or(XtaskError::Build)?;
    let folder = workspace.target.join("fuzz");
    let mut command = workspace.cargo("build");
    // naming the target keeps the flags away from build scripts and macros, which could not run with them
    command.args(["-p", "payung-fuzz", "--features", "guided", "--bin", "payung-fuzz", "--target", host]);
    command.env("CARGO_TARGET_DIR", &folder).env("RUSTFLAGS", COVERAGE);
    let status = command.status().map_err(|reason| XtaskError::Start { program: "cargo".to_owned(), reason })?;
    if status.success() { Ok(folder.join(host).join("debug/payung-fuzz")) } else { Err(XtaskError::Build) }
}

fn output(command: &mut Command) -> Result<Vec<u8>, XtaskError> {
    let program = command.get_program().to_string_lossy().into_owned();
    Ok(command.output().map_err(|reason| XtaskError::Start { program, reason })?.stdout)
}

/// One target with its folders.
struct Fuzzed<'w> {
    name: &'w str,
    binary: &'w Path,
    /// What libFuzzer found interesting on this machine.
    found: PathBuf,
    /// What `cargo test` replays.
    kept: PathBuf,
}

impl<'w> Fuzzed<'w> {
    fn new(workspace: &Workspace, binary: &'w Path, name: &'w str) -> Result<Self, XtaskError> {
        let found = workspace.target.join("fuzz/found").join(name);
        let kept = workspace.root.join("tests/fuzz/corpus").join(name);
        for folder in [&found, &kept] {
            fs::create_dir_all(folder).map_err(|reason| XtaskError::File { path: folder.clone(), reason })?;
        }
        Ok(Self { name, binary, found, kept })
    }

    fn driver(&self) -> Command {
        let mut command = Command::new(self.binary);
        command.env("PAYUNG_FUZZ_TARGET", self.name).env("PAYUNG_FUZZ_SEEDS", &self.found);
        command.arg(format!("-rss_limit_mb={MOST_MEMORY_MB}")).arg(format!("-timeout={LONGEST_CASE}"));
        command.arg(format!("-artifact_prefix={}/", self.kept.display()));
        command
    }

    fn run(&self, seconds: u32) -> Result<bool, XtaskError> {
        let mut command = self.driver();
        command.arg(format!("-max_total_time={seconds}")).args(["-print_final_stats=1", "-max_len=4096"]);
        self.status(command.arg(&self.found).arg(&self.kept))
    }

    /// Adds to the kept inputs those found ones that reach further.
    fn keep(&self) -> Result<bool, XtaskError> {
        self.status(self.driver().arg("-merge=1").arg(&self.kept).arg(&self.found))
    }

    fn status(&self, command: &mut Command) -> Result<bool, XtaskError> {
        let program = || self.binary.display().to_string();
        let status = command.status().map_err(|reason| XtaskError::Start { program: program(), reason })?;
        Ok(status.success())
    }
}
