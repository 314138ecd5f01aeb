//! What every engine must do, as one suite over the trait: the same acts, the same answers.

use super::{
    CardRow, CardsOf, Device, DeviceState, Duplicate, DuplicateState, FeedRow, HeldFilter, Invite, Kept, NikHash,
    Official, OpStatus, PendingAct, RecordFilter, Scope, Storage, StoredOp, WordHash,
};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    field::Kind,
    id::{DeviceId, Epoch, Hlc, OfficialId, OpId, RecordId},
    only::Only,
    op::{Conflict, GoneReason, Op, Outcome, OutcomeStatus, Reissue},
    record::{Alias, Record},
    region::RegionCode,
};
use payung_protocol::{Attestation, Checksum, ReceiverSecret, Role, SigningKey, record_check};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

const PLACES: [&str; 4] =
    ["33.02.24.1001.005.003", "33.02.24.1001.005.004", "33.02.24.1001.006.001", "33.02.24.1002.001.001"];
/// Where shared records are.
const REGIONS: [&str; 4] = ["33.02.24.1001", "33.02.24", "33.02", "33.03"];

fn area(path: &str) -> Area {
    Area::parse(path).expect("an area")
}

fn id(n: u128) -> RecordId {
    RecordId(Uuid::from_u128(n))
}

fn device_id(n: u128) -> DeviceId {
    DeviceId(Uuid::from_u128(n))
}

fn record(n: u128, place: &str) -> Record {
    let mut record = Record::new(id(n), Kind::Worker, area(place));
    record.version = 1;
    record.body.insert("name".to_owned(), json!(format!("Orang {n}")));
    record
}

fn shared(n: u128) -> Record {
    let mut record = Record::new(id(n), Kind::Plkk, area(REGIONS[usize::try_from(n % 4).expect("small")]));
    record.version = 1;
    record.body.insert("name".to_owned(), json!(format!("Klinik Contoh {n}")));
    record
}

fn op(n: u64, of: u128) -> Op {
    Op {
        n,
        record: id(of),
        kind: Kind::Worker,
        area: area(PLACES[0]),
        base: None,
        set: BTreeMap::from([("name".to_owned(), json!(format!("Orang {of}")))]),
        resolve: BTreeMap::new(),
        hlc: Hlc(7),
        reissue: None,
        stale: Vec::new(),
        receipt: None,
    }
}

fn stored(device: u128, n: u64, of: u128) -> StoredOp {
    let op = op(n, of);
    StoredOp {
        device: device_id(device),
        hash: op.hash(),
        received_at: 5,
        status: OpStatus::Applied,
        waits_for: None,
        outcome: Some(Outcome {
            n,
            status: OutcomeStatus::Applied,
            record: id(of),
            version: 1,
            duplicate_of: None,
            fields: BTreeMap::new(),
            code: None,
        }),
        op,
    }
}

fn save(storage: &dyn Storage, records: &mut [Kept]) {
    let unit = storage.write().expect("a unit");
    unit.save(records).expect("saved");
    unit.commit().expect("durable");
}

/// Runs the whole suite; `make` gives an empty storage each time.
pub(crate) fn suite<S: Storage>(make: impl Fn() -> S) {
    dropped_unit_leaves_nothing(&make());
    saved_record_comes_back_as_it_was(&make());
    scope_is_kept_by_every_look_at_records(&make());
    one_persons_and_one_clinics_records_are_found(&make());
    feed_is_in_the_order_of_commits(&make());
    ops_are_found_by_name_and_outcomes_dropped(&make());
    members_of_an_ecosystem_are_replaced_whole(&make());
    cards_are_found_by_person_number_and_place_and_outlive_the_person(&make());
    held_ops_are_found_by_what_they_wait_for(&make());
    first_claim_stands(&make());
    names_are_found_by_all_their_words(&make());
    people_devices_and_invites_come_back(&make());
    pairs_acts_and_counters_come_back(&make());
    random_saves_and_moves_keep_feed_and_checksums(&make);
}

