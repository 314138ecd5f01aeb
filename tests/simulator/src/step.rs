//! What is done, step by step: made from the seed before anything runs, so that a failing run can be shrunk by leaving
//! steps out. Each step carries its own randomness; what it does depends on that and on the world it meets.

use crate::{chance::Chance, setting::Setting};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// A person is registered.
    Register,
    /// A form is opened; it is saved later, if the phone lives.
    Open,
    /// An opened form is saved.
    Save,
    /// A draft kept in the file is saved.
    SaveDraft,
    /// A record is edited at once.
    Edit,
    /// The record edited last anywhere is edited in the same field.
    EditSame,
    /// Two persons change the same field of one record, neither having seen what the other writes.
    Clash,
    /// A door is visited.
    Visit,
    /// A visit is taken back by a new one.
    VoidVisit,
    /// An accident or a question is reported, or the office answers one.
    Report,
    /// An enrolment is withdrawn, sent again, renewed, or a death is reported.
    Event,
    /// A conflict is settled on a phone.
    Resolve,
    /// What was refused is tried again.
    Retry,
    /// What was refused is given up.
    Discard,
    /// A run of the exchange begins.
    Sync,
    /// An answer of long ago comes once more, by a road that kept it.
    Echo,
    /// Nothing but looking.
    Look,
    /// The phone's process ends at one of its next storage calls.
    KillPhone,
    /// The server's process ends at one of its next storage calls.
    KillServer,
    /// The phone's clock jumps.
    Clock,
    /// The phone gets a newer app, which writes fields this version does not know.
    Upgrade,
    /// The phone's file is copied to another phone.
    Clone,
    /// The phone joins again by a new invite.
    Rejoin,
    /// The phone cannot reach the server for a time, and tries whenever it may.
    Outage,
    /// The office takes an enrolment one step on.
    Office,
    /// The office settles a conflict.
    Settle,
    /// The office lets a held op through, or turns it down.
    Held,
    /// The office links, unlinks or keeps apart.
    Pair,
    /// A record is handed to another area.
    Move,
    /// A device gets other areas.
    Assign,
    /// A device is revoked, retired or taken back.
    Device,
    /// A backup is made.
    Backup,
    /// The server is restored from the last backup.
    Restore,
    /// The server begins to seal to a new key.
    Rotate,
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) deed: Deed,
    /// Which phone, by its place.
    pub(crate) phone: usize,
    /// What its choices are drawn from.
    pub(crate) draw: u64,
    /// Virtual time that passes before it, in milliseconds.
    pub(crate) wait_ms: i64,
}

/// What is out of the ordinary in a seed. Most seeds have few of these, so that they meet in every combination and a
/// failure can be told from the next.
#[allow(clippy::struct_excessive_bools, reason = "oddities that can stand together")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mood {
    pub(crate) restore: bool,
    pub(crate) clone: bool,
    pub(crate) pairs: bool,
    pub(crate) devices: bool,
    pub(crate) moves: bool,
    pub(crate) scopes: bool,
    pub(crate) clocks: bool,
    pub(crate) kills: bool,
    pub(crate) upgrade: bool,
    /// Of a thousand requests, so many meet a fault.
    pub(crate) road: u64,
    /// The most changes in a reply.
    pub(crate) page: usize,
    /// The most ops in a bundle.
    pub(crate) bundle: usize,
}

impl Mood {
    fn of(chance: &mut Chance) -> Self {
        let mut some = || chance.percent(35);
        Self {
            restore: some(),
            clone: some(),
            pairs: some(),
            devices: some(),
            moves: some(),
            scopes: some(),
            clocks: some(),
            kills: some(),
            upgrade: some(),
            road: [0, 100, 300, 600][chance.index(4)],
            page: [1000, 1000, 25, 9][chance.index(4)],
            bundle: [1000, 12, 5, 3][chance.index(4)],
        }
    }

    /// How often each deed is drawn.
    fn mix(self) -> Vec<(Deed, u64)> {
        use Deed as D;
        let when = |on: bool, weight: u64| if on { weight } else { 0 };
        vec![
            (D::Register, 7),
            (D::Open, 9),
            (D::Save, 8),
            (D::SaveDraft, 3),
            (D::Edit, 12),
            (D::EditSame, 6),
            (D::Clash, 6),
            (D::Visit, 4),
            (D::VoidVisit, 1),
            (D::Report, 3),
            (D::Event, 4),
            (D::Resolve, 8),
            (D::Retry, 4),
            (D::Discard, 1),
            (D::Sync, 34),
            (D::Echo, 1 + when(self.restore || self.clone || self.devices, 3)),
            (D::Look, 2),
            (D::Outage, 1),
            (D::Office, 8),
            (D::Settle, 2),
            (D::Held, 3 + when(self.devices || self.scopes, 3)),
            (D::Rotate, 1),
            (D::KillPhone, when(self.kills, 6)),
            (D::KillServer, when(self.kills, 4)),
            (D::Clock, when(self.clocks, 3)),
            (D::Upgrade, when(self.upgrade, 1)),
            (D::Clone, when(self.clone, 1)),
            (D::Rejoin, when(self.clone || self.devices, 3)),
            (D::Pair, when(self.pairs, 5)),
            (D::Move, when(self.moves, 4)),
            (D::Assign, when(self.scopes, 3)),
            (D::Device, when(self.devices, 3)),
            (D::Backup, when(self.restore, 3)),
            (D::Restore, when(self.restore, 2)),
        ]
    }
}

/// All of a run: what is out of the ordinary in it, and its steps.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) setting: Setting,
    pub(crate) mood: Mood,
    pub(crate) steps: Vec<Step>,
}

impl Plan {
    pub(crate) fn new(seed: u64, setting: Setting) -> Self {
        let mut chance = Chance::of(seed, 1);
        let mood = Mood::of(&mut chance);
        let mix = mood.mix();
        let all: u64 = mix.iter().map(|(_, weight)| weight).sum();
        let steps = (0..setting.steps).map(|_| {
            let mut at = chance.below(all);
            let deed = mix.iter().find(|(_, weight)| {
                let here = at < *weight;
                at = at.saturating_sub(*weight);
                here
            });
            Step {
                deed: deed.map_or(Deed::Look, |(deed, _)| *deed),
                phone: chance.index(setting.phones + 1),
                draw: chance.word(),
                wait_ms: wait(&mut chance),
            }
        });
        let steps = steps.collect();
        Self { seed, setting, mood, steps }
    }
}

/// Mostly a person's pace; now and then the way to the next house, a night, or a month.
fn wait(chance: &mut Chance) -> i64 {
    const SECOND: i64 = 1000;
    match chance.below(100) {
        0..60 => chance.between(1, 20) * SECOND,
        60..90 => chance.between(20, 900) * SECOND,
        90..98 => chance.between(900, 8 * 3600) * SECOND,
        98 => chance.between(8 * 3600, 48 * 3600) * SECOND,
        _ => chance.between(0, 20 * 24 * 3600) * SECOND,
    }
}
