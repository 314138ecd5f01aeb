//! Tables that phones reckon with, as the office publishes them.

use super::{AdminError, Desk, branch::read_file, people::area, show::Answer};
use crate::service::{
    operator::{Act, Published},
    shared::shared_record,
};
use payung_domain::{
    area::Area,
    contribution::{CONTRIBUTION, ContributionTable, rupiah},
    field::Kind,
    op::Body,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Tables.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ReferenceCommand {
    /// Share a table of contributions with all phones of an area: the whole table or nothing
    Contribution {
        /// The area whose phones are told
        #[arg(long, value_name = "PATH", value_parser = area)]
        area: Area,
        /// The table as JSON; `payung admin reference show` prints one to begin with
        file: PathBuf,
    },
    /// The table in force for covers that begin this month, as JSON
    Show,
    /// The tables there are
    List,
    /// Make the villages' duplicate filters anew now; a running server does so every hour
    Filters,
}

pub(super) fn run(desk: &Desk, command: &ReferenceCommand) -> Result<Answer, AdminError> {
    match command {
        ReferenceCommand::Contribution { area, file } => contribution(desk, area, file),
        ReferenceCommand::Show => {
            let month = payung_domain::calendar::Month::of(crate::card::jakarta(desk.now));
            let tables = desk.service.contribution_tables()?;
            let text = serde_json::to_string_pretty(tables.in_force(month)).unwrap_or_default();
            Ok(Answer::says(json!(tables.in_force(month)), text))
        }
        ReferenceCommand::List => list(desk),
        ReferenceCommand::Filters => {
            desk.who()?;
            let villages = desk.service.keep_duplicate_filters(desk.now)?;
            let text = format!(
                "The duplicate filters of {villages} villages were made anew: phones have them with their next exchange."
            );
            Ok(Answer::says(json!({ "villages": villages }), text))
        }
    }
}

fn contribution(desk: &Desk, area: &Area, file: &Path) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let refuse = |why: String| AdminError::Usage(format!("{}: {why}; nothing was published", file.display()));
    let value: Value = serde_json::from_slice(&read_file(file)?).map_err(|error| refuse(error.to_string()))?;
    let table: ContributionTable = serde_json::from_value(value).map_err(|error| refuse(error.to_string()))?;
    let faults = table.faults();
    if !faults.is_empty() {
        return Err(refuse(faults.join("; ")));
    }
    if table.version == ContributionTable::builtin().version {
        return Err(refuse(format!(
            "version {} is the one built in: give the table a version of its own",
            table.version
        )));
    }
    let version = table.version.clone();
    let record = shared_record(&Kind::Reference, Some(area), &format!("{CONTRIBUTION}/{version}"));
    let known = desk.service.shared(&Kind::Reference)?.into_iter().find(|there| there.id == record);
    if known.is_some_and(|there| *there.value("table") != json!(table)) {
        // enrolments priced by it name it
        return Err(refuse(format!(
            "version {version} is published already and says something else: use a new version"
        )));
    }
    let set = Body::from([
        ("name".to_owned(), CONTRIBUTION.into()),
        ("version".to_owned(), version.clone().into()),
        ("table".to_owned(), json!(table)),
    ]);
    let one = Published { record, kind: Kind::Reference, area: area.clone(), set };
    desk.service.act(who, Act::Publish { records: vec![one] }, desk.now)?;
    let from = table.valid_from;
    let text = format!("Table {version} holds from {from} on. Phones reckon by it after their next exchange.");
    Ok(Answer::says(json!({ "table": version, "valid_from": from, "area": area }), text))
}

fn list(desk: &Desk) -> Result<Answer, AdminError> {
    let tables = desk.service.contribution_tables()?;
    let row = |table: &ContributionTable| {
        let least = table.tiers.first().map(|tier| rupiah(tier.jkk_monthly + tier.jkm_monthly)).unwrap_or_default();
        let until = table.valid_until.map(|month| month.to_string()).unwrap_or_default();
        vec![table.version.clone(), table.valid_from.to_string(), until, least]
    };
    let rows: Vec<_> = tables.all().map(row).collect();
    let json: Vec<Value> =
        tables.all().map(|table| json!({ "version": table.version, "from": table.valid_from })).collect();
    let headers = ["Version", "From", "Until", "Least a month"];
    Ok(Answer::table(json!({ "tables": json, "unread": tables.update_due() }), &headers, &rows, ""))
}
