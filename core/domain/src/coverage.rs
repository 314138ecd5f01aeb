//! The coverage picture: how many are registered, covered, about to lapse. One definition for phone and office.
//!
//! A person counts once, by [`crate::enrollment::counting`], in the area that looks after the record. Every share has a
//! denominator that is counted here; how many households or workers there are in truth nobody has told the phone, so no share
//! of those is reckoned.

#[cfg(test)]
mod tests;

use crate::{area::Area, enrollment::Phase};

/// Persons with an enrolment, by where it stands. The parts add up to `registered`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// All of them.
    pub registered: u64,
    /// On a phone or on the way; the office has not told of them.
    pub waiting: u64,
    /// The office has it in hand.
    pub at_office: u64,
    /// Sent back with a reason.
    pub returned: u64,
    /// With the branch.
    pub with_branch: u64,
    /// To be paid, or paid and not begun.
    pub to_pay: u64,
    /// Covered for more than 30 days.
    pub covered: u64,
    /// Covered for at most 30 days more.
    pub lapsing: u64,
    /// One to three months unpaid: not covered.
    pub arrears: u64,
    /// Ended or closed.
    pub over: u64,
}

impl Coverage {
    /// The names of [`Coverage::numbers`].
    pub const NAMES: [&'static str; 10] = [
        "registered",
        "waiting",
        "at_office",
        "returned",
        "with_branch",
        "to_pay",
        "covered",
        "lapsing",
        "arrears",
        "over",
    ];

    /// Counts one person.
    pub fn add(&mut self, phase: Phase) {
        self.registered += 1;
        let part = match phase {
            Phase::Draft | Phase::Queued | Phase::WithHub => &mut self.waiting,
            Phase::Received | Phase::Verified | Phase::Unknown => &mut self.at_office,
            Phase::Returned => &mut self.returned,
            Phase::Submitted => &mut self.with_branch,
            Phase::Numbered | Phase::PaidNotStarted => &mut self.to_pay,
            Phase::Covered => &mut self.covered,
            Phase::Lapsing => &mut self.lapsing,
            Phase::Arrears(_) => &mut self.arrears,
            Phase::Ended | Phase::Closed => &mut self.over,
        };
        *part += 1;
    }

    /// Covered today: those about to lapse are.
    pub fn covered_now(&self) -> u64 {
        self.covered + self.lapsing
    }

    /// The counts, in the order of [`Coverage::NAMES`].
    pub fn numbers(&self) -> [u64; 10] {
        [
            self.registered,
            self.waiting,
            self.at_office,
            self.returned,
            self.with_branch,
            self.to_pay,
            self.covered,
            self.lapsing,
            self.arrears,
            self.over,
        ]
    }
}

impl std::ops::AddAssign for Coverage {
    fn add_assign(&mut self, other: Self) {
        self.registered += other.registered;
        self.waiting += other.waiting;
        self.at_office += other.at_office;
        self.returned += other.returned;
        self.with_branch += other.with_branch;
        self.to_pay += other.to_pay;
        self.covered += other.covered;
        self.lapsing += other.lapsing;
        self.arrears += other.arrears;
        self.over += other.over;
    }
}

/// What a line of the picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverageLevel {
    /// Kabupaten or kota.
    Regency,
    /// Kecamatan.
    District,
    /// Kelurahan or desa.
    Village,
    /// RW.
    Rw,
    /// RT.
    Rt,
}

impl CoverageLevel {
    /// The line an area belongs to: its own beginning; an area wider than the level is a line of its own.
    pub fn line(self, area: &Area) -> Area {
        let parts = match self {
            Self::Regency => 2,
            Self::District => 3,
            Self::Village => 4,
            Self::Rw => 5,
            Self::Rt => 6,
        };
        let path = area.as_str();
        let end = path.match_indices('.').nth(parts - 1).map_or(path.len(), |(at, _)| at);
        Area::parse(&path[..end]).unwrap_or_else(|_| area.clone())
    }
}
