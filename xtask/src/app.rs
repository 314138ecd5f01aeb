//! `./dev app` and `./dev test app`: the screens of android/ over the real core, in a window and under test, built by Maven.

use crate::{
    XtaskError,
    bindings::{self, Language},
    floor::Floor,
    play::{DEMO, OPERATOR, PlayError},
    suite::{RT, read_reports},
    tally::Tally,
    words,
    workspace::{Profile, Workspace},
};
use payung_system_tests::{Admin, Server};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// How the window is opened.
#[derive(clap::Args, Debug)]
pub(crate) struct AppArgs {
    /// Instead of a window: draw the screens into this folder
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// Join by this invite instead of the demo's
    #[arg(long, value_name = "LINK")]
    invite: Option<String>,
    /// Forget what the window's phones hold
    #[arg(long)]
    fresh: bool,
}

/// `mvn` on android/, with where everything is.
fn maven(workspace: &Workspace, profile: Profile, goal: &str) -> Command {
    let mut command = Command::new("mvn");
    command.args(["--batch-mode", "--no-transfer-progress", "--quiet", goal, "-Dsurefire.printSummary=true"]);
    command.arg("--file").arg(workspace.root.join("android/pom.xml"));
    command.arg(format!("-Dpayung.target={}", workspace.target.display()));
    command.arg(format!("-Dpayung.library={}", bindings::library_folder(workspace, profile).display()));
    command
}

/// The core, its Kotlin, the words.
fn prepare(workspace: &Workspace, floor: &Floor) -> Result<bool, XtaskError> {
    if workspace.build(floor, Profile::Dev).is_err() {
        return Ok(false);
    }
    words::generate(workspace)?;
    bindings::generate(workspace, floor, Profile::Dev, Language::Kotlin)
}

/// The screens' tests: a server with two invited officials, and everything above it real.
pub(crate) fn test(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    if !prepare(workspace, floor)? {
        return Ok(Tally::one(false));
    }
    let folder = workspace.target.join("android/stage");
    let failed = |reason| XtaskError::File { path: folder.clone(), reason };
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let phones = folder.join("phones");
    fs::create_dir_all(&phones).map_err(failed)?;
    let payung = workspace.binary(Profile::Dev, "payung");
    let data = folder.join("server");
    let server = Server::start(&payung, &data, &folder.join("server.log")).map_err(PlayError::from)?;
    let office = Admin::first(&payung, &data, OPERATOR).map_err(PlayError::from)?;
    let invite = |name: &str| office.invite(name, RT, &server.url()).map_err(PlayError::from);
    let mut command = maven(workspace, Profile::Dev, "verify");
    command
        .env("PAYUNG_INVITE_DARMO", invite("Pak Darmo")?)
        .env("PAYUNG_INVITE_WARTI", invite("Bu Warti")?)
        .env("PAYUNG_SERVER", server.url())
        .env("PAYUNG_PROGRAM", &payung)
        .env("PAYUNG_DATA_FOLDER", &data)
        .env("PAYUNG_OPERATOR", OPERATOR)
        .env("PAYUNG_PHONES", &phones)
        .env("PAYUNG_PICTURES", workspace.root.join("docs/pictures"));
    let reports = ["core", "screens", "desktop"]
        .map(|module| workspace.target.join("android").join(module).join("surefire-reports"));
    for folder in &reports {
        // an old report of a run that did not come so far counts for nothing
        let _ = fs::remove_dir_all(folder);
    }
    let ended = floor.step("app: screens", &mut command)?;
    let log = server.log.clone();
    server.stop().map_err(|reason| XtaskError::File { path: log, reason })?;
    let mut counted = Tally::default();
    for folder in &reports {
        counted += read_reports(folder);
    }
    if !ended.success && counted.failed == 0 {
        counted += Tally::one(false);
    }
    Ok(counted)
}

/// Builds the window and opens it, or draws its screens.
pub(crate) fn run(workspace: &Workspace, args: &AppArgs) -> Result<ExitCode, XtaskError> {
    let floor = Floor::new();
    let has_display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    if args.pictures.is_none() && !has_display && !cfg!(any(windows, target_os = "macos")) {
        println!("There is no display here, so no window can be opened.");
        println!("Pictures of the screens instead: ./dev app --pictures DIR");
        return Ok(ExitCode::FAILURE);
    }
    let mut package = maven(workspace, Profile::Dev, "package");
    package.arg("-DskipTests");
    if !prepare(workspace, &floor)? || !floor.step("app: build", &mut package)?.success {
        return Ok(ExitCode::FAILURE);
    }
    let phones = workspace.target.join("app");
    if args.fresh {
        let _ = fs::remove_dir_all(&phones);
    }
    let mut window = Command::new("java");
    window
        .arg(format!("-Djna.library.path={}", bindings::library_folder(workspace, Profile::Dev).display()))
        .arg("-jar")
        .arg(workspace.target.join("android/desktop/desktop-1.jar"))
        .env("PAYUNG_PHONES", &phones);
    if let Some(invite) = &args.invite {
        window.env("PAYUNG_INVITES", format!("Undangan={invite}"));
    } else if let Some(invites) = demo(workspace)? {
        window.env("PAYUNG_INVITES", invites);
    } else {
        println!("No demo is up: start ./dev run in another terminal, then the window offers its two officials.");
    }
    if let Some(pictures) = &args.pictures {
        fs::create_dir_all(pictures).map_err(|reason| XtaskError::File { path: pictures.clone(), reason })?;
        let place = fs::canonicalize(pictures).map_err(|reason| XtaskError::File { path: pictures.clone(), reason })?;
        window.arg("--pictures").arg(place).env("JAVA_TOOL_OPTIONS", "-Djava.awt.headless=true");
    }
    let status = window.status().map_err(|reason| XtaskError::Start { program: "java".to_owned(), reason })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An invite for another phone of each of the demo's officials, `NAME=LINK` a line; none where no demo is up.
fn demo(workspace: &Workspace) -> Result<Option<String>, XtaskError> {
    let file = workspace.target.join(DEMO);
    let Ok(text) = fs::read_to_string(&file) else { return Ok(None) };
    let Ok(demo) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
    let said = |name: &str| demo[name].as_str().unwrap_or_default().to_owned();
    let office = Admin::known(Path::new(&said("program")), Path::new(&said("data")), OPERATOR);
    let mut lines = Vec::new();
    for official in demo["officials"].as_array().into_iter().flatten() {
        let (name, area) =
            (official["name"].as_str().unwrap_or_default(), official["area"].as_str().unwrap_or_default());
        let link = office.invite(name, area, &said("server")).map_err(PlayError::from)?;
        lines.push(format!("{name}={link}"));
    }
    Ok((!lines.is_empty()).then(|| lines.join("\n")))
}
