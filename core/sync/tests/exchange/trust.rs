//! What is never an acknowledgement: after each of these the queue is as it was.

use crate::support::{Clock, Fault, Office, Phone, RT5, Road, problem};
use payung_protocol::{ProblemCode, ReceiverSecret, SealError, SigningKey, seal_reply};
use payung_server::keys::rng;
use payung_store::Waiting;
use payung_sync::{Endpoint, PortalSign, SyncError, TransportError, Urgency};
use std::sync::{Arc, Mutex};

const WAITING: Waiting = Waiting { new: 0, sent: 3, held: 0 };

/// A joined phone with one registration that was never answered.
fn phone_with_work(office: &Office) -> Phone {
    let phone = Phone::joined(office, RT5, 1);
    phone.register();
    phone
}

/// Runs, expects failure, and that nothing was taken for received; then that all goes well once the road is good.
fn fails_and_recovers(office: &Office, phone: &Phone, road: &Road<'_>) -> SyncError {
    let failure = phone.sync_as(road, Urgency::Person).unwrap_err();
    assert_eq!(failure.report.uploaded, 0);
    assert_eq!(phone.store.waiting().unwrap(), WAITING);
    road.mend();
    let report = phone.sync_as(&Road::to(office), Urgency::Person).unwrap();
    assert_eq!((report.uploaded, phone.outstanding()), (3, 0));
    failure.error
}

#[test]
fn a_reply_signed_by_a_stranger_is_refused_after_asking_once_for_newer_keys() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (phone_with_work(&office), Road::to(&office));
    road.always(|office, endpoint, sealed| {
        if endpoint != Endpoint::Exchange {
            return office.serve(endpoint, sealed);
        }
        let opened = office.open_bundle(sealed).unwrap();
        let known = office.service.storage().read().unwrap().device(opened.device).unwrap().unwrap();
        let reply = office.service.exchange(opened.device, &opened.request, &[], office.clock.now()).unwrap();
        let stranger = SigningKey::generate(&mut rng());
        Ok(seal_reply(&reply, &opened.sent, &stranger, &known.device_key, &mut rng()).unwrap().into_bytes())
    });
    let error = fails_and_recovers(&office, &phone, &road);
    assert!(matches!(error, SyncError::Reply(SealError::UnknownSigner)), "{error}");
    let asked: Vec<_> = road.taken().into_iter().map(|(endpoint, _)| endpoint).collect();
    assert_eq!(asked, [Endpoint::Exchange, Endpoint::Keys, Endpoint::Exchange]);
}

#[test]
fn a_reply_for_another_phone_is_refused() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (phone_with_work(&office), Road::to(&office));
    road.fault(Fault::Instead(Box::new(|office, _, sealed| {
        let opened = office.open_bundle(sealed).unwrap();
        let reply = office.service.exchange(opened.device, &opened.request, &[], office.clock.now()).unwrap();
        let other = ReceiverSecret::generate(&mut rng()).receiver_key();
        let signing = office.service.keys().signing();
        Ok(seal_reply(&reply, &opened.sent, signing, &other, &mut rng()).unwrap().into_bytes())
    })));
    let error = fails_and_recovers(&office, &phone, &road);
    assert!(matches!(error, SyncError::Reply(SealError::WrongReceiver)), "{error}");
}

#[test]
fn an_older_reply_to_this_phone_is_refused() {
    let office = Office::open(&Clock::start());
    let phone = Phone::joined(&office, RT5, 1);
    let road = Road::to(&office);
    let old = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&old);
    road.fault(Fault::Altered(Box::new(move |answer| {
        kept.lock().unwrap().clone_from(&answer);
        answer
    })));
    phone.sync(&road).unwrap();
    phone.register();
    road.fault(Fault::Altered(Box::new(move |_| old.lock().unwrap().clone())));
    let error = fails_and_recovers(&office, &phone, &road);
    assert!(matches!(error, SyncError::Reply(SealError::OtherRequest)), "{error}");
}