fn dropped_unit_leaves_nothing(storage: &dyn Storage) {
    let unit = storage.write().expect("a unit");
    unit.save(&mut [Kept::new(record(1, PLACES[0]))]).expect("saved");
    unit.store_ops(&[stored(1, 1, 1)]).expect("stored");
    unit.append_audit(1, "x", "y", "{}").expect("appended");
    assert_eq!(unit.records(&[id(1)], &Scope::Office).expect("read").len(), 1, "a unit reads its own writes");
    drop(unit);
    let unit = storage.read().expect("a unit");
    assert!(unit.records(&[id(1)], &Scope::Office).expect("read").is_empty());
    assert!(unit.history(id(1)).expect("read").is_empty());
    assert!(unit.audit(0, 9).expect("read").is_empty());
    assert!(unit.heads(&area("33.02")).expect("read").is_empty());
}

fn saved_record_comes_back_as_it_was(storage: &dyn Storage) {
    let mut one = record(1, PLACES[0]);
    one.body.insert("unknown_field".to_owned(), json!({ "deep": [1, null, "é"] }));
    one.conflicts.insert("name".to_owned(), Conflict::default());
    one.received.entry("name".to_owned()).or_default().insert(device_id(9), 4);
    save(storage, &mut [Kept::new(one.clone())]);
    let unit = storage.read().expect("a unit");
    let back = unit.records(&[id(1), id(2)], &Scope::Office).expect("read");
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].record, one);
    assert!(back[0].is_stored());
    let open = RecordFilter { conflict: true, ..RecordFilter::default() };
    assert_eq!(unit.find(&open, &Scope::Office, None, 9).expect("found").len(), 1);
}

fn one_persons_and_one_clinics_records_are_found(storage: &dyn Storage) {
    let of = |n: u128, kind: Kind, fields: serde_json::Value| {
        let mut one = Record::new(id(n), kind, area(PLACES[0]));
        one.version = 3;
        one.body = fields.as_object().expect("fields").clone().into_iter().collect();
        Kept::new(one)
    };
    // a person, one linked to them, and a neighbour; what hangs on each
    let mut linked = record(2, PLACES[1]);
    linked.alias = Some(Alias {
        survivor: id(1),
        loser_version: 1,
        survivor_version: 1,
        equal: std::collections::BTreeSet::new(),
        before: BTreeMap::new(),
    });
    let report = |n: u128, worker: u128, clinic: &str| {
        of(n, Kind::AccidentReport, json!({ "worker": id(worker), "clinic": clinic }))
    };
    let mut all = vec![
        Kept::new(record(1, PLACES[0])),
        Kept::new(linked),
        Kept::new(record(3, PLACES[0])),
        of(4, Kind::Enrollment, json!({ "worker": id(2) })),
        of(5, Kind::EnrollmentEvent, json!({ "enrollment": id(4) })),
        of(6, Kind::Visit, json!({ "worker": id(1) })),
        report(7, 1, "K-01"),
        of(8, Kind::FollowUp, json!({ "of": id(7) })),
        report(9, 3, "K-01"),
        report(10, 3, "K-02"),
    ];
    save(storage, &mut all);
    let unit = storage.write().expect("a unit");
    unit.store_ops(&[
        StoredOp { received_at: 100, ..stored(1, 1, 7) },
        StoredOp { received_at: 40, ..stored(1, 2, 9) },
    ])
    .expect("stored");
    unit.commit().expect("durable");
    let unit = storage.read().expect("a unit");
    let found = |only: &Only, since: i64| -> Vec<u128> {
        let found = unit.concerned(only, since).expect("read");
        assert!(found.iter().all(|one| one.version == if one.record.0.as_u128() < 4 { 1 } else { 3 }));
        found.iter().map(|one| one.record.0.as_u128()).collect()
    };
    let worker = |n: u128| Only::Worker { record: id(n), area: area(PLACES[0]) };
    let clinic = |code: &str| Only::Clinic { code: code.to_owned(), area: area("33.02") };
    assert_eq!(found(&worker(1), 0), [1, 2, 4, 5, 7, 8]);
    assert_eq!(found(&worker(2), 0), found(&worker(1), 0), "the same person by the other record");
    assert_eq!(found(&worker(3), 0), [3, 9, 10]);
    assert_eq!(found(&worker(99), 0), [0; 0]);
    assert_eq!(found(&clinic("K-01"), 0), [1, 3, 7, 8, 9]);
    assert_eq!(found(&clinic("K-01"), 41), [1, 7, 8], "the other came too long ago");
    assert_eq!(found(&clinic("K-02"), 41), [3, 10]);
    assert_eq!(found(&clinic("K-0"), 0), [0; 0]);
}

