use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn person(birth: &str, today: &str) -> EligibilityRequest {
    EligibilityRequest {
        has_nik: true,
        birth: date(birth),
        today: date(today),
        working: true,
        healthy: true,
        membership: Membership::First,
    }
}

fn codes(request: &EligibilityRequest) -> (Vec<&'static str>, Vec<&'static str>) {
    let answer = check(request);
    assert_eq!(answer.is_eligible(), answer.refusals.is_empty());
    (
        answer.refusals.iter().map(|refusal| refusal.code()).collect(),
        answer.warnings.iter().map(|warning| warning.code()).collect(),
    )
}

#[test]
fn working_adult_with_nik_is_eligible() {
    assert_eq!(codes(&person("1986-08-07", "2026-11-22")), (vec![], vec![]));
}

#[test]
fn sixty_fifth_birthday_is_too_late_and_the_day_before_is_not() {
    assert_eq!(codes(&person("1961-11-23", "2026-11-22")), (vec![], vec!["near_65"]));
    assert_eq!(codes(&person("1961-11-22", "2026-11-22")), (vec!["age_65"], vec![]));
    assert_eq!(codes(&person("1961-11-21", "2026-11-22")), (vec!["age_65"], vec![]));
}

#[test]
fn turning_65_before_the_first_payment_warns() {
    assert_eq!(codes(&person("1962-01-21", "2026-11-22")).1, ["near_65"], "60 days");
    assert_eq!(codes(&person("1962-01-22", "2026-11-22")).1, Vec::<&str>::new(), "61 days");
}

#[test]
fn sixty_five_offers_the_visit_outcome_not_eligible() {
    assert_eq!(Refusal::Age65.visit_outcome(), Some("not_eligible"));
    for refusal in [Refusal::NoNik, Refusal::BirthInFuture, Refusal::NotWorking, Refusal::NotHealthy] {
        assert_eq!(refusal.visit_outcome(), None, "{refusal:?}");
    }
}

#[test]
fn existing_member_of_65_may_go_on_but_coming_back_is_a_new_registration() {
    let old = person("1955-01-01", "2026-11-22");
    assert!(check(&EligibilityRequest { membership: Membership::Existing, ..old }).is_eligible());
    assert_eq!(codes(&EligibilityRequest { membership: Membership::Reentry, ..old }).0, ["age_65"]);
}

#[test]
fn under_17_only_warns() {
    assert_eq!(codes(&person("2009-11-23", "2026-11-22")), (vec![], vec!["under_17"]));
    assert_eq!(codes(&person("2009-11-22", "2026-11-22")), (vec![], vec![]));
}

#[test]
fn not_working_and_ill_are_refused_at_registration_and_re_entry() {
    for membership in [Membership::First, Membership::Reentry] {
        let request =
            EligibilityRequest { membership, working: false, healthy: false, ..person("1986-08-07", "2026-11-22") };
        assert_eq!(codes(&request).0, ["not_working", "not_healthy"]);
    }
    let member =
        EligibilityRequest { membership: Membership::Existing, healthy: false, ..person("1986-08-07", "2026-11-22") };
    assert!(check(&member).is_eligible(), "illness does not end a membership");
    assert_eq!(codes(&EligibilityRequest { working: false, ..member }).0, ["not_working"]);
}

#[test]
fn no_nik_and_birth_after_today_are_refused() {
    let request = EligibilityRequest { has_nik: false, ..person("2026-11-23", "2026-11-22") };
    assert_eq!(codes(&request).0, ["no_nik", "birth_in_future"]);
}

#[test]
fn born_on_29_february_turns_65_on_1_march() {
    assert_eq!(codes(&person("1960-02-29", "2025-02-28")).0, Vec::<&str>::new());
    assert_eq!(codes(&person("1960-02-29", "2025-03-01")).0, ["age_65"]);
}
