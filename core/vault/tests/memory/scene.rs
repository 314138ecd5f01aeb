//! Both processes of the scene: the phone, and who looks into its memory.
#![allow(clippy::print_stdout, reason = "the phone talks to its parent by it, and the count is to be read")]

#[path = "../common/mod.rs"]
mod common;

use chrono::{DateTime, NaiveDate, Utc};
use common::{NOW, pin, rng};
use payung_domain::{
    area::Area,
    contribution::ContributionTable,
    eligibility::Membership,
    field::Kind,
    id::{DeviceId, OfficialId, RecordId},
    worker::CaptureContext,
};
use payung_people::Person;
use payung_store::{DatabaseKey, Identity, NewIds, Options, Store, WorkerQuery};
use payung_vault::{Lock, Pin, SoftwareVault};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Names the folder to the process that is the phone.
const PHONE: &str = "PAYUNG_TEST_PHONE";
const WORKERS: u64 = 5;

fn people() -> impl Iterator<Item = Person> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a date");
    (0..WORKERS).map(move |at| payung_people::person(23, at, "330224", today))
}

/// Plays the scene; `test` is the name of the test that calls, which is run again as the phone.
pub(crate) fn play(test: &str, with: &str) {
    match env::var_os(PHONE) {
        Some(folder) => phone(Path::new(&folder)),
        None => look(test, with),
    }
}

fn vault(folder: &Path) -> Arc<SoftwareVault> {
    Arc::new(SoftwareVault::in_file(&folder.join("vault"), &mut rng()).expect("a vault"))
}

/// The phone. What it is told and says goes line by line, and never holds a secret.
fn phone(folder: &Path) {
    let told = |said: &str| {
        println!("\nphone:{said}");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).expect("a line");
    };
    told("ready");
    let store = {
        // typed; read without a buffer between
        let mut typed = Zeroizing::new([0; Pin::DIGITS]);
        fs::File::open(folder.join("typed")).expect("a file").read_exact(&mut *typed).expect("six digits");
        let pin = Pin::parse(std::str::from_utf8(&*typed).expect("digits")).expect("a PIN");
        let key = Lock::open(folder, vault(folder), NOW).expect("the lock").unlock(&pin, NOW).expect("opened");
        Store::open(&folder.join("phone.db"), &DatabaseKey::copied(key.expose()), &Options::default()).expect("a store")
    };
    work(&store);
    told("open");
    drop(store);
    told("locked");
}

fn work(store: &Store) {
    let area = Area::parse("33.02.24.1001.005.003").expect("an area");
    let (device, official) = (DeviceId(Uuid::from_u128(6)), OfficialId(Uuid::from_u128(7)));
    let joined = Identity { device, official, area: area.clone(), only: None, certificate: Vec::new() };
    store.set_identity(&joined).expect("joined");
    let now: DateTime<Utc> = "2026-11-22T03:00:00Z".parse().expect("a time");
    let context = CaptureContext {
        now,
        area: &area,
        official,
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    };
    for (at, person) in (1..).zip(people()) {
        let form = person.form();
        let fields: Vec<(&str, &Value)> = form.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let draft = store.open_draft(&Kind::Worker, None, NOW.wall_ms).expect("a draft").id;
        store.set_draft_fields(draft, &fields, NOW.wall_ms).expect("kept");
        let id = |part: u128| RecordId(Uuid::from_u128(at * 10 + part));
        let ids = NewIds { worker: id(1), enrollment: id(2), event: id(3) };
        store.register_worker(draft, &context, ids).expect("registered");
    }
    let listed = store.workers(&WorkerQuery { limit: 50, ..WorkerQuery::default() }, now.date_naive()).expect("a list");
    assert_eq!(listed.rows.len(), people().count());
}

