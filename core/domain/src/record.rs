//! A record as the server keeps it: body, and for each field who wrote it, when, and what is open about it.

use crate::{
    area::Area,
    field::Kind,
    id::{Base, DeviceId, Epoch, Hlc, OfficialId, OpId, RecordId},
    op::{Body, Conflict, Op},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
};

/// The most a record may hold, in bytes of JSON: its fields and what is open about them. The richest registration has
/// some 2 KiB. Without a limit a phone could make a record, op by op, that fits into no reply.
pub const MAX_RECORD: usize = 64 << 10;

/// Who wrote the value that stands in a field, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// The op that wrote it.
    pub author: OpId,
    /// The person behind the device.
    pub who: OfficialId,
    /// The record's version that brought it.
    pub version: u64,
    /// The epoch of that version.
    pub epoch: Epoch,
    /// The writer's clamped clock.
    pub hlc: Hlc,
    /// What the writer's form was opened with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// The op's receipt in an earlier epoch, if it was offered again after a restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Base>,
    /// The linked record whose op wrote it, if it was not written to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RecordId>,
}

/// A value with its stamp: what unlinking gives back.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// The value; null where the field was empty.
    pub value: Value,
    /// Its stamp; none where nobody had written the field.
    pub stamp: Option<Stamp>,
}

impl fmt::Debug for Stamped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the value is a person's
        f.debug_struct("Stamped").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

/// The link of a duplicate (this record) to the surviving one. Reversible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// The surviving record.
    pub survivor: RecordId,
    /// This record's version when it was linked.
    pub loser_version: u64,
    /// The survivor's version just before the link.
    pub survivor_version: u64,
    /// Fields that were equal on both at link time, or that the survivor took over.
    pub equal: BTreeSet<String>,
    /// For each field that a value of this record now stands in: what stood there before.
    pub before: BTreeMap<String, Stamped>,
}

/// A record as the server keeps it.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Who looks after it.
    pub area: Area,
    /// Bumped by every change, of conflicts, too. 0 before the first op is applied.
    pub version: u64,
    /// The fields' values.
    pub body: Body,
    /// Who wrote them.
    pub stamps: BTreeMap<String, Stamp>,
    /// For each field and device, the highest n received, also when that write was equal, lost or a candidate.
    pub received: BTreeMap<String, BTreeMap<DeviceId, u64>>,
    /// For each field, the ops a resolver had seen: arriving later, they go to the history.
    pub settled: BTreeMap<String, BTreeSet<OpId>>,
    /// Open conflicts.
    pub conflicts: BTreeMap<String, Conflict>,
    /// Set while this record is linked to another as its duplicate.
    pub alias: Option<Alias>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // names of fields only: the values are a person's
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("body", &self.body.keys())
            .field("stamps", &self.stamps)
            .field("received", &self.received)
            .field("settled", &self.settled)
            .field("conflicts", &self.conflicts)
            .field("alias", &self.alias)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// A record nothing has been written to.
    pub fn new(id: RecordId, kind: Kind, area: Area) -> Self {
        Self {
            id,
            kind,
            area,
            version: 0,
            body: Body::new(),
            stamps: BTreeMap::new(),
            received: BTreeMap::new(),
            settled: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            alias: None,
        }
    }

    /// Whether the record stays within [`MAX_RECORD`] with what an op writes. What the op would take the place of still
    /// counts, as it may stay beside it in a conflict, but for the conflicts the op settles.
    pub fn has_room_for(&self, op: &Op) -> bool {
        let settled = |field: &String| op.resolve.contains_key(field);
        let body = self.body.iter().filter(|(field, _)| !settled(field));
        let open = self.conflicts.iter().filter(|(field, _)| !settled(field));
        let decided = op.resolve.iter().map(|(field, decision)| (field, &decision.value));
        length_of(body) + length_of(open) + length_of(op.set.iter()) + length_of(decided) <= MAX_RECORD
    }

    /// A field's value; null where there is none.
    pub fn value(&self, field: &str) -> &Value {
        self.body.get(field).unwrap_or(&Value::Null)
    }

    /// A field's text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field)?.as_str()
    }

    /// The highest n received from a device for a field; 0 when none.
    pub fn highest(&self, field: &str, device: DeviceId) -> u64 {
        let written = self.stamps.get(field).filter(|stamp| stamp.author.device == device && stamp.source.is_none());
        let received = self.received.get(field).and_then(|by| by.get(&device)).copied().unwrap_or(0);
        received.max(written.map_or(0, |stamp| stamp.author.n))
    }

    /// Whether a class-B conflict is open: then nothing of this record goes to the branch.
    pub fn has_open_conflict(&self) -> bool {
        !self.conflicts.is_empty()
    }
}

