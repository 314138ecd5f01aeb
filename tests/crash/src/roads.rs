//! Twenty registrations over every kind of bad road: complete in the end, or to be resumed; nothing lost, nothing twice.

use crate::{
    CrashError,
    rig::{RW, Rig, outstanding, register, someone, sync},
};
use payung_system_tests::{Road, Shape, Trouble};
use std::time::{Duration, Instant};

/// An evening's work.
pub const EVENING: u64 = 20;

/// A road and what befalls the first exchange on it.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// For people.
    pub name: &'static str,
    /// How slow and lossy it is.
    pub shape: Shape,
    /// What befalls the first exchange.
    pub trouble: Option<Trouble>,
}

/// The roads that are reported.
pub const KINDS: &[Kind] = &[
    Kind { name: "this machine's own", shape: Shape::FREE, trouble: None },
    Kind { name: "1 byte at a time", shape: Shape::DRIPPING, trouble: None },
    Kind { name: "cut in mid-upload", shape: Shape::FREE, trouble: Some(Trouble::CutUploadAfter(2500)) },
    Kind { name: "cut in mid-answer", shape: Shape::FREE, trouble: Some(Trouble::CutDownloadAfter(400)) },
    Kind { name: "answer lost", shape: Shape::FREE, trouble: Some(Trouble::LoseAnswer) },
    Kind { name: "silent in mid-upload, 2 s patience", shape: Shape::FREE, trouble: Some(Trouble::SilentAfter(2500)) },
    Kind { name: "captive portal first", shape: Shape::FREE, trouble: Some(Trouble::Portal) },
    Kind { name: "64 kbit/s, 600 ms", shape: Shape::SLOW, trouble: None },
    Kind { name: "64 kbit/s, 600 ms, 30 % loss", shape: Shape::LOSSY, trouble: None },
];

/// What sending took.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Runs until nothing waited.
    pub runs: u32,
    /// From the first run's beginning to the last one's end.
    pub took: Duration,
    /// Bytes over the road towards the server, HTTP heads included.
    pub up: u64,
    /// Towards the phone.
    pub down: u64,
}

/// A person tries again at once, so many times.
const RUNS: u32 = 20;

/// Registers twenty people offline on a new phone and sends them over the road.
///
/// # Errors
/// [`CrashError::Broken`] when they did not all arrive once.
pub fn send(rig: &mut Rig, kind: &Kind, number: u64) -> Result<Sent, CrashError> {
    let arguments: &[&str] =
        if matches!(kind.trouble, Some(Trouble::SilentAfter(_))) { &["--patience", "2"] } else { &[] };
    // a neighbourhood of its own, so that none hears of the others' people
    let area = format!("{RW}.{:03}", number + 1);
    let (mut phone, files) = rig.phone(&format!("jalan-{number}"), &area, arguments)?;
    let before = rig.people()?;
    // people of their own on each road
    for i in 0..EVENING {
        register(&mut phone, &someone(2_000_000 + number * EVENING + i), &area)?;
    }
    let road = Road::shaped(rig.server.address, kind.shape, rig.rng.u64(..))?;
    if let Some(trouble) = kind.trouble {
        road.trouble(trouble);
    }
    let (begun, mut runs) = (Instant::now(), 0);
    while outstanding(&mut phone)? > 0 {
        if runs == RUNS {
            return Err(CrashError::broken(format!("{}: not sent in {RUNS} runs", kind.name)));
        }
        runs += 1;
        // a run that fails is tried again
        drop(sync(&mut phone, &road.url())?);
    }
    let sent = Sent { runs, took: begun.elapsed(), up: road.bytes_up(), down: road.bytes_down() };
    if rig.people()? != before + usize::try_from(EVENING).unwrap_or_default() {
        return Err(CrashError::broken(format!("{}: somebody is there twice, or not at all", kind.name)));
    }
    let lost = payung_system_tests::ledger::lost(&files, &rig.admin)?;
    phone.close()?;
    if lost > 0 || road.happened() != usize::from(kind.trouble.is_some()) {
        return Err(CrashError::broken(format!("{}: {lost} lost", kind.name)));
    }
    Ok(sent)
}
