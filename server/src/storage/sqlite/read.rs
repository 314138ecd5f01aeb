//! What can be asked of SQLite.

use super::{
    super::{
        AuditLine, CardRow, CardsOf, Concerned, Device, Duplicate, DuplicateState, FeedRow, HeldFilter, Invite, Kept,
        KnownOp, NikHash, Official, PendingAct, Reading, RecordFilter, Result, Scope, Sponsored, SponsoredOf,
        StorageError, StoredOffer, StoredOp, Tombstone, WordHash, seal::Row as Sealed,
    },
    Unit,
    codec::{self, DUPLICATE, OP, RECORD, record_id, signed, unsigned},
};
use payung_domain::{
    area::Area,
    attachment::MediaHash,
    id::{DeviceId, Epoch, OpId, RecordId},
    only::Only,
    op::{GoneReason, Reissue},
    planted::{Planted, planted},
    region::RegionCode,
};
use payung_protocol::{Checksum, record_check};
use rusqlite::{OptionalExtension, Params, Row, ToSql, params};
use std::fmt::Write as _;

impl Unit<'_> {
    fn all<T>(&self, sql: &str, params: impl Params, mut row: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(next) = rows.next()? {
            all.push(row(next)?);
        }
        Ok(all)
    }

    fn one<T>(&self, sql: &str, params: impl Params, row: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        let mut statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(row).transpose()
    }

    /// Records of a query, within the scope, until there are `limit`.
    fn within(&self, sql: &str, params: impl Params, scope: &Scope, limit: usize) -> Result<Vec<Kept>> {
        let mut statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            // the area is looked at before the body is opened
            if found.len() == limit {
                break;
            }
            if scope.contains(&codec::area(row, "area")?) {
                found.push(self.record(row)?);
            }
        }
        Ok(found)
    }
}

fn after_id(after: Option<RecordId>) -> [u8; 16] {
    after.map_or([0; 16], |id| id.bytes())
}

/// What lies between `prefix.` and `prefix/`, the character after the dot.
fn below(prefix: &str) -> (String, String) {
    (format!("{prefix}."), format!("{prefix}/"))
}

