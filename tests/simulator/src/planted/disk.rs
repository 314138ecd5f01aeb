//! The phone and the server on a disk that fails: the power goes after something was said to be saved, and a disk is full
//! or broken at each call of an act.

use crate::{
    chance::Chance,
    person::fill_and_register,
    phone::{DATABASE, key, options},
    server::Edge,
    strike::copy_files,
    template::{START, Template, area},
    violation::{Played, Violation, broken},
};
use payung_domain::{
    id::{OfficialId, RecordId},
    op::Body,
};
use payung_people::person;
use payung_protocol::AppFacts;
use payung_server::{
    service::{BundleError, DataDir, Service},
    storage::Scope,
};
use payung_store::{NewIds, Store, StoreError};
use payung_sync::{Endpoint, SyncEngine, SyncError, TransportError, Urgency};
use payung_vfs::{Disk, DiskError, Fault};
use std::path::{Path, PathBuf};

const SURVIVES: &str = "what was said to be saved outlasts the power";
const TAKEN: &str = "what the server said it took outlasts the power";
const SAYS_SO: &str = "what was not saved is said not to be";

fn shim(error: &DiskError) -> Violation {
    Violation { rule: "the simulator's own disk", detail: error.to_string() }
}

/// A phone of the template in a folder of its own.
struct Owner {
    files: PathBuf,
    official: OfficialId,
    chance: Chance,
}

impl Owner {
    fn new(template: &Template, folder: &Path, seed: u64) -> Played<Self> {
        let files = folder.join("phone");
        copy_files(&template.phone(0), &files)?;
        Ok(Self { files, official: OfficialId(uuid::Uuid::nil()), chance: Chance::new(seed) })
    }

    fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.files.join(DATABASE), &key(), &options())
    }

    /// Registers the next person.
    fn register(&mut self, store: &Store) -> Played<Result<NewIds, StoreError>> {
        let mut id = || RecordId(self.chance.id(START));
        let ids = NewIds { worker: id(), enrollment: id(), event: id() };
        let today = chrono::DateTime::from_timestamp_millis(START).unwrap_or_default().date_naive();
        let form: Body = person(1, self.chance.below(1_000_000), "330224", today).form();
        let area = area("33.02.24.1001.003.005")?;
        Ok(fill_and_register(store, &form, &area, self.official, ids, START).map(|done| done.ids))
    }
}

/// How many of the records a phone has.
fn shown(store: &Store, ids: NewIds) -> Played<usize> {
    let mut count = 0;
    for record in [ids.worker, ids.enrollment, ids.event] {
        match store.shown(record) {
            Ok(_) => count += 1,
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(count)
}

/// The power goes once some persons are registered.
pub(super) fn phone_loses_power(template: &Template, seed: u64) -> Played {
    let folder = template.run_folder()?;
    let mut owner = Owner::new(template, folder.path(), seed)?;
    let disk = Disk::watch(&owner.files, seed).map_err(|error| shim(&error))?;
    let store = owner.open()?;
    let mut saved = Vec::new();
    for _ in 0..3 {
        saved.push(owner.register(&store)??);
    }
    disk.cut_power();
    drop(store);
    disk.power_loss().map_err(|error| shim(&error))?;
    let store = match owner.open() {
        Ok(store) => store,
        Err(error) => return broken(SURVIVES, error.to_string()),
    };
    for (at, ids) in saved.into_iter().enumerate() {
        if shown(&store, ids)? < 3 {
            return broken(SURVIVES, format!("registration {at}"));
        }
    }
    Ok(())
}

/// A server of the template in a folder of its own.
fn office(template: &Template, folder: &Path) -> Played<DataDir> {
    let data = DataDir::new(folder.join("server"));
    copy_files(&template.server(), data.path())?;
    copy_files(&template.server().join("keys"), &data.keys())?;
    Ok(data)
}

/// One exchange after the other until all is quiet.
fn sync(store: &Store, service: &Service, chance: &mut Chance) -> Played {
    let facts = AppFacts { app_version: "0.1.0".to_owned(), schema: 1, free_bytes: 1 << 30 };
    let failed = |error: SyncError| Violation { rule: "a run on a good road succeeds", detail: error.to_string() };
    let mut engine = SyncEngine::begin(store, facts, Urgency::Person, START).map_err(failed)?;
    while let Some(outgoing) = engine.next(store, START, chance).map_err(failed)? {
        let refused =
            |error: BundleError| TransportError::Refused { problem: Box::new(error.problem("r-1")), retry_after: None };
        let answer = match outgoing.endpoint {
            Endpoint::Exchange => service.exchange_bundle(&outgoing.body, |_| Ok(()), START).map_err(refused),
            _ => Err(TransportError::Unreachable),
        };
        engine.take(answer, store, START, chance).map_err(failed)?;
    }
    Ok(())
}

/// The server's power goes once it has told a phone that it took what was sent.
pub(super) fn server_loses_power(template: &Template, seed: u64) -> Played {
    let folder = template.run_folder()?;
    let (_edge, _entered) = Edge::enter(START, seed);
    let data = office(template, folder.path())?;
    let mut owner = Owner::new(template, folder.path(), seed)?;
    let store = owner.open()?;
    let mut saved = Vec::new();
    for _ in 0..2 {
        saved.push(owner.register(&store)??);
    }
    let disk = Disk::watch(data.path(), seed).map_err(|error| shim(&error))?;
    let service = Service::open_existing(&data)?;
    sync(&store, &service, &mut owner.chance)?;
    let waiting = store.waiting()?;
    if waiting.new + waiting.sent > 0 {
        return broken("a run on a good road succeeds", "not all was sent");
    }
    disk.cut_power();
    drop(service);
    disk.power_loss().map_err(|error| shim(&error))?;
    let service = match Service::open_existing(&data) {
        Ok(service) => service,
        Err(error) => return broken(TAKEN, error.to_string()),
    };
    let unit = service.storage().read()?;
    for (at, ids) in saved.into_iter().enumerate() {
        let there = match unit.records(&[ids.worker, ids.enrollment, ids.event], &Scope::Office) {
            Ok(there) => there.len(),
            Err(error) => return broken(TAKEN, error.to_string()),
        };
        if there < 3 {
            return broken(TAKEN, format!("registration {at}: {there} of 3"));
        }
    }
    Ok(())
}

/// The disk fails, or is full, at each call of a registration in turn.
pub(super) fn phone_disk_fails(template: &Template, seed: u64) -> Played {
    let folder = template.run_folder()?;
    let mut owner = Owner::new(template, folder.path(), seed)?;
    let disk = Disk::watch(&owner.files, seed).map_err(|error| shim(&error))?;
    let store = owner.open()?;
    for fault in [Fault::Io, Fault::Full] {
        for n in 1.. {
            disk.arm(fault, n, false);
            let done = owner.register(&store)?;
            if disk.disarm().hits == 0 {
                done?;
                break;
            }
            match done {
                Ok(ids) if shown(&store, ids)? == 3 => {}
                Ok(_) => return broken(SAYS_SO, format!("{fault:?} at call {n} of a registration")),
                Err(StoreError::NotSaved) => {}
                Err(error) => return broken("a disk that fails is said to", error.to_string()),
            }
        }
    }
    Ok(())
}
