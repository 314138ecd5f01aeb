//! The rows: what is set up, run and read for each.

use crate::{
    Arguments, BenchError,
    figures::{Bar, Figure, table},
    floor,
    phone::Answer,
    proxy::CountingProxy,
    server::{Server, admin},
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the part of docs/BENCHMARKS.md begins that people write.
const WRITTEN: &str = "\n## What is missed, and why\n";

/// Where a phone and its server live.
struct Scene {
    folder: PathBuf,
}

impl Scene {
    fn data(&self) -> PathBuf {
        self.folder.join("server")
    }

    fn phone(&self) -> PathBuf {
        self.folder.join("phone")
    }

    /// A copy, so that every run begins with the same files.
    fn copy(&self, to: &Path) -> Result<Self, BenchError> {
        copy_dir(&self.folder, to)?;
        Ok(Self { folder: to.to_owned() })
    }
}

fn copy_dir(from: &Path, to: &Path) -> Result<(), BenchError> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// This program again, as a phone.
fn phone(arguments: &[&str]) -> Result<Answer, BenchError> {
    let output = Command::new(std::env::current_exe()?).args(arguments).output()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Setup(format!("{}: {why}", arguments.first().unwrap_or(&""))));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| BenchError::Setup(error.to_string()))
}

fn text(path: &Path) -> Result<&str, BenchError> {
    path.to_str().ok_or_else(|| BenchError::Setup("a folder whose name is not text".to_owned()))
}

fn median(values: &[f64]) -> f64 {
    Figure::new("", "", Bar::None, values.to_vec()).median()
}

/// A joined phone beside its server, which is stopped again. The phone knows the server by the proxy's address when
/// one is given.
fn scene(folder: PathBuf) -> Result<(Scene, Server, CountingProxy), BenchError> {
    let scene = Scene { folder };
    fs::create_dir_all(scene.phone())?;
    let server = Server::start(&scene.data())?;
    let proxy = CountingProxy::start(server.address)?;
    let data = scene.data();
    admin(&data, &["--json", "operator", "add", "Operator Uji"])?;
    let url = format!("http://{}", proxy.address);
    let invite = admin(
        &data,
        &[
            "--as",
            "Operator Uji",
            "--json",
            "invite",
            "--official",
            "Petugas Uji",
            "--area",
            crate::phone::AREA,
            "--server",
            &url,
        ],
    )?;
    let link = invite["link"].as_str().ok_or_else(|| BenchError::Setup("an invite without a link".to_owned()))?;
    phone(&["join", text(&scene.phone())?, link])?;
    proxy.take();
    Ok((scene, server, proxy))
}

/// Measures every row and writes what it found.
pub(crate) fn measure(arguments: &Arguments) -> Result<(), BenchError> {
    let folder =
        tempfile::Builder::new().prefix("payung-bench").tempdir_in(crate::server::payung()?.with_file_name(""))?;
    let bar = ProgressBar::new(4 + arguments.runs as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let mut figures = Vec::new();
    push(arguments, folder.path(), &bar, &mut figures)?;
    large_phone(arguments, folder.path(), &bar, &mut figures)?;
    bar.set_message("plain SQLite");
    let rows = usize::try_from(arguments.pairs * 2).unwrap_or(usize::MAX);
    let mut values = Vec::new();
    for run in 0..arguments.runs {
        let folder = folder.path().join(format!("floor-{run}"));
        fs::create_dir_all(&folder)?;
        values.push(floor::rows_per_second(&folder, rows, 700)?);
    }
    figures.push(Figure::new("floor: plain SQLite FULL, 700 B rows by 200", "rows/s", Bar::None, values));
    bar.finish_and_clear();
    let table = table(&figures);
    println!("{table}");
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&figures).map_err(|error| BenchError::Setup(error.to_string()))?;
        fs::write(path, json)?;
    }
    if let Some(path) = &arguments.markdown {
        // what people wrote below the figures stays
        let before = fs::read_to_string(path).unwrap_or_default();
        let written = before.split_once(WRITTEN).map_or_else(String::new, |(_, rest)| format!("{WRITTEN}{rest}"));
        fs::write(path, document(arguments, &table) + &written)?;
    }
    Ok(())
}

