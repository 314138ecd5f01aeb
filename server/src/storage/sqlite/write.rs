//! What can be done in SQLite's one write transaction.

use super::{
    super::{
        CardRow, Device, Duplicate, Invite, Kept, NikHash, Official, OpStatus, PendingAct, Reading, Result, Sponsored,
        StorageError, StoredOffer, StoredOp, WordHash, Writing, seal::Row as Sealed,
    },
    Unit,
    codec::{self, signed, unsigned},
};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    attachment::MediaHash,
    field::Kind,
    id::{DeviceId, Epoch, OpId, RecordId},
    op::{GoneReason, Op, Reissue},
    planted::{Planted, planted},
    record::Record,
};
use payung_protocol::{Checksum, record_check};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

fn feed(area: &Area) -> String {
    area.region().to_string()
}

fn text_in<'r>(record: &'r Record, field: &str, part: &str) -> Option<&'r str> {
    record.body.get(field)?.get(part).and_then(Value::as_str)
}

impl Unit<'_> {
    /// Takes `count` numbers of a village's feed; answers the first.
    fn take_seqs(&self, village: &str, count: u64) -> Result<u64> {
        let mut statement = self.prepare_cached(
            "INSERT INTO village (code, seq) VALUES (?1, ?2)
             ON CONFLICT (code) DO UPDATE SET seq = seq + ?2 RETURNING seq",
        )?;
        let last: i64 = statement.query_row(params![village, signed(count)], |row| row.get(0))?;
        Ok(unsigned(last) + 1 - count)
    }

    fn add_to_area(&self, area: &str, sum: Checksum, records: i64) -> Result<()> {
        let mut before = self.prepare_cached("SELECT checksum, records FROM area WHERE path = ?1")?;
        let (old, count) = before
            .query_row([area], |row| Ok((Checksum(unsigned(row.get(0)?)), row.get::<_, i64>(1)?)))
            .optional()?
            .unwrap_or_default();
        // added here, because SQLite turns an integer overflow into a float
        let mut save = self.prepare_cached(
            "INSERT INTO area (path, checksum, records) VALUES (?1, ?2, ?3)
             ON CONFLICT (path) DO UPDATE SET checksum = ?2, records = ?3",
        )?;
        save.execute(params![area, signed(old.plus(sum).0), count + records])?;
        Ok(())
    }

    fn save_record(&self, kept: &Kept, village: &str, seq: Option<u64>) -> Result<()> {
        let record = &kept.record;
        let state = record.to_state().map_err(|_| StorageError::Unreadable("record"))?;
        let state = self.sealer.seal(Sealed::Record(&record.id.bytes()), &state);
        let sql = if kept.stored.is_none() {
            "INSERT INTO record (id, kind, area, village, seq, version, parent, alias_of, status, start_month,
                 covered_until, conflict, state, shared, clinic)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
        } else {
            "UPDATE record SET kind = ?2, area = ?3, village = ?4, seq = coalesce(?5, seq), version = ?6, parent = ?7,
                 alias_of = ?8, status = ?9, start_month = ?10, covered_until = ?11, conflict = ?12, state = ?13, shared = ?14,
                 clinic = ?15 WHERE id = ?1"
        };
        self.prepare_cached(sql)?.execute(params![
            record.id.bytes(),
            record.kind.name(),
            record.area.as_str(),
            village,
            seq.map(signed),
            signed(record.version),
            record.kind.parent(&record.body).map(|id| id.bytes()),
            record.alias.as_ref().map(|alias| alias.survivor.bytes()),
            record.text("status"),
            text_in(record, "cover", "start_month"),
            text_in(record, "covered", "until"),
            record.has_open_conflict(),
            state,
            record.kind.is_server_owned(),
            (record.kind == Kind::AccidentReport).then(|| record.text("clinic")).flatten(),
        ])?;
        Ok(())
    }

    fn save_person(
        &self,
        table: &str,
        id: &[u8],
        columns: &str,
        extra: &[&dyn rusqlite::ToSql],
        json: &[u8],
    ) -> Result<()> {
        let blob = self.sealer.seal(Sealed::Person(id), json);
        let marks = ", ?".repeat(extra.len());
        let sql = format!("INSERT OR REPLACE INTO {table} ({columns}) VALUES (?, ?{marks})");
        let mut all: Vec<&dyn rusqlite::ToSql> = vec![&id, &blob];
        all.extend(extra);
        self.prepare_cached(&sql)?.execute(all.as_slice())?;
        Ok(())
    }
}

