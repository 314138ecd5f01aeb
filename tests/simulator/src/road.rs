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
use payung_protocol::{Limits, Problem, ProblemCode, SealedBundle, Sent, open_reply};
use payung_store::Asked;
use payung_sync::{Endpoint, Outgoing, PortalSign, SyncEngine, SyncError, TransportError, Urgency};

/// A phone gives up on an answer after so long, in milliseconds.
const PATIENCE: i64 = 45_000;
/// No run needs so many requests: it does not end.
const MOST_REQUESTS: u32 = 120;
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
}

/// What happens by itself.
pub(crate) enum Event {
    /// Bytes reach the server.
    Arrive(Letter, Vec<u8>),
    /// An answer, or the lack of one, reaches the phone that waits for it.
    Answer(Letter, Result<Vec<u8>, TransportError>),
}

impl World {
    pub(crate) fn arrange(&mut self, in_ms: i64, event: Event) {
        self.arranged += 1;
        self.events.insert((self.now.saturating_add(in_ms), self.arranged), event);
    }

    pub(crate) fn happen(&mut self, event: Event) -> Played {
        match event {
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
            Ok(engine) => {
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
                let sent = SealedBundle::from_bytes(outgoing.body.clone(), Limits::REQUEST).and_then(|b| b.sent());
                let sent =
                    sent.map_err(|error| Violation { rule: "a bundle has a name", detail: error.to_string() })?;
                Some((asked, sent))
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
        let chance = &mut run.chance;
        let mut letter = Letter { phone, flight, endpoint: outgoing.endpoint, exchange, back: Back::Good };
        let up = chance.between(30, 2_500);
        let body = outgoing.body;
        if !(may_fail && chance.mille(rate)) {
            self.arrange(PATIENCE, Event::Answer(letter.clone(), Err(TransportError::Timeout)));
            self.arrange(up, Event::Arrive(letter, body));
            return Ok(());
        }
        run.excused = true;
        let (word, late) = (chance.word(), chance.between(PATIENCE, 3 * DAY));
        let (class, fate) = match chance.below(16) {
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
            _ => ("another answer", Ok(Back::Another(word))),
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
    fn arrive(&mut self, letter: Letter, body: &[u8]) -> Played {
        self.tally.requests += 1;
        if letter.endpoint == Endpoint::Exchange {
            self.check_request(body)?;
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
                self.check_reply(asked, sent, bytes)?;
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
                let other = chance.pick(&self.answers).cloned().unwrap_or_default();
                self.arrange(down, Event::Answer(letter, Ok(other)));
            }
        }
        Ok(())
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
        match self.phones[phone].act(|store| run.engine.take(answer, store, now, &mut run.chance))? {
            Acted::Died { act, durable } => self.died(phone, &act, durable),
            Acted::Done(Ok(())) => {
                self.phones[phone].run = Some(run);
                self.check_phone(phone)?;
                self.pump(phone)
            }
            Acted::Done(Err(error)) => {
                self.check_phone(phone)?;
                self.failed(phone, &run, &error)
            }
        }
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
        if let Fate::Returned(taken) = self.act(phone, "reply", |store| store.take_reply(&reply, &asked, now))? {
            taken?;
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
