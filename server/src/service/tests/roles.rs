//! Phones that look after no area: a worker's own and a clinic's. What each is told, and what each may write.

use super::office::*;
use crate::{
    service::{
        PageLimits, ServiceError,
        operator::{Act, NewInvite, Published},
        shared::shared_record,
        single::CLINIC_KEEPS,
    },
    storage::DeviceState,
};
use payung_domain::{
    field::Kind,
    id::{OfficialId, RecordId},
    op::{Change, FieldOutcome, GoneReason, Op, OutcomeStatus},
    report::{Answer, AnswerState, AnsweredBy},
};
use payung_protocol::{Checksum, DeviceKeys, JoinAnswer, JoinRequest, ProblemCode, Role, record_check};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const KLINIK: &str = "K-01";

fn servers() -> Vec<String> {
    vec!["https://payung.example.id".to_owned()]
}

fn at(office: &Office) -> Value {
    json!(chrono::DateTime::from_timestamp_millis(office.now.get()).expect("a time").to_rfc3339())
}

/// The own phone of a worker.
fn own_phone(office: &Office, worker: RecordId) -> Phone {
    let claim = office.service.claim_code(BOSS, worker, servers(), office.now.get()).expect("a code");
    office.join(&claim.invite, None)
}

fn directory(office: &Office, place: &str, code: &str) {
    let set = [("code", code), ("name", "Klinik Contoh")].map(|(field, value)| (field.to_owned(), value.into()));
    let record = shared_record(&Kind::Plkk, Some(&area(place)), code);
    office.act(Act::Publish {
        records: vec![Published { record, kind: Kind::Plkk, area: area(place), set: set.into() }],
    });
}

fn clinic_invite(office: &Office, code: &str) -> Result<payung_protocol::Invite, ServiceError> {
    let new = NewInvite {
        name: format!("Klinik {code}"),
        roles: vec![Role::Plkk],
        areas: Vec::new(),
        official: None,
        replaces: None,
    };
    let id = OfficialId(uuid::Uuid::from_u128(0xc11_0000 + u128::from(code.as_bytes()[3])));
    office.service.invite_clinic(BOSS, &new, code, id, servers(), office.now.get())
}

fn clinic_phone(office: &Office, code: &str) -> Phone {
    office.join(&clinic_invite(office, code).expect("an invite"), None)
}

fn fact(phone: &mut Phone, office: &Office, kind: Kind, id: RecordId, fields: &[(&str, Value)]) -> Op {
    let mut op = phone.op(office, kind, id, fields);
    op.base = None;
    op.set.insert("at".to_owned(), at(office));
    op
}

fn accident(phone: &mut Phone, office: &Office, id: RecordId, worker: RecordId, clinic: &str) -> Op {
    let fields = [
        ("worker", json!(worker)),
        ("happened", at(office)),
        ("place", json!("Kebun kelapa")),
        ("what", json!("Jatuh dari pohon")),
        ("clinic", json!(clinic)),
    ];
    fact(phone, office, Kind::AccidentReport, id, &fields)
}

fn feedback(phone: &mut Phone, office: &Office, id: RecordId, worker: RecordId) -> Op {
    let fields = [("worker", json!(worker)), ("topic", json!("question")), ("text", json!("Kapan kartunya jadi?"))];
    fact(phone, office, Kind::Feedback, id, &fields)
}

fn follow(phone: &mut Phone, office: &Office, id: RecordId, of: RecordId, what: &str) -> Op {
    fact(phone, office, Kind::FollowUp, id, &[("of", json!(of)), ("what", json!(what)), ("text", json!("x"))])
}

fn holds(phone: &Phone) -> BTreeSet<RecordId> {
    phone.base.keys().copied().collect()
}

fn numbers<const N: usize>(all: [u128; N]) -> BTreeSet<RecordId> {
    all.map(record).into()
}

