//! `./dev page`: the page that verifies membership cards, as one file; and its tests, in node and in a browser.

use crate::{
    XtaskError,
    floor::Floor,
    npm,
    tally::Tally,
    workspace::{Profile, Workspace},
};
use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What the page is made with.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct PageArgs {
    /// The file.
    out: PathBuf,
    /// The server's address, from which the page fetches its lists; a clinic types it where none is given.
    #[arg(long, value_name = "URL", default_value = "")]
    address: String,
    /// The root's fingerprint, likewise.
    #[arg(long, value_name = "FINGERPRINT", default_value = "")]
    root: String,
    /// The regency, 4 digits, likewise.
    #[arg(long, value_name = "3302", default_value = "")]
    regency: String,
}

pub(crate) fn run(workspace: &Workspace, args: &PageArgs) -> Result<ExitCode, XtaskError> {
    let floor = Floor::new();
    let place = match Place::make(workspace, &floor)? {
        Ok(place) => place,
        Err(reason) => {
            Floor::skip(&format!("the page, because {reason}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    let out = std::path::absolute(&args.out).map_err(|reason| XtaskError::File { path: args.out.clone(), reason })?;
    let built = place.build(&floor, &out, [&args.address, &args.root, &args.regency])?;
    Ok(if built { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The page's own hand against the core's verdicts, and the page in the browser of this machine.
pub(crate) fn test(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    let place = match Place::make(workspace, floor)? {
        Ok(place) => place,
        Err(reason) => return Ok(Floor::skip(&format!("the page that verifies cards, because {reason}"))),
    };
    let (cases, page) = (place.core(floor, workspace, "cases")?, place.folder.join("kartu.html"));
    if !place.build(floor, &page, [""; 3])? {
        return Ok(Tally::one(false));
    }
    let mut sum = Tally::default();
    let pictures = place.folder.join("pictures");
    let runs = [("verify.test.mjs", [&cases, &place.words]), ("page.test.mjs", [&cases, &page])];
    for (script, files) in runs {
        let mut node = Command::new("node");
        node.current_dir(&place.folder).arg(script).args(files).arg(&pictures);
        let ended = floor.step(&format!("page: {script}"), &mut node)?;
        let last = ended.lines.iter().rev().find(|line| !line.is_empty());
        sum += Tally::of_run(ended.success, last.and_then(|line| Tally::from_judge(line)).into_iter());
    }
    Ok(sum)
}

/// Where the page lies beside the packages of its lock.
struct Place {
    folder: PathBuf,
    words: PathBuf,
}

impl Place {
    fn make(workspace: &Workspace, floor: &Floor) -> Result<Result<Self, &'static str>, XtaskError> {
        let folder = workspace.target.join("page");
        if let Err(reason) =
            npm::install(floor, "page: install the packages of the lock", &workspace.root.join("web/card"), &folder)?
        {
            return Ok(Err(reason));
        }
        let mut place = Self { folder, words: PathBuf::new() };
        place.words = place.core(floor, workspace, "words")?;
        Ok(Ok(place))
    }

    /// What the core says, as a file: its words, or cases with its verdicts.
    fn core(&self, floor: &Floor, workspace: &Workspace, what: &str) -> Result<PathBuf, XtaskError> {
        let mut build = workspace.cargo("build");
        // with the workspace's features, so that nothing is compiled twice
        build.args(["--workspace", "--example", "page"]);
        if !floor.step("page: build what the core says", &mut build)?.success {
            return Err(XtaskError::Build);
        }
        let file = self.folder.join(format!("{what}.json"));
        let mut say = Command::new(workspace.binary(Profile::Dev, "examples/page"));
        say.arg(what).arg(&file);
        if floor.step(&format!("page: the core's {what}"), &mut say)?.success {
            Ok(file)
        } else {
            Err(XtaskError::Build)
        }
    }

    fn build(&self, floor: &Floor, out: &Path, settings: [&str; 3]) -> Result<bool, XtaskError> {
        let mut node = Command::new("node");
        node.current_dir(&self.folder).arg("build.mjs").arg(&self.words).arg(out).args(settings);
        Ok(floor.step("page: one file", &mut node)?.success)
    }
}
