//! Workers, enrolments, coverage.

use super::{
    AdminError, Desk,
    desk::{PAGE, masked, names},
    error::words,
    people::area,
    show::{Answer, instant, value},
};
use crate::{
    service::operator::{Act, Closing, EnrollmentItem},
    storage::Scope,
};
use chrono::{DateTime, NaiveDate};
use payung_domain::{
    area::Area,
    calendar::local_date,
    contribution::{ContributionTables, rupiah},
    coverage::{Coverage, CoverageLevel},
    enrollment::{self, Actor, EnrollmentEvent, Evidence, Proof, Reason, return_reason},
    field::Kind,
    id::{OfficialId, RecordId},
    nik::Nik,
    worker::cover_quote,
};
use payung_protocol::Role;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _};

/// Which workers.
#[derive(Clone, Debug, clap::Args)]
pub struct WorkersArgs {
    /// In a state: received, verified, returned, submitted, numbered, covered, lapsing, arrears, ended, closed …
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Looked after in an area
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Option<Area>,
    /// With all these words in the name
    #[arg(long, conflicts_with = "nik")]
    name: Option<String>,
    /// With this NIK
    #[arg(long)]
    nik: Option<String>,
}

/// Which records.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// Their ids
    #[arg(required = true)]
    records: Vec<RecordId>,
}

/// Which enrolments.
#[derive(Clone, Debug, clap::Args)]
pub struct VerifyArgs {
    /// Their ids
    enrollments: Vec<RecordId>,
    /// Every received one that has nothing open
    #[arg(long, conflicts_with = "enrollments")]
    all: bool,
    /// Of those, the ones of an area
    #[arg(long, value_name = "PATH", requires = "all", value_parser = area)]
    area: Option<Area>,
}

/// One to send back.
#[derive(Clone, Debug, clap::Args)]
pub struct ReturnArgs {
    /// The enrolment
    enrollment: RecordId,
    /// The reason's code, e.g. name_mismatch
    #[arg(long)]
    code: String,
    /// More for the official to read
    #[arg(long, default_value = "")]
    note: String,
}

/// One to end.
#[derive(Clone, Debug, clap::Args)]
pub struct CloseArgs {
    /// The enrolment
    enrollment: RecordId,
    /// How
    #[arg(long, value_enum)]
    how: How,
    /// More to read
    #[arg(long, default_value = "")]
    note: String,
}

/// How an enrolment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum How {
    /// The member leaves
    Left,
    /// Already a member
    AlreadyMember,
    /// Too old for a first registration
    AgeOver,
    /// Not an informal worker
    OccupationNotBpu,
    /// The death is established
    Died,
}

/// One to hand over.
#[derive(Clone, Debug, clap::Args)]
pub struct MoveArgs {
    /// The record
    record: RecordId,
    /// Where to
    #[arg(long, value_name = "PATH", value_parser = area)]
    to: Area,
}

/// What to count.
#[derive(Clone, Debug, clap::Args)]
pub struct CoverageArgs {
    /// In an area
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Option<Area>,
    /// A line for each
    #[arg(long, value_enum, default_value_t = By::Rt)]
    by: By,
}

/// What a line of the coverage is for: [`CoverageLevel`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum By {
    /// RT
    Rt,
    /// RW
    Rw,
    /// Kelurahan or desa
    Village,
    /// Kecamatan
    District,
    /// Kabupaten or kota
    Regency,
}

impl From<By> for CoverageLevel {
    fn from(by: By) -> Self {
        match by {
            By::Rt => Self::Rt,
            By::Rw => Self::Rw,
            By::Village => Self::Village,
            By::District => Self::District,
            By::Regency => Self::Regency,
        }
    }
}

/// The part of the operator's scope that lies in an area.
pub(super) fn narrowed(desk: &Desk, who: OfficialId, within: Option<&Area>) -> Result<Scope, AdminError> {
    let scope = desk.scope(who)?;
    let Some(area) = within else { return Ok(scope) };
    match &scope {
        Scope::Areas(own) if !scope.contains(area) => {
            Ok(Scope::Areas(own.iter().filter(|own| own.is_within(area)).cloned().collect()))
        }
        _ => Ok(Scope::Areas(vec![area.clone()])),
    }
}

/// Every enrolment of a stored state, by id.
pub(super) fn enrollments(
    desk: &Desk,
    who: OfficialId,
    status: Option<&str>,
    scope: &Scope,
) -> Result<Vec<EnrollmentItem>, AdminError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = desk.service.enrollments(who, status, scope, after, PAGE, desk.now)?;
        let Some(last) = page.last().map(|item| item.enrollment.id) else { return Ok(all) };
        after = Some(last);
        all.extend(page);
    }
}

