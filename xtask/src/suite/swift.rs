//! Swift on a machine that has none: Debian's own package, of the release after bookworm, in a folder of its own that
//! debootstrap makes once. The machine's own packages stay as they are.

use crate::{XtaskError, floor::Floor, workspace::Workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The release whose Swift is taken: 6.0.
const RELEASE: &str = "trixie";
const PACKAGES: [&str; 6] = ["swiftlang", "libc6-dev", "libstdc++-14-dev", "git", "ca-certificates", "binutils"];

/// Where Swift is.
pub(super) enum Swift {
    /// In the machine's path.
    Here,
    /// In a folder with a system of its own.
    Within(PathBuf),
}

/// Finds Swift or installs it; a reason where it can't be had.
pub(super) fn find(workspace: &Workspace, floor: &Floor) -> Result<Result<Swift, &'static str>, XtaskError> {
    if succeeds(Command::new("swift").arg("--version")) {
        return Ok(Ok(Swift::Here));
    }
    let place = workspace.target.join("swift");
    let done = place.join("payung-installed");
    if done.exists() {
        return Ok(Ok(Swift::Within(place)));
    }
    if !succeeds(Command::new("debootstrap").arg("--version")) {
        return Ok(Err("swift is not installed, nor debootstrap to fetch it"));
    }
    if !is_root() {
        return Ok(Err("swift is not installed, and only root may make a folder for it"));
    }
    match fs::remove_dir_all(&place) {
        Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => {
            return Err(XtaskError::File { path: place, reason });
        }
        _ => {}
    }
    let mut base = Command::new("debootstrap");
    base.args(["--variant=minbase", RELEASE]).arg(&place).args(archive());
    if !floor.step("swift: a folder for it", &mut base)?.success {
        return Ok(Err("debootstrap could not make a folder for swift"));
    }
    let install = format!(
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install {} && apt-get clean",
        PACKAGES.join(" ")
    );
    if !floor.step("swift: install", &mut within(&place, &install))?.success {
        return Ok(Err("swift could not be installed from Debian's packages"));
    }
    fs::write(&done, []).map_err(|reason| XtaskError::File { path: done, reason })?;
    Ok(Ok(Swift::Within(place)))
}

/// A shell line inside the folder, with the machine's network, devices and processes, none of its environment.
pub(super) fn within(place: &Path, line: &str) -> Command {
    let enter = r#"mount --bind /dev "$0/dev" && mount -t proc proc "$0/proc" && cp /etc/resolv.conf /etc/hosts "$0/etc/" &&
        exec chroot "$0" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -c "$1""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", enter]).arg(place).arg(line);
    command
}

/// The archive this machine uses, where it tells one.
fn archive() -> Option<String> {
    let said = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    text.lines().find(|line| line.trim_end_matches('/').ends_with("/debian")).map(str::to_owned)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|said| said.stdout.trim_ascii() == b"0")
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