/// Two neighbours with an enrolment each, registered by one official.
fn village(office: &Office) -> Phone {
    let mut official = office.phone(&[RT3]);
    for (n, name) in [(10, "SUPARNO"), (20, "SUTINAH")] {
        let serial = u32::try_from(n).expect("small");
        let worker = official.worker(office, record(n), &nik(serial), name);
        let enroll = official.enroll(office, record(n + 1), record(n));
        let submit = official.event(office, record(n + 2), record(n + 1), "submit", &[]);
        let outcomes = official.send(office, &[worker, enroll, submit]);
        assert!(applied(&outcomes), "{outcomes:?}");
    }
    official.pull(office);
    official
}

#[test]
fn worker_is_told_their_own_record_and_what_hangs_on_it_and_nothing_else() {
    let office = Office::new();
    let mut official = village(&office);
    let visit = fact(
        &mut official,
        &office,
        Kind::Visit,
        record(13),
        &[("worker", json!(record(10))), ("outcome", json!("registered"))],
    );
    let about = feedback(&mut official, &office, record(14), record(10));
    let other = feedback(&mut official, &office, record(24), record(20));
    assert!(applied(&official.send(&office, &[visit, about, other])));
    let mut own = own_phone(&office, record(10));
    own.pull(&office);
    assert_eq!(holds(&own), numbers([10, 11, 12, 14]), "no visit, no neighbour, no village with its key");
    assert_eq!(own.shown(record(10), "nik")["masked"], "3302********9010");
    // the office answers, and the neighbour's record changes: one of the two is told
    let said = |report, text: &str| Act::Answer {
        report,
        answer: Answer {
            state: AnswerState::Answered,
            text: text.to_owned(),
            at: chrono::DateTime::from_timestamp_millis(START).expect("a time"),
            by: AnsweredBy::Office,
        },
    };
    office.act(said(record(14), "Hari Senin."));
    office.act(said(record(24), "Rahasia."));
    let reply = own.ask(&office, &[]);
    assert_eq!(reply.changes.len(), 1);
    own.take(&reply);
    assert_eq!(own.shown(record(14), "answer")["text"], "Hari Senin.");
    let idle = own.ask(&office, &[]);
    assert!(idle.changes.is_empty() && idle.cursor.is_none() && !idle.more);
    let held: Checksum = own.base.values().map(|put| record_check(put.record, put.version)).sum();
    assert_eq!(idle.checksums.values().copied().sum::<Checksum>(), held);
}

#[test]
fn a_page_that_is_full_goes_on_where_it_ended() {
    let office = Office::with_limits(PageLimits { changes: 2, bytes: 1 << 20 });
    village(&office);
    let mut own = own_phone(&office, record(10));
    let first = own.ask(&office, &[]);
    assert!(first.more && first.checksums.is_empty());
    assert_eq!(first.changes.len(), 2);
    own.take(&first);
    own.pull(&office);
    assert_eq!(holds(&own), numbers([10, 11, 12]));
}

