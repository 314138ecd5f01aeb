//! Between phones and server: what is sent, what happens to it on the way, and what a phone makes of what comes.

use crate::{
    chance::Chance,
    phone::{Acted, Run},
    server::Served,
    setting::fault,
    template::START,
    violation::{Played, Violation, broken},
    world::{Fate, World},
};
use payung_domain::op::{Op, Outcome, OutcomeStatus};
use payung_protocol::{
    Limits, Problem, ProblemCode, Reply, Request, SealedBundle, Sent, SigningKey, open_reply, seal_reply,
};
use payung_store::Asked;
use payung_sync::{Endpoint, Outgoing, PortalSign, SyncEngine, SyncError, TransportError, Urgency};
use serde_json::json;
use std::collections::BTreeMap;

/// A phone gives up on an answer after so long, in milliseconds.
const PATIENCE: i64 = 45_000;
/// No run needs so many requests: it does not end.
const MOST_REQUESTS: u32 = 240;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 3_600_000;

/// A request on its way, as far as its phone must know it again.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) phone: usize,
    pub(crate) flight: u64,
    pub(crate) endpoint: Endpoint,
    /// What an exchange asked with, and what its reply is bound to.
    pub(crate) exchange: Option<(Asked, Sent)>,
    back: Back,
}

/// What happens to the answer.
#[derive(Clone, Copy)]
enum Back {
    Good,
    Lost,
    Cut,
    Damaged(u64),
    Slow(i64),
    Twice(i64),
    Another(u64),
    Forged(u64),
}

impl Back {
    /// What comes is not what the server answered to this.
    fn is_foreign(self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Another(_) | Self::Forged(_))
    }
}

/// An answer to an exchange, as a road may keep it.
pub(crate) struct Kept {
    letter: Letter,
    bytes: Vec<u8>,
    /// It tells what became of ops.
    tells: bool,
}

/// What happens by itself.
pub(crate) enum Event {
    /// A phone does what it can while it waits for the answer to this flight.
    Prepare(usize, u64),
    /// Bytes reach the server.
    Arrive(Letter, Vec<u8>),
    /// An answer, or the lack of one, reaches the phone that waits for it.
    Answer(Letter, Result<Vec<u8>, TransportError>),
}

/// What the reply to a request is bound to.
pub(crate) fn sent(body: &[u8]) -> Played<Sent> {
    let sent = SealedBundle::from_bytes(body.to_vec(), Limits::REQUEST).and_then(|bundle| bundle.sent());
    sent.map_err(|error| Violation { rule: "a bundle has a name", detail: error.to_string() })
}

impl World {
    pub(crate) fn arrange(&mut self, in_ms: i64, event: Event) {
        self.arranged += 1;
        self.events.insert((self.now.saturating_add(in_ms), self.arranged), event);
    }

    pub(crate) fn happen(&mut self, event: Event) -> Played {
        match event {
            Event::Prepare(phone, flight) => self.prepare(phone, flight),
            Event::Arrive(letter, body) => self.arrive(letter, &body),
            Event::Answer(letter, answer) => self.answer(&letter, answer),
        }
    }

    /// A run of the exchange begins, as far as the phone lets it.
    pub(crate) fn begin_run(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let urgency = if chance.percent(50) { Urgency::Person } else { Urgency::Background };
        self.begin_run_as(phone, urgency, chance).map(drop)
    }

    pub(crate) fn begin_run_as(&mut self, phone: usize, urgency: Urgency, chance: &mut Chance) -> Played<bool> {
        if self.phones[phone].run.is_some() {
            return Ok(false);
        }
        let (facts, now) = (self.phones[phone].facts(), self.phone_now(phone));
        let begun = match self.phones[phone].act(|store| SyncEngine::begin(store, facts, urgency, now))? {
            Acted::Done(begun) => begun,
            Acted::Died { act, durable } => {
                self.died(phone, &act, durable)?;
                return Ok(false);
            }
        };
        match begun {
            Ok(mut engine) => {
                // a joining that a kill interrupted is complete by now
                self.learn_device(phone)?;
                engine.limit(self.mood.bundle);
                let chance = Chance::new(chance.word());
                self.phones[phone].run = Some(Run { engine, flight: 0, chance, requests: 0, excused: false });
                self.tally.act("exchange run");
                self.pump(phone)?;
                Ok(true)
            }
            Err(SyncError::Waiting { .. }) => Ok(false),
            Err(error) => broken("a joined phone may begin a run", error.to_string()),
        }
    }

