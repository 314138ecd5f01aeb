//! Sponsors' agreements: their quotas, who has a place, what they pay, month by month.

use super::{
    AdminError, Desk,
    branch::write_private,
    people::area,
    show::{Answer, instant},
    work::today,
};
use crate::{
    export::{Book, BookError, Cell},
    service::{
        enrollment::state_of,
        operator::{Act, Published},
        sponsors::{SponsoredItem, agreement_record},
    },
    storage::DeviceState,
};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::Month,
    contribution::{ContributionTables, Payer, Program, Quote, QuoteMonth, rupiah},
    enrollment,
    field::Kind,
    id::RecordId,
    nik::Nik,
    op::Body,
    record::Record,
    sponsorship::{Agreement, Standing},
    worker::cover_quote,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

/// Agreements.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum AgreementCommand {
    /// Share an agreement with the phones of its area, or change one of that number
    Save(SaveArgs),
    /// Add nobody any more; who has a place keeps it
    End {
        /// Its number
        number: String,
    },
    /// Every agreement: places, who waits, when it ends
    List,
    /// Who an agreement pays for, how much in which month, and where they stand
    Report {
        /// Its number
        number: String,
        /// Write the list to a file as well: .csv or .xlsx
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// An agreement.
#[derive(Clone, Debug, clap::Args)]
pub struct SaveArgs {
    /// As on the paper; officials choose it by this
    number: String,
    /// Who pays
    #[arg(long, value_name = "NAME")]
    sponsor: String,
    /// As what: csr, person, apbd, apbdes, apbn or ecosystem
    #[arg(long, value_parser = payer)]
    payer: Payer,
    /// How many people
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    quota: u32,
    /// The most months for one person
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=60))]
    months: u32,
    /// First contribution month, such as 2026-12
    #[arg(long, value_name = "MONTH", value_parser = month)]
    start: Month,
    /// Last contribution month; else as many as it pays for one person
    #[arg(long, value_name = "MONTH", value_parser = month)]
    until: Option<Month>,
    /// The area whose phones are told
    #[arg(long, value_name = "PATH", value_parser = area)]
    area: Area,
    /// Only people looked after in these areas
    #[arg(long, value_name = "PATH", value_parser = area)]
    within: Vec<Area>,
    /// With old age savings
    #[arg(long)]
    jht: bool,
    /// Only this part of the economy
    #[arg(long, value_parser = ["transport", "other"])]
    sector: Option<String>,
    /// Only the people of an ecosystem, by its code
    #[arg(long, value_name = "CODE")]
    ecosystem: Option<String>,
    /// How many a phone may count on before it has asked; else the quota divided among the phones
    #[arg(long)]
    share: Option<u32>,
}

/// One place for another.
#[derive(Clone, Debug, clap::Args)]
pub struct SwapArgs {
    /// The enrolment that has a place
    out: RecordId,
    /// The enrolment that waits for one of the same agreement
    #[arg(long = "for", value_name = "ENROLLMENT")]
    into: RecordId,
}

fn payer(text: &str) -> Result<Payer, String> {
    match Payer::from(text) {
        Payer::SelfPaid | Payer::Other(_) => Err("csr, person, apbd, apbdes, apbn or ecosystem".to_owned()),
        payer => Ok(payer),
    }
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).map_err(|error| error.to_string())
}

pub(super) fn agreement(desk: &Desk, command: &AgreementCommand) -> Result<Answer, AdminError> {
    match command {
        AgreementCommand::Save(args) => save(desk, args),
        AgreementCommand::End { number } => end(desk, number),
        AgreementCommand::List => list(desk),
        AgreementCommand::Report { number, out } => report(desk, number, out.as_ref()),
    }
}

/// An agreement by its number.
fn find(desk: &Desk, number: &str) -> Result<(Record, Agreement), AdminError> {
    let id = agreement_record(number);
    let all = desk.service.shared(&Kind::SponsorAgreement)?;
    let found = all.into_iter().find(|record| record.id == id);
    let read = found.and_then(|record| Agreement::of(&record.body).map(|agreement| (record, agreement)));
    read.ok_or_else(|| {
        AdminError::Usage(format!("no agreement has the number {number}: see `payung admin agreement list`"))
    })
}

