//! The disk fills up while the outbox is sealed: nothing half, nothing lost, and on with it once there is room.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "what was skipped is said")]

use crate::support::{Clock, Office, Phone, RT5, Road};
use payung_server::keys::rng;
use payung_store::StoreError;
use payung_sync::{SealedOutbox, SyncError};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const DISK: &str = "PAYUNG_TINY_DISK";
const NAME: &str = "full_disk::outbox_on_a_full_disk_says_not_saved_and_loses_nothing";

/// Runs this very test once more where a folder is a disk of 64 KiB, in a mount namespace of its own.
fn on_a_tiny_disk(folder: &Path) {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-ec", script]).env(DISK, folder);
        command
    };
    let mount = "mount -t tmpfs -o size=64k tmpfs \"$PAYUNG_TINY_DISK\"";
    if !unshare(mount).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine lets nobody mount a disk of their own");
        return;
    }
    let program = env::current_exe().unwrap();
    let script = format!("{mount}; exec \"$0\" --exact {NAME}");
    assert!(unshare(&script).arg(program).status().unwrap().success());
}

fn seal(phone: &Phone, outbox: &SealedOutbox) -> Result<usize, SyncError> {
    outbox.seal(&phone.store, phone.clock.now(), &mut rng())
}

#[test]
fn outbox_on_a_full_disk_says_not_saved_and_loses_nothing() {
    let Some(disk) = env::var_os(DISK).map(PathBuf::from) else {
        return on_a_tiny_disk(tempfile::tempdir().unwrap().path());
    };
    let clock = Clock::start();
    let office = Office::open(&clock);
    let phone = Phone::joined(&office, RT5, 1);
    let outbox = SealedOutbox::of(&disk);
    let first = phone.register();
    assert_eq!(seal(&phone, &outbox).unwrap(), 3);
    let filler = disk.join("somebody-elses-video");
    // what somebody else's file leaves: none, then page by page
    let mut refused = 0;
    let second = phone.register();
    for left in 0..8 {
        fs::write(&filler, []).unwrap();
        let mut whole = 64 << 10;
        while fs::write(&filler, vec![7; whole]).is_err() {
            whole -= 4096;
        }
        fs::write(&filler, vec![7; whole.saturating_sub(left * 4096)]).unwrap();
        match seal(&phone, &outbox) {
            Err(SyncError::Store(StoreError::NotSaved)) => refused += 1,
            sealed => {
                assert_eq!(sealed.unwrap(), 3, "all of it, at once");
                break;
            }
        }
        assert_eq!(outbox.bundles().unwrap().len(), 1, "what was sealed before stays, nothing half beside it");
        assert_eq!(phone.outstanding(), 6);
    }
    assert!(refused > 0, "the disk was never full");
    assert_eq!(outbox.bundles().unwrap().len(), 2);
    // no room for the answers yet: the server has the ops, and is asked once more
    let road = Road::to(&office);
    fs::write(&filler, vec![7; 8 * 4096]).unwrap();
    let mut rest = 0;
    while fs::write(disk.join(format!("page-{rest}")), [7; 4096]).is_ok() {
        rest += 1;
    }
    assert!(matches!(outbox.carry(&road, &|| false), Err(SyncError::Store(StoreError::NotSaved))));
    assert_eq!(outbox.bundles().unwrap().len(), 2);
    fs::remove_file(&filler).unwrap();
    let report = outbox.carry(&road, &|| false).unwrap();
    assert_eq!((report.answered, report.waiting), (2, 0));
    assert!(office.has(first.worker) && office.has(second.worker));
    outbox.apply(&phone.store, clock.now()).unwrap();
    assert_eq!(phone.outstanding(), 0);
}
