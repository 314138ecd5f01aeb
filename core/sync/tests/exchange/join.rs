//! A phone joins: by an invite, once, whatever is lost on the way.

use crate::support::{Clock, Fault, Office, Phone, RT5, Road};
use payung_domain::field::Kind;
use payung_protocol::{JoinAnswer, JoinReply, OpenedJoin, ProblemCode, open_join, seal_join_answer};
use payung_server::{keys::rng, storage::DeviceState};
use payung_sync::{AddressError, Endpoint, JoinError, PortalSign, SyncError, TransportError};
use serde_json::json;

#[test]
fn an_answer_that_was_lost_burns_nothing_even_over_a_kill() {
    let office = Office::open(&Clock::start());
    let (phone, link, road) = (Phone::new(&office.clock, RT5, 1), office.invite("Siti Aminah", RT5), Road::to(&office));
    for _ in 0..2 {
        road.fault(Fault::None).fault(Fault::AnswerLost(TransportError::Timeout));
        assert!(matches!(phone.join(&link, &road), Err(JoinError::Transport(TransportError::Timeout))));
        assert_eq!(phone.store.identity().unwrap(), None);
    }
    let phone = phone.restarted();
    let identity = phone.join(&link, &road).unwrap();
    let devices = office.service.devices().unwrap();
    assert_eq!(devices.iter().map(|device| device.id).collect::<Vec<_>>(), [identity.device]);
    assert_eq!(identity.area.as_str(), RT5);
    // the same link again: nothing is asked
    road.taken();
    assert_eq!(phone.join(&link, &road).unwrap(), identity);
    assert!(road.taken().is_empty());
    phone.register();
    assert_eq!(phone.sync(&road).unwrap().uploaded, 3);
}

#[test]
fn a_kill_between_the_answer_and_its_last_trace_is_made_good_by_the_next_run() {
    let office = Office::open(&Clock::start());
    let donor = Phone::joined(&office, RT5, 1);
    // as the store is right after the answer was noted: who, which keys, what was granted
    let server: serde_json::Value = serde_json::from_slice(&donor.store.value("server").unwrap().unwrap()).unwrap();
    let identity = donor.store.identity().unwrap().unwrap();
    let mut noted = hex::decode(server["invite"].as_str().unwrap()).unwrap();
    noted.extend_from_slice(&donor.store.keys().unwrap().unwrap());
    noted.extend(json!({ "server": server, "certificate": hex::encode(&identity.certificate) }).to_string().bytes());
    // on a fresh phone, and on one that had been another device
    let road = Road::to(&office);
    for phone in [Phone::new(&office.clock, RT5, 2), Phone::joined(&office, RT5, 3)] {
        if phone.store.identity().unwrap().is_some() {
            phone.register();
        }
        phone.store.set_value("joining", Some(&noted)).unwrap();
        let waiting = phone.outstanding();
        let phone = phone.restarted();
        phone.sync(&road).unwrap();
        assert_eq!(phone.store.identity().unwrap().unwrap(), identity);
        assert_eq!((phone.outstanding(), waiting % 3), (0, 0));
        assert_eq!(phone.store.value("joining").unwrap(), None);
    }
}

#[test]
fn an_invite_is_for_one_phone() {
    let office = Office::open(&Clock::start());
    let (link, road) = (office.invite("Siti Aminah", RT5), Road::to(&office));
    Phone::new(&office.clock, RT5, 1).join(&link, &road).unwrap();
    let second = Phone::new(&office.clock, RT5, 2);
    for _ in 0..2 {
        let refused = second.join(&link, &road).unwrap_err();
        assert!(matches!(refused, JoinError::Refused(problem) if problem.code == ProblemCode::InviteUsed));
    }
    // another invite makes good
    second.join(&office.invite("Siti Aminah", RT5), &road).unwrap();
}

#[test]
fn an_invite_is_good_for_72_hours() {
    let office = Office::open(&Clock::start());
    let (phone, link, road) = (Phone::new(&office.clock, RT5, 1), office.invite("Siti Aminah", RT5), Road::to(&office));
    phone.clock.pass(72 * 3600 + 1);
    let refused = phone.join(&link, &road).unwrap_err();
    assert!(matches!(refused, JoinError::Refused(problem) if problem.code == ProblemCode::InviteExpired));
}

#[test]
fn a_server_that_does_not_hang_on_the_invites_root_is_refused_before_the_secret_leaves() {
    let clock = Clock::start();
    let (office, impostor) = (Office::open(&clock), Office::open(&clock));
    let (phone, road) = (Phone::new(&clock, RT5, 1), Road::to(&impostor));
    assert!(matches!(phone.join(&office.invite("Siti Aminah", RT5), &road), Err(JoinError::Keys(_))));
    assert_eq!(road.taken().into_iter().map(|(endpoint, _)| endpoint).collect::<Vec<_>>(), [Endpoint::Keys]);
    assert_eq!(phone.store.identity().unwrap(), None);
}