fn scope_is_kept_by_every_look_at_records(storage: &dyn Storage) {
    let mut all: Vec<Kept> =
        (0..4).map(|n| Kept::new(record(n + 1, PLACES[usize::try_from(n).expect("small")]))).collect();
    for (n, place) in (0..4).zip(PLACES) {
        let mut child = Record::new(id(n + 11), Kind::Enrollment, area(place));
        child.version = 1;
        child.body.insert("worker".to_owned(), json!(id(n + 1)));
        child.body.insert("status".to_owned(), json!("received"));
        all.push(Kept::new(child));
    }
    save(storage, &mut all);
    let unit = storage.write().expect("a unit");
    for n in 1..=4 {
        unit.index_name(id(n), &[], &[WordHash([7; 8])]).expect("indexed");
    }
    let ids: Vec<RecordId> = (1..=4).map(id).collect();
    let cases =
        [("33.02.24.1001.005.003", 1), ("33.02.24.1001.005", 2), ("33.02.24.1001", 3), ("33", 4), ("33.02.24.1003", 0)];
    for (path, count) in cases {
        let scope = Scope::Areas(vec![area(path)]);
        assert_eq!(unit.records(&ids, &scope).expect("read").len(), count, "{path}");
        assert_eq!(unit.children(&ids, &scope).expect("read").len(), count, "{path}");
        let workers = RecordFilter { kind: Some(Kind::Worker), ..RecordFilter::default() };
        assert_eq!(unit.find(&workers, &scope, None, 9).expect("found").len(), count, "{path}");
        assert_eq!(unit.by_name(&[WordHash([7; 8])], &scope, None, 9).expect("found").len(), count, "{path}");
        assert_eq!(unit.checksums(&scope).expect("read").len(), count, "{path}");
        let told: usize = unit
            .heads(&area(path))
            .expect("read")
            .iter()
            .map(|(village, _)| unit.changes_since(&area(path), village, 0, &scope, 99).expect("read").len())
            .sum();
        assert_eq!(told, 2 * count, "{path}");
    }
    assert!(unit.records(&ids, &Scope::Areas(Vec::new())).expect("read").is_empty());
    assert_eq!(unit.child_states(&ids).expect("read").len(), 4);
    let filter = RecordFilter { status: Some("received".to_owned()), ..RecordFilter::default() };
    let page = unit.find(&filter, &Scope::Office, None, 3).expect("found");
    let rest = unit.find(&filter, &Scope::Office, page.last().map(|kept| kept.record.id), 3).expect("found");
    assert_eq!((page.len(), rest.len()), (3, 1));
}

