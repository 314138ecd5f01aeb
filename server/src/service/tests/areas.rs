//! Scope: what a device is told and may write, as areas come and go.

use super::office::*;
use crate::{
    service::{
        PageLimits, ServiceError,
        operator::{Act, Published},
        shared::shared_record,
    },
    storage::DeviceState,
};
use payung_domain::{
    field::Kind,
    op::{Change, OutcomeStatus},
};
use payung_protocol::{Checksum, Request, Role, record_check};
use std::collections::BTreeMap;

fn checksum(phone: &Phone) -> Checksum {
    phone.base.values().map(|put| record_check(put.record, put.version)).sum()
}

fn people(phone: &Phone) -> usize {
    phone.base.values().filter(|put| put.kind == Kind::Worker).count()
}

#[test]
fn scope_matrix_no_row_crosses_areas() {
    let office = Office::new();
    let mut writer = office.phone(&[RT3]);
    let op = writer.worker(&office, record(1), &nik(1), "SUPARNO");
    assert!(applied(&writer.send(&office, &[op])));
    let matrix: [(&[&str], usize); 6] =
        [(&[RT3], 1), (&["33.02.24.1001.005"], 1), (&["33.02"], 1), (&[RT4], 0), (&[RW6], 0), (&[TELUK], 0)];
    for (areas, told) in matrix {
        let mut phone = office.phone(areas);
        phone.pull(&office);
        assert_eq!(people(&phone), told, "{areas:?}");
    }
    for state in [DeviceState::Retired, DeviceState::Revoked] {
        let mut phone = office.phone(&[RT3]);
        office.service.set_device(BOSS, phone.device, state, START).expect("done");
        phone.pull(&office);
        assert_eq!(phone.base.len(), 0, "{state:?}");
    }
}

#[test]
fn foreign_area_is_refused_and_a_lost_one_held() {
    let office = Office::new();
    let (mut here, mut there) = (office.phone(&[RT3]), office.phone(&[TELUK]));
    let op = here.worker_in(&office, record(1), &nik(1), "SUPARNO", TELUK);
    assert_eq!(status(&here.send(&office, &[op])[0]), (OutcomeStatus::Refused, Some("area_foreign")));
    let op = there.worker_in(&office, record(2), &nik(2), "SUTINAH", TELUK);
    there.send(&office, &[op]);
    // a forged edit of a record it was never told of
    let mut forged = here.edit(&office, record(2), "notes", "bukan milik saya");
    forged.base = Some(payung_domain::id::Base { epoch: office.epoch(), version: 1 });
    assert_eq!(status(&here.send(&office, &[forged])[0]), (OutcomeStatus::Refused, Some("area_foreign")));
    let wide = here.worker_in(&office, record(3), &nik(3), "KARTO", "33.02");
    assert_eq!(status(&here.send(&office, &[wide])[0]), (OutcomeStatus::Refused, Some("area_invalid")));
    // its own area, given up: 60 days later a person looks
    let own = here.worker(&office, record(4), &nik(4), "DARMO");
    here.send(&office, &[own]);
    here.pull(&office);
    office.service.assign(BOSS, here.device, &[area(RT4)], START).expect("assigned");
    office.later(59 * DAY);
    let edit = here.edit(&office, record(4), "notes", "masih sempat");
    assert!(applied(&here.ask(&office, &[edit]).outcomes));
    office.later(2 * DAY);
    let edit = here.edit(&office, record(4), "notes", "terlambat");
    assert_eq!(status(&here.ask(&office, &[edit]).outcomes[0]), (OutcomeStatus::Held, Some("area_foreign")));
}

