use super::*;
use crate::common::World;
use proptest::prelude::*;

const DATABASE_KEY: [u8; 32] = [0xA7; 32];

struct Lost {
    world: World,
    recovery: ReceiverSecret,
    fresh: ReceiverSecret,
    request: RecoveryRequest,
}

fn lost(seed: u64) -> Lost {
    let mut world = World::new(seed);
    let recovery = ReceiverSecret::generate(&mut world.rng);
    let fresh = ReceiverSecret::generate(&mut world.rng);
    let escrow = Escrow::seal(&DATABASE_KEY, world.device, &recovery.receiver_key(), &mut world.rng).unwrap();
    let request = RecoveryRequest { escrow, to: fresh.receiver_key() };
    Lost { world, recovery, fresh, request }
}

#[test]
fn key_comes_back_through_both_texts() {
    let mut lost = lost(1);
    let request = RecoveryRequest::parse(&lost.request.to_text().to_lowercase()).unwrap();
    assert_eq!(request, lost.request);
    assert_eq!(request.escrow.device(), lost.world.device);
    let answer = request.answer(&lost.recovery, &mut lost.world.rng).unwrap().to_text();
    let answer = RecoveryAnswer::parse(&format!(" {answer}\n")).unwrap();
    assert_eq!(*answer.open(&lost.request, &lost.fresh).unwrap(), DATABASE_KEY);
}

#[test]
fn texts_fit_a_qr_code_that_a_phone_reads_from_a_screen() {
    let mut lost = lost(2);
    let request = lost.request.to_text();
    let answer = lost.request.answer(&lost.recovery, &mut lost.world.rng).unwrap().to_text();
    // alphanumeric, level M: version 10 holds 311 characters
    assert!(request.len() <= 311 && answer.len() <= 311, "{} and {}", request.len(), answer.len());
    for text in [request, answer] {
        let code = text.rsplit('/').next().unwrap();
        assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    }
}

#[test]
fn another_recovery_key_is_told_by_its_id_and_opens_nothing() {
    let mut lost = lost(3);
    let other = ReceiverSecret::generate(&mut lost.world.rng);
    assert_eq!(
        lost.request.answer(&other, &mut lost.world.rng),
        Err(RecoveryError::OtherRecoveryKey(lost.recovery.receiver_key().id()))
    );
}

#[test]
fn escrow_of_one_device_does_not_open_as_another_s() {
    let mut lost = lost(4);
    let mut bytes = lost.request.escrow.as_bytes().to_vec();
    bytes[9] ^= 1;
    lost.request.escrow = Escrow::from_bytes(&bytes).unwrap();
    assert_eq!(lost.request.answer(&lost.recovery, &mut lost.world.rng), Err(RecoveryError::Broken));
}

#[test]
fn answer_to_another_request_is_refused() {
    let mut lost = lost(5);
    let answer = lost.request.answer(&lost.recovery, &mut lost.world.rng).unwrap();
    let later = ReceiverSecret::generate(&mut lost.world.rng);
    let again = RecoveryRequest { to: later.receiver_key(), ..lost.request.clone() };
    assert_eq!(answer.open(&again, &later).err(), Some(RecoveryError::OtherRequest));
    // the same new key over another escrow copy is another request, too
    let recovery = lost.recovery.receiver_key();
    let escrow = Escrow::seal(&DATABASE_KEY, lost.world.device, &recovery, &mut lost.world.rng).unwrap();
    let other = RecoveryRequest { escrow, ..lost.request.clone() };
    assert_eq!(answer.open(&other, &lost.fresh).err(), Some(RecoveryError::Broken));
    assert_ne!(other.code(), lost.request.code());
}

#[test]
fn request_and_answer_are_told_apart_and_damage_is_seen() {
    let mut lost = lost(6);
    let request = lost.request.to_text();
    let answer = lost.request.answer(&lost.recovery, &mut lost.world.rng).unwrap().to_text();
    assert_eq!(RecoveryRequest::parse(&answer), Err(RecoveryError::OtherText));
    assert_eq!(RecoveryAnswer::parse(&request), Err(RecoveryError::OtherText));
    for at in REQUEST.len()..request.len() {
        assert_eq!(RecoveryRequest::parse(&request[..at]), Err(RecoveryError::Damaged), "cut at {at}");
    }
    let newer = link::write(REQUEST, vec![2; ESCROW + KEY]);
    assert_eq!(RecoveryRequest::parse(&newer), Err(RecoveryError::Version(2)));
    assert_eq!(RecoveryAnswer::parse(&link::write(ANSWER, vec![9; 3])), Err(RecoveryError::Version(9)));
}

proptest! {
    #[test]
    fn no_text_panics_or_is_repeated_in_its_error(body in prop::collection::vec(any::<u8>(), 0..300)) {
        for text in [link::write(REQUEST, body.clone()), link::write(ANSWER, body.clone())] {
            let _ = RecoveryRequest::parse(&text).map(|request| request.code());
            let _ = RecoveryAnswer::parse(&text);
        }
    }
}
