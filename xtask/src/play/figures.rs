//! The figures of a play, each counted from what phones, server and files say.

use super::failures;
use serde::Serialize;

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Figures {
    /// Registrations the phones printed as saved.
    pub(super) registered: usize,
    /// Workers at the server, linked duplicates counted once.
    pub(super) persons: usize,
    /// Ops the server took for good.
    pub(super) uploaded: u64,
    /// Edits taken although others had written the record meanwhile.
    pub(super) merged: u64,
    /// Open at the end.
    pub(super) conflicts_open: usize,
    /// Settled by the operator.
    pub(super) conflicts_resolved: usize,
    /// Pairs linked at the end.
    pub(super) duplicates_linked: usize,
    /// Enrolments the phones showed as returned.
    pub(super) returned: usize,
    /// Enrolments the phones showed with a payment code.
    pub(super) numbered: usize,
    /// Put under a sponsor offline by both phones, beyond its places; a place was made for each.
    pub(super) over_quota: usize,
    /// Membership cards on both phones, and those of them that the other phone verified as green without a signal.
    pub(super) cards: usize,
    /// Likewise.
    pub(super) cards_good: usize,
    /// Clinics on a phone, nearest first.
    pub(super) clinics: usize,
    /// Covered in the phone's own picture before the branch had the money, and after.
    pub(super) covered_before: usize,
    /// Likewise.
    pub(super) covered_on_phone: usize,
    /// Workers who are covered today, on every phone and at the server.
    pub(super) covered: usize,
    /// Values printed as saved that are in no body, history or open conflict at the server.
    pub(super) lost: usize,
    /// Bytes the phones sent, heads and lost attempts included, for each op taken.
    pub(super) bytes_up_per_record: u64,
    /// Photos that lie whole at the server.
    pub(super) photos: usize,
    /// Photos that the phones took.
    #[serde(skip)]
    pub(super) photos_taken: usize,
    /// Bytes of photos, made small and sealed.
    pub(super) photo_bytes: u64,
    /// Of these, sent more than once: what a cut cost.
    pub(super) photo_bytes_again: u64,
    /// Reports that officials wrote: an accident, a question.
    #[serde(skip)]
    pub(super) reports: usize,
    /// Of these, answered by the office and shown so on both phones.
    pub(super) reports_answered: usize,
    /// Of the play, after building.
    pub(super) seconds: u64,
    /// Rows of the phones' lists that differ from the server's.
    #[serde(skip)]
    pub(super) lists_differing: usize,
}

impl Figures {
    /// Whether all is as it must be.
    pub(super) fn pass(&self) -> bool {
        failures(self).is_empty()
    }

    /// One line.
    pub(super) fn json(&self) -> String {
        // numbers with names can always be written
        serde_json::to_string(self).unwrap_or_default()
    }
}