#[test]
fn growth_backfills_the_new_prefix_and_loss_evicts() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[RT4]));
    let ops: Vec<_> =
        (1..=5).map(|i| one.worker(&office, record(i), &nik(u32::try_from(i).expect("small")), "SUPARNO")).collect();
    one.send(&office, &ops);
    let ops: Vec<_> = (11..=13)
        .map(|i| other.worker_in(&office, record(i), &nik(u32::try_from(i).expect("small")), "SUTINAH", RT4))
        .collect();
    other.send(&office, &ops);
    one.pull(&office);
    assert_eq!(people(&one), 5);
    office.service.assign(BOSS, one.device, &[area(RT3), area(RT4)], START).expect("grown");
    let reply = one.ask(&office, &[]);
    let told: Vec<_> =
        reply.changes.iter().filter(|change| matches!(change, Change::Put(put) if put.area == area(RT3))).collect();
    assert!(told.is_empty(), "the old prefix is not sent again");
    one.take(&reply);
    assert_eq!(people(&one), 8);
    office.service.assign(BOSS, one.device, &[area(RT4)], START).expect("shrunk");
    one.pull(&office);
    assert_eq!(people(&one), 3);
    // a village that shrinks to one RT keeps that RT and the village's own record
    office.service.assign(BOSS, one.device, &[area(VILLAGE)], START).expect("widened");
    one.pull(&office);
    assert_eq!(people(&one), 8);
    office.service.assign(BOSS, one.device, &[area(RT3)], START).expect("shrunk");
    one.pull(&office);
    assert_eq!(people(&one), 5);
    assert!(one.base.values().any(|put| put.kind == Kind::Village));
    // in another village nothing of the old one stays, its own record neither
    office.service.assign(BOSS, one.device, &[area(TELUK)], START).expect("sent elsewhere");
    one.pull(&office);
    assert!(one.base.values().all(|put| !put.area.is_within(&area(VILLAGE))));
    assert_eq!(people(&one), 0);
    // and the sums agree at once, so that nothing is read again
    let reply = one.ask(&office, &[]);
    assert_eq!(reply.checksums.values().copied().sum::<Checksum>(), checksum(&one));
}

fn clinic(office: &Office, place: &str, code: &str, name: &str) {
    let set = [("code", code), ("name", name)].map(|(field, value)| (field.to_owned(), value.into()));
    let record = shared_record(&Kind::Plkk, Some(&area(place)), code);
    let one = Published { record, kind: Kind::Plkk, area: area(place), set: set.into() };
    office.act(Act::Publish { records: vec![one] });
}

