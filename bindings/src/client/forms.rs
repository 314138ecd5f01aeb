//! Forms and acts.

use super::{Client, Result};
use crate::{CoreError, clock, plain::Fields};
use chrono::SecondsFormat;
use payung_domain::{
    area::Area,
    calendar::Month,
    contribution::{Breakdown, Quote},
    field::{FieldError, Kind},
    id::RecordId,
    nik::NikCheck,
    only::{Only, RECEIVED},
    report::{Answer, REPORTS, ReportPhase},
    worker::WorkerDraft,
};
use payung_store::{Decision, Draft, DraftId, Registered, Saved};
use serde_json::Value;

/// A table of contributions, by name.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TableInForce {
    /// As quotes name it.
    pub version: String,
    /// First contribution month it is valid for.
    pub valid_from: Month,
    /// Last one; none while no end is known.
    pub valid_until: Option<Month>,
    /// The laws it is taken from.
    pub sources: Vec<String>,
    /// The office published a table that this version of the app cannot read: update it, the price may be another.
    pub update_due: bool,
}

#[uniffi::export]
impl Client {
    /// Opens a form: on a new person, or on a record as it is shown now. A record has one form on its way; that one
    /// comes back with what was typed.
    pub fn open_form(&self, record: Option<RecordId>) -> Result<Draft> {
        let session = self.open()?;
        if record.is_some() {
            self.may_show(&session)?;
        }
        session.open_form(record)
    }

    /// Saves one field of a form as typed, wrong or not; nothing takes it back. Names are those of docs/PROTOCOL.md,
    /// parts with a dot: `birth.place`.
    pub fn type_field(&self, form: DraftId, name: String, value: Value) -> Result<()> {
        self.open()?.type_fields(form, &[(name, value)].into())
    }

    /// Saves several fields at once: what a scan or the house before filled in.
    pub fn type_fields(&self, form: DraftId, fields: Fields) -> Result<()> {
        self.open()?.type_fields(form, &fields)
    }

    /// The forms on their way, last touched first: offered again after a kill.
    pub fn forms(&self) -> Result<Vec<Draft>> {
        Ok(self.open()?.store.drafts()?)
    }

    /// Throws a form away.
    pub fn discard_form(&self, form: DraftId) -> Result<()> {
        Ok(self.open()?.store.discard_draft(form)?)
    }

    /// What is wrong with a form so far; empty when it can be registered.
    pub fn check_form(&self, form: DraftId, area: Option<Area>) -> Result<Vec<FieldError>> {
        self.open()?.check_form(form, area)
    }

    /// What a NIK says and what is odd about it, beside what the form holds.
    pub fn check_nik(&self, typed: String, form: Option<DraftId>) -> Result<NikCheck> {
        self.open()?.check_nik(&typed, form)
    }

    /// What the cover of a form costs, month by month.
    pub fn quote(&self, form: DraftId, area: Option<Area>) -> Result<Quote> {
        self.open()?.quote(form, area)
    }

    /// By which table of contributions this phone reckons for covers that begin this month.
    pub fn contribution_table(&self) -> Result<TableInForce> {
        let session = self.open()?;
        let tables = session.store.contribution_tables()?;
        let table = tables.in_force(Month::of(session.today()?));
        Ok(TableInForce {
            version: table.version.clone(),
            valid_from: table.valid_from,
            valid_until: table.valid_until,
            sources: table.sources.clone(),
            update_due: tables.update_due(),
        })
    }

    /// What a form costs as far as it is filled in (income, occupation, programmes, months, payer), in sentences to be read
    /// aloud, with the other terms beside it. Also before joining.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] names those of these fields that are wrong or missing.
    pub fn price(&self, form: DraftId) -> Result<Breakdown> {
        let session = self.open()?;
        let form = WorkerDraft { fields: session.store.draft(form)?.fields };
        let month = Month::of(session.today()?);
        form.price(session.store.contribution_tables()?.in_force(month), month)
            .map_err(|fields| CoreError::Invalid { fields })
    }

