use super::*;

const PHASES: [Phase; 15] = [
    Phase::Draft,
    Phase::Queued,
    Phase::WithHub,
    Phase::Received,
    Phase::Verified,
    Phase::Returned,
    Phase::Submitted,
    Phase::Numbered,
    Phase::PaidNotStarted,
    Phase::Covered,
    Phase::Lapsing,
    Phase::Arrears(3),
    Phase::Ended,
    Phase::Closed,
    Phase::Unknown,
];

#[test]
fn every_person_is_in_one_part_and_only_who_is_covered_counts_as_covered() {
    let mut all = Coverage::default();
    for phase in PHASES {
        let mut one = Coverage::default();
        one.add(phase);
        assert_eq!(one.numbers()[1..].iter().sum::<u64>(), 1, "{phase:?}");
        assert_eq!(one.covered_now() == 1, phase.is_covered(), "{phase:?}");
        all += one;
    }
    assert_eq!(all.registered, 15);
    assert_eq!(all.numbers()[1..].iter().sum::<u64>(), 15);
    assert_eq!((all.waiting, all.at_office, all.to_pay, all.over), (3, 3, 2, 2));
    assert_eq!(Coverage::NAMES.len(), all.numbers().len());
}

#[test]
fn line_of_an_area_is_its_own_beginning() {
    let area = Area::parse("33.02.24.1001.005.003").unwrap();
    let lines = [
        (CoverageLevel::Regency, "33.02"),
        (CoverageLevel::District, "33.02.24"),
        (CoverageLevel::Village, "33.02.24.1001"),
        (CoverageLevel::Rw, "33.02.24.1001.005"),
        (CoverageLevel::Rt, "33.02.24.1001.005.003"),
    ];
    for (level, path) in lines {
        assert_eq!(level.line(&area).as_str(), path);
    }
    let village = Area::parse("33.02.24.1001").unwrap();
    assert_eq!(CoverageLevel::Rt.line(&village), village);
}