    /// Asks the engine what to send next, and sends it.
    fn pump(&mut self, phone: usize) -> Played {
        let Some(mut run) = self.phones[phone].run.take() else { return Ok(()) };
        let now = self.phone_now(phone);
        match self.phones[phone].act(|store| run.engine.next(store, now, &mut run.chance))? {
            Acted::Died { act, durable } => self.died(phone, &act, durable),
            Acted::Done(Ok(Some(outgoing))) => {
                self.phones[phone].run = Some(run);
                self.send(phone, outgoing)
            }
            Acted::Done(Ok(None)) => {
                let report = run.engine.report();
                self.trace.say(format_args!(
                    "phone {phone} is quiet: {} sent, {} applied, {} held, {} refused, {} changes",
                    report.sent, report.applied, report.held, report.refused, report.changes
                ));
                Ok(())
            }
            Acted::Done(Err(error)) => self.failed(phone, &run, &error),
        }
    }

    /// A run ended early: something must have gone wrong on its road.
    fn failed(&mut self, phone: usize, run: &Run, error: &SyncError) -> Played {
        self.trace.say(format_args!("phone {phone} fails: {error}"));
        match error {
            SyncError::Store(error) => broken("the phone's store does what it is asked", error.to_string()),
            _ if run.excused => Ok(()),
            _ => broken("a run on a good road succeeds", format!("phone {phone}: {error}")),
        }
    }

    fn send(&mut self, phone: usize, outgoing: Outgoing) -> Played {
        self.flights += 1;
        let flight = self.flights;
        self.trace.bytes(&outgoing.body);
        let exchange = match outgoing.endpoint {
            Endpoint::Exchange => {
                let store = self.phones[phone].store()?;
                let cursor = store.cursor()?.1;
                let asked = Asked { device: self.device(phone)?, cursor, sent_at: self.phone_now(phone) };
                Some((asked, sent(&outgoing.body)?))
            }
            _ => None,
        };
        let (may_fail, rate) = (self.setting.has(fault::ROAD), self.mood.road);
        let Some(run) = &mut self.phones[phone].run else { return Ok(()) };
        run.flight = flight;
        run.requests += 1;
        if run.requests > MOST_REQUESTS {
            return broken("a run ends", format!("phone {phone} has sent {MOST_REQUESTS} requests"));
        }
        let mut chance = &mut run.chance;
        let mut letter = Letter { phone, flight, endpoint: outgoing.endpoint, exchange, back: Back::Good };
        let up = chance.between(30, 2_500);
        let idle = chance.percent(70).then(|| chance.between(0, 4_000));
        let body = outgoing.body;
        let fails = may_fail && chance.mille(rate);
        if let Some(after) = idle {
            self.arrange(after, Event::Prepare(phone, flight));
        }
        if !fails {
            self.arrange(PATIENCE, Event::Answer(letter.clone(), Err(TransportError::Timeout)));
            self.arrange(up, Event::Arrive(letter, body));
            return Ok(());
        }
        let Some(run) = &mut self.phones[phone].run else { return Ok(()) };
        (run.excused, chance) = (true, &mut run.chance);
        // mostly while the phone is still at the same work
        let latest = if chance.percent(60) { 40 * MINUTE } else { 3 * DAY };
        let (word, late) = (chance.word(), chance.between(PATIENCE, latest));
        let (class, fate) = match chance.below(18) {
            0 => ("unreachable", Err(TransportError::Unreachable)),
            1 => ("request lost", Err(TransportError::Timeout)),
            2 => ("portal", Err(TransportError::Portal { sign: sign(word), retry_after: None })),
            3 => ("busy", Err(busy(word))),
            4 => ("request cut", Err(TransportError::Cut)),
            5 => ("request doubled", Ok(Back::Good)),
            6 => ("request late", Ok(Back::Good)),
            7 | 8 => ("answer lost", Ok(Back::Lost)),
            9 => ("answer cut", Ok(Back::Cut)),
            10 => ("answer damaged", Ok(Back::Damaged(word))),
            11 | 12 => ("answer late", Ok(Back::Slow(late))),
            13 | 14 => ("answer doubled", Ok(Back::Twice(late))),
            15 => ("another answer", Ok(Back::Another(word))),
            _ => ("forged answer", Ok(Back::Forged(word))),
        };
        self.tally.fault(class);
        self.trace.say(format_args!("phone {phone}, request {flight}: {class}"));
        let back = match fate {
            Err(error) => {
                let after = if matches!(error, TransportError::Timeout) { PATIENCE } else { up };
                self.arrange(after, Event::Answer(letter.clone(), Err(error)));
                if class == "request cut" {
                    // what came so far is no bundle: it must do nothing
                    let part = body.len() * usize::try_from(word % 100).unwrap_or(0) / 100;
                    letter.back = Back::Lost;
                    self.arrange(up, Event::Arrive(letter, body[..part].to_vec()));
                }
                return Ok(());
            }
            Ok(back) => back,
        };
        letter.back = back;
        self.arrange(PATIENCE, Event::Answer(letter.clone(), Err(TransportError::Timeout)));
        match class {
            "request late" => self.arrange(late, Event::Arrive(letter, body)),
            "request doubled" => {
                self.arrange(up, Event::Arrive(letter.clone(), body.clone()));
                letter.back = Back::Lost;
                self.arrange(late, Event::Arrive(letter, body));
            }
            _ => self.arrange(up, Event::Arrive(letter, body)),
        }
        Ok(())
    }

