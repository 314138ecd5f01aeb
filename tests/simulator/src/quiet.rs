//! The end of a run: the roads are mended, everything that waits is sent, and then all must be equal and nothing lost.

use crate::{
    chance::Chance,
    oracle::normal,
    phone::Acted,
    road::sent,
    server::Served,
    template::KELURAHAN,
    violation::{Played, broken},
    world::World,
};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use payung_domain::{field::Kind, id::RecordId, op::Body, record::Record};
use payung_protocol::{Checksum, record_check};
use payung_server::{
    service::operator::Act,
    storage::{DeviceState, OpStatus, RecordFilter, Scope},
};
use payung_store::{Asked, StoreError};
use payung_sync::{Endpoint, SyncEngine, SyncError, Urgency};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// After so many rounds without quiet there will be none.
const MOST_ROUNDS: usize = 14;
/// Longer than a phone waits before it pulls everything once more.
const ROUND: i64 = 7 * 3_600_000;

impl World {
    /// Brings everything to rest.
    pub(crate) fn settle_down(&mut self) -> Played {
        let mut chance = Chance::of(self.seed, 5);
        self.trace.say(format_args!("quiet"));
        self.mood.road = 0;
        self.setting = self.setting.without_faults();
        self.server.spare();
        for phone in &mut self.phones {
            phone.strike_in = 0;
            phone.ahead_ms = 0;
        }
        while let Some((at, _)) = self.events.keys().next().copied() {
            self.pass(at.saturating_sub(self.now).max(0))?;
        }
        let mut last = None;
        for round in 0..MOST_ROUNDS {
            self.reseed(chance.word());
            self.pass(ROUND)?;
            for phone in 0..self.phones.len() {
                self.clear_up(phone, &mut chance)?;
                self.run_to_end(phone, &mut chance)?;
            }
            self.clear_held(round)?;
            let state = (self.is_waiting()?, self.observed.clone());
            if !state.0 && last.as_ref() == Some(&state) {
                return Ok(());
            }
            last = Some(state);
        }
        let waiting: Vec<String> = self
            .phones
            .iter()
            .map(|phone| {
                Ok(format!("{:?}, needs fixing {}", phone.store()?.waiting()?, phone.store()?.needs_fixing()?.len()))
            })
            .collect::<Played<_>>()?;
        broken("all comes to rest", waiting.join("; "))
    }