fn feed_is_in_the_order_of_commits(storage: &dyn Storage) {
    save(storage, &mut [Kept::new(record(1, PLACES[0])), Kept::new(record(2, PLACES[1]))]);
    let village = "33.02.24.1001";
    let scope = Scope::Areas(vec![area(village)]);
    let unit = storage.write().expect("a unit");
    let mut again = unit.records(&[id(1)], &Scope::Office).expect("read");
    unit.save(&mut again).expect("saved");
    assert_eq!(unit.heads(&area(village)).expect("read"), [(village.to_owned(), 2)], "what did not change is not told");
    again[0].record.version = 2;
    unit.save(&mut again).expect("saved");
    let rows = unit.changes_since(&area(village), village, 0, &scope, 9).expect("read");
    let told: Vec<(u64, RecordId)> = rows
        .iter()
        .map(|row| match row {
            FeedRow::Put { seq, record } => (*seq, record.id),
            FeedRow::Gone(gone) => (gone.seq, gone.record),
        })
        .collect();
    assert_eq!(told, [(2, id(2)), (3, id(1))]);
    // away: its removal is told to whom it left, and to nobody who still has it
    again[0].record.version = 3;
    again[0].record.area = area(PLACES[3]);
    unit.save(&mut again).expect("saved");
    let rt = area(PLACES[0]);
    let gone = unit.changes_since(&rt, village, 3, &Scope::Areas(vec![rt.clone()]), 9).expect("read");
    assert!(
        matches!(&gone[..], [FeedRow::Gone(gone)] if gone.record == id(1) && gone.version == 3 && gone.why == GoneReason::Moved)
    );
    let both = Scope::Areas(vec![rt.clone(), area(PLACES[3])]);
    assert!(unit.changes_since(&rt, village, 3, &both, 9).expect("read").is_empty());
    assert!(unit.was_within(id(1), &Scope::Areas(vec![rt.clone()])).expect("read"));
    assert!(!unit.was_within(id(2), &Scope::Areas(vec![rt.clone()])).expect("read"));
    assert_eq!(unit.erased_within(&Scope::Areas(vec![rt.clone()])).expect("read"), 0, "moved is not erased");
    unit.bury(id(7), &rt, GoneReason::Erased, 1).expect("buried");
    unit.bury(id(7), &rt, GoneReason::Erased, 2).expect("buried");
    assert_eq!(unit.erased_within(&Scope::Areas(vec![rt])).expect("read"), 1);
    assert_eq!(unit.erased_within(&Scope::Areas(vec![area(PLACES[3])])).expect("read"), 0);
}

fn ops_are_found_by_name_and_outcomes_dropped(storage: &dyn Storage) {
    let unit = storage.write().expect("a unit");
    unit.save_device(&device(1)).expect("saved");
    let all: Vec<StoredOp> = (1..=4).map(|n| stored(1, n, 1)).collect();
    unit.store_ops(&all).expect("stored");
    unit.store_ops(&[stored(2, 1, 1)]).expect("stored");
    let known = unit.known_ops(device_id(1), &[1, 3, 9]).expect("read");
    assert_eq!(known.iter().map(|op| (op.n, op.hash)).collect::<Vec<_>>(), [(1, all[0].hash), (3, all[2].hash)]);
    assert_eq!(known[0].outcome, all[0].outcome);
    unit.drop_outcomes(device_id(1), 3).expect("dropped");
    let known = unit.known_ops(device_id(1), &[3, 4]).expect("read");
    assert_eq!((known[0].hash, known[0].outcome.is_some(), known[1].outcome.is_some()), (all[2].hash, false, true));
    assert_eq!(unit.device(device_id(1)).expect("read").expect("there").seen_through, 3);
    assert!(unit.known_ops(device_id(2), &[1]).expect("read")[0].outcome.is_some(), "of that device only");
    assert_eq!(unit.history(id(1)).expect("read").len(), 5);
    assert_eq!(unit.stored_op(all[3].id()).expect("read").expect("there"), all[3]);
    assert_eq!(
        (unit.highest_number(device_id(1)).expect("read"), unit.highest_number(device_id(7)).expect("read")),
        (4, 0)
    );
    let old = Reissue { device: device_id(1), n: 1, hash: all[0].hash };
    let new = OpId { device: device_id(2), n: 5 };
    unit.take(&old, new).expect("taken");
    let other = Reissue { hash: all[1].hash, ..old };
    assert_eq!(unit.taken(&[old, other]).expect("read"), [(old, new)]);
    unit.quarantine(&all[0]).expect("kept aside");
    unit.quarantine(&all[0]).expect("twice is once");
    unit.quarantine(&all[1]).expect("kept aside");
    let aside = || unit.quarantined().expect("read").iter().map(|op| (op.id(), op.hash)).collect::<Vec<_>>();
    assert_eq!(aside(), [(all[1].id(), all[1].hash)], "the other was issued anew");
    let name = Reissue { device: all[1].device, n: all[1].op.n, hash: all[1].hash };
    unit.drop_quarantined(&Reissue { hash: all[0].hash, ..name }).expect("another hash");
    assert_eq!(aside().len(), 1);
    unit.drop_quarantined(&name).expect("dropped");
    assert!(aside().is_empty());
}

