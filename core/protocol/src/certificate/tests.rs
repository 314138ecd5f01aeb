use super::*;
use crate::common::World;
use proptest::prelude::*;

#[test]
fn certificate_reads_as_it_was_issued() {
    let w = World::new(1);
    let full = Certificate { replaces: Some(w.device), ..w.certificate() };
    let record = payung_domain::id::RecordId(uuid::Uuid::from_u128(7));
    let area = w.certificate().areas[0].clone();
    let own = Certificate {
        roles: vec![Role::Worker],
        areas: Vec::new(),
        only: Some(payung_domain::only::Only::Worker { record, area: area.clone() }),
        ..w.certificate()
    };
    assert_eq!((own.home(), Certificate { only: None, ..own.clone() }.home()), (Some(&area), None));
    for certificate in [w.certificate(), full, own, Certificate { attestation: None, ..w.certificate() }] {
        let signed = certificate.issue(&w.server).unwrap();
        assert_eq!(Certificate::verify(&signed, |id| w.server_key(id)), Ok(certificate));
    }
}

#[test]
fn certificate_of_a_usual_official_leaves_room() {
    let w = World::new(2);
    let areas = (1..=9).map(|rt| format!("33.02.24.1001.005.{rt:03}").parse().unwrap()).collect();
    let certificate = Certificate { areas, replaces: Some(w.device), ..w.certificate() };
    let signed = certificate.issue(&w.server).unwrap();
    println!("certificate: {} bytes; with nine RTs: {}", w.certificate().issue(&w.server).unwrap().len(), signed.len());
    assert!(signed.len() <= MAX_CERTIFICATE);
}

#[test]
fn certificate_that_outgrows_its_bound_is_not_issued() {
    let w = World::new(3);
    let areas = vec!["33.02.24.1001.005.003".parse().unwrap(); 40];
    let refused = Certificate { areas, ..w.certificate() }.issue(&w.server);
    assert!(matches!(refused, Err(SealError::CertificateTooLarge(size)) if size > MAX_CERTIFICATE), "{refused:?}");
    let too_large = vec![0x84; MAX_CERTIFICATE + 1];
    let refused = Certificate::verify(&too_large, |id| w.server_key(id));
    assert_eq!(refused, Err(SealError::TooLarge { limit: MAX_CERTIFICATE }));
}

#[test]
fn certificate_by_a_key_outside_the_list_is_refused() {
    let w = World::new(4);
    let signed = w.certificate().issue(&w.root).unwrap();
    assert_eq!(Certificate::verify(&signed, |id| w.server_key(id)), Err(SealError::UnknownSigner));
    // the right name, another key
    let signed = w.certificate().issue(&w.server).unwrap();
    let refused = Certificate::verify(&signed, |_| Some(w.root.verifying_key()));
    assert_eq!(refused, Err(SealError::BadSignature));
}

#[test]
fn what_was_signed_for_another_use_is_no_certificate() {
    let w = World::new(5);
    let elsewhere = signed_cbor(&w.certificate(), crate::key_list::RECEIVERS, &w.server).unwrap();
    assert_eq!(Certificate::verify(&elsewhere, |id| w.server_key(id)), Err(SealError::BadSignature));
    let list = w.receiver_list().sign(&w.server).unwrap();
    assert_eq!(Certificate::verify(&list, |id| w.server_key(id)), Err(SealError::BadSignature));
}

#[test]
fn role_of_a_newer_server_survives() {
    let w = World::new(6);
    let certificate = Certificate { roles: vec![Role::Official, Role::from("auditor")], ..w.certificate() };
    let read = Certificate::verify(&certificate.issue(&w.server).unwrap(), |id| w.server_key(id)).unwrap();
    assert_eq!(read.roles, [Role::Official, Role::Other("auditor".to_owned())]);
}

#[test]
fn debug_does_not_name_the_person() {
    let shown = format!("{:?}", World::new(7).certificate());
    assert!(!shown.contains("Siti") && shown.contains("serial: 41"), "{shown}");
}

#[test]
fn every_changed_byte_is_refused() {
    let w = World::new(8);
    let signed = w.certificate().issue(&w.server).unwrap();
    for at in 0..signed.len() {
        for flip in [1, 0x20, 0x80, 0xFF] {
            let mut changed = signed.clone();
            changed[at] ^= flip;
            assert!(Certificate::verify(&changed, |_| Some(w.server.verifying_key())).is_err(), "byte {at} ^ {flip}");
        }
    }
    for extra in [&[0][..], &[0xF6], &signed] {
        let longer = [&signed[..], extra].concat();
        assert!(Certificate::verify(&longer, |id| w.server_key(id)).is_err());
    }
}

proptest! {
    #[test]
    fn reading_any_bytes_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let key = World::new(9).server.verifying_key();
        prop_assert!(Certificate::verify(&bytes, |_| Some(key)).is_err());
        if let Some(first) = bytes.first_mut() {
            *first = 0x84;
        }
        prop_assert!(Certificate::verify(&bytes, |_| Some(key)).is_err());
    }
}
