//! Taking what the server tells: put, gone, evict.

use crate::{
    area::AreaSums,
    error::Result,
    index, media, op, orphan,
    shown::{self, base_row},
    sql,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{Base, Epoch, RecordId},
    op::{Change, GoneReason, Put},
    planted::{Planted, planted},
};
use rusqlite::Transaction;
use std::collections::{HashMap, HashSet};

/// The taking of one reply's changes.
pub(crate) struct Taking<'t> {
    pub(crate) tx: &'t Transaction<'t>,
    /// What stands of the records put by this reply: read from here, not from the file.
    pub(crate) puts: HashMap<RecordId, &'t Put>,
    pub(crate) epoch: Epoch,
    /// Number of the full pull under way, or of the last.
    pub(crate) pull: i64,
    pub(crate) areas: AreaSums,
    /// Records that may look different now.
    pub(crate) dirty: HashSet<RecordId>,
    /// Workers whose enrolments may.
    pub(crate) standings: HashSet<RecordId>,
    /// Records taken off the phone.
    pub(crate) removed: u64,
}

/// What a put or a removal needs to know of the row.
struct Row {
    rid: i64,
    id: RecordId,
    kind: Kind,
    aid: i64,
    parent: Option<RecordId>,
    base: Option<Base>,
    pull: i64,
    leaving: i64,
    alias_of: Option<RecordId>,
}

impl Row {
    /// Whether its version is in its area's sum.
    fn is_summed(&self) -> Option<u64> {
        self.base.filter(|_| self.leaving == 0).map(|base| base.version)
    }
}

impl<'t> Taking<'t> {
    fn row(&self, id: RecordId) -> Result<Option<Row>> {
        let mut statement = self.tx.prepare_cached(
            "SELECT rid, kind, aid, parent, epoch, version, pull, leaving, alias_of FROM record WHERE id = ?1",
        )?;
        let mut rows = statement.query([id.bytes()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Row {
            rid: row.get(0)?,
            id,
            kind: Kind::from_name(row.get_ref(1)?.as_str().unwrap_or_default()),
            aid: row.get(2)?,
            parent: sql::record_or_none(row, 3)?,
            base: sql::base(row, 4)?,
            pull: row.get(6)?,
            leaving: row.get(7)?,
            alias_of: sql::record_or_none(row, 8)?,
        }))
    }

    pub(crate) fn take(&mut self, change: &'t Change) -> Result<()> {
        match change {
            Change::Put(put) => self.put(put),
            Change::Gone { record, why, version, to } => self.gone(*record, *why, *version, to.as_ref()),
            Change::Evict { prefix, keep } => self.evict(prefix, keep),
        }
    }

