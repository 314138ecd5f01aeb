//! How a phone goes about it: batches as large as the road carries, waits, one run at a time, and an end to each.

use crate::support::{Clock, Fault, Office, Phone, RT5, Road, problem};
use payung_protocol::{Header, ProblemCode};
use payung_sync::{Courier, Endpoint, PortalSign, SyncError, SyncState, TransportError, Urgency};
use proptest::prelude::*;
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Barrier, Mutex, mpsc},
    thread,
    time::Duration,
};

/// Longer than any wait of the phone's own.
const LONG: i64 = 16 * 60;

fn busy(retry_after: u32) -> Fault {
    let TransportError::Refused { problem, .. } = problem(ProblemCode::Busy) else { unreachable!() };
    Fault::Never(TransportError::Refused { problem, retry_after: Some(retry_after) })
}

#[test]
fn time_outs_halve_the_batch_down_to_one_and_success_grows_it_again_over_restarts() {
    let office = Office::open(&Clock::start());
    let (mut phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    for _ in 0..100 {
        phone.register();
    }
    road.always(|_, _, _| Err(TransportError::Timeout));
    for _ in 0..9 {
        phone.sync(&road).unwrap_err();
        phone = phone.restarted();
        phone.clock.pass(LONG);
    }
    assert_eq!(road.batches(), [200, 100, 50, 25, 12, 6, 3, 1, 1]);
    road.mend();
    assert_eq!(phone.sync(&road).unwrap().uploaded, 300);
    let sizes = road.batches();
    assert_eq!(sizes[..4], [1, 2, 4, 7]);
    assert_eq!(sizes.iter().sum::<usize>(), 300);
    assert_eq!(phone.outstanding(), 0);
}

#[test]
fn a_limited_courier_never_puts_more_into_a_bundle() {
    let office = Office::open(&Clock::start());
    let (mut phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    phone.courier = Courier::limited(70);
    for _ in 0..100 {
        phone.register();
    }
    assert_eq!(phone.sync(&road).unwrap().uploaded, 300);
    assert_eq!(road.batches().into_iter().filter(|ops| *ops > 0).collect::<Vec<_>>(), [70, 70, 70, 70, 20]);
}

#[test]
fn a_connection_cut_in_the_upload_costs_at_most_that_batch_again() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    for _ in 0..150 {
        phone.register();
    }
    road.fault(Fault::None).fault(Fault::Never(TransportError::Cut));
    let failure = phone.sync(&road).unwrap_err();
    assert_eq!((failure.report.uploaded, failure.report.sent), (200, 450));
    phone.clock.pass(LONG);
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.uploaded, report.sent, phone.outstanding()), (250, 250, 0));
}

#[test]
fn one_op_the_server_cannot_take_is_set_aside_and_the_rest_goes_on() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    let ids: Vec<_> = (0..30).map(|_| phone.register()).collect();
    let poison = ids[17].event;
    road.always(move |office, endpoint, body| {
        let chokes = endpoint == Endpoint::Exchange
            && office.open_bundle(body).unwrap().request.ops.iter().any(|op| op.record == poison);
        if chokes { Err(problem(ProblemCode::Internal)) } else { office.serve(endpoint, body) }
    });
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.uploaded, report.set_aside), (89, 1));
    assert_eq!(phone.outstanding(), 1);
    assert!(!office.has(poison) && office.has(ids[29].event));
    // once the server is mended, it goes like any other
    road.mend();
    assert_eq!(phone.sync(&road).unwrap().uploaded, 1);
    assert!(office.has(poison));
}

#[test]
fn a_server_that_can_take_nothing_is_left_alone_soon() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    for _ in 0..100 {
        phone.register();
    }
    road.always(|_, _, _| Err(problem(ProblemCode::Internal)));
    let failure = phone.sync(&road).unwrap_err();
    assert!(failure.retry_at_ms.is_some());
    assert!(failure.report.requests <= 12, "{:?}", failure.report);
    assert_eq!(phone.outstanding(), 300);
}

