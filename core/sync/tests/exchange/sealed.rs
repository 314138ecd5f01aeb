//! The sealed outbox: carried by somebody who cannot read it, by whatever road, and never double.

use crate::support::{Clock, Fault, Office, Phone, RT5, Road, problem};
use payung_protocol::ProblemCode;
use payung_server::keys::rng;
use payung_sync::{Endpoint, SealedOutbox, SyncError, TransportError};

use serde_json::json;
use std::{fs, path::PathBuf};

fn seal(phone: &Phone, outbox: &SealedOutbox) -> usize {
    outbox.seal(&phone.store, phone.clock.now(), &mut rng()).unwrap()
}

fn outbox(phone: &Phone) -> SealedOutbox {
    SealedOutbox::of(phone.folder())
}

fn files(phone: &Phone) -> Vec<PathBuf> {
    outbox(phone).bundles().unwrap()
}

fn carry(outbox: &SealedOutbox, road: &Road) -> payung_sync::CarryReport {
    outbox.carry(road, &|| false).unwrap()
}

#[test]
fn what_was_sealed_is_carried_without_the_database_and_taken_at_unlocking() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let ids = phone.register();
    let outbox = outbox(&phone);
    assert_eq!(seal(&phone, &outbox), 3);
    assert_eq!(seal(&phone, &outbox), 0, "it is sealed once");
    let road = Road::to(&office);
    let report = carry(&outbox, &road);
    assert_eq!((report.answered, report.waiting, report.returned), (1, 0, 0));
    assert!(office.has(ids.worker) && office.has(ids.event));
    // the answer waits for the phone; nothing is sent again
    assert_eq!(carry(&outbox, &road).bytes_up, 0);
    let phone = phone.restarted();
    assert_eq!(phone.outstanding(), 3);
    let taken = outbox.apply(&phone.store, clock.now()).unwrap();
    assert_eq!((taken.uploaded, phone.outstanding()), (3, 0));
    assert!(files(&phone).is_empty());
    // the answer brought the records, too: there is nothing left to do
    let quiet = phone.sync(&road).unwrap();
    assert_eq!((quiet.sent, quiet.requests), (0, 1));
    assert_eq!(office.version(ids.worker), 1);
}

#[test]
fn files_of_ops_that_went_by_themselves_are_removed() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    phone.register();
    let outbox = outbox(&phone);
    seal(&phone, &outbox);
    assert_eq!(files(&phone).len(), 1);
    phone.sync(&Road::to(&office)).unwrap();
    phone.register();
    assert_eq!(seal(&phone, &outbox), 3, "only what is new");
    assert_eq!(files(&phone).len(), 1);
}

#[test]
fn bundle_that_goes_by_two_roads_counts_once() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let ids = phone.register();
    let outbox = outbox(&phone);
    seal(&phone, &outbox);
    phone.edit(ids.worker, "notes", json!("sesudah disegel"));
    let road = Road::to(&office);
    phone.sync(&road).unwrap();
    let version = office.version(ids.worker);
    // the memory card arrives a week later
    clock.pass(7 * 86_400);
    assert_eq!(carry(&outbox, &road).answered, 1);
    assert_eq!(office.version(ids.worker), version);
    outbox.apply(&phone.store, clock.now()).unwrap();
    assert_eq!(phone.field(ids.worker, "notes"), json!("sesudah disegel"));
    assert_eq!(phone.outstanding(), 0);
    assert_eq!(phone.sync(&road).unwrap().areas_differing, 0);
}

#[test]
fn answer_that_lies_removes_nothing() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let ids = phone.register();
    let outbox = outbox(&phone);
    seal(&phone, &outbox);
    let road = Road::to(&office);
    road.fault(Fault::Instead(Box::new(|_, _, _| Ok(b"200 OK, all received".to_vec()))));
    assert_eq!(carry(&outbox, &road).answered, 1);
    assert_eq!(outbox.apply(&phone.store, clock.now()).unwrap().uploaded, 0);
    assert_eq!((phone.outstanding(), files(&phone).len()), (3, 1));
    assert_eq!(carry(&outbox, &road).answered, 1);
    assert_eq!(outbox.apply(&phone.store, clock.now()).unwrap().uploaded, 3);
    assert!(office.has(ids.worker));
}

