//! Officials as participants: who of those that register others is covered (*Daftarkan diri saya*).

use super::{
    AdminError, Desk,
    show::Answer,
    work::{enrollments, today},
};
use crate::storage::DeviceState;
use payung_domain::{
    enrollment::{self, Phase},
    id::OfficialId,
};
use payung_protocol::Role;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn covered(desk: &Desk) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let mut areas: BTreeMap<OfficialId, BTreeSet<String>> = BTreeMap::new();
    for device in desk.service.devices()?.iter().filter(|device| device.state == DeviceState::Active) {
        let official = device.roles.contains(&Role::Official) && device.areas.iter().any(|area| scope.contains(area));
        if official {
            areas.entry(device.official).or_default().extend(device.areas.iter().map(ToString::to_string));
        }
    }
    let mut own: BTreeMap<OfficialId, Vec<_>> = BTreeMap::new();
    let items = enrollments(desk, who, None, &scope)?;
    for item in &items {
        if let Some(official) = item.worker.text("official").and_then(|id| id.parse().ok()) {
            own.entry(official).or_default().push(item);
        }
    }
    let names = desk.service.officials()?;
    let (mut json, mut rows, mut total) = (Vec::new(), Vec::new(), 0_usize);
    for (id, areas) in &areas {
        let name = names.iter().find(|official| official.id == *id).map_or("", |official| &official.name);
        let mut theirs = own.remove(id).unwrap_or_default();
        // ids are UUIDv7: the oldest first
        theirs.sort_by_key(|item| item.enrollment.id);
        let at = enrollment::counting(theirs.iter().map(|item| &item.state));
        let state = at.map(|at| (&theirs[at].state, today(desk, &theirs[at].enrollment.area)));
        let covered = state.is_some_and(|(state, day)| enrollment::phase(state, day).is_covered());
        total += usize::from(covered);
        let label = state.map_or("not registered".to_owned(), |(state, day)| enrollment::label(state, day));
        let phase = state.map(|(state, day)| Phase::code(enrollment::phase(state, day)));
        let areas = areas.iter().cloned().collect::<Vec<_>>();
        rows.push(vec![name.to_owned(), areas.join(" + "), label]);
        json.push(json!({ "official": id, "name": name, "areas": areas, "phase": phase, "covered": covered }));
    }
    rows.sort();
    let sum = format!("{total} of {} officials with a phone are covered.", rows.len());
    let json: Value = json!({ "officials": json, "covered": total });
    Ok(Answer::table(json, &["Official", "Areas", "State"], &rows, "No official has joined yet.").and(&sum))
}