#[test]
fn a_reply_altered_or_cut_anywhere_is_refused() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (phone_with_work(&office), Road::to(&office));
    for step in 0..40 {
        road.fault(Fault::Altered(Box::new(move |mut answer| {
            let at = step * (answer.len() - 1) / 39;
            if step % 2 == 0 {
                answer[at] ^= 1;
            } else {
                answer.truncate(at);
            }
            answer
        })));
        let failure = phone.sync_as(&road, Urgency::Person).unwrap_err();
        assert!(matches!(failure.error, SyncError::Reply(_)), "step {step}: {}", failure.error);
        assert_eq!(phone.store.waiting().unwrap(), WAITING, "step {step}");
    }
    assert_eq!(phone.sync_as(&road, Urgency::Person).unwrap().uploaded, 3);
}

#[test]
fn a_page_that_claims_to_be_a_bundle_is_refused() {
    let office = Office::open(&Clock::start());
    for page in ["", "<html>Selamat datang</html>", "OK", "\u{1}"] {
        let (phone, road) = (phone_with_work(&office), Road::to(&office));
        road.fault(Fault::Instead(Box::new(move |_, _, _| Ok(page.as_bytes().to_vec()))));
        assert!(matches!(fails_and_recovers(&office, &phone, &road), SyncError::Reply(_)), "{page:?}");
    }
}

#[test]
fn a_portal_in_each_of_its_forms_leaves_the_queue_as_it_was() {
    let office = Office::open(&Clock::start());
    for sign in
        [PortalSign::Page, PortalSign::Redirect, PortalSign::SignIn, PortalSign::Encoded, PortalSign::Status(404)]
    {
        let (phone, road) = (phone_with_work(&office), Road::to(&office));
        road.fault(Fault::Never(TransportError::Portal { sign, retry_after: None }));
        let error = fails_and_recovers(&office, &phone, &road);
        assert!(matches!(error, SyncError::Transport(TransportError::Portal { sign: seen, .. }) if seen == sign));
    }
}

#[test]
fn an_unsigned_refusal_of_any_kind_leaves_the_queue_as_it_was() {
    let office = Office::open(&Clock::start());
    for code in ProblemCode::KNOWN {
        let (phone, road) = (phone_with_work(&office), Road::to(&office));
        let code = code.clone();
        road.always(move |office, endpoint, body| match endpoint {
            Endpoint::Exchange => Err(problem(code.clone())),
            _ => office.serve(endpoint, body),
        });
        let error = fails_and_recovers(&office, &phone, &road);
        assert!(matches!(error, SyncError::Transport(TransportError::Refused { .. })), "{error}");
    }
}

#[test]
fn a_key_list_of_another_root_or_an_older_one_is_refused() {
    let clock = Clock::start();
    let (office, other) = (Office::open(&clock), Office::open(&clock));
    let phone = phone_with_work(&office);
    // an older list: as it was before the keys were replaced
    let old = office.serve(Endpoint::Keys, &[]).unwrap();
    assert!(office.service.keys().rotate(clock.now() + 31 * 24 * 3600 * 1000).unwrap());
    let road = Road::to(&office);
    road.fault(Fault::Never(problem(ProblemCode::Reseal)));
    assert_eq!(phone.sync(&road).unwrap().uploaded, 3);
    for (list, refusal) in
        [(old, SealError::OldSerial), (other.serve(Endpoint::Keys, &[]).unwrap(), SealError::OtherRoot)]
    {
        road.fault(Fault::Never(problem(ProblemCode::Reseal)));
        road.fault(Fault::Instead(Box::new(move |_, _, _| Ok(list.clone()))));
        let error = phone.sync_as(&road, Urgency::Person).unwrap_err().error;
        assert!(matches!(error, SyncError::Keys(found) if found == refusal), "{error}");
    }
    phone.sync_as(&road, Urgency::Person).unwrap();
}
