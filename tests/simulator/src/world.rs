//! The world of one run: one true time, the server, the phones, what is under way between them, and the oracle.

use crate::{
    chance::Chance,
    oracle::Oracle,
    phone::{Acted, Phone},
    server::{Edge, Entered, Server},
    setting::Setting,
    step::{Deed, Mood, Plan, Step},
    template::{START, Template, area},
    trace::{Tally, Trace},
    violation::{Played, Violation},
};
use payung_domain::{
    area::Area,
    id::{DeviceId, Epoch, OpId, RecordId},
    op::Outcome,
};
use payung_protocol::ReceiverSecret;
use payung_store::{Store, StoreError};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};
use tempfile::TempDir;

/// The prefix everything happens in.
pub(crate) const REGENCY: &str = "33.02";

/// What became of an act on a phone.
pub(crate) enum Fate<T> {
    /// It returned.
    Returned(Result<T, StoreError>),
    /// The phone's process ended before it was durable.
    DiedBefore,
    /// The phone's process ended once it was durable.
    DiedAfter,
}

/// The world.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) setting: Setting,
    pub(crate) mood: Mood,
    /// The true time, milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) server: Server,
    pub(crate) phones: Vec<Phone>,
    /// By phone, the areas the office gave it.
    pub(crate) areas: Vec<Vec<Area>>,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    pub(crate) tally: Tally,
    /// The step under way.
    pub(crate) at: usize,
    /// What will happen by itself, by time and order of arranging.
    pub(crate) events: BTreeMap<(i64, u64), crate::road::Event>,
    pub(crate) arranged: u64,
    pub(crate) flights: u64,
    /// People registered so far, by their number among the invented.
    pub(crate) people: Vec<u64>,
    /// The record and field edited last, by whomever.
    pub(crate) last_edit: Option<(RecordId, String)>,
    /// How far the server has been observed: its epoch, and the seq of each village.
    pub(crate) observed: (Epoch, BTreeMap<String, u64>),
    /// Final outcomes as first told.
    pub(crate) outcomes: HashMap<(Epoch, OpId), Outcome>,
    /// The keys replies to a device are sealed to.
    pub(crate) secrets: HashMap<DeviceId, ReceiverSecret>,
    /// Answers of the server, for roads that mix them up.
    pub(crate) answers: Vec<Vec<u8>>,
    /// Answers to exchanges, for roads that keep them.
    pub(crate) kept: Vec<crate::road::Kept>,
    /// The versions of records each phone was told, whether it got them or not.
    pub(crate) told_to: HashSet<(usize, RecordId, Epoch, u64)>,
    edge: Rc<Edge>,
    // after what uses it
    _entered: Entered,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new(plan: &Plan, template: &Template, keep_lines: bool) -> Played<Self> {
        let folder = template.run_folder()?;
        let (edge, entered) = Edge::enter(START, plan.seed);
        let server = Server::open(&template.server(), &folder.path().join("server"), plan.mood.page)?;
        let mut phones = Vec::new();
        for place in 0..plan.setting.phones {
            let mut phone = Phone::open(&template.phone(place), &folder.path().join(format!("phone-{place}")))?;
            if plan.mood.clocks && plan.setting.has(crate::setting::fault::CLOCK) {
                phone.ahead_ms = Chance::of(plan.seed, 100 + place as u64).between(-600_000, 600_000);
            }
            phones.push(phone);
        }
        let mut world = Self {
            seed: plan.seed,
            setting: plan.setting,
            mood: plan.mood,
            now: START,
            server,
            areas: Vec::new(),
            phones,
            oracle: Oracle::default(),
            trace: Trace::new(keep_lines),
            tally: Tally { seeds: 1, ..Tally::default() },
            at: 0,
            events: BTreeMap::new(),
            arranged: 0,
            flights: 0,
            people: Vec::new(),
            last_edit: None,
            observed: (Epoch(0), BTreeMap::new()),
            outcomes: HashMap::new(),
            secrets: HashMap::new(),
            answers: Vec::new(),
            kept: Vec::new(),
            told_to: HashSet::new(),
            edge,
            _entered: entered,
            folder,
        };
        for phone in 0..world.phones.len() {
            world.learn_device(phone)?;
            let device = world.device(phone)?;
            let row = world.server.look(|service| service.storage().read()?.device(device))??;
            world.areas.push(row.map(|row| row.areas).unwrap_or_default());
        }
        world.observe(true)?;
        Ok(world)
    }

    /// The device a phone is now.
    pub(crate) fn device(&self, phone: usize) -> Played<DeviceId> {
        let identity = self.phones[phone].store()?.identity()?;
        identity.map(|identity| identity.device).ok_or(StoreError::NotJoined.into())
    }

    /// Remembers whose the device is, and with what its replies are opened.
    pub(crate) fn learn_device(&mut self, phone: usize) -> Played {
        let device = self.device(phone)?;
        self.oracle.owners.entry(device).or_insert(phone);
        let keys = self.phones[phone].store()?.keys()?;
        let secret = keys.as_ref().and_then(|keys| keys.get(32..64)?.try_into().ok());
        if let Some(secret) = secret.and_then(|secret: &[u8; 32]| ReceiverSecret::from_bytes(secret).ok()) {
            // a device's never change; a phone that is about to be another has the other's already
            self.secrets.entry(device).or_insert(secret);
        }
        Ok(())
    }

    /// Time passes; what was arranged happens.
    pub(crate) fn pass(&mut self, ms: i64) -> Played {
        let until = self.now.saturating_add(ms);
        while let Some(next) = self.events.first_entry().filter(|next| next.key().0 <= until) {
            let ((at, _), event) = next.remove_entry();
            self.set_time(at);
            self.happen(event)?;
        }
        self.set_time(until);
        Ok(())
    }

    pub(crate) fn set_time(&mut self, at: i64) {
        self.tally.simulated_ms += at.abs_diff(self.now.min(at));
        self.now = self.now.max(at);
        self.edge.now.set(self.now);
    }

    /// From now on the server draws from this step's randomness, so that it does not depend on the steps before.
    pub(crate) fn reseed(&self, draw: u64) {
        *self.edge.chance.borrow_mut() = Chance::of(draw, 9);
    }

    pub(crate) fn phone_now(&self, phone: usize) -> i64 {
        self.phones[phone].now(self.now)
    }

    /// Does something with a phone's store, of which the act `name` is what counts.
    pub(crate) fn act<T>(
        &mut self,
        phone: usize,
        name: &str,
        act: impl FnOnce(&Store) -> Result<T, StoreError>,
    ) -> Played<Fate<T>> {
        match self.phones[phone].act(act)? {
            Acted::Done(done) => Ok(Fate::Returned(done)),
            Acted::Died { act, durable } => {
                self.died(phone, &act, durable)?;
                Ok(if durable && act == name { Fate::DiedAfter } else { Fate::DiedBefore })
            }
        }
    }

    /// A phone's process has ended and begun again.
    pub(crate) fn died(&mut self, phone: usize, act: &str, durable: bool) -> Played {
        self.tally.fault("phone killed");
        self.trace.say(format_args!("phone {phone} ends at {act}, durable: {durable}"));
        self.check_phone(phone)
    }

    /// Plays one step.
    pub(crate) fn play(&mut self, at: usize, step: &Step) -> Played {
        self.at = at;
        self.trace.step(at);
        self.tally.steps += 1;
        self.reseed(step.draw);
        self.pass(step.wait_ms)?;
        self.reseed(step.draw ^ 1);
        let phone = step.phone % self.phones.len();
        let mut chance = Chance::new(step.draw);
        self.trace.say(format_args!("{:?} on phone {phone} at {}", step.deed, self.now - START));
        match step.deed {
            Deed::Register => self.register(phone, &mut chance),
            Deed::Open => self.open_form(phone, &mut chance),
            Deed::Save => self.save_form(phone, &mut chance),
            Deed::SaveDraft => self.draft(phone, &mut chance),
            Deed::Edit => self.edit(phone, &mut chance),
            Deed::EditSame => self.edit_same(phone, &mut chance),
            Deed::Clash => self.clash(phone, &mut chance),
            Deed::Visit => self.visit(phone, &mut chance, false),
            Deed::VoidVisit => self.visit(phone, &mut chance, true),
            Deed::Report => self.report(phone, &mut chance),
            Deed::Event => self.event(phone, &mut chance),
            Deed::Resolve => self.resolve(phone, &mut chance),
            Deed::Retry => self.retry(phone, &mut chance),
            Deed::Discard => self.discard(phone, &mut chance),
            Deed::Sync => self.begin_run(phone, &mut chance),
            Deed::Echo => self.echo(phone, &mut chance),
            Deed::Look => self.look(phone),
            Deed::KillPhone => self.kill_phone(phone, &mut chance),
            Deed::KillServer => {
                if self.setting.has(crate::setting::fault::KILL_SERVER) {
                    self.server.strike_in(1 + chance.below(60));
                }
                Ok(())
            }
            Deed::Clock => {
                self.jump(phone, &mut chance);
                Ok(())
            }
            Deed::Upgrade => self.upgrade(phone),
            Deed::Clone => self.copy_phone(phone),
            Deed::Rejoin => self.rejoin(phone, &mut chance).map(drop),
            Deed::Outage => self.outage(phone, &mut chance),
            Deed::Office => self.office_step(&mut chance),
            Deed::Settle => self.settle(&mut chance),
            Deed::Held => self.held(&mut chance),
            Deed::Pair => self.pair(&mut chance),
            Deed::Move => self.hand_over(&mut chance),
            Deed::Assign => self.assign(phone, &mut chance),
            Deed::Device => self.set_device(phone, &mut chance),
            Deed::Backup => {
                self.tally.act("backup");
                self.server.make_backup(self.now)
            }
            Deed::Restore => self.restore(),
            Deed::Rotate => {
                let now = self.now;
                let rotated = self.server.look(|service| service.keys().rotate(now))?;
                rotated.map(drop).map_err(|error| Violation { rule: "keys rotate", detail: error.to_string() })
            }
        }
    }

    fn kill_phone(&mut self, phone: usize, chance: &mut Chance) -> Played {
        if !self.setting.has(crate::setting::fault::KILL_PHONE) {
            return Ok(());
        }
        if chance.percent(25) {
            self.phones[phone].kill()?;
            return self.died(phone, "rest", true);
        }
        self.phones[phone].strike_in = 1 + u32::try_from(chance.below(9)).unwrap_or(0);
        Ok(())
    }

    fn jump(&mut self, phone: usize, chance: &mut Chance) {
        const YEAR: i64 = 365 * 24 * 3600 * 1000;
        if !self.setting.has(crate::setting::fault::CLOCK) {
            return;
        }
        self.tally.fault("clock jump");
        self.phones[phone].ahead_ms = match chance.below(5) {
            0 => chance.between(-10 * YEAR, 10 * YEAR),
            1 => 10 * YEAR,
            2 => -10 * YEAR,
            3 => chance.between(-3_600_000, 3_600_000),
            _ => 0,
        };
    }

    fn upgrade(&mut self, phone: usize) -> Played {
        if self.phones[phone].newer {
            return Ok(());
        }
        self.tally.act("upgrade");
        self.phones[phone].kill()?;
        self.phones[phone].newer = true;
        Ok(())
    }

    /// An area of the plan, by path.
    pub(crate) fn place(path: &str) -> Played<Area> {
        area(path)
    }
}
