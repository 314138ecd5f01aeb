//! A phone that nobody touches locks itself.
#![allow(clippy::unwrap_used, reason = "a test may")]

use payung_core::{Client, ClientConfig, CoreError, LockState, software_vault};
use std::{path::Path, sync::Arc};

const PIN: &str = "482917";

fn phone(folder: &Path, idle_seconds: u32) -> Arc<Client> {
    let (app_version, boot) = ("1.0.0".to_owned(), "one start".to_owned());
    let config = ClientConfig { folder: folder.join("phone"), app_version, boot, idle_seconds };
    Client::new(config, software_vault(folder.join("vault")).unwrap()).unwrap()
}

#[test]
fn left_alone_it_shows_nothing_more_until_the_pin_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    // as if the last touch were always too long ago
    let client = phone(folder.path(), 0);
    client.set_pin(PIN.to_owned()).unwrap();
    assert_eq!(client.lock_state(), LockState::Open);
    assert_eq!(client.search(String::new(), None, 20).unwrap_err(), CoreError::Locked);
    assert_eq!(client.lock_state(), LockState::Locked);
    client.touched();
    assert_eq!(client.forms().unwrap_err(), CoreError::Locked, "a touch opens nothing");
    client.unlock(PIN.to_owned()).unwrap();
    assert_eq!(client.lock_if_idle().unwrap(), LockState::Locked);
}

#[test]
fn coming_back_from_the_background_too_late_asks_for_the_pin() {
    let folder = tempfile::tempdir().unwrap();
    let client = phone(folder.path(), 0);
    client.set_pin(PIN.to_owned()).unwrap();
    client.suspend();
    assert_eq!(client.resume().unwrap_err(), CoreError::Locked);
    assert_eq!(client.lock_state(), LockState::Locked);
}

#[test]
fn what_runs_by_itself_neither_locks_nor_is_broken_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let client = phone(folder.path(), 0);
    client.set_pin(PIN.to_owned()).unwrap();
    assert_eq!(client.sync(false, None).unwrap_err(), CoreError::NotJoined);
    assert_eq!(client.seal_outbox().unwrap_err(), CoreError::NotJoined);
    assert_eq!(client.lock_state(), LockState::Open, "the next person finds it locked");
    assert_eq!(client.counts().unwrap_err(), CoreError::Locked);
}

#[test]
fn in_use_it_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let client = phone(folder.path(), 24 * 3600);
    client.set_pin(PIN.to_owned()).unwrap();
    client.touched();
    assert!(client.search(String::new(), None, 20).unwrap().rows.is_empty());
    client.suspend();
    client.resume().unwrap();
    assert_eq!(client.lock_if_idle().unwrap(), LockState::Open);
}
