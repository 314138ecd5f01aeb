//! What the office does: operators, the branch's files, devices and areas.

use crate::{
    chance::Chance,
    phone::Acted,
    server::{Served, Server},
    setting::fault,
    template::{BRANCH, KELURAHAN, PLACES, SERVER, START},
    violation::{Played, Violation, broken},
    world::World,
};
use chrono::Days;
use payung_domain::{
    calendar::Month,
    enrollment::{EnrollmentStatus, Kpj, PaymentCode, Reason},
    field::Kind,
    id::{OfficialId, RecordId},
};
use payung_protocol::Role;
use payung_server::{
    service::{
        Service, ServiceError,
        operator::{Act, Closing, NewInvite},
    },
    storage::{DeviceState, DuplicateState, OpStatus, Scope},
};
use payung_sync::{Endpoint, JoinError, JoinFacts, ServerAddress, Transport, TransportError, join};
use std::sync::{Mutex, PoisonError};

/// The road of a phone that joins: it waits for each answer, and some are lost.
struct JoinRoad<'w> {
    server: Mutex<(&'w mut Server, Chance)>,
    loss: u64,
    now: i64,
    failed: Mutex<Option<Violation>>,
}

impl Transport for JoinRoad<'_> {
    fn exchange(&self, _: &ServerAddress, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut held = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let (server, chance) = &mut *held;
        if chance.mille(self.loss) {
            return Err(TransportError::Unreachable);
        }
        match server.serve(endpoint, body, self.now) {
            Ok(Served::Done(answer)) if chance.mille(self.loss) => answer.and(Err(TransportError::Timeout)),
            Ok(Served::Done(answer)) => answer,
            Ok(Served::Died(_)) => Err(TransportError::Cut),
            Err(violation) => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(violation);
                Err(TransportError::Unreachable)
            }
        }
    }
}

impl World {
    /// An operator's act. Whether it was done; a rule against it is no fault.
    pub(crate) fn office(
        &mut self,
        name: &'static str,
        act: impl FnOnce(&Service) -> Result<(), ServiceError>,
    ) -> Played<bool> {
        let done = match self.server.ask(act)? {
            Served::Died(at) => {
                self.tally.fault("server killed");
                self.trace.say(format_args!("the server ends at {at} under {name}"));
                self.observe(true)?;
                return Ok(false);
            }
            Served::Done(Ok(())) => true,
            Served::Done(Err(ServiceError::Refused(code))) => {
                self.trace.say(format_args!("{name} is refused: {code}"));
                false
            }
            Served::Done(Err(ServiceError::NotFound(what))) => {
                self.trace.say(format_args!("{name}: no such {what}"));
                false
            }
            Served::Done(Err(error)) => return Err(error.into()),
        };
        if done {
            self.tally.act(name);
            self.trace.say(format_args!("{name} is done"));
        }
        self.observe(true)?;
        Ok(done)
    }

    /// Takes an enrolment on: verified, returned, exported, numbered, paid, or ended.
    pub(crate) fn office_step(&mut self, chance: &mut Chance) -> Played {
        use EnrollmentStatus as S;
        let now = self.now;
        let all = self.server.look(|service| service.enrollments(BRANCH, None, &Scope::Office, None, 1000, now))??;
        let Some(item) = chance.pick(&all) else { return Ok(()) };
        let enrollment = item.enrollment.id;
        let today = self.today();
        let reason = |code: &str| Reason { code: code.to_owned(), text: String::new() };
        let (name, who, act) = match &item.state.status {
            Some(S::Received) if chance.percent(70) => ("verify", KELURAHAN, Act::Verify { enrollment }),
            Some(S::Received) => {
                let reason = reason("name_mismatch");
                ("return", KELURAHAN, Act::Return { enrollment, reason, by_branch_file: false })
            }
            Some(S::Verified) => {
                let export_id = chance.id(now).to_string();
                ("export", BRANCH, Act::Export { enrollment, export_id })
            }
            Some(S::Submitted) if chance.percent(30) => {
                let reason = reason("mother_mismatch");
                ("return by file", BRANCH, Act::Return { enrollment, reason, by_branch_file: true })
            }
            Some(S::Submitted) => {
                let kpj = item
                    .state
                    .kpj
                    .clone()
                    .or_else(|| Kpj::parse(&format!("{:011}", chance.below(100_000_000_000))).ok());
                let Some(kpj) = kpj else { return Ok(()) };
                let valid_to = today.checked_add_days(Days::new(30)).unwrap_or(today);
                let payment_code =
                    PaymentCode { code: format!("{:012}", chance.below(1 << 39)), amount: 16_800, valid_to };
                ("number", BRANCH, Act::Number { enrollment, kpj, payment_code })
            }
            Some(S::Numbered) => {
                self.oracle.paid.insert(enrollment);
                let until = Month::of(today).add_months(i32::try_from(chance.below(6)).unwrap_or(0));
                ("pay", BRANCH, Act::Pay { enrollment, from: Some(today), until, on: None })
            }
            Some(S::Active) if chance.percent(60) => {
                let until = Month::of(today).add_months(i32::try_from(chance.below(24)).unwrap_or(0));
                ("pay on", BRANCH, Act::Pay { enrollment, from: Some(today), until, on: None })
            }
            Some(S::Active) => {
                ("leave", BRANCH, Act::Close { enrollment, how: Closing::Leave, reason: reason("left") })
            }
            _ => return Ok(()),
        };
        self.office(name, |service| service.act(who, act, now)).map(drop)
    }

