//! Templates: what a file looks like, as data with a version.

use super::column::{Column, Form, Value};
use chrono::format::{Item, StrftimeItems};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// The templates that come with the program.
const BUILT_IN: [(&str, &str); 5] = [
    ("bpjs-bpu", include_str!("../../templates/bpjs-bpu.toml")),
    ("daftar-plkk", include_str!("../../templates/daftar-plkk.toml")),
    ("daftar-warga", include_str!("../../templates/daftar-warga.toml")),
    ("jawaban-cabang", include_str!("../../templates/jawaban-cabang.toml")),
    ("peserta-lama", include_str!("../../templates/peserta-lama.toml")),
];

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To BPJS's intake: its rows are submitted by it.
    Bpjs,
    /// To be read here: marks nothing, and no whole NIK or mother's name is in it.
    List,
    /// The branch's answers.
    Answers,
    /// People who are members already.
    Members,
    /// Clinics of the work-accident network.
    Clinics,
}

impl Purpose {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bpjs => "bpjs",
            Self::List => "list",
            Self::Answers => "answers",
            Self::Members => "members",
            Self::Clinics => "clinics",
        }
    }
}

/// Why a template can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No such template.
    #[error("there is no template `{name}`; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Its file can't be read.
    #[error("the template {0} cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// Not TOML of this shape.
    #[error("the template {0} is not right: {1}")]
    Shape(String, String),
    /// A `value` that is no field and no derived value.
    #[error("the template names `{0}`, which no record has")]
    Value(String),
    /// Mothers' names and whole NIKs go to BPJS only.
    #[error("the template names `{0}`, which may leave in a template of purpose `bpjs` only")]
    OtherPurpose(String),
    /// A date format that chrono does not know.
    #[error("the template's date format `{0}` is not right")]
    DateFormat(String),
    /// Another purpose than asked for.
    #[error("the template `{name}` is of purpose `{found}`, this needs one of purpose {wanted}")]
    Purpose {
        /// The template.
        name: String,
        /// Its purpose.
        found: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
}

/// A file that goes out.
#[derive(Clone, Debug)]
pub struct ExportTemplate {
    /// Its name.
    pub name: String,
    /// Its version: told in the file beside the export.
    pub version: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// `,` or `;`
    pub delimiter: u8,
    /// Of days, as strftime.
    pub date: String,
    /// Of months, as strftime.
    pub month: String,
    /// The columns, in order.
    pub columns: Vec<Column>,
}

/// The branch's answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerTemplate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    #[serde(rename = "purpose")]
    _purpose: Purpose,
    /// Formats a day may have, as strftime; the first that fits counts.
    pub dates: Vec<String>,
    /// Formats a month may have.
    pub months: Vec<String>,
    /// What a column is called: `reference`, `nik`, `answer` … → headers.
    pub columns: BTreeMap<String, Vec<String>>,
    /// `returned`, `numbered`, `paid` → the branch's words.
    pub answers: BTreeMap<String, Vec<String>>,
    /// Payung's reason → the branch's words.
    #[serde(default)]
    pub reasons: BTreeMap<String, Vec<String>>,
}

/// A list of known members or of clinics.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListTemplate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    #[serde(rename = "purpose")]
    _purpose: Purpose,
    /// `nik`, `code` … → headers.
    pub columns: BTreeMap<String, Vec<String>>,
}

/// Any template.
#[derive(Clone, Debug)]
pub enum Template {
    /// Goes out.
    Export(ExportTemplate),
    /// Comes in from the branch.
    Answers(AnswerTemplate),
    /// Comes in from the branch.
    Members(ListTemplate),
    /// Comes in from the branch.
    Clinics(ListTemplate),
}