fn clinics(phone: &Phone) -> Vec<&str> {
    let mut names: Vec<&str> =
        phone.base.values().filter(|put| put.kind == Kind::Plkk).filter_map(|put| put.body["name"].as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_the_office_shares_reaches_every_phone_of_the_region_and_no_other() {
    let office = Office::new();
    let (mut one, mut two, mut wide) = (office.phone(&[RT3]), office.phone(&[RT3, TELUK]), office.phone(&["33.02"]));
    let mut other = office.phone(&["33.03.01.2001.001.001"]);
    clinic(&office, "33.02", "K-01", "Klinik Contoh 1");
    clinic(&office, "33.03", "K-02", "Klinik Contoh 2");
    clinic(&office, "33", "K-03", "Klinik Contoh 3");
    for phone in [&mut one, &mut two, &mut wide, &mut other] {
        phone.pull(&office);
    }
    for phone in [&one, &two, &wide] {
        assert_eq!(clinics(phone), ["Klinik Contoh 1", "Klinik Contoh 3"]);
    }
    assert_eq!(clinics(&other), ["Klinik Contoh 2", "Klinik Contoh 3"]);
    // a change is told once, and the sums agree, so that nothing is read again
    clinic(&office, "33.02", "K-01", "Klinik Contoh 1 Baru");
    for phone in [&mut one, &mut two, &mut wide] {
        phone.pull(&office);
        assert_eq!(clinics(phone), ["Klinik Contoh 1 Baru", "Klinik Contoh 3"]);
        let reply = phone.ask(&office, &[]);
        assert!(reply.changes.is_empty());
        assert_eq!(reply.checksums.values().copied().sum::<Checksum>(), checksum(phone));
    }
    clinic(&office, "33.02", "K-01", "Klinik Contoh 1 Baru");
    assert!(one.ask(&office, &[]).changes.is_empty(), "the same again is no change");
}

#[test]
fn what_is_shared_goes_with_the_last_part_of_its_region_and_stays_with_any_other() {
    let office = Office::new();
    for (place, code) in [("33", "K-1"), ("33.02", "K-2"), ("33.02.24", "K-3"), ("33.03", "K-4")] {
        clinic(&office, place, code, code);
    }
    let mut phone = office.phone(&["33.02"]);
    for (areas, told) in [
        (&["33.02"][..], &["K-1", "K-2", "K-3"][..]),
        (&[RT3], &["K-1", "K-2", "K-3"]),
        (&[RT3, "33.03.01.2001"], &["K-1", "K-2", "K-3", "K-4"]),
        (&["33.03.01.2001"], &["K-1", "K-4"]),
        (&["33.02.01"], &["K-1", "K-2"]),
        (&[VILLAGE, "33.02.01"], &["K-1", "K-2", "K-3"]),
        (&[RT4], &["K-1", "K-2", "K-3"]),
        (&["33"], &["K-1", "K-2", "K-3", "K-4"]),
    ] {
        let areas: Vec<_> = areas.iter().map(|path| area(path)).collect();
        office.service.assign(BOSS, phone.device, &areas, START).expect("assigned");
        phone.pull(&office);
        assert_eq!(clinics(&phone), told, "{areas:?}");
        let reply = phone.ask(&office, &[]);
        assert_eq!(reply.checksums.values().copied().sum::<Checksum>(), checksum(&phone), "{areas:?}");
    }
}

#[test]
fn phones_write_nothing_that_the_office_shares() {
    let office = Office::new();
    clinic(&office, "33.02", "K-01", "Klinik Contoh 1");
    let mut phone = office.phone(&[RT3]);
    phone.pull(&office);
    let mine = shared_record(&Kind::Plkk, Some(&area("33.02")), "K-01");
    let edit = phone.edit(&office, mine, "name", "Klinik Saya");
    assert_eq!(status(&phone.send(&office, &[edit])[0]), (OutcomeStatus::Refused, Some("kind_server_owned")));
    let worker = Published { record: record(1), kind: Kind::Worker, area: area(RT3), set: [].into() };
    let done = office.service.act(BOSS, Act::Publish { records: vec![worker] }, START);
    assert!(matches!(done, Err(ServiceError::Refused(code)) if code == "kind_not_server_owned"));
}

#[test]
fn moved_record_leaves_one_phone_and_comes_to_the_other_with_its_children() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[TELUK]));
    let worker = one.worker(&office, record(1), &nik(1), "SUPARNO");
    let enroll = one.enroll(&office, record(2), record(1));
    let submit = one.event(&office, record(3), record(2), "submit", &[]);
    one.send(&office, &[worker, enroll, submit]);
    one.pull(&office);
    other.pull(&office);
    office.act(Act::Move { record: record(1), to: area(TELUK) });
    let reply = one.ask(&office, &[]);
    let gone = reply.changes.iter().filter(|change| matches!(change, Change::Gone { to: None, .. })).count();
    assert_eq!(gone, 3);
    one.take(&reply);
    other.pull(&office);
    assert_eq!((people(&one), people(&other)), (0, 1));
    assert!(other.base.contains_key(&record(3)), "children follow");
    // the first official writes on: looked after elsewhere now
    let late = payung_domain::op::Op { base: None, ..one.edit(&office, record(1), "notes", "tadi saya lihat") };
    assert_eq!(status(&one.send(&office, &[late])[0]), (OutcomeStatus::Held, Some("area_foreign")));
}

#[test]
fn record_made_in_an_area_its_phone_has_lost_is_taken_and_leaves_the_phone() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    office.service.assign(BOSS, phone.device, &[area(RT4)], START).expect("assigned");
    phone.pull(&office);
    for again in [false, true] {
        // the answer may get lost
        let reply = phone.ask(&office, std::slice::from_ref(&op));
        assert_eq!(status(&reply.outcomes[0]), (OutcomeStatus::Applied, None), "{again}");
        let gone = |change: &Change| matches!(change, Change::Gone { record: id, .. } if *id == record(1));
        assert!(reply.changes.iter().any(gone), "{again}: {:?}", reply.changes);
    }
    let mut held = office.phone(&[RT3]);
    held.pull(&office);
    assert_eq!(people(&held), 1);
}

#[test]
fn record_that_moves_away_and_back_is_there_once() {
    let office = Office::new();
    let mut both = office.phone(&[VILLAGE, TELUK]);
    let mut one = office.phone(&[RT3]);
    let op = both.worker(&office, record(1), &nik(1), "SUPARNO");
    both.send(&office, &[op]);
    both.pull(&office);
    one.pull(&office);
    office.act(Act::Move { record: record(1), to: area(TELUK) });
    let late = one.ask(&office, &[]);
    office.act(Act::Move { record: record(1), to: area(RT3) });
    one.pull(&office);
    one.take(&late);
    for phone in [&mut both, &mut one] {
        phone.pull(&office);
        assert_eq!(phone.base[&record(1)].area, area(RT3));
        assert_eq!(people(phone), 1);
    }
    // a phone that held both villages saw it move, and never go
    let mut fresh = office.phone(&[VILLAGE, TELUK]);
    let reply = fresh.ask(&office, &[]);
    assert!(!reply.changes.iter().any(|change| matches!(change, Change::Gone { .. })));
    fresh.take(&reply);
    assert_eq!(checksum(&fresh), checksum(&both));
}

