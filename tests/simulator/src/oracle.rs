//! What was saved, by whom and having seen what: kept outside the stores, so that it can say what they lost.

use payung_domain::{
    field::{Class, Kind},
    id::{DeviceId, Epoch, RecordId},
    nik::Nik,
    op::{Body, Conflict},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A value of a field of a record, as it counts for "the same".
pub(crate) type ValueId = u32;

/// By field, the values that were before a person.
pub(crate) type Seen = BTreeMap<String, BTreeSet<ValueId>>;

/// One act of one person that returned as saved.
pub(crate) struct Saving {
    pub(crate) phone: usize,
    pub(crate) step: usize,
    pub(crate) record: RecordId,
    /// What it wrote, as the store keeps it.
    pub(crate) values: Body,
    /// Fields whose value a later save took the place of inside one unsealed op, or may have.
    pub(crate) absorbed: BTreeSet<String>,
    /// Given up by the person after a refusal.
    pub(crate) given_up: bool,
}

/// What stands in a class-B field, or is a candidate for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) version: u64,
    pub(crate) fields: Seen,
}

/// The memory.
#[derive(Default)]
pub(crate) struct Oracle {
    ids: HashMap<(RecordId, String, String), ValueId>,
    /// By value, everything whose writer had seen it, or had written it before.
    past: Vec<BTreeSet<ValueId>>,
    pub(crate) savings: Vec<Saving>,
    /// By phone and record, of each field what it saved, in order.
    pub(crate) own: BTreeMap<(usize, RecordId), BTreeMap<String, Vec<ValueId>>>,
    /// By phone and record, the savings that may be in one unsealed op.
    unsealed: HashMap<(usize, RecordId), Vec<usize>>,
    /// What each record showed at each version, all classes.
    told: HashMap<(RecordId, Epoch, u64), Seen>,
    /// What stands at the server.
    pub(crate) standing: HashMap<RecordId, Standing>,
    /// Every record that was ever saved.
    pub(crate) records: BTreeMap<RecordId, Kind>,
    /// Which phone numbered an op: a device belongs to one phone, a phone may be several devices in turn.
    pub(crate) owners: HashMap<DeviceId, usize>,
    /// Records with a form open, or saved and not sent, while their phone joined again. Where the form was opened over
    /// an own value that had not been pulled, it has no version to show that its writer had seen that value, and under
    /// the new device's name the server does not know the writer either: it asks a person to choose between two values
    /// of one official. Nothing is lost; no rule of the design decides it.
    pub(crate) open_over_joining: BTreeSet<RecordId>,
    /// The server was restored from a backup at some time.
    pub(crate) restored: bool,
    /// Devices of which a copy was made.
    pub(crate) shared: BTreeSet<DeviceId>,
    /// What each phone showed of its own last.
    pub(crate) shown: HashMap<(usize, RecordId), BTreeMap<String, (Value, ValueId)>>,
    /// Fields of which it is no fault that an older value is shown: decided by a person, linked, given up.
    pub(crate) excused: BTreeSet<(RecordId, String)>,
    /// Records that were ever linked to another.
    pub(crate) linked: BTreeSet<RecordId>,
    /// Enrolments the branch had the money for.
    pub(crate) paid: BTreeSet<RecordId>,
}

/// A NIK by what every side may know of it, everything else as it counts for "the same".
pub(crate) fn normal(kind: &Kind, field: &str, value: &Value) -> Value {
    if *kind == Kind::Worker && field == "nik" {
        let masked = match value {
            Value::String(digits) => Nik::parse(digits).ok().map(|nik| nik.masked()),
            other => other.get("masked").and_then(Value::as_str).map(str::to_owned),
        };
        return masked.map_or(Value::Null, Value::from);
    }
    kind.normalise(field, value)
}

impl Oracle {
    pub(crate) fn id(&mut self, record: RecordId, kind: &Kind, field: &str, value: &Value) -> ValueId {
        let text = normal(kind, field, value).to_string();
        let next = ValueId::try_from(self.past.len()).unwrap_or(ValueId::MAX);
        let id = *self.ids.entry((record, field.to_owned(), text)).or_insert(next);
        if id == next {
            self.past.push(BTreeSet::new());
        }
        id
    }

    /// What a person sees who opens this: the values shown, the candidates, and what was told under the base.
    pub(crate) fn seen(
        &mut self,
        record: RecordId,
        kind: &Kind,
        shown: &Body,
        conflicts: &BTreeMap<String, Conflict>,
        base: Option<(Epoch, u64)>,
    ) -> Seen {
        let mut seen =
            base.and_then(|(epoch, version)| self.told.get(&(record, epoch, version)).cloned()).unwrap_or_default();
        for (field, value) in shown {
            let id = self.id(record, kind, field, value);
            seen.entry(field.clone()).or_default().insert(id);
        }
        for (field, conflict) in conflicts {
            for candidate in &conflict.candidates {
                let id = self.id(record, kind, field, &candidate.value);
                seen.entry(field.clone()).or_default().insert(id);
            }
        }
        seen
    }

