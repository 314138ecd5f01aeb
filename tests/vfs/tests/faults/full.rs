//! No space left, and input/output errors, at every call of opening, of one registration and of one exchange.

use crate::world::{World, found, office_integrity, outstanding, register, someone, sync};
use payung_domain::{field::Kind, text};
use payung_protocol::ProblemCode;
use payung_server::storage::Scope;
use payung_store::{Store, StoreError};
use payung_sync::{SyncError, SyncFailure, TransportError};
use payung_vfs::{Call, Disk, Fault, Fired};
use std::{collections::BTreeSet, fs};

/// Registered before the fault, at the fault, and after it.
const BEFORE: u64 = 3;
const AT: u64 = 4;
const AFTER: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Phone,
    Server,
}

#[derive(Debug, Default)]
struct Met {
    runs: u64,
    said_not_saved: u64,
    calls: BTreeSet<Call>,
}

/// Every n until no fault comes any more.
fn at_every_call(fault: Fault, lasting: bool, attempt: impl Fn(u64) -> (Fired, bool)) -> Met {
    let mut met = Met::default();
    for n in 1.. {
        let (fired, refused) = attempt(n);
        met.runs += 1;
        met.said_not_saved += u64::from(refused);
        let Some(call) = fired.first else { break };
        met.calls.insert(call);
    }
    println!("{fault:?} lasting {lasting}: {met:?}");
    met
}

fn whole(store: &Store, i: u64) -> bool {
    let Some(worker) = found(store, i) else { return false };
    assert_eq!(store.shown(worker).unwrap().text("name"), Some(text::normalise_name(&someone(i).name).as_str()));
    let enrollments = store.children(worker, &Kind::Enrollment).unwrap();
    assert_eq!(enrollments.len(), 1);
    assert_eq!(store.children(enrollments[0].id, &Kind::EnrollmentEvent).unwrap().len(), 1);
    true
}

fn is_fault_of(whose: Whose, failure: &SyncFailure) -> bool {
    match (&failure.error, whose) {
        (SyncError::Store(StoreError::NotSaved), Whose::Phone) => true,
        (SyncError::Transport(TransportError::Refused { problem, .. }), Whose::Server) => {
            matches!(problem.code, ProblemCode::Internal | ProblemCode::Busy)
        }
        _ => false,
    }
}

