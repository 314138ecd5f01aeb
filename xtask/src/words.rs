//! What people read: `strings/*.ftl`, one source for all shells, made into plain code of each shell's language.
//!
//! Of Fluent only messages with variables are taken: no selectors, no terms, no attributes. A sentence that needs another form
//! is another message. A message that a language lacks, or that no shell uses, fails the tests.

use crate::{XtaskError, workspace::Workspace};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// The languages, the first one being what the others are held to.
pub(crate) const LANGUAGES: [&str; 3] = ["id", "en", "jv"];

/// Messages that are looked up by a code of the core: `why-nik_length`, `phase-covered`.
const GROUPS: [&str; 3] = ["why", "phase", "next"];

/// A message: its words and the variables between them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Message {
    fn variables(&self) -> BTreeSet<&str> {
        let variable = |part: &'_ Part| matches!(part, Part::Variable(_));
        self.parts
            .iter()
            .filter(|part| variable(part))
            .map(|part| match part {
                Part::Variable(name) | Part::Text(name) => name.as_str(),
            })
            .collect()
    }
}

type Messages = BTreeMap<String, Message>;

/// Reads a file of messages.
fn read(text: &str) -> Result<Messages, String> {
    let mut raw: Vec<(usize, String, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with(' ') {
            let (_, _, said) = raw.last_mut().ok_or_else(|| format!("line {number}: belongs to no message"))?;
            said.push(' ');
            said.push_str(line.trim());
            continue;
        }
        let (key, said) = line.split_once('=').ok_or_else(|| format!("line {number}: `key = words`"))?;
        raw.push((number, key.trim().to_owned(), said.trim().to_owned()));
    }
    let mut messages = Messages::new();
    for (number, key, said) in raw {
        let good = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if !good {
            return Err(format!("line {number}: `{key}` is no key"));
        }
        let message = message(said.trim()).map_err(|why| format!("line {number}: {why}"))?;
        if messages.insert(key.clone(), message).is_some() {
            return Err(format!("line {number}: `{key}` is there twice"));
        }
    }
    Ok(messages)
}

fn message(said: &str) -> Result<Message, String> {
    if said.is_empty() {
        return Err("no words".to_owned());
    }
    let (mut parts, mut rest) = (Vec::new(), said);
    while let Some(at) = rest.find('{') {
        let end = rest[at..].find('}').ok_or("`{` without `}`")? + at;
        let name = rest[at + 1..end].trim().strip_prefix('$').ok_or("only variables may stand in `{ }`")?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(format!("`{name}` is no variable"));
        }
        if at > 0 {
            parts.push(Part::Text(rest[..at].to_owned()));
        }
        parts.push(Part::Variable(name.to_owned()));
        rest = &rest[end + 1..];
    }
    if rest.contains('}') {
        return Err("`}` without `{`".to_owned());
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(Message { parts })
}

/// What the languages lack or say otherwise than the first.
fn differences(all: &[(&str, Messages)]) -> Vec<String> {
    let (first, wanted) = &all[0];
    let mut wrong = Vec::new();
    for (language, messages) in &all[1..] {
        wrong.extend(
            wanted.keys().filter(|key| !messages.contains_key(*key)).map(|key| format!("{language} lacks `{key}`")),
        );
        wrong.extend(
            messages.keys().filter(|key| !wanted.contains_key(*key)).map(|key| format!("{first} lacks `{key}`")),
        );
        for (key, message) in messages {
            if wanted.get(key).is_some_and(|other| other.variables() != message.variables()) {
                wrong.push(format!("`{key}` has other variables in {language} than in {first}"));
            }
        }
    }
    wrong
}

/// The messages of a project, every language.
fn read_all(root: &Path) -> Result<Vec<(&'static str, Messages)>, String> {
    let mut all = Vec::new();
    for language in LANGUAGES {
        let path = root.join("strings").join(format!("{language}.ftl"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        all.push((language, read(&text).map_err(|why| format!("strings/{language}.ftl: {why}"))?));
    }
    match differences(&all) {
        wrong if wrong.is_empty() => Ok(all),
        wrong => Err(wrong.join("\n")),
    }
}

/// `home-register` as `homeRegister`.
fn name(key: &str) -> String {
    let mut name = String::new();
    for (at, part) in key.split(['-', '_']).enumerate() {
        if at == 0 {
            name.push_str(part);
        } else {
            name.extend(part.chars().take(1).map(|c| c.to_ascii_uppercase()));
            name.push_str(part.get(1..).unwrap_or_default());
        }
    }
    name
}

/// The group of a message, and its code there.
fn grouped(key: &str) -> Option<(&str, &str)> {
    key.split_once('-').filter(|(group, _)| GROUPS.contains(group))
}

fn kotlin_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$")
}

/// The messages as Kotlin: an abstract class, and an object a language.
fn kotlin(all: &[(&str, Messages)]) -> String {
    let mut code = String::from("// Made from strings/*.ftl.\npackage id.payung.words\n\n");
    code.push_str("/** What people read. */\nabstract class Words {\n    abstract val language: String\n");
    let (_, wanted) = &all[0];
    let plain = || wanted.iter().filter(|(key, _)| grouped(key).is_none());
    for (key, message) in plain() {
        let _ = writeln!(code, "    abstract {}", head(key, message));
    }
    for group in GROUPS {
        let _ = writeln!(
            code,
            "\n    /** By a code of the core; none for one of a newer core. */\n    abstract fun {group}(code: String): String?"
        );
    }
    code.push_str(
        "\n    companion object {\n        // made when asked: the objects are not there yet while this class is
        val ALL: List<Words> get() = listOf(",
    );
    let objects: Vec<String> = all.iter().map(|(language, _)| object(language)).collect();
    let _ = writeln!(code, "{})\n    }}\n}}", objects.join(", "));
    for (language, messages) in all {
        let _ =
            writeln!(code, "\nobject {} : Words() {{\n    override val language = \"{language}\"", object(language));
        for (key, message) in messages.iter().filter(|(key, _)| grouped(key).is_none()) {
            let said: String = message
                .parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => kotlin_text(text),
                    Part::Variable(name) => format!("${{{name}}}"),
                })
                .collect();
            let _ = writeln!(
                code,
                "    override {} = \"{said}\"",
                head(key, message).replace(": String", &type_of(message))
            );
        }
        for group in GROUPS {
            let _ = writeln!(code, "\n    private val {group}s = mapOf<String, String>(");
            for (key, message) in messages {
                if let Some((found, code_name)) = grouped(key)
                    && found == group
                    && let [Part::Text(text)] = &message.parts[..]
                {
                    let _ = writeln!(code, "        \"{code_name}\" to \"{}\",", kotlin_text(text));
                }
            }
            let _ = writeln!(code, "    )\n\n    override fun {group}(code: String): String? = {group}s[code]");
        }
        code.push_str("}\n");
    }
    code
}

