//! All that is kept about a person, to be read by that person (UU 27/2022, articles 7 and 13: the right to see one's data, and to get
//! them in a form that is in use). Words are data: `data/record-words.csv`.

use crate::{
    calendar::{Month, Zone, indonesian_date},
    consent,
    contribution::rupiah,
    field::Kind,
    lesson::{Language, NOT_REVIEWED},
    occupation,
    op::Body,
    region::{self, RegionCode},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    sync::LazyLock,
};

#[cfg(test)]
mod tests;

/// What a field is called that says nothing to the person: ids, keys, what another part says.
const HIDDEN: &str = "hidden";

/// A part of the record: the person, an enrolment, a visit …
#[derive(Clone, PartialEq, Eq)]
pub struct OwnSection {
    /// What it is.
    pub title: String,
    /// What is written, by what it is called.
    pub rows: Vec<OwnRow>,
}

/// A line of it.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnRow {
    /// What it is called.
    pub label: String,
    /// What is written.
    pub text: String,
}

/// All of it.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnRecord {
    /// A heading.
    pub title: String,
    /// The person first, then the rest in the order it came about.
    pub sections: Vec<OwnSection>,
    /// What the person may ask for, and where.
    pub rights: String,
    /// What is to be known of the text itself; empty where nothing is.
    pub note: String,
    /// All of it as plain text, to be printed or sent.
    pub text: String,
}

impl std::fmt::Debug for OwnRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a person's
        f.debug_struct("OwnRecord").field("sections", &self.sections.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for OwnSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnSection").field("title", &self.title).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for OwnRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnRow").field("label", &self.label).finish_non_exhaustive()
    }
}

/// By key: the place in the list, and the words in the languages' order.
static WORDS: LazyLock<HashMap<String, (usize, [String; 3])>> = LazyLock::new(|| {
    let csv: &[u8] = include_bytes!("../data/record-words.csv");
    let rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(csv).into_deserialize();
    rows.enumerate()
        .map(|(place, row): (usize, csv::Result<(String, String, String, String)>)| {
            let (key, id, en, jv) = row.expect("the built-in words, which tests read");
            (key, (place, [id, en, jv]))
        })
        .collect()
});

fn words(key: &str, language: &Language) -> Option<&'static str> {
    let at = match language {
        Language::English => 1,
        Language::Banyumasan => 2,
        Language::Indonesian | Language::Other(_) => 0,
    };
    WORDS.get(key).map(|(_, words)| words[at].as_str())
}

/// What a field, or a part of it with a dot, is called to the person; none for one that says nothing to them. A name that this
/// version does not know is its own word.
pub fn field_label(kind: &Kind, name: &str, language: &Language) -> Option<String> {
    let known = words(&format!("{}/{name}", kind.name()), language).or_else(|| words(name, language));
    match known {
        Some(HIDDEN) => None,
        Some(known) => Some(known.to_owned()),
        None => Some(name.to_owned()),
    }
}

/// What a value of a closed list is called; the code itself where this version does not know it.
pub fn code_label(code: &str, language: &Language) -> String {
    words(&format!("={code}"), language).unwrap_or(code).to_owned()
}

/// Writes it down from the records there are: the person's own first, then the others with their kinds, oldest first.
pub fn own_record<'b>(
    person: &'b Body,
    others: impl IntoIterator<Item = (&'b Kind, &'b Body)>,
    zone: Zone,
    now: DateTime<Utc>,
    language: &Language,
) -> OwnRecord {
    let writer = Writer { zone, language };
    let heading = |key: &str| words(key, language).unwrap_or(key).to_owned();
    let mut sections = vec![writer.section(&Kind::Worker, person)];
    let mut agreed = BTreeSet::new();
    for (kind, body) in others {
        sections.push(writer.section(kind, body));
        agreed.extend(body.get("consent").and_then(|consent| consent.get("text_version")?.as_str()));
    }
    let title = heading("@title");
    let rights = heading("@rights");
    let note = if *language == Language::Banyumasan { NOT_REVIEWED.to_owned() } else { String::new() };
    let mut text = format!("{title}\n{} {}\n", heading("@made"), writer.instant(now));
    if !note.is_empty() {
        let _ = writeln!(text, "({note})");
    }
    for section in &sections {
        let _ = writeln!(text, "\n{}", section.title.to_uppercase());
        for row in &section.rows {
            let _ = writeln!(text, "{}: {}", row.label, row.text);
        }
    }
    for agreed in agreed.into_iter().filter_map(|version| consent::text(version, language)) {
        let _ = writeln!(text, "\n{} ({})", heading("@consent").to_uppercase(), agreed.version);
        let _ = writeln!(text, "{}", agreed.paragraphs.join("\n"));
    }
    let _ = writeln!(text, "\n{rights}");
    OwnRecord { title, sections, rights, note, text }
}

