//! The PIN and the biometric way, with real files and the real derivation.

mod common;

use common::{MINUTE, NOW, PIN, Phone, WRONG, bytes_of, copy_folder, later, pin, rng};
use payung_vault::{
    FREE_TRIES, KeyVault, Lock, LockError, MOST_TRIES, Moment, Purpose, SoftwareVault, VaultError, destroy, is_set,
};
use std::{
    fs,
    sync::{Arc, Mutex},
};

fn wrong(lock: &mut Lock, now: Moment) -> LockError {
    lock.unlock(&pin(WRONG), now).expect_err("a wrong PIN")
}

/// Tries wrong PINs, waiting as told, until so many are counted.
fn fail_often(phone: &Phone, times: u32) -> (Lock, Moment) {
    let (mut lock, mut now) = (phone.lock(NOW), NOW);
    for _ in 0..times {
        now = later(now, lock.status(now).wait_ms);
        wrong(&mut lock, now);
    }
    (lock, now)
}

#[test]
fn right_pin_opens_the_same_key_after_a_restart() {
    let (phone, key) = Phone::locked();
    assert_eq!(bytes_of(&phone.lock(NOW).unlock(&pin(PIN), NOW).expect("opened")), key);
    assert_eq!(bytes_of(&phone.lock(NOW).unlock(&pin(PIN), NOW).expect("opened")), key);
    assert!(phone.lock(NOW).verify_pin(&pin(PIN), NOW).is_ok());
}

#[test]
fn files_hold_neither_key_nor_pin_and_are_closed_to_others() {
    let (phone, key) = Phone::locked();
    for entry in fs::read_dir(phone.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a file");
        assert!(!bytes.windows(32).any(|window| window == key), "{}", path.display());
        assert!(!bytes.windows(6).any(|window| window == PIN.as_bytes()), "{}", path.display());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
    }
}

#[test]
fn wrong_pin_tells_the_tries_left_and_the_wait() {
    let (phone, key) = Phone::locked();
    let (mut lock, mut now) = (phone.lock(NOW), NOW);
    let minutes = [0, 0, 0, 0, 1, 5, 15, 60, 60, 60, 60, 60, 60, 60];
    for (count, wait) in (1..).zip(minutes) {
        let told = wrong(&mut lock, now);
        let (tries_left, wait_ms) = (MOST_TRIES - count, wait * MINUTE);
        assert_eq!(told, LockError::WrongPin { tries_left, wait_ms });
        if wait > 0 {
            let early = later(now, wait_ms - 1);
            assert_eq!(lock.unlock(&pin(PIN), early).err(), Some(LockError::Wait { wait_ms: 1 }), "even the right one");
            assert_eq!(lock.status(early).tries_left, tries_left, "what was not tried is not counted");
        }
        now = later(now, wait_ms);
    }
    assert_eq!(bytes_of(&lock.unlock(&pin(PIN), now).expect("the last try")), key);
    assert_eq!(phone.lock(now).status(now).tries_left, MOST_TRIES, "a right PIN gives all tries back");
}

#[test]
fn tries_and_waits_survive_a_restart_of_the_app() {
    let (phone, _) = Phone::locked();
    let (_, now) = fail_often(&phone, FREE_TRIES);
    let status = phone.lock(later(now, 20_000)).status(later(now, 20_000));
    assert_eq!((status.tries_left, status.wait_ms), (MOST_TRIES - FREE_TRIES, 40_000));
}

#[test]
fn restart_of_the_phone_begins_the_wait_anew_whatever_its_clock_says() {
    let (phone, _) = Phone::locked();
    let (_, now) = fail_often(&phone, FREE_TRIES);
    let years = 10 * 365 * 24 * 60 * MINUTE;
    let booted = Moment { wall_ms: now.wall_ms.saturating_add_unsigned(years), boot: 8, monotonic_ms: 10 * MINUTE };
    let mut lock = phone.lock(booted);
    assert_eq!(lock.status(booted).wait_ms, MINUTE);
    assert_eq!(wrong(&mut lock, later(booted, MINUTE - 1)), LockError::Wait { wait_ms: 1 });
    drop(lock);
    assert_eq!(phone.lock(later(booted, MINUTE)).status(later(booted, MINUTE)).wait_ms, 0, "and it ends");
}

