use super::*;
use crate::contribution::ContributionTables;
use crate::enrollment::{Covered, EnrollmentStatus};
use uuid::Uuid;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn paid_until(until: &str) -> EnrollmentState {
    let covered = Covered { from: day("2026-01-01"), until: month(until) };
    EnrollmentState { status: Some(EnrollmentStatus::Active), covered: Some(covered), ..EnrollmentState::default() }
}

fn worker(occupation: &str) -> Body {
    Body::from([("occupations".to_owned(), json!({ "first": occupation }))])
}

fn enrollment() -> Body {
    let cover = json!({"programs": ["jkk", "jkm"], "monthly_income": 1_000_000, "start_month": "2026-05", "months": 6,
        "payer": "self", "table_version": "2026-1"});
    Body::from([("cover".to_owned(), cover)])
}

fn with(part: &str, value: Value) -> Body {
    let mut enrollment = enrollment();
    enrollment.get_mut("cover").unwrap()[part] = value;
    enrollment
}

fn reckoned(enrollment: &Body, state: &EnrollmentState, months: u32, today: &str) -> Result<RenewalPrice, Unreckoned> {
    price(&worker("penderes_kelapa"), enrollment, state, months, day(today), &ContributionTables::default())
}

#[test]
fn due_are_those_whose_cover_ends_this_month_or_within_30_days_and_those_it_has_ended_for() {
    for (until, today, due) in [
        ("2026-11", "2026-11-23", true),
        // the first of a month of 31 days: 30 days are left, and it ends this month
        ("2026-12", "2026-12-01", true),
        ("2026-12", "2026-12-31", true),
        ("2026-12", "2026-11-23", false),
        // 31 January is 29 days after 2 January
        ("2027-01", "2027-01-02", true),
        ("2026-10", "2026-11-23", true),
        ("2026-08", "2026-11-30", true),
        ("2026-07", "2026-11-01", true),
    ] {
        assert_eq!(is_due(&paid_until(until), day(today)), due, "{until} on {today}");
    }
    let mut dead = paid_until("2026-11");
    dead.flags.insert(EnrollmentFlag::DeathReported);
    assert!(!is_due(&dead, day("2026-11-23")), "no family is asked for money");
    let closed = EnrollmentState { status: Some(EnrollmentStatus::Closed), ..paid_until("2026-10") };
    assert!(!is_due(&closed, day("2026-11-23")));
    assert!(!is_due(&EnrollmentState::default(), day("2026-11-23")));
}

#[test]
fn renewal_follows_the_last_paid_month_with_the_discount_of_each_contribution_month() {
    let three = reckoned(&enrollment(), &paid_until("2026-11"), 3, "2026-11-23").unwrap();
    assert_eq!((three.first, three.last), (month("2026-12"), month("2027-02")));
    // December at half price, January and February in full
    assert_eq!((three.total, three.discount, three.owed, three.covers), (42_000, 8_400, 0, true));
    let twelve = reckoned(&enrollment(), &paid_until("2026-11"), 12, "2026-11-23").unwrap();
    assert_eq!(twelve.total, 193_200);
}

#[test]
fn arrears_are_paid_first_and_a_short_term_does_not_cover_yet() {
    let state = paid_until("2026-08");
    assert_eq!(months_owed(&state, day("2026-11-23")), 3);
    let one = reckoned(&enrollment(), &state, 1, "2026-11-23").unwrap();
    assert_eq!(
        (one.first, one.last, one.total, one.owed, one.covers),
        (month("2026-09"), month("2026-09"), 8_400, 25_200, false)
    );
    let three = reckoned(&enrollment(), &state, 3, "2026-11-23").unwrap();
    assert_eq!((three.last, three.total, three.owed, three.covers), (month("2026-11"), 25_200, 25_200, true));
}

#[test]
fn public_money_gets_no_discount_and_savings_none_either() {
    let apbd = reckoned(&with("payer", json!("apbd")), &paid_until("2026-11"), 3, "2026-11-23").unwrap();
    assert_eq!((apbd.total, apbd.discount), (50_400, 0));
    let jht = with("programs", json!(["jkk", "jkm", "jht"]));
    assert_eq!(reckoned(&jht, &paid_until("2026-11"), 1, "2026-11-23").unwrap().total, 28_400);
}