    /// Registers the person of a form: durable when it returns. In the official's own area unless another is named.
    pub fn register(&self, form: DraftId, area: Option<Area>) -> Result<Registered> {
        let registered = self.open()?.register(form, area)?;
        self.seal_quietly();
        Ok(registered)
    }

    /// Saves the form of an existing record.
    pub fn save_form(&self, form: DraftId) -> Result<Saved> {
        let saved = self.open()?.save_form(form)?;
        self.seal_quietly();
        Ok(saved)
    }

    /// Adds a visit: `outcome`, and what else docs/PROTOCOL.md names. `corrects` names a visit that was a mistake.
    pub fn add_visit(&self, fields: Fields, area: Option<Area>) -> Result<RecordId> {
        let id = self.open()?.add_fact(&Kind::Visit, &fields, area)?;
        self.seal_quietly();
        Ok(id)
    }

    /// Something done to an enrolment: `enrollment`, `event` (`resubmit`, `renew`, `withdraw`, `report_death`), `note`.
    pub fn add_event(&self, fields: Fields) -> Result<RecordId> {
        let id = self.open()?.add_fact(&Kind::EnrollmentEvent, &fields, None)?;
        self.seal_quietly();
        Ok(id)
    }

    /// Reports something that is answered: feedback (`topic`, `text`), an accident (`worker`, `happened`, `place`,
    /// `what`, `clinic`), a death (`worker`, `date`, `heirs`). Send it soon: see the report's `next_step`. On a worker's own
    /// phone `worker` need not be named.
    pub fn add_report(&self, kind: Kind, mut fields: Fields) -> Result<RecordId> {
        if !REPORTS.contains(&kind) {
            return Err(CoreError::NotFound);
        }
        let session = self.open()?;
        if let Some(Only::Worker { record, .. }) = session.identity()?.only {
            fields.entry("worker".to_owned()).or_insert_with(|| record.to_string().into());
        }
        let id = session.add_fact(&kind, &fields, None)?;
        drop(session);
        self.seal_quietly();
        Ok(id)
    }

    /// Adds to a report: `of`, `what` (`note`, `handed_in`), `text`.
    pub fn add_follow_up(&self, fields: Fields) -> Result<RecordId> {
        let id = self.open()?.add_fact(&Kind::FollowUp, &fields, None)?;
        self.seal_quietly();
        Ok(id)
    }

    /// On a clinic's phone: the clinic has the person of this accident report. Who reported it reads that at their next
    /// exchange.
    pub fn has_person(&self, report: RecordId) -> Result<RecordId> {
        let fields = Fields::from([("of".to_owned(), report.to_string().into()), ("what".to_owned(), RECEIVED.into())]);
        let id = self.open()?.add_fact(&Kind::FollowUp, &fields, None)?;
        self.seal_quietly();
        Ok(id)
    }

    /// The answer of a report was read by the person in front of the phone. Done once; false where there is none.
    pub fn saw_answer(&self, report: RecordId) -> Result<bool> {
        let session = self.open()?;
        let view = session.store.report(report, clock::now())?;
        let Some(answer) = Answer::of(&view.record.body()).filter(|_| view.standing.phase == ReportPhase::Answered)
        else {
            return Ok(false);
        };
        let at = answer.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let fields = Fields::from([
            ("of".to_owned(), report.to_string().into()),
            ("what".to_owned(), "seen".into()),
            ("answer".to_owned(), at.into()),
        ]);
        session.add_fact(&Kind::FollowUp, &fields, None)?;
        drop(session);
        self.seal_quietly();
        Ok(true)
    }

    /// Decides a conflict, with its candidates before the person.
    pub fn resolve(&self, decision: Decision) -> Result<()> {
        self.open()?.resolve(&decision)?;
        self.seal_quietly();
        Ok(())
    }

    /// Sends a refused act again, under a new number.
    pub fn try_again(&self, k: i64) -> Result<()> {
        self.open()?.store.retry(k)?;
        self.seal_quietly();
        Ok(())
    }

    /// Gives a refused act up.
    pub fn give_up(&self, k: i64) -> Result<()> {
        Ok(self.open()?.store.discard(k, clock::now_ms())?)
    }
}
