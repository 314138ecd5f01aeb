//! Back into a phone with an operator's help; nothing is lost on the way.

mod common;

use common::{NOW, PIN, Phone, WRONG, bytes_of, later, pin, rng};
use payung_domain::id::DeviceId;
use payung_protocol::{ReceiverSecret, RecoveryError, RecoveryRequest};
use payung_vault::{Lock, LockError, MOST_TRIES, Purpose, RawKey, VaultError, keep_escrow, recover, request_recovery};
use sha2::{Digest, Sha256};
use std::fs;
use uuid::Uuid;

const NEW: &str = "730914";
const DEVICE: DeviceId = DeviceId(Uuid::from_u128(7));

/// A phone with an escrow copy, and the office's recovery key.
fn joined() -> (Phone, [u8; 32], ReceiverSecret) {
    let (phone, key) = Phone::locked();
    let office = ReceiverSecret::generate(&mut rng());
    let opened = phone.lock(NOW).unlock(&pin(PIN), NOW).expect("opened");
    assert_eq!(keep_escrow(phone.path(), &opened, DEVICE, &office.receiver_key(), &mut rng()), Ok(true));
    (phone, key, office)
}

fn ask(phone: &Phone) -> RecoveryRequest {
    request_recovery(phone.path(), &*phone.vault, &mut rng()).expect("a request")
}

/// As the office does it, from text to text.
fn office_answers(office: &ReceiverSecret, request: &RecoveryRequest) -> String {
    let request = RecoveryRequest::parse(&request.to_text()).expect("the request");
    request.answer(office, &mut rng()).expect("an answer").to_text()
}

fn take(phone: &Phone, answer: &str) -> Result<(Lock, RawKey), LockError> {
    recover(phone.path(), phone.vault.clone(), answer, &pin(NEW), &mut rng())
}

fn comes_back(phone: &Phone, key: [u8; 32], office: &ReceiverSecret) {
    let (lock, recovered) = take(phone, &office_answers(office, &ask(phone))).expect("recovered");
    assert_eq!(bytes_of(&recovered), key);
    assert_eq!(lock.status(NOW).tries_left, MOST_TRIES);
    assert_eq!(bytes_of(&phone.lock(NOW).unlock(&pin(NEW), NOW).expect("the new PIN")), key);
    assert!(matches!(phone.lock(NOW).unlock(&pin(PIN), NOW), Err(LockError::WrongPin { .. })), "the old one is over");
    assert!(!phone.path().join("recovery").exists());
}

#[test]
fn forgotten_pin() {
    let (phone, key, office) = joined();
    comes_back(&phone, key, &office);
}

#[test]
fn key_dropped_after_too_many_wrong_pins() {
    let (phone, key, office) = joined();
    let (mut lock, mut now) = (phone.lock(NOW), NOW);
    while !lock.status(now).dropped {
        now = later(now, lock.status(now).wait_ms);
        lock.unlock(&pin(WRONG), now).expect_err("wrong");
    }
    comes_back(&phone, key, &office);
}

#[test]
fn key_store_reset() {
    let (phone, key, office) = joined();
    phone.vault.reset();
    comes_back(&phone, key, &office);
}

#[test]
fn damaged_or_lost_lock() {
    let (phone, key, office) = joined();
    phone.write("lock", b"PYVL damaged");
    fs::remove_file(phone.path().join("tries")).expect("removed");
    comes_back(&phone, key, &office);
    fs::remove_file(phone.path().join("lock")).expect("removed");
    comes_back(&phone, key, &office);
}

#[test]
fn request_is_the_same_until_its_answer_came() {
    let (phone, key, office) = joined();
    let request = ask(&phone);
    assert_eq!(ask(&phone), request, "the app was closed meanwhile");
    let answer = office_answers(&office, &request);
    phone.vault.fail(Some((Purpose::Recovery, VaultError::Unavailable)));
    let failed = request_recovery(phone.path(), &*phone.vault, &mut rng());
    assert_eq!(failed.err(), Some(LockError::Vault(VaultError::Unavailable)), "rather than another in its place");
    phone.vault.fail(None);
    assert_eq!(bytes_of(&take(&phone, &answer).expect("recovered").1), key);
    assert_eq!(take(&phone, &answer).err(), Some(LockError::NoRequest), "an answer opens once");
    assert_ne!(ask(&phone).to, request.to, "the next request is another");
}

#[test]
fn request_whose_secret_was_lost_gives_way_to_another() {
    let (phone, key, office) = joined();
    let request = ask(&phone);
    phone.vault.reset();
    assert_eq!(take(&phone, &office_answers(&office, &request)).err(), Some(LockError::NoRequest));
    assert_ne!(ask(&phone), request);
    comes_back(&phone, key, &office);
}

