//! A card, and with what it is verified, as records carry them.

use chrono::NaiveDate;
use payung_domain::{calendar::Month, op::Body, region::RegionCode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of the `reference` records with which the cards of a regency are verified, one a regency.
pub const CARD_CHECK: &str = "card_check";

/// A worker's field `card`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCard {
    /// Its number.
    pub id: String,
    /// The text of its code.
    pub text: String,
    /// The day of issue.
    pub issued: NaiveDate,
    /// The last day on which it is looked at.
    pub expires: NaiveDate,
    /// The first day of cover it tells.
    pub from: NaiveDate,
    /// The last month of cover it tells.
    pub paid_to: Month,
    /// The regency whose list it is in.
    pub list: RegionCode,
    /// Where in the list.
    pub place: u32,
    /// The key that signed it, 16 hex digits.
    pub key: String,
}

/// The field `table` of a record named [`CARD_CHECK`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardCheck {
    /// The issuers' keys ([`crate::CardKeys`]), as [`crate::armoured`] text.
    pub keys: String,
    /// The list of cards taken back ([`crate::StatusList`]), likewise.
    pub list: String,
    /// When the list was signed, seconds since 1970.
    pub issued: i64,
}

impl IssuedCard {
    /// Of a worker's fields; none where there is none, or one of a form that this version does not know.
    pub fn of(worker: &Body) -> Option<Self> {
        serde_json::from_value(worker.get("card")?.clone()).ok()
    }
}

impl CardCheck {
    /// Of a shared record's fields, where it is one.
    pub fn of(reference: &Body) -> Option<Self> {
        let named = reference.get("name").and_then(|name| name.as_str()) == Some(CARD_CHECK);
        if named { serde_json::from_value(reference.get("table")?.clone()).ok() } else { None }
    }
}

impl fmt::Debug for IssuedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the text can be read by whoever has it
        f.debug_struct("IssuedCard").field("id", &self.id).field("issued", &self.issued).finish_non_exhaustive()
    }
}
