//! Comparing what the phones said with what the server has.

use crate::{admin::Admin, phone::PhoneFiles, program::ProgramError};
use payung_domain::field::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The phone's list cannot be read.
    #[error("the list of saved acts cannot be read: {0}")]
    Saved(#[from] std::io::Error),
    /// The phone saved nothing.
    #[error("the phone printed nothing as saved")]
    Empty,
    /// The office's tools.
    #[error(transparent)]
    Office(#[from] ProgramError),
}

/// Records named in one call.
const PAGE: usize = 100;

/// How many of the values the phone printed as saved are nowhere at the server: in no body, history or open conflict.
///
/// # Errors
/// [`LedgerError`]; a phone that printed nothing shows nothing.
pub fn lost(files: &PhoneFiles, office: &Admin) -> Result<usize, LedgerError> {
    let said = files.saved()?;
    let said: Vec<&Value> = said.iter().filter(|line| line["record"].is_string()).collect();
    if said.is_empty() {
        return Err(LedgerError::Empty);
    }
    let ids: BTreeSet<&str> = said.iter().filter_map(|line| line["record"].as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut held: HashMap<String, Value> = HashMap::new();
    for page in ids.chunks(PAGE) {
        let mut words = vec!["show"];
        words.extend(page);
        // a record the server lacks fails the whole call: then one by one
        match office.act(&words) {
            Ok(records) => held.extend(by_record(&records)),
            Err(_) => {
                for id in page {
                    held.extend(office.act(&["show", id]).map(|records| by_record(&records)).unwrap_or_default());
                }
            }
        }
    }
    Ok(said.iter().filter(|line| !is_held(line, &held)).count())
}

fn by_record(records: &Value) -> HashMap<String, Value> {
    let all = records.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|record| Some((record["record"].as_str()?.to_owned(), record.clone()))).collect()
}

fn is_held(line: &Value, held: &HashMap<String, Value>) -> bool {
    let name = line["field"].as_str().unwrap_or_default();
    let Some(record) = line["record"].as_str().and_then(|id| held.get(id)) else { return false };
    let kind = Kind::from_name(line["kind"].as_str().unwrap_or_default());
    // a form names the parts of a composed field: `home.line`
    let (field, part) = match name.split_once('.') {
        Some((field, part)) if kind.field(name).is_none() => (field, Some(part)),
        _ => (name, None),
    };
    let fits = |value: &Value| match part {
        Some(part) => value[part] == line["value"],
        None => contains(value, &line["value"]) || kind.same(field, value, &line["value"]),
    };
    let history = record["history"].as_array().map(Vec::as_slice).unwrap_or_default();
    let candidates = record["conflicts"][field]["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    fits(&record["body"][field])
        || history.iter().any(|op| fits(&op["set"][field]) || fits(&op["resolve"][field]["value"]))
        || candidates.iter().any(|candidate| fits(&candidate["value"]))
}

/// Whether `held` has all that `said` says: of an object its parts, else all of it.
pub fn contains(held: &Value, said: &Value) -> bool {
    match (held, said) {
        (Value::Object(held), Value::Object(said)) => {
            said.iter().all(|(name, value)| held.get(name).is_some_and(|held| contains(held, value)))
        }
        _ => held == said,
    }
}

/// A worker as a list shows them.
pub type Rows = BTreeMap<String, [String; 5]>;

/// The server's list: each worker once, by the enrolment that counts: the newest that is not over, else the newest.
///
/// # Errors
/// The office's tools.
pub fn server_list(office: &Admin) -> Result<Rows, ProgramError> {
    let all = office.act(&["workers"])?;
    let mut best: BTreeMap<String, ((bool, String), &Value)> = BTreeMap::new();
    for item in all.as_array().map(Vec::as_slice).unwrap_or_default() {
        let over = matches!(item["state"].as_str(), Some("ended" | "closed"));
        let rank = (!over, text(item, "enrollment"));
        let entry = best.entry(text(item, "worker")).or_insert_with(|| (rank.clone(), item));
        if rank > entry.0 {
            *entry = (rank, item);
        }
    }
    let row = |item: &Value| ["name", "nik", "state", "label", "next_step"].map(|name| text(item, name));
    Ok(best.into_iter().map(|(worker, (_, item))| (worker, row(item))).collect())
}

/// A phone's list in the same form.
pub fn phone_list(rows: &[Value]) -> Rows {
    let row = |item: &Value| ["name", "nik", "phase", "label", "next_step"].map(|name| text(item, name));
    rows.iter().map(|item| (text(item, "worker"), row(item))).collect()
}

/// How many workers are on one list only, or shown otherwise on the other.
pub fn differing(one: &Rows, other: &Rows) -> usize {
    let workers: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    workers.into_iter().filter(|worker| one.get(*worker) != other.get(*worker)).count()
}

/// The text of a name in an object; empty where there is none.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_counts_as_held_in_a_body_a_history_or_an_open_conflict_and_nowhere_else() {
        let record = json!({
            "record": "r", "body": {"name": "KASDI HADI", "phone": "+6281200000001", "home": {"line": "Gang 1", "rt": "001"}},
            "history": [{"set": {"mother_name": "SUTINI"}, "resolve": {}}, {"set": {}, "resolve": {"nik": {"value": "1"}}}],
            "conflicts": {"heirs": {"candidates": [{"value": [{"name": "X"}]}]}},
        });
        let held = by_record(&json!([record]));
        let line = |field: &str, value: Value| json!({"record": "r", "kind": "worker", "field": field, "value": value});
        let kept = [
            line("name", "Kasdi  Hadi".into()),
            line("phone", "0812-0000-0001".into()),
            line("home.line", "Gang 1".into()),
            line("home", json!({"line": "Gang 1"})),
            line("mother_name", "SUTINI".into()),
            line("nik", "1".into()),
            line("heirs", json!([{"name": "X"}])),
        ];
        assert!(kept.iter().all(|line| is_held(line, &held)));
        let gone = [
            line("name", "KASDI".into()),
            line("home.line", "Gang 2".into()),
            line("notes", "x".into()),
            json!({"record": "other", "kind": "worker", "field": "name", "value": "KASDI HADI"}),
        ];
        assert!(!gone.iter().any(|line| is_held(line, &held)));
    }

    #[test]
    fn lists_differ_by_a_missing_worker_and_by_a_state() {
        let row = |state: &str| ["A", "1", state, "", ""].map(str::to_owned);
        let one = Rows::from([("a".to_owned(), row("covered")), ("b".to_owned(), row("received"))]);
        let other = Rows::from([("a".to_owned(), row("numbered")), ("c".to_owned(), row("received"))]);
        assert_eq!(differing(&one, &one), 0);
        assert_eq!(differing(&one, &other), 3);
    }
}