#[test]
fn clock_set_forward_shortens_no_wait() {
    let (phone, _) = Phone::locked();
    let (mut lock, now) = fail_often(&phone, FREE_TRIES);
    let set = Moment { wall_ms: now.wall_ms + 365 * 24 * 3_600_000, ..now };
    assert_eq!(wrong(&mut lock, set), LockError::Wait { wait_ms: MINUTE });
}

#[test]
fn pin_that_cannot_be_counted_is_not_tried() {
    let (phone, _) = Phone::locked();
    let mut lock = phone.lock(NOW);
    phone.block("tries");
    fs::remove_file(phone.path().join("tries")).expect("removed");
    assert!(matches!(lock.unlock(&pin(PIN), NOW), Err(LockError::File(_))), "not even the right one");
}

#[test]
fn full_disk_does_not_keep_the_official_out() {
    let (phone, key) = Phone::locked();
    let before = phone.bytes("tries");
    phone.block("tries");
    let mut lock = phone.lock(NOW);
    assert!(matches!(wrong(&mut lock, NOW), LockError::WrongPin { .. }));
    assert_eq!(phone.bytes("tries").len(), before.len(), "overwritten in its place");
    assert_eq!(phone.lock(NOW).status(NOW).tries_left, MOST_TRIES - 1);
    assert_eq!(bytes_of(&lock.unlock(&pin(PIN), NOW).expect("opened")), key);
}

#[test]
fn lost_or_damaged_count_gains_no_try() {
    let (phone, _) = Phone::locked();
    let damages: [fn(&Phone); 3] = [
        |phone| fs::remove_file(phone.path().join("tries")).expect("removed"),
        |phone| phone.write("tries", b""),
        |phone| {
            let mut bytes = phone.bytes("tries");
            bytes[9] ^= 1;
            phone.write("tries", &bytes);
        },
    ];
    for damage in damages {
        damage(&phone);
        let status = phone.lock(NOW).status(NOW);
        assert_eq!((status.tries_left, status.wait_ms), (MOST_TRIES - FREE_TRIES, 60 * MINUTE));
        let hour = later(NOW, 60 * MINUTE);
        assert!(phone.lock(hour).unlock(&pin(PIN), hour).is_ok(), "and the official comes in after it");
    }
}

#[test]
fn after_fifteen_wrong_pins_nothing_on_the_phone_opens_it() {
    let (phone, _) = Phone::locked();
    let mut lock = phone.lock(NOW);
    let key = lock.unlock(&pin(PIN), NOW).expect("opened");
    lock.enable_biometric(&key, &mut rng()).expect("on");
    let before = copy_folder(phone.path());
    let (mut lock, now) = fail_often(&phone, MOST_TRIES - 1);
    let now = later(now, lock.status(now).wait_ms);
    assert_eq!(wrong(&mut lock, now), LockError::Dropped);
    for mut lock in [lock, phone.lock(now)] {
        let status = lock.status(now);
        assert!(status.dropped && !status.biometric && status.tries_left == 0, "{status:?}");
        assert_eq!(lock.unlock(&pin(PIN), now).err(), Some(LockError::Dropped));
        assert_eq!(lock.unlock_by_biometric().err(), Some(LockError::NoBiometric));
    }
    // older copies of the files: the hardware's key is gone
    let mut restored = Lock::open(before.path(), phone.vault.clone(), now).expect("the copy");
    assert_eq!(restored.unlock(&pin(PIN), now).err(), Some(LockError::Vault(VaultError::Invalidated)));
}