impl Reading for Unit<'_> {
    fn epoch(&self) -> Result<Epoch> {
        self.counter("epoch").map(Epoch)
    }

    fn counter(&self, name: &str) -> Result<u64> {
        let mut statement = self.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?.map_or(0, unsigned))
    }

    fn device(&self, id: DeviceId) -> Result<Option<Device>> {
        self.one("SELECT id, seen_through, person FROM device WHERE id = ?1", [id.bytes()], |row| self.device_row(row))
    }

    fn devices(&self) -> Result<Vec<Device>> {
        self.all("SELECT id, seen_through, person FROM device ORDER BY id", [], |row| self.device_row(row))
    }

    fn officials(&self) -> Result<Vec<Official>> {
        self.all("SELECT id, person FROM official ORDER BY id", [], |row| {
            let id: [u8; 16] = row.get("id")?;
            self.person(&id, row.get_ref("person")?.as_blob().unwrap_or_default())
        })
    }

    fn invite(&self, hash: &[u8; 32]) -> Result<Option<Invite>> {
        self.one("SELECT person FROM invite WHERE hash = ?1", [hash], |row| {
            self.person(hash, row.get_ref("person")?.as_blob().unwrap_or_default())
        })
    }

    fn invites(&self) -> Result<Vec<Invite>> {
        self.all("SELECT hash, person FROM invite ORDER BY expires", [], |row| {
            let hash: [u8; 32] = row.get("hash")?;
            self.person(&hash, row.get_ref("person")?.as_blob().unwrap_or_default())
        })
    }

    fn records(&self, ids: &[RecordId], scope: &Scope) -> Result<Vec<Kept>> {
        let sql = format!("SELECT {RECORD} FROM record WHERE id = ?1");
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.within(&sql, [id.bytes()], scope, 1)?);
        }
        Ok(found)
    }

    fn children(&self, parents: &[RecordId], scope: &Scope) -> Result<Vec<Kept>> {
        let sql = format!("SELECT {RECORD} FROM record WHERE parent = ?1 ORDER BY id");
        let mut found = Vec::new();
        for parent in parents {
            found.extend(self.within(&sql, [parent.bytes()], scope, usize::MAX)?);
        }
        Ok(found)
    }

    fn linked_to(&self, survivors: &[RecordId]) -> Result<Vec<RecordId>> {
        let mut found = Vec::new();
        for survivor in survivors {
            let sql = "SELECT id FROM record WHERE alias_of = ?1 ORDER BY id";
            found.extend(self.all(sql, [survivor.bytes()], |row| record_id(row, "id"))?);
        }
        Ok(found)
    }

    fn child_states(&self, parents: &[RecordId]) -> Result<Vec<(RecordId, String)>> {
        let mut found = Vec::new();
        for parent in parents {
            let sql = "SELECT status FROM record WHERE parent = ?1 AND status IS NOT NULL";
            found.extend(self.all(sql, [parent.bytes()], |row| Ok((*parent, row.get(0)?)))?);
        }
        Ok(found)
    }

    fn find(&self, filter: &RecordFilter, scope: &Scope, after: Option<RecordId>, limit: usize) -> Result<Vec<Kept>> {
        let (after, kind) = (after_id(after), filter.kind.as_ref().map(payung_domain::field::Kind::name));
        let mut sql = format!("SELECT {RECORD} FROM record WHERE id > ?1");
        let mut params: Vec<&dyn ToSql> = vec![&after];
        if let Some(kind) = &kind {
            params.push(kind);
            let _ = write!(sql, " AND kind = ?{}", params.len());
        }
        if let Some(status) = &filter.status {
            params.push(status);
            let _ = write!(sql, " AND status = ?{}", params.len());
        }
        if filter.conflict {
            sql.push_str(" AND conflict = 1");
        }
        sql.push_str(" ORDER BY id");
        self.within(&sql, params.as_slice(), scope, limit)
    }

    fn by_name(&self, words: &[WordHash], scope: &Scope, after: Option<RecordId>, limit: usize) -> Result<Vec<Kept>> {
        let after = after_id(after);
        let mut params: Vec<&dyn ToSql> = vec![&after];
        let mut sql = format!("SELECT {RECORD} FROM record WHERE id > ?1");
        for word in words {
            params.push(&word.0);
            let _ = write!(sql, " AND id IN (SELECT record FROM name_word WHERE hash = ?{})", params.len());
        }
        if words.is_empty() {
            return Ok(Vec::new());
        }
        sql.push_str(" ORDER BY id");
        self.within(&sql, params.as_slice(), scope, limit)
    }

    fn concerned(&self, only: &Only, since: i64) -> Result<Vec<Concerned>> {
        // the names are our own tables', no one's input
        let kinds = only.kinds().iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
        let concerned = |row: &Row<'_>| {
            Ok(Concerned {
                record: record_id(row, "id")?,
                area: codec::area(row, "area")?,
                version: unsigned(row.get("version")?),
            })
        };
        match only {
            Only::Worker { record, .. } => {
                let sql = format!(
                    "WITH RECURSIVE
                     survivor(id) AS (SELECT coalesce(alias_of, id) FROM record WHERE id = ?1),
                     mine(id) AS (
                         SELECT id FROM survivor
                         UNION SELECT r.id FROM record r JOIN survivor s ON r.alias_of = s.id
                         UNION SELECT r.id FROM record r JOIN mine m ON r.parent = m.id WHERE r.kind IN ({kinds}))
                     SELECT r.id, r.area, r.version FROM record r JOIN mine m ON r.id = m.id
                     WHERE r.kind IN ({kinds}) ORDER BY r.id"
                );
                self.all(&sql, [record.bytes()], concerned)
            }
            Only::Clinic { code, .. } => {
                let sql = format!(
                    "WITH report(id, parent) AS (
                         SELECT id, parent FROM record r WHERE clinic = ?1
                         AND coalesce((SELECT min(received_at) FROM op WHERE op.record = r.id), ?2) >= ?2),
                     mine(id) AS (
                         SELECT id FROM report UNION SELECT parent FROM report
                         UNION SELECT r.id FROM record r JOIN report p ON r.parent = p.id)
                     SELECT r.id, r.area, r.version FROM record r JOIN mine m ON r.id = m.id
                     WHERE r.kind IN ({kinds}) ORDER BY r.id"
                );
                self.all(&sql, params![code, since], concerned)
            }
        }
    }

    fn claims(&self, hashes: &[NikHash]) -> Result<Vec<(NikHash, RecordId)>> {
        let mut found = Vec::new();
        for hash in hashes {
            let sql = "SELECT record FROM nik_claim WHERE hash = ?1";
            found.extend(self.one(sql, [hash.0], |row| Ok((*hash, record_id(row, "record")?)))?);
        }
        Ok(found)
    }

    fn known_members(&self, hashes: &[NikHash]) -> Result<Vec<NikHash>> {
        let mut found = Vec::new();
        for hash in hashes {
            found.extend(self.one("SELECT 1 FROM known_member WHERE hash = ?1", [hash.0], |_| Ok(*hash))?);
        }
        Ok(found)
    }

    fn ecosystem_members(&self, ecosystem: RecordId) -> Result<Vec<NikHash>> {
        let hash = |row: &Row<'_>| Ok(NikHash(row.get(0)?));
        self.all("SELECT hash FROM ecosystem_member WHERE ecosystem = ?1 ORDER BY hash", [ecosystem.bytes()], hash)
    }

    fn sponsored(&self, of: &SponsoredOf) -> Result<Vec<Sponsored>> {
        const COLUMNS: &str =
            "SELECT claim, enrollment, agreement, person, first, last, place, standing, code FROM sponsored";
        match of {
            SponsoredOf::Enrollments(ids) => {
                let sql = format!("{COLUMNS} WHERE enrollment = ?1 ORDER BY claim");
                let mut found = Vec::new();
                for id in ids {
                    found.extend(self.all(&sql, [id.bytes()], codec::sponsored)?);
                }
                Ok(found)
            }
            SponsoredOf::Agreement(id) => {
                self.all(&format!("{COLUMNS} WHERE agreement = ?1 ORDER BY place"), [id.bytes()], codec::sponsored)
            }
            SponsoredOf::Person(person) => {
                self.all(&format!("{COLUMNS} WHERE person = ?1 ORDER BY claim"), [person.0], codec::sponsored)
            }
        }
    }

    fn cards(&self, of: &CardsOf<'_>) -> Result<Vec<CardRow>> {
        const COLUMNS: &str = "SELECT id, worker, list, place, facts, revoked, expires FROM card";
        match of {
            CardsOf::Worker(id) => {
                self.all(&format!("{COLUMNS} WHERE worker = ?1 ORDER BY id"), [id.bytes()], codec::card)
            }
            CardsOf::Number(id) => self.all(&format!("{COLUMNS} WHERE id = ?1"), [id], codec::card),
            CardsOf::Place(list, place) => self.all(
                &format!("{COLUMNS} WHERE list = ?1 AND place = ?2"),
                params![list.to_string(), place],
                codec::card,
            ),
            CardsOf::Revoked(list) => self.all(
                &format!("{COLUMNS} WHERE list = ?1 AND revoked = 1 ORDER BY place"),
                [list.to_string()],
                codec::card,
            ),
        }
    }

    fn card_lists(&self) -> Result<Vec<RegionCode>> {
        let list = |row: &Row<'_>| {
            RegionCode::parse(row.get_ref(0)?.as_str().unwrap_or_default())
                .map_err(|_| StorageError::Unreadable("card"))
        };
        self.all("SELECT DISTINCT list FROM card ORDER BY list", [], list)
    }

    fn heads(&self, prefix: &Area) -> Result<Vec<(String, u64)>> {
        let head = |row: &Row<'_>| Ok((row.get(0)?, unsigned(row.get(1)?)));
        let mut heads = Vec::new();
        for region in prefix.regions_above() {
            heads.extend(self.all("SELECT code, seq FROM village WHERE code = ?1", [region.as_str()], head)?);
        }
        if prefix.rw().is_none() {
            let (from, to) = below(prefix.as_str());
            let sql = "SELECT code, seq FROM village WHERE code = ?1 OR code > ?2 AND code < ?3 ORDER BY code";
            heads.extend(self.all(sql, [prefix.as_str(), &from, &to], head)?);
        }
        Ok(heads)
    }

    fn changes_since(
        &self,
        prefix: &Area,
        feed: &str,
        after: u64,
        scope: &Scope,
        limit: usize,
    ) -> Result<Vec<FeedRow>> {
        let (from, to) = below(prefix.as_str());
        // a feed within the prefix is told whole
        let whole = feed == prefix.as_str() || feed > from.as_str() && feed < to.as_str();
        let whole = whole || planted(Planted::WrongAreaServed);
        let rows = i64::try_from(limit).unwrap_or(i64::MAX);
        let bound = params![feed, signed(after), whole, prefix.as_str(), from, to, rows];
        let sql = format!(
            "SELECT seq, {RECORD} FROM record WHERE village = ?1 AND seq > ?2
             AND (?3 OR area = ?4 OR (area > ?5 AND area < ?6) OR shared = 1) ORDER BY seq LIMIT ?7"
        );
        let mut changes = self.all(&sql, bound, |row| {
            let record = Box::new(self.record(row)?.record);
            Ok(FeedRow::Put { seq: unsigned(row.get("seq")?), record })
        })?;
        // a full page of records ends before any later removal
        let last = if changes.len() == limit { changes.last().map_or(0, FeedRow::seq) } else { u64::MAX >> 1 };
        let sql = "SELECT t.seq, t.record, t.why, t.version, r.area AS area FROM tombstone t
             LEFT JOIN record r ON r.id = t.record
             WHERE t.village = ?1 AND t.seq > ?2 AND t.seq < ?7
             AND (?3 OR t.area = ?4 OR (t.area > ?5 AND t.area < ?6)) ORDER BY t.seq";
        let bound = params![feed, signed(after), whole, prefix.as_str(), from, to, signed(last)];
        let gone = self.all(sql, bound, |row| {
            let still = row.get_ref("area")?.as_str().is_ok() && scope.contains(&codec::area(row, "area")?);
            let why: String = row.get("why")?;
            Ok((!still).then_some(FeedRow::Gone(Tombstone {
                seq: unsigned(row.get("seq")?),
                record: record_id(row, "record")?,
                why: if why == "erased" { GoneReason::Erased } else { GoneReason::Moved },
                version: unsigned(row.get("version")?),
            })))
        })?;
        changes.extend(gone.into_iter().flatten());
        changes.sort_by_key(FeedRow::seq);
        changes.truncate(limit);
        Ok(changes)
    }

    fn checksums(&self, scope: &Scope) -> Result<Vec<(Area, Checksum)>> {
        let sum = |row: &Row<'_>| Ok((codec::area(row, "path")?, Checksum(unsigned(row.get("checksum")?))));
        let Scope::Areas(areas) = scope else {
            return self.all("SELECT path, checksum FROM area WHERE records > 0 ORDER BY path", [], sum);
        };
        let mut sums = Vec::new();
        for area in areas {
            let (from, to) = below(area.as_str());
            let sql = "SELECT path, checksum FROM area WHERE (path = ?1 OR (path > ?2 AND path < ?3)) AND records > 0";
            sums.extend(self.all(sql, [area.as_str(), &from, &to], sum)?);
        }
        sums.sort();
        sums.dedup();
        Ok(sums)
    }

    fn shared(&self, area: &Area) -> Result<Vec<Kept>> {
        let sql = format!("SELECT {RECORD} FROM record WHERE area = ?1 AND shared = 1 ORDER BY id");
        self.all(&sql, [area.as_str()], |row| self.record(row))
    }

    fn shared_checksum(&self, area: &Area) -> Result<Option<Checksum>> {
        let sql = "SELECT id, version FROM record WHERE area = ?1 AND shared = 1";
        let sums = self
            .all(sql, [area.as_str()], |row| Ok(record_check(record_id(row, "id")?, unsigned(row.get("version")?))))?;
        Ok((!sums.is_empty()).then(|| sums.into_iter().sum()))
    }

    fn was_within(&self, record: RecordId, scope: &Scope) -> Result<bool> {
        let left =
            self.all("SELECT area FROM tombstone WHERE record = ?1", [record.bytes()], |row| codec::area(row, "area"))?;
        Ok(left.iter().any(|area| scope.contains(area)))
    }

    fn erased_within(&self, scope: &Scope) -> Result<usize> {
        let sql = "SELECT area FROM tombstone WHERE why = 'erased' GROUP BY record, area";
        let erased = self.all(sql, [], |row| codec::area(row, "area"))?;
        Ok(erased.iter().filter(|area| scope.contains(area)).count())
    }

    fn known_ops(&self, device: DeviceId, numbers: &[u64]) -> Result<Vec<KnownOp>> {
        let sql = "SELECT n, hash, status, outcome FROM op WHERE device = ?1 AND n = ?2";
        let mut known = Vec::new();
        for n in numbers {
            known.extend(self.one(sql, params![device.bytes(), signed(*n)], |row| {
                let outcome = codec::outcome(self.sealer, device, *n, row.get("outcome")?)?;
                Ok(KnownOp { n: *n, hash: codec::op_hash(row, "hash")?, status: codec::status(row)?, outcome })
            })?);
        }
        Ok(known)
    }

    fn stored_op(&self, name: OpId) -> Result<Option<StoredOp>> {
        let sql = format!("SELECT {OP} FROM op WHERE device = ?1 AND n = ?2");
        self.one(&sql, params![name.device.bytes(), signed(name.n)], |row| self.read_op(row))
    }

    fn taken(&self, names: &[Reissue]) -> Result<Vec<(Reissue, OpId)>> {
        let sql = "SELECT new_device, new_n FROM taken WHERE device = ?1 AND n = ?2 AND hash = ?3";
        let mut found = Vec::new();
        for name in names {
            found.extend(self.one(sql, params![name.device.bytes(), signed(name.n), name.hash.0], |row| {
                let new = OpId { device: codec::device_id(row, "new_device")?, n: unsigned(row.get("new_n")?) };
                Ok((*name, new))
            })?);
        }
        Ok(found)
    }

    fn history(&self, record: RecordId) -> Result<Vec<StoredOp>> {
        let sql = format!("SELECT {OP} FROM op WHERE record = ?1 ORDER BY rowid");
        self.all(&sql, [record.bytes()], |row| self.read_op(row))
    }

    fn held(&self, filter: &HeldFilter) -> Result<Vec<StoredOp>> {
        let held = |which: &str| format!("SELECT {OP} FROM op WHERE status = 'held' {which} ORDER BY rowid");
        match filter {
            HeldFilter::All => self.all(&held(""), [], |row| self.read_op(row)),
            HeldFilter::Device(device) => self.all(&held("AND device = ?1"), [device.bytes()], |row| self.read_op(row)),
            HeldFilter::WaitingFor(records) => {
                let mut found = Vec::new();
                for record in records {
                    found.extend(self.all(&held("AND waits_for = ?1"), [record.bytes()], |row| self.read_op(row))?);
                }
                Ok(found)
            }
        }
    }

    fn quarantined(&self) -> Result<Vec<StoredOp>> {
        let sql = "SELECT device, n, hash, received_at, op FROM quarantine q WHERE NOT EXISTS (SELECT 1 FROM taken t
             WHERE t.device = q.device AND t.n = q.n AND t.hash = q.hash) ORDER BY rowid";
        self.all(sql, [], |row| self.read_quarantined(row))
    }

    fn highest_number(&self, device: DeviceId) -> Result<u64> {
        let mut statement = self.prepare_cached("SELECT max(n) FROM op WHERE device = ?1")?;
        let highest: Option<i64> = statement.query_row([device.bytes()], |row| row.get(0))?;
        Ok(highest.map_or(0, unsigned))
    }

    fn offers(&self) -> Result<Vec<StoredOffer>> {
        let sql = "SELECT record, device, received_at, offer FROM offer
             WHERE record NOT IN (SELECT id FROM record) ORDER BY received_at, record";
        self.all(sql, [], |row| self.read_offer(row))
    }

    fn offer(&self, record: RecordId) -> Result<Option<StoredOffer>> {
        let sql = "SELECT record, device, received_at, offer FROM offer WHERE record = ?1";
        self.one(sql, [record.bytes()], |row| self.read_offer(row))
    }

    fn is_erased(&self, record: RecordId) -> Result<bool> {
        let sql = "SELECT 1 FROM tombstone WHERE record = ?1 AND why = 'erased'";
        Ok(self.prepare_cached(sql)?.exists([record.bytes()])?)
    }

    fn media_named(&self, files: &[MediaHash]) -> Result<Vec<MediaHash>> {
        let mut named = self.prepare_cached("SELECT 1 FROM media WHERE hash = ?1")?;
        let mut found = Vec::new();
        for file in files {
            if named.exists([file.0])? {
                found.push(*file);
            }
        }
        Ok(found)
    }

    fn media_after(&self, after: Option<MediaHash>, limit: usize) -> Result<Vec<MediaHash>> {
        let sql = "SELECT DISTINCT hash FROM media WHERE ?1 IS NULL OR hash > ?1 ORDER BY hash LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![after.map(|hash| hash.0), limit], |row| Ok(MediaHash(row.get(0)?)))
    }

    fn media_gone(&self) -> Result<Vec<MediaHash>> {
        let sql = "SELECT hash FROM media_gone WHERE hash NOT IN (SELECT hash FROM media) ORDER BY hash";
        self.all(sql, [], |row| Ok(MediaHash(row.get(0)?)))
    }

    fn duplicates(&self, of: Option<RecordId>, state: Option<DuplicateState>) -> Result<Vec<Duplicate>> {
        let sql = format!(
            "SELECT {DUPLICATE} FROM duplicate WHERE (?1 IS NULL OR later = ?1 OR earlier = ?1)
             AND (?2 IS NULL OR state = ?2) ORDER BY opened_at, token"
        );
        self.all(&sql, params![of.map(|id| id.bytes()), state.map(DuplicateState::as_str)], codec::duplicate)
    }

    fn duplicate(&self, token: &[u8; 16]) -> Result<Option<Duplicate>> {
        self.one(&format!("SELECT {DUPLICATE} FROM duplicate WHERE token = ?1"), [token], codec::duplicate)
    }

    fn pending_acts(&self, records: Option<&[RecordId]>) -> Result<Vec<PendingAct>> {
        let act = |row: &Row<'_>| {
            let seq = unsigned(row.get("seq")?);
            let blob = row.get_ref("act")?.as_blob().map_err(|_| StorageError::Unreadable("act"))?;
            Ok(PendingAct { seq, record: record_id(row, "record")?, act: self.sealer.open(Sealed::Act(seq), blob)? })
        };
        let Some(records) = records else {
            return self.all("SELECT seq, record, act FROM pending_act ORDER BY seq", [], act);
        };
        let mut found = Vec::new();
        for record in records {
            let sql = "SELECT seq, record, act FROM pending_act WHERE record = ?1 ORDER BY seq";
            found.extend(self.all(sql, [record.bytes()], act)?);
        }
        Ok(found)
    }

    fn audit(&self, after: u64, limit: usize) -> Result<Vec<AuditLine>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = "SELECT seq, at, who, act, detail, hash FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        self.all(sql, params![signed(after), limit], |row| {
            Ok(AuditLine {
                seq: unsigned(row.get("seq")?),
                at: row.get("at")?,
                who: row.get("who")?,
                act: row.get("act")?,
                detail: row.get("detail")?,
                hash: row.get("hash")?,
            })
        })
    }
}
