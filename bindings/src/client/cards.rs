//! Membership cards: those of this phone's workers, and those that somebody shows.

use super::{Client, Result};
use crate::{
    cards::{CardCode, CardPaper, CardVerdict, MemberCard, drawn, invalid},
    clock,
    error::CoreError,
    session::Session,
};
use chrono::TimeDelta;
use payung_card::{
    CardText, Clock, Fingerprint, Verdict,
    print::{Office, Paper, pdf},
};
use payung_domain::{
    calendar::{Zone, local_date},
    id::RecordId,
};

#[uniffi::export]
impl Client {
    /// The card of a worker; none until the branch's number and payment are recorded and this phone was told.
    pub fn card(&self, worker: RecordId) -> Result<Option<MemberCard>> {
        let session = self.open()?;
        self.may_show(&session)?;
        let Some(card) = session.store.card(worker)? else { return Ok(None) };
        Ok(Some(MemberCard {
            verdict: CardVerdict::from(&verdict(&session, &card.text)?),
            code: CardCode::from(&drawn(&card.text)?),
            id: card.id,
            text: card.text,
            issued: card.issued,
            expires: card.expires,
            covered_from: card.from,
            paid_to: card.paid_to,
        }))
    }

    /// The card of a worker as PDF. `branch` is the office with its telephone, `feedback` where criticism and suggestions go.
    ///
    /// # Errors
    /// [`CoreError::NotFound`] where there is no card; [`CoreError::Invalid`] names what cannot be printed.
    pub fn card_pdf(&self, worker: RecordId, paper: CardPaper, branch: String, feedback: String) -> Result<Vec<u8>> {
        let session = self.open()?;
        self.may_show(&session)?;
        let issued = session.store.card(worker)?.ok_or(CoreError::NotFound)?;
        let text: CardText = issued.text.parse().map_err(|_| invalid("card"))?;
        let verdict = verdict(&session, &issued.text)?;
        let card = verdict.card().ok_or_else(|| invalid("card"))?;
        let paper = match paper {
            CardPaper::A6 => Paper::A6,
            CardPaper::Id1 => Paper::Id1,
        };
        pdf(card, &text, &Office { branch, feedback }, paper).map_err(|_| invalid("paper"))
    }

    /// Judges the text of a card that was scanned or typed, offline, with what the office shared with this phone.
    pub fn verify_card(&self, text: String) -> Result<CardVerdict> {
        Ok(CardVerdict::from(&verdict(&*self.open()?, &text)?))
    }
}

/// By the server's clock, as far as it is known: a phone that has exchanged knows how far its own is off, and a list from the days to
/// come, or one of long ago, tells of a clock that was set since.
fn verdict(session: &Session, text: &str) -> Result<Verdict> {
    let standing = session.standing()?;
    let root = standing.map_or(Fingerprint([0; 16]), |standing| Fingerprint(standing.root.0));
    let offset = TimeDelta::milliseconds(session.store.clock_offset_ms()?);
    let now = clock::now() + offset;
    let area = session.store.identity()?.map(|identity| identity.area);
    let today = area.map_or_else(|| local_date(now, Zone::Wib), |area| local_date(now, &area));
    let sure = session.store.cursor()?.1.is_some();
    Ok(session.store.verifier(&root)?.verdict(text, Clock { today, sure }))
}
