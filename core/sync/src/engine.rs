//! The state machine of one run: what to send next, and what an answer means. It has no thread, no clock, no
//! randomness and no network of its own, so the simulator runs this very code.
//!
//! A run asks until all is quiet: every op that waits has been offered, and there is no more to read. Ops the server
//! holds are asked about again, but do not keep a run going.

use crate::{
    address::{AddressError, ServerAddress},
    batch::MAX_BATCH_BYTES,
    error::SyncError,
    membership::{Membership, RenewError},
    pace::Pace,
    report::{SyncReport, SyncState},
    transport::TransportError,
};
use payung_domain::{
    id::{Base, Epoch, RecordId},
    op::{FieldOutcome, Op, Outcome, OutcomeStatus},
};
use payung_protocol::{
    AppFacts, BundleId, Endpoint, JoinAnswer, Limits, MAX_OPS, ProblemCode, RenewRequest, Reply, SealError,
    SealedBundle, Sent, open_join_answer, open_reply, seal_renewal, seal_request,
};
use payung_store::{Ahead, Asked, Batch, Store, TakeReport, Waiting};
use rand_core::CryptoRng;
use std::collections::BTreeMap;

/// So many ops may be left out of a run, each after the server could not take a bundle with it alone.
const MAX_SET_ASIDE: usize = 3;
/// A server restored once while a run is under way is bad luck; oftener, two servers answer in turn.
const MAX_EPOCHS: usize = 2;

/// One thing to send.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to.
    pub server: ServerAddress,
    /// What for.
    pub endpoint: Endpoint,
    /// The bundle's name; none when asking for keys.
    pub bundle: Option<BundleId>,
    /// The sealed bytes; empty when asking for keys.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outgoing({:?} to {}, {} bytes)", self.endpoint, self.server, self.body.len())
    }
}

/// Who asks for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A background job: waits out every wait.
    Background,
    /// A person pressed "send now": ends the phone's own waits, not those the server asked for.
    Person,
}

/// What was sent and is not answered yet.
enum InFlight {
    Keys(Want),
    Exchange(Box<Offer>),
    Renewal(Sent),
}

/// Whether newer keys are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Nothing,
    /// They are due; the old ones may still do.
    Due,
    /// The run cannot go on without.
    Needed,
}

/// Whether a newer certificate is to be asked for. At the end of a run, once: nothing waits for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Renewal {
    Nothing,
    /// The lease is near its end.
    Due,
    /// The server says that there is a newer one.
    Told,
    Asked,
}

/// Where the run stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Another exchange is needed.
    Unquiet,
    /// Nothing more to send or read.
    Quiet,
    /// Ended, well or not.
    Over,
}

/// An exchange on its way.
struct Offer {
    sent: Sent,
    asked: Asked,
    /// The ops in it, by number.
    ops: BTreeMap<u64, (RecordId, Option<Base>)>,
    /// Ops were left for another.
    more: bool,
    /// Records a restored server lacks were in it.
    offered: bool,
    held_before: u64,
    told: bool,
}

/// A reply that is believed, but not in the store yet: that is done while the next request is under way.
struct Unsettled {
    offer: Box<Offer>,
    reply: Reply,
    came_at_ms: i64,
}

impl Unsettled {
    /// Every op was taken, there are more, and the server asks for nothing: whatever else a reply can say may change
    /// what is to be sent next.
    fn is_plain(&self) -> bool {
        let Self { offer, reply, .. } = self;
        let applied =
            |outcome: &Outcome| outcome.status == OutcomeStatus::Applied && offer.ops.contains_key(&outcome.n);
        offer.more
            && reply.backoff.is_none()
            && !reply.renew
            && reply.kept.is_empty()
            && reply.unread == 0
            && reply.outcomes.len() == offer.ops.len()
            && reply.outcomes.iter().all(applied)
    }

    /// The batch after it, with what was numbered ahead. It is asked from where the phone will be once this reply is
    /// taken; should that not come to pass, the cursors differ and its answer's changes do not count.
    fn then(&self, ahead: Ahead, seen_through: u64, now_ms: i64) -> Batch {
        let Asked { device, cursor, .. } = self.offer.asked.clone();
        let asked = Asked { device, cursor: self.reply.cursor.clone().or(cursor), sent_at: now_ms };
        ahead.into_batch(seen_through, asked)
    }
}

