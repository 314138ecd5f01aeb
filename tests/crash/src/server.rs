//! A server killed under load loses nothing it had acknowledged, and takes nothing twice.

use crate::{
    CrashError, Kills,
    rig::{self, Rig},
};
use payung_system_tests::{
    Phone,
    ledger::{differing, lost, phone_list, server_list},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// People of their own, apart from those of the phone that is killed.
const FIRST: u64 = 1_000_000;

/// Longer than any exchange takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Load {
    registered: usize,
    uploaded: u64,
    /// How runs of the exchange ended.
    ended: BTreeMap<String, usize>,
}

/// What the phones and the killer tell each other.
#[derive(Default)]
struct Signs {
    over: AtomicBool,
    answered: AtomicUsize,
}

/// Registers and sends without rest; a run that fails is tried again.
fn work(phone: &mut Phone, via: &str, mut next: u64, signs: &Signs) -> Result<Load, CrashError> {
    let mut load = Load::default();
    while !signs.over.load(Ordering::SeqCst) {
        rig::register(phone, &rig::someone(next), rig::RT)?;
        next += 2;
        load.registered += 1;
        let ended = match rig::sync(phone, via)? {
            Ok(report) => {
                load.uploaded += report["uploaded"].as_u64().unwrap_or(0);
                signs.answered.fetch_add(1, Ordering::SeqCst);
                "answered".to_owned()
            }
            // a dead server answers nothing; nothing counts as received
            Err(code) => code,
        };
        if !["answered", "unreachable", "cut", "timeout", "waiting", "refused:busy"].contains(&ended.as_str()) {
            return Err(CrashError::broken(format!("a run ended with {ended}")));
        }
        *load.ended.entry(ended).or_default() += 1;
    }
    Ok(load)
}

/// Kills a server so many times while two phones register and send, and compares at the end what they had printed with
/// what it holds. `progress` hears of each kill. [`Kills::at`] tells how the phones' exchanges ended.
///
/// # Errors
/// [`CrashError`]: something was taken twice, the lists differ, or the run could not go on.
pub fn kill(rig: &mut Rig, kills: usize, mut progress: impl FnMut(&Kills)) -> Result<Kills, CrashError> {
    let (mut first, first_files) = rig.phone("satu", rig::RW, &[])?;
    let (mut second, second_files) = rig.phone("dua", rig::RW, &[])?;
    let signs = Signs::default();
    let via = rig.server.url();
    let before = rig.people()?;
    let mut done = Kills::default();
    let loads = thread::scope(|scope| -> Result<_, CrashError> {
        let loads = [
            scope.spawn(|| work(&mut first, &via, FIRST, &signs)),
            scope.spawn(|| work(&mut second, &via, FIRST + 1, &signs)),
        ];
        let mut killed = Ok(());
        while done.kills < kills && killed.is_ok() && !loads.iter().any(std::thread::ScopedJoinHandle::is_finished) {
            // now and then something gets through first, however slow the machine
            if done.kills % 3 == 0 {
                let (before, begun) = (signs.answered.load(Ordering::SeqCst), Instant::now());
                while signs.answered.load(Ordering::SeqCst) == before && begun.elapsed() < PATIENCE {
                    thread::sleep(Duration::from_millis(2));
                }
            }
            thread::sleep(Duration::from_millis(rig.rng.u64(..300)));
            killed = rig.kill_server();
            done.kills += 1;
            progress(&done);
        }
        signs.over.store(true, Ordering::SeqCst);
        let loads = loads.map(|load| load.join().unwrap_or_else(|_| Err(CrashError::broken("a phone's driver broke"))));
        killed?;
        let [first, second] = loads;
        Ok([first?, second?])
    })?;
    if loads.iter().any(|load| load.uploaded == 0) && kills > 11 {
        return Err(CrashError::broken("the kills let nothing through"));
    }
    for load in &loads {
        done.registered += load.registered;
        for (code, count) in &load.ended {
            *done.at.entry(code.clone()).or_default() += count;
        }
    }
    for phone in [&mut first, &mut second] {
        rig::settle(phone, &via)?;
    }
    // what the second sent last, the first has not heard yet
    rig::settle(&mut first, &via)?;
    let server = server_list(&rig.admin)?;
    if server.len() != before + done.registered {
        return Err(CrashError::broken("somebody is there twice, or not at all"));
    }
    for (mut phone, files) in [(first, first_files), (second, second_files)] {
        let rows = phone.ask(&json!({"do": "list"}))?;
        if differing(&phone_list(rows.as_array().map(Vec::as_slice).unwrap_or_default()), &server) > 0 {
            return Err(CrashError::broken("a phone shows other than the server has"));
        }
        phone.close()?;
        done.printed += files.saved()?.iter().filter(|line| line["record"].is_string()).count();
        done.lost += lost(&files, &rig.admin)?;
    }
    Ok(done)
}
