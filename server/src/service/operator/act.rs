//! What an operator can do, as data: the same value is done, written to the journal, and done again after a restore.

use crate::{
    service::erasure::Erased,
    storage::{Device, DeviceState, Invite, Official},
};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::Month,
    enrollment::{Kpj, PaymentCode, Reason},
    field::Kind,
    id::{DeviceId, OfficialId, OpId, RecordId},
    op::{Body, Op, Reissue},
    report::Answer,
};
use payung_protocol::Offer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// One act.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// Adds or renames an official or operator.
    SaveOfficial {
        /// The person.
        official: Official,
    },
    /// Makes an invite.
    Invite {
        /// Its terms, by the hash of its secret.
        invite: Invite,
    },
    /// A phone joined.
    Join {
        /// The device, certificate included.
        device: Device,
    },
    /// A device got a new certificate, at its own request.
    Renew {
        /// The device.
        device: DeviceId,
        /// The certificate, as signed.
        certificate: Vec<u8>,
        /// The areas it says: nothing is done where the device's have changed meanwhile.
        areas: Vec<Area>,
    },
    /// Retires or revokes a device.
    SetDevice {
        /// The device.
        device: DeviceId,
        /// What it is from now on.
        state: DeviceState,
    },
    /// Has a device destroy what it holds, at its next exchange; it is revoked by it.
    Wipe {
        /// The device.
        device: DeviceId,
    },
    /// An official was helped back into a phone: its database key was sealed to a key the phone had just made.
    Recover {
        /// The device.
        device: DeviceId,
        /// The code of the request, as phone and operator saw it.
        request: String,
    },
    /// Gives a device other areas.
    Assign {
        /// The device, with its new certificate.
        device: Device,
    },
    /// Settles an open conflict.
    Resolve {
        /// The record.
        record: RecordId,
        /// The field.
        field: String,
        /// The value that stands from now on.
        value: Value,
        /// The candidates the operator had before them.
        seen: Vec<OpId>,
        /// The document looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<String>,
    },
    /// Two records are one person.
    Link {
        /// Becomes the alias.
        later: RecordId,
        /// Survives.
        earlier: RecordId,
    },
    /// They were two persons after all.
    Unlink {
        /// The alias.
        later: RecordId,
        /// The survivor.
        earlier: RecordId,
    },
    /// A pair under review is two persons.
    KeepApart {
        /// The one that came second.
        later: RecordId,
        /// The one that held the NIK.
        earlier: RecordId,
    },
    /// An offered record is one of the server's again.
    Accept {
        /// What was offered.
        offer: Offer,
    },
    /// Nobody needs an offered record.
    DropOffer {
        /// What was offered.
        offer: Offer,
    },
    /// A person is erased by law.
    Erase {
        /// One of the person's records.
        worker: RecordId,
        /// Why: a short code.
        reason: String,
        /// Everything of them there was.
        erased: Vec<Erased>,
    },
    /// An act about a person who was erased since. Nothing is left of it but its place.
    Emptied,
    /// Lets a held op through.
    Release {
        /// The op.
        op: OpId,
        /// Its record, to which it waits after a restore.
        record: RecordId,
    },
    /// Turns a held op down.
    RefuseHeld {
        /// The op.
        op: OpId,
        /// Its record.
        record: RecordId,
        /// Why: a stable code.
        code: String,
    },
    /// Takes an op that was set aside because its number was used twice.
    TakeAside {
        /// The device that numbered it.
        device: DeviceId,
        /// The op.
        op: Op,
    },
    /// Drops an op that was set aside.
    DropAside {
        /// Its name and hash.
        old: Reissue,
        /// Its record.
        record: RecordId,
        /// Why: a stable code.
        code: String,
    },
    /// An enrolment is in order.
    Verify {
        /// The enrolment.
        enrollment: RecordId,
    },
    /// An enrolment goes back to its official.
    Return {
        /// The enrolment.
        enrollment: RecordId,
        /// Why.
        reason: Reason,
        /// From the branch's file, not by an operator.
        #[serde(default)]
        by_branch_file: bool,
    },
    /// An enrolment ends.
    Close {
        /// The enrolment.
        enrollment: RecordId,
        /// How.
        how: Closing,
        /// Why.
        reason: Reason,
    },
    /// A record, and what belongs to it, is looked after elsewhere.
    Move {
        /// The record.
        record: RecordId,
        /// Where.
        to: Area,
    },
    /// An enrolment went to the branch.
    Export {
        /// The enrolment.
        enrollment: RecordId,
        /// The file it went with.
        export_id: String,
    },
    /// The branch gave a member number and a payment code.
    Number {
        /// The enrolment.
        enrollment: RecordId,
        /// The member number.
        kpj: Kpj,
        /// What to pay with.
        payment_code: PaymentCode,
    },
    /// The branch has the money.
    Pay {
        /// The enrolment.
        enrollment: RecordId,
        /// First day of cover; needed for the first payment.
        from: Option<NaiveDate>,
        /// Last month of cover.
        until: Month,
        /// The day of payment, where the branch tells it: paid in time counts, however late its file comes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<NaiveDate>,
    },
    /// A file of the branch was taken: the acts after this one are its rows.
    Import {
        /// SHA-256 of the file, hex: the same file is not taken twice.
        sha256: String,
        /// The template it was read by.
        template: String,
        /// Its rows.
        rows: usize,
    },
    /// What the office says to a report.
    Answer {
        /// The report.
        report: RecordId,
        /// What is said.
        answer: Answer,
    },
    /// Records that the office shares with all phones of their areas, made or changed: only what is set is written.
    Publish {
        /// The records.
        records: Vec<Published>,
    },
    /// A sponsor gives the place of one person to another who waits for one.
    Swap {
        /// Has a place.
        out: RecordId,
        /// Waits for one of the same agreement.
        into: RecordId,
    },
    /// A membership card was lost or is in wrong hands: its number is taken back, and whoever is still due one gets another.
    ReplaceCard {
        /// Whose.
        worker: RecordId,
        /// Why: a short code.
        reason: String,
    },
    /// Whom an ecosystem says it has, by the hashes of their NIKs: the whole list.
    Members {
        /// The ecosystem.
        ecosystem: RecordId,
        /// The hashes, as hex.
        hashes: Vec<String>,
    },
    /// NIKs that are members already, by their hashes.
    KnownMembers {
        /// The hashes, as hex.
        hashes: Vec<String>,
    },
}

