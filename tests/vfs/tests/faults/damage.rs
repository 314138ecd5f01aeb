//! Bytes that change by themselves, files cut short or gone: found, set aside, brought over, never taken for truth.

use crate::world::{RT, World, copy, edit_notes, found, key, register, someone, visit};
use payung_domain::{area::Area, field::Kind, id::RecordId, text};
use payung_store::{DatabaseKey, Options, Salvaged, Store, StoreError};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use tempfile::TempDir;

/// Those before are at the server already: pulled anew after a loss, not brought over.
const FIRST: u64 = 3;
/// Up to here they are registered on the damaged phone only, each with a note and a visit.
const PEOPLE: u64 = 24;
/// The last of them only lies in the log.
const FOLDED: u64 = 12;

/// A phone's files as a kill leaves them: half of the work in the database, half in the log.
fn phone() -> &'static Path {
    static PHONE: OnceLock<TempDir> = OnceLock::new();
    let folder = PHONE.get_or_init(|| {
        let world = World::copy();
        let work = |store: &Store, i| {
            if i > FIRST {
                register(store, i).unwrap();
            }
            let worker = found(store, i).unwrap();
            edit_notes(store, worker, &format!("catatan {i}")).unwrap();
            visit(store, worker).unwrap();
        };
        let store = world.open_phone().unwrap();
        (FIRST..FOLDED).for_each(|i| work(&store, i));
        // closing folds the log in
        drop(store);
        let store = world.open_phone().unwrap();
        (FOLDED..PEOPLE).for_each(|i| work(&store, i));
        let killed = tempfile::tempdir().unwrap();
        copy(&world.phone_folder(), killed.path());
        drop(store);
        killed
    });
    folder.path()
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(&folder.join("payung.db"), &key(), &Options::default())
}

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// Bytes from here on are others.
    Flip {
        at: usize,
        length: usize,
    },
    /// A part became zeros.
    Zero {
        at: usize,
        length: usize,
    },
    /// The end is gone.
    Cut {
        at: usize,
    },
    Gone,
}

impl Damage {
    fn any(rng: &mut fastrand::Rng, length: usize) -> Self {
        let at = rng.usize(..length);
        match rng.u8(..10) {
            0..6 => Self::Flip { at, length: rng.usize(1..9) },
            6 | 7 => Self::Zero { at: at / 512 * 512, length: 512 },
            8 => Self::Cut { at: if rng.u8(..4) == 0 { 0 } else { at } },
            _ => Self::Gone,
        }
    }

    fn apply(self, path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        let end = |at: usize, length: usize| (at + length).min(bytes.len());
        match self {
            Self::Flip { at, length } => {
                let end = end(at, length);
                bytes[at..end].iter_mut().for_each(|byte| *byte ^= 0x5a);
            }
            Self::Zero { at, length } => {
                let end = end(at, length);
                bytes[at..end].fill(0);
            }
            Self::Cut { at } => bytes.truncate(at),
            Self::Gone => return fs::remove_file(path).unwrap(),
        }
        fs::write(path, bytes).unwrap();
    }
}

/// All bytes of the phone's own files, wherever they lie now: nothing may vanish.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.is_file() && !path.to_string_lossy().ends_with("-shm"));
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// Everything the phone shows is true; how many people, notes and visits it lacks.
fn missing(store: &Store) -> Result<u64, StoreError> {
    let mut missing = 0;
    for i in FIRST..PEOPLE {
        let person = someone(i);
        let Some(worker) = find(store, i)? else {
            missing += 3;
            continue;
        };
        let shown = match store.shown(worker) {
            Err(StoreError::NotFound) => {
                missing += 3;
                continue;
            }
            shown => shown?,
        };
        let name = text::normalise_name(&person.name);
        assert!(shown.text("name").is_none_or(|shown| shown == name), "a name nobody typed");
        assert_eq!(shown.area, Area::parse(RT).unwrap());
        match shown.text("notes") {
            None => missing += 1,
            Some(notes) => assert_eq!(notes, format!("catatan {i}")),
        }
        missing += u64::from(shown.text("name").is_none());
        missing += u64::from(store.children(worker, &Kind::Visit)?.len() != 1);
    }
    Ok(missing)
}

