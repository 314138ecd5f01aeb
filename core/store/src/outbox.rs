//! What is to be sent: numbering, batches, and the rest of a request.

use crate::{
    area,
    error::Result,
    meta,
    op::{self, SavedOp},
    orphan, sql,
    store::Store,
};
use payung_domain::{
    id::DeviceId,
    op::Op,
    planted::{Planted, planted},
};
use payung_protocol::{AppFacts, Checksum, Cursor, Offer, Request};
use rusqlite::Transaction;
use std::{collections::BTreeSet, sync::atomic::Ordering};

/// What a request asked with; its reply is taken by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The device that numbered the ops.
    pub device: DeviceId,
    /// The cursor it carried.
    pub cursor: Option<Cursor>,
    /// When it was made, milliseconds since 1970 by the phone's clock. Only a reply within two minutes of it says
    /// something about that clock.
    pub sent_at: i64,
}

/// A request's content, all of one moment.
#[derive(Clone, PartialEq)]
pub struct Batch {
    /// The ops to send.
    pub ops: Vec<Op>,
    /// The highest n up to which every op has its final outcome from this epoch.
    pub seen_through: u64,
    /// Other people's records that the restored server lacks and has not been offered.
    pub offered: Vec<Offer>,
    /// Of everything pulled; none before the first pull.
    pub checksum: Option<Checksum>,
    /// With what the reply is to be taken.
    pub asked: Asked,
    /// Whether ops were left for a further batch.
    pub more: bool,
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the ops are people's data
        f.debug_struct("Batch").field("ops", &self.ops.len()).field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Batch {
    /// The request to seal.
    pub fn into_request(self, app: Option<AppFacts>) -> Request {
        let Self { ops, seen_through, offered, checksum, asked, .. } = self;
        Request { ops, seen_through, cursor: asked.cursor, checksum, app, offered }
    }
}

/// A full batch of new ops, numbered before it is due.
pub struct Ahead {
    device: DeviceId,
    ops: Vec<Op>,
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead").field("ops", &self.ops.len()).finish_non_exhaustive()
    }
}

impl Ahead {
    /// Sends them without looking at the store: only where the reply before, of this device, is known to have taken
    /// every op that waited.
    pub fn into_batch(self, seen_through: u64, asked: Asked) -> Batch {
        Batch { ops: self.ops, seen_through, offered: Vec::new(), checksum: None, asked, more: true }
    }

    /// Whether a batch asked for now would hold exactly these: nothing else waits for its outcome, nothing was put
    /// back, and the device is the same.
    fn stands(&self, tx: &Transaction, device: DeviceId, max_ops: usize) -> Result<bool> {
        let Some(first) = self.ops.first() else { return Ok(false) };
        Ok(self.device == device && self.ops.len() <= max_ops && sent(tx)? == (self.ops.len(), Some(first.n)))
    }
}

/// How many ops wait, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Not numbered yet.
    pub new: u64,
    /// Numbered, without an outcome.
    pub sent: u64,
    /// With the office.
    pub held: u64,
}

/// Bytes of JSON that offers may have in one request: nothing waits for them.
const OFFER_BYTES: usize = 64 << 10;

/// What an op's JSON takes beyond its fields, at most: ids, base, receipt, the name it had before.
const OP_FRAME: usize = 420;

/// Ops until one of the limits is reached; a first op goes whatever its size.
struct Room {
    ops: Vec<Op>,
    taken: usize,
    max_ops: usize,
    bytes_left: usize,
    full: bool,
}

impl Room {
    fn new(max_ops: usize, max_bytes: usize) -> Self {
        Self { ops: Vec::new(), taken: 0, max_ops, bytes_left: max_bytes, full: false }
    }