    /// Settles an open conflict with everything in view.
    pub(crate) fn settle(&mut self, chance: &mut Chance) -> Played {
        let now = self.now;
        let open = self.server.look(|service| service.open_conflicts(KELURAHAN, &Scope::Office, None, 1000, now))??;
        let Some(item) = chance.pick(&open) else { return Ok(()) };
        let Some(chosen) = chance.pick(&item.conflict.candidates) else { return Ok(()) };
        let (record, field) = (item.record.id, item.field.clone());
        let mut seen: std::collections::BTreeSet<_> = std::collections::BTreeSet::new();
        for candidate in &item.conflict.candidates {
            seen.insert(self.oracle.id(record, &item.record.kind, &field, &candidate.value));
        }
        let value = self.oracle.id(record, &item.record.kind, &field, &chosen.value);
        self.oracle.excused.insert((record, field.clone()));
        let act = Act::Resolve {
            record,
            field,
            value: chosen.value.clone(),
            seen: item.conflict.candidates.iter().map(|candidate| candidate.op).collect(),
            document: None,
        };
        if self.office("settle", |service| service.act(KELURAHAN, act, now))? {
            self.oracle.wrote(value, &seen);
        }
        Ok(())
    }

    /// Lets a held op through, or turns it down.
    pub(crate) fn held(&mut self, chance: &mut Chance) -> Played {
        let now = self.now;
        let held = self.server.look(|service| service.held_ops(KELURAHAN, now))??;
        let Some(item) = chance.pick(&held) else { return Ok(()) };
        let (op, record) = (item.op.id(), item.op.op.record);
        if chance.percent(80) {
            let act = Act::Release { op, record };
            return self.office("release", |service| service.act(KELURAHAN, act, now)).map(drop);
        }
        let act = Act::RefuseHeld { op, record, code: "not_ours".to_owned() };
        self.office("turn down", |service| service.act(KELURAHAN, act, now)).map(drop)
    }

    /// Two records are one person, or two after all.
    pub(crate) fn pair(&mut self, chance: &mut Chance) -> Played {
        let now = self.now;
        let pairs = self.server.look(|service| service.duplicates(KELURAHAN, None, now))??;
        let Some(pair) = chance.pick(&pairs) else { return Ok(()) };
        let (later, earlier) = (pair.later, pair.earlier);
        let (name, act) = match pair.state {
            DuplicateState::Review if chance.percent(60) => ("link", Act::Link { later, earlier }),
            DuplicateState::Review => ("keep apart", Act::KeepApart { later, earlier }),
            DuplicateState::Linked => ("unlink", Act::Unlink { later, earlier }),
            DuplicateState::Apart => return Ok(()),
        };
        if name == "link"
            && chance.percent(60)
            && let Some(phone) = self.a_holder(later, None, chance)?
            && let Some(form) = self.form(phone, later)?
        {
            // somebody still writes to the one, not knowing
            self.edit_plain(phone, &form, chance)?;
        }
        let late = self.server.look(|service| service.storage().read()?.history(later))??;
        let late = late.into_iter().filter(|op| name == "unlink" && op.status == OpStatus::Linked).collect::<Vec<_>>();
        if self.office(name, |service| service.act(KELURAHAN, act, now))? {
            self.check_unlinked(later, &late)?;
        }
        Ok(())
    }

    /// A person, with what belongs to them, is looked after elsewhere from now on.
    pub(crate) fn hand_over(&mut self, chance: &mut Chance) -> Played {
        let workers: Vec<RecordId> =
            self.oracle.records.iter().filter(|(_, kind)| **kind == Kind::Worker).map(|(id, _)| *id).collect();
        let leaves: Vec<&str> = PLACES.into_iter().filter(|place| place.split('.').count() == 6).collect();
        let (Some(record), Some(place)) = (chance.pick(&workers), chance.pick(&leaves)) else { return Ok(()) };
        let (now, act) = (self.now, Act::Move { record: *record, to: Self::place(place)? });
        self.office("hand over", |service| service.act(KELURAHAN, act, now)).map(drop)
    }

