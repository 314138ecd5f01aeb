//! Reading matter for outreach (*sosialisasi*): lessons of a few minutes and a sheet for each programme, in three languages, offline.
//!
//! A lesson is a file a language, `data/lessons/CODE.LANGUAGE.md`: title, paragraphs, its sources. A sheet is made from the tables of
//! [`crate::benefit`], so that no amount is written twice. Banyumasan is *belum ditinjau penutur*: no native speaker has looked at it yet.

#[cfg(test)]
mod tests;

use crate::{
    benefit::{BRANCH_DECIDES, Benefit, Programme, benefits, programmes},
    calendar::Month,
    contribution::rupiah,
    wire::wire_enum,
};
use serde::Deserialize;
use std::{collections::HashMap, sync::LazyLock};

wire_enum! {
    /// A language that people read.
    pub enum Language {
        /// Indonesian.
        Indonesian = "id",
        /// English.
        English = "en",
        /// Banyumasan Javanese.
        Banyumasan = "jv",
    }
}

/// What stands beside Banyumasan text until a native speaker has read it.
pub const NOT_REVIEWED: &str = "belum ditinjau penutur";

/// A lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Stable code; sessions name their topics by it.
    pub code: String,
    /// A few words.
    pub title: String,
    /// Paragraphs of 120 to 250 words together.
    pub paragraphs: Vec<String>,
    /// Laws, or who says so.
    pub source: String,
    /// What is to be known of the text itself; empty where nothing is.
    pub note: String,
}

/// A programme on one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenefitSheet {
    /// The programme's code.
    pub code: String,
    /// `JKK · Jaminan Kecelakaan Kerja`
    pub title: String,
    /// What it is for.
    pub what: String,
    /// What it gives; nothing where informal workers cannot join.
    pub rows: Vec<SheetRow>,
    /// Why informal workers cannot join; empty where they can.
    pub why_not: String,
    /// The law.
    pub source: String,
    /// That the branch decides; stands under every amount.
    pub decides: String,
    /// As [`Lesson::note`].
    pub note: String,
}

/// Something a programme gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// A few words.
    pub title: String,
    /// A sentence.
    pub sentence: String,
    /// The law, or who says so.
    pub source: String,
    /// First month it is valid for.
    pub valid_from: Month,
    /// Last month; none while no end is known.
    pub valid_until: Option<Month>,
}

macro_rules! lessons {
    ($($code:literal),*) => {
        [$(($code, [
            include_str!(concat!("../data/lessons/", $code, ".id.md")),
            include_str!(concat!("../data/lessons/", $code, ".en.md")),
            include_str!(concat!("../data/lessons/", $code, ".jv.md")),
        ])),*]
    };
}

/// In the order in which they are best told. A file that is missing does not compile.
static LESSONS: [(&str, [&str; 3]); 6] = lessons!("perlindungan", "kecelakaan", "kematian", "iuran", "kartu", "data");

/// What a row of the tables says in another language.
#[derive(Deserialize)]
struct Words {
    code: String,
    language: Language,
    title: String,
    sentence: String,
    why_not: String,
}

static WORDS: LazyLock<HashMap<(String, Language), Words>> = LazyLock::new(|| {
    let csv: &[u8] = include_bytes!("../data/benefit-words.csv");
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(csv);
    let rows = reader.deserialize::<Words>().collect::<Result<Vec<_>, _>>().expect("the tables are tested");
    rows.into_iter().map(|row| ((row.code.clone(), row.language.clone()), row)).collect()
});

fn note(language: &Language) -> String {
    if *language == Language::Banyumasan { NOT_REVIEWED.to_owned() } else { String::new() }
}

/// All lessons in a language; Indonesian for one that is not known.
pub fn lessons(language: &Language) -> Vec<Lesson> {
    let column = match language {
        Language::English => 1,
        Language::Banyumasan => 2,
        Language::Indonesian | Language::Other(_) => 0,
    };
    LESSONS.iter().map(|(code, texts)| lesson(code, texts[column], note(language))).collect()
}

fn lesson(code: &str, text: &str, note: String) -> Lesson {
    let mut paragraphs: Vec<String> = text.split("\n\n").map(|part| part.trim().replace('\n', " ")).collect();
    let source = paragraphs.pop().unwrap_or_default();
    let source = source.split_once(": ").map_or(source.clone(), |(_, laws)| laws.trim_end_matches('.').to_owned());
    // the title stands in a line of its own above the first paragraph
    let (title, first) = text.trim_start_matches("# ").split_once('\n').unwrap_or((text, ""));
    if let Some(paragraph) = paragraphs.first_mut() {
        *paragraph = first.split("\n\n").next().unwrap_or_default().trim().replace('\n', " ");
    }
    Lesson { code: code.to_owned(), title: title.trim().to_owned(), paragraphs, source, note }
}

/// A sheet for each programme as it is in a month, those that informal workers can join first.
pub fn benefit_sheets(language: &Language, month: Month) -> Vec<BenefitSheet> {
    programmes().iter().map(|programme| sheet(programme, language, month)).collect()
}

fn sheet(programme: &Programme, language: &Language, month: Month) -> BenefitSheet {
    let words = WORDS.get(&(programme.code.clone(), language.clone()));
    let told = |ours: fn(&Words) -> &String, indonesian: &String| words.map_or(indonesian, ours).clone();
    let title = told(|words| &words.title, &programme.long_name);
    BenefitSheet {
        code: programme.code.clone(),
        title: format!("{} · {title}", programme.name),
        what: told(|words| &words.sentence, &programme.what),
        why_not: told(|words| &words.why_not, &programme.why_not),
        rows: benefits(month)
            .filter(|benefit| benefit.program.as_str() == programme.code)
            .map(|benefit| row(benefit, language))
            .collect(),
        source: programme.source.clone(),
        decides: match language {
            Language::English => "Whether and how much is paid, the branch of BPJS Ketenagakerjaan decides.".to_owned(),
            Language::Banyumasan => "Hak karo cacahe diputusna kantor cabang BPJS Ketenagakerjaan.".to_owned(),
            Language::Indonesian | Language::Other(_) => BRANCH_DECIDES.to_owned(),
        },
        note: note(language),
    }
}

fn row(benefit: &Benefit, language: &Language) -> SheetRow {
    let words = WORDS.get(&(benefit.code.clone(), language.clone()));
    let amount = benefit.amount.map(rupiah).unwrap_or_default();
    let (title, sentence) = words.map_or((&benefit.title, &benefit.sentence), |words| (&words.title, &words.sentence));
    SheetRow {
        title: title.clone(),
        sentence: sentence.replace("{amount}", &amount),
        source: benefit.source.clone(),
        valid_from: benefit.valid_from,
        valid_until: benefit.valid_until,
    }
}
