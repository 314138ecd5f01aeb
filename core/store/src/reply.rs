//! Taking a reply: changes first, outcomes after, all in one transaction.

use crate::{
    area::{self, AreaSums},
    change::Taking,
    error::Result,
    index, meta,
    op::OpState,
    orphan,
    outbox::Asked,
    reissue, sql,
    store::Store,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{DeviceId, Epoch, Hlc, RecordId},
    op::{FieldOutcome, Outcome, OutcomeStatus},
    planted::{Planted, planted},
};
use payung_protocol::Reply;
use rusqlite::Transaction;
use std::collections::{HashMap, HashSet};

/// What taking a reply came to.
#[allow(clippy::struct_excessive_bools, reason = "findings that can stand together")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakeReport {
    /// Whether it answered the cursor held: else only its outcomes counted.
    pub answered: bool,
    /// Ops taken, replays included.
    pub applied: u64,
    /// Ops that wait at the office.
    pub held: u64,
    /// Ops refused.
    pub refused: u64,
    /// Fields that wait for a person.
    pub conflicts: u64,
    /// Changes taken.
    pub changes: u64,
    /// Records taken off the phone.
    pub removed: u64,
    /// The numbers of this phone were used by another copy: it must join again.
    pub rejoin_needed: bool,
    /// The office orders this phone to destroy what it holds: the outbox is sealed first, and its bundles are kept. Never
    /// set by a reply to a device that this phone was before joining again.
    pub wipe: bool,
    /// The server was restored; everything it may have forgotten is offered again.
    pub new_epoch: bool,
    /// Areas whose sum differs: everything is pulled again, beginning with the next exchange.
    pub differing: Vec<Area>,
    /// There is more to read.
    pub more: bool,
    /// There are other people's records that this server lacks and has not been offered.
    pub to_offer: bool,
    /// By how much the phone's clock is off, in milliseconds, when it is by more than 5 minutes.
    pub clock_off_by: Option<i64>,
}

/// A reply older than this says nothing about the phone's clock: it came by a slow road.
const LIVE_MS: i64 = 2 * 60 * 1000;
/// Sums that differ cause one full pull in so many milliseconds: a difference a pull does not mend is a defect, and
/// must not cost the phone's data plan.
const REPULL_PAUSE_MS: i64 = 6 * 60 * 60 * 1000;

/// An op is refused by this code when its record was erased by law: then it goes from the phone, too.
const ERASED: &str = "erased";

/// An op that waits for its outcome.
struct WaitingOp {
    k: i64,
    record: RecordId,
    kind: Kind,
    creates: bool,
}

/// The op of that number, if it waits. Of this device only: the reply may be to a request of the device this phone was
/// before, whose ops have other names now.
fn waiting_op(tx: &Transaction, device: DeviceId, n: u64) -> Result<Option<WaitingOp>> {
    let query = if planted(Planted::OtherDevicesOutcome) {
        "SELECT k, record, kind, creates FROM op WHERE ?1 IS NOT NULL AND n = ?2 AND state IN ('sent', 'held')"
    } else {
        "SELECT k, record, kind, creates FROM op WHERE device = ?1 AND n = ?2 AND state IN ('sent', 'held')"
    };
    let mut statement = tx.prepare_cached(query)?;
    let mut rows = statement.query((device.bytes(), sql::bits(n)))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(WaitingOp {
        k: row.get(0)?,
        record: sql::record(row, 1)?,
        kind: Kind::from_name(row.get_ref(2)?.as_str().unwrap_or_default()),
        creates: row.get(3)?,
    }))
}

/// A record with an outcome, and whether the lists must look at it again.
struct Answered {
    record: RecordId,
    differs: bool,
}

