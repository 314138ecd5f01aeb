//! The documents against the tree: a link leads somewhere, the maps name every crate, decisions are numbered.

use crate::{XtaskError, tally::Tally, workspace::Workspace};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub(super) fn run(workspace: &Workspace) -> Result<Tally, XtaskError> {
    let root = &workspace.root;
    let mut sum = Tally::default();
    let mut check = |faults: Vec<String>| {
        for fault in &faults {
            eprintln!("docs: {fault}");
        }
        sum += Tally::one(faults.is_empty());
    };

    for path in documents(root)? {
        let text = read(&path)?;
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let folder = path.parent().unwrap_or(root);
        check(
            links(&text)
                .filter(|link| !folder.join(link).exists())
                .map(|link| format!("{shown}: the link {link} leads nowhere"))
                .collect(),
        );
    }

    let members = members(&read(&root.join("Cargo.toml"))?);
    for document in ["README.md", "docs/ARCHITECTURE.md"] {
        let text = read(&root.join(document))?;
        check(
            members
                .iter()
                .filter(|member| !text.contains(member.as_str()))
                .map(|member| format!("{document} does not name {member}"))
                .collect(),
        );
    }

    let decisions = decisions(root)?;
    check(misnumbered(&decisions));
    Ok(sum)
}

fn read(path: &Path) -> Result<String, XtaskError> {
    fs::read_to_string(path).map_err(|reason| XtaskError::File { path: path.to_owned(), reason })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, XtaskError> {
    let failed = |reason| XtaskError::File { path: folder.to_owned(), reason };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Every Markdown file that people are led to.
fn documents(root: &Path) -> Result<Vec<PathBuf>, XtaskError> {
    let mut found = Vec::new();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if is_markdown(&path) {
                found.push(path);
            }
        }
    }
    found.extend(entries(root)?.into_iter().filter(|path| is_markdown(path)));
    found.extend(entries(&root.join("tests/judges"))?.into_iter().filter(|path| is_markdown(path)));
    Ok(found)
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// The targets of a text's inline links that point into this tree, without their anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        (!target.is_empty() && !target.contains(':') && !target.contains(char::is_whitespace)).then_some(target)
    })
}

/// The folders that the workspace's `members` name.
fn members(manifest: &str) -> Vec<String> {
    let Some(list) = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()) else {
        return Vec::new();
    };
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn decisions(root: &Path) -> Result<Vec<String>, XtaskError> {
    let paths = entries(&root.join("docs/adr"))?;
    let named = paths.iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
    Ok(named.filter(|name| name.starts_with(|first: char| first.is_ascii_digit())).collect())
}

/// Decisions whose number is not the next one; expects them sorted.
fn misnumbered(names: &[String]) -> Vec<String> {
    let expected = names.iter().enumerate().map(|(place, name)| (format!("{:04}-", place + 1), name));
    expected
        .filter(|(number, name)| !name.starts_with(number.as_str()))
        .map(|(number, name)| format!("docs/adr/{name} should be number {number}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{links, members, misnumbered};

    #[test]
    fn only_links_into_the_tree_are_followed() {
        let text = "[a](docs/A.md#top) [b](https://example.org/x) [c](#here) f](x y) [d](../LICENSE)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/A.md", "../LICENSE"]);
    }

    #[test]
    fn every_member_of_the_workspace_is_read() {
        let manifest = "[workspace]\nmembers = [\n    \"core/domain\",\n    \"server\",\n]\n[x]\ny = [\"no\"]";
        assert_eq!(members(manifest), ["core/domain", "server"]);
    }

    #[test]
    fn a_gap_or_a_double_in_the_decisions_is_seen() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert!(misnumbered(&names(&["0001-a.md", "0002-b.md"])).is_empty());
        assert_eq!(misnumbered(&names(&["0001-a.md", "0003-c.md"])).len(), 1);
        assert_eq!(misnumbered(&names(&["0001-a.md", "0001-b.md"])).len(), 1);
    }
}
