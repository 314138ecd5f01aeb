//! Makes a failing run shorter while it still fails by the same rule: steps, classes of faults, phones.

use crate::{
    Failure, attempt,
    step::{Plan, Step},
    template::Template,
};
use std::time::{Duration, Instant};

/// Shrinks within `budget`; gives the shortest plan that still fails, with how it fails.
pub(crate) fn shrink(plan: &Plan, failure: Failure, template: &Template, budget: Duration) -> (Plan, Failure) {
    let mut best = Shrinking { plan: plan.clone(), failure, template, until: Instant::now() + budget };
    best.plan.steps.truncate(best.failure.step + 1);
    best.retry_as_it_is(plan);
    loop {
        let before = (best.plan.steps.len(), best.plan.setting);
        best.steps();
        best.faults();
        best.phones();
        if (best.plan.steps.len(), best.plan.setting) == before || best.is_over() {
            return (best.plan, best.failure);
        }
    }
}

struct Shrinking<'t> {
    plan: Plan,
    failure: Failure,
    template: &'t Template,
    until: Instant,
}

impl Shrinking<'_> {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn still_fails(&mut self, plan: Plan) -> bool {
        if self.is_over() {
            return false;
        }
        match attempt(&plan, self.template, false).1 {
            Err(failure) if failure.rule == self.failure.rule => {
                (self.plan, self.failure) = (plan, failure);
                true
            }
            _ => false,
        }
    }

    /// What failed at rest may need the steps after the last one counted.
    fn retry_as_it_is(&mut self, whole: &Plan) {
        if !self.still_fails(self.plan.clone()) {
            self.plan = whole.clone();
        }
    }

    fn steps(&mut self) {
        let mut size = self.plan.steps.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < self.plan.steps.len() && !self.is_over() {
                let end = (at + size).min(self.plan.steps.len());
                let steps: Vec<Step> = [&self.plan.steps[..at], &self.plan.steps[end..]].concat();
                if !self.still_fails(Plan { steps, ..self.plan.clone() }) {
                    at = end;
                }
            }
            size /= 2;
        }
    }

    fn faults(&mut self) {
        for bit in 0..u32::BITS {
            let faults = self.plan.setting.faults & !(1 << bit);
            if faults != self.plan.setting.faults {
                let mut plan = self.plan.clone();
                plan.setting.faults = faults;
                self.still_fails(plan);
            }
        }
    }

    fn phones(&mut self) {
        while self.plan.setting.phones > 1 {
            let mut plan = self.plan.clone();
            plan.setting.phones -= 1;
            if !self.still_fails(plan) {
                return;
            }
        }
    }
}
