//! The facade in the languages of the shells: the story of bindings/stories, each against a server of its own.

use super::swift::{self, Swift};
use crate::{
    XtaskError,
    bindings::{self, Language},
    floor::Floor,
    play::PlayError,
    tally::Tally,
    workspace::{Profile, Workspace},
};
use payung_people::picture;
use payung_system_tests::{
    Admin, Server,
    road::{Road, Trouble},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// An RT of Karangklesem, Purwokerto Selatan: its head and a helper both look after it.
pub(crate) const RT: &str = "33.02.24.1001.003.001";

pub(super) fn run(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    if workspace.build(floor, Profile::Dev).is_err() {
        return Ok(Tally::one(false));
    }
    let mut sum = Tally::default();
    for language in Language::ALL {
        bindings::generate(workspace, floor, Profile::Dev, language)?;
        sum += match language {
            Language::Python => python(workspace, floor)?,
            Language::Kotlin => kotlin(workspace, floor)?,
            Language::Swift => swift_story(workspace, floor)?,
        };
    }
    Ok(sum)
}

/// The sides of the photo that the stories take, in pixels. Made small, it is a little more than the first chunk.
const PHOTO: (u16, u16) = (1280, 960);
/// What passes of an upload before its road is cut, in bytes: the first chunk (64 KiB) with the heads, and some of the
/// second.
const CUT: u64 = 67_000;

/// A server with two invited officials, a road to it that cuts the first photo in the middle, and where everything is.
struct Stage {
    server: Server,
    _cut: Road,
    environment: Vec<(&'static str, PathBuf)>,
}

impl Stage {
    fn set(workspace: &Workspace, language: Language) -> Result<Self, XtaskError> {
        let folder = workspace.target.join("stories").join(language.name());
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
        let office = Admin::first(&payung, &data, "Sri Handayani").map_err(PlayError::from)?;
        let invite = |name: &str| -> Result<PathBuf, PlayError> { Ok(office.invite(name, RT, &server.url())?.into()) };
        let cut = Road::open(server.address).map_err(failed)?;
        cut.trouble(Trouble::CutUploadAfter(CUT));
        let photo = phones.join("photo.jpg");
        let (width, height) = PHOTO;
        fs::write(&photo, picture::jpeg(&picture::scene(width, height), width, height, 6)).map_err(failed)?;
        let environment = vec![
            ("PAYUNG_PHOTO", photo),
            ("PAYUNG_CUT_ROAD", cut.url().into()),
            ("PAYUNG_INVITE_DARMO", invite("Pak Darmo")?),
            ("PAYUNG_INVITE_WARTI", invite("Bu Warti")?),
            ("PAYUNG_SERVER", server.url().into()),
            ("PAYUNG_PROGRAM", payung.clone()),
            ("PAYUNG_DATA_FOLDER", data.clone()),
            ("PAYUNG_STORY_FOLDER", phones),
            ("PAYUNG_LIBRARY_FOLDER", bindings::library_folder(workspace, Profile::Dev)),
            ("PAYUNG_BINDINGS_FOLDER", bindings::folder(workspace, language)),
        ];
        Ok(Self { server, _cut: cut, environment })
    }

    /// Tells the story, counts its steps by their lines, and stops the server.
    fn tell(
        self,
        floor: &Floor,
        language: Language,
        command: &mut Command,
        count: impl Fn(&str) -> Option<Tally>,
    ) -> Result<Tally, XtaskError> {
        let ended = floor.step(&format!("bindings: {}", language.name()), command)?;
        let log = self.server.log.clone();
        self.server.stop().map_err(|reason| XtaskError::File { path: log, reason })?;
        // the last line that counts is the sum
        let sum = ended.lines.iter().rev().find_map(|line| count(line));
        Ok(Tally::of_run(ended.success, sum.into_iter()))
    }
}

fn python(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    let stage = Stage::set(workspace, Language::Python)?;
    let mut command = Command::new("python3");
    // nothing compiled is left in the project's folder
    command.env("PYTHONDONTWRITEBYTECODE", "1").envs(stage.environment.clone());
    command.arg(workspace.root.join("bindings/stories/python/story.py"));
    stage.tell(floor, Language::Python, &mut command, Tally::from_judge)
}

fn kotlin(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    let stage = Stage::set(workspace, Language::Kotlin)?;
    let mut command = maven(workspace);
    command.envs(stage.environment.clone());
    let reports = workspace.target.join("stories/kotlin/maven/surefire-reports");
    let ended = stage.tell(floor, Language::Kotlin, &mut command, |_| None)?;
    // quiet Maven prints nothing of a run that went well: its report counts
    let counted = read_reports(&reports);
    Ok(if counted == Tally::default() { ended } else { counted })
}

/// `mvn test` of the Kotlin story; its environment says where everything is.
pub(crate) fn maven(workspace: &Workspace) -> Command {
    let mut command = Command::new("mvn");
    command.args(["--batch-mode", "--no-transfer-progress", "--quiet", "test", "-Dsurefire.printSummary=true"]);
    command.arg("--file").arg(workspace.root.join("bindings/stories/kotlin/pom.xml"));
    command
}

/// The sums of surefire's reports: `Tests run: 9, Failures: 0, Errors: 0, Skipped: 0, …`.
pub(crate) fn read_reports(folder: &Path) -> Tally {
    let mut sum = Tally::default();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "txt") {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            text.lines().filter_map(Tally::from_surefire).for_each(|tally| sum += tally);
        }
    }
    sum
}

