//! The coverage picture and door-to-door rounds.

use super::{Client, Result};
use crate::clock;
use payung_domain::{area::Area, coverage::CoverageLevel, id::RecordId};
use payung_store::{CoveragePicture, Page, PageKey, Round, RoundView, WorkerSummary};

#[uniffi::export]
impl Client {
    /// The coverage of an area, or of all this phone holds, with a line for each area of a level. What it counts is on this
    /// phone; how many households or workers there are in truth it does not know.
    pub fn coverage(&self, area: Option<Area>, level: CoverageLevel) -> Result<CoveragePicture> {
        let session = self.open()?;
        let own = session.store.identity()?.map(|identity| identity.area);
        Ok(session.store.coverage(area.as_ref(), level, own.as_ref(), session.today()?)?)
    }

    /// The official's own registration (*Daftarkan diri saya*: the form's field `self`); none before it is done.
    pub fn own_registration(&self) -> Result<Option<WorkerSummary>> {
        let session = self.open()?;
        let official = session.identity()?.official;
        Ok(session.store.worker_of_official(official, session.today()?)?)
    }

    /// Begins going from door to door in an area, the official's own where none is named. One that began there today goes
    /// on. Each door is then a visit ([`Client::add_visit`]) with its `door` as the official calls it.
    pub fn begin_round(&self, area: Option<Area>, note: Option<String>) -> Result<RecordId> {
        let session = self.open()?;
        let area = area.map_or_else(|| session.identity().map(|identity| identity.area), Ok)?;
        let round = session.store.begin_round(clock::new_id(), &area, note.as_deref(), clock::now())?;
        drop(session);
        self.seal_quietly();
        Ok(round)
    }

    /// The rounds of an area and those in it, the newest first.
    pub fn rounds(&self, area: Option<Area>) -> Result<Vec<Round>> {
        Ok(self.open()?.store.rounds(area.as_ref())?)
    }

    /// A round: how far it is, the doors to go to again, and where it stopped, on whichever phone.
    pub fn round(&self, round: RecordId) -> Result<RoundView> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.round(round)?)
    }

    /// A page of the area's persons, by name, whom nobody has visited since the round began.
    pub fn not_visited(&self, round: RecordId, after: Option<PageKey>, limit: u32) -> Result<Page> {
        let session = self.open()?;
        self.may_show(&session)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(session.store.not_visited(round, after.as_ref(), limit, session.today()?)?)
    }
}
