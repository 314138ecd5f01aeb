//! Membership cards: who is to have one, under which number, and which numbers are taken back.
//!
//! Cards are settled before each unit is saved, for all that the unit changed, as sponsors' places are: a payment that is recorded and
//! the card that says so stand together or not at all, and so do the end of a membership and the card's. A person has one number
//! at a time. What is issued anew because more was paid keeps it; what says anything else of the person, or of less cover, gets
//! another, and the old one is taken back. Numbers and places are made from the facts by a key, so that a restored server
//! that does the same acts again comes to the same cards.

use super::{
    Service, ServiceError,
    enrollment::state_of,
    operator::Published,
    shared::shared_record,
    work::{Pen, Work},
};
use crate::{
    keys::{Keys, KeysError},
    storage::{CardRow, CardsOf, RecordFilter, Scope},
};
use chrono::{DateTime, NaiveDate, TimeDelta};
use payung_card::{
    Birth, CARD_CHECK, Card, CardCheck, CardKeys, IssuedCard, IssuerKey, MAX_LISTED, MaskedNik, StatusList, StatusRef,
    issue, unarmoured,
};
use payung_domain::{
    area::Area,
    contribution::Programs,
    enrollment::{Covered, EnrollmentStatus},
    field::Kind,
    id::RecordId,
    nik::{Nik, Sex},
    op::Body,
    region::{Level, RegionCode},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{cell::OnceCell, collections::BTreeSet};

/// A list begins with so many places: a million persons fit, and a place not taken costs nothing.
const PLACES: u32 = 1 << 20;
/// Days before its last one on which a card is issued anew.
const RENEW_BEFORE: i64 = 60;
/// Days for which the number of a card is kept after its last one.
const KEEP_AFTER: i64 = 30;
/// A list is signed anew after so long, whether anything changed or not.
const LIST_LASTS: i64 = 24 * 3600;
/// Crockford's base32: digits and letters that are not taken for each other.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The server's address as clinics reach it: an absolute URI of up to 40 characters. It is in every code, twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardAddress(String);

impl CardAddress {
    /// Reads an address; none where it is no absolute URI, or is long.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('/');
        let scheme = text.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        (scheme && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// What a server without an address is called: its cards are verified with lists that came by the exchange or as files.
    pub(super) fn of_root(root: &payung_protocol::Fingerprint) -> Self {
        Self(format!("payung:{}", hex::encode(&root.0[..4])))
    }

    /// `iss` of its cards.
    pub fn issuer(&self) -> &str {
        &self.0
    }

    /// The name of a regency's list, which is where it is fetched too.
    pub fn list(&self, regency: RegionCode) -> String {
        format!("{}{}", self.0, list_path(regency))
    }
}

/// The path under which a server hands out the status list of a regency: short, for it is in every code.
pub fn list_path(regency: RegionCode) -> String {
    format!("/s/{}", regency.to_string().replace('.', ""))
}

/// What a card is issued with, read when the first one is.
pub(super) struct CardOffice<'s> {
    keys: &'s Keys,
    address: &'s CardAddress,
    list: OnceCell<Option<CardKeys>>,
    issuer: OnceCell<Option<(NaiveDate, IssuerKey)>>,
}

impl<'s> CardOffice<'s> {
    pub(super) fn of(service: &'s Service) -> Self {
        let (keys, address) = (&*service.keys, &service.card_address);
        Self { keys, address, list: OnceCell::new(), issuer: OnceCell::new() }
    }

    /// The keys whose cards are believed. A list that cannot be read stops no exchange: nothing is issued until it can.
    fn list(&self) -> Option<&CardKeys> {
        let read = || {
            let told = |error: KeysError| tracing::error!(%error, "no cards are issued");
            self.keys.card_keys().map_err(told).ok().flatten().map(|(list, _)| list)
        };
        self.list.get_or_init(read).as_ref()
    }

    /// The key that issues on a day. The units of a replay are of one moment each.
    fn issuer(&self, day: NaiveDate) -> Option<&IssuerKey> {
        let list = self.list()?;
        let read = || {
            let told = |error: KeysError| tracing::error!(%error, "no cards are issued");
            self.keys.card_issuer(list, day).map_err(told).ok().flatten().map(|key| (day, key))
        };
        let (_, key) = self.issuer.get_or_init(read).as_ref()?;
        let issues = list.keys.iter().any(|listed| listed.public == key.public() && listed.issues_on(day));
        issues.then_some(key)
    }

    fn believes(&self, key: &str) -> bool {
        self.list().is_some_and(|list| list.keys.iter().any(|listed| listed.public.id().to_string() == key))
    }
}

/// What a person is to have a card of.
struct Due {
    name: String,
    birth: NaiveDate,
    sex: Sex,
    nik: Nik,
    area: Area,
    list: RegionCode,
    programmes: Programs,
    covered: Covered,
}

impl Due {
    /// What a card says of the person; a card that says anything else is another one.
    fn identity(&self, worker: RecordId) -> Vec<u8> {
        let region = self.area.region().to_string();
        json!([worker, self.name, self.birth, self.sex, self.nik.expose(), region, self.programmes])
            .to_string()
            .into_bytes()
    }
}

#[derive(Deserialize)]
struct Born {
    date: NaiveDate,
    sex: Sex,
}

impl Work<'_> {
    /// Settles the cards of those whom this unit changed.
    pub(super) fn settle_cards(&mut self) -> Result<(), ServiceError> {
        let mut people = BTreeSet::new();
        for id in self.touched() {
            let Some(record) = self.in_hand(id) else { continue };
            match record.kind {
                Kind::Worker if !record.value("kpj").is_null() || !record.value("card").is_null() => {
                    people.insert(id);
                    people.extend(record.alias.as_ref().map(|alias| alias.survivor));
                }
                Kind::Enrollment if !record.value("covered").is_null() => {
                    let worker = self.worker_of(id)?;
                    people.insert(worker);
                    people.extend(self.get(worker)?.and_then(|record| Some(record.alias.as_ref()?.survivor)));
                }
                _ => {}
            }
        }
        people.into_iter().try_for_each(|person| self.settle_card(person))
    }

    /// Gives a person the card that is due, takes back what is not.
    pub(super) fn settle_card(&mut self, person: RecordId) -> Result<(), ServiceError> {
        let Some(worker) = self.get(person)? else { return Ok(()) };
        let shown = IssuedCard::of(&worker.body);
        let due = if worker.alias.is_some() { None } else { self.due(person)? };
        if due.is_none() && shown.is_none() {
            return Ok(());
        }
        let mut rows = self.unit.cards(&CardsOf::Worker(person))?;
        if let Some(shown) = &shown
            && rows.iter().all(|row| row.id != shown.id)
        {
            rows.extend(self.adopt_card(person, shown, due.as_ref())?);
        }
        let Some(due) = due else {
            self.take_back(&rows)?;
            return self.show(person, Value::Null);
        };
        let today = self.today(&due.area);
        let facts = self.sealer.card_digest(&due.identity(person));
        let kept = shown.as_ref().and_then(|shown| {
            let of_it = |row: &&CardRow| row.id == shown.id && !row.revoked;
            let row = rows.iter().find(of_it)?;
            // a text that says more than is true now must not stay good
            let no_less = due.covered.from <= shown.from && shown.paid_to <= due.covered.until;
            (row.facts == facts && row.list == due.list && no_less).then(|| (row.clone(), shown))
        });
        if let Some((_, shown)) = &kept {
            let same = Covered { from: shown.from, until: shown.paid_to } == due.covered;
            let lasts = (shown.expires - today).num_days() > RENEW_BEFORE;
            if same && lasts && self.cards.believes(&shown.key) {
                return Ok(());
            }
        }
        let number = if let Some((row, _)) = kept {
            row
        } else {
            self.take_back(&rows)?;
            match self.new_number(person, facts, rows.len(), due.list)? {
                Some(row) => row,
                None => return self.show(person, Value::Null),
            }
        };
        match self.issue_card(&due, number, today)? {
            Some(issued) => self.show(person, json!(issued)),
            // an older text under a number that is still good says less, not more
            None if shown.is_some_and(|shown| rows.iter().any(|row| row.id == shown.id && !row.revoked)) => Ok(()),
            None => self.show(person, Value::Null),
        }
    }

    /// Writes what a worker's card is.
    fn show(&mut self, person: RecordId, card: Value) -> Result<(), ServiceError> {
        if *self.need(person)?.value("card") != card {
            let number = card.get("id").cloned();
            self.write(Pen::SERVER, person, Body::from([("card".to_owned(), card)]))?;
            self.audit("server", "card", &json!({ "record": person, "card": number }))?;
        }
        Ok(())
    }

    /// What a person is to have a card of: who has a member number and an open enrolment that is paid for. Of several the one that
    /// covers longest counts.
    fn due(&mut self, person: RecordId) -> Result<Option<Due>, ServiceError> {
        let Some(worker) = self.get(person)?.filter(|worker| !worker.value("kpj").is_null()).cloned() else {
            return Ok(None);
        };
        let mut all = self.enrollments(person)?;
        if self.is_stored(person) {
            for linked in self.unit.linked_to(&[person])? {
                let still = self
                    .get(linked)?
                    .is_some_and(|record| record.alias.as_ref().is_some_and(|alias| alias.survivor == person));
                if still {
                    all.extend(self.enrollments(linked)?);
                }
            }
        }
        for linked in self.touched() {
            let here = self.in_hand(linked).and_then(|record| record.alias.as_ref());
            if here.is_some_and(|alias| alias.survivor == person) {
                all.extend(self.enrollments(linked)?);
            }
        }
        let covered = all.into_iter().filter_map(|id| {
            let enrollment = self.in_hand(id)?;
            let state = state_of(enrollment, Some(&worker));
            let covered = state.covered.filter(|_| state.status == Some(EnrollmentStatus::Active))?;
            let programmes: Programs =
                serde_json::from_value(enrollment.value("cover").get("programs")?.clone()).ok()?;
            Some((covered, programmes))
        });
        let Some((covered, programmes)) = covered.max_by_key(|(covered, _)| covered.until) else { return Ok(None) };
        let born = serde_json::from_value::<Born>(worker.value("birth").clone()).ok();
        let nik = worker.text("nik").and_then(|nik| Nik::parse(nik).ok());
        let list = worker.area.region().at(Level::Regency);
        let (Some(born), Some(nik), Some(name), Some(list)) = (born, nik, worker.text("name"), list) else {
            return Ok(None);
        };
        Ok(Some(Due {
            name: name.to_owned(),
            birth: born.date,
            sex: born.sex,
            nik,
            area: worker.area.clone(),
            list,
            programmes,
            covered,
        }))
    }

    fn take_back(&mut self, rows: &[CardRow]) -> Result<(), ServiceError> {
        let back = |row: &CardRow| CardRow { revoked: true, ..row.clone() };
        let live: Vec<CardRow> = rows.iter().filter(|row| !row.revoked).map(back).collect();
        Ok(self.unit.save_cards(&live)?)
    }

    /// A card that phones brought back and a restored database lacks: it is about, so its place is its own.
    fn adopt_card(
        &mut self,
        person: RecordId,
        shown: &IssuedCard,
        due: Option<&Due>,
    ) -> Result<Option<CardRow>, ServiceError> {
        let there = self.unit.cards(&CardsOf::Number(&shown.id))?;
        if !there.is_empty() || !self.unit.cards(&CardsOf::Place(shown.list, shown.place))?.is_empty() {
            return Ok(None);
        }
        let facts = due.map(|due| self.sealer.card_digest(&due.identity(person))).unwrap_or_default();
        let row = CardRow {
            id: shown.id.clone(),
            worker: Some(person),
            list: shown.list,
            place: shown.place,
            facts,
            revoked: false,
            expires: shown.expires,
        };
        let places = self.places(shown.list)?;
        let needed = shown.place.saturating_add(1).checked_next_power_of_two().unwrap_or(MAX_LISTED);
        self.unit.set_counter(&places_counter(shown.list), places.max(needed).into())?;
        self.unit.save_cards(std::slice::from_ref(&row))?;
        Ok(Some(row))
    }

    /// Places of a regency's list.
    fn places(&self, list: RegionCode) -> Result<u32, ServiceError> {
        let places = u32::try_from(self.unit.counter(&places_counter(list))?).unwrap_or(MAX_LISTED);
        Ok(places.max(PLACES))
    }

    /// A number and a place that no card has; none where the regency's list is full.
    fn new_number(
        &mut self,
        person: RecordId,
        facts: [u8; 16],
        generation: usize,
        list: RegionCode,
    ) -> Result<Option<CardRow>, ServiceError> {
        let taken_counter = format!("cards:{list}");
        let (taken, mut places) = (self.unit.counter(&taken_counter)?, self.places(list)?);
        // a quarter stays free, so that a free place is found in a few tries
        if taken * 4 >= u64::from(places) * 3 {
            if places >= MAX_LISTED {
                tracing::error!(%list, "the list of cards is full: no card is issued");
                return Ok(None);
            }
            places *= 2;
            self.unit.set_counter(&places_counter(list), places.into())?;
        }
        let mut attempt = 0_u64;
        loop {
            let mut of = facts.to_vec();
            of.extend((generation as u64).to_be_bytes());
            of.extend(attempt.to_be_bytes());
            let digest = u128::from_be_bytes(self.sealer.card_digest(&of));
            let letter = |at: u32| char::from(LETTERS[(digest >> (68 + 5 * at)) as usize & 31]);
            let id: String = (0..12).map(letter).collect();
            // places are a power of two: each has the same chance
            let place = u32::try_from(digest & u128::from(places - 1)).unwrap_or_default();
            if self.unit.cards(&CardsOf::Number(&id))?.is_empty()
                && self.unit.cards(&CardsOf::Place(list, place))?.is_empty()
            {
                self.unit.set_counter(&taken_counter, taken + 1)?;
                let expires = NaiveDate::MIN;
                return Ok(Some(CardRow { id, worker: Some(person), list, place, facts, revoked: false, expires }));
            }
            attempt += 1;
        }
    }

    /// Signs a card; none where there is no key for the day, or something of it cannot be on a card.
    fn issue_card(&mut self, due: &Due, row: CardRow, today: NaiveDate) -> Result<Option<IssuedCard>, ServiceError> {
        let Some(key) = self.cards.issuer(today) else { return Ok(None) };
        let card = Card {
            issuer: self.cards.address.issuer().to_owned(),
            id: row.id.clone(),
            name: due.name.clone(),
            birth: Birth::Date(due.birth),
            sex: due.sex,
            area: due.area.region(),
            nik: MaskedNik::from(&due.nik),
            programmes: due.programmes.clone(),
            covered_from: due.covered.from,
            paid_to: due.covered.until,
            issued: today,
            expires: Card::lasts_until(today),
            status: StatusRef { uri: self.cards.address.list(row.list), index: row.place },
        };
        let text = match issue(&card, key) {
            Ok(text) => text.as_str().to_owned(),
            Err(error) => {
                tracing::error!(%error, "a card was not issued");
                return Ok(None);
            }
        };
        let issued = IssuedCard {
            id: card.id,
            text,
            issued: today,
            expires: card.expires,
            from: card.covered_from,
            paid_to: card.paid_to,
            list: row.list,
            place: row.place,
            key: key.public().id().to_string(),
        };
        self.unit.save_cards(&[CardRow { expires: card.expires, ..row }])?;
        Ok(Some(issued))
    }

    /// Takes the number of a person's card back; settling gives another where one is due. Answers the old number.
    pub(super) fn replace_card(&mut self, worker: RecordId) -> Result<String, ServiceError> {
        let shown = IssuedCard::of(&self.need(worker)?.body);
        let shown = shown.ok_or_else(|| ServiceError::Refused("no_card".to_owned()))?;
        self.adopt_card(worker, &shown, None)?;
        let rows = self.unit.cards(&CardsOf::Worker(worker))?;
        self.take_back(&rows)?;
        self.show(worker, Value::Null)?;
        Ok(shown.id)
    }

    /// The shared record with which a regency's cards are verified, where it is to be told anew.
    fn card_check(
        &mut self,
        list: RegionCode,
        keys: &str,
        issuer: &IssuerKey,
    ) -> Result<Option<Published>, ServiceError> {
        let area = Area::from(list);
        let record = shared_record(&Kind::Reference, Some(&area), CARD_CHECK);
        let (places, revoked) = (self.places(list)?, self.unit.cards(&CardsOf::Revoked(list))?);
        let mut content = Sha256::new().chain_update(keys).chain_update(places.to_be_bytes());
        for card in &revoked {
            content.update(card.place.to_be_bytes());
        }
        let content = hex::encode(&content.finalize()[..8]);
        let now = DateTime::from_timestamp_millis(self.now).unwrap_or_default();
        if let Some(there) = self.get(record)? {
            let known = there.text("version").and_then(|version| version.split_once('/')).map(|(_, content)| content);
            let told = CardCheck::of(&there.body);
            let fresh = told.is_some_and(|told| (0..LIST_LASTS).contains(&(now.timestamp() - told.issued)));
            if fresh && known == Some(content.as_str()) {
                return Ok(None);
            }
        }
        let card_error = |_| ServiceError::Refused("card_list".to_owned());
        let mut status = StatusList::new(&self.cards.address.list(list), places, now).map_err(card_error)?;
        revoked.iter().try_for_each(|card| status.revoke(card.place)).map_err(card_error)?;
        let signed = status.sign(issuer).map_err(card_error)?;
        let table = CardCheck { keys: keys.to_owned(), list: payung_card::armoured(&signed), issued: now.timestamp() };
        let version = format!("{}/{content}", now.format("%Y-%m-%d"));
        let set = json!({ "name": CARD_CHECK, "version": version, "table": table });
        let Value::Object(set) = set else { return Ok(None) };
        Ok(Some(Published { record, kind: Kind::Reference, area, set: set.into_iter().collect() }))
    }
}

