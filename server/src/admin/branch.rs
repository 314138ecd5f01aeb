//! Files to the branch and from it.

use super::{
    AdminError, Desk,
    people::area,
    show::{Answer, instant},
    work::{blocked_json, blocked_rows, enrollments, first_fault, may, today},
};
use crate::{
    clock,
    export::{self, ExportTemplate, Provenance, Purpose, Sheet, Subject, read_answers, read_members, write_sheet},
    service::{
        answers::{Judged, judge},
        operator::{Act, EnrollmentItem},
    },
    storage::Scope,
};
use chrono::DateTime;
use payung_domain::{
    area::Area,
    enrollment::{Actor, EnrollmentEvent, EnrollmentStatus, Evidence},
    id::{OfficialId, RecordId},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A file that goes out.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    /// The template: see `payung admin templates`
    #[arg(long, value_name = "NAME", default_value = "bpjs-bpu")]
    template: String,
    /// The file; what it is made of is written beside it as FILE.meta.json
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only what is looked after in an area
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Option<Area>,
    /// Write the file of an earlier export again, e.g. because it was lost; marks nothing
    #[arg(long, value_name = "EXPORT")]
    again: Option<String>,
}

/// A file that comes in.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// The template: see `payung admin templates`
    #[arg(long, value_name = "NAME", default_value = "jawaban-cabang")]
    template: String,
    /// The file
    file: PathBuf,
}

/// A list of members.
#[derive(Clone, Debug, clap::Args)]
pub struct MembersArgs {
    /// The template: see `payung admin templates`
    #[arg(long, value_name = "NAME", default_value = "peserta-lama")]
    template: String,
    /// The file
    file: PathBuf,
}

pub(super) fn folder(desk: &Desk) -> PathBuf {
    desk.dir.path().join("templates")
}

pub(super) fn templates(desk: &Desk, only: Option<&str>) -> Result<Answer, AdminError> {
    let (mut json, mut rows) = (Vec::new(), Vec::new());
    let names = only.map_or_else(|| export::names(&folder(desk)), |name| vec![name.to_owned()]);
    for name in names {
        let template = export::load(&folder(desk), &name)?;
        let (version, purpose, columns) = template.describe();
        json.push(json!({ "name": name, "version": version, "purpose": purpose.as_str(), "columns": columns }));
        if only.is_some() {
            rows.extend(columns.iter().map(|column| vec![(*column).to_owned()]));
        } else {
            rows.push(vec![name, version.to_string(), purpose.as_str().to_owned(), columns.len().to_string()]);
        }
    }
    let headers: &[&str] = if only.is_some() { &["Column"] } else { &["Name", "Version", "Purpose", "Columns"] };
    Ok(Answer::table(json.into(), headers, &rows, "None."))
}

/// What may go to the branch: verified enrolments, and renewals that wait for an export of their own.
fn candidates(desk: &Desk, who: OfficialId, scope: &Scope) -> Result<Vec<EnrollmentItem>, AdminError> {
    let mut items = enrollments(desk, who, Some(EnrollmentStatus::Verified.as_str()), scope)?;
    let mut renewing = enrollments(desk, who, Some(EnrollmentStatus::Active.as_str()), scope)?;
    renewing.retain(|item| {
        item.state.export_id.is_none() && item.state.has(&payung_domain::enrollment::EnrollmentFlag::RenewalOpen)
    });
    items.append(&mut renewing);
    Ok(items)
}

pub(super) fn export(desk: &Desk, args: &ExportArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let template = export::load(&folder(desk), &args.template)?.export()?;
    let scope = match (&args.area, desk.scope(who)?) {
        (Some(area), scope) if scope.contains(area) => Scope::Areas(vec![area.clone()]),
        (Some(_), _) => {
            return Err(AdminError::Refused { what: args.template.clone(), code: "area_foreign".to_owned() });
        }
        (None, scope) => scope,
    };
    if args.out.exists() {
        return Err(AdminError::Usage(format!("{} exists already: name a new file", args.out.display())));
    }
    let marks = template.purpose == Purpose::Bpjs && args.again.is_none();
    let (mut items, filter) = match (&args.again, template.purpose) {
        (Some(again), _) => {
            let mut items = enrollments(desk, who, None, &scope)?;
            items.retain(|item| item.state.export_id.as_ref() == Some(again));
            if items.is_empty() {
                return Err(AdminError::Usage(format!("no enrolment is with the branch under the export `{again}`")));
            }
            (items, "export written again".to_owned())
        }
        (None, Purpose::Bpjs) => (candidates(desk, who, &scope)?, "verified".to_owned()),
        (None, _) => (enrollments(desk, who, None, &scope)?, "all".to_owned()),
    };
    let filter = args.area.as_ref().map_or_else(|| filter.clone(), |area| format!("{filter} in {area}"));
    let export_id = args.again.clone().unwrap_or_else(|| clock::new_id().to_string());
    let mut blocked: Vec<(RecordId, Vec<String>)> = Vec::new();
    if marks {
        items.retain(|item| {
            let evidence = Evidence::Export { export_id: export_id.clone() };
            match may(desk, item, &EnrollmentEvent::Export, Actor::BranchOperator, evidence) {
                Ok(()) => true,
                Err(code) => {
                    blocked.push((item.enrollment.id, vec![code]));
                    false
                }
            }
        });
    }
    items.sort_by(|one, other| {
        (&one.enrollment.area, one.enrollment.id).cmp(&(&other.enrollment.area, other.enrollment.id))
    });
    let subjects: Vec<Subject<'_>> = items
        .iter()
        .map(|EnrollmentItem { enrollment, worker, state }| Subject { worker, enrollment, state })
        .collect();
    let now = DateTime::from_timestamp_millis(desk.now).unwrap_or_default();
    let sheet = write_sheet(&template, &export_id, now, &subjects, &desk.service.contribution_tables()?)?;
    blocked.extend(sheet.blocked.iter().map(|row| (row.enrollment, row.why.clone())));
    if sheet.rows.is_empty() {
        let json = json!({ "rows": 0, "blocked": blocked_json(&blocked) });
        return Ok(Answer::says(json, "Nothing to write.").and(&blocked_rows(&blocked)));
    }
    let source = desk.service.keys().root().to_string();
    let mut beside = sheet.provenance(&template, source, export_id.clone(), who.to_string(), now, filter);
    beside.blocked = blocked.len();
    publish(desk, who, &args.out, &sheet, &beside, marks.then_some(&template))?;
    desk.service.audit_look(who, &format!("export {}", beside.template), sheet.rows.len(), desk.now)?;
    let json = json!({
        "export_id": beside.export_id, "file": args.out, "template": beside.template, "rows": sheet.rows.len(),
        "sha256": beside.sha256, "submitted": marks, "blocked": blocked_json(&blocked),
        "enrollments": sheet.rows,
    });
    let marked = if marks { " They are submitted from now on." } else { "" };
    let text = format!(
        "{} rows in {}.{marked}\nExport {export_id}, SHA-256 {}",
        sheet.rows.len(),
        args.out.display(),
        beside.sha256
    );
    Ok(Answer::says(json, text).and(&blocked_rows(&blocked)))
}

