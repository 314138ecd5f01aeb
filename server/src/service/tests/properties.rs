//! Random bundles, repeated, doubled and out of order: replay changes nothing, and quiet phones equal the server.

use super::office::*;
use payung_domain::{
    id::RecordId,
    op::{Op, OutcomeStatus},
};
use payung_protocol::{Cursor, Request};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Create { phone: usize, record: u128, nik: u32 },
    Edit { phone: usize, record: u128, field: usize, value: u8 },
    Pull { phone: usize },
    Deliver { at: usize, again: bool },
    Move { record: u128, to: usize },
}

const FIELDS: [&str; 4] = ["name", "mother_name", "notes", "phone"];
const PLACES: [&str; 3] = [RT3, RT4, TELUK];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3_usize, 1..5_u128, 1..4_u32).prop_map(|(phone, record, nik)| Step::Create { phone, record, nik }),
        5 => (0..3_usize, 1..5_u128, 0..4_usize, 0..6_u8)
            .prop_map(|(phone, record, field, value)| Step::Edit { phone, record, field, value }),
        2 => (0..3_usize).prop_map(|phone| Step::Pull { phone }),
        6 => (0..8_usize, any::<bool>()).prop_map(|(at, again)| Step::Deliver { at, again }),
        1 => (1..5_u128, 0..3_usize).prop_map(|(record, to)| Step::Move { record, to }),
    ]
}

struct World {
    office: Office,
    phones: Vec<Phone>,
    /// Sealed requests on their way.
    road: Vec<(usize, Request)>,
    sent: Vec<(usize, Request)>,
    saved: Vec<(RecordId, String, serde_json::Value)>,
}

impl World {
    fn new() -> Self {
        let office = Office::new();
        let phones = (0..3).map(|_| office.phone(&[VILLAGE, TELUK])).collect();
        Self { office, phones, road: Vec::new(), sent: Vec::new(), saved: Vec::new() }
    }

    fn request(&self, phone: usize, ops: Vec<Op>) -> Request {
        Request { ops, cursor: self.phones[phone].cursor.clone(), ..Request::default() }
    }

    fn queue(&mut self, phone: usize, op: Op) {
        for (field, value) in op.values() {
            self.saved.push((op.record, field.clone(), value.clone()));
        }
        let request = self.request(phone, vec![op]);
        self.sent.push((phone, request.clone()));
        self.road.push((phone, request));
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Create { phone, record: id, nik: serial } => {
                let op = self.phones[*phone].worker(
                    &self.office,
                    record(*id + 100 * *phone as u128),
                    &nik(*serial),
                    "SUPARNO",
                );
                if op.base.is_none() {
                    self.queue(*phone, op);
                }
            }
            Step::Edit { phone, record: id, field, value } => {
                let held: Vec<RecordId> = self.phones[*phone]
                    .base
                    .iter()
                    .filter(|(_, put)| put.kind.name() == "worker")
                    .map(|(id, _)| *id)
                    .collect();
                if let Some(id) = held.get(usize::try_from(*id).expect("small") % held.len().max(1)) {
                    let text = if FIELDS[*field] == "phone" {
                        format!("08123456780{value}")
                    } else {
                        format!("NILAI {}", char::from(b'A' + value))
                    };
                    let op = self.phones[*phone].edit(&self.office, *id, FIELDS[*field], text);
                    self.queue(*phone, op);
                }
            }
            Step::Pull { phone } => self.phones[*phone].pull(&self.office),
            Step::Deliver { at, again } => {
                if self.road.is_empty() {
                    return;
                }
                let at = at % self.road.len();
                let (phone, request) = if *again { self.road[at].clone() } else { self.road.remove(at) };
                self.deliver(phone, &request);
            }
            Step::Move { record: id, to } => {
                let id = record(*id);
                let movable = self.office.find(id).is_some_and(|record| record.alias.is_none());
                if movable {
                    self.office.act(crate::service::operator::Act::Move { record: id, to: area(PLACES[*to]) });
                }
            }
        }
    }

    fn deliver(&mut self, phone: usize, request: &Request) {
        let reply = self.office.service.exchange(self.phones[phone].device, request, &[], START).expect("a reply");
        assert_eq!(reply.outcomes.len(), request.ops.len());
        self.phones[phone].take(&reply);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_replay_changes_nothing_and_quiet_phones_equal_the_server(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            world.play(step);
        }
        while let Some((phone, request)) = world.road.pop() {
            world.deliver(phone, &request);
        }
        let before = world.office.dump();
        for (phone, request) in world.sent.clone() {
            let reply = world.office.service.exchange(world.phones[phone].device, &request, &[], START + DAY).expect("a reply");
            prop_assert!(reply.outcomes.iter().all(|outcome| outcome.status != OutcomeStatus::Refused), "{:?}", reply.outcomes);
        }
        prop_assert_eq!(&world.office.dump(), &before, "replay");
        // every value is in the history, whatever became of it
        for (id, field, value) in &world.saved {
            let history = world.office.service.history(BOSS, *id, START).expect("history");
            let there = history.iter().any(|op| op.op.values().any(|(name, kept)| name == field && kept == value));
            prop_assert!(there, "{}", field);
        }
        for phone in &mut world.phones {
            phone.pull(&world.office);
        }
        let fresh = {
            let mut phone = world.phones[0].clone();
            phone.cursor = None::<Cursor>;
            phone.base.clear();
            phone.pull(&world.office);
            phone.base
        };
        for phone in &world.phones {
            prop_assert_eq!(&phone.base, &fresh, "every phone holds what a new one would");
        }
        let versions: BTreeMap<RecordId, u64> = fresh.iter().map(|(id, put)| (*id, put.version)).collect();
        for (id, version) in versions {
            prop_assert_eq!(world.office.record(id).version, version);
        }
    }
}