fn save(desk: &Desk, args: &SaveArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let number = args.number.trim();
    if number.is_empty() || number.chars().count() > 60 || args.sponsor.trim().is_empty() {
        return Err(AdminError::Usage("an agreement has a number of at most 60 characters and a sponsor".to_owned()));
    }
    if args.until.is_some_and(|until| until < args.start) {
        return Err(AdminError::Usage("--until lies before --start".to_owned()));
    }
    if let Some(outside) = args.within.iter().find(|area| !area.is_within(&args.area)) {
        return Err(AdminError::Usage(format!("--within {outside} does not lie in --area {}", args.area)));
    }
    let phones = desk.service.devices()?.into_iter().filter(|device| {
        let here = |area: &Area| area.is_within(&args.area) || args.area.is_within(area);
        device.state == DeviceState::Active && device.areas.iter().any(here)
    });
    let phones = u32::try_from(phones.count()).unwrap_or(u32::MAX).max(1);
    let share = args.share.unwrap_or_else(|| args.quota.div_ceil(phones));
    let mut programs = vec![Program::Jkk, Program::Jkm];
    programs.extend(args.jht.then_some(Program::Jht));
    let fields = json!({
        "number": number, "sponsor": args.sponsor.trim(), "payer": args.payer, "quota": args.quota, "months": args.months,
        "start_month": args.start, "end_month": args.until, "programs": programs, "sector": args.sector,
        "areas": if args.within.is_empty() { Value::Null } else { json!(args.within) },
        "ecosystem": args.ecosystem, "share": share,
    });
    let Value::Object(fields) = fields else { return Err(AdminError::Usage("unwritable".to_owned())) };
    let set: Body = fields.into_iter().collect();
    let record = agreement_record(number);
    let one = Published { record, kind: Kind::SponsorAgreement, area: args.area.clone(), set };
    desk.service.act(who, Act::Publish { records: vec![one] }, desk.now)?;
    let (_, agreement) = find(desk, number)?;
    let told = json!({ "agreement": number, "quota": agreement.quota, "taken": agreement.taken, "share": share });
    let text = format!(
        "{number}: {} of {} places taken; a phone counts on {share} before it has asked.",
        agreement.taken, agreement.quota
    );
    Ok(Answer::says(told, text))
}

fn end(desk: &Desk, number: &str) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let (record, _) = find(desk, number)?;
    let set = Body::from([("ended".to_owned(), json!(today(desk, &record.area)))]);
    let one = Published { record: record.id, kind: Kind::SponsorAgreement, area: record.area, set };
    desk.service.act(who, Act::Publish { records: vec![one] }, desk.now)?;
    Ok(Answer::says(json!({ "agreement": number, "ended": true }), "Nobody is added any more."))
}

fn list(desk: &Desk) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let (mut json, mut rows) = (Vec::new(), Vec::new());
    for record in desk.service.shared(&Kind::SponsorAgreement)?.iter().filter(|record| scope.contains(&record.area)) {
        let Some(agreement) = Agreement::of(&record.body) else { continue };
        let items = desk.service.sponsored(who, record.id, desk.now)?;
        let count = |standing: &Standing| items.iter().filter(|item| item.claim.standing == *standing).count();
        let (over, unfit) = (count(&Standing::Over), count(&Standing::Unfit) + count(&Standing::PayerTaken));
        let soon = agreement.ends_soon(today(desk, &record.area));
        let ends = match agreement.ended {
            Some(day) => format!("closed {day}"),
            None if soon => format!("{} SOON", agreement.last_month()),
            None => agreement.last_month().to_string(),
        };
        rows.push(vec![
            agreement.number.clone(),
            agreement.payer.to_string(),
            record.area.to_string(),
            format!("{} of {}", agreement.taken, agreement.quota),
            over.to_string(),
            unfit.to_string(),
            ends,
            agreement.sponsor.clone(),
        ]);
        let mut told = json!(agreement);
        told["area"] = json!(record.area);
        told["over"] = json!(over);
        told["unfit"] = json!(unfit);
        told["ends_soon"] = json!(soon);
        json.push(told);
    }
    let headers = ["Number", "Payer", "Area", "Places", "Waiting", "Not fitting", "Last month", "Sponsor"];
    Ok(Answer::table(json.into(), &headers, &rows, "No agreements yet: see `payung admin agreement save`."))
}

/// A person an agreement pays for, or who asks for it.
struct Line<'i> {
    item: &'i SponsoredItem,
    state: String,
    quote: Option<Quote>,
}

impl<'i> Line<'i> {
    fn of(item: &'i SponsoredItem, today: NaiveDate, tables: &ContributionTables) -> Self {
        let state = state_of(&item.enrollment, Some(&item.worker));
        let asks = Body::from([("cover".to_owned(), item.cover.clone())]);
        Self { item, state: enrollment::label(&state, today), quote: cover_quote(&item.worker.body, &asks, tables) }
    }

    fn name(&self) -> &str {
        self.item.worker.text("name").unwrap_or_default()
    }

    fn nik(&self) -> String {
        let nik = self.item.worker.text("nik").and_then(|nik| Nik::parse(nik).ok());
        nik.map(|nik| nik.masked()).unwrap_or_default()
    }

    fn months(&self) -> String {
        format!("{} - {}", self.item.claim.first, self.item.claim.last)
    }

    /// Rupiah of one month.
    fn in_month(&self, month: Month) -> Option<i64> {
        self.quote.as_ref()?.months.iter().find(|row| row.month == month).map(QuoteMonth::total)
    }