fn find(store: &Store, i: u64) -> Result<Option<RecordId>, StoreError> {
    let nik = payung_domain::nik::Nik::parse(&someone(i).nik).unwrap();
    Ok(store.find_nik(&nik)?.first().copied())
}

#[derive(Debug, Default)]
struct Met {
    unharmed: u64,
    set_aside: u64,
    refused: u64,
    lacking: u64,
    /// Of these, without being told.
    silent: u64,
    brought_over: Salvaged,
}

/// Opens a damaged phone as the app does, uses it, and holds it to the rules.
fn use_damaged(folder: &Path, name: &str, met: &mut Met) {
    let before = contents(folder);
    let mut aside: Vec<PathBuf> = Vec::new();
    for _ in 0..4 {
        match open(folder) {
            Err(StoreError::Damaged { set_aside }) => {
                assert!(set_aside.exists(), "{name}");
                aside.push(set_aside);
                met.set_aside += 1;
                let untouched = name.contains("-wal") && aside.len() == 1;
                assert_eq!(gone(folder, &before, untouched), None, "{name}: a file is gone");
            }
            // without a whole check file a damaged header looks like a wrong key: the file is left alone
            Err(StoreError::WrongKey) => {
                assert!(name.contains(".check") && aside.is_empty(), "{name}");
                assert_eq!(gone(folder, &before, false), None, "{name}");
                met.refused += 1;
                return;
            }
            Err(error) => panic!("{name}: {error:?}"),
            Ok(store) => {
                for path in &aside {
                    let salvaged = store.salvage(path, &key()).unwrap();
                    met.brought_over.ops += salvaged.ops;
                    met.brought_over.lost += salvaged.lost;
                }
                let used = missing(&store).and_then(|missing| store.check().map(|()| missing));
                match used {
                    Ok(0) => met.unharmed += 1,
                    Ok(_) => {
                        // a log that lost its end is no different from one that was cut while it was written; all
                        // else was told
                        assert!(!aside.is_empty() || name.contains("-wal"), "{name}: silently incomplete");
                        met.lacking += 1;
                        met.silent += u64::from(aside.is_empty());
                    }
                    Err(StoreError::Corrupt) => {
                        assert!(aside.is_empty(), "{name}: what was brought over is damaged");
                        continue;
                    }
                    Err(error) => panic!("{name}: {error:?}"),
                }
                // and work goes on, after joining again where who this phone is could not be read
                match register(&store, PEOPLE) {
                    Ok(_) => {}
                    Err(StoreError::NotJoined) => assert!(!aside.is_empty(), "{name}"),
                    Err(error) => panic!("{name}: {error:?}"),
                }
                return;
            }
        }
    }
    panic!("{name}: never usable");
}

/// A file of `before` that lies nowhere in the folder any more, under its name or set aside. Only a damaged log is met
/// before SQLite is let near the files, and must still have its bytes; else the log may have been folded in.
fn gone(folder: &Path, before: &BTreeMap<PathBuf, Vec<u8>>, untouched: bool) -> Option<PathBuf> {
    let now = contents(folder);
    let is_there = |name: &Path, bytes: &[u8]| {
        let suffix = name.file_name().unwrap().to_string_lossy().replace("payung.db", "");
        let is_it = |path: &Path| {
            let found = path.file_name().unwrap().to_string_lossy().replace("payung.db", "");
            found == suffix || (found.starts_with(".damaged-") && found.ends_with(suffix.as_str()))
        };
        (suffix == "-wal" && !untouched)
            || now.iter().any(|(path, content)| is_it(path) && (!untouched || content == bytes))
    };
    before.iter().find(|(name, bytes)| !is_there(name, bytes)).map(|(name, _)| name.clone())
}

fn over(seeds: std::ops::Range<u64>, suffixes: &[&str]) -> Met {
    let mut met = Met::default();
    for seed in seeds {
        let mut rng = fastrand::Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        copy(phone(), folder.path());
        let mut name = format!("seed {seed}");
        for suffix in suffixes {
            let path = folder.path().join(format!("payung.db{suffix}"));
            let damage = Damage::any(&mut rng, usize::try_from(fs::metadata(&path).unwrap().len()).unwrap());
            damage.apply(&path);
            name = format!("{name} payung.db{suffix} {damage:?}");
        }
        use_damaged(folder.path(), &name, &mut met);
    }
    println!("{suffixes:?}: {met:?}");
    met
}

