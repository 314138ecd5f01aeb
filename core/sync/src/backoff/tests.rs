use super::*;
use crate::test_rng::Seeded;
use proptest::prelude::*;

const NOW: i64 = 1_795_000_000_000;

#[test]
fn a_fresh_phone_does_not_wait() {
    assert_eq!(Backoff::default().waiting(NOW, false), None);
}

#[test]
fn success_ends_the_wait() {
    let mut backoff = Backoff::default();
    while backoff.waiting(NOW, false).is_none() {
        backoff.failed(NOW, None, &mut Seeded::new(1));
    }
    assert_eq!(backoff.succeeded(NOW, None), None);
    assert_eq!(backoff.waiting(NOW, false), None);
    assert_eq!(backoff.failures(), 0);
}

#[test]
fn a_person_may_end_our_own_wait_but_not_the_servers() {
    let mut backoff = Backoff { failures: 3, since: NOW, until: NOW + 9_000, asked: false };
    assert_eq!(backoff.waiting(NOW, false), Some(NOW + 9_000));
    assert_eq!(backoff.waiting(NOW, true), None);
    let until = backoff.failed(NOW, Some(120), &mut Seeded::new(1));
    assert!(until >= NOW + 120_000);
    assert_eq!(backoff.waiting(NOW, true), Some(until));
    assert_eq!(backoff.waiting(until, true), None);
}

#[test]
fn a_pause_asked_for_in_a_reply_is_kept() {
    let mut backoff = Backoff::default();
    assert_eq!(backoff.succeeded(NOW, Some(60)), Some(NOW + 60_000));
    assert_eq!(backoff.waiting(NOW + 59_999, true), Some(NOW + 60_000));
    assert_eq!(backoff.waiting(NOW + 60_000, false), None);
}

#[test]
fn a_clock_set_back_does_not_make_it_wait_for_years() {
    let mut backoff = Backoff::default();
    backoff.failed(NOW, Some(600), &mut Seeded::new(1));
    let ten_years = 10 * 365 * 24 * 3600 * 1000;
    assert_eq!(backoff.waiting(NOW - ten_years, false), None);
}

#[test]
fn a_wait_survives_a_restart() {
    let mut backoff = Backoff::default();
    let until = backoff.failed(NOW, Some(30), &mut Seeded::new(1));
    let kept = serde_json::to_string(&backoff).unwrap();
    assert_eq!(serde_json::from_str::<Backoff>(&kept).unwrap().waiting(NOW + 1, false), Some(until));
}

#[test]
fn jitter_is_full() {
    // over many phones the waits after the same failures fill the whole span, from its first tenth to its last
    let mut tenths = [0_u32; 10];
    for seed in 0..2_000 {
        let mut backoff = Backoff { failures: 4, ..Backoff::default() };
        let wait = backoff.failed(NOW, None, &mut Seeded::new(seed)) - NOW;
        let tenth = usize::try_from(wait * 10 / (bound(4) + 1)).unwrap();
        tenths[tenth] += 1;
    }
    assert!(tenths.iter().all(|phones| (140..=260).contains(phones)), "{tenths:?}");
}

proptest! {
    #[test]
    fn waits_stay_within_bounds(seed: u64, failures in 0_u32..10_000, asked in proptest::option::of(0_u32..)) {
        let mut backoff = Backoff { failures, ..Backoff::default() };
        let wait = backoff.failed(NOW, asked, &mut Seeded::new(seed)) - NOW;
        let least = asked.map_or(0, |seconds| (i64::from(seconds) * 1000).min(MAX_ASKED_MS));
        prop_assert!(wait >= least);
        prop_assert!(wait <= least + CAP_MS);
        prop_assert!(failures > 7 || wait <= least + (BASE_MS << failures));
    }
}
