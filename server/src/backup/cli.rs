//! `payung backup`, `payung restore`, `payung doctor`.

use super::{BackupError, Check, RestoreError, backup, doctor, restore};
use crate::service::DataDir;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    io::{self, Write},
    path::PathBuf,
};

/// Write an encrypted, checked copy of the database; runs beside a server.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    /// The data directory
    #[arg(long, env = "PAYUNG_DATA", default_value = "payung-data")]
    pub data: PathBuf,
    /// The new file; keep it, a copy of the journal and a copy of the keys in three places
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The backup key; keys/backup.key, made by the first backup, where none is named
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

/// Bring a backup back in a new directory, and do again what operators did since.
#[derive(Clone, Debug, clap::Args)]
pub struct RestoreArgs {
    /// The new data directory
    #[arg(long, env = "PAYUNG_DATA")]
    pub data: PathBuf,
    /// The backup
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The old server's journal: what operators did and which phones joined after the backup
    #[arg(long, value_name = "FILE", required_unless_present = "without_journal")]
    pub journal: Option<PathBuf>,
    /// The journal is lost, too: only what is in the backup comes back
    #[arg(long, conflicts_with = "journal")]
    pub without_journal: bool,
    /// The old server's folder of keys; not needed if it was copied into the new directory
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// The backup key, if it is not among the keys
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

/// Look whether everything is in order; one line for each thing.
#[derive(Clone, Debug, clap::Args)]
pub struct DoctorArgs {
    /// The data directory
    #[arg(long, env = "PAYUNG_DATA", default_value = "payung-data")]
    pub data: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

/// Why one of the three was not done.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// Backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Restore.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// Doctor.
    #[error("{0} of the things looked at are not in order")]
    Ill(usize),
    /// Writing the answer.
    #[error("the answer cannot be written: {0}")]
    Output(#[from] io::Error),
}

fn say(out: &mut impl Write, json: bool, value: &Value, text: &str) -> Result<(), UpkeepError> {
    let written = if json { writeln!(out, "{value}") } else { writeln!(out, "{text}") };
    written.map_err(UpkeepError::Output)
}

/// Makes a backup and tells about it.
///
/// # Errors
/// [`UpkeepError::Backup`].
pub fn run_backup(args: &BackupArgs, now: i64, out: &mut impl Write) -> Result<(), UpkeepError> {
    let made = backup(&DataDir::new(&args.data), &args.out, args.key.as_deref(), now)?;
    let header = &made.header;
    let json = json!({
        "file": args.out, "sha256": header.sha256, "size": header.size, "epoch": header.epoch, "schema": header.schema,
        "journal": header.journal, "key": header.key, "new_key": made.new_key,
    });
    let mut text = format!(
        "{}: {} KiB, SHA-256 {} of the database inside, read back and sound.\nIt has the journal's acts up to {}.",
        args.out.display(),
        header.size.div_ceil(1024),
        header.sha256,
        header.journal,
    );
    if let Some(key) = &made.new_key {
        let _ = write!(
            text,
            "\nWarning: the backup key was made just now. Copy {} and the other keys to another place: without them no backup can be opened.",
            key.display()
        );
    }
    say(out, args.json, &json, &text)
}

/// Restores a backup and tells about it.
///
/// # Errors
/// [`UpkeepError::Restore`].
pub fn run_restore(args: &RestoreArgs, out: &mut impl Write) -> Result<(), UpkeepError> {
    let dir = DataDir::new(&args.data);
    let restored = restore(&dir, &args.from, args.key.as_deref(), args.keys.as_deref(), args.journal.as_deref())?;
    let header = &restored.header;
    let made_at =
        DateTime::from_timestamp_millis(header.made_at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true);
    let json = json!({
        "data": args.data, "made_at": made_at, "sha256": header.sha256, "epoch": restored.epoch, "old_epoch": header.epoch,
        "replayed": restored.replayed, "waiting": restored.waiting,
    });
    let mut text = format!(
        "{} is back as of {made_at}, in the new epoch {}; {} acts of the journal were done again.",
        args.data.display(),
        restored.epoch,
        restored.replayed,
    );
    if restored.waiting > 0 {
        let _ = write!(text, "\n{} of them wait for a phone to bring its record again.", restored.waiting);
    }
    text.push_str("\nPhones offer again what the backup did not have, as they come by.");
    say(out, args.json, &json, &text)
}

/// Looks at everything and tells, a line each.
///
/// # Errors
/// [`UpkeepError::Ill`] where something is wrong.
pub fn run_doctor(args: &DoctorArgs, out: &mut impl Write) -> Result<(), UpkeepError> {
    let checks = doctor(&DataDir::new(&args.data));
    let word = |check: &Check| match (check.ok, check.warning) {
        (false, _) => "WRONG",
        (true, true) => "warn",
        (true, false) => "ok",
    };
    let json: Vec<Value> = checks
        .iter()
        .map(|check| json!({ "what": check.what, "state": word(check).to_lowercase(), "found": check.found }))
        .collect();
    let lines: Vec<String> =
        checks.iter().map(|check| format!("{:5}  {:11}  {}", word(check), check.what, check.found)).collect();
    say(out, args.json, &json.into(), &lines.join("\n"))?;
    let wrong = checks.iter().filter(|check| !check.ok).count();
    if wrong == 0 { Ok(()) } else { Err(UpkeepError::Ill(wrong)) }
}
