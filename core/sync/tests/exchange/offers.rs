//! A restore lost records whose phone is gone, too: others who had pulled them offer them back.

use crate::support::{Clock, Office, Phone, RT5, RT6, Road};
use payung_server::storage::DeviceState;
use payung_store::NewIds;
use serde_json::json;

/// A registered after the backup and lost the phone; B had pulled it; the server is the backup's.
fn lost(clock: &Clock) -> (Office, Phone, Phone, NewIds) {
    let office = Office::open(clock);
    let (a, b) = (Phone::joined(&office, RT5, 1), Phone::joined(&office, RT5, 2));
    b.sync(&Road::to(&office)).unwrap();
    let (office, backup) = office.backed_up();
    let ids = a.register();
    a.sync(&Road::to(&office)).unwrap();
    b.sync(&Road::to(&office)).unwrap();
    assert!(b.store.shown(ids.event).is_ok());
    (office.restored(&backup), a, b, ids)
}

#[test]
fn record_whose_phone_is_lost_is_offered_back_once_and_all_converge_when_an_operator_accepts() {
    let clock = Clock::start();
    let (office, a, b, ids) = lost(&clock);
    drop(a);
    let road = Road::to(&office);
    let report = b.sync(&road).unwrap();
    assert_eq!((report.new_epoch, report.offered), (true, 3));
    let mut offered = office.offered();
    offered.sort();
    let mut wanted = vec![ids.worker, ids.enrollment, ids.event];
    wanted.sort();
    assert_eq!(offered, wanted);
    assert!(!office.has(ids.worker), "a phone's word alone brings nothing back");
    // kept at the office: not sent again
    let quiet = b.sync(&road).unwrap();
    assert_eq!((quiet.requests, quiet.offered), (1, 0));
    // the person is named; what belongs to them comes with them
    assert_eq!(office.accept(&[ids.worker]).len(), 3);
    assert!(office.offered().is_empty());
    assert_eq!(office.body(ids.enrollment)["status"], json!("received"), "its submission counts again");
    let name = office.body(ids.worker)["name"].clone();
    b.sync(&road).unwrap();
    assert!(b.store.orphans().unwrap().is_empty());
    let c = Phone::joined(&office, RT5, 3);
    c.sync(&road).unwrap();
    for phone in [&b, &c] {
        assert_eq!(phone.field(ids.worker, "name"), name);
        assert_eq!(phone.sync(&road).unwrap().areas_differing, 0);
    }
    // the NIK was only ever whole on the phone that is lost: it is typed again
    assert!(!office.body(ids.worker).contains_key("nik"));
}

#[test]
fn phone_that_turns_up_after_all_brings_the_nik_and_no_conflict() {
    let clock = Clock::start();
    let (office, a, b, ids) = lost(&clock);
    let road = Road::to(&office);
    b.sync(&road).unwrap();
    office.accept(&[]);
    a.sync(&road).unwrap();
    assert_eq!(a.outstanding(), 0);
    let record = office.record(ids.worker).unwrap();
    assert!(record.conflicts.is_empty() && record.text("nik").is_some(), "{record:?}");
    for phone in [&a, &b] {
        phone.sync(&road).unwrap();
        assert_eq!(phone.sync(&road).unwrap().areas_differing, 0);
    }
    assert_eq!(a.field(ids.worker, "name"), b.field(ids.worker, "name"));
}

#[test]
fn phone_that_turns_up_first_leaves_nothing_to_decide() {
    let clock = Clock::start();
    let (office, a, b, ids) = lost(&clock);
    let road = Road::to(&office);
    b.sync(&road).unwrap();
    a.sync(&road).unwrap();
    assert!(office.has(ids.worker) && office.offered().is_empty());
    b.sync(&road).unwrap();
    assert!(b.store.orphans().unwrap().is_empty());
    assert_eq!(b.field(ids.worker, "name"), a.field(ids.worker, "name"));
}

#[test]
fn dropped_offer_goes_from_the_phones_that_keep_it() {
    let clock = Clock::start();
    let (office, a, b, ids) = lost(&clock);
    drop(a);
    let road = Road::to(&office);
    b.sync(&road).unwrap();
    for record in [ids.worker, ids.enrollment, ids.event] {
        office.drop_offer(record);
    }
    assert!(office.offered().is_empty());
    b.sync(&road).unwrap();
    assert!(b.store.orphans().unwrap().is_empty());
    assert_eq!(b.sync(&road).unwrap().areas_differing, 0);
}

#[test]
fn edit_that_waits_for_a_lost_record_is_applied_once_the_record_is_accepted() {
    let clock = Clock::start();
    let (office, a, b, ids) = lost(&clock);
    drop(a);
    let road = Road::to(&office);
    b.edit(ids.worker, "notes", json!("rumah pindah ke belakang masjid"));
    let report = b.sync(&road).unwrap();
    assert_eq!((report.offered, b.outstanding()), (3, 1), "{:?}", b.refusals());
    assert_eq!(b.field(ids.worker, "notes"), json!("rumah pindah ke belakang masjid"));
    office.accept(&[ids.worker]);
    b.sync(&road).unwrap();
    assert_eq!(b.outstanding(), 0);
    assert_eq!(office.body(ids.worker)["notes"], json!("rumah pindah ke belakang masjid"));
    assert!(office.record(ids.worker).unwrap().conflicts.is_empty());
}

#[test]
fn what_a_second_restore_lost_is_offered_again() {
    let clock = Clock::start();
    let (office, a, b, ids) = lost(&clock);
    drop(a);
    let (office, backup) = office.backed_up();
    assert_eq!(b.sync(&Road::to(&office)).unwrap().offered, 3);
    let office = office.restored(&backup);
    assert!(office.offered().is_empty());
    assert_eq!(b.sync(&Road::to(&office)).unwrap().offered, 3);
    assert!(office.offered().contains(&ids.worker));
    // an accepted one is in the journal, and comes back by it
    office.accept(&[]);
    let office = office.restored(&backup);
    assert!(office.has(ids.worker) && office.has(ids.event));
}

#[test]
fn offers_of_a_revoked_phone_or_for_a_foreign_area_are_not_kept() {
    let clock = Clock::start();
    let (office, a, b, _) = lost(&clock);
    drop(a);
    let device = b.store.identity().unwrap().unwrap().device;
    office.set_device(device, DeviceState::Revoked);
    assert_eq!(b.sync(&Road::to(&office)).unwrap().offered, 0);
    assert!(office.offered().is_empty());

    let (office, a, b, _) = lost(&clock);
    drop(a);
    let road = Road::to(&office);
    road.always(|office, endpoint, sealed| {
        if endpoint != payung_sync::Endpoint::Exchange {
            return office.serve(endpoint, sealed);
        }
        // as a phone would send it that was altered
        Ok(office.serve_as(sealed, |request| {
            for offer in &mut request.offered {
                offer.area = payung_domain::area::Area::parse(RT6).unwrap();
            }
        }))
    });
    b.sync(&road).unwrap();
    assert!(office.offered().is_empty());
}
