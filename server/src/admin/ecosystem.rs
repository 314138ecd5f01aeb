//! Ecosystems: companies, co-operatives and clinics, whom they say they have, and who of them is covered.

use super::{
    AdminError, Desk,
    branch::{folder, read_file, write_private},
    people::area,
    show::{Answer, instant},
    work::{enrollments, narrowed, today},
};
use crate::{
    export::{self, Book, BookError, Cell, read_members},
    service::{
        operator::{Act, EnrollmentItem, Published},
        shared::shared_record,
    },
};
use payung_domain::{
    area::Area,
    coverage::Coverage,
    ecosystem::{Ecosystem, EcosystemKind, key},
    enrollment,
    field::Kind,
    id::RecordId,
    op::Body,
    record::Record,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

/// Ecosystems.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum EcosystemCommand {
    /// Share an ecosystem with the phones of its area, or change the one of that code
    Save(SaveArgs),
    /// Add nobody any more
    End {
        /// Its code
        code: String,
        /// The area it is shared in
        #[arg(long, value_name = "PATH", value_parser = area)]
        area: Area,
    },
    /// Take the whole list of whom it has; only keyed hashes of their NIKs are kept
    Members(MembersArgs),
    /// Who of each ecosystem is registered and covered
    Coverage {
        /// Only those shared in an area, or somewhere in it
        #[arg(long, value_name = "PATH", value_parser = area)]
        area: Option<Area>,
        /// Write the table to a file as well: .csv or .xlsx
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// An ecosystem.
#[derive(Clone, Debug, clap::Args)]
pub struct SaveArgs {
    /// Short, unique in its area; officials choose it by this
    code: String,
    /// Its name
    #[arg(long)]
    name: String,
    /// company, cooperative or plkk
    #[arg(long, value_parser = what)]
    what: EcosystemKind,
    /// The area whose phones are told
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Area,
    /// How many people it says it has, where it says so; a list of them says it, too
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    members: Option<u32>,
}

/// A list of people.
#[derive(Clone, Debug, clap::Args)]
pub struct MembersArgs {
    /// Its code
    code: String,
    /// The area it is shared in
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Area,
    /// The template: see `payung admin templates`
    #[arg(long, value_name = "NAME", default_value = "peserta-lama")]
    template: String,
    /// The file
    file: PathBuf,
}

fn what(text: &str) -> Result<EcosystemKind, String> {
    match EcosystemKind::from(text) {
        EcosystemKind::Other(_) => Err("company, cooperative or plkk".to_owned()),
        what => Ok(what),
    }
}

pub(super) fn run(desk: &Desk, command: &EcosystemCommand) -> Result<Answer, AdminError> {
    match command {
        EcosystemCommand::Save(args) => save(desk, args),
        EcosystemCommand::End { code, area } => end(desk, code, area),
        EcosystemCommand::Members(args) => members(desk, args),
        EcosystemCommand::Coverage { area, out } => coverage(desk, area.as_ref(), out.as_ref()),
    }
}

fn record_of(code: &str, area: &Area) -> RecordId {
    shared_record(&Kind::Ecosystem, Some(area), &key(code))
}

/// One that is there, by code and area.
fn find(desk: &Desk, code: &str, area: &Area) -> Result<Record, AdminError> {
    let id = record_of(code, area);
    let found = desk.service.shared(&Kind::Ecosystem)?.into_iter().find(|record| record.id == id);
    found.ok_or_else(|| {
        AdminError::Usage(format!(
            "no ecosystem has the code {code} in {area}: `payung admin ecosystem coverage` lists them"
        ))
    })
}

fn save(desk: &Desk, args: &SaveArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let (code, name) = (args.code.trim(), args.name.trim());
    if code.is_empty() || code.chars().count() > 60 || name.is_empty() || name.chars().count() > 120 {
        return Err(AdminError::Usage("a code has 1 to 60 characters, a name 1 to 120".to_owned()));
    }
    let mut set = Body::from([
        ("code".to_owned(), code.into()),
        ("name".to_owned(), name.into()),
        ("what".to_owned(), json!(args.what)),
        ("ended".to_owned(), Value::Null),
    ]);
    if let Some(members) = args.members {
        set.insert("members".to_owned(), members.into());
    }
    let one = Published { record: record_of(code, &args.area), kind: Kind::Ecosystem, area: args.area.clone(), set };
    desk.service.act(who, Act::Publish { records: vec![one] }, desk.now)?;
    let told = json!({ "ecosystem": code, "area": args.area, "members": args.members });
    Ok(Answer::says(told, format!("{name} is {code} in {}. Phones hear of it at their next exchange.", args.area)))
}

fn end(desk: &Desk, code: &str, area: &Area) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let record = find(desk, code, area)?;
    let set = Body::from([("ended".to_owned(), json!(today(desk, &record.area)))]);
    let one = Published { record: record.id, kind: Kind::Ecosystem, area: record.area, set };
    desk.service.act(who, Act::Publish { records: vec![one] }, desk.now)?;
    Ok(Answer::says(json!({ "ecosystem": code, "ended": true }), "Nobody is added any more."))
}

fn members(desk: &Desk, args: &MembersArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let record = find(desk, &args.code, &args.area)?;
    let template = export::load(&folder(desk), &args.template)?.members()?;
    let wrong = |source| AdminError::Import { path: args.file.clone(), source };
    let niks = read_members(&template, &read_file(&args.file)?).map_err(wrong)?;
    let mut hashes: Vec<String> = niks.iter().map(|nik| desk.service.nik_hash(nik)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let count = hashes.len();
    desk.service.act(who, Act::Members { ecosystem: record.id, hashes }, desk.now)?;
    let (listed, registered) = desk.service.members_registered(who, record.id, desk.now)?;
    let told = json!({ "ecosystem": args.code, "members": count, "registered": registered, "at": instant(desk.now) });
    let text =
        format!("{listed} people in the list, {registered} of them registered. Only hashes of their NIKs were kept.");
    Ok(Answer::says(told, text))
}

/// What is told of one.
struct Line {
    record: Option<Record>,
    code: String,
    counts: Coverage,
    listed: usize,
    listed_registered: usize,
}

fn coverage(desk: &Desk, area: Option<&Area>, out: Option<&PathBuf>) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for record in desk.service.shared(&Kind::Ecosystem)? {
        let here = area.is_none_or(|area| Ecosystem::takes(&record.area, area));
        let Some(ecosystem) = Ecosystem::of(&record.body).filter(|_| here && scope.contains(&record.area)) else {
            continue;
        };
        let (listed, listed_registered) = desk.service.members_registered(who, record.id, desk.now)?;
        let code = ecosystem.code;
        let line = Line { record: Some(record), code, counts: Coverage::default(), listed, listed_registered };
        lines.insert(key(&line.code), line);
    }
    let items = enrollments(desk, who, None, &narrowed(desk, who, area)?)?;
    let mut persons: BTreeMap<RecordId, Vec<&EnrollmentItem>> = BTreeMap::new();
    for item in items.iter().filter(|item| item.worker.text("ecosystem").is_some()) {
        persons.entry(item.worker.id).or_default().push(item);
    }
    for mut enrollments in persons.into_values() {
        // ids are UUIDv7: the oldest first
        enrollments.sort_by_key(|item| item.enrollment.id);
        let Some(at) = enrollment::counting(enrollments.iter().map(|item| &item.state)) else { continue };
        let item = enrollments[at];
        let code = item.worker.text("ecosystem").unwrap_or_default().trim().to_owned();
        let phase = enrollment::phase(&item.state, today(desk, &item.enrollment.area));
        let unknown =
            || Line { record: None, code: code.clone(), counts: Coverage::default(), listed: 0, listed_registered: 0 };
        lines.entry(key(&code)).or_insert_with(unknown).counts.add(phase);
    }
    let lines: Vec<Line> = lines.into_values().collect();
    let (mut json, mut rows, mut cells) = (Vec::new(), Vec::new(), Vec::new());
    for line in &lines {
        let ecosystem = line.record.as_ref().and_then(|record| Ecosystem::of(&record.body));
        let name = ecosystem.as_ref().map_or("(no such code)".to_owned(), |one| one.name.clone());
        let said = ecosystem.as_ref().and_then(|one| one.members);
        let mut told: serde_json::Map<String, Value> =
            Coverage::NAMES.iter().map(|name| (*name).to_owned()).zip(line.counts.numbers().map(Value::from)).collect();
        told.insert("ecosystem".to_owned(), line.code.clone().into());
        told.insert("known".to_owned(), line.record.is_some().into());
        told.insert("members".to_owned(), json!(said));
        told.insert("listed".to_owned(), line.listed.into());
        told.insert("listed_registered".to_owned(), line.listed_registered.into());
        json.push(Value::Object(told));
        let said = said.map_or("not said".to_owned(), |members| members.to_string());
        let list = if line.listed == 0 {
            "no list".to_owned()
        } else {
            format!("{} of {}", line.listed_registered, line.listed)
        };
        let place = line.record.as_ref().map(|record| record.area.to_string()).unwrap_or_default();
        let head = vec![line.code.clone(), name, place, said, list];
        let numbers: Vec<i64> = line.counts.numbers().iter().map(|n| i64::try_from(*n).unwrap_or(i64::MAX)).collect();
        cells.push(head.iter().cloned().map(Cell::from).chain(numbers.iter().map(|n| Cell::from(*n))).collect());
        rows.push(head.into_iter().chain(numbers.iter().map(ToString::to_string)).collect());
    }
    let headers = [
        "Code",
        "Name",
        "Area",
        "People it says",
        "Of its list registered",
        "Registered",
        "Waiting",
        "At office",
        "Returned",
        "With branch",
        "To pay",
        "Covered",
        "Lapsing",
        "Arrears",
        "Over",
    ];
    if let Some(path) = out {
        let about = vec![("Coverage by ecosystem".to_owned(), instant(desk.now))];
        let book = Book { headers: headers.iter().map(|header| (*header).to_owned()).collect(), rows: cells, about };
        let bytes = book.bytes(path).map_err(|error: BookError| AdminError::Usage(error.to_string()))?;
        write_private(path, &bytes).map_err(|source| AdminError::File { path: path.clone(), source })?;
    }
    Ok(Answer::table(json.into(), &headers, &rows, "No ecosystems yet: see `payung admin ecosystem save`."))
}
