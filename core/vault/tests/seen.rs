//! The time a phone knows of, and the lease counted on it.

mod common;

use common::{MINUTE, NOW, later};
use payung_vault::{Lease, Moment, SeenTime};
use proptest::prelude::*;
use std::fs;

const DAY: i64 = 24 * 3_600_000;
const YEAR: i64 = 365 * DAY;

fn open(folder: &tempfile::TempDir, now: Moment) -> SeenTime {
    SeenTime::open(folder.path(), now).expect("the file")
}

fn booted(now: Moment, wall_ms: i64) -> Moment {
    Moment { wall_ms, boot: now.boot + 1, monotonic_ms: 3_000 }
}

#[test]
fn clock_set_back_prolongs_no_lease() {
    let folder = tempfile::tempdir().expect("a folder");
    let until = NOW.wall_ms + 30 * DAY;
    let mut seen = open(&folder, NOW);
    seen.look(NOW).expect("kept");
    assert_eq!(seen.lease(until, NOW), Lease::Active { left_ms: 30 * DAY });
    let back = Moment { wall_ms: NOW.wall_ms - 10 * YEAR, ..later(NOW, 29 * 24 * 60 * MINUTE) };
    assert_eq!(seen.lease(until, back), Lease::Active { left_ms: DAY }, "what ran, ran");
    let over = Moment { wall_ms: 0, ..later(NOW, 30 * 24 * 60 * MINUTE) };
    assert_eq!(seen.lease(until, over), Lease::Over);
    seen.look(over).expect("kept");
    // 1970, after a start of the phone and of the app
    let started = booted(over, 0);
    assert_eq!(open(&folder, started).lease(until, started), Lease::Over);
}

#[test]
fn clock_set_forward_ends_the_lease_until_the_server_says_what_time_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let until = NOW.wall_ms + 30 * DAY;
    let jumped = Moment { wall_ms: NOW.wall_ms + 10 * YEAR, ..NOW };
    let mut seen = open(&folder, jumped);
    seen.look(jumped).expect("kept");
    let mended = later(NOW, MINUTE);
    assert_eq!(seen.lease(until, mended), Lease::Over, "nobody knows which of the two clocks was right");
    // an answer to a question of this start of the phone
    let answered = later(mended, 2_000);
    seen.hear(mended.wall_ms, Some(mended), answered).expect("kept");
    assert_eq!(seen.lease(until, answered), Lease::Active { left_ms: until - mended.wall_ms - 2_000 });
    assert_eq!(open(&folder, answered).now_ms(answered), mended.wall_ms + 2_000, "and it is kept");
}

#[test]
fn answer_that_was_held_back_turns_no_time_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = open(&folder, NOW);
    let month = later(NOW, 30 * 24 * 60 * MINUTE);
    seen.look(month).expect("kept");
    seen.hear(NOW.wall_ms, Some(NOW), month).expect("kept");
    assert_eq!(seen.now_ms(Moment { wall_ms: 0, ..month }), month.wall_ms, "it was asked a month ago");
    let started = booted(month, 0);
    let mut seen = open(&folder, started);
    seen.hear(NOW.wall_ms, Some(NOW), started).expect("kept");
    assert_eq!(seen.now_ms(started), month.wall_ms, "asked before the phone was started: it only adds");
    seen.hear(NOW.wall_ms, None, started).expect("kept");
    assert_eq!(seen.now_ms(started), month.wall_ms);
}

#[test]
fn signed_word_of_the_server_counts_over_a_slow_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let slow = Moment { wall_ms: 86_400_000, ..NOW };
    let mut seen = open(&folder, slow);
    seen.hear(NOW.wall_ms, None, slow).expect("kept");
    assert_eq!(seen.now_ms(later(slow, 5)), NOW.wall_ms + 5);
}

#[test]
fn lost_file_begins_anew_and_a_full_disk_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = open(&folder, NOW);
    seen.look(NOW).expect("kept");
    fs::write(folder.path().join("seen"), b"damaged").expect("written");
    assert_eq!(open(&folder, NOW).now_ms(NOW), NOW.wall_ms);
    fs::remove_file(folder.path().join("seen")).expect("removed");
    fs::create_dir(folder.path().join("seen-new")).expect("in its place");
    let next = later(NOW, 5 * MINUTE);
    assert!(seen.look(next).is_err());
    assert_eq!(seen.now_ms(Moment { wall_ms: 0, ..next }), next.wall_ms, "for this process it is kept");
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Set(i64),
    Boot(u64),
    Restart,
    Look,
    /// A server's word that took so long.
    Hear(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let span = 0..40 * 24 * 60 * MINUTE;
    prop_oneof![
        3 => span.clone().prop_map(Step::Pass),
        2 => any::<i64>().prop_map(Step::Set),
        1 => span.clone().prop_map(Step::Boot),
        1 => Just(Step::Restart),
        3 => Just(Step::Look),
        2 => span.prop_map(Step::Hear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// However clock and phone are treated: the lease is over once it ran out in time that the phone was running and
    /// looked at since the server's last word. Time that was off, or not yet kept, is not the phone's to know.
    #[test]
    fn lease_is_over_once_its_time_has_run(steps in prop::collection::vec(step(), 1..60)) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut now = NOW;
        let mut real = NOW.wall_ms;
        let mut seen = open(&folder, now);
        seen.look(now).expect("kept");
        // the least the phone must know: what it kept, and what ran since by the clock nobody sets
        let (mut kept, mut ran) = (real, 0_u64);
        for step in steps {
            match step {
                Step::Pass(ms) => {
                    now = later(now, ms);
                    real += i64::try_from(ms).expect("small");
                    ran += ms;
                }
                Step::Set(to) => now.wall_ms = to,
                Step::Boot(off) => {
                    now = Moment { boot: now.boot + 1, monotonic_ms: 0, ..now };
                    real += i64::try_from(off).expect("small");
                    ran = 0;
                    seen = open(&folder, now);
                }
                Step::Restart => seen = open(&folder, now),
                Step::Look => {
                    seen.look(now).expect("kept");
                    // up to a minute is not worth a write
                    kept = kept.saturating_add_unsigned(ran.saturating_sub(60_000));
                    ran = 0;
                }
                Step::Hear(ms) => {
                    let asked = now;
                    let said = real;
                    now = later(now, ms);
                    real += i64::try_from(ms).expect("small");
                    seen.hear(said, Some(asked), now).expect("kept");
                    kept = said;
                    ran = 0;
                    let shown = seen.now_ms(Moment { wall_ms: i64::MIN, ..now });
                    prop_assert!((said..=real).contains(&shown), "a live answer bounds it from both sides");
                }
            }
            let shown = seen.now_ms(now);
            prop_assert!(shown >= kept.saturating_sub(60_000), "{} before {}", shown, kept);
            prop_assert!(shown >= now.wall_ms);
            prop_assert_eq!(seen.lease(shown, now), Lease::Over);
        }
    }
}
