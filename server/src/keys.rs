//! The server's keys, in files outside the database: master key, root, signing key, recovery key, receiver keys.
//!
//! `keys/` in the data directory holds `master.key`, `signing.key`, `recovery.key` and (until it is moved away)
//! `root.key` as 64 hex digits, `keys.cose` as the root signed it, and `receivers.json`. Receiver keys are replaced
//! every 30 days and destroyed after 90. `card-YEAR.key` issues the membership cards of a year; `cards.txt` names all of them,
//! signed by the root, as verifiers get it.

use crate::clock;
use chrono::{Datelike, NaiveDate};
use payung_card::{CardError, CardKey, CardKeys, IssuerKey, armoured, unarmoured};
use payung_protocol::{
    Fingerprint, KeyId, KeyList, PublishedKeys, ReceiverEntry, ReceiverList, ReceiverSecret, SealError, SigningKey,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const DAY: i64 = 24 * 3600 * 1000;
/// A receiver key is given out for so long …
const ROTATE: i64 = 30 * DAY;
/// … and can open what was sealed to it for so long.
const DESTROY: i64 = 90 * DAY;

/// Why keys could not be had. Names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("the key file {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in the file is no key.
    #[error("the key file {} is damaged or not a key", .0.display())]
    Damaged(PathBuf),
    /// The signed list is not of these keys.
    #[error("the key list {} does not fit the keys beside it: sign it with `payung admin keys sign --root FILE`", .0.display())]
    List(PathBuf),
    /// Signing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The list of the cards' keys there is cannot be believed, or not be signed.
    #[error("the cards' key list {}: {reason}", path.display())]
    Cards {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: CardError,
    },
}

/// The system's random source, as the sealing functions take it.
pub fn rng() -> clock::Random {
    clock::Random
}

#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Receiver {
    secret: String,
    made_at: i64,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Receivers {
    serial: u64,
    keys: Vec<Receiver>,
}

/// The keys of a running server.
pub struct Keys {
    dir: PathBuf,
    master: Zeroizing<[u8; 32]>,
    signing: SigningKey,
    root: Fingerprint,
    list: Vec<u8>,
    receivers: RwLock<Receivers>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.dir.display())
    }
}

impl Keys {
    /// Makes all keys anew in `dir`, the root in `root` (or beside the others). Nothing that exists is overwritten.
    pub fn init(dir: &Path, root: Option<&Path>, now: i64) -> Result<(), KeysError> {
        private_dir(dir).map_err(|source| KeysError::File { path: dir.to_owned(), source })?;
        let root = root.map_or_else(|| dir.join("root.key"), Path::to_owned);
        for path in [dir.join("master.key"), dir.join("signing.key"), dir.join("recovery.key"), root.clone()] {
            write_new_key(&path, &clock::random())?;
        }
        Self::sign(dir, &root)?;
        Self::sign_card_keys(dir, &root, card_year(now), false)?;
        let mut receivers = Receivers::default();
        receivers.renew(now);
        write_over(&dir.join("receivers.json"), &json(&receivers, dir)?)
    }

    /// Signs the list of the keys in `dir` with the root in the file `root`, under the next serial.
    pub fn sign(dir: &Path, root: &Path) -> Result<Fingerprint, KeysError> {
        let root = SigningKey::from_bytes(&*read_key(root)?);
        let path = dir.join("keys.cose");
        let before = match fs::read(&path) {
            Ok(signed) => {
                KeyList::verify(&signed, &root.verifying_key().fingerprint(), 0).map_or(0, |list| list.serial)
            }
            Err(_) => 0,
        };
        let server = SigningKey::from_bytes(&*read_key(&dir.join("signing.key"))?);
        let escrow = ReceiverSecret::from_bytes(&*read_key(&dir.join("recovery.key"))?)?;
        let list = KeyList {
            serial: before + 1,
            root: root.verifying_key(),
            signing: vec![server.verifying_key()],
            recovery: Some(escrow.receiver_key()),
            card_roots: Vec::new(),
        };
        write_over(&path, &list.sign(&root)?)?;
        let fingerprint = root.verifying_key().fingerprint();
        write_over(&dir.join("root.fingerprint"), format!("{fingerprint}\n").as_bytes())?;
        Ok(fingerprint)
    }

