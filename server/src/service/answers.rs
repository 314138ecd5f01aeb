//! What a file of the branch's answers would do: judged line by line against the enrolments as they stand, before
//! anything is done.

use super::{
    Service, ServiceError,
    enrollment::state_of,
    operator::{Act, import_counter},
};
use crate::{
    export::{Answer, AnswerFile, LineError, Response},
    storage::{Reading, Scope},
};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    enrollment::{self, Actor, EnrollmentEvent, EnrollmentState, EnrollmentStatus, Evidence, Proof},
    field::Kind,
    id::RecordId,
    nik::Nik,
    record::Record,
};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// A file all of whose lines can be taken.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// What is to be done, in the order of the lines.
    pub acts: Vec<Act>,
    /// Lines that return an enrolment.
    pub returned: usize,
    /// Lines that bring a number.
    pub numbered: usize,
    /// Lines that bring a payment.
    pub paid: usize,
    /// Lines that say what was known already.
    pub unchanged: usize,
}

impl Service {
    /// Whether a file was taken before, by its SHA-256 in hex.
    pub fn imported(&self, sha256: &str) -> Result<bool, ServiceError> {
        Ok(self.storage.read()?.counter(&import_counter(sha256))? > 0)
    }
}

/// The enrolments a file speaks of, with their persons; states follow the lines as they are judged.
struct Book {
    enrollments: HashMap<RecordId, Entry>,
    /// Enrolments by the NIK's holder.
    by_nik: HashMap<String, Vec<RecordId>>,
}

struct Entry {
    area: Area,
    nik: Option<String>,
    state: EnrollmentState,
}

/// Judges every line; `today` is the day in an area. The inner error has every wrong line of the file, those that could
/// not be read included.
pub fn judge(
    service: &Service,
    file: &AnswerFile,
    today: impl Fn(&Area) -> NaiveDate,
) -> Result<Result<Judged, Vec<LineError>>, ServiceError> {
    let unit = service.storage().read()?;
    let mut book = Book::load(service, &*unit, &file.answers)?;
    let mut judged = Judged::default();
    let mut errors = file.errors.clone();
    for answer in &file.answers {
        match book.take(&*unit, answer, &today)? {
            Ok(Some(act)) => {
                match &answer.response {
                    Response::Returned(_) => judged.returned += 1,
                    Response::Numbered { .. } => judged.numbered += 1,
                    Response::Paid { .. } => judged.paid += 1,
                }
                judged.acts.push(act);
            }
            Ok(None) => judged.unchanged += 1,
            Err(code) => {
                let about = match code.as_str() {
                    "export_unknown" => "export",
                    "enrollment_unknown" if answer.reference.is_some() => "reference",
                    "nik_differs" | "enrollment_ambiguous" | "enrollment_unknown" => "nik",
                    _ => "",
                };
                let column = file.headers.get(about).map_or("", String::as_str);
                errors.push(LineError::new(answer.line, column, code));
            }
        }
    }
    errors.sort();
    Ok(if errors.is_empty() { Ok(judged) } else { Err(errors) })
}

