//! One file: what is durable of it, and what was done since the last sync.

use crate::SECTOR;
use std::collections::BTreeMap;

/// What a power loss left of what was not synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Writes and changes of length that had not been synced.
    pub unsynced: u64,
    /// Sectors that are not as they were when the power went.
    pub sectors: u64,
    /// Names that are not as they were: a file made or deleted in vain, or a plain file gone back.
    pub names: u64,
}

impl std::ops::AddAssign for Loss {
    fn add_assign(&mut self, other: Self) {
        self.unsynced += other.unsynced;
        self.sectors += other.sectors;
        self.names += other.names;
    }
}

#[derive(Debug)]
enum Change {
    Write { at: u64, bytes: Box<[u8]> },
    Length(u64),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let at = index(*at);
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                content[at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(index(*length), 0),
        }
    }

    /// What it does to the sector of `content` that begins at byte `begin` of the file.
    fn apply_to(&self, begin: u64, content: &mut [u8]) {
        let end = begin + content.len() as u64;
        match self {
            Self::Write { at, bytes } => {
                let (from, to) = (begin.max(*at), end.min(at + bytes.len() as u64));
                if from < to {
                    content[index(from - begin)..index(to - begin)]
                        .copy_from_slice(&bytes[index(from - at)..index(to - at)]);
                }
            }
            Self::Length(length) => {
                if *length < end {
                    content[index(length.saturating_sub(begin))..].fill(0);
                }
            }
        }
    }

    fn length_after(&self, before: u64) -> u64 {
        match self {
            Self::Write { at, bytes } => before.max(at + bytes.len() as u64),
            Self::Length(length) => *length,
        }
    }
}

fn index(at: u64) -> usize {
    usize::try_from(at).expect("files of these tests fit in memory")
}

/// How much of what was not synced reached the disk.
enum Manner {
    /// None: the disk had not begun.
    Nothing,
    /// All: the disk was just done.
    All,
    /// In order, up to the middle of one write.
    InOrder { whole: usize, sectors: u64 },
    /// Each sector for itself; the newest state with this chance.
    Scattered { newest: f64 },
}

impl Manner {
    fn any(rng: &mut fastrand::Rng, changes: &[Change]) -> Self {
        match rng.u8(..8) {
            0 => Self::Nothing,
            1 => Self::All,
            2 | 3 => {
                let whole = rng.usize(..=changes.len());
                let sectors = match changes.get(whole) {
                    Some(Change::Write { bytes, .. }) => rng.u64(..=(bytes.len() as u64).div_ceil(SECTOR)),
                    _ => 0,
                };
                Self::InOrder { whole, sectors }
            }
            _ => Self::Scattered { newest: [0.02, 0.5, 0.9, 0.98][rng.usize(..4)] },
        }
    }
}

/// A file's content on a disk with a cache.
#[derive(Debug, Default)]
pub(crate) struct File {
    durable: Vec<u8>,
    changes: Vec<Change>,
    /// Handles on it.
    pub(crate) open: usize,
}

impl File {
    /// A file that is wholly on the disk.
    pub(crate) fn durable(content: Vec<u8>) -> Self {
        Self { durable: content, ..Self::default() }
    }

    pub(crate) fn write(&mut self, at: u64, bytes: &[u8]) {
        self.changes.push(Change::Write { at, bytes: bytes.into() });
    }

    pub(crate) fn set_length(&mut self, length: u64) {
        self.changes.push(Change::Length(length));
    }

    pub(crate) fn is_synced(&self) -> bool {
        self.changes.is_empty()
    }