    /// Makes the key that issues the membership cards of a year, unless it is there, and names it in the cards' key list,
    /// which the root in the file `root` signs under the next serial if anything changed. Answers the list. A `stolen` key leaves the list and makes
    /// way for another: what it issued is red from then on.
    pub fn sign_card_keys(dir: &Path, root: &Path, year: u16, stolen: bool) -> Result<CardKeys, KeysError> {
        let root = IssuerKey::from_bytes(&*read_key(root)?);
        let path = dir.join("cards.txt");
        let cards = |reason| KeysError::Cards { path: path.clone(), reason };
        let mut list = match fs::read(&path) {
            Ok(file) => unarmoured(&file)
                .and_then(|signed| CardKeys::verify(&signed, &root.public().fingerprint(), 0))
                .map_err(cards)?,
            Err(_) => CardKeys { serial: 0, root: root.public(), keys: Vec::new() },
        };
        let secret = dir.join(format!("card-{year}.key"));
        if !secret.exists() {
            write_new_key(&secret, &clock::random())?;
        } else if stolen {
            let stolen_key = IssuerKey::from_bytes(&*read_key(&secret)?).public();
            list.keys.retain(|key| key.public != stolen_key);
            write_over(&secret, &hex_line(&clock::random()))?;
        }
        let public = IssuerKey::from_bytes(&*read_key(&secret)?).public();
        let day = |month, day| NaiveDate::from_ymd_opt(year.into(), month, day).unwrap_or_default();
        if list.keys.iter().any(|key| key.public == public) {
            return Ok(list);
        }
        list.keys.push(CardKey { public, from: day(1, 1), until: day(12, 31) });
        list.serial += 1;
        let signed = list.sign(&root).map_err(cards)?;
        write_over(&path, format!("{}\n", armoured(&signed)).as_bytes())?;
        Ok(list)
    }

    /// Where the root's secret still lies beside the other keys, makes the key of a year's cards where there is none yet, so that a
    /// server whose operator never moved the root away does not stop issuing. Whether one was made.
    pub fn ensure_card_key(&self, now: i64) -> Result<bool, KeysError> {
        let year = card_year(now);
        let Some(root) = self.root_beside().filter(|_| !self.dir.join(format!("card-{year}.key")).exists()) else {
            return Ok(false);
        };
        Self::sign_card_keys(&self.dir, &root, year, false).map(|_| true)
    }

    /// The list of the cards' keys as verifiers get it: read, and as text. None where none was ever signed.
    pub fn card_keys(&self) -> Result<Option<(CardKeys, String)>, KeysError> {
        let path = self.dir.join("cards.txt");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text.trim().to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeysError::File { path, source }),
        };
        let root = payung_card::Fingerprint(self.root.0);
        let read = unarmoured(text.as_bytes()).and_then(|signed| CardKeys::verify(&signed, &root, 0));
        read.map(|keys| Some((keys, text))).map_err(|reason| KeysError::Cards { path, reason })
    }

    /// The key that issues cards on a day: none where there is none, or the list does not name it.
    pub fn card_issuer(&self, keys: &CardKeys, day: NaiveDate) -> Result<Option<IssuerKey>, KeysError> {
        let path = self.dir.join(format!("card-{}.key", day.year()));
        if !path.exists() {
            return Ok(None);
        }
        let key = IssuerKey::from_bytes(&*read_key(&path)?);
        let issues = |listed: &CardKey| listed.public == key.public() && listed.issues_on(day);
        Ok(keys.keys.iter().any(issues).then_some(key))
    }

    /// Reads the keys. Every one but the root must be there.
    pub fn open(dir: &Path) -> Result<Self, KeysError> {
        let master = read_key(&dir.join("master.key"))?;
        let signing = SigningKey::from_bytes(&*read_key(&dir.join("signing.key"))?);
        let path = dir.join("root.fingerprint");
        let mut root = [0; 16];
        hex::decode_to_slice(read(&path)?.trim_ascii(), &mut root).map_err(|_| KeysError::Damaged(path))?;
        let root = Fingerprint(root);
        let path = dir.join("keys.cose");
        let list = read(&path)?;
        let keys = KeyList::verify(&list, &root, 0).map_err(|_| KeysError::List(path.clone()))?;
        if !keys.signing.contains(&signing.verifying_key()) {
            return Err(KeysError::List(path));
        }
        let path = dir.join("receivers.json");
        let receivers: Receivers =
            serde_json::from_slice(&read(&path)?).map_err(|_| KeysError::Damaged(path.clone()))?;
        if receivers.keys.is_empty() || receivers.keys.iter().any(|key| key.secret().is_none()) {
            return Err(KeysError::Damaged(path));
        }
        Ok(Self { dir: dir.to_owned(), master, signing, root, list: list.to_vec(), receivers: RwLock::new(receivers) })
    }

    /// Where the root's secret still lies beside the other keys.
    pub fn root_beside(&self) -> Option<PathBuf> {
        Some(self.dir.join("root.key")).filter(|path| path.exists())
    }

    /// The root's fingerprint, for invites.
    pub fn root(&self) -> Fingerprint {
        self.root
    }

    /// The key of the database's sealed columns.
    pub fn master(&self) -> &[u8; 32] {
        &self.master
    }

    /// Signs replies and certificates.
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The recovery key, from a file of its own or from beside the others. Read when it is needed and not kept: it may
    /// lie elsewhere.
    pub fn recovery(&self, from: Option<&Path>) -> Result<ReceiverSecret, KeysError> {
        let path = from.map_or_else(|| self.dir.join("recovery.key"), Path::to_owned);
        ReceiverSecret::from_bytes(&*read_key(&path)?).map_err(|_| KeysError::Damaged(path))
    }

    /// The secret of a receiver key, unless it is unknown or destroyed.
    pub fn receiver(&self, id: KeyId) -> Option<ReceiverSecret> {
        let receivers = self.receivers.read().unwrap_or_else(PoisonError::into_inner);
        receivers.keys.iter().filter_map(Receiver::secret).find(|secret| secret.receiver_key().id() == id)
    }

    /// Both lists, as they are handed out.
    pub fn published(&self) -> Result<PublishedKeys, KeysError> {
        let receivers = self.receivers.read().unwrap_or_else(PoisonError::into_inner);
        let entry = |key: &Receiver| {
            let public = key.secret()?.receiver_key();
            Some(ReceiverEntry { public, not_after: key.made_at + DESTROY })
        };
        let list = ReceiverList { serial: receivers.serial, keys: receivers.keys.iter().filter_map(entry).collect() };
        Ok(PublishedKeys { keys: self.newest_list(), receivers: list.sign(&self.signing)? })
    }

    /// The list as the root signed it last: `payung admin keys sign` writes it beside a running server. One that does
    /// not fit these keys is left alone.
    fn newest_list(&self) -> Vec<u8> {
        let own = self.signing.verifying_key();
        let serial = |list: &[u8]| {
            let fits = KeyList::verify(list, &self.root, 0).ok().filter(|keys| keys.signing.contains(&own));
            fits.map(|keys| keys.serial)
        };
        let written = fs::read(self.dir.join("keys.cose")).ok();
        written.filter(|list| serial(list) >= serial(&self.list)).unwrap_or_else(|| self.list.clone())
    }

    /// Makes a new receiver key when the newest is 30 days old, and destroys those of 90. Whether anything was done.
    pub fn rotate(&self, now: i64) -> Result<bool, KeysError> {
        let mut held = self.receivers.write().unwrap_or_else(PoisonError::into_inner);
        let mut receivers = held.clone();
        if !receivers.renew(now) {
            return Ok(false);
        }
        write_over(&self.dir.join("receivers.json"), &json(&receivers, &self.dir)?)?;
        *held = receivers;
        Ok(true)
    }
}