impl Book {
    fn load(service: &Service, unit: &dyn Reading, answers: &[Answer]) -> Result<Self, ServiceError> {
        let sealer = service.storage().sealer();
        let niks: HashSet<&str> = answers.iter().filter_map(|answer| Some(answer.nik.as_ref()?.expose())).collect();
        let hashes: HashMap<_, _> = niks.iter().map(|nik| (sealer.nik_hash(nik), (*nik).to_owned())).collect();
        let claims = unit.claims(&hashes.keys().copied().collect::<Vec<_>>())?;
        let mut people: HashSet<RecordId> = claims.iter().map(|(_, record)| *record).collect();
        let named: Vec<RecordId> = answers.iter().filter_map(|answer| answer.reference).collect();
        let mut enrollments: HashMap<RecordId, Record> = HashMap::new();
        for kept in unit.records(&named, &Scope::Office)? {
            if kept.record.kind == Kind::Enrollment {
                people.extend(kept.record.kind.parent(&kept.record.body));
                enrollments.insert(kept.record.id, kept.record);
            }
        }
        // a person's enrolments lie with the record they were written for, which may be linked to another
        let mut persons = Self::persons(unit, &people.iter().copied().collect::<Vec<_>>())?;
        let survivors: Vec<RecordId> =
            persons.values().filter_map(|person| Some(person.alias.as_ref()?.survivor)).collect();
        persons.extend(Self::persons(unit, &survivors)?);
        let linked = unit.linked_to(&persons.keys().copied().collect::<Vec<_>>())?;
        persons.extend(Self::persons(unit, &linked)?);
        for kept in unit.children(&persons.keys().copied().collect::<Vec<_>>(), &Scope::Office)? {
            if kept.record.kind == Kind::Enrollment {
                enrollments.insert(kept.record.id, kept.record);
            }
        }
        let survivor = |id: RecordId| {
            let own = persons.get(&id)?;
            own.alias.as_ref().and_then(|alias| persons.get(&alias.survivor)).or(Some(own))
        };
        let mut book = Self { enrollments: HashMap::new(), by_nik: HashMap::new() };
        let holders: HashMap<RecordId, &String> =
            claims.iter().filter_map(|(hash, id)| Some((*id, hashes.get(hash)?))).collect();
        for (id, record) in enrollments {
            let Some(person) = record.kind.parent(&record.body).and_then(survivor) else { continue };
            let own = record.kind.parent(&record.body);
            let holder = [Some(person.id), own].into_iter().flatten().find_map(|id| holders.get(&id));
            if let Some(nik) = holder {
                book.by_nik.entry((*nik).clone()).or_default().push(id);
            }
            let state = state_of(&record, Some(person));
            book.enrollments.insert(id, Entry { area: record.area, nik: person.text("nik").map(str::to_owned), state });
        }
        Ok(book)
    }

    fn persons(unit: &dyn Reading, ids: &[RecordId]) -> Result<HashMap<RecordId, Record>, ServiceError> {
        let found = unit.records(ids, &Scope::Office)?;
        Ok(found.into_iter().map(|kept| (kept.record.id, kept.record)).collect())
    }

    /// The enrolment a line speaks of.
    fn find(&self, answer: &Answer) -> Result<RecordId, String> {
        let nik = answer.nik.as_ref().map(Nik::expose);
        if let Some(id) = answer.reference {
            let entry = self.enrollments.get(&id).ok_or("enrollment_unknown")?;
            return if nik.is_none_or(|nik| entry.nik.as_deref() == Some(nik)) {
                Ok(id)
            } else {
                Err("nik_differs".to_owned())
            };
        }
        let of_nik = nik.and_then(|nik| self.by_nik.get(nik)).ok_or("enrollment_unknown")?;
        let with_branch = |id: &&RecordId| {
            let state = self.enrollments.get(*id).map(|entry| &entry.state);
            state.is_some_and(|state| match &answer.export_id {
                Some(export) => state.export_id.as_ref() == Some(export),
                None => state.export_id.is_some(),
            })
        };
        let open = |id: &&RecordId| {
            self.enrollments.get(*id).is_some_and(|entry| entry.state.status != Some(EnrollmentStatus::Closed))
        };
        let mut there: Vec<RecordId> = of_nik.iter().filter(with_branch).filter(open).copied().collect();
        if there.is_empty() {
            // answered before, perhaps: then the only one there is tells
            there = of_nik.iter().filter(open).copied().collect();
        }
        match there[..] {
            [] => Err("enrollment_unknown".to_owned()),
            [one] => Ok(one),
            _ => Err("enrollment_ambiguous".to_owned()),
        }
    }

