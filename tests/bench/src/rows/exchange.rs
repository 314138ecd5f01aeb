//! Registering, pushing, pulling, editing, having nothing to do, and a road that breaks.

use super::{Bench, values::Values};
use crate::{
    BenchError,
    answer::Answer,
    dossier::{self, Touched},
    figures::{Bar, Better, Figure, Section, median},
    proxy::Passed,
    scene::{FIRST, Scene, Side, all, own, text},
};

const SECOND: &str = "b";
/// The batches compared: documents with the peer, records with ours.
const BATCHES: [usize; 3] = [100, 200, 1000];
/// The batch that the details are about.
const BATCH: Option<usize> = Some(200);
/// Of the bytes of an undisturbed push, when the road breaks.
const CUT: f64 = 0.507;
/// Single acts whose times are shown.
const ACTS: usize = 1000;
const MIB: f64 = 1024.0;

const REGISTER: &str = "register one worker to durable (draft -> records, one transaction)";
const RECORDS: &str = "push by 200, client to committed on SQLite FULL";
const PUSH_CHOSEN: &str = "push, batch as the phone chooses (200, growing)";
const WHOLE: &str = "push by 200, the whole run";
const PULL: &str = "pull to an empty phone";
const UP: &str = "bytes up, push by 200";
const DOWN: &str = "bytes down, push by 200";
const DOWN_PULL: &str = "bytes down, pull";
const REQUESTS: &str = "requests, push by 200";
const EDIT_UP: &str = "bytes up, one-field edits by 200";
const EDITS: &str = "one-field edits by 200";
const PAIR: &str = "sealed body: pair worker + enrolment, by 200";
const EVENT: &str = "sealed body: registration with its event, as sent";
const EDIT: &str = "sealed body: one-field edit, as sent";
const IDLE: [&str; 3] = ["nothing to do: requests", "nothing to do: bytes up", "nothing to do: bytes down"];
const AGAIN: &str = "sent again after the cut";
const AGAIN_SHARE: &str = "sent again, of the whole";
const PHONE_CPU: &str = "phone CPU, push by 200";
const SERVER_CPU: &str = "server CPU, push by 200";
const PHONE_RECORD: &str = "phone CPU a record";
const SERVER_RECORD: &str = "server CPU a record";
const PHONE_PULL_CPU: &str = "phone CPU, pull";
const SERVER_PULL_CPU: &str = "server CPU, pull";
const PHONE_RSS: &str = "phone's peak RSS, push by 200";
const SERVER_RSS: &str = "server's peak RSS, push by 200";
const PHONE_DISK: &str = "phone's disk after it";
const SERVER_DISK: &str = "server's disk after it";

fn push_by(batch: usize) -> String {
    format!("push by {batch}")
}

fn pull_by(batch: usize) -> String {
    format!("pull by {batch}")
}

pub(super) fn rows(bench: &Bench) -> Result<[Section; 4], BenchError> {
    let mut values = Values::default();
    let mut templates = Vec::new();
    for side in &bench.sides {
        bench.step("registering", side);
        let folder = bench.folder.join(format!("template-{}", side.name()));
        let (scene, registered) = Scene::prepare(folder, side, &bench.road, bench.people)?;
        one_by_one(bench, side, &registered, &mut values)?;
        templates.push((side, scene));
    }
    for run in 0..bench.runs {
        for (side, template) in &templates {
            one_run(bench, side, template, run, &mut values)?;
        }
    }
    for (_, template) in templates {
        template.remove()?;
    }
    let (sides, bytes, cost, broken) = figures(&mut values);
    let section = |title: &str, figures| Section { title: title.to_owned(), figures };
    Ok([
        section(&format!("{} workers, pushed and pulled", bench.people), sides),
        section("Bytes and requests", bytes),
        section("What it costs", cost),
        section("A road that breaks after 50.7 % of the bytes", broken),
    ])
}

/// Times of single registrations; the peer's people were loaded at once, so some are saved one by one.
fn one_by_one(bench: &Bench, side: &Side, registered: &Answer, values: &mut Values) -> Result<(), BenchError> {
    let each = match side {
        Side::Ours => registered.each_ms.clone(),
        Side::Peer(peer) => {
            let some = bench.folder.join("some-documents");
            dossier::write_documents(&some, bench.people.min(ACTS as u64))?;
            peer.phone("register", &bench.folder.join("one-by-one"), &[text(&some)?])?.each_ms
        }
    };
    for ms in each.into_iter().take(ACTS) {
        values.note(REGISTER, side, ms);
    }
    Ok(())
}

fn one_run(bench: &Bench, side: &Side, template: &Scene, run: usize, values: &mut Values) -> Result<(), BenchError> {
    let mut batches: Vec<Option<usize>> = BATCHES.into_iter().map(Some).collect();
    if let Side::Ours = side {
        batches.push(None);
    }
    for batch in batches {
        bench.step(&format!("run {}, batch {}", run + 1, batch.map_or("chosen".to_owned(), |n| n.to_string())), side);
        let scene = template.copy(bench.folder.join(format!("{}-{run}", side.name())))?;
        let passed = one_push(bench, side, &scene, batch, values)?;
        scene.remove()?;
        if batch == BATCH {
            cut(bench, side, template, passed, values)?;
        }
    }
    Ok(())
}

