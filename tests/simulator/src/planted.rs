//! Whether the checks are worth anything: bugs are planted in the product, one at a time, and looked for.
//!
//! Most are looked for by playing seeds until a rule does not hold. What happens on a road this simulator does not
//! have, a socket or a disk that fails, has a driver of its own. Before a bug is tried by a seed, the same seed must hold
//! without it.

mod disk;
mod portal;

use crate::{Setting, Template, play, violation::Played};
use payung_domain::planted::{Plant, Planted};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// Those that a few seeds betray: what `./dev test` has time for.
pub const QUICK: &[Planted] = &[
    Planted::SkipFsyncPhone,
    Planted::CommitUnchecked,
    Planted::AllPendingMarkedSent,
    Planted::InFlightEditDropped,
    Planted::DoneNotOfferedAgain,
    Planted::StaleReplyChanges,
    Planted::AckedDroppedEarly,
    Planted::BaseFromReceipt,
    Planted::SeenThroughPassesHeld,
    Planted::RejoinForgetsHeld,
    Planted::ReissueUnnamed,
    Planted::RetryWithoutBackoff,
    Planted::PortalPageTaken,
    Planted::ReplySignatureUnchecked,
    Planted::ReplyToOtherRequest,
    Planted::ClassBTreatedAsC,
    Planted::ConflictWithOneself,
    Planted::ConflictNotTold,
    Planted::HlcUnclamped,
    Planted::AckBeforeCommit,
    Planted::SkipFsyncServer,
    Planted::NoDedupe,
    Planted::DedupeByContent,
    Planted::HashUnchecked,
    Planted::ReplayWithoutOutcome,
    Planted::BadOpStopsBatch,
    Planted::RevokedStillWrites,
    Planted::CursorByClock,
    Planted::WrongAreaServed,
    Planted::RestoreWithoutEpoch,
];

/// How long and how widely a bug is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Hunt {
    /// The first seed.
    pub from: u64,
    /// The most seeds.
    pub seeds: u64,
    /// No further seed is begun after so long.
    pub budget: Duration,
}

/// What betrayed a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Betrayal {
    /// The rule that did not hold.
    pub rule: String,
    /// The driver of its own that found it; none where a random history did.
    pub driver: Option<&'static str>,
    /// The seed.
    pub seed: u64,
}

/// What became of one bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A rule did not hold with it, which holds without it.
    Caught(Betrayal),
    /// Everything held.
    AtLarge,
    /// Something did not hold without it: nothing can be said.
    Unsound(Betrayal),
}

/// The hunt for one bug.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The bug.
    pub bug: Planted,
    /// What became of it.
    pub ending: Ending,
    /// Runs with it.
    pub runs: u64,
    /// How long they took, and the same without it where nobody had made them before.
    pub took: Duration,
}

/// A check of its own kind: does the thing by a seed, and says which rule did not hold.
type Driver = fn(&Template, u64) -> Played;

/// Of what the simulator's roads and disks do not have, by bug.
fn driver(bug: Planted) -> Option<(&'static str, Driver)> {
    match bug {
        Planted::PortalPageTaken => Some(("portal", portal::drive)),
        Planted::SkipFsyncPhone => Some(("power of the phone", disk::phone_loses_power)),
        Planted::SkipFsyncServer => Some(("power of the server", disk::server_loses_power)),
        Planted::CommitUnchecked => Some(("disk of the phone", disk::phone_disk_fails)),
        _ => None,
    }
}

/// The driver's name, or none, and a seed.
type Way = (Option<&'static str>, u64);

/// How the same runs come out without a bug: each is made once, before any bug is tried in it.
pub struct Control<'t> {
    template: &'t Template,
    setting: Setting,
    known: Mutex<HashMap<Way, Arc<OnceLock<Option<String>>>>>,
}

impl<'t> Control<'t> {
    /// Of runs of this size.
    pub fn new(template: &'t Template, setting: Setting) -> Self {
        Self { template, setting, known: Mutex::default() }
    }

    /// The rule that did not hold with a bug, or without any.
    fn broken(&self, bug: Option<Planted>, driver: Option<Driver>, seed: u64) -> Option<String> {
        let _plant = Plant::new(bug);
        match driver {
            Some(drive) => drive(self.template, seed).err().map(|violation| violation.rule.to_owned()),
            None => play(seed, self.setting, self.template).1.err().map(|failure| failure.rule),
        }
    }

    fn broken_without(&self, way: Way, driver: Option<Driver>) -> Option<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let run = Arc::clone(known.entry(way).or_default());
        drop(known);
        run.get_or_init(|| self.broken(None, driver, way.1)).clone()
    }

    /// Looks for one bug.
    pub fn hunt(&self, bug: Planted, hunt: &Hunt) -> Fate {
        let begun = Instant::now();
        let (name, driver) = driver(bug).unzip();
        let (mut ending, mut runs) = (Ending::AtLarge, 0);
        for seed in hunt.from..hunt.from.saturating_add(hunt.seeds) {
            let found = |rule| Betrayal { rule, driver: name, seed };
            if let Some(rule) = self.broken_without((name, seed), driver) {
                ending = Ending::Unsound(found(rule));
                break;
            }
            runs += 1;
            if let Some(rule) = self.broken(Some(bug), driver, seed) {
                ending = Ending::Caught(found(rule));
                break;
            }
            if begun.elapsed() > hunt.budget {
                break;
            }
        }
        Fate { bug, ending, runs, took: begun.elapsed() }
    }
}
