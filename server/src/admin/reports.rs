//! What officials report, and the office's answers.

use super::{
    AdminError, Desk,
    desk::PAGE,
    show::{Answer, instant, value},
};
use crate::service::{operator::Act, reports::ReportItem};
use chrono::DateTime;
use payung_domain::{
    calendar::Zone,
    field::Kind,
    id::RecordId,
    report::{self, AnswerState, AnsweredBy, REPORTS},
};
use serde_json::{Value, json};

/// Which reports.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportsArgs {
    /// Of one kind
    #[arg(long, value_enum)]
    kind: Option<Which>,
    /// Answered and seen ones as well
    #[arg(long)]
    all: bool,
}

/// The kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Which {
    /// Questions, complaints, proposals, requests about personal data
    Feedback,
    /// Accidents at work
    Accident,
    /// Deaths
    Death,
}

/// An answer.
#[derive(Clone, Debug, clap::Args)]
pub struct AnswerArgs {
    /// The report
    report: RecordId,
    /// What the answer is
    #[arg(long, value_enum)]
    state: Said,
    /// What the official reads
    #[arg(long, default_value = "")]
    text: String,
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Said {
    /// Somebody has it in hand
    Received,
    /// More is needed
    Asked,
    /// Answered
    Answered,
}

fn report_json(item: &ReportItem) -> Value {
    let ReportItem { report, worker, follow_ups, standing } = item;
    let zone = Zone::from(&report.area);
    json!({
        "report": report.id, "kind": report.kind, "area": report.area, "version": report.version, "body": report.body,
        "worker": worker.as_ref().map(|worker| worker.id),
        "name": worker.as_ref().and_then(|worker| worker.text("name")),
        "phase": standing.phase.code(), "late": standing.late,
        "due": standing.due.map(|due| instant(due.timestamp_millis())),
        "next_step": report::next_step(&report.kind, &report.body, standing, zone),
        "follow_ups": follow_ups.iter().map(|fact| &fact.body).collect::<Vec<_>>(),
    })
}

pub(super) fn reports(desk: &Desk, args: &ReportsArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let scope = desk.scope(who)?;
    let wanted = |kind: &Kind| match args.kind {
        None => true,
        Some(Which::Feedback) => *kind == Kind::Feedback,
        Some(Which::Accident) => *kind == Kind::AccidentReport,
        Some(Which::Death) => *kind == Kind::DeathReport,
    };
    let mut items = Vec::new();
    for kind in REPORTS.iter().filter(|kind| wanted(kind)) {
        let mut after = None;
        loop {
            let page = desk.service.reports(who, kind, &scope, after, PAGE, desk.now)?;
            let Some(last) = page.last().map(|item| item.report.id) else { break };
            after = Some(last);
            items.extend(page);
        }
    }
    items.retain(|item| args.all || item.standing.phase.is_open());
    // what is due first, first; what has no deadline after that, oldest first
    items.sort_by_key(|item| (item.standing.due.is_none(), item.standing.due, item.report.id));
    let row = |item: &ReportItem| {
        let text = |field: &str| item.report.body.get(field).map(value).unwrap_or_default();
        let said = match item.report.kind {
            Kind::Feedback => format!("{}: {}", text("topic"), text("text")),
            Kind::AccidentReport => format!("{}: {}", text("place"), text("what")),
            _ => text("date"),
        };
        vec![
            item.report.kind.to_string(),
            item.report.area.to_string(),
            item.worker.as_ref().and_then(|worker| worker.text("name")).unwrap_or_default().to_owned(),
            report::label(&item.standing),
            item.standing.due.map(|due| instant(due.timestamp_millis())).unwrap_or_default(),
            item.report.id.to_string(),
            said,
        ]
    };
    let json: Vec<Value> = items.iter().map(report_json).collect();
    let rows: Vec<_> = items.iter().map(row).collect();
    let headers = ["Kind", "Area", "About", "State", "Due", "Report", "What"];
    Ok(Answer::table(json.into(), &headers, &rows, "Nothing waits for an answer."))
}

pub(super) fn answer(desk: &Desk, args: &AnswerArgs) -> Result<Answer, AdminError> {
    let who = desk.who()?;
    let state = match args.state {
        Said::Received => AnswerState::Received,
        Said::Asked => AnswerState::Asked,
        Said::Answered => AnswerState::Answered,
    };
    let at = DateTime::from_timestamp_millis(desk.now).unwrap_or_default();
    let answer = report::Answer { state, text: args.text.clone(), at, by: AnsweredBy::Office };
    let told = json!({ "report": args.report, "state": answer.state });
    desk.service.act(who, Act::Answer { report: args.report, answer }, desk.now)?;
    Ok(Answer::says(told, "Phones hear of it at their next exchange."))
}
