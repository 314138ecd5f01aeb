//! What officials report and someone answers: feedback (*kritik dan masukan*), an accident at work, a death. A report is
//! a fact; the answer is a server-owned field of it, so that no phone can answer itself; what the official adds, and
//! that they saw the answer, are facts of their own (`follow_up`).

#[cfg(test)]
mod tests;
mod words;

pub use words::{heirs_bring, label, next_step};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{field::Kind, op::Body, wire::wire_enum};

/// So long after an accident at work its first report is due: 2 x 24 hours (PP 44/2015).
pub const ACCIDENT_HOURS: i64 = 48;
/// So long after it was asked for, personal data is to be corrected or restricted: 3 x 24 hours (UU 27/2022).
pub const CORRECTION_HOURS: i64 = 72;

/// The kinds that are reports.
pub const REPORTS: [Kind; 3] = [Kind::Feedback, Kind::AccidentReport, Kind::DeathReport];

wire_enum! {
    /// What was said to a report.
    pub enum AnswerState {
        /// Somebody has it in hand (*diterima*).
        Received = "received",
        /// More is needed; the text says what.
        Asked = "asked",
        /// Answered; the text is the answer.
        Answered = "answered",
    }
}

wire_enum! {
    /// Who answered.
    pub enum AnsweredBy {
        /// An operator at the office.
        Office = "office",
        /// The clinic an accident report names.
        Clinic = "clinic",
    }
}

/// The answer to a report, as its field `answer` holds it. The words may name people, so they stay out of `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How far it is.
    pub state: AnswerState,
    /// What the official reads; empty only where it was received.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: AnsweredBy,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("state", &self.state).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Longest answer, in characters.
pub const LONGEST_ANSWER: usize = 2000;

impl Answer {
    /// The answer a report has.
    pub fn of(report: &Body) -> Option<Self> {
        serde_json::from_value(report.get("answer")?.clone()).ok()
    }

    /// Whether it says enough: words wherever it is more than a receipt, and not too many.
    ///
    /// # Errors
    /// A stable code.
    pub fn check(&self) -> Result<(), &'static str> {
        match &self.state {
            AnswerState::Other(_) => Err("answer_unknown"),
            AnswerState::Asked | AnswerState::Answered if self.text.trim().is_empty() => Err("answer_empty"),
            _ if self.text.chars().count() > LONGEST_ANSWER => Err("answer_too_long"),
            _ => Ok(()),
        }
    }
}

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportPhase {
    /// Only this phone has it.
    Waiting,
    /// At the office; nobody has said anything.
    Sent,
    /// Somebody has it in hand.
    InHand,
    /// More is needed.
    Asked,
    /// Answered; nobody here has seen it.
    Answered,
    /// Answered, and seen.
    Seen,
    /// An answer of a newer version.
    Unknown,
}

impl ReportPhase {
    /// The stable code for filters and texts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::InHand => "in_hand",
            Self::Asked => "asked",
            Self::Answered => "answered",
            Self::Seen => "seen",
            Self::Unknown => "unknown",
        }
    }

    /// Whether somebody still has to do something.
    pub fn is_open(self) -> bool {
        self != Self::Seen
    }
}

/// Where a report stands, and by when it must have gone or been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportStanding {
    /// Where.
    pub phase: ReportPhase,
    /// Its deadline: of an accident, until the office has it; of a request about personal data, until it is answered.
    pub due: Option<DateTime<Utc>>,
    /// Whether that was missed.
    pub late: bool,
}

fn instant(body: &Body, field: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(body.get(field)?.as_str()?).ok()?;
    Some(at.with_timezone(&Utc))
}

/// The deadline of a report, counted from the accident or the request.
pub fn due(kind: &Kind, report: &Body) -> Option<DateTime<Utc>> {
    match kind {
        Kind::AccidentReport => instant(report, "happened")?.checked_add_signed(Duration::hours(ACCIDENT_HOURS)),
        Kind::Feedback if is_request(report) => {
            instant(report, "at")?.checked_add_signed(Duration::hours(CORRECTION_HOURS))
        }
        _ => None,
    }
}

/// Whether feedback asks for what the law gives three days for.
fn is_request(feedback: &Body) -> bool {
    matches!(feedback.get("topic").and_then(Value::as_str), Some("correction" | "restriction"))
}

/// Where a report stands `now`. `waits`: the office does not have it yet. `follow_ups`: those of the report.
pub fn standing(kind: &Kind, report: &Body, follow_ups: &[Body], waits: bool, now: DateTime<Utc>) -> ReportStanding {
    let answer = Answer::of(report);
    let seen = |answer: &Answer| {
        follow_ups.iter().any(|fact| {
            fact.get("what").and_then(Value::as_str) == Some("seen") && instant(fact, "answer") == Some(answer.at)
        })
    };
    let phase = match &answer {
        _ if waits => ReportPhase::Waiting,
        None => ReportPhase::Sent,
        Some(Answer { state: AnswerState::Received, .. }) => ReportPhase::InHand,
        Some(Answer { state: AnswerState::Asked, .. }) => ReportPhase::Asked,
        Some(answer @ Answer { state: AnswerState::Answered, .. }) if seen(answer) => ReportPhase::Seen,
        Some(Answer { state: AnswerState::Answered, .. }) => ReportPhase::Answered,
        Some(_) => ReportPhase::Unknown,
    };
    let due = due(kind, report);
    // when it was met: an accident, once written and gone; a request, once answered
    let met = match kind {
        Kind::AccidentReport if waits => None,
        Kind::AccidentReport => instant(report, "at"),
        _ => answer.filter(|answer| answer.state == AnswerState::Answered).map(|answer| answer.at),
    };
    ReportStanding { phase, due, late: due.is_some_and(|due| met.unwrap_or(now) > due) }
}
