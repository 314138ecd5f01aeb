//! What the office shares with the phones, and what comes of it: a sponsor's places, clinics, cards, coverage.

use super::{
    PlayError,
    stage::{Official, Stage, VILLAGE},
};
use chrono::{Datelike, Months, NaiveDate};
use payung_domain::region::{Level, RegionCode};
use payung_people::clinic::{CLINICS, clinics};
use payung_system_tests::ledger::text;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

/// The agreement's number.
pub(super) const AGREEMENT: &str = "CSR-001/2026";
/// Places it has at first, and those it needs in the end.
pub(super) const QUOTA: usize = 6;
/// Of each official's list, those who are put under it: more than the quota together.
pub(super) const SPONSORED: std::ops::Range<usize> = 10..14;
/// At the market of Purwokerto.
const HERE: (i64, i64) = (-7_424_500, 109_240_000);

/// The branch's clinics and a sponsor's agreement: both phones hear of them while they have a signal.
pub(super) fn share(stage: &mut Stage, today: NaiveDate) -> Result<(), PlayError> {
    let regency = RegionCode::parse(VILLAGE).ok().and_then(|code| code.at(Level::Regency));
    let regency = regency.ok_or(PlayError::Missing("the village is in no regency"))?;
    let file = stage.folder.join("plkk.csv");
    fs::write(&file, clinics(regency)).map_err(PlayError::file(&file))?;
    let (area, edition) = (regency.to_string(), format!("{:04}-{:02}", today.year(), today.month()));
    stage.office.act(&["import-plkk", "--area", &area, "--edition", &edition, &file.display().to_string()])?;
    agree(stage, QUOTA, today)?;
    for official in &mut stage.officials {
        official.ask("hearing of a sponsor", &json!({"do": "sync"}))?;
        let shown = official.ask("hearing of a sponsor", &json!({"do": "agreements"}))?;
        if !list(&shown).iter().any(|agreement| agreement["number"] == AGREEMENT) {
            return Err(PlayError::Missing("a phone does not know the sponsor's agreement"));
        }
    }
    Ok(())
}

/// The sponsor has so many places, for as many months as anybody takes.
pub(super) fn agree(stage: &Stage, quota: usize, today: NaiveDate) -> Result<(), PlayError> {
    let month = |day: NaiveDate| format!("{:04}-{:02}", day.year(), day.month());
    let until = month(today.checked_add_months(Months::new(24)).unwrap_or(today));
    let (start, quota) = (month(today), quota.to_string());
    let words =
        ["agreement", "save", AGREEMENT, "--sponsor", "PT Contoh Sejahtera", "--payer", "csr", "--months", "12"];
    let more = ["--quota", &quota, "--start", &start, "--until", &until, "--area", VILLAGE, "--jht"];
    stage.office.act(&[&words[..], &more[..]].concat())?;
    Ok(())
}

/// What the form of somebody under the sponsor has besides.
pub(super) fn sponsored() -> [(&'static str, Value); 2] {
    [("cover.payer", json!("csr")), ("cover.agreement", json!(AGREEMENT))]
}

/// Who has no place: by the phones, which must agree.
pub(super) fn without_a_place(officials: &mut [Official; 2]) -> Result<usize, PlayError> {
    let mut found = Vec::new();
    for official in officials {
        let mut over = BTreeSet::new();
        for row in official.list("looking for places")? {
            let detail = official.ask("looking for places", &json!({"do": "detail", "worker": row["worker"]}))?;
            let standing = |enrollment: &Value| enrollment["fields"]["sponsored"]["value"]["standing"] == "over";
            if list(&detail["enrollments"]).iter().any(standing) {
                over.insert(text(&row, "worker"));
            }
        }
        found.push(over);
    }
    match found.as_slice() {
        [one, other] if one == other => Ok(one.len()),
        _ => Err(PlayError::Missing("the phones do not show the same people without a place")),
    }
}

/// Clinics that a phone shows without a signal: all of them, the nearest first.
pub(super) fn clinics_shown(official: &mut Official) -> Result<usize, PlayError> {
    let near = json!({"lat_e6": HERE.0, "lon_e6": HERE.1});
    let shown = official.ask("looking for a clinic", &json!({"do": "clinics", "near": near}))?;
    let shown = list(&shown);
    let metres: Vec<u64> = shown.iter().filter_map(|clinic| clinic["metres"].as_u64()).collect();
    if shown.len() != CLINICS as usize || !metres.is_sorted() || metres.first().is_none_or(|nearest| *nearest > 20_000)
    {
        return Err(PlayError::Missing("a phone does not show the nearest clinic first"));
    }
    Ok(shown.len())
}

/// Who is covered, as an official's coverage picture has it without asking anybody.
pub(super) fn covered(official: &mut Official) -> Result<[usize; 2], PlayError> {
    let picture = official.ask("looking at the coverage", &json!({"do": "coverage"}))?;
    let counts = &picture["total"]["counts"];
    let count = |name: &str| counts[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    Ok([count("covered") + count("lapsing"), count("registered")])
}

/// Cards on both phones, and how many of them the other phone finds good, without a signal.
pub(super) fn cards(officials: &mut [Official; 2]) -> Result<[usize; 2], PlayError> {
    const SCENE: &str = "looking at cards";
    let mut texts: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    for (official, texts) in officials.iter_mut().zip(&mut texts) {
        for row in official.list(SCENE)? {
            let card = official.ask(SCENE, &json!({"do": "card", "worker": row["worker"]}))?;
            texts.extend(card["text"].as_str().map(str::to_owned));
        }
    }
    let mut good = 0;
    let [first, second] = officials;
    for (reader, texts) in [(first, &texts[1]), (second, &texts[0])] {
        for card in texts {
            let verdict = reader.ask(SCENE, &json!({"do": "verify_card", "text": card}))?;
            good += usize::from(verdict["light"] == "green");
        }
        // one letter of it changed is no card any more
        if let Some(card) = texts.first() {
            let forged = card.replacen(card.get(40..41).unwrap_or_default(), "0", 60);
            let verdict = reader.ask(SCENE, &json!({"do": "verify_card", "text": forged}))?;
            if verdict["light"] != "red" {
                return Err(PlayError::Missing("a changed card is not red"));
            }
        }
    }
    if texts[0].len() != texts[1].len() {
        return Err(PlayError::Missing("the phones do not hold the same cards"));
    }
    Ok([texts[0].len(), good / 2])
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
