//! Outreach sessions.

use super::{Client, Result};
use crate::{clock, plain::Fields};
use payung_domain::{area::Area, id::RecordId};
use payung_store::{Attendee, Draft, SessionView};

#[uniffi::export]
impl Client {
    /// Plans a session, or changes the plan of the one whose fact `corrects` names: `when`, `place`, and where wanted `topics` (codes
    /// of lessons, separated by blanks), `note`, `plan` (`cancelled`). Answers the fact.
    pub fn plan_session(&self, fields: Fields, area: Option<Area>) -> Result<RecordId> {
        let id = clock::new_id();
        let session = self.open()?;
        let area = session.area(area)?;
        session.store.plan_session(id, &fields, &area, clock::now())?;
        drop(session);
        self.seal_quietly();
        Ok(id)
    }

    /// Writes down who came: `session`, `name`, and where told `phone`, `home`, `wish` (`register`, `ask`, `nothing`).
    pub fn attend(&self, fields: Fields) -> Result<RecordId> {
        let id = clock::new_id();
        self.open()?.store.attend(id, &fields, clock::now())?;
        self.seal_quietly();
        Ok(id)
    }

    /// The sessions of an area and those in it, the latest first.
    pub fn sessions(&self, area: Option<Area>) -> Result<Vec<SessionView>> {
        Ok(self.open()?.store.sessions(area.as_ref(), clock::now())?)
    }

    /// Who came to a session, oldest first.
    pub fn attendees(&self, session: RecordId) -> Result<Vec<Attendee>> {
        let open = self.open()?;
        self.may_show(&open)?;
        Ok(open.store.attendees(session)?)
    }

    /// Opens a form for somebody who came, with what they said filled in; the one that is open already where there is one.
    ///
    /// # Errors
    /// [`crate::CoreError::Invalid`] `attendee_registered` where they are registered.
    pub fn open_attendee_form(&self, attendance: RecordId) -> Result<Draft> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.open_attendee_form(attendance, clock::now_ms())?)
    }
}
