//! A database put back from a copy: a new epoch, the journal, and phones that offer again.

use super::office::*;
use crate::{
    service::operator::Act,
    storage::{DeviceState, OpStatus},
};
use payung_domain::{
    id::{Base, OpId},
    op::{Op, Outcome, OutcomeStatus},
};

/// An acknowledged op as it is offered again, with its receipt of the epoch before.
fn again(op: &Op, receipt: Base) -> Op {
    Op { receipt: Some(receipt), ..op.clone() }
}

fn receipt(office: &Office, outcome: &Outcome) -> Base {
    Base { epoch: office.epoch(), version: outcome.version }
}

#[test]
fn request_that_finds_the_new_epoch_carries_the_old_seen_through_and_the_op_is_applied() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[create]);
    phone.pull(&office);
    let copy = office.backup();
    let edit = phone.edit(&office, record(1), "notes", "setelah salinan");
    let told = phone.ask(&office, std::slice::from_ref(&edit));
    let receipt = receipt(&office, &told.outcomes[0]);
    phone.take(&told);
    phone.pull(&office);
    phone.seen_through = 2;
    phone.send(&office, &[]);
    let office = office.restore(&copy);
    // discovers the epoch; the mark is of the old one and must not count
    let reply = phone.ask(&office, &[]);
    assert_ne!(Some(reply.epoch), phone.epoch);
    phone.base.clear();
    phone.take(&reply);
    phone.seen_through = 1;
    let outcome = &phone.send(&office, &[again(&edit, receipt)])[0];
    assert_eq!(status(outcome), (OutcomeStatus::Applied, None));
    assert_eq!(office.record(record(1)).value("notes"), "setelah salinan");
}

#[test]
fn old_seen_through_in_a_late_bundle_drops_no_outcome_of_the_new_epoch() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, std::slice::from_ref(&create));
    phone.pull(&office);
    let copy = office.backup();
    let mut late = phone.clone();
    late.seen_through = 5;
    let office = office.restore(&copy);
    late.ask(&office, &[]);
    let told = &phone.ask(&office, &[create]).outcomes[0];
    assert_eq!(told.status, OutcomeStatus::Applied, "the stored outcome is still there");
}

#[test]
fn two_phones_offer_a_chain_again_in_either_order_and_the_last_word_stands() {
    for b_first in [false, true] {
        let office = Office::new();
        let (mut a, mut b) = (office.phone(&[RT3]), office.phone(&[RT3]));
        let create = a.worker(&office, record(1), &nik(1), "SUPARNO");
        a.send(&office, &[create]);
        a.pull(&office);
        let copy = office.backup();
        let a1 = a.edit(&office, record(1), "name", "SUPARNO A");
        let ra = receipt(&office, &a.send(&office, std::slice::from_ref(&a1))[0]);
        b.pull(&office);
        let b1 = b.edit(&office, record(1), "name", "SUPARNO B");
        let rb = receipt(&office, &b.send(&office, std::slice::from_ref(&b1))[0]);
        let office = office.restore(&copy);
        let mut offers = [(&mut a, again(&a1, ra)), (&mut b, again(&b1, rb))];
        if b_first {
            offers.reverse();
        }
        for (phone, op) in offers {
            phone.base.clear();
            phone.cursor = None;
            assert!(applied(&phone.send(&office, &[op])));
        }
        let stands = office.record(record(1));
        assert_eq!(stands.value("name"), "SUPARNO B", "b first: {b_first}");
        assert!(stands.conflicts.is_empty());
    }
}

#[test]
fn revoked_phone_learns_of_the_new_epoch_and_is_told_nothing_else() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let op = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, &[op]);
    phone.pull(&office);
    office.service.set_device(BOSS, phone.device, DeviceState::Revoked, START).expect("revoked");
    let quiet = phone.ask(&office, &[]);
    assert!(quiet.cursor.is_none() && quiet.changes.is_empty() && quiet.checksums.is_empty());
    let copy = office.backup();
    let office = office.restore(&copy);
    let reply = phone.ask(&office, &[]);
    assert_eq!(reply.epoch, office.epoch());
    assert!(reply.changes.is_empty());
    phone.take(&reply);
    let marks = phone.cursor.clone().expect("of the new epoch");
    assert!(marks.0.starts_with(&office.epoch().to_string()), "{marks:?}");
    assert!(phone.ask(&office, &[]).cursor.is_none());
}