impl Writing for Unit<'_> {
    fn commit(self: Box<Self>) -> Result<()> {
        if planted(Planted::AckBeforeCommit) {
            // with the next unit
            return Ok(());
        }
        Ok(self.execute_batch("COMMIT")?)
    }

    fn set_epoch(&self, epoch: Epoch) -> Result<()> {
        self.set_counter("epoch", epoch.0)
    }

    fn set_counter(&self, name: &str, value: u64) -> Result<()> {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
        self.prepare_cached(sql)?.execute(params![name, signed(value)])?;
        Ok(())
    }

    fn save(&self, records: &mut [Kept]) -> Result<()> {
        let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
        let mut sums: BTreeMap<String, (Checksum, i64)> = BTreeMap::new();
        let mut places = Vec::with_capacity(records.len());
        for Kept { record, stored } in &*records {
            let (here, moved) = (feed(&record.area), stored.as_ref().filter(|(area, _)| *area != record.area));
            let told = stored.as_ref().is_none_or(|(_, version)| *version != record.version) || moved.is_some();
            if told {
                *wanted.entry(here.clone()).or_default() += 1;
                let sum = sums.entry(record.area.to_string()).or_default();
                sum.0 = sum.0.plus(record_check(record.id, record.version));
                sum.1 += 1;
                if let Some((area, version)) = stored {
                    let sum = sums.entry(area.to_string()).or_default();
                    sum.0 = sum.0.minus(record_check(record.id, *version));
                    sum.1 -= 1;
                }
            }
            if let Some((area, _)) = moved {
                *wanted.entry(feed(area)).or_default() += 1;
            }
            places.push((here, told));
        }
        // the village rows in their order, so that an engine with row locks can't deadlock
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        for (village, count) in wanted {
            let first = self.take_seqs(&village, count)?;
            next.insert(village, first);
        }
        let mut take = |village: &str| {
            let seq = next.get_mut(village).ok_or(StorageError::Unreadable("village"))?;
            *seq += 1;
            Ok::<u64, StorageError>(*seq - 1)
        };
        for (kept, (here, told)) in records.iter_mut().zip(places) {
            if let Some((area, _)) = kept.stored.as_ref().filter(|(area, _)| *area != kept.record.area) {
                let left = feed(area);
                let sql = "INSERT INTO tombstone (village, seq, record, area, why, version) VALUES (?1, ?2, ?3, ?4, 'moved', ?5)";
                self.prepare_cached(sql)?.execute(params![
                    left,
                    signed(take(&left)?),
                    kept.record.id.bytes(),
                    area.as_str(),
                    signed(kept.record.version)
                ])?;
            }
            let mut seq = if told { Some(take(&here)?) } else { None };
            if planted(Planted::CursorByClock) && told {
                let written = kept.record.stamps.values().map(|stamp| stamp.hlc.millis().unsigned_abs()).max();
                seq = written.or(seq);
                let sql = "UPDATE village SET seq = max(seq, ?2) WHERE code = ?1";
                self.execute(sql, params![here, seq.map(signed)])?;
            }
            self.save_record(kept, &here, seq)?;
            kept.stored = Some((kept.record.area.clone(), kept.record.version));
        }
        for (area, (sum, count)) in sums {
            self.add_to_area(&area, sum, count)?;
        }
        Ok(())
    }

    fn store_ops(&self, ops: &[StoredOp]) -> Result<()> {
        let mut statement = self.prepare_cached(
            "INSERT INTO op (device, n, hash, record, received_at, status, waits_for, code, op, outcome)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (device, n) DO UPDATE SET status = ?6, waits_for = ?7, code = ?8, outcome = ?10",
        )?;
        let mut name =
            self.prepare_cached("INSERT INTO media (hash, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        for stored in ops {
            if stored.op.kind == Kind::Attachment
                && stored.status != OpStatus::Refused
                && let Some(file) = MediaHash::of(&stored.op.set)
            {
                name.execute(params![file.0, stored.op.record.bytes()])?;
            }
            let (device, n) = (stored.device.bytes(), stored.op.n);
            let op = self.sealer.seal(Sealed::Op(&device, n), &codec::to_json(&stored.op, "op")?);
            let outcome = match &stored.outcome {
                Some(outcome) => {
                    Some(self.sealer.seal(Sealed::Outcome(&device, n), &codec::to_json(outcome, "outcome")?))
                }
                None => None,
            };
            statement.execute(params![
                device,
                signed(n),
                stored.hash.0,
                stored.op.record.bytes(),
                stored.received_at,
                stored.status.as_str(),
                stored.waits_for.map(|id| id.bytes()),
                stored.outcome.as_ref().and_then(|outcome| outcome.code.as_deref()),
                op,
                outcome,
            ])?;
        }
        Ok(())
    }

    fn drop_outcomes(&self, device: DeviceId, through: u64) -> Result<()> {
        let before: i64 = self
            .prepare_cached("SELECT seen_through FROM device WHERE id = ?1")?
            .query_row([device.bytes()], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        let sql = "UPDATE op SET outcome = NULL WHERE device = ?1 AND n > ?2 AND n <= ?3 AND outcome IS NOT NULL";
        self.prepare_cached(sql)?.execute(params![device.bytes(), before, signed(through)])?;
        let sql = "UPDATE device SET seen_through = ?2 WHERE id = ?1";
        self.prepare_cached(sql)?.execute(params![device.bytes(), signed(through)])?;
        Ok(())
    }

    fn take(&self, old: &Reissue, new: OpId) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO taken (device, n, hash, new_device, new_n) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.prepare_cached(sql)?.execute(params![
            old.device.bytes(),
            signed(old.n),
            old.hash.0,
            new.device.bytes(),
            signed(new.n)
        ])?;
        Ok(())
    }

    fn save_offer(&self, offer: &StoredOffer) -> Result<()> {
        let id = offer.offer.record.bytes();
        let blob = self.sealer.seal(Sealed::Offer(&id), &codec::to_json(&offer.offer, "offer")?);
        let sql = "INSERT OR REPLACE INTO offer (record, device, received_at, offer) VALUES (?1, ?2, ?3, ?4)";
        self.prepare_cached(sql)?.execute(params![id, offer.device.bytes(), offer.received_at, blob])?;
        Ok(())
    }

    fn drop_offer(&self, record: RecordId) -> Result<()> {
        self.prepare_cached("DELETE FROM offer WHERE record = ?1")?.execute([record.bytes()])?;
        Ok(())
    }

    fn bury(&self, record: RecordId, area: &Area, why: GoneReason, version: u64) -> Result<()> {
        let village = feed(area);
        let seq = self.take_seqs(&village, 1)?;
        let why = if why == GoneReason::Erased { "erased" } else { "moved" };
        self.prepare_cached(
            "INSERT INTO tombstone (village, seq, record, area, why, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![village, signed(seq), record.bytes(), area.as_str(), why, signed(version)])?;
        Ok(())
    }

    fn erase(&self, record: RecordId) -> Result<()> {
        let id = record.bytes();
        let place = self
            .prepare_cached("SELECT area, version FROM record WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get::<_, String>(0)?, unsigned(row.get(1)?))))
            .optional()?;
        if let Some((area, version)) = place {
            self.add_to_area(&area, Checksum::default().minus(record_check(record, version)), -1)?;
        }
        let aside = {
            let mut statement = self.prepare_cached("SELECT rowid, device, n, op FROM quarantine")?;
            let mut rows = statement.query([])?;
            let mut aside = Vec::new();
            while let Some(row) = rows.next()? {
                let (device, n) = (codec::device_id(row, "device")?.bytes(), unsigned(row.get("n")?));
                let blob = row.get_ref("op")?.as_blob().unwrap_or_default();
                let op: Op = codec::json(&self.sealer.open(Sealed::Quarantine(&device, n), blob)?, "op")?;
                if op.record == record {
                    aside.push(row.get::<_, i64>("rowid")?);
                }
            }
            aside
        };
        for row in aside {
            self.prepare_cached("DELETE FROM quarantine WHERE rowid = ?1")?.execute([row])?;
        }
        for sql in [
            "DELETE FROM taken WHERE (new_device, new_n) IN (SELECT device, n FROM op WHERE record = ?1)",
            "DELETE FROM op WHERE record = ?1",
            "DELETE FROM name_word WHERE record = ?1",
            "DELETE FROM nik_claim WHERE record = ?1",
            "DELETE FROM sponsored WHERE claim = ?1 OR enrollment = ?1",
            // the place stays taken: a card on paper is still about
            "UPDATE card SET revoked = 1, worker = NULL WHERE worker = ?1",
            "DELETE FROM duplicate WHERE later = ?1 OR earlier = ?1",
            "DELETE FROM pending_act WHERE record = ?1",
            "DELETE FROM offer WHERE record = ?1",
            "INSERT INTO media_gone (hash) SELECT hash FROM media WHERE record = ?1 ON CONFLICT DO NOTHING",
            "DELETE FROM media WHERE record = ?1",
            "DELETE FROM record WHERE id = ?1",
        ] {
            self.prepare_cached(sql)?.execute([id])?;
        }
        Ok(())
    }

    fn set_ecosystem_members(&self, ecosystem: RecordId, hashes: &[NikHash]) -> Result<()> {
        self.prepare_cached("DELETE FROM ecosystem_member WHERE ecosystem = ?1")?.execute([ecosystem.bytes()])?;
        let mut add = self
            .prepare_cached("INSERT INTO ecosystem_member (ecosystem, hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        for hash in hashes {
            add.execute((ecosystem.bytes(), hash.0))?;
        }
        Ok(())
    }

    fn save_sponsored(&self, claims: &[Sponsored]) -> Result<()> {
        let mut save = self.prepare_cached(
            "INSERT OR REPLACE INTO sponsored (claim, enrollment, agreement, person, first, last, place, standing, code)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        for one in claims {
            save.execute(params![
                one.claim.bytes(),
                one.enrollment.bytes(),
                one.agreement.bytes(),
                one.person.map(|person| person.0),
                one.first.to_string(),
                one.last.to_string(),
                signed(one.place),
                one.standing.as_str(),
                one.code,
            ])?;
        }
        Ok(())
    }

    fn drop_sponsored(&self, claims: &[RecordId]) -> Result<()> {
        let mut forget = self.prepare_cached("DELETE FROM sponsored WHERE claim = ?1")?;
        for claim in claims {
            forget.execute([claim.bytes()])?;
        }
        Ok(())
    }

    fn save_cards(&self, cards: &[CardRow]) -> Result<()> {
        let mut save = self.prepare_cached(
            "INSERT INTO card (id, worker, list, place, facts, revoked, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET worker = ?2, list = ?3, place = ?4, facts = ?5, revoked = ?6, expires = ?7",
        )?;
        for card in cards {
            save.execute(params![
                card.id,
                card.worker.map(|worker| worker.bytes()),
                card.list.to_string(),
                card.place,
                card.facts,
                card.revoked,
                card.expires.to_string(),
            ])?;
        }
        Ok(())
    }

    fn drop_cards(&self, before: NaiveDate) -> Result<usize> {
        Ok(self.prepare_cached("DELETE FROM card WHERE expires < ?1")?.execute([before.to_string()])?)
    }

    fn forget_media(&self, files: &[MediaHash]) -> Result<()> {
        let mut forget = self.prepare_cached("DELETE FROM media_gone WHERE hash = ?1")?;
        for file in files {
            forget.execute([file.0])?;
        }
        Ok(())
    }

    fn quarantine(&self, op: &StoredOp) -> Result<()> {
        let (device, n) = (op.device.bytes(), op.op.n);
        let blob = self.sealer.seal(Sealed::Quarantine(&device, n), &codec::to_json(&op.op, "op")?);
        let sql = "INSERT OR IGNORE INTO quarantine (device, n, hash, received_at, op) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.prepare_cached(sql)?.execute(params![device, signed(n), op.hash.0, op.received_at, blob])?;
        Ok(())
    }

    fn drop_quarantined(&self, name: &Reissue) -> Result<()> {
        let sql = "DELETE FROM quarantine WHERE device = ?1 AND n = ?2 AND hash = ?3";
        self.prepare_cached(sql)?.execute(params![name.device.bytes(), signed(name.n), name.hash.0])?;
        Ok(())
    }

    fn claim_niks(&self, claims: &[(NikHash, RecordId)]) -> Result<Vec<RecordId>> {
        let mut claim =
            self.prepare_cached("INSERT INTO nik_claim (hash, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        let mut holders = Vec::with_capacity(claims.len());
        for (hash, record) in claims {
            let holder = if claim.execute(params![hash.0, record.bytes()])? == 1 {
                *record
            } else {
                self.claims(&[*hash])?.first().map_or(*record, |(_, holder)| *holder)
            };
            holders.push(holder);
        }
        Ok(holders)
    }

    fn release_niks(&self, claims: &[(NikHash, RecordId)]) -> Result<()> {
        for (hash, record) in claims {
            self.prepare_cached("DELETE FROM nik_claim WHERE hash = ?1 AND record = ?2")?
                .execute(params![hash.0, record.bytes()])?;
        }
        Ok(())
    }

    fn hand_claim(&self, hash: NikHash, record: RecordId) -> Result<()> {
        let sql = "INSERT INTO nik_claim (hash, record) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET record = ?2";
        self.prepare_cached(sql)?.execute(params![hash.0, record.bytes()])?;
        Ok(())
    }

    fn add_known_members(&self, hashes: &[NikHash]) -> Result<()> {
        let mut add = self.prepare_cached("INSERT INTO known_member (hash) VALUES (?1) ON CONFLICT DO NOTHING")?;
        for hash in hashes {
            add.execute([hash.0])?;
        }
        Ok(())
    }

    fn index_name(&self, record: RecordId, old: &[WordHash], new: &[WordHash]) -> Result<()> {
        let mut drop = self.prepare_cached("DELETE FROM name_word WHERE hash = ?1 AND record = ?2")?;
        for word in old.iter().filter(|word| !new.contains(word)) {
            drop.execute(params![word.0, record.bytes()])?;
        }
        let mut add =
            self.prepare_cached("INSERT INTO name_word (hash, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        for word in new.iter().filter(|word| !old.contains(word)) {
            add.execute(params![word.0, record.bytes()])?;
        }
        Ok(())
    }

    fn save_duplicate(&self, pair: &Duplicate) -> Result<()> {
        let closed = (!pair.closed.is_empty()).then(|| codec::to_json(&pair.closed, "duplicate")).transpose()?;
        self.prepare_cached(
            "INSERT INTO duplicate (token, later, earlier, state, opened_at, decided_at, closed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (token) DO UPDATE SET later = ?2, earlier = ?3, state = ?4, decided_at = ?6, closed = ?7",
        )?
        .execute(params![
            pair.token,
            pair.later.bytes(),
            pair.earlier.bytes(),
            pair.state.as_str(),
            pair.opened_at,
            pair.decided_at,
            closed
        ])?;
        Ok(())
    }

    fn save_official(&self, official: &Official) -> Result<()> {
        let json = codec::to_json(official, "person")?;
        self.save_person("official", &official.id.bytes(), "id, person", &[], &json)
    }

    fn save_device(&self, device: &Device) -> Result<()> {
        let json = codec::to_json(device, "person")?;
        let extra: [&dyn rusqlite::ToSql; 3] =
            [&device.official.bytes(), &device.state.as_str(), &signed(device.seen_through)];
        self.save_person("device", &device.id.bytes(), "id, person, official, state, seen_through", &extra, &json)
    }

    fn save_invite(&self, invite: &Invite) -> Result<()> {
        let json = codec::to_json(invite, "person")?;
        self.save_person("invite", &invite.hash, "hash, person, expires", &[&invite.expires], &json)
    }

    fn append_audit(&self, at: i64, who: &str, act: &str, detail: &str) -> Result<()> {
        let last = self
            .prepare_cached("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| row.get::<_, [u8; 32]>(0))
            .optional()?
            .unwrap_or_default();
        self.prepare_cached("INSERT INTO audit (at, who, act, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![at, who, act, detail, audit_hash(&last, at, who, act, detail)])?;
        Ok(())
    }

    fn save_pending_act(&self, act: &PendingAct) -> Result<()> {
        let blob = self.sealer.seal(Sealed::Act(act.seq), &act.act);
        self.prepare_cached("INSERT OR REPLACE INTO pending_act (seq, record, act) VALUES (?1, ?2, ?3)")?
            .execute(params![signed(act.seq), act.record.bytes(), blob])?;
        Ok(())
    }

    fn drop_pending_act(&self, seq: u64) -> Result<()> {
        self.prepare_cached("DELETE FROM pending_act WHERE seq = ?1")?.execute([signed(seq)])?;
        Ok(())
    }
}

/// SHA-256 over the hash of the line before and this line, its texts with their lengths.
pub(crate) fn audit_hash(last: &[u8; 32], at: i64, who: &str, act: &str, detail: &str) -> [u8; 32] {
    let mut hash = Sha256::new().chain_update(last).chain_update(at.to_be_bytes());
    for text in [who, act, detail] {
        hash = hash.chain_update((text.len() as u64).to_be_bytes()).chain_update(text);
    }
    hash.finalize().into()
}
