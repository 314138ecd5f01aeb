//! Format, lints and the workspace's own tests.

use crate::{
    XtaskError,
    floor::Floor,
    sim,
    tally::Tally,
    workspace::{Profile, Workspace},
};

/// The Rust release (1.x) whose clippy the code is kept clean with. A newer clippy knows lints the code was not
/// written for: its warnings are shown, and only what the workspace denies fails.
const CLIPPY: u32 = 95;

pub(super) fn run(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    let mut sum = Tally::default();

    if workspace.cargo_has("fmt").is_some() {
        let ended = floor.step("core: format", workspace.cargo("fmt").args(["--all", "--check"]))?;
        sum += Tally::one(ended.success);
    } else {
        sum += Floor::skip("core: format, because rustfmt is not installed");
    }

    if let Some(version) = workspace.cargo_has("clippy") {
        let mut clippy = workspace.cargo("clippy");
        clippy.args(["--workspace", "--all-targets"]);
        if minor(&version).is_some_and(|found| found <= CLIPPY) {
            clippy.args(["--", "-D", "warnings"]);
        } else {
            eprintln!("core: {version} is newer than the lints were kept with (1.{CLIPPY}): its warnings do not fail");
        }
        sum += Tally::one(floor.step("core: lints", &mut clippy)?.success);
    } else {
        sum += Floor::skip("core: lints, because clippy is not installed");
    }

    // whole-system tests start the real binaries, which `cargo test` does not always build
    if workspace.build(floor, Profile::Dev).is_err() {
        sum += Tally::one(false);
        return Ok(sum);
    }
    let ended = floor.step("core: tests", workspace.cargo("test").args(["--workspace", "--no-fail-fast"]))?;
    sum += Tally::of_run(ended.success, ended.lines.iter().filter_map(|line| Tally::from_cargo(line)));

    // apart, and last: a build with bugs to plant must not be what other tests start
    let mut planted = workspace.cargo("test");
    planted.args(sim::PLANTED).args(["--test", "planted"]);
    let ended = floor.step("core: planted bugs", &mut planted)?;
    sum += Tally::of_run(ended.success, ended.lines.iter().filter_map(|line| Tally::from_cargo(line)));
    Ok(sum)
}

/// The x of a version line's `1.x.y` (rustc's) or `0.1.x` (clippy's).
fn minor(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(1)?;
    let parts: Vec<u32> = number.split(['.', '-']).map_while(|part| part.parse().ok()).collect();
    match parts[..] {
        [0, 1, minor, ..] | [1, minor, ..] => Some(minor),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn clippy_and_rustc_version_lines_name_the_same_release() {
        assert_eq!(minor("clippy 0.1.95 (59807616e1 2026-04-14)"), Some(95));
        assert_eq!(minor("rustc 1.95.0 (59807616e 2026-04-14)"), Some(95));
        assert_eq!(minor("clippy 0.1.96"), Some(96));
        assert_eq!(minor("clippy"), None);
    }
}
