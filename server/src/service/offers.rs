//! Records that a restored server lacks and a phone still has: kept for a person, who accepts or drops each.

use super::{
    Service, ServiceError,
    operator::Act,
    take::Writer,
    work::{Pen, Work},
};
use crate::storage::{OpStatus, Scope, StoredOffer, StoredOp};
use payung_domain::{
    field::{Class, Kind},
    id::{Hlc, OfficialId, RecordId},
    op::{GoneReason, Op},
};
use payung_protocol::Offer;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

impl Work<'_> {
    /// Keeps what a phone offers, the newest of each record. Answers those that need not be offered again.
    pub(super) fn take_offers(&mut self, writer: &Writer, offers: &[Offer]) -> Result<Vec<RecordId>, ServiceError> {
        if !writer.may_offer() {
            return Ok(Vec::new());
        }
        self.load(offers.iter().map(|offer| offer.record))?;
        for offer in offers {
            let id = offer.record;
            let wanted = self.get(id)?.is_none()
                && !self.is_erased(id)?
                && offer.kind.table().is_some()
                && !offer.kind.is_server_owned()
                && offer.area.is_village_or_below()
                && offer.base.epoch != self.epoch
                && writer.had(&offer.area);
            let known = self.unit.offer(id)?.map(|known| known.offer.base);
            let at = |base: payung_domain::id::Base| (base.epoch, base.version);
            if wanted && known.is_none_or(|known| at(known) < at(offer.base)) {
                let (offer, device, received_at) = (offer.clone(), writer.device, self.now);
                self.unit.save_offer(&StoredOffer { offer, device, received_at })?;
                self.unit.set_counter("offers", 1)?;
            }
        }
        Ok(offers.iter().map(|offer| offer.record).collect())
    }

    /// What was offered of records that have come since is not needed any more.
    pub(super) fn drop_offers_of(&self, created: &[RecordId]) -> Result<(), ServiceError> {
        if !created.is_empty() && self.unit.counter("offers")? > 0 {
            for record in created {
                self.unit.drop_offer(*record)?;
            }
        }
        Ok(())
    }

    /// Makes an offered record one of the server's again, in the name of the operator who vouches for it. What only
    /// the office may say is left out: its own acts, done again from the journal, say it. A masked NIK is none.
    pub(super) fn accept(&mut self, pen: Pen, offer: &Offer) -> Result<Value, ServiceError> {
        let refused = |code: &str| ServiceError::Refused(code.to_owned());
        if self.get(offer.record)?.is_some() {
            return Err(refused("record_exists"));
        }
        let mut set = offer.body.clone();
        set.retain(|field, value| {
            let masked = field == "nik" && !value.is_string();
            offer.kind.class(field) != Class::A && !masked
        });
        let op = Op {
            n: self.number(pen.device)?,
            record: offer.record,
            kind: offer.kind.clone(),
            area: offer.area.clone(),
            // whoever wrote in the life before is judged against what this had seen of it
            base: Some(offer.base),
            set,
            resolve: BTreeMap::new(),
            // older than anything anybody writes
            hlc: Hlc(0),
            reissue: None,
            stale: Vec::new(),
            receipt: Some(offer.base),
        };
        let taken = self.apply_op(&Writer::vouching(pen), &op, self.now)?;
        if taken.status != OpStatus::Applied {
            return Err(refused(taken.outcome.code.as_deref().unwrap_or("op_malformed")));
        }
        self.keep_op(StoredOp {
            device: pen.device,
            hash: op.hash(),
            op,
            received_at: self.now,
            status: taken.status,
            waits_for: None,
            outcome: None,
        });
        self.release()?;
        self.settle_niks()?;
        self.replay_pending()?;
        Ok(json!({ "record": offer.record }))
    }

    /// Nobody needs it: the phones that keep it are told that it is not there.
    pub(super) fn drop_offer(&mut self, offer: &Offer) -> Result<Value, ServiceError> {
        if self.get(offer.record)?.is_some() {
            return Err(ServiceError::Refused("record_exists".to_owned()));
        }
        self.unit.drop_offer(offer.record)?;
        self.unit.bury(offer.record, &offer.area, GoneReason::Moved, offer.base.version)?;
        Ok(json!({ "record": offer.record }))
    }
}

impl Service {
    /// Offered records that are still missing, within a scope, oldest first.
    pub fn offers(&self, by: OfficialId, scope: &Scope, now: i64) -> Result<Vec<StoredOffer>, ServiceError> {
        let mut offers = self.storage.read()?.offers()?;
        offers.retain(|offer| scope.contains(&offer.offer.area));
        self.audit_look(by, "look_offers", offers.len(), now)?;
        Ok(offers)
    }

    /// Accepts offered records with what belongs to them; all where none is named. Answers which: all or nothing.
    pub fn accept_offers(
        &self,
        by: OfficialId,
        scope: &Scope,
        records: &[RecordId],
        now: i64,
    ) -> Result<Vec<RecordId>, ServiceError> {
        let mut offers: Vec<Offer> = self.offers(by, scope, now)?.into_iter().map(|stored| stored.offer).collect();
        if !records.is_empty() {
            if records.iter().any(|record| offers.iter().all(|offer| offer.record != *record)) {
                return Err(ServiceError::NotFound("offered record"));
            }
            let mut wanted: BTreeSet<RecordId> = records.iter().copied().collect();
            loop {
                let before = wanted.len();
                let parent = |offer: &Offer| offer.kind.parent(&offer.body);
                let under = |offer: &&Offer| parent(offer).is_some_and(|parent| wanted.contains(&parent));
                let more: Vec<RecordId> = offers.iter().filter(under).map(|offer| offer.record).collect();
                wanted.extend(more);
                if wanted.len() == before {
                    break;
                }
            }
            offers.retain(|offer| wanted.contains(&offer.record));
        }
        // a record comes after the one it belongs to
        offers.sort_by_key(|offer| match offer.kind {
            Kind::Worker => 0,
            Kind::Enrollment => 1,
            Kind::FollowUp => 3,
            _ => 2,
        });
        let accepted = offers.iter().map(|offer| offer.record).collect();
        let acts = offers.into_iter().map(|offer| Act::Accept { offer }).collect();
        self.act_all(by, acts, now).map_err(|mut faults| faults.remove(0).1)?;
        Ok(accepted)
    }

    /// Drops an offered record.
    pub fn drop_offer(&self, by: OfficialId, record: RecordId, now: i64) -> Result<(), ServiceError> {
        let offer = self.storage.read()?.offer(record)?.ok_or(ServiceError::NotFound("offered record"))?.offer;
        self.act(by, Act::DropOffer { offer }, now)
    }
}
