//! What a phone is told that looks after no area: one person's own records, or the accident reports that name a clinic. They
//! are few, so that its cursor is the list of what it holds, and what it is to be told is the difference. That is exact
//! whatever happened since: a move, a link taken apart, an erasure, a report whose time is over.

use super::{
    ServiceError,
    changes::{Page, PageLimits, Tags, size, view},
    cursor::Held,
    shared::shared_record,
    work::Work,
};
use crate::storage::{Concerned, Device, DeviceState, Reading, Scope, Sealer};
use payung_card::CARD_CHECK;
use payung_domain::{
    area::Area,
    field::Kind,
    id::RecordId,
    only::Only,
    op::{Change, GoneReason},
    region::Level,
};
use payung_protocol::{Checksum, Cursor, record_check};
use std::collections::BTreeMap;

/// A clinic keeps a report for so long after the office got it: it is about somebody's health.
pub(super) const CLINIC_KEEPS: i64 = 90 * 24 * 3600 * 1000;

/// How many records are read from storage at once.
const CHUNK: usize = 50;

/// What the device is told since its cursor.
#[allow(clippy::too_many_arguments, reason = "as for a device with areas, and what it is about")]
pub(super) fn page(
    unit: &dyn Reading,
    sealer: &Sealer,
    device: &Device,
    only: &Only,
    cursor: Option<&Cursor>,
    checksum: Option<Checksum>,
    limits: PageLimits,
    now: i64,
) -> Result<Page, ServiceError> {
    let epoch = unit.epoch()?;
    let held = cursor.and_then(Held::parse);
    if device.state != DeviceState::Active {
        // told nothing, but that there is a new epoch, so that it offers again what the restore lost
        let anew = held.filter(|held| held.epoch != epoch).map(|_| Held::new(epoch).to_cursor());
        return Ok(Page { cursor: anew, ..Page::default() });
    }
    let mine: BTreeMap<RecordId, (Area, u64)> = concerned(unit, only, now)?;
    let mut held = held.filter(|held| held.epoch == epoch).unwrap_or_else(|| Held::new(epoch));
    let mut page = Page::default();
    let lost: Vec<(RecordId, u64)> =
        held.records.iter().filter(|(id, _)| !mine.contains_key(id)).map(|(id, version)| (*id, *version)).collect();
    for (record, version) in lost {
        let why = if unit.is_erased(record)? { GoneReason::Erased } else { GoneReason::Moved };
        page.changes.push(Change::Gone { record, why, version: version + 1, to: None });
        held.records.remove(&record);
    }
    let is_news = |(id, (_, version)): &(&RecordId, &(Area, u64))| held.records.get(id) != Some(version);
    let news: Vec<RecordId> = mine.iter().filter(is_news).map(|(id, _)| *id).collect();
    let (mut bytes, mut told) = (0, 0);
    let mut tags = Tags::new(sealer);
    'told: for chunk in news.chunks(CHUNK) {
        for kept in unit.records(chunk, &Scope::Office)? {
            if told > 0 && (page.changes.len() >= limits.changes || bytes >= limits.bytes) {
                page.more = true;
                break 'told;
            }
            let mut record = kept.record;
            if matches!(only, Only::Clinic { .. }) {
                // what is open about a person, and who else they may be, is the office's
                record.conflicts.clear();
                record.alias = None;
            }
            record.body = only.shown(&record.kind, record.body);
            held.records.insert(record.id, record.version);
            let change = Change::Put(view(record, &mut tags, false));
            bytes += size(&change);
            told += 1;
            page.changes.push(change);
        }
    }
    let next = held.to_cursor();
    page.cursor = Some(next).filter(|next| cursor != Some(next));
    if !page.more {
        let mut sums: BTreeMap<Area, Checksum> = BTreeMap::new();
        for (id, (area, version)) in mine {
            let sum = sums.entry(area).or_default();
            *sum = sum.plus(record_check(id, version));
        }
        let total: Checksum = sums.values().copied().sum();
        if checksum != Some(total) {
            page.checksums = sums;
        }
    }
    Ok(page)
}

fn concerned(unit: &dyn Reading, only: &Only, now: i64) -> Result<BTreeMap<RecordId, (Area, u64)>, ServiceError> {
    let found = unit.concerned(only, now.saturating_sub(CLINIC_KEEPS))?;
    let mut mine: BTreeMap<RecordId, (Area, u64)> =
        found.into_iter().map(|Concerned { record, area, version }| (record, (area, version))).collect();
    // with what cards are verified is no secret: a person sees what their card is worth, a clinic whose it is
    if let Some(regency) = only.area().region().at(Level::Regency) {
        let area = Area::from(regency);
        let check = shared_record(&Kind::Reference, Some(&area), CARD_CHECK);
        let there = unit.records(&[check], &Scope::Office)?.pop();
        mine.extend(there.map(|kept| (kept.record.id, (kept.record.area, kept.record.version))));
    }
    Ok(mine)
}

impl Work<'_> {
    /// Whether a record is one of those a device is about: the person it names or is linked to, a report that names it, and
    /// what hangs on them. None where it is not here.
    pub(super) fn is_about(&mut self, only: &Only, record: RecordId) -> Result<Option<bool>, ServiceError> {
        let mut id = record;
        // a person, an enrolment or report, a fact of it: chains end there
        for _ in 0..4 {
            let Some(found) = self.get(id)? else { return Ok((id != record).then_some(false)) };
            let (kind, parent) = (found.kind.clone(), found.kind.parent(&found.body));
            let survivor = found.alias.as_ref().map_or(id, |alias| alias.survivor);
            match (only, &kind) {
                (Only::Worker { record: own, .. }, Kind::Worker) => {
                    let own =
                        self.get(*own)?.map_or(*own, |own| own.alias.as_ref().map_or(own.id, |alias| alias.survivor));
                    return Ok(Some(survivor == own));
                }
                (Only::Clinic { code, .. }, Kind::AccidentReport) => {
                    return Ok(Some(found.text("clinic") == Some(code.as_str())));
                }
                (only, kind) if !only.kinds().contains(kind) => return Ok(Some(false)),
                _ => {}
            }
            let Some(parent) = parent else { return Ok(Some(false)) };
            id = parent;
        }
        Ok(Some(false))
    }
}