    /// What a line would do: an act, nothing (said before), or the code why it can't be taken.
    fn take(
        &mut self,
        unit: &dyn Reading,
        answer: &Answer,
        today: impl Fn(&Area) -> NaiveDate,
    ) -> Result<Result<Option<Act>, String>, ServiceError> {
        let id = match self.find(answer) {
            Ok(id) => id,
            Err(code) => return Ok(Err(code)),
        };
        let Some(entry) = self.enrollments.get_mut(&id) else { return Ok(Err("enrollment_unknown".to_owned())) };
        let state = &entry.state;
        if known_already(state, &answer.response) {
            return Ok(Ok(None));
        }
        let (event, evidence, on) = match &answer.response {
            Response::Returned(reason) => (EnrollmentEvent::Return, Evidence::Reason(reason.clone()), None),
            Response::Numbered { kpj, payment_code } => (
                EnrollmentEvent::Number,
                Evidence::Number { kpj: kpj.clone(), payment_code: payment_code.clone() },
                None,
            ),
            Response::Paid { on, from, until } => {
                (EnrollmentEvent::Pay, Evidence::Payment { from: *from, until: *until }, *on)
            }
        };
        let today = today(&entry.area);
        let proof = Proof { on: on.map_or(today, |on| on.min(today)), evidence };
        let code = match (&answer.export_id, &state.export_id) {
            (Some(named), present) if Some(named) != present.as_ref() => "export_unknown".to_owned(),
            // the branch can answer only what it has; a state that would allow it is not enough
            (_, None) => "not_with_branch".to_owned(),
            _ => match enrollment::next(state, &event, Actor::BranchFile, &proof) {
                Ok(after) => {
                    entry.state = after;
                    return Ok(Ok(Some(act(id, answer))));
                }
                Err(error) => error.code().to_owned(),
            },
        };
        // a line of an earlier file, come again: it was taken then, and things have moved on since
        Ok(if said_before(unit, id, answer)? { Ok(None) } else { Err(code) })
    }
}

/// Whether the enrolment stands where the line puts it, or further.
fn known_already(state: &EnrollmentState, response: &Response) -> bool {
    match response {
        Response::Returned(reason) => {
            state.status == Some(EnrollmentStatus::Returned) && state.returned.as_ref() == Some(reason)
        }
        Response::Numbered { kpj, payment_code } => {
            state.kpj.as_ref() == Some(kpj) && state.payment_code.as_ref() == Some(payment_code)
        }
        Response::Paid { until, .. } => {
            state.status == Some(EnrollmentStatus::Active)
                && state.covered.is_some_and(|covered| covered.until >= *until)
        }
    }
}

/// Whether the history has what the line says: the same reason, code or month, under the same export if it names one.
fn said_before(unit: &dyn Reading, id: RecordId, answer: &Answer) -> Result<bool, ServiceError> {
    let history = unit.history(id)?;
    let was =
        |field: &str, fits: &dyn Fn(&Value) -> bool| history.iter().any(|op| op.op.set.get(field).is_some_and(fits));
    if let Some(export) = &answer.export_id
        && !was("export_id", &|value| value == export.as_str())
    {
        return Ok(false);
    }
    Ok(match &answer.response {
        Response::Returned(reason) => was("returned", &|value| *value == json!(reason)),
        Response::Numbered { payment_code, .. } => was("payment_code", &|value| *value == json!(payment_code)),
        Response::Paid { until, .. } => was("covered", &|value| value.get("until") == Some(&json!(until))),
    })
}

fn act(enrollment: RecordId, answer: &Answer) -> Act {
    match &answer.response {
        Response::Returned(reason) => Act::Return { enrollment, reason: reason.clone(), by_branch_file: true },
        Response::Numbered { kpj, payment_code } => {
            Act::Number { enrollment, kpj: kpj.clone(), payment_code: payment_code.clone() }
        }
        Response::Paid { on, from, until } => Act::Pay { enrollment, from: *from, until: *until, on: *on },
    }
}
