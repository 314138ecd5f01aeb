//! A server and phones that have joined, made once and copied for each run: joining and migrating take longer than many
//! a run. The same on every machine: it is made from a seed of its own.

use crate::{
    chance::Chance,
    phone::{DATABASE, key, options},
    server::Edge,
    setting::Setting,
    violation::{Played, Violation, broken},
};
use payung_domain::{area::Area, id::OfficialId};
use payung_protocol::Role;
use payung_server::service::{DataDir, Service, operator::NewInvite};
use payung_store::Store;
use payung_sync::{Endpoint, InProcess, JoinFacts, TransportError, join};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;
use uuid::Uuid;

/// When runs begin: 2026-11-23T01:00:00Z, a Monday morning in Purwokerto.
pub(crate) const START: i64 = 1_795_395_600_000;
const SEED: u64 = 0x7061_7975_6e67;
pub(crate) const SERVER: &str = "https://payung.example.id";
/// Settles and verifies.
pub(crate) const KELURAHAN: OfficialId = OfficialId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001));
/// Exports, and brings the branch's files.
pub(crate) const BRANCH: OfficialId = OfficialId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0002));

/// The areas of the phones, by place: two of one RT, a neighbour, one for a whole village, one for two villages.
const AREAS: [&[&str]; Setting::MOST_PHONES] = [
    &["33.02.24.1001.003.005"],
    &["33.02.24.1001.003.005"],
    &["33.02.24.1001.003.006"],
    &["33.02.24.1001"],
    &["33.02.24.1001.003.005", "33.02.24.1002.001.001"],
    &["33.02.24.1002.001.001"],
    &["33.02.24.1001.003"],
    &["33.02.24.1001.003.005"],
];

/// Every area a record or a phone may come to.
pub(crate) const PLACES: [&str; 6] = [
    "33.02.24.1001.003.005",
    "33.02.24.1001.003.006",
    "33.02.24.1001.004.001",
    "33.02.24.1002.001.001",
    "33.02.24.1001.003",
    "33.02.24.1001",
];

pub(crate) fn area(path: &str) -> Played<Area> {
    Area::parse(path).map_err(|error| Violation { rule: "the simulator's areas", detail: error.to_string() })
}

/// The folder all runs are copied from; gone when dropped.
pub struct Template {
    folder: TempDir,
}

/// Where runs live: in memory where that is possible.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let writable = tempfile::tempdir_in(memory).is_ok();
    if writable { memory.to_owned() } else { std::env::temp_dir() }
}

impl Template {
    /// Makes the template.
    ///
    /// # Errors
    /// [`Violation`]: a server or a phone could not be made.
    pub fn make() -> Result<Self, Violation> {
        let folder = tempfile::Builder::new().prefix("payung-sim-").tempdir_in(place())?;
        let (_edge, _entered) = Edge::enter(START - 3_600_000, SEED);
        let data = DataDir::new(folder.path().join("server"));
        let service = Arc::new(Service::open(&data)?);
        let now = START - 3_600_000;
        service.add_operator(KELURAHAN, "Rini Hartati", Role::KelurahanOperator, KELURAHAN, now)?;
        service.add_operator(KELURAHAN, "Bambang Riyadi", Role::BranchOperator, BRANCH, now)?;
        let mut chance = Chance::of(SEED, 2);
        for (place, areas) in AREAS.iter().enumerate() {
            let areas = areas.iter().map(|path| area(path)).collect::<Played<Vec<Area>>>()?;
            let official = OfficialId(chance.id(now));
            let new = NewInvite {
                name: format!("Petugas {}", place + 1),
                roles: vec![Role::Official],
                areas,
                official: None,
                replaces: None,
            };
            let invite = service.invite(KELURAHAN, new, official, vec![SERVER.to_owned()], now)?;
            let link = invite
                .to_link()
                .map_err(|error| Violation { rule: "an invite is a link", detail: error.to_string() })?;
            let phone = folder.path().join(format!("phone-{place}"));
            fs::create_dir_all(&phone)?;
            let store = Store::open(&phone.join(DATABASE), &key(), &options())?;
            let answering = Arc::clone(&service);
            let road = InProcess::new(move |endpoint, body: &[u8]| {
                let gone = |_| TransportError::Unreachable;
                match endpoint {
                    Endpoint::Keys => {
                        let published = answering.keys().published().map_err(gone)?;
                        serde_json::to_vec(&published).map_err(|_| TransportError::Unreachable)
                    }
                    _ => answering.join_bundle(body, "r-1", now).map_err(|_| TransportError::Unreachable),
                }
            });
            if let Err(error) = join(&link, &JoinFacts::default(), &store, &road, now, &mut chance) {
                return broken("a phone joins", error.to_string());
            }
        }
        drop(service);
        Ok(Self { folder })
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    pub(crate) fn phone(&self, place: usize) -> PathBuf {
        self.folder.path().join(format!("phone-{place}"))
    }

    /// An empty folder beside, for one run.
    pub(crate) fn run_folder(&self) -> Played<TempDir> {
        Ok(tempfile::Builder::new().prefix("run-").tempdir_in(self.folder.path())?)
    }
}