#[test]
fn journal_does_again_what_the_copy_lacks_and_what_waits_comes_with_its_record() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let enroll = phone.enroll(&office, record(2), record(1));
    let submit = phone.event(&office, record(3), record(2), "submit", &[]);
    phone.send(&office, &[worker, enroll, submit]);
    phone.pull(&office);
    let copy = office.backup();
    office.act(Act::Verify { enrollment: record(2) });
    // a phone that joins, registers and is verified after the copy
    let mut new = office.phone(&[RT3]);
    let ops = [
        new.worker(&office, record(11), &nik(2), "SUTINAH"),
        new.enroll(&office, record(12), record(11)),
        new.event(&office, record(13), record(12), "submit", &[]),
    ];
    let outcomes = new.send(&office, &ops);
    let receipts: Vec<Base> = outcomes.iter().map(|outcome| receipt(&office, outcome)).collect();
    office.act(Act::Verify { enrollment: record(12) });
    let office = office.restore(&copy);
    assert_eq!(office.record(record(2)).text("status"), Some("verified"));
    assert!(office.find(record(12)).is_none());
    assert_eq!(office.service.pending_acts().expect("listed").len(), 1);
    let offered: Vec<Op> = ops.iter().zip(receipts).map(|(op, receipt)| again(op, receipt)).collect();
    new.base.clear();
    assert!(applied(&new.send(&office, &offered)), "the device is known again, too");
    assert_eq!(office.record(record(12)).text("status"), Some("verified"));
    assert!(office.service.pending_acts().expect("listed").is_empty());
    // once done, never again: an act is not repeated by the next start
    let before = office.dump();
    let data = office.data();
    let Office { dir, service, .. } = office;
    drop(service);
    let service = crate::service::Service::open_existing(&crate::service::DataDir::new(data)).expect("again");
    let office = Office { service, ..Office::new() };
    assert_eq!(office.dump(), before);
    drop(dir);
}

#[test]
fn release_of_a_held_op_is_done_again_when_the_op_comes_again_and_takes_effect_once() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    phone.pull(&office);
    let copy = office.backup();
    office.service.set_device(BOSS, phone.device, DeviceState::Revoked, START).expect("revoked");
    let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, std::slice::from_ref(&create));
    let op = OpId { device: phone.device, n: create.n };
    office.act(Act::Release { op, record: record(1) });
    let office = office.restore(&copy);
    assert!(office.find(record(1)).is_none());
    phone.send(&office, std::slice::from_ref(&create));
    assert_eq!(office.record(record(1)).text("name"), Some("SUPARNO"), "nobody need decide it again");
    assert!(office.service.pending_acts().expect("listed").is_empty());
    // joined again before it was told of that
    let mut joined = office.rejoin(&phone, &[RT3]);
    joined.n = 1;
    let reissue = Some(payung_domain::op::Reissue { device: phone.device, n: create.n, hash: create.hash() });
    assert!(applied(&joined.send(&office, &[Op { n: 1, reissue, ..create }])));
    let unit = office.service.storage().read().expect("a unit");
    let history = unit.history(record(1)).expect("read");
    let took_effect = history.iter().filter(|op| op.status == OpStatus::Applied);
    assert_eq!(took_effect.count(), 1);
}

#[test]
fn act_whose_commit_was_cut_is_done_at_the_next_start() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let worker = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    let enroll = phone.enroll(&office, record(2), record(1));
    let submit = phone.event(&office, record(3), record(2), "submit", &[]);
    phone.send(&office, &[worker, enroll, submit]);
    // the database as it was just before the commit, the journal as it was just after the line
    let copy = office.backup();
    office.act(Act::Verify { enrollment: record(2) });
    let Office { dir, service, .. } = office;
    drop(service);
    let data = dir.path().join("data");
    for name in ["payung.db-wal", "payung.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::copy(&copy, data.join("payung.db")).expect("put back");
    // and a line that the crash cut in the middle
    let mut journal = std::fs::read(data.join("journal")).expect("the journal");
    let whole = journal.len();
    journal.extend_from_slice(b"99 AAAA");
    std::fs::write(data.join("journal"), &journal).expect("written");
    assert!(whole > 0);
    let service = crate::service::Service::open_existing(&crate::service::DataDir::new(&data)).expect("the server");
    let unit = service.storage().read().expect("a unit");
    let kept = unit.records(&[record(2)], &crate::storage::Scope::Office).expect("read");
    assert_eq!(kept[0].record.text("status"), Some("verified"));
    drop(unit);
    service
        .act(
            BOSS,
            Act::Return {
                enrollment: record(2),
                reason: payung_domain::enrollment::Reason { code: "name_mismatch".to_owned(), text: String::new() },
                by_branch_file: false,
            },
            START,
        )
        .expect("the next act is not swallowed by the cut line");
    drop(service);
    crate::service::Service::open_existing(&crate::service::DataDir::new(&data)).expect("still whole");
}

#[test]
fn reissue_after_a_restore_finds_the_old_name() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let create = phone.worker(&office, record(1), &nik(1), "SUPARNO");
    phone.send(&office, std::slice::from_ref(&create));
    let copy = office.backup();
    let office = office.restore(&copy);
    let mut joined = office.rejoin(&phone, &[RT3]);
    joined.n = 1;
    let reissue = Some(payung_domain::op::Reissue { device: phone.device, n: create.n, hash: create.hash() });
    assert!(applied(&joined.send(&office, &[Op { n: 1, reissue, ..create }])));
    assert_eq!(office.record(record(1)).stamps["name"].author, OpId { device: joined.device, n: 1 });
}
