//! A list an RT already had, as forms on their way.

use crate::{draft::DraftId, error::Result, list, sql, store::Store};
use payung_domain::{
    field::Kind,
    id::RecordId,
    nik::Nik,
    roster::{Roster, RosterRow},
    text,
};
use rusqlite::Transaction;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// A row that became a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedRow {
    /// Line of the file.
    pub line: u64,
    /// The form.
    pub form: DraftId,
    /// Codes of what to look at; the form has them as `import.warnings`.
    pub warnings: Vec<String>,
}

/// A row that is on this phone already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRow {
    /// Line of the file.
    pub line: u64,
    /// The form that has the person.
    pub form: Option<DraftId>,
    /// The worker that is the person.
    pub worker: Option<RecordId>,
}

/// What became of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// New forms, in the order of the list.
    pub forms: Vec<ImportedRow>,
    /// Rows that made none, because the person is here.
    pub known: Vec<KnownRow>,
    /// Numbers, from 1, of the columns that were not read.
    pub ignored: Vec<u32>,
}

/// What tells forms without a NIK apart: folded name, birth date, address line.
type Key = (String, String, String);

fn key(text: impl Fn(&str) -> String) -> Key {
    (text::fold(&text("name")), text("birth.date"), text::fold(&text("home.line")))
}

/// The forms for new people, by what tells who they are.
#[derive(Default)]
struct Forms {
    by_nik: HashMap<Nik, Vec<(DraftId, String)>>,
    without: HashMap<Key, DraftId>,
}

impl Forms {
    fn load(tx: &Transaction) -> Result<Self> {
        let mut fields: BTreeMap<i64, HashMap<String, String>> = BTreeMap::new();
        let mut statement = tx.prepare_cached(
            "SELECT draft, name, value FROM draft_field JOIN draft ON draft.id = draft
             WHERE record IS NULL AND name IN ('nik', 'name', 'birth.date', 'home.line')",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let value: Value = sql::json(&row.get::<_, String>(2)?)?;
            let text = value.as_str().unwrap_or_default().to_owned();
            fields.entry(row.get(0)?).or_default().insert(row.get(1)?, text);
        }
        let mut forms = Self::default();
        for (draft, fields) in fields {
            forms.add(DraftId(draft), |field| fields.get(field).cloned().unwrap_or_default());
        }
        Ok(forms)
    }

    fn add(&mut self, form: DraftId, text: impl Fn(&str) -> String) {
        match Nik::parse(&text("nik")) {
            Ok(nik) => self.by_nik.entry(nik).or_default().push((form, text("name"))),
            Err(_) => drop(self.without.insert(key(text), form)),
        }
    }
}

/// Whether two names of one NIK are one person's.
fn is_one(name: &str, other: &str) -> bool {
    text::same_name(name, other) || text::similar_name(name, other)
}

/// The workers with a NIK, each with its name.
fn workers(tx: &Transaction, nik: &Nik) -> Result<Vec<(RecordId, String)>> {
    let mut found = Vec::new();
    for rid in list::with_nik(tx, nik)? {
        let mut statement =
            tx.prepare_cached("SELECT r.id, w.name FROM worker w JOIN record r ON r.rid = w.rid WHERE w.rid = ?1")?;
        let mut rows = statement.query([rid])?;
        if let Some(row) = rows.next()? {
            found.push((sql::record(row, 0)?, row.get(1)?));
        }
    }
    Ok(found)
}