fn places_counter(list: RegionCode) -> String {
    format!("card_places:{list}")
}

/// What keeping the cards did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardsKept {
    /// Persons whose card is another than before.
    pub cards: usize,
    /// Status lists that were signed anew.
    pub lists: usize,
    /// Whether there is a key that issues today.
    pub issues: bool,
}

impl Service {
    /// What is due of cards without anybody having done anything: the year's key where the root lies beside the others, cards
    /// that could not be issued before or soon run out, numbers that are over, the lists that verifiers get.
    pub fn keep_cards(&self, now: i64) -> Result<CardsKept, ServiceError> {
        const SETTLED: &str = "cards_settled";
        self.keys.ensure_card_key(now)?;
        let today = crate::card::jakarta(now);
        let Some((keys, text)) = self.keys.card_keys()? else { return Ok(CardsKept::default()) };
        let issuer = self.keys.card_issuer(&keys, today)?;
        let mut kept = CardsKept { issues: issuer.is_some(), ..CardsKept::default() };
        let day = u64::try_from(now / (24 * 3600 * 1000)).unwrap_or_default();
        let stamp = day << 16 | keys.serial & 0xffff;
        if self.storage.read()?.counter(SETTLED)? != stamp {
            kept.cards = self.settle_all_cards(now)?;
            let unit = self.storage.write()?;
            unit.drop_cards(today - TimeDelta::days(KEEP_AFTER))?;
            unit.set_counter(SETTLED, stamp)?;
            unit.commit()?;
        }
        if let Some(issuer) = issuer {
            let mut work = Work::begin(self, now)?;
            let mut told = Vec::new();
            for list in work.unit.card_lists()? {
                told.extend(work.card_check(list, &text, &issuer)?);
            }
            kept.lists = told.len();
            if !told.is_empty() {
                work.publish(Pen::SERVER, &told)?;
                work.commit()?;
            }
        }
        Ok(kept)
    }