#[test]
fn worker_may_ask_report_and_see_answers_and_nothing_else() {
    let office = Office::new();
    let mut official = village(&office);
    let mut own = own_phone(&office, record(10));
    own.pull(&office);
    let good = [
        feedback(&mut own, &office, record(30), record(10)),
        accident(&mut own, &office, record(31), record(10), KLINIK),
        follow(&mut own, &office, record(32), record(30), "note"),
        fact(
            &mut own,
            &office,
            Kind::Attachment,
            record(33),
            &[
                ("of", json!(record(31))),
                ("what", json!("photo")),
                ("media", json!({ "sha256": "ab".repeat(32), "size": 4, "key": "A".repeat(43), "type": "image/jpeg" })),
                ("capture", json!({ "at": at(&office) })),
            ],
        ),
    ];
    let outcomes = own.send(&office, &good);
    assert!(applied(&outcomes), "{outcomes:?}");
    own.pull(&office);
    assert_eq!(holds(&own), numbers([10, 11, 12, 30, 31, 32, 33]));
    official.pull(&office);
    assert!(official.base.contains_key(&record(31)), "in the area of the person");

    let refused = |own: &mut Phone, op: Op, code: &str| {
        let outcomes = own.send(&office, std::slice::from_ref(&op));
        assert_eq!(status(&outcomes[0]), (OutcomeStatus::Refused, Some(code)), "{}", op.kind);
        assert!(outcomes[0].fields.is_empty());
    };
    let before = office.dump().lines().filter(|line| line.contains("Record")).count();
    let op = own.worker(&office, record(40), &nik(40), "KARTO");
    refused(&mut own, op, "role_foreign");
    let op = own.enroll(&office, record(41), record(10));
    refused(&mut own, op, "role_foreign");
    let op = own.event(&office, record(42), record(11), "withdraw", &[("reason", json!("moved"))]);
    refused(&mut own, op, "role_foreign");
    let op = own.edit(&office, record(11), "cover", json!({}));
    refused(&mut own, op, "role_foreign");
    let op = follow(&mut own, &office, record(43), record(31), "received");
    refused(&mut own, op, "role_foreign");
    let op = feedback(&mut own, &office, record(44), record(20));
    refused(&mut own, op, "record_foreign");
    let mut op = own.op(&office, Kind::Worker, record(20), &[("name", json!("SUTINI"))]);
    op.base = Some(payung_domain::id::Base { epoch: office.epoch(), version: 1 });
    refused(&mut own, op, "record_foreign");
    let mut op = own.op(&office, Kind::Worker, record(10), &[]);
    op.resolve.insert(
        "name".to_owned(),
        payung_domain::op::Resolution { value: json!("SUPARDI"), seen: Vec::new(), document: Some("ktp".to_owned()) },
    );
    refused(&mut own, op, "role_foreign");
    assert_eq!(office.dump().lines().filter(|line| line.contains("Record")).count(), before);
}

#[test]
fn what_a_worker_corrects_waits_for_an_operator_whatever_the_field() {
    let office = Office::new();
    let mut official = village(&office);
    let mut own = own_phone(&office, record(10));
    own.pull(&office);
    let op = own.op(
        &office,
        Kind::Worker,
        record(10),
        &[("name", json!("SUPARDI")), ("phone", json!("+6281200009001")), ("kpj", json!("12345678901"))],
    );
    let outcomes = own.send(&office, &[op]);
    for asked in ["name", "phone"] {
        assert_eq!(field(&outcomes[0], asked), Some(&FieldOutcome::Correction), "{asked}");
    }
    assert_eq!(field(&outcomes[0], "kpj"), Some(&FieldOutcome::Refused("field_owner".to_owned())));
    assert_eq!(office.record(record(10)).body["name"], "SUPARNO");
    official.pull(&office);
    let conflict = official.conflict(record(10), "phone").expect("open").clone();
    assert!(conflict.correction);
    // an official cannot say yes to it, the office can
    let mut op = official.resolve(&office, record(10), "name", "SUPARDI");
    op.base = None;
    let outcomes = official.send(&office, &[op]);
    assert_eq!(field(&outcomes[0], "name"), Some(&FieldOutcome::Refused("resolve_operator".to_owned())));
    let seen = conflict.candidates.iter().map(|candidate| candidate.op).collect();
    let value = json!("+6281200009001");
    office.act(Act::Resolve { record: record(10), field: "phone".to_owned(), value, seen, document: None });
    own.pull(&office);
    assert_eq!(own.shown(record(10), "phone"), "+6281200009001");
    assert!(own.conflict(record(10), "name").is_some() && own.conflict(record(10), "phone").is_none());
}

