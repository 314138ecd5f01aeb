//! `payung admin`: what operators do, on the data directory, beside a running server.
//!
//! Tables for people, `--json` for scripts. Every act names who (`--as`), goes to the audit and to the journal.

mod branch;
mod bundle;
mod cards;
mod desk;
mod ecosystem;
mod error;
mod keys;
mod media;
mod offered;
mod officials;
mod people;
mod privacy;
mod reference;
mod reports;
mod shared;
mod show;
mod sponsors;
mod work;

pub use error::AdminError;

use crate::service::{DataDir, Service};
use clap::{Parser, Subcommand};
use payung_domain::{id::OfficialId, text::same_name};
use payung_protocol::Role;
use show::Answer;
use std::{io::Write, path::PathBuf};

/// What operators do, beside a running server.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The data directory
    #[arg(long, env = "PAYUNG_DATA", default_value = "payung-data", global = true)]
    pub data: PathBuf,
    /// Who acts: the name or id of an operator
    #[arg(long = "as", env = "PAYUNG_AS", value_name = "NAME", global = true)]
    pub operator: Option<String>,
    /// Answer in JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Operators of the office
    #[command(subcommand)]
    Operator(people::OperatorCommand),
    /// Invite an official to join with one phone: prints a link and its QR code, good for 72 hours and one use
    Invite(people::InviteArgs),
    /// Make a claim code for a worker's slip: with it their own phone joins for their own record, once, within 14 days
    ClaimCode(people::ClaimArgs),
    /// Every phone that joined
    Devices,
    /// A phone was reinstalled or replaced: what it still sends is taken
    Retire(people::DeviceArgs),
    /// A phone was lost or misused: what it still sends waits for a person
    Revoke(people::DeviceArgs),
    /// A phone is in wrong hands: it destroys what it holds at its next exchange, by whatever road; what it had not sent
    /// it seals first. It is revoked
    Wipe(people::DeviceArgs),
    /// Help an official back into a phone whose PIN is forgotten, once you know that it is them
    Recover(people::RecoverArgs),
    /// Give a phone other areas
    Assign(people::AssignArgs),
    /// Fields that two people wrote differently
    Conflicts {
        /// What to do
        #[command(subcommand)]
        command: Option<desk::ConflictCommand>,
    },
    /// Records that may be one person
    Duplicates {
        /// What to do
        #[command(subcommand)]
        command: Option<desk::DuplicateCommand>,
    },
    /// What phones sent and a person must look at
    Held {
        /// What to do
        #[command(subcommand)]
        command: Option<desk::HeldCommand>,
    },
    /// Records that a restored server lacks and phones still have
    Offered {
        /// What to do
        #[command(subcommand)]
        command: Option<offered::OfferedCommand>,
    },
    /// Take sealed bundles that came as files
    Bundle(bundle::BundleArgs),
    /// Erase a person by law: from the database, the journal and, with their next exchange, the phones
    Erase(offered::EraseArgs),
    /// All that the office keeps about a person, in words for that person (UU 27/2022, article 7)
    OwnRecord(privacy::OwnRecordArgs),
    /// Whom a phone held when it last asked: for a phone that is lost (UU 27/2022, article 46)
    Holdings(privacy::HoldingsArgs),
    /// Workers and where their enrolments stand
    Workers(work::WorkersArgs),
    /// A record in full, with everything received for it
    Show(work::ShowArgs),
    /// Enrolments are in order: they may go to the branch
    Verify(work::VerifyArgs),
    /// Send an enrolment back to its official
    Return(work::ReturnArgs),
    /// End an enrolment
    Close(work::CloseArgs),
    /// Let someone else look after a record and what belongs to it
    Move(work::MoveArgs),
    /// What officials report and nobody has answered: feedback, accidents, deaths; what is due first, first
    Reports(reports::ReportsArgs),
    /// Answer a report
    Answer(reports::AnswerArgs),
    /// Sponsors' agreements: quotas, places, what they pay
    #[command(subcommand)]
    Agreement(sponsors::AgreementCommand),
    /// Give the place that one enrolment has with a sponsor to another that waits for one
    Swap(sponsors::SwapArgs),
    /// Which of the office's officials are covered themselves
    Officials,
    /// How many are registered, covered, about to lapse, area by area
    Coverage(work::CoverageArgs),
    /// Write a file for the branch; its rows are submitted by it, once
    Export(branch::ExportArgs),
    /// Take the branch's answers: the whole file or nothing of it
    Import(branch::ImportArgs),
    /// Take a list of people who are members already; only hashes of their NIKs are kept
    ImportMembers(branch::MembersArgs),
    /// Take the branch's list of clinics of the work-accident network (PLKK): the whole file or nothing of it
    ImportPlkk(shared::PlkkArgs),
    /// The clinics that phones know
    Clinics(shared::ClinicsArgs),
    /// Ecosystems: companies, co-operatives and clinics with their growers, drivers and helpers
    #[command(subcommand)]
    Ecosystem(ecosystem::EcosystemCommand),
    /// Tables that phones reckon with: contributions
    #[command(subcommand)]
    Reference(reference::ReferenceCommand),
    /// Membership cards
    #[command(subcommand)]
    Cards(cards::CardsCommand),
    /// The templates there are, or the columns of one
    Templates {
        /// Which
        name: Option<String>,
    },
    /// Photos and drawings
    #[command(subcommand)]
    Media(media::MediaCommand),
    /// The server's keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
}

