//! A certificate changes or nears the end of its lease: the phone gets the next without joining again.

use crate::support::{Clock, Fault, Office, Phone, RT5, RT6, Road};
use payung_protocol::{
    Certificate, JoinAnswer, JoinReply, OpenedJoin, SigningKey, VerifyingKey, open_join, seal_join_answer,
};
use payung_server::{keys::rng, storage::DeviceState};
use payung_store::Identity;
use payung_sync::{Endpoint, PortalSign, TransportError};

const DAY: i64 = 24 * 3600;

fn identity(phone: &Phone) -> Identity {
    phone.store.identity().unwrap().unwrap()
}

fn signing(office: &Office) -> VerifyingKey {
    office.service.keys().signing().verifying_key()
}

fn certificate(office: &Office, phone: &Phone) -> Certificate {
    Certificate::verify(&identity(phone).certificate, |_| Some(signing(office))).unwrap()
}

/// A renewal is answered with a certificate that `make` makes from the one at hand, signed and sealed as any.
fn answered_with(make: impl FnOnce(&Office, Certificate) -> Vec<u8> + Send + 'static) -> Fault {
    let mut make = Some(make);
    Fault::Instead(Box::new(move |office, endpoint, body| {
        assert_eq!(endpoint, Endpoint::Join);
        let session = |id| office.device(id).map(|device| device.session_key);
        let keys = office.service.keys();
        let Ok(OpenedJoin::Renewal { device, sent, .. }) = open_join(body, |id| keys.receiver(id), session) else {
            panic!("no renewal")
        };
        let device = office.device(device).unwrap();
        let at_hand = Certificate::verify(&device.certificate, |_| Some(signing(office))).unwrap();
        let reply = JoinReply { certificate: make.take().unwrap()(office, at_hand), server_time: 0 };
        let answer =
            seal_join_answer(&JoinAnswer::Joined(reply), &sent, keys.signing(), &device.device_key, &mut rng());
        Ok(answer.unwrap().into_bytes())
    }))
}

#[test]
fn lease_is_renewed_without_joining_when_less_than_20_days_are_left() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    let first = certificate(&office, &phone);
    phone.clock.pass(10 * DAY - 60);
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.requests, report.renewed), (1, false));
    phone.clock.pass(120);
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.requests, report.renewed), (2, true));
    let second = certificate(&office, &phone);
    assert_eq!(second.lease_until, phone.clock.now() + 30 * DAY * 1000);
    assert!(second.serial > first.serial);
    assert_eq!(
        Certificate { serial: 0, issued_at: 0, lease_until: 0, ..second },
        Certificate { serial: 0, issued_at: 0, lease_until: 0, ..first }
    );
    assert_eq!(office.service.devices().unwrap().len(), 1);
    let quiet = phone.sync(&road).unwrap();
    assert_eq!((quiet.requests, quiet.renewed), (1, false));
}

#[test]
fn area_added_by_an_operator_reaches_the_phone_and_what_it_registers_from_then_on() {
    let office = Office::open(&Clock::start());
    let (phone, other) = (Phone::joined(&office, RT5, 1), Phone::joined(&office, RT6, 2));
    let road = Road::to(&office);
    let theirs = other.register();
    other.sync(&road).unwrap();
    phone.sync(&road).unwrap();
    assert!(phone.store.shown(theirs.worker).is_err());
    office.assign(identity(&phone).device, &[RT6, RT5]);
    let report = phone.sync(&road).unwrap();
    assert!(report.renewed);
    assert_eq!(phone.field(theirs.worker, "name"), other.field(theirs.worker, "name"));
    assert_eq!(identity(&phone).area.as_str(), RT6);
    let areas: Vec<String> = certificate(&office, &phone).areas.iter().map(ToString::to_string).collect();
    assert_eq!(areas, [RT6, RT5]);
    let mut phone = phone.restarted();
    phone.area = identity(&phone).area;
    let ours = phone.register();
    assert_eq!(phone.sync(&road).unwrap().uploaded, 3);
    assert_eq!(office.record(ours.worker).unwrap().area.as_str(), RT6);
    // the phone has shown that it has it: nothing is said of it any more
    let quiet = phone.sync(&road).unwrap();
    assert_eq!((quiet.requests, quiet.renewed), (1, false));
}

