//! What must hold at every moment.

use crate::{
    oracle::Standing,
    receipt::Asking,
    violation::{Played, broken},
    world::{REGENCY, World},
};
use payung_domain::{
    field::Kind,
    id::{Base, OpId, RecordId},
    op::{Change, OutcomeStatus},
    record::Record,
};
use payung_protocol::{Limits, Reply, Sent, open_reply, open_request};
use payung_server::storage::{FeedRow, HeldFilter, OpStatus, Scope};
use payung_store::{Asked, Mark, StoreError, WorkerSummary};
use std::collections::{BTreeMap, BTreeSet};

/// A writer's clock may be this far ahead, in milliseconds (sync.md, "Clocks").
const FUTURE: i64 = 5 * 60_000;

impl World {
    /// Looks at what changed at the server. `by_office`: a person with everything in view did it, or a restore.
    pub(crate) fn observe(&mut self, by_office: bool) -> Played {
        let prefix = Self::place(REGENCY)?;
        let (epoch, known) = (self.observed.0, self.observed.1.clone());
        let (now_epoch, heads, rows) = self.server.look(|service| -> Played<_> {
            let unit = service.storage().read()?;
            let heads: BTreeMap<String, u64> = unit.heads(&prefix)?.into_iter().collect();
            let mut rows = Vec::new();
            for (village, head) in &heads {
                let after = known.get(village).copied().unwrap_or(0);
                if after < *head {
                    let area = Self::place(village)?;
                    rows.extend(unit.changes_since(&area, village, after, &Scope::Office, 100_000)?);
                }
            }
            for held in unit.held(&HeldFilter::All)? {
                let there = held.waits_for.map(|id| unit.records(&[id], &Scope::Office)).transpose()?;
                if there.is_some_and(|found| !found.is_empty()) {
                    return broken(
                        "a held op waits for what is not there",
                        format!("op {} of {}", held.op.n, held.device),
                    );
                }
            }
            Ok((unit.epoch()?, heads, rows))
        })??;
        let fresh = epoch != now_epoch;
        self.observed = (now_epoch, heads);
        for row in &rows {
            if let FeedRow::Put { record, .. } = row
                && let Some(alias) = &record.alias
            {
                self.oracle.linked.extend([record.id, alias.survivor]);
            }
        }
        for row in rows {
            if let FeedRow::Put { record, .. } = row {
                self.observe_record(&record, by_office || fresh)?;
            }
        }
        Ok(())
    }

    fn observe_record(&mut self, record: &Record, excused: bool) -> Played {
        let (id, kind) = (record.id, &record.kind);
        let told = (self.observed.0, record.version);
        let latest = self.now.saturating_add(FUTURE);
        if let Some((field, _)) = record.stamps.iter().find(|(_, stamp)| stamp.hlc.millis() > latest) {
            return broken("no value is stamped later than five minutes from now", format!("{id}.{field}"));
        }
        let after = self.oracle.told((id, kind), told, &record.body, &record.conflicts);
        self.trace.say(format_args!("  {kind} {id} is at version {}: {after:?}", record.version));
        let before = self.oracle.standing.insert(id, Standing { version: record.version, fields: after.clone() });
        let linked = self.oracle.linked.contains(&id);
        if let Some(before) = before.filter(|_| !excused) {
            if record.version < before.version {
                return broken("a version only grows", format!("{id}: {} after {}", record.version, before.version));
            }
            let lost = self.oracle.overwritten_unseen(&before.fields, &after);
            // a restored server has forgotten which number a copy of a phone used first: it can't tell the two apart
            let forked = self.oracle.restored && !self.oracle.shared.is_empty();
            if let Some((field, value)) = lost.first().filter(|_| !linked && !forked) {
                return broken(
                    "no class-B value is overwritten by a writer who had not seen it",
                    format!("{id}.{field}, value {value}, version {}", record.version),
                );
            }
        }
        let open = self.oracle.open_over_joining.contains(&id);
        for (field, conflict) in record.conflicts.iter().filter(|(_, conflict)| !conflict.correction) {
            let mut owners = Vec::new();
            for candidate in &conflict.candidates {
                // what a copied phone wrote under the name it came with can't be told from the other's
                let device = Some(candidate.op.device).filter(|device| !self.oracle.shared.contains(device));
                let owner = (device.and_then(|device| self.oracle.owners.get(&device)), candidate.source);
                if owner.0.is_some() && owners.contains(&owner) && !linked && !open {
                    return broken(
                        "nobody conflicts with themselves",
                        format!("{id}.{field}, version {}", record.version),
                    );
                }
                owners.push(owner);
            }
        }
        Ok(())
    }