fn members_of_an_ecosystem_are_replaced_whole(storage: &dyn Storage) {
    let (one, two, three) = (NikHash([1; 16]), NikHash([2; 16]), NikHash([3; 16]));
    let unit = storage.write().expect("a unit");
    unit.set_ecosystem_members(id(1), &[two, one, two]).expect("saved");
    unit.set_ecosystem_members(id(2), &[one]).expect("saved");
    assert_eq!(unit.ecosystem_members(id(1)).expect("read"), [one, two]);
    unit.set_ecosystem_members(id(1), &[three]).expect("saved");
    assert_eq!(unit.ecosystem_members(id(1)).expect("read"), [three]);
    assert_eq!(unit.ecosystem_members(id(2)).expect("read"), [one], "another's are left alone");
}

fn cards_are_found_by_person_number_and_place_and_outlive_the_person(storage: &dyn Storage) {
    let (banyumas, banjarnegara) =
        (RegionCode::parse("33.02").expect("a code"), RegionCode::parse("33.04").expect("a code"));
    let last = |day| NaiveDate::from_ymd_opt(2027, 11, day).expect("a day");
    let card = |name: &str, worker: u128, list, place, day| CardRow {
        id: name.to_owned(),
        worker: Some(id(worker)),
        list,
        place,
        facts: [9; 16],
        revoked: false,
        expires: last(day),
    };
    let (a, b, c) = (card("A", 1, banyumas, 7, 1), card("B", 1, banyumas, 3, 2), card("C", 2, banjarnegara, 7, 3));
    let unit = storage.write().expect("a unit");
    unit.save_cards(&[a.clone(), b.clone(), c.clone()]).expect("saved");
    assert_eq!(unit.cards(&CardsOf::Worker(id(1))).expect("read"), [a.clone(), b.clone()]);
    assert_eq!(unit.cards(&CardsOf::Number("C")).expect("read"), std::slice::from_ref(&c));
    assert_eq!(unit.cards(&CardsOf::Place(banyumas, 7)).expect("read"), std::slice::from_ref(&a));
    assert!(unit.save_cards(&[card("D", 3, banyumas, 3, 4)]).is_err(), "a place is one card's");
    assert!(unit.cards(&CardsOf::Revoked(banyumas)).expect("read").is_empty());
    assert_eq!(unit.card_lists().expect("read"), [banyumas, banjarnegara]);
    unit.save_cards(&[CardRow { revoked: true, ..a.clone() }]).expect("saved");
    unit.erase(id(1)).expect("erased");
    let gone = |card: CardRow| CardRow { worker: None, revoked: true, ..card };
    assert_eq!(unit.cards(&CardsOf::Revoked(banyumas)).expect("read"), [gone(b.clone()), gone(a)], "by their places");
    assert!(unit.cards(&CardsOf::Worker(id(1))).expect("read").is_empty());
    assert_eq!(unit.drop_cards(last(2)).expect("dropped"), 1);
    assert_eq!(unit.cards(&CardsOf::Revoked(banyumas)).expect("read"), [gone(b)]);
}

