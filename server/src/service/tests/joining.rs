//! Joining: one invite, one phone.

use super::office::*;
use crate::{
    keys::rng,
    service::DataDir,
    service::operator::{Act, SetupCode},
    storage::DeviceState,
};
use payung_domain::op::{Op, OutcomeStatus, Reissue};
use payung_protocol::{
    Attestation, Certificate, DeviceKeys, JoinAnswer, JoinRequest, MAX_CERTIFICATE, ProblemCode, Role,
};

fn request(invite: &payung_protocol::Invite, keys: &DeviceKeys) -> JoinRequest {
    JoinRequest {
        secret: invite.secret.clone(),
        session_key: keys.session.verifying_key(),
        device_key: keys.device.receiver_key(),
        attestation: None,
        app: None,
    }
}

fn refusal(office: &Office, request: &JoinRequest) -> Option<ProblemCode> {
    match office.service.join(request, "test", office.now.get()).expect("an answer") {
        JoinAnswer::Joined(_) => None,
        JoinAnswer::Refused(problem) => Some(problem.code),
    }
}

#[test]
fn same_invite_and_keys_give_the_same_certificate_for_72_hours() {
    let office = Office::new();
    let (invite, keys) = (office.invite(&[RT3], &[Role::Official]), DeviceKeys::generate(&mut rng()));
    let join =
        |office: &Office| office.service.join(&request(&invite, &keys), "test", office.now.get()).expect("an answer");
    let JoinAnswer::Joined(first) = join(&office) else { panic!("refused") };
    office.later(71 * 3600 * 1000);
    let JoinAnswer::Joined(second) = join(&office) else { panic!("refused") };
    assert_eq!(first.certificate, second.certificate, "a lost answer burns nothing");
    assert_eq!(office.service.devices().expect("listed").len(), 1);
    let other = DeviceKeys::generate(&mut rng());
    assert_eq!(refusal(&office, &request(&invite, &other)), Some(ProblemCode::InviteUsed));
    office.later(2 * 3600 * 1000);
    assert_eq!(refusal(&office, &request(&invite, &keys)), Some(ProblemCode::InviteExpired));
}

#[test]
fn unknown_or_old_invite_is_refused() {
    let office = Office::new();
    let keys = DeviceKeys::generate(&mut rng());
    let invite = office.invite(&[RT3], &[Role::Official]);
    let guessed =
        payung_protocol::Invite { secret: payung_protocol::InviteSecret::generate(&mut rng()), ..invite.clone() };
    assert_eq!(refusal(&office, &request(&guessed, &keys)), Some(ProblemCode::InviteUnknown));
    office.later(72 * 3600 * 1000 + 1);
    assert_eq!(refusal(&office, &request(&invite, &keys)), Some(ProblemCode::InviteExpired));
}

#[test]
fn word_of_the_phones_hardware_is_recorded_and_outlasts_a_renewal() {
    let office = Office::new();
    let (invite, keys) = (office.invite(&[RT3], &[Role::Official]), DeviceKeys::generate(&mut rng()));
    let said = Attestation { format: "android_key".to_owned(), statement: vec![0xA5; 3_000] };
    let request = JoinRequest { attestation: Some(said.clone()), ..request(&invite, &keys) };
    assert_eq!(refusal(&office, &request), None);
    let device = office.service.devices().expect("listed").pop().expect("one");
    office.service.assign(BOSS, device.id, &[area(RT4)], office.now.get()).expect("assigned");
    let device = office.service.devices().expect("listed").pop().expect("one");
    assert_eq!(device.attestation, Some(said));
    let signing = office.service.keys().signing().verifying_key();
    let certificate = Certificate::verify(&device.certificate, |_| Some(signing)).expect("signed");
    assert_eq!(certificate.attestation, None, "nobody has judged it");
}

