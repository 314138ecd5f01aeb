//! Programs nobody here wrote open what Payung seals: tests/judges/README.md.

use crate::{
    XtaskError,
    floor::Floor,
    npm,
    tally::Tally,
    workspace::{Profile, Workspace},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What runs a judge, by how its file's name ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Node,
}

impl Language {
    /// As a judge's first lines call it, and how its files end.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Python => ("python3", "py"),
            Self::Node => ("node", "mjs"),
        }
    }
}

pub(super) fn run(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    let folder = workspace.root.join("tests/judges");
    // some judge the running program
    workspace.build(floor, Profile::Dev)?;
    let mut sum = Tally::default();
    for language in [Language::Python, Language::Node] {
        let mut judges = scripts(&folder, language)?;
        judges.sort();
        // a folder without judges is no proof of anything
        if judges.is_empty() {
            sum += Tally::one(false);
            continue;
        }
        let (program, place) = match language {
            Language::Python => match environment(workspace, floor, &folder.join("requirements.txt"))? {
                Ok(python) => (python, folder.clone()),
                Err(reason) => {
                    sum += Floor::skip(&format!("judges in Python, because {reason}"));
                    continue;
                }
            },
            Language::Node => match modules(workspace, floor, &folder)? {
                Ok(place) => (PathBuf::from("node"), place),
                Err(reason) => {
                    sum += Floor::skip(&format!("judges on node, because {reason}"));
                    continue;
                }
            },
        };
        for judge in &judges {
            let source =
                fs::read_to_string(judge).map_err(|reason| XtaskError::File { path: judge.clone(), reason })?;
            let file = judge.file_name().unwrap_or_default();
            let mut command = Command::new(&program);
            let arguments = arguments(language, &file.to_string_lossy(), &source, &workspace.target);
            command.current_dir(&workspace.root).arg(place.join(file)).args(arguments);
            let ended = floor.step(&format!("judges: {}", file.to_string_lossy()), &mut command)?;
            let last = ended.lines.iter().rev().find(|line| !line.is_empty());
            sum += Tally::of_run(ended.success, last.and_then(|line| Tally::from_judge(line)).into_iter());
        }
    }
    Ok(sum)
}

fn scripts(folder: &Path, language: Language) -> Result<Vec<PathBuf>, XtaskError> {
    let failed = |reason| XtaskError::File { path: folder.to_owned(), reason };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == language.words().1) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Where the judges on node lie beside their packages, since node looks for packages from the script upwards.
fn modules(workspace: &Workspace, floor: &Floor, folder: &Path) -> Result<Result<PathBuf, &'static str>, XtaskError> {
    let place = workspace.target.join("judges/node");
    let made = npm::install(floor, "judges: install the packages of the lock", folder, &place)?;
    npm::copy_files(&folder.join("common"), &place.join("common"))?;
    Ok(made.map(|()| place))
}

/// The arguments with which a judge's own first lines say it is called: `python3 NAME.py PATH …`, `node NAME.mjs PATH …`, paths from the
/// project's folder; what is under `target` is wherever the builds go.
fn arguments(language: Language, file: &str, source: &str, target: &Path) -> Vec<PathBuf> {
    let call = format!("{} {file} ", language.words().0);
    let place =
        |path: &str| path.strip_prefix("target/").map_or_else(|| PathBuf::from(path), |built| target.join(built));
    source
        .lines()
        .find_map(|line| line.trim_start_matches(['/', ' ']).strip_prefix(&call))
        .map_or_else(Vec::new, |args| args.split_whitespace().map(place).collect())
}

/// The Python that has exactly the pinned packages, or why there is none. Made once for each list of requirements.
fn environment(
    workspace: &Workspace,
    floor: &Floor,
    requirements: &Path,
) -> Result<Result<PathBuf, &'static str>, XtaskError> {
    let wanted = fs::read(requirements).map_err(|reason| XtaskError::File { path: requirements.to_owned(), reason })?;
    let place = workspace.target.join("judges");
    let installed = place.join("installed.txt");
    let python = place.join("venv/bin/python");
    if python.exists() && fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(Ok(python));
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(place.join("venv"));
    match floor.step("judges: make the Python environment", &mut make) {
        Ok(ended) if ended.success => {}
        _ => return Ok(Err("python3 with venv is not installed")),
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    if !floor.step("judges: install the pinned packages", &mut install)?.success {
        return Ok(Err("their packages could not be installed from PyPI"));
    }
    fs::write(&installed, wanted).map_err(|reason| XtaskError::File { path: installed, reason })?;
    Ok(Ok(python))
}

#[cfg(test)]
mod tests {
    use super::{Language, arguments};
    use std::path::Path;

    #[test]
    fn a_judge_is_called_as_its_first_lines_say() {
        let source =
            "\"\"\"Opens what we seal.\n\n    python3 bundles.py core/golden/bundles.json\n\"\"\"\nimport sys\n";
        let target = Path::new("/elsewhere");
        assert_eq!(arguments(Language::Python, "bundles.py", source, target), [Path::new("core/golden/bundles.json")]);
        assert!(arguments(Language::Python, "cards.py", source, target).is_empty());
        let program = "python3 media.py target/debug/payung";
        assert_eq!(arguments(Language::Python, "media.py", program, target), [Path::new("/elsewhere/debug/payung")]);
        let comment = "// Judges cards.\n//\n//     node cards.mjs core/golden/cards.json\n";
        assert_eq!(arguments(Language::Node, "cards.mjs", comment, target), [Path::new("core/golden/cards.json")]);
    }
}