fn held_ops_are_found_by_what_they_wait_for(storage: &dyn Storage) {
    let unit = storage.write().expect("a unit");
    let held = |n, waits_for| StoredOp { status: OpStatus::Held, waits_for, ..stored(1, n, 1) };
    unit.store_ops(&[held(1, Some(id(8))), held(2, None), stored(1, 3, 1)]).expect("stored");
    let numbers = |filter: &HeldFilter| unit.held(filter).expect("read").iter().map(|op| op.op.n).collect::<Vec<_>>();
    assert_eq!(numbers(&HeldFilter::All), [1, 2]);
    assert_eq!(numbers(&HeldFilter::Device(device_id(1))), [1, 2]);
    assert!(numbers(&HeldFilter::Device(device_id(2))).is_empty());
    assert_eq!(numbers(&HeldFilter::WaitingFor(vec![id(8), id(9)])), [1]);
    unit.store_ops(&[StoredOp { status: OpStatus::Applied, waits_for: None, ..held(1, None) }]).expect("released");
    assert_eq!(numbers(&HeldFilter::All), [2]);
}

fn first_claim_stands(storage: &dyn Storage) {
    let (a, b) = (NikHash([1; 16]), NikHash([2; 16]));
    let unit = storage.write().expect("a unit");
    assert_eq!(unit.claim_niks(&[(a, id(1)), (a, id(2)), (b, id(3))]).expect("claimed"), [id(1), id(1), id(3)]);
    unit.release_niks(&[(a, id(2))]).expect("not theirs");
    assert_eq!(unit.claims(&[a, b, NikHash([9; 16])]).expect("read"), [(a, id(1)), (b, id(3))]);
    unit.release_niks(&[(a, id(1))]).expect("given up");
    assert_eq!(unit.claim_niks(&[(a, id(2))]).expect("claimed"), [id(2)]);
    unit.hand_claim(a, id(5)).expect("handed");
    assert_eq!(unit.claims(&[a]).expect("read"), [(a, id(5))]);
    unit.add_known_members(&[a, a]).expect("added");
    assert_eq!(unit.known_members(&[a, b]).expect("read"), [a]);
}

fn names_are_found_by_all_their_words(storage: &dyn Storage) {
    save(storage, &mut [Kept::new(record(1, PLACES[0])), Kept::new(record(2, PLACES[0]))]);
    let word = |n| WordHash([n; 8]);
    let unit = storage.write().expect("a unit");
    unit.index_name(id(1), &[], &[word(1), word(2)]).expect("indexed");
    unit.index_name(id(2), &[], &[word(1), word(3)]).expect("indexed");
    let found = |words: &[WordHash]| unit.by_name(words, &Scope::Office, None, 9).expect("found").len();
    assert_eq!((found(&[word(1)]), found(&[word(1), word(3)]), found(&[word(2), word(3)]), found(&[])), (2, 1, 0, 0));
    unit.index_name(id(2), &[word(1), word(3)], &[word(2), word(3)]).expect("renamed");
    assert_eq!((found(&[word(1)]), found(&[word(2)])), (1, 2));
}

fn device(n: u128) -> Device {
    let key = [u8::try_from(n).expect("small") + 1; 32];
    Device {
        id: device_id(n),
        official: OfficialId(Uuid::from_u128(50)),
        state: DeviceState::Active,
        seen_through: 0,
        session_key: SigningKey::from_bytes(&key).verifying_key(),
        device_key: ReceiverSecret::from_bytes(&key).expect("a key").receiver_key(),
        roles: vec![Role::Official],
        areas: vec![area(PLACES[0])],
        only: None,
        left: vec![(area(PLACES[1]), 12)],
        joined_at: 3,
        certificate: vec![1, 2, 3],
        unfetched: true,
        wipe: true,
        attestation: Some(Attestation { format: "android_key".to_owned(), statement: vec![5, 6] }),
        invite: [4; 32],
    }
}

