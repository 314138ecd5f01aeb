//! The shim under plain SQLite: what SQLite promises of each way to commit is what is seen.

use payung_vfs::{Call, Disk, DiskError, Fault, Loss};
use rusqlite::Connection;
use std::path::Path;

fn open(folder: &Path, journal: &str, synchronous: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(folder.join("a.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", journal, |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    // small, so that checkpoints come often
    connection.pragma_update(None, "wal_autocheckpoint", 8)?;
    connection.execute_batch("CREATE TABLE IF NOT EXISTS t (i INTEGER PRIMARY KEY, text TEXT) STRICT")?;
    Ok(connection)
}

/// Inserts row after row until it fails; the rows there were acknowledged.
fn fill(connection: &Connection, from: i64, most: i64) -> i64 {
    for i in from..from + most {
        let text = "x".repeat(usize::try_from(i * 37 % 3000).unwrap());
        if connection.execute("INSERT INTO t VALUES (?1, ?2)", (i, text)).is_err() {
            return i;
        }
    }
    from + most
}

fn rows(connection: &Connection) -> i64 {
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

/// Rows acknowledged and gone over many power losses, and what the disk forgot.
fn lost_over(seeds: u64, journal: &str, synchronous: &str) -> (i64, Loss) {
    let (mut lost, mut sum) = (0, Loss::default());
    for seed in 0..seeds {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watch(folder.path(), seed).unwrap();
        let mut acknowledged = 0;
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..4 {
            disk.arm(Fault::Power, rng.u64(1..150), false);
            if let Ok(connection) = open(folder.path(), journal, synchronous) {
                acknowledged = fill(&connection, acknowledged, 30);
            }
            sum += disk.power_loss().unwrap();
            let connection = open(folder.path(), journal, synchronous).unwrap();
            let there = rows(&connection);
            lost += (acknowledged - there).max(0);
            assert!(there <= acknowledged + 1, "one row may have been on its way");
            acknowledged = there;
        }
    }
    (lost, sum)
}

#[test]
fn full_loses_nothing_and_the_disk_really_forgets() {
    for (journal, synchronous) in [("WAL", "FULL"), ("TRUNCATE", "FULL"), ("PERSIST", "FULL"), ("DELETE", "EXTRA")] {
        let (lost, forgot) = lost_over(40, journal, synchronous);
        assert_eq!(lost, 0, "{journal}");
        assert!(forgot.sectors > 100, "{journal}: {forgot:?}");
    }
}

/// sqlite.org/pragma.html#pragma_synchronous: with a journal that is deleted, FULL does not sync the folder; EXTRA does.
#[test]
fn a_deleted_journal_may_come_back_with_full_and_undo_what_was_acknowledged() {
    let (lost, _) = lost_over(40, "DELETE", "FULL");
    assert!(lost > 0);
}

#[test]
fn normal_keeps_the_file_whole_and_loses_the_last_commits() {
    let (lost, _) = lost_over(60, "WAL", "NORMAL");
    assert!(lost > 20, "{lost}");
}

#[test]
fn weakening_makes_full_normal_for_who_opens_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::watch(folder.path(), 1).unwrap();
    let synchronous = |connection: &Connection| {
        connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(synchronous(&open(folder.path(), "WAL", "FULL").unwrap()), 2);
    disk.weaken();
    let connection = open(folder.path(), "WAL", "FULL").unwrap();
    assert_eq!((synchronous(&connection), disk.weakened()), (1, 1));
}

#[test]
fn a_fault_strikes_the_nth_call_only_or_all_from_there_on() {
    for lasting in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watch(folder.path(), 1).unwrap();
        let connection = open(folder.path(), "WAL", "FULL").unwrap();
        for (fault, code) in
            [(Fault::Full, rusqlite::ErrorCode::DiskFull), (Fault::Io, rusqlite::ErrorCode::SystemIoFailure)]
        {
            let from = rows(&connection);
            disk.arm(fault, 1, lasting);
            let failed = connection.execute("INSERT INTO t VALUES (?1, 'x')", [from]).unwrap_err();
            assert_eq!(failed.sqlite_error_code(), Some(code));
            assert_eq!(connection.execute("INSERT INTO t VALUES (?1, 'x')", [from]).is_err(), lasting);
            let fired = disk.disarm();
            assert_eq!(fired.first, Some(Call::Write));
            assert_eq!(fired.hits > 1, lasting, "{fired:?}");
            assert_eq!(fill(&connection, from + i64::from(!lasting), 5), from + i64::from(!lasting) + 5);
        }
    }
}

#[test]
fn without_power_nothing_works_and_nobody_may_hold_a_file_when_it_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::watch(folder.path(), 1).unwrap();
    let connection = open(folder.path(), "WAL", "FULL").unwrap();
    fill(&connection, 0, 3);
    disk.cut_power();
    assert!(disk.is_off());
    assert_eq!(fill(&connection, 3, 1), 3);
    assert!(open(folder.path(), "WAL", "FULL").is_err());
    assert!(matches!(disk.power_loss(), Err(DiskError::Open(2))));
    drop(connection);
    disk.power_loss().unwrap();
    assert_eq!(rows(&open(folder.path(), "WAL", "FULL").unwrap()), 3);
}

#[test]
fn folders_nobody_watches_are_left_alone() {
    let (watched, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = Disk::watch(watched.path(), 1).unwrap();
    disk.cut_power();
    let connection = open(other.path(), "WAL", "FULL").unwrap();
    assert_eq!(fill(&connection, 0, 50), 50);
}

#[test]
fn a_plain_file_made_since_the_last_sync_of_the_folder_may_be_gone_and_a_renamed_database_never_is() {
    let mut kept = 0;
    for seed in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watch(folder.path(), seed).unwrap();
        let first = folder.path().join("first");
        std::fs::write(&first, "1").unwrap();
        // a new log is synced, and the folder with it
        let connection = open(folder.path(), "WAL", "FULL").unwrap();
        fill(&connection, 0, 3);
        std::fs::write(folder.path().join("second"), "2").unwrap();
        drop(connection);
        std::fs::rename(folder.path().join("a.db"), folder.path().join("aside")).unwrap();
        disk.power_loss().unwrap();
        assert!(first.exists());
        assert!(folder.path().join("aside").exists() && !folder.path().join("a.db").exists());
        kept += usize::from(folder.path().join("second").exists());
    }
    assert_eq!(kept, 40, "a rename by plain code counts as done, with all before it");
    let folder = tempfile::tempdir().unwrap();
    let lost = (0..40).filter(|&seed| {
        let disk = Disk::watch(folder.path(), seed).unwrap();
        let path = folder.path().join(format!("{seed}"));
        std::fs::write(&path, "x").unwrap();
        disk.power_loss().unwrap();
        !path.exists()
    });
    assert!((5..35).contains(&lost.count()));
}
