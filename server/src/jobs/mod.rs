//! What happens by itself while the server runs.

use crate::{clock, keys::KeysError, media::Media, service::Service};
use std::{sync::Arc, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);

/// Replaces receiver keys when they are due, looking every hour, for as long as the server runs.
pub async fn rotate_keys(service: Arc<Service>) {
    let mut hourly = tokio::time::interval(HOUR);
    loop {
        hourly.tick().await;
        let service = service.clone();
        let rotated: Result<Result<bool, KeysError>, _> =
            tokio::task::spawn_blocking(move || service.keys().rotate(clock::now())).await;
        match rotated {
            Ok(Ok(true)) => tracing::info!("a new receiver key is given out"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::error!(%error, "receiver keys were not replaced"),
            Err(_) => tracing::error!("replacing receiver keys ended in a panic"),
        }
    }
}

/// Throws files away that nothing stands for any more, every hour, for as long as the server runs.
pub async fn sweep_media(service: Arc<Service>, media: Arc<Media>) {
    let mut hourly = tokio::time::interval(HOUR);
    loop {
        hourly.tick().await;
        let (service, media) = (service.clone(), media.clone());
        let swept = tokio::task::spawn_blocking(move || media.sweep(service.storage(), clock::now())).await;
        match swept {
            Ok(Ok(swept)) if swept.erased + swept.unnamed + swept.stale + swept.finished == 0 => {}
            Ok(Ok(swept)) => tracing::info!(
                erased = swept.erased,
                unnamed = swept.unnamed,
                stale = swept.stale,
                finished = swept.finished,
                kept = swept.kept,
                "files were swept"
            ),
            Ok(Err(error)) => tracing::error!(%error, "files were not swept"),
            Err(_) => tracing::error!("sweeping files ended in a panic"),
        }
    }
}

/// Keeps membership cards: issues what could not be issued before, renews what soon runs out, signs the lists for verifiers, every
/// hour, for as long as the server runs.
pub async fn keep_cards(service: Arc<Service>) {
    let mut hourly = tokio::time::interval(HOUR);
    loop {
        hourly.tick().await;
        let service = service.clone();
        let kept = tokio::task::spawn_blocking(move || service.keep_cards(clock::now())).await;
        match kept {
            Ok(Ok(kept)) if !kept.issues => {
                tracing::warn!(
                    "there is no key for this year's membership cards: `payung admin keys card --root FILE`"
                );
            }
            Ok(Ok(kept)) if kept.cards + kept.lists == 0 => {}
            Ok(Ok(kept)) => tracing::info!(cards = kept.cards, lists = kept.lists, "membership cards were kept"),
            Ok(Err(error)) => tracing::error!(%error, "membership cards were not kept"),
            Err(_) => tracing::error!("keeping membership cards ended in a panic"),
        }
    }
}

/// Tells villages' phones who is registered there, as filters, every hour, for as long as the server runs.
pub async fn keep_filters(service: Arc<Service>) {
    let mut hourly = tokio::time::interval(HOUR);
    loop {
        hourly.tick().await;
        let service = service.clone();
        let kept = tokio::task::spawn_blocking(move || service.keep_duplicate_filters(clock::now())).await;
        match kept {
            Ok(Ok(0)) => {}
            Ok(Ok(villages)) => tracing::info!(villages, "duplicate filters were made anew"),
            Ok(Err(error)) => tracing::error!(%error, "duplicate filters were not made"),
            Err(_) => tracing::error!("making duplicate filters ended in a panic"),
        }
    }
}
