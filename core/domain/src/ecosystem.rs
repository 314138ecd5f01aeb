//! Ecosystems: a company, a co-operative or a clinic whose growers, drivers and helpers are registered under it (SERTAKAN, supply
//! chains). A worker's field `ecosystem` names one by its code; the office shares which there are.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{area::Area, op::Body, text, wire::wire_enum};

wire_enum! {
    /// What an ecosystem is.
    pub enum EcosystemKind {
        /// A company (*perusahaan*).
        Company = "company",
        /// A co-operative (*koperasi*).
        Cooperative = "cooperative",
        /// A clinic of the work-accident network.
        Plkk = "plkk",
    }
}

/// An ecosystem as the office shares it (kind `ecosystem`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ecosystem {
    /// Short, unique in its area; forms name it by this.
    pub code: String,
    /// Name.
    pub name: String,
    /// What it is.
    pub what: EcosystemKind,
    /// People it says it has; absent where nobody said, and then no share is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u32>,
    /// Nobody is added any more since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<NaiveDate>,
}

impl Ecosystem {
    /// From a record's body; none where it has no code and name, or is of a shape this version cannot read.
    pub fn of(body: &Body) -> Option<Self> {
        let map = body.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone()));
        let ecosystem: Self = serde_json::from_value(serde_json::Value::Object(map.collect())).ok()?;
        let whole = !ecosystem.code.is_empty() && !ecosystem.name.is_empty();
        whole.then_some(ecosystem)
    }

    /// Whether a code that was typed means this one, in whatever case.
    pub fn is_called(&self, typed: &str) -> bool {
        key(&self.code) == key(typed)
    }

    /// Whether people of an area can be registered under it.
    pub fn takes(shared_in: &Area, area: &Area) -> bool {
        area.is_within(shared_in) || shared_in.is_within(area)
    }
}

/// By which codes are the same.
pub fn key(code: &str) -> String {
    text::fold(code.trim())
}

/// A few Indonesian words for what it is.
pub fn words(what: &EcosystemKind) -> &'static str {
    match what {
        EcosystemKind::Company => "perusahaan",
        EcosystemKind::Cooperative => "koperasi",
        EcosystemKind::Plkk => "klinik",
        EcosystemKind::Other(_) => "kelompok",
    }
}
