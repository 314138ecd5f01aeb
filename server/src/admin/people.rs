//! Operators, invites, phones.

use super::{
    AdminError, Desk,
    show::{Answer, instant},
};
use crate::{
    clock,
    service::operator::{NewInvite, SetupCode},
    storage::{Device, DeviceState, Official},
};
use payung_domain::{
    area::Area,
    id::{DeviceId, OfficialId, RecordId},
    only::Only,
    text::same_name,
};
use payung_protocol::{RecoveryRequest, Role, ServerLink};
use qrcode::{QrCode, render::unicode};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Operators.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum OperatorCommand {
    /// Add an operator; the first one needs no --as
    Add(AddOperator),
    /// Every operator and official
    List,
}

/// A new operator.
#[derive(Clone, Debug, clap::Args)]
pub struct AddOperator {
    /// Their name
    name: String,
    /// What they do
    #[arg(long, value_enum, default_value_t = OperatorRole::Branch)]
    role: OperatorRole,
    /// Where they may act; everywhere where none is given
    #[arg(long = "area", value_name = "PATH", value_parser = area)]
    areas: Vec<Area>,
    /// The set-up code that the first `payung serve` printed
    #[arg(long, value_name = "CODE")]
    setup_code: Option<String>,
}

/// An operator's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OperatorRole {
    /// Of the branch: verifies, exports, imports
    Branch,
    /// Of a kelurahan or desa: verifies
    Kelurahan,
}

/// An invite.
#[derive(Clone, Debug, clap::Args)]
pub struct InviteArgs {
    /// The official's name; one who is known already by name or id gets another phone
    #[arg(long, value_name = "NAME")]
    official: String,
    /// The area they look after, e.g. 33.02.24.1001.005.003 for RW 005 RT 003
    #[arg(long = "area", value_name = "PATH", required_unless_present = "clinic", value_parser = area)]
    areas: Vec<Area>,
    /// official, kelurahan_operator or branch_operator
    #[arg(long, default_value = "official", value_parser = role, conflicts_with = "clinic")]
    role: Role,
    /// Instead of an area: the code of a clinic (see `payung admin clinics`), whose phone is told of the accident reports
    /// that name it and answers that it has the person
    #[arg(long, value_name = "CODE", conflicts_with = "replaces")]
    clinic: Option<String>,
    /// Where phones reach the server: http(s)://host[:port]; several are tried in turn
    #[arg(long = "server", env = "PAYUNG_SERVER", value_name = "URL", value_delimiter = ',', required = true)]
    servers: Vec<String>,
    /// The phone the new one takes the place of
    #[arg(long, value_name = "DEVICE")]
    replaces: Option<DeviceId>,
    /// Make a new official although one of that name is known
    #[arg(long)]
    new: bool,
}

/// A worker's own phone.
#[derive(Clone, Debug, clap::Args)]
pub struct ClaimArgs {
    /// The worker's record
    worker: RecordId,
    /// Where phones reach the server: http(s)://host[:port]; several are tried in turn
    #[arg(long = "server", env = "PAYUNG_SERVER", value_name = "URL", value_delimiter = ',', required = true)]
    servers: Vec<String>,
}

/// A phone.
#[derive(Clone, Debug, clap::Args)]
pub struct DeviceArgs {
    /// Its id
    device: DeviceId,
}

/// A phone's request for recovery.
#[derive(Clone, Debug, clap::Args)]
pub struct RecoverArgs {
    /// The text its screen shows, payung://recover/…
    #[arg(value_parser = recovery_request)]
    request: RecoveryRequest,
    /// The recovery key, where it is not kept beside the other keys
    #[arg(long, value_name = "FILE")]
    recovery_key: Option<PathBuf>,
}

/// A phone's new areas.
#[derive(Clone, Debug, clap::Args)]
pub struct AssignArgs {
    /// Its id
    device: DeviceId,
    /// All its areas from now on
    #[arg(long = "area", value_name = "PATH", required = true, value_parser = area)]
    areas: Vec<Area>,
}

pub(super) fn area(text: &str) -> Result<Area, String> {
    Area::parse(text).map_err(|error| format!("{error}; e.g. 33.02.24.1001.005.003 (village, RW, RT)"))
}

fn recovery_request(text: &str) -> Result<RecoveryRequest, String> {
    RecoveryRequest::parse(text).map_err(|error| format!("{error}; it begins with payung://recover/"))
}

fn role(text: &str) -> Result<Role, String> {
    match Role::from(text) {
        role @ (Role::Official | Role::KelurahanOperator | Role::BranchOperator) => Ok(role),
        _ => Err("one of official, kelurahan_operator, branch_operator".to_owned()),
    }
}

fn is_operator(official: &Official) -> bool {
    official.roles.iter().any(|role| matches!(role, Role::KelurahanOperator | Role::BranchOperator))
}

fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn operator(desk: &Desk, command: &OperatorCommand) -> Result<Answer, AdminError> {
    match command {
        OperatorCommand::Add(new) => add_operator(desk, new),
        OperatorCommand::List => {
            let mut officials = desk.service.officials()?;
            // owners of phones that joined with a claim code are workers
            officials.retain(|official| !official.roles.contains(&Role::Worker));
            let json: Vec<Value> = officials.iter().map(official_json).collect();
            let row = |official: &Official| {
                let areas = if official.areas.is_empty() { String::new() } else { joined(&official.areas) };
                vec![official.name.clone(), joined(&official.roles), areas, official.id.to_string()]
            };
            let rows: Vec<_> = officials.iter().map(row).collect();
            Ok(Answer::table(json.into(), &["Name", "Role", "Areas", "Id"], &rows, "Nobody yet."))
        }
    }
}

fn official_json(official: &Official) -> Value {
    json!({
        "official": official.id, "name": official.name, "roles": official.roles, "areas": official.areas,
        "since": instant(official.since),
    })
}

fn add_operator(desk: &Desk, new: &AddOperator) -> Result<Answer, AdminError> {
    let officials = desk.service.officials()?;
    let first = !officials.iter().any(is_operator);
    if officials.iter().any(|official| is_operator(official) && same_name(&official.name, &new.name)) {
        return Err(AdminError::Usage(
            "there is an operator of that name already: see `payung admin operator list`".to_owned(),
        ));
    }
    let id = OfficialId(clock::new_id());
    let role = match new.role {
        OperatorRole::Branch => Role::BranchOperator,
        OperatorRole::Kelurahan => Role::KelurahanOperator,
    };
    let by = if first {
        // whoever may write the data directory may begin; the code proves it from elsewhere
        if let Some(code) = &new.setup_code {
            SetupCode::of(&desk.dir).redeem(code, desk.now)?;
        }
        if role != Role::BranchOperator {
            return Err(AdminError::Usage("the first operator is of the branch: they add the others".to_owned()));
        }
        id
    } else {
        if new.setup_code.is_some() {
            return Err(AdminError::Usage("a set-up code is for the first operator only: use --as NAME".to_owned()));
        }
        let by = desk.who()?;
        let adding = desk.service.official(by)?;
        // nobody gives what they do not have
        if role == Role::BranchOperator && !adding.roles.contains(&Role::BranchOperator) {
            return Err(AdminError::Refused {
                what: "adding an operator of the branch".to_owned(),
                code: "not_a_branch_operator".to_owned(),
            });
        }
        let scope = adding.scope();
        if !adding.areas.is_empty() && (new.areas.is_empty() || !new.areas.iter().all(|area| scope.contains(area))) {
            return Err(AdminError::Refused { what: "adding an operator".to_owned(), code: "area_foreign".to_owned() });
        }
        by
    };
    desk.service.add_operator_in(by, &new.name, role, &new.areas, id, desk.now)?;
    let official = desk.service.official(id)?;
    let text = format!("{} may act now: payung admin --as \"{}\" …", official.name, official.name);
    Ok(Answer::says(official_json(&official), text))
}

pub(super) fn invite(desk: &Desk, args: &InviteArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let inviting = desk.service.official(who)?;
    if args.role == Role::BranchOperator && !inviting.roles.contains(&Role::BranchOperator) {
        return Err(AdminError::Refused {
            what: "inviting an operator of the branch".to_owned(),
            code: "not_a_branch_operator".to_owned(),
        });
    }
    let officials = desk.service.officials()?;
    let named = |official: &&Official| {
        let is_it = official.id.to_string() == args.official || !args.new && same_name(&official.name, &args.official);
        // who joined with a claim code is no official
        is_it && !official.roles.contains(&Role::Worker)
    };
    let mut fitting = officials.iter().filter(named);
    let known = match (fitting.next(), fitting.next()) {
        (known, None) => known.map(|official| official.id),
        _ => return Err(AdminError::Ambiguous(args.official.clone())),
    };
    let new = NewInvite {
        name: args.official.clone(),
        roles: vec![args.role.clone()],
        areas: args.areas.clone(),
        official: known,
        replaces: args.replaces,
    };
    let id = known.unwrap_or_else(|| OfficialId(clock::new_id()));
    let invite = match &args.clinic {
        Some(code) => {
            let new = NewInvite { roles: vec![Role::Plkk], ..new };
            desk.service.invite_clinic(who, &new, code, id, args.servers.clone(), desk.now)?
        }
        None => desk.service.invite(who, new, id, args.servers.clone(), desk.now)?,
    };
    let link = invite.to_link().map_err(|error| AdminError::Usage(error.to_string()))?;
    let hash = invite.secret.hash();
    let invites = desk.service.storage().read()?.invite(&hash)?;
    let expires = invites.map_or(desk.now, |invite| invite.expires);
    let json = json!({
        "link": link, "official": id, "name": desk.service.official(id)?.name, "areas": args.areas, "clinic": args.clinic,
        "expires": instant(expires),
    });
    // a QR code holds capitals in its compact alphanumeric mode, and a link is read in either case
    let qr = QrCode::new(link.to_ascii_uppercase().as_bytes()).map(|code| code.render::<unicode::Dense1x2>().build());
    let text = format!("{link}\nFor one phone, until {}.", instant(expires));
    Ok(Answer::says(json, text).and(&qr.unwrap_or_default()))
}