#[test]
fn a_certificate_for_other_keys_is_refused() {
    let office = Office::open(&Clock::start());
    let other = Phone::joined(&office, RT5, 1).store.identity().unwrap().unwrap();
    let (phone, road) = (Phone::new(&office.clock, RT5, 2), Road::to(&office));
    road.fault(Fault::None).fault(Fault::Instead(Box::new(move |office, _, body| {
        let keys = office.service.keys();
        let Ok(OpenedJoin::Invited { request, sent }) = open_join(body, |id| keys.receiver(id), |_| None) else {
            panic!("no join request")
        };
        let reply = JoinReply { certificate: other.certificate.clone(), server_time: 0 };
        let device = &request.device_key;
        let answer = JoinAnswer::Joined(reply);
        Ok(seal_join_answer(&answer, &sent, keys.signing(), device, &mut rng()).unwrap().into_bytes())
    })));
    assert!(matches!(phone.join(&office.invite("Budi", RT5), &road), Err(JoinError::OtherCertificate)));
    assert_eq!(phone.store.identity().unwrap(), None);
}

#[test]
fn a_portal_on_the_way_is_no_answer_and_the_next_address_is_tried() {
    let office = Office::open(&Clock::start());
    let road = Road::to(&office);
    let sign = PortalSign::Page;
    let phone = Phone::new(&office.clock, RT5, 1);
    road.fault(Fault::Never(TransportError::Portal { sign, retry_after: None }));
    assert!(matches!(
        phone.join(&office.invite("Budi", RT5), &road),
        Err(JoinError::Transport(TransportError::Portal { .. }))
    ));
    let link = office.invite_as("Budi", RT5, None, &["https://a.example.id", "https://b.example.id"]);
    road.fault(Fault::Never(TransportError::Unreachable));
    phone.join(&link, &road).unwrap();
    // the exchange, too, goes on to the next address
    phone.register();
    road.fault(Fault::Never(TransportError::Unreachable));
    assert_eq!(phone.sync(&road).unwrap().uploaded, 3);
}

#[test]
fn an_invite_without_tls_is_refused() {
    let office = Office::open(&Clock::start());
    let link = office.invite_as("Budi", RT5, None, &["http://192.168.1.5:8080"]);
    let (phone, road) = (Phone::new(&office.clock, RT5, 1), Road::to(&office));
    assert!(matches!(phone.join(&link, &road), Err(JoinError::Address(AddressError::Cleartext))));
    assert!(road.taken().is_empty());
    assert!(matches!(phone.join("https://example.id/", &road), Err(JoinError::Invite(_))));
}

#[test]
fn a_phone_that_has_not_joined_keeps_its_drafts_and_says_so() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::new(&office.clock, RT5, 1), Road::to(&office));
    let draft = phone.store.open_draft(&Kind::Worker, None, phone.clock.now()).unwrap();
    phone.store.set_draft_field(draft.id, "name", &json!("SUTINI"), phone.clock.now()).unwrap();
    assert!(matches!(phone.sync(&road).unwrap_err().error, SyncError::NotJoined));
    assert!(road.taken().is_empty());
    phone.join(&office.invite("Siti Aminah", RT5), &road).unwrap();
    assert_eq!(phone.store.drafts().unwrap().len(), 1);
    assert_eq!(phone.sync(&road).unwrap().uploaded, 0);
}

#[test]
fn a_revoked_phone_joins_again_and_brings_what_it_had() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    let old = phone.store.identity().unwrap().unwrap().device;
    let worker = phone.register().worker;
    office.set_device(old, DeviceState::Revoked);
    assert_eq!(phone.sync(&road).unwrap().held, 3);
    let identity = phone.join(&office.invite_again(&phone), &road).unwrap();
    assert_ne!(identity.device, old);
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.uploaded, phone.outstanding()), (3, 0), "{:?}", phone.refusals());
    assert!(office.has(worker));
}

#[test]
fn joining_again_while_a_run_is_under_way_seals_the_rest_as_the_new_device() {
    let office = Office::open(&Clock::start());
    let phone = Phone::joined(&office, RT5, 1);
    let worker = phone.register().worker;
    let link = office.invite_again(&phone);
    let joined = std::sync::atomic::AtomicBool::new(false);
    let road = payung_sync::InProcess::new(|endpoint, body: &[u8]| {
        if endpoint == Endpoint::Exchange && !joined.swap(true, std::sync::atomic::Ordering::SeqCst) {
            phone.join(&link, &Road::to(&office)).unwrap();
        }
        office.serve(endpoint, body)
    });
    // the reply is to the device this phone was before: it counts for nothing here, and the ops go again by new names
    phone.sync(&road).unwrap();
    assert_eq!(phone.outstanding(), 0);
    assert!(office.has(worker));
    assert_eq!(office.service.devices().unwrap().len(), 2);
}