    /// Bytes reach the server; it answers, or dies of it.
    fn arrive(&mut self, mut letter: Letter, body: &[u8]) -> Played {
        self.tally.requests += 1;
        let asking = if letter.endpoint == Endpoint::Exchange { self.check_request(body)? } else { None };
        if let (Some((asked, _)), Some(asking)) = (&mut letter.exchange, &asking) {
            // what was numbered ahead is asked from where the phone will be
            asked.device = asking.device;
            asked.cursor.clone_from(&asking.request.cursor);
        }
        let (phone, now) = (letter.phone, self.now);
        let answer = match self.server.serve(letter.endpoint, body, now)? {
            Served::Died(at) => {
                self.tally.fault("server killed");
                self.trace.say(format_args!("the server ends at {at}"));
                self.excuse(phone, letter.flight);
                self.observe(false)?;
                self.arrange(200, Event::Answer(letter, Err(TransportError::Cut)));
                return Ok(());
            }
            Served::Done(answer) => answer,
        };
        self.observe(false)?;
        if let Ok(bytes) = &answer {
            self.trace.bytes(bytes);
            if let Some((asked, sent)) = &letter.exchange {
                let reply = self.check_reply(asked, sent, bytes, phone)?;
                if let (Some(asking), Some(reply)) = (&asking, &reply) {
                    self.check_receipts(asked.device, asking, reply)?;
                }
                let tells = reply.is_some_and(|reply| !reply.outcomes.is_empty());
                self.kept.push(Kept { letter: letter.clone(), bytes: bytes.clone(), tells });
            }
            self.answers.push(bytes.clone());
        }
        let down = 30 + i64::try_from(letter.flight % 7).unwrap_or(0) * 150;
        let Ok(bytes) = answer else {
            if !matches!(letter.back, Back::Lost) {
                self.arrange(down, Event::Answer(letter, answer));
            }
            return Ok(());
        };
        match letter.back {
            Back::Good => self.arrange(down, Event::Answer(letter, Ok(bytes))),
            Back::Lost => {}
            Back::Cut => self.arrange(down, Event::Answer(letter, Err(TransportError::Cut))),
            Back::Damaged(word) => {
                let mut damaged = bytes;
                let bits = damaged.len().max(1) as u64 * 8;
                let at = usize::try_from(word % bits).unwrap_or(0);
                if let Some(byte) = damaged.get_mut(at / 8) {
                    *byte ^= 1 << (at % 8);
                }
                self.arrange(down, Event::Answer(letter, Ok(damaged)));
            }
            Back::Slow(late) => self.arrange(late, Event::Answer(letter, Ok(bytes))),
            Back::Twice(late) => {
                self.arrange(down, Event::Answer(letter.clone(), Ok(bytes.clone())));
                self.arrange(late, Event::Answer(letter, Ok(bytes)));
            }
            Back::Another(word) => {
                let mut chance = Chance::new(word);
                // an earlier one to this very phone opens; another's does not
                let own = |other: &&Vec<u8>| other.get(..9) == bytes.get(..9);
                let same: Vec<&Vec<u8>> = self.answers.iter().filter(own).collect();
                let all: Vec<&Vec<u8>> = self.answers.iter().collect();
                let from = if chance.percent(60) { &same } else { &all };
                let other = chance.pick(from);
                let other = other.map(|bytes| (*bytes).clone()).unwrap_or_default();
                if other == bytes {
                    letter.back = Back::Good;
                }
                self.arrange(down, Event::Answer(letter, Ok(other)));
            }
            Back::Forged(word) => {
                let forged = self.forged(&letter, asking.as_ref().map(|asking| &asking.request), word)?;
                self.arrange(down, Event::Answer(letter, Ok(forged)));
            }
        }
        Ok(())
    }