    fn fits(&mut self, op: &SavedOp) -> bool {
        let size = op.length + OP_FRAME + op.stale.iter().map(|field| field.len() + 3).sum::<usize>();
        if self.taken > 0 && (self.taken >= self.max_ops || size > self.bytes_left) {
            self.full = true;
            return false;
        }
        self.taken += 1;
        self.bytes_left = self.bytes_left.saturating_sub(size);
        true
    }
}

/// New ops that must not wait behind a long evening's: reports of accidents at work, due at the office within two days, and
/// what their persons were made by, without which the office would let them wait. In the order of saving, which has a
/// person before what is said of them.
fn urgent(tx: &Transaction) -> Result<Vec<i64>> {
    // the words of the index of reports, so that it is used: there are few, and the queue may be long
    let mut statement = tx.prepare_cached(
        "WITH report(id, parent) AS (SELECT record.id, record.parent FROM record JOIN op ON op.record = record.id
             WHERE record.kind IN ('feedback', 'accident_report', 'death_report') AND record.kind = 'accident_report'
             AND op.state = 'new')
         SELECT k FROM op JOIN report ON op.record = report.id WHERE op.state = 'new'
         UNION SELECT k FROM op JOIN report ON op.record = report.parent WHERE op.state = 'new' AND op.creates = 1
         ORDER BY 1",
    )?;
    let found = statement.query_map([], |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Numbers new ops as far as there is room, urgent ones first; with `only_full`, none where room is left.
fn number_new(tx: &Transaction, room: &mut Room, device: DeviceId, only_full: bool) -> Result<bool> {
    // read first: a statement must not walk an index that the numbering changes
    let mut chosen = Vec::new();
    let first = urgent(tx)?;
    for k in &first {
        let Some(op) = op::find(tx, "WHERE op.k = ?1", [k])? else { continue };
        if !room.fits(&op) {
            break;
        }
        chosen.push(op);
    }
    if !room.full {
        op::for_each(tx, "WHERE op.state = 'new' ORDER BY op.k", [], |op| {
            if first.contains(&op.k) {
                return Ok(true);
            }
            let fits = room.fits(&op);
            if fits {
                chosen.push(op);
            }
            Ok(fits)
        })?;
    }
    let numbered = !chosen.is_empty() && (room.full || !only_full);
    if !numbered {
        return Ok(false);
    }
    let mut last = meta::number(tx, "last_n")?;
    let mut update = tx.prepare_cached("UPDATE op SET state = 'sent', device = ?2, n = ?3, hash = ?4 WHERE k = ?1")?;
    for saved in chosen {
        let k = saved.k;
        last += 1;
        let op = saved.into_op(sql::unbits(last))?;
        update.execute((k, device.bytes(), last, op.hash().0))?;
        room.ops.push(op);
    }
    meta::put(tx, "last_n", last)?;
    Ok(true)
}

/// How many ops are sent and without an outcome, and the lowest number among them.
fn sent(tx: &Transaction) -> Result<(usize, Option<u64>)> {
    let mut statement = tx.prepare_cached("SELECT count(*), min(n) FROM op WHERE state = 'sent'")?;
    let (count, lowest): (i64, Option<i64>) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((usize::try_from(count).unwrap_or(usize::MAX), lowest.map(sql::unbits)))
}

fn gather(tx: &Transaction, room: &mut Room, condition: &str, after: i64) -> Result<()> {
    op::for_each(tx, condition, [after], |op| {
        let fits = room.fits(&op);
        if let (true, Some(n)) = (fits, op.n) {
            room.ops.push(op.into_op(n)?);
        }
        Ok(fits)
    })
}

/// The highest n up to which every op has a final outcome: an op without one is `sent` or `held`.
fn seen_through(tx: &Transaction) -> Result<u64> {
    let mut lowest: Option<i64> = None;
    for query in ["SELECT min(n) FROM op WHERE state = 'sent'", "SELECT min(n) FROM op WHERE state = 'held'"] {
        if planted(Planted::SeenThroughPassesHeld) && query.contains("held") {
            continue;
        }
        let found: Option<i64> = tx.prepare_cached(query)?.query_row([], |row| row.get(0))?;
        lowest = lowest.into_iter().chain(found).min();
    }
    Ok(match lowest {
        Some(lowest) => sql::unbits(lowest) - 1,
        None => sql::unbits(meta::number(tx, "last_n")?),
    })
}

impl Store {
    /// The next request: ops without an outcome first, then new ones, numbered now, then held ones, which are asked
    /// about in turn with the room that is left. At most `max_ops` ops and about `max_bytes` of JSON, but one op at
    /// least. Nothing is sent while the phone must join again.
    ///
    /// # Errors
    /// [`StoreError::NotJoined`](crate::StoreError::NotJoined) before joining.
    pub fn next_batch(&self, max_ops: usize, max_bytes: usize, now_ms: i64) -> Result<Batch> {
        self.next_batch_from(None, max_ops, max_bytes, now_ms)
    }

    /// [`Store::next_batch`], with what [`Store::number_ahead`] gave, if that is what the batch would hold.
    ///
    /// # Errors
    /// [`StoreError::NotJoined`](crate::StoreError::NotJoined) before joining.
    pub fn next_batch_from(
        &self,
        ahead: Option<Ahead>,
        max_ops: usize,
        max_bytes: usize,
        now_ms: i64,
    ) -> Result<Batch> {
        self.write("number", |tx, changed| {
            let device = meta::device(tx)?.ok_or(crate::StoreError::NotJoined)?;
            let mut room = Room::new(max_ops, max_bytes);
            let may_send = meta::number(tx, "rejoin_needed")? == 0;
            if may_send
                && let Some(ahead) = ahead
                && ahead.stands(tx, device, max_ops)?
            {
                // it was a full one
                (room.ops, room.full) = (ahead.ops, true);
            } else if may_send {
                gather(tx, &mut room, "WHERE op.state = 'sent' AND op.n > ?1 ORDER BY op.n", 0)?;
                if !room.full {
                    changed.outbox = number_new(tx, &mut room, device, false)?;
                }
                if !room.full {
                    self.gather_held(tx, &mut room)?;
                }
            }
            let cursor = meta::cursor(tx)?;
            let offered = orphan::to_offer(tx, max_bytes.min(OFFER_BYTES))?;
            Ok(Batch {
                offered,
                more: room.full,
                ops: room.ops,
                seen_through: seen_through(tx)?,
                checksum: if cursor.is_some() { Some(area::total(tx)?) } else { None },
                asked: Asked { device, cursor, sent_at: now_ms },
            })
        })
    }

    /// A request of the ops without an outcome that are not among `sealed`, new ones numbered now: for files that are
    /// carried by somebody else. The server is asked about held ops, and for checksums, by the phone itself.
    ///
    /// # Errors
    /// [`StoreError::NotJoined`](crate::StoreError::NotJoined) before joining.
    pub fn unsealed_batch(
        &self,
        sealed: &BTreeSet<u64>,
        max_ops: usize,
        max_bytes: usize,
        now_ms: i64,
    ) -> Result<Batch> {
        self.write("number", |tx, changed| {
            let device = meta::device(tx)?.ok_or(crate::StoreError::NotJoined)?;
            let mut room = Room::new(max_ops, max_bytes);
            if meta::number(tx, "rejoin_needed")? == 0 {
                // by number first: with a long queue nearly all are sealed, and their bodies need not be read
                let mut statement = tx.prepare_cached("SELECT n FROM op WHERE state = 'sent' ORDER BY n")?;
                let numbers = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
                for bits in numbers {
                    let n = sql::unbits(bits);
                    if sealed.contains(&n) {
                        continue;
                    }
                    let Some(op) = op::find(tx, "WHERE op.state = 'sent' AND op.n = ?1", [bits])? else { continue };
                    if !room.fits(&op) {
                        break;
                    }
                    room.ops.push(op.into_op(n)?);
                }
                if !room.full {
                    changed.outbox = number_new(tx, &mut room, device, false)?;
                }
            }
            let asked = Asked { device, cursor: meta::cursor(tx)?, sent_at: now_ms };
            let (ops, seen_through) = (room.ops, seen_through(tx)?);
            Ok(Batch { ops, seen_through, offered: Vec::new(), checksum: None, asked, more: room.full })
        })
    }

    /// The numbers of the ops without a final outcome.
    pub fn outstanding(&self) -> Result<BTreeSet<u64>> {
        self.read(|tx| {
            let mut statement =
                tx.prepare_cached("SELECT n FROM op WHERE state IN ('sent', 'held') AND n IS NOT NULL")?;
            let numbers = statement.query_map([], |row| Ok(sql::unbits(row.get(0)?)))?;
            Ok(numbers.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Numbers new ops for the batch after the one under way, to be had from [`Store::next_batch_from`]. None where
    /// there are not enough for a full one, where more ops wait for their outcome than those `under_way`, or where the
    /// phone must join again. They are `sent` from now on: whatever becomes
    /// of the one under way, the next batch offers them, whether by this value or read anew.
    ///
    /// # Errors
    /// [`StoreError::NotJoined`](crate::StoreError::NotJoined) before joining.
    pub fn number_ahead(&self, under_way: usize, max_ops: usize, max_bytes: usize) -> Result<Option<Ahead>> {
        self.write("number", |tx, changed| {
            let device = meta::device(tx)?.ok_or(crate::StoreError::NotJoined)?;
            let mut room = Room::new(max_ops, max_bytes);
            if meta::number(tx, "rejoin_needed")? == 0 && sent(tx)?.0 == under_way {
                changed.outbox = number_new(tx, &mut room, device, true)?;
            }
            Ok(room.full.then_some(Ahead { device, ops: room.ops }))
        })
    }

    /// Held ops from where the last batch stopped, so that each has its turn. They never make `more`: it would not end.
    fn gather_held(&self, tx: &Transaction, room: &mut Room) -> Result<()> {
        let held = "WHERE op.state = 'held' AND op.n > ?1 ORDER BY op.n";
        let before = room.ops.len();
        gather(tx, room, held, sql::bits(self.held_asked.load(Ordering::Relaxed)))?;
        if room.ops.len() == before && !room.full {
            gather(tx, room, held, 0)?;
        }
        let stopped = if room.full { room.ops[before..].last().map_or(0, |op| op.n) } else { 0 };
        self.held_asked.store(stopped, Ordering::Relaxed);
        room.full = false;
        Ok(())
    }

    /// The sum over everything pulled, of [`payung_protocol::record_check`].
    pub fn checksum(&self) -> Result<Checksum> {
        self.read(area::total)
    }

    /// How many ops wait.
    pub fn waiting(&self) -> Result<Waiting> {
        self.read(|tx| {
            let count = |state: &str| -> Result<u64> {
                let count: i64 = tx
                    .prepare_cached(&format!("SELECT count(*) FROM op WHERE state = '{state}'"))?
                    .query_row([], |row| row.get(0))?;
                Ok(sql::unbits(count))
            };
            Ok(Waiting { new: count("new")?, sent: count("sent")?, held: count("held")? })
        })
    }

    /// Forgets ops whose final outcome came before `before_ms`: the server's backups reach back less far than that.
    /// Those that decide what is shown of a record still under way are kept.
    pub fn purge(&self, before_ms: i64) -> Result<u64> {
        self.write("meta", |tx, _| {
            let gone = tx.execute(
                "DELETE FROM op WHERE final_at < ?1 AND state IN ('done', 'discarded') AND NOT EXISTS
                 (SELECT 1 FROM op other WHERE other.record = op.record AND other.state NOT IN ('done', 'discarded'))",
                [before_ms],
            )?;
            Ok(gone as u64)
        })
    }
}