    /// A value was written by someone who had seen these.
    pub(crate) fn wrote(&mut self, value: ValueId, seen: &BTreeSet<ValueId>) {
        let mut past: BTreeSet<ValueId> = seen.clone();
        for id in seen {
            past.extend(self.past[*id as usize].iter().copied());
        }
        past.remove(&value);
        self.past[value as usize].extend(past);
    }

    /// Notes an act that returned as saved. `absorbed`: it went into an op that was not sealed yet; none = not known.
    pub(crate) fn save(
        &mut self,
        (phone, step): (usize, usize),
        (record, kind): (RecordId, &Kind),
        values: Body,
        seen: &Seen,
        absorbed: Option<bool>,
    ) {
        let at = self.savings.len();
        self.records.entry(record).or_insert_with(|| kind.clone());
        let open = self.unsealed.entry((phone, record)).or_default();
        if absorbed == Some(false) {
            open.clear();
        } else {
            for earlier in &*open {
                let earlier = &mut self.savings[*earlier];
                let again = values.keys().filter(|field| earlier.values.contains_key(*field));
                earlier.absorbed.extend(again.cloned().collect::<Vec<_>>());
            }
        }
        open.push(at);
        for (field, value) in &values {
            let id = self.id(record, kind, field, value);
            let mut saw = seen.get(field).cloned().unwrap_or_default();
            let own = self.own.entry((phone, record)).or_default().entry(field.clone()).or_default();
            saw.extend(own.iter().copied());
            if own.contains(&id) {
                // the same value again: "older" has no meaning any more
                self.excused.insert((record, field.clone()));
            }
            own.push(id);
            self.wrote(id, &saw);
        }
        let absorbed = BTreeSet::new();
        self.savings.push(Saving { phone, step, record, values, absorbed, given_up: false });
    }

    /// The phone joins again: see [`Oracle::open_over_joining`].
    pub(crate) fn joins_again(&mut self, phone: usize, open: impl Iterator<Item = RecordId>) {
        self.open_over_joining.extend(open);
        self.open_over_joining
            .extend(self.unsealed.keys().filter(|(owner, _)| *owner == phone).map(|(_, record)| *record));
    }

    /// The records a phone wrote to.
    pub(crate) fn own_records(&self, phone: usize) -> Vec<RecordId> {
        self.own.keys().filter(|(owner, _)| *owner == phone).map(|(_, record)| *record).collect()
    }

    /// A copy of a phone begins with what the phone had.
    pub(crate) fn copy_phone(&mut self, from: usize, to: usize) {
        for record in self.own_records(from) {
            if let Some(fields) = self.own.get(&(from, record)).cloned() {
                // the same act goes out from both, and whichever comes later carries what the other has changed since
                self.excused.extend(fields.keys().map(|field| (record, field.clone())));
                self.own.insert((to, record), fields);
            }
            if let Some(fields) = self.shown.get(&(from, record)).cloned() {
                self.shown.insert((to, record), fields);
            }
        }
        let unsealed: Vec<_> = self.unsealed.iter().filter(|((phone, _), _)| *phone == from).collect();
        let unsealed: Vec<_> = unsealed.into_iter().map(|((_, r), at)| ((to, *r), at.clone())).collect();
        self.unsealed.extend(unsealed);
    }

    /// What the server now tells of a record at a version.
    pub(crate) fn told(
        &mut self,
        (record, kind): (RecordId, &Kind),
        (epoch, version): (Epoch, u64),
        body: &Body,
        conflicts: &BTreeMap<String, Conflict>,
    ) -> Seen {
        let all = self.seen(record, kind, body, conflicts, None);
        self.told.insert((record, epoch, version), all.clone());
        all.into_iter().filter(|(field, _)| kind.class(field) == Class::B).collect()
    }

    /// Class-B values that stood before and stand no more, though nobody who wrote what stands now had seen them.
    pub(crate) fn overwritten_unseen(&self, before: &Seen, after: &Seen) -> Vec<(String, ValueId)> {
        let none = BTreeSet::new();
        let mut lost = Vec::new();
        for (field, values) in before {
            let now = after.get(field).unwrap_or(&none);
            for value in values.difference(now) {
                if !now.iter().any(|id| self.past[*id as usize].contains(value)) {
                    lost.push((field.clone(), *value));
                }
            }
        }
        lost
    }
}