/// A record as the office shares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The record.
    pub record: RecordId,
    /// A kind that only the server writes.
    pub kind: Kind,
    /// Every phone of this area, and of the areas in it, is told.
    pub area: Area,
    /// The fields to be written; null takes one away.
    pub set: Body,
}

/// How an operator ends an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// The member leaves.
    Leave,
    /// Not eligible, or already a member.
    Refuse,
    /// Another enrolment stands in its place.
    Superseded,
    /// The death is established.
    Died,
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // names of records only: a decision's value may be a NIK
        f.debug_tuple("Act").field(&self.records()).finish()
    }
}

impl Act {
    /// Its name in the audit.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SaveOfficial { .. } => "save_official",
            Self::Invite { .. } => "invite",
            Self::Join { .. } => "join",
            Self::Renew { .. } => "renew",
            Self::SetDevice { .. } => "set_device",
            Self::Wipe { .. } => "wipe",
            Self::Recover { .. } => "recover",
            Self::Assign { .. } => "assign",
            Self::Resolve { .. } => "resolve",
            Self::Link { .. } => "link",
            Self::Unlink { .. } => "unlink",
            Self::KeepApart { .. } => "keep_apart",
            Self::Accept { .. } => "accept_offer",
            Self::DropOffer { .. } => "drop_offer",
            Self::Erase { .. } => "erase",
            Self::Emptied => "emptied",
            Self::Release { .. } => "release",
            Self::RefuseHeld { .. } => "refuse_held",
            Self::TakeAside { .. } => "take_aside",
            Self::DropAside { .. } => "drop_aside",
            Self::Verify { .. } => "verify",
            Self::Return { .. } => "return",
            Self::Close { .. } => "close",
            Self::Move { .. } => "move",
            Self::Export { .. } => "export",
            Self::Number { .. } => "number",
            Self::Pay { .. } => "pay",
            Self::Import { .. } => "import",
            Self::Answer { .. } => "answer",
            Self::Publish { .. } => "publish",
            Self::Swap { .. } => "swap",
            Self::ReplaceCard { .. } => "replace_card",
            Self::Members { .. } => "ecosystem_members",
            Self::KnownMembers { .. } => "known_members",
        }
    }

    /// The records it is about: after a restore it waits for those that are not there.
    pub fn records(&self) -> Vec<RecordId> {
        match self {
            Self::Resolve { record, .. }
            | Self::Release { record, .. }
            | Self::RefuseHeld { record, .. }
            | Self::DropAside { record, .. }
            | Self::TakeAside { op: Op { record, .. }, .. }
            | Self::Move { record, .. } => vec![*record],
            Self::Link { later, earlier } | Self::Unlink { later, earlier } | Self::KeepApart { later, earlier } => {
                vec![*later, *earlier]
            }
            Self::Verify { enrollment }
            | Self::Return { enrollment, .. }
            | Self::Close { enrollment, .. }
            | Self::Export { enrollment, .. }
            | Self::Number { enrollment, .. }
            | Self::Pay { enrollment, .. } => vec![*enrollment],
            Self::Answer { report, .. } => vec![*report],
            Self::ReplaceCard { worker, .. } => vec![*worker],
            Self::Members { ecosystem, .. } => vec![*ecosystem],
            Self::Swap { out, into } => vec![*out, *into],
            Self::SaveOfficial { .. }
            | Self::Invite { .. }
            | Self::Join { .. }
            | Self::Renew { .. }
            | Self::SetDevice { .. }
            | Self::Wipe { .. }
            | Self::Recover { .. }
            | Self::Assign { .. }
            | Self::Import { .. }
            | Self::Publish { .. }
            // neither waits for its record
            | Self::Accept { .. }
            | Self::DropOffer { .. }
            | Self::Erase { .. }
            | Self::Emptied
            | Self::KnownMembers { .. } => Vec::new(),
        }
    }

    /// A journal line without what it says of these records; none where it says nothing of them.
    pub(in crate::service) fn emptied(line: &[u8], erased: &[RecordId]) -> Option<Vec<u8>> {
        let entry: Entry = serde_json::from_slice(line).ok()?;
        let about = match &entry.act {
            Self::Accept { offer } | Self::DropOffer { offer } => vec![offer.record],
            act => act.records(),
        };
        let named = about.iter().any(|record| erased.contains(record));
        if named { serde_json::to_vec(&Entry { act: Self::Emptied, ..entry }).ok() } else { None }
    }
}

/// An act as the journal has it: who, when, what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The operator; nil for what the server does by itself (a phone joining).
    pub who: OfficialId,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub act: Act,
}
