//! All that this phone keeps about a person, for that person to read.

use crate::{
    error::{Result, StoreError},
    shown::{self, ShownRecord},
    store::Store,
};
use chrono::{DateTime, Utc};
use payung_domain::{
    calendar::Zone,
    field::Kind,
    id::RecordId,
    lesson::Language,
    op::Body,
    own_record::{OwnRecord, own_record},
};
use rusqlite::Transaction;

/// What hangs on a person.
const OF_PERSON: [Kind; 6] =
    [Kind::Enrollment, Kind::Visit, Kind::Attachment, Kind::Feedback, Kind::AccidentReport, Kind::DeathReport];
/// What hangs on that.
const OF_THAT: [Kind; 3] = [Kind::EnrollmentEvent, Kind::Attachment, Kind::FollowUp];

impl Store {
    /// Writes down all that this phone keeps about a person, a linked duplicate's as the survivor's, in a language.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the phone does not hold them.
    pub fn own_record(&self, worker: RecordId, language: &Language, now: DateTime<Utc>) -> Result<OwnRecord> {
        self.read(|tx| {
            let found = |id| {
                let record = shown::shown(tx, id)?.filter(|record| record.kind == Kind::Worker);
                record.ok_or(StoreError::NotFound)
            };
            let mut person = found(worker)?;
            if let Some(survivor) = person.alias_of {
                person = found(survivor)?;
            }
            let mut others = hanging(tx, person.id, &OF_PERSON)?;
            for at in 0..others.len() {
                let more = hanging(tx, others[at].id, &OF_THAT)?;
                others.extend(more);
            }
            others.sort_by_key(|record| record.id);
            others.dedup_by_key(|record| record.id);
            let bodies: Vec<Body> = others.iter().map(ShownRecord::body).collect();
            let others = others.iter().map(|record| &record.kind).zip(&bodies);
            Ok(own_record(&person.body(), others, Zone::from(&person.area), now, language))
        })
    }
}

fn hanging(tx: &Transaction, of: RecordId, kinds: &[Kind]) -> Result<Vec<ShownRecord>> {
    let mut all = Vec::new();
    for kind in kinds {
        all.extend(shown::children(tx, of, kind)?);
    }
    Ok(all)
}