/// What an answer and the road say of one person.
struct Each {
    people: f64,
}

impl Each {
    fn second(&self, seconds: f64) -> f64 {
        self.people / seconds
    }

    fn one(&self, of_all: u64) -> f64 {
        of_all as f64 / self.people
    }

    fn micros(&self, ms: u64) -> f64 {
        ms as f64 * 1000.0 / self.people
    }
}

fn one_push(
    bench: &Bench,
    side: &Side,
    scene: &Scene,
    batch: Option<usize>,
    values: &mut Values,
) -> Result<Passed, BenchError> {
    let each = Each { people: bench.people as f64 };
    let records = usize::try_from(bench.people).unwrap_or(usize::MAX) * side.records();
    if let (Side::Ours, BATCH) = (side, batch) {
        let pairs = own(&["pair-bytes", text(&scene.phone(FIRST)?)?])?;
        values.note(PAIR, side, pairs.bytes_up as f64 / pairs.count.max(1) as f64);
    }
    let server = scene.serve()?;
    let before = server.cpu_ms();
    bench.road.take();
    let pushed = all(scene.push(FIRST, batch)?, records, "pushed")?;
    let passed = bench.road.take();
    let name = batch.map_or_else(|| PUSH_CHOSEN.to_owned(), push_by);
    values.note(name, side, each.second(pushed.acknowledged));
    if batch == BATCH {
        let server_cpu = server.cpu_ms() - before;
        values.note(RECORDS, side, records as f64 / pushed.acknowledged);
        values.note(WHOLE, side, each.second(pushed.seconds));
        values.note(UP, side, each.one(passed.up));
        values.note(DOWN, side, each.one(passed.down));
        values.note(REQUESTS, side, passed.requests as f64);
        values.note(PHONE_CPU, side, each.micros(pushed.cpu_ms));
        values.note(SERVER_CPU, side, each.micros(server_cpu));
        values.note(PHONE_RSS, side, pushed.peak_rss_kib as f64 / MIB);
        values.note(SERVER_RSS, side, server.peak_rss_kib() as f64 / MIB);
        values.note(PHONE_DISK, side, each.one(scene.phone_disk(FIRST)));
        values.note(SERVER_DISK, side, each.one(scene.server_disk()));
        if let Side::Ours = side {
            let record = Each { people: records as f64 };
            values.note(PHONE_RECORD, side, record.micros(pushed.cpu_ms));
            values.note(SERVER_RECORD, side, record.micros(server_cpu));
            values.note(EVENT, side, each.one(pushed.bytes_up));
        }
        nothing_to_do(bench, side, scene, values)?;
    }
    // how much ours reads at a time is the server's to say: one row, and the peer's best beside it
    if batch == BATCH || side.column() == 1 {
        scene.add_phone(SECOND)?;
        let before = server.cpu_ms();
        bench.road.take();
        let pulled = all(scene.pull(SECOND, batch)?, records, "pulled")?;
        let passed = bench.road.take();
        values.note(pull_by(batch.unwrap_or_default()), side, each.second(pulled.seconds));
        if batch == BATCH {
            values.note(DOWN_PULL, side, each.one(passed.down));
            values.note(PHONE_PULL_CPU, side, each.micros(pulled.cpu_ms));
            values.note(SERVER_PULL_CPU, side, each.micros(server.cpu_ms() - before));
            edits(bench, side, scene, values)?;
        }
    }
    Ok(passed)
}

fn nothing_to_do(bench: &Bench, side: &Side, scene: &Scene, values: &mut Values) -> Result<(), BenchError> {
    // everything it wrote comes back once; then there is nothing to do
    scene.sync(FIRST)?;
    bench.road.take();
    scene.sync(FIRST)?;
    let Passed { up, down, requests } = bench.road.take();
    for (name, value) in IDLE.into_iter().zip([requests, up, down]) {
        values.note(name, side, value as f64);
    }
    Ok(())
}

fn edits(bench: &Bench, side: &Side, scene: &Scene, values: &mut Values) -> Result<(), BenchError> {
    let each = Each { people: bench.people as f64 };
    scene.edit(FIRST, Touched::Phone, 0..bench.people)?;
    bench.road.take();
    let wanted = usize::try_from(bench.people).unwrap_or(usize::MAX);
    let sent = all(scene.push(FIRST, BATCH)?, wanted, "pushed")?;
    values.note(EDIT_UP, side, each.one(bench.road.take().up));
    values.note(EDITS, side, each.second(sent.acknowledged));
    if let Side::Ours = side {
        values.note(EDIT, side, each.one(sent.bytes_up));
    }
    Ok(())
}