fn people_devices_and_invites_come_back(storage: &dyn Storage) {
    let unit = storage.write().expect("a unit");
    let mut one = device(1);
    unit.save_device(&one).expect("saved");
    one.state = DeviceState::Revoked;
    unit.save_device(&one).expect("saved again");
    unit.save_device(&device(2)).expect("saved");
    assert_eq!(unit.device(device_id(1)).expect("read"), Some(one.clone()));
    assert_eq!(unit.devices().expect("read"), [one, device(2)]);
    assert_eq!(unit.device(device_id(3)).expect("read"), None);
    let official: Official = serde_json::from_value(json!({
        "id": OfficialId(Uuid::from_u128(50)), "name": "Bu Siti", "roles": ["official"], "since": 4,
    }))
    .expect("an official");
    unit.save_official(&official).expect("saved");
    assert_eq!(unit.officials().expect("read"), [official]);
    let mut invite = Invite {
        hash: [9; 32],
        official: OfficialId(Uuid::from_u128(50)),
        roles: vec![Role::Official],
        areas: vec![area(PLACES[0])],
        only: None,
        expires: 77,
        replaces: None,
        used: None,
    };
    unit.save_invite(&invite).expect("saved");
    invite.used = Some((device_id(1), 5));
    unit.save_invite(&invite).expect("used");
    assert_eq!(unit.invite(&[9; 32]).expect("read"), Some(invite.clone()));
    assert_eq!(unit.invites().expect("read"), [invite]);
    assert_eq!(unit.invite(&[8; 32]).expect("read"), None);
}

