//! `payung admin cards`: what is issued, on paper, taken back, and with what others verify.

use super::{AdminError, Desk, people::area, show::Answer};
use crate::{
    card::jakarta,
    service::{ServiceError, operator::Act},
};
use payung_card::{
    Card, CardText, Clock, IssuedCard,
    print::{Office, Paper, PrintError, pdf},
    verify,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::RecordId,
    region::{Level, RegionCode},
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Cards.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum CardsCommand {
    /// The cards of workers: numbers and until when they tell that contributions are paid
    Show {
        /// The workers, or their enrolments
        #[arg(required = true)]
        workers: Vec<RecordId>,
    },
    /// Write the cards of workers as PDF, a file each, to be printed
    Print(PrintArgs),
    /// A card was lost or is in wrong hands: its number is taken back, and whoever is covered gets another
    Replace {
        /// The worker, or an enrolment of theirs
        worker: RecordId,
        /// Why: a short code, such as lost
        #[arg(long, value_name = "CODE", default_value = "lost")]
        reason: String,
    },
    /// Issue what is due and sign the lists for verifiers now; a running server does it every hour
    Keep,
    /// Write what a clinic needs to verify the cards of a regency: the list of keys and the list of cards taken back
    Check {
        /// The regency
        #[arg(long, value_name = "PATH", value_parser = area)]
        area: Area,
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// What is printed how.
#[derive(Clone, Debug, clap::Args)]
pub struct PrintArgs {
    /// The workers, or their enrolments
    #[arg(required = true)]
    workers: Vec<RecordId>,
    /// The folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A6 sheet, or a card of the size of a bank card with two sides
    #[arg(long, value_enum, default_value_t = PaperSize::A6)]
    paper: PaperSize,
    /// The branch as people reach it, with its telephone
    #[arg(long, value_name = "TEXT")]
    branch: String,
    /// Where criticism and suggestions go
    #[arg(long, value_name = "TEXT")]
    feedback: String,
}

/// Sizes of paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PaperSize {
    /// 105 mm x 148 mm
    A6,
    /// 85.6 mm x 54 mm
    Id1,
}

pub(super) fn run(desk: &Desk, command: &CardsCommand) -> Result<Answer, AdminError> {
    match command {
        CardsCommand::Show { workers } => show(desk, workers),
        CardsCommand::Print(args) => print(desk, args),
        CardsCommand::Replace { worker, reason } => replace(desk, *worker, reason),
        CardsCommand::Keep => keep(desk),
        CardsCommand::Check { area, out } => check(desk, area, out),
    }
}

/// The worker of an id that `payung admin workers` prints: their own, or that of their enrolment; a linked one's is the survivor.
fn worker_of(desk: &Desk, id: RecordId) -> Result<RecordId, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let mut id = id;
    // enrolment, worker, survivor
    for _ in 0..2 {
        let record = desk.service.record(who, id, &scope, desk.now)?;
        let enrolled = if record.kind == Kind::Enrollment { record.kind.parent(&record.body) } else { None };
        match enrolled.or(record.alias.map(|alias| alias.survivor)) {
            Some(next) => id = next,
            None => break,
        }
    }
    Ok(id)
}

/// The card of a worker whom the operator may see; a look at it is a look at a person.
fn issued(desk: &Desk, worker: RecordId) -> Result<IssuedCard, AdminError> {
    let who = desk.who()?;
    let record = desk.service.record(who, worker, &desk.scope(who)?, desk.now)?;
    IssuedCard::of(&record.body)
        .ok_or_else(|| AdminError::Refused { what: worker.to_string(), code: "no_card".to_owned() })
}

fn show(desk: &Desk, workers: &[RecordId]) -> Result<Answer, AdminError> {
    let (mut json, mut rows) = (Vec::new(), Vec::new());
    for id in workers {
        let worker = worker_of(desk, *id)?;
        let card = issued(desk, worker)?;
        json.push(json!({ "record": worker, "card": card }));
        let (from, until) = (card.from.to_string(), card.paid_to.to_string());
        rows.push(vec![worker.to_string(), card.id, from, until, card.issued.to_string(), card.expires.to_string()]);
    }
    let headers = ["Worker", "Card", "Covered from", "Paid to", "Issued", "Looked at until"];
    Ok(Answer::table(json.into(), &headers, &rows, "No cards."))
}

fn print(desk: &Desk, args: &PrintArgs) -> Result<Answer, AdminError> {
    let office = Office { branch: args.branch.clone(), feedback: args.feedback.clone() };
    let paper = if args.paper == PaperSize::A6 { Paper::A6 } else { Paper::Id1 };
    // all or none: a stack of paper with one card missing is noticed too late
    let mut files = Vec::new();
    for id in &args.workers {
        let worker = worker_of(desk, *id)?;
        let issued = issued(desk, worker)?;
        let (card, text) = read(desk, &issued)?;
        let sheet = pdf(&card, &text, &office, paper).map_err(|error| unprintable(worker, error))?;
        files.push((args.out.join(format!("{}.pdf", issued.id)), sheet));
    }
    folder(&args.out)?;
    for (path, sheet) in &files {
        write(path, sheet)?;
    }
    let paths: Vec<&PathBuf> = files.iter().map(|(path, _)| path).collect();
    let text =
        format!("{} cards in {}. They hold personal data: print, hand over, delete.", files.len(), args.out.display());
    Ok(Answer::says(json!({ "files": paths }), text))
}

/// What the card says, as a verifier reads it.
fn read(desk: &Desk, issued: &IssuedCard) -> Result<(Card, CardText), AdminError> {
    let unread = || AdminError::Refused { what: issued.id.clone(), code: "card_not_valid".to_owned() };
    let (keys, _) = desk.service.keys().card_keys()?.ok_or_else(unread)?;
    let text: CardText = issued.text.parse().map_err(|_| unread())?;
    let verdict = verify(text.as_str(), &keys, &[], Clock { today: jakarta(desk.now), sure: true });
    Ok((verdict.card().ok_or_else(unread)?.clone(), text))
}

fn unprintable(worker: RecordId, error: PrintError) -> AdminError {
    AdminError::Usage(format!("{worker}: {error}; nothing was written"))
}

fn replace(desk: &Desk, worker: RecordId, reason: &str) -> Result<Answer, AdminError> {
    let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
    if reason.is_empty() || reason.len() > 40 || !reason.chars().all(is_code) {
        return Err(AdminError::Usage("--reason is a short code: lower-case letters and _, such as lost".to_owned()));
    }
    let worker = worker_of(desk, worker)?;
    let before = issued(desk, worker)?;
    let who = desk.who()?;
    desk.service.act(who, Act::ReplaceCard { worker, reason: reason.to_owned() }, desk.now)?;
    let after = match issued(desk, worker) {
        Ok(card) => Some(card.id),
        Err(AdminError::Refused { .. }) => None,
        Err(error) => return Err(error),
    };
    let next = match &after {
        Some(card) => format!("Card {card} stands in its place."),
        None => "No other was issued: is there a key for this year (`payung admin keys card`)?".to_owned(),
    };
    let text = format!("Card {} is taken back; verifiers hear of it with their next list. {next}", before.id);
    Ok(Answer::says(json!({ "record": worker, "revoked": before.id, "card": after }), text))
}

fn keep(desk: &Desk) -> Result<Answer, AdminError> {
    desk.who()?;
    let kept = desk.service.keep_cards(desk.now)?;
    let mut text = format!("{} cards changed, {} lists signed.", kept.cards, kept.lists);
    if !kept.issues {
        text.push_str(" There is no key for this year: `payung admin keys card --root FILE`.");
    }
    Ok(Answer::says(json!({ "cards": kept.cards, "lists": kept.lists, "issues": kept.issues }), text))
}

fn check(desk: &Desk, area: &Area, out: &Path) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let regency = area.region().at(Level::Regency);
    let regency = regency.ok_or_else(|| AdminError::Usage("--area is a regency or lies in one".to_owned()))?;
    desk.service.keep_cards(desk.now)?;
    let missing = || AdminError::Service(ServiceError::NotFound("card of that regency"));
    let (keys, list) = (desk.service.card_check(regency)?.ok_or_else(missing)?.keys, list_of(desk, regency)?);
    folder(out)?;
    let (keys_file, list_file) =
        (out.join("cards.txt"), out.join(format!("{}.cwt", regency.to_string().replace('.', ""))));
    write(&keys_file, format!("{keys}\n").as_bytes())?;
    write(&list_file, &list)?;
    desk.service.audit_look(who, "card_check", 1, desk.now)?;
    let root = desk.service.keys().root().to_string();
    let text = format!(
        "{} and {}: good for 7 days. Tell the root's fingerprint by another way: {root}",
        keys_file.display(),
        list_file.display()
    );
    Ok(Answer::says(json!({ "keys": keys_file, "list": list_file, "root": root }), text))
}

fn list_of(desk: &Desk, regency: RegionCode) -> Result<Vec<u8>, AdminError> {
    let list = desk.service.status_list(regency)?;
    list.ok_or(AdminError::Service(ServiceError::NotFound("card of that regency")))
}

fn folder(path: &Path) -> Result<(), AdminError> {
    crate::keys::private_dir(path).map_err(|source| AdminError::File { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), AdminError> {
    fs::write(path, bytes).map_err(|source| AdminError::File { path: path.to_owned(), source })
}
