//! Why an enrolment comes back or ends, in words the official can act on (`data/returns.csv`).

use std::sync::LazyLock;

use serde::Deserialize;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReturnReason {
    /// Stable code.
    pub code: String,
    /// A few words for a list.
    pub label: String,
    /// What happened, one Indonesian sentence.
    pub sentence: String,
    /// What to do, in Indonesian.
    pub action: String,
}

static REASONS: LazyLock<Vec<ReturnReason>> = LazyLock::new(|| {
    csv::Reader::from_reader(include_bytes!("../../data/returns.csv").as_slice())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("returns.csv is tested")
});

/// All reasons this version knows, in their order.
pub fn return_reasons() -> &'static [ReturnReason] {
    &REASONS
}

/// The reason of a code; none for a code of a newer list.
pub fn return_reason(code: &str) -> Option<&'static ReturnReason> {
    REASONS.iter().find(|reason| reason.code == code)
}
