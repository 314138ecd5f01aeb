use super::*;
use crate::common::World;
use proptest::prelude::*;

fn published(w: &World) -> PublishedKeys {
    let keys = w.key_list().sign(&w.root).unwrap();
    PublishedKeys { keys, receivers: w.receiver_list().sign(&w.server).unwrap() }
}

#[test]
fn lists_hang_on_the_fingerprint_of_the_invite() {
    let w = World::new(1);
    let json = serde_json::to_vec(&published(&w)).unwrap();
    let believed = PublishedKeys::parse(&json).unwrap().verify(&w.invite_root(), Serials::default()).unwrap();
    assert_eq!((&believed.keys, &believed.receivers), (&w.key_list(), &w.receiver_list()));
    assert_eq!(believed.serials(), Serials { keys: 3, receivers: 12 });
    println!("keys: {} bytes of JSON", json.len());
}

impl World {
    fn invite_root(&self) -> Fingerprint {
        self.root.verifying_key().fingerprint()
    }
}

#[test]
fn list_of_another_root_is_refused() {
    let (w, other) = (World::new(1), World::new(2));
    assert_eq!(published(&other).verify(&w.invite_root(), Serials::default()), Err(SealError::OtherRoot));
    // another's list that names our root
    let claim = signed_cbor(&w.key_list(), KEYS, &other.root).unwrap();
    assert_eq!(KeyList::verify(&claim, &w.invite_root(), 0), Err(SealError::UnknownSigner));
    assert_eq!(w.key_list().sign(&other.root), Err(SealError::OtherRoot));
}

#[test]
fn receiver_list_by_a_key_outside_the_root_signed_list_is_refused() {
    let (w, other) = (World::new(1), World::new(2));
    let receivers = other.receiver_list().sign(&other.server).unwrap();
    let refused = PublishedKeys { receivers, ..published(&w) }.verify(&w.invite_root(), Serials::default());
    assert_eq!(refused, Err(SealError::UnknownSigner));
}

#[test]
fn serial_never_goes_back() {
    let w = World::new(3);
    let (lists, root) = (published(&w), w.invite_root());
    assert!(lists.verify(&root, Serials { keys: 3, receivers: 12 }).is_ok(), "the same again is no step back");
    for seen in [Serials { keys: 4, receivers: 0 }, Serials { keys: 0, receivers: 13 }] {
        assert_eq!(lists.verify(&root, seen), Err(SealError::OldSerial));
    }
}

#[test]
fn what_was_signed_for_another_use_is_no_list() {
    let w = World::new(4);
    let (list, root) = (w.key_list(), w.invite_root());
    let elsewhere = signed_cbor(&list, crate::certificate::CONTEXT, &w.root).unwrap();
    assert_eq!(KeyList::verify(&elsewhere, &root, 0), Err(SealError::BadSignature));
    let elsewhere = signed_cbor(&w.receiver_list(), KEYS, &w.server).unwrap();
    assert_eq!(ReceiverList::verify(&elsewhere, &list, 0), Err(SealError::BadSignature));
}

#[test]
fn first_key_that_lasts_is_sealed_to_and_an_old_one_rather_than_none() {
    let key = |seed| World::new(seed).receiver.receiver_key();
    let keys = [(1, 100), (2, 300), (3, 200)].map(|(seed, not_after)| ReceiverEntry { public: key(seed), not_after });
    let list = ReceiverList { serial: 1, keys: keys.to_vec() };
    assert_eq!(list.current(99), Some(key(1)));
    assert_eq!(list.current(100), Some(key(2)));
    assert_eq!(list.current(10_000), Some(key(2)), "the server answers reseal if it is gone");
    assert_eq!(ReceiverList { serial: 1, keys: vec![] }.current(0), None);
}

#[test]
fn every_changed_byte_is_refused() {
    let w = World::new(5);
    let signed = w.key_list().sign(&w.root).unwrap();
    for at in 0..signed.len() {
        for flip in [1, 0x20, 0x80, 0xFF] {
            let mut changed = signed.clone();
            changed[at] ^= flip;
            assert!(KeyList::verify(&changed, &w.invite_root(), 0).is_err(), "byte {at} ^ {flip}");
        }
    }
    assert_eq!(KeyList::verify(&[signed, vec![0]].concat(), &w.invite_root(), 0), Err(SealError::TrailingBytes));
}

#[test]
fn deep_and_huge_cbor_is_refused_without_being_held() {
    let w = World::new(6);
    let deep = cose::sign(vec![0x81; 4000], KEYS.as_bytes(), b"12345678", &w.root).unwrap();
    assert_eq!(KeyList::verify(&deep, &w.invite_root(), 0), Err(SealError::Message));
    // a byte string that claims 2^62 bytes, an array that claims as many members
    for claim in [&[0x84, 0x5B, 0x40, 0, 0, 0, 0, 0, 0, 0][..], &[0x84, 0x9B, 0x40, 0, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(KeyList::verify(claim, &w.invite_root(), 0), Err(SealError::Malformed));
    }
    let huge = vec![0x84; MAX_LIST + 1];
    assert_eq!(KeyList::verify(&huge, &w.invite_root(), 0), Err(SealError::TooLarge { limit: MAX_LIST }));
    assert!(PublishedKeys::parse(&vec![b' '; 3 * MAX_LIST + 1]).is_err());
}

proptest! {
    #[test]
    fn reading_any_bytes_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let w = World::new(7);
        prop_assert!(PublishedKeys::parse(&bytes).is_err());
        prop_assert!(KeyList::verify(&bytes, &w.invite_root(), 0).is_err());
        if let Some(first) = bytes.first_mut() {
            *first = 0x84;
        }
        prop_assert!(KeyList::verify(&bytes, &w.invite_root(), 0).is_err());
        prop_assert!(ReceiverList::verify(&bytes, &w.key_list(), 0).is_err());
    }
}
