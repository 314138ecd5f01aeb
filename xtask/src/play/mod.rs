//! The played scenario: the main job on real input, with the real binaries. A server, an operator, the branch, and two
//! officials' phones, each its own process with its encrypted file.

mod branch;
mod closing;
mod figures;
mod progress;
mod scenes;
mod shared;
mod stage;

use crate::{
    RunArgs, XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use figures::Figures;
use payung_system_tests::{Binaries, PhoneError, ProgramError, ServerError, ledger::LedgerError};
use progress::Progress;
pub(crate) use stage::OPERATOR;
use stage::Stage;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// Under the target folder, while a demo is up: where it is.
pub(crate) const DEMO: &str = "demo.json";

/// The most of a photo that is on its way at once, so early in a run, in bytes.
const CHUNK: u64 = 64 << 10;

/// Why the play stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    /// `--keep` names a folder with something in it.
    #[error("{} is not empty: name a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A file or folder.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A phone did not do it.
    #[error("{scene}, {phone}: {reason}")]
    Phone {
        /// Where in the play.
        scene: &'static str,
        /// Whose phone.
        phone: String,
        /// Why.
        reason: PhoneError,
    },
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The office's tools.
    #[error(transparent)]
    Office(#[from] ProgramError),
    /// Comparing with the server.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The branch's file.
    #[error("the export cannot be read: {0}")]
    Export(#[from] csv::Error),
    /// Something did not come about.
    #[error("{0}")]
    Missing(&'static str),
}

impl PlayError {
    /// For `map_err`: with the path.
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |reason| Self::File { path, reason }
    }
}

/// Builds the binaries, plays, and leaves the server up, or with `--json` prints the figures and ends.
pub(crate) fn run(workspace: &Workspace, args: &RunArgs) -> Result<ExitCode, XtaskError> {
    workspace.build(&Floor::new(), Profile::Dev)?;
    let programs = workspace.binary(Profile::Dev, "payung");
    let binaries = Binaries::of(programs.parent().unwrap_or(&workspace.target));
    let folder = folder(workspace, args)?;
    let begun = Instant::now();
    let progress = Progress::new();
    let mut stage = Stage::set(&binaries, &folder, args.seed, &progress)?;
    let figures = scenes::play(&mut stage, args.seed, begun, &progress)?;
    let passed = figures.pass();
    if args.json {
        stage.strike()?;
        if passed && args.keep.is_none() {
            fs::remove_dir_all(&folder).map_err(PlayError::file(&folder))?;
        }
        println!("{}", figures.json());
        return Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    print!("{}", closing::tables(&mut stage, &figures)?);
    if !passed {
        stage.strike()?;
        return Ok(ExitCode::FAILURE);
    }
    print!("{}", stage.how_to_go_on()?);
    let demo = workspace.target.join(DEMO);
    stage.tell(&demo)?;
    let stayed = stage.stay_up();
    let _ = fs::remove_file(&demo);
    stayed?;
    Ok(ExitCode::SUCCESS)
}

/// A fresh folder: the one named, else the next under `.payung`.
fn folder(workspace: &Workspace, args: &RunArgs) -> Result<PathBuf, PlayError> {
    let mut folder = args.keep.clone().unwrap_or_else(|| workspace.root.join(".payung/run-1"));
    if args.keep.is_none() {
        let mut number = 1_u32;
        while folder.exists() {
            number += 1;
            folder.set_file_name(format!("run-{number}"));
        }
    }
    fs::create_dir_all(&folder).map_err(PlayError::file(&folder))?;
    let folder = folder.canonicalize().map_err(PlayError::file(&folder))?;
    if fs::read_dir(&folder).map_err(PlayError::file(&folder))?.next().is_some() {
        return Err(PlayError::NotEmpty(folder));
    }
    Ok(folder)
}

fn failures(figures: &Figures) -> Vec<&'static str> {
    let checks = [
        (figures.lost == 0, "an act that was shown as saved is nowhere at the office"),
        (figures.conflicts_open == 0, "a conflict is still open"),
        (figures.duplicates_linked == 1, "the person registered twice is not linked once"),
        (figures.returned == 2, "the branch did not return two"),
        (figures.photos == figures.photos_taken, "a photo does not lie whole at the office"),
        (figures.photo_bytes_again <= CHUNK, "a cut cost more than a chunk of a photo"),
        (
            figures.over_quota == 2 * shared::SPONSORED.len() - shared::QUOTA,
            "the sponsor's quota was not exceeded by two",
        ),
        (figures.covered_before == 0, "somebody was shown as covered before the branch's proof"),
        (figures.covered_on_phone == figures.numbered, "a phone's coverage does not follow the branch's proof"),
        (figures.cards == figures.numbered, "somebody covered has no card, or somebody else has one"),
        (figures.cards_good == figures.cards, "a card is not verified offline"),
        (figures.reports_answered == figures.reports, "a report is not answered on both phones"),
        (figures.lists_differing == 0, "a phone's list differs from the server's"),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
}
