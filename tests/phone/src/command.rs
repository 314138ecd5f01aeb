//! What a phone can be told: one JSON object a line, `{"do": "register", …}`.

use payung_domain::{
    area::Area,
    clinic::Position,
    field::Kind,
    id::{OpId, RecordId},
    op::Body,
};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

/// A command.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    /// Who this phone is.
    Identity,
    /// Join by an invite's link.
    Join {
        invite: String,
        /// Go by this address of our server, whatever the invite names.
        #[serde(default)]
        via: Option<String>,
    },
    /// Join by a claim code as typed, at the server of this link.
    Claim { code: String, server: String },
    /// Open a form, on a new person or on a record, with some fields typed already.
    OpenForm {
        #[serde(default)]
        record: Option<RecordId>,
        #[serde(default)]
        fields: Body,
    },
    /// Save a field of a form, as typed; null takes it back.
    Type { draft: i64, field: String, value: Value },
    /// The forms on their way.
    Drafts,
    /// Throw a form away.
    DiscardForm { draft: i64 },
    /// Register the person of a form.
    Register {
        draft: i64,
        #[serde(default)]
        area: Option<Area>,
    },
    /// Save the form of an existing record.
    SaveForm { draft: i64 },
    /// Open a form, type the fields and save it.
    Edit { record: RecordId, fields: Body },
    /// A door visited.
    Visit {
        #[serde(default)]
        worker: Option<RecordId>,
        outcome: String,
        #[serde(default)]
        door: Option<String>,
        #[serde(default)]
        area: Option<Area>,
    },
    /// Something done to an enrolment: `resubmit`, `withdraw` …
    Event {
        enrollment: RecordId,
        event: String,
        #[serde(default)]
        note: Option<String>,
    },
    /// A report, or what is added to one, by the names of docs/PROTOCOL.md; `at` is now.
    Report { kind: Kind, fields: Body },
    /// The clinics the office shares, nearest to `near` first.
    Clinics {
        /// Where the phone is.
        #[serde(default)]
        near: Option<Position>,
        /// Part of a name or an address.
        #[serde(default)]
        typed: String,
    },
    /// The sponsors' agreements that take people here today, and how many this phone may count on.
    Agreements,
    /// Plan a session, or change the plan that `corrects` names.
    PlanSession { fields: Body },
    /// Somebody came to a session.
    Attend { fields: Body },
    /// The sessions, and who came to each.
    Sessions,
    /// Open a form for somebody who came.
    OpenAttendeeForm { attendance: RecordId },
    /// Ecosystems, and whom this phone knows under each.
    Ecosystems,
    /// How many are registered, covered, visited, RT by RT.
    Coverage,
    /// The card of a worker.
    Card { worker: RecordId },
    /// Judge the text of a card, offline.
    VerifyCard { text: String },
    /// Reports where somebody still has to do something, newest first; with `all` the others, too.
    Reports {
        #[serde(default)]
        all: bool,
    },
    /// Decide a conflict with all its candidates seen.
    Resolve { record: RecordId, field: String, value: Value, seen: Vec<OpId>, document: Option<String> },
    /// Workers by name, NIK or its end, phone, phase, RT; by page.
    List {
        #[serde(default)]
        query: Query,
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Everything about a worker.
    Detail { worker: RecordId },
    /// Open conflicts with their candidates.
    Conflicts,
    /// Ops the server refused.
    NeedsFixing,
    /// Send a refused op again under a new number.
    Retry { op: i64 },
    /// Let a refused op be.
    Discard { op: i64 },
    /// Forget how fast the road was, as on a road nobody has tried.
    NewRoad,
    /// The numbers of the home screen's line.
    Counts,
    /// What cover would cost, from a form's fields.
    Quote { draft: i64 },
    /// Exchange until all is quiet.
    Sync {
        #[serde(default)]
        via: Option<String>,
    },
    /// The same beside other commands.
    StartSync {
        #[serde(default)]
        via: Option<String>,
    },
    /// Wait for the end of it.
    WaitSync,
    /// A photo of a record, from a camera's file.
    Photo { of: RecordId, file: PathBuf },
    /// Send the photos that wait, by a road that costs nothing.
    SendPhotos { via: String },
    /// Leave.
    Close,
}

/// What a list is narrowed to; as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Words of a name, 16 digits or the last 4 of a NIK, a phone number.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// Code of an occupation.
    #[serde(default)]
    pub(crate) occupation: Option<String>,
    /// Code of a phase.
    #[serde(default)]
    pub(crate) phase: Option<String>,
    /// Area prefix.
    #[serde(default)]
    pub(crate) area: Option<Area>,
}