#[test]
fn dropping_that_was_cut_short_is_completed() {
    let (phone, _) = Phone::locked();
    let whole = phone.bytes("lock");
    fail_often(&phone, MOST_TRIES);
    // killed between the count of the last try and the dropping
    phone.write("lock", &whole);
    assert!(phone.lock(NOW).status(NOW).dropped);
    assert_ne!(phone.bytes("lock"), whole);
}

#[test]
fn kill_while_the_pin_is_changed_leaves_the_old_one_or_the_new_one() {
    let (phone, key) = Phone::locked();
    let new = "730914";
    let moments: Arc<Mutex<Vec<tempfile::TempDir>>> = Arc::default();
    let (seen, path) = (moments.clone(), phone.path().to_owned());
    phone.vault.watch(Some(Box::new(move || seen.lock().expect("free").push(copy_folder(&path)))));
    let before = phone.bytes("lock");
    phone.lock(NOW).change_pin(&pin(PIN), &pin(new), NOW, &mut rng()).expect("changed");
    phone.vault.watch(None);
    let after = phone.bytes("lock");
    let mut moments = std::mem::take(&mut *moments.lock().expect("free"));
    assert!(moments.len() >= 3, "the old secret, the new one there and back");
    // a new file half written, whole, and in place
    for written in [&after[..0], &after[..after.len() / 2], &after[..]] {
        let moment = copy_folder(phone.path());
        fs::write(moment.path().join("lock"), &before).expect("written");
        fs::write(moment.path().join("lock-new"), written).expect("written");
        moments.push(moment);
    }
    moments.push(copy_folder(phone.path()));
    let mut opened_by = Vec::new();
    for moment in &moments {
        let open = |digits| {
            let copy = copy_folder(moment.path());
            let mut lock = Lock::open(copy.path(), phone.vault.clone(), NOW).expect("the lock");
            lock.unlock(&pin(digits), NOW).ok().map(|key| bytes_of(&key))
        };
        let (by_old, by_new) = (open(PIN), open(new));
        assert!(by_old.is_some() != by_new.is_some(), "one of the two");
        assert_eq!(by_old.or(by_new), Some(key));
        opened_by.push(by_new.is_some());
    }
    assert!(opened_by.is_sorted() && opened_by.first() == Some(&false) && opened_by.last() == Some(&true));
}

#[test]
fn trivial_pin_is_refused_where_it_is_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let vault = Arc::new(SoftwareVault::in_memory(&mut rng()));
    let made = Lock::create(folder.path(), vault, &pin("123456"), &mut rng());
    assert_eq!(made.err(), Some(LockError::TrivialPin));
    assert_eq!(is_set(folder.path()), Ok(false), "nothing was made");
    let (phone, _) = Phone::locked();
    let mut lock = phone.lock(NOW);
    let changed = lock.change_pin(&pin(WRONG), &pin("000000"), NOW, &mut rng());
    assert_eq!(changed, Err(LockError::TrivialPin));
    assert_eq!(lock.status(NOW).tries_left, MOST_TRIES, "the old one was not tried");
}

#[test]
fn lock_is_never_made_over_another() {
    let (phone, key) = Phone::locked();
    let again = || Lock::create(phone.path(), phone.vault.clone(), &pin(WRONG), &mut rng());
    assert_eq!(again().err(), Some(LockError::Exists));
    assert_eq!(bytes_of(&phone.lock(NOW).unlock(&pin(PIN), NOW).expect("opened")), key);
    phone.write("lock", b"damaged");
    assert_eq!(again().err(), Some(LockError::Exists), "not even over a damaged one");
}

