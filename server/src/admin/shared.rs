//! What the office shares with all phones of a region: the clinics of the work-accident network.

use super::{
    AdminError, Desk,
    branch::{folder, read_file},
    people::area,
    show::Answer,
};
use crate::{
    export::{self, read_clinics},
    service::{
        operator::{Act, Published},
        shared::shared_record,
    },
};
use chrono::DateTime;
use payung_domain::{area::Area, calendar::local_date, clinic::Clinic, field::Kind, op::Body, record::Record};
use serde_json::{Value, json};
use std::{collections::HashSet, path::PathBuf};

/// A list of clinics.
#[derive(Clone, Debug, clap::Args)]
pub struct PlkkArgs {
    /// The template: see `payung admin templates`
    #[arg(long, value_name = "NAME", default_value = "daftar-plkk")]
    template: String,
    /// The area whose whole list it is: phones in it are told
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Area,
    /// What the list is called, such as its month
    #[arg(long, value_name = "TEXT")]
    edition: String,
    /// The file
    file: PathBuf,
}

/// Which clinics.
#[derive(Clone, Debug, clap::Args)]
pub struct ClinicsArgs {
    /// Only those told in an area
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Option<Area>,
    /// Those no longer in the list as well
    #[arg(long)]
    all: bool,
}

/// The fields of a clinic as they are shared: what it lacks is taken away.
fn body(clinic: &Clinic, edition: &str) -> Result<Body, AdminError> {
    let written = serde_json::to_value(clinic).map_err(|error| AdminError::Usage(error.to_string()))?;
    let Value::Object(written) = written else { return Ok(Body::new()) };
    let mut body: Body = written.into_iter().collect();
    for gone in ["phone", "position", "hours", "ended"] {
        body.entry(gone.to_owned()).or_insert(Value::Null);
    }
    body.insert("edition".to_owned(), edition.into());
    Ok(body)
}

pub(super) fn import_plkk(desk: &Desk, args: &PlkkArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    if args.edition.trim().is_empty() || args.edition.chars().count() > 40 {
        return Err(AdminError::Usage("--edition is 1 to 40 characters, such as 2026-11".to_owned()));
    }
    let template = export::load(&folder(desk), &args.template)?.clinics()?;
    let wrong = |source| AdminError::Import { path: args.file.clone(), source };
    let clinics = read_clinics(&template, &read_file(&args.file)?, &args.area).map_err(wrong)?;
    let codes: HashSet<&str> = clinics.iter().map(|clinic| clinic.code.as_str()).collect();
    let there = desk.service.shared(&Kind::Plkk)?;
    let there: Vec<&Record> = there.iter().filter(|record| record.area == args.area).collect();
    let mut records = Vec::new();
    for clinic in &clinics {
        let record = shared_record(&Kind::Plkk, Some(&args.area), &clinic.code);
        let set = body(clinic, &args.edition)?;
        records.push(Published { record, kind: Kind::Plkk, area: args.area.clone(), set });
    }
    let today = local_date(DateTime::from_timestamp_millis(desk.now).unwrap_or_default(), &args.area);
    let mut ended = 0;
    for record in there.iter().filter(|record| record.value("ended").is_null()) {
        if record.text("code").is_some_and(|code| !codes.contains(code)) {
            ended += 1;
            let set = Body::from([("ended".to_owned(), json!(today))]);
            records.push(Published { record: record.id, kind: Kind::Plkk, area: args.area.clone(), set });
        }
    }
    let known = there.iter().filter(|record| record.text("code").is_some_and(|code| codes.contains(code))).count();
    let added = clinics.len() - known;
    desk.service.act(who, Act::Publish { records }, desk.now)?;
    let told =
        json!({ "area": args.area, "edition": args.edition, "clinics": clinics.len(), "new": added, "ended": ended });
    let text = format!(
        "{} clinics, {added} of them new; {ended} ended. Phones hear of it at their next exchange.",
        clinics.len()
    );
    Ok(Answer::says(told, text))
}

pub(super) fn clinics(desk: &Desk, args: &ClinicsArgs) -> Result<Answer, AdminError> {
    let mut all = desk.service.shared(&Kind::Plkk)?;
    all.retain(|record| {
        args.area.as_ref().is_none_or(|area| area.is_within(&record.area) || record.area.is_within(area))
    });
    all.retain(|record| args.all || record.value("ended").is_null());
    let (mut json, mut rows) = (Vec::new(), Vec::new());
    for record in &all {
        let Some(clinic) = Clinic::of(&record.body) else { continue };
        json.push(json!({ "record": record.id, "area": record.area, "version": record.version, "body": record.body }));
        let ended = clinic.ended.map(|day| day.to_string()).unwrap_or_default();
        let (district, phone) = (clinic.district_label(), clinic.phone.unwrap_or_default());
        rows.push(vec![clinic.code, clinic.name, district, phone, record.area.to_string(), ended]);
    }
    rows.sort();
    let headers = ["Code", "Name", "District", "Phone", "Shared in", "Ended"];
    Ok(Answer::table(json.into(), &headers, &rows, "No clinics yet: see `payung admin import-plkk`."))
}