#[test]
fn what_the_server_asks_to_wait_is_waited_by_everyone_and_over_a_restart() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    phone.register();
    road.fault(busy(600));
    let until = phone.sync(&road).unwrap_err().retry_at_ms.unwrap();
    assert!(until >= phone.clock.now() + 600_000);
    assert_eq!(road.taken().len(), 1);
    let phone = phone.restarted();
    phone.clock.pass(599);
    for urgency in [Urgency::Background, Urgency::Person] {
        let failure = phone.sync_as(&road, urgency).unwrap_err();
        assert!(matches!(failure.error, SyncError::Waiting { until_ms } if until_ms == until));
        assert_eq!(failure.retry_at_ms, Some(until));
        assert_eq!(phone.courier.state(), SyncState::Waiting { until_ms: until });
    }
    assert!(road.taken().is_empty());
    phone.clock.pass(1 + LONG);
    assert_eq!(phone.sync(&road).unwrap().uploaded, 3);
}

#[test]
fn the_phones_own_wait_holds_back_jobs_over_a_restart_but_not_a_person() {
    let office = Office::open(&Clock::start());
    let (mut phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    phone.register();
    road.always(|_, _, _| Err(TransportError::Unreachable));
    // full jitter may be nothing at all: as often as it takes
    let until = loop {
        let until = phone.sync_as(&road, Urgency::Person).unwrap_err().retry_at_ms.unwrap();
        if until > phone.clock.now() {
            break until;
        }
    };
    road.mend();
    road.taken();
    phone = phone.restarted();
    assert!(matches!(phone.sync(&road).unwrap_err().error, SyncError::Waiting { until_ms } if until_ms == until));
    assert!(road.taken().is_empty());
    assert_eq!(phone.sync_as(&road, Urgency::Person).unwrap().uploaded, 3);
    // success ends it
    phone.register();
    assert_eq!(phone.sync(&road).unwrap().uploaded, 3);
}

#[test]
fn a_pause_the_server_asks_for_in_a_reply_ends_the_run_and_is_kept() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    for _ in 0..100 {
        phone.register();
    }
    road.fault(Fault::Instead(Box::new(|office, _, sealed| {
        Ok(office.serve_altered(sealed, |_, reply| reply.backoff = Some(120)))
    })));
    let report = phone.sync(&road).unwrap();
    let until = phone.clock.now() + 120_000;
    assert_eq!((report.uploaded, report.requests, report.resume_at_ms), (200, 1, Some(until)));
    assert_eq!(phone.courier.state(), SyncState::Waiting { until_ms: until });
    assert!(matches!(phone.sync(&road).unwrap_err().error, SyncError::Waiting { .. }));
    phone.clock.pass(120);
    assert_eq!(phone.sync(&road).unwrap().uploaded, 100);
}

#[test]
fn what_a_reply_to_many_ops_left_unread_is_read_in_the_same_run() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    let worker = phone.register().worker;
    road.fault(Fault::Instead(Box::new(|office, _, sealed| {
        Ok(office.serve_altered(sealed, |_, reply| {
            reply.changes.clear();
            (reply.cursor, reply.more) = (None, true);
        }))
    })));
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.uploaded, report.requests, report.areas_differing), (3, 2, 0));
    assert!(report.changes >= 3 && phone.store.shown(worker).unwrap().base.is_some());
}

#[test]
fn a_server_that_always_has_more_but_never_gives_it_does_not_keep_a_run_going() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    phone.register();
    road.always(|office, _, sealed| {
        Ok(office.serve_altered(sealed, |_, reply| {
            reply.changes.clear();
            (reply.cursor, reply.more) = (None, true);
        }))
    });
    assert_eq!(phone.sync(&road).unwrap().requests, 2);
}

#[test]
fn a_second_run_at_the_same_time_is_turned_away() {
    let office = Office::open(&Clock::start());
    let phone = Phone::joined(&office, RT5, 1);
    phone.register();
    let (inside, go_on) = (Barrier::new(2), Barrier::new(2));
    let slow = payung_sync::InProcess::new(|endpoint, body: &[u8]| {
        inside.wait();
        go_on.wait();
        office.serve(endpoint, body)
    });
    thread::scope(|scope| {
        let first = scope.spawn(|| phone.sync(&slow));
        inside.wait();
        let road = Road::to(&office);
        assert!(matches!(phone.sync(&road).unwrap_err().error, SyncError::AlreadyRunning));
        assert!(road.taken().is_empty());
        // and what the first is doing can be seen
        assert_eq!(phone.courier.state(), SyncState::Sending { sent: 3, outstanding: 3 });
        go_on.wait();
        assert_eq!(first.join().unwrap().unwrap().uploaded, 3);
    });
    assert_eq!(phone.sync(&Road::to(&office)).unwrap().sent, 0);
}

