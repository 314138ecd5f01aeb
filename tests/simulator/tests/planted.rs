//! Bugs planted in the product are caught by the simulator's checks; `./dev sim --planted` tries them all.
#![allow(clippy::unwrap_used, reason = "a test may")]

use payung_simulator::{
    Setting, Template,
    planted::{Control, Ending, Hunt, QUICK},
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

#[test]
fn planted_bugs_are_caught_within_a_few_seeds() {
    let template = Template::make().unwrap();
    let control = Control::new(&template, Setting::BIG);
    let plan = Hunt { from: 1, seeds: 60, budget: Duration::MAX };
    let (next, at_large) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(bug) = QUICK.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let fate = control.hunt(*bug, &plan);
                    if !matches!(fate.ending, Ending::Caught(_)) {
                        at_large.lock().unwrap().push((*bug, fate.ending));
                    }
                }
            });
        }
    });
    assert_eq!(at_large.into_inner().unwrap(), []);
}
