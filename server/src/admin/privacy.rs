//! What the law gives a person (UU 27/2022): all that is kept about them, and, when a phone is lost, who was in it.

use super::{
    AdminError, Desk,
    desk::masked,
    people::area,
    show::{Answer, instant},
};
use payung_domain::{
    area::Area,
    id::{DeviceId, RecordId},
    lesson::Language,
};
use serde_json::{Value, json};

/// Whose record, for whom.
#[derive(Clone, Debug, clap::Args)]
pub struct OwnRecordArgs {
    /// The person's record
    worker: RecordId,
    /// In which language: id, en or jv
    #[arg(long, default_value = "id", value_parser = language)]
    language: Language,
}

/// Which phone.
#[derive(Clone, Debug, clap::Args)]
pub struct HoldingsArgs {
    /// Its id
    device: DeviceId,
    /// Of those, the persons looked after in an area
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Option<Area>,
}

fn language(text: &str) -> Result<Language, String> {
    match Language::from(text) {
        Language::Other(_) => Err("one of id, en, jv".to_owned()),
        known => Ok(known),
    }
}

pub(super) fn own_record(desk: &Desk, args: &OwnRecordArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let record = desk.service.own_record(who, args.worker, &args.language, desk.now)?;
    let sections: Vec<Value> = record
        .sections
        .iter()
        .map(|section| {
            let rows: Vec<Value> =
                section.rows.iter().map(|row| json!({ "label": row.label, "text": row.text })).collect();
            json!({ "title": section.title, "rows": rows })
        })
        .collect();
    let json = json!({
        "worker": args.worker, "title": record.title, "sections": sections, "rights": record.rights, "note": record.note,
    });
    Ok(Answer::says(json, record.text.trim_end()))
}

pub(super) fn holdings(desk: &Desk, args: &HoldingsArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let mut held = desk.service.holdings(who, args.device, desk.now)?;
    if let Some(area) = &args.area {
        held.people.retain(|one| one.person.area.is_within(area));
    }
    let json = json!({
        "device": args.device, "last_exchange": held.last_exchange.map(instant), "exchanges": held.exchanges,
        "people": held.people.iter().map(|one| json!({
            "worker": one.person.id, "name": one.person.text("name"), "nik": masked(&one.person), "area": one.person.area,
            "phone": one.person.text("phone"), "moved_away": one.moved_away,
        })).collect::<Vec<Value>>(),
        "erased": held.erased,
    });
    let rows: Vec<Vec<String>> = held
        .people
        .iter()
        .map(|one| {
            vec![
                one.person.area.to_string(),
                one.person.text("name").unwrap_or_default().to_owned(),
                masked(&one.person),
                one.person.text("phone").unwrap_or_default().to_owned(),
                if one.moved_away { "moved away since".to_owned() } else { String::new() },
                one.person.id.to_string(),
            ]
        })
        .collect();
    let headers = ["Area", "Name", "NIK", "Phone", "", "Record"];
    let last = held.last_exchange.map_or_else(|| "never".to_owned(), instant);
    let end = format!(
        "At most these {} were in the phone at its last exchange ({last}); {} that were erased since are not named. \
         What it wrote itself and never sent is not known here.",
        held.people.len(),
        held.erased,
    );
    Ok(Answer::table(json, &headers, &rows, "Nobody was.").and(&end))
}
