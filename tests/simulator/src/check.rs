//! What must hold at every moment.

use crate::{
    oracle::Standing,
    violation::{Played, broken},
    world::{REGENCY, World},
};
use payung_domain::{
    field::Kind,
    id::RecordId,
    op::{Change, OutcomeStatus},
    record::Record,
};
use payung_protocol::{Limits, Sent, open_reply, open_request};
use payung_server::storage::{FeedRow, HeldFilter, Scope};
use payung_store::{Asked, Mark, StoreError, WorkerSummary};
use std::collections::BTreeMap;

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
        let after = self.oracle.told((id, kind), told, &record.body, &record.conflicts);
        let before = self.oracle.standing.insert(id, Standing { version: record.version, fields: after.clone() });
        let linked = self.oracle.linked.contains(&id);
        if let Some(before) = before.filter(|_| !excused) {
            if record.version < before.version {
                return broken("a version only grows", format!("{id}: {} after {}", record.version, before.version));
            }
            let lost = self.oracle.overwritten_unseen(&before.fields, &after);
            if let Some((field, value)) = lost.first().filter(|_| !linked) {
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
    pub(crate) fn check_request(&mut self, body: &[u8]) -> Played {
        let (seen_through, current, held) = self.server.look(|service| -> Played<_> {
            let unit = service.storage().read()?;
            let session = |id| unit.device(id).ok().flatten().map(|device| device.session_key);
            let Ok(opened) = open_request(body, |id| service.keys().receiver(id), session, Limits::REQUEST) else {
                return Ok((0, false, Vec::new()));
            };
            let epoch = unit.epoch()?.to_string();
            let current = opened.request.cursor.is_some_and(|cursor| cursor.0.starts_with(&epoch));
            Ok((opened.request.seen_through, current, unit.held(&HeldFilter::Device(opened.device))?))
        })??;
        match held.iter().find(|held| current && held.op.n <= seen_through) {
            Some(held) => broken("seen_through never passes a held op", format!("op {} of {}", held.op.n, held.device)),
            None => Ok(()),
        }
    }

    /// A reply as it leaves the server: only records of its phone's areas, and final outcomes as they were told before.
    pub(crate) fn check_reply(&mut self, asked: &Asked, sent: &Sent, bytes: &[u8]) -> Played {
        let Some(secret) = self.secrets.get(&asked.device) else { return Ok(()) };
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
            let op = payung_domain::id::OpId { device, n: outcome.n };
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
        Ok(())
    }

    /// What a phone shows of its own acts: there as long as it waits, never an older one again.
    pub(crate) fn check_phone(&mut self, phone: usize) -> Played {
        let mut records: Vec<(RecordId, Vec<String>)> = Vec::new();
        let mut own: Vec<(RecordId, String)> =
            self.oracle.own.keys().filter(|(owner, ..)| *owner == phone).map(|(_, r, f)| (*r, f.clone())).collect();
        own.sort_unstable();
        for (record, field) in own {
            match records.last_mut().filter(|(last, _)| *last == record) {
                Some((_, fields)) => fields.push(field),
                None => records.push((record, vec![field])),
            }
        }
        for (record, fields) in records {
            let kind = self.oracle.records.get(&record).cloned().unwrap_or(Kind::Worker);
            if kind.is_fact() {
                continue;
            }
            let shown = match self.phones[phone].store()?.shown(record) {
                Ok(shown) => shown,
                Err(StoreError::NotFound) => continue,
                Err(error) => return Err(error.into()),
            };
            for field in fields {
                let Some(value) = shown.fields.get(&field) else { continue };
                let id = self.oracle.id(record, &kind, &field, &value.value);
                let key = (phone, record, field);
                let Some(saved) = self.oracle.own.get(&key) else { continue };
                let Some(place) = saved.iter().rposition(|own| *own == id) else {
                    self.oracle.shown.remove(&key);
                    continue;
                };
                let before = self.oracle.shown.get(&key).and_then(|old| saved.iter().rposition(|own| own == old));
                let back = before.is_some_and(|before| place < before);
                let excused = self.oracle.linked.contains(&record)
                    || shown.conflicts.contains_key(&key.2)
                    || self.oracle.excused.contains(&(record, key.2.clone()))
                    || matches!(value.mark, Mark::Refused(_));
                if back && !excused {
                    return broken(
                        "what a phone shows never goes back to an older value of its own",
                        format!("phone {phone}, {record}.{}", key.2),
                    );
                }
                self.oracle.shown.insert(key, id);
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
