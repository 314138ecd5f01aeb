//! A server with its phones, ours or the peer's: the same acts for both, so that every row is written once.

use crate::{
    BenchError,
    answer::Answer,
    dossier::{self, Touched},
    peer::Peer,
    process::{Running, disk},
    proxy::Road,
    server::{self, admin},
};
use serde_json::{Map, Value, json};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

/// Whose.
#[derive(Clone)]
pub(crate) enum Side {
    /// Payung.
    Ours,
    /// PouchDB.
    Peer(Peer),
}

impl Side {
    /// 0 for ours, 1 for the peer: the order of the columns.
    pub(crate) fn column(&self) -> usize {
        usize::from(matches!(self, Self::Peer(_)))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer(_) => "peer",
        }
    }

    /// Records that one person becomes.
    pub(crate) fn records(&self) -> usize {
        match self {
            Self::Ours => 3,
            Self::Peer(_) => 1,
        }
    }
}

/// What is looked up.
#[derive(Clone, Copy)]
pub(crate) enum Look {
    /// One person by NIK.
    Nik(u64),
    /// The first page of an area.
    List,
    /// The first page of a name.
    Search,
}

/// A server with its phones, in one folder.
pub(crate) struct Scene<'b> {
    folder: PathBuf,
    side: &'b Side,
    road: &'b Road,
    /// Of the peer's documents, in the order of the people.
    ids: Rc<Vec<String>>,
}

/// The phone with which people are registered.
pub(crate) const FIRST: &str = "a";

impl<'b> Scene<'b> {
    /// A fresh server, stopped again, and a phone that has registered so many people and sent nothing yet. Also the
    /// answer of the process that registered them.
    pub(crate) fn prepare(
        folder: PathBuf,
        side: &'b Side,
        road: &'b Road,
        people: u64,
    ) -> Result<(Self, Answer), BenchError> {
        fs::create_dir_all(&folder)?;
        let mut scene = Self { folder, side, road, ids: Rc::default() };
        let phone = scene.phone(FIRST)?;
        let registered = match side {
            Side::Ours => {
                let server = scene.serve()?;
                admin(&scene.server(), &["--json", "operator", "add", "Operator Uji"])?;
                scene.add_phone(FIRST)?;
                drop(server);
                own(&["register", text(&phone)?, &people.to_string()])?
            }
            Side::Peer(peer) => {
                let file = scene.folder.join("documents");
                scene.ids = Rc::new(dossier::write_documents(&file, people)?.ids);
                peer.phone("load", &phone, &[text(&file)?])?
            }
        };
        Ok((scene, registered))
    }

    /// A copy, so that every run begins with the same files. Removed with [`Scene::remove`].
    pub(crate) fn copy(&self, to: PathBuf) -> Result<Self, BenchError> {
        copy_dir(&self.folder, &to)?;
        Ok(Self { folder: to, side: self.side, road: self.road, ids: Rc::clone(&self.ids) })
    }

    /// Deletes its files.
    pub(crate) fn remove(self) -> Result<(), BenchError> {
        Ok(fs::remove_dir_all(&self.folder)?)
    }

    /// Starts the server and leads the road to it.
    pub(crate) fn serve(&self) -> Result<Running, BenchError> {
        let server = match self.side {
            Side::Ours => server::start(&self.server())?,
            Side::Peer(peer) => peer.start(&self.server())?,
        };
        self.road.aim(server.address);
        Ok(server)
    }

    /// Another phone that may see everything; the server must be up.
    pub(crate) fn add_phone(&self, name: &str) -> Result<(), BenchError> {
        let phone = self.phone(name)?;
        if let Side::Ours = self.side {
            let official = format!("Petugas {name}");
            let acts = ["--as", "Operator Uji", "--json", "invite", "--official", &official];
            let scope = ["--area", dossier::AREA, "--server", &self.road.url()];
            let invite = admin(&self.server(), &[&acts[..], &scope].concat())?;
            let no_link = || BenchError::Setup("an invite without a link".to_owned());
            own(&["join", text(&phone)?, invite["link"].as_str().ok_or_else(no_link)?])?;
        }
        Ok(())
    }

    /// Sends what waits, in batches of so many.
    pub(crate) fn push(&self, name: &str, batch: Option<usize>) -> Result<Answer, BenchError> {
        self.exchange("push", name, batch, false)
    }

    /// The same on a road that will be cut.
    pub(crate) fn push_to_the_cut(&self, name: &str, batch: Option<usize>) -> Result<Answer, BenchError> {
        self.exchange("push", name, batch, true)
    }

    /// Reads everything; how much at a time, ours leaves to the server.
    pub(crate) fn pull(&self, name: &str, batch: Option<usize>) -> Result<Answer, BenchError> {
        self.exchange("pull", name, batch, false)
    }

    /// Both.
    pub(crate) fn sync(&self, name: &str) -> Result<Answer, BenchError> {
        self.exchange("sync", name, None, false)
    }

    fn exchange(&self, row: &str, name: &str, batch: Option<usize>, cut: bool) -> Result<Answer, BenchError> {
        let phone = self.phone(name)?;
        let batch = batch.map(|batch| batch.to_string());
        match self.side {
            Side::Ours => {
                let mut given = vec!["exchange", text(&phone)?];
                given.extend(batch.iter().flat_map(|batch| ["--most", batch]));
                given.extend(cut.then_some("--cut"));
                own(&given)
            }
            Side::Peer(peer) => {
                let url = self.road.url();
                let mut given = vec![url.as_str(), batch.as_deref().unwrap_or("1000")];
                given.extend(cut.then_some("--cut"));
                peer.phone(row, &phone, &given)
            }
        }
    }

