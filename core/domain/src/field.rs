//! The field tables: one for each kind of record. Merging, validating, the protocol document and the schema
//! version come from here and nowhere else.

mod kinds;
mod shape;
#[cfg(test)]
mod tests;

pub use shape::{FieldError, FieldType};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the field tables. A server holds back what a kind it does not know carries; unknown fields survive.
pub const SCHEMA: u32 = 1;

/// The kinds of record. Unknown kinds of a newer peer keep their name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person (*warga pekerja*).
    Worker,
    /// One enrolment of a worker in the programmes (*pendaftaran*).
    Enrollment,
    /// A fact: something done to an enrolment by an official.
    EnrollmentEvent,
    /// A fact: a door visited (*kunjungan*).
    Visit,
    /// A fact: going from door to door began (*keliling*).
    Round,
    /// A fact: a photo or drawing that belongs to a record (*lampiran*).
    Attachment,
    /// A fact: a question, complaint or request (*kritik dan masukan*).
    Feedback,
    /// A fact: an accident at work (*kecelakaan kerja*).
    AccidentReport,
    /// A fact: a death of any cause.
    DeathReport,
    /// A fact: what was added to a report, or that its answer was seen.
    FollowUp,
    /// A fact: a session (*sosialisasi*) is planned, changed or cancelled.
    Outreach,
    /// A fact: somebody came to a session.
    Attendance,
    /// Server-owned: a village and what its phones need to know of it.
    Village,
    /// Server-owned: a clinic of the work-accident network (*pusat layanan kecelakaan kerja*).
    Plkk,
    /// Server-owned: a sponsor's agreement to pay for so many people.
    SponsorAgreement,
    /// Server-owned: a company, co-operative or clinic under which its own people are registered.
    Ecosystem,
    /// Server-owned: a table that phones reckon with, such as the contributions'.
    Reference,
    /// A kind this version does not know.
    Other(String),
}

impl Kind {
    /// Every kind this version knows.
    pub const KNOWN: [Self; 17] = [
        Self::Worker,
        Self::Enrollment,
        Self::EnrollmentEvent,
        Self::Visit,
        Self::Round,
        Self::Attachment,
        Self::Feedback,
        Self::AccidentReport,
        Self::DeathReport,
        Self::FollowUp,
        Self::Outreach,
        Self::Attendance,
        Self::Village,
        Self::Plkk,
        Self::SponsorAgreement,
        Self::Ecosystem,
        Self::Reference,
    ];

    /// The name on the wire and in SQL.
    pub fn name(&self) -> &str {
        match self {
            Self::Worker => "worker",
            Self::Enrollment => "enrollment",
            Self::EnrollmentEvent => "enrollment_event",
            Self::Visit => "visit",
            Self::Round => "round",
            Self::Attachment => "attachment",
            Self::Feedback => "feedback",
            Self::AccidentReport => "accident_report",
            Self::DeathReport => "death_report",
            Self::FollowUp => "follow_up",
            Self::Outreach => "outreach",
            Self::Attendance => "attendance",
            Self::Village => "village",
            Self::Plkk => "plkk",
            Self::SponsorAgreement => "sponsor_agreement",
            Self::Ecosystem => "ecosystem",
            Self::Reference => "reference",
            Self::Other(name) => name,
        }
    }

    /// From the name on the wire; never fails.
    pub fn from_name(name: &str) -> Self {
        Self::KNOWN.into_iter().find(|kind| kind.name() == name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// The kind's field table; none for a kind this version does not know.
    pub fn table(&self) -> Option<&'static KindTable> {
        kinds::TABLES.iter().find(|table| table.kind == self.name())
    }

    /// A field's class. A field no table names is class B: both values stay until a person has looked.
    pub fn class(&self, field: &str) -> Class {
        self.field(field).map_or(Class::B, |spec| spec.class)
    }

    /// A field's row in the table.
    pub fn field(&self, field: &str) -> Option<&'static FieldSpec> {
        self.table()?.fields.iter().find(|spec| spec.name == field)
    }