    /// Settles the cards of everybody who is covered; answers how many changed.
    pub fn settle_all_cards(&self, now: i64) -> Result<usize, ServiceError> {
        let active = RecordFilter {
            kind: Some(Kind::Enrollment),
            status: Some(EnrollmentStatus::Active.as_str().to_owned()),
            ..RecordFilter::default()
        };
        let (mut after, mut changed) = (None, 0);
        loop {
            let mut work = Work::begin(self, now)?;
            let page = work.unit.find(&active, &Scope::Office, after, 200)?;
            let Some(last) = page.last() else { return Ok(changed) };
            after = Some(last.record.id);
            let mut people: Vec<RecordId> =
                page.iter().filter_map(|kept| kept.record.kind.parent(&kept.record.body)).collect();
            work.load(people.iter().copied())?;
            for person in &mut people {
                let survivor = work.get(*person)?.and_then(|record| Some(record.alias.as_ref()?.survivor));
                *person = survivor.unwrap_or(*person);
            }
            people.sort_unstable();
            people.dedup();
            people.iter().try_for_each(|person| work.settle_card(*person))?;
            let touched = work.touched().len();
            if touched > 0 {
                work.commit()?;
                changed += touched;
            }
        }
    }

    /// With what the cards of a regency are verified, as phones are told it.
    pub fn card_check(&self, regency: RegionCode) -> Result<Option<CardCheck>, ServiceError> {
        let record = shared_record(&Kind::Reference, Some(&Area::from(regency)), CARD_CHECK);
        let found = self.storage.read()?.records(&[record], &Scope::Office)?.pop();
        Ok(found.and_then(|kept| CardCheck::of(&kept.record.body)))
    }

    /// The status list of a regency as bytes, as it is handed out.
    pub fn status_list(&self, regency: RegionCode) -> Result<Option<Vec<u8>>, ServiceError> {
        let check = self.card_check(regency)?;
        Ok(check.and_then(|check| Some(unarmoured(check.list.as_bytes()).ok()?.into_owned())))
    }
}
