//! A person is erased by law: from the server, and from every phone at its next exchange.

use crate::support::{Clock, Office, Phone, RT5, Road};
use payung_domain::{field::Kind, id::RecordId};
use payung_store::NewIds;
use payung_sync::Endpoint;
use serde_json::json;

fn all(ids: NewIds) -> [RecordId; 3] {
    [ids.worker, ids.enrollment, ids.event]
}

fn has_nothing_of(phone: &Phone, ids: NewIds) {
    for record in all(ids) {
        assert!(phone.store.shown(record).is_err(), "{record}");
    }
    assert!(phone.store.drafts().unwrap().iter().all(|draft| draft.record != Some(ids.worker)));
    assert!(phone.store.orphans().unwrap().is_empty());
    assert!(phone.store.needs_fixing().unwrap().is_empty());
    assert_eq!(phone.outstanding(), 0);
}

#[test]
fn erased_person_leaves_every_phone_with_drafts_and_unsent_edits_and_others_stay() {
    let office = Office::open(&Clock::start());
    let (a, b, road) = (Phone::joined(&office, RT5, 1), Phone::joined(&office, RT5, 2), Road::to(&office));
    let (gone, stays) = (a.register(), a.register());
    a.sync(&road).unwrap();
    b.sync(&road).unwrap();
    // an open conflict, a form on its way, an edit not sent yet
    a.edit(gone.worker, "name", json!("SUTINI SATU"));
    b.edit(gone.worker, "name", json!("SUTINI DUA"));
    a.sync(&road).unwrap();
    b.sync(&road).unwrap();
    assert!(office.record(gone.worker).unwrap().has_open_conflict());
    b.store.open_draft(&Kind::Worker, Some(gone.worker), b.clock.now()).unwrap();
    b.edit(gone.worker, "notes", json!("belum terkirim"));
    assert_eq!(office.erase(gone.worker), 3);
    for record in all(gone) {
        assert!(!office.has(record));
    }
    a.sync(&road).unwrap();
    b.sync(&road).unwrap();
    for phone in [&a, &b] {
        has_nothing_of(phone, gone);
        assert!(phone.store.shown(stays.worker).is_ok());
        assert_eq!(phone.sync(&road).unwrap().areas_differing, 0);
    }
    // the same person may register again, as anybody may
    let again = a.register_person(1, 0);
    a.sync(&road).unwrap();
    assert!(office.record(again.worker).unwrap().alias.is_none() && a.refusals().is_empty());
}

#[test]
fn op_that_arrives_late_for_an_erased_person_is_refused_and_kept_nowhere() {
    let office = Office::open(&Clock::start());
    let (phone, road) = (Phone::joined(&office, RT5, 1), Road::to(&office));
    let ids = phone.register();
    phone.sync(&road).unwrap();
    let (_, late) = road.taken().into_iter().find(|(endpoint, _)| *endpoint == Endpoint::Exchange).unwrap();
    office.erase(ids.worker);
    // the bundle of the registration comes once more, by a slow road
    office.serve(Endpoint::Exchange, &late).unwrap();
    // and a fact about the person, written before the phone heard
    let visit = [
        ("worker".to_owned(), json!(ids.worker)),
        ("outcome".to_owned(), json!("come_back")),
        ("at".to_owned(), json!("2026-11-22T08:14:02+07:00")),
    ];
    let id = RecordId(payung_server::clock::new_id());
    phone.store.add_fact(&Kind::Visit, id, &visit.into(), &phone.area, phone.clock.now()).unwrap();
    let report = phone.sync(&road).unwrap();
    assert_eq!((report.uploaded, report.refused), (0, 1));
    for record in all(ids).into_iter().chain([id]) {
        assert!(!office.has(record));
        assert!(office.service.storage().read().unwrap().history(record).unwrap().is_empty());
    }
    has_nothing_of(&phone, ids);
    assert!(phone.store.shown(id).is_err());
}

#[test]
fn restore_erases_again_and_phones_bring_nothing_back() {
    let office = Office::open(&Clock::start());
    let (a, b) = (Phone::joined(&office, RT5, 1), Phone::joined(&office, RT5, 2));
    let old = a.register();
    a.sync(&Road::to(&office)).unwrap();
    let (office, backup) = office.backed_up();
    let new = a.register();
    a.sync(&Road::to(&office)).unwrap();
    b.sync(&Road::to(&office)).unwrap();
    // one the backup has, one it lacks
    office.erase(old.worker);
    office.erase(new.worker);
    let office = office.restored(&backup);
    for phone in [&a, &b] {
        let report = phone.sync(&Road::to(&office)).unwrap();
        assert!(report.new_epoch);
        assert_eq!(report.offered, 0);
        has_nothing_of(phone, old);
        has_nothing_of(phone, new);
    }
    for record in all(old).into_iter().chain(all(new)) {
        assert!(!office.has(record));
    }
}
