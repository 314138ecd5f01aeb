//! The connection is cut at every kind of byte, either way, while an evening's work is sent.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use payung_crash::{RT, RW, Rig, outstanding, register, roads::EVENING, someone, sync};
use payung_system_tests::{Binaries, Phone, Road, Trouble, ledger};
use serde_json::json;

/// Positions spread over each direction.
const SPREAD: u64 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

impl Way {
    fn cut(self, after: u64) -> Trouble {
        match self {
            Self::Up => Trouble::CutUploadAfter(after),
            Self::Down => Trouble::CutDownloadAfter(after),
        }
    }
}

/// Where an exchange's bytes change their meaning, one way: the end of the head, the end of the body.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    head: u64,
    end: u64,
}

impl Bounds {
    fn of(message: &[u8]) -> Self {
        let head = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let text = String::from_utf8_lossy(&message[..head]).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
        Self { head: head as u64, end: head as u64 + length.trim().parse::<u64>().unwrap() }
    }

    /// Each boundary, and one byte to either side; beyond the end lies the next exchange, or nothing.
    fn around(self) -> Vec<u64> {
        vec![0, 1, self.head - 1, self.head, self.head + 1, self.end - 1, self.end, self.end + 1, self.end + 100]
    }
}

struct Evening<'r> {
    rig: &'r Rig,
    phone: Phone,
    road: Road,
    people: u64,
    cuts: u64,
    /// Cuts after which nothing more was acknowledged, and after which something was.
    left: [u64; 2],
}

impl Evening<'_> {
    fn register(&mut self) {
        for _ in 0..EVENING {
            register(&mut self.phone, &someone(self.people), RT).unwrap();
            self.people += 1;
        }
    }

    /// Goes the whole way; what waited is sent once more and no more.
    fn complete(&mut self) {
        let waiting = outstanding(&mut self.phone).unwrap();
        if waiting > 0 {
            self.phone.ask(&json!({"do": "new_road"})).unwrap();
            let report = sync(&mut self.phone, &self.road.url()).unwrap().unwrap();
            assert_eq!(report["sent"], waiting, "at most that batch again");
            assert_eq!(outstanding(&mut self.phone).unwrap(), 0);
        }
        assert_eq!(self.rig.people().unwrap() as u64, self.people, "each once");
    }

    /// Where the boundaries lie in this batch: the server does it, and the phone does not hear of it.
    fn bounds(&mut self) -> [Bounds; 2] {
        self.phone.ask(&json!({"do": "new_road"})).unwrap();
        self.road.trouble(Trouble::LoseAnswer);
        self.road.listen();
        assert!(sync(&mut self.phone, &self.road.url()).unwrap().is_err());
        let heard = self.road.heard();
        [Bounds::of(&heard.up), Bounds::of(&heard.down)]
    }

    fn cut(&mut self, way: Way, after: u64) {
        let (troubles, up) = (self.road.happened(), self.road.bytes_up());
        let before = outstanding(&mut self.phone).unwrap();
        // else the batch would be halved by each cut, and soon be too small to be hit
        self.phone.ask(&json!({"do": "new_road"})).unwrap();
        self.road.trouble(way.cut(after));
        let run = sync(&mut self.phone, &self.road.url()).unwrap();
        assert_eq!(self.road.happened(), troubles + 1);
        if let Err(code) = &run {
            assert!(["cut", "unreachable"].contains(&code.as_str()), "{way:?} after {after}: {code}");
        }
        let waiting = outstanding(&mut self.phone).unwrap();
        assert!(waiting <= before && (waiting == 0 || run.is_err()), "{way:?} after {after}: said to be sent");
        // one batch at most was under way, and no more passed than was let through
        assert!(way == Way::Down || run.is_ok() || self.road.bytes_up() - up <= after, "{way:?} after {after}");
        self.cuts += 1;
        self.left[usize::from(waiting < before)] += 1;
    }
}

#[test]
fn a_cut_at_any_byte_either_way_leaves_an_evening_complete_or_to_be_sent_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::open(Binaries::built(), folder.path(), 4).unwrap();
    let (phone, files) = rig.phone("malam", RW, &[]).unwrap();
    let road = Road::open(rig.server.address).unwrap();
    let mut evening = Evening { rig: &rig, phone, road, people: 0, cuts: 0, left: [0; 2] };
    evening.register();
    let mut bounds = evening.bounds();
    for (way, index) in [(Way::Up, 0), (Way::Down, 1)] {
        for number in 0..9 {
            if outstanding(&mut evening.phone).unwrap() == 0 {
                evening.complete();
                evening.register();
                bounds = evening.bounds();
            }
            evening.cut(way, bounds[index].around()[number]);
        }
        for i in 0..SPREAD {
            // now and then the answer that is cut is the first one, not one told again
            if i % 20 == 0 || outstanding(&mut evening.phone).unwrap() == 0 {
                evening.complete();
                evening.register();
            }
            evening.cut(way, bounds[index].end * i / SPREAD);
        }
        evening.complete();
    }
    let Evening { phone, cuts, left, people, .. } = evening;
    phone.close().unwrap();
    println!("{cuts} cuts, {people} registered; nothing acknowledged after {}, all after {}", left[0], left[1]);
    // nearly every cut must have struck: an answer given again may be somewhat shorter than the one measured
    assert!(left[0] > SPREAD + SPREAD / 2 && left[1] > 2, "{left:?}");
    assert_eq!(ledger::lost(&files, &rig.admin).unwrap(), 0);
}