/// Registering, pushing, editing, and having nothing to do.
fn push(arguments: &Arguments, folder: &Path, bar: &ProgressBar, figures: &mut Vec<Figure>) -> Result<(), BenchError> {
    bar.set_message("registering");
    let (template, server, proxy) = scene(folder.join("template"))?;
    let registered = phone(&["register", text(&template.phone())?, &arguments.pairs.to_string()])?;
    figures.push(Figure::new(
        "register one worker to durable (draft -> 3 records, one transaction)",
        "ms",
        Bar::AtMost(10.0),
        registered.each_ms.clone(),
    ));
    let address = server.address;
    drop(server);
    bar.inc(1);
    let mut speeds = [Vec::new(), Vec::new(), Vec::new()];
    let mut sizes = [Vec::new(), Vec::new(), Vec::new()];
    let (mut phone_rss, mut server_rss, mut cpu) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
    let mut idle: [Vec<f64>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for run in 0..arguments.runs {
        bar.set_message(format!("pushing, run {}", run + 1));
        let copy = template.copy(&folder.join(format!("run-{run}")))?;
        let pairs = phone(&["pair-bytes", text(&copy.phone())?])?;
        sizes[1].push(pairs.bytes_up as f64 / pairs.count.max(1) as f64);
        let server = Server::listen(&copy.data(), address)?;
        let before = server.cpu_ms();
        let pushed = phone(&["push", text(&copy.phone())?])?;
        proxy.take();
        speeds[0].push(pushed.count as f64 / pushed.acknowledged);
        speeds[1].push(arguments.pairs as f64 / pushed.acknowledged);
        speeds[2].push(pushed.count as f64 / pushed.seconds);
        sizes[0].push(pushed.bytes_up as f64 / arguments.pairs as f64);
        phone_rss.push(pushed.peak_rss_kib as f64 / 1024.0);
        server_rss.push(server.peak_rss_kib() as f64 / 1024.0);
        cpu[0].push(pushed.cpu_ms as f64 * 1000.0 / pushed.count as f64);
        cpu[1].push((server.cpu_ms() - before) as f64 * 1000.0 / pushed.count as f64);
        // everything it wrote comes back once; then there is nothing to do
        phone(&["push", text(&copy.phone())?])?;
        proxy.take();
        let nothing = phone(&["push", text(&copy.phone())?])?;
        let (up, down) = proxy.take();
        idle[0].push(nothing.requests as f64);
        idle[1].push(up as f64);
        idle[2].push(down as f64);
        let edited = phone(&["edit", text(&copy.phone())?, &arguments.pairs.to_string()])?;
        let sent = phone(&["push", text(&copy.phone())?])?;
        sizes[2].push(sent.bytes_up as f64 / edited.count.max(1) as f64);
        bar.inc(1);
    }
    let [records, registrations, whole_run] = speeds;
    let [whole, pair, edit] = sizes;
    let [requests, up, down] = idle;
    let [phone_cpu, server_cpu] = cpu;
    figures.extend([
        Figure::new("push, client to committed on SQLite FULL", "records/s", Bar::AtLeast(10_000.0), records),
        Figure::new(
            "the same as registrations (worker, enrolment, event)",
            "registrations/s",
            Bar::None,
            registrations,
        ),
        Figure::new("the whole run, until what came of it is read back", "records/s", Bar::None, whole_run),
        Figure::new("bytes up: pair worker + enrolment, by 200", "B", Bar::AtMost(220.0), pair),
        Figure::new("bytes up: whole registration with its event, as sent", "B", Bar::None, whole),
        Figure::new("bytes up: one-field edit, as sent", "B", Bar::AtMost(70.0), edit),
        Figure::new("nothing to do: requests", "", Bar::AtMost(1.0), requests),
        Figure::new("nothing to do: up with HTTP head", "B", Bar::AtMost(400.0), up),
        Figure::new("nothing to do: down with HTTP head", "B", Bar::AtMost(400.0), down),
        Figure::new("phone core's peak RSS on that push", "MiB", Bar::AtMost(40.0), phone_rss),
        Figure::new("server's peak RSS on that push", "MiB", Bar::None, server_rss),
        Figure::new("phone CPU a record", "µs", Bar::None, phone_cpu),
        Figure::new("server CPU a record", "µs", Bar::None, server_cpu),
    ]);
    Ok(())
}

/// A phone with very many workers.
fn large_phone(
    arguments: &Arguments,
    folder: &Path,
    bar: &ProgressBar,
    figures: &mut Vec<Figure>,
) -> Result<(), BenchError> {
    bar.set_message("filling a large phone");
    let (scene, server, _) = scene(folder.join("large"))?;
    let home = scene.phone();
    let phone_folder = text(&home)?;
    let workers = arguments.workers.to_string();
    let filled = phone(&["fill", phone_folder, &workers])?;
    drop(server);
    bar.inc(1);
    let mut looked = Vec::new();
    let mut listed = Vec::new();
    let mut rss = Vec::new();
    for _ in 0..arguments.runs.max(5) {
        let answer = phone(&["look-up", phone_folder, &workers])?;
        looked.push(median(&answer.each_ms));
        let answer = phone(&["first-list", phone_folder])?;
        listed.push(median(&answer.each_ms));
        rss.push(answer.peak_rss_kib as f64 / 1024.0);
    }
    let name = |what: &str| format!("{} workers on the phone: {what}", arguments.workers);
    figures.extend([
        Figure::new(&name("open + first NIK look-up"), "ms", Bar::AtMost(20.0), looked),
        Figure::new(&name("open to first list"), "ms", Bar::AtMost(60.0), listed),
        Figure::new(
            &name("disk each, encrypted, with an enrolment"),
            "B",
            Bar::None,
            vec![filled.disk as f64 / arguments.workers as f64],
        ),
        Figure::new(
            &name("peak RSS while filling"),
            "MiB",
            Bar::AtMost(40.0),
            vec![filled.peak_rss_kib as f64 / 1024.0],
        ),
        Figure::new(&name("peak RSS of a list"), "MiB", Bar::AtMost(40.0), rss),
        Figure::new(&name("pull"), "records/s", Bar::None, vec![filled.count as f64 / filled.seconds]),
    ]);
    bar.inc(1);
    Ok(())
}

fn document(arguments: &Arguments, table: &str) -> String {
    let mut text = String::from("# Benchmarks\n\n");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let _ = writeln!(
        text,
        "Written by `./dev bench`, on a machine with {cores} cores that others use, too: read medians and ratios, not \
         single values.\nRelease build; phone core and `payung serve` each in a process of its own, HTTP on this \
         machine's loopback, both databases WAL with\n`synchronous=FULL`. {} registrations of invented people, {} runs; \
         every run begins with a copy of the same files.\n\n{table}",
        arguments.pairs, arguments.runs,
    );
    text.push_str(
        "\n- *push*: from the phone's first byte until every op has its outcome, durable on both sides. The phone \
         numbers, seals, sends and\n  takes the replies; the server opens, judges, keeps history, seals its columns and \
         commits. A registration is three records. *The whole run* also\n  reads back what came of them.\n- *bytes up*: sealed bodies; the pair leaves \
         out the event that submits it, as the bar does. Heads of HTTP are some 115 B a request.\n- *nothing to do*: \
         whole requests and replies as they pass a proxy.\n- *floor*: what the same disk takes from one writer without \
         rules, history, sealing or a network.\n",
    );
    text
}
