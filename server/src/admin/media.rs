//! `payung admin media`.

use super::{AdminError, Desk, show::Answer};
use crate::media::{Media, Place};
use serde_json::json;

/// Photos and drawings.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum MediaCommand {
    /// Throw away what nothing stands for: files of erased people, files no record names after 30 days, uploads nobody
    /// went on with for 7; and keep files that the media store did not take before. A running server does it every hour
    Sweep,
}

pub(super) fn run(desk: &Desk, command: &MediaCommand) -> Result<Answer, AdminError> {
    let MediaCommand::Sweep = command;
    let media = Media::of(&desk.dir, desk.service.keys().master(), &Place::of(&desk.dir)?)?;
    let swept = media.sweep(desk.service.storage(), desk.now)?;
    let json = json!({
        "erased": swept.erased, "unnamed": swept.unnamed, "stale": swept.stale, "finished": swept.finished,
        "kept": swept.kept,
    });
    let text = format!(
        "Thrown away: {} of erased people, {} that no record names, {} uploads. Taken late: {}. Kept: {}.",
        swept.erased, swept.unnamed, swept.stale, swept.finished, swept.kept
    );
    Ok(Answer::says(json, text))
}