struct Writer<'l> {
    zone: Zone,
    language: &'l Language,
}

impl Writer<'_> {
    fn section(&self, kind: &Kind, body: &Body) -> OwnSection {
        let title = words(&format!("@{}", kind.name()), self.language).unwrap_or(kind.name()).to_owned();
        let mut rows = Vec::new();
        // as a form asks, not by the alphabet; then what a newer version added
        let known: Vec<&str> =
            kind.table().map_or(&[][..], |table| table.fields).iter().map(|field| field.name).collect();
        let named = known.iter().filter_map(|name| Some((*name, body.get(*name)?)));
        let new = body.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        for (name, value) in named.chain(new.map(|(name, value)| (name.as_str(), value))) {
            self.rows(kind, name, value, &mut rows);
        }
        OwnSection { title, rows }
    }

    fn rows(&self, kind: &Kind, name: &str, value: &Value, rows: &mut Vec<OwnRow>) {
        match value {
            Value::Null => {}
            Value::Object(parts) => {
                let mut parts: Vec<(&String, &Value)> = parts.iter().collect();
                // as people write them
                let place = |part: &str| WORDS.get(&format!("{name}.{part}")).map_or(usize::MAX, |(place, _)| *place);
                parts.sort_by_key(|(part, _)| place(part));
                for (part, value) in parts {
                    // {masked, tag}: what a phone is told of a NIK
                    match (name, part.as_str()) {
                        ("nik", "tag") => {}
                        ("nik", _) => self.rows(kind, name, value, rows),
                        _ => self.rows(kind, &format!("{name}.{part}"), value, rows),
                    }
                }
            }
            Value::Array(values) if values.iter().any(Value::is_object) => {
                for value in values {
                    self.rows(kind, name, value, rows);
                }
            }
            Value::Array(values) => {
                let texts: Vec<String> = values.iter().map(|value| self.text(name, value)).collect();
                self.row(kind, name, texts.join(", "), rows);
            }
            value => self.row(kind, name, self.text(name, value), rows),
        }
    }

    fn row(&self, kind: &Kind, name: &str, text: String, rows: &mut Vec<OwnRow>) {
        if let Some(label) = field_label(kind, name, self.language).filter(|_| !text.is_empty()) {
            rows.push(OwnRow { label, text });
        }
    }

    fn text(&self, name: &str, value: &Value) -> String {
        let last = name.rsplit('.').next().unwrap_or(name);
        match value {
            Value::Bool(said) => code_label(if *said { "true" } else { "false" }, self.language),
            Value::Number(number) => match (last, number.as_i64()) {
                ("monthly_income" | "amount" | "rate", Some(sum)) => rupiah(sum),
                ("lat_e6" | "lon_e6", Some(millionths)) => {
                    format!(
                        "{}{}.{:06}",
                        if millionths < 0 { "-" } else { "" },
                        millionths.abs() / 1_000_000,
                        millionths.abs() % 1_000_000
                    )
                }
                _ => number.to_string(),
            },
            Value::String(text) => self.words(name, last, text),
            other => other.to_string(),
        }
    }

    fn words(&self, name: &str, last: &str, text: &str) -> String {
        match name {
            "home.village" => {
                let path = RegionCode::parse(text).ok().and_then(|code| region::describe(&code));
                return path.map_or_else(|| text.to_owned(), |path| path.to_string());
            }
            "occupations.first" | "occupations.second" => {
                return occupation::by_code(text).map_or(text, |known| known.name.as_str()).to_owned();
            }
            "cover.programs" => return text.to_uppercase(),
            _ => {}
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return self.instant(at.to_utc());
        }
        if let Ok(date) = text.parse::<NaiveDate>() {
            return self.date(date);
        }
        if matches!(last, "start_month" | "until" | "paid_to")
            && let Ok(month) = Month::parse(text)
        {
            return if *self.language == Language::English { text.to_owned() } else { month.indonesian() };
        }
        // only where the field is of a closed list: free text may be a code's word by chance
        let listed =
            matches!(last, "sex" | "payer" | "status" | "event" | "outcome" | "what" | "topic" | "cause" | "state")
                || matches!(last, "by" | "standing" | "relation" | "language");
        if listed { code_label(text, self.language) } else { text.to_owned() }
    }

    fn date(&self, date: NaiveDate) -> String {
        if *self.language == Language::English { date.to_string() } else { indonesian_date(date) }
    }

    fn instant(&self, at: DateTime<Utc>) -> String {
        let here = at.with_timezone(&self.zone.offset());
        format!("{} {} {}", self.date(here.date_naive()), here.format("%H.%M"), self.zone.name())
    }
}
