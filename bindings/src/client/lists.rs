//! What screens show.

use super::{Client, Result};
use crate::clock;
use payung_domain::{area::Area, id::RecordId, lesson::Language, only::Only, own_record::OwnRecord};
use payung_store::{
    AgreementView, ClinicQuery, ClinicView, Counts, EcosystemView, HistoryEntry, NeedsFixing, OpenConflict, Page,
    PageKey, ReportView, Waiting, WorkerDetail, WorkerQuery,
};
use payung_sync::SyncState;

/// What a phone is about, and so what its app shows.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum About {
    /// An official's or operator's: the people of its areas.
    Areas,
    /// A worker's own: one person. It may report, ask, and ask for corrections of the person's fields, which wait for an
    /// operator; all else is [`crate::CoreError::NotAllowed`].
    Worker {
        /// Their record.
        worker: RecordId,
    },
    /// A clinic's: the accident reports that name it. It may say that it has the person.
    Clinic {
        /// Its code in the directory.
        code: String,
    },
}

impl From<Option<Only>> for About {
    fn from(only: Option<Only>) -> Self {
        match only {
            None => Self::Areas,
            Some(Only::Worker { record, .. }) => Self::Worker { worker: record },
            Some(Only::Clinic { code, .. }) => Self::Clinic { code },
        }
    }
}

/// Who this phone belongs to.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Membership {
    /// The device.
    pub device: payung_domain::id::DeviceId,
    /// The official.
    pub official: payung_domain::id::OfficialId,
    /// What the phone is about.
    pub about: About,
    /// Their own area; of a phone that looks after none, where its person or clinic is.
    pub area: payung_domain::area::Area,
    /// The same in words: `RT 002 RW 005`.
    pub area_label: String,
}

#[uniffi::export]
impl Client {
    /// Who this phone belongs to; none before it has joined.
    pub fn membership(&self) -> Result<Option<Membership>> {
        let identity = self.open()?.store.identity()?;
        Ok(identity.map(|identity| Membership {
            device: identity.device,
            official: identity.official,
            about: identity.only.into(),
            area_label: identity.area.label(),
            area: identity.area,
        }))
    }

    /// A page of workers, by name; all that the query sets must fit.
    pub fn workers(&self, query: WorkerQuery) -> Result<Page> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.workers(&query, session.today()?)?)
    }

    /// A page of what was typed into the one search field: digits are a NIK, its end or a phone, else a name.
    pub fn search(&self, typed: String, after: Option<PageKey>, limit: u32) -> Result<Page> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.workers(WorkerQuery { after, ..WorkerQuery::typed(&typed, limit) })
    }

    /// Everything about a worker; a linked duplicate answers as the surviving record.
    pub fn worker(&self, id: RecordId) -> Result<WorkerDetail> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.worker(id, session.today()?)?)
    }

    /// All that this phone keeps about a person, in sentences for that person: to be shown, printed or sent.
    pub fn own_record(&self, worker: RecordId, language: Language) -> Result<OwnRecord> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.own_record(worker, &language, clock::now())?)
    }

    /// What this phone did to a record, oldest first.
    pub fn history(&self, record: RecordId) -> Result<Vec<HistoryEntry>> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.history(record)?)
    }

    /// Fields that two people wrote differently, with their candidates.
    pub fn conflicts(&self) -> Result<Vec<OpenConflict>> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.conflicts()?)
    }

    /// A page of reports, newest first: of one person or all; `open` only those where somebody still has to do something.
    /// `after` is the last one of the page before.
    pub fn reports(
        &self,
        worker: Option<RecordId>,
        open: bool,
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<ReportView>> {
        let session = self.open()?;
        self.may_show(&session)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(session.store.reports(worker, open, after, limit, clock::now())?)
    }

    /// The sponsors' agreements that take people of an area (the official's own unless another is named), with how many this
    /// phone may still count on.
    pub fn agreements(&self, area: Option<Area>) -> Result<Vec<AgreementView>> {
        let session = self.open()?;
        let area = session.area(area)?;
        Ok(session.store.agreements(&area, session.today()?)?)
    }

    /// The ecosystems of the office, and codes it does not know that somebody here is registered under, each with whom this
    /// phone knows of it.
    pub fn ecosystems(&self) -> Result<Vec<EcosystemView>> {
        let session = self.open()?;
        Ok(session.store.ecosystems(session.today()?)?)
    }

    /// The clinics of the work-accident network: nearest first where a place is told. Known before anyone has joined: none.
    pub fn clinics(&self, query: ClinicQuery) -> Result<Vec<ClinicView>> {
        Ok(self.open()?.store.clinics(&query)?)
    }

    /// Acts the office refused, or fields of them.
    pub fn needs_fixing(&self) -> Result<Vec<NeedsFixing>> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.needs_fixing()?)
    }

    /// The numbers of the home screen.
    pub fn counts(&self) -> Result<Counts> {
        Ok(self.open()?.store.counts()?)
    }

    /// How many acts wait, by state.
    pub fn waiting(&self) -> Result<Waiting> {
        Ok(self.open()?.store.waiting()?)
    }

    /// What the exchange is doing.
    pub fn sync_state(&self) -> SyncState {
        self.courier.state()
    }
}
