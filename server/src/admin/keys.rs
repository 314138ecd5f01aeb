//! `payung admin keys`.

use super::{AdminError, show::Answer};
use crate::{keys::Keys, service::DataDir};
use serde_json::json;
use std::path::PathBuf;

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
            let before = Keys::open(&dir.keys()).map(|keys| keys.root());
            let signed = crate::keys::root_of(root)?;
            if before.is_ok_and(|before| before != signed) {
                let wrong = format!("{} is another root than the phones know: nothing was signed", root.display());
                return Err(AdminError::Usage(wrong));
            }
            Keys::sign(&dir.keys(), root)?;
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