impl Receiver {
    fn secret(&self) -> Option<ReceiverSecret> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(self.secret.as_bytes(), bytes.as_mut()).ok()?;
        ReceiverSecret::from_bytes(&bytes).ok()
    }
}

impl Receivers {
    /// The newest key first.
    fn renew(&mut self, now: i64) -> bool {
        let before = self.keys.len();
        self.keys.retain(|key| key.made_at > now - DESTROY);
        let due = self.keys.first().is_none_or(|key| key.made_at <= now - ROTATE);
        if due {
            let secret = ReceiverSecret::generate(&mut rng());
            let secret = hex::encode(*secret.to_bytes());
            self.keys.insert(0, Receiver { secret, made_at: now });
        }
        let changed = due || self.keys.len() != before;
        self.serial += u64::from(changed);
        changed
    }
}

/// The year of the cards' keys: Jakarta's, for all zones of the country.
fn card_year(now: i64) -> u16 {
    u16::try_from(crate::card::jakarta(now).year()).unwrap_or_default()
}

fn json<T: Serialize>(value: &T, path: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    serde_json::to_vec(value).map(Zeroizing::new).map_err(|_| KeysError::Damaged(path.to_owned()))
}

fn hex_line(key: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(format!("{}\n", hex::encode(key)).into_bytes())
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    fs::read(path).map(Zeroizing::new).map_err(|source| KeysError::File { path: path.to_owned(), source })
}

/// A key file: 64 hex digits.
pub(crate) fn read_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeysError> {
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(read(path)?.trim_ascii(), key.as_mut()).map_err(|_| KeysError::Damaged(path.to_owned()))?;
    Ok(key)
}