#[test]
fn move_is_no_loss_a_link_shows_both_records_and_unlinking_takes_the_other_away() {
    let office = Office::new();
    let mut official = village(&office);
    let mut own = own_phone(&office, record(10));
    own.pull(&office);
    office.act(Act::Move { record: record(10), to: area(TELUK) });
    let reply = own.ask(&office, &[]);
    assert!(reply.changes.iter().all(|change| matches!(change, Change::Put(_))), "{:?}", reply.changes.len());
    own.take(&reply);
    assert_eq!(own.base[&record(10)].area, area(TELUK));
    assert_eq!(holds(&own), numbers([10, 11, 12]));
    office.act(Act::Move { record: record(10), to: area(RT3) });
    office.act(Act::Link { later: record(10), earlier: record(20) });
    own.pull(&office);
    assert_eq!(own.base[&record(10)].alias_of, Some(record(20)));
    assert_eq!(holds(&own), numbers([10, 11, 12, 20, 21, 22]));
    let ask = feedback(&mut own, &office, record(30), record(20));
    assert!(applied(&own.send(&office, &[ask])), "it is the same person");
    office.act(Act::Unlink { later: record(10), earlier: record(20) });
    own.pull(&office);
    assert_eq!(holds(&own), numbers([10, 11, 12]), "what was said of the other person is theirs");
    official.pull(&office);
    assert!(official.base.contains_key(&record(30)));
}

#[test]
fn erased_person_goes_from_their_own_phone_and_their_code_is_void() {
    let office = Office::new();
    village(&office);
    let mut own = own_phone(&office, record(10));
    own.pull(&office);
    let code = office.service.claim_code(BOSS, record(10), servers(), START).expect("a code");
    office.service.erase(BOSS, record(10), "consent_withdrawn", START).expect("erased");
    let reply = own.ask(&office, &[]);
    let erased = |change: &Change| matches!(change, Change::Gone { why: GoneReason::Erased, .. });
    assert_eq!(reply.changes.iter().filter(|change| erased(change)).count(), 3);
    own.take(&reply);
    assert_eq!(holds(&own), BTreeSet::new());
    let late = feedback(&mut own, &office, record(30), record(10));
    assert_eq!(status(&own.send(&office, &[late])[0]), (OutcomeStatus::Refused, Some("erased")));
    assert_eq!(refusal(&office, &code.invite), ProblemCode::InviteExpired);
    let gone = office.service.claim_code(BOSS, record(10), servers(), START);
    assert!(matches!(gone, Err(ServiceError::NotFound("worker"))));
}

fn ask_to_join(office: &Office, invite: &payung_protocol::Invite) -> JoinAnswer {
    let keys = DeviceKeys::generate(&mut crate::keys::rng());
    let request = JoinRequest {
        secret: invite.secret.clone(),
        session_key: keys.session.verifying_key(),
        device_key: keys.device.receiver_key(),
        attestation: None,
        app: None,
    };
    office.service.join(&request, "test", office.now.get()).expect("an answer")
}

fn refusal(office: &Office, invite: &payung_protocol::Invite) -> ProblemCode {
    match ask_to_join(office, invite) {
        JoinAnswer::Refused(problem) => problem.code,
        JoinAnswer::Joined(_) => panic!("joined"),
    }
}

