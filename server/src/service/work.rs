//! One unit of work above storage: the records it touches are loaded once, changed in memory, and saved together.

use super::{Service, ServiceError, cards::CardOffice, erasure::Erased};
use crate::storage::{Kept, Official, OpStatus, Scope, Sealer, StoredOp, Writing};
use chrono::{DateTime, NaiveDate};
use payung_domain::{
    area::Area,
    calendar::local_date,
    field::Kind,
    id::{Base, DeviceId, Epoch, Hlc, OfficialId, OpId, RecordId},
    merge::{self, Authority, Judge, Merged},
    op::{Body, GoneReason, Op},
    record::Record,
    region::RegionCode,
    text,
};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// A record in hand.
struct Slot {
    kept: Kept,
    /// What its look-ups were made from.
    nik: Option<String>,
    name: Option<String>,
    dirty: bool,
}

impl Slot {
    fn of(kept: Kept) -> Self {
        let (nik, name) = (lookup_nik(&kept.record), lookup_name(&kept.record));
        Self { kept, nik, name, dirty: false }
    }
}

/// The NIK a record claims: that of a person.
pub(super) fn lookup_nik(record: &Record) -> Option<String> {
    (record.kind == Kind::Worker).then(|| record.text("nik").map(str::to_owned)).flatten()
}

fn lookup_name(record: &Record) -> Option<String> {
    (record.kind == Kind::Worker).then(|| record.text("name").map(str::to_owned)).flatten()
}

/// A worker whose NIK was written, with the hash it had before.
pub(super) struct NikWrite {
    pub(super) record: RecordId,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// On whose behalf the office writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) device: DeviceId,
    pub(super) who: OfficialId,
    pub(super) authority: Authority,
}

impl Pen {
    /// The server itself: derived states, branch imports.
    pub(super) const SERVER: Self =
        Self { device: DeviceId::OFFICE, who: OfficialId(uuid::Uuid::nil()), authority: Authority::Server };
}

/// The counter that says how far an office's own device had counted when ops of it were erased.
fn numbers_counter(device: DeviceId) -> String {
    format!("numbers:{device}")
}

/// A unit of work.
pub(super) struct Work<'s> {
    pub(super) unit: Box<dyn Writing + 's>,
    pub(super) sealer: &'s Sealer,
    pub(super) epoch: Epoch,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    records: HashMap<RecordId, Slot>,
    absent: HashSet<RecordId>,
    ops: Vec<StoredOp>,
    index: HashMap<OpId, usize>,
    created: Vec<RecordId>,
    /// Children by parent: all of them where the parent is in `families`.
    offspring: HashMap<RecordId, BTreeSet<RecordId>>,
    families: HashSet<RecordId>,
    touched: BTreeSet<RecordId>,
    numbers: HashMap<DeviceId, u64>,
    /// Villages whose own record is known to be there.
    pub(super) villages: HashSet<RegionCode>,
    /// Whether anything was ever erased here.
    erasures: Option<bool>,
    /// Loaded once: a branch's file is ten thousand acts of one operator.
    officials: Option<HashMap<OfficialId, Official>>,
    /// What membership cards are issued with.
    pub(super) cards: CardOffice<'s>,
}

impl<'s> Work<'s> {
    pub(super) fn begin(service: &'s Service, now: i64) -> Result<Self, ServiceError> {
        let storage = &*service.storage;
        let unit = storage.write()?;
        let epoch = unit.epoch()?;
        Ok(Self {
            unit,
            sealer: storage.sealer(),
            epoch,
            now,
            records: HashMap::new(),
            absent: HashSet::new(),
            ops: Vec::new(),
            index: HashMap::new(),
            created: Vec::new(),
            offspring: HashMap::new(),
            families: HashSet::new(),
            touched: BTreeSet::new(),
            numbers: HashMap::new(),
            villages: HashSet::new(),
            erasures: None,
            officials: None,
            cards: CardOffice::of(service),
        })
    }

