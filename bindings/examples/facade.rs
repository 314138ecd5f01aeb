//! What the facade costs in Rust: `facade fill FOLDER WORKERS` makes a phone, `facade time FOLDER` prints how long it takes
//! from nothing to its first list, a page, the coverage picture and a price. `./dev bench --shell` times the same page in Kotlin beside it.

#![allow(clippy::print_stdout, reason = "a measurement")]

use chrono::NaiveDate;
use payung_core::{Client, ClientConfig, CoreError, price::price, software_vault};
use payung_domain::coverage::CoverageLevel;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    error::Error,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const PIN: &str = "482917";
const SEED: u64 = 20_261_123;
/// Pages timed for one median, after as many that are not.
const PAGES: usize = 3_000;
/// Rows of a page.
const ROWS: u32 = 20;

fn client(folder: &Path) -> Result<Arc<Client>, CoreError> {
    let (app_version, boot) = ("1.0.0".to_owned(), "one start".to_owned());
    let config = ClientConfig { folder: folder.to_owned(), app_version, boot, idle_seconds: 3600 };
    Client::new(config, software_vault(folder.with_extension("vault"))?)
}

/// Joins by the invite in the environment, registers people offline, and sends them.
fn fill(folder: &Path, workers: u64) -> Result<(), Box<dyn Error>> {
    let client = client(folder)?;
    client.set_pin(PIN.to_owned())?;
    client.join(std::env::var("PAYUNG_INVITE_DARMO")?, None)?;
    let today = NaiveDate::from_ymd_opt(2026, 1, 1).ok_or("no such day")?;
    let mut took = Vec::new();
    for i in 0..workers {
        let form = client.open_form(None)?;
        client.type_fields(form.id, payung_people::person(SEED, i, "330224", today).form())?;
        let begin = Instant::now();
        client.register(form.id, None)?;
        took.push(begin.elapsed());
    }
    // a hundred registrations are a long day; the last ones stand behind a queue of thousands
    for (word, some) in [("first", took.chunks(100).next()), ("last", took.rchunks(100).next())] {
        println!("register_{word}_ms {:.2}", middle(some.unwrap_or_default().to_vec()).as_secs_f64() * 1e3);
    }
    for row in client.search(String::new(), None, u32::MAX)?.rows {
        let visit = [("outcome", "registered".to_owned()), ("worker", row.id.to_string())];
        client.add_visit(visit.map(|(field, text)| (field.to_owned(), text.into())).into(), None)?;
    }
    let report = client.sync(true, None)?;
    println!("workers {}, sent {}, waiting {}", client.counts()?.workers, report.sent, client.waiting()?.new);
    Ok(())
}

fn time(folder: &Path) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    let client = client(folder)?;
    client.unlock(PIN.to_owned())?;
    let rows = client.search(String::new(), None, ROWS)?.rows.len();
    let whole = begin.elapsed();
    // what of it went into the PIN, which is meant to be slow
    let pin = median(9, || client.verify_pin(PIN.to_owned()).map(|()| 1))?;
    let page = || client.search(String::new(), None, ROWS).map(|page| page.rows.len());
    median(PAGES, page)?;
    let page = median(PAGES, page)?;
    let coverage = median(99, || client.coverage(None, CoverageLevel::Rt).map(|picture| picture.lines.len()))?;
    let asked = [("income", "1.000.000"), ("occupations.first", "penderes_kelapa"), ("cover.months", "12")];
    let asked: BTreeMap<String, Value> =
        asked.into_iter().map(|(field, text)| (field.to_owned(), text.into())).collect();
    let quote = median(PAGES, || price(asked.clone()).map(|told| told.lines.len()))?;
    println!("coverage_ms {:.2}", coverage.as_secs_f64() * 1e3);
    println!("quote_us {:.2}", quote.as_secs_f64() * 1e6);
    println!("rows {rows}");
    println!("open_ms {:.2}", whole.saturating_sub(pin).as_secs_f64() * 1e3);
    println!("pin_ms {:.2}", pin.as_secs_f64() * 1e3);
    println!("page_us {:.2}", page.as_secs_f64() * 1e6);
    Ok(())
}

fn median(times: usize, mut act: impl FnMut() -> Result<usize, CoreError>) -> Result<Duration, CoreError> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let begin = Instant::now();
        std::hint::black_box(act()?);
        took.push(begin.elapsed());
    }
    Ok(middle(took))
}

fn middle(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took.get(took.len() / 2).copied().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "fill", folder, workers] => fill(Path::new(folder), workers.parse()?),
        [_, "time", folder] => time(Path::new(folder)),
        _ => Err("facade fill FOLDER WORKERS, or facade time FOLDER".into()),
    }
}