#[test]
fn refused_bundle_is_kept_aside_and_its_ops_are_sealed_anew() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let ids = phone.register();
    let outbox = outbox(&phone);
    seal(&phone, &outbox);
    let road = Road::to(&office);
    // nobody's word is signed on it: the file stays until the phone itself has done better
    road.fault(Fault::Never(problem(ProblemCode::Reseal)));
    let report = carry(&outbox, &road);
    assert_eq!((report.answered, report.returned), (0, 1));
    let returned = fs::read_dir(phone.folder().join("outbox"))
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "returned"));
    assert_eq!(returned.count(), 1);
    assert_eq!(seal(&phone, &outbox), 3);
    assert_eq!(carry(&outbox, &road).answered, 1);
    assert!(office.has(ids.worker));
}

#[test]
fn carrying_stops_at_a_dead_road_and_goes_on_later() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let outbox = outbox(&phone);
    for _ in 0..3 {
        phone.register();
        seal(&phone, &outbox);
        clock.pass(60);
    }
    let road = Road::to(&office);
    road.fault(Fault::None).fault(Fault::AnswerLost(TransportError::Cut));
    assert!(matches!(outbox.carry(&road, &|| false), Err(SyncError::Transport(TransportError::Cut))));
    let report = carry(&outbox, &road);
    assert_eq!((report.answered, report.waiting), (2, 0));
    assert_eq!(outbox.apply(&phone.store, clock.now()).unwrap().uploaded, 9);
    assert_eq!(phone.outstanding(), 0);
}

#[test]
fn bundles_of_a_database_that_is_gone_are_carried_all_the_same() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let ids = phone.register();
    let outbox = outbox(&phone);
    seal(&phone, &outbox);
    // wiped, or its key lost: a new database, joined anew
    let phone = phone.wiped();
    assert!(phone.store.identity().unwrap().is_none());
    phone.join(&office.invite("Siti Aminah", RT5), &Road::to(&office)).unwrap();
    phone.register();
    seal(&phone, &outbox);
    assert_eq!(files(&phone).len(), 2);
    assert_eq!(carry(&outbox, &Road::to(&office)).answered, 2);
    assert!(office.has(ids.worker));
    assert_eq!(outbox.apply(&phone.store, clock.now()).unwrap().uploaded, 3);
    phone.sync(&Road::to(&office)).unwrap();
    assert!(phone.store.shown(ids.worker).is_ok(), "what the old database had comes back by the exchange");
}

#[test]
fn many_files_of_single_saves_become_few() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let outbox = outbox(&phone);
    for _ in 0..40 {
        phone.register();
        seal(&phone, &outbox);
    }
    assert!(files(&phone).len() < 32, "{} files", files(&phone).len());
    carry(&outbox, &Road::to(&office));
    assert_eq!(outbox.apply(&phone.store, clock.now()).unwrap().uploaded, 120);
    assert_eq!(phone.outstanding(), 0);
}

#[test]
fn nobody_carries_while_the_phone_exchanges_by_itself() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    phone.register();
    let outbox = outbox(&phone);
    seal(&phone, &outbox);
    let exchanging = outbox.lock().unwrap();
    let road = Road::to(&office);
    assert!(matches!(outbox.carry(&road, &|| false), Err(SyncError::AlreadyRunning)));
    drop(exchanging);
    assert_eq!(carry(&outbox, &road).answered, 1);
}

#[test]
fn sealing_that_fails_leaves_the_outbox_as_it_was() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    phone.register();
    // a file where the folder should be: nothing can be written
    fs::write(phone.folder().join("outbox"), b"").unwrap();
    let outbox = outbox(&phone);
    let failed = outbox.seal(&phone.store, clock.now(), &mut rng());
    assert!(matches!(failed, Err(SyncError::Store(_))));
    assert_eq!(phone.outstanding(), 3);
    fs::remove_file(phone.folder().join("outbox")).unwrap();
    assert_eq!(seal(&phone, &outbox), 3);
    assert_eq!(phone.sync(&Road::to(&office)).unwrap().uploaded, 3);
}

#[test]
fn bundle_taken_as_a_file_is_answered_beside_it() {
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let ids = phone.register();
    let outbox = outbox(&phone);
    seal(&phone, &outbox);
    // on a memory card: what `payung admin bundle` does with it
    let file = files(&phone).remove(0);
    let sealed = fs::read(&file).unwrap();
    fs::write(file.with_extension("reply"), office.serve(Endpoint::Exchange, &sealed).unwrap()).unwrap();
    assert!(office.has(ids.worker));
    assert!(files(&phone).is_empty());
    assert_eq!(outbox.apply(&phone.store, clock.now()).unwrap().uploaded, 3);
    assert_eq!(phone.outstanding(), 0);
}