#[test]
fn revoked_or_retired_phone_gets_no_newer_certificate() {
    for state in [DeviceState::Revoked, DeviceState::Retired] {
        let office = Office::open(&Clock::start());
        let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
        let before = identity(&phone);
        office.set_device(before.device, state);
        phone.clock.pass(11 * DAY);
        let report = phone.sync(&road).unwrap();
        assert_eq!((report.requests, report.renewed), (2, false), "{state:?}");
        assert_eq!(identity(&phone), before);
        // asked once a day at most, however often it syncs
        assert_eq!(phone.sync(&road).unwrap().requests, 1);
    }
}

#[test]
fn forged_foreign_or_older_certificate_changes_nothing() {
    let office = Office::open(&Clock::start());
    let (phone, other) = (Phone::joined(&office, RT5, 1), Phone::joined(&office, RT6, 2));
    let (before, foreign) = (identity(&phone), identity(&other));
    let issue = |office: &Office, certificate: Certificate| certificate.issue(office.service.keys().signing()).unwrap();
    let newer = |certificate: Certificate| Certificate { serial: certificate.serial + 100, ..certificate };
    let (device, official) = (foreign.device, foreign.official);
    let answers = [
        answered_with(move |_, at_hand| newer(at_hand).issue(&SigningKey::generate(&mut rng())).unwrap()),
        answered_with(move |_, _| foreign.certificate),
        answered_with(move |office, at_hand| issue(office, Certificate { device, ..newer(at_hand) })),
        answered_with(move |office, at_hand| issue(office, Certificate { official, ..newer(at_hand) })),
        answered_with(move |office, at_hand| {
            let session_key = SigningKey::generate(&mut rng()).verifying_key();
            issue(office, Certificate { session_key, ..newer(at_hand) })
        }),
        answered_with(move |office, at_hand| issue(office, Certificate { areas: Vec::new(), ..newer(at_hand) })),
        answered_with(move |office, at_hand| issue(office, Certificate { serial: at_hand.serial - 1, ..at_hand })),
        answered_with(|_, _| b"<html>Selamat datang</html>".to_vec()),
        Fault::Never(TransportError::Portal { sign: PortalSign::Page, retry_after: None }),
        Fault::Altered(Box::new(|mut answer| {
            answer[60] ^= 1;
            answer
        })),
    ];
    phone.clock.pass(11 * DAY);
    for (at, answer) in answers.into_iter().enumerate() {
        let road = Road::to(&office);
        road.fault(Fault::None).fault(answer);
        phone.register();
        let report = phone.sync(&road).unwrap();
        // what was exchanged stands all the same
        assert_eq!((report.uploaded, report.renewed, phone.outstanding()), (3, false, 0), "answer {at}");
        assert!(road.faults.lock().unwrap().is_empty(), "answer {at}: it was not asked for");
        assert_eq!(identity(&phone), before, "answer {at}");
        phone.clock.pass(DAY + 1);
    }
    assert!(phone.sync(&Road::to(&office)).unwrap().renewed);
}

#[test]
fn lost_answer_to_a_renewal_burns_nothing() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    let first = certificate(&office, &phone);
    phone.clock.pass(11 * DAY);
    road.fault(Fault::None).fault(Fault::AnswerLost(TransportError::Cut));
    assert!(!phone.sync(&road).unwrap().renewed);
    let made = office.device(identity(&phone).device).unwrap().certificate;
    phone.clock.pass(DAY + 1);
    let phone = phone.restarted();
    assert!(phone.sync(&road).unwrap().renewed);
    assert_eq!(identity(&phone).certificate, made, "the one that was made then");
    assert_eq!(certificate(&office, &phone).serial, first.serial + 1);
}

#[test]
fn restore_neither_forgets_a_renewal_nor_stops_the_next() {
    let office = Office::open(&Clock::start());
    let phone = Phone::joined(&office, RT5, 1);
    let (office, backup) = office.backed_up();
    phone.clock.pass(11 * DAY);
    assert!(phone.sync(&Road::to(&office)).unwrap().renewed);
    let held = identity(&phone);
    let office = office.restored(&backup);
    assert_eq!(office.device(held.device).unwrap().certificate, held.certificate, "it is in the journal");
    // and where the journal is lost as well, the next serial is above the one the phone has
    let office = office.restored_without_journal(&backup);
    assert_ne!(office.device(held.device).unwrap().certificate, held.certificate);
    phone.clock.pass(11 * DAY);
    assert!(phone.sync(&Road::to(&office)).unwrap().renewed);
    assert_eq!(office.device(held.device).unwrap().certificate, identity(&phone).certificate);
}
