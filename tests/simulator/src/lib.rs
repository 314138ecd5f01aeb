//! The simulator: phones with their real encrypted stores and the real exchange, the real server on SQLite, real sealed
//! bytes between them, in one thread and in virtual time. A seed decides what persons do and what goes wrong; the same
//! seed gives the same trace, byte for byte of what goes over the road.
//!
//! [`play`] plays one seed and checks at every step what must hold ([`Violation::rule`] names the rule), then mends all
//! roads and checks that all replicas are equal and nothing that was saved is lost. docs/RELIABILITY.md says what is
//! covered and what is not.

mod chance;
mod check;
mod fact;
mod office;
mod oracle;
mod person;
mod phone;
#[cfg(feature = "planted")]
pub mod planted;
mod quiet;
mod receipt;
mod road;
mod server;
mod setting;
mod shrink;
mod step;
mod strike;
mod template;
mod trace;
#[cfg(test)]
mod traces;
mod violation;
mod world;

pub use setting::Setting;
pub use template::Template;
pub use trace::Tally;
pub use violation::Violation;

use crate::{step::Plan, world::World};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// How a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The step at which it showed; the number of steps where it showed at rest.
    pub step: usize,
    /// The rule that did not hold.
    pub rule: String,
    /// Where.
    pub detail: String,
    /// The trace.
    pub lines: Vec<String>,
}

/// A run that held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// SHA-256 of the trace.
    pub hash: [u8; 32],
}

/// Plays a seed.
///
/// # Errors
/// [`Failure`], without its lines.
pub fn play(seed: u64, setting: Setting, template: &Template) -> (Tally, Result<Held, Box<Failure>>) {
    let (tally, held) = attempt(&Plan::new(seed, setting), template, false);
    (tally, held.map_err(Box::new))
}

/// Makes a failing run shorter for at most `budget` while it fails by the same rule, and gives its trace.
pub fn shrunk(failure: Failure, setting: Setting, template: &Template, budget: Duration) -> Failure {
    let (plan, _) = shrink::shrink(&Plan::new(failure.seed, setting), failure.clone(), template, budget);
    match attempt(&plan, template, true).1 {
        Err(shorter) => shorter,
        Ok(_) => failure,
    }
}

pub(crate) fn attempt(plan: &Plan, template: &Template, keep_lines: bool) -> (Tally, Result<Held, Failure>) {
    let mut world = match World::new(plan, template, keep_lines) {
        Ok(world) => world,
        Err(violation) => return (Tally::default(), Err(failure(plan.seed, 0, &violation, Vec::new()))),
    };
    let played = catch_unwind(AssertUnwindSafe(|| {
        for (at, step) in plan.steps.iter().enumerate() {
            world.play(at, step)?;
        }
        world.at = plan.steps.len();
        world.trace.step(world.at);
        world.settle_down()?;
        world.check_quiet()
    }));
    let (tally, at) = (world.tally.clone(), world.at);
    let violation = match played {
        Ok(Ok(())) => return (tally, Ok(Held { hash: world.trace.digest() })),
        Ok(Err(violation)) => violation,
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().map(ToString::to_string);
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Violation { rule: "nothing panics", detail: said }
        }
    };
    let World { trace, .. } = world;
    (tally, Err(failure(plan.seed, at, &violation, trace.into_lines())))
}

fn failure(seed: u64, step: usize, violation: &Violation, lines: Vec<String>) -> Failure {
    Failure { seed, step, rule: violation.rule.to_owned(), detail: violation.detail.clone(), lines }
}