fn type_of(message: &Message) -> String {
    // parameters keep their type, a value has one already
    if message.variables().is_empty() { String::new() } else { ": String".to_owned() }
}

fn object(language: &str) -> String {
    format!("Words{}", language.to_ascii_uppercase())
}

/// `val homeRegister: String`, or `fun homeCovered(covered: String): String`.
fn head(key: &str, message: &Message) -> String {
    let variables = message.variables();
    if variables.is_empty() {
        return format!("val {}: String", name(key));
    }
    let parameters: Vec<String> = variables.iter().map(|variable| format!("{variable}: String")).collect();
    format!("fun {}({}): String", name(key), parameters.join(", "))
}

/// Where the made code lies.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("android").join("words")
}

/// Makes the code of the shells. Left alone where it is as it should be, so that nothing is compiled anew.
pub(crate) fn generate(workspace: &Workspace) -> Result<(), XtaskError> {
    let all = read_all(&workspace.root).map_err(XtaskError::Words)?;
    let file = folder(workspace).join("id/payung/words/Words.kt");
    let code = kotlin(&all);
    if fs::read_to_string(&file).is_ok_and(|there| there == code) {
        return Ok(());
    }
    let failed = |reason| XtaskError::File { path: file.clone(), reason };
    fs::create_dir_all(file.parent().unwrap_or(&file)).map_err(failed)?;
    fs::write(&file, code).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "# a comment\nhome = Beranda\nhome-covered = { $covered } dari {$known} terlindungi,\n    kata \"lurah\"\nwhy-nik_length = 16 angka\n";

    #[test]
    fn messages_are_read_with_their_variables_and_lines_that_go_on() {
        let messages = read(WORDS).unwrap();
        assert_eq!(messages.len(), 3);
        assert_eq!(messages["home-covered"].variables(), BTreeSet::from(["covered", "known"]));
    }

    #[test]
    fn kotlin_has_a_value_or_function_for_each_and_escapes_quotes() {
        let all = LANGUAGES.map(|language| (language, read(WORDS).unwrap()));
        let code = kotlin(&all);
        for line in [
            "    abstract val home: String",
            "    abstract fun homeCovered(covered: String, known: String): String",
            "    override val home = \"Beranda\"",
            "    override fun homeCovered(covered: String, known: String): String = \"${covered} dari ${known} terlindungi, kata \\\"lurah\\\"\"",
            "        \"nik_length\" to \"16 angka\",",
            "    override fun why(code: String): String? = whys[code]",
        ] {
            assert!(code.lines().any(|there| there == line), "{line}\n{code}");
        }
    }

    #[test]
    fn what_a_language_lacks_or_says_with_other_variables_is_named() {
        let id = read("a = A\nb = { $x }\n").unwrap();
        let en = read("b = { $y }\nc = C\n").unwrap();
        let wrong = differences(&[("id", id), ("en", en)]);
        assert_eq!(wrong, ["en lacks `a`", "id lacks `c`", "`b` has other variables in en than in id"]);
    }

    #[test]
    fn what_is_no_message_is_named_by_its_line() {
        for (text, why) in [
            ("a = A\na = B", "line 2: `a` is there twice"),
            ("a", "line 1: `key = words`"),
            ("a =", "line 1: no words"),
            ("A = x", "line 1: `A` is no key"),
            ("a = { $x", "line 1: `{` without `}`"),
            ("a = { $x -> }", "line 1: `x ->` is no variable"),
            ("a = { -term }", "line 1: only variables may stand in `{ }`"),
            (" a", "line 1: belongs to no message"),
        ] {
            assert_eq!(read(text).unwrap_err(), why);
        }
    }

    fn sources(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|extension| extension == "kt" || extension == "swift") {
                all.push_str(&fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }

    #[test]
    fn every_message_is_there_in_every_language_and_used_by_a_shell() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let all = read_all(root).unwrap_or_else(|wrong| panic!("{wrong}"));
        let mut code = String::new();
        sources(&root.join("android"), &mut code);
        let words: BTreeSet<&str> = code.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let unused: Vec<&String> =
            all[0].1.keys().filter(|key| grouped(key).is_none() && !words.contains(name(key).as_str())).collect();
        assert!(unused.is_empty(), "no shell uses {unused:?}");
        for (language, messages) in &all {
            let by_code = messages.iter().filter(|(key, _)| grouped(key).is_some());
            for (key, message) in by_code {
                assert!(
                    message.variables().is_empty(),
                    "{language}: `{key}` is looked up by its code and has variables"
                );
            }
        }
    }
}
