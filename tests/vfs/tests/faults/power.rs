//! The power goes at any moment of registering, editing and sending, on the phone, at the server, or at both.

use crate::{
    ledger::Ledger,
    world::{World, office_integrity, outstanding, sync},
};
use payung_store::{Store, StoreError};
use payung_vfs::{Disk, Fault, Loss};
use std::ops::AddAssign;

/// Whose file is written as with `synchronous=NORMAL`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weak {
    Nobody,
    Phone,
    Server,
}

#[derive(Debug, Default)]
struct Seen {
    cuts: u64,
    /// In the middle of a call.
    struck: u64,
    acts: u64,
    lost: u64,
    forgot: Loss,
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.struck += other.struck;
        self.acts += other.acts;
        self.lost += other.lost;
        self.forgot += other.forgot;
    }
}

/// Power losses of one phone and one server.
const CUTS: u64 = 5;

/// One phone and its server over some power losses; ends at the first loss of something said to be saved.
fn run(seed: u64, weak: Weak) -> Seen {
    let world = World::copy();
    let mut ledger = Ledger::of(&world.open_phone().unwrap(), 4);
    let phone_disk = Disk::watch(&world.phone_folder(), seed).unwrap();
    let office_disk = Disk::watch(&world.office_folder(), !seed).unwrap();
    match weak {
        Weak::Nobody => {}
        Weak::Phone => phone_disk.weaken(),
        Weak::Server => office_disk.weaken(),
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut met = Seen::default();
    for _ in 0..CUTS {
        let cut: Vec<&Disk> = match (weak, rng.u8(..4)) {
            (Weak::Phone, _) | (Weak::Nobody, 0 | 1) => vec![&phone_disk],
            (Weak::Server, _) | (Weak::Nobody, 2) => vec![&office_disk],
            _ => vec![&phone_disk, &office_disk],
        };
        for disk in &cut {
            disk.arm(Fault::Power, rng.u64(1..400), false);
        }
        if let (Ok(service), Ok(store)) = (world.open_office(), world.open_phone()) {
            let over = || cut.iter().any(|disk| disk.is_off());
            for _ in 0..rng.u32(1..14) {
                let done = match rng.u8(..10) {
                    0..4 => ledger.register(&store),
                    4..8 => ledger.edit_or_visit(&store, &mut rng),
                    _ => {
                        let synced = sync(&store, &service);
                        assert!(synced.is_ok() || over() || weak != Weak::Nobody, "{synced:?}");
                        Ok(())
                    }
                };
                if done.is_err() || over() {
                    // a phone that has lost what it had, or whose server has, knows less than its person
                    if weak != Weak::Nobody && !over() {
                        met.lost += 1;
                        break;
                    }
                    assert!(over() && matches!(done, Ok(()) | Err(StoreError::NotSaved)), "{done:?}");
                    break;
                }
            }
        }
        for disk in &cut {
            met.cuts += 1;
            met.struck += u64::from(disk.is_off());
            met.forgot += disk.power_loss().unwrap();
        }
        let store = match world.open_phone() {
            // a log whose parts were written in any order
            Err(StoreError::Damaged { .. }) if weak == Weak::Phone => None,
            store => Some(store.unwrap()),
        };
        assert_eq!(office_integrity(&world), "ok");
        if let Some(store) = store.filter(|_| met.lost == 0) {
            store.check().unwrap();
            met.lost += ledger.lost_on(&store);
        } else {
            met.lost += 1;
        }
        if met.lost > 0 {
            assert!(weak != Weak::Nobody, "seed {seed}: {met:?}");
            return met;
        }
    }
    met.acts = ledger.acts();
    met.lost += lost_in_the_end(&world, &mut ledger, weak);
    met
}

/// Everything sent, and everything there, once.
fn lost_in_the_end(world: &World, ledger: &mut Ledger, weak: Weak) -> u64 {
    let (service, store) = (world.open_office().unwrap(), world.open_phone().unwrap());
    let settled = settle(&store, &service);
    let lost = ledger.lost_on(&store) + ledger.lost_at(&service);
    if weak == Weak::Nobody {
        assert!(settled);
        assert_eq!(store.counts().unwrap().workers, ledger.people(), "nobody twice");
        assert_eq!(store.needs_fixing().unwrap().len(), 0);
    }
    lost
}

fn settle(store: &Store, service: &payung_server::service::Service) -> bool {
    (0..5).any(|_| sync(store, service).is_ok() && outstanding(store) == 0)
}

fn over(seeds: std::ops::Range<u64>, weak: Weak) -> Seen {
    let mut all = Seen::default();
    seeds.for_each(|seed| all += run(seed, weak));
    println!("{all:?}");
    all
}

#[test]
fn power_lost_at_any_moment_loses_nothing_said_to_be_saved() {
    let seen = over(0..60, Weak::Nobody);
    assert_eq!(seen.lost, 0);
    // and there was something to lose
    assert!(seen.cuts > 300 && seen.struck > seen.cuts / 3, "{seen:?}");
    assert!(seen.acts > 600 && seen.forgot.sectors > 1000 && seen.forgot.names > 0, "{seen:?}");
}

#[test]
fn normal_on_the_phone_loses_what_was_said_to_be_saved() {
    let seen = over(1000..1012, Weak::Phone);
    assert!(seen.lost > 0, "the shim shows nothing: {seen:?}");
}

#[test]
fn normal_at_the_server_loses_what_it_acknowledged() {
    let seen = over(2000..2012, Weak::Server);
    assert!(seen.lost > 0, "the shim shows nothing: {seen:?}");
}