/// Bytes of JSON of an object with these members.
fn length_of<'m, V: Serialize + 'm>(members: impl Iterator<Item = (&'m String, &'m V)>) -> usize {
    members.map(|member| Length::of(&member)).sum()
}

/// Counts what is written to it.
struct Length(usize);

impl Length {
    fn of(value: &impl Serialize) -> usize {
        let mut length = Self(0);
        // counting cannot fail, and nothing of a record is beyond JSON
        let written = serde_json::to_writer(&mut length, value);
        if written.is_ok() { length.0 } else { MAX_RECORD + 1 }
    }
}

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a record's state is stored: fields written by one op share one stamp, since most records come from one op.
#[derive(Deserialize)]
struct Packed {
    body: Body,
    #[serde(default)]
    stamps: Vec<(Stamp, Vec<String>)>,
    #[serde(default)]
    received: BTreeMap<String, BTreeMap<DeviceId, u64>>,
    #[serde(default)]
    settled: BTreeMap<String, BTreeSet<OpId>>,
    #[serde(default)]
    conflicts: BTreeMap<String, Conflict>,
    #[serde(default)]
    alias: Option<Alias>,
}

/// [`Packed`] as it is written, without a copy of what is in it.
#[derive(Serialize)]
struct Packing<'r> {
    body: &'r Body,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stamps: Vec<(&'r Stamp, Vec<&'r str>)>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    received: &'r BTreeMap<String, BTreeMap<DeviceId, u64>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    settled: &'r BTreeMap<String, BTreeSet<OpId>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    conflicts: &'r BTreeMap<String, Conflict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'r Alias>,
}

impl Record {
    /// The record's state as compact JSON, without id, kind, area and version, which are columns.
    pub fn to_state(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut stamps: Vec<(&Stamp, Vec<&str>)> = Vec::new();
        for (field, stamp) in &self.stamps {
            match stamps.iter_mut().find(|(shared, _)| *shared == stamp) {
                Some((_, fields)) => fields.push(field),
                None => stamps.push((stamp, vec![field])),
            }
        }
        serde_json::to_vec(&Packing {
            body: &self.body,
            stamps,
            received: &self.received,
            settled: &self.settled,
            conflicts: &self.conflicts,
            alias: self.alias.as_ref(),
        })
    }

    /// The record from its columns and [`Record::to_state`].
    pub fn from_state(
        id: RecordId,
        kind: Kind,
        area: Area,
        version: u64,
        state: &[u8],
    ) -> Result<Self, serde_json::Error> {
        let packed: Packed = serde_json::from_slice(state)?;
        let mut stamps = BTreeMap::new();
        for (stamp, fields) in packed.stamps {
            for field in fields {
                stamps.insert(field, stamp.clone());
            }
        }
        Ok(Self {
            id,
            kind,
            area,
            version,
            body: packed.body,
            stamps,
            received: packed.received,
            settled: packed.settled,
            conflicts: packed.conflicts,
            alias: packed.alias,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn record() -> Record {
        let area = "33.02.24.1001.005.003".parse().expect("an area");
        let mut record = Record::new(RecordId(Uuid::from_u128(1)), Kind::Worker, area);
        record.body.insert("name".to_owned(), json!("SUTINI"));
        record.body.insert("weight".to_owned(), json!(7));
        record
    }

    #[test]
    fn text_of_a_field_is_its_text_and_nothing_else() {
        let record = record();
        assert_eq!(record.text("name"), Some("SUTINI"));
        assert_eq!((record.text("weight"), record.text("notes")), (None, None));
        assert_eq!((record.value("weight"), record.value("notes")), (&json!(7), &Value::Null));
    }

    #[test]
    fn debug_names_the_fields_and_prints_no_value() {
        let stamped = Stamped { value: json!("SUTINI"), stamp: None };
        let shown = format!("{:?} {stamped:?}", record());
        assert!(shown.contains("name") && shown.contains("Stamped") && !shown.contains("SUTINI"), "{shown}");
    }
}