#[test]
fn an_interrupted_run_stops_before_its_next_exchange_and_the_next_run_goes_on() {
    let office = Office::open(&Clock::start());
    let phone = Phone::joined(&office, RT5, 1);
    for _ in 0..200 {
        phone.register();
    }
    let road = payung_sync::InProcess::new(|endpoint, body: &[u8]| {
        phone.courier.interrupt();
        office.serve(endpoint, body)
    });
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.interrupted, report.requests, report.uploaded), (true, 1, 200));
    assert_eq!((phone.courier.state(), phone.outstanding()), (SyncState::Idle, 400));
    // an interrupt that came too late does not stop the next run
    phone.courier.interrupt();
    let report = phone.sync(&Road::to(&office)).unwrap();
    assert_eq!((report.interrupted, report.sent, report.uploaded), (false, 400, 400));
}

#[test]
fn watchers_see_the_state_first_and_as_it_changes_until_they_let_go() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    phone.register();
    let (tell, told) = mpsc::channel();
    let watching = phone.courier.observe(move |state| tell.send(state).unwrap());
    assert_eq!(told.try_recv().unwrap(), SyncState::Idle);
    phone.sync(&road).unwrap();
    assert_eq!(
        told.try_iter().collect::<Vec<_>>(),
        [
            SyncState::Sending { sent: 3, outstanding: 3 },
            SyncState::Sending { sent: 3, outstanding: 0 },
            SyncState::Idle
        ]
    );
    road.fault(Fault::Never(TransportError::Portal { sign: PortalSign::Page, retry_after: None }));
    phone.sync(&road).unwrap_err();
    let last = told.try_iter().last().unwrap();
    assert!(matches!(last, SyncState::Paused { why: payung_sync::Pause::Portal, until_ms: Some(_) }));
    drop(watching);
    phone.sync_as(&road, Urgency::Person).unwrap();
    assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}

#[test]
fn a_watcher_may_look_and_even_start_another_run() {
    let office = Office::open(&Clock::start());
    let phone = Arc::new(Phone::joined(&office, RT5, 1));
    let inner = Arc::clone(&phone);
    let (tell, told) = mpsc::channel();
    let nobody = payung_sync::InProcess::new(|_, _: &[u8]| Err(TransportError::Unreachable));
    let watching = phone.courier.observe(move |state| {
        assert_eq!(inner.courier.state(), state);
        if let SyncState::Sending { .. } = state {
            let second = inner.sync(&nobody).unwrap_err().error;
            tell.send(matches!(second, SyncError::AlreadyRunning)).unwrap();
        }
    });
    phone.sync(&Road::to(&office)).unwrap();
    assert!(told.recv_timeout(Duration::from_secs(10)).unwrap());
    drop(watching);
}

#[test]
fn keys_the_server_has_destroyed_are_fetched_anew_and_the_bundle_sealed_again() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    phone.register();
    let day = 24 * 3600 * 1000;
    office.service.keys().rotate(clock.now() + 31 * day).unwrap();
    office.service.keys().rotate(clock.now() + 91 * day).unwrap();
    let endpoints = |road: &Road<'_>| road.taken().into_iter().map(|(endpoint, _)| endpoint).collect::<Vec<_>>();
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.uploaded, report.requests), (3, 3));
    assert_eq!(endpoints(&road), [Endpoint::Exchange, Endpoint::Keys, Endpoint::Exchange]);
    // a server that asks for it again and again is not humoured
    road.always(|office, endpoint, body| match endpoint {
        Endpoint::Exchange => Err(problem(ProblemCode::Reseal)),
        _ => office.serve(endpoint, body),
    });
    let failure = phone.sync(&road).unwrap_err();
    assert!(matches!(failure.error, SyncError::Transport(TransportError::Refused { .. })));
    assert_eq!(endpoints(&road), [Endpoint::Exchange, Endpoint::Keys, Endpoint::Exchange]);
}

#[test]
fn keys_past_their_time_are_renewed_first_and_failing_to_is_no_reason_to_stop() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    clock.pass(91 * 24 * 3600);
    phone.register();
    road.fault(Fault::Never(TransportError::Timeout));
    assert_eq!(phone.sync(&road).unwrap().uploaded, 3);
    let asked: Vec<_> = road.taken().into_iter().map(|(endpoint, _)| endpoint).collect();
    // the lease is over, too
    assert_eq!(asked, [Endpoint::Keys, Endpoint::Exchange, Endpoint::Join]);
    // the server had no newer ones: with a phone's clock that is years ahead, it is asked once a day
    phone.sync(&road).unwrap();
    assert_eq!(road.taken().len(), 2);
    phone.sync(&road).unwrap();
    assert_eq!(road.taken().len(), 1);
}