#[test]
fn claim_code_works_once_for_14_days_and_the_next_phone_takes_the_place_of_the_last() {
    let office = Office::new();
    village(&office);
    let claim = office.service.claim_code(BOSS, record(10), servers(), START).expect("a code");
    assert_eq!(claim.expires, START + 14 * DAY);
    let wrong = payung_protocol::ClaimCode::parse("00000-00000").expect("a code");
    let server = payung_protocol::ServerLink::from(&claim.invite);
    assert_eq!(refusal(&office, &wrong.invite(&server)), ProblemCode::InviteUnknown);
    // typed, it is the same invite as scanned
    let typed = payung_protocol::ClaimCode::parse(&claim.code.to_string().to_lowercase()).expect("a code");
    let first = office.join(&typed.invite(&server), None);
    assert_eq!(refusal(&office, &claim.invite), ProblemCode::InviteUsed);
    let late = office.service.claim_code(BOSS, record(10), servers(), START).expect("a code");
    let mut second = own_phone(&office, record(10));
    let device = |phone: &Phone| office.service.storage().read().expect("a unit").device(phone.device).expect("read");
    assert_eq!(device(&first).expect("known").state, DeviceState::Retired);
    assert_eq!(device(&second).expect("known").official, first.official, "the same person");
    second.pull(&office);
    assert_eq!(second.base.len(), 3);
    office.later(14 * DAY + 1);
    assert_eq!(refusal(&office, &late.invite), ProblemCode::InviteExpired);
    // neither is an enrolment a person, nor may an official make codes
    let none = office.service.claim_code(BOSS, record(11), servers(), START);
    assert!(matches!(none, Err(ServiceError::NotFound("worker"))));
    let by_worker = office.service.claim_code(first.official, record(10), servers(), START);
    assert!(matches!(by_worker, Err(ServiceError::Refused(code)) if code == "not_an_operator"));
}

#[test]
fn phones_of_one_record_are_given_no_area() {
    let office = Office::new();
    village(&office);
    let own = own_phone(&office, record(10));
    let assigned = office.service.assign(BOSS, own.device, &[area(RT3)], START);
    assert!(matches!(assigned, Err(ServiceError::Refused(code)) if code == "not_by_area"));
    for role in [Role::Worker, Role::Plkk] {
        let new = NewInvite {
            name: "Bu Karti".to_owned(),
            roles: vec![role],
            areas: vec![area(RT3)],
            official: None,
            replaces: None,
        };
        let invited = office.service.invite(BOSS, new, OfficialId(uuid::Uuid::from_u128(9)), servers(), START);
        assert!(matches!(invited, Err(ServiceError::Refused(code)) if code == "not_by_area"));
    }
}

#[test]
fn clinic_is_told_the_reports_that_name_it_and_who_was_hurt() {
    let office = Office::new();
    let mut official = village(&office);
    directory(&office, "33.02", KLINIK);
    directory(&office, "33.02", "K-02");
    let ops = [
        accident(&mut official, &office, record(15), record(10), KLINIK),
        follow(&mut official, &office, record(16), record(15), "note"),
        accident(&mut official, &office, record(25), record(20), "K-02"),
        feedback(&mut official, &office, record(17), record(10)),
    ];
    assert!(applied(&official.send(&office, &ops)));
    let (mut one, mut two) = (clinic_phone(&office, KLINIK), clinic_phone(&office, "K-02"));
    one.pull(&office);
    two.pull(&office);
    assert_eq!(holds(&one), numbers([10, 15, 16]));
    assert_eq!(holds(&two), numbers([20, 25]));
    let fields: Vec<&str> = one.base[&record(10)].body.keys().map(String::as_str).collect();
    assert_eq!(fields, ["birth", "name", "nik"], "whom it has before it, and nothing of their life");
    assert!(one.shown(record(10), "nik")["masked"].is_string());
    // a conflict about the person is the office's
    let mut other = office.phone(&[RT3]);
    let mut rival = other.op(&office, Kind::Worker, record(10), &[("name", json!("SUPARDI"))]);
    rival.base = Some(payung_domain::id::Base { epoch: office.epoch(), version: 0 });
    assert_eq!(field(&other.send(&office, &[rival])[0], "name"), Some(&FieldOutcome::Conflict));
    one.pull(&office);
    assert!(one.base[&record(10)].conflicts.is_empty());
    // 90 days later it is told to let it go
    office.later(CLINIC_KEEPS + 1);
    one.pull(&office);
    assert_eq!(holds(&one), BTreeSet::new());
    assert!(matches!(clinic_invite(&office, "K-09"), Err(ServiceError::NotFound("clinic"))));
}

