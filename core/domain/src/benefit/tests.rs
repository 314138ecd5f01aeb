use super::*;
use crate::contribution::{ContributionTable, rupiah};
use std::collections::BTreeSet;

fn november() -> Month {
    Month::new(2026, 11).unwrap()
}

fn benefit(code: &str) -> &'static Benefit {
    benefits(november()).find(|benefit| benefit.code == code).unwrap()
}

#[test]
fn pension_and_unemployment_cover_are_explained_and_not_offered() {
    let known: BTreeSet<&str> = Program::KNOWN.iter().map(Program::as_str).collect();
    for programme in programmes() {
        assert_eq!(programme.offered, known.contains(programme.code.as_str()), "{}", programme.code);
        assert_eq!(programme.offered, programme.why_not.is_empty(), "{}", programme.code);
        assert!(programme.what.ends_with('.') && programme.source.starts_with("PP "), "{}", programme.code);
    }
    let others: Vec<&str> = programmes().iter().filter(|one| !one.offered).map(|one| one.name.as_str()).collect();
    assert_eq!(others, ["JP", "JKP"]);
}

#[test]
fn every_benefit_names_its_source_and_the_amount_it_says() {
    let programs: BTreeSet<&Program> = benefits(november()).map(|benefit| &benefit.program).collect();
    assert_eq!(programs, Program::KNOWN.iter().collect());
    let mut codes = BTreeSet::new();
    for benefit in benefits(november()) {
        assert!(codes.insert(benefit.code.as_str()), "{} twice", benefit.code);
        assert!(benefit.sentence.ends_with('.') && !benefit.source.is_empty(), "{}", benefit.code);
        assert_eq!(benefit.amount.is_some(), benefit.sentence.contains("Rp "), "{}", benefit.code);
        if let Some(amount) = benefit.amount {
            assert!(benefit.sentence.contains(&rupiah(amount)), "{}", benefit.code);
        }
    }
    assert!(BRANCH_DECIDES.contains("kantor cabang"));
}

#[test]
fn death_at_work_is_48_times_the_base_of_the_tier() {
    let table = ContributionTable::builtin();
    let death = benefit("jkk_death");
    assert_eq!(death.amount_in(table.tier(1_000_000).unwrap()), Some(48_000_000));
    assert_eq!(death.amount_in(table.tier(3_000_000).unwrap()), Some(141_600_000));
    assert_eq!(benefit("jkm_death").amount_in(table.tier(3_000_000).unwrap()), Some(42_000_000));
    assert_eq!(benefit("jkk_care").amount_in(table.tier(1_000_000).unwrap()), None);
}

#[test]
fn benefit_is_told_only_in_its_months() {
    let death = benefit("jkm_death");
    assert!(!death.is_valid_in(Month::new(2019, 11).unwrap()));
    let ended = Benefit { valid_until: Some(november()), ..death.clone() };
    assert!(ended.is_valid_in(november()) && !ended.is_valid_in(november().add_months(1)));
    assert_eq!(benefits(Month::new(2019, 11).unwrap()).map(|one| &one.code).collect::<Vec<_>>(), ["jht_paid_out"]);
}