/// The day in an area.
pub(super) fn today(desk: &Desk, area: &Area) -> NaiveDate {
    local_date(DateTime::from_timestamp_millis(desk.now).unwrap_or_default(), area)
}

pub(super) fn workers(desk: &Desk, args: &WorkersArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let tables = desk.service.contribution_tables()?;
    let scope = narrowed(desk, who, args.area.as_ref())?;
    let mut items = match (&args.name, &args.nik) {
        (Some(name), _) => {
            let found = desk.service.find_by_name(who, name, &scope, PAGE, desk.now)?;
            found.into_iter().flat_map(|person| person.enrollments).collect()
        }
        (None, Some(nik)) => {
            let nik = Nik::parse(nik).map_err(|error| AdminError::Usage(error.to_string()))?;
            let found = desk.service.find_by_nik(who, &nik, &scope, desk.now)?;
            found.map(|person| person.enrollments).unwrap_or_default()
        }
        (None, None) => enrollments(desk, who, None, &scope)?,
    };
    let phase = |item: &EnrollmentItem| enrollment::phase(&item.state, today(desk, &item.enrollment.area));
    if let Some(state) = &args.state {
        items.retain(|item| {
            phase(item).code() == state || item.state.status.as_ref().is_some_and(|status| status.as_str() == state)
        });
    }
    items.sort_by(|one, other| {
        (&one.enrollment.area, one.worker.text("name")).cmp(&(&other.enrollment.area, other.worker.text("name")))
    });
    let json: Vec<Value> =
        items.iter().map(|item| worker_json(item, today(desk, &item.enrollment.area), &tables)).collect();
    let row = |item: &EnrollmentItem| {
        let total = cover_quote(&item.worker.body, &item.enrollment.body, &tables)
            .map_or_else(String::new, |quote| rupiah(quote.total));
        vec![
            item.enrollment.area.to_string(),
            item.worker.text("name").unwrap_or_default().to_owned(),
            masked(&item.worker),
            enrollment::label(&item.state, today(desk, &item.enrollment.area)),
            total,
            item.enrollment.id.to_string(),
        ]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    let headers = ["Area", "Name", "NIK", "State", "Sum", "Enrolment"];
    let end = format!("{} enrolments", items.len());
    let answer = Answer::table(json.into(), &headers, &rows, "Nobody.");
    Ok(if rows.is_empty() { answer } else { answer.and(&end) })
}

fn worker_json(item: &EnrollmentItem, today: NaiveDate, tables: &ContributionTables) -> Value {
    let state = &item.state;
    json!({
        "worker": item.worker.id, "worker_version": item.worker.version,
        "own_worker": item.enrollment.kind.parent(&item.enrollment.body),
        "enrollment": item.enrollment.id, "enrollment_version": item.enrollment.version,
        "area": item.enrollment.area, "name": item.worker.text("name"), "nik": masked(&item.worker),
        "state": enrollment::phase(state, today).code(), "status": state.status,
        "label": enrollment::label(state, today), "next_step": enrollment::next_step(state, today),
        "covered_now": state.is_covered(today), "flags": state.flags_on(today),
        "returned": state.returned, "payment_code": state.payment_code, "covered": state.covered,
        "export_id": state.export_id, "kpj": state.kpj,
        "total": cover_quote(&item.worker.body, &item.enrollment.body, tables).map(|quote| quote.total),
    })
}

pub(super) fn show(desk: &Desk, args: &ShowArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let names = names(desk)?;
    let devices = desk.service.devices()?;
    let author = |device: payung_domain::id::DeviceId| {
        let of_phone = devices.iter().find(|known| known.id == device).map(|known| known.official);
        names.get(&of_phone.unwrap_or(OfficialId(device.0))).cloned().unwrap_or_else(|| "server".to_owned())
    };
    let (mut all, mut text) = (Vec::new(), String::new());
    for id in &args.records {
        let record = desk.service.record(who, *id, &scope, desk.now)?;
        let history = desk.service.history(who, *id, desk.now)?;
        let rows: Vec<_> = record.body.iter().map(|(field, held)| vec![field.clone(), value(held)]).collect();
        let title = format!("{} {id}, {}, version {}", record.kind, record.area, record.version);
        let mut events = Vec::new();
        for op in &history {
            for (field, held) in op.op.values() {
                events.push(vec![
                    instant(op.received_at),
                    author(op.device),
                    op.status.as_str().to_owned(),
                    field.clone(),
                    value(held),
                ]);
            }
        }
        let _ = writeln!(text, "{title}\n{}", super::show::table(&["Field", "Value"], &rows));
        text.push_str(&super::show::table(&["Received", "From", "Became", "Field", "Value"], &events));
        text.push('\n');
        let history: Vec<Value> = history
            .iter()
            .map(|op| {
                json!({
                    "device": op.device, "n": op.op.n, "from": author(op.device), "received_at": instant(op.received_at),
                    "status": op.status.as_str(), "set": op.op.set, "resolve": op.op.resolve,
                })
            })
            .collect();
        all.push(json!({
            "record": id, "kind": record.kind, "area": record.area, "version": record.version, "body": record.body,
            "conflicts": record.conflicts, "alias_of": record.alias.as_ref().map(|alias| alias.survivor),
            "history": history,
        }));
    }
    Ok(Answer::says(all.into(), text.trim_end().to_owned()))
}

/// Whether an operator may take this step now; the code where not.
pub(super) fn may(
    desk: &Desk,
    item: &EnrollmentItem,
    event: &EnrollmentEvent,
    actor: Actor,
    evidence: Evidence,
) -> Result<(), String> {
    let proof = Proof { on: today(desk, &item.enrollment.area), evidence };
    enrollment::next(&item.state, event, actor, &proof).map(drop).map_err(|error| error.code().to_owned())
}

fn actor(desk: &Desk, who: OfficialId) -> Result<Actor, AdminError> {
    let branch = desk.service.official(who)?.roles.contains(&Role::BranchOperator);
    Ok(if branch { Actor::BranchOperator } else { Actor::KelurahanOperator })
}

/// Rows that were held back, for people.
pub(super) fn blocked_rows(blocked: &[(RecordId, Vec<String>)]) -> String {
    if blocked.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = blocked.iter().map(|(id, why)| vec![id.to_string(), why.join("; ")]).collect();
    format!("\nHeld back:\n{}", super::show::table(&["Enrolment", "Why"], &rows))
}

pub(super) fn verify(desk: &Desk, args: &VerifyArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let (scope, actor) = (narrowed(desk, who, args.area.as_ref())?, actor(desk, who)?);
    if args.enrollments.is_empty() && !args.all {
        return Err(AdminError::Usage(
            "name enrolments, or all with --all (see `payung admin workers --state received`)".to_owned(),
        ));
    }
    let mut items = if args.all {
        enrollments(desk, who, Some("received"), &scope)?
    } else {
        let mut ids = args.enrollments.clone();
        ids.sort_unstable();
        ids.dedup();
        let items = desk.service.enrollments_by_id(who, &ids, &scope, desk.now)?;
        if let Some(missing) = args.enrollments.iter().find(|id| !items.iter().any(|item| item.enrollment.id == **id)) {
            return Err(AdminError::Usage(format!("{missing} is no enrolment: see `payung admin workers`")));
        }
        items
    };
    let mut blocked: Vec<(RecordId, Vec<String>)> = Vec::new();
    items.retain(|item| match may(desk, item, &EnrollmentEvent::Verify, actor, Evidence::None) {
        Ok(()) => true,
        Err(code) => {
            blocked.push((item.enrollment.id, vec![code]));
            false
        }
    });
    let acts = items.iter().map(|item| Act::Verify { enrollment: item.enrollment.id }).collect();
    if let Err(faults) = desk.service.act_all(who, acts, desk.now) {
        return Err(first_fault(faults, |at| items.get(at).map(|item| item.enrollment.id)));
    }
    let verified: Vec<RecordId> = items.iter().map(|item| item.enrollment.id).collect();
    let json = json!({ "verified": verified, "blocked": blocked_json(&blocked) });
    let told: Vec<_> =
        blocked.iter().map(|(id, codes)| (*id, codes.iter().map(|code| words(code)).collect())).collect();
    Ok(Answer::says(json, format!("{} verified.", verified.len())).and(&blocked_rows(&told)))
}

pub(super) fn blocked_json(blocked: &[(RecordId, Vec<String>)]) -> Value {
    blocked.iter().map(|(id, why)| json!({ "enrollment": id, "why": why })).collect()
}

/// The first of the acts that could not be done, named by its record.
pub(super) fn first_fault(
    faults: crate::service::operator::Faults,
    named: impl Fn(usize) -> Option<RecordId>,
) -> AdminError {
    use crate::service::ServiceError;
    match faults.into_iter().next() {
        Some((at, ServiceError::Refused(code))) => AdminError::Refused {
            what: named(at).map_or_else(|| "nothing was done".to_owned(), |id| id.to_string()),
            code,
        },
        Some((_, error)) => error.into(),
        None => AdminError::Usage("nothing was done".to_owned()),
    }
}

pub(super) fn send_back(desk: &Desk, args: &ReturnArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let Some(reason) = return_reason(&args.code) else {
        let known: Vec<&str> = enrollment::return_reasons().iter().map(|reason| reason.code.as_str()).collect();
        return Err(AdminError::Usage(format!("`{}` is no reason; there are: {}", args.code, known.join(", "))));
    };
    let given = Reason { code: reason.code.clone(), text: args.note.clone() };
    let act = Act::Return { enrollment: args.enrollment, reason: given, by_branch_file: false };
    desk.service.act(who, act, desk.now)?;
    let json = json!({ "enrollment": args.enrollment, "returned": reason.code });
    Ok(Answer::says(json, format!("Sent back. The official reads: {} {}", reason.sentence, reason.action)))
}

pub(super) fn close(desk: &Desk, args: &CloseArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let (how, code) = match args.how {
        How::Left => (Closing::Leave, "left"),
        How::AlreadyMember => (Closing::Refuse, "already_member"),
        How::AgeOver => (Closing::Refuse, "age_over"),
        How::OccupationNotBpu => (Closing::Refuse, "occupation_not_bpu"),
        How::Died => (Closing::Died, "died"),
    };
    let reason = Reason { code: code.to_owned(), text: args.note.clone() };
    desk.service.act(who, Act::Close { enrollment: args.enrollment, how, reason }, desk.now)?;
    Ok(Answer::says(json!({ "enrollment": args.enrollment, "closed": code }), "Closed."))
}

pub(super) fn move_record(desk: &Desk, args: &MoveArgs) -> Result<Answer, AdminError> {
    desk.service.act(desk.who()?, Act::Move { record: args.record, to: args.to.clone() }, desk.now)?;
    let json = json!({ "record": args.record, "to": args.to });
    Ok(Answer::says(json, format!("{} is looked after in {} from now on.", args.record, args.to)))
}

pub(super) fn coverage(desk: &Desk, args: &CoverageArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let items = enrollments(desk, who, None, &narrowed(desk, who, args.area.as_ref())?)?;
    // one person counts once
    let mut persons: BTreeMap<RecordId, Vec<&EnrollmentItem>> = BTreeMap::new();
    for item in items.iter().filter(|item| item.worker.kind == Kind::Worker) {
        persons.entry(item.worker.id).or_default().push(item);
    }
    let (level, mut total) = (CoverageLevel::from(args.by), Coverage::default());
    let mut lines: BTreeMap<Area, Coverage> = BTreeMap::new();
    for mut enrollments in persons.into_values() {
        // ids are UUIDv7: the oldest first
        enrollments.sort_by_key(|item| item.enrollment.id);
        let Some(at) = enrollment::counting(enrollments.iter().map(|item| &item.state)) else { continue };
        let area = &enrollments[at].enrollment.area;
        let phase = enrollment::phase(&enrollments[at].state, today(desk, area));
        lines.entry(level.line(area)).or_default().add(phase);
        total.add(phase);
    }
    let counted = |counts: &Coverage| -> serde_json::Map<String, Value> {
        Coverage::NAMES.iter().map(|name| (*name).to_owned()).zip(counts.numbers().map(Value::from)).collect()
    };
    let json: Vec<Value> = lines
        .iter()
        .map(|(area, counts)| {
            let mut line = counted(counts);
            line.insert("area".to_owned(), area.as_str().into());
            line.insert("label".to_owned(), area.label().into());
            line.into()
        })
        .collect();
    let row = |path: &str, label: String, counts: &Coverage| {
        [path.to_owned(), label].into_iter().chain(counts.numbers().iter().map(ToString::to_string)).collect::<Vec<_>>()
    };
    let mut rows: Vec<_> = lines.iter().map(|(area, counts)| row(area.as_str(), area.label(), counts)).collect();
    if rows.len() > 1 {
        rows.push(row("", "Total".to_owned(), &total));
    }
    let headers = [
        "Area",
        "",
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
    Ok(Answer::table(json!({ "areas": json, "total": counted(&total) }), &headers, &rows, "Nobody is registered yet."))
}
