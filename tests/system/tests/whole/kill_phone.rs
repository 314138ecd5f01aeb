//! A phone killed in the middle of registering loses nothing it had printed as saved.

use crate::common::{key, open, today};
use payung_domain::{
    area::Area,
    enrollment::Phase,
    field::Kind,
    id::{DeviceId, OfficialId, RecordId},
    nik::Nik,
    text,
};
use payung_people::{Person, person};
use payung_store::{Draft, Identity, Store};
use payung_system_tests::{Binaries, Phone, PhoneError, PhoneFiles, ledger::contains};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

const KILLS: usize = 200;

/// A person on their way through the form, as far as the phone has confirmed it.
#[derive(Default)]
struct Entry {
    draft: Option<i64>,
    /// Confirmed, field by field.
    typed: BTreeMap<String, Value>,
    /// Sent, not confirmed: may be saved or not.
    sent: Option<(String, Value)>,
    /// The registration was sent, and confirmed with this worker.
    registering: bool,
    worker: Option<RecordId>,
    visited: bool,
}

fn joined(folder: &Path, rng: &mut fastrand::Rng) -> PhoneFiles {
    let files = PhoneFiles::under(folder, "phone", key(rng)).unwrap();
    let store = open(&files);
    let identity = Identity {
        device: DeviceId(uuid::Uuid::from_u128(7)),
        official: OfficialId(uuid::Uuid::from_u128(8)),
        area: Area::parse("33.02.24.1001.003.001").unwrap(),
        certificate: Vec::new(),
    };
    store.set_identity(&identity).unwrap();
    files
}

/// Works on the entries until `deadline`; what was asked last may be unanswered then.
fn work(phone: &mut Phone, everyone: &[Person], entries: &mut Vec<Entry>, deadline: Instant) {
    let mut ask = |command: Value| -> Option<Value> {
        phone.tell(&command).ok()?;
        match phone.answer_within(deadline.saturating_duration_since(Instant::now())) {
            Ok(answer) => Some(answer),
            Err(PhoneError::Silent | PhoneError::Gone) => None,
            Err(error) => panic!("{error}"),
        }
    };
    loop {
        if entries.last().is_none_or(|entry| entry.visited) {
            entries.push(Entry::default());
        }
        let index = entries.len() - 1;
        let person = &everyone[index];
        let entry = entries.last_mut().unwrap();
        let draft = match (entry.draft, entry.worker) {
            (None, None) => {
                let Some(form) = ask(json!({"do": "open_form"})) else { return };
                entry.draft = form["draft"].as_i64();
                continue;
            }
            (draft, _) => draft,
        };
        if let Some(worker) = entry.worker {
            let visit = json!({"do": "visit", "worker": worker, "outcome": "registered"});
            let Some(_) = ask(visit) else { return };
            entry.visited = true;
            continue;
        }
        let form = person.form();
        let next = form.iter().find(|(field, value)| entry.typed.get(*field) != Some(value));
        if let Some((field, value)) = next {
            entry.sent = Some((field.clone(), value.clone()));
            let Some(_) = ask(json!({"do": "type", "draft": draft, "field": field, "value": value})) else { return };
            entry.typed.insert(field.clone(), value.clone());
            entry.sent = None;
        } else {
            entry.registering = true;
            let Some(done) = ask(json!({"do": "register", "draft": draft})) else { return };
            entry.worker = done["worker"].as_str().unwrap().parse().ok();
        }
    }
}

/// What the entries say is in the store, whatever was killed; brings the last one up to date.
fn check(store: &Store, everyone: &[Person], entries: &mut [Entry], from: usize) {
    let drafts = store.drafts().unwrap();
    for (person, entry) in everyone.iter().zip(entries).skip(from) {
        if entry.worker.is_none() && entry.registering {
            // not confirmed: registered whole, or not at all
            let found = store.find_nik(&Nik::parse(&person.nik).unwrap()).unwrap();
            entry.worker = found.first().copied();
            entry.registering = entry.worker.is_some();
        }
        if let Some(worker) = entry.worker {
            check_registered(store, person, worker);
            let own = |draft: &Draft| draft.fields.get("nik").is_some_and(|nik| *nik == person.nik.as_str());
            assert!(!drafts.iter().any(own), "the draft is gone with it");
            entry.draft = None;
            continue;
        }
        let kept: Option<&Draft> = drafts.iter().find(|draft| Some(draft.id.0) == entry.draft);
        if entry.draft.is_none() {
            // opening it was not confirmed: if it is there, it is empty, and is used
            entry.draft = drafts.first().filter(|draft| draft.fields.is_empty()).map(|draft| draft.id.0);
            continue;
        }
        let kept = kept.expect("a confirmed draft is offered again");
        for (field, value) in &entry.typed {
            assert_eq!(kept.fields.get(field), Some(value), "{field} was printed as saved");
        }
        if let Some((field, value)) = entry.sent.take()
            && let Some(found) = kept.fields.get(&field)
        {
            assert_eq!(found, &value);
            entry.typed.insert(field, value);
        }
        assert_eq!(kept.fields.len(), entry.typed.len(), "nothing was made up");
    }
}

