//! Registering, as an official does it.

use super::{measured, open};
use crate::{BenchError, answer::Answer, clock, dossier};
use payung_domain::field::Kind;
use payung_store::NewIds;
use serde_json::Value;
use std::{path::Path, time::Instant};

/// Registers so many people, each through its draft, and times each from "save" to durable.
pub(crate) fn register(folder: &Path, people: u64) -> Result<Answer, BenchError> {
    let store = open(folder)?;
    let area = dossier::area()?;
    let official = store.identity()?.ok_or(BenchError::NotJoined)?.official;
    let mut answer = Answer::default();
    for i in 0..people {
        let form = dossier::form(i)?;
        let draft = store.open_draft(&Kind::Worker, None, clock::now_ms())?.id;
        let fields: Vec<(&str, &Value)> = form.iter().map(|(name, value)| (name.as_str(), value)).collect();
        store.set_draft_fields(draft, &fields, clock::now_ms())?;
        let saved = Instant::now();
        let ids = NewIds { worker: clock::new_id(), enrollment: clock::new_id(), event: clock::new_id() };
        store.register_worker(draft, &dossier::context(&area, official), ids)?;
        answer.each_ms.push(saved.elapsed().as_secs_f64() * 1000.0);
    }
    answer.count = answer.each_ms.len();
    Ok(measured(answer))
}
