//! Occupations of informal workers: Payung's own versioned list, found by the words people use.
//!
//! BPJS's official list is not public; this one is data (`data/occupations.csv`) and its codes map to whatever the
//! branch asks for. Local words are Banyumasan Javanese where marked so, *belum ditinjau penutur*: no native speaker
//! has reviewed them yet.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde::Deserialize;

use crate::text::fold;
use crate::wire::wire_enum;

/// The state of the list; recorded nowhere but in documents and exports, since a code never changes its meaning.
pub const LIST_VERSION: &str = "2026-1";

wire_enum! {
    /// Part of the economy. Whether a discount's sector is transport is told by [`Occupation::transport`].
    pub enum Sector {
        /// Farming.
        Agriculture = "agriculture",
        /// Catching and raising fish.
        Fishery = "fishery",
        /// Wood, resin, forest land.
        Forestry = "forestry",
        /// Raising animals.
        Livestock = "livestock",
        /// Sand, stone, minerals.
        Mining = "mining",
        /// Buying and selling.
        Trade = "trade",
        /// Making and selling food.
        Food = "food",
        /// Carrying people and goods.
        Transport = "transport",
        /// Carrying loads on foot, loading and unloading.
        Porter = "porter",
        /// Building.
        Construction = "construction",
        /// Making things at home or in a workshop.
        Craft = "craft",
        /// Work in another's household.
        HouseholdService = "household_service",
        /// Services to persons, repairs.
        PersonalService = "personal_service",
        /// Waste and cleaning.
        Waste = "waste",
        /// Arts, sport, tourism.
        Culture = "culture",
        /// Writing, pictures, copying.
        Creative = "creative",
        /// Worship and teaching.
        ReligionEducation = "religion_education",
        /// Volunteers for health and disasters.
        HealthVolunteer = "health_volunteer",
        /// Service to the village, unpaid or nearly so.
        VillageService = "village_service",
    }
}

/// One occupation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupation {
    /// Stable code, `snake_case`.
    pub code: String,
    /// Indonesian name.
    pub name: String,
    /// Part of the economy.
    pub sector: Sector,
    /// Belongs to the transport sector of PP 50/2025, as far as known; the branch decides.
    pub transport: bool,
    /// Indonesian words it is found by.
    pub words: Vec<String>,
    /// Local words it is found by.
    pub local_words: Vec<String>,
    /// Where the local words are said: `Banyumasan`, `Purbalingga`, `Banjarnegara`.
    pub local_origin: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    code: String,
    name: String,
    sector: String,
    transport: String,
    words: String,
    local_words: String,
    local_origin: Option<String>,
}

struct Entry {
    occupation: Occupation,
    /// The name and every word of it, folded; the name first.
    phrases: Vec<String>,
}

static LIST: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(include_bytes!("../data/occupations.csv").as_slice())
        .deserialize::<Row>()
        .map(|row| Entry::from(row.expect("occupations.csv is tested")))
        .collect()
});

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let split = |text: &str| text.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let occupation = Occupation {
            code: row.code,
            sector: Sector::from(row.sector.as_str()),
            transport: row.transport == "yes",
            words: split(&row.words),
            local_words: split(&row.local_words),
            local_origin: row.local_origin,
            name: row.name,
        };
        let phrases = std::iter::once(&occupation.name)
            .chain(&occupation.words)
            .chain(&occupation.local_words)
            .map(|phrase| fold(phrase))
            .collect();
        Self { occupation, phrases }
    }
}

/// The whole list, in its order.
pub fn all() -> impl Iterator<Item = &'static Occupation> {
    LIST.iter().map(|entry| &entry.occupation)
}

/// The occupation of a code; none for a code of a newer list, which is kept and shown as it is.
pub fn by_code(code: &str) -> Option<&'static Occupation> {
    all().find(|occupation| occupation.code == code)
}

/// The occupations that `query` finds, best first, at most `limit`: every word typed must be a word, the beginning of
/// one or (from three letters) a part of one, in the name or in the words people use. Case and accents do not matter.
/// Whole phrases come before whole words, these before beginnings, these before parts; then the name before other words.
pub fn search(query: &str, limit: usize) -> Vec<&'static Occupation> {
    let query = fold(query);
    if query.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<_> = LIST.iter().filter_map(|entry| Some((entry.distance(&query)?, entry))).collect();
    found.sort_by_key(|(distance, entry)| (*distance, entry.phrases[0].len()));
    found.into_iter().take(limit).map(|(_, entry)| &entry.occupation).collect()
}

impl Entry {
    /// How far the best phrases are from `query`; none if a word of it is not found. Smaller is nearer.
    fn distance(&self, query: &str) -> Option<u32> {
        if let Some(place) = self.phrases.iter().position(|phrase| phrase == query) {
            return Some(u32::from(place > 0));
        }
        if query.contains(' ') && self.phrases.iter().any(|phrase| phrase.starts_with(query)) {
            return Some(2);
        }
        let mut total = 3;
        for typed in query.split(' ') {
            let nearest = self.phrases.iter().enumerate().filter_map(|(place, phrase)| {
                let step = phrase.split(' ').filter_map(|word| word_distance(word, typed)).min()?;
                Some(step * 2 + u32::from(place > 0))
            });
            total += nearest.min()?;
        }
        Some(total)
    }
}

fn word_distance(word: &str, typed: &str) -> Option<u32> {
    if word == typed {
        Some(0)
    } else if word.starts_with(typed) {
        Some(2)
    } else if typed.len() >= 3 && word.contains(typed) {
        Some(4)
    } else {
        None
    }
}