#[test]
fn certificate_names_the_person_the_areas_and_the_lease_and_is_small() {
    let office = Office::new();
    let areas = [RT3, RT4, RW6, TELUK];
    let phone = office.phone(&areas);
    let device = office.service.devices().expect("listed").pop().expect("one");
    assert!(device.certificate.len() <= MAX_CERTIFICATE, "{}", device.certificate.len());
    let signing = office.service.keys().signing().verifying_key();
    let certificate = Certificate::verify(&device.certificate, |_| Some(signing)).expect("signed");
    assert_eq!((certificate.device, certificate.name.as_str()), (phone.device, "PAK KETUA"));
    assert_eq!(certificate.areas.len(), 4);
    assert_eq!(certificate.lease_until, START + 30 * DAY);
    assert_eq!(certificate.server, office.service.keys().root());
}

#[test]
fn replaced_device_is_retired_and_its_late_bundle_is_taken() {
    let office = Office::new();
    let mut old = office.phone(&[RT3]);
    let late = old.worker(&office, record(1), &nik(1), "SUPARNO");
    let joined = office.rejoin(&old, &[RT3]);
    assert_ne!(joined.device, old.device);
    let states: Vec<DeviceState> =
        office.service.devices().expect("listed").iter().map(|device| device.state).collect();
    assert!(states.contains(&DeviceState::Retired));
    let reply = old.ask(&office, &[late]);
    assert!(applied(&reply.outcomes) && reply.changes.is_empty());
}

#[test]
fn unsent_op_of_an_area_lost_by_joining_again_is_taken_or_held_never_refused() {
    for (state, expected) in [
        (DeviceState::Active, (OutcomeStatus::Applied, None)),
        (DeviceState::Revoked, (OutcomeStatus::Held, Some("area_foreign"))),
    ] {
        let office = Office::new();
        let mut before = office.phone(&[RT3]);
        let op = before.worker(&office, record(1), &nik(1), "SUPARNO");
        office.later(61 * DAY);
        office.service.set_device(BOSS, before.device, state, office.now.get()).expect("done");
        let after = office.rejoin(&before, &[RT4]);
        let again = Op { reissue: Some(Reissue { device: before.device, n: op.n, hash: op.hash() }), ..op };
        let told = after.ask(&office, &[again]);
        assert_eq!(status(&told.outcomes[0]), expected, "{state:?}");
    }
}

#[test]
fn setup_code_is_good_once_and_for_a_day() {
    let office = Office::new();
    let setup = SetupCode::of(&DataDir::new(office.data()));
    let code = setup.make([7; 10], START).expect("a code");
    assert_eq!(code.len(), 10);
    assert!(setup.redeem("WRONG", START).is_err());
    assert!(setup.redeem(&code, START + DAY + 1).is_err());
    setup.redeem(&code.to_lowercase(), START).expect("taken");
    assert!(setup.redeem(&code, START).is_err());
}

#[test]
fn village_of_an_invite_gets_its_record_with_the_tag_key() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    phone.pull(&office);
    let village = phone.base.values().find(|put| put.kind == payung_domain::field::Kind::Village).expect("the village");
    assert_eq!(village.body["tag_key"].as_str().map(str::len), Some(64));
    assert!(village.body["name"].as_str().expect("a name").starts_with("Karangklesem"));
}

#[test]
fn certificates_have_rising_serials() {
    let office = Office::new();
    let phone = office.phone(&[RT3]);
    office.phone(&[RT4]);
    office.service.assign(BOSS, phone.device, &[area(RT4)], START).expect("assigned");
    let signing = office.service.keys().signing().verifying_key();
    let mut serials: Vec<u64> = office
        .service
        .devices()
        .expect("listed")
        .iter()
        .map(|device| Certificate::verify(&device.certificate, |_| Some(signing)).expect("signed").serial)
        .collect();
    serials.sort_unstable();
    assert_eq!(serials, [2, 3]);
    let refused =
        office.service.act(phone.official, Act::SetDevice { device: phone.device, state: DeviceState::Revoked }, START);
    assert!(refused.is_err(), "an official revokes nobody");
}