#[test]
fn clinic_says_that_it_has_the_person_and_nothing_else() {
    let office = Office::new();
    let mut official = village(&office);
    directory(&office, "33.02", KLINIK);
    let report = accident(&mut official, &office, record(15), record(10), KLINIK);
    let other = accident(&mut official, &office, record(25), record(20), "K-02");
    assert!(applied(&official.send(&office, &[report, other])));
    let mut clinic = clinic_phone(&office, KLINIK);
    clinic.pull(&office);
    let forged = follow(&mut official, &office, record(50), record(15), "received");
    assert_eq!(status(&official.send(&office, &[forged])[0]), (OutcomeStatus::Refused, Some("role_foreign")));
    for (op, code) in [
        (follow(&mut clinic, &office, record(51), record(15), "note"), "role_foreign"),
        (follow(&mut clinic, &office, record(52), record(25), "received"), "record_foreign"),
        (feedback(&mut clinic, &office, record(53), record(10)), "role_foreign"),
        (clinic.edit(&office, record(10), "name", "SUPARDI"), "role_foreign"),
        (clinic.edit(&office, record(15), "answer", json!({ "state": "answered" })), "role_foreign"),
    ] {
        assert_eq!(status(&clinic.send(&office, &[op])[0]), (OutcomeStatus::Refused, Some(code)));
    }
    let has = follow(&mut clinic, &office, record(54), record(15), "received");
    assert!(applied(&clinic.send(&office, &[has])));
    official.pull(&office);
    let answer = official.shown(record(15), "answer");
    assert_eq!((answer["state"].as_str(), answer["by"].as_str()), (Some("received"), Some("clinic")));
    assert!(official.base.contains_key(&record(54)));
    // what the office says afterwards stands, however often the clinic says its word
    let at = chrono::DateTime::from_timestamp_millis(START).expect("a time");
    let answer = Answer { state: AnswerState::Answered, text: "Dijamin.".to_owned(), at, by: AnsweredBy::Office };
    office.act(Act::Answer { report: record(15), answer });
    let again = follow(&mut clinic, &office, record(55), record(15), "received");
    assert!(applied(&clinic.send(&office, &[again])));
    clinic.pull(&office);
    assert_eq!(clinic.shown(record(15), "answer")["text"], "Dijamin.");
}

#[test]
fn restored_server_hears_the_clinic_again_and_tells_its_phones_anew() {
    let office = Office::new();
    let mut official = village(&office);
    directory(&office, "33.02", KLINIK);
    let report = accident(&mut official, &office, record(15), record(10), KLINIK);
    assert!(applied(&official.send(&office, &[report])));
    let (mut clinic, mut own) = (clinic_phone(&office, KLINIK), own_phone(&office, record(10)));
    clinic.pull(&office);
    own.pull(&office);
    let copy = office.backup();
    let has = follow(&mut clinic, &office, record(54), record(15), "received");
    assert!(applied(&clinic.send(&office, std::slice::from_ref(&has))));
    let office = office.restore(&copy);
    assert_eq!(office.record(record(15)).body.get("answer"), None);
    assert!(applied(&clinic.send(&office, &[has])));
    own.pull(&office);
    assert_eq!(own.epoch, Some(office.epoch()));
    assert_eq!(own.shown(record(15), "answer")["by"], "clinic");
    assert_eq!(holds(&own), numbers([10, 11, 12, 15, 54]));
}

#[test]
fn revoked_and_retired_phones_of_one_record_are_told_nothing() {
    for state in [DeviceState::Revoked, DeviceState::Retired] {
        let office = Office::new();
        village(&office);
        let mut own = own_phone(&office, record(10));
        office.service.set_device(BOSS, own.device, state, START).expect("done");
        let ask = feedback(&mut own, &office, record(30), record(10));
        let reply = own.ask(&office, &[ask]);
        assert!(reply.changes.is_empty() && reply.cursor.is_none(), "{state:?}");
        let expected = if state == DeviceState::Revoked { OutcomeStatus::Held } else { OutcomeStatus::Applied };
        assert_eq!(reply.outcomes[0].status, expected, "{state:?}");
    }
}
