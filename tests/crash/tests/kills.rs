//! A fixed part of what `./dev crash` does.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use payung_crash::{Rig, phone, roads, server};
use payung_system_tests::Binaries;

#[test]
fn two_hundred_kills_of_a_phone_at_work_lose_nothing_shown_as_saved() {
    const KILLS: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::open(Binaries::built(), folder.path(), 20_261_122).unwrap();
    let done = phone::kill(&mut rig, KILLS, |_| ()).unwrap();
    println!("{done:?}");
    assert_eq!((done.kills, done.lost), (KILLS, 0));
    assert!(done.registered > KILLS / 10, "the kills came too early to show anything: {done:?}");
    assert!(done.printed > done.registered, "{done:?}");
    for act in ["opening", "type", "register", "visit", "sync"] {
        assert!(done.at.contains_key(act), "no kill at {act}: {done:?}");
    }
}

#[test]
fn a_server_killed_under_load_keeps_everything_it_acknowledged() {
    const KILLS: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::open(Binaries::built(), folder.path(), 6).unwrap();
    let done = server::kill(&mut rig, KILLS, |_| ()).unwrap();
    println!("{done:?}");
    assert_eq!((done.kills, done.lost), (KILLS, 0));
    assert!(done.printed > 0);
}

#[test]
fn twenty_registrations_arrive_once_over_every_bad_road() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::open(Binaries::built(), folder.path(), 3).unwrap();
    for (number, kind) in (0..).zip(roads::KINDS) {
        let sent = roads::send(&mut rig, kind, number).unwrap();
        println!("{}: {sent:?}", kind.name);
        let once = kind.trouble.is_none() && kind.shape.loss <= 0.0;
        assert!(if once { sent.runs == 1 } else { sent.runs >= 1 }, "{}: {sent:?}", kind.name);
    }
}