    /// A device gets other areas: more, fewer, others.
    pub(crate) fn assign(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let device = self.device(phone)?;
        let mut areas = if chance.percent(50) { self.areas[phone].clone() } else { Vec::new() };
        if areas.len() > 1 && chance.percent(50) {
            areas.pop();
        } else {
            let place = chance.pick(&PLACES).copied().unwrap_or(PLACES[0]);
            areas.push(Self::place(place)?);
        }
        let now = self.now;
        self.office("other areas", |service| service.assign(KELURAHAN, device, &areas, now))?;
        self.learn_areas(phone)
    }

    pub(crate) fn learn_areas(&mut self, phone: usize) -> Played {
        let device = self.device(phone)?;
        let row = self.server.look(|service| service.storage().read()?.device(device))??;
        if let Some(row) = row {
            self.areas[phone] = row.areas;
        }
        Ok(())
    }

    /// A device is revoked, retired, or taken back.
    pub(crate) fn set_device(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let device = self.device(phone)?;
        let (name, state) = match chance.below(5) {
            0 | 1 => ("revoke", DeviceState::Revoked),
            2 => ("retire", DeviceState::Retired),
            _ => ("take back", DeviceState::Active),
        };
        let now = self.now;
        self.office(name, |service| service.set_device(KELURAHAN, device, state, now)).map(drop)
    }

    /// The server's machine is lost, and its last backup brought to life.
    pub(crate) fn restore(&mut self) -> Played {
        let Some(replayed) = self.server.restore()? else { return Ok(()) };
        self.tally.fault("server restored");
        self.oracle.restored = true;
        self.trace.say(format_args!("the server is restored, {replayed} acts done again, at {}", self.now - START));
        self.oracle.standing.clear();
        self.observed.1.clear();
        self.observe(true)
    }

    /// The phone joins again, as a new device of the same person. Whether it did.
    pub(crate) fn rejoin(&mut self, phone: usize, chance: &mut Chance) -> Played<bool> {
        self.learn_areas(phone)?;
        let forms = self.phones[phone].forms.iter().map(|form| form.record);
        let drafts = self.phones[phone].store()?.drafts()?;
        self.oracle.joins_again(phone, forms.chain(drafts.into_iter().filter_map(|draft| draft.record)));
        let device = self.device(phone)?;
        let replaces = chance.percent(50).then_some(device);
        let new = NewInvite {
            name: String::new(),
            roles: vec![Role::Official],
            areas: self.areas[phone].clone(),
            official: Some(self.phones[phone].official),
            replaces,
        };
        let (now, id) = (self.now, OfficialId(chance.id(self.now)));
        let mut link = None;
        self.office("invite again", |service| {
            let invite = service.invite(KELURAHAN, new, id, vec![SERVER.to_owned()], now)?;
            link = invite.to_link().ok();
            Ok(())
        })?;
        let Some(link) = link else { return Ok(false) };
        for _ in 0..4 {
            let (facts, phone_now) = (self.phones[phone].facts(), self.phone_now(phone));
            let facts = JoinFacts { app: Some(facts), attestation: None };
            let loss = if self.setting.has(fault::ROAD) { self.mood.road / 2 } else { 0 };
            let road = JoinRoad {
                server: Mutex::new((&mut self.server, Chance::new(chance.word()))),
                loss,
                now,
                failed: Mutex::default(),
            };
            let mut own = Chance::new(chance.word());
            let joined = self.phones[phone].act(|store| join(&link, &facts, store, &road, phone_now, &mut own));
            let failed = road.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
            if let Some(violation) = failed {
                return Err(violation);
            }
            self.observe(true)?;
            match joined? {
                Acted::Died { act, durable } => {
                    self.learn_device(phone)?;
                    self.died(phone, &act, durable)?;
                }
                Acted::Done(Ok(_)) => {
                    self.learn_device(phone)?;
                    self.tally.act("join again");
                    self.trace.say(format_args!("phone {phone} has joined again"));
                    self.check_phone(phone)?;
                    return Ok(true);
                }
                Acted::Done(Err(JoinError::Transport(_))) => {}
                Acted::Done(Err(error)) => return broken("an invited phone joins", format!("phone {phone}: {error}")),
            }
        }
        Ok(false)
    }
}
