//! Properties over random histories: several phones with forms opened at any time, ops arriving in any order,
//! decisions in between.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const PHONES: [u128; 3] = [A, B, C];
const FIELDS: [&str; 4] = ["name", "mother_name", "notes", "phone"];

#[derive(Clone, Debug)]
enum Step {
    /// The phone opens a form: what it shows is what the server has now.
    Open(usize),
    /// It saves a new value into a field.
    Save(usize, usize),
    /// One of its unsent ops arrives.
    Arrive(usize, usize),
    /// It decides a conflict it has just pulled.
    Decide(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let phone = 0..PHONES.len();
    prop_oneof![
        2 => phone.clone().prop_map(Step::Open),
        4 => (phone.clone(), 0..FIELDS.len()).prop_map(|(phone, field)| Step::Save(phone, field)),
        4 => (phone.clone(), 0..4usize).prop_map(|(phone, nth)| Step::Arrive(phone, nth)),
        1 => (phone, 0..2usize).prop_map(|(phone, field)| Step::Decide(phone, field)),
    ]
}

/// One phone of a history: the base of its open form, the ops on their way, the values it has ever seen or written.
#[derive(Default)]
struct Phone {
    base: Option<Base>,
    unsent: Vec<Op>,
    seen: BTreeSet<String>,
}

struct History {
    desk: Desk,
    phones: Vec<Phone>,
    /// Each value with those of its field that its writer had seen, directly or through others.
    past: BTreeMap<String, BTreeSet<String>>,
    /// Which field each value belongs to.
    fields: BTreeMap<String, &'static str>,
    values: u32,
}

impl History {
    fn new() -> Self {
        let desk = Desk::new();
        let base = desk.now();
        let phones = PHONES.iter().map(|_| Phone { base, ..Phone::default() }).collect();
        let mut history = Self {
            desk,
            phones,
            past: BTreeMap::new(),
            fields: [("Init", "name"), ("init", "notes")].map(|(value, field)| (value.to_owned(), field)).into(),
            values: 0,
        };
        for phone in 0..PHONES.len() {
            history.pull(phone);
        }
        history
    }

    fn visible(&self) -> BTreeSet<String> {
        let body = FIELDS.iter().filter_map(|field| self.desk.value(field).as_str());
        let open = self.desk.record.conflicts.values().flat_map(|conflict| &conflict.candidates);
        body.chain(open.filter_map(|candidate| candidate.value.as_str())).map(str::to_owned).collect()
    }

    fn pull(&mut self, phone: usize) {
        let visible = self.visible();
        let phone = &mut self.phones[phone];
        phone.base = self.desk.now();
        for value in visible {
            phone.seen.extend(self.past.get(&value).into_iter().flatten().cloned());
            phone.seen.insert(value);
        }
    }

    /// A value nobody has used, remembered with what its writer had seen.
    fn value(&mut self, phone: usize, field: &'static str) -> String {
        self.values += 1;
        let value = if field == "phone" { format!("+62812{:08}", self.values) } else { format!("v{}", self.values) };
        let seen = self.phones[phone].seen.iter().filter(|seen| self.fields.get(*seen) == Some(&field)).cloned();
        self.past.insert(value.clone(), seen.collect());
        self.fields.insert(value.clone(), field);
        self.phones[phone].seen.insert(value.clone());
        value
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Open(phone) => self.pull(phone),
            Step::Save(phone, field) => {
                let value = self.value(phone, FIELDS[field]);
                let base = self.phones[phone].base;
                let op = self.desk.op(PHONES[phone], base, &[(FIELDS[field], &value)]);
                self.desk.received += 10;
                self.phones[phone].unsent.push(op);
            }
            Step::Arrive(phone, nth) => {
                let unsent = self.phones[phone].unsent.len();
                if unsent > 0 {
                    let op = self.phones[phone].unsent.remove(nth % unsent);
                    self.arrive(phone, &op);
                }
            }
            Step::Decide(phone, field) => {
                self.pull(phone);
                let field = FIELDS[field];
                if self.desk.record.conflicts.contains_key(field) {
                    let value = self.value(phone, field);
                    let mut op = self.desk.decision(PHONES[phone], field, &value);
                    if let Some(decision) = op.resolve.get_mut(field) {
                        decision.document = Some(if field == "name" { "ktp" } else { "kk" }.to_owned());
                    }
                    self.arrive(phone, &op);
                }
            }
        }
    }

    /// The class-B values a person can still see for a field, each with the phone that wrote it.
    fn open_values(record: &Record, field: &str) -> BTreeMap<String, DeviceId> {
        let body = record.stamps.get(field).map(|stamp| (record.value(field).clone(), stamp.author.device));
        let open = record.conflicts.get(field).into_iter().flat_map(|conflict| &conflict.candidates);
        let open = open.map(|candidate| (candidate.value.clone(), candidate.op.device));
        body.into_iter().chain(open).filter_map(|(value, by)| Some((value.as_str()?.to_owned(), by))).collect()
    }

