//! `payung card`: judges and draws membership cards without a server, a network or a data directory.

use chrono::{DateTime, NaiveDate};
use payung_card::{
    CardError, CardKeys, Clock, Fingerprint, Light, QrCode, StatusList, Verdict, scan_png, unarmoured, verify, words,
};
use payung_domain::calendar::{Zone, local_date};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// The most that is read of a file: that of a picture.
const MAX_FILE: u64 = 9 << 20;
/// The first bytes of every PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What is done with cards.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum CardCommand {
    /// Judge a card. Exit code 0: green, covered; 3: amber, ask first; 4: red, not to be relied upon; 1: could not be judged
    Verify(VerifyArgs),
    /// Draw the code of a card's text
    Draw(DrawArgs),
}

/// What is drawn where.
#[derive(Clone, Debug, clap::Args)]
pub struct DrawArgs {
    /// The text of the card's code, or a file with it
    #[arg(value_name = "TEXT|FILE")]
    card: String,
    /// The picture: its name ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Pixels of a PNG for each module of the code
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    scale: u8,
}

/// What is judged by what.
#[derive(Clone, Debug, clap::Args)]
pub struct VerifyArgs {
    /// The text of the card's code, or a file with the text, or a PNG with the code
    #[arg(value_name = "TEXT|FILE")]
    card: String,
    /// The list of the issuers' keys (`payung admin keys card`)
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The root that must have signed that list; without it the list is trusted as it lies there
    #[arg(long, value_name = "FINGERPRINT")]
    root: Option<String>,
    /// A list of cards taken back; several may be given
    #[arg(long = "list", value_name = "FILE")]
    lists: Vec<PathBuf>,
    /// The day it is, in place of this machine's date
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<NaiveDate>,
    /// Answer in JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// Why a card could not be judged. Names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum CardCommandError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A list cannot be believed.
    #[error("{}: {reason}", path.display())]
    List {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: CardError,
    },
    /// What was to be drawn is no card.
    #[error("no card's text: {0}")]
    Text(CardError),
    /// Another kind of picture.
    #[error("--out takes a file that ends in .svg or .png")]
    Kind,
    /// What was given as a fingerprint is none.
    #[error("--root takes the 32 hex digits that `payung admin keys show` prints")]
    Root,
    /// The answer could not be written.
    #[error("the answer: {0}")]
    Output(io::Error),
}

/// What the program's exit says: 0, 3 or 4.
pub fn exit_code(light: Light) -> u8 {
    match light {
        Light::Green => 0,
        Light::Amber => 3,
        Light::Red => 4,
    }
}

/// Does what the command line asks.
///
/// # Errors
/// [`CardCommandError`] where there is no verdict; a card that is not good is one.
pub fn run_card(command: &CardCommand, now: i64, out: &mut impl Write) -> Result<Light, CardCommandError> {
    match command {
        CardCommand::Verify(args) => run_verify(args, now, out),
        CardCommand::Draw(args) => draw(args).map(|()| Light::Green),
    }
}

fn draw(args: &DrawArgs) -> Result<(), CardCommandError> {
    let text = text(&args.card)?.ok_or(CardCommandError::Text(CardError::NotOurs))?;
    let code = text.parse().and_then(|text| QrCode::of(&text)).map_err(CardCommandError::Text)?;
    let picture = match args.out.extension().and_then(OsStr::to_str) {
        Some("svg") => code.svg().into_bytes(),
        Some("png") => code.png(args.scale.into()).map_err(CardCommandError::Text)?,
        _ => return Err(CardCommandError::Kind),
    };
    fs::write(&args.out, picture).map_err(|source| CardCommandError::File { path: args.out.clone(), source })
}