/// Whether the person of a row is here, and what else is to be looked at.
fn judge(tx: &Transaction, row: &RosterRow, forms: &Forms) -> Result<std::result::Result<Vec<&'static str>, KnownRow>> {
    let known = |form, worker| KnownRow { line: row.line, form, worker };
    let text = |field: &str| row.text(field).unwrap_or_default().to_owned();
    let name = text("name");
    let mut warnings = row.warnings.clone();
    if let Some(nik) = row.nik() {
        let workers = workers(tx, &nik)?;
        if let Some((worker, _)) = workers.iter().find(|(_, other)| is_one(&name, other)) {
            return Ok(Err(known(None, Some(*worker))));
        }
        let drafts = forms.by_nik.get(&nik).map(Vec::as_slice).unwrap_or_default();
        if let Some((form, _)) = drafts.iter().find(|(_, other)| is_one(&name, other)) {
            return Ok(Err(known(Some(*form), None)));
        }
        // another name: one of the two is mistyped, and nobody is dropped for it
        if !workers.is_empty() || !drafts.is_empty() {
            warnings.push("nik_on_this_phone");
        }
        return Ok(Ok(warnings));
    }
    if let Some(form) = forms.without.get(&key(text)) {
        return Ok(Err(known(Some(*form), None)));
    }
    let namesake = tx.prepare_cached("SELECT 1 FROM worker WHERE sort = ?1")?.exists([text::fold(&name)])?;
    if namesake {
        warnings.push("name_on_this_phone");
    }
    Ok(Ok(warnings))
}

impl Store {
    /// Makes a form of each person of a list who is not on this phone yet, by NIK and name, or where there is no NIK by
    /// name, birth date and address: the same list again makes none. All of it is saved or nothing. Also before joining.
    pub fn import(&self, list: &Roster, now_ms: i64) -> Result<Imported> {
        self.write("draft", |tx, changed| {
            let here = Forms::load(tx)?;
            // those of this list, so that a row that stands twice becomes one form
            let mut new = Forms::default();
            let (mut forms, mut known, mut twice) = (Vec::new(), Vec::new(), Vec::new());
            for (at, row) in list.rows.iter().enumerate() {
                let text = |field: &str| row.text(field).unwrap_or_default().to_owned();
                match judge(tx, row, &here)? {
                    Err(row) => known.push(row),
                    Ok(warnings) => {
                        if let Some(first) = same_in_list(row, &new) {
                            twice.push((row.line, first));
                        } else {
                            new.add(DraftId(i64::try_from(at).unwrap_or(i64::MAX)), text);
                            forms.push((at, row, warnings));
                        }
                    }
                }
            }
            let mut ids = HashMap::new();
            let mut made = Vec::with_capacity(forms.len());
            // the last first: forms are listed with the newest on top
            for (at, row, warnings) in forms.into_iter().rev() {
                let form = insert(tx, row, &warnings, now_ms)?;
                ids.insert(at, form);
                let warnings = warnings.into_iter().map(str::to_owned).collect();
                made.push(ImportedRow { line: row.line, form, warnings });
            }
            made.reverse();
            for (line, first) in twice {
                known.push(KnownRow { line, form: ids.get(&first).copied(), worker: None });
            }
            known.sort_by_key(|row| row.line);
            changed.drafts = !made.is_empty();
            Ok(Imported { forms: made, known, ignored: list.ignored.clone() })
        })
    }
}

/// The place of an earlier row that is the same person.
fn same_in_list(row: &RosterRow, earlier: &Forms) -> Option<usize> {
    let text = |field: &str| row.text(field).unwrap_or_default().to_owned();
    let name = text("name");
    let found = match row.nik() {
        Some(nik) => earlier.by_nik.get(&nik)?.iter().find(|(_, other)| is_one(&name, other)).map(|(form, _)| *form),
        None => earlier.without.get(&key(text)).copied(),
    };
    found.and_then(|DraftId(at)| usize::try_from(at).ok())
}

fn insert(tx: &Transaction, row: &RosterRow, warnings: &[&'static str], now_ms: i64) -> Result<DraftId> {
    tx.prepare_cached("INSERT INTO draft (kind, shown, touched_at) VALUES (?1, '{}', ?2)")?
        .execute((Kind::Worker.name(), now_ms))?;
    let form = tx.last_insert_rowid();
    let mut statement = tx.prepare_cached("INSERT INTO draft_field (draft, name, value) VALUES (?1, ?2, ?3)")?;
    for (name, value) in &row.fields {
        statement.execute((form, name, sql::to_json(value)?))?;
    }
    statement.execute((form, "import.line", sql::to_json(&json!(row.line))?))?;
    if !warnings.is_empty() {
        statement.execute((form, "import.warnings", sql::to_json(warnings)?))?;
    }
    Ok(DraftId(form))
}
