//! Membership cards: the text of a scanned code, the lists a verifier fetches, and pictures with a code.

use crate::quiet::{is_quiet, says_nothing};
use chrono::NaiveDate;
use coset::{CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, iana};
use ed25519_dalek::{Signer, SigningKey};
use flate2::{Compression, write::ZlibEncoder};
use payung_card::{
    Birth, Card, CardKey, CardKeys, Clock, IssuerKey, Light, MaskedNik, QrCode, StatusList, StatusRef, Verdict, issue,
    scan_png, verify,
};
use payung_domain::{contribution::Programs, nik::Sex};
use std::{io::Write, sync::LazyLock};

const LIST: &str = "https://payung.example.id/s/3302";

struct Office {
    issuer: IssuerKey,
    root: IssuerKey,
    keys: CardKeys,
    list: StatusList,
    card: Card,
    text: String,
}

static OFFICE: LazyLock<Office> = LazyLock::new(|| {
    let (issuer, root) = (IssuerKey::from_bytes(&[7; 32]), IssuerKey::from_bytes(&[8; 32]));
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).expect("a day");
    let key = CardKey { public: issuer.public(), from: day(1, 1), until: day(12, 31) };
    let keys = CardKeys { serial: 3, root: root.public(), keys: vec![key] };
    let mut list = StatusList::new(LIST, 256, day(11, 20).and_time(chrono::NaiveTime::MIN).and_utc()).expect("small");
    list.revoke(9).expect("a place");
    let card = Card {
        issuer: "https://payung.example.id".to_owned(),
        id: "PY000001".to_owned(),
        name: "WARSITI CONTOH".to_owned(),
        birth: Birth::Date(NaiveDate::from_ymd_opt(1980, 5, 15).expect("a day")),
        sex: Sex::Female,
        area: "33.02.24.1001".parse().expect("a village"),
        nik: MaskedNik::parse("3302********9001").expect("masked"),
        programmes: Programs::basic(),
        covered_from: day(11, 1),
        paid_to: "2026-12".parse().expect("a month"),
        issued: day(11, 1),
        expires: Card::lasts_until(day(11, 1)),
        status: StatusRef { uri: LIST.to_owned(), index: 77 },
    };
    let text = issue(&card, &issuer).expect("a card").as_str().to_owned();
    Office { issuer, root, keys, list, card, text }
});

/// A payload as a key signs it, whatever it is.
fn signed(payload: &[u8], typ: Option<&str>, aad: &[u8], key: &IssuerKey) -> Vec<u8> {
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(key.public().id().0.to_vec());
    let header = match typ {
        Some(typ) => header.value(16, typ.into()),
        None => header,
    };
    let key = SigningKey::from_bytes(&key.to_bytes());
    let message = CoseSign1Builder::new().protected(header.build()).payload(payload.to_vec());
    let message = message.create_signature(aad, |bytes| key.sign(bytes).to_bytes().to_vec()).build();
    message.to_tagged_vec().expect("CBOR")
}

fn base45(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("written");
    base45::encode(encoder.finish().expect("packed"))
}

fn judged(text: &str) -> Verdict {
    let today = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day");
    verify(text, &OFFICE.keys, std::slice::from_ref(&OFFICE.list), Clock { today, sure: true })
}