/// Swift's package is copied to where its build may lie, with the generated code; inside a folder of its own if Swift
/// is there.
fn swift_story(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    let swift = match swift::find(workspace, floor)? {
        Ok(swift) => swift,
        Err(reason) => return Ok(Floor::skip(&format!("bindings: swift, because {reason}"))),
    };
    let stage = Stage::set(workspace, Language::Swift)?;
    let (root, inside) = match &swift {
        Swift::Here => (workspace.target.join("stories/swift"), String::new()),
        Swift::Within(place) => (place.join("payung"), "/payung".to_owned()),
    };
    let package = root.join("package");
    let copied = |reason| XtaskError::File { path: package.clone(), reason };
    for (from, to) in [
        (workspace.root.join("bindings/stories/swift"), package.clone()),
        (bindings::folder(workspace, Language::Swift), root.join("generated")),
    ] {
        copy_all(&from, &to).map_err(copied)?;
    }
    let generated = |name: &str| root.join("generated").join(name);
    for (from, to) in [
        (generated("PayungCore.swift"), "Sources/PayungCore/PayungCore.swift"),
        (generated("PayungCoreFFI.h"), "Sources/PayungCoreFFI/PayungCoreFFI.h"),
        (generated("PayungCoreFFI.modulemap"), "Sources/PayungCoreFFI/module.modulemap"),
    ] {
        let to = package.join(to);
        fs::create_dir_all(to.parent().unwrap_or(&package)).map_err(copied)?;
        fs::copy(from, to).map_err(copied)?;
    }
    let library = root.join("library");
    fs::create_dir_all(&library).map_err(copied)?;
    let built = bindings::library_folder(workspace, Profile::Dev).join(bindings::library());
    fs::copy(built, library.join(bindings::library())).map_err(copied)?;
    let phones = root.join("phones");
    let _ = fs::remove_dir_all(&phones);
    fs::create_dir_all(&phones).map_err(copied)?;
    let photo = stage.environment.iter().find(|(name, _)| *name == "PAYUNG_PHOTO");
    if let Some((_, photo)) = photo {
        fs::copy(photo, phones.join("photo.jpg")).map_err(copied)?;
    }

    let variables: Vec<(&str, String)> = stage
        .environment
        .iter()
        .map(|(name, value)| {
            let value = match *name {
                "PAYUNG_STORY_FOLDER" => format!("{inside}/phones"),
                "PAYUNG_LIBRARY_FOLDER" => format!("{inside}/library"),
                "PAYUNG_PHOTO" => format!("{inside}/phones/photo.jpg"),
                _ => value.to_string_lossy().into_owned(),
            };
            (*name, value)
        })
        .collect();
    let count = Tally::from_xctest;
    match swift {
        Swift::Here => {
            let mut command = Command::new("swift");
            command.envs(stage.environment.clone());
            command.env("PAYUNG_STORY_FOLDER", &phones).env("PAYUNG_LIBRARY_FOLDER", &library);
            command.arg("test").arg("--package-path").arg(&package);
            stage.tell(floor, Language::Swift, &mut command, count)
        }
        Swift::Within(place) => {
            let set: Vec<String> = variables.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
            let line = format!("{} swift test --package-path /payung/package 2>&1", set.join(" "));
            stage.tell(floor, Language::Swift, &mut swift::within(&place, &line), count)
        }
    }
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_all(&from, &to)?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}
