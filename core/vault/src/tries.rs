//! How often the PIN may be tried, and when. Counted before a PIN is looked at, in a file: a kill costs a try.
//!
//! Only the phone's running clock shortens a wait. After a restart it cannot say how long the phone was off, and the
//! clock on the wall says what it was set to: the wait begins anew. Who restores an older copy of the file gets the
//! tries of that copy; software cannot see that, and what it is worth is bounded by the hardware's secret, which stays
//! on this phone.

use crate::{
    error::Result,
    file::{self, Stored},
    moment::{Moment, Tick},
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Wrong PINs before the first wait.
pub const FREE_TRIES: u32 = 5;
/// Wrong PINs before the key is dropped.
pub const MOST_TRIES: u32 = 15;

const MINUTE_MS: u64 = 60_000;
/// Of a file that is lost or damaged.
const LONGEST_WAIT_MS: u64 = 60 * MINUTE_MS;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tries {
    /// Wrong PINs since the last right one, and a try whose end was not written.
    failed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<Wait>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Wait {
    ms: u64,
    from: Tick,
}

/// Milliseconds to wait after so many wrong PINs.
fn wait_after(failed: u32) -> u64 {
    match failed.checked_sub(FREE_TRIES) {
        None => 0,
        Some(0) => MINUTE_MS,
        Some(1) => 5 * MINUTE_MS,
        Some(2) => 15 * MINUTE_MS,
        Some(_) => LONGEST_WAIT_MS,
    }
}

impl Tries {
    /// As the file says. Lost or damaged it counts as all free tries used and the longest wait: losing it must gain
    /// nobody a try, and cost the official an hour at most.
    pub(crate) fn load(path: &Path, now: Moment) -> Result<Self> {
        let (found, is_kept) = match file::read(path)? {
            Stored::Found(tries) => (tries, true),
            Stored::Newer(version) => return Err(crate::LockError::Newer(version)),
            Stored::Missing | Stored::Damaged => {
                let wait = Wait { ms: LONGEST_WAIT_MS, from: now.tick() };
                (Self { failed: FREE_TRIES, wait: Some(wait) }, false)
            }
        };
        let tries = found.anchored(now);
        // or the wait would begin anew with each start of the app
        if tries != found || !is_kept {
            tries.save(path)?;
        }
        Ok(tries)
    }

    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        Ok(file::write_anyhow(path, self)?)
    }

    /// A wait of another start of the phone begins anew.
    pub(crate) fn anchored(self, now: Moment) -> Self {
        let anew = |wait: Wait| if now.since(wait.from).is_some() { wait } else { Wait { from: now.tick(), ..wait } };
        Self { wait: self.wait.map(anew), ..self }
    }

    /// Milliseconds until the next try.
    pub(crate) fn wait_ms(&self, now: Moment) -> u64 {
        self.wait.map_or(0, |wait| wait.ms.saturating_sub(now.since(wait.from).unwrap_or(0)))
    }

    /// With one more that was begun now.
    pub(crate) fn begun(&self, now: Moment) -> Self {
        let failed = self.failed.saturating_add(1);
        let ms = wait_after(failed);
        Self { failed, wait: (ms > 0).then_some(Wait { ms, from: now.tick() }) }
    }

    pub(crate) fn left(&self) -> u32 {
        MOST_TRIES.saturating_sub(self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        /// Time passes, in milliseconds.
        Pass(u64),
        /// Somebody sets the clock on the wall.
        Set(i64),
        /// The phone starts again, after so long off.
        Boot(u64),
        /// The app starts again.
        Restart,
        /// A wrong PIN.
        Try,
    }

    fn step() -> impl Strategy<Value = Step> {
        let span = prop_oneof![0..2000_u64, 0..2 * MINUTE_MS, 0..3 * LONGEST_WAIT_MS];
        prop_oneof![
            4 => span.clone().prop_map(Step::Pass),
            2 => prop_oneof![any::<i64>(), -400_000_000_000..400_000_000_000_i64].prop_map(Step::Set),
            1 => span.prop_map(Step::Boot),
            1 => Just(Step::Restart),
            6 => Just(Step::Try),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn no_clock_and_no_restart_gains_a_try(steps in prop::collection::vec(step(), 1..120)) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("tries");
            let mut now = Moment { wall_ms: 1_790_000_000_000, boot: 1, monotonic_ms: 5_000 };
            // what nobody can set, and the phone cannot see
            let mut real_ms: u64 = 0;
            let mut wrong_at: Vec<u64> = Vec::new();
            Tries::default().save(&path).expect("saved");
            let mut tries = Tries::load(&path, now).expect("loaded");
            for step in steps {
                match step {
                    Step::Pass(ms) => {
                        real_ms += ms;
                        now.monotonic_ms += ms;
                        now.wall_ms = now.wall_ms.saturating_add_unsigned(ms);
                    }
                    Step::Set(to) => now.wall_ms = to,
                    Step::Boot(off) => {
                        real_ms += off;
                        now = Moment { boot: now.boot + 1, monotonic_ms: 0, ..now };
                        tries = Tries::load(&path, now).expect("loaded");
                    }
                    Step::Restart => tries = Tries::load(&path, now).expect("loaded"),
                    Step::Try if tries.left() == 0 => {}
                    Step::Try => {
                        let promised = tries.wait_ms(now);
                        prop_assert!(promised <= LONGEST_WAIT_MS);
                        if promised == 0 {
                            tries = tries.begun(now);
                            tries.save(&path).expect("saved");
                            wrong_at.push(real_ms);
                        }
                    }
                }
            }
            prop_assert!(wrong_at.len() <= MOST_TRIES as usize);
            for (count, pair) in (1..).zip(wrong_at.windows(2)) {
                prop_assert!(pair[1] - pair[0] >= wait_after(count), "try {} too early", count + 1);
            }
            // and whoever waits as told gets on
            let waited = tries.wait_ms(now);
            let then = Moment { monotonic_ms: now.monotonic_ms + waited, ..now };
            prop_assert_eq!(tries.wait_ms(then), 0);
        }
    }

    #[test]
    fn waits_are_those_of_the_design() {
        let minutes = |failed| wait_after(failed) / MINUTE_MS;
        assert_eq!([1, 4, 5, 6, 7, 8, 9, 14].map(minutes), [0, 0, 1, 5, 15, 60, 60, 60]);
    }
}
