//! A server killed under load loses nothing it had acknowledged, and takes nothing twice.

use crate::common::{Office, open, outstanding, quiet, register, someone};
use payung_system_tests::{
    Phone, PhoneError,
    ledger::{differing, lost, phone_list, server_list},
};
use serde_json::json;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

const KILLS: usize = 12;

/// Registers and sends without rest; a run that fails is tried again.
fn work(phone: &mut Phone, mut next: u64, over: &AtomicBool) -> (u64, u64) {
    let (mut registered, mut sent) = (0, 0);
    while !over.load(Ordering::SeqCst) {
        register(phone, &someone(next));
        next += 2;
        registered += 1;
        match phone.ask(&json!({"do": "sync"})) {
            Ok(report) => sent += report["uploaded"].as_u64().unwrap(),
            // a dead server answers nothing; nothing counts as received
            Err(PhoneError::Refused { code, .. }) => {
                assert!(
                    ["unreachable", "cut", "timeout", "waiting", "refused:busy"].contains(&code.as_str()),
                    "{code}"
                );
            }
            Err(error) => panic!("{error}"),
        }
    }
    (registered, sent)
}

#[test]
fn server_killed_under_load_keeps_everything_it_acknowledged() {
    let mut office = Office::open(5);
    let (mut first, first_files) = office.phone("satu");
    let (mut second, second_files) = office.phone("dua");
    let over = AtomicBool::new(false);
    let mut rng = fastrand::Rng::with_seed(6);
    let [ours, theirs] = thread::scope(|scope| {
        let loads = [scope.spawn(|| work(&mut first, 0, &over)), scope.spawn(|| work(&mut second, 1, &over))];
        for _ in 0..KILLS {
            thread::sleep(Duration::from_millis(rng.u64(50..400)));
            office.kill_and_reopen();
        }
        over.store(true, Ordering::SeqCst);
        loads.map(|load| load.join().unwrap())
    });
    assert!(ours.1 > 0 && theirs.1 > 0, "the kills let nothing through");
    quiet(&mut [&mut first, &mut second]);
    assert_eq!(outstanding(&mut first) + outstanding(&mut second), 0);
    let server = server_list(&office.admin).unwrap();
    assert_eq!(server.len() as u64, ours.0 + theirs.0, "each registration once");
    for (phone, files) in [(&mut first, &first_files), (&mut second, &second_files)] {
        let rows = phone.ask(&json!({"do": "list"})).unwrap();
        assert_eq!(differing(&phone_list(rows.as_array().unwrap()), &server), 0);
        assert_eq!(lost(files, &office.admin).unwrap(), 0);
    }
    first.close().unwrap();
    assert_eq!(open(&first_files).counts().unwrap().saved_here, 0);
    println!("{KILLS} kills, {} registered", ours.0 + theirs.0);
}