fn take_outcome(
    tx: &Transaction,
    outcome: &Outcome,
    epoch: Epoch,
    device: DeviceId,
    now_ms: i64,
    report: &mut TakeReport,
) -> Result<Option<Answered>> {
    let Some(op) = waiting_op(tx, device, outcome.n)? else { return Ok(None) };
    let mut differs = true;
    if outcome.status == OutcomeStatus::Refused && outcome.code.as_deref() == Some("op_reused") {
        meta::put(tx, "rejoin_needed", 1)?;
        report.rejoin_needed = true;
        return Ok(None);
    }
    match outcome.status {
        OutcomeStatus::Held | OutcomeStatus::Refused => {
            let held = outcome.status == OutcomeStatus::Held;
            let state = if held { OpState::Held } else { OpState::Refused };
            tx.prepare_cached("UPDATE op SET state = ?2, outcome = ?3, final_at = ?4 WHERE k = ?1")?.execute((
                op.k,
                state.name(),
                sql::to_json(outcome)?,
                (!held).then_some(now_ms),
            ))?;
        }
        OutcomeStatus::Applied | OutcomeStatus::Replayed => {
            let refused = |became: &FieldOutcome| matches!(became, FieldOutcome::Refused(_));
            let refused: Vec<&String> =
                outcome.fields.iter().filter(|(_, became)| refused(became)).map(|(field, _)| field).collect();
            let refused = if refused.is_empty() { None } else { Some(sql::to_json(&refused)?) };
            // nothing but kept fields: the row need not say so
            let plain = outcome.fields.is_empty() && outcome.duplicate_of.is_none();
            let text = if plain { None } else { Some(sql::to_json(outcome)?) };
            let pulled = tx
                .prepare_cached("SELECT 1 FROM record WHERE id = ?1 AND epoch = ?2 AND version >= ?3")?
                .exists((outcome.record.bytes(), sql::bits(epoch.0), sql::bits(outcome.version)))?;
            let state = if pulled { OpState::Done } else { OpState::Acked };
            tx.prepare_cached(
                "UPDATE op SET outcome = ?5, refused_fields = ?6, final_at = ?7, receipt_epoch = ?2,
                 receipt_version = ?3, receipt_record = ?4, state = ?8 WHERE k = ?1",
            )?
            .execute((
                op.k,
                sql::bits(epoch.0),
                sql::bits(outcome.version),
                outcome.record.bytes(),
                text,
                refused,
                now_ms,
                state.name(),
            ))?;
            // its values are shown as before, the server having taken them all; of an enrolment it brings the state
            if plain && !pulled && outcome.record == op.record {
                differs = op.kind == Kind::Enrollment && op.creates && !index::enrollment_received(tx, op.record)?;
            }
            if planted(Planted::AckedDroppedEarly) {
                tx.execute("UPDATE op SET state = 'done' WHERE k = ?1", [op.k])?;
                differs = true;
            }
        }
    }
    report.count(outcome);
    Ok(Some(Answered { record: op.record, differs }))
}

impl TakeReport {
    fn count(&mut self, outcome: &Outcome) {
        match outcome.status {
            OutcomeStatus::Held => self.held += 1,
            OutcomeStatus::Refused => self.refused += 1,
            OutcomeStatus::Applied | OutcomeStatus::Replayed => {
                self.applied += 1;
                let waits =
                    |became: &&FieldOutcome| matches!(became, FieldOutcome::Conflict | FieldOutcome::Correction);
                self.conflicts += outcome.fields.values().filter(waits).count() as u64;
            }
        }
    }
}

/// Own entries on a survivor this phone does not hold: once everything is read, there is nothing to wait for.
fn close_out_of_reach(tx: &Transaction) -> Result<()> {
    tx.prepare_cached(
        "UPDATE op SET state = 'done' WHERE state = 'acked' AND NOT EXISTS
         (SELECT 1 FROM record WHERE id = op.receipt_record)",
    )?
    .execute([])?;
    Ok(())
}