    fn is_waiting(&self) -> Played<bool> {
        for phone in &self.phones {
            let waiting = phone.store()?.waiting()?;
            if waiting.new + waiting.sent + waiting.held > 0 || !phone.store()?.needs_fixing()?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forms are closed, refusals given up, and who may not take part joins again.
    fn clear_up(&mut self, phone: usize, chance: &mut Chance) -> Played {
        self.phones[phone].forms.clear();
        for draft in self.phones[phone].store()?.drafts()? {
            self.phones[phone].store()?.discard_draft(draft.id)?;
        }
        for fixing in self.phones[phone].store()?.needs_fixing()? {
            self.give_up(phone, fixing.k)?;
        }
        let device = self.device(phone)?;
        let row = self.server.look(|service| service.storage().read()?.device(device))??;
        let Some(row) = row else {
            return broken("a device that joined is known, whatever was restored", device.to_string());
        };
        if (row.state != DeviceState::Active || self.phones[phone].store()?.rejoin_needed()?)
            && !self.rejoin(phone, chance)?
        {
            return broken("an invited phone joins", format!("phone {phone}"));
        }
        Ok(())
    }

    /// A run on a good road.
    pub(crate) fn run_to_end(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let (facts, now) = (self.phones[phone].facts(), self.phone_now(phone));
        let Acted::Done(begun) =
            self.phones[phone].act(|store| SyncEngine::begin(store, facts, Urgency::Person, now))?
        else {
            return Ok(());
        };
        let mut engine = match begun {
            Ok(engine) => engine,
            Err(error) => return broken("a joined phone may begin a run", error.to_string()),
        };
        for _ in 0..200 {
            let outgoing = match engine.next(self.phones[phone].store()?, now, chance) {
                Ok(Some(outgoing)) => outgoing,
                Ok(None) => return self.check_told(phone),
                Err(error) => return Self::ended(phone, &error),
            };
            self.trace.bytes(&outgoing.body);
            let asking =
                if outgoing.endpoint == Endpoint::Exchange { self.check_request(&outgoing.body)? } else { None };
            let Served::Done(answer) = self.server.serve(outgoing.endpoint, &outgoing.body, self.now)? else {
                return broken("a server that is spared lives", String::new());
            };
            self.observe(false)?;
            if let (Some(asking), Ok(bytes)) = (&asking, &answer) {
                let sent = sent(&outgoing.body)?;
                let cursor = asking.request.cursor.clone();
                let asked = Asked { device: asking.device, cursor, sent_at: now };
                if let Some(reply) = self.check_reply(&asked, &sent, bytes, phone)? {
                    self.check_receipts(asking.device, asking, &reply)?;
                }
            }
            if let Err(error) = engine.take(answer, self.phones[phone].store()?, now, chance) {
                return Self::ended(phone, &error);
            }
            self.check_told(phone)?;
        }
        broken("a run ends", format!("phone {phone}"))
    }

    fn ended(phone: usize, error: &SyncError) -> Played {
        broken("a run on a good road succeeds", format!("phone {phone}: {error}"))
    }

    /// The office lets through what it holds; what nothing can help is turned down in the end.
    fn clear_held(&mut self, round: usize) -> Played {
        let now = self.now;
        for item in self.server.look(|service| service.held_ops(KELURAHAN, now))?? {
            let (op, record) = (item.op.id(), item.op.op.record);
            let act = Act::Release { op, record };
            let released = self.office("release", |service| service.act(KELURAHAN, act, now))?;
            if !released && round > 5 {
                let act = Act::RefuseHeld { op, record, code: "no_parent".to_owned() };
                self.office("turn down", |service| service.act(KELURAHAN, act, now))?;
            }
        }
        Ok(())
    }

    /// What must hold once all is quiet.
    pub(crate) fn check_quiet(&mut self) -> Played {
        let records = self.all_records()?;
        for phone in 0..self.phones.len() {
            // of a copied phone the device is another's, too
            self.learn_areas(phone)?;
            self.check_replica(phone, &records)?;
        }
        self.check_nothing_lost()?;
        self.check_once(&records)?;
        self.check_niks(&records)?;
        self.check_folders()
    }

    fn all_records(&self) -> Played<BTreeMap<RecordId, Record>> {
        let found = self.server.look(|service| {
            service.storage().read()?.find(&RecordFilter::default(), &Scope::Office, None, 100_000)
        })??;
        Ok(found.into_iter().map(|kept| (kept.record.id, kept.record)).collect())
    }

    /// I3: the phone holds what the server has of its areas, no more and no less, and shows it.
    fn check_replica(&self, phone: usize, records: &BTreeMap<RecordId, Record>) -> Played {
        let store = self.phones[phone].store()?;
        let areas = &self.areas[phone];
        let held = |record: &Record| {
            areas.iter().any(|area| record.area.is_within(area))
                || record.kind.is_server_owned() && areas.iter().any(|area| area.is_within(&record.area))
        };
        let mut sum = Checksum::default();
        for record in records.values().filter(|record| held(record)) {
            sum = sum.plus(record_check(record.id, record.version));
            let shown = match store.shown(record.id) {
                Ok(shown) => shown,
                Err(StoreError::NotFound) => {
                    return broken(
                        "a phone holds all of its areas",
                        format!("phone {phone} lacks {} {}", record.kind, record.id),
                    );
                }
                Err(error) => return Err(error.into()),
            };
            let plain = |body: &Body| -> BTreeMap<String, serde_json::Value> {
                let value = |field: &String, value: &serde_json::Value| {
                    if field == "nik" { normal(&record.kind, field, value) } else { value.clone() }
                };
                body.iter().map(|(field, v)| (field.clone(), value(field, v))).collect()
            };
            // a duplicate's ops are shown on its survivor
            if plain(&shown.body()) != plain(&record.body) {
                let (one, other) = (plain(&shown.body()), plain(&record.body));
                let differ: Vec<&String> =
                    other.keys().chain(one.keys()).filter(|f| one.get(*f) != other.get(*f)).collect();
                return broken(
                    "all replicas are equal after quiet",
                    format!("phone {phone}, {} {}: {differ:?}", record.kind, record.id),
                );
            }
            if shown.area != record.area || shown.conflicts.keys().ne(record.conflicts.keys()) {
                return broken(
                    "all replicas are equal after quiet",
                    format!("phone {phone}, {}: area or conflicts", record.id),
                );
            }
        }
        for id in self.oracle.records.keys() {
            let theirs = records.get(id).is_some_and(held);
            if !theirs && store.shown(*id).is_ok() {
                return broken("a phone holds nothing outside its areas", format!("phone {phone}, {id}"));
            }
        }
        if store.checksum()? != sum {
            return broken("the sum of a phone's records is the server's", format!("phone {phone}"));
        }
        let rows = self.workers(phone)?;
        let listed: BTreeSet<RecordId> = rows.iter().map(|row| row.id).collect();
        let expected: BTreeSet<RecordId> = records
            .values()
            .filter(|record| record.kind == Kind::Worker && record.alias.is_none() && held(record))
            .map(|record| record.id)
            .collect();
        if listed != expected {
            return broken(
                "the list shows whom the phone holds",
                format!("phone {phone}: {} of {}", listed.len(), expected.len()),
            );
        }
        for row in &rows {
            // who was let through without a name has none on a phone, too
            let name = records.get(&row.id).map(|record| record.text("name").unwrap_or_default());
            if name != Some(row.name.as_str()) || row.waiting || row.held || row.refused {
                return broken("a row shows what the server has", format!("phone {phone}, {}", row.id));
            }
        }
        self.check_cover(phone, &rows)
    }

    /// I1: every value that was saved is in the history of its record, whatever became of it, unless a person gave it up.
    fn check_nothing_lost(&mut self) -> Played {
        let mut histories: HashMap<RecordId, Vec<payung_server::storage::StoredOp>> = HashMap::new();
        for saving in &self.oracle.savings {
            if let std::collections::hash_map::Entry::Vacant(unread) = histories.entry(saving.record) {
                let history = self.server.look(|service| service.storage().read()?.history(saving.record))??;
                unread.insert(history);
            }
            let history = histories.get(&saving.record).map(Vec::as_slice).unwrap_or_default();
            for (field, value) in &saving.values {
                if saving.given_up || saving.absorbed.contains(field) {
                    continue;
                }
                self.tally.saved += 1;
                let carries =
                    |op: &&payung_server::storage::StoredOp| op.op.values().any(|(f, v)| f == field && v == value);
                let taken =
                    |op: &payung_server::storage::StoredOp| !matches!(op.status, OpStatus::Held | OpStatus::Refused);
                if !history.iter().filter(carries).any(taken) {
                    let states: Vec<_> = history.iter().filter(carries).map(|op| op.status).collect();
                    return broken(
                        "what was saved is never lost",
                        format!("phone {} step {}, {}.{field}: {states:?}", saving.phone, saving.step, saving.record),
                    );
                }
            }
        }
        Ok(())
    }

    /// I2: of an act that went out under several names, one took effect.
    fn check_once(&self, records: &BTreeMap<RecordId, Record>) -> Played {
        if !self.oracle.shared.is_empty() {
            // an act copied before it had a number goes out under two that nobody can tell to be one
            return Ok(());
        }
        for id in records.keys() {
            let history = self.server.look(|service| service.storage().read()?.history(*id))??;
            let mut seen = BTreeSet::new();
            for op in history.iter().filter(|op| matches!(op.status, OpStatus::Applied | OpStatus::Linked)) {
                let phone = self.oracle.owners.get(&op.device);
                let content: Vec<String> = op.op.values().map(|(field, value)| format!("{field}={value}")).collect();
                // two persons may write the same at the same moment
                if phone.is_some() && !seen.insert((phone, op.op.hlc, content)) {
                    return broken("each op takes effect once", format!("{id}, op {} of {}", op.op.n, op.device));
                }
            }
        }
        Ok(())
    }

    /// Nobody stands twice without the office being asked.
    fn check_niks(&self, records: &BTreeMap<RecordId, Record>) -> Played {
        let mut alone: BTreeMap<&str, RecordId> = BTreeMap::new();
        for record in records.values().filter(|record| record.kind == Kind::Worker && record.alias.is_none()) {
            let Some(nik) = record.text("nik") else { continue };
            if !self.server.look(|service| service.storage().read()?.duplicates(Some(record.id), None))??.is_empty() {
                continue;
            }
            if let Some(other) = alone.insert(nik, record.id) {
                return broken("two persons under one NIK are noticed", format!("{other}, {}", record.id));
            }
        }
        Ok(())
    }

    /// I4: nobody's number or name lies in the clear in a phone's folder.
    fn check_folders(&self) -> Played {
        let mut needles: Vec<&str> = Vec::new();
        for saving in self.oracle.savings.iter().rev().take(12) {
            let texts =
                ["nik", "name", "mother_name", "phone"].iter().filter_map(|field| saving.values.get(*field)?.as_str());
            needles.extend(texts.filter(|text| !text.is_empty()));
        }
        let needles =
            AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(needles).expect("a few dozen short words");
        for (at, phone) in self.phones.iter().enumerate() {
            for entry in std::fs::read_dir(phone.files())? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    // sealed photos, which here are drawn and hold nobody's data
                    continue;
                }
                let bytes = std::fs::read(entry.path())?;
                if needles.is_match(&bytes) {
                    return broken("no personal data outside the encrypted store", format!("phone {at}"));
                }
            }
        }
        Ok(())
    }
}