/// One run of the exchange. Ask [`SyncEngine::next`] what to send, give [`SyncEngine::take`] the answer, until there
/// is nothing more to send or an error ends the run. Dropping it at any point loses nothing.
pub struct SyncEngine {
    facts: AppFacts,
    membership: Membership,
    servers: Vec<ServerAddress>,
    /// Which of the servers is asked.
    server: usize,
    pace: Pace,
    /// As the store has it.
    kept: Pace,
    in_flight: Option<InFlight>,
    /// The next batch's ops, numbered while an answer was under way.
    ahead: Option<Ahead>,
    unsettled: Option<Unsettled>,
    /// Why a reply could not be taken, though another was under way.
    broken: Option<SyncError>,
    /// As a request's `seen_through`, as far as this run knows.
    final_through: u64,
    /// Of the last reply that was taken.
    epoch: Option<Epoch>,
    phase: Phase,
    keys: Want,
    asked_for_keys: bool,
    renewal: Renewal,
    /// The most ops of a bundle, whatever the road would carry.
    most: usize,
    set_aside: Vec<u64>,
    repulled: bool,
    epochs: usize,
    waiting: Waiting,
    retry_at_ms: Option<i64>,
    report: SyncReport,
}

impl std::fmt::Debug for SyncEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncEngine").field("report", &self.report).finish_non_exhaustive()
    }
}

impl SyncEngine {
    /// Begins a run. `facts` are told to the server when they are news.
    ///
    /// # Errors
    /// [`SyncError::NotJoined`]; [`SyncError::Waiting`] before the wait after a failure is over.
    pub fn begin(store: &Store, facts: AppFacts, urgency: Urgency, now_ms: i64) -> Result<Self, SyncError> {
        let membership = Membership::load(store)?;
        let pace = Pace::load(store)?;
        if let Some(until_ms) = pace.backoff.waiting(now_ms, urgency == Urgency::Person) {
            return Err(SyncError::Waiting { until_ms });
        }
        let servers = membership.server.usable();
        if servers.is_empty() {
            return Err(SyncError::Address(AddressError::Cleartext));
        }
        let report = SyncReport { rejoin_needed: store.rejoin_needed()?, ..SyncReport::default() };
        let renewal = if membership.is_due(now_ms) && pace.may_renew(now_ms) { Renewal::Due } else { Renewal::Nothing };
        Ok(Self {
            facts,
            keys: if membership.is_outdated(now_ms) { Want::Due } else { Want::Nothing },
            membership,
            servers,
            server: 0,
            kept: pace.clone(),
            pace,
            in_flight: None,
            ahead: None,
            unsettled: None,
            broken: None,
            final_through: 0,
            epoch: None,
            phase: Phase::Unquiet,
            asked_for_keys: false,
            renewal,
            most: MAX_OPS,
            set_aside: Vec::new(),
            repulled: false,
            epochs: 0,
            waiting: store.waiting()?,
            retry_at_ms: None,
            report,
        })
    }

    /// Puts no more than so many ops into a bundle, however well the road goes.
    pub fn limit(&mut self, most: usize) {
        self.most = most.clamp(1, MAX_OPS);
    }

