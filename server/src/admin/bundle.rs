//! `payung admin bundle FILE …`: sealed bundles that came on a memory card or by a messenger. The same bytes as by
//! HTTPS, and the same answer, written beside them for the way back.

use super::{AdminError, Desk, branch::write_private, show::Answer};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Files of phones.
#[derive(Clone, Debug, clap::Args)]
pub struct BundleArgs {
    /// Sealed bundles as the phone wrote them; the answer to each is written beside it as FILE.reply
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Each file is a matter of its own: one that cannot be taken stops no other, and all that went wrong is told.
pub(super) fn bundle(desk: &Desk, args: &BundleArgs) -> Result<Answer, AdminError> {
    desk.who()?;
    let mut done: Vec<Value> = Vec::new();
    let mut wrong: Vec<String> = Vec::new();
    for path in &args.files {
        match take(desk, path) {
            Ok(reply) => done.push(json!({ "file": path, "reply": reply })),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    if !wrong.is_empty() {
        let taken = format!("{} of {} files were taken", done.len(), args.files.len());
        return Err(AdminError::Usage(format!("{taken}\n  {}", wrong.join("\n  "))));
    }
    let text = format!("Taken: {} files. Give the phone the .reply files, or let it come online.", done.len());
    Ok(Answer::says(json!({ "taken": done }), text))
}

fn take(desk: &Desk, path: &Path) -> Result<PathBuf, AdminError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| AdminError::File { path, source }
    };
    let sealed = fs::read(path).map_err(file(path))?;
    let answered = desk.service.exchange_bundle(&sealed, |_| Ok(()), desk.now);
    let reply = answered.map_err(|source| AdminError::Bundle { path: path.to_owned(), source })?;
    let beside = path.with_extension("reply");
    write_private(&beside, &reply).map_err(file(&beside))?;
    Ok(beside)
}