    fn total(&self) -> Option<i64> {
        self.quote.as_ref().map(|quote| quote.total)
    }
}

fn report(desk: &Desk, number: &str, out: Option<&PathBuf>) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let (record, agreement) = find(desk, number)?;
    if !desk.scope(who)?.contains(&record.area) {
        return Err(AdminError::Refused { what: number.to_owned(), code: "area_foreign".to_owned() });
    }
    let items = desk.service.sponsored(who, record.id, desk.now)?;
    let tables = desk.service.contribution_tables()?;
    let lines: Vec<Line<'_>> =
        items.iter().map(|item| Line::of(item, today(desk, &item.enrollment.area), &tables)).collect();
    let mut by_month: BTreeMap<Month, i64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.item.claim.standing == Standing::In) {
        for row in line.quote.iter().flat_map(|quote| &quote.months) {
            *by_month.entry(row.month).or_default() += row.total();
        }
    }
    let total: i64 = by_month.values().sum();
    if let Some(out) = out {
        let bytes = book(desk, &agreement, &lines, &by_month).bytes(out).map_err(|error| match error {
            BookError::Csv(error) => AdminError::Csv(error),
            error => AdminError::Usage(format!("{}: {error}", out.display())),
        })?;
        write_private(out, &bytes).map_err(|source| AdminError::File { path: out.clone(), source })?;
    }
    let told = |line: &Line<'_>| {
        let claim = &line.item.claim;
        json!({
            "enrollment": claim.enrollment, "name": line.name(), "nik": line.nik(), "area": line.item.enrollment.area,
            "first": claim.first, "last": claim.last, "standing": claim.standing, "code": claim.code,
            "state": line.state, "amount": line.total(),
        })
    };
    let json = json!({
        "agreement": agreement.number, "sponsor": agreement.sponsor, "quota": agreement.quota, "taken": agreement.taken,
        "people": lines.iter().map(told).collect::<Vec<_>>(), "by_month": by_month, "total": total,
    });
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            vec![
                line.name().to_owned(),
                line.nik(),
                line.item.enrollment.area.to_string(),
                line.months(),
                line.total().map(rupiah).unwrap_or_default(),
                line.item.claim.code.clone().unwrap_or_else(|| line.item.claim.standing.to_string()),
                line.state.clone(),
            ]
        })
        .collect();
    let headers = ["Name", "NIK", "Area", "Months", "Amount", "Place", "State"];
    let months: Vec<String> = by_month.iter().map(|(month, amount)| format!("{month} {}", rupiah(*amount))).collect();
    let sums = format!(
        "{} of {} places; {} in all: {}",
        agreement.taken,
        agreement.quota,
        rupiah(total),
        if months.is_empty() { "nothing yet".to_owned() } else { months.join(", ") }
    );
    Ok(Answer::table(json, &headers, &rows, "Nobody has asked for it yet.").and(&sums))
}

/// The sponsor's own list: names and masked NIKs only.
fn book(desk: &Desk, agreement: &Agreement, lines: &[Line<'_>], by_month: &BTreeMap<Month, i64>) -> Book {
    let fixed = ["Nama", "NIK", "Wilayah", "Mulai", "Sampai", "Tempat", "Status", "Jumlah"];
    let headers = fixed.iter().map(|name| (*name).to_owned()).chain(by_month.keys().map(Month::to_string)).collect();
    let row = |line: &Line<'_>| -> Vec<Cell> {
        let claim = &line.item.claim;
        let place = claim.code.clone().unwrap_or_else(|| claim.standing.to_string());
        let mut cells: Vec<Cell> = vec![
            line.name().into(),
            line.nik().into(),
            line.item.enrollment.area.label().into(),
            claim.first.to_string().into(),
            claim.last.to_string().into(),
            place.into(),
            line.state.as_str().into(),
            line.total().map_or_else(|| Cell::from(""), Cell::from),
        ];
        let in_month = |month: &Month| line.in_month(*month).filter(|_| claim.standing == Standing::In);
        cells.extend(by_month.keys().map(|month| in_month(month).map_or_else(|| Cell::from(""), Cell::from)));
        cells
    };
    let about = [
        ("Penjamin", agreement.sponsor.clone()),
        ("Perjanjian", agreement.number.clone()),
        ("Kuota", agreement.quota.to_string()),
        ("Terpakai", agreement.taken.to_string()),
        ("Dibuat", instant(desk.now)),
    ];
    Book {
        headers,
        rows: lines.iter().map(row).collect(),
        about: about.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}

pub(super) fn swap(desk: &Desk, args: &SwapArgs) -> Result<Answer, AdminError> {
    desk.service.act(desk.who()?, Act::Swap { out: args.out, into: args.into }, desk.now)?;
    let told = json!({ "out": args.out, "into": args.into });
    Ok(Answer::says(told, "Swapped. Both officials read it at their next exchange."))
}