#[test]
fn damaged_lock_is_told_and_left_as_it_is() {
    let (phone, _) = Phone::locked();
    let whole = phone.bytes("lock");
    let used = 7 + usize::from(u16::from_be_bytes([whole[5], whole[6]])) + 8;
    for at in 0..used {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        phone.write("lock", &bytes);
        let opened = Lock::open(phone.path(), phone.vault.clone(), NOW);
        assert_eq!(opened.err(), Some(LockError::Damaged), "byte {at}");
        assert_eq!(phone.bytes("lock"), bytes);
    }
    for length in 0..used {
        phone.write("lock", &whole[..length]);
        assert_eq!(Lock::open(phone.path(), phone.vault.clone(), NOW).err(), Some(LockError::Damaged), "{length}");
    }
    fs::remove_file(phone.path().join("lock")).expect("removed");
    assert_eq!(Lock::open(phone.path(), phone.vault.clone(), NOW).err(), Some(LockError::NoLock));
}

#[test]
fn key_store_that_fails_costs_no_try() {
    let (phone, key) = Phone::locked();
    let mut lock = phone.lock(NOW);
    for fault in [VaultError::Unavailable, VaultError::Failed, VaultError::Invalidated] {
        phone.vault.fail(Some((Purpose::Pin, fault)));
        for _ in 0..=MOST_TRIES {
            assert_eq!(lock.unlock(&pin(PIN), NOW).err(), Some(LockError::Vault(fault)));
        }
    }
    phone.vault.fail(None);
    phone.vault.panic(true);
    assert_eq!(lock.unlock(&pin(PIN), NOW).err(), Some(LockError::Vault(VaultError::Failed)), "a panic is contained");
    phone.vault.panic(false);
    assert_eq!(lock.status(NOW).tries_left, MOST_TRIES);
    assert_eq!(bytes_of(&lock.unlock(&pin(PIN), NOW).expect("opened")), key);
}

/// A key store that was reset and gives other bytes without an error.
struct Forgetful(SoftwareVault);

impl KeyVault for Forgetful {
    fn wrap(&self, purpose: Purpose, plain: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.0.wrap(purpose, plain)
    }
    fn unwrap(&self, _: Purpose, _: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        Ok(vec![9; 32])
    }
    fn forget(&self, _: Purpose) -> Result<(), VaultError> {
        Ok(())
    }
    fn sign(&self, _: Vec<u8>) -> Result<Option<payung_vault::HardwareSignature>, VaultError> {
        Ok(None)
    }
}

#[test]
fn key_store_that_was_reset_does_not_look_like_a_wrong_pin() {
    let (phone, _) = Phone::locked();
    phone.vault.reset();
    let mut lock = phone.lock(NOW);
    let lost = Some(LockError::Vault(VaultError::Invalidated));
    assert_eq!(lock.unlock(&pin(PIN), NOW).err(), lost);
    let forgetful = Arc::new(Forgetful(SoftwareVault::in_memory(&mut rng())));
    let mut other = Lock::open(phone.path(), forgetful.clone(), NOW).expect("the lock");
    assert_eq!(other.unlock(&pin(PIN), NOW).err(), lost);
    assert_eq!(other.status(NOW).tries_left, MOST_TRIES);
    let folder = tempfile::tempdir().expect("a folder");
    let made = Lock::create(folder.path(), forgetful, &pin(PIN), &mut rng());
    assert_eq!(made.err(), Some(LockError::Vault(VaultError::Failed)), "found out before anything is locked by it");
    assert_eq!(is_set(folder.path()), Ok(false));
}