fn pairs_acts_and_counters_come_back(storage: &dyn Storage) {
    let unit = storage.write().expect("a unit");
    assert_eq!(unit.epoch().expect("read"), Epoch(0));
    unit.set_epoch(Epoch(u64::MAX)).expect("set");
    assert_eq!(unit.epoch().expect("read"), Epoch(u64::MAX));
    unit.set_counter("x", 3).expect("set");
    assert_eq!((unit.counter("x").expect("read"), unit.counter("y").expect("read")), (3, 0));
    let mut pair = Duplicate {
        token: [3; 16],
        later: id(2),
        earlier: id(1),
        state: DuplicateState::Review,
        opened_at: 5,
        decided_at: None,
        closed: Vec::new(),
    };
    unit.save_duplicate(&pair).expect("saved");
    pair.state = DuplicateState::Linked;
    pair.closed = vec![(id(9), "received".to_owned())];
    unit.save_duplicate(&pair).expect("decided");
    assert_eq!(unit.duplicate(&[3; 16]).expect("read"), Some(pair.clone()));
    assert_eq!(unit.duplicates(Some(id(1)), None).expect("read"), [pair.clone()]);
    assert_eq!(unit.duplicates(None, Some(DuplicateState::Linked)).expect("read"), [pair]);
    assert!(unit.duplicates(Some(id(1)), Some(DuplicateState::Review)).expect("read").is_empty());
    let act = PendingAct { seq: 4, record: id(1), act: b"act".to_vec() };
    unit.save_pending_act(&act).expect("saved");
    assert!(
        unit.pending_acts(Some(&[id(1)])).expect("read") == [act.clone()]
            && unit.pending_acts(None).expect("read") == [act]
    );
    assert!(unit.pending_acts(Some(&[id(2)])).expect("read").is_empty());
    unit.drop_pending_act(4).expect("dropped");
    assert!(unit.pending_acts(None).expect("read").is_empty());
    unit.append_audit(1, "a", "b", "{}").expect("appended");
    unit.append_audit(2, "a", "b", "{}").expect("appended");
    let lines = unit.audit(0, 9).expect("read");
    assert_eq!(lines.iter().map(|line| line.at).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(lines[0].hash, lines[1].hash);
    assert_eq!(unit.audit(lines[0].seq, 9).expect("read").len(), 1);
}

/// Random saves and moves against a plain map: whoever follows the feed of a prefix holds exactly what is in it, and
/// the running checksums are those of what is there.
fn random_saves_and_moves_keep_feed_and_checksums<S: Storage>(make: &impl Fn() -> S) {
    // of the records 8 to 11 each is shared in a region of its own
    let steps = prop::collection::vec((1..12_u128, 0..4_usize, any::<bool>(), 1..4_usize), 1..40);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let played = runner.run(&steps, |steps| {
        let storage = make();
        let mut all: BTreeMap<RecordId, Record> = BTreeMap::new();
        let prefixes: Vec<Area> = ["33", "33.02", "33.02.24.1001", "33.02.24.1001.005", PLACES[0], PLACES[3]]
            .iter()
            .map(|path| area(path))
            .collect();
        let mut readers: Vec<Reader> = prefixes.iter().cloned().map(Reader::new).collect();
        for (n, place, roll_back, page) in steps {
            let unit = storage.write().expect("a unit");
            let mut kept = unit.records(&[id(n)], &Scope::Office).expect("read");
            if kept.is_empty() {
                kept.push(Kept::new(if n < 8 { record(n, PLACES[place]) } else { shared(n) }));
            } else {
                kept[0].record.version += 1;
                if n < 8 {
                    kept[0].record.area = area(PLACES[place]);
                }
            }
            unit.save(&mut kept).expect("saved");
            if roll_back && n % 3 == 0 {
                drop(unit);
            } else {
                unit.commit().expect("durable");
                all.insert(id(n), kept.remove(0).record);
            }
            for reader in &mut readers {
                reader.follow(&storage, page, 1);
            }
        }
        for reader in &mut readers {
            reader.follow(&storage, 3, usize::MAX);
            let there = |record: &&Record| {
                record.area.is_within(&reader.prefix)
                    || record.kind.is_server_owned() && reader.prefix.is_within(&record.area)
            };
            let expected: BTreeMap<RecordId, u64> = all.values().filter(there).map(|r| (r.id, r.version)).collect();
            prop_assert_eq!(&reader.held, &expected, "{:?}", reader.prefix);
            let sum: Checksum = all.values().filter(there).map(|r| record_check(r.id, r.version)).sum();
            let unit = storage.read().expect("a unit");
            let own = unit.checksums(&reader.scope()).expect("read").into_iter().map(|(_, sum)| sum);
            let above = reader.prefix.regions_above();
            let above = above.iter().filter_map(|region| unit.shared_checksum(region).expect("read"));
            prop_assert_eq!(own.chain(above).sum::<Checksum>(), sum);
            for region in REGIONS {
                let told = unit.shared(&area(region)).expect("read");
                let there = |record: &&Record| record.kind.is_server_owned() && record.area == area(region);
                prop_assert_eq!(
                    told.iter().map(|kept| &kept.record).collect::<Vec<_>>(),
                    all.values().filter(there).collect::<Vec<_>>()
                );
            }
        }
        Ok(())
    });
    played.unwrap_or_else(|error| panic!("{error}"));
}

/// Follows the feed of one prefix as a phone does.
struct Reader {
    prefix: Area,
    marks: BTreeMap<String, u64>,
    held: BTreeMap<RecordId, u64>,
}

impl Reader {
    fn new(prefix: Area) -> Self {
        Self { prefix, marks: BTreeMap::new(), held: BTreeMap::new() }
    }

    fn scope(&self) -> Scope {
        Scope::Areas(vec![self.prefix.clone()])
    }

    fn follow(&mut self, storage: &dyn Storage, page: usize, pages: usize) {
        let (unit, scope) = (storage.read().expect("a unit"), self.scope());
        for (village, head) in unit.heads(&self.prefix).expect("read") {
            for _ in 0..pages {
                let mark = self.marks.entry(village.clone()).or_default();
                let rows = unit.changes_since(&self.prefix, &village, *mark, &scope, page).expect("read");
                *mark = if rows.len() == page { rows.last().map_or(head, FeedRow::seq) } else { head };
                let whole = rows.len() < page;
                for row in rows {
                    match row {
                        FeedRow::Put { record, .. } => {
                            let held = self.held.entry(record.id).or_default();
                            *held = record.version.max(*held);
                        }
                        FeedRow::Gone(gone) => {
                            if self.held.get(&gone.record).is_some_and(|held| *held <= gone.version) {
                                self.held.remove(&gone.record);
                            }
                        }
                    }
                }
                if whole {
                    break;
                }
            }
        }
    }
}