/// Whether a record of ours was taken, by a reply before this one, and yet everything read does not contain it: it lies
/// where this phone has no area any more, and was not pulled when the phone was told so. A full pull ends that.
fn taken_and_never_told(tx: &Transaction, answered: &HashSet<RecordId>) -> Result<bool> {
    let mut statement = tx.prepare_cached(
        "SELECT record.id FROM op JOIN record ON record.id = op.receipt_record
         WHERE op.state = 'acked' AND record.epoch IS NULL AND record.leaving = 0 AND NOT EXISTS
         (SELECT 1 FROM op WHERE op.record = record.id AND state IN ('new', 'sent', 'held', 'refused'))",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if !answered.contains(&sql::record(row, 0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn take_clock(tx: &Transaction, asked: &Asked, server_time: i64, now_ms: i64, report: &mut TakeReport) -> Result<()> {
    if !(0..LIVE_MS).contains(&now_ms.saturating_sub(asked.sent_at)) {
        return Ok(());
    }
    let off = now_ms.saturating_sub(server_time);
    let is_off = off.unsigned_abs() > meta::CLOCK_TOLERANCE_MS.unsigned_abs();
    report.clock_off_by = is_off.then_some(off);
    let offset = if is_off { -off } else { 0 };
    if meta::number(tx, "clock_offset")? != offset {
        meta::put(tx, "clock_offset", offset)?;
    }
    let last = Hlc(sql::unbits(meta::number(tx, "hlc")?));
    if last.millis() > server_time.saturating_add(meta::CLOCK_TOLERANCE_MS) {
        meta::put(tx, "hlc", sql::bits(Hlc::at_millis(server_time).0))?;
    }
    Ok(())
}

/// Puts the cursor back to the beginning, so that everything is read again.
fn pull_again(tx: &Transaction, now_ms: i64) -> Result<bool> {
    let last = meta::number(tx, "repulled_at")?;
    if last != 0 && (0..REPULL_PAUSE_MS).contains(&now_ms.saturating_sub(last)) {
        return Ok(false);
    }
    meta::put(tx, "repulled_at", now_ms.max(1))?;
    meta::remove(tx, "cursor")?;
    Ok(true)
}

impl Store {
    /// Takes a reply, in one transaction. `asked` is the batch's of the request it answers
    /// ([`crate::Batch::asked`]), however long ago that was made; replies may come late, twice and in any order.
    pub fn take_reply(&self, reply: &Reply, asked: &Asked, now_ms: i64) -> Result<TakeReport> {
        let early = planted(Planted::CursorBeforeCommit) && self.cursor()?.1 == asked.cursor;
        if let Some(cursor) = reply.cursor.as_ref().filter(|_| early) {
            self.write("meta", |tx, _| meta::put(tx, "cursor", &cursor.0))?;
        }
        self.write("reply", |tx, changed| {
            let mut report = TakeReport { more: reply.more, ..TakeReport::default() };
            let device = meta::device(tx)?;
            let held = if early { asked.cursor.clone() } else { meta::cursor(tx)? };
            let current = reply.request_cursor == held && asked.cursor == held;
            report.answered = device == Some(asked.device) && (current || planted(Planted::StaleReplyChanges));
            report.wipe = reply.wipe && device == Some(asked.device);
            let (mut answered, mut dirty) = (HashSet::new(), HashSet::new());
            let mut epoch = meta::epoch(tx)?;
            if report.answered {
                let first_page = held.is_none() || epoch != Some(reply.epoch);
                if epoch.is_some_and(|epoch| epoch != reply.epoch) {
                    report.new_epoch = true;
                    dirty = reissue::offer_again(tx, asked.device)?;
                }
                if epoch != Some(reply.epoch) {
                    epoch = Some(reply.epoch);
                    meta::put(tx, "epoch", sql::bits(reply.epoch.0))?;
                }
                if first_page {
                    meta::put(tx, "pull", meta::number(tx, "pull")? + 1)?;
                    meta::put(tx, "pull_full", 1)?;
                }
                if let Some(cursor) = reply.cursor.as_ref().filter(|cursor| Some(*cursor) != held.as_ref()) {
                    meta::put(tx, "cursor", &cursor.0)?;
                }
            }
            let mut taking = Taking {
                tx,
                puts: HashMap::new(),
                epoch: reply.epoch,
                pull: meta::number(tx, "pull")?,
                areas: AreaSums::default(),
                dirty: HashSet::new(),
                standings: HashSet::new(),
                removed: 0,
            };
            if report.answered {
                for change in &reply.changes {
                    taking.take(change)?;
                }
                report.changes = reply.changes.len() as u64;
            }
            // an outcome of another epoch says nothing about this server
            if epoch == Some(reply.epoch) || planted(Planted::OldEpochOutcome) {
                for outcome in &reply.outcomes {
                    let became = take_outcome(tx, outcome, reply.epoch, asked.device, now_ms, &mut report)?;
                    if let Some(answered) = became.as_ref().filter(|_| outcome.code.as_deref() == Some(ERASED)) {
                        taking.erase(answered.record)?;
                    }
                    answered.extend(became.iter().map(|answered| answered.record));
                    dirty.extend(became.filter(|answered| answered.differs).map(|answered| answered.record));
                }
            }
            if planted(Planted::AllPendingMarkedSent) && report.applied > 0 {
                let sent = "UPDATE op SET state = 'done', device = coalesce(device, ?1), n = coalesce(n, -k),
                            hash = coalesce(hash, zeroblob(8)) WHERE state IN ('new', 'sent')";
                tx.execute(sent, [asked.device.bytes()])?;
            }
            let up_to_date = report.answered && !reply.more;
            // a reply to a revoked phone reads nothing and has neither
            let read = reply.cursor.is_some() || !reply.checksums.is_empty();
            if up_to_date {
                if read && meta::number(tx, "pull_full")? != 0 {
                    taking.end_full_pull(&answered)?;
                    meta::put(tx, "pull_full", 0)?;
                }
                taking.drop_leaving()?;
                close_out_of_reach(tx)?;
            }
            taking.dirty.extend(dirty);
            taking.finish()?;
            report.removed = taking.removed;
            if up_to_date && !reply.checksums.is_empty() {
                let differing = area::differing(tx, &reply.checksums)?;
                if !differing.is_empty() && pull_again(tx, now_ms)? {
                    report.more = true;
                }
                report.differing = differing;
            }
            if up_to_date && read && taken_and_never_told(tx, &answered)? && pull_again(tx, now_ms)? {
                report.more = true;
            }
            if epoch == Some(reply.epoch) {
                report.to_offer = orphan::kept(tx, &reply.kept, reply.epoch)?;
            }
            take_clock(tx, asked, reply.server_time, now_ms, &mut report)?;
            changed.records = report.changes > 0 || report.removed > 0 || !reply.outcomes.is_empty();
            changed.outbox = !reply.outcomes.is_empty() || report.new_epoch;
            Ok(report)
        })
    }
}