    /// Edits one field of the people at these places, offline.
    pub(crate) fn edit(&self, name: &str, touched: Touched, places: Range<u64>) -> Result<Answer, BenchError> {
        let phone = self.phone(name)?;
        let wanted = usize::try_from(places.end - places.start).unwrap_or(usize::MAX);
        let edited = match self.side {
            Side::Ours => own(&["edit", text(&phone)?, field(touched), &from(&places), &to(&places)])?,
            Side::Peer(peer) => peer.phone("edit", &phone, &[text(&self.changes(&[touched], places)?)?])?,
        };
        all(edited, wanted, "edited")
    }

    /// What became of fields that were edited in two places, as this phone shows it.
    pub(crate) fn judge(&self, name: &str, touched: &[Touched], places: Range<u64>) -> Result<Answer, BenchError> {
        let phone = self.phone(name)?;
        let wanted = usize::try_from(places.end - places.start).unwrap_or(usize::MAX);
        let judged = match self.side {
            Side::Ours => {
                let (from, to) = (from(&places), to(&places));
                let fields = touched.iter().map(|touched| field(*touched));
                own(&["judge", text(&phone)?, &from, &to].into_iter().chain(fields).collect::<Vec<_>>())?
            }
            Side::Peer(peer) => peer.phone("judge", &phone, &[text(&self.changes(touched, places)?)?])?,
        };
        all(judged, wanted, "judged")
    }

    /// Makes the indexes of the look-ups, where that is an act of its own; its seconds.
    pub(crate) fn index(&self, name: &str) -> Result<Option<f64>, BenchError> {
        match self.side {
            Side::Ours => Ok(None),
            Side::Peer(peer) => peer.phone("index", &self.phone(name)?, &[]).map(|made| Some(made.seconds)),
        }
    }

    /// One look-up, cold.
    pub(crate) fn look(&self, name: &str, look: Look) -> Result<Answer, BenchError> {
        let phone = self.phone(name)?;
        match (self.side, look) {
            (Side::Ours, Look::Nik(i)) => own(&["nik", text(&phone)?, &i.to_string()]),
            (Side::Ours, Look::List) => own(&["list", text(&phone)?]),
            (Side::Ours, Look::Search) => own(&["search", text(&phone)?]),
            (Side::Peer(peer), Look::Nik(i)) => peer.phone("nik", &phone, &[&dossier::someone(i)?.0.nik]),
            (Side::Peer(peer), Look::List) => peer.phone("list", &phone, &[dossier::AREA]),
            (Side::Peer(peer), Look::Search) => peer.phone("search", &phone, &[dossier::WORD]),
        }
    }

    /// Bytes of a phone's files.
    pub(crate) fn phone_disk(&self, name: &str) -> u64 {
        disk(&self.folder.join("phones").join(name))
    }

    /// Bytes of the server's files.
    pub(crate) fn server_disk(&self) -> u64 {
        disk(&self.server())
    }

    /// A phone's folder.
    pub(crate) fn phone(&self, name: &str) -> Result<PathBuf, BenchError> {
        let folder = self.folder.join("phones").join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    fn server(&self) -> PathBuf {
        self.folder.join("server")
    }

    /// The edits as the peer's script takes them: `{id: {field: value}}`.
    fn changes(&self, touched: &[Touched], places: Range<u64>) -> Result<PathBuf, BenchError> {
        let mut changes = Map::new();
        for (place, id) in (0..).zip(self.ids.iter()).filter(|(place, _)| places.contains(place)) {
            let mut fields = Map::new();
            for touched in touched {
                fields.insert(touched.field().to_owned(), touched.value(place)?);
            }
            changes.insert(id.clone(), Value::Object(fields));
        }
        let file = self.folder.join("changes");
        fs::write(&file, json!(changes).to_string())?;
        Ok(file)
    }
}

/// This program again, as a phone.
pub(crate) fn own(arguments: &[&str]) -> Result<Answer, BenchError> {
    let row = arguments.first().unwrap_or(&"");
    Answer::of(Command::new(std::env::current_exe()?).args(arguments), row)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> Result<&str, BenchError> {
    path.to_str().ok_or_else(|| BenchError::Setup("a folder whose name is not text".to_owned()))
}

/// A row that did less than it was asked says nothing.
pub(crate) fn all(answer: Answer, wanted: usize, what: &str) -> Result<Answer, BenchError> {
    if answer.count >= wanted {
        return Ok(answer);
    }
    Err(BenchError::Setup(format!("{} of {wanted} were {what}", answer.count)))
}

fn field(touched: Touched) -> &'static str {
    match touched {
        Touched::Phone => "phone",
        Touched::Heirs => "heirs",
        Touched::Nik => "nik",
        Touched::OtherNik => "other-nik",
    }
}

fn from(places: &Range<u64>) -> String {
    places.start.to_string()
}

fn to(places: &Range<u64>) -> String {
    places.end.to_string()
}

fn copy_dir(from: &Path, to: &Path) -> Result<(), BenchError> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