#[test]
fn what_cannot_be_known_is_told_and_never_guessed() {
    let state = paid_until("2026-11");
    let why = |enrollment: &Body| reckoned(enrollment, &state, 3, "2026-11-23").unwrap_err();
    assert_eq!(why(&with("table_version", json!("2027-1"))), Unreckoned::TableUnknown);
    assert_eq!(why(&with("monthly_income", Value::Null)), Unreckoned::IncomeUnknown);
    assert_eq!(why(&with("monthly_income", json!(0))), Unreckoned::IncomeUnknown);
    assert_eq!(why(&with("programs", json!(["jkk", "jkm", "jkx"]))), Unreckoned::ProgramsUnknown);
    assert_eq!(why(&with("programs", json!(["jkk"]))), Unreckoned::ProgramsUnknown);
    assert_eq!(why(&with("payer", json!("zakat"))), Unreckoned::PayerUnknown);
    assert_eq!(why(&Body::new()), Unreckoned::IncomeUnknown);
    assert_eq!(reckoned(&enrollment(), &state, 2, "2026-11-23"), Err(Unreckoned::TermNotOffered));
    assert_eq!(reckoned(&enrollment(), &paid_until("2026-07"), 3, "2026-11-23"), Err(Unreckoned::Ended));
    let unpaid = EnrollmentState { covered: None, ..paid_until("2026-11") };
    assert_eq!(reckoned(&enrollment(), &unpaid, 3, "2026-11-23"), Err(Unreckoned::CoverUnknown));
    let ending = ContributionTable { valid_until: Some(month("2027-01")), ..ContributionTable::builtin().clone() };
    let published = Body::from([("name".to_owned(), json!("contribution")), ("table".to_owned(), json!(ending))]);
    let driver = worker("ojek_pangkalan");
    let told = price(&driver, &enrollment(), &state, 3, day("2026-11-23"), &ContributionTables::of([&published]));
    assert_eq!(told, Err(Unreckoned::NoRates));
}

#[test]
fn unknown_occupation_is_reckoned_only_where_its_sector_makes_no_difference() {
    let unknown = worker("pekerjaan_baru");
    let tables = ContributionTables::default();
    let told = |months, until| price(&unknown, &enrollment(), &paid_until(until), months, day("2026-11-23"), &tables);
    // December alone: half price in either sector
    assert_eq!(told(1, "2026-11").unwrap().total, 8_400);
    assert_eq!(told(3, "2026-11"), Err(Unreckoned::OccupationUnknown));
}

#[test]
fn event_asks_for_the_months_after_the_paid_ones_and_only_of_who_still_works() {
    let id = RecordId(Uuid::from_u128(7));
    let at = "2026-11-23T03:00:00Z".parse().unwrap();
    let asked = RenewalRequest { months: 6, payer: Some(Payer::Apbdes), working: true, healthy: false };
    let asked_on =
        |state: &EnrollmentState, asked: &RenewalRequest| event(id, &enrollment(), state, asked, at, day("2026-11-23"));
    let body = asked_on(&paid_until("2026-10"), &asked).unwrap();
    assert_eq!(body["cover"]["start_month"], "2026-11");
    assert_eq!((&body["cover"]["months"], &body["cover"]["payer"]), (&json!(6), &json!("apbdes")));
    assert_eq!(body["cover"]["monthly_income"], 1_000_000);
    assert_eq!(body["declaration"]["independent"], true);
    for (field, value) in &body {
        crate::field::Kind::EnrollmentEvent.validate(field, value).unwrap();
    }
    let as_before = RenewalRequest { payer: None, ..asked.clone() };
    assert_eq!(asked_on(&paid_until("2026-10"), &as_before).unwrap()["cover"]["payer"], "self");
    let told = |state: &EnrollmentState, asked: &RenewalRequest| {
        let error = asked_on(state, asked).unwrap_err();
        (error.field, error.code)
    };
    let idle = RenewalRequest { working: false, ..asked.clone() };
    assert_eq!(told(&paid_until("2026-10"), &idle), ("declaration.independent".into(), "not_working".into()));
    let two = RenewalRequest { months: 2, ..asked.clone() };
    assert_eq!(told(&paid_until("2026-10"), &two), ("cover.months".into(), "term_not_offered".into()));
    assert_eq!(told(&paid_until("2026-07"), &asked), ("enrollment".into(), "transition_refused".into()));
}