#[test]
fn pages_are_small_and_end_with_checksums_that_match() {
    let office = Office::with_limits(PageLimits { changes: 3, bytes: 1 << 20 });
    let mut writer = office.phone(&[VILLAGE]);
    let places = [RT3, RT4, RW6];
    let ops: Vec<_> = (0..20)
        .map(|i| writer.worker_in(&office, record(i.into()), &nik(i), "SUPARNO", places[i as usize % 3]))
        .collect();
    writer.send(&office, &ops);
    let mut reader = office.phone(&[RT3, RW6]);
    let mut pages = 0;
    loop {
        let reply = reader.ask(&office, &[]);
        assert!(reply.changes.len() <= 3);
        assert!(reply.checksums.is_empty() || !reply.more);
        pages += 1;
        reader.take(&reply);
        if !reply.more {
            let mut held: BTreeMap<_, Checksum> = BTreeMap::new();
            for put in reader.base.values() {
                let sum = held.entry(put.area.clone()).or_default();
                *sum = sum.plus(record_check(put.record, put.version));
            }
            assert_eq!(held, reply.checksums);
            break;
        }
    }
    assert!(pages >= 5);
    assert_eq!(people(&reader), 13);
    // an equal total spares them
    let request = Request { cursor: reader.cursor.clone(), checksum: Some(checksum(&reader)), ..Request::default() };
    let reply = office.service.exchange(reader.device, &request, &[], START).expect("a reply");
    assert!(reply.checksums.is_empty() && reply.changes.is_empty() && reply.cursor.is_none() && !reply.more);
}

#[test]
fn large_records_end_a_page_before_its_count() {
    let office = Office::with_limits(PageLimits { changes: 1000, bytes: 2000 });
    let mut writer = office.phone(&[RT3]);
    let ops: Vec<_> = (0..10).map(|i| writer.worker(&office, record(i.into()), &nik(i), "SUPARNO")).collect();
    let outcomes = writer.ask(&office, &ops).outcomes;
    assert!(applied(&outcomes));
    let reply = writer.ask(&office, &[]);
    assert!(reply.more && (1..6).contains(&reply.changes.len()), "{}", reply.changes.len());
    writer.pull(&office);
    assert_eq!(people(&writer), 10);
}

#[test]
fn nothing_to_do_writes_nothing() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[op]);
    phone.pull(&office);
    let version = || -> i64 {
        // counts commits by other connections
        let connection = rusqlite::Connection::open(office.data().join("payung.db")).expect("the database");
        connection.query_row("SELECT count(*) FROM audit", [], |row| row.get(0)).expect("counted")
    };
    let size = || std::fs::metadata(office.data().join("payung.db-wal")).map_or(0, |file| file.len());
    let before = (version(), size());
    for _ in 0..20 {
        phone.pull(&office);
    }
    assert_eq!((version(), size()), before);
}

#[test]
fn operators_of_a_kelurahan_see_their_village_and_no_other() {
    let office = Office::new();
    let mut one = office.phone(&[RT3]);
    let mut other = office.phone(&[TELUK]);
    let a = one.worker(&office, record(1), &nik(1), "SUPARNO");
    let b = other.worker_in(&office, record(2), &nik(2), "SUTINAH", TELUK);
    one.send(&office, &[a]);
    other.send(&office, &[b]);
    let mut operator = office.phone_as(&[VILLAGE], &[Role::KelurahanOperator]);
    operator.pull(&office);
    assert_eq!(people(&operator), 1);
}

#[test]
fn cursor_of_anything_else_reads_everything_again() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[op]);
    for text in ["", "x", "0000000000000001;33.02.24.1001.005.003=9", ";;;=|", "zzzz;33=1"] {
        phone.cursor = Some(payung_protocol::Cursor(text.to_owned()));
        phone.base.clear();
        phone.pull(&office);
        assert_eq!(people(&phone), 1, "{text}");
    }
}