fn private(new: bool) -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    if new {
        options.create_new(true);
    } else {
        options.create(true).truncate(true);
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A folder that only its owner enters; one that is there stays as it is.
pub(crate) fn private_dir(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// The fingerprint of the root in a file.
pub(crate) fn root_of(path: &Path) -> Result<Fingerprint, KeysError> {
    let root = read_key(path)?;
    Ok(SigningKey::from_bytes(&root).verifying_key().fingerprint())
}

/// A new key file; one that exists is left alone and told.
pub(crate) fn write_new_key(path: &Path, key: &[u8; 32]) -> Result<(), KeysError> {
    write_new(path, &hex_line(key))
}

/// A new file that only its owner reads; one that exists is left alone and told.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let write = || {
        let mut file = private(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| KeysError::File { path: path.to_owned(), source })
}

/// Replaces a file in one step, so that a crash leaves the old one or the new one.
pub(crate) fn write_over(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = private(false).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        // the rename itself must be durable, too
        path.parent().map_or(Ok(()), |dir| fs::File::open(dir)?.sync_all())
    };
    write().map_err(|source| KeysError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use payung_protocol::Serials;

    fn keys() -> (tempfile::TempDir, Keys) {
        let dir = tempfile::tempdir().expect("a folder");
        Keys::init(dir.path(), None, 0).expect("new keys");
        let keys = Keys::open(dir.path()).expect("the keys");
        (dir, keys)
    }

    #[test]
    fn published_lists_hang_on_the_root() {
        let (_dir, keys) = keys();
        let lists = keys.published().expect("lists").verify(&keys.root(), Serials::default()).expect("the root's");
        let key = lists.receivers.current(0).expect("a key");
        assert!(keys.receiver(key.id()).is_some());
        assert!(keys.published().expect("lists").verify(&Fingerprint([1; 16]), Serials::default()).is_err());
    }

    #[test]
    fn receiver_key_is_replaced_after_30_days_and_destroyed_after_90() {
        let (dir, keys) = keys();
        let current =
            || keys.published().expect("lists").verify(&keys.root(), Serials::default()).expect("ours").receivers;
        let first = current().current(0).expect("a key").id();
        assert!(!keys.rotate(29 * DAY).expect("rotated"));
        assert!(keys.rotate(30 * DAY).expect("rotated"));
        let second = current();
        assert_eq!(second.keys.len(), 2);
        assert_ne!(second.current(30 * DAY).expect("a key").id(), first);
        assert!(keys.receiver(first).is_some(), "what was sealed to the old key still opens");
        assert!(keys.rotate(90 * DAY).expect("rotated"));
        assert!(keys.receiver(first).is_none());
        assert!(current().serial > second.serial);
        assert!(Keys::open(dir.path()).expect("the keys").receiver(first).is_none(), "gone from the file, too");
    }

    #[test]
    fn keys_work_with_the_root_moved_away_and_signed_again() {
        let (dir, keys) = keys();
        let away = tempfile::tempdir().expect("a folder");
        let moved = away.path().join("root.key");
        fs::rename(keys.root_beside().expect("beside"), &moved).expect("moved");
        let keys = Keys::open(dir.path()).expect("the keys");
        assert!(keys.root_beside().is_none());
        assert_eq!(Keys::sign(dir.path(), &moved).expect("signed"), keys.root());
        let list = Keys::open(dir.path()).expect("the keys").published().expect("lists");
        let seen = list.verify(&keys.root(), Serials::default()).expect("ours");
        assert_eq!(seen.keys.serial, 2);
    }

    #[test]
    fn newly_signed_list_is_handed_out_by_a_server_that_runs() {
        let (dir, keys) = keys();
        let serial = || {
            let lists = keys.published().expect("lists").verify(&keys.root(), Serials::default()).expect("ours");
            lists.keys.serial
        };
        assert_eq!(serial(), 1);
        Keys::sign(dir.path(), &dir.path().join("root.key")).expect("signed");
        assert_eq!(serial(), 2);
        // of another root, or no list at all: the one it began with
        let other = tempfile::tempdir().expect("a folder");
        Keys::init(other.path(), None, 0).expect("new keys");
        fs::copy(other.path().join("keys.cose"), dir.path().join("keys.cose")).expect("copied");
        assert_eq!(serial(), 1);
        fs::remove_file(dir.path().join("keys.cose")).expect("removed");
        assert_eq!(serial(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn folders_of_a_server_are_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let outer = tempfile::tempdir().expect("a folder");
        let data = crate::service::DataDir::new(outer.path().join("data"));
        data.make(0).expect("made");
        for folder in [data.path().to_owned(), data.keys()] {
            let mode = fs::metadata(&folder).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        }
    }

    #[test]
    fn damaged_or_missing_key_is_told_by_its_file() {
        let (dir, _keys) = keys();
        fs::write(dir.path().join("master.key"), "not hex").expect("written");
        let error = Keys::open(dir.path()).expect_err("damaged").to_string();
        assert!(error.contains("master.key") && !error.contains("not hex"), "{error}");
        fs::remove_file(dir.path().join("master.key")).expect("removed");
        assert!(Keys::open(dir.path()).expect_err("missing").to_string().contains("master.key"));
        assert!(Keys::init(dir.path(), None, 0).is_err(), "existing keys are never overwritten");
    }
}
