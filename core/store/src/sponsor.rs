//! Sponsors' agreements as this phone may count on them.

use crate::{error::Result, shown, sql, store::Store};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::indonesian_date,
    field::Kind,
    op::Body,
    sponsorship::{Agreement, Claim},
    text,
};
use rusqlite::Transaction;
use std::collections::HashMap;

/// An agreement with what this phone has asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementView {
    /// The agreement.
    pub agreement: Agreement,
    /// Enrolments and renewals saved here that name it and that the office has not answered yet.
    pub waiting_here: u32,
    /// How many more may be counted on; below zero where the office will have to choose.
    pub left_here: i64,
    /// What to tell the person, in Indonesian.
    pub words: String,
}

/// What waits here for an answer and names an agreement, by the folded number.
fn waiting(tx: &Transaction) -> Result<HashMap<String, u32>> {
    let mut statement = tx.prepare_cached(
        "SELECT b.\"set\" FROM op o JOIN op_body b ON b.k = o.k
         WHERE o.state IN ('new', 'sent', 'held') AND o.kind IN ('enrollment', 'enrollment_event')",
    )?;
    let mut rows = statement.query([])?;
    let mut waiting = HashMap::new();
    while let Some(row) = rows.next()? {
        let set: Body = sql::json(row.get_ref(0)?.as_str().unwrap_or_default())?;
        if let Some(claim) = set.get("cover").and_then(Claim::of) {
            *waiting.entry(text::fold(&claim.agreement)).or_default() += 1;
        }
    }
    Ok(waiting)
}

fn words(agreement: &Agreement, left_here: i64, today: NaiveDate) -> String {
    if left_here <= 0 {
        return "Tempatnya mungkin sudah habis. Tetap bisa didaftarkan; kantor yang memastikan.".to_owned();
    }
    let left = format!("Masih ada tempat untuk {left_here} orang di HP ini; kantor yang memastikan.");
    if agreement.ends_soon(today) {
        let last = indonesian_date(agreement.last_month().last_day());
        return format!("{left} Berakhir {last}.");
    }
    left
}

impl Store {
    /// The agreements that take people of an area on a day, by sponsor and number.
    pub fn agreements(&self, area: &Area, today: NaiveDate) -> Result<Vec<AgreementView>> {
        self.read(|tx| {
            let waiting = waiting(tx)?;
            let here = |agreement: &Agreement| {
                agreement.areas.is_empty() || agreement.areas.iter().any(|within| area.is_within(within))
            };
            let mut found: Vec<AgreementView> = shown::shared(tx, &Kind::SponsorAgreement)?
                .iter()
                .filter(|record| area.is_within(&record.area))
                .filter_map(|record| Agreement::of(&record.body()))
                .filter(|agreement| agreement.ended.is_none() && here(agreement))
                .filter(|agreement| agreement.last_month().last_day() >= today)
                .map(|agreement| {
                    let waiting_here = waiting.get(&text::fold(agreement.number.trim())).copied().unwrap_or(0);
                    let left_here = agreement.left_here(waiting_here);
                    AgreementView { words: words(&agreement, left_here, today), waiting_here, left_here, agreement }
                })
                .collect();
            let key = |view: &AgreementView| (view.agreement.sponsor.clone(), view.agreement.number.clone());
            found.sort_by_key(key);
            Ok(found)
        })
    }
}