    /// A request as it reaches the server: its mark must not pass an op that is held.
    pub(crate) fn check_request(&mut self, body: &[u8]) -> Played<Option<Asking>> {
        let opened = self.server.look(|service| -> Played<_> {
            let unit = service.storage().read()?;
            let session = |id| unit.device(id).ok().flatten().map(|device| device.session_key);
            let Ok(opened) = open_request(body, |id| service.keys().receiver(id), session, Limits::REQUEST) else {
                return Ok(None);
            };
            let epoch = unit.epoch()?.to_string();
            let current = opened.request.cursor.as_ref().is_some_and(|cursor| cursor.0.starts_with(&epoch));
            let held = unit.held(&HeldFilter::Device(opened.device))?;
            let ids: Vec<RecordId> = opened.request.ops.iter().map(|op| op.record).collect();
            let records = unit.records(&ids, &Scope::Office)?;
            let mut decided = BTreeSet::new();
            for op in &opened.request.ops {
                let stored = unit.stored_op(OpId { device: opened.device, n: op.n })?;
                decided.extend(stored.filter(|stored| stored.status != OpStatus::Held).map(|_| op.n));
            }
            let linked = records.into_iter().filter(|kept| kept.record.alias.is_some());
            let linked = linked.map(|kept| kept.record.id).collect();
            Ok(Some((Asking { device: opened.device, request: opened.request, linked, decided }, current, held)))
        })??;
        let Some((asking, current, held)) = opened else { return Ok(None) };
        // a restored server may hold again what it had decided after its backup
        let epoch = self.observed.0;
        let decided = |op: OpId| self.outcomes.keys().any(|(told_in, told)| *told == op && *told_in != epoch);
        let passed = held.iter().find(|held| held.op.n <= asking.request.seen_through && !decided(held.id()));
        match passed.filter(|_| current) {
            Some(held) => broken("seen_through never passes a held op", format!("op {} of {}", held.op.n, held.device)),
            None => Ok(Some(asking)),
        }
    }

    /// A reply as it leaves the server: only records of its phone's areas, and final outcomes as they were told before.
    pub(crate) fn check_reply(
        &mut self,
        asked: &Asked,
        sent: &Sent,
        bytes: &[u8],
        phone: usize,
    ) -> Played<Option<Reply>> {
        let Some(secret) = self.secrets.get(&asked.device) else { return Ok(None) };
        let signing = self.server.keys.signing().verifying_key();
        let server = |id| (id == signing.id()).then_some(signing);
        let reply = match open_reply(bytes, secret, server, sent, Limits::REPLY) {
            Ok(reply) => reply,
            Err(error) => return broken("a reply opens for the phone that asked", error.to_string()),
        };
        if reply.unread > 0 {
            return broken("a reply can be read whole", format!("{} parts", reply.unread));
        }
        let device = asked.device;
        let row = self.server.look(|service| service.storage().read()?.device(device))??;
        let areas = row.map(|row| row.areas).unwrap_or_default();
        for change in &reply.changes {
            if let Change::Put(put) = change {
                self.told_to.insert((phone, put.record, reply.epoch, put.version));
                let own_village = put.kind == Kind::Village
                    && areas.iter().any(|area| area.is_within(&put.area) || put.area.is_within(area));
                if !own_village && !areas.iter().any(|area| put.area.is_within(area)) {
                    return broken("a phone is told of its own areas only", format!("{} to {device}", put.record));
                }
            }
        }
        for outcome in reply.outcomes.iter().filter(|outcome| outcome.status != OutcomeStatus::Held) {
            let reused = outcome.code.as_deref() == Some("op_reused");
            if reused || outcome.status == OutcomeStatus::Replayed {
                continue;
            }
            let op = OpId { device, n: outcome.n };
            let first = self.outcomes.entry((reply.epoch, op)).or_insert_with(|| outcome.clone());
            if first != outcome {
                return broken("a final outcome is repeated word for word", format!("op {} of {device}", outcome.n));
            }
        }
        self.trace.say(format_args!(
            "reply to {device}: {} outcomes, {} changes, more: {}",
            reply.outcomes.len(),
            reply.changes.len(),
            reply.more
        ));
        for outcome in &reply.outcomes {
            self.trace
                .say(format_args!("  {} {:?} {:?} {:?}", outcome.n, outcome.status, outcome.code, outcome.fields));
        }
        Ok(Some(reply))
    }

