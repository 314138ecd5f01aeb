//! `./dev bench --shell`: what the facade costs a shell. From nothing to the first list, the way from Rust to Kotlin, the
//! library's size, a photo of 12 megapixels.

use crate::{
    XtaskError,
    bindings::{self, Language},
    floor::Floor,
    play::PlayError,
    suite,
    workspace::{Profile, Workspace},
};
use payung_system_tests::{Admin, Server};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// On the phone that is opened; a village's RW has about so many informal workers.
const WORKERS: &str = "5000";
/// Of each pair of programs, one after the other.
const RUNS: usize = 5;

struct Row {
    name: &'static str,
    unit: &'static str,
    at_most: Option<f64>,
    values: Vec<f64>,
}

impl Row {
    fn new(name: &'static str, unit: &'static str, at_most: f64, values: Vec<f64>) -> Self {
        Self { name, unit, at_most: Some(at_most), values }
    }

    fn reported(name: &'static str, unit: &'static str, values: Vec<f64>) -> Self {
        Self { name, unit, at_most: None, values }
    }

    fn line(mut self) -> String {
        self.values.sort_by(f64::total_cmp);
        let Some((least, most)) = self.values.first().zip(self.values.last()) else { return String::new() };
        let median = self.values.get(self.values.len() / 2).copied().unwrap_or(f64::NAN);
        let (bar, kept) = match self.at_most {
            Some(bar) if median <= bar => (format!("<= {bar}"), "reached"),
            Some(bar) => (format!("<= {bar}"), "missed"),
            None => (String::new(), ""),
        };
        let Self { name, unit, .. } = self;
        format!("| {name} | {median:.1} ({least:.1}–{most:.1}) | {unit} | {bar} | {kept} |")
    }
}

/// Prints the table; what could not be measured is said.
pub(super) fn run(workspace: &Workspace) -> Result<(), XtaskError> {
    let floor = Floor::new();
    let mut release = workspace.cargo("build");
    release.args(["--release", "--workspace", "--lib", "--bins", "--examples"]);
    let mut mobile = mobile(workspace);
    for (name, command) in [("build", &mut release), ("build for a phone", &mut mobile)] {
        if !floor.step(name, command)?.success {
            return Err(XtaskError::Build);
        }
    }
    let mut rows = vec![size(workspace)?];
    rows.extend(photo(workspace, &floor)?);
    rows.extend(lists(workspace, &floor)?);
    println!("| figure | median (least–most) | unit | bar | |\n|---|---|---|---|---|");
    for row in rows {
        println!("{}", row.line());
    }
    Ok(())
}

/// The library as a phone gets it: relocations packed, equal functions kept once, and C without tables for unwinding,
/// through which nothing unwinds (a panic in a callback of the database is caught in the callback).
fn mobile(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo("rustc");
    cargo.args(["-p", "payung-core", "--profile", "mobile", "--crate-type", "cdylib", "--lib", "--"]);
    cargo.args(["-C", "link-arg=-Wl,-z,pack-relative-relocs", "-C", "link-arg=-Wl,--icf=safe"]);
    cargo.env("CFLAGS", "-fno-asynchronous-unwind-tables -fno-unwind-tables");
    cargo
}

fn size(workspace: &Workspace) -> Result<Row, XtaskError> {
    let path = workspace.target.join("mobile").join(bindings::library());
    let file = fs::metadata(&path).map_err(|reason| XtaskError::File { path, reason })?;
    Ok(Row::new("library for a phone, stripped, regions inside", "MB", 10.5, vec![megabytes(file.len())]))
}

#[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn example(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target.join("release/examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The values behind a word in what a program wrote, one a line: `peak_mb 71.3`.
fn values(lines: &[String], word: &str) -> Vec<f64> {
    lines.iter().filter_map(|line| line.strip_prefix(word)?.trim().parse().ok()).collect()
}

fn photo(workspace: &Workspace, floor: &Floor) -> Result<[Row; 2], XtaskError> {
    let ended = floor.step("photos", &mut Command::new(example(workspace, "photo")))?;
    Ok([
        Row::new("photo of 12 megapixels to 80 kB", "ms", 1500.0, values(&ended.lines, "took_ms")),
        Row::new("photo of 12 megapixels, most memory", "MB", 120.0, values(&ended.lines, "peak_mb")),
    ])
}