    /// An official or operator.
    pub(super) fn official(&mut self, id: OfficialId) -> Result<Option<Official>, ServiceError> {
        if self.officials.is_none() {
            let all = self.unit.officials()?;
            self.officials = Some(all.into_iter().map(|official| (official.id, official)).collect());
        }
        Ok(self.officials.as_ref().and_then(|all| all.get(&id)).cloned())
    }

    /// Saves an official or operator.
    pub(super) fn save_official(&mut self, official: &Official) -> Result<(), ServiceError> {
        self.officials = None;
        Ok(self.unit.save_official(official)?)
    }

    /// The date in an area now.
    pub(super) fn today(&self, area: &Area) -> NaiveDate {
        local_date(DateTime::from_timestamp_millis(self.now).unwrap_or_default(), area)
    }

    /// Loads records that are not in hand yet, in one go.
    pub(super) fn load(&mut self, ids: impl IntoIterator<Item = RecordId>) -> Result<(), ServiceError> {
        let mut missing: Vec<RecordId> =
            ids.into_iter().filter(|id| !self.records.contains_key(id) && !self.absent.contains(id)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        for kept in self.unit.records(&missing, &Scope::Office)? {
            self.records.insert(kept.record.id, Slot::of(kept));
        }
        self.absent.extend(missing.into_iter().filter(|id| !self.records.contains_key(id)));
        Ok(())
    }

    /// A record, loaded if need be.
    pub(super) fn get(&mut self, id: RecordId) -> Result<Option<&Record>, ServiceError> {
        self.load([id])?;
        Ok(self.records.get(&id).map(|slot| &slot.kept.record))
    }

    /// A record, where it has been loaded.
    pub(super) fn in_hand(&self, id: RecordId) -> Option<&Record> {
        self.records.get(&id).map(|slot| &slot.kept.record)
    }

    /// A record to be changed.
    pub(super) fn edit(&mut self, id: RecordId) -> Result<Option<&mut Record>, ServiceError> {
        self.load([id])?;
        self.touched.insert(id);
        Ok(self.records.get_mut(&id).map(|slot| {
            slot.dirty = true;
            &mut slot.kept.record
        }))
    }

    /// A record that must be there.
    pub(super) fn need(&mut self, id: RecordId) -> Result<&Record, ServiceError> {
        self.get(id)?.ok_or(ServiceError::NotFound("record"))
    }

    /// Adds a record that is not stored yet.
    pub(super) fn create(&mut self, record: Record) {
        let id = record.id;
        self.absent.remove(&id);
        self.created.push(id);
        self.touched.insert(id);
        if let Some(parent) = record.kind.parent(&record.body) {
            self.offspring.entry(parent).or_default().insert(id);
        }
        let slot = Slot { kept: Kept::new(record), nik: None, name: None, dirty: true };
        self.records.insert(id, slot);
    }

    /// Records made since this was last asked.
    pub(super) fn take_created(&mut self) -> Vec<RecordId> {
        std::mem::take(&mut self.created)
    }

    /// Records made or changed in this unit.
    pub(super) fn touched(&self) -> Vec<RecordId> {
        self.touched.iter().copied().collect()
    }

    /// Takes two records in hand at once.
    pub(super) fn edit_both<T>(
        &mut self,
        one: RecordId,
        other: RecordId,
        act: impl FnOnce(&mut Record, &mut Record) -> T,
    ) -> Result<T, ServiceError> {
        self.load([one, other])?;
        let mut first = self.records.remove(&one).ok_or(ServiceError::NotFound("record"))?;
        let Some(second) = self.records.get_mut(&other) else {
            self.records.insert(one, first);
            return Err(ServiceError::NotFound("record"));
        };
        first.dirty = true;
        second.dirty = true;
        let result = act(&mut first.kept.record, &mut second.kept.record);
        self.records.insert(one, first);
        self.touched.extend([one, other]);
        Ok(result)
    }

    /// The children of a record, those made in this unit included, by id.
    pub(super) fn children(&mut self, parent: RecordId) -> Result<Vec<RecordId>, ServiceError> {
        if self.is_stored(parent) && self.families.insert(parent) {
            for kept in self.unit.children(&[parent], &Scope::Office)? {
                let id = kept.record.id;
                self.records.entry(id).or_insert_with(|| Slot::of(kept));
                self.offspring.entry(parent).or_default().insert(id);
            }
        }
        Ok(self.offspring.get(&parent).map(|ids| ids.iter().copied().collect()).unwrap_or_default())
    }

    /// Whether the database has the record, as far as is known in this unit.
    pub(super) fn is_stored(&self, id: RecordId) -> bool {
        self.records.get(&id).is_none_or(|slot| slot.kept.is_stored())
    }

    /// The enrolments of a worker, by id.
    pub(super) fn enrollments(&mut self, worker: RecordId) -> Result<Vec<RecordId>, ServiceError> {
        let mut ids = self.children(worker)?;
        ids.retain(|id| self.records.get(id).is_some_and(|slot| slot.kept.record.kind == Kind::Enrollment));
        Ok(ids)
    }

    /// Whether a record was erased.
    pub(super) fn is_erased(&mut self, id: RecordId) -> Result<bool, ServiceError> {
        let any = match self.erasures {
            Some(any) => any,
            None => self.unit.counter("erasures")? > 0,
        };
        self.erasures = Some(any);
        Ok(any && self.unit.is_erased(id)?)
    }

    /// Takes everything of a record out of the database for good, and tells its area's phones.
    pub(super) fn erase(&mut self, erased: &Erased) -> Result<(), ServiceError> {
        let id = erased.record;
        if self.get(id)?.is_none() && self.unit.is_erased(id)? {
            return Ok(());
        }
        let (area, version) = match self.get(id)? {
            Some(record) => (record.area.clone(), record.version.max(erased.version) + 1),
            None => (erased.area.clone(), erased.version + 1),
        };
        for op in self.unit.history(id)? {
            // the office's own devices count by their ops: a number is never given again
            if self.unit.device(op.device)?.is_none() {
                let (name, n) = (numbers_counter(op.device), op.op.n);
                self.unit.set_counter(&name, self.unit.counter(&name)?.max(n))?;
            }
        }
        self.unit.erase(id)?;
        self.unit.bury(id, &area, GoneReason::Erased, version)?;
        self.unit.set_counter("erasures", 1)?;
        self.erasures = Some(true);
        self.records.remove(&id);
        self.touched.remove(&id);
        self.absent.insert(id);
        self.families.remove(&id);
        self.offspring.remove(&id);
        Ok(())
    }

    /// The next number of a device of the office.
    pub(super) fn number(&mut self, device: DeviceId) -> Result<u64, ServiceError> {
        let last = match self.numbers.get(&device) {
            Some(last) => *last,
            None => self.unit.highest_number(device)?.max(self.unit.counter(&numbers_counter(device))?),
        };
        self.numbers.insert(device, last + 1);
        Ok(last + 1)
    }

    /// The office writes to a record, as an op of its own that goes to the history like any other.
    pub(super) fn write(&mut self, pen: Pen, id: RecordId, set: Body) -> Result<Merged, ServiceError> {
        self.write_op(pen, id, |op| op.set = set)
    }

    /// The office writes an op of its own, seeing the record as it is.
    pub(super) fn write_op(
        &mut self,
        pen: Pen,
        id: RecordId,
        fill: impl FnOnce(&mut Op),
    ) -> Result<Merged, ServiceError> {
        let n = self.number(pen.device)?;
        let (epoch, now) = (self.epoch, self.now);
        let record = self.edit(id)?.ok_or(ServiceError::NotFound("record"))?;
        let mut op = Op {
            n,
            record: id,
            kind: record.kind.clone(),
            area: record.area.clone(),
            base: (record.version > 0).then_some(Base { epoch, version: record.version }),
            set: Body::new(),
            resolve: std::collections::BTreeMap::new(),
            hlc: Hlc::at_millis(now),
            reissue: None,
            stale: Vec::new(),
            receipt: None,
        };
        fill(&mut op);
        let judge = Judge {
            epoch,
            device: pen.device,
            who: pen.who,
            authority: pen.authority,
            received: now,
            submitted: false,
        };
        let merged = merge::apply(record, &op, &judge);
        self.keep_op(StoredOp {
            device: pen.device,
            hash: op.hash(),
            op,
            received_at: now,
            status: OpStatus::Applied,
            waits_for: None,
            outcome: None,
        });
        Ok(merged)
    }

    /// Writes an op down, or what became of it since.
    pub(super) fn keep_op(&mut self, op: StoredOp) {
        if let Some(at) = self.index.get(&op.id()) {
            self.ops[*at] = op;
        } else {
            self.index.insert(op.id(), self.ops.len());
            self.ops.push(op);
        }
    }

    /// An op of this unit.
    pub(super) fn kept_op(&self, id: OpId) -> Option<&StoredOp> {
        self.index.get(&id).map(|at| &self.ops[*at])
    }

    /// An op as it stands now: what this unit has done with it takes the place of what is stored.
    pub(super) fn op_now(&self, id: OpId) -> Result<Option<StoredOp>, ServiceError> {
        match self.kept_op(id) {
            Some(kept) => Ok(Some(kept.clone())),
            None => Ok(self.unit.stored_op(id)?),
        }
    }

    /// Changes the stored outcome of an op of this unit.
    pub(super) fn edit_op(&mut self, id: OpId) -> Option<&mut StoredOp> {
        self.index.get(&id).map(|at| &mut self.ops[*at])
    }

    /// The ops of this unit.
    pub(super) fn ops(&self) -> &[StoredOp] {
        &self.ops
    }

    /// Workers whose NIK changed since they were loaded or this was last asked, in the order of their ids.
    pub(super) fn take_nik_writes(&mut self) -> Vec<NikWrite> {
        let mut writes: Vec<NikWrite> = Vec::new();
        for (id, slot) in &mut self.records {
            let after = slot.dirty.then(|| lookup_nik(&slot.kept.record)).flatten();
            if slot.dirty && after != slot.nik {
                let before = std::mem::replace(&mut slot.nik, after.clone());
                writes.push(NikWrite { record: *id, before, after });
            }
        }
        writes.sort_unstable_by_key(|write| write.record);
        writes
    }

    /// Saves what changed. The unit stays open: what is read from it now is what will stand.
    pub(super) fn save(&mut self) -> Result<(), ServiceError> {
        self.settle_sponsors()?;
        self.settle_cards()?;
        let mut dirty: Vec<(RecordId, Slot)> = Vec::new();
        for id in self.touched() {
            if let Some(slot) = self.records.remove(&id) {
                if slot.dirty {
                    dirty.push((id, slot));
                } else {
                    self.records.insert(id, slot);
                }
            }
        }
        for (id, slot) in &dirty {
            let name = lookup_name(&slot.kept.record);
            if name != slot.name {
                let old = self.word_hashes(slot.name.as_deref());
                let new = self.word_hashes(name.as_deref());
                self.unit.index_name(*id, &old, &new)?;
            }
        }
        let (ids, mut kept): (Vec<RecordId>, Vec<Kept>) = dirty.into_iter().map(|(id, slot)| (id, slot.kept)).unzip();
        self.unit.save(&mut kept)?;
        for (id, kept) in ids.into_iter().zip(kept) {
            self.records.insert(id, Slot::of(kept));
        }
        self.touched.clear();
        self.unit.store_ops(&self.ops)?;
        self.ops.clear();
        self.index.clear();
        Ok(())
    }

    /// The hashes of a name's words.
    pub(super) fn word_hashes(&self, name: Option<&str>) -> Vec<crate::storage::WordHash> {
        name.map(text::name_words).unwrap_or_default().iter().map(|word| self.sealer.word_hash(word)).collect()
    }

    /// Appends to the audit: ids and counts only.
    pub(super) fn audit(&self, who: &str, act: &str, detail: &Value) -> Result<(), ServiceError> {
        Ok(self.unit.append_audit(self.now, who, act, &detail.to_string())?)
    }

    /// Saves and makes durable.
    pub(super) fn commit(mut self) -> Result<(), ServiceError> {
        self.save()?;
        Ok(self.unit.commit()?)
    }
}
