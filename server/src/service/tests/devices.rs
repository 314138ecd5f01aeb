//! Phones that change hands: orders to destroy what a lost one holds, help for an official who forgot the PIN, hand-over.

use super::office::*;
use crate::{
    keys::rng,
    service::{
        ServiceError,
        operator::{Act, NewInvite},
    },
    storage::DeviceState,
};
use payung_domain::{enrollment::Reason, id::DeviceId, op::OutcomeStatus};
use payung_protocol::{Escrow, ReceiverSecret, RecoveryRequest, Role};
use uuid::Uuid;

const KEY: [u8; 32] = [0x5a; 32];

fn refusal(error: ServiceError) -> String {
    match error {
        ServiceError::Refused(code) => code,
        other => other.to_string(),
    }
}

/// What a phone asks with, and the secret it made for the answer.
fn asked(office: &Office, device: DeviceId) -> (RecoveryRequest, ReceiverSecret) {
    let recovery = office.service.keys().recovery(None).expect("the recovery key").receiver_key();
    let secret = ReceiverSecret::generate(&mut rng());
    let escrow = Escrow::seal(&KEY, device, &recovery, &mut rng()).expect("sealed");
    (RecoveryRequest { escrow, to: secret.receiver_key() }, secret)
}

fn audited(office: &Office, act: &str) -> Vec<String> {
    let lines = office.service.storage().read().expect("a unit").audit(0, 10_000).expect("the audit");
    lines.into_iter().filter(|line| line.act == act).map(|line| line.detail).collect()
}