pub(super) fn claim_code(desk: &Desk, args: &ClaimArgs) -> Result<Answer, AdminError> {
    let claim = desk.service.claim_code(desk.who()?, args.worker, args.servers.clone(), desk.now)?;
    let invalid = |error: payung_protocol::InviteError| AdminError::Usage(error.to_string());
    let link = claim.invite.to_link().map_err(invalid)?;
    let server = ServerLink::from(&claim.invite).to_link().map_err(invalid)?;
    let expires = instant(claim.expires);
    let code = claim.code.to_string();
    let json = json!({ "worker": args.worker, "code": code, "link": link, "server": server, "expires": expires });
    let qr = QrCode::new(link.to_ascii_uppercase().as_bytes()).map(|code| code.render::<unicode::Dense1x2>().build());
    // what the worker reads on the slip, in their language
    let text = format!(
        "Kode klaim: {code}\nUntuk satu HP milik pekerja sendiri, satu kali pakai, berlaku sampai {expires}.\n{link}\n{server}"
    );
    Ok(Answer::says(json, text).and(&qr.unwrap_or_default()))
}

/// What a phone that looks after no area is about, as `devices` says it.
fn about(only: &Only) -> String {
    match only {
        Only::Worker { record, .. } => format!("worker {record}"),
        Only::Clinic { code, .. } => format!("clinic {code}"),
    }
}

pub(super) fn devices(desk: &Desk) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let mut devices = desk.service.devices()?;
    devices.retain(|device| device.places().any(|area| scope.contains(area)));
    desk.service.audit_look(who, "look_devices", devices.len(), desk.now)?;
    let officials = desk.service.officials()?;
    let name = |id: OfficialId| {
        officials.iter().find(|official| official.id == id).map_or(String::new(), |found| found.name.clone())
    };
    let json = |device: &Device| {
        json!({
            "device": device.id, "official": device.official, "name": name(device.official), "state": device.state,
            "roles": device.roles, "areas": device.areas, "only": device.only, "joined_at": instant(device.joined_at),
            "wipe": device.wipe, "seen_through": device.seen_through,
            // as it came; nobody has judged it
            "attestation": device.attestation.as_ref().map(|said| &said.format),
        })
    };
    let row = |device: &Device| {
        vec![
            name(device.official),
            device.only.as_ref().map_or_else(|| joined(&device.areas), about),
            device.state.as_str().to_owned(),
            instant(device.joined_at),
            device.id.to_string(),
        ]
    };
    let rows: Vec<_> = devices.iter().map(row).collect();
    let json: Vec<Value> = devices.iter().map(json).collect();
    Ok(Answer::table(
        json.into(),
        &["Official", "Areas", "State", "Joined", "Device"],
        &rows,
        "No phone has joined yet.",
    ))
}

pub(super) fn set_device(desk: &Desk, args: &DeviceArgs, state: DeviceState) -> Result<Answer, AdminError> {
    desk.service.set_device(desk.who()?, args.device, state, desk.now)?;
    let json = json!({ "device": args.device, "state": state });
    Ok(Answer::says(json, format!("{} is {} from now on.", args.device, state.as_str())))
}

pub(super) fn wipe(desk: &Desk, args: &DeviceArgs) -> Result<Answer, AdminError> {
    desk.service.wipe(desk.who()?, args.device, desk.now)?;
    let json = json!({ "device": args.device, "state": DeviceState::Revoked, "wipe": true });
    let text = format!("{} is revoked, and destroys what it holds at its next exchange.", args.device);
    Ok(Answer::says(json, text))
}

pub(super) fn recover(desk: &Desk, args: &RecoverArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let recovery = desk.service.keys().recovery(args.recovery_key.as_deref())?;
    let device = args.request.escrow.device();
    let answer = desk.service.recover(who, &args.request, &recovery, desk.now)?.to_text();
    let of = desk.service.devices()?.into_iter().find(|known| known.id == device);
    let name = of.map_or(Ok(String::new()), |of| desk.service.official(of.official).map(|official| official.name))?;
    let code = args.request.code();
    let json = json!({ "device": device, "name": name, "code": code, "answer": answer });
    let qr = QrCode::new(answer.to_ascii_uppercase().as_bytes()).map(|code| code.render::<unicode::Dense1x2>().build());
    let text = format!(
        "{answer}\nFor the phone of {name} that shows {code}. Give it to nobody else: with this phone in hand it opens it."
    );
    Ok(Answer::says(json, text).and(&qr.unwrap_or_default()))
}

pub(super) fn assign(desk: &Desk, args: &AssignArgs) -> Result<Answer, AdminError> {
    desk.service.assign(desk.who()?, args.device, &args.areas, desk.now)?;
    let json = json!({ "device": args.device, "areas": args.areas });
    Ok(Answer::says(json, format!("{} looks after {} from its next exchange on.", args.device, joined(&args.areas))))
}