    /// Someone who knows the phone's key and guesses what it sent answers in the server's place, by a key of his own.
    fn forged(&self, letter: &Letter, request: Option<&Request>, word: u64) -> Played<Vec<u8>> {
        let (Some((asked, sent)), Some(request)) = (&letter.exchange, request) else { return Ok(Vec::new()) };
        let outcome = |op: &Op| Outcome {
            n: op.n,
            status: OutcomeStatus::Applied,
            record: op.record,
            version: 1,
            duplicate_of: None,
            fields: BTreeMap::new(),
            code: None,
        };
        let plain = json!({ "epoch": self.observed.0, "server_time": self.now });
        let plain: Reply = serde_json::from_value(plain)
            .map_err(|error| Violation { rule: "a reply has defaults", detail: error.to_string() })?;
        let outcomes = request.ops.iter().map(outcome).collect();
        let reply = Reply { outcomes, request_cursor: request.cursor.clone(), ..plain };
        let mut chance = Chance::new(word);
        let own = SigningKey::generate(&mut chance);
        let row = self.server.look(|service| service.storage().read()?.device(asked.device))??;
        let Some(row) = row else { return Ok(Vec::new()) };
        let sealed = seal_reply(&reply, sent, &own, &row.device_key, &mut chance);
        sealed
            .map(SealedBundle::into_bytes)
            .map_err(|error| Violation { rule: "a forger can seal", detail: error.to_string() })
    }

    /// The run that waits for this may fail.
    fn excuse(&mut self, phone: usize, flight: u64) {
        if let Some(run) = self.phones[phone].run.as_mut().filter(|run| run.flight == flight) {
            run.excused = true;
        }
    }

    /// An answer reaches its phone. Where nobody waits for it any more, it may still come by a slow road, as by a hub.
    fn answer(&mut self, letter: &Letter, answer: Result<Vec<u8>, TransportError>) -> Played {
        let phone = letter.phone;
        let waits = self.phones[phone].run.as_ref().is_some_and(|run| run.flight == letter.flight);
        if !waits {
            return match answer {
                Ok(bytes) if self.setting.has(fault::LATE) => self.late(letter, &bytes),
                _ => Ok(()),
            };
        }
        let Some(mut run) = self.phones[phone].run.take() else { return Ok(()) };
        // what is refused by a newer life of the server, or asked of a device that is no more
        run.excused |= matches!(&answer, Err(TransportError::Timeout | TransportError::Cut));
        let now = self.phone_now(phone);
        let (foreign, forged) = (
            answer.is_ok() && letter.exchange.is_some() && letter.back.is_foreign(),
            matches!(letter.back, Back::Forged(_)),
        );
        // what came before is settled first: it is no part of what comes of this one
        if foreign && !self.prepared(phone, &mut run)? {
            return Ok(());
        }
        let before = run.engine.report().uploaded;
        match self.phones[phone].act(|store| run.engine.take(answer, store, now, &mut run.chance))? {
            Acted::Died { act, durable } => self.died(phone, &act, durable),
            Acted::Done(Ok(())) => {
                // of a signer nobody knows newer keys are asked for first
                if foreign && (!forged || run.engine.report().uploaded > before) {
                    return broken(
                        "only the server's answer to this very request is believed",
                        format!("phone {phone}"),
                    );
                }
                if run.engine.report().areas_differing > 0 {
                    return broken("once all is read the sums agree", format!("phone {phone}"));
                }
                self.phones[phone].run = Some(run);
                self.check_told(phone)?;
                self.pump(phone)
            }
            Acted::Done(Err(error)) => {
                self.check_phone(phone)?;
                self.failed(phone, &run, &error)
            }
        }
    }

    /// What a phone does while it waits for an answer.
    fn prepare(&mut self, phone: usize, flight: u64) -> Played {
        if self.phones[phone].run.as_ref().is_none_or(|run| run.flight != flight) {
            return Ok(());
        }
        let Some(mut run) = self.phones[phone].run.take() else { return Ok(()) };
        if self.prepared(phone, &mut run)? {
            self.phones[phone].run = Some(run);
        }
        Ok(())
    }

    /// Whether the phone lives on.
    fn prepared(&mut self, phone: usize, run: &mut Run) -> Played<bool> {
        let before = self.phones[phone].store()?.waiting()?;
        if let Acted::Died { act, durable } = self.phones[phone].act(|store| run.engine.prepare(store))? {
            self.died(phone, &act, durable)?;
            return Ok(false);
        }
        let after = self.phones[phone].store()?.waiting()?;
        if after.new < before.new {
            self.tally.act("number ahead");
            self.trace.say(format_args!("phone {phone} numbers {} ops ahead", before.new - after.new));
        }
        self.check_told(phone)?;
        Ok(true)
    }

