//! The officials' page says what the app says.
#![allow(clippy::unwrap_used, reason = "a test may")]

use payung_domain::enrollment::{Phase, return_reasons};
use std::fs;

fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/petugas.md")).unwrap()
}

#[test]
fn officials_page_has_every_state_with_the_apps_own_words() {
    let page = page();
    let phases = [
        Phase::Draft,
        Phase::Queued,
        Phase::WithHub,
        Phase::Received,
        Phase::Verified,
        Phase::Returned,
        Phase::Submitted,
        Phase::Numbered,
        Phase::PaidNotStarted,
        Phase::Covered,
        Phase::Lapsing,
        Phase::Arrears(1),
        Phase::Ended,
        Phase::Closed,
    ];
    for phase in phases {
        let row = format!("| {} | {} |", phase.label(), phase.next_step());
        assert!(page.contains(&row), "docs/guide/petugas.md lacks: {row}");
    }
}

#[test]
fn officials_page_has_every_reason_of_a_return_with_what_to_do() {
    let page = page();
    for reason in return_reasons() {
        let row = format!("| {} | {} |", reason.label, reason.action);
        assert!(page.contains(&row), "docs/guide/petugas.md lacks: {row}");
    }
}
