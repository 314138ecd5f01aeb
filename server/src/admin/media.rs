//! `payung admin media`.

use super::{AdminError, Desk, show::Answer};
use crate::media::Media;
use serde_json::json;

/// Photos and drawings.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum MediaCommand {
    /// Throw away what nothing stands for: files of erased people, files no record names after 30 days, uploads nobody
    /// went on with for 7. A running server does it every hour
    Sweep,
}

pub(super) fn run(desk: &Desk, command: &MediaCommand) -> Result<Answer, AdminError> {
    let MediaCommand::Sweep = command;
    let media = Media::open(&desk.dir.media(), desk.service.keys().master())?;
    let swept = media.sweep(desk.service.storage(), desk.now)?;
    let json = json!({
        "erased": swept.erased, "unnamed": swept.unnamed, "stale": swept.stale, "kept": swept.kept,
    });
    let text = format!(
        "Thrown away: {} of erased people, {} that no record names, {} uploads. Kept: {}.",
        swept.erased, swept.unnamed, swept.stale, swept.kept
    );
    Ok(Answer::says(json, text))
}