    /// An answer of long ago comes once more: to a phone that waits for one, if there is any.
    pub(crate) fn echo(&mut self, phone: usize, chance: &mut Chance) -> Played {
        if !self.setting.has(fault::LATE) {
            return Ok(());
        }
        let count = self.phones.len();
        let mut to = phone;
        for other in (0..count).map(|step| (phone + step) % count) {
            if self.phones[other].store()?.waiting()?.sent > 0 {
                to = other;
                break;
            }
        }
        let telling = chance.percent(80);
        let own = self.kept.iter().filter(|kept| kept.letter.phone == to && (kept.tells || !telling));
        let own: Vec<&Kept> = own.collect();
        let last = if chance.percent(70) { own.len().saturating_sub(6) } else { 0 };
        let Some(kept) = chance.pick(&own[last..]) else { return Ok(()) };
        let (letter, bytes) = (kept.letter.clone(), kept.bytes.clone());
        self.late(&letter, &bytes)
    }

    /// A reply that comes long after its request, by a road that keeps it: its phone takes it as it stands then.
    fn late(&mut self, letter: &Letter, bytes: &[u8]) -> Played {
        let Some((asked, sent)) = &letter.exchange else { return Ok(()) };
        let Some(secret) = self.secrets.get(&asked.device) else { return Ok(()) };
        let signing = self.server.keys.signing().verifying_key();
        let Ok(reply) = open_reply(bytes, secret, |id| (id == signing.id()).then_some(signing), sent, Limits::REPLY)
        else {
            // damaged, or another's
            return Ok(());
        };
        let (phone, now) = (letter.phone, self.phone_now(letter.phone));
        self.tally.fault("late reply taken");
        self.trace.say(format_args!(
            "phone {phone} takes the reply to request {} at {}",
            letter.flight,
            self.now - START
        ));
        let asked = asked.clone();
        if let Fate::Returned(taken) = self.act(phone, "reply", |store| store.take_reply(&reply, &asked, now))?
            && !taken?.differing.is_empty()
        {
            return broken("once all is read the sums agree", format!("phone {phone}, by a late reply"));
        }
        self.check_phone(phone)
    }

    /// The phone cannot reach the server for an hour, and tries whenever its own rules let it.
    pub(crate) fn outage(&mut self, phone: usize, chance: &mut Chance) -> Played {
        if !self.setting.has(fault::ROAD) || self.phones[phone].run.is_some() {
            return Ok(());
        }
        self.tally.fault("outage");
        let mut tries = 0;
        for _ in 0..60 {
            self.pass(60_000)?;
            if self.phones[phone].run.is_some() {
                // the person was faster
                return Ok(());
            }
            let (facts, now) = (self.phones[phone].facts(), self.phone_now(phone));
            let mut own = Chance::new(chance.word());
            let outcome = self.phones[phone].act(|store| {
                let Ok(mut engine) = SyncEngine::begin(store, facts, Urgency::Background, now) else { return Ok(0) };
                while engine.next(store, now, &mut own)?.is_some() {
                    if engine.take(Err(TransportError::Unreachable), store, now, &mut own).is_err() {
                        break;
                    }
                }
                Ok::<_, SyncError>(1)
            })?;
            match outcome {
                Acted::Died { act, durable } => {
                    self.died(phone, &act, durable)?;
                }
                Acted::Done(Ok(runs)) => tries += runs,
                Acted::Done(Err(error)) => return broken("a phone without a road waits", error.to_string()),
            }
        }
        self.trace.say(format_args!("phone {phone} tried {tries} times in an hour"));
        // waits grow to 15 minutes: some 13 attempts are to be expected, and 30 are out of all probability
        if tries > 30 {
            broken("retries back off", format!("phone {phone} tried {tries} times in an hour"))
        } else {
            Ok(())
        }
    }
}

fn sign(word: u64) -> PortalSign {
    match word % 5 {
        0 => PortalSign::Page,
        1 => PortalSign::Redirect,
        2 => PortalSign::SignIn,
        3 => PortalSign::Encoded,
        _ => PortalSign::Status(502),
    }
}

fn busy(word: u64) -> TransportError {
    let code = if word.is_multiple_of(2) { ProblemCode::Busy } else { ProblemCode::RateLimited };
    let retry_after = (!word.is_multiple_of(3)).then_some(u32::try_from(word % 600).unwrap_or(0));
    TransportError::Refused { problem: Box::new(Problem::new(code, "r-1")), retry_after }
}