    pub(crate) fn sync(&mut self) {
        for change in self.changes.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// A sync that failed: each change has reached the disk or never will.
    pub(crate) fn sync_failed(&mut self, rng: &mut fastrand::Rng) {
        for change in self.changes.drain(..) {
            if rng.bool() {
                change.apply(&mut self.durable);
            }
        }
    }

    /// What the disk holds after the power went; that is durable from then on.
    pub(crate) fn lose(&mut self, rng: &mut fastrand::Rng) -> (&[u8], Loss) {
        let changes = std::mem::take(&mut self.changes);
        if changes.is_empty() {
            return (&self.durable, Loss::default());
        }
        let mut newest = self.durable.clone();
        for change in &changes {
            change.apply(&mut newest);
        }
        match Manner::any(rng, &changes) {
            Manner::Nothing => {}
            Manner::All => self.durable.clone_from(&newest),
            Manner::InOrder { whole, sectors } => {
                changes.iter().take(whole).for_each(|change| change.apply(&mut self.durable));
                if let Some(Change::Write { at, bytes }) = changes.get(whole) {
                    // torn where a sector of the disk ends, not of the write
                    let end = (at / SECTOR + sectors) * SECTOR;
                    let kept = index(end.saturating_sub(*at)).min(bytes.len());
                    if kept > 0 {
                        Change::Write { at: *at, bytes: bytes[..kept].into() }.apply(&mut self.durable);
                    }
                }
            }
            Manner::Scattered { newest } => self.scatter(&changes, newest, rng),
        }
        let sector = index(SECTOR);
        let differ = |at: usize| {
            let of = |content: &[u8]| content.get(at * sector..).map(|rest| rest[..rest.len().min(sector)].to_vec());
            of(&self.durable) != of(&newest)
        };
        let sectors = (0..self.durable.len().max(newest.len()).div_ceil(sector)).filter(|&at| differ(at)).count();
        let loss = Loss { unsynced: changes.len() as u64, sectors: sectors as u64, names: 0 };
        (&self.durable, loss)
    }

    /// Each sector as after any of the changes to it, the length as after any of the changes to that.
    fn scatter(&mut self, changes: &[Change], newest: f64, rng: &mut fastrand::Rng) {
        let mut lengths = vec![self.durable.len() as u64];
        for change in changes {
            let before = lengths[lengths.len() - 1];
            lengths.push(change.length_after(before));
        }
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let last = lengths.len() - 1;
        let length = lengths[if rng.f64() < newest { last } else { rng.usize(..=last) }];
        let mut of_sector: BTreeMap<u64, Vec<&Change>> = BTreeMap::new();
        for change in changes {
            let (from, to) = match change {
                Change::Write { at, bytes } => (at / SECTOR, (at + bytes.len() as u64).div_ceil(SECTOR)),
                Change::Length(length) => (length / SECTOR, longest.div_ceil(SECTOR)),
            };
            for sector in from..to {
                of_sector.entry(sector).or_default().push(change);
            }
        }
        let was = self.durable.len();
        self.durable.resize(index(longest), 0);
        // a length may be on the disk before the bytes are: then there is whatever was there before
        if rng.bool() {
            rng.fill(&mut self.durable[was..]);
        }
        for (sector, changes) in of_sector {
            let begin = index(sector * SECTOR);
            let end = (begin + index(SECTOR)).min(self.durable.len());
            if begin >= end {
                continue;
            }
            let states = changes.len();
            let state = if rng.f64() < newest { states } else { rng.usize(..=states) };
            for change in &changes[..state] {
                change.apply_to(sector * SECTOR, &mut self.durable[begin..end]);
            }
        }
        self.durable.resize(index(length), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_survives_every_loss() {
        for seed in 0..300 {
            let mut file = File::default();
            file.write(0, &[1; 2000]);
            file.sync();
            file.write(4096, &[2; 1024]);
            let (left, _) = file.lose(&mut fastrand::Rng::with_seed(seed));
            assert_eq!(left[..2000], [1; 2000]);
        }
    }

    #[test]
    fn each_sector_may_be_as_after_any_write_to_it_and_nothing_else() {
        let mut seen = [false; 3];
        let (mut mixed, mut shorter) = (false, false);
        for seed in 0..300 {
            let mut file = File::durable(vec![1; 1024]);
            file.write(0, &[2; 1024]);
            file.write(0, &[3; 1024]);
            file.write(1024, &[4; 512]);
            let (left, loss) = file.lose(&mut fastrand::Rng::with_seed(seed));
            for sector in left[..1024].chunks(512) {
                assert!(sector.iter().all(|byte| *byte == sector[0]), "a sector is whole");
                seen[usize::from(sector[0] - 1)] = true;
            }
            assert_eq!(loss.unsynced, 3);
            assert_eq!(loss.sectors == 0, left[..] == [vec![3; 1024], vec![4; 512]].concat());
            mixed |= left[0] != left[512];
            shorter |= left.len() == 1024;
        }
        assert_eq!((seen, mixed, shorter), ([true; 3], true, true));
    }

    #[test]
    fn bytes_beside_a_write_do_not_change() {
        for seed in 0..100 {
            let mut file = File::durable(vec![1; 512]);
            file.write(100, &[2; 24]);
            let (left, _) = file.lose(&mut fastrand::Rng::with_seed(seed));
            assert!(left[..100].iter().chain(&left[124..]).all(|byte| *byte == 1));
            assert!(left[100..124] == [1; 24] || left[100..124] == [2; 24]);
        }
    }

    #[test]
    fn a_lost_truncation_brings_the_old_bytes_back() {
        let lengths: std::collections::BTreeSet<usize> = (0..100)
            .map(|seed| {
                let mut file = File::durable(vec![1; 2048]);
                file.set_length(700);
                let (left, _) = file.lose(&mut fastrand::Rng::with_seed(seed));
                assert!(left[..700].iter().all(|byte| *byte == 1));
                left.len()
            })
            .collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [700, 2048]);
    }

    #[test]
    fn after_a_failed_sync_a_later_one_brings_nothing_back() {
        let kept = (0..100).filter(|&seed| {
            let mut file = File::durable(vec![1; 512]);
            file.write(0, &[2; 512]);
            file.sync_failed(&mut fastrand::Rng::with_seed(seed));
            file.sync();
            file.lose(&mut fastrand::Rng::with_seed(seed)).0[0] == 2
        });
        assert!((1..100).contains(&kept.count()));
    }
}