/// The text as it comes; then the bytes as what the issuer signed; then as a signed message. Only what was signed is not red,
/// and what is read of it can be issued and read again.
pub(crate) fn card(data: &[u8]) {
    let outside = match judged(&String::from_utf8_lossy(data)) {
        Verdict::Red(refusal) => {
            is_quiet(&refusal, data);
            None
        }
        verdict => verdict.card().cloned(),
    };
    assert!(outside.is_none_or(|read| read == OFFICE.card), "only what was signed is believed");
    match judged(&base45(data)) {
        Verdict::Red(refusal) => is_quiet(&refusal, data),
        verdict => assert_eq!(verdict.card(), Some(&OFFICE.card)),
    }
    let verdict = judged(&base45(&signed(data, None, &[], &OFFICE.issuer)));
    says_nothing(&format!("{verdict:?}"), data);
    if let Some(read) = verdict.card() {
        let again = issue(read, &OFFICE.issuer).expect("what was read can be issued");
        assert_eq!(judged(again.as_str()), verdict);
        assert!(
            verdict.light() != Light::Green
                || read.covered().covers(NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day"))
        );
    }
}

pub(crate) fn card_seeds() -> Vec<Vec<u8>> {
    let unpacked = {
        let packed = base45::decode(&OFFICE.text).expect("base45");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&packed[..]), &mut bytes).expect("zlib");
        bytes
    };
    let payload = coset::CoseSign1::from_tagged_slice(&unpacked).expect("signed").payload.expect("claims");
    vec![OFFICE.text.clone().into_bytes(), unpacked, payload, vec![0xd2, 0x84, 0x9b, 0xff, 0xff, 0xff, 0xff]]
}

/// A list as it comes, then the same bytes as what the issuer signed.
pub(crate) fn status_list(data: &[u8]) {
    match StatusList::verify(data, &OFFICE.keys) {
        Ok(read) => assert_eq!(read, OFFICE.list),
        Err(error) => is_quiet(&error, data),
    }
    let typ = Some("application/statuslist+cwt");
    match StatusList::verify(&signed(data, typ, &[], &OFFICE.issuer), &OFFICE.keys) {
        Ok(read) => {
            let again = read.sign(&OFFICE.issuer).expect("signed");
            assert_eq!(StatusList::verify(&again, &OFFICE.keys), Ok(read));
        }
        Err(error) => is_quiet(&error, data),
    }
    assert!(StatusList::verify(&signed(data, typ, &[], &OFFICE.root), &OFFICE.keys).is_err());
}

pub(crate) fn status_list_seeds() -> Vec<Vec<u8>> {
    let whole = OFFICE.list.sign(&OFFICE.issuer).expect("signed");
    let payload = coset::CoseSign1::from_tagged_slice(&whole).expect("signed").payload.expect("claims");
    vec![whole, payload]
}

/// The keys as they come, then the same bytes as what the root signed.
pub(crate) fn card_keys(data: &[u8]) {
    let root = OFFICE.root.public().fingerprint();
    match payung_card::unarmoured(data).and_then(|signed| CardKeys::verify(&signed, &root, 0)) {
        Ok(read) => assert_eq!(read, OFFICE.keys),
        Err(error) => is_quiet(&error, data),
    }
    let context = b"payung/card-keys/1";
    match CardKeys::verify(&signed(data, None, context, &OFFICE.root), &root, 2) {
        Ok(read) => {
            assert!(read.serial >= 2 && read.root == OFFICE.root.public());
            let again = read.sign(&OFFICE.root).expect("signed");
            assert_eq!(CardKeys::verify(&again, &root, 2), Ok(read));
        }
        Err(error) => is_quiet(&error, data),
    }
    assert!(CardKeys::verify(&signed(data, None, context, &OFFICE.issuer), &root, 0).is_err());
}

pub(crate) fn card_keys_seeds() -> Vec<Vec<u8>> {
    let whole = OFFICE.keys.sign(&OFFICE.root).expect("signed");
    let mut payload = Vec::new();
    ciborium::into_writer(&OFFICE.keys, &mut payload).expect("CBOR");
    vec![payung_card::armoured(&whole).into_bytes(), whole, payload]
}

/// A picture: a text or a reason, whatever it is.
pub(crate) fn card_picture(data: &[u8]) {
    if let Err(error) = scan_png(data) {
        is_quiet(&error, data);
    }
}

pub(crate) fn card_picture_seeds() -> Vec<Vec<u8>> {
    let code = QrCode::of(&OFFICE.text.parse().expect("a card")).expect("a code");
    vec![code.png(2).expect("a picture"), b"\x89PNG\r\n\x1a\n".to_vec()]
}