#[derive(Deserialize)]
struct Head {
    purpose: Purpose,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportText {
    name: String,
    version: u32,
    purpose: Purpose,
    delimiter: char,
    date: String,
    month: String,
    column: Vec<ColumnText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnText {
    header: String,
    value: String,
    #[serde(default)]
    form: Form,
    #[serde(default)]
    codes: BTreeMap<String, String>,
    #[serde(default)]
    required: bool,
}

/// The names of the templates that can be used: those that come with the program and those in `folder`.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    let own = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names.extend(own.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".toml")?.to_owned())));
    names.sort();
    names.dedup();
    names
}

/// The template `name`: from `folder` where it is there, else the one that comes with the program.
///
/// # Errors
/// [`TemplateError`].
pub fn load(folder: &Path, name: &str) -> Result<Template, TemplateError> {
    let unknown = || TemplateError::Unknown { name: name.to_owned(), known: names(folder).join(", ") };
    // a name, never a path
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(unknown());
    }
    let file = folder.join(format!("{name}.toml"));
    match std::fs::read_to_string(&file) {
        Ok(text) => parse(name, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let (_, text) = BUILT_IN.iter().find(|(own, _)| *own == name).ok_or_else(unknown)?;
            parse(name, text)
        }
        Err(error) => Err(TemplateError::Unreadable(file.display().to_string(), error)),
    }
}

fn parse(name: &str, text: &str) -> Result<Template, TemplateError> {
    let shape = |error: toml::de::Error| TemplateError::Shape(name.to_owned(), error.message().to_owned());
    let head: Head = toml::from_str(text).map_err(shape)?;
    match head.purpose {
        Purpose::Bpjs | Purpose::List => export(name, toml::from_str(text).map_err(shape)?).map(Template::Export),
        Purpose::Answers => {
            let template: AnswerTemplate = toml::from_str(text).map_err(shape)?;
            template.dates.iter().chain(&template.months).try_for_each(|format| check_format(format))?;
            Ok(Template::Answers(template))
        }
        Purpose::Members => toml::from_str(text).map_err(shape).map(Template::Members),
        Purpose::Clinics => toml::from_str(text).map_err(shape).map(Template::Clinics),
    }
}

fn export(name: &str, text: ExportText) -> Result<ExportTemplate, TemplateError> {
    let wrong = |why: &str| TemplateError::Shape(name.to_owned(), why.to_owned());
    let delimiter = match text.delimiter {
        ',' => b',',
        ';' => b';',
        _ => return Err(wrong("the delimiter is `,` or `;`")),
    };
    check_format(&text.date)?;
    check_format(&text.month)?;
    if text.column.is_empty() {
        return Err(wrong("it has no columns"));
    }
    let column = |column: ColumnText| {
        Ok(Column {
            value: Value::parse(&column.value, text.purpose)?,
            header: column.header,
            form: column.form,
            codes: column.codes,
            required: column.required,
        })
    };
    let columns = text.column.into_iter().map(column).collect::<Result<_, TemplateError>>()?;
    let (name, version, purpose) = (text.name, text.version, text.purpose);
    Ok(ExportTemplate { name, version, purpose, delimiter, date: text.date, month: text.month, columns })
}

fn check_format(format: &str) -> Result<(), TemplateError> {
    if StrftimeItems::new(format).any(|item| matches!(item, Item::Error)) {
        return Err(TemplateError::DateFormat(format.to_owned()));
    }
    Ok(())
}

impl Template {
    /// Version, purpose, and the headers a file has or may have.
    pub fn describe(&self) -> (u32, Purpose, Vec<&str>) {
        fn first(columns: &BTreeMap<String, Vec<String>>) -> Vec<&str> {
            columns.values().filter_map(|called| called.first()).map(String::as_str).collect()
        }
        match self {
            Self::Export(template) => {
                let headers = template.columns.iter().map(|column| column.header.as_str()).collect();
                (template.version, template.purpose, headers)
            }
            Self::Answers(template) => (template.version, Purpose::Answers, first(&template.columns)),
            Self::Members(template) => (template.version, Purpose::Members, first(&template.columns)),
            Self::Clinics(template) => (template.version, Purpose::Clinics, first(&template.columns)),
        }
    }