    fn put(&mut self, put: &'t Put) -> Result<()> {
        let old = self.row(put.record)?;
        if let Some(old) = &old {
            let known = old.base.filter(|base| base.epoch == self.epoch && base.version >= put.version);
            if let Some(known) = known {
                return self.put_again(old, put, known.version);
            }
        }
        let tx = self.tx;
        self.puts.insert(put.record, put);
        let aid = self.areas.number(tx, &put.area)?;
        let parent = put.kind.parent(&put.body);
        let conflicts = if put.conflicts.is_empty() { None } else { Some(sql::to_json(&put.conflicts)?) };
        let (kind, body) = (put.kind.name(), sql::to_json(&put.body)?);
        let (parent, survivor) = (parent.map(|id| id.bytes()), put.alias_of.map(|id| id.bytes()));
        let (epoch, version) = (sql::bits(self.epoch.0), sql::bits(put.version));
        let rid = if let Some(old) = &old {
            tx.prepare_cached(
                "UPDATE record SET kind = ?2, aid = ?3, parent = ?4, epoch = ?5, version = ?6, pull = ?7, leaving = 0,
                 alias_of = ?8, conflicts = ?9, body = ?10 WHERE rid = ?1",
            )?
            .execute((old.rid, kind, aid, parent, epoch, version, self.pull, survivor, conflicts, body))?;
            if let Some(version) = old.is_summed() {
                self.areas.take(tx, old.aid, put.record, version)?;
            }
            old.rid
        } else {
            tx.prepare_cached(
                "INSERT INTO record (id, kind, aid, parent, epoch, version, pull, alias_of, conflicts, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                put.record.bytes(),
                kind,
                aid,
                parent,
                epoch,
                version,
                self.pull,
                survivor,
                conflicts,
                body,
            ))?;
            tx.last_insert_rowid()
        };
        if old.as_ref().is_none_or(|old| old.leaving != 0) {
            orphan::forget(tx, put.record)?;
        }
        self.areas.add(tx, aid, put.record, put.version)?;
        if planted(Planted::InFlightEditDropped) {
            tx.execute("DELETE FROM op WHERE record = ?1 AND state = 'new'", [put.record.bytes()])?;
        }
        self.close_reached(put)?;
        self.look_again(put, old.as_ref(), rid, aid)
    }

    /// Ops whose receipt the record has now reached.
    fn close_reached(&self, put: &Put) -> Result<()> {
        let mut statement = self.tx.prepare_cached(
            "SELECT k FROM op WHERE state = 'acked' AND receipt_record = ?1 AND receipt_epoch = ?2
             AND receipt_version <= ?3",
        )?;
        let params = (put.record.bytes(), sql::bits(self.epoch.0), sql::bits(put.version));
        let reached = statement.query_map(params, |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        for k in reached {
            self.tx.prepare_cached("UPDATE op SET state = 'done' WHERE k = ?1")?.execute([k])?;
        }
        Ok(())
    }

    /// Known in this version or a later one. Whatever was to remove it is older: at equal version the put wins.
    fn put_again(&mut self, old: &Row, put: &Put, known: u64) -> Result<()> {
        let returns = old.leaving != 0 && known == put.version;
        if old.pull == self.pull && !returns {
            return Ok(());
        }
        self.tx
            .prepare_cached(
                "UPDATE record SET pull = ?2, leaving = CASE WHEN ?3 THEN 0 ELSE leaving END WHERE rid = ?1",
            )?
            .execute((old.rid, self.pull, returns))?;
        if returns {
            self.areas.add(self.tx, old.aid, old.id, known)?;
        }
        Ok(())
    }

    /// Keeps the lists equal to what is shown; at once where nothing of ours lies over it.
    fn look_again(&mut self, put: &Put, old: Option<&Row>, rid: i64, aid: i64) -> Result<()> {
        match put.kind {
            Kind::Worker => {
                let was_alias = old.and_then(|old| old.alias_of);
                let linked = put.alias_of.is_some() || was_alias.is_some();
                self.dirty.extend(put.alias_of.into_iter().chain(was_alias));
                if linked || op::overlays(self.tx, put.record)? || self.has_alias(put.record)? {
                    self.dirty.insert(put.record);
                } else if index::worker_as_pulled(self.tx, rid, aid, &put.body)? && self.has_children(put.record)? {
                    self.standings.insert(put.record);
                }
                if linked {
                    self.standings.extend([Some(put.record), put.alias_of, was_alias].into_iter().flatten());
                }
            }
            Kind::Enrollment => {
                let parents = [put.kind.parent(&put.body), old.and_then(|old| old.parent)];
                self.standings.extend(parents.into_iter().flatten());
            }
            Kind::Village => {
                self.dirty.insert(put.record);
            }
            _ => {}
        }
        Ok(())
    }

    fn has_alias(&self, id: RecordId) -> Result<bool> {
        Ok(self.tx.prepare_cached("SELECT 1 FROM record WHERE alias_of = ?1 LIMIT 1")?.exists([id.bytes()])?)
    }

    fn has_children(&self, id: RecordId) -> Result<bool> {
        Ok(self
            .tx
            .prepare_cached("SELECT 1 FROM record WHERE parent = ?1 AND kind = 'enrollment' LIMIT 1")?
            .exists([id.bytes()])?)
    }

    fn gone(&mut self, id: RecordId, why: GoneReason, version: u64, to: Option<&Area>) -> Result<()> {
        if why == GoneReason::Erased {
            self.erase(id)?;
            return Ok(());
        }
        let Some(row) = self.row(id)? else { return orphan::forget(self.tx, id) };
        // at equal version the put that came of the same act wins
        let newer = row.base.is_none_or(|base| base.epoch != self.epoch || base.version < version);
        if !newer {
            return Ok(());
        }
        match to {
            Some(to) => self.refile(&row, to),
            None => self.drop(&row, 1, false),
        }
    }

    /// What the law erases goes at once, drafts and what waits to be sent included.
    pub(crate) fn erase(&mut self, id: RecordId) -> Result<()> {
        if let Some(row) = self.row(id)? {
            self.puts.remove(&id);
            if let Some(version) = row.is_summed() {
                self.areas.take(self.tx, row.aid, row.id, version)?;
            }
            self.removed += 1;
            remove(self.tx, row.rid, row.id)?;
            if row.kind == Kind::Enrollment {
                self.standings.extend(row.parent);
            }
            self.dirty.extend(row.alias_of);
        }
        for sql in [
            "DELETE FROM op WHERE record = ?1",
            "DELETE FROM draft WHERE record = ?1",
            "DELETE FROM own_nik WHERE record = ?1",
            "DELETE FROM orphan WHERE id = ?1",
        ] {
            self.tx.prepare_cached(sql)?.execute([id.bytes()])?;
        }
        media::erase(self.tx, id)
    }

    fn refile(&mut self, row: &Row, to: &Area) -> Result<()> {
        let aid = self.areas.number(self.tx, to)?;
        if let Some(version) = row.is_summed() {
            self.areas.take(self.tx, row.aid, row.id, version)?;
            self.areas.add(self.tx, aid, row.id, version)?;
        }
        self.tx.prepare_cached("UPDATE record SET aid = ?2 WHERE rid = ?1")?.execute((row.rid, aid))?;
        self.tx.prepare_cached("UPDATE worker SET aid = ?2 WHERE rid = ?1")?.execute((row.rid, aid))?;
        Ok(())
    }

    fn evict(&mut self, prefix: &Area, keep: &[Area]) -> Result<()> {
        let mut areas = Vec::new();
        {
            let mut statement = self.tx.prepare_cached("SELECT aid, path FROM area")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let path = sql::area(row.get_ref(1)?.as_str().unwrap_or_default())?;
                if path.is_within(prefix) && !keep.iter().any(|kept| path.is_within(kept)) {
                    areas.push(row.get::<_, i64>(0)?);
                }
            }
        }
        for aid in areas {
            for id in self.ids("SELECT id FROM record WHERE aid = ?1", aid)? {
                if planted(Planted::EvictDeletesUnsent) {
                    self.tx.execute("DELETE FROM op WHERE record = ?1", [id.bytes()])?;
                }
                if let Some(row) = self.row(id)? {
                    self.drop(&row, row.leaving.max(1), false)?;
                }
            }
        }
        Ok(())
    }

    fn ids(&self, query: &str, parameter: i64) -> Result<Vec<RecordId>> {
        let mut ids = Vec::new();
        let mut statement = self.tx.prepare_cached(query)?;
        let mut rows = statement.query([parameter])?;
        while let Some(row) = rows.next()? {
            ids.push(sql::record(row, 0)?);
        }
        Ok(ids)
    }

    /// Removes a record, or remembers to once nothing of ours waits for it.
    fn drop(&mut self, row: &Row, leaving: i64, keep_orphan: bool) -> Result<()> {
        let tx = self.tx;
        self.puts.remove(&row.id);
        if let Some(version) = row.is_summed() {
            self.areas.take(tx, row.aid, row.id, version)?;
        }
        if keep_orphan && row.base.is_some_and(|base| base.epoch != self.epoch) {
            orphan::keep(tx, row.rid, row.aid)?;
        }
        if op::keeps(tx, row.id)? {
            tx.prepare_cached("UPDATE record SET leaving = ?2 WHERE rid = ?1")?.execute((row.rid, leaving))?;
            return Ok(());
        }
        self.removed += 1;
        remove(tx, row.rid, row.id)?;
        // what was taken of it can't be pulled any more
        tx.prepare_cached("UPDATE op SET state = 'done' WHERE state = 'acked' AND receipt_record = ?1")?
            .execute([row.id.bytes()])?;
        if row.kind == Kind::Enrollment {
            self.standings.extend(row.parent);
        }
        self.dirty.extend(row.alias_of);
        Ok(())
    }

    /// The end of a full pull: what it did not contain is not ours to hold any more. What a restored server lacks is
    /// kept apart, to be offered back. A record of ours that was never pulled goes too, unless this very reply says
    /// that it was taken (`answered`).
    pub(crate) fn end_full_pull(&mut self, answered: &HashSet<RecordId>) -> Result<()> {
        let absent = "SELECT id FROM record WHERE rid IN (SELECT rid FROM record WHERE pull <> ?1) AND leaving = 0 AND (epoch IS NOT NULL OR NOT EXISTS
             (SELECT 1 FROM op WHERE op.record = record.id AND state IN ('new', 'sent', 'held', 'refused')))";
        for id in self.ids(absent, self.pull)? {
            if let Some(row) = self.row(id)?.filter(|row| row.base.is_some() || !answered.contains(&id)) {
                self.drop(&row, 1, true)?;
            }
        }
        Ok(())
    }

    /// Records that were only waiting for an op of ours.
    pub(crate) fn drop_leaving(&mut self) -> Result<()> {
        for id in self.ids("SELECT id FROM record WHERE leaving <> ?1 AND leaving <> 0", 0)? {
            if let Some(row) = self.row(id)? {
                self.drop(&row, row.leaving, false)?;
            }
        }
        Ok(())
    }

    /// Writes the sums, and the lists for all that changed.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.areas.store(self.tx)?;
        for id in std::mem::take(&mut self.dirty) {
            let Some(row) = self.row(id)? else { continue };
            match row.kind {
                Kind::Enrollment => self.standings.extend(row.parent),
                Kind::Worker => self.relist(&row)?,
                Kind::Village => index::refresh(self.tx, id)?,
                _ => {}
            }
        }
        for worker in std::mem::take(&mut self.standings) {
            index::refresh_standing(self.tx, worker, &self.puts)?;
        }
        Ok(())
    }

    /// A worker's row; from the put where nothing of ours lies over it any more.
    fn relist(&mut self, row: &Row) -> Result<()> {
        let plain = match self.puts.get(&row.id) {
            Some(put) if row.alias_of.is_none() && !op::overlays(self.tx, row.id)? && !self.has_alias(row.id)? => put,
            _ => return index::refresh(self.tx, row.id),
        };
        if index::worker_as_pulled(self.tx, row.rid, row.aid, &plain.body)? {
            self.standings.insert(row.id);
        }
        Ok(())
    }
}

fn remove(tx: &Transaction, rid: i64, id: RecordId) -> Result<()> {
    index::remove_worker(tx, rid)?;
    tx.prepare_cached("DELETE FROM own_nik WHERE record = ?1")?.execute([id.bytes()])?;
    tx.prepare_cached("DELETE FROM record WHERE rid = ?1")?.execute([rid])?;
    Ok(())
}

/// A record only this phone has, of which nothing is left to show, goes.
pub(crate) fn forget_if_empty(tx: &Transaction, id: RecordId) -> Result<()> {
    let Some(row) = base_row(tx, id)?.filter(|row| row.base.is_none()) else { return Ok(()) };
    let empty = shown::shown(tx, id)?.is_none_or(|record| record.fields.is_empty());
    if empty && !op::keeps(tx, id)? { remove(tx, row.rid, id) } else { Ok(()) }
}
