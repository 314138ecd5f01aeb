//! Work done while an answer is under way changes nothing of what is sent, taken or lost.

use crate::support::{Clock, Fault, Office, Phone, RT5, Road};
use payung_protocol::AppFacts;
use payung_server::keys::rng;
use payung_sync::{SyncEngine, TransportError, Urgency};

/// Ops of a phone after so many registrations.
const OPS: u64 = 60;

/// A phone with so much to send that it takes several batches, the first of them small.
fn with_much_to_send(office: &Office) -> Phone {
    let (mut phone, road) = (Phone::joined(office, RT5, 1), Road::to(office));
    phone.register();
    road.always(|_, _, _| Err(TransportError::Timeout));
    for _ in 0..3 {
        phone.sync_as(&road, Urgency::Person).unwrap_err();
        phone = phone.restarted();
    }
    for _ in 1..OPS / 3 {
        phone.register();
    }
    assert_eq!(phone.outstanding(), OPS);
    phone
}

fn engine(phone: &Phone) -> SyncEngine {
    let facts = AppFacts { app_version: "0.1.0".to_owned(), schema: 1, free_bytes: 1 << 30 };
    SyncEngine::begin(&phone.store, facts, Urgency::Person, phone.clock.now()).unwrap()
}

/// One exchange; false at the run's end.
fn exchange(engine: &mut SyncEngine, phone: &Phone, office: &Office, prepares: bool) -> bool {
    let Some(outgoing) = engine.next(&phone.store, phone.clock.now(), &mut rng()).unwrap() else { return false };
    let answer = office.serve(outgoing.endpoint, &outgoing.body);
    if prepares {
        engine.prepare(&phone.store);
    }
    engine.take(answer, &phone.store, phone.clock.now(), &mut rng()).unwrap();
    true
}

#[test]
fn a_run_that_prepares_does_what_one_that_does_not_does() {
    let mut reports = Vec::new();
    for prepares in [false, true] {
        let office = Office::open(&Clock::start());
        let phone = with_much_to_send(&office);
        let mut engine = engine(&phone);
        while exchange(&mut engine, &phone, &office, prepares) {}
        assert_eq!(phone.outstanding(), 0);
        let report = engine.report();
        reports.push((report.uploaded, report.sent, report.applied, report.replayed, report.changes));
        assert!(phone.store.number_ahead(0, 1, 1 << 20).unwrap().is_none());
    }
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0].0 as u64, OPS);
}

#[test]
fn a_reply_is_taken_while_the_next_request_is_under_way() {
    let office = Office::open(&Clock::start());
    let phone = with_much_to_send(&office);
    let mut engine = engine(&phone);
    let mut settled_later = 0;
    loop {
        let before = phone.outstanding();
        let Some(outgoing) = engine.next(&phone.store, phone.clock.now(), &mut rng()).unwrap() else { break };
        let asked = phone.outstanding();
        let answer = office.serve(outgoing.endpoint, &outgoing.body);
        engine.prepare(&phone.store);
        // what was answered before this request has its outcome now, and had none when the request was made
        settled_later += u64::from(asked == before && phone.outstanding() < asked);
        engine.take(answer, &phone.store, phone.clock.now(), &mut rng()).unwrap();
    }
    assert!(settled_later >= 2, "{settled_later}");
    assert_eq!(phone.outstanding(), 0);
}

#[test]
fn a_kill_before_a_reply_is_taken_costs_that_batch_and_loses_nothing() {
    for exchanges in 1..8 {
        let office = Office::open(&Clock::start());
        let phone = with_much_to_send(&office);
        let mut engine = engine(&phone);
        for _ in 0..exchanges {
            assert!(exchange(&mut engine, &phone, &office, true));
        }
        drop(engine);
        let phone = phone.restarted();
        let left = phone.outstanding();
        let report = phone.sync_as(&Road::to(&office), Urgency::Person).unwrap();
        assert_eq!((report.uploaded as u64, phone.outstanding()), (left, 0), "after {exchanges}");
        assert!(phone.refusals().is_empty());
    }
}

#[test]
fn a_lost_answer_does_not_take_the_one_before_it_along() {
    let office = Office::open(&Clock::start());
    let phone = with_much_to_send(&office);
    let road = Road::to(&office);
    for _ in 0..4 {
        road.fault(Fault::None);
    }
    road.fault(Fault::AnswerLost(TransportError::Timeout));
    let failure = phone.sync_as(&road, Urgency::Person).unwrap_err();
    let sizes = road.batches();
    assert_eq!(failure.report.uploaded, sizes[..4].iter().sum::<usize>());
    let left = OPS - failure.report.uploaded as u64;
    assert_eq!(phone.outstanding(), left);
    let report = phone.sync_as(&road, Urgency::Person).unwrap();
    assert_eq!(((report.replayed + report.applied) as u64, phone.outstanding()), (left, 0));
}

#[test]
fn an_interrupted_run_takes_the_reply_it_has() {
    let office = Office::open(&Clock::start());
    let phone = with_much_to_send(&office);
    let mut engine = engine(&phone);
    for _ in 0..5 {
        assert!(exchange(&mut engine, &phone, &office, true));
    }
    let before = phone.outstanding();
    engine.stop(&phone.store).unwrap();
    assert!(phone.outstanding() < before);
    assert_eq!(phone.outstanding(), OPS - engine.report().uploaded as u64);
}
