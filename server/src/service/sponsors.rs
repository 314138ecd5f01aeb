//! Sponsors' agreements: who has a place, in the order of arrival, one payer a person and month.
//!
//! What an enrolment asks follows from its record; what it gets is settled before each unit is saved, for all that the unit
//! changed, so that every road (exchange, operator, branch file, release of what was held) comes to the same.

use super::{
    Service, ServiceError,
    enrollment::is_open,
    operator::Published,
    shared::shared_record,
    work::{Pen, Work, lookup_nik},
};
use crate::storage::{NikHash, Scope, Sponsored, SponsoredOf};
use payung_domain::{
    enrollment::EnrollmentFlag,
    field::Kind,
    id::{OfficialId, RecordId},
    occupation,
    op::Body,
    record::Record,
    sponsorship::{Agreement, Claim, Claimant, Standing, Unfit},
    text,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Set once anything was ever asked of a sponsor.
const SPONSORED: &str = "sponsored";
/// What stands with a claim whose place was given to another.
const SWAPPED: &str = "agreement_swapped";

/// The record of the agreement of a number, whether there is one or not.
pub fn agreement_record(number: &str) -> RecordId {
    shared_record(&Kind::SponsorAgreement, None, &text::fold(number.trim()))
}

/// A claim with what is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SponsoredItem {
    /// The claim.
    pub claim: Sponsored,
    /// The enrolment.
    pub enrollment: Record,
    /// The person: the survivor where the enrolment's own worker is linked.
    pub worker: Record,
    /// What is asked: of the enrolment's cover or of its renewal's.
    pub cover: Value,
}

impl Service {
    /// What was asked of an agreement, by turns.
    pub fn sponsored(&self, by: OfficialId, agreement: RecordId, now: i64) -> Result<Vec<SponsoredItem>, ServiceError> {
        let unit = self.storage.read()?;
        let mut items = Vec::new();
        for claim in unit.sponsored(&SponsoredOf::Agreement(agreement))? {
            let wanted = [claim.enrollment, claim.claim];
            let found = unit.records(&wanted, &Scope::Office)?;
            let by_id = |id: RecordId| found.iter().find(|kept| kept.record.id == id).map(|kept| kept.record.clone());
            let (Some(enrollment), Some(asks)) = (by_id(claim.enrollment), by_id(claim.claim)) else { continue };
            let Some(mut person) = enrollment.kind.parent(&enrollment.body) else { continue };
            let mut worker = None;
            // a linked worker's facts are the survivor's
            for _ in 0..2 {
                worker = unit.records(&[person], &Scope::Office)?.pop().map(|kept| kept.record);
                match worker.as_ref().and_then(|worker| worker.alias.as_ref()) {
                    Some(alias) => person = alias.survivor,
                    None => break,
                }
            }
            let Some(worker) = worker else { continue };
            items.push(SponsoredItem { cover: asks.value("cover").clone(), claim, enrollment, worker });
        }
        drop(unit);
        self.audit_look(by, "look_sponsored", items.len(), now)?;
        Ok(items)
    }
}

/// What is settled of one agreement.
#[derive(Default)]
struct Turn {
    /// Claims that are new, or ask something else than before.
    changed: BTreeSet<RecordId>,
}