    /// The value as it counts for "the same": folded names, +62 phones, digits of a NIK. Absent is null.
    pub fn normalise(&self, field: &str, value: &Value) -> Value {
        self.field(field).map_or_else(|| value.clone(), |spec| spec.ty.normalise(value))
    }

    /// Whether two values of a field are the same after normalising.
    pub fn same(&self, field: &str, one: &Value, other: &Value) -> bool {
        one == other || self.normalise(field, one) == self.normalise(field, other)
    }

    /// Whether the value may be written to the field. A field no table names takes anything that does not nest too deep.
    pub fn validate(&self, field: &str, value: &Value) -> Result<(), FieldError> {
        if !shape::is_shallow(value) {
            return Err(FieldError::new(field, "too_deep"));
        }
        match self.field(field) {
            Some(spec) if value.is_null() && spec.class == Class::Fixed && spec.required => {
                Err(FieldError::new(field, "required"))
            }
            Some(_) if value.is_null() => Ok(()),
            Some(spec) => spec.ty.validate(value).map_err(|error| error.under(field)),
            None => Ok(()),
        }
    }

    /// The record this one belongs to: the value of the table's parent field.
    pub fn parent(&self, body: &crate::op::Body) -> Option<crate::id::RecordId> {
        body.get(self.table()?.parent?)?.as_str()?.parse().ok()
    }

    /// Whether a record of this kind may belong to one of another: to a person, unless the table names other kinds.
    pub fn may_belong_to(&self, parent: &Self) -> bool {
        let Some(spec) = self.table().and_then(|table| self.field(table.parent?)) else { return false };
        match spec.ty {
            FieldType::RecordOf(kinds) => kinds.contains(&parent.name()),
            _ => *parent == Self::Worker,
        }
    }

    /// Required fields that the body lacks: such a record is *incomplete*, never refused.
    pub fn missing(&self, body: &crate::op::Body) -> Vec<&'static str> {
        self.table().map_or_else(Vec::new, |table| {
            let lacks = |name| body.get(name).is_none_or(Value::is_null);
            table.fields.iter().filter(|spec| spec.required && lacks(spec.name)).map(|spec| spec.name).collect()
        })
    }

    /// Whether records of the kind are facts: written once, corrected by a new one that names the old.
    pub fn is_fact(&self) -> bool {
        self.table().is_some_and(|table| table.fact)
    }

    /// Whether only the server writes records of the kind. Such a record is *shared*: every phone of its area, and of
    /// the areas within it, is told of it.
    pub fn is_server_owned(&self) -> bool {
        self.table().is_some_and(|table| table.fields.iter().all(|spec| spec.class == Class::A))
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::from_name(&name))
    }
}

/// How a field merges when both sides changed it since the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Server-owned: a phone's write is refused for that field.
    A,
    /// Safety-critical: both values become candidates of an open conflict.
    B,
    /// Ordinary: the later write wins, the other stays in the history.
    C,
    /// Set at creation, never after (*capture*, the worker of an enrolment, every field of a fact).
    Fixed,
}

/// One row of a field table.
#[derive(Debug)]
pub struct FieldSpec {
    /// Name on the wire and in SQL.
    pub name: &'static str,
    /// How it merges.
    pub class: Class,
    /// Its shape, with normaliser and validator.
    pub ty: FieldType,
    /// Whether a record without it is incomplete.
    pub required: bool,
    /// What it means, for docs/PROTOCOL.md.
    pub doc: &'static str,
}

/// The field table of one kind.
#[derive(Debug)]
pub struct KindTable {
    /// The kind's name on the wire.
    pub kind: &'static str,
    /// What a record of the kind is, for docs/PROTOCOL.md.
    pub doc: &'static str,
    /// Written once.
    pub fact: bool,
    /// The field that names the record it belongs to.
    pub parent: Option<&'static str>,
    /// Its fields, in the order people fill them in.
    pub fields: &'static [FieldSpec],
}