    fn purpose(&self) -> (&str, &'static str) {
        match self {
            Self::Export(template) => (&template.name, template.purpose.as_str()),
            Self::Answers(template) => (&template.name, "answers"),
            Self::Members(template) => (&template.name, "members"),
            Self::Clinics(template) => (&template.name, "clinics"),
        }
    }

    fn not(&self, wanted: &'static str) -> TemplateError {
        let (name, found) = self.purpose();
        TemplateError::Purpose { name: name.to_owned(), found, wanted }
    }

    /// As one that goes out.
    pub fn export(self) -> Result<ExportTemplate, TemplateError> {
        if let Self::Export(template) = self { Ok(template) } else { Err(self.not("`bpjs` or `list`")) }
    }

    /// As one for the branch's answers.
    pub fn answers(self) -> Result<AnswerTemplate, TemplateError> {
        if let Self::Answers(template) = self { Ok(template) } else { Err(self.not("`answers`")) }
    }

    /// As one for known members.
    pub fn members(self) -> Result<ListTemplate, TemplateError> {
        if let Self::Members(template) = self { Ok(template) } else { Err(self.not("`members`")) }
    }

    /// As one for clinics.
    pub fn clinics(self) -> Result<ListTemplate, TemplateError> {
        if let Self::Clinics(template) = self { Ok(template) } else { Err(self.not("`clinics`")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(name: &str) -> &'static str {
        BUILT_IN.iter().find(|(own, _)| *own == name).expect("built in").1
    }

    #[test]
    fn every_built_in_template_is_right() {
        for (name, text) in BUILT_IN {
            let template = parse(name, text).expect(name);
            assert_eq!(template.purpose().0, name);
        }
    }

    #[test]
    fn own_template_stands_before_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let text = BUILT_IN[0].1.replace("version = 1", "version = 7");
        std::fs::write(folder.path().join("bpjs-bpu.toml"), text).unwrap();
        assert_eq!(load(folder.path(), "bpjs-bpu").unwrap().export().unwrap().version, 7);
        assert_eq!(names(folder.path()).len(), BUILT_IN.len());
    }

    #[test]
    fn mothers_name_and_whole_nik_leave_for_bpjs_only() {
        for field in ["worker.mother_name", "worker.nik"] {
            let text = text_of("daftar-warga").replace("worker.nik_masked", field);
            assert!(matches!(parse("x", &text), Err(TemplateError::OtherPurpose(named)) if named == field));
        }
    }

    #[test]
    fn mistyped_column_is_refused() {
        for value in
            ["worker.naem", "worker.birth.dat", "enrollment", "worker.heirs.name", "worker.name.first", "", "x.y"]
        {
            let text = text_of("daftar-warga").replace("worker.nik_masked", value);
            assert!(matches!(parse("x", &text), Err(TemplateError::Value(_))), "{value}");
        }
    }

    #[test]
    fn wrong_format_delimiter_or_key_is_refused() {
        let list = text_of("daftar-warga");
        let date = list.replace("%d-%m-%Y", "%d-%Q");
        assert!(matches!(parse("x", &date), Err(TemplateError::DateFormat(_))));
        let delimiter = list.replace("delimiter = \";\"", "delimiter = \"|\"");
        assert!(matches!(parse("x", &delimiter), Err(TemplateError::Shape(..))));
        let key = list.replace("version = 1", "version = 1\ncolour = 2");
        assert!(matches!(parse("x", &key), Err(TemplateError::Shape(..))));
    }

    #[test]
    fn name_is_no_path() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../secret", "", "a/b", "nothing"] {
            assert!(matches!(load(folder.path(), name), Err(TemplateError::Unknown { .. })), "{name}");
        }
    }

    #[test]
    fn import_takes_no_export_template() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(folder.path(), "bpjs-bpu").unwrap().answers(), Err(TemplateError::Purpose { .. })));
        assert!(matches!(load(folder.path(), "jawaban-cabang").unwrap().export(), Err(TemplateError::Purpose { .. })));
    }
}