/// A whole command line, for tests and tools that have no `payung` before it.
#[derive(Debug, Parser)]
#[command(name = "payung admin")]
pub struct Line {
    /// The arguments.
    #[command(flatten)]
    pub args: Args,
}

/// An open data directory and who stands at it.
struct Desk {
    dir: DataDir,
    service: Service,
    operator: Option<String>,
    now: i64,
}

impl Desk {
    fn open(args: &Args, now: i64) -> Result<Self, AdminError> {
        let dir = DataDir::new(&args.data);
        if !dir.exists() {
            return Err(AdminError::NoServer(args.data.clone()));
        }
        Ok(Self { service: Service::open_existing(&dir)?, dir, operator: args.operator.clone(), now })
    }

    /// Who acts. Must be a known operator.
    fn who(&self) -> Result<OfficialId, AdminError> {
        let Some(named) = self.operator.as_deref() else { return Err(AdminError::NoOperator) };
        let officials = self.service.officials()?;
        let is_operator =
            |roles: &[Role]| roles.iter().any(|role| matches!(role, Role::KelurahanOperator | Role::BranchOperator));
        let mut fitting = officials.iter().filter(|official| {
            is_operator(&official.roles) && (official.id.to_string() == named || same_name(&official.name, named))
        });
        match (fitting.next(), fitting.next()) {
            (Some(official), None) => Ok(official.id),
            (Some(_), Some(_)) => Err(AdminError::Ambiguous(named.to_owned())),
            _ => Err(AdminError::UnknownOperator(named.to_owned())),
        }
    }

    /// What the operator may see.
    fn scope(&self, who: OfficialId) -> Result<crate::storage::Scope, AdminError> {
        Ok(self.service.official(who)?.scope())
    }
}

/// Does one command and writes its answer.
///
/// # Errors
/// [`AdminError`]: one line that names the thing and the next step, without personal data. With `--json` the lines of a
/// file that could not be taken are written out as well.
pub fn run(args: &Args, now: i64, out: &mut impl Write) -> Result<(), AdminError> {
    let done = dispatch(args, now);
    let text = match &done {
        Ok(answer) => answer.render(args.json),
        Err(error) if args.json => error.json().to_string() + "\n",
        Err(_) => return done.map(drop),
    };
    out.write_all(text.as_bytes()).map_err(AdminError::Output)?;
    done.map(drop)
}

fn dispatch(args: &Args, now: i64) -> Result<Answer, AdminError> {
    if let Command::Keys(command) = &args.command {
        return keys::run(&DataDir::new(&args.data), command, now);
    }
    let desk = Desk::open(args, now)?;
    match &args.command {
        Command::Operator(command) => people::operator(&desk, command),
        Command::Invite(args) => people::invite(&desk, args),
        Command::ClaimCode(args) => people::claim_code(&desk, args),
        Command::Devices => people::devices(&desk),
        Command::Retire(args) => people::set_device(&desk, args, crate::storage::DeviceState::Retired),
        Command::Revoke(args) => people::set_device(&desk, args, crate::storage::DeviceState::Revoked),
        Command::Wipe(args) => people::wipe(&desk, args),
        Command::Recover(args) => people::recover(&desk, args),
        Command::Assign(args) => people::assign(&desk, args),
        Command::Conflicts { command } => desk::conflicts(&desk, command.as_ref()),
        Command::Duplicates { command } => desk::duplicates(&desk, command.as_ref()),
        Command::Held { command } => desk::held(&desk, command.as_ref()),
        Command::Offered { command } => offered::offered(&desk, command.as_ref()),
        Command::Bundle(args) => bundle::bundle(&desk, args),
        Command::Erase(args) => offered::erase(&desk, args),
        Command::OwnRecord(args) => privacy::own_record(&desk, args),
        Command::Holdings(args) => privacy::holdings(&desk, args),
        Command::Workers(args) => work::workers(&desk, args),
        Command::Show(args) => work::show(&desk, args),
        Command::Verify(args) => work::verify(&desk, args),
        Command::Return(args) => work::send_back(&desk, args),
        Command::Close(args) => work::close(&desk, args),
        Command::Move(args) => work::move_record(&desk, args),
        Command::Reports(args) => reports::reports(&desk, args),
        Command::Answer(args) => reports::answer(&desk, args),
        Command::Agreement(command) => sponsors::agreement(&desk, command),
        Command::Swap(args) => sponsors::swap(&desk, args),
        Command::Officials => officials::covered(&desk),
        Command::Coverage(args) => work::coverage(&desk, args),
        Command::Export(args) => branch::export(&desk, args),
        Command::Import(args) => branch::import(&desk, args),
        Command::ImportMembers(args) => branch::import_members(&desk, args),
        Command::ImportPlkk(args) => shared::import_plkk(&desk, args),
        Command::Clinics(args) => shared::clinics(&desk, args),
        Command::Ecosystem(command) => ecosystem::run(&desk, command),
        Command::Reference(command) => reference::run(&desk, command),
        Command::Cards(command) => cards::run(&desk, command),
        Command::Templates { name } => branch::templates(&desk, name.as_deref()),
        Command::Media(command) => media::run(&desk, command),
        Command::Keys(command) => keys::run(&desk.dir, command, now),
    }
}

#[cfg(test)]
mod tests;