/// The file is whole on disk before its rows count as submitted, and gets its name after: a crash between leaves
/// FILE.part, or a name that `--again` writes anew, never rows that were marked without a file having been there.
fn publish(
    desk: &Desk,
    who: OfficialId,
    out: &Path,
    sheet: &Sheet,
    beside: &Provenance,
    marks: Option<&ExportTemplate>,
) -> Result<(), AdminError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| AdminError::File { path, source }
    };
    let named = |suffix: &str| {
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        out.with_file_name(name)
    };
    let (part, meta) = (named(".part"), named(".meta.json"));
    write_private(&part, &sheet.csv).map_err(file(&part))?;
    let mut json = serde_json::to_vec_pretty(beside).map_err(io::Error::from).map_err(file(&meta))?;
    json.push(b'\n');
    write_private(&meta, &json).map_err(file(&meta))?;
    if marks.is_some() {
        let act = |enrollment: &RecordId| Act::Export { enrollment: *enrollment, export_id: beside.export_id.clone() };
        if let Err(faults) = desk.service.act_all(who, sheet.rows.iter().map(act).collect(), desk.now) {
            let _ = fs::remove_file(&part);
            let _ = fs::remove_file(&meta);
            return Err(first_fault(faults, |at| sheet.rows.get(at).copied()));
        }
    }
    fs::rename(&part, out).map_err(file(out))
}

/// A durable file that only its owner reads: it names people.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, AdminError> {
    fs::read(path).map_err(|source| AdminError::File { path: path.to_owned(), source })
}

pub(super) fn import(desk: &Desk, args: &ImportArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let template = export::load(&folder(desk), &args.template)?.answers()?;
    let wrong = |source| AdminError::Import { path: args.file.clone(), source };
    let bytes = read_file(&args.file)?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    if desk.service.imported(&sha256)? {
        let json = json!({ "file": args.file, "sha256": sha256, "already": true, "returned": 0, "numbered": 0, "paid": 0, "unchanged": 0 });
        return Ok(Answer::says(json, format!("{} was taken before: nothing to do.", args.file.display())));
    }
    let file = read_answers(&template, &bytes).map_err(wrong)?;
    let judged = judge(&desk.service, &file, |area| today(desk, area))?;
    let Judged { acts, returned, numbered, paid, unchanged } = match judged {
        Ok(judged) => judged,
        Err(lines) => return Err(wrong(export::FileError::Lines(lines))),
    };
    let name = format!("{} {}", template.name, template.version);
    let import = Act::Import { sha256: sha256.clone(), template: name, rows: file.answers.len() };
    let records: Vec<Option<RecordId>> =
        std::iter::once(None).chain(acts.iter().map(|act| act.records().first().copied())).collect();
    let all = std::iter::once(import).chain(acts).collect();
    if let Err(faults) = desk.service.act_all(who, all, desk.now) {
        return Err(first_fault(faults, |at| records.get(at).copied().flatten()));
    }
    let json = json!({
        "file": args.file, "sha256": sha256, "already": false, "returned": returned, "numbered": numbered, "paid": paid,
        "unchanged": unchanged,
    });
    let text = format!("Taken: {returned} returned, {numbered} numbered, {paid} paid; {unchanged} were known already.");
    Ok(Answer::says(json, text))
}

pub(super) fn import_members(desk: &Desk, args: &MembersArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let template = export::load(&folder(desk), &args.template)?.members()?;
    let wrong = |source| AdminError::Import { path: args.file.clone(), source };
    let niks = read_members(&template, &read_file(&args.file)?).map_err(wrong)?;
    let mut hashes: Vec<String> = niks.iter().map(|nik| desk.service.nik_hash(nik)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let count = hashes.len();
    desk.service.act(who, Act::KnownMembers { hashes }, desk.now)?;
    let json: Value = json!({ "file": args.file, "members": count, "at": instant(desk.now) });
    Ok(Answer::says(json, format!("{count} members are known now; only hashes of their NIKs were kept.")))
}
