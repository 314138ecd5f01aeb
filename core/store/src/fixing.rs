//! What needs a person: conflicts, and what was refused.

use crate::{
    error::Result,
    op::{self, OpState},
    shown::{refusal, shown},
    sql,
    store::Store,
};
use payung_domain::{
    area::Area,
    field::Kind,
    id::{Base, RecordId},
    op::{Body, Conflict, FieldOutcome, Outcome},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// An open conflict on a field.
#[derive(Clone, PartialEq)]
pub struct OpenConflict {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// The worker it is about, where it is known.
    pub worker: Option<RecordId>,
    /// The worker's name as shown.
    pub name: Option<String>,
    /// Who looks after the record.
    pub area: Area,
    /// The version the candidates were told with: what a decision is based on.
    pub base: Option<Base>,
    /// The field.
    pub field: String,
    /// What is shown on this phone.
    pub shown: Option<Value>,
    /// A decision of this phone is on its way.
    pub decided: bool,
    /// The candidates.
    pub conflict: Conflict,
}

/// An op that was refused, or of which fields were.
#[derive(Clone, PartialEq)]
pub struct NeedsFixing {
    /// Its place in the order of saving, for [`Store::retry`] and [`Store::discard`].
    pub k: i64,
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// The name of the worker, where it is known.
    pub name: Option<String>,
    /// The code of the whole op's refusal; none when only fields were refused.
    pub code: Option<String>,
    /// The refused fields with their codes.
    pub fields: BTreeMap<String, String>,
    /// What the op carries.
    pub values: Body,
}

macro_rules! no_values_in_debug {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("record", &self.record)
                    .field("kind", &self.kind)
                    .finish_non_exhaustive()
            }
        }
    };
}
no_values_in_debug!(OpenConflict);
no_values_in_debug!(NeedsFixing);

fn parsed(text: Option<&str>) -> Option<RecordId> {
    text?.parse().ok()
}

/// The worker a record is about, with the name shown.
fn worker_of(
    tx: &rusqlite::Transaction,
    id: RecordId,
    kind: &Kind,
    body: &Body,
) -> Result<(Option<RecordId>, Option<String>)> {
    let worker = match kind {
        Kind::Worker => Some(id),
        Kind::Enrollment | Kind::Visit | Kind::Feedback | Kind::AccidentReport | Kind::DeathReport => {
            let here = parsed(body.get("worker").and_then(Value::as_str));
            match here {
                Some(worker) => Some(worker),
                None => shown(tx, id)?.and_then(|record| parsed(record.text("worker"))),
            }
        }
        Kind::EnrollmentEvent => {
            let enrollment = parsed(body.get("enrollment").and_then(Value::as_str));
            let enrollment = enrollment.map(|id| shown(tx, id)).transpose()?.flatten();
            enrollment.and_then(|record| parsed(record.text("worker")))
        }
        Kind::Attachment | Kind::FollowUp => {
            let of = parsed(body.get("of").and_then(Value::as_str));
            let of = of.map(|id| shown(tx, id)).transpose()?.flatten();
            of.and_then(
                |record| if record.kind == Kind::Worker { Some(record.id) } else { parsed(record.text("worker")) },
            )
        }
        _ => None,
    };
    let name = worker.map(|id| shown(tx, id)).transpose()?.flatten();
    Ok((worker, name.and_then(|worker| worker.text("name").map(str::to_owned))))
}

impl Store {
    /// The open conflicts, a field each.
    pub fn conflicts(&self) -> Result<Vec<OpenConflict>> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached("SELECT id FROM record WHERE conflicts IS NOT NULL ORDER BY rid")?;
            let mut rows = statement.query([])?;
            let mut open = Vec::new();
            while let Some(row) = rows.next()? {
                let id = sql::record(row, 0)?;
                let Some(record) = shown(tx, id)?.filter(|record| record.alias_of.is_none()) else { continue };
                let (worker, name) = worker_of(tx, id, &record.kind, &record.body())?;
                let ops = op::of_record(tx, id)?;
                for (field, conflict) in &record.conflicts {
                    let decides = |op: &op::SavedOp| op.state.is_live() && op.resolve.contains_key(field);
                    open.push(OpenConflict {
                        record: id,
                        kind: record.kind.clone(),
                        worker,
                        name: name.clone(),
                        area: record.area.clone(),
                        base: record.base,
                        field: field.clone(),
                        shown: record.value(field).cloned(),
                        decided: ops.iter().any(decides),
                        conflict: conflict.clone(),
                    });
                }
            }
            Ok(open)
        })
    }

    /// What was refused and nobody has looked at, in the order of saving.
    pub fn needs_fixing(&self) -> Result<Vec<NeedsFixing>> {
        self.read(|tx| {
            let mut found = Vec::new();
            let condition =
                "WHERE (op.state = 'refused' OR op.refused_fields IS NOT NULL) AND op.noted = 0 ORDER BY op.k";
            op::for_each(tx, condition, [], |op| {
                found.push(op);
                Ok(true)
            })?;
            found
                .into_iter()
                .map(|op| {
                    let values: Body = op.values().map(|(field, value)| (field.clone(), value.clone())).collect();
                    let outcome: Option<Outcome> =
                        op.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok());
                    let fields = outcome.map(|outcome| outcome.fields).unwrap_or_default();
                    let fields = fields.into_iter().filter_map(|(field, became)| match became {
                        FieldOutcome::Refused(code) => Some((field, code)),
                        _ => None,
                    });
                    Ok(NeedsFixing {
                        k: op.k,
                        record: op.record,
                        name: worker_of(tx, op.record, &op.kind, &values)?.1,
                        kind: op.kind,
                        code: (op.state == OpState::Refused).then(|| refusal(op.outcome.as_deref())),
                        fields: fields.collect(),
                        values,
                    })
                })
                .collect()
        })
    }
}