fn lists(workspace: &Workspace, floor: &Floor) -> Result<Vec<Row>, XtaskError> {
    let folder = workspace.target.join("figures");
    let failed = |reason| XtaskError::File { path: folder.clone(), reason };
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let phones = folder.join("phones");
    fs::create_dir_all(&phones).map_err(failed)?;
    let phone = phones.join("darmo");
    let filled = fill(workspace, floor, &folder, &phone)?;
    bindings::generate(workspace, floor, Profile::Release, Language::Kotlin)?;
    let environment = [
        ("PAYUNG_STORY_FOLDER", phones.clone()),
        ("PAYUNG_FIGURE_FOLDER", phone.clone()),
        ("PAYUNG_LIBRARY_FOLDER", bindings::library_folder(workspace, Profile::Release)),
        ("PAYUNG_BINDINGS_FOLDER", bindings::folder(workspace, Language::Kotlin)),
    ];
    let (mut open, mut pin, mut rust, mut kotlin) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut coverage, mut quote) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let ended = floor.step("a page in Rust", Command::new(example(workspace, "facade")).arg("time").arg(&phone))?;
        open.extend(values(&ended.lines, "open_ms"));
        pin.extend(values(&ended.lines, "pin_ms"));
        rust.extend(values(&ended.lines, "page_us"));
        coverage.extend(values(&ended.lines, "coverage_ms"));
        quote.extend(values(&ended.lines, "quote_us"));
        let mut maven = suite::maven(workspace);
        maven.arg("-Dtest=PageFigure").envs(environment.clone());
        floor.step("a page in Kotlin", &mut maven)?;
        let told = phones.join("darmo.page");
        let text = fs::read_to_string(&told).map_err(|reason| XtaskError::File { path: told, reason })?;
        kotlin.extend(values(&text.lines().map(str::to_owned).collect::<Vec<_>>(), "page_us"));
    }
    let share = kotlin.iter().zip(&rust).map(|(kotlin, rust)| kotlin - rust).collect();
    Ok(vec![
        Row::reported("register and seal, the first hundred", "ms", values(&filled, "register_first_ms")),
        Row::reported("the same behind 4,900 unsent ones", "ms", values(&filled, "register_last_ms")),
        Row::new("from nothing to the first list, 5,000 workers, PIN apart", "ms", 60.0, open),
        Row::reported("the PIN: Argon2id", "ms", pin),
        Row::reported("a page of 20 rows in Rust", "µs", rust),
        Row::reported("the same page in Kotlin", "µs", kotlin),
        // the bar is 50 ms for a village of 6,000
        Row::new("coverage by RT, 5,000 workers visited", "ms", 41.6, coverage),
        Row::new("a price in sentences with the other terms", "µs", 1000.0, quote),
        Row::new("the way to Kotlin: the difference", "µs", 50.0, share),
    ])
}

/// A phone that joined at a real server and registered everybody; what that said.
fn fill(workspace: &Workspace, floor: &Floor, folder: &Path, phone: &Path) -> Result<Vec<String>, XtaskError> {
    let payung = workspace.binary(Profile::Release, "payung");
    let server = Server::start(&payung, &folder.join("server"), &folder.join("server.log")).map_err(PlayError::from)?;
    let office = Admin::first(&payung, &folder.join("server"), "Sri Handayani").map_err(PlayError::from)?;
    let invite = office.invite("Pak Darmo", suite::RT, &server.url()).map_err(PlayError::from)?;
    let mut fill = Command::new(example(workspace, "facade"));
    fill.env("PAYUNG_INVITE_DARMO", invite).arg("fill").arg(phone).arg(WORKERS);
    let filled = floor.step("register everybody", &mut fill)?;
    let log = server.log.clone();
    server.stop().map_err(|reason| XtaskError::File { path: log, reason })?;
    if filled.success { Ok(filled.lines) } else { Err(XtaskError::Measure("registering everybody")) }
}
