//! docs/BENCHMARKS.md: the figures, written by the program, above what people write.

use crate::{
    figures::{Section, tables},
    process,
};
use serde::Serialize;
use std::{fmt::Write, fs, io, path::Path};

/// Where the part begins that people write; it stays.
const WRITTEN: &str = "\n## What is missed, and why\n";

/// What was measured, where, and what came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Registrations in the main rows.
    pub(crate) people: u64,
    /// Workers in the growth rows.
    pub(crate) growth: Vec<u64>,
    /// Runs of the main rows.
    pub(crate) runs: usize,
    /// Processors of the machine.
    pub(crate) cores: usize,
    /// Load average before and after: what others did meanwhile is in it.
    pub(crate) load: [f64; 2],
    /// Mean bytes and values of a document.
    pub(crate) document: (f64, usize),
    /// What the peer is made of; none when it was not measured.
    pub(crate) peer: Option<String>,
    /// The figures.
    pub(crate) sections: Vec<Section>,
}

impl Report {
    /// One that is empty yet.
    pub(crate) fn begin(people: u64, growth: Vec<u64>, runs: usize, peer: Option<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = [process::load(), f64::NAN];
        Self { people, growth, runs, cores, load, document: (0.0, 0), peer, sections: Vec::new() }
    }

    /// Writes the document; what people wrote below the figures stays.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let before = fs::read_to_string(path).unwrap_or_default();
        fs::write(path, self.generated() + &written_by_hand(&before))
    }

    fn generated(&self) -> String {
        let mut text = String::from("# Benchmarks\n\n");
        let Self { people, runs, cores, load: [before, after], document: (bytes, values), .. } = self;
        let _ = writeln!(
            text,
            "Written by `./dev bench`. {people} invented people, {runs} runs, one after the other, ours and the peer in \
             turn; the median, and in\nparentheses least and most. {cores} cores that others used, too (load average \
             {before:.1} before, {after:.1} after): read ratios, not single values.\n",
        );
        let _ = writeln!(
            text,
            "- *Ours*: release build; phone core on SQLCipher and `payung serve` on SQLite, each a process of its own, \
             both WAL with\n  `synchronous=FULL`: every transaction is on the disk before anyone is told.",
        );
        if let Some(peer) = &self.peer {
            let _ = writeln!(
                text,
                "- *Peer*: {peer}; PouchDB replicating to express-pouchdb, each a process of its own, both on leveldb as \
                 it comes: written\n  to the log without a sync (counted with strace: none while documents arrive), so \
                 a crash of the machine can take acknowledged documents.\n  Neither encrypted nor signed.",
            );
        }
        let _ = writeln!(
            text,
            "- *Same for both*: the same people, one worker with an enrolment each, {bytes:.0} B of JSON with {values} \
             values. The peer keeps one document; ours\n  three records (worker, enrolment, and the event that \
             submits it), sealed and signed. The same counting proxy on loopback; bytes\n  are whole requests and \
             replies with their HTTP heads. Batches count documents with the peer and records with ours.\n",
        );
        text + &tables(&self.sections) + NOTES
    }
}

const NOTES: &str = "\
- *push*: until every document is acknowledged and that is durable (ours) or written (peer) on the phone. *The whole run* also reads
  back what the server made of it.
- *pull*: what another phone pushed, to a phone that has nothing yet.
- *CPU*: of the process, user and system, from the kernel's count.
- *cut*: the road breaks after 50.7 % of the bytes of an undisturbed push in batches of 200, then the push is started anew.
- *edited in two places*: two phones edit the same workers offline, then each exchanges twice. *Merged*: both edits are shown on both
  phones. *In conflict*: one is shown, the other kept until somebody decides. *Lost*: neither.
- *open + …*: a new process opens the file, looks up and reads the rows. The peer's indexes are views, built beforehand.
- *floor*: what the same disk takes from one writer without rules, history, sealing or a network.
";

fn written_by_hand(document: &str) -> String {
    document.split_once(WRITTEN).map_or_else(String::new, |(_, rest)| format!("{WRITTEN}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figure;

    #[test]
    fn what_people_wrote_stays_and_the_figures_are_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("BENCHMARKS.md");
        fs::write(&path, "# Benchmarks\n\nold figures\n\n## What is missed, and why\n\nBy hand.\n\n## More\n\nToo.\n")
            .unwrap();
        let mut report = Report::begin(10, vec![10], 1, None);
        let figures = vec![Figure::new("a row", "ms", vec![1.0])];
        report.sections.push(Section { title: "Push".to_owned(), figures });
        report.write(&path).unwrap();
        report.write(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("old figures") && text.contains("| a row"));
        assert!(text.ends_with("\n\n## What is missed, and why\n\nBy hand.\n\n## More\n\nToo.\n"));
        assert_eq!(text.matches("By hand.").count(), 1);
    }

    #[test]
    fn the_peer_is_spoken_of_only_when_it_was_measured() {
        assert!(!Report::begin(1, vec![], 1, None).generated().contains("- *Peer*"));
        assert!(Report::begin(1, vec![], 1, Some("pouchdb 9".to_owned())).generated().contains("- *Peer*: pouchdb 9;"));
    }
}