    /// What to send next; none when all is quiet. Asked again without an answer in between, it seals anew, under
    /// another name: the answer is taken as lost.
    ///
    /// # Errors
    /// [`SyncError`]: the run is over.
    pub fn next(
        &mut self,
        store: &Store,
        now_ms: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Outgoing>, SyncError> {
        match self.in_flight.take() {
            Some(InFlight::Keys(want)) => self.keys = want,
            Some(InFlight::Exchange(_)) => self.phase = Phase::Unquiet,
            // asked for in the next run
            Some(InFlight::Renewal(_)) | None => {}
        }
        let step = self.step(store, now_ms, rng);
        step.map_err(|error| self.failed(error, store, now_ms, rng))
    }

    fn step(&mut self, store: &Store, now_ms: i64, rng: &mut impl CryptoRng) -> Result<Option<Outgoing>, SyncError> {
        if self.keys != Want::Nothing {
            self.settle_now(store)?;
        }
        match self.phase {
            Phase::Over => Ok(None),
            Phase::Unquiet if self.keys != Want::Nothing => Ok(Some(self.ask_for_keys())),
            Phase::Unquiet => self.exchange(store, now_ms, rng).map(Some),
            Phase::Quiet => {
                let last = self.ask_for_certificate(now_ms, rng);
                if last.is_some() {
                    Ok(last)
                } else {
                    self.phase = Phase::Over;
                    self.keep_pace(store).map(|()| None)
                }
            }
        }
    }

    /// What can be done while an answer is under way: taking the reply before it, if that is still to be done, and
    /// numbering the ops after it. Nothing that must be done here: what is not, [`SyncEngine::take`] and
    /// [`SyncEngine::next`] do, and what fails is told by them.
    pub fn prepare(&mut self, store: &Store) {
        let phase = self.phase;
        self.broken = self.settle_now(store).err();
        // of the run, the exchange under way decides
        self.phase = phase;
        let Some(InFlight::Exchange(offer)) = &self.in_flight else { return };
        if offer.more && self.ahead.is_none() && self.broken.is_none() {
            let room = self.pace.batch.grown(offer.ops.len()).ops().min(self.most);
            self.ahead = store.number_ahead(offer.ops.len(), room, MAX_BATCH_BYTES).unwrap_or_default();
        }
    }

    /// Takes the answer to what [`SyncEngine::next`] gave last.
    ///
    /// # Errors
    /// [`SyncError`]: the run is over, and the wait before the next is noted.
    pub fn take(
        &mut self,
        answer: Result<Vec<u8>, TransportError>,
        store: &Store,
        now_ms: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<(), SyncError> {
        if let Ok(body) = &answer {
            self.report.bytes_down += body.len() as u64;
        }
        let before = self.broken.take().map_or_else(|| self.settle_now(store), Err);
        let taken = match (self.in_flight.take(), answer) {
            // taking that one would say that what came before it is safe
            _ if before.is_err() => before,
            (None, _) => Ok(()),
            (Some(InFlight::Keys(want)), Ok(json)) => match self.membership.renew(&json, now_ms, store) {
                Err(error @ SyncError::Keys(_)) => no_keys(want, error),
                done => done,
            },
            (Some(InFlight::Keys(want)), Err(error)) => no_keys(want, error.into()),
            (Some(InFlight::Exchange(offer)), Ok(sealed)) => self.take_reply(offer, &sealed, store, now_ms),
            (Some(InFlight::Exchange(offer)), Err(error)) => self.no_reply(&offer, error),
            (Some(InFlight::Renewal(sent)), answer) => {
                match self.take_certificate(answer, &sent, store) {
                    Ok(renewed) => self.report.renewed = renewed,
                    // what was exchanged stands; the next run asks again
                    Err(error) => tracing::info!(%error, "the certificate was not renewed"),
                }
                Ok(())
            }
        };
        taken.map_err(|error| self.failed(error, store, now_ms, rng))
    }

    /// Ends the run where it is: everything stays to be asked for by the next.
    pub fn stop(&mut self, store: &Store) -> Result<(), SyncError> {
        self.settle_now(store)?;
        self.phase = Phase::Over;
        self.report.interrupted = true;
        self.keep_pace(store)
    }

    /// What the run has done so far.
    pub fn report(&self) -> &SyncReport {
        &self.report
    }

    /// When to try again after a failure, milliseconds since 1970.
    pub fn retry_at_ms(&self) -> Option<i64> {
        self.retry_at_ms
    }

    /// What a watcher sees while the run is under way.
    pub fn state(&self) -> SyncState {
        let Waiting { new, sent, held } = self.waiting;
        let outstanding = usize::try_from(new + sent + held).unwrap_or(usize::MAX);
        SyncState::Sending { sent: self.report.sent, outstanding }
    }

    fn ask_for_keys(&mut self) -> Outgoing {
        self.asked_for_keys = true;
        self.in_flight = Some(InFlight::Keys(std::mem::replace(&mut self.keys, Want::Nothing)));
        self.outgoing(Endpoint::Keys, None, Vec::new())
    }

    fn ask_for_certificate(&mut self, now_ms: i64, rng: &mut impl CryptoRng) -> Option<Outgoing> {
        match self.renewal {
            Renewal::Nothing | Renewal::Asked => return None,
            Renewal::Due => self.pace.renewal_ms = Some(now_ms),
            Renewal::Told => {}
        }
        self.renewal = Renewal::Asked;
        let (bundle, receiver) = (BundleId::generate(rng), self.membership.receiver(now_ms).ok()?);
        let (request, own) = (RenewRequest { serial: self.membership.serial() }, &self.membership.own.session);
        let sealed = seal_renewal(&request, bundle, self.membership.device, own, &receiver, rng).ok()?;
        self.in_flight = Some(InFlight::Renewal(sealed.sent().ok()?));
        Some(self.outgoing(Endpoint::Join, Some(bundle), sealed.into_bytes()))
    }

    fn take_certificate(
        &mut self,
        answer: Result<Vec<u8>, TransportError>,
        sent: &Sent,
        store: &Store,
    ) -> Result<bool, RenewError> {
        let signer = |id| self.membership.signing_key(id);
        match open_join_answer(&answer?, &self.membership.own.device, signer, sent)? {
            JoinAnswer::Joined(reply) => self.membership.take_certificate(reply.certificate, store),
            JoinAnswer::Refused(problem) => Err(RenewError::Refused(Box::new(problem))),
        }
    }

    fn exchange(&mut self, store: &Store, now_ms: i64, rng: &mut impl CryptoRng) -> Result<Outgoing, SyncError> {
        loop {
            let room = (self.pace.batch.ops().min(self.most) + self.set_aside.len()).min(MAX_OPS);
            let mut batch = match (&self.unsettled, self.ahead.take()) {
                (Some(unsettled), Some(ahead)) => unsettled.then(ahead, self.final_through, now_ms),
                (_, ahead) => {
                    self.settle_now(store)?;
                    store.next_batch_from(ahead, room, MAX_BATCH_BYTES, now_ms)?
                }
            };
            batch.ops.retain(|op| !self.set_aside.contains(&op.n));
            if batch.asked.device != self.membership.device {
                // joined again since the run began: the ops have that device's numbers now
                self.membership = Membership::load(store)?;
                self.servers = self.membership.server.usable();
                self.server = 0;
            }
            let ops: BTreeMap<_, _> = batch.ops.iter().map(|op: &Op| (op.n, (op.record, op.base))).collect();
            let (asked, more, offered) = (batch.asked.clone(), batch.more, !batch.offered.is_empty());
            self.final_through = batch.seen_through;
            let told = self.pace.is_news(&self.facts);
            let request = batch.into_request(told.then(|| self.facts.clone()));
            let bundle = BundleId::generate(rng);
            let receiver = self.membership.receiver(now_ms)?;
            let own = &self.membership.own.session;
            let sealed = match seal_request(&request, bundle, asked.device, own, &receiver, rng) {
                Ok(sealed) => sealed,
                Err(
                    error @ (SealError::TooLarge { .. }
                    | SealError::UnpackedTooLarge { .. }
                    | SealError::TooManyValues { .. }),
                ) => {
                    if self.offer_less(&ops) {
                        continue;
                    }
                    return Err(SyncError::Seal(error));
                }
                Err(error) => return Err(SyncError::Seal(error)),
            };
            let sent = sealed.sent().map_err(SyncError::Seal)?;
            self.report.sent += ops.len();
            let held_before = self.waiting.held;
            self.in_flight =
                Some(InFlight::Exchange(Box::new(Offer { sent, asked, ops, more, offered, held_before, told })));
            self.phase = Phase::Quiet;
            return Ok(self.outgoing(Endpoint::Exchange, Some(bundle), SealedBundle::into_bytes(sealed)));
        }
    }

    fn outgoing(&mut self, endpoint: Endpoint, bundle: Option<BundleId>, body: Vec<u8>) -> Outgoing {
        self.report.requests += 1;
        self.report.bytes_up += body.len() as u64;
        Outgoing { server: self.servers[self.server % self.servers.len()].clone(), endpoint, bundle, body }
    }

    fn no_reply(&mut self, offer: &Offer, error: TransportError) -> Result<(), SyncError> {
        match &error {
            TransportError::Refused { problem, .. }
                if problem.code == ProblemCode::Reseal && self.renew_keys_first() =>
            {
                return Ok(());
            }
            TransportError::Refused { problem, retry_after: None }
                if cannot_take(&problem.code) && self.offer_less(&offer.ops) =>
            {
                return Ok(());
            }
            TransportError::Timeout | TransportError::Cut => {
                self.pace.batch = self.pace.batch.halved(offer.ops.len());
            }
            TransportError::Unreachable | TransportError::Portal { .. } if self.server + 1 < self.servers.len() => {
                self.server += 1;
                self.phase = Phase::Unquiet;
                return Ok(());
            }
            _ => {}
        }
        Err(error.into())
    }

    /// Once a run: what was not taken is sealed anew to newer keys.
    fn renew_keys_first(&mut self) -> bool {
        if self.asked_for_keys {
            return false;
        }
        (self.keys, self.phase) = (Want::Needed, Phase::Unquiet);
        true
    }

    /// The server cannot take a bundle with these ops. Half of them are tried, at once; one that fails alone is left
    /// out of this run, so that the others go on. It stays pending.
    fn offer_less(&mut self, ops: &BTreeMap<u64, (RecordId, Option<Base>)>) -> bool {
        match (ops.len(), ops.keys().next()) {
            (1, Some(n)) if self.set_aside.len() < MAX_SET_ASIDE => {
                tracing::warn!(n, "an op the server cannot take is set aside");
                self.set_aside.push(*n);
                self.report.set_aside += 1;
            }
            (0 | 1, _) => return false,
            (tried, _) => self.pace.batch = self.pace.batch.halved(tried),
        }
        self.phase = Phase::Unquiet;
        true
    }

    fn take_reply(&mut self, offer: Box<Offer>, sealed: &[u8], store: &Store, now_ms: i64) -> Result<(), SyncError> {
        let own = &self.membership.own.device;
        let signer = |id| self.membership.signing_key(id);
        let reply = match open_reply(sealed, own, signer, &offer.sent, Limits::REPLY) {
            Ok(reply) => reply,
            // the server may have got a new signing key since
            Err(SealError::UnknownSigner) if self.renew_keys_first() => return Ok(()),
            Err(error) => return Err(SyncError::Reply(error)),
        };
        let unsettled = Unsettled { offer, reply, came_at_ms: now_ms };
        if self.ahead.is_some() && self.epoch == Some(unsettled.reply.epoch) && unsettled.is_plain() {
            self.unsettled = Some(unsettled);
            self.phase = Phase::Unquiet;
            return Ok(());
        }
        self.settle(&unsettled, store)
    }

    /// Takes the reply that waits for it, if there is one.
    fn settle_now(&mut self, store: &Store) -> Result<(), SyncError> {
        self.unsettled.take().map_or(Ok(()), |unsettled| self.settle(&unsettled, store))
    }

    fn settle(&mut self, unsettled: &Unsettled, store: &Store) -> Result<(), SyncError> {
        let Unsettled { offer, reply, came_at_ms: now_ms } = unsettled;
        let now_ms = *now_ms;
        let taken = store.take_reply(reply, &offer.asked, now_ms)?;
        if taken.answered {
            self.epoch = Some(reply.epoch);
        }
        if unsettled.is_plain()
            && let Some(last) = offer.follows(self.final_through)
        {
            self.final_through = last;
        }
        self.waiting = store.waiting()?;
        self.pace.batch = self.pace.batch.grown(offer.ops.len());
        if offer.told {
            self.pace.told = Some(self.facts.clone());
        }
        self.report.resume_at_ms = self.pace.backoff.succeeded(now_ms, reply.backoff);
        self.note(offer, reply, &taken, now_ms);
        if reply.backoff.is_some() {
            self.renewal = Renewal::Nothing;
        } else if reply.renew && self.renewal != Renewal::Asked {
            self.renewal = Renewal::Told;
        }
        // a server that asks for a pause gets it, whatever is left
        // joined again while this was under way: its ops have other names now
        let renamed = !taken.answered && store.identity()?.is_some_and(|now| now.device != offer.asked.device);
        let unquiet = self.is_unquiet(offer, reply, &taken) || renamed;
        self.phase = if unquiet && reply.backoff.is_none() { Phase::Unquiet } else { Phase::Quiet };
        tracing::debug!(
            ops = offer.ops.len(),
            applied = taken.applied,
            held = taken.held,
            refused = taken.refused,
            changes = taken.changes,
            unquiet,
            "exchanged"
        );
        Ok(())
    }

    /// Whether another exchange can bring something.
    fn is_unquiet(&mut self, offer: &Offer, reply: &Reply, taken: &TakeReport) -> bool {
        let read = reply.cursor.is_some() && reply.cursor != offer.asked.cursor || taken.changes > 0;
        // a reply to many ops may leave all reading for later
        let more = reply.more && taken.answered && (read || taken.applied + taken.refused > 0);
        // everything is read again, once
        let pull_again = taken.more && !reply.more && !self.repulled;
        self.repulled |= pull_again;
        let offered_again = taken.new_epoch && self.epochs <= MAX_EPOCHS;
        // a server that takes no offers is not asked for ever
        let offers = taken.to_offer && !(offer.offered && reply.kept.is_empty());
        more || pull_again || offered_again || offers || self.has_more_to_send(offer, taken)
    }

    fn has_more_to_send(&self, offer: &Offer, taken: &TakeReport) -> bool {
        if self.report.rejoin_needed {
            return false;
        }
        let answered = taken.applied + taken.refused > 0;
        let moved = answered || self.waiting.held > offer.held_before;
        let unsent = self.waiting.new + self.waiting.sent > self.set_aside.len() as u64;
        // saved while the exchange was under way; with room, the next takes them
        let saved_since = self.waiting.new > 0 && !offer.more;
        // what came after it may have released a held op
        let maybe_released = answered && taken.held > 0;
        unsent && moved || saved_since || maybe_released
    }

    fn note(&mut self, offer: &Offer, reply: &Reply, taken: &TakeReport, now_ms: i64) {
        let report = &mut self.report;
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        report.uploaded += count(taken.applied);
        report.held += count(taken.held);
        report.refused += count(taken.refused);
        report.conflicts += count(taken.conflicts);
        report.changes += count(taken.changes);
        if taken.applied > 0 {
            let status = |status| reply.outcomes.iter().filter(|outcome| outcome.status == status).count();
            report.replayed += status(OutcomeStatus::Replayed);
            report.applied += count(taken.applied).saturating_sub(status(OutcomeStatus::Replayed));
            report.lost += reply
                .outcomes
                .iter()
                .flat_map(|outcome| outcome.fields.values())
                .filter(|became| **became == FieldOutcome::Lost)
                .count();
            report.merged += reply.outcomes.iter().filter(|outcome| offer.is_merged(outcome)).count();
        }
        report.offered += reply.kept.len();
        report.areas_differing = taken.differing.len();
        report.new_epoch |= taken.new_epoch;
        self.epochs += usize::from(taken.new_epoch);
        report.rejoin_needed |= taken.rejoin_needed;
        report.wipe |= taken.wipe;
        report.min_app.clone_from(&reply.min_app);
        report.clock_ahead_ms = Some(now_ms.saturating_sub(reply.server_time));
    }

    fn failed(&mut self, error: SyncError, store: &Store, now_ms: i64, rng: &mut impl CryptoRng) -> SyncError {
        self.phase = Phase::Over;
        let retry_after = match &error {
            SyncError::Transport(error) => error.retry_after(),
            _ => None,
        };
        self.retry_at_ms = Some(self.pace.backoff.failed(now_ms, retry_after, rng));
        tracing::info!(%error, failures = self.pace.backoff.failures(), "a run failed");
        // if even this is not saved, the first error is the one to tell
        if let Err(unsaved) = self.keep_pace(store) {
            tracing::warn!(error = %unsaved, "the wait is not kept over a restart");
        }
        error
    }

    fn keep_pace(&mut self, store: &Store) -> Result<(), SyncError> {
        if self.pace != self.kept {
            self.pace.save(store)?;
            self.kept = self.pace.clone();
        }
        Ok(())
    }
}

impl Offer {
    /// The number of its last op, if its ops are those after `n`, without a gap.
    fn follows(&self, n: u64) -> Option<u64> {
        let (first, last) = (self.ops.keys().next()?, self.ops.keys().next_back()?);
        (*first == n + 1 && last - n == self.ops.len() as u64).then_some(*last)
    }

    /// Whether the outcome says that others had written the record since the form was opened, and yet every field was
    /// kept. Our own writes of that record in the same bundle count versions, too.
    fn is_merged(&self, outcome: &Outcome) -> bool {
        let Some((record, Some(base))) = self.ops.get(&outcome.n) else { return false };
        let own = self.ops.range(..=outcome.n).filter(|(_, (other, _))| other == record).count() as u64;
        outcome.status == OutcomeStatus::Applied && outcome.fields.is_empty() && outcome.version > base.version + own
    }
}

/// Problems that may lie in what was sent: a smaller bundle may pass.
fn cannot_take(code: &ProblemCode) -> bool {
    use ProblemCode::{BundleMalformed, BundleTooLarge, InputInvalid, Internal};
    matches!(code, BundleMalformed | BundleTooLarge | InputInvalid | Internal)
}

/// Newer keys that were only due are no reason to stop: the server says when it no longer takes the old ones.
fn no_keys(want: Want, error: SyncError) -> Result<(), SyncError> {
    if want == Want::Needed { Err(error) } else { Ok(()) }
}
