//! Members who go on, and the slip for a worker without a phone.

use super::{Client, Result};
use crate::clock;
use payung_domain::{area::Area, id::RecordId, renewal::RenewalRequest, slip::Slip};
use payung_store::{RenewalKey, RenewalPage, RenewalSum};

#[uniffi::export]
impl Client {
    /// A page of those whose cover ends this month or within 30 days, who owe, or whose membership has ended: by area and
    /// name, each with what a term of `months` costs, or why that is not known. `after` is where the page before ended.
    pub fn renewals(
        &self,
        area: Option<Area>,
        months: u32,
        after: Option<RenewalKey>,
        limit: u32,
    ) -> Result<RenewalPage> {
        let session = self.open()?;
        self.may_show(&session)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(session.store.renewals(area.as_ref(), months, after.as_ref(), limit, session.today()?)?)
    }

    /// The same of each RT in numbers, with the sum of the term.
    pub fn renewal_sums(&self, area: Option<Area>, months: u32) -> Result<Vec<RenewalSum>> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.renewal_sums(area.as_ref(), months, session.today()?)?)
    }

    /// Asks for going on, as the worker said at the door: that they still work is needed.
    ///
    /// # Errors
    /// [`crate::CoreError::Invalid`] where the office would refuse it: `not_working`, `term_not_offered`,
    /// `transition_refused` (the membership has ended), `already_exported` (it was asked for and is with the branch).
    pub fn renew(&self, enrollment: RecordId, request: RenewalRequest) -> Result<RecordId> {
        let id = clock::new_id();
        let session = self.open()?;
        session.store.renew(id, enrollment, &request, clock::now(), session.today()?)?;
        drop(session);
        self.seal_quietly();
        Ok(id)
    }

    /// What is written on paper for a worker without a phone. The NIK is masked on it.
    pub fn slip(&self, worker: RecordId) -> Result<Slip> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.slip(worker, session.today()?)?)
    }
}