fn check_registered(store: &Store, person: &Person, worker: RecordId) {
    let form = person.form();
    let detail = store.worker(worker, today()).unwrap();
    let value = |field: &str| detail.record.value(field).cloned().unwrap_or_default();
    assert_eq!(value("nik"), person.nik.as_str());
    assert_eq!(value("name"), text::normalise_name(&person.name).as_str());
    assert_eq!(value("mother_name"), text::normalise_name(&person.mother).as_str());
    assert_eq!(value("phone"), person.phone.as_str());
    assert_eq!(value("occupations")["first"], form["occupations.first"]);
    assert_eq!(value("heirs"), form["heirs"]);
    assert_eq!(value("birth")["date"], form["birth.date"]);
    // worker, enrolment and its submission stand or fall together
    let [enrollment] = detail.enrollments.as_slice() else { panic!("{} enrolments", detail.enrollments.len()) };
    assert_eq!(enrollment.phase, Phase::Queued);
    assert_eq!(enrollment.record.value("cover").unwrap()["months"], form["cover.months"]);
    let [event] = enrollment.events.as_slice() else { panic!("{} events", enrollment.events.len()) };
    assert_eq!(event.text("event"), Some("submit"));
}

#[test]
fn two_hundred_kills_while_registering_lose_nothing_shown_as_saved() {
    let binaries = Binaries::built();
    let folder = tempfile::tempdir().unwrap();
    let mut rng = fastrand::Rng::with_seed(20_261_122);
    let files = joined(folder.path(), &mut rng);
    let everyone: Vec<Person> = (0..2000).map(|i| person(3, i, "330224", today())).collect();
    let mut entries: Vec<Entry> = Vec::new();
    let mut checked = 0;
    for _ in 0..KILLS {
        let mut phone = Phone::launch(&binaries.phone, &files, &[], &[]).unwrap();
        let deadline = Instant::now() + Duration::from_millis(1) * rng.u32(..180);
        if phone.answer_within(deadline.saturating_duration_since(Instant::now())).is_ok() {
            work(&mut phone, &everyone, &mut entries, deadline);
        }
        // an answer printed just before the kill makes its act one of those shown as saved
        for answer in phone.kill().unwrap() {
            if let (Some(entry), Some(worker)) = (entries.last_mut(), answer["ok"]["worker"].as_str()) {
                entry.worker = worker.parse().ok();
            } else if let (Some(entry), true) = (entries.last_mut(), answer["ok"].is_null()) {
                entry.typed.extend(entry.sent.take());
            }
        }
        let store = open(&files);
        check(&store, &everyone, &mut entries, checked);
        checked = entries.len().saturating_sub(1);
    }
    let store = open(&files);
    check(&store, &everyone, &mut entries, 0);
    let registered = entries.iter().filter(|entry| entry.worker.is_some()).count();
    assert!(registered > KILLS / 10, "only {registered} registered: the kills came too early to show anything");
    assert_eq!(store.counts().unwrap().workers, registered as u64, "nobody twice");
    check_list(&store, &files, registered);
    println!("{KILLS} kills, {registered} registered");
}

/// The list outside the store, which the phone wrote before it printed, agrees with the store.
fn check_list(store: &Store, files: &PhoneFiles, registered: usize) {
    let mut workers = 0;
    for line in files.saved().unwrap() {
        let Some(record) = line["record"].as_str() else { continue };
        let shown = store.shown(record.parse().unwrap()).unwrap();
        let held = shown.value(line["field"].as_str().unwrap());
        assert!(contains(held.unwrap_or(&Value::Null), &line["value"]), "{} of a {}", line["field"], shown.kind);
        workers += usize::from(shown.kind == Kind::Worker && line["field"] == "nik");
    }
    // a kill between the commit and the list leaves a registration off the list, never the other way
    assert!(workers <= registered && workers > 0);
}