/// One registration and one exchange, with the fault at the n-th call.
fn register_and_send(whose: Whose, fault: Fault, n: u64, lasting: bool) -> (Fired, bool) {
    let world = World::copy();
    let folder = if whose == Whose::Phone { world.phone_folder() } else { world.office_folder() };
    let disk = Disk::watch(&folder, n).unwrap();
    let (service, store) = (world.open_office().unwrap(), world.open_phone().unwrap());
    disk.arm(fault, n, lasting);
    let registered = register(&store, AT);
    let sent = sync(&store, &service);
    let fired = disk.disarm();
    let name = format!("{whose:?} {fault:?} at {n}, {fired:?}");

    if let Err(error) = &registered {
        assert!(whose == Whose::Phone && matches!(error, StoreError::NotSaved), "{name}: {error:?}");
    }
    if let Err(failure) = &sent {
        assert!(is_fault_of(whose, failure), "{name}: {failure:?}");
    }
    let refused = registered.is_err() || sent.is_err();
    assert!(!refused || fired.hits > 0, "{name}");
    // the fault is gone: the same store and server go on
    let there = whole(&store, AT);
    assert!(there || registered.is_err(), "{name}: said to be saved and not there");
    if !there {
        register(&store, AT).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    register(&store, AFTER).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    sync(&store, &service).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
    assert_eq!(outstanding(&store), 0, "{name}");
    drop((store, service));
    let (service, store) = (world.open_office().unwrap(), world.open_phone().unwrap());
    store.check().unwrap();
    assert_eq!(office_integrity(&world), "ok");
    for i in [0, BEFORE, AT, AFTER] {
        assert!(whole(&store, i), "{name}: {i} is not on the phone");
        let worker = found(&store, i).unwrap();
        let kept = service.storage().read().unwrap().records(&[worker], &Scope::Office).unwrap();
        assert_eq!(kept.len(), 1, "{name}: {i} is not at the server");
    }
    assert_eq!(store.counts().unwrap().workers, 6, "{name}: each once");
    (fired, refused)
}

fn every_call_of_register_and_send(whose: Whose, fault: Fault, lasting: bool) {
    let met = at_every_call(fault, lasting, |n| register_and_send(whose, fault, n, lasting));
    assert!(met.runs > 10 && met.said_not_saved > met.runs / 2, "{met:?}");
    assert!(met.calls.contains(&Call::Write) && met.calls.contains(&Call::Sync), "{met:?}");
}

#[test]
fn full_phone_says_not_saved_at_every_call_and_goes_on_once_there_is_space() {
    every_call_of_register_and_send(Whose::Phone, Fault::Full, true);
}

#[test]
fn phone_disk_error_at_every_call_says_not_saved_and_the_next_act_works() {
    every_call_of_register_and_send(Whose::Phone, Fault::Io, false);
}

#[test]
fn full_server_acknowledges_nothing_and_goes_on_once_there_is_space() {
    every_call_of_register_and_send(Whose::Server, Fault::Full, true);
}

#[test]
fn server_disk_error_at_every_call_acknowledges_nothing_and_the_next_exchange_works() {
    // one error alone is made good within the run: what was not taken is sent again in smaller parts
    every_call_of_register_and_send(Whose::Server, Fault::Io, true);
}

/// A phone that was killed, so that opening reads the log.
fn killed() -> World {
    let world = World::copy();
    let store = world.open_phone().unwrap();
    register(&store, AT).unwrap();
    let copy = World::copy();
    for file in ["payung.db", "payung.db-wal", "payung.db.check"] {
        fs::copy(world.phone_folder().join(file), copy.phone_folder().join(file)).unwrap();
    }
    copy
}

#[test]
fn opening_with_a_fault_at_every_call_takes_no_healthy_file_for_a_damaged_one() {
    for (fault, lasting) in [(Fault::Full, true), (Fault::Io, true), (Fault::Io, false)] {
        let met = at_every_call(fault, lasting, |n| {
            let world = killed();
            let disk = Disk::watch(&world.phone_folder(), n).unwrap();
            disk.arm(fault, n, lasting);
            let refused = match world.open_phone() {
                Ok(_) => false,
                Err(StoreError::NotSaved) => true,
                Err(error) => panic!("{fault:?} at {n}: {error:?}"),
            };
            let fired = disk.disarm();
            let store = world.open_phone().unwrap_or_else(|error| panic!("{fault:?} at {n}: {error:?}"));
            assert!(whole(&store, BEFORE) && whole(&store, AT), "{fault:?} at {n}");
            register(&store, AFTER).unwrap();
            (fired, refused)
        });
        assert!(met.runs > 5 && met.said_not_saved > 0, "{met:?}");
    }
}

#[test]
fn error_while_a_connection_is_made_anew_is_not_taken_for_damage() {
    for n in 1.. {
        let world = World::copy();
        let disk = Disk::watch(&world.phone_folder(), n).unwrap();
        let store = world.open_phone().unwrap();
        disk.arm(Fault::Io, 1, false);
        assert!(matches!(register(&store, AT), Err(StoreError::NotSaved)));
        disk.arm(Fault::Io, n, false);
        let registered = register(&store, AFTER);
        let fired = disk.disarm();
        assert!(matches!(registered, Ok(_) | Err(StoreError::NotSaved)), "{fired:?} at {n}: {registered:?}");
        drop(store);
        assert_eq!(whole(&world.open_phone().unwrap(), AFTER), registered.is_ok(), "{fired:?} at {n}");
        if fired.hits == 0 {
            break;
        }
    }
}
