//! Programs nobody here wrote open what Payung seals: tests/judges/README.md.

use crate::{
    XtaskError,
    floor::Floor,
    tally::Tally,
    workspace::{Profile, Workspace},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub(super) fn run(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    let folder = workspace.root.join("tests/judges");
    let mut judges = scripts(&folder)?;
    judges.sort();
    let python = match environment(workspace, floor, &folder.join("requirements.txt"))? {
        Ok(python) => python,
        Err(reason) => return Ok(Floor::skip(&format!("judges, because {reason}"))),
    };
    // some judge a running server
    workspace.build(floor, Profile::Dev)?;
    let mut sum = Tally::default();
    for judge in &judges {
        let name = judge.file_stem().unwrap_or_default().to_string_lossy();
        let source = fs::read_to_string(judge).map_err(|reason| XtaskError::File { path: judge.clone(), reason })?;
        let mut command = Command::new(&python);
        command.current_dir(&workspace.root).arg(judge).args(arguments(&name, &source));
        let ended = floor.step(&format!("judges: {name}"), &mut command)?;
        let last = ended.lines.iter().rev().find(|line| !line.is_empty());
        sum += Tally::of_run(ended.success, last.and_then(|line| Tally::from_judge(line)).into_iter());
    }
    // a folder without judges is no proof of anything
    Ok(if judges.is_empty() { Tally::one(false) } else { sum })
}

fn scripts(folder: &Path) -> Result<Vec<PathBuf>, XtaskError> {
    let failed = |reason| XtaskError::File { path: folder.to_owned(), reason };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The arguments with which a judge's own first lines say it is called: `python3 NAME.py PATH …`, paths from the
/// project's folder.
fn arguments<'source>(name: &str, source: &'source str) -> Vec<&'source str> {
    let call = format!("python3 {name}.py ");
    source
        .lines()
        .find_map(|line| line.trim().strip_prefix(&call))
        .map_or_else(Vec::new, |args| args.split_whitespace().collect())
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
    use super::arguments;

    #[test]
    fn a_judge_is_called_as_its_first_lines_say() {
        let source =
            "\"\"\"Opens what we seal.\n\n    python3 bundles.py core/golden/bundles.json\n\"\"\"\nimport sys\n";
        assert_eq!(arguments("bundles", source), ["core/golden/bundles.json"]);
        assert!(arguments("cards", source).is_empty());
    }
}