fn run_verify(args: &VerifyArgs, now: i64, out: &mut impl Write) -> Result<Light, CardCommandError> {
    let keys = keys(args)?;
    let lists = args.lists.iter().map(|path| list(path, &keys)).collect::<Result<Vec<_>, _>>()?;
    let today = args.today.unwrap_or_else(|| jakarta(now));
    let verdict = text(&args.card)?.map(|text| verify(&text, &keys, &lists, Clock { today, sure: true }));
    let light = verdict.as_ref().map_or(Light::Red, Verdict::light);
    let answer = if args.json { json_of(verdict.as_ref()).to_string() + "\n" } else { lines_of(verdict.as_ref()) };
    out.write_all(answer.as_bytes()).map_err(CardCommandError::Output)?;
    Ok(light)
}

/// The date in Jakarta, where the offices are.
pub(crate) fn jakarta(now: i64) -> NaiveDate {
    local_date(DateTime::from_timestamp_millis(now).unwrap_or_default(), Zone::Wib)
}

fn keys(args: &VerifyArgs) -> Result<CardKeys, CardCommandError> {
    let root = args.root.as_deref().map(str::parse::<Fingerprint>).transpose().map_err(|_| CardCommandError::Root)?;
    let file = read(&args.keys)?;
    let believed = unarmoured(&file).and_then(|signed| match root {
        Some(root) => CardKeys::verify(&signed, &root, 0),
        None => CardKeys::verify_own(&signed),
    });
    believed.map_err(|reason| CardCommandError::List { path: args.keys.clone(), reason })
}

fn list(path: &Path, keys: &CardKeys) -> Result<StatusList, CardCommandError> {
    let file = read(path)?;
    let believed = unarmoured(&file).and_then(|signed| StatusList::verify(&signed, keys));
    believed.map_err(|reason| CardCommandError::List { path: path.to_owned(), reason })
}

/// The text to be judged; none where a picture holds no code.
fn text(given: &str) -> Result<Option<String>, CardCommandError> {
    let path = Path::new(given);
    if !path.is_file() {
        return Ok(Some(given.to_owned()));
    }
    let file = read(path)?;
    if file.starts_with(PNG) {
        return Ok(scan_png(&file).ok());
    }
    Ok(Some(String::from_utf8_lossy(&file).into_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>, CardCommandError> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|source| CardCommandError::File { path: path.to_owned(), source })
}

/// A colour's name beside its word: some see no colours.
fn colour(light: Light) -> &'static str {
    match light {
        Light::Green => "HIJAU",
        Light::Amber => "KUNING",
        Light::Red => "MERAH",
    }
}

fn sentences(verdict: Option<&Verdict>) -> Vec<String> {
    verdict.map_or_else(|| vec![words::NO_CODE.to_owned()], words::sentences)
}

fn lines_of(verdict: Option<&Verdict>) -> String {
    let light = verdict.map_or(Light::Red, Verdict::light);
    let mut lines = vec![format!("{}  {}", colour(light), words::heading(light))];
    lines.extend(sentences(verdict));
    if let Some(card) = verdict.and_then(Verdict::card) {
        lines.push(String::new());
        lines.extend(words::facts(card).into_iter().map(|(name, value)| format!("{name:<22} {value}")));
    }
    lines.join("\n") + "\n"
}

fn json_of(verdict: Option<&Verdict>) -> Value {
    let light = verdict.map_or(Light::Red, Verdict::light);
    let card = verdict.and_then(Verdict::card).map(|card| {
        json!({
            "issuer": card.issuer,
            "id": card.id,
            "name": card.name,
            "nik": card.nik.as_str(),
            "area": card.area,
            "programmes": card.programmes,
            "covered_from": card.covered_from,
            "paid_to": card.paid_to,
            "issued": card.issued,
            "expires": card.expires,
            "status": { "uri": card.status.uri, "index": card.status.index },
        })
    });
    json!({
        "verdict": light.code(),
        "reasons": verdict.map_or_else(|| vec!["no_code"], Verdict::codes),
        "words": sentences(verdict),
        "card": card,
    })
}
