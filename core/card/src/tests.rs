//! Public vectors of Claim 169 (tests/vectors, with their licence), and what hides inside.

use crate::{
    CardError, CardKey, CardKeys, IssuerKey, PublicKey,
    claims::Claims,
    envelope::{Envelope, cbor, signed_bytes, text, unpack},
};
use ciborium::Value;
use std::fmt::Debug;

const VECTORS: &str = include_str!("../tests/vectors/claim169.json");

fn vectors() -> Vec<serde_json::Value> {
    serde_json::from_str(VECTORS).unwrap()
}

fn field<'a>(vector: &'a serde_json::Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_default()
}

fn opened(vector: &serde_json::Value) -> Result<Envelope, CardError> {
    Envelope::parse(&signed_bytes(field(vector, "qr_data"))?, None)
}

#[test]
fn public_vectors_of_claim_169_say_what_they_are_documented_to_say() {
    let mut read = 0;
    for vector in vectors().iter().filter(|vector| vector["error"].is_null()) {
        let name = field(vector, "name");
        let envelope = opened(vector).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut claims = Claims::from_value(cbor(envelope.unverified()).unwrap()).unwrap();
        let mut person = Claims::from_value(claims.take(169, "169").unwrap()).unwrap();
        assert_eq!(claims.take_text(1, "iss").unwrap(), field(vector, "issuer"), "{name}");
        for (key, number) in [(4, "expires_at"), (5, "not_before"), (6, "issued_at")] {
            assert_eq!(claims.take_integer(key, "").ok(), vector[number].as_i64(), "{name} {number}");
        }
        for (key, text) in [(1, "id"), (4, "full_name"), (8, "date_of_birth"), (21, "location")] {
            assert_eq!(person.take_text(key, "").ok().as_deref(), vector[text].as_str(), "{name} {text}");
        }
        read += 1;
    }
    assert_eq!(read, 6);
}

#[test]
fn public_vectors_that_are_no_cards_are_refused_by_their_reason() {
    for vector in vectors().iter().filter(|vector| !vector["error"].is_null()) {
        let refused = opened(vector).and_then(|envelope| crate::claims::decode(envelope.unverified()));
        let wanted = match field(vector, "error") {
            "Algorithm" => CardError::Algorithm,
            _ => CardError::NotOurs,
        };
        assert_eq!(refused.unwrap_err(), wanted, "{}", field(vector, "name"));
    }
}

#[test]
fn public_signature_holds_with_its_key_and_with_no_other() {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let keys = |public| CardKeys {
        serial: 1,
        root: IssuerKey::from_bytes(&[1; 32]).public(),
        keys: vec![CardKey { public, from: day, until: day }],
    };
    let vectors = vectors();
    let signed: Vec<_> = vectors.iter().filter(|vector| vector["public_key_hex"].is_string()).collect();
    assert_eq!(signed.len(), 1);
    let mut public = [0; 32];
    hex::decode_to_slice(field(signed[0], "public_key_hex"), &mut public).unwrap();
    let envelope = opened(signed[0]).unwrap();
    assert!(keys(PublicKey::from_bytes(&public).unwrap()).open(&envelope).is_ok());
    let other = IssuerKey::from_bytes(&[2; 32]).public();
    assert_eq!(keys(other).open(&envelope).unwrap_err(), CardError::BadSignature);
}

#[test]
fn weak_key_under_which_anything_verifies_is_none() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(PublicKey::from_bytes(&identity).is_err());
}

#[test]
fn unpacking_stops_at_the_limit_whatever_is_claimed() {
    let bomb = crate::envelope::pack(&vec![0; 8 << 20]).unwrap();
    assert!(bomb.len() < 16 << 10);
    assert_eq!(unpack(&bomb, 4096), Err(CardError::TooLarge { limit: 4096 }));
    let fits = crate::envelope::pack(&[7; 4096]).unwrap();
    assert_eq!(unpack(&fits, 4096), Ok(vec![7; 4096]));
    let mut longer = fits.clone();
    longer.push(0);
    assert_eq!(unpack(&longer, 4096), Err(CardError::NotOurs), "something stands behind it");
    assert_eq!(unpack(&fits[..fits.len() - 5], 4096), Err(CardError::Truncated));
}

#[test]
fn deep_cbor_is_refused_before_it_is_walked() {
    let deep = (0..12).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let bytes = crate::envelope::cbor_bytes(&deep).unwrap();
    assert_eq!(cbor(&bytes), Err(CardError::Nested));
    let packed = text(&[&[0xd2], &bytes[..]].concat()).unwrap();
    assert_eq!(
        signed_bytes(packed.as_str()).and_then(|signed| Envelope::parse(&signed, None).map(drop)),
        Err(CardError::Nested)
    );
}

#[test]
fn nothing_of_a_person_is_in_debug_texts() {
    let quiet: [&dyn Debug; 2] = [&text(b"SUKIRNO").unwrap(), &crate::MaskedNik::parse("3302********9001").unwrap()];
    for value in quiet {
        let said = format!("{value:?}");
        assert!(!said.contains("SUKIRNO") && !said.contains("9001"), "{said}");
    }
}
