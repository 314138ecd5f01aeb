//! Membership cards on this phone: those of its workers, and whether a card somebody shows is good.

use crate::{
    error::{Result, StoreError},
    shown,
    store::Store,
};
use payung_card::{
    CardCheck, CardKeys, Clock, Fingerprint, IssuedCard, Refusal, StatusList, Verdict, unarmoured, verify,
};
use payung_domain::{field::Kind, id::RecordId};

/// With what this phone verifies cards: the newest list of keys under its root, and the lists of cards taken back.
#[derive(Debug)]
pub struct Verifier {
    keys: Option<CardKeys>,
    lists: Vec<StatusList>,
}

impl Verifier {
    /// From what the office shared; `root` is the one this phone joined by. What is not believed counts as absent.
    fn of(checks: &[CardCheck], root: &Fingerprint) -> Self {
        let keys = checks.iter().filter_map(|check| {
            let signed = unarmoured(check.keys.as_bytes()).ok()?;
            CardKeys::verify(&signed, root, 0).ok()
        });
        let keys = keys.max_by_key(|keys| keys.serial);
        let read = |keys: &CardKeys| {
            let list = |check: &CardCheck| StatusList::verify(&unarmoured(check.list.as_bytes()).ok()?, keys).ok();
            checks.iter().filter_map(list).collect()
        };
        Self { lists: keys.as_ref().map(read).unwrap_or_default(), keys }
    }

    /// Judges the text of a card's code. Without any keys every card is of an unknown issuer.
    pub fn verdict(&self, text: &str, clock: Clock) -> Verdict {
        match &self.keys {
            Some(keys) => verify(text, keys, &self.lists, clock),
            None => Verdict::Red(Refusal::Card(payung_card::CardError::OtherIssuer)),
        }
    }

    /// Whether this phone has the keys to verify anything.
    pub fn is_ready(&self) -> bool {
        self.keys.is_some()
    }
}

impl Store {
    /// The card of a worker as it was last told, a linked one's the survivor's; none until the branch's number and payment are recorded.
    pub fn card(&self, worker: RecordId) -> Result<Option<IssuedCard>> {
        self.read(|tx| {
            let record = shown::shown(tx, worker)?.ok_or(StoreError::NotFound)?;
            match record.alias_of {
                Some(survivor) => Ok(shown::shown(tx, survivor)?.and_then(|person| IssuedCard::of(&person.body()))),
                None => Ok(IssuedCard::of(&record.body())),
            }
        })
    }

    /// With what this phone verifies cards, offline.
    pub fn verifier(&self, root: &Fingerprint) -> Result<Verifier> {
        let checks: Vec<CardCheck> =
            self.shared(&Kind::Reference)?.iter().filter_map(|record| CardCheck::of(&record.body())).collect();
        Ok(Verifier::of(&checks, root))
    }
}