    /// What a phone shows of its own acts: there as long as it waits, never an older one again.
    pub(crate) fn check_phone(&mut self, phone: usize) -> Played {
        self.check_shown(phone, false)
    }

    /// The same; and a form opened now on a record this phone wrote to is opened with a version the phone was told.
    pub(crate) fn check_told(&mut self, phone: usize) -> Played {
        self.check_shown(phone, true)
    }

    fn check_shown(&mut self, phone: usize, told: bool) -> Played {
        for record in self.oracle.own_records(phone) {
            let kind = self.oracle.records.get(&record).cloned().unwrap_or(Kind::Worker);
            if kind.is_fact() {
                continue;
            }
            let shown = match self.phones[phone].store()?.shown(record) {
                Ok(shown) => shown,
                Err(StoreError::NotFound) => continue,
                Err(error) => return Err(error.into()),
            };
            let known = |base: Base| self.told_to.contains(&(phone, record, base.epoch, base.version));
            if told && !shown.base.is_none_or(known) {
                return broken(
                    "a form is opened with a version the phone was told",
                    format!("phone {phone}, {record}"),
                );
            }
            let of = (phone, record);
            let last = self.oracle.shown.get(&of);
            // most stay as they were
            let own = self.oracle.own.get(&of).into_iter().flat_map(BTreeMap::keys);
            let differs = |field: &&String| {
                let before = last.and_then(|last| last.get(*field)).map(|(value, _)| value);
                let now = shown.fields.get(*field).map(|now| &now.value);
                now.is_some() && now != before
            };
            for field in own.filter(differs).cloned().collect::<Vec<_>>() {
                let Some(value) = shown.fields.get(&field) else { continue };
                let id = self.oracle.id(record, &kind, &field, &value.value);
                let Some(saved) = self.oracle.own.get(&of).and_then(|own| own.get(&field)) else { continue };
                let before = self.oracle.shown.get(&of).and_then(|shown| shown.get(&field));
                let before = before.and_then(|(_, old)| saved.iter().rposition(|own| own == old));
                let place = saved.iter().rposition(|own| *own == id);
                let back = place.is_some_and(|place| before.is_some_and(|before| place < before));
                let excused = self.oracle.linked.contains(&record)
                    || shown.conflicts.contains_key(&field)
                    || self.oracle.excused.contains(&(record, field.clone()))
                    || matches!(value.mark, Mark::Refused(_));
                if back && !excused {
                    return broken(
                        "what a phone shows never goes back to an older value of its own",
                        format!("phone {phone}, {record}.{field}"),
                    );
                }
                self.oracle.shown.entry(of).or_default().insert(field, (value.value.clone(), id));
            }
        }
        Ok(())
    }

    /// Nobody is told "covered" before the branch had the money.
    pub(crate) fn check_cover(&self, phone: usize, rows: &[WorkerSummary]) -> Played {
        for row in rows {
            if !row.phase.is_some_and(payung_domain::enrollment::Phase::is_covered) {
                continue;
            }
            let detail = self.phones[phone].store()?.worker(row.id, self.today())?;
            if !detail.enrollments.iter().any(|enrollment| self.oracle.paid.contains(&enrollment.record.id)) {
                return broken(
                    "nobody is shown as covered before the branch had the money",
                    format!("phone {phone}, {}", row.id),
                );
            }
        }
        Ok(())
    }
}