/// The same push again on a road that breaks, and from where that left it to the end.
fn cut(bench: &Bench, side: &Side, template: &Scene, whole: Passed, values: &mut Values) -> Result<(), BenchError> {
    bench.step("cut", side);
    let scene = template.copy(bench.folder.join(format!("cut-{}", side.name())))?;
    let server = scene.serve()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count of bytes")]
    bench.road.cut_after((whole.up as f64 * CUT) as u64);
    let first = scene.push_to_the_cut(FIRST, BATCH);
    let sent = bench.road.take().up;
    bench.road.mend();
    if first?.finished {
        return Err(BenchError::Setup("the road was cut and the push went on".to_owned()));
    }
    scene.push(FIRST, BATCH)?;
    let resumed = bench.road.take().up;
    let again = (sent + resumed).saturating_sub(whole.up);
    values.note(AGAIN, side, again as f64);
    values.note(AGAIN_SHARE, side, again as f64 * 100.0 / whole.up as f64);
    drop(server);
    scene.remove()
}

/// Every run's best of the peer over its batches.
fn best_of(values: &Values, name: fn(usize) -> String) -> Vec<f64> {
    let runs: Vec<Vec<f64>> = BATCHES.into_iter().map(|batch| values.of(&name(batch), 1).to_vec()).collect();
    let count = runs.iter().map(Vec::len).min().unwrap_or_default();
    (0..count).map(|run| runs.iter().map(|of_batch| of_batch[run]).fold(f64::NAN, f64::max)).collect()
}

type Figures = Vec<Figure>;

fn figures(values: &mut Values) -> (Figures, Figures, Figures, Figures) {
    let (more, less) = (Better::More, Better::Less);
    let (best_push, best_pull) = (best_of(values, push_by), best_of(values, pull_by));
    let by_200 = values.of(&push_by(200), 0).to_vec();
    let times: Vec<f64> = by_200.iter().zip(&best_push).map(|(ours, best)| ours / best).collect();
    let ours_pull = values.of(&pull_by(200), 0).to_vec();
    // what a cut may cost is one batch again: as many bytes as one has here
    let one_batch = median(values.of(UP, 0)).map(|up| up * 200.0 / Side::Ours.records() as f64);
    let mut sides = vec![values.row(REGISTER, "ms", less, Bar::AtMost(10.0))];
    sides.extend(BATCHES.map(|batch| values.row(&push_by(batch), "workers/s", more, Bar::None)));
    sides.push(values.row(PUSH_CHOSEN, "workers/s", more, Bar::None));
    sides.push(
        Figure::new("push: ours by 200, the peer's best batch of each run", "workers/s", by_200)
            .beside(best_push, more),
    );
    if !times.is_empty() {
        sides.push(Figure::new("the same, ours divided by the peer's", "times", times).bar(Bar::AtLeast(3.0)));
    }
    sides.push(values.row(RECORDS, "records/s", more, Bar::AtLeast(10_000.0)));
    sides.push(values.row(WHOLE, "workers/s", more, Bar::None));
    sides.push(
        Figure::new(PULL.to_owned() + ", the peer's best batch of each run", "workers/s", ours_pull)
            .beside(best_pull, more),
    );
    sides.push(values.row(EDITS, "edits/s", more, Bar::None));
    let bytes = vec![
        values.row(UP, "B/worker", less, Bar::None),
        values.row(DOWN, "B/worker", less, Bar::None),
        values.row(REQUESTS, "", less, Bar::None),
        values.row(DOWN_PULL, "B/worker", less, Bar::None),
        values.row(EDIT_UP, "B/edit", less, Bar::AtMost(70.0)),
        values.row(PAIR, "B", less, Bar::AtMost(220.0)),
        values.row(EVENT, "B", less, Bar::None),
        values.row(EDIT, "B", less, Bar::AtMost(70.0)),
        values.row(IDLE[0], "", less, Bar::AtMost(1.0)),
        values.row(IDLE[1], "B", less, Bar::AtMost(400.0)),
        values.row(IDLE[2], "B", less, Bar::AtMost(400.0)),
    ];
    let cost = vec![
        values.row(PHONE_CPU, "µs/worker", less, Bar::None),
        values.row(SERVER_CPU, "µs/worker", less, Bar::None),
        values.row(PHONE_RECORD, "µs", less, Bar::None),
        values.row(SERVER_RECORD, "µs", less, Bar::None),
        values.row(PHONE_PULL_CPU, "µs/worker", less, Bar::None),
        values.row(SERVER_PULL_CPU, "µs/worker", less, Bar::None),
        values.row(PHONE_RSS, "MiB", less, Bar::AtMost(40.0)),
        values.row(SERVER_RSS, "MiB", less, Bar::None),
        values.row(PHONE_DISK, "B/worker", less, Bar::None),
        values.row(SERVER_DISK, "B/worker", less, Bar::None),
    ];
    let broken = vec![
        values.row(AGAIN, "B", less, one_batch.map_or(Bar::None, Bar::AtMost)),
        values.row(AGAIN_SHARE, "%", less, Bar::None),
    ];
    (sides, bytes, cost, broken)
}