/// Who looks from outside.
fn look(test: &str, with: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut phone = Phone::start(test, folder.path());
    phone.says("ready");
    // six digits occur by chance, in tables and addresses: a PIN that nothing has yet
    let before = phone.memory();
    let mut candidates = (481_516..1_000_000).step_by(7_919).map(|number| format!("{number:06}"));
    let typed = candidates.find(|typed| !pin(typed).is_trivial() && before.count(typed.as_bytes()) == 0).expect("one");
    let (_, key) = Lock::create(folder.path(), vault(folder.path()), &pin(&typed), &mut rng()).expect("a lock");
    fs::write(folder.path().join("typed"), &typed).expect("written");
    phone.goes_on("open");
    let found = |memory: &Memory| {
        let hex = hex::encode(key.expose());
        let of_key = [&key.expose()[..], hex.as_bytes(), hex.to_uppercase().as_bytes()].map(|form| memory.count(form));
        let niks: usize = people().map(|person| memory.count(person.nik.as_bytes())).sum();
        (of_key, memory.count(typed.as_bytes()), niks)
    };
    let (of_key, ..) = found(&phone.memory());
    assert!(of_key.iter().sum::<usize>() > 0, "what looks for the key must find it while the database is open");
    phone.goes_on("locked");
    let memory = phone.memory();
    let (of_key, of_pin, of_niks) = found(&memory);
    let mib = memory.regions.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() >> 20;
    println!("{with}: locked, of {mib} MiB: key {of_key:?} (raw, hex, HEX), PIN {of_pin}, NIKs {of_niks}");
    let left: Vec<_> = [&key.expose()[..], typed.as_bytes()].map(|secret| memory.places(secret)).concat();
    assert_eq!((of_key, of_pin), ([0; 3], 0), "{left:?}");
    phone.ends();
}

/// The other process.
struct Phone {
    process: Child,
    tell: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Phone {
    fn start(test: &str, folder: &Path) -> Self {
        let mut process = Command::new(env::current_exe().expect("this program"))
            .args([test, "--exact", "--nocapture"])
            .env(PHONE, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let (tell, said) = (process.stdin.take().expect("a pipe"), process.stdout.take().expect("a pipe"));
        Self { process, tell, said: BufReader::new(said) }
    }

    fn says(&mut self, wanted: &str) {
        let wanted = format!("phone:{wanted}");
        let mut lines = self.said.by_ref().lines().map(|line| line.expect("a line"));
        assert!(lines.any(|line| line == wanted), "the phone ended before {wanted}");
    }

    fn goes_on(&mut self, until: &str) {
        writeln!(self.tell).expect("told");
        self.says(until);
    }

    fn ends(mut self) {
        writeln!(self.tell).expect("told");
        assert!(self.process.wait().expect("ended").success());
    }

    fn memory(&self) -> Memory {
        let process = PathBuf::from(format!("/proc/{}", self.process.id()));
        let maps = fs::read_to_string(process.join("maps")).expect("its maps");
        let mut memory = fs::File::open(process.join("mem")).expect("its memory");
        let mut regions = Vec::new();
        for line in maps.lines() {
            let mut parts = line.split_whitespace();
            let (range, rights) = (parts.next().expect("a range"), parts.next().expect("rights"));
            // the kernel's own pages cannot be read
            if !rights.starts_with('r') || line.ends_with("[vvar]") || line.ends_with("[vsyscall]") {
                continue;
            }
            let (from, to) = range.split_once('-').expect("two ends");
            let end = |hex| u64::from_str_radix(hex, 16).expect("an address");
            let mut bytes = vec![0; usize::try_from(end(to) - end(from)).expect("it fits")];
            memory.seek(SeekFrom::Start(end(from))).expect("there");
            // what was mapped and never touched may refuse
            if memory.read_exact(&mut bytes).is_ok() {
                regions.push((line.to_owned(), bytes));
            }
        }
        Memory { regions }
    }
}

struct Memory {
    /// What the kernel calls each, and what is in it.
    regions: Vec<(String, Vec<u8>)>,
}

impl Memory {
    fn count(&self, wanted: &[u8]) -> usize {
        self.places(wanted).len()
    }

    /// Where something is: region and offset.
    fn places(&self, wanted: &[u8]) -> Vec<(&str, usize)> {
        let (first, length) = (wanted[0], wanted.len());
        let mut found = Vec::new();
        for (name, bytes) in &self.regions {
            for at in 0..bytes.len().saturating_sub(length - 1) {
                if bytes[at] == first && bytes[at..at + length] == *wanted {
                    found.push((name.as_str(), at));
                }
            }
        }
        found
    }
}
