//! What a restore lost and phones offer back; and what must be gone for good.

use super::{
    AdminError, Desk,
    show::{Answer, instant, value},
};
use payung_domain::id::RecordId;
use serde_json::{Value, json};

/// Offered records.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum OfferedCommand {
    /// Every offered record, oldest first (the default)
    List,
    /// Make records the server's own again, with what belongs to them
    Accept {
        /// The records
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        records: Vec<RecordId>,
        /// Every one that is offered
        #[arg(long)]
        all: bool,
    },
    /// Nobody needs it: phones let go of it
    Drop {
        /// The record
        record: RecordId,
    },
}

/// Whom to erase.
#[derive(Clone, Debug, clap::Args)]
pub struct EraseArgs {
    /// The worker's record
    record: RecordId,
    /// Why: a short code that names nobody, e.g. consent_withdrawn
    #[arg(long)]
    reason: String,
}

pub(super) fn offered(desk: &Desk, command: Option<&OfferedCommand>) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    match command {
        Some(OfferedCommand::Accept { records, .. }) => {
            let accepted = desk.service.accept_offers(who, &scope, records, desk.now)?;
            let text = format!("{} records are the server's again. A NIK must be typed anew.", accepted.len());
            Ok(Answer::says(json!({ "accepted": accepted }), text))
        }
        Some(OfferedCommand::Drop { record }) => {
            desk.service.drop_offer(who, *record, desk.now)?;
            Ok(Answer::says(json!({ "dropped": record }), "Dropped: phones let go of it at their next exchange."))
        }
        Some(OfferedCommand::List) | None => {
            let offers = desk.service.offers(who, &scope, desk.now)?;
            let json: Vec<Value> = offers
                .iter()
                .map(|stored| {
                    let offer = &stored.offer;
                    json!({
                        "record": offer.record, "kind": offer.kind, "area": offer.area, "version": offer.base.version,
                        "device": stored.device, "received_at": instant(stored.received_at), "body": offer.body,
                    })
                })
                .collect();
            let rows: Vec<_> = offers
                .iter()
                .map(|stored| {
                    let offer = &stored.offer;
                    let text = |field: &str| offer.body.get(field).map(value).unwrap_or_default();
                    vec![
                        offer.record.to_string(),
                        offer.kind.to_string(),
                        offer.area.to_string(),
                        offer.kind.parent(&offer.body).map(|id| id.to_string()).unwrap_or_default(),
                        instant(stored.received_at),
                        text("name"),
                    ]
                })
                .collect();
            let headers = ["Record", "Kind", "Area", "Belongs to", "Offered", "Name"];
            Ok(Answer::table(json.into(), &headers, &rows, "Nothing is offered."))
        }
    }
}

pub(super) fn erase(desk: &Desk, args: &EraseArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let erasure = desk.service.erase(who, args.record, &args.reason, desk.now)?;
    let json = json!({ "record": args.record, "erased": erasure.records, "shredded": erasure.shredded });
    let text = format!("{} records are gone for good. Backups made before still have them.", erasure.records);
    let again = "Another process was reading the database, so its files keep sealed rows: do it once more.";
    Ok(Answer::says(json, text).and(if erasure.shredded { "" } else { again }))
}
