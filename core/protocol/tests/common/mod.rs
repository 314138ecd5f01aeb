//! What the tests of this crate share: seeded keys and invented people.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(unreachable_pub, reason = "one file serves as a module of the crate and of its tests")]

use payung_domain::{
    field::Kind,
    id::{Base, DeviceId, Epoch, Hlc, OfficialId, RecordId},
};
use payung_protocol::{
    AppFacts, Attestation, BundleId, Certificate, Change, Cursor, DeviceKeys, Invite, InviteSecret, JoinRequest, KeyId,
    KeyList, Op, Outcome, OutcomeStatus, Put, ReceiverEntry, ReceiverList, ReceiverSecret, Reply, Request, Role,
    SigningKey, VerifyingKey,
};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, convert::Infallible};
use uuid::Uuid;

/// The same bytes for the same seed, for ever: SHA-256 in counter mode.
pub struct Seeded {
    seed: u64,
    block: u64,
    left: Vec<u8>,
}

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self { seed, block: 0, left: Vec::new() }
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    fn byte(&mut self) -> u8 {
        if self.left.is_empty() {
            let block = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.block.to_be_bytes());
            self.left = block.finalize().to_vec();
            self.block += 1;
        }
        self.left.pop().expect("just filled")
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.byte());
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

/// A server and a phone that has joined it.
pub struct World {
    pub rng: Seeded,
    pub root: SigningKey,
    pub server: SigningKey,
    pub receiver: ReceiverSecret,
    pub phone: DeviceKeys,
    pub device: DeviceId,
    pub bundle: BundleId,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = Seeded::new(seed);
        Self {
            root: SigningKey::generate(&mut rng),
            server: SigningKey::generate(&mut rng),
            receiver: ReceiverSecret::generate(&mut rng),
            phone: DeviceKeys::generate(&mut rng),
            device: DeviceId(Uuid::from_bytes(rng.bytes())),
            bundle: BundleId::generate(&mut rng),
            rng,
        }
    }

    /// As the server looks up its receiver secret.
    pub fn secret_of(&self, id: KeyId) -> Option<ReceiverSecret> {
        (id == self.receiver.receiver_key().id()).then(|| self.receiver.clone())
    }

    /// As the server looks up a session key.
    pub fn session_of(&self, device: DeviceId) -> Option<VerifyingKey> {
        (device == self.device).then(|| self.phone.session.verifying_key())
    }

    /// As the phone looks up a server key.
    pub fn server_key(&self, id: KeyId) -> Option<VerifyingKey> {
        self.key_list().signing_key(id)
    }

    pub fn key_list(&self) -> KeyList {
        KeyList {
            serial: 3,
            root: self.root.verifying_key(),
            signing: vec![self.server.verifying_key()],
            recovery: Some(self.receiver.receiver_key()),
            card_roots: vec![self.root.verifying_key()],
        }
    }

    pub fn receiver_list(&self) -> ReceiverList {
        let entry = ReceiverEntry { public: self.receiver.receiver_key(), not_after: 1_800_000_000_000 };
        ReceiverList { serial: 12, keys: vec![entry] }
    }

    pub fn certificate(&self) -> Certificate {
        Certificate {
            serial: 41,
            server: self.root.verifying_key().fingerprint(),
            device: self.device,
            official: OfficialId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0007)),
            name: "Siti Contoh Rahayuningsih".to_owned(),
            session_key: self.phone.session.verifying_key(),
            device_key: self.phone.device.receiver_key(),
            attestation: Some("strongbox".to_owned()),
            roles: vec![Role::Official],
            areas: vec![area()],
            only: None,
            issued_at: 1_795_000_000_000,
            lease_until: 1_797_592_000_000,
            replaces: None,
        }
    }

    pub fn join_request(&mut self) -> JoinRequest {
        JoinRequest {
            secret: InviteSecret::generate(&mut self.rng),
            session_key: self.phone.session.verifying_key(),
            device_key: self.phone.device.receiver_key(),
            attestation: Some(Attestation { format: "android_key".to_owned(), statement: vec![0xA5; 40] }),
            app: Some(AppFacts { app_version: "1.4.2".to_owned(), schema: 1, free_bytes: 3_200_000_000 }),
        }
    }

    pub fn invite(&mut self) -> Invite {
        Invite {
            servers: vec!["https://payung.example.id".to_owned(), "http://192.168.1.20:8480".to_owned()],
            root: self.root.verifying_key().fingerprint(),
            secret: InviteSecret::generate(&mut self.rng),
        }
    }
}

pub fn area() -> payung_domain::area::Area {
    "33.02.24.1001.005.003".parse().expect("an area")
}

/// A UUIDv7, a minute after the one before.
pub fn record(n: u64) -> RecordId {
    let random = Sha256::digest(n.to_be_bytes());
    let mut id = [0; 16];
    id[..6].copy_from_slice(&(1_795_000_000_000 + n * 61_007).to_be_bytes()[2..]);
    id[6..].copy_from_slice(&random[..10]);
    id[6] = 0x70 | (id[6] & 0x0F);
    id[8] = 0x80 | (id[8] & 0x3F);
    RecordId(Uuid::from_bytes(id))
}