#[test]
fn an_old_app_is_told_so_and_its_work_still_goes() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    phone.register();
    road.fault(Fault::Instead(Box::new(|office, _, sealed| {
        Ok(office.serve_altered(sealed, |_, reply| reply.min_app = Some("9.0.0".to_owned())))
    })));
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.uploaded, report.min_app.as_deref()), (3, Some("9.0.0")));
}

#[test]
fn the_server_is_told_about_the_app_once() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    let told = |road: &Road<'_>| {
        let bundles = road.taken().into_iter().map(|(_, sealed)| office.open_bundle(&sealed).unwrap().request.app);
        bundles.map(|app| app.is_some()).collect::<Vec<_>>()
    };
    road.fault(Fault::AnswerLost(TransportError::Cut));
    phone.sync(&road).unwrap_err();
    phone.sync_as(&road, Urgency::Person).unwrap();
    phone.sync(&road).unwrap();
    assert_eq!(told(&road), [true, true, false]);
}

#[test]
fn a_phone_whose_clock_is_ahead_learns_by_how_much() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    road.fault(Fault::Instead(Box::new(|office, _, sealed| {
        Ok(office.serve_altered(sealed, |_, reply| reply.server_time -= 3_600_000))
    })));
    assert_eq!(phone.sync(&road).unwrap().clock_ahead_ms, Some(3_600_000));
}

/// What happens to the requests of a run, one after the other.
fn any_fault() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 1 => 1..7_u8]
}

fn fault(kind: u8) -> Fault {
    match kind {
        1 => Fault::Never(TransportError::Timeout),
        2 => Fault::AnswerLost(TransportError::Cut),
        3 => Fault::Never(problem(ProblemCode::Reseal)),
        4 => Fault::AnswerLost(problem(ProblemCode::Internal)),
        5 => Fault::Altered(Box::new(|mut answer| {
            answer.pop();
            answer
        })),
        6 => Fault::Never(TransportError::Unreachable),
        _ => Fault::None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the road does: a bundle's name is never used for other bytes, an op's number never for another op,
    /// and at the end the server has everything once.
    #[test]
    fn names_are_never_used_twice(runs in proptest::collection::vec((proptest::collection::vec(any_fault(), 0..6), any::<bool>()), 1..6)) {
        let office = Office::open(&Clock::start());
        let (mut phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
        let mut saved = vec![];
        for (faults, restarts) in runs {
            saved.push(phone.register());
            phone.edit(saved[0].worker, "notes", json!(format!("catatan {}", saved.len())));
            for kind in faults {
                road.fault(fault(kind));
            }
            phone.sync_as(&road, Urgency::Person).ok();
            road.mend();
            if restarts {
                phone = phone.restarted();
            }
        }
        phone.sync_as(&road, Urgency::Person).unwrap();
        prop_assert_eq!(phone.outstanding(), 0);
        let (mut bundles, mut ops) = (HashMap::new(), BTreeMap::new());
        for (endpoint, sealed) in road.taken() {
            if endpoint == Endpoint::Exchange {
                let name = Header::parse(&sealed).unwrap().bundle;
                prop_assert_eq!(bundles.entry(name).or_insert_with(|| sealed.clone()), &sealed);
                for op in office.open_bundle(&sealed).unwrap().request.ops {
                    prop_assert_eq!(*ops.entry(op.n).or_insert(op.hash()), op.hash());
                }
            }
        }
        for ids in &saved {
            prop_assert!(office.has(ids.worker) && office.has(ids.enrollment) && office.has(ids.event));
        }
        prop_assert_eq!(&office.body(saved[0].worker)["notes"], &json!(format!("catatan {}", saved.len())));
    }
}

#[test]
fn a_road_may_be_shared_between_threads() {
    let office = Office::open(&Clock::start());
    let phones: Vec<_> = (1..4).map(|seed| Phone::joined(&office, RT5, seed)).collect();
    let counts = Mutex::new(vec![]);
    let road = Road::to(&office);
    thread::scope(|scope| {
        for phone in &phones {
            let (road, counts) = (&road, &counts);
            scope.spawn(move || {
                phone.register();
                counts.lock().unwrap().push(phone.sync(road).unwrap().uploaded);
            });
        }
    });
    assert_eq!(counts.into_inner().unwrap(), [3, 3, 3]);
}