impl Work<'_> {
    /// Whether an agreement can be read once the fields are written.
    pub(super) fn keeps_an_agreement(&mut self, one: &Published) -> Result<bool, ServiceError> {
        let mut body = self.need(one.record)?.body.clone();
        body.extend(one.set.clone());
        let agreement = Agreement::of(&body);
        Ok(agreement.is_some_and(|agreement| agreement_record(&agreement.number) == one.record))
    }

    /// Settles what this unit changed of sponsors' agreements and of what enrolments ask of them.
    pub(super) fn settle_sponsors(&mut self) -> Result<(), ServiceError> {
        let any = self.unit.counter(SPONSORED)? > 0;
        let (mut asked, mut turns) = (BTreeSet::new(), BTreeMap::<RecordId, Turn>::new());
        for id in self.touched() {
            let Some(record) = self.in_hand(id) else { continue };
            match record.kind {
                Kind::Enrollment if any || Claim::of(record.value("cover")).is_some() => {
                    asked.insert(id);
                }
                Kind::EnrollmentEvent if record.text("event") == Some("renew") => {
                    asked.extend(record.kind.parent(&record.body));
                }
                Kind::Worker if any => asked.extend(self.enrollments(id)?),
                Kind::SponsorAgreement => {
                    turns.entry(id).or_default();
                }
                _ => {}
            }
        }
        let mut freed = BTreeSet::new();
        let stored = self.unit.sponsored(&SponsoredOf::Enrollments(asked.iter().copied().collect()))?;
        for enrollment in &asked {
            let before: Vec<&Sponsored> = stored.iter().filter(|row| row.enrollment == *enrollment).collect();
            self.ask(*enrollment, &before, &mut turns, &mut freed)?;
        }
        let mut told = BTreeSet::new();
        loop {
            // a payer that gave a month up may let another in
            for person in std::mem::take(&mut freed) {
                for row in self.unit.sponsored(&SponsoredOf::Person(person))? {
                    if row.standing == Standing::PayerTaken {
                        turns.entry(row.agreement).or_default().changed.insert(row.claim);
                    }
                }
            }
            let Some((agreement, turn)) = turns.pop_first() else { break };
            self.settle(agreement, &turn, &mut told, &mut freed)?;
        }
        told.extend(asked);
        for enrollment in told {
            self.tell_standing(enrollment)?;
        }
        Ok(())
    }

    /// What an enrolment asks now: by its cover, and by its newest renewal.
    fn claims(&mut self, enrollment: RecordId) -> Result<Vec<(RecordId, Claim)>, ServiceError> {
        let Some(record) = self.get(enrollment)?.filter(|record| is_open(record.text("status"))) else {
            return Ok(Vec::new());
        };
        let mut claims: Vec<_> =
            Claim::of(record.value("cover")).map(|claim| (enrollment, claim)).into_iter().collect();
        let renewals = self.children(enrollment)?;
        for id in renewals.into_iter().rev() {
            let Some(event) = self.get(id)?.filter(|record| record.kind == Kind::EnrollmentEvent) else { continue };
            if event.text("event") == Some("renew") {
                claims.extend(Claim::of(event.value("cover")).map(|claim| (id, claim)));
                break;
            }
        }
        Ok(claims)
    }

    /// The keyed hash of an enrolment's person.
    fn person_of(&mut self, enrollment: RecordId) -> Result<Option<NikHash>, ServiceError> {
        let person = self.survivor_of(enrollment)?;
        let nik = self.get(person)?.and_then(lookup_nik);
        Ok(nik.map(|nik| self.sealer.nik_hash(&nik)))
    }

    fn survivor_of(&mut self, enrollment: RecordId) -> Result<RecordId, ServiceError> {
        let worker = self.worker_of(enrollment)?;
        let survivor = self.get(worker)?.and_then(|record| record.alias.as_ref().map(|alias| alias.survivor));
        Ok(survivor.unwrap_or(worker))
    }

    /// Writes down what an enrolment asks.
    fn ask(
        &mut self,
        enrollment: RecordId,
        before: &[&Sponsored],
        turns: &mut BTreeMap<RecordId, Turn>,
        freed: &mut BTreeSet<NikHash>,
    ) -> Result<(), ServiceError> {
        let claims = self.claims(enrollment)?;
        if claims.is_empty() && before.is_empty() {
            return Ok(());
        }
        let person = self.person_of(enrollment)?;
        for row in before {
            let asks = |(id, claim): &(RecordId, Claim)| {
                *id == row.claim && agreement_record(&claim.agreement) == row.agreement
            };
            if !claims.iter().any(asks) {
                self.unit.drop_sponsored(&[row.claim])?;
                turns.entry(row.agreement).or_default();
                freed.extend(row.person);
            }
        }
        for (id, claim) in claims {
            let agreement = agreement_record(&claim.agreement);
            let (first, last) = (claim.first, claim.last());
            let turn = turns.entry(agreement).or_default();
            let row = match before.iter().find(|row| row.claim == id && row.agreement == agreement) {
                Some(row) if (row.person, row.first, row.last) == (person, first, last) => {
                    // payer, programmes, area or work may be others than before; a place given away stays so
                    if row.standing != Standing::Swapped {
                        turn.changed.insert(id);
                    }
                    continue;
                }
                Some(row) => {
                    freed.extend(row.person);
                    let given_away = row.standing == Standing::Swapped;
                    let standing = if given_away { Standing::Over } else { row.standing.clone() };
                    Sponsored { person, first, last, standing, ..(*row).clone() }
                }
                None => {
                    let counter = format!("turns:{agreement}");
                    let place = self.unit.counter(&counter)? + 1;
                    self.unit.set_counter(&counter, place)?;
                    self.unit.set_counter(SPONSORED, 1)?;
                    let standing = Standing::Over;
                    Sponsored { claim: id, enrollment, agreement, person, first, last, place, standing, code: None }
                }
            };
            turn.changed.insert(id);
            self.unit.save_sponsored(&[row])?;
        }
        Ok(())
    }

    /// Gives an agreement's places: who has one keeps it as long as it fits, the others get what is left by their turns.
    fn settle(
        &mut self,
        id: RecordId,
        turn: &Turn,
        told: &mut BTreeSet<RecordId>,
        freed: &mut BTreeSet<NikHash>,
    ) -> Result<(), ServiceError> {
        let agreement = self.agreement(id)?;
        let edited = self.touched().contains(&id);
        let quota = agreement.as_ref().map_or(0, |agreement| usize::try_from(agreement.quota).unwrap_or(usize::MAX));
        let rows = self.unit.sponsored(&SponsoredOf::Agreement(id))?;
        let has_place = |row: &&Sponsored| row.standing == Standing::In;
        let mut holders: BTreeSet<RecordId> = rows.iter().filter(has_place).map(|row| row.enrollment).collect();
        let (kept, waiting): (Vec<&Sponsored>, Vec<&Sponsored>) =
            rows.iter().partition(|row| row.standing == Standing::In);
        for row in kept.into_iter().filter(|row| turn.changed.contains(&row.claim)) {
            let (standing, code) = self.judge_claim(row, agreement.as_ref(), true)?;
            if standing != Standing::In {
                holders.remove(&row.enrollment);
                freed.extend(row.person);
                self.unit.save_sponsored(&[Sponsored { standing, code, ..row.clone() }])?;
                told.insert(row.enrollment);
            }
        }
        for row in waiting {
            let changed = turn.changed.contains(&row.claim);
            let room = holders.len() < quota || holders.contains(&row.enrollment);
            if !changed && (row.standing == Standing::Swapped || !edited && !room) {
                continue;
            }
            let (standing, code) = self.judge_claim(row, agreement.as_ref(), room)?;
            if standing == Standing::In {
                holders.insert(row.enrollment);
            }
            if (&standing, &code) != (&row.standing, &row.code) {
                self.unit.save_sponsored(&[Sponsored { standing, code, ..row.clone() }])?;
                told.insert(row.enrollment);
            }
        }
        self.tell_taken(id, holders.len())
    }

    fn agreement(&mut self, id: RecordId) -> Result<Option<Agreement>, ServiceError> {
        let record = self.get(id)?.filter(|record| record.kind == Kind::SponsorAgreement);
        Ok(record.and_then(|record| Agreement::of(&record.body)))
    }

    /// Where a claim stands, if there is `room` for it.
    fn judge_claim(
        &mut self,
        row: &Sponsored,
        agreement: Option<&Agreement>,
        room: bool,
    ) -> Result<(Standing, Option<String>), ServiceError> {
        let unfit = |unfit: Unfit| Ok((Standing::Unfit, Some(unfit.code().to_owned())));
        let Some(agreement) = agreement else { return unfit(Unfit::Unknown) };
        let claim = self.claims(row.enrollment)?.into_iter().find(|(id, _)| *id == row.claim).map(|(_, claim)| claim);
        let Some(claim) = claim else { return Ok((row.standing.clone(), row.code.clone())) };
        let person = self.survivor_of(row.enrollment)?;
        let area = self.need(row.enrollment)?.area.clone();
        let worker = self.get(person)?;
        let job = worker.and_then(|worker| worker.value("occupations").get("first")?.as_str().map(str::to_owned));
        let ecosystem = worker.and_then(|worker| worker.text("ecosystem").map(str::to_owned));
        let transport = job.as_deref().and_then(occupation::by_code).is_some_and(|job| job.transport);
        let who = Claimant { area: &area, transport, ecosystem: ecosystem.as_deref() };
        if let Err(why) = agreement.fits(&claim, who) {
            return unfit(why);
        }
        if let Some(person) = row.person {
            let overlaps = |other: &Sponsored| other.first <= row.last && row.first <= other.last;
            let mut others = self.unit.sponsored(&SponsoredOf::Person(person))?.into_iter();
            let another = |other: &Sponsored| other.enrollment != row.enrollment || other.agreement != row.agreement;
            if others.any(|other| other.standing == Standing::In && another(&other) && overlaps(&other)) {
                return Ok((Standing::PayerTaken, None));
            }
        }
        Ok((if room { Standing::In } else { Standing::Over }, None))
    }

    /// Writes where an enrolment stands with its sponsor, and the flags that hold it back.
    fn tell_standing(&mut self, id: RecordId) -> Result<(), ServiceError> {
        let Some(record) = self.get(id)?.filter(|record| record.kind == Kind::Enrollment) else { return Ok(()) };
        let (before, cover) = (record.value("sponsored").clone(), record.value("cover").clone());
        let rows = self.unit.sponsored(&SponsoredOf::Enrollments(vec![id]))?;
        let worst = [Standing::PayerTaken, Standing::Unfit, Standing::Swapped, Standing::Over, Standing::In];
        let shown = worst.iter().find_map(|standing| rows.iter().rev().find(|row| row.standing == *standing));
        let mut told = Value::Null;
        if let Some(row) = shown {
            let number = match self.agreement(row.agreement)? {
                Some(agreement) => agreement.number,
                None => Claim::of(&cover).map(|claim| claim.agreement).unwrap_or_default(),
            };
            told = json!({ "agreement": number, "standing": row.standing });
            if let Some(code) = &row.code {
                told["code"] = code.as_str().into();
            }
        }
        if told != before {
            self.write(Pen::SERVER, id, Body::from([("sponsored".to_owned(), told)]))?;
        }
        let standing = shown.map(|row| &row.standing);
        let flags = [
            (EnrollmentFlag::OverQuota, standing == Some(&Standing::Over)),
            (EnrollmentFlag::PayerTaken, standing == Some(&Standing::PayerTaken)),
            (EnrollmentFlag::AgreementUnfit, matches!(standing, Some(Standing::Unfit | Standing::Swapped))),
        ];
        for (flag, on) in flags {
            self.set_flag(id, &flag, on)?;
        }
        Ok(())
    }

    fn tell_taken(&mut self, id: RecordId, taken: usize) -> Result<(), ServiceError> {
        if let Some(agreement) = self.agreement(id)?
            && usize::try_from(agreement.taken).ok() != Some(taken)
        {
            self.write(Pen::SERVER, id, Body::from([("taken".to_owned(), json!(taken))]))?;
        }
        Ok(())
    }

    /// Gives the place of one enrolment to another that waits for one of the same agreement; answers its number.
    pub(super) fn swap(&mut self, out: RecordId, into: RecordId) -> Result<String, ServiceError> {
        let refused = |code: &str| ServiceError::Refused(code.to_owned());
        self.need(out)?;
        self.need(into)?;
        let rows = self.unit.sponsored(&SponsoredOf::Enrollments(vec![out, into]))?;
        let of = |id: RecordId, standing: Standing| {
            rows.iter().filter(move |row| row.enrollment == id && row.standing == standing)
        };
        let has = of(out, Standing::In).next().ok_or_else(|| refused("no_place"))?;
        let waits = of(into, Standing::Over).find(|row| row.agreement == has.agreement);
        let waits = waits.ok_or_else(|| refused("not_waiting_for_a_place"))?;
        let agreement = self.agreement(has.agreement)?.ok_or(ServiceError::NotFound("agreement"))?;
        let (standing, _) = self.judge_claim(waits, Some(&agreement), true)?;
        if standing != Standing::In {
            return Err(refused(standing.as_str()));
        }
        let swapped =
            |row: &Sponsored| Sponsored { standing: Standing::Swapped, code: Some(SWAPPED.to_owned()), ..row.clone() };
        let gone: Vec<Sponsored> =
            of(out, Standing::In).filter(|row| row.agreement == has.agreement).map(swapped).collect();
        self.unit.save_sponsored(&gone)?;
        self.unit.save_sponsored(&[Sponsored { standing, code: None, place: has.place, ..waits.clone() }])?;
        for enrollment in [out, into] {
            self.tell_standing(enrollment)?;
        }
        Ok(agreement.number)
    }
}
