//! What a phone is told: the feed of its scope since its cursor, each record as that phone may see it.

use super::{ServiceError, cursor::Marks, single, take::is_operator};
use crate::storage::{Device, DeviceState, FeedRow, Reading, Scope, Sealer};
use payung_domain::{
    area::Area,
    field::Kind,
    id::Epoch,
    nik::Nik,
    op::{Change, Put},
    record::Record,
    tag::nik_tag,
};
use payung_protocol::{Checksum, Cursor, Role};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

/// The most changes and bytes of one reply.
#[derive(Clone, Copy, Debug)]
pub struct PageLimits {
    /// Changes.
    pub changes: usize,
    /// Bytes of their JSON; one change may be larger.
    pub bytes: usize,
}

impl PageLimits {
    /// What HTTP replies carry.
    pub const REPLY: Self = Self { changes: 1000, bytes: 1 << 20 };

    /// A batch of many ops is answered quickly; the rest is read by asking again without ops. Never nothing: a page
    /// that brings no one further would not be asked for again.
    pub(super) fn beside(self, ops: usize) -> Self {
        Self { changes: self.changes.saturating_sub(5 * ops).max(self.changes.min(16)), ..self }
    }
}

/// A page of changes.
#[derive(Default)]
pub(super) struct Page {
    pub(super) changes: Vec<Change>,
    /// None = as far as the cursor asked with.
    pub(super) cursor: Option<Cursor>,
    pub(super) more: bool,
    pub(super) checksums: BTreeMap<Area, Checksum>,
}

/// What the device is told since its cursor.
pub(super) fn page(
    unit: &dyn Reading,
    sealer: &Sealer,
    device: &Device,
    cursor: Option<&Cursor>,
    checksum: Option<Checksum>,
    limits: PageLimits,
    now: i64,
) -> Result<Page, ServiceError> {
    if let Some(only) = &device.only {
        return single::page(unit, sealer, device, only, cursor, checksum, limits, now);
    }
    let epoch = unit.epoch()?;
    let held = cursor.and_then(Marks::parse);
    if device.state != DeviceState::Active {
        return Ok(silent(epoch, held));
    }
    let scope = Scope::Areas(device.areas.clone());
    let current = held.as_ref().filter(|marks| marks.epoch == epoch);
    let mut page = Page::default();
    let mut marks = Marks::new(epoch);
    let mut evicted = Vec::new();
    if let Some(held) = current {
        for prefix in held.by_prefix.keys().filter(|prefix| !device.areas.iter().any(|area| prefix.is_within(area))) {
            let keep = device.areas.iter().filter(|area| area.is_within(prefix)).cloned().collect();
            // what is shared in a wider region goes with the phone's last part of it
            let mut above = prefix.regions_above().into_iter();
            let left = above.find(|region| !device.areas.iter().any(|area| area.is_within(region)));
            page.changes.push(Change::Evict { prefix: left.unwrap_or_else(|| prefix.clone()), keep });
            evicted.push(prefix.clone());
        }
    }
    let mut tags = Tags::new(sealer);
    let full = may_resolve(&device.roles);
    // what stays of an evicted region still needs what is shared in it
    let kept_in: BTreeSet<Area> = device.areas.iter().flat_map(Area::regions_above).collect();
    for region in kept_in.iter().filter(|region| evicted.iter().any(|gone| region.is_within(gone))) {
        for shared in unit.shared(region)? {
            page.changes.push(Change::Put(view(shared.record, &mut tags, full)));
        }
    }
    let mut bytes = 0;
    for prefix in &device.areas {
        let known = current.map(|held| known_marks(held, prefix)).unwrap_or_default();
        let mut by_feed = BTreeMap::new();
        for (feed, head) in unit.heads(prefix)? {
            let after = known.get(&feed).copied().unwrap_or(0);
            let room = limits.changes.saturating_sub(page.changes.len());
            if after >= head || page.more || room == 0 || bytes >= limits.bytes {
                page.more |= after < head;
                by_feed.insert(feed, after.min(head));
                continue;
            }
            let rows = unit.changes_since(prefix, &feed, after, &scope, room)?;
            let mut reached = head;
            let count = rows.len();
            for (at, row) in rows.into_iter().enumerate() {
                let seq = row.seq();
                let change = told(row, &mut tags, full);
                bytes += size(&change);
                page.changes.push(change);
                if (count == room && at + 1 == count) || bytes >= limits.bytes {
                    reached = seq;
                    page.more |= seq < head;
                    break;
                }
            }
            by_feed.insert(feed, reached);
        }
        marks.by_prefix.insert(prefix.clone(), by_feed);
    }
    let next = marks.to_cursor();
    page.cursor = Some(next).filter(|next| cursor != Some(next));
    if !page.more {
        let sums = checksums(unit, device, &scope)?;
        let total: Checksum = sums.values().copied().sum();
        if checksum != Some(total) {
            page.checksums = sums;
        }
    }
    Ok(page)
}