#[test]
fn biometric_way_opens_the_same_key_and_touches_no_count() {
    let (phone, key) = Phone::locked();
    let mut lock = phone.lock(NOW);
    assert_eq!(lock.unlock_by_biometric().err(), Some(LockError::NoBiometric));
    let opened = lock.unlock(&pin(PIN), NOW).expect("opened");
    lock.enable_biometric(&opened, &mut rng()).expect("on");
    let (mut lock, now) = fail_often(&phone, FREE_TRIES);
    assert_eq!(bytes_of(&lock.unlock_by_biometric().expect("opened")), key, "no wait holds it up");
    let status = phone.lock(now).status(now);
    assert_eq!((status.tries_left, status.wait_ms), (MOST_TRIES - FREE_TRIES, MINUTE), "and it gives no try back");
    let now = later(now, MINUTE);
    lock.change_pin(&pin(PIN), &pin("730914"), now, &mut rng()).expect("changed");
    assert_eq!(bytes_of(&phone.lock(now).unlock_by_biometric().expect("opened")), key, "another PIN leaves it on");
    lock.disable_biometric().expect("off");
    assert_eq!(phone.lock(now).unlock_by_biometric().err(), Some(LockError::NoBiometric));
    assert_eq!(bytes_of(&phone.lock(now).unlock(&pin("730914"), now).expect("opened")), key);
}

#[test]
fn biometric_way_that_the_hardware_lost_falls_back_to_the_pin() {
    let (phone, key) = Phone::locked();
    let mut lock = phone.lock(NOW);
    let opened = lock.unlock(&pin(PIN), NOW).expect("opened");
    lock.enable_biometric(&opened, &mut rng()).expect("on");
    phone.vault.fail(Some((Purpose::Biometric, VaultError::Refused)));
    assert_eq!(lock.unlock_by_biometric().err(), Some(LockError::Vault(VaultError::Refused)));
    assert!(lock.status(NOW).biometric, "not recognised once: still on");
    phone.vault.fail(Some((Purpose::Biometric, VaultError::Invalidated)));
    assert_eq!(lock.unlock_by_biometric().err(), Some(LockError::Vault(VaultError::Invalidated)));
    for mut lock in [lock, phone.lock(NOW)] {
        assert!(!lock.status(NOW).biometric);
        assert_eq!(bytes_of(&lock.unlock(&pin(PIN), NOW).expect("opened")), key);
    }
}

#[test]
fn destroyed_lock_leaves_no_way_and_may_be_destroyed_again() {
    let (phone, _) = Phone::locked();
    let before = copy_folder(phone.path());
    phone.write("escrow", b"a copy");
    destroy(phone.path(), &*phone.vault, false).expect("destroyed");
    assert_eq!(is_set(phone.path()), Ok(false));
    let names: Vec<_> =
        fs::read_dir(phone.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    assert_eq!(names, ["escrow"], "unless told so, the escrow copy stays");
    let mut restored = Lock::open(before.path(), phone.vault.clone(), NOW).expect("the copy");
    assert_eq!(restored.unlock(&pin(PIN), NOW).err(), Some(LockError::Vault(VaultError::Invalidated)));
    destroy(phone.path(), &*phone.vault, true).expect("destroyed");
    assert_eq!(fs::read_dir(phone.path()).expect("a folder").count(), 0);
    phone.vault.fail(Some((Purpose::Pin, VaultError::Unavailable)));
    let left = destroy(phone.path(), &*phone.vault, true);
    assert_eq!(left, Err(LockError::Vault(VaultError::Unavailable)), "what is left is told");
}

#[test]
fn software_vault_of_a_file_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    let wrapped = {
        let vault = SoftwareVault::in_file(&path, &mut rng()).expect("a vault");
        vault.wrap(Purpose::Pin, b"a secret".to_vec()).expect("wrapped")
    };
    let vault = SoftwareVault::in_file(&path, &mut rng()).expect("the vault");
    assert_eq!(vault.unwrap(Purpose::Pin, wrapped.clone()).as_deref(), Ok(&b"a secret"[..]));
    assert_eq!(vault.unwrap(Purpose::Biometric, wrapped).err(), Some(VaultError::Invalidated), "of one purpose only");
    fs::write(&path, b"damaged").expect("written");
    assert_eq!(SoftwareVault::in_file(&path, &mut rng()).err(), Some(VaultError::Invalidated));
}