    fn arrive(&mut self, phone: usize, op: &Op) {
        let before = self.desk.record.clone();
        let merged = self.desk.take(PHONES[phone], op);
        let after = &self.desk.record;
        for (field, value) in op.values() {
            let value = value.as_str().unwrap_or_default();
            let outcome = &merged.fields[field];
            let open = Self::open_values(after, field);
            match outcome {
                FieldOutcome::Kept => assert_eq!(after.value(field), value, "{field}: kept, but not the body"),
                FieldOutcome::Conflict => assert!(open.contains_key(value), "{field}: open, but {value} is not there"),
                // the op's row in the history is where it lives
                FieldOutcome::Lost | FieldOutcome::Refused(_) => {}
                FieldOutcome::Correction => panic!("nothing was submitted"),
            }
            if after.kind.class(field) != crate::field::Class::B {
                continue;
            }
            // a value leaves only by its own writer's hand or by one who had seen it
            for (gone, by) in Self::open_values(&before, field) {
                let seen = self.past[value].contains(&gone);
                assert!(
                    open.contains_key(&gone) || by == device(PHONES[phone]) || seen,
                    "{field}: {gone} vanished unseen"
                );
            }
            // nobody conflicts with themselves, nor with what they had seen
            let was_open = before.conflicts.contains_key(field);
            if !was_open && op.resolve.is_empty() && outcome == &FieldOutcome::Conflict {
                let stood = before.value(field).as_str().unwrap_or_default();
                assert!(!self.past[value].contains(stood), "{field}: the writer had seen {stood}");
                assert_ne!(before.stamps[field].author.device, device(PHONES[phone]), "{field}: against oneself");
            }
        }
        // an open conflict always has something to choose
        for (field, conflict) in &after.conflicts {
            let body = after.value(field);
            assert!(conflict.candidates.iter().any(|other| &other.value != body), "{field} has nothing to choose");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn random_histories_keep_every_rule(steps in proptest::collection::vec(step(), 1..60)) {
        let mut history = History::new();
        for step in &steps {
            history.run(step);
        }
        for phone in 0..PHONES.len() {
            while let Some(op) = history.phones[phone].unsent.pop() {
                history.arrive(phone, &op);
            }
        }
        // storing changes nothing
        let record = &history.desk.record;
        let state = record.to_state().expect("serialises");
        let read = Record::from_state(record.id, record.kind.clone(), record.area.clone(), record.version, &state);
        prop_assert_eq!(&read.expect("reads"), record);
    }

    #[test]
    fn patches_of_different_fields_commute(
        writes in proptest::collection::vec((0..PHONES.len(), any::<bool>()), FIELDS.len()),
        order in Just((0..FIELDS.len()).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut desk = Desk::new();
        let base = desk.now();
        let ops: Vec<(u128, Op)> = FIELDS.iter().zip(&writes).map(|(field, (phone, phone_like))| {
            let value = if *field == "phone" || *phone_like { "+6281299999999" } else { "baru" };
            (PHONES[*phone], desk.op(PHONES[*phone], base, &[(field, value)]))
        }).collect();
        let mut shuffled = desk.clone();
        for (who, op) in &ops {
            desk.take(*who, op);
        }
        for i in order {
            shuffled.take(ops[i].0, &ops[i].1);
        }
        prop_assert_eq!(&desk.record.body, &shuffled.record.body);
        prop_assert_eq!(&desk.record.conflicts, &shuffled.record.conflicts);
        prop_assert_eq!(desk.record.version, shuffled.record.version);
    }

    #[test]
    fn arrival_order_of_one_devices_ops_does_not_change_the_end(
        values in proptest::collection::vec((0..FIELDS.len(), 0..9u8), 1..8),
        seed in any::<u64>(),
    ) {
        let mut desk = Desk::new();
        let base = desk.now();
        let ops: Vec<Op> = values.iter().map(|(field, value)| {
            let value = if FIELDS[*field] == "phone" { format!("+6281200000{value:03}") } else { format!("v{value}") };
            desk.op(A, base, &[(FIELDS[*field], &value)])
        }).collect();
        let mut shuffled = desk.clone();
        for op in &ops {
            desk.take(A, op);
        }
        let mut order: Vec<usize> = (0..ops.len()).collect();
        order.sort_by_key(|i| (seed.rotate_left(u32::try_from(*i).unwrap_or(0) * 7)) ^ (*i as u64));
        for i in order {
            shuffled.take(A, &ops[i]);
        }
        prop_assert_eq!(&desk.record.body, &shuffled.record.body);
        prop_assert!(!shuffled.record.has_open_conflict());
    }
}
