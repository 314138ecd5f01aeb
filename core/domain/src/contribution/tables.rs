//! Which table says what a month costs: those the office published, and the one built in.

use serde_json::Value;

use super::{ContributionTable, Quote, QuoteRequest};
use crate::{calendar::Month, op::Body};

/// The name of the `reference` records that hold a table of contributions.
pub const CONTRIBUTION: &str = "contribution";

/// The tables a phone or server reckons by. Published ones take the place of the built-in one for the months they are valid in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContributionTables {
    /// Newest first: by the first month they are valid for, then by version.
    published: Vec<ContributionTable>,
    /// Published ones that cannot be read or are wrong: of a newer version, most likely.
    unread: usize,
}

impl ContributionTables {
    /// From the fields of the `reference` records there are; what is not a table of contributions is passed over.
    pub fn of<'b>(references: impl IntoIterator<Item = &'b Body>) -> Self {
        let mut tables = Self::default();
        for body in references {
            if body.get("name").and_then(Value::as_str) != Some(CONTRIBUTION) {
                continue;
            }
            let table = body.get("table").cloned().and_then(|table| serde_json::from_value(table).ok());
            match table.filter(|table: &ContributionTable| table.check().is_ok()) {
                Some(table) => tables.published.push(table),
                None => tables.unread += 1,
            }
        }
        tables
            .published
            .sort_by(|one, other| other.valid_from.cmp(&one.valid_from).then_with(|| other.version.cmp(&one.version)));
        tables
    }

    /// The table for covers that begin in a month.
    pub fn in_force(&self, month: Month) -> &ContributionTable {
        self.published.iter().find(|table| table.is_valid_in(month)).unwrap_or(ContributionTable::builtin())
    }

    /// All there are, the built-in one last.
    pub fn all(&self) -> impl Iterator<Item = &ContributionTable> {
        self.published.iter().chain([ContributionTable::builtin()])
    }

    /// A table by its version, of all there are.
    pub fn named(&self, version: &str) -> Option<&ContributionTable> {
        self.all().find(|table| table.version == version)
    }

    /// Whether the office published a table that this version cannot read: an update is due, and the price may be another.
    pub fn update_due(&self) -> bool {
        self.unread > 0
    }

    /// The sum for a term by the table `version` names, where there is one, else by the one in force when it begins.
    pub fn quote(&self, request: &QuoteRequest, version: Option<&str>) -> Option<Quote> {
        let named = version.and_then(|version| self.named(version));
        named.unwrap_or_else(|| self.in_force(request.start)).quote(request).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contribution::{MonthlyIncome, Payer, Programs};
    use serde_json::json;

    fn published(version: &str, from: &str, jkm: i64) -> Body {
        let mut table = ContributionTable::builtin().clone();
        table.version = version.to_owned();
        table.valid_from = Month::parse(from).unwrap();
        table.tiers.iter_mut().for_each(|tier| tier.jkm_monthly = jkm);
        Body::from([("name".to_owned(), json!(CONTRIBUTION)), ("table".to_owned(), json!(table))])
    }

    fn asked(start: &str) -> QuoteRequest {
        let (income, start) = (MonthlyIncome::new(1_000_000).unwrap(), Month::parse(start).unwrap());
        QuoteRequest { income, programs: Programs::basic(), start, months: 1, payer: Payer::Apbd, transport: false }
    }

    #[test]
    fn published_table_takes_the_built_in_ones_place_from_its_first_month_and_the_newest_stands() {
        let bodies = [published("2027-1", "2027-01", 7_800), published("2028-1", "2028-01", 8_800)];
        let tables = ContributionTables::of(&bodies);
        let total = |start| tables.quote(&asked(start), None).map(|quote| (quote.table_version, quote.total)).unwrap();
        assert_eq!(total("2026-12"), ("2026-1".to_owned(), 16_800));
        assert_eq!(total("2027-01"), ("2027-1".to_owned(), 17_800));
        assert_eq!(total("2028-06"), ("2028-1".to_owned(), 18_800));
        // what was priced by an older table keeps its price
        assert_eq!(tables.quote(&asked("2027-01"), Some("2026-1")).unwrap().total, 16_800);
        assert_eq!(tables.quote(&asked("2027-01"), Some("tak dikenal")).unwrap().total, 17_800);
    }

    #[test]
    fn table_that_cannot_be_read_is_told_and_the_built_in_one_stays() {
        let mut wrong = published("2027-1", "2027-01", 7_800);
        wrong.insert("table".to_owned(), json!({ "version": "2027-2", "tiers": "baru" }));
        let other = Body::from([("name".to_owned(), json!("card_check")), ("table".to_owned(), json!({}))]);
        let tables = ContributionTables::of([&wrong, &other]);
        assert!(tables.update_due());
        assert_eq!(tables.in_force(Month::parse("2027-01").unwrap()), ContributionTable::builtin());
        assert!(!ContributionTables::of([&other]).update_due());
    }

    #[test]
    fn every_fault_of_a_table_is_told() {
        let mut table = ContributionTable::builtin().clone();
        assert!(table.faults().is_empty());
        table.version = " ".to_owned();
        table.terms = vec![0];
        table.tiers[3].jkk_monthly = 0;
        table.tiers[0].income_from = 5;
        assert_eq!(table.faults().len(), 4, "{:?}", table.faults());
    }
}