#[test]
fn wipe_order_goes_with_every_reply_to_that_phone_and_to_no_other() {
    let office = Office::new();
    let (mut lost, other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let op = lost.worker(&office, record(1), &nik(1), "SUPARNO");
    assert!(!lost.ask(&office, &[]).wipe);
    office.service.wipe(BOSS, lost.device, START).expect("ordered");
    // with ops and without: what it still sends waits for a person
    let reply = lost.ask(&office, &[op]);
    assert!(reply.wipe);
    assert_eq!(status(&reply.outcomes[0]), (OutcomeStatus::Held, Some("device_revoked")));
    assert!(lost.ask(&office, &[]).wipe && lost.ask(&office, &[]).changes.is_empty());
    assert!(!other.ask(&office, &[]).wipe);
    let joined_again = office.rejoin(&lost, &[RT3]);
    assert!(!joined_again.ask(&office, &[]).wipe, "the same official's next phone is another device");
    assert_eq!(audited(&office, "wipe").len(), 1);
}

#[test]
fn wipe_order_survives_a_restore_and_a_second_revoking() {
    let office = Office::new();
    let lost = office.phone(&[RT3]);
    let copy = office.backup();
    office.service.wipe(BOSS, lost.device, START).expect("ordered");
    office.service.set_device(BOSS, lost.device, DeviceState::Revoked, START).expect("revoked");
    let office = office.restore(&copy);
    assert!(lost.ask(&office, &[]).wipe, "done again from the journal");
}

#[test]
fn phone_that_turned_up_again_is_retired_and_keeps_what_it_has() {
    let office = Office::new();
    let mut lost = office.phone(&[RT3]);
    office.service.wipe(BOSS, lost.device, START).expect("ordered");
    office.service.set_device(BOSS, lost.device, DeviceState::Retired, START).expect("retired");
    let op = lost.worker(&office, record(1), &nik(1), "SUPARNO");
    let reply = lost.ask(&office, &[op]);
    assert!(!reply.wipe && applied(&reply.outcomes));
}

#[test]
fn only_operators_of_the_phone_s_area_wipe_and_recover() {
    let office = Office::new();
    let (ours, theirs) = (office.phone(&[RT3]), office.phone(&[TELUK]));
    let lurah = payung_domain::id::OfficialId(Uuid::from_u128(0x10a4));
    let role = Role::KelurahanOperator;
    office.service.add_operator_in(BOSS, "Pak Lurah", role, &[area(VILLAGE)], lurah, START).expect("added");
    let wipe = |who, phone: &Phone| office.service.wipe(who, phone.device, START).map_err(refusal);
    assert_eq!(wipe(ours.official, &ours), Err("not_an_operator".to_owned()));
    assert_eq!(wipe(lurah, &theirs), Err("area_foreign".to_owned()));
    let recovery = office.service.keys().recovery(None).expect("the recovery key");
    let recover = |who, phone: &Phone| {
        let (request, _) = asked(&office, phone.device);
        office.service.recover(who, &request, &recovery, START).map(drop).map_err(refusal)
    };
    assert_eq!(recover(ours.official, &ours), Err("not_an_operator".to_owned()));
    assert_eq!(recover(lurah, &theirs), Err("area_foreign".to_owned()));
    assert_eq!(recover(lurah, &ours), Ok(()));
    assert_eq!(wipe(lurah, &ours), Ok(()));
    assert_eq!(wipe(BOSS, &theirs), Ok(()));
}

#[test]
fn recovery_gives_the_key_to_the_phone_that_asked_and_is_written_down() {
    let office = Office::new();
    let phone = office.phone(&[RT3]);
    let recovery = office.service.keys().recovery(None).expect("the recovery key");
    for state in [DeviceState::Active, DeviceState::Retired] {
        // of a retired phone, too: what it has not sent is still taken
        office.service.set_device(BOSS, phone.device, state, START).expect("done");
        let (request, secret) = asked(&office, phone.device);
        let answer = office.service.recover(BOSS, &request, &recovery, START).expect("answered");
        assert_eq!(*answer.open(&request, &secret).expect("opened"), KEY);
        let written = audited(&office, "recover").pop().expect("a line");
        assert!(written.contains(&request.code()) && written.contains(&phone.device.to_string()), "{written}");
        assert!(!written.contains(&hex::encode(KEY)));
    }
    let copy = office.backup();
    let office = office.restore(&copy);
    assert_eq!(audited(&office, "recover").len(), 2, "the journal does not do it twice");
}

#[test]
fn recovery_is_refused_by_name() {
    let office = Office::new();
    let phone = office.phone(&[RT3]);
    let recovery = office.service.keys().recovery(None).expect("the recovery key");
    let recover = |request: &RecoveryRequest, key: &ReceiverSecret| {
        office.service.recover(BOSS, request, key, START).map(drop).map_err(refusal)
    };
    let (request, _) = asked(&office, phone.device);
    let other = ReceiverSecret::generate(&mut rng());
    assert_eq!(recover(&request, &other), Err("recovery_key_other".to_owned()));
    let mut altered = request.escrow.as_bytes().to_vec();
    *altered.last_mut().expect("bytes") ^= 1;
    let altered = RecoveryRequest { escrow: Escrow::from_bytes(&altered).expect("read"), to: request.to };
    assert_eq!(recover(&altered, &recovery), Err("escrow_broken".to_owned()));
    let (unknown, _) = asked(&office, DeviceId(Uuid::from_u128(9)));
    assert_eq!(recover(&unknown, &recovery), Err("no such device".to_owned()));
    office.service.set_device(BOSS, phone.device, DeviceState::Revoked, START).expect("revoked");
    assert_eq!(recover(&request, &recovery), Err("device_revoked".to_owned()));
    assert_eq!(audited(&office, "recover"), Vec::<String>::new(), "what was refused was not done");
}

#[test]
fn successor_of_an_rt_goes_on_with_all_that_is_open_and_the_late_work_of_the_predecessor_is_taken() {
    let office = Office::new();
    let (mut before, mut beside) = (office.phone(&[RT3]), office.phone(&[RT3]));
    // returned by the office, and a conflict open between two officials
    let worker = before.worker(&office, record(1), &nik(1), "SUPARNO");
    let enroll = before.enroll(&office, record(2), record(1));
    let submit = before.event(&office, record(3), record(2), "submit", &[]);
    assert!(applied(&before.send(&office, &[worker, enroll, submit])));
    before.pull(&office);
    beside.pull(&office);
    let mine = before.edit(&office, record(1), "name", "SUPARNA");
    let theirs = beside.edit(&office, record(1), "name", "SUPARNI");
    assert!(applied(&before.send(&office, &[mine])) && applied(&beside.send(&office, &[theirs])));
    let reason = Reason { code: "name_mismatch".to_owned(), text: "beda dengan KTP".to_owned() };
    office.later(1000);
    office.act(Act::Return { enrollment: record(2), reason, by_branch_file: false });
    before.pull(&office);
    // not sent before the hand-over
    let late = vec![
        before.worker(&office, record(11), &nik(2), "TARSIM"),
        before.edit(&office, record(1), "notes", "rumah pindah ke gang sebelah"),
    ];
    let invited = NewInvite {
        name: "Bu Karti".to_owned(),
        roles: vec![Role::Official],
        areas: vec![area(RT3)],
        official: None,
        replaces: Some(before.device),
    };
    let id = payung_domain::id::OfficialId(Uuid::from_u128(0x5cc));
    let servers = vec!["https://payung.example.id".to_owned()];
    let invite = office.service.invite(BOSS, invited, id, servers, office.now.get()).expect("an invite");
    let mut after = office.join(&invite, None);
    assert_ne!(after.official, before.official);
    after.pull(&office);
    assert!(after.base.contains_key(&record(3)), "with its history of events");
    assert_eq!(after.shown(record(2), "returned")["code"], "name_mismatch");
    assert_eq!(after.conflict(record(1), "name").expect("open").candidates.len(), 2);
    let settled = after.resolve(&office, record(1), "name", "SUPARNA");
    office.later(1000);
    let again = after.event(&office, record(4), record(2), "resubmit", &[]);
    assert!(applied(&after.send(&office, &[settled, again])));
    assert_eq!(office.record(record(2)).text("status"), Some("received"));
    assert!(!office.record(record(1)).has_open_conflict());
    // months later, through a hub
    office.later(90 * DAY);
    assert!(applied(&before.send(&office, &late)), "a retired phone's late bundle is taken");
    assert!(before.ask(&office, &[]).changes.is_empty(), "and it is told nothing");
    after.pull(&office);
    assert_eq!(after.shown(record(11), "name"), "TARSIM");
    assert_eq!(after.shown(record(1), "notes"), "rumah pindah ke gang sebelah");
}