/// A device that is told nothing still learns of a new epoch, so that it offers again what the restore lost.
fn silent(epoch: Epoch, held: Option<Marks>) -> Page {
    let Some(mut marks) = held.filter(|marks| marks.epoch != epoch) else { return Page::default() };
    marks.epoch = epoch;
    for seq in marks.by_prefix.values_mut().flat_map(BTreeMap::values_mut) {
        *seq = 0;
    }
    Page { cursor: Some(marks.to_cursor()), ..Page::default() }
}

/// What a cursor has of a prefix: its own marks, or those of a wider prefix that shrank to it.
fn known_marks(held: &Marks, prefix: &Area) -> BTreeMap<String, u64> {
    if let Some(own) = held.by_prefix.get(prefix) {
        return own.clone();
    }
    let wider = held.by_prefix.iter().find(|(wider, _)| prefix.is_within(wider));
    wider.map(|(_, marks)| marks.clone()).unwrap_or_default()
}

/// Whether an open NIK conflict is shown in full: to those who may settle it with the card in hand.
fn may_resolve(roles: &[Role]) -> bool {
    roles.contains(&Role::Official) || is_operator(roles)
}

/// The checksum of every leaf area, as this device's feed has them.
fn checksums(unit: &dyn Reading, device: &Device, scope: &Scope) -> Result<BTreeMap<Area, Checksum>, ServiceError> {
    let mut sums: BTreeMap<Area, Checksum> = unit.checksums(scope)?.into_iter().collect();
    // a part of a region is told what is shared in the region beside it
    for region in device.areas.iter().flat_map(Area::regions_above).collect::<BTreeSet<_>>() {
        if !scope.contains(&region)
            && let Some(sum) = unit.shared_checksum(&region)?
        {
            sums.insert(region, sum);
        }
    }
    Ok(sums)
}

/// The keys of the villages' NIK tags.
pub(super) struct Tags<'s> {
    sealer: &'s Sealer,
    keys: BTreeMap<String, [u8; 32]>,
}

impl<'s> Tags<'s> {
    pub(super) fn new(sealer: &'s Sealer) -> Self {
        Self { sealer, keys: BTreeMap::new() }
    }

    fn masked(&mut self, village: &str, nik: &Value) -> Value {
        let Some(nik) = nik.as_str().and_then(|text| Nik::parse(text).ok()) else { return Value::Null };
        let sealer = self.sealer;
        let key = self.keys.entry(village.to_owned()).or_insert_with(|| sealer.tag_key(village));
        json!({ "masked": nik.masked(), "tag": nik_tag(key, &nik) })
    }
}

fn told(row: FeedRow, tags: &mut Tags<'_>, full: bool) -> Change {
    match row {
        FeedRow::Put { record, .. } => Change::Put(view(*record, tags, full)),
        FeedRow::Gone(gone) => Change::Gone { record: gone.record, why: gone.why, version: gone.version, to: None },
    }
}

/// A record as a phone may see it: the NIK as {masked, tag}, in full only among the candidates of an open conflict and
/// there only to who may settle it.
pub(super) fn view(record: Record, tags: &mut Tags<'_>, full: bool) -> Put {
    let village = record.area.village().map(|code| code.to_string()).unwrap_or_default();
    let mut body = record.body;
    let mut conflicts = record.conflicts;
    if record.kind == Kind::Worker {
        if let Some(nik) = body.get_mut("nik") {
            *nik = tags.masked(&village, nik);
        }
        if let Some(conflict) = conflicts.get_mut("nik").filter(|_| !full) {
            for candidate in &mut conflict.candidates {
                candidate.value = tags.masked(&village, &candidate.value);
            }
        }
    }
    Put {
        record: record.id,
        kind: record.kind,
        area: record.area,
        version: record.version,
        body,
        conflicts,
        alias_of: record.alias.map(|alias| alias.survivor),
    }
}

/// Bytes of the JSON, without keeping it.
pub(super) fn size(change: &Change) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // counting can't fail, and a change is plain JSON
    let _ = serde_json::to_writer(&mut count, change);
    count.0
}
