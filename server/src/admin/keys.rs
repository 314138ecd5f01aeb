//! `payung admin keys`.

use super::{AdminError, show::Answer};
use crate::{card::jakarta, keys::Keys, service::DataDir};
use chrono::Datelike;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum KeysCommand {
    /// Make all keys, before the first `payung serve`; nothing that exists is overwritten
    Init {
        /// Where the root goes, e.g. a stick that is then kept in a safe; beside the others where none is given
        #[arg(long, value_name = "FILE")]
        root: Option<PathBuf>,
    },
    /// Sign the key list anew with the root; a running server hands it out after its next start
    Sign {
        /// The root's file
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
    },
    /// Make the key that issues the membership cards of a year and sign the list of these keys, which verifiers hold
    Card {
        /// The root's file
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        /// The year: this one where none is given. Make the next one's before it begins
        #[arg(long)]
        year: Option<u16>,
        /// The year's key was stolen: no longer believe what it issued, and make another
        #[arg(long)]
        stolen: bool,
    },
    /// The root's fingerprint, and whether its secret still lies here
    Show,
}

pub(super) fn run(dir: &DataDir, command: &KeysCommand, now: i64) -> Result<Answer, AdminError> {
    match command {
        KeysCommand::Init { root } => {
            if dir.exists() {
                return Err(AdminError::Usage(format!("{} has a server and its keys already", dir.path().display())));
            }
            Keys::init(&dir.keys(), root.as_deref(), now)?;
        }
        KeysCommand::Sign { root } => {
            same_root(dir, root)?;
            Keys::sign(&dir.keys(), root)?;
        }
        KeysCommand::Card { root, year, stolen } => {
            same_root(dir, root)?;
            let this_year = || u16::try_from(jakarta(now).year()).unwrap_or_default();
            let list = Keys::sign_card_keys(&dir.keys(), root, year.unwrap_or_else(this_year), *stolen)?;
            let file = dir.keys().join("cards.txt");
            let keys: Vec<_> = list
                .keys
                .iter()
                .map(|key| json!({ "id": key.public.id().to_string(), "from": key.from, "until": key.until }))
                .collect();
            let lines = list.keys.iter().map(|key| format!("{}  {} to {}", key.public.id(), key.from, key.until));
            let text = format!(
                "{}\nList {} for verifiers: {}. Its root: {}.",
                lines.collect::<Vec<_>>().join("\n"),
                list.serial,
                file.display(),
                list.root.fingerprint()
            );
            let root = list.root.fingerprint().to_string();
            return Ok(Answer::says(json!({ "serial": list.serial, "root": root, "keys": keys, "list": file }), text));
        }
        KeysCommand::Show => {}
    }
    let keys = Keys::open(&dir.keys())?;
    let beside = keys.root_beside();
    let json = json!({ "root": keys.root().to_string(), "root_beside": beside, "keys": dir.keys() });
    let text = match &beside {
        Some(path) => {
            format!("Root {}. Move {} to a safe place: it is needed once a year.", keys.root(), path.display())
        }
        None => format!("Root {}, kept elsewhere.", keys.root()),
    };
    Ok(Answer::says(json, text))
}

/// A list of another root would be worth nothing on the phones.
fn same_root(dir: &DataDir, root: &Path) -> Result<(), AdminError> {
    let before = Keys::open(&dir.keys()).map(|keys| keys.root());
    let signed = crate::keys::root_of(root)?;
    if before.is_ok_and(|before| before != signed) {
        let wrong = format!("{} is another root than the phones know: nothing was signed", root.display());
        return Err(AdminError::Usage(wrong));
    }
    Ok(())
}
