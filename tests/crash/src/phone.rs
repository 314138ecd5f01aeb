//! A phone killed in the middle of its work loses nothing it had printed as saved.

use crate::{
    CrashError, Kills,
    rig::{self, Rig},
};
use payung_domain::{field::Kind, id::RecordId, nik::Nik, text};
use payung_people::Person;
use payung_store::{Draft, Store};
use payung_system_tests::{
    Phone, PhoneError, PhoneFiles,
    ledger::{self, contains},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

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

/// The official at the phone.
struct Official {
    entries: Vec<Entry>,
    /// What was asked last and not answered.
    asked: &'static str,
    via: String,
    /// Strike at the next question of this kind, else after so many.
    aim: Option<&'static str>,
    left: u32,
    /// It strikes so long after the last of them.
    after: Duration,
}

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

impl Official {
    fn person(index: usize) -> Person {
        rig::someone(index as u64)
    }

    /// Asks, and waits for the answer; the last question is answered, or not, before the kill.
    fn ask(&mut self, phone: &mut Phone, what: &'static str, command: &Value) -> Result<Option<Value>, CrashError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left = if self.aim == Some(what) { 0 } else { self.left - 1 };
        self.asked = what;
        if phone.tell(command).is_err() {
            return Ok(None);
        }
        // an exchange takes longer than an act of the phone alone
        let after = if what == "sync" { self.after * 10 } else { self.after };
        match phone.answer_within(if self.left == 0 { after } else { PATIENCE }) {
            Ok(answer) => Ok(Some(answer)),
            Err(PhoneError::Silent) if self.left == 0 => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Works until the kill; what was asked last may be unanswered then.
    fn work(&mut self, phone: &mut Phone) -> Result<(), CrashError> {
        loop {
            if self.entries.last().is_none_or(|entry| entry.visited) {
                self.entries.push(Entry::default());
            }
            let index = self.entries.len() - 1;
            let entry = &self.entries[index];
            let (draft, worker) = (entry.draft, entry.worker);
            if let Some(worker) = worker {
                let visit = json!({"do": "visit", "worker": worker, "outcome": "registered"});
                let Some(_) = self.ask(phone, "visit", &visit)? else { return Ok(()) };
                self.entries[index].visited = true;
                // every third goes to the server at once
                if index.is_multiple_of(3) {
                    let sync = json!({"do": "sync", "via": self.via});
                    let Some(_) = self.ask(phone, "sync", &sync)? else { return Ok(()) };
                }
                continue;
            }
            if draft.is_none() {
                let Some(form) = self.ask(phone, "open_form", &json!({"do": "open_form"}))? else {
                    return Ok(());
                };
                self.entries[index].draft = form["draft"].as_i64();
                continue;
            }
            let form = Self::person(index).form();
            let next = form.iter().find(|(field, value)| self.entries[index].typed.get(*field) != Some(value));
            if let Some((field, value)) = next {
                self.entries[index].sent = Some((field.clone(), value.clone()));
                let typing = json!({"do": "type", "draft": draft, "field": field, "value": value});
                let Some(_) = self.ask(phone, "type", &typing)? else { return Ok(()) };
                let entry = &mut self.entries[index];
                entry.typed.insert(field.clone(), value.clone());
                entry.sent = None;
            } else {
                self.entries[index].registering = true;
                let register = json!({"do": "register", "draft": draft});
                let Some(done) = self.ask(phone, "register", &register)? else { return Ok(()) };
                self.entries[index].worker = done["worker"].as_str().and_then(|id| id.parse().ok());
            }
        }
    }

    /// An answer printed just before the kill makes its act one of those shown as saved.
    fn hear(&mut self, answers: &[Value]) {
        let Some(entry) = self.entries.last_mut() else { return };
        for answer in answers {
            if let Some(worker) = answer["ok"]["worker"].as_str() {
                entry.worker = worker.parse().ok();
            } else if answer.get("ok").is_some_and(Value::is_null) {
                entry.typed.extend(entry.sent.take());
            }
        }
    }

    /// How much of what the phone said the store lacks, from one entry on; the last is brought up to date.
    fn lost(&mut self, store: &Store, from: usize) -> Result<usize, CrashError> {
        let drafts = store.drafts()?;
        let mut lost = 0;
        for (index, entry) in self.entries.iter_mut().enumerate().skip(from) {
            let person = Self::person(index);
            if entry.worker.is_none() && entry.registering {
                // not confirmed: registered whole, or not at all
                let nik = Nik::parse(&person.nik).map_err(|_| CrashError::broken("an invented NIK is wrong"))?;
                entry.worker = store.find_nik(&nik)?.first().copied();
                entry.registering = entry.worker.is_some();
            }
            if let Some(worker) = entry.worker {
                lost += usize::from(!is_whole(store, &person, worker)?);
                let own = |draft: &Draft| draft.fields.get("nik").is_some_and(|nik| *nik == person.nik.as_str());
                if drafts.iter().any(own) {
                    return Err(CrashError::broken("a registered person's form is still there"));
                }
                entry.draft = None;
                continue;
            }
            let Some(draft) = entry.draft else {
                // opening it was not confirmed: if it is there, it is empty, and is used
                entry.draft = drafts.first().filter(|draft| draft.fields.is_empty()).map(|draft| draft.id.0);
                continue;
            };
            let Some(kept) = drafts.iter().find(|kept| kept.id.0 == draft) else {
                lost += 1 + entry.typed.len();
                continue;
            };
            lost += entry.typed.iter().filter(|(field, value)| kept.fields.get(*field) != Some(value)).count();
            if let Some((field, value)) = entry.sent.take()
                && kept.fields.get(&field) == Some(&value)
            {
                entry.typed.insert(field, value);
            }
            if kept.fields.len() > entry.typed.len() {
                return Err(CrashError::broken("the form holds what nobody typed"));
            }
        }
        Ok(lost)
    }

    fn registered(&self) -> usize {
        self.entries.iter().filter(|entry| entry.worker.is_some()).count()
    }
}

/// Whether worker, enrolment and submission are there with what was typed.
fn is_whole(store: &Store, person: &Person, worker: RecordId) -> Result<bool, CrashError> {
    let form = person.form();
    let Ok(detail) = store.worker(worker, rig::today()) else { return Ok(false) };
    let value = |field: &str| detail.record.value(field).cloned().unwrap_or_default();
    let [enrollment] = detail.enrollments.as_slice() else {
        return Err(CrashError::broken(format!("{} enrolments of one registration", detail.enrollments.len())));
    };
    let [event] = enrollment.events.as_slice() else {
        return Err(CrashError::broken(format!("{} submissions of one registration", enrollment.events.len())));
    };
    // the server tells a NIK masked; the phone keeps what was typed beside it
    let nik = Nik::parse(&person.nik).map_err(|_| CrashError::broken("an invented NIK is wrong"))?;
    Ok(store.find_nik(&nik)? == [worker]
        && value("name") == text::normalise_name(&person.name).as_str()
        && value("mother_name") == text::normalise_name(&person.mother).as_str()
        && value("phone") == person.phone.as_str()
        && value("occupations")["first"] == form["occupations.first"]
        && contains(&value("heirs"), &form["heirs"])
        && value("birth")["date"] == form["birth.date"]
        && enrollment.record.value("cover").is_some_and(|cover| cover["months"] == form["cover.months"])
        && event.text("event") == Some("submit"))
}

/// How many lines of the list outside the store, which the phone wrote before it printed, the store does not show.
fn unlisted(store: &Store, files: &PhoneFiles) -> Result<(usize, usize), CrashError> {
    let (mut printed, mut lost) = (0, 0);
    for line in files.saved()? {
        let (Some(record), Some(field)) = (line["record"].as_str(), line["field"].as_str()) else { continue };
        printed += 1;
        let Some(shown) = record.parse().ok().and_then(|record| store.shown(record).ok()) else {
            lost += 1;
            continue;
        };
        let held = shown.value(field).unwrap_or(&Value::Null);
        let masked = shown.kind == Kind::Worker && field == "nik" && held.is_object();
        lost += usize::from(!masked && !contains(held, &line["value"]));
    }
    Ok((printed, lost))
}

/// Kills a phone so many times while it registers, visits and sends, and compares after each what it had printed with
/// what its store holds, and at the end with what the server has. `progress` hears of each kill.
///
/// # Errors
/// [`CrashError`]: half of an act was there, something was there twice, or the run could not go on.
pub fn kill(rig: &mut Rig, kills: usize, mut progress: impl FnMut(&Kills)) -> Result<Kills, CrashError> {
    let (phone, files) = rig.phone("dibunuh", rig::RW, &[])?;
    phone.close()?;
    let mut official = Official {
        entries: Vec::new(),
        asked: "opening",
        via: rig.server.url(),
        aim: None,
        left: 0,
        after: Duration::ZERO,
    };
    let mut done = Kills::default();
    let mut checked = 0;
    while done.kills < kills {
        let mut phone = rig.launch(&files)?;
        official.asked = "opening";
        // by questions, not by time, so that a slow machine is struck in as many places as a fast one; the acts that
        // write most are few among many fields
        official.aim = match rig.rng.u8(..8) {
            0 | 1 => Some("register"),
            2 => Some("sync"),
            3 => Some("visit"),
            _ => None,
        };
        official.left = if official.aim.is_some() { u32::MAX } else { rig.rng.u32(1..30) };
        official.after = Duration::from_micros(rig.rng.u64(..6000));
        let opening = rig.rng.u8(..8) == 0;
        match phone.answer_within(if opening { official.after * 5 } else { PATIENCE }) {
            Ok(_) => official.work(&mut phone)?,
            Err(PhoneError::Silent) if opening => {}
            // a process that begins beside us may hold the lock of our own look into the store a moment longer
            Err(PhoneError::Refused { code, .. }) if code == "already_open" => continue,
            Err(error) => return Err(error.into()),
        }
        official.hear(&phone.kill()?);
        done.kills += 1;
        *done.at.entry(official.asked.to_owned()).or_default() += 1;
        let store = rig::open(&files)?;
        done.lost += official.lost(&store, checked)?;
        checked = official.entries.len().saturating_sub(1);
        done.registered = official.registered();
        progress(&done);
    }
    let store = rig::open(&files)?;
    store.check()?;
    done.lost += official.lost(&store, 0)?;
    let (printed, unlisted) = unlisted(&store, &files)?;
    done.printed = printed;
    done.lost += unlisted;
    let counted = store.counts()?.workers;
    drop(store);
    let mut phone = rig.start(&files, &[])?;
    rig::settle(&mut phone, &rig.server.url())?;
    phone.close()?;
    done.registered = official.registered();
    if counted != done.registered as u64 || rig.people()? != done.registered {
        return Err(CrashError::broken("somebody is there twice, or not at all"));
    }
    if printed > 0 {
        done.lost += ledger::lost(&files, &rig.admin)?;
    }
    Ok(done)
}