/// An op that creates an invented worker, or with an even n the enrolment of the one before.
pub fn op(n: u64) -> Op {
    let set = if n.is_multiple_of(2) { enrollment(n) } else { worker(n) };
    Op {
        n,
        record: record(n),
        kind: if n.is_multiple_of(2) { Kind::Enrollment } else { Kind::Worker },
        area: area(),
        base: None,
        set: set.as_object().expect("an object").clone().into_iter().collect(),
        resolve: BTreeMap::new(),
        hlc: Hlc::at_millis(1_795_000_000_000 + i64::try_from(n).expect("small") * 61_007),
        reissue: None,
        stale: Vec::new(),
        receipt: None,
    }
}

/// An op that changes one field of a record read before.
pub fn edit(n: u64) -> Op {
    let phone = json!(format!("+62857{:07}", n * 104_729 % 10_000_000));
    let base = Some(Base { epoch: epoch(), version: 1 });
    Op { n, base, set: [("phone".to_owned(), phone)].into(), ..op(2 * n - 1) }
}

fn pick<'a>(n: u64, salt: u64, list: &[&'a str]) -> &'a str {
    let digest = Sha256::digest((n * 31 + salt).to_be_bytes());
    list[usize::from(digest[0]) % list.len()]
}

fn worker(n: u64) -> Value {
    let given = ["Warsiti", "Sukinah", "Tarno", "Karsim", "Rumini", "Sarwono", "Nartem", "Daliman"];
    let family = ["Contoh", "Rekaan", "Umpama", "Misalnya", "Andaian"];
    let name = |salt| format!("{} {}", pick(n, salt, &given), pick(n, salt + 1, &family));
    let (day, month, year) = (1 + n % 28, 1 + n % 9, 60 + n % 39);
    json!({
        "nik": format!("330224{day:02}0{month}{year:02}{:04}", 9000 + n % 1000),
        "name": name(1),
        "birth": {"date": format!("19{year:02}-0{month}-{day:02}"), "place": "Banyumas", "sex": "m"},
        "mother_name": name(3),
        "home": {"village": "33.02.24.1001", "rw": "005", "rt": "003", "line": format!("Jalan Rekaan {n}"),
            "postcode": "53144"},
        "phone": format!("+62812{:07}", n * 7919 % 10_000_000),
        "occupations": {"first": pick(n, 5, &["penderes", "tukang_becak", "buruh_tani", "bakul", "ojek"])},
        "work": {"place": pick(n, 6, &["Pasar Wage", "sawah", "alun-alun"]), "hours": "06-14"},
        "heirs": [{"name": name(7), "relation": pick(n, 9, &["spouse", "child", "sibling"])}],
        "capture": {"at": "2026-11-22T08:12:45+07:00", "position": {"lat_e6": -7_421_000, "lon_e6": 109_242_000 + n},
            "accuracy": 12, "official": "01900000-0000-7000-8000-000000000007"},
    })
}

fn enrollment(n: u64) -> Value {
    json!({
        "worker": record(n - 1),
        "cover": {"programs": ["jkk", "jkm"], "monthly_income": 1_000_000 + n % 20 * 100_000, "income_basis": "stated",
            "start_month": "2026-12", "months": 6, "payer": "self", "table_version": "2026-01"},
        "declaration": {"independent": true, "healthy": true, "at": "2026-11-22T08:14:02+07:00"},
        "consent": {"text_version": "2026-1", "language": "id", "read_by": "official",
            "at": "2026-11-22T08:14:20+07:00"},
    })
}

/// The cursor of a phone that looks after one village: 60 characters.
pub fn cursor() -> Cursor {
    Cursor("AZD4nQhZ7uZp3mXcVb1LkJhGfDsAqWeRtYuIoP0987654321zxcvbnmlkjhg".to_owned())
}

pub fn epoch() -> Epoch {
    Epoch(0x5f3a_9c21_77e0_4b1d)
}

pub fn request(ops: u64) -> Request {
    Request { ops: (1..=ops).map(op).collect(), cursor: Some(cursor()), ..Request::default() }
}

/// Answers so many creations, and tells of as many records.
pub fn reply(ops: u64) -> Reply {
    let outcome = |n| Outcome {
        n,
        status: OutcomeStatus::Applied,
        record: record(n),
        version: 1,
        duplicate_of: None,
        fields: BTreeMap::new(),
        code: None,
    };
    let put = |n| {
        let Op { record, kind, area, mut set, .. } = op(n);
        if kind == Kind::Worker {
            set.insert("nik".to_owned(), json!({"masked": "3302********9001", "tag": "q83vEjRWeJCr"}));
        }
        Change::Put(Put { record, kind, area, version: 1, body: set, conflicts: BTreeMap::new(), alias_of: None })
    };
    Reply {
        outcomes: (1..=ops).map(outcome).collect(),
        changes: (1..=ops).map(put).collect(),
        ..Reply::new(epoch(), Some(cursor()), 1_795_000_000_123)
    }
}