#[test]
fn damaged_database_is_found_set_aside_and_brought_over_never_believed() {
    let met = over(0..60, &[""]);
    // keys and ids differ from run to run, and with them what lies where; enough must have been hit to mean something
    assert!(met.set_aside > 10 && met.brought_over.ops > 300, "{met:?}");
}

#[test]
fn damaged_log_is_found_or_is_its_own_torn_end() {
    let met = over(100..150, &["-wal"]);
    assert!(met.set_aside > 10 && met.silent < 35, "{met:?}");
}

#[test]
fn damaged_check_file_hurts_nothing() {
    let met = over(200..220, &[".check"]);
    assert_eq!((met.set_aside, met.lacking, met.refused), (0, 0, 0), "{met:?}");
}

#[test]
fn database_damaged_together_with_its_check_file_is_left_alone_or_set_aside() {
    let met = over(300..330, &["", ".check"]);
    assert!(met.refused > 0, "{met:?}");
}

#[test]
fn setting_aside_cut_short_by_a_kill_is_completed_with_the_log() {
    for moved in 0..=3 {
        let folder = tempfile::tempdir().unwrap();
        copy(phone(), folder.path());
        fs::remove_file(folder.path().join("payung.db-shm")).ok();
        fs::write(folder.path().join("payung.db.found-damaged"), []).unwrap();
        let file = |name: &str| folder.path().join(name);
        for suffix in ["-wal", ".check"].iter().take(moved) {
            fs::rename(file(&format!("payung.db{suffix}")), file(&format!("payung.db.damaged-1{suffix}"))).unwrap();
        }
        if moved == 3 {
            fs::remove_file(file("payung.db.found-damaged")).unwrap();
        }
        let Err(StoreError::Damaged { set_aside }) = open(folder.path()) else { panic!("{moved} moved: not noticed") };
        assert_eq!(set_aside, file("payung.db.damaged-1"));
        assert!(file("payung.db.damaged-1-wal").exists() && !file("payung.db.found-damaged").exists());
        let store = open(folder.path()).unwrap();
        let salvaged = store.salvage(&set_aside, &key()).unwrap();
        assert_eq!((salvaged.lost, missing(&store).unwrap()), (0, 0), "{moved} moved");
        drop(store);
        // and the fresh one is not set aside in its turn
        open(folder.path()).unwrap();
    }
}

#[test]
fn a_database_that_vanished_is_told_and_its_log_is_kept() {
    for gone in [Damage::Gone, Damage::Cut { at: 0 }] {
        let folder = tempfile::tempdir().unwrap();
        copy(phone(), folder.path());
        let log = fs::read(folder.path().join("payung.db-wal")).unwrap();
        gone.apply(&folder.path().join("payung.db"));
        // the wrong key is still told apart
        let wrong = DatabaseKey::new([9; 32]);
        let database = folder.path().join("payung.db");
        assert!(matches!(Store::open(&database, &wrong, &Options::default()), Err(StoreError::WrongKey)));
        let Err(StoreError::Damaged { set_aside }) = open(folder.path()) else { panic!("{gone:?}: not noticed") };
        assert_eq!(fs::read(set_aside.with_file_name("payung.db.damaged-1-wal")).unwrap(), log);
        let store = open(folder.path()).unwrap();
        assert_eq!(store.identity().unwrap(), None);
        drop(store);
        open(folder.path()).unwrap();
    }
}

#[test]
fn what_failed_transactions_left_in_the_log_is_no_damage() {
    use payung_vfs::{Call, Disk, Fault};
    let world = World::copy();
    let disk = Disk::watch(&world.phone_folder(), 1).unwrap();
    let store = world.open_phone().unwrap();
    // a long act and a shorter one are written whole, but their syncs fail; the shortest stands
    for length in [40_000, 20_000] {
        disk.arm_at(Call::Sync, Fault::Io, 1, false);
        assert!(matches!(store.set_value("kept", Some(&vec![7; length])), Err(StoreError::NotSaved)));
        assert_eq!(disk.disarm().hits, 1);
    }
    store.set_value("kept", Some(b"x")).unwrap();
    let killed = tempfile::tempdir().unwrap();
    copy(&world.phone_folder(), killed.path());
    let store = open(killed.path()).unwrap();
    assert_eq!(store.value("kept").unwrap().as_deref(), Some(b"x".as_slice()));
}
