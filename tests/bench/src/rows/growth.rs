//! Few and many workers: push, pull, and what a phone that holds them looks up; the largest is the phone of the bars.

use super::{Bench, values::Values};
use crate::{
    BenchError,
    figures::{Bar, Better, Section, median},
    scene::{FIRST, Look, Scene, Side, all},
};

const SECOND: &str = "b";
/// Look-ups of each kind, each in a process of its own.
const LOOKS: usize = 5;
const MIB: f64 = 1024.0;

pub(super) fn rows(bench: &Bench) -> Result<[Section; 2], BenchError> {
    let mut values = Values::default();
    for people in &bench.growth {
        for side in &bench.sides {
            bench.step(&format!("{people} workers"), side);
            one_size(bench, side, *people, &mut values)?;
        }
    }
    let (more, less) = (Better::More, Better::Less);
    let largest = bench.growth.iter().max().copied().unwrap_or_default();
    let mut figures = vec![
        values.row(&format!("{largest}: {NIK}"), "ms", less, Bar::AtMost(20.0)),
        values.row(&format!("{largest}: {LIST}"), "ms", less, Bar::AtMost(60.0)),
        values.row(&format!("{largest}: {SEARCH}"), "ms", less, Bar::None),
        values.row(&format!("{largest}: {DISK}"), "B", less, Bar::None),
        values.row(&format!("{largest}: {PULL_RSS}"), "MiB", less, Bar::AtMost(40.0)),
        values.row(&format!("{largest}: {LIST_RSS}"), "MiB", less, Bar::AtMost(40.0)),
    ];
    // ours keeps its indexes with every record
    if bench.sides.len() > 1 {
        figures.push(values.plain(&format!("{largest}: {INDEX}"), "s"));
    }
    for figure in &mut figures {
        figure.name = figure.name.split_once(": ").map_or_else(String::new, |(_, name)| name.to_owned());
    }
    let phone = Section { title: format!("A phone with {largest} workers"), figures };
    let mut figures = Vec::new();
    for (name, unit, better) in [(PUSH, "workers/s", more), (PULL, "workers/s", more)] {
        for people in &bench.growth {
            figures.push(values.row(&format!("{people}: {name}"), unit, better, Bar::None));
        }
    }
    // the largest is in the table above
    for name in [NIK, LIST, SEARCH] {
        for people in bench.growth.iter().filter(|people| **people != largest) {
            figures.push(values.row(&format!("{people}: {name}"), "ms", less, Bar::None));
        }
    }
    Ok([phone, Section { title: "Growth, measured once".to_owned(), figures }])
}

const PUSH: &str = "push";
const PULL: &str = "pull to an empty phone";
const NIK: &str = "open + first look-up by NIK";
const LIST: &str = "open + first page of the area's list";
const SEARCH: &str = "open + first page of a search by name";
const DISK: &str = "disk a worker, with indexes";
const PULL_RSS: &str = "the phone's peak RSS while pulling them";
const LIST_RSS: &str = "the phone's peak RSS of a list";
const INDEX: &str = "making the indexes, before the first look-up";

fn one_size(bench: &Bench, side: &Side, people: u64, values: &mut Values) -> Result<(), BenchError> {
    let name = |what: &str| format!("{people}: {what}");
    let wanted = usize::try_from(people).unwrap_or(usize::MAX) * side.records();
    let folder = bench.folder.join(format!("growth-{}", side.name()));
    let (scene, _) = Scene::prepare(folder, side, &bench.road, people)?;
    let server = scene.serve()?;
    let pushed = all(scene.push(FIRST, None)?, wanted, "pushed")?;
    values.note(name(PUSH), side, people as f64 / pushed.acknowledged);
    scene.add_phone(SECOND)?;
    let pulled = all(scene.pull(SECOND, None)?, wanted, "pulled")?;
    values.note(name(PULL), side, people as f64 / pulled.seconds);
    values.note(name(PULL_RSS), side, pulled.peak_rss_kib as f64 / MIB);
    drop(server);
    if let Some(seconds) = scene.index(SECOND)? {
        values.note(name(INDEX), side, seconds);
    }
    for (what, look) in [(NIK, Look::Nik(people / 2)), (LIST, Look::List), (SEARCH, Look::Search)] {
        for _ in 0..LOOKS {
            bench.step(&format!("{people} workers, {what}"), side);
            let looked = scene.look(SECOND, look)?;
            values.note(name(what), side, median(&looked.each_ms).unwrap_or(f64::NAN));
            if what == LIST {
                values.note(name(LIST_RSS), side, looked.peak_rss_kib as f64 / MIB);
            }
        }
    }
    values.note(name(DISK), side, scene.phone_disk(SECOND) as f64 / people as f64);
    scene.remove()
}