#[test]
fn answers_of_others_change_nothing() {
    let (phone, key, office) = joined();
    let (other, _, other_office) = joined();
    let before = phone.bytes("lock");
    let foreign = office_answers(&other_office, &ask(&other));
    let request = ask(&phone);
    assert_eq!(take(&phone, &foreign).err(), Some(LockError::Recovery(RecoveryError::OtherRequest)));
    assert_eq!(take(&phone, &request.to_text()).err(), Some(LockError::Recovery(RecoveryError::OtherText)));
    let answer = office_answers(&office, &request);
    assert_eq!(take(&phone, &answer[..answer.len() - 3]).err(), Some(LockError::Recovery(RecoveryError::Damaged)));
    // anybody can seal to the phone's new key: what comes must be the phone's database key, too
    let forged = payung_protocol::Escrow::seal(&[1; 32], DEVICE, &other_office.receiver_key(), &mut rng());
    let forged = RecoveryRequest { escrow: forged.expect("sealed"), to: request.to };
    let forged = office_answers(&other_office, &forged);
    assert_eq!(take(&phone, &forged).err(), Some(LockError::Recovery(RecoveryError::Broken)));
    assert_eq!(phone.bytes("lock"), before);
    let trivial = recover(phone.path(), phone.vault.clone(), &answer, &pin("111111"), &mut rng());
    assert_eq!(trivial.err(), Some(LockError::TrivialPin));
    assert_eq!(bytes_of(&take(&phone, &answer).expect("the right one still works").1), key);
}

#[test]
fn answer_with_another_key_is_refused() {
    let (phone, _, office) = joined();
    // the escrow copy of a database that is not there any more
    let (other, ..) = Phone::locked();
    let stale = other.lock(NOW).unlock(&pin(PIN), NOW).expect("opened");
    keep_escrow(phone.path(), &stale, DEVICE, &office.receiver_key(), &mut rng()).expect("kept");
    let stale_request = ask(&phone);
    let answer = office_answers(&office, &stale_request);
    let own = phone.lock(NOW).unlock(&pin(PIN), NOW).expect("opened");
    assert_eq!(keep_escrow(phone.path(), &own, DEVICE, &office.receiver_key(), &mut rng()), Ok(true));
    assert_eq!(take(&phone, &answer).err(), Some(LockError::OtherKey));
    assert!(phone.lock(NOW).unlock(&pin(PIN), NOW).is_ok(), "nothing has changed");
}

#[test]
fn phone_that_never_joined_has_nothing_to_ask_for() {
    let (phone, _) = Phone::locked();
    let asked = request_recovery(phone.path(), &*phone.vault, &mut rng());
    assert_eq!(asked.err(), Some(LockError::NoEscrow));
}

#[test]
fn escrow_copy_follows_device_and_recovery_key() {
    let (phone, _, office) = joined();
    let key = phone.lock(NOW).unlock(&pin(PIN), NOW).expect("opened");
    let keep = |device, office: &ReceiverSecret| {
        keep_escrow(phone.path(), &key, device, &office.receiver_key(), &mut rng()).expect("kept")
    };
    assert!(!keep(DEVICE, &office), "the same again is no work");
    let again = DeviceId(Uuid::from_u128(8));
    assert!(keep(again, &office), "joined again");
    assert_eq!(ask(&phone).escrow.device(), again);
    let newer = ReceiverSecret::generate(&mut rng());
    assert!(keep(again, &newer), "another recovery key");
    assert_eq!(ask(&phone).escrow.recovery_key(), newer.receiver_key().id());
    phone.write("escrow", b"damaged");
    assert!(keep(again, &newer), "a damaged one");
}

#[test]
fn lock_of_a_newer_app_is_not_touched() {
    let (phone, _, office) = joined();
    let answer = office_answers(&office, &ask(&phone));
    let mut newer = phone.bytes("lock");
    newer[4] = 2;
    let said = 7 + usize::from(u16::from_be_bytes([newer[5], newer[6]]));
    let sum = Sha256::digest(&newer[..said]);
    newer[said..said + 8].copy_from_slice(&sum[..8]);
    phone.write("lock", &newer);
    assert_eq!(Lock::open(phone.path(), phone.vault.clone(), NOW).err(), Some(LockError::Newer(2)));
    assert_eq!(take(&phone, &answer).err(), Some(LockError::Newer(2)));
    assert_eq!(phone.bytes("lock"), newer);
}
